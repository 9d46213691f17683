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
use super::said::{kept, kept_name};
use super::ticket_system;
use crate::checklist::says_nothing;
use crate::cli::exit::Exit;
use crate::deliver::journal::{Event, Journal};
use crate::deliver::kept_case;
use crate::escalate::customer_update::{CustomerUpdate, NotForCustomers};
use crate::escalate::plain_text::{inline, one_line};
use crate::escalate::progress::people;
use crate::escalate::{Policy, Progress};
use crate::model::{Case, CaseId, Sha256Digest};

/// Longest note in a journal.
const NOTE: usize = 1000;

/// The event: a note stands in the ticket.
const NOTE_SAID: &str = "note-said";

/// Longest name in a journal.
const NAME: usize = 120;

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
    /// Who of engineering gave the time of repair that the text names; without a name such a text is refused
    #[arg(long, value_name = "NAME", requires = "customer")]
    pub estimate_by: Option<String>,
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
    let agent = world.agent.clone();
    let by = |event: Event| event.by_agent(agent.as_deref(), NAME);
    if !args.customer {
        let case = desk.case(&args.case.case_id).ok();
        let text = kept("--text", &args.text, case.as_ref(), world.talk)?;
        let note = Event::new("note").with_text("text", &text, NOTE);
        let event = by(note.clone());
        // A note that did not reach the ticket is not written down a second time by the command that brings it there.
        let owed = progress.ticket.is_some() && last_said(&journal, &text) == Some("note");
        if !owed && !journal.said_just_now(&event, now) {
            journal.append(now, event).map_err(|e| journal_failed(&e, false))?;
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
    let estimate_by = estimate_by(args, &progress, world)?;
    let about = Told { progress: &progress, case: case.as_ref(), policy: &policy };
    let say = Say { text: &args.text, next_update: next, resolved: false, estimated: estimate_by.is_some() };
    let message = message(&args.case.case_id, &about, &say)?;
    let channel = one_line(progress.channel.as_deref().unwrap_or("not given"), NAME);
    if args.sent {
        let digest = |text: &str| Sha256Digest(Sha256::digest(text).into());
        // The message names the time of the next one, which moves on; the words stay the same.
        let mut event = by(Event::new("customer-updated").with("text_digest", digest(&args.text)));
        if let Some(name) = &estimate_by {
            event = event.with_person("estimate_by", name, NAME);
        }
        if !journal.said_just_now(&event, now) {
            let event = event.with("message_digest", digest(&message)).with("channel", &channel);
            journal.append(now, event).map_err(|e| journal_failed(&e, false))?;
        }
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

/// Whether a note with this text is only noted, or said in the ticket as well.
fn last_said<'a>(journal: &'a Journal, text: &str) -> Option<&'a str> {
    journal.last_of(&["note", NOTE_SAID], &Event::new("").with_text("text", text, NOTE))
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
    let times = journal.count_of(&Event::new("note").with_text("text", text, NOTE));
    let name = Sha256Digest(Sha256::digest(text).into()).to_string();
    system
        .comment(&ticket, &format!("note-{}-{times}", &name[..12]), &format!("{}\n", inline(text, NOTE)))
        .map_err(|e| Failure::new(Exit::Partial, e.to_string()))?;
    if last_said(journal, text) != Some(NOTE_SAID) {
        let event = Event::new(NOTE_SAID).with_text("text", text, NOTE);
        journal.append((world.now)(), event).map_err(|e| journal_failed(&e, true))?;
    }
    Ok(())
}

/// Who of engineering gave a time of repair: a person, and not the agent, who cannot know it.
fn estimate_by(args: &UpdateArgs, progress: &Progress, world: &mut World<'_>) -> Result<Option<String>, Failure> {
    let Some(name) = &args.estimate_by else { return Ok(None) };
    let agents: Vec<&str> = [world.agent.as_deref(), progress.opened_by.as_deref()].into_iter().flatten().collect();
    people::counts(name, "in their words", &agents).map_err(|e| {
        Failure::new(Exit::No, e.to_string()).hint("--estimate-by NAME is who of engineering gave the time of repair")
    })?;
    kept_name("--estimate-by", name, world.talk).map(Some)
}

/// Whom the message is about, and whose names stay out of it.
pub(super) struct Told<'a> {
    pub progress: &'a Progress,
    pub case: Option<&'a Case>,
    pub policy: &'a Policy,
}

/// What the message says.
pub(super) struct Say<'a> {
    pub text: &'a str,
    pub next_update: Option<Timestamp>,
    pub resolved: bool,
    pub estimated: bool,
}

/// The message to the customer, without a name or a link of ours, and without a time of repair that nobody gave.
pub(super) fn message(case_id: &CaseId, about: &Told<'_>, say: &Say<'_>) -> Result<String, Failure> {
    let Told { progress, case, policy } = *about;
    let update = CustomerUpdate {
        case_id: case_id.as_str(),
        summary: case.and_then(|case| case.summary.as_ref()).map(|fact| fact.value.as_str()),
        known: say.text,
        acknowledged: progress.has_it().is_some(),
        next_update: say.next_update,
        zone: progress.customer_zone.as_deref(),
        resolved: say.resolved,
        estimated: say.estimated,
    };
    let mut ours: Vec<&str> = progress.taken.iter().map(|taken| taken.by.as_str()).collect();
    ours.extend(progress.levels.targets.iter().flatten().map(String::as_str));
    ours.extend(policy.contacts.iter().filter_map(|contact| contact.name.as_deref()));
    ours.extend(progress.ticket.as_ref().map(|ticket| ticket.location.as_str()));
    update.write(&ours).map_err(|e| {
        let hint = match &e {
            NotForCustomers::Internal(_) => "say it without; the customer knows the case's number",
            NotForCustomers::Promise(_) => {
                "leave it out, as the time of the next update stands in the message; or say who of engineering gave it with \
                 --estimate-by NAME"
            }
        };
        Failure::new(Exit::No, e.to_string()).hint(hint)
    })
}
