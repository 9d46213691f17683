//! `casefile escalate ack`: somebody of engineering said that they have it, in a way that no far side can be asked about.

use clap::Args;
use jiff::Timestamp;

use super::World;
use super::desk::{CaseArgs, Desk};
use super::failure::{Failure, journal_failed};
use super::recorded::tell_recorded;
use super::said::{kept, kept_name};
use crate::cli::exit::Exit;
use crate::deliver::journal::Event;
use crate::escalate::progress::people;

/// Longest name in the journal.
const NAME: usize = 120;

/// Records who of engineering has the case
#[derive(Debug, Args)]
pub struct AckArgs {
    /// Which case
    #[command(flatten)]
    pub case: CaseArgs,
    /// Who has it: a person of engineering, not you
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// How they said so: phone, chat, e-mail, in person
    #[arg(long, value_name = "WAY")]
    pub way: String,
    /// When they said so, such as 2026-11-22T03:15:00+01:00 [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
}

/// Runs the verb.
pub(super) fn run(args: &AckArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let (desk, now) = (Desk::of(world)?, (world.now)());
    let (mut journal, progress) = desk.unresolved(&args.case.case_id)?;
    let agents: Vec<&str> = [world.agent.as_deref(), progress.opened_by.as_deref()].into_iter().flatten().collect();
    people::counts(&args.by, &args.way, &agents).map_err(|e| {
        Failure::new(Exit::No, e.to_string()).hint("--by NAME is who of engineering has it, --way is how they said so")
    })?;
    let at = args.at.unwrap_or(now);
    if at > now || at < progress.clock_from {
        return Err(Failure::new(Exit::Usage, format!("{at} is not between the report and now"))
            .hint("give the time with its zone, such as 2026-11-22T03:15:00+01:00"));
    }
    let by = kept_name("--by", &args.by, world.talk)?;
    let way = kept("--way", &args.way, desk.case(&args.case.case_id).ok().as_ref(), world.talk)?;
    let mut event = Event::new("acknowledged").with_person("by", &by, NAME).with_text("way", &way, NAME);
    if let Some(agent) = &world.agent {
        event = event.with_person("said_by", agent, NAME);
    }
    let again = match args.at {
        Some(at) => event.clone().with("acknowledged_at", at),
        None => event.clone(),
    };
    if !journal.said_just_now(&again, now) {
        journal.append(now, event.with("acknowledged_at", at)).map_err(|e| journal_failed(&e, false))?;
    }
    tell_recorded(&args.case, &journal, now, world)
}
