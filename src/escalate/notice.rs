//! What a pager, a chat room or a mail says about a case: one line of impact, a few facts, the link to the ticket.

use crate::model::{CaseId, Severity};

/// A notice to one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Case, target and level, such as `c-7fk2m9q4xa/sre-pager/1`: the far side merges notices of one key, and the next level,
    /// being another key, calls somebody new.
    pub key: String,
    /// The case.
    pub case_id: CaseId,
    /// Its level.
    pub severity: Severity,
    /// The service, where one is named.
    pub service: Option<String>,
    /// One line, at most 1,024 characters (PagerDuty's bound), cut at a word: level, service, impact.
    pub summary: String,
    /// More facts, by name, in their order. Empty for a target that is not marked secure.
    pub details: Vec<(String, String)>,
    /// Where the ticket is; none while there is no ticket yet.
    pub link: Option<String>,
}
