//! `casefile escalate`: hands a case over to engineering.

pub mod access;
pub mod ack;
pub mod attach;
pub mod callees;
mod calls;
pub mod desk;
mod drop;
mod failure;
mod inputs;
pub mod journal;
pub mod list;
pub mod open;
mod opened_text;
pub mod policy;
pub mod policy_callees;
mod policy_explain;
mod purge;
mod recorded;
mod refusals;
pub mod rehearsal;
pub mod resolve;
mod said;
pub mod severity;
pub mod status;
mod status_text;
mod store;
mod ticket_system;
pub mod timer;
mod told_text;
pub mod update;
pub mod watch;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;

use callees::Callees;
use drop::DropArgs;
pub use failure::Failure;
use failure::output_failed;
use inputs::{policy_in_force, read_schedules};
use open::OpenArgs;
use policy::PolicyArgs;
use rehearsal::Rehearsal;

use super::exit::Exit;
use crate::deliver::handover::BundleFacts;
use crate::deliver::secrets::Environment;
use crate::model::printable::push_json;

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
    /// Say how far a case has come and what is due; exit code 1 if something is overdue
    Status(status::StatusArgs),
    /// List the cases, what is due first on top; exit code 1 if something is overdue
    List(list::ListArgs),
    /// Record who of engineering has it
    Ack(ack::AckArgs),
    /// Add a note, or write the message to the customer with the time of the next one
    Update(update::UpdateArgs),
    /// Change the severity: new clocks, the right people, earlier misses kept
    Severity(severity::SeverityArgs),
    /// Attach a bundle that came later
    Attach(attach::AttachArgs),
    /// Record additional access to the customer's system: asked for, allowed, used, taken back
    Access(access::AccessArgs),
    /// Ask for acknowledgements and call the next level in time
    Watch(watch::WatchArgs),
    /// End a case: its pages, its ticket, its clocks
    Resolve(resolve::ResolveArgs),
    /// Check or print the record of a case
    Journal(journal::JournalArgs),
    /// Remove what this machine keeps of a resolved case
    Purge(desk::CaseArgs),
    /// Read the policy: severities, targets, hours, queues, contacts, on-call
    Policy(PolicyArgs),
    /// Let a customer send a bundle by a link: one case, one file, until a day
    Drop(DropArgs),
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
    /// The rehearsal, where nothing is to go out.
    pub rehearsal: Option<&'a Rehearsal>,
    /// Who is told, and how.
    pub callees: &'a dyn Callees,
    /// Set when somebody interrupts; an upload then stops within a second.
    pub cancelled: &'a AtomicBool,
    /// Waits; false where somebody interrupted it.
    pub pause: &'a dyn Fn(Duration) -> bool,
    /// The environment, for tokens.
    pub environment: Environment<'a>,
    /// Where data goes.
    pub out: &'a mut dyn Write,
    /// Where talk goes.
    pub talk: &'a mut dyn Write,
}

impl EscalateArgs {
    /// The folder of a rehearsal, where one is asked for.
    #[must_use]
    pub fn rehearsal(&self) -> Option<&Path> {
        use EscalateCommand as Verb;
        match &self.command {
            Verb::Open(open) => open.dry_run.as_ref()?.as_deref(),
            Verb::Severity(severity) => severity.rehearsal.folder.as_deref(),
            Verb::Attach(attach) => attach.rehearsal.folder.as_deref(),
            Verb::Resolve(resolve) => resolve.rehearsal.folder.as_deref(),
            Verb::Watch(watch) => watch.rehearsal.folder.as_deref(),
            _ => None,
        }
    }

    /// Whether one JSON document is asked for.
    fn json(&self) -> bool {
        use EscalateCommand as Verb;
        match &self.command {
            Verb::Open(open) => open.json,
            Verb::Status(status) => status.case.json,
            Verb::List(list) => list.json,
            Verb::Ack(ack) => ack.case.json,
            Verb::Update(update) => update.case.json,
            Verb::Severity(severity) => severity.case.json,
            Verb::Attach(attach) => attach.case.json,
            Verb::Access(access) => access.verb.case().json,
            Verb::Resolve(resolve) => resolve.case.json,
            Verb::Journal(journal) => journal.json(),
            Verb::Purge(purge) => purge.json,
            Verb::Drop(args) => args.json(),
            Verb::Watch(_) | Verb::Policy(_) => false,
        }
    }
}

/// Runs the verb.
pub fn run(args: &EscalateArgs, world: &mut World<'_>) -> Exit {
    let result = match world.rehearsal {
        None => dispatch(args, world),
        Some(rehearsal) => rehearse(rehearsal, args, world),
    };
    result.unwrap_or_else(|failure| end(&failure, args, world.out, world.talk))
}

/// Tells a failure that ends the run, and how it ends.
pub fn end(failure: &Failure, args: &EscalateArgs, out: &mut dyn Write, talk: &mut dyn Write) -> Exit {
    // A terminal that is gone cannot be told so.
    drop(failure::tell(failure, talk));
    if args.json() {
        drop(print_json(&failure::in_json(failure), out));
    }
    failure.exit
}

/// Runs the verb in a rehearsal. What it prints of itself is left out: it would say that things were done.
fn rehearse(rehearsal: &Rehearsal, args: &EscalateArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let mut said = Vec::new();
    let result = {
        let (state_dir, agent) = (world.state_dir.clone(), world.agent.clone());
        dispatch(args, &mut World { out: &mut said, talk: &mut *world.talk, state_dir, agent, ..*world })
    };
    // With JSON there is one document: that of the failure, where there is one.
    let told = if args.json() && result.is_err() { Ok(()) } else { rehearsal.tell(args.json(), world) };
    result.and_then(|exit| told.map(|()| exit))
}

fn dispatch(args: &EscalateArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    use EscalateCommand as Verb;
    match &args.command {
        Verb::Open(open) => open::run(open, world),
        Verb::Status(status) => status::run(status, world),
        Verb::List(list) => list::run(list, world),
        Verb::Ack(ack) => ack::run(ack, world),
        Verb::Update(update) => update::run(update, world),
        Verb::Severity(severity) => severity::run(severity, world),
        Verb::Attach(attach) => attach::run(attach, world),
        Verb::Access(access) => access::run(access, world),
        Verb::Watch(watch) => watch::run(watch, world),
        Verb::Resolve(resolve) => resolve::run(resolve, world),
        Verb::Journal(journal) => journal::run(journal, world),
        Verb::Purge(purge) => purge::run(purge, world),
        Verb::Policy(policy) => run_policy(policy, world),
        Verb::Drop(args) => drop::run(args, world),
    }
}

fn run_policy(args: &PolicyArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let mut policy = policy_in_force(args.policy.as_deref())?;
    if args.reads_schedules() {
        read_schedules(&mut policy, args.policy.as_deref())?;
    }
    policy::run(args, &policy, (world.now)(), world.out, world.talk).map_err(output_failed)
}

fn print_json(document: &Value, to: &mut dyn Write) -> io::Result<()> {
    // What it holds comes from journals, tickets and far sides.
    let mut text = String::new();
    push_json(&mut text, &format!("{document:#}"));
    writeln!(to, "{text}")
}

#[cfg(test)]
mod case_tests;
#[cfg(test)]
mod rehearsal_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod track_tests;
