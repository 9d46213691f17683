//! `casefile escalate list`: all cases, the one with the next thing to do on top.

use std::io::{self, Write};

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::desk::Desk;
use super::failure::{Failure, journal_failed, output_failed, tell};
use super::print_json;
use super::status_text::{due_json, exactly};
use crate::cli::exit::Exit;
use crate::deliver::journal;
use crate::escalate::Progress;
use crate::escalate::plain_text::one_line;
use crate::model::CaseId;

/// Lists the cases by what is due next
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Also those that are resolved
    #[arg(long)]
    pub all: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// A case of the list.
struct Entry {
    case_id: CaseId,
    progress: Progress,
}

/// Runs the verb. Something that is overdue is exit code 1; a journal that was changed is 3, and the others are listed.
pub(super) fn run(args: &ListArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let (desk, now) = (Desk::of(world)?, (world.now)());
    let failed = |e: &journal::JournalError| journal_failed(e, false);
    let mut exit = Exit::Done;
    let mut entries = Vec::new();
    for case_id in journal::cases(&desk.journals()).map_err(|e| failed(&e))? {
        match journal::read(&desk.journals(), &case_id) {
            Ok(read) => {
                let progress = read.and_then(|read| Progress::of(&read.lines));
                entries.extend(progress.map(|progress| Entry { case_id, progress }));
            }
            Err(e) => {
                let failure = failed(&e);
                exit = exit.combine(failure.exit);
                tell(&failure, world.talk).map_err(output_failed)?;
            }
        }
    }
    entries.retain(|entry| args.all || entry.progress.resolved.is_none());
    sort(&mut entries, now);
    if entries.iter().any(|entry| entry.progress.due(now).iter().any(|due| due.overdue_by.is_some())) {
        exit = exit.combine(Exit::No);
    }
    let told = if args.json { print_json(&as_json(&entries, now), world.out) } else { print(&entries, now, world.out) };
    told.map_err(output_failed)?;
    Ok(exit)
}

/// What is due first stands first, so what is overdue longest stands on top; then what has no due time, by level; resolved cases
/// last.
fn sort(entries: &mut [Entry], now: Timestamp) {
    entries.sort_by_key(|entry| {
        let next = entry.progress.due(now).first().map(|due| due.at);
        let resolved = entry.progress.resolved.is_some();
        (resolved, next.is_none(), next, entry.progress.severity, entry.case_id.clone())
    });
}

/// Five columns within 80 characters: id 12, level 4, state 12, what is next 31, title the rest.
fn print(entries: &[Entry], now: Timestamp, to: &mut dyn Write) -> io::Result<()> {
    if entries.is_empty() {
        return writeln!(to, "no open cases");
    }
    writeln!(to, "{:<12} {:<4} {:<12} {:<33} TITLE", "CASE", "LEV", "STATE", "NEXT")?;
    for Entry { case_id, progress } in entries {
        let next = match progress.due(now).first() {
            Some(due) => match due.overdue_by {
                Some(late) => format!("! {} LATE: {}", exactly(late), due.what.in_words()),
                None => format!("{} in {}", due.what.in_words(), exactly(due.at.duration_since(now))),
            },
            None => "-".to_owned(),
        };
        let title = progress.title.as_deref().unwrap_or_default();
        let title = title.split_once("] ").map_or(title, |(_, title)| title);
        // The service in front of it would leave no room for what is wrong.
        let service = progress.service.as_deref().map(|service| format!("{service}: "));
        let title = service.and_then(|service| title.strip_prefix(service.as_str())).unwrap_or(title);
        let row = format!(
            "{case_id:<12} {:<4} {:<12} {:<33} {}",
            progress.severity.to_string(),
            progress.word(),
            one_line(&next, 33),
            one_line(title, 15)
        );
        writeln!(to, "{}", row.trim_end())?;
    }
    Ok(())
}

fn as_json(entries: &[Entry], now: Timestamp) -> Value {
    let cases: Vec<Value> = entries
        .iter()
        .map(|Entry { case_id, progress }| {
            let due = progress.due(now);
            json!({
                "case_id": case_id,
                "severity": progress.severity.to_string(),
                "state": progress.word(),
                "title": progress.title,
                "service": progress.service,
                "has_it": progress.has_it().map(|taken| &taken.by),
                "due": due.iter().map(due_json).collect::<Vec<_>>(),
                "overdue": due.iter().any(|due| due.overdue_by.is_some()),
                "breaches": progress.breaches_at(now).len(),
            })
        })
        .collect();
    json!({ "schema": "casefile-cases/1", "at": now.to_string(), "cases": cases })
}
