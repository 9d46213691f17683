//! Handing a case over: first everything is decided and written without touching anything ([`prepare`]), then it is
//! carried out step by step ([`carry_out`]), each step journaled before and after.

mod bring;
mod carry_out;
mod opening;
mod prepare;

use std::path::PathBuf;

use jiff::Timestamp;

use crate::checklist::{Checklist, Evaluation, ItemResult};
use crate::escalate::calendar::Closed;
use crate::escalate::callout::Levels;
use crate::escalate::severity::Contradiction;
use crate::escalate::targets::{NoDueTime, Targets};
use crate::escalate::ticket::{Ticket, TicketTemplate};
use crate::escalate::{Decided, Policy, Progress};
use crate::model::{Case, ConfigError, Manifest, Severity, Sha256Digest};

pub use bring::{Brought, Put, Store, UploadError, Uploaded};
pub use carry_out::{Way, attach_later, carry_out};
pub use opening::change_event;
pub use prepare::prepare;

use super::callout::Told;
use super::journal::{Head, JournalError};
use super::{Attached, DeliverError, TicketRef};

/// A bundle that was verified, as far as a handover needs it.
#[derive(Debug, Clone)]
pub struct BundleFacts {
    /// Where it is.
    pub path: PathBuf,
    /// Its name.
    pub file_name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its tag manifest.
    pub bundle_digest: Sha256Digest,
    /// SHA-256 of the file.
    pub file_digest: Sha256Digest,
    /// Its record.
    pub manifest: Manifest,
    /// The facts of the case in it.
    pub case: Case,
    /// Facts of the host for the ticket: system, version, proxy.
    pub environment: Vec<(String, String)>,
}

/// What somebody wants to hand over, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The case, the agent's facts laid over the customer's.
    pub case: &'a Case,
    /// The bundle, where there is one.
    pub bundle: Option<&'a BundleFacts>,
    /// The policy in force.
    pub policy: &'a Policy,
    /// The checklist in force.
    pub checklist: &'a Checklist,
    /// The ticket's template.
    pub template: &'a TicketTemplate,
    /// The level that somebody chose.
    pub severity: Option<Severity>,
    /// Why, where the facts give another.
    pub severity_reason: Option<&'a str>,
    /// Why it goes out although the checklist is not met.
    pub override_checklist: Option<&'a str>,
    /// Why it cannot wait; then it goes out before the troubleshooting is done.
    pub time_critical: Option<&'a str>,
    /// Whether somebody asks for the pager.
    pub page: bool,
    /// How far the case has come, where it was opened before.
    pub progress: Option<&'a Progress>,
    /// Who escalates.
    pub agent: Option<&'a str>,
    /// The time of the escalation.
    pub now: Timestamp,
}

/// Why nothing goes out. Nothing was written when this is returned.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The chosen level contradicts the facts, and no reason was given.
    #[error(transparent)]
    SeverityContradicted(#[from] Contradiction),
    /// The first two lines of the ticket cannot be written. No override helps.
    #[error("the business impact is not known: nobody said {}", missing.join(", "))]
    ImpactUnknown {
        /// What nobody said.
        missing: Vec<&'static str>,
        /// All that stands in the way, to ask for it at once.
        items: Vec<ItemResult>,
    },
    /// Something that this severity needs is missing.
    #[error("the checklist is not met for {severity}: {} missing", items.len())]
    ChecklistNotMet {
        /// The level.
        severity: Severity,
        /// What is missing.
        items: Vec<ItemResult>,
    },
    /// A reason that is none.
    #[error("`{flag}` needs a reason that somebody can read later")]
    ReasonSaysNothing {
        /// The flag.
        flag: &'static str,
    },
    /// The pager is for what cannot wait until the morning.
    #[error("{severity} does not go to the pager")]
    PageNotAllowed {
        /// The level.
        severity: Severity,
        /// When it is due, in words.
        due: String,
        /// When business hours begin, where the desk is closed.
        opens: Option<String>,
    },
    /// The case is open under another level.
    #[error("the case is open as {open}, not {chosen}")]
    OpenUnderAnother {
        /// The level in force.
        open: Severity,
        /// What was asked for.
        chosen: Severity,
    },
    /// The case has ended.
    #[error("the case was resolved at {0}")]
    Resolved(Timestamp),
    /// The template.
    #[error(transparent)]
    Template(ConfigError),
    /// A calendar of the policy that does not open any more.
    #[error(transparent)]
    NoDueTime(#[from] NoDueTime),
}

/// A handover that is ready to be carried out.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The ticket.
    pub ticket: Ticket,
    /// The severity.
    pub decided: Decided,
    /// The checklist's result; what it misses is owed.
    pub evaluation: Evaluation,
    /// What is due when.
    pub targets: Targets,
    /// Why the desk is closed, where it is.
    pub desk_closed: Option<Closed>,
    /// Whom it is told to; filled in by whoever knows the routes.
    pub levels: Levels,
    override_checklist: Option<String>,
    time_critical: Option<String>,
    agent: Option<String>,
    bundle: Option<BundleToAttach>,
    facts: opening::Facts,
}

impl Prepared {
    /// Whether anything is to be done until a time after this.
    #[must_use]
    pub fn has_clocks(&self) -> bool {
        self.targets.respond.is_some() || self.levels.targets.len() > 1 || self.facts.updates()
    }
}

#[derive(Debug, Clone)]
struct BundleToAttach {
    path: PathBuf,
    file_name: String,
    size: u64,
    bundle_digest: Sha256Digest,
    file_digest: Sha256Digest,
}

/// What a handover came to.
#[derive(Debug, Clone)]
pub struct Handed {
    /// The ticket.
    pub ticket: TicketRef,
    /// Whether the ticket was there before; then its text is as it was first made.
    pub already: bool,
    /// The bundle at the ticket.
    pub attached: Option<Attached>,
    /// The bundle at a store, where the ticket has its link instead.
    pub uploaded: Option<Uploaded>,
    /// What became of the notices.
    pub told: Vec<Told>,
    /// What did not go as it was meant although the ticket stands.
    pub remarks: Vec<String>,
    /// The journal's last line.
    pub head: Head,
}

/// What became of a bundle that came later.
#[derive(Debug, Clone)]
pub struct Later {
    /// How it came to the ticket.
    pub brought: Brought,
    /// What did not go as it was meant although it is there.
    pub remarks: Vec<String>,
    /// The journal's last line.
    pub head: Head,
}

/// Why a handover stopped. The same command goes on where it stopped.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Stopped {
    /// The ticket, where it was made.
    pub ticket: Option<TicketRef>,
    /// What became of the notices until then.
    pub told: Vec<Told>,
    /// Why.
    pub source: Box<StepError>,
}

/// What a step can fail on.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The journal; nothing goes out that it cannot record.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The far side.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    /// The store, for a bundle that the ticket system does not take. The ticket is there.
    #[error("the bundle did not go to the upload `{upload}`: {source} (it goes there because {why})")]
    NotUploaded {
        /// The store's name in the policy.
        upload: String,
        /// Why it goes there.
        why: String,
        /// Why it is not there.
        source: Box<UploadError>,
    },
}

#[cfg(test)]
mod bring_tests;
#[cfg(test)]
mod tests;
