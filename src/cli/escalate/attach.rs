//! `casefile escalate attach`: a bundle that came after the case was opened.

use std::path::PathBuf;

use clap::Args;

use super::World;
use super::desk::{CaseArgs, Desk};
use super::failure::Failure;
use super::inputs::policy_in_force;
use super::recorded::tell_recorded;
use super::refusals::step_failed;
use super::rehearsal::RehearsalArgs;
use super::ticket_system;
use crate::cli::exit::Exit;
use crate::deliver::handover::{Way, attach_later};

/// Attaches a bundle to a case that is open
#[derive(Debug, Args)]
pub struct AttachArgs {
    /// Which case
    #[command(flatten)]
    pub case: CaseArgs,
    /// The bundle, as `collect` wrote it
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// More redaction rules (TOML) for the look at the bundle; repeat for several
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// The secret key that opens an encrypted bundle, a file made by age-keygen
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// The policy (TOML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Only a rehearsal
    #[command(flatten)]
    pub rehearsal: RehearsalArgs,
}

/// Runs the verb.
pub(super) fn run(args: &AttachArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let (desk, case_id) = (Desk::of(world)?, &args.case.case_id);
    let policy = policy_in_force(args.policy.as_deref())?;
    let bundle = (world.load)(&args.bundle)?;
    if bundle.case.case_id != *case_id {
        return Err(Failure::new(Exit::Usage, format!("the bundle is about {}, not {case_id}", bundle.case.case_id))
            .hint("a bundle of the same case is made with `casefile collect --case-id`"));
    }
    let (mut journal, progress) = desk.unresolved(case_id)?;
    let (system, ticket) = ticket_system::of_case(case_id, &progress, &policy, &desk, world)?;
    let way = Way { system: &*system, addressees: &[], journal: &mut journal, clock: world.now };
    attach_later(case_id, &ticket, &bundle, way).map_err(|e| step_failed(&e, Some(&ticket)))?;
    tell_recorded(&args.case, &journal, (world.now)(), world)
}
