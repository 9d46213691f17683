//! `casefile escalate journal`: checks the record of a case, or prints it as it stands.

use clap::{Args, Subcommand};
use serde_json::json;

use super::World;
use super::desk::{CaseArgs, Desk};
use super::failure::{Failure, journal_failed, output_failed};
use super::print_json;
use crate::cli::exit::Exit;
use crate::deliver::journal;
use crate::model::{CaseId, Sha256Digest};

/// Check or export the record of a case
#[derive(Debug, Args)]
pub struct JournalArgs {
    /// What to do with it
    #[command(subcommand)]
    pub verb: JournalVerb,
}

/// What to do with a journal.
#[derive(Debug, Subcommand)]
pub enum JournalVerb {
    /// Check every line; a line that was changed, moved or removed is exit code 3
    Verify {
        /// Which case
        #[command(flatten)]
        case: CaseArgs,
        /// The head that a ticket's comment or an earlier run shows: then a cut end is found too
        #[arg(long, value_name = "SHA256", value_parser = digest)]
        head: Option<Sha256Digest>,
    },
    /// Print it, line by line, as it stands, once it was checked
    Export {
        /// The case, such as c-7fk2m9q4xa
        #[arg(value_name = "CASE", value_parser = super::desk::case_id)]
        case_id: CaseId,
    },
}

impl JournalArgs {
    pub(super) fn json(&self) -> bool {
        matches!(&self.verb, JournalVerb::Verify { case, .. } if case.json)
    }
}

fn digest(raw: &str) -> Result<Sha256Digest, String> {
    Sha256Digest::parse(raw.trim()).map_err(|_| "a head is 64 hexadecimal digits".to_owned())
}

/// Runs the verb.
pub(super) fn run(args: &JournalArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let desk = Desk::of(world)?;
    match &args.verb {
        JournalVerb::Verify { case, head } => verify(case, *head, &desk, world),
        JournalVerb::Export { case_id } => export(case_id, &desk, world),
    }
}

fn verify(
    case: &CaseArgs,
    known: Option<Sha256Digest>,
    desk: &Desk<'_>,
    world: &mut World<'_>,
) -> Result<Exit, Failure> {
    let path = journal::path_of(&desk.journals(), &case.case_id);
    let read = journal::read_whole(&desk.journals(), &case.case_id).map_err(|e| journal_failed(&e, false))?;
    let read = read.ok_or_else(|| no_journal(&case.case_id))?;
    if let Some(known) = known
        && !read.hashes.contains(&known)
    {
        let last = read.head.seq;
        return Err(Failure::new(
            Exit::Damaged,
            format!("the journal {} holds no line with the head {known}: its end was cut off, or it is another journal; it ends at line {last}", path.display()),
        )
        .hint("keep the file and find out who changed it"));
    }
    let told = if case.json {
        let document = json!({
            "schema": "casefile-journal/1", "case_id": case.case_id, "lines": read.head.seq, "whole": true,
            "journal_head": read.head,
        });
        print_json(&document, world.out)
    } else {
        writeln!(world.out, "whole     {}\njournal   line {}, head {}", path.display(), read.head.seq, read.head.hash)
    };
    told.map_err(output_failed)?;
    if known.is_none() && !case.json {
        let hint = "an end that was cut off shows against the head in the ticket: --head SHA256";
        writeln!(world.talk, "{hint}").map_err(output_failed)?;
    }
    Ok(Exit::Done)
}

fn export(case_id: &CaseId, desk: &Desk<'_>, world: &mut World<'_>) -> Result<Exit, Failure> {
    let read = journal::read_whole(&desk.journals(), case_id).map_err(|e| journal_failed(&e, false))?;
    let read = read.ok_or_else(|| no_journal(case_id))?;
    // Not read a second time: what was checked is what goes out.
    world.out.write_all(&read.bytes).map(|()| Exit::Done).map_err(output_failed)
}

fn no_journal(case_id: &CaseId) -> Failure {
    Failure::new(Exit::Usage, format!("there is no journal of {case_id} on this machine"))
        .hint("`casefile escalate list --all` shows the cases that have one")
}
