//! `casefile escalate open`: decides on the severity, writes the ticket and hands the case over.

use std::path::PathBuf;

use clap::Args;

use super::World;
use super::failure::{Failure, journal_failed, no_state_dir, output_failed};
use super::inputs::{parsed, policy_in_force, the_case};
use super::opened_text::{dry_json, handed_json, print_handed};
use super::print_json;
use super::refusals::{refused, stopped};
use crate::checklist::Checklist;
use crate::cli::exit::Exit;
use crate::deliver::handover::{Request, carry_out, prepare};
use crate::deliver::http::HttpClient;
use crate::deliver::journal::Journal;
use crate::deliver::outbox::Outbox;
use crate::deliver::secrets::{Environment, Secret};
use crate::deliver::{DeliverError, TicketSystem, tickets};
use crate::escalate::TicketTemplate;
use crate::escalate::ticket_systems::TicketSystemEntry;
use crate::model::case::GivenBy;
use crate::model::{Severity, case_file};

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

/// Runs the verb.
pub(super) fn run(args: &OpenArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
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
    let system: Box<dyn TicketSystem> = match (&args.outbox, policy.ticket_system_in_force()) {
        (Some(folder), _) => Box::new(Outbox::new(folder)),
        (None, Some((name, entry))) => ticket_system(name, entry, world.environment)?,
        (None, None) => Box::new(Outbox::new(state()?.join("outbox"))),
    };
    let mut journal = Journal::open(&state()?.join("journal"), &case.case_id).map_err(|e| journal_failed(&e, false))?;
    let handed = carry_out(&prepared, &*system, &mut journal, world.now).map_err(|e| stopped(&e))?;
    let told = if args.json {
        print_json(&handed_json(&prepared, &handed), world.out)
    } else {
        print_handed(&prepared, &handed, journal.path(), world.out)
    };
    let exit = if handed.remarks.is_empty() { Exit::Done } else { Exit::Partial };
    told.map(|()| exit).map_err(output_failed)
}

/// The ticket system that the policy names.
fn ticket_system(
    name: &str,
    entry: &TicketSystemEntry,
    environment: Environment<'_>,
) -> Result<Box<dyn TicketSystem>, Failure> {
    let token = Secret::read(&entry.token, environment).map_err(|e| {
        Failure::new(Exit::Usage, format!("the token of the ticket system {name}: {e}"))
            .hint("put it where the policy says, or change `token` in the policy")
    })?;
    let failed = |e: DeliverError| Failure::new(Exit::LocalFailure, e.to_string());
    let http = HttpClient::new(&[]).map_err(|e| failed(e.into()))?;
    tickets::connect(name, entry, token, http).map_err(failed)
}

fn severity(raw: &str) -> Result<Severity, String> {
    Severity::parse(raw).ok_or_else(|| "a severity is 1, 2, 3 or 4".to_owned())
}
