//! `casefile escalate resolve`: ends a case. Pages are ended, the ticket says how, the clocks stop, and the customer's text is
//! offered.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::World;
use super::callees::Connected;
use super::desk::{CaseArgs, Desk, still_open};
use super::failure::{Failure, journal_failed, output_failed};
use super::inputs::policy_in_force;
use super::print_json;
use super::rehearsal::RehearsalArgs;
use super::said::kept;
use super::ticket_system;
use super::update::{Say, Told, message};
use crate::checklist::says_nothing;
use crate::cli::exit::Exit;
use crate::deliver::TicketStatus;
use crate::deliver::callout::end;
use crate::deliver::journal::{Event, Journal};
use crate::deliver::kept_case;
use crate::escalate::plain_text::{inline, one_line};
use crate::escalate::{Policy, Progress};
use crate::model::CaseId;

/// Longest text in the journal.
const TEXT: usize = 1000;

/// Longest name in the journal.
const NAME: usize = 120;

/// Ends a case
#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// Which case
    #[command(flatten)]
    pub case: CaseArgs,
    /// What it was and what was done about it
    #[arg(long, value_name = "TEXT")]
    pub text: String,
    /// The policy (TOML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Only a rehearsal
    #[command(flatten)]
    pub rehearsal: RehearsalArgs,
}

/// Runs the verb.
pub(super) fn run(args: &ResolveArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let (desk, now, case_id) = (Desk::of(world)?, (world.now)(), &args.case.case_id);
    let policy = policy_in_force(args.policy.as_deref())?;
    if says_nothing(&args.text) || crate::checklist::words(&args.text) < 2 {
        return Err(Failure::new(Exit::No, "a case does not end without saying how".to_owned())
            .hint("--text: what it was and what was done about it, in a sentence"));
    }
    let (mut journal, progress) = desk.journal(case_id)?;
    let case = kept_case::kept(&desk.cases(), case_id).ok().flatten();
    let text = one_line(&kept("--text", &args.text, case.as_ref(), world.talk)?, TEXT);
    // The same end again is the same command again, after a stop that kept its answer from being heard.
    let again = progress.resolved.as_ref().is_some_and(|end| end.text == text);
    if !again {
        still_open(case_id, &progress)?;
    }
    let open: Vec<String> =
        progress.accesses.iter().filter(|access| access.is_open(now)).map(|access| access.id.to_string()).collect();
    if !open.is_empty() {
        return Err(Failure::new(Exit::No, format!("access {} is still open", open.join(", ")))
            .hint("take it back, then say so with `casefile escalate access revoke`"));
    }
    // Worded first: a text that may not go out is better said before the pages are ended.
    let about = Told { progress: &progress, case: case.as_ref(), policy: &policy };
    let say = Say { text: &args.text, next_update: None, resolved: true, estimated: false };
    let customer = message(case_id, &about, &say);
    if !again {
        finish(&text, case_id, &policy, &progress, &mut journal, world)?;
    }
    let ended = Progress::of(&journal.recorded()).expect("the case was ended");
    let channel = one_line(ended.channel.as_deref().unwrap_or("not given"), NAME);
    let told = if args.case.json {
        let document = json!({
            "schema": "casefile-customer-update/1", "case_id": case_id, "channel": channel, "message": customer.as_ref().ok(),
            "next_update": null, "recorded": false, "journal_head": journal.head(),
        });
        print_json(&document, world.out)
    } else {
        customer.as_ref().map_or(Ok(()), |text| world.out.write_all(text.as_bytes()))
    };
    told.map_err(output_failed)?;
    let say = match &customer {
        Ok(_) => format!("tell the customer so by {channel}"),
        Err(e) => format!("write to the customer by {channel} yourself: {}", e.error),
    };
    let head = journal.head();
    writeln!(world.talk, "{case_id} is resolved; {say}\njournal   line {}, head {}", head.seq, head.hash)
        .map_err(output_failed)?;
    Ok(Exit::Done)
}

/// The pages, then the ticket, then the journal; the same command goes on after a stop.
fn finish(
    text: &str,
    case_id: &CaseId,
    policy: &Policy,
    progress: &Progress,
    journal: &mut Journal,
    world: &mut World<'_>,
) -> Result<(), Failure> {
    let desk = Desk::of(world)?;
    let recorded = |e: crate::deliver::journal::JournalError| journal_failed(&e, true);
    if !progress.resolving {
        journal.append((world.now)(), Event::new("resolve-intent")).map_err(recorded)?;
    }
    let sent: Vec<String> = progress
        .notices
        .iter()
        .filter(|notice| notice.first_sent.is_some())
        .map(|notice| notice.target.clone())
        .collect();
    let connected = Connected::to(world.callees, policy, &sent);
    let mut open = end(&connected.ways(), text, journal, world.now).map_err(recorded)?;
    // A target that cannot be reached now has a better reason than that it is not among those that can.
    for (target, reason) in connected.missing() {
        open.iter_mut().filter(|(name, _)| *name == target).for_each(|(_, why)| why.clone_from(&reason));
    }
    if !open.is_empty() {
        let list: Vec<String> = open.iter().map(|(target, why)| format!("{target}: {why}")).collect();
        return Err(Failure::new(Exit::Partial, format!("a page is still open: {}", list.join("; ")))
            .hint("nothing is resolved yet; the same command goes on once it can be ended"));
    }
    if progress.ticket.is_some() {
        let (system, ticket) = ticket_system::of_case(case_id, progress, policy, &desk, world)?;
        let head = journal.head();
        let comment = format!("Resolved: {}\nJournal: line {}, head {}.\n", inline(text, TEXT), head.seq, head.hash);
        let resolved = system.comment(&ticket, "resolved", &comment);
        resolved.and_then(|()| system.set_status(&ticket, TicketStatus::Resolved)).map_err(|e| {
            Failure::new(Exit::Partial, e.to_string()).hint("nothing is resolved yet; the same command goes on")
        })?;
    }
    let event = Event::new("resolved").with_text("text", text, TEXT).by_agent(world.agent.as_deref(), NAME);
    journal.append((world.now)(), event).map_err(recorded)?;
    Ok(())
}
