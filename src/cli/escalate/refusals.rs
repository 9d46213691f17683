//! Why a handover was refused or stopped, and what to do about it.

use std::path::Path;

use super::failure::{Failure, journal_failed};
use crate::checklist::{Group, ItemResult};
use crate::cli::exit::Exit;
use crate::cli::verify_text::{WIDTH, message_to_customer, render_missing};
use crate::deliver::callout::Told;
use crate::deliver::handover::{Refusal, StepError, Stopped, UploadError};
use crate::deliver::{DeliverError, TicketRef};
use crate::model::CaseId;

/// Nothing went out.
pub(super) fn refused(refusal: Refusal, case_id: &CaseId) -> Failure {
    let error = refusal.to_string();
    match refusal {
        Refusal::Template(e) => e.into(),
        Refusal::NoDueTime(_) => {
            Failure::new(Exit::Usage, error).hint("give that calendar of the policy more hours, or fewer holidays")
        }
        Refusal::ReasonSaysNothing { .. } => {
            Failure::new(Exit::Usage, error).hint("say in a few words why; it stands in the ticket and in the journal")
        }
        Refusal::PageNotAllowed { severity, due, opens } => {
            let opens = opens.map_or_else(String::new, |opens| format!("business hours open {opens}; "));
            Failure::new(Exit::No, error).hint(format!(
                "{severity} is due {due}; {opens}without --page its ticket is made now. The pager is for SEV1 and SEV2: if this is \
                 one, say so in impact.scope and impact.affected"
            ))
        }
        Refusal::OpenUnderAnother { .. } => Failure::new(Exit::No, error)
            .hint(format!("change the level with `casefile escalate severity {case_id} N --reason TEXT`")),
        Refusal::Resolved(_) => Failure::new(Exit::No, error).hint("open a new case, and name this one in its summary"),
        Refusal::SeverityContradicted(_) => {
            Failure::new(Exit::No, error).hint("say why with --severity-reason TEXT, or leave --severity out")
        }
        Refusal::ImpactUnknown { items, .. } => Failure {
            detail: missing(case_id, &items),
            ..Failure::new(Exit::No, error).hint(
                "give it in a case file under [impact] and pass it with --case; it makes the ticket's first two lines",
            )
        },
        Refusal::ChecklistNotMet { items, .. } => {
            Failure { detail: missing(case_id, &items), ..Failure::new(Exit::No, error).hint(how_to_go_on(&items)) }
        }
    }
}

/// An escalation is for what surpasses the agent or cannot wait; which of the two is not shown is said.
fn how_to_go_on(items: &[ItemResult]) -> String {
    let mut ways =
        "add what is missing with --case FILE or a new bundle, or pass --override-checklist REASON".to_owned();
    if items.iter().any(|item| item.group == Group::Troubleshooting) {
        ways.push_str(
            ". Nothing shows yet that this surpasses you (what was tried with its result, and why that was not enough) or that it \
             cannot wait (--time-critical REASON)",
        );
    }
    ways
}

/// What is missing, and the one message that asks for it.
fn missing(case_id: &CaseId, items: &[ItemResult]) -> String {
    let message = message_to_customer(case_id, items)
        .map_or_else(String::new, |message| format!("\nmessage to the customer:\n\n{message}"));
    format!("{}{message}", render_missing(items, WIDTH))
}

/// What goes on with a step that stopped.
pub(super) struct Resume<'a> {
    /// The bundle, as it was named.
    pub bundle: Option<&'a Path>,
    /// The policy, as it was named.
    pub policy: Option<&'a Path>,
    /// Whether the policy names an upload.
    pub store: bool,
}

impl Resume<'_> {
    /// The command that brings the bundle of a case to its ticket.
    fn command(&self, case_id: &CaseId) -> Option<String> {
        let bundle = self.bundle?.display();
        let policy = self.policy.map_or_else(String::new, |policy| format!(" --policy {}", policy.display()));
        Some(format!("casefile escalate attach {case_id} {bundle}{policy}"))
    }

    /// `failure` with what is kept and the command that goes on, where there is a bundle.
    pub(super) fn kept(&self, mut failure: Failure, case_id: &CaseId) -> Failure {
        if let (Exit::Partial | Exit::Interrupted, Some(bundle), Some(command)) =
            (failure.exit, self.bundle, self.command(case_id))
        {
            failure.detail.push_str(&format!("the bundle is kept: {}\nto go on: {command}\n", bundle.display()));
        }
        failure
    }
}

/// Something went out, or may have. `command` does it all again, which makes nothing twice.
pub(super) fn stopped(stopped: &Stopped, case_id: &CaseId, resume: &Resume<'_>, command: &str) -> Failure {
    // With a page out something is done, even without a ticket.
    let begun = stopped.told.iter().any(Told::reached);
    let failure = step_failed(&stopped.source, stopped.ticket.as_ref(), case_id, resume);
    let exit = if begun && failure.exit == Exit::LocalFailure { Exit::Partial } else { failure.exit };
    if exit != Exit::Partial || failure.detail.contains("\nto go on: ") {
        return Failure { exit, ..failure };
    }
    let detail = format!("{}kept: the facts and the journal of {case_id}\nto go on: {command}\n", failure.detail);
    Failure { exit, detail, ..failure }
}

/// A step stopped; `ticket` is there already.
pub(super) fn step_failed(
    source: &StepError,
    ticket: Option<&TicketRef>,
    case_id: &CaseId,
    resume: &Resume<'_>,
) -> Failure {
    // A far side that fails is not this machine's fault: the case is in the journal, and the same command goes on.
    let remote = !matches!(
        source,
        StepError::Journal(_)
            | StepError::Deliver(DeliverError::Io { .. } | DeliverError::Busy(_) | DeliverError::DamagedRecord { .. })
    );
    let exit = if ticket.is_some() || remote { Exit::Partial } else { Exit::LocalFailure };
    let failure = match source {
        StepError::Journal(e) => journal_failed(e, ticket.is_some()),
        e @ StepError::NotUploaded { source, .. } => {
            let stopped = source.is_interruption();
            let exit = if stopped { Exit::Interrupted } else { exit };
            let text =
                if stopped { "stopped; what has arrived at the upload stays there".to_owned() } else { e.to_string() };
            let mend = match **source {
                UploadError::Connect(_) => {
                    "mend [uploads] of the policy, or what it refers to, then run the same command again"
                }
                UploadError::Deliver(_) => {
                    "run the same command again; it goes on where it stopped, and nothing is made twice"
                }
            };
            Failure::new(exit, text).hint(mend)
        }
        StepError::Deliver(e) => {
            let hint = match e {
                DeliverError::DigestMismatch { .. } => {
                    "the ticket says that the bundle is incomplete; restore the file and run the same command again"
                }
                DeliverError::Http(_) => {
                    "check the network and the address in the policy, then run the same command again"
                }
                DeliverError::Refused { .. } => {
                    "mend what it names there or in the policy, then run the same command again"
                }
                DeliverError::Unavailable { .. } => "run the same command again in a while; nothing is made twice",
                DeliverError::NotKept { .. } => "look at the ticket system's settings, then run the same command again",
                DeliverError::TooLarge { .. } if !resume.store => {
                    "the ticket says so; name an upload in the policy (docs/uploads.md), or raise the limit, and run the same \
                     command again"
                }
                DeliverError::TooLarge { .. } => "raise the limit and run the same command again",
                DeliverError::Busy(_) => "wait until it is done and run the same command again",
                DeliverError::DamagedRecord { .. } => "look at the file; move it away to make the ticket anew",
                DeliverError::Io { .. } => {
                    "check the outbox folder and its free space, then run the same command again"
                }
            };
            Failure::new(exit, e.to_string()).hint(hint)
        }
    };
    let Some(ticket) = ticket else { return failure };
    let detail = format!("the ticket is made: {}\n", ticket.location);
    resume.kept(Failure { detail, ..failure }, case_id)
}
