//! Why a handover was refused or stopped, and what to do about it.

use super::failure::{Failure, journal_failed};
use crate::checklist::ItemResult;
use crate::cli::exit::Exit;
use crate::cli::verify_text::{WIDTH, message_to_customer, render_missing};
use crate::deliver::DeliverError;
use crate::deliver::handover::{Refusal, StepError, Stopped};
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
        Refusal::SeverityContradicted(_) => {
            Failure::new(Exit::No, error).hint("say why with --severity-reason TEXT, or leave --severity out")
        }
        Refusal::ImpactUnknown { items, .. } => Failure {
            detail: missing(case_id, &items),
            ..Failure::new(Exit::No, error).hint(
                "give it in a case file under [impact] and pass it with --case; it makes the ticket's first two lines",
            )
        },
        Refusal::ChecklistNotMet { items, .. } => Failure {
            detail: missing(case_id, &items),
            ..Failure::new(Exit::No, error)
                .hint("add what is missing with --case FILE or a new bundle, or pass --override-checklist REASON")
        },
    }
}

/// What is missing, and the one message that asks for it.
fn missing(case_id: &CaseId, items: &[ItemResult]) -> String {
    let message = message_to_customer(case_id, items)
        .map_or_else(String::new, |message| format!("\nmessage to the customer:\n\n{message}"));
    format!("{}{message}", render_missing(items, WIDTH))
}

/// Something went out.
pub(super) fn stopped(stopped: &Stopped) -> Failure {
    let failure = match &*stopped.source {
        StepError::Journal(e) => journal_failed(e, stopped.ticket.is_some()),
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
            let exit = if stopped.ticket.is_some() { Exit::Partial } else { Exit::LocalFailure };
            Failure::new(exit, e.to_string()).hint(hint)
        }
    };
    match &stopped.ticket {
        Some(ticket) => Failure { detail: format!("the ticket is made: {}\n", ticket.location), ..failure },
        None => failure,
    }
}
