//! Why a handover was refused or stopped, and what to do about it.

use super::failure::{Failure, journal_failed};
use crate::checklist::{Group, ItemResult};
use crate::cli::exit::Exit;
use crate::cli::verify_text::{WIDTH, message_to_customer, render_missing};
use crate::deliver::callout::Told;
use crate::deliver::handover::{Refusal, StepError, Stopped};
use crate::deliver::http::HttpError;
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

/// Something went out, or may have. `command` goes on.
pub(super) fn stopped(stopped: &Stopped, case_id: &CaseId, command: &str) -> Failure {
    // With a page out something is done, even without a ticket.
    let begun = stopped.told.iter().any(Told::reached);
    let failure = step_failed(&stopped.source, stopped.ticket.as_ref());
    let exit = if begun && failure.exit == Exit::LocalFailure { Exit::Partial } else { failure.exit };
    if exit != Exit::Partial {
        return failure;
    }
    let kept = if stopped.ticket.is_some() { ", the ticket" } else { "" };
    let detail = format!("{}kept: the facts and the journal of {case_id}{kept}\nto go on: {command}\n", failure.detail);
    Failure { exit, detail, ..failure }
}

/// Whether the far side was asked; what it did then is not always known.
fn was_asked(e: &DeliverError) -> bool {
    match e {
        DeliverError::Http(e) => {
            use HttpError::{Authorities, Insecure, Sink, Tls};
            !matches!(e, Authorities { .. } | Insecure { .. } | Sink(_) | Tls(_))
        }
        DeliverError::Refused { .. }
        | DeliverError::Unavailable { .. }
        | DeliverError::NotKept { .. }
        | DeliverError::TooLarge { .. } => true,
        DeliverError::Io { .. }
        | DeliverError::DigestMismatch { .. }
        | DeliverError::Busy(_)
        | DeliverError::DamagedRecord { .. } => false,
    }
}

/// A step stopped; `ticket` is there already.
pub(super) fn step_failed(source: &StepError, ticket: Option<&TicketRef>) -> Failure {
    let failure = match source {
        StepError::Journal(e) => journal_failed(e, ticket.is_some()),
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
                DeliverError::TooLarge { .. } => {
                    "the ticket says so; hand the bundle over by another way, or raise the limit and run the same command again"
                }
                DeliverError::Busy(_) => "wait until it is done and run the same command again",
                DeliverError::DamagedRecord { .. } => "look at the file; move it away to make the ticket anew",
                DeliverError::Io { .. } => {
                    "check the outbox folder and its free space, then run the same command again"
                }
            };
            let exit = if ticket.is_some() || was_asked(e) { Exit::Partial } else { Exit::LocalFailure };
            Failure::new(exit, e.to_string()).hint(hint)
        }
    };
    match ticket {
        Some(ticket) => Failure { detail: format!("the ticket is made: {}\n", ticket.location), ..failure },
        None => failure,
    }
}
