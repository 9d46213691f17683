//! `casefile escalate open`: decides on the severity, writes the ticket and hands the case over.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::World;
use super::callees::{About, Connected};
use super::desk::Desk;
use super::failure::{Failure, journal_failed, output_failed};
use super::inputs::{parsed, policy_in_force, the_case};
use super::opened_text::{dry_json, handed_json, print_handed};
use super::print_json;
use super::refusals::{Resume, refused, stopped};
use super::said::kept_if;
use super::severity::after;
use super::store::{self, Carrier};
use super::ticket_system;
use super::told_text;
use super::watch::is_kept;
use crate::checklist::Checklist;
use crate::cli::exit::Exit;
use crate::deliver::callout::Told;
use crate::deliver::handover::{Request, StepError, Way, carry_out, prepare};
use crate::deliver::{journal, kept_ticket};
use crate::escalate::callout::Levels;
use crate::escalate::plain_text::one_line;
use crate::escalate::{Progress, Ticket, TicketTemplate};
use crate::model::case::GivenBy;
use crate::model::{CaseId, Severity, Sha256Digest, case_file};

/// Longest command that is repeated to people; paths and reasons of a few lines fit.
const LONGEST_COMMAND: usize = 8000;

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
    /// Hand over before the troubleshooting is done, because it cannot wait for this reason; it stands in the ticket and the journal
    #[arg(long, value_name = "REASON")]
    pub time_critical: Option<String>,
    /// Wake somebody also where the policy has no pager for these hours; only for SEV1 and SEV2
    #[arg(long)]
    pub page: bool,
    /// Print the ticket; write and send nothing. With a new folder: write each request, mail and file that would go out to it
    #[arg(long, value_name = "DIR", num_args = 0..=1, value_parser = no_file)]
    pub dry_run: Option<Option<PathBuf>>,
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
    let now = (world.now)();
    // What is kept is what the ticket says too.
    let severity_reason = kept_if("--severity-reason", args.severity_reason.as_deref(), Some(&case), world.talk)?;
    let override_checklist =
        kept_if("--override-checklist", args.override_checklist.as_deref(), Some(&case), world.talk)?;
    let time_critical = kept_if("--time-critical", args.time_critical.as_deref(), Some(&case), world.talk)?;
    let known = world.state_dir.as_ref().and_then(|_| Desk::of(world).ok());
    let before = known.map(|desk| journal::read(&desk.journals(), &case.case_id)).transpose();
    let before = before.map_err(|e| journal_failed(&e, false))?.flatten();
    let progress = before.and_then(|read| Progress::of(&read.lines));
    let request = Request {
        case: &case,
        bundle: bundle.as_ref(),
        policy: &policy,
        checklist: &checklist,
        template: &template,
        severity: args.severity,
        severity_reason: severity_reason.as_deref(),
        override_checklist: override_checklist.as_deref(),
        time_critical: time_critical.as_deref(),
        page: args.page,
        progress: progress.as_ref(),
        agent: world.agent.as_deref(),
        now,
    };
    let mut prepared = prepare(&request).map_err(|refusal| refused(refusal, &case.case_id))?;
    let about = About { case: &case, severity: prepared.decided.severity, policy: &policy, now, page: args.page };
    let called = world.callees.levels(&about)?;
    // Every notice is worded before any is sent: one that may not go out stops the whole.
    let connected = Connected::level(world.callees, &about, called.levels.first().map_or(&[], Vec::as_slice), 1)?;
    prepared.levels = Levels { targets: called.levels.clone(), after: after(&policy, prepared.decided.severity) };
    if matches!(args.dry_run, Some(None)) {
        let told = if args.json {
            print_json(&dry_json(&prepared), world.out)
        } else {
            world.out.write_all(prepared.ticket.body.as_bytes())
        };
        return told.map(|()| Exit::Done).map_err(output_failed);
    }
    let desk = Desk::of(world)?;
    let is_file = args.outbox.is_some() || policy.ticket_system_in_force().is_none();
    let system = ticket_system::for_new_case(args.outbox.as_deref(), &policy, progress.as_ref(), &desk, world)?;
    let mut journal = desk.open_journal(&case.case_id)?;
    desk.keep(&case)?;
    let addressees = connected.addressees();
    let carrier = Carrier::new(&policy, &desk, world, args.json);
    let put = |path: &Path, case_id: &CaseId, digest: &Sha256Digest| carrier.put(path, case_id, digest);
    let store = store::of_policy(&policy, &put);
    let way = Way { system: &*system, store, addressees: &addressees, journal: &mut journal, clock: world.now };
    let handed = match carry_out(&prepared, way) {
        Ok(handed) => handed,
        Err(e) => {
            told_text::print(&e.told, world.talk).map_err(output_failed)?;
            if !is_file && e.ticket.is_none() && world.rehearsal.is_none() && matches!(*e.source, StepError::Deliver(_))
            {
                keep_as_mail(&prepared.ticket, &desk, world.talk).map_err(output_failed)?;
            }
            if told_text::nobody_reached(&e.told) {
                told_text::print_contacts(&policy, told_text::NOBODY_TOLD, world.talk).map_err(output_failed)?;
            }
            let resume =
                Resume { bundle: args.bundle.as_deref(), policy: args.policy.as_deref(), store: store.is_some() };
            return Err(stopped(&e, &case.case_id, &resume, &args.command()));
        }
    };
    if world.rehearsal.is_some() {
        told_text::print_failed(&handed.told, world.talk).map_err(output_failed)?;
    }
    let told = if args.json {
        print_json(&handed_json(&prepared, &handed, &called), world.out)
    } else {
        print_handed(&prepared, &handed, &called, journal.path(), world.out)
    };
    told.map_err(output_failed)?;
    if told_text::nobody_reached(&handed.told) {
        told_text::print_contacts(&policy, told_text::NOBODY_TOLD, world.talk).map_err(output_failed)?;
    }
    if world.rehearsal.is_none() && prepared.has_clocks() && !is_kept(&desk, (world.now)()) {
        let warning = "nothing keeps the clocks of this case: run `casefile escalate watch`, or put its timer in place \
                       (`casefile escalate watch --print-timer systemd`, cron or schtasks)";
        told_text::line("warning:", warning, world.talk).map_err(output_failed)?;
    }
    let asleep = called.nobody_wakes.is_some() && (args.page || prepared.decided.severity == Severity::Sev1);
    if asleep && !told_text::nobody_reached(&handed.told) {
        told_text::print_contacts(&policy, "nobody was woken", world.talk).map_err(output_failed)?;
    }
    let whole = handed.told.iter().all(Told::reached) && handed.remarks.is_empty() && !(args.page && asleep);
    Ok(if whole { Exit::Done } else { Exit::Partial })
}

impl OpenArgs {
    /// The command with these arguments, as a shell takes it.
    fn command(&self) -> String {
        let mut words = vec!["casefile".to_owned(), "escalate".to_owned(), "open".to_owned()];
        words.extend(self.bundle.as_ref().map(|bundle| bundle.display().to_string()));
        let files = [
            ("--case", &self.case),
            ("--policy", &self.policy),
            ("--checklist", &self.checklist),
            ("--template", &self.template),
            ("--identity", &self.identity),
            ("--outbox", &self.outbox),
        ];
        let files = files.into_iter().filter_map(|(flag, file)| Some((flag, file.as_ref()?)));
        for (flag, file) in files.chain(self.rules.iter().map(|file| ("--rules", file))) {
            words.extend([flag.to_owned(), file.display().to_string()]);
        }
        let severity = self.severity.map(|severity| severity.to_string().trim_start_matches("SEV").to_owned());
        let texts = [
            ("--severity", &severity),
            ("--severity-reason", &self.severity_reason),
            ("--override-checklist", &self.override_checklist),
            ("--time-critical", &self.time_critical),
        ];
        for (flag, text) in texts {
            words.extend(text.iter().flat_map(|text| [flag.to_owned(), text.clone()]));
        }
        let switches = [("--without-bundle", self.without_bundle), ("--page", self.page), ("--json", self.json)];
        words.extend(switches.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag.to_owned()));
        let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        one_line(&words.join(" "), LONGEST_COMMAND)
    }
}

/// A word as a shell takes it for one.
fn shell_word(word: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '\\' | ':' | '=' | '+' | ',' | '@' | '%');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The ticket as a mail in the outbox, where its system did not take it: somebody can send it by hand.
fn keep_as_mail(ticket: &Ticket, desk: &Desk<'_>, talk: &mut dyn io::Write) -> io::Result<()> {
    match kept_ticket::keep(&desk.outbox_folder(), ticket) {
        Ok(path) => told_text::line("ticket", &format!("kept as a mail, to be sent by hand: {}", path.display()), talk),
        Err(e) => told_text::line("ticket", &format!("could not be kept as a mail either: {e}"), talk),
    }
}

/// Not the bundle that stands behind the flag.
fn no_file(raw: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(raw);
    if path.is_file() { Err("is a file; --dry-run takes a new folder, or stands last".to_owned()) } else { Ok(path) }
}

pub(super) fn severity(raw: &str) -> Result<Severity, String> {
    Severity::parse(raw).ok_or_else(|| "a severity is 1, 2, 3 or 4".to_owned())
}
