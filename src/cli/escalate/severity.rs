//! `casefile escalate severity`: the level changes while the case is open. Its clocks are computed anew, the right people are
//! told, and what was missed stays missed.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::World;
use super::callees::{About, Connected};
use super::desk::{CaseArgs, Desk};
use super::failure::{Failure, journal_failed, output_failed};
use super::inputs::{parsed, policy_in_force};
use super::recorded::tell_recorded;
use super::rehearsal::RehearsalArgs;
use super::said::kept_if;
use super::{ticket_system, told_text};
use crate::checklist::says_nothing;
use crate::cli::exit::Exit;
use crate::deliver::callout::{Ticket, Told, tell_all};
use crate::deliver::handover::change_event;
use crate::escalate::callout::Levels;
use crate::escalate::plain_text::inline;
use crate::escalate::targets::targets_since;
use crate::escalate::{Policy, Progress, classify};
use crate::model::case::GivenBy;
use crate::model::{Case, Severity, case_file};

/// Changes the severity of a case that is open
#[derive(Debug, Args)]
pub struct SeverityArgs {
    /// Which case
    #[command(flatten)]
    pub case: CaseArgs,
    /// The new severity: 1 to 4
    #[arg(value_name = "N", value_parser = super::open::severity)]
    pub severity: Severity,
    /// Why: a lower level, or another than the facts give, needs a reason
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What is new about the case (TOML), laid over what is known
    #[arg(long = "case", value_name = "FILE")]
    pub facts: Option<PathBuf>,
    /// The policy (TOML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Only a rehearsal
    #[command(flatten)]
    pub rehearsal: RehearsalArgs,
}

/// Runs the verb.
pub(super) fn run(args: &SeverityArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let (desk, now, case_id) = (Desk::of(world)?, (world.now)(), &args.case.case_id);
    let policy = policy_in_force(args.policy.as_deref())?;
    let new =
        args.facts.as_deref().map(|path| parsed(path, |f, t| case_file::parse(f, t, GivenBy::Agent))).transpose()?;
    let (mut journal, progress) = desk.unresolved(case_id)?;
    let known = desk.case(case_id)?;
    let case = new.map_or_else(|| known.clone(), |new| known.clone().overlaid_by(new.case));
    let reason = kept_if("--reason", args.reason.as_deref(), Some(&case), world.talk)?;
    let again = progress.severity == args.severity;
    if !again {
        reasoned(args, &progress, &case, &policy)?;
    }
    let about = About { case: &case, severity: args.severity, policy: &policy, now, page: false };
    let called = world.callees.levels(&about)?;
    let levels = Levels { targets: called.levels.clone(), after: after(&policy, args.severity) };
    let raised = progress.severity > args.severity || (again && progress.changes.last().is_some_and(|c| c.to < c.from));
    let first = levels.targets.first().filter(|_| raised).cloned().unwrap_or_default();
    // Every notice is worded before anything is written, so that a refusal leaves the case as it was.
    let connected = Connected::level(world.callees, &about, &first, 1)?;
    if !again {
        let since = since(&case, raised, &progress, now);
        let targets = targets_since(&since.0, args.severity, &policy, since.1, now).map_err(|e| {
            Failure::new(Exit::Usage, e.to_string()).hint("give that calendar of the policy more hours")
        })?;
        desk.keep(&case)?;
        let agent = world.agent.as_deref();
        let event = change_event(&case, &policy, args.severity, &targets, &levels, reason.as_deref(), agent);
        journal.append(now, event).map_err(|e| journal_failed(&e, false))?;
    }
    let ticket = progress.ticket.as_ref().map_or(Ticket::None, |ticket| Ticket::At(&ticket.location));
    let told =
        tell_all(&connected.addressees(), ticket, &mut journal, world.now).map_err(|e| journal_failed(&e, true))?;
    let remark = say_in_ticket(args, reason.as_deref(), &policy, &progress, journal.head().seq, world);
    if world.rehearsal.is_some() {
        told_text::print_failed(&told, world.talk).map_err(output_failed)?;
    }
    if !args.case.json {
        if raised {
            told_text::print_route(&called, world.out).map_err(output_failed)?;
        }
        told_text::print(&told, world.out).map_err(output_failed)?;
    }
    tell_recorded(&args.case, &journal, now, world)?;
    if told_text::nobody_reached(&told) {
        told_text::print_contacts(&policy, told_text::NOBODY_TOLD, world.talk).map_err(output_failed)?;
    }
    if let Err(e) = &remark {
        writeln!(world.talk, "remark: the ticket does not say so yet: {}", e.error).map_err(output_failed)?;
    }
    let whole = told.iter().all(Told::reached) && remark.is_ok();
    Ok(if whole { Exit::Done } else { Exit::Partial })
}

/// How long people have before the next ones are called.
pub(super) fn after(policy: &Policy, severity: Severity) -> Option<jiff::SignedDuration> {
    policy.level(severity).next_level_after.map(|minutes| jiff::SignedDuration::from_mins(i64::from(minutes.get())))
}

/// A lower level, or one that the facts contradict, needs a reason.
fn reasoned(args: &SeverityArgs, progress: &Progress, case: &Case, policy: &Policy) -> Result<(), Failure> {
    if args.reason.as_deref().is_some_and(|reason| !says_nothing(reason)) {
        return Ok(());
    }
    let hint = "say why with --reason TEXT; it stands in the ticket and in the journal";
    if args.severity > progress.severity {
        let problem =
            format!("{} is lower than {}, and a lower level needs a reason", args.severity, progress.severity);
        return Err(Failure::new(Exit::No, problem).hint(hint));
    }
    let by_facts = classify(case, policy);
    if by_facts.severity != args.severity {
        let problem = format!("the facts give {}, not {}: {}", by_facts.severity, args.severity, by_facts.reason);
        return Err(Failure::new(Exit::No, problem).hint(format!("{hint}, or give what is new with --case FILE")));
    }
    Ok(())
}

/// The facts and the moment from which the clocks of the new level count. A level that was raised counts from now: nobody could
/// have kept a promise that was not yet given. A lower one counts from the report, as before.
fn since(case: &Case, raised: bool, progress: &Progress, now: Timestamp) -> (Case, Timestamp) {
    if raised { (Case { reported_at: None, ..case.clone() }, now) } else { (case.clone(), progress.opened_at) }
}

/// The ticket says the new level, in its field and in a comment.
fn say_in_ticket(
    args: &SeverityArgs,
    reason: Option<&str>,
    policy: &Policy,
    progress: &Progress,
    seq: u64,
    world: &World<'_>,
) -> Result<(), Failure> {
    // The changes until now number the comments, so that the same change said again is the same comment.
    let number = progress.changes.len() + usize::from(progress.severity != args.severity);
    if progress.ticket.is_none() || number == 0 {
        return Ok(());
    }
    let (system, ticket) = ticket_system::of_case(&args.case.case_id, progress, policy, &Desk::of(world)?, world)?;
    let reason = reason.map_or_else(|| "by the facts".to_owned(), |reason| inline(reason, 400));
    let text = format!("The severity is {} from now on: {reason}.\nJournal: line {seq}.\n", args.severity);
    system
        .comment(&ticket, &format!("severity-{number}"), &text)
        .and_then(|()| system.set_severity(&ticket, args.severity))
        .map_err(|e| Failure::new(Exit::Partial, e.to_string()))
}
