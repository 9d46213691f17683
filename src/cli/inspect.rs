//! `casefile inspect`: looks into a bundle without unpacking it.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use indicatif::HumanBytes;
use serde::Serialize;

use super::exit::Exit;
use super::message::{Message, plain};
use super::screen::{Escaped, Screen};
use crate::bundle::{BundleError, CheckedStructure, Examination, Limits, NotWhole, State, UntrustedBundle};
use crate::inspect::{Listing, Row, Summary, listing, summary};
use crate::model::{ArtifactPath, printable};

/// Look into a bundle without unpacking it.
#[derive(Debug, clap::Args)]
#[command(subcommand_negates_reqs = true)]
pub struct InspectArgs {
    #[command(subcommand)]
    view: Option<View>,
    /// The bundle, for its summary.
    #[arg(required = true)]
    bundle: Option<PathBuf>,
    /// One JSON document on standard output.
    #[arg(long, global = true)]
    json: bool,
    /// Read every byte, and show what is intact of a damaged bundle.
    #[arg(long, global = true)]
    damaged: bool,
    /// The secret key that opens an encrypted bundle, a file made by age-keygen.
    #[arg(long, global = true, value_name = "FILE")]
    identity: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum View {
    /// What is broken, where, since when, what was collected and what was not
    Summary {
        /// The bundle
        bundle: PathBuf,
    },
    /// The files, with size, lines, time span and redactions
    Ls {
        /// The bundle
        bundle: PathBuf,
    },
    /// One file, verified before its first byte is written
    Cat {
        /// The bundle
        bundle: PathBuf,
        /// The file, as `ls` shows it; `data/` may be left out
        path: String,
    },
}

/// What ends a run early.
enum Stop {
    Bundle(BundleError),
    Output(io::Error),
    Wrong { problem: String, hint: &'static str },
    Told(Message),
}

impl From<BundleError> for Stop {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Write(error) => Self::Output(error),
            other => Self::Bundle(other),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs the command: data to `out`, talk to `err`. `screen` says what `out` is.
pub fn run(args: &InspectArgs, screen: Screen, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let (bundle, result) = match (&args.view, &args.bundle) {
        (Some(View::Summary { bundle }), _) | (None, Some(bundle)) => (bundle, run_summary(args, bundle, out, err)),
        (Some(View::Ls { bundle }), _) => (bundle, run_ls(args, bundle, out, err)),
        (Some(View::Cat { bundle, path }), _) => (bundle, run_cat(args, bundle, path, screen, out, err)),
        // clap requires a bundle where there is no view.
        (None, None) => return Exit::Usage,
    };
    let flushed = result.and_then(|exit| out.flush().map(|()| exit).map_err(Stop::Output));
    match flushed {
        Ok(exit) => exit,
        // Whoever read the output has read enough, as `head` does.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(Stop::Output(error)) => {
            let _ = writeln!(err, "error: cannot write the output: {error}");
            Exit::LocalFailure
        }
        Err(Stop::Wrong { problem, hint }) => {
            let _ = writeln!(err, "error: {problem}\nhint: {hint}");
            Exit::Usage
        }
        Err(Stop::Told(message)) => {
            message.write_to(err);
            message.exit
        }
        Err(Stop::Bundle(error)) => report(bundle, &error, args.json, out, err),
    }
}

/// Tells why a bundle could not be used, and gives the exit code for it. With `json`, one document goes to `out`.
pub fn report(bundle: &Path, error: &BundleError, json: bool, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let name = printable(&bundle.display().to_string());
    if json {
        let written = serde_json::to_writer_pretty(&mut *out, &ErrorDocument::new(error)).map_err(io::Error::from);
        let _ = written.and_then(|()| writeln!(out));
    }
    let _ = match error {
        BundleError::Refused(refused) => {
            let (code, why) = (refused.code.as_str(), refused.code.explanation());
            writeln!(err, "error: `{name}` is refused ({code}): {refused}\nhint: {why}")
        }
        BundleError::NotWhole(found) => tell_problems(&name, found, err),
        BundleError::Newer(newer) => writeln!(err, "error: `{name}` was {newer}"),
        BundleError::NoSuchArtifact(_) => {
            writeln!(err, "error: {error}\nhint: `casefile inspect ls` lists what is in it")
        }
        BundleError::Encrypted(_) => {
            writeln!(
                err,
                "error: `{name}` is encrypted\nhint: give the key that opens it: --identity FILE, as age-keygen wrote it"
            )
        }
        BundleError::WrongKey(_) => writeln!(
            err,
            "error: `{name}` cannot be opened with this key\nhint: it was encrypted for another one; ask the sender for \
             whom, or give all keys in one file"
        ),
        BundleError::Open { source, .. } => {
            writeln!(err, "error: cannot open `{name}`: {}\nhint: check the path and who may read it", plain(source))
        }
        other => writeln!(err, "error: {}", printable(&other.to_string())),
    };
    exit_of(error)
}

/// The exit code for a bundle that could not be used.
#[must_use]
pub fn exit_of(error: &BundleError) -> Exit {
    match error {
        BundleError::Refused(_) | BundleError::NotWhole(_) => Exit::Damaged,
        BundleError::Newer(_)
        | BundleError::NoSuchArtifact(_)
        | BundleError::NotAFile(_)
        | BundleError::Encrypted(_)
        | BundleError::WrongKey(_) => Exit::Usage,
        BundleError::Interrupted => Exit::Interrupted,
        // The file that was named is not there: a wrong argument, not a failure of this machine.
        BundleError::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => Exit::Usage,
        BundleError::Open { .. } | BundleError::Read { .. } | BundleError::Write(_) | BundleError::Changed(_) => {
            Exit::LocalFailure
        }
    }
}

/// An error as `--json` writes it.
#[derive(Serialize)]
struct ErrorDocument<'a> {
    schema: &'static str,
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<&'a [crate::bundle::Problem]>,
}

impl<'a> ErrorDocument<'a> {
    fn new(error: &'a BundleError) -> Self {
        let (code, problems) = match error {
            BundleError::Refused(refused) => (refused.code.as_str(), None),
            BundleError::NotWhole(found) => ("not-whole", Some(found.problems.as_slice())),
            BundleError::Newer(_) => ("newer-format", None),
            BundleError::NoSuchArtifact(_) => ("no-such-artifact", None),
            BundleError::Encrypted(_) => ("encrypted", None),
            BundleError::WrongKey(_) => ("wrong-key", None),
            BundleError::Interrupted => ("interrupted", None),
            _ => ("not-readable", None),
        };
        Self { schema: "casefile-error/1", code, message: printable(&error.to_string()), problems }
    }
}

fn tell_problems(name: &str, found: &NotWhole, err: &mut dyn Write) -> io::Result<()> {
    writeln!(err, "error: `{name}` is not what was sealed")?;
    for problem in &found.problems {
        writeln!(err, "  {}: {problem}", problem.code())?;
    }
    if found.more > 0 {
        writeln!(err, "  and {} more", found.more)?;
    }
    let code = found.problems.first().map_or("", |problem| problem.code());
    writeln!(
        err,
        "hint: ask for the file again; `casefile verify --explain {code}` says what it means, `casefile inspect \
         --damaged` shows what is intact of this one"
    )
}

fn open(args: &InspectArgs, bundle: &Path, err: &mut dyn Write) -> Result<CheckedStructure, Stop> {
    let identities = super::age_keys::identities(args.identity.as_deref()).map_err(Stop::Told)?;
    let untrusted = UntrustedBundle::open(bundle)?.unlocked(identities.as_ref())?;
    let structure = untrusted.check_structure(&Limits::default())?;
    for warning in structure.warnings() {
        let _ = writeln!(err, "warning: {warning}");
    }
    Ok(structure)
}

/// Reads all of a bundle that may be damaged, and puts up the banner if it is.
fn examine(structure: &CheckedStructure, err: &mut dyn Write) -> Result<Examination, BundleError> {
    let examination = structure.examine(&mut |_| ControlFlow::Continue(()))?;
    if !examination.problems.is_empty() {
        let _ = writeln!(err, "*** DAMAGED BUNDLE: only what is marked intact is what was sealed ***");
        for problem in &examination.problems.problems {
            let _ = writeln!(err, "  {}: {problem}", problem.code());
        }
        if examination.problems.more > 0 {
            let _ = writeln!(err, "  and {} more", examination.problems.more);
        }
    }
    Ok(examination)
}

fn verdict(examination: &Examination) -> Exit {
    if examination.problems.is_empty() { Exit::Done } else { Exit::Damaged }
}

fn run_summary(args: &InspectArgs, bundle: &Path, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Stop> {
    let structure = open(args, bundle, err)?;
    let exit = if args.damaged { verdict(&examine(&structure, err)?) } else { Exit::Done };
    let summary = summary::of(&structure, &structure.record()?)?;
    if args.json {
        write_json(&summary, out)?;
    } else {
        write_summary(&summary, out)?;
    }
    Ok(exit)
}

fn run_ls(args: &InspectArgs, bundle: &Path, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Stop> {
    let structure = open(args, bundle, err)?;
    let (listing, exit) = if args.damaged {
        let examination = examine(&structure, err)?;
        (listing::of_damaged(&structure, &examination), verdict(&examination))
    } else {
        (listing::of(&structure, &structure.record()?), Exit::Done)
    };
    if args.json {
        write_json(&listing, out)?;
    } else {
        tell_digest(&listing, err);
        write_listing(&listing, out)?;
    }
    Ok(exit)
}

fn run_cat(
    args: &InspectArgs,
    bundle: &Path,
    raw: &str,
    screen: Screen,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Stop> {
    let wrong = |problem: String, hint| Err(Stop::Wrong { problem, hint });
    if args.json {
        return wrong("`cat` writes the file itself, so it has no `--json`".to_owned(), "leave `--json` out");
    }
    let structure = open(args, bundle, err)?;
    let Some(path) = named(&structure, raw) else {
        let problem = format!("no artifact `{}` in this bundle", printable(raw));
        return wrong(problem, "`casefile inspect ls` lists what is in it");
    };
    let (expected, exit) = if args.damaged {
        let examination = examine(&structure, err)?;
        let Some(expected) = examination.intact(&path) else {
            let _ = writeln!(err, "error: `{path}` is not intact, so none of it is shown");
            return Ok(Exit::Damaged);
        };
        (expected, verdict(&examination))
    } else {
        let record = structure.record()?;
        let _ = writeln!(err, "bundle {}", record.bundle_digest().spoken());
        (record.digest(&path).ok_or_else(|| BundleError::NoSuchArtifact(path.clone()))?, Exit::Done)
    };
    match screen {
        Screen::Terminal => {
            let mut escaped = Escaped::new(out);
            structure.cat_expected(&path, expected, &mut escaped)?;
            escaped.finish()?;
        }
        Screen::Elsewhere => structure.cat_expected(&path, expected, out)?,
    }
    Ok(exit)
}

/// The file that `raw` names, as it stands or below `data/`.
fn named(structure: &CheckedStructure, raw: &str) -> Option<ArtifactPath> {
    let below = format!("data/{raw}");
    structure.find(raw).or_else(|| structure.find(&below)).map(|entry| entry.path().clone())
}

fn tell_digest(listing: &Listing, err: &mut dyn Write) {
    if let Some(digest) = listing.bundle_digest {
        let _ = writeln!(err, "bundle {}", digest.spoken());
    }
}

fn write_json(document: &impl Serialize, out: &mut dyn Write) -> Result<(), Stop> {
    serde_json::to_writer_pretty(&mut *out, document).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

fn write_listing(listing: &Listing, out: &mut dyn Write) -> io::Result<()> {
    let examined = listing.files.iter().any(|row| row.state.is_some());
    for row in &listing.files {
        if examined {
            write!(out, "{:10} ", row.state.map_or("", State::word))?;
        }
        write_row(row, out)?;
    }
    Ok(())
}

fn write_row(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let number = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let (first, last) = match &row.span {
        Some(span) => (span.first.to_string(), span.last.to_string()),
        None => ("-".to_owned(), "-".to_owned()),
    };
    let outcome = row.outcome.unwrap_or("-");
    let (size, lines, redactions) = (number(row.size), number(row.lines), row.redactions);
    writeln!(out, "{size:>12} {lines:>9} {redactions:>6} {first:20} {last:20} {outcome:9} {}", row.path)
}

fn write_summary(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |label: &str, text: &str| writeln!(out, "{label:<10} {}", printable(text));
    let case = &summary.case;
    let text = |fact: &Option<crate::model::case::Fact<String>>| fact.as_ref().map(|fact| fact.value.clone());
    line("case", summary.case_id.as_str())?;
    line("bundle", &summary.bundle_digest_spoken)?;
    for (label, value) in [
        ("summary", text(&case.summary)),
        ("service", text(&case.service)),
        ("began", case.started_at.as_ref().map(|fact| fact.value.given.clone())),
        ("reported", case.reported_at.as_ref().map(|fact| fact.value.given.clone())),
        ("hurts", text(&case.impact.who)),
        ("cannot", text(&case.impact.cannot)),
        ("system", summary.system.clone()),
    ] {
        if let Some(value) = value {
            line(label, &value)?;
        }
    }
    let tool = &summary.tool;
    line("made by", &format!("{} {} for {}", tool.name, tool.version, tool.target))?;
    line("collected", &format!("{} to {}, {}", summary.started, summary.ended, clock(summary)))?;
    if let Some(span) = &summary.span {
        line("logs", &format!("{} to {}", span.first, span.last))?;
    }
    line("files", &format!("{}, {}", summary.total.files, HumanBytes(summary.total.bytes)))?;
    for (collector, amount) in &summary.collectors {
        line("", &format!("{collector}: {}, {}", amount.files, HumanBytes(amount.bytes)))?;
    }
    let redactions: Vec<String> = summary.redactions.iter().map(|(rule, n)| format!("{rule} {n}")).collect();
    line("redacted", if redactions.is_empty() { "nothing".to_owned() } else { redactions.join(", ") }.as_str())?;
    for gap in &summary.gaps {
        line(gap.outcome, &format!("{} {}: {}", gap.collector, gap.what, gap.reason))?;
    }
    Ok(())
}

fn clock(summary: &Summary) -> String {
    let clock = &summary.clock;
    let offset = match clock.offset_ms {
        Some(0) => ", clock right".to_owned(),
        Some(ms) if ms > 0 => format!(", clock {ms} ms ahead"),
        Some(ms) => format!(", clock {} ms behind", ms.unsigned_abs()),
        None => String::new(),
    };
    format!("zone {}{offset}", clock.zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::test_bundle::TestBundle;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: InspectArgs,
    }

    /// Exit, standard output and standard error of `inspect` with `BUNDLE` standing for the bundle.
    fn inspect(bundle: &TestBundle, screen: Screen, line: &str) -> (Exit, String, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("b.casefile.zip");
        std::fs::write(&path, bundle.zip()).expect("written");
        let words = line.split(' ').map(|word| match word {
            "BUNDLE" => path.clone().into_os_string(),
            other => other.into(),
        });
        let args = Line::try_parse_from(std::iter::once("inspect".into()).chain(words)).expect("a line").args;
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = run(&args, screen, &mut out, &mut err);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (exit, text(out), text(err))
    }

    fn tampered() -> TestBundle {
        TestBundle::tampered(|files| {
            let log = files.iter_mut().find(|(path, _)| path == "data/logs/app.log").expect("it is there");
            log.1.push(b'x');
        })
    }

    #[test]
    fn a_bundle_alone_is_summed_up() {
        let bundle = TestBundle::new();
        let (exit, out, _) = inspect(&bundle, Screen::Elsewhere, "BUNDLE");
        assert_eq!(exit, Exit::Done);
        assert!(out.contains("it is broken"), "{out}");
        assert_eq!(inspect(&bundle, Screen::Elsewhere, "summary BUNDLE").1, out);
        let (_, json, _) = inspect(&bundle, Screen::Elsewhere, "--json BUNDLE");
        let json: serde_json::Value = serde_json::from_str(&json).expect("one document");
        assert_eq!(json["schema"], "casefile-summary/1");
    }

    #[test]
    fn ls_lists_and_cat_shows_what_is_listed() {
        let bundle = TestBundle::new();
        let (exit, out, _) = inspect(&bundle, Screen::Elsewhere, "ls BUNDLE");
        assert!(exit == Exit::Done && out.lines().any(|line| line.ends_with(" data/config/a.toml")), "{out}");
        for path in ["data/config/a.toml", "config/a.toml"] {
            let (exit, out, _) = inspect(&bundle, Screen::Elsewhere, &format!("cat BUNDLE {path}"));
            assert_eq!((exit, out.as_str()), (Exit::Done, "key = 1\n"));
        }
        let (exit, out, err) = inspect(&bundle, Screen::Elsewhere, "cat BUNDLE ../../etc/passwd");
        assert!(exit == Exit::Usage && out.is_empty() && err.contains("hint:"), "{err}");
    }

    #[test]
    fn contents_cannot_steer_a_terminal_but_pass_unchanged_elsewhere() {
        let mut bundle = TestBundle::new();
        bundle.file("data/logs/x", b"\x1b]0;owned\x07\n");
        let (_, out, _) = inspect(&bundle, Screen::Terminal, "cat BUNDLE logs/x");
        assert_eq!(out, "\\u{1b}]0;owned\\u{7}\n");
        let (_, out, _) = inspect(&bundle, Screen::Elsewhere, "cat BUNDLE logs/x");
        assert_eq!(out, "\x1b]0;owned\x07\n");
    }

    #[test]
    fn texts_of_the_manifest_cannot_steer_a_terminal() {
        let mut bundle = TestBundle::new();
        bundle.manifest.plan[0].outcome = crate::model::Outcome::Failed { reason: "\x1b[2J\u{202e}".to_owned() };
        bundle.manifest.artifacts[0].collector = "\x1b[2J".to_owned();
        let (_, out, _) = inspect(&bundle, Screen::Elsewhere, "BUNDLE");
        assert!(!out.contains(['\x1b', '\u{202e}']), "{out}");
    }

    #[test]
    fn a_damaged_file_is_not_shown_and_the_intact_ones_are_under_a_banner() {
        let (exit, out, err) = inspect(&tampered(), Screen::Elsewhere, "cat BUNDLE logs/app.log");
        assert!(exit == Exit::Damaged && out.is_empty() && err.contains("data/logs/app.log"), "{err}");
        let (exit, out, err) = inspect(&tampered(), Screen::Elsewhere, "--damaged ls BUNDLE");
        assert!(exit == Exit::Damaged && err.starts_with("*** DAMAGED"), "{err}");
        assert!(out.contains("differs") && out.contains("intact"), "{out}");
        let (exit, out, _) = inspect(&tampered(), Screen::Elsewhere, "--damaged cat BUNDLE config/a.toml");
        assert_eq!((exit, out.as_str()), (Exit::Damaged, "key = 1\n"));
        let (exit, out, _) = inspect(&tampered(), Screen::Elsewhere, "--damaged cat BUNDLE logs/app.log");
        assert_eq!((exit, out.as_str()), (Exit::Damaged, ""));
    }

    #[test]
    fn a_refusal_has_its_code_and_what_it_means() {
        let bundle = TestBundle::tampered(|files| files.retain(|(path, _)| path != "bagit.txt"));
        let (exit, _, err) = inspect(&bundle, Screen::Elsewhere, "ls BUNDLE");
        assert!(exit == Exit::Damaged && err.contains("missing-file") && err.contains("hint:"), "{err}");
        let (_, json, _) = inspect(&bundle, Screen::Elsewhere, "ls BUNDLE --json");
        let json: serde_json::Value = serde_json::from_str(&json).expect("one document");
        assert_eq!(json["code"], "missing-file");
        let mut newer = TestBundle::new();
        newer.manifest.format = 9;
        let (exit, _, err) = inspect(&newer, Screen::Elsewhere, "ls BUNDLE");
        assert!(exit == Exit::Usage && err.contains("update casefile"), "{err}");
    }
}
