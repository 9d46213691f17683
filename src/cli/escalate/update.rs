//! `casefile escalate update`: a note in the journal and the ticket, or a message to the customer with the time of the next one.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::World;
use super::desk::{CaseArgs, Desk};
use super::failure::{Failure, journal_failed, output_failed};
use super::inputs::policy_in_force;
use super::print_json;
use super::recorded::tell_recorded;
use super::ticket_system;
use crate::checklist::says_nothing;
use crate::cli::exit::Exit;
use crate::deliver::journal::{Event, Journal};
use crate::deliver::kept_case;
use crate::escalate::customer_update::CustomerUpdate;
use crate::escalate::plain_text::{inline, one_line};
use crate::escalate::progress::Recorded;
use crate::escalate::{Policy, Progress};
use crate::model::{Case, CaseId, Sha256Digest};

/// Longest note in a journal.
const NOTE: usize = 1000;

/// The event: a note stands in the ticket.
const NOTE_SAID: &str = "note-said";

/// Adds a note, or writes the message to the customer
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Which case
    #[command(flatten)]
    pub case: CaseArgs,
    /// What is new
    #[arg(long, value_name = "TEXT")]
    pub text: String,
    /// Print the message to the customer: what is known, and when they hear from us again
    #[arg(long)]
    pub customer: bool,
    /// The message went out; record it, which starts the time to the next one
    #[arg(long, requires = "customer")]
    pub sent: bool,
    /// The policy (TOML), whose names stay out of the message, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// Runs the verb.
pub(super) fn run(args: &UpdateArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    if says_nothing(&args.text) {
        return Err(Failure::new(Exit::Usage, "`--text` says nothing").hint("say in a sentence what is known"));
    }
    let (desk, now) = (Desk::of(world)?, (world.now)());
    let policy = policy_in_force(args.policy.as_deref())?;
    let (mut journal, progress) = desk.unresolved(&args.case.case_id)?;
    let by = |event: Event| match &world.agent {
        Some(agent) => event.with("agent", agent),
        None => event,
    };
    if !args.customer {
        let text = one_line(&args.text, NOTE);
        // A note that did not reach the ticket is not written down a second time by the command that brings it there.
        let owed = journal.last_of(&["note", NOTE_SAID], &Event::new("").with("text", &text)) == Some("note");
        if !owed {
            journal.append(now, by(Event::new("note").with("text", &text))).map_err(|e| journal_failed(&e, false))?;
        }
        let said = say_in_ticket(args, &text, &policy, &progress, &mut journal, world);
        tell_recorded(&args.case, &journal, now, world)?;
        let Err(e) = said else { return Ok(Exit::Done) };
        writeln!(world.talk, "remark: the note is in the journal; the ticket does not have it yet: {}", e.error)
            .map_err(output_failed)?;
        writeln!(world.talk, "hint: the same command goes on").map_err(output_failed)?;
        return Ok(Exit::Partial);
    }
    let case = kept_case::kept(&desk.cases(), &args.case.case_id).ok().flatten();
    // What is said now is followed by the next message a full interval later.
    let next = progress.update_every.and_then(|every| now.checked_add(every).ok());
    let message = message(&args.case.case_id, &progress, case.as_ref(), &policy, &args.text, next, false)?;
    let channel = progress.channel.as_deref().unwrap_or("not given");
    if args.sent {
        let digest = Sha256Digest(Sha256::digest(&message).into());
        let event = Event::new("customer-updated").with("message_digest", digest).with("channel", channel);
        journal.append(now, by(event)).map_err(|e| journal_failed(&e, false))?;
    }
    let told = if args.case.json {
        let document = json!({
            "schema": "casefile-customer-update/1",
            "case_id": args.case.case_id,
            "channel": channel,
            "message": message,
            "next_update": next.map(|at| at.to_string()),
            "recorded": args.sent,
            "journal_head": journal.head(),
        });
        print_json(&document, world.out)
    } else {
        world.out.write_all(message.as_bytes())
    };
    told.map_err(output_failed)?;
    let say = if args.sent {
        format!("recorded; journal line {}, head {}", journal.head().seq, journal.head().hash)
    } else {
        format!("send it by {channel}, then run the same command with --sent; nothing was recorded")
    };
    writeln!(world.talk, "{say}").map_err(output_failed)?;
    Ok(Exit::Done)
}

/// The note as a comment of the ticket, for those who read only that.
fn say_in_ticket(
    args: &UpdateArgs,
    text: &str,
    policy: &Policy,
    progress: &Progress,
    journal: &mut Journal,
    world: &World<'_>,
) -> Result<(), Failure> {
    if progress.ticket.is_none() {
        return Ok(());
    }
    let (system, ticket) = ticket_system::of_case(&args.case.case_id, progress, policy, &Desk::of(world)?, world)?;
    // The same words said another day are another comment; the same note brought there later is the same.
    let is_it = |line: &&Recorded| line.event == "note" && line.facts.get("text").is_some_and(|noted| noted == text);
    let times = journal.recorded().iter().filter(is_it).count();
    let name = Sha256Digest(Sha256::digest(text).into()).to_string();
    system
        .comment(&ticket, &format!("note-{}-{times}", &name[..12]), &format!("{}\n", inline(text, NOTE)))
        .map_err(|e| Failure::new(Exit::Partial, e.to_string()))?;
    let event = Event::new(NOTE_SAID).with("text", text);
    journal.append((world.now)(), event).map(drop).map_err(|e| journal_failed(&e, true))
}

/// The message to the customer, without a name or a link of ours.
pub(super) fn message(
    case_id: &CaseId,
    progress: &Progress,
    case: Option<&Case>,
    policy: &Policy,
    text: &str,
    next_update: Option<Timestamp>,
    resolved: bool,
) -> Result<String, Failure> {
    let update = CustomerUpdate {
        case_id: case_id.as_str(),
        summary: case.and_then(|case| case.summary.as_ref()).map(|fact| fact.value.as_str()),
        known: text,
        acknowledged: progress.has_it().is_some(),
        next_update,
        zone: progress.customer_zone.as_deref(),
        resolved,
    };
    let mut ours: Vec<&str> = progress.taken.iter().map(|taken| taken.by.as_str()).collect();
    ours.extend(progress.levels.targets.iter().flatten().map(String::as_str));
    ours.extend(policy.contacts.iter().filter_map(|contact| contact.name.as_deref()));
    ours.extend(progress.ticket.as_ref().map(|ticket| ticket.location.as_str()));
    update
        .write(&ours)
        .map_err(|e| Failure::new(Exit::No, e.to_string()).hint("say it without; the customer knows the case's number"))
}
