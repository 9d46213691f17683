//! What a verb says that has written to the journal: how the case stands now, with the journal's head.

use jiff::Timestamp;

use super::World;
use super::desk::CaseArgs;
use super::failure::{Failure, output_failed};
use super::print_json;
use super::status_text::{Seen, as_json, print};
use crate::cli::exit::Exit;
use crate::deliver::journal::Journal;
use crate::escalate::Progress;

/// Prints how the case stands now. That something else is overdue is no fault of this step.
pub(super) fn tell_recorded(
    case: &CaseArgs,
    journal: &Journal,
    now: Timestamp,
    world: &mut World<'_>,
) -> Result<Exit, Failure> {
    let progress = Progress::of(&journal.recorded()).expect("only an opened case is written to");
    let seen = Seen { case_id: &case.case_id, progress: &progress, head: journal.head(), now, times: false };
    let told = if case.json { print_json(&as_json(&seen), world.out) } else { print(&seen, world.out) };
    told.map(|()| Exit::Done).map_err(output_failed)
}
