//! How far a case has come, read from the lines of its journal alone: what was sent to whom, who has it, what is due.
//!
//! Pure: the same lines give the same answer on any machine and after any restart. A line that is not understood changes
//! nothing, so that an older program can read the journal of a newer one.

pub mod access;
mod clocks;
mod fold;
mod notices;
pub mod people;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

pub use access::{Access, AccessRefusal, AccessState};
pub use clocks::{DueItem, Step, What};
pub use notices::{NoticeProgress, NoticeState};

use super::callout::Levels;
use crate::model::Severity;

/// An event as it stands in a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When it was written.
    pub at: Timestamp,
    /// Its name, such as `ticket-done`.
    pub event: String,
    /// Its facts by name.
    pub facts: BTreeMap<String, String>,
}

/// How far a case has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// When it was escalated.
    pub opened_at: Timestamp,
    /// Who escalated it, where that is known.
    pub opened_by: Option<String>,
    /// The level in force.
    pub severity: Severity,
    /// The level that the facts gave when it was opened.
    pub by_facts: Option<Severity>,
    /// The service, where one is named.
    pub service: Option<String>,
    /// The ticket's title.
    pub title: Option<String>,
    /// The calendar that counts.
    pub calendar: Option<String>,
    /// SHA-256 of the policy's text under which it was opened or last changed.
    pub policy_digest: Option<String>,
    /// How the customer wants to be reached: `phone`, `e-mail`, `chat`, `ticket` or `other`.
    pub channel: Option<String>,
    /// The customer's time zone.
    pub customer_zone: Option<String>,
    /// The moment from which the clocks count.
    pub clock_from: Timestamp,
    /// Until when it had to be handed over.
    pub escalate_by: Option<Deadline>,
    /// Until when engineering answers.
    pub respond_by: Option<Deadline>,
    /// How often the customer hears from us.
    pub update_every: Option<SignedDuration>,
    /// Whom it is told to, level by level.
    pub levels: Levels,
    /// The ticket.
    pub ticket: Option<TicketAt>,
    /// The bundle that was last attached, or was to be.
    pub bundle: Option<BundleAt>,
    /// What was owed when it was opened, by the ids of the checklist.
    pub owed: Vec<String>,
    /// What was sent to whom.
    pub notices: Vec<NoticeProgress>,
    /// Who has taken it over, first to last.
    pub taken: Vec<Taken>,
    /// When the customer was told something, first to last.
    pub customer_updates: Vec<Timestamp>,
    /// Changes of the level.
    pub changes: Vec<SeverityChange>,
    /// Deadlines that were missed, also under an earlier level.
    pub breaches: Vec<Breach>,
    /// Additional access that was asked for.
    pub accesses: Vec<Access>,
    /// How it ended.
    pub resolved: Option<Resolved>,
    /// Whether the last attempt to resolve stopped half way.
    pub resolving: bool,
    /// Who has it under the level in force; a raised level asks anew.
    taken_at: Option<Timestamp>,
    /// When the level in force began.
    level_since: Timestamp,
}

/// Until when something has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Timestamp,
    /// How it was counted, in words.
    pub counted: String,
}

/// A ticket as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketAt {
    /// The kind of system.
    pub system: String,
    /// Its name there.
    pub id: String,
    /// Where a person finds it.
    pub location: String,
    /// When it was made.
    pub made_at: Timestamp,
}

/// A bundle as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleAt {
    /// The file's name.
    pub file: String,
    /// SHA-256 of the file.
    pub file_digest: String,
    /// When it was at the ticket, attached and read back, or by link; none while it is on its way.
    pub attached_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub failed: Option<String>,
    /// Where it is, where the ticket has a link and not the file.
    pub url: Option<String>,
}

/// That a person has taken the case over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// By which way: the name of a notifier, or what the agent says.
    pub way: String,
    /// The agent who says so; none where the notifier itself was asked.
    pub said_by: Option<String>,
}

/// A change of the level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityChange {
    /// When.
    pub at: Timestamp,
    /// From which level.
    pub from: Severity,
    /// To which level.
    pub to: Severity,
    /// Why.
    pub reason: Option<String>,
    /// Who decided it.
    pub by: Option<String>,
}

/// A deadline that was missed. Nothing takes it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which clock: `escalate` or `respond`.
    pub clock: &'static str,
    /// Under which level.
    pub severity: Severity,
    /// The deadline.
    pub due: Timestamp,
    /// By how much it was missed; none while it goes on.
    pub by: Option<SignedDuration>,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// When.
    pub at: Timestamp,
    /// In words.
    pub text: String,
    /// Who says so.
    pub by: Option<String>,
}

impl Progress {
    /// Reads the lines of a journal. `None` where the case was never escalated.
    #[must_use]
    pub fn of(lines: &[Recorded]) -> Option<Self> {
        fold::fold(lines)
    }

    /// Who has it now, under the level in force. A raised level asks anew.
    #[must_use]
    pub fn has_it(&self) -> Option<&Taken> {
        self.taken_at.and(self.taken.last())
    }

    /// The highest level of people that was called since the severity in force began; 0 where nobody was.
    #[must_use]
    pub fn level_called(&self) -> usize {
        self.notices
            .iter()
            .filter(|notice| notice.last_sent >= Some(self.level_since))
            .map(|n| n.level)
            .max()
            .unwrap_or(0)
    }

    /// One word for lists: `resolved`, `acknowledged`, `escalated`, `delivered`, `sent`, `not sent` or `opened`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.resolved.is_some() {
            return "resolved";
        }
        if self.has_it().is_some() {
            return "acknowledged";
        }
        if self.level_called() > 1 {
            return "escalated";
        }
        let reached = |wanted: fn(&NoticeState) -> bool| self.notices.iter().any(|notice| wanted(&notice.state));
        if reached(|state| matches!(state, NoticeState::Delivered)) {
            "delivered"
        } else if reached(|state| matches!(state, NoticeState::Sent)) {
            "sent"
        } else if self.notices.is_empty() {
            "opened"
        } else {
            "not sent"
        }
    }
}

#[cfg(test)]
mod tests;
