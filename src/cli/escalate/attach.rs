//! `casefile escalate attach`: a bundle that came after the case was opened.

use std::path::{Path, PathBuf};

use clap::Args;

use super::World;
use super::desk::{CaseArgs, Desk};
use super::failure::{Failure, output_failed};
use super::inputs::policy_in_force;
use super::recorded::tell_recorded;
use super::refusals::{Resume, step_failed};
use super::rehearsal::RehearsalArgs;
use super::store::{self, Carrier};
use super::ticket_system;
use crate::cli::exit::Exit;
use crate::deliver::handover::{Way, attach_later};
use crate::escalate::plain_text::one_line;
use crate::model::{CaseId, Sha256Digest};

/// Brings a bundle to the ticket of a case that is open: attached, or by a link to the policy's upload
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
    let resume = |store| Resume { bundle: Some(&args.bundle), policy: args.policy.as_deref(), store };
    let (system, ticket) = ticket_system::of_case(case_id, &progress, &policy, &desk, world)
        .map_err(|failure| resume(false).kept(failure, case_id))?;
    let carrier = Carrier::new(&policy, &desk, world, args.case.json);
    let put = |path: &Path, case_id: &CaseId, digest: &Sha256Digest| carrier.put(path, case_id, digest);
    let store = store::of_policy(&policy, &put);
    let way = Way { system: &*system, store, addressees: &[], journal: &mut journal, clock: world.now };
    let later = attach_later(case_id, &ticket, &bundle, way)
        .map_err(|e| step_failed(&e, Some(&ticket), case_id, &resume(store.is_some())))?;
    let exit = tell_recorded(&args.case, &journal, (world.now)(), world)?;
    for remark in &later.remarks {
        writeln!(world.talk, "remark: {}", one_line(remark, 400)).map_err(output_failed)?;
    }
    Ok(if later.remarks.is_empty() { exit } else { Exit::Partial })
}
