//! `casefile escalate`: hands a case over to engineering.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::exit::Exit;
use super::message::{Message, plain};
use super::policy::{self, PolicyArgs};
use super::verify_text::{WIDTH, message_to_customer, render_missing};
use crate::checklist::{Checklist, ItemResult};
use crate::deliver::handover::{
    BundleFacts, Handed, Prepared, Refusal, Request, StepError, Stopped, carry_out, prepare,
};
use crate::deliver::journal::{Journal, JournalError};
use crate::deliver::outbox::Outbox;
use crate::deliver::{Attached, DeliverError};
use crate::escalate::plain_text::one_line;
use crate::escalate::targets::in_words;
use crate::escalate::{Policy, TicketTemplate};
use crate::model::case::GivenBy;
use crate::model::config::MAX_CONFIG_BYTES;
use crate::model::{Case, CaseId, ConfigError, Severity, case_file};

/// Hand a case over to engineering
#[derive(Debug, Args)]
pub struct EscalateArgs {
    /// What to do
    #[command(subcommand)]
    pub command: EscalateCommand,
}

/// What to do about an escalation.
#[derive(Debug, Subcommand)]
pub enum EscalateCommand {
    /// Open the ticket: severity from the facts, text from the template, bundle attached
    Open(OpenArgs),
    /// Read the policy: severities, targets, hours, queues, contacts, on-call
    Policy(PolicyArgs),
}

/// Opens the ticket of a case
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The bundle, as `collect` wrote it
    #[arg(value_name = "BUNDLE", required_unless_present = "without_bundle")]
    pub bundle: Option<PathBuf>,
    /// Open the ticket without a bundle; the facts come from --case, which then names its case_id
    #[arg(long, conflicts_with = "bundle", requires = "case")]
    pub without_bundle: bool,
    /// Your facts about the case (TOML), laid over the customer's
    #[arg(long, value_name = "FILE")]
    pub case: Option<PathBuf>,
    /// Severities, targets and queues (TOML) instead of the built-in policy
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What a handoff needs (TOML) instead of the built-in checklist
    #[arg(long, value_name = "FILE")]
    pub checklist: Option<PathBuf>,
    /// The ticket's text below its first two lines (Jinja) instead of the built-in template
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// More redaction rules (TOML) for the look at the bundle; repeat for several
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// The secret key that opens an encrypted bundle, a file made by age-keygen
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// The folder that gets the ticket [default: `outbox` in this account's state folder]
    #[arg(long, value_name = "DIR")]
    pub outbox: Option<PathBuf>,
    /// A severity other than the facts give: 1 to 4
    #[arg(long, value_name = "N", value_parser = severity)]
    pub severity: Option<Severity>,
    /// Why it is another than the facts give; stands in the ticket and in the journal
    #[arg(long, value_name = "TEXT", requires = "severity")]
    pub severity_reason: Option<String>,
    /// Hand over although the checklist is not met, for this reason; it stands in the ticket and in the journal
    #[arg(long, value_name = "REASON")]
    pub override_checklist: Option<String>,
    /// Print the ticket; write and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

fn severity(raw: &str) -> Result<Severity, String> {
    Severity::parse(raw).ok_or_else(|| "a severity is 1, 2, 3 or 4".to_owned())
}

/// What the verb needs of the world around it.
pub struct World<'a> {
    /// Reads and verifies a bundle.
    pub load: &'a dyn Fn(&Path) -> Result<BundleFacts, Failure>,
    /// The clock.
    pub now: &'a dyn Fn() -> Timestamp,
    /// The folder of what we remember between runs.
    pub state_dir: Option<PathBuf>,
    /// Who is at the keyboard, for the journal.
    pub agent: Option<String>,
    /// Where data goes.
    pub out: &'a mut dyn Write,
    /// Where talk goes.
    pub talk: &'a mut dyn Write,
}

/// A run that ends here, and what to tell about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How it ends.
    pub exit: Exit,
    /// What happened: one line, lower case.
    pub error: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// More lines, such as what is missing.
    pub detail: String,
}

impl Failure {
    /// A failure without a hint.
    #[must_use]
    pub fn new(exit: Exit, error: impl Into<String>) -> Self {
        Self { exit, error: error.into(), hint: None, detail: String::new() }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ConfigError> for Failure {
    fn from(e: ConfigError) -> Self {
        Self { hint: e.mend.clone(), ..Self::new(Exit::Usage, e.to_string()) }
    }
}

impl From<Message> for Failure {
    fn from(message: Message) -> Self {
        let (exit, text, hint) = message.into_parts();
        Self { hint, ..Self::new(exit, text) }
    }
}

/// Runs the verb.
pub fn run(args: &EscalateArgs, world: &mut World<'_>) -> Exit {
    let (result, json) = match &args.command {
        EscalateCommand::Open(open) => (run_open(open, world), open.json),
        EscalateCommand::Policy(policy) => (run_policy(policy, world), false),
    };
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            // A terminal that is gone cannot be told so.
            drop(tell(&failure, world.talk));
            if json {
                drop(print_json(&refusal_json(&failure), world.out));
            }
            failure.exit
        }
    }
}

fn run_policy(args: &PolicyArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let policy = policy_in_force(args.policy.as_deref())?;
    policy::run(args, &policy, (world.now)(), world.out, world.talk).map_err(output_failed)
}

fn policy_in_force(named: Option<&Path>) -> Result<Policy, Failure> {
    named.map_or_else(|| Ok(Policy::builtin()), |path| parsed(path, Policy::parse))
}

fn run_open(args: &OpenArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let policy = policy_in_force(args.policy.as_deref())?;
    let checklist =
        args.checklist.as_deref().map_or_else(|| Ok(Checklist::builtin()), |path| parsed(path, Checklist::parse))?;
    let template = args
        .template
        .as_deref()
        .map_or_else(|| Ok(TicketTemplate::builtin()), |path| parsed(path, TicketTemplate::parse))?;
    let agents =
        args.case.as_deref().map(|path| parsed(path, |f, t| case_file::parse(f, t, GivenBy::Agent))).transpose()?;
    let bundle = args.bundle.as_deref().map(world.load).transpose()?;
    let case = the_case(bundle.as_ref(), agents)?;
    let request = Request {
        case: &case,
        bundle: bundle.as_ref(),
        policy: &policy,
        checklist: &checklist,
        template: &template,
        severity: args.severity,
        severity_reason: args.severity_reason.as_deref(),
        override_checklist: args.override_checklist.as_deref(),
        agent: world.agent.as_deref(),
        now: (world.now)(),
    };
    let prepared = prepare(&request).map_err(|refusal| refused(refusal, &case.case_id))?;
    if args.dry_run {
        let told = if args.json {
            print_json(&dry_json(&prepared), world.out)
        } else {
            world.out.write_all(prepared.ticket.body.as_bytes())
        };
        return told.map(|()| Exit::Done).map_err(output_failed);
    }
    let state = || world.state_dir.clone().ok_or_else(no_state_dir);
    let outbox = match &args.outbox {
        Some(folder) => Outbox::new(folder),
        None => Outbox::new(state()?.join("outbox")),
    };
    let mut journal = Journal::open(&state()?.join("journal"), &case.case_id).map_err(|e| journal_failed(&e, false))?;
    let handed = carry_out(&prepared, &outbox, &mut journal, world.now).map_err(|e| stopped(&e))?;
    let told = if args.json {
        print_json(&handed_json(&prepared, &handed), world.out)
    } else {
        print_handed(&prepared, &handed, journal.path(), world.out)
    };
    told.map(|()| Exit::Done).map_err(output_failed)
}

/// Reads a file that somebody wrote and parses it under its name.
fn parsed<T>(path: &Path, parse: impl FnOnce(&str, &str) -> Result<T, ConfigError>) -> Result<T, Failure> {
    let name = path.display().to_string();
    let unreadable = |why: String| {
        Failure::new(Exit::Usage, format!("cannot read {name}: {why}")).hint("check the path and who may read it")
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| unreadable(plain(&e)))?;
    if bytes.len() as u64 > MAX_CONFIG_BYTES {
        return Err(unreadable(format!("it is longer than {MAX_CONFIG_BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
    Ok(parse(&name, &text)?)
}

/// The customer's facts under the agent's.
fn the_case(bundle: Option<&BundleFacts>, agents: Option<case_file::ReadCase>) -> Result<Case, Failure> {
    match (bundle, agents) {
        (Some(bundle), None) => Ok(bundle.case.clone()),
        (Some(bundle), Some(agents)) => match agents.case_id {
            Some(other) if other != bundle.case.case_id => Err(Failure::new(
                Exit::Usage,
                format!("the case file is about {other}, the bundle about {}", bundle.case.case_id),
            )
            .hint("take the case file of this case, or leave its case_id out")),
            _ => Ok(bundle.case.clone().overlaid_by(agents.case)),
        },
        (None, Some(case_file::ReadCase { case_id: Some(case_id), case })) => Ok(Case { case_id, ..case }),
        // An id that is made up here would be another one when the command is repeated, and so would the ticket.
        (None, _) => Err(Failure::new(Exit::Usage, "without a bundle nothing says which case this is").hint(
            match new_case_id() {
                Some(id) => format!("write case_id = \"{id}\" in the file that --case names, and keep it there"),
                None => "write a case_id in the file that --case names".to_owned(),
            },
        )),
    }
}

fn new_case_id() -> Option<CaseId> {
    let mut random = [0; 7];
    getrandom::fill(&mut random).ok()?;
    Some(CaseId::from_random(random))
}

fn refused(refusal: Refusal, case_id: &CaseId) -> Failure {
    let error = refusal.to_string();
    match refusal {
        Refusal::Template(e) => e.into(),
        Refusal::NoDueTime(_) => {
            Failure::new(Exit::Usage, error).hint("give that calendar of the policy more hours, or fewer holidays")
        }
        Refusal::ReasonSaysNothing { .. } => {
            Failure::new(Exit::Usage, error).hint("say in a few words why; it stands in the ticket and in the journal")
        }
        Refusal::SeverityContradicted(_) => {
            Failure::new(Exit::No, error).hint("say why with --severity-reason TEXT, or leave --severity out")
        }
        Refusal::ImpactUnknown { items, .. } => Failure {
            detail: missing(case_id, &items),
            ..Failure::new(Exit::No, error).hint(
                "give it in a case file under [impact] and pass it with --case; it makes the ticket's first two lines",
            )
        },
        Refusal::ChecklistNotMet { items, .. } => Failure {
            detail: missing(case_id, &items),
            ..Failure::new(Exit::No, error)
                .hint("add what is missing with --case FILE or a new bundle, or pass --override-checklist REASON")
        },
    }
}

/// What is missing, and the one message that asks for it.
fn missing(case_id: &CaseId, items: &[ItemResult]) -> String {
    let message = message_to_customer(case_id, items)
        .map_or_else(String::new, |message| format!("\nmessage to the customer:\n\n{message}"));
    format!("{}{message}", render_missing(items, WIDTH))
}

fn stopped(stopped: &Stopped) -> Failure {
    let failure = match &*stopped.source {
        StepError::Journal(e) => journal_failed(e, stopped.ticket.is_some()),
        StepError::Deliver(e) => {
            let hint = match e {
                DeliverError::DigestMismatch { .. } => {
                    "the ticket says that the bundle is incomplete; restore the file and run the same command again"
                }
                DeliverError::Http(_) => {
                    "check the network and the address in the policy, then run the same command again"
                }
                DeliverError::Refused { .. } => {
                    "mend what it names there or in the policy, then run the same command again"
                }
                DeliverError::Busy(_) => "wait until it is done and run the same command again",
                DeliverError::DamagedRecord { .. } => "look at the file; move it away to make the ticket anew",
                DeliverError::Io { .. } => {
                    "check the outbox folder and its free space, then run the same command again"
                }
            };
            let exit = if stopped.ticket.is_some() { Exit::Partial } else { Exit::LocalFailure };
            Failure::new(exit, e.to_string()).hint(hint)
        }
    };
    match &stopped.ticket {
        Some(ticket) => Failure { detail: format!("the ticket is made: {}\n", ticket.location), ..failure },
        None => failure,
    }
}

fn journal_failed(e: &JournalError, ticket_made: bool) -> Failure {
    let failure = |exit, hint: &str| Failure::new(exit, e.to_string()).hint(hint);
    let exit = if ticket_made { Exit::Partial } else { Exit::LocalFailure };
    match e {
        JournalError::Broken { .. } => {
            failure(Exit::Damaged, "nothing goes out on a changed journal; keep the file and find out who changed it")
        }
        JournalError::Busy(_) => failure(exit, "wait until it is done and run the same command again"),
        JournalError::Io { .. } => {
            failure(exit, "check the folder and its free space, then run the same command again")
        }
    }
}

fn no_state_dir() -> Failure {
    Failure::new(Exit::LocalFailure, "this account has no folder for the journal").hint("set HOME, or XDG_STATE_HOME")
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn output_failed(e: io::Error) -> Failure {
    Failure::new(Exit::LocalFailure, format!("cannot write the output: {e}"))
}

fn tell(failure: &Failure, to: &mut dyn Write) -> io::Result<()> {
    // A path or a cause may hold anything; a message is one line.
    const LONGEST: usize = 1000;
    writeln!(to, "error: {}", one_line(&failure.error, LONGEST))?;
    to.write_all(failure.detail.as_bytes())?;
    match &failure.hint {
        Some(hint) => writeln!(to, "hint: {}", one_line(hint, LONGEST)),
        None => Ok(()),
    }
}

fn print_handed(prepared: &Prepared, handed: &Handed, journal: &Path, to: &mut dyn Write) -> io::Result<()> {
    let Handed { ticket, already, attached, head } = handed;
    let made = if *already { " (was there before; its text is as it was first made)" } else { "" };
    writeln!(to, "ticket    {}{made}", ticket.location)?;
    writeln!(to, "queue     {}", prepared.ticket.queue)?;
    writeln!(to, "severity  {}; {}", prepared.decided.severity, prepared.decided.by_facts.reason)?;
    for unknown in &prepared.decided.by_facts.unknowns {
        writeln!(to, "unknown   {unknown}")?;
    }
    for (name, due) in [("answer", &prepared.targets.respond), ("escalate", &prepared.targets.escalate)] {
        match due {
            Some(due) => {
                let missed = due.missed_by.map_or_else(String::new, |by| format!("; missed by {}", in_words(by)));
                writeln!(to, "{name:<9} due {} ({}){missed}", due.at, due.counted)?;
            }
            None => writeln!(to, "{name:<9} due none")?,
        }
    }
    if let Some(why) = &prepared.desk_closed {
        writeln!(to, "desk      closed ({why})")?;
    }
    match attached {
        Some(Attached { name, size, digest, .. }) => {
            writeln!(to, "bundle    {name}, {size} bytes, read back: {digest}")?;
        }
        None => writeln!(to, "bundle    none")?,
    }
    for item in prepared.evaluation.missing() {
        writeln!(to, "owed      {}: {}", item.id, one_line(item.missing().unwrap_or_default(), 300))?;
    }
    writeln!(to, "journal   {}, line {}, head {}", journal.display(), head.seq, head.hash)
}

fn print_json(document: &Value, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{document:#}")
}

fn common_json(prepared: &Prepared) -> Value {
    let due = |due: &Option<crate::escalate::Due>| {
        due.as_ref().map(|due| {
            json!({
                "at": due.at.to_string(),
                "counted": due.counted,
                "missed_by_seconds": due.missed_by.map(|by| by.as_secs()),
            })
        })
    };
    let Prepared { ticket, decided, evaluation, targets, .. } = prepared;
    let owed: Vec<Value> =
        evaluation.missing().map(|item| json!({ "id": item.id, "missing": item.missing() })).collect();
    json!({
        "schema": "casefile-escalation/1",
        "case_id": ticket.case_id,
        "severity": decided.severity.to_string(),
        "severity_by_facts": decided.by_facts.severity.to_string(),
        "severity_reason": decided.by_facts.reason,
        "severity_unknowns": decided.by_facts.unknowns,
        "severity_override_reason": decided.override_reason,
        "queue": ticket.queue,
        "title": ticket.title,
        "outside_business_hours": prepared.desk_closed.is_some(),
        "targets": {
            "from": targets.from.to_string(),
            "escalate": due(&targets.escalate),
            "respond": due(&targets.respond),
        },
        "owed": owed,
    })
}

fn handed_json(prepared: &Prepared, handed: &Handed) -> Value {
    let mut document = common_json(prepared);
    document["ticket"] = json!(handed.ticket);
    document["ticket_was_there"] = json!(handed.already);
    document["attached"] = json!(handed.attached);
    document["journal_head"] = json!(handed.head);
    document
}

fn dry_json(prepared: &Prepared) -> Value {
    let mut document = common_json(prepared);
    document["body"] = json!(prepared.ticket.body);
    document
}

fn refusal_json(failure: &Failure) -> Value {
    json!({
        "schema": "casefile-escalation/1",
        "error": failure.error,
        "hint": failure.hint,
        "detail": failure.detail,
        "exit": failure.exit as u8,
    })
}

#[cfg(test)]
#[path = "escalate_tests.rs"]
mod tests;
