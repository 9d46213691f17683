//! The ticket system of a case: the one that the policy names, or an outbox folder.

use std::path::Path;

use super::World;
use super::desk::Desk;
use super::failure::Failure;
use crate::cli::exit::Exit;
use crate::deliver::http::HttpClient;
use crate::deliver::outbox::Outbox;
use crate::deliver::outbox_rehearsed::RehearsedOutbox;
use crate::deliver::secrets::Secret;
use crate::deliver::{DeliverError, TicketRef, TicketSystem, tickets};
use crate::escalate::progress::TicketAt;
use crate::escalate::ticket_systems::TicketSystemEntry;
use crate::escalate::{Policy, Progress};
use crate::model::CaseId;

/// Where the ticket of a new case is made: in the outbox that was named, else where the policy says, else in this account's
/// outbox. `progress` is that of a run before.
pub(super) fn for_new_case(
    outbox: Option<&Path>,
    policy: &Policy,
    progress: Option<&Progress>,
    desk: &Desk<'_>,
    world: &World<'_>,
) -> Result<Box<dyn TicketSystem>, Failure> {
    match (outbox, policy.ticket_system_in_force()) {
        (None, Some((name, entry))) => {
            connect(name, entry, progress.and_then(|progress| progress.ticket.as_ref()), world)
        }
        (named, _) => Ok(files(desk.outbox(named), world)),
    }
}

/// The ticket of a case that is open, and the system that keeps it.
pub(super) fn of_case(
    case_id: &CaseId,
    progress: &Progress,
    policy: &Policy,
    desk: &Desk<'_>,
    world: &World<'_>,
) -> Result<(Box<dyn TicketSystem>, TicketRef), Failure> {
    let made = progress.ticket.as_ref().ok_or_else(|| {
        Failure::new(Exit::No, format!("{case_id} has no ticket yet")).hint("run `casefile escalate open` again")
    })?;
    let system: Box<dyn TicketSystem> = if made.system == "outbox" {
        // The outbox of a ticket is two folders above its text.
        files(desk.outbox(Path::new(&made.location).ancestors().nth(2)), world)
    } else {
        let (name, entry) = policy.ticket_system_in_force().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("the ticket of {case_id} is kept by {}, and the policy names none", made.system),
            )
            .hint("give the policy under which it was opened with --policy FILE")
        })?;
        connect(name, entry, Some(made), world)?
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

fn files(outbox: Outbox, world: &World<'_>) -> Box<dyn TicketSystem> {
    match world.rehearsal {
        Some(rehearsal) => Box::new(RehearsedOutbox::new(outbox, rehearsal.recording.clone())),
        None => Box::new(outbox),
    }
}

/// `known` is the ticket that the case already has: in a rehearsal nobody can be asked.
fn connect(
    name: &str,
    entry: &TicketSystemEntry,
    known: Option<&TicketAt>,
    world: &World<'_>,
) -> Result<Box<dyn TicketSystem>, Failure> {
    let token = Secret::read(&entry.token, world.environment).map_err(|e| {
        Failure::new(Exit::Usage, format!("the token of the ticket system {name}: {e}"))
            .hint("put it where the policy says, or change `token` in the policy")
    })?;
    let failed = |e: DeliverError| Failure::new(Exit::LocalFailure, e.to_string());
    let http =
        HttpClient::for_run(world.rehearsal.map(|rehearsal| &rehearsal.recording)).map_err(|e| failed(e.into()))?;
    let system = match world.rehearsal {
        Some(_) => {
            let system = entry.kind.name();
            let known = known.map(|at| TicketRef { system, id: at.id.clone(), location: at.location.clone() });
            tickets::rehearse(name, entry, token, http, known)
        }
        None => tickets::connect(name, entry, token, http),
    };
    system.map_err(failed)
}
