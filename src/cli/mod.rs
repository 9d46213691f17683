//! The command line: the only room that prints. Data goes to stdout, talk to stderr.

mod age_keys;
mod case_flags;
pub mod collect;
mod collect_send;
pub mod escalate;
pub mod exit;
pub mod inspect;
mod message;
mod preview;
pub mod probe;
mod probe_path;
pub mod probe_text;
mod probe_watch;
mod progress;
mod prompt;
pub mod redact;
mod redact_files;
mod redact_output;
mod redact_pipe;
mod redact_report;
mod redact_reveal;
mod redact_show;
mod redact_stdin;
mod redaction_flags;
pub mod rules;
mod rules_text;
mod screen;
mod second_look;
pub mod sign;
mod vault_flags;
pub mod verify;
mod verify_inputs;
mod verify_many;
mod verify_one;
mod verify_reports;
pub mod verify_text;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, Subcommand};

pub use exit::Exit;
use message::Message;
use screen::Screen;
use second_look::SecondLook;

use crate::bundle::{BundleError, LeakScanError, UntrustedBundle};
use crate::deliver::handover::BundleFacts;

/// Gathers diagnostics into a redacted, checksummed bundle; checks a bundle; escalates it.
#[derive(Debug, Parser)]
#[command(name = "casefile", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

/// Printed below `--help`; the README holds the same table.
const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the answer is no: checklist not met, leak found, target overdue, a problem found under probe --strict
  2    wrong usage or configuration, or a format newer than this program
  3    the bundle is damaged, tampered with or hostile
  4    partly done: what was done is kept, the same command goes on
  5    a local failure, nothing kept: disk full, output not writable
  130  interrupted";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Gather, redact and seal a bundle (customer)
    Collect(Box<collect::CollectArgs>),
    /// Redact files, folders or stdin, without a bundle (customer)
    Redact(Box<redact::RedactArgs>),
    /// Ask names, servers, certificates, paths and clocks, and say what is wrong (customer, engineer)
    Probe(probe::ProbeArgs),
    /// Check that a bundle is safe, whole, clean and complete (agent)
    Verify(verify::VerifyArgs),
    /// Sign a bundle, so that its receiver knows who vouches for it (customer, agent)
    Sign(sign::SignArgs),
    /// Look into a bundle without unpacking it (engineer)
    Inspect(inspect::InspectArgs),
    /// Open a ticket from a bundle and hand it over (agent)
    Escalate(escalate::EscalateArgs),
    /// List, explain and test the redaction rules (rule author)
    Rules(rules::RulesArgs),
    /// Read host facts in a process of their own
    #[command(name = "__collect", hide = true)]
    ChildCollect {
        /// The collector.
        collector: String,
        /// Its groups.
        groups: Vec<String>,
    },
}

/// Runs the program on the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    crate::platform::harden();
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(e) => {
            let wrong = e.use_stderr();
            let _ = e.print();
            return if wrong { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let result = match command.verb {
        Verb::Collect(args) => collect::run(&args),
        Verb::Redact(args) => redact::run(&args),
        Verb::Inspect(args) => {
            let (mut out, mut err) = (std::io::stdout().lock(), anstream::stderr().lock());
            let screen = if out.is_terminal() { Screen::Terminal } else { Screen::Elsewhere };
            Ok(inspect::run(&args, screen, &mut out, &mut err))
        }
        Verb::Probe(args) => probe::run(&args),
        Verb::Verify(args) => verify::run(&args),
        Verb::Sign(args) => sign::run(&args),
        Verb::Escalate(args) => Ok(hand_over(&args)),
        Verb::Rules(args) => rules::run(&args, &mut std::io::stdout().lock(), &mut anstream::stderr().lock()),
        Verb::ChildCollect { collector, groups } => child(&collector, &groups),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(message) => {
            message.print();
            message.exit.into()
        }
    }
}

/// Runs `escalate` in the real world.
fn hand_over(args: &escalate::EscalateArgs) -> Exit {
    let cancel = cancel_on_signal();
    let (rules, identity): (&[PathBuf], Option<&Path>) = match &args.command {
        escalate::EscalateCommand::Open(open) => (&open.rules, open.identity.as_deref()),
        escalate::EscalateCommand::Attach(attach) => (&attach.rules, attach.identity.as_deref()),
        _ => (&[], None),
    };
    let load = |path: &Path| load_facts(path, rules, identity, &cancel);
    let (mut out, mut talk) = (anstream::stdout().lock(), anstream::stderr().lock());
    let state_dir = crate::platform::state_dir();
    let named = match &args.command {
        escalate::EscalateCommand::Open(open) => open.outbox.clone(),
        _ => None,
    };
    let rehearsal = match args.rehearsal().map(escalate::rehearsal::Rehearsal::begin).transpose() {
        Ok(rehearsal) => rehearsal,
        Err(failure) => return escalate::end(&failure, args, &mut out, &mut talk),
    };
    let callees = escalate::policy_callees::OfPolicy {
        environment: &|name| std::env::var_os(name),
        outbox: named.or_else(|| state_dir.as_ref().map(|state| state.join("outbox"))),
        recording: rehearsal.as_ref().map(|rehearsal| rehearsal.recording.clone()),
    };
    let mut world = escalate::World {
        load: &load,
        now: &jiff::Timestamp::now,
        state_dir,
        agent: agent(),
        rehearsal: rehearsal.as_ref(),
        callees: &callees,
        cancelled: &cancel,
        pause: &|time| wait(time, &cancel),
        environment: &|name| std::env::var_os(name),
        out: &mut out,
        talk: &mut talk,
    };
    escalate::run(args, &mut world)
}

/// Waits; false where somebody interrupted it.
fn wait(time: std::time::Duration, cancel: &AtomicBool) -> bool {
    let end = std::time::Instant::now() + time;
    while std::time::Instant::now() < end {
        if cancel.load(Ordering::Relaxed) {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    !cancel.load(Ordering::Relaxed)
}

/// Who is at the keyboard, for the journal.
fn agent() -> Option<String> {
    ["USER", "USERNAME", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok())
}

/// A verified bundle as a handover needs it. One that may hold a leak is refused.
fn load_facts(
    path: &Path,
    rules: &[PathBuf],
    identity: Option<&Path>,
    cancel: &Arc<AtomicBool>,
) -> Result<BundleFacts, escalate::Failure> {
    let fail = |error: &BundleError| {
        let mut text = Vec::new();
        let exit = inspect::report(path, error, false, &mut Vec::new(), &mut text);
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let rest: String = lines.filter(|line| !line.starts_with("hint: ")).map(|line| format!("{line}\n")).collect();
        let hint = match error {
            BundleError::Encrypted(_) => "give the key that opens it: --identity FILE, as age-keygen wrote it",
            BundleError::WrongKey(_) => "it was encrypted for another key; ask the sender for whom",
            BundleError::Open { .. } | BundleError::NotAFile(_) => "check the path and who may read it",
            _ => "nothing was opened and nothing sent; ask for the bundle again",
        };
        escalate::Failure { detail: rest, ..escalate::Failure::new(exit, first) }.hint(hint)
    };
    let scanner = second_look::scanner(rules, &mut anstream::stderr())?;
    let state = crate::platform::state_dir();
    let identities = age_keys::identities(identity)?;
    let untrusted = UntrustedBundle::open(path).and_then(|bundle| bundle.unlocked(identities.as_ref()));
    let untrusted = untrusted.map_err(|e| fail(&e))?;
    let (bundle, look) =
        SecondLook::verify(untrusted, Some(&scanner), state.as_deref(), cancel).map_err(|e| match e {
            LeakScanError::Bundle(e) => fail(&e),
            LeakScanError::Rules(_) => escalate::Failure::new(Exit::Usage, e.to_string()),
        })?;
    if let Some(refusal) = look.refusal(path) {
        return Err(refusal);
    }
    let summary = crate::inspect::summary::of(bundle.structure(), bundle.record()).map_err(|e| fail(&e))?;
    let manifest = bundle.manifest();
    let tool = format!("{} {} ({})", manifest.tool.name, manifest.tool.version, manifest.tool.target);
    let mut environment = vec![
        ("system".to_owned(), summary.system.unwrap_or_else(|| "not in the bundle".to_owned())),
        ("collected with".to_owned(), tool),
        ("time zone".to_owned(), manifest.clock.zone.clone()),
    ];
    environment.extend(manifest.clock.synchronised.map(|in_step| {
        (
            "clock".to_owned(),
            if in_step { "in step with a time server" } else { "not in step with a time server" }.to_owned(),
        )
    }));
    Ok(BundleFacts {
        path: path.to_owned(),
        file_name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        size: bundle.structure().file_size(),
        bundle_digest: bundle.bundle_digest(),
        file_digest: bundle.file_digest(),
        manifest: manifest.clone(),
        case: bundle.case().clone(),
        environment,
    })
}

/// One JSON document on stdout.
fn print_json(document: &serde_json::Value) -> Result<(), Message> {
    use std::io::Write;
    let mut out = anstream::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document)
        .map_err(std::io::Error::from)
        .and_then(|()| writeln!(out))
        .map_err(|e| Message::new(Exit::LocalFailure, format!("cannot write the answer: {}", message::plain(&e))))
}

/// A number with its noun.
fn count(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// A flag that Ctrl-C and a termination signal set. Without a handler (none could be set) the signal ends us at once.
fn cancel_on_signal() -> Arc<AtomicBool> {
    let cancel = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&cancel);
    let _ = ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed));
    cancel
}

fn child(collector: &str, groups: &[String]) -> Result<Exit, Message> {
    if collector != "host" {
        return Err(Message::usage(format!("no collector runs as `{collector}`")));
    }
    crate::collect::host::answer(groups, &mut std::io::stdout().lock())
        .map(|()| Exit::Done)
        .map_err(|e| Message::new(Exit::LocalFailure, format!("cannot answer: {e}")))
}

/// Threads that are not worth more: memory grows with them, and one disk feeds no more.
const MOST_THREADS: usize = 64;

/// Reads `--threads`.
fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one thread must do the work".to_owned()),
        Ok(threads) => Ok(threads),
        Err(_) => Err("is no number of threads".to_owned()),
    }
}

/// As many as were asked for; else one a processor, and no more than leaves a large server to its own work.
fn threads_or_default(asked: Option<usize>) -> usize {
    let of_machine = || std::thread::available_parallelism().map_or(2, usize::from).min(8);
    asked.unwrap_or_else(of_machine).min(MOST_THREADS)
}

/// Reads a file that a person wrote. Larger than 8 MiB is a mistake.
fn read_config(path: &Path) -> Result<(String, String), Message> {
    use std::io::Read;
    let name = path.display().to_string();
    let fail =
        |problem: String| Message::usage(format!("{name}: {problem}")).hint("check the path and its permissions");
    let file = std::fs::File::open(path).map_err(|e| fail(message::plain(&e)))?;
    let mut bytes = Vec::new();
    file.take(crate::model::config::MAX_CONFIG_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| fail(message::plain(&e)))?;
    if bytes.len() as u64 > crate::model::config::MAX_CONFIG_BYTES {
        return Err(fail("larger than 8 MiB, so it is not a file that somebody wrote".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| fail("is not UTF-8 text".to_owned()))?;
    Ok((name, text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
}
