//! The ticket system of a case: the one that the policy names, or an outbox folder.

use std::path::Path;

use super::World;
use super::desk::Desk;
use super::failure::Failure;
use crate::cli::exit::Exit;
use crate::deliver::http::HttpClient;
use crate::deliver::secrets::{Environment, Secret};
use crate::deliver::{DeliverError, TicketRef, TicketSystem, tickets};
use crate::escalate::ticket_systems::TicketSystemEntry;
use crate::escalate::{Policy, Progress};
use crate::model::CaseId;

/// Where the ticket of a new case is made: in the outbox that was named, else where the policy says, else in this account's outbox.
pub(super) fn for_new_case(
    outbox: Option<&Path>,
    policy: &Policy,
    desk: &Desk,
    environment: Environment<'_>,
) -> Result<Box<dyn TicketSystem>, Failure> {
    match (outbox, policy.ticket_system_in_force()) {
        (None, Some((name, entry))) => connect(name, entry, environment),
        (named, _) => Ok(Box::new(desk.outbox(named))),
    }
}

/// The ticket of a case that is open, and the system that keeps it.
pub(super) fn of_case(
    case_id: &CaseId,
    progress: &Progress,
    policy: &Policy,
    desk: &Desk,
    world: &World<'_>,
) -> Result<(Box<dyn TicketSystem>, TicketRef), Failure> {
    let made = progress.ticket.as_ref().ok_or_else(|| {
        Failure::new(Exit::No, format!("{case_id} has no ticket yet")).hint("run `casefile escalate open` again")
    })?;
    let system: Box<dyn TicketSystem> = if made.system == "outbox" {
        // The outbox of a ticket is two folders above its text.
        Box::new(desk.outbox(Path::new(&made.location).ancestors().nth(2)))
    } else {
        let (name, entry) = policy.ticket_system_in_force().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("the ticket of {case_id} is kept by {}, and the policy names none", made.system),
            )
            .hint("give the policy under which it was opened with --policy FILE")
        })?;
        connect(name, entry, world.environment)?
    };
    let failed = |problem: String| {
        Failure::new(Exit::Partial, problem)
            .hint("check that the ticket is where the journal says, then run this again")
    };
    match system.find(case_id).map_err(|e| failed(e.to_string()))? {
        Some(ticket) => Ok((system, ticket)),
        None => Err(failed(format!("the ticket of {case_id} is not at {}", made.location))),
    }
}

fn connect(
    name: &str,
    entry: &TicketSystemEntry,
    environment: Environment<'_>,
) -> Result<Box<dyn TicketSystem>, Failure> {
    let token = Secret::read(&entry.token, environment).map_err(|e| {
        Failure::new(Exit::Usage, format!("the token of the ticket system {name}: {e}"))
            .hint("put it where the policy says, or change `token` in the policy")
    })?;
    let failed = |e: DeliverError| Failure::new(Exit::LocalFailure, e.to_string());
    let http = HttpClient::new(&[]).map_err(|e| failed(e.into()))?;
    tickets::connect(name, entry, token, http).map_err(failed)
}
