//! `casefile escalate purge`: removes what this machine keeps of a case that has ended.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde_json::json;

use super::World;
use super::desk::{CaseArgs, Desk, not_opened};
use super::failure::{Failure, output_failed};
use super::print_json;
use crate::cli::exit::Exit;
use crate::deliver::{journal, kept_case};

/// Runs the verb. The ticket and an outbox that was named are not ours to remove.
pub(super) fn run(args: &CaseArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let (desk, case_id) = (Desk::of(world)?, &args.case_id);
    if !journal::path_of(&desk.journals(), case_id).is_file() {
        return leftovers(args, &desk, world);
    }
    let (journal, progress) = desk.journal(case_id)?;
    if progress.resolved.is_none() {
        return Err(Failure::new(Exit::No, format!("{case_id} is not resolved"))
            .hint("`casefile escalate resolve` ends it; an open case is not removed"));
    }
    let head = journal.head();
    let folder = desk.journals();
    // The lock is held until its file is the last that is left; Windows removes no file that is open.
    let (facts, record) = (kept_case::path_of(&desk.cases(), case_id), journal::path_of(&folder, case_id));
    let lock = journal::lock_path_of(&folder, case_id);
    drop(journal);
    let removed = remove(&[facts, record, lock])?;
    let kept = progress.ticket.as_ref().map(|ticket| ticket.location.clone());
    let told = if args.json {
        let document = json!({
            "schema": "casefile-purge/1", "case_id": case_id, "removed": removed, "kept": kept, "journal_head": head,
        });
        print_json(&document, world.out)
    } else {
        let lines = removed.iter().map(|path| format!("removed   {path}\n"));
        let kept = kept.iter().map(|at| format!("kept      {at} (the ticket, with what is attached to it)\n"));
        let end = format!("journal   ended at line {}, head {}\n", head.seq, head.hash);
        world.out.write_all(lines.chain(kept).chain([end]).collect::<String>().as_bytes())
    };
    told.map(|()| Exit::Done).map_err(output_failed)
}

/// What a purge that was stopped half way has left: the journal goes before its lock, so without it nothing else can be told of
/// the case. A lock that somebody holds is a case that is being opened.
fn leftovers(args: &CaseArgs, desk: &Desk<'_>, world: &mut World<'_>) -> Result<Exit, Failure> {
    let case_id = &args.case_id;
    let lock = journal::lock_path_of(&desk.journals(), case_id);
    if !fs::File::open(&lock).is_ok_and(|held| held.try_lock().is_ok()) {
        return Err(not_opened(case_id));
    }
    let removed = remove(&[kept_case::path_of(&desk.cases(), case_id), lock])?;
    let told = if args.json {
        let document = json!({
            "schema": "casefile-purge/1", "case_id": case_id, "removed": removed, "kept": null, "journal_head": null,
        });
        print_json(&document, world.out)
    } else {
        world.out.write_all(removed.iter().map(|path| format!("removed   {path}\n")).collect::<String>().as_bytes())
    };
    told.map(|()| Exit::Done).map_err(output_failed)
}

fn remove(paths: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let mut removed = Vec::new();
    for path in paths {
        match fs::remove_file(path) {
            Ok(()) => removed.push(path.display().to_string()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => {
                return Err(Failure::new(Exit::Partial, format!("cannot remove {}: {e}", path.display()))
                    .hint("check who may change the folder, then run this again"));
            }
        }
    }
    Ok(removed)
}
