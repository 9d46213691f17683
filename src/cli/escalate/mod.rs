//! `casefile escalate`: hands a case over to engineering.

pub mod access;
pub mod ack;
pub mod attach;
pub mod callees;
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
mod purge;
mod recorded;
mod refusals;
pub mod resolve;
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
use inputs::policy_in_force;
use open::OpenArgs;
use policy::PolicyArgs;

use super::exit::Exit;
use crate::deliver::handover::BundleFacts;
use crate::deliver::secrets::Environment;

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

/// Runs the verb.
pub fn run(args: &EscalateArgs, world: &mut World<'_>) -> Exit {
    use EscalateCommand as Verb;
    let (result, json) = match &args.command {
        Verb::Open(open) => (open::run(open, world), open.json),
        Verb::Status(status) => (status::run(status, world), status.case.json),
        Verb::List(list) => (list::run(list, world), list.json),
        Verb::Ack(ack) => (ack::run(ack, world), ack.case.json),
        Verb::Update(update) => (update::run(update, world), update.case.json),
        Verb::Severity(severity) => (severity::run(severity, world), severity.case.json),
        Verb::Attach(attach) => (attach::run(attach, world), attach.case.json),
        Verb::Access(access) => (access::run(access, world), access.verb.case().json),
        Verb::Watch(watch) => (watch::run(watch, world), false),
        Verb::Resolve(resolve) => (resolve::run(resolve, world), resolve.case.json),
        Verb::Journal(journal) => (journal::run(journal, world), journal.json()),
        Verb::Purge(purge) => (purge::run(purge, world), purge.json),
        Verb::Policy(policy) => (run_policy(policy, world), false),
        Verb::Drop(args) => (drop::run(args, world), args.json()),
    };
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            // A terminal that is gone cannot be told so.
            drop(failure::tell(&failure, world.talk));
            if json {
                drop(print_json(&failure::in_json(&failure), world.out));
            }
            failure.exit
        }
    }
}

fn run_policy(args: &PolicyArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let policy = policy_in_force(args.policy.as_deref())?;
    policy::run(args, &policy, (world.now)(), world.out, world.talk).map_err(output_failed)
}

fn print_json(document: &Value, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{document:#}")
}

#[cfg(test)]
mod case_tests;
#[cfg(test)]
mod tests;
