//! casefile: from "it is broken" to "engineering has everything it needs".
//!
//! The library behind the `casefile` program. Its interface is not stable; the command line, the exit codes, the schemas
//! and the bundle format are. `ARCHITECTURE.md` draws the rooms.

pub mod archive;
pub mod bundle;
pub mod checklist;
pub mod cli;
pub mod collect;
pub mod deliver;
pub mod escalate;
pub mod inspect;
pub mod model;
pub mod pipeline;
pub mod platform;
pub mod probe;
pub mod redact;
