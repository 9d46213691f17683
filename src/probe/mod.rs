//! What the network does, asked from this machine: names, connections, certificates, answers, paths, clocks; and what is
//! wrong with it, in a sentence. Asks only what was named; needs no rights.
//!
//! - [`target`]: what to ask, as people write it;
//! - [`run()`]: asks all targets within one time limit;
//! - one module a kind of question, each with its report and, as pure functions, the [`finding`]s in it;
//! - [`report`]: all of it as one document.
//!
//! Every step blocks in a thread of its own and knows when to end, so there is no async code here.

pub mod clock;
pub mod diagnosis;
pub mod dns;
pub mod failure;
pub mod finding;
pub mod http;
pub mod path;
pub mod report;
pub mod run;
mod stream;
pub mod system;
pub mod target;
pub mod tcp;
pub mod tls;

pub use finding::{Evidence, Finding, Severity, Sureness};
pub use report::ProbeReport;
pub use run::{Kind, Plan, run};
pub use target::{Host, Scheme, Target, TargetError};
