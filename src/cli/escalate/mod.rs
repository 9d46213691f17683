//! `casefile escalate`: hands a case over to engineering.

mod failure;
mod inputs;
pub mod open;
mod opened_text;
pub mod policy;
mod refusals;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;

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
    /// Read the policy: severities, targets, hours, queues, contacts, on-call
    Policy(PolicyArgs),
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
    /// The environment, for tokens.
    pub environment: Environment<'a>,
    /// Where data goes.
    pub out: &'a mut dyn Write,
    /// Where talk goes.
    pub talk: &'a mut dyn Write,
}

/// Runs the verb.
pub fn run(args: &EscalateArgs, world: &mut World<'_>) -> Exit {
    let (result, json) = match &args.command {
        EscalateCommand::Open(open) => (open::run(open, world), open.json),
        EscalateCommand::Policy(policy) => (run_policy(policy, world), false),
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
mod tests;
