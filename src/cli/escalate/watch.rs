//! `casefile escalate watch`: asks whether somebody has taken a case over, and calls the next level before the answer is due. In
//! the foreground, or one pass at a time under a timer of the system, whose unit it prints.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::World;
use super::callees::Connected;
use super::calls::call_due;
use super::desk::{Desk, case_id};
use super::failure::{Failure, journal_failed, output_failed, tell};
use super::inputs::policy_in_force;
use super::rehearsal::RehearsalArgs;
use super::status_text::exactly;
use super::ticket_system;
use super::timer::{Timer, unit};
use crate::cli::exit::Exit;
use crate::deliver::callout::{ask, taken};
use crate::deliver::journal::{self, Journal, JournalError};
use crate::escalate::plain_text::one_line;
use crate::escalate::{Policy, Progress};
use crate::model::CaseId;
use crate::platform::create_private_dir;

/// How long after a pass the clocks still count as kept: a timer runs every minute, and may be late.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(3);

/// Longest name on the screen.
const NAME: usize = 120;

/// Keeps the clocks of the open cases
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Only this case
    #[arg(value_name = "CASE", value_parser = case_id)]
    pub case_id: Option<CaseId>,
    /// One pass, for a timer; exit code 1 if something is overdue
    #[arg(long)]
    pub once: bool,
    /// Seconds between two passes
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(5..=60))]
    pub every: u16,
    /// Print the timer of the system that runs a pass every minute, and do nothing else
    #[arg(long, value_enum, value_name = "KIND")]
    pub print_timer: Option<Timer>,
    /// The policy (TOML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Only a rehearsal
    #[command(flatten)]
    pub rehearsal: RehearsalArgs,
}

/// Runs the verb.
pub(super) fn run(args: &WatchArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let policy = policy_in_force(args.policy.as_deref())?;
    if let Some(timer) = args.print_timer {
        let program = std::env::current_exe()
            .map_err(|e| Failure::new(Exit::LocalFailure, format!("cannot tell where this program is: {e}")))?;
        let policy = args.policy.as_deref().map(std::path::absolute).transpose();
        let policy = policy.map_err(|e| Failure::new(Exit::Usage, format!("cannot tell where the policy is: {e}")))?;
        let text = unit(timer, &program, policy.as_deref());
        return world.out.write_all(text.as_bytes()).map(|()| Exit::Done).map_err(output_failed);
    }
    loop {
        let exit = pass(args, &policy, world)?;
        if args.once || world.rehearsal.is_some() {
            return Ok(exit);
        }
        if !(world.pause)(Duration::from_secs(args.every.into())) {
            return Ok(Exit::Interrupted);
        }
    }
}

/// Whether a pass was made so shortly before `now` that the clocks count as kept.
pub(super) fn is_kept(desk: &Desk<'_>, now: Timestamp) -> bool {
    let last = fs::read_to_string(desk.watched()).ok().and_then(|text| text.trim().parse::<Timestamp>().ok());
    last.is_some_and(|last| now.duration_since(last).abs() <= KEPT_FOR)
}

fn pass(args: &WatchArgs, policy: &Policy, world: &mut World<'_>) -> Result<Exit, Failure> {
    let desk = Desk::of(world)?;
    let all = match &args.case_id {
        Some(case_id) => vec![case_id.clone()],
        None => journal::cases(&desk.journals()).map_err(|e| journal_failed(&e, false))?,
    };
    let mut exit = Exit::Done;
    for case_id in &all {
        match one(case_id, args.case_id.is_some(), policy, &desk, world) {
            Ok(one) => exit = exit.combine(one),
            // One case that cannot be worked on must not keep the others waiting.
            Err(failure) => {
                exit = exit.combine(failure.exit);
                tell(&failure, world.talk).map_err(output_failed)?;
            }
        }
    }
    if world.rehearsal.is_some() {
        return Ok(exit);
    }
    let state = desk.watched();
    let noted =
        state.parent().map_or(Ok(()), create_private_dir).and_then(|()| fs::write(&state, (world.now)().to_string()));
    noted.map_err(|e| Failure::new(Exit::LocalFailure, format!("cannot write {}: {e}", state.display())))?;
    Ok(exit)
}

fn one(
    case_id: &CaseId,
    asked_for: bool,
    policy: &Policy,
    desk: &Desk<'_>,
    world: &mut World<'_>,
) -> Result<Exit, Failure> {
    // Most cases of a long list have ended; they need no lock.
    match desk.progress(case_id) {
        Ok((progress, _)) if progress.resolved.is_none() => {}
        Ok(_) => return Ok(Exit::Done),
        Err(failure) if asked_for || failure.exit != Exit::Usage => return Err(failure),
        // A journal in which a finding was accepted, and nothing escalated.
        Err(_) => return Ok(Exit::Done),
    }
    let (mut journal, progress) = desk.unresolved(case_id)?;
    let failed = |e: JournalError| journal_failed(&e, true);
    let mut exit = Exit::Done;
    let sent: Vec<String> = progress.notices.iter().map(|notice| notice.target.clone()).collect();
    let connected = Connected::to(world.callees, policy, &sent);
    let before = journal.head().seq;
    let agents: Vec<&str> = [progress.opened_by.as_deref(), world.agent.as_deref()].into_iter().flatten().collect();
    let mut silent = ask(&connected.ways(), &agents, &mut journal, world.now).map_err(failed)?;
    silent.extend(connected.missing());
    if progress.ticket.is_some() {
        silent.extend(ask_ticket(case_id, &progress, policy, &agents, &mut journal, world)?);
    }
    for (target, reason) in silent {
        exit = exit.combine(Exit::Partial);
        let (target, reason) = (one_line(&target, NAME), one_line(&reason, 3 * NAME));
        writeln!(world.talk, "{case_id}: no answer that counts from {target}: {reason}").map_err(output_failed)?;
    }
    let progress = Progress::of(&journal.recorded()).expect("the case was opened");
    if let Some(taken) = progress.has_it().filter(|_| journal.head().seq > before) {
        writeln!(world.out, "{case_id}: {} has it, by {}", one_line(&taken.by, NAME), one_line(&taken.way, NAME))
            .map_err(output_failed)?;
    }
    exit = exit.combine(call_due(case_id, &mut journal, policy, desk, world)?);
    let progress = Progress::of(&journal.recorded()).expect("the case was opened");
    for due in progress.due((world.now)()) {
        if let Some(late) = due.overdue_by {
            writeln!(world.out, "{case_id}: {} OVERDUE by {}", due.what.in_words(), exactly(late))
                .map_err(output_failed)?;
            exit = exit.combine(Exit::No);
        }
    }
    Ok(exit)
}

/// Asks the ticket system who took the ticket. Returns its name with the reason where that gives no answer that counts.
fn ask_ticket(
    case_id: &CaseId,
    progress: &Progress,
    policy: &Policy,
    agents: &[&str],
    journal: &mut Journal,
    world: &World<'_>,
) -> Result<Option<(String, String)>, Failure> {
    let name = || progress.ticket.as_ref().map_or_else(String::new, |ticket| ticket.system.clone());
    let asked = ticket_system::of_case(case_id, progress, policy, &Desk::of(world)?, world)
        .and_then(|(system, ticket)| system.state(&ticket).map_err(|e| Failure::new(Exit::Partial, e.to_string())));
    match asked.map(|state| state.taken) {
        Ok(Some(found)) => {
            let refused = taken(&found, "ticket", agents, journal, world.now).map_err(|e| journal_failed(&e, true))?;
            Ok(refused.map(|why| (name(), why)))
        }
        Ok(None) => Ok(None),
        Err(failure) => Ok(Some((name(), failure.error))),
    }
}
