//! Ways to tell people: pagers, chat rooms, mail. A new one is one file with an `impl Notifier`.

use jiff::Timestamp;

use super::DeliverError;
use crate::escalate::notice::Notice;

/// A far side that tells people.
pub trait Notifier {
    /// Whether the same notice sent again reaches people once: the far side merges by key. Where it does not, a notice whose
    /// answer was lost is recorded as "may be twice".
    fn merges(&self) -> bool;

    /// Sends `notice`. That it was taken says nothing about anybody having seen it.
    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError>;

    /// Who has taken the notice of `key` over, as far as the far side can be asked.
    fn acknowledgement(&self, key: &str) -> Result<Option<Acknowledgement>, DeliverError>;

    /// Ends the notice of `key`, where the far side keeps it open; `text` says how the case ended.
    fn resolve(&self, key: &str, text: &str) -> Result<(), DeliverError>;
}

/// That a far side took a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The far side's own name for it, where it gives one.
    pub id: Option<String>,
}

/// That a person has taken a case over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// By which way, such as `pagerduty`.
    pub way: String,
}
