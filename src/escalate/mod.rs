//! Severity, policy, targets and ticket text; pure, takes `now`.
//!
//! This room decides and words; it opens no file, asks no clock and sends nothing. `deliver/` carries out.

pub mod calendar;
pub mod callout;
pub mod customer_update;
pub mod free_text;
pub mod markup;
pub mod matrix;
pub mod notice;
pub mod notifiers;
pub mod on_call;
pub mod pager;
pub mod plain_text;
pub mod policy;
pub mod progress;
mod promise;
pub mod proxy;
pub mod public_text;
pub mod routing;
pub mod secret_ref;
pub mod severity;
pub mod targets;
pub mod ticket;
mod ticket_context;
pub mod ticket_systems;
pub mod uploads;

pub use policy::Policy;
pub use progress::Progress;
pub use severity::{Classified, Decided, classify, decide};
pub use targets::{Due, Targets};
pub use ticket::{Ticket, TicketTemplate};
