//! `casefile escalate status`: how far a case has come, what is due, and how long its steps took.

use clap::Args;

use super::World;
use super::desk::{CaseArgs, Desk};
use super::failure::{Failure, output_failed};
use super::print_json;
use super::status_text::{Seen, as_json, print};
use crate::cli::exit::Exit;

/// Asks how far a case has come
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Which case
    #[command(flatten)]
    pub case: CaseArgs,
    /// Also print when each step was and how long it took
    #[arg(long)]
    pub times: bool,
}

/// Runs the verb. Something that is overdue is exit code 1.
pub(super) fn run(args: &StatusArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let (progress, head) = Desk::of(world)?.progress(&args.case.case_id)?;
    let seen = Seen { case_id: &args.case.case_id, progress: &progress, head, now: (world.now)(), times: args.times };
    let told = if args.case.json { print_json(&as_json(&seen), world.out) } else { print(&seen, world.out) };
    told.map_err(output_failed)?;
    let overdue = progress.due(seen.now).iter().any(|due| due.overdue_by.is_some());
    Ok(if overdue { Exit::No } else { Exit::Done })
}
