//! Calling people while nobody has the case: those whom a stop or a failure left out, and the next level when its time has come.

use super::World;
use super::callees::{About, Connected};
use super::desk::Desk;
use super::failure::{Failure, journal_failed, output_failed};
use super::told_text;
use crate::cli::exit::Exit;
use crate::deliver::callout::{Ticket, Told, tell_all};
use crate::deliver::journal::{Event, Journal};
use crate::escalate::{Policy, Progress};
use crate::model::{CaseId, Severity};

/// How often `watch` tries a target that fails, beside what `open` tried. The next level is called meanwhile.
const MOST_TRIES: usize = 5;

/// Calls whoever is to be called by now.
pub(super) fn call_due(
    case_id: &CaseId,
    journal: &mut Journal,
    policy: &Policy,
    desk: &Desk<'_>,
    world: &mut World<'_>,
) -> Result<Exit, Failure> {
    let now_known = |journal: &Journal| Progress::of(&journal.recorded()).expect("the case was opened");
    let mut exit = Exit::Done;
    let mut progress = now_known(journal);
    if progress.ticket.is_none() && progress.severity > Severity::Sev2 {
        // Nobody is told of a SEV3 without a ticket; that the ticket is missing is due by itself.
        return Ok(exit);
    }
    for (level, targets) in progress.left_out() {
        let targets: Vec<String> = targets.into_iter().filter(|target| may_try(journal, target, level)).collect();
        if !targets.is_empty() {
            let told = call(case_id, &progress, level, &targets, journal, policy, desk, world)?;
            told_text::print(&told, world.out).map_err(output_failed)?;
            exit = exit.combine(outcome(&told));
        }
    }
    // Where no pass was made for long, several levels are due at once. A level that cannot be reached at all is no reason to wait.
    let mut unreached = 0;
    while let Some((next, _)) = progress.next_call().filter(|(_, at)| *at <= (world.now)()) {
        let level = next.max(unreached + 1);
        let Some(targets) = progress.levels.targets.get(level - 1).cloned() else {
            told_text::print_contacts(policy, told_text::NOBODY_TOLD, world.talk).map_err(output_failed)?;
            return Ok(exit.combine(Exit::Partial));
        };
        let told = call(case_id, &progress, level, &targets, journal, policy, desk, world)?;
        writeln!(world.out, "{case_id}: nobody has it, so level {level} is called").map_err(output_failed)?;
        told_text::print(&told, world.out).map_err(output_failed)?;
        exit = exit.combine(outcome(&told));
        if told_text::nobody_reached(&told) {
            unreached = level;
        }
        progress = now_known(journal);
    }
    Ok(exit)
}

#[allow(clippy::too_many_arguments, reason = "all of them change from call to call")]
fn call(
    case_id: &CaseId,
    progress: &Progress,
    level: usize,
    targets: &[String],
    journal: &mut Journal,
    policy: &Policy,
    desk: &Desk<'_>,
    world: &World<'_>,
) -> Result<Vec<Told>, Failure> {
    let case = desk.case(case_id)?;
    let about = About { case: &case, severity: progress.severity, policy, now: (world.now)(), page: false };
    let connected = Connected::level(world.callees, &about, targets, level)?;
    let ticket = progress.ticket.as_ref().map_or(Ticket::None, |ticket| Ticket::At(&ticket.location));
    tell_all(&connected.addressees(), ticket, journal, world.now).map_err(|e| journal_failed(&e, true))
}

/// Whether a target that failed is tried once more under the level in force.
fn may_try(journal: &Journal, target: &str, level: usize) -> bool {
    let changes = journal.count("severity-changed");
    let failed = Event::new("notice-failed").with("target", target).with("level", level).with("changes", changes);
    journal.count_of(&failed) < MOST_TRIES
}

fn outcome(told: &[Told]) -> Exit {
    if told.iter().all(Told::reached) { Exit::Done } else { Exit::Partial }
}
