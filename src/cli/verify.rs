//! `casefile verify`: is a bundle safe, whole, clean and complete? Nothing is unpacked.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;
use serde_json::{Value, json};

use super::inspect::report;
use super::message::Message;
use super::second_look::{self, SecondLook};
use super::verify_text::{WIDTH, render};
use super::{Exit, read_config};
use crate::bundle::{LeakScanError, LeakScanner, VerifiedBundle};
use crate::checklist::{Checklist, Evaluation, State, evaluate, says_nothing};
use crate::deliver::acceptance::Acceptance;
use crate::escalate::{Policy, classify};
use crate::model::case::GivenBy;
use crate::model::case_file::{self, ReadCase};
use crate::model::{Case, Severity, printable};

/// Which bundles, and against what.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The bundles
    #[arg(required = true, value_name = "BUNDLE")]
    bundles: Vec<PathBuf>,
    /// Your facts about the case, laid over the customer's (TOML)
    #[arg(long, value_name = "FILE")]
    case: Option<PathBuf>,
    /// What a handoff needs (TOML) instead of the built-in checklist
    #[arg(long, value_name = "FILE")]
    checklist: Option<PathBuf>,
    /// The severity to hold the checklist against [default: what the facts give]
    #[arg(long, value_name = "N", value_parser = severity)]
    severity: Option<Severity>,
    /// More redaction rules (TOML) to look with; repeat for several
    #[arg(long, value_name = "FILE", help_heading = "Leaks")]
    rules: Vec<PathBuf>,
    /// Let this finding pass, as the journal will say; repeat for several
    #[arg(long, value_name = "ID", requires = "reason", help_heading = "Leaks")]
    accept_finding: Vec<String>,
    /// Why it may pass
    #[arg(long, value_name = "TEXT", requires = "accept_finding", help_heading = "Leaks")]
    reason: Option<String>,
    /// Do not look for leaks: structure, digests and checklist only
    #[arg(long, conflicts_with_all = ["rules", "accept_finding"], help_heading = "Leaks")]
    no_scan: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn severity(raw: &str) -> Result<Severity, String> {
    Severity::parse(raw).ok_or_else(|| "a severity is 1, 2, 3 or 4".to_owned())
}

/// What the verb was told besides the bundles.
struct Terms {
    checklist: Checklist,
    policy: Policy,
    agent: Option<ReadCase>,
    severity: Option<Severity>,
    /// `None` where nobody is to look.
    scanner: Option<LeakScanner>,
    state: Option<PathBuf>,
    /// Findings that may pass, and why.
    accept: Option<(Vec<String>, Acceptance)>,
}

/// Runs the verb.
pub fn run(args: &VerifyArgs) -> Result<Exit, Message> {
    let scanner = second_look::scanner(&args.rules, &mut anstream::stderr().lock())?;
    let accept = match &args.reason {
        Some(reason) => {
            if args.bundles.len() > 1 {
                return Err(Message::usage("--accept-finding takes one bundle")
                    .hint("a finding is one of a bundle; accept those of each by itself"));
            }
            if says_nothing(reason) {
                return Err(Message::usage("`--reason` needs a reason that somebody can read later")
                    .hint("say in a few words why the finding may pass; it stands in the journal"));
            }
            Some((args.accept_finding.clone(), second_look::acceptance(reason, &scanner)?))
        }
        None => None,
    };
    let checklist = match &args.checklist {
        Some(path) => {
            let (file, text) = read_config(path)?;
            Checklist::parse(&file, &text)?
        }
        None => Checklist::builtin(),
    };
    let agent = match &args.case {
        Some(path) => {
            let (file, text) = read_config(path)?;
            Some(case_file::parse(&file, &text, GivenBy::Agent)?)
        }
        None => None,
    };
    let terms = Terms {
        checklist,
        policy: Policy::builtin(),
        agent,
        severity: args.severity,
        scanner: (!args.no_scan).then_some(scanner),
        state: crate::platform::state_dir(),
        accept,
    };
    let cancel = super::cancel_on_signal();
    let (mut out, mut err) = (anstream::stdout().lock(), anstream::stderr().lock());
    let mut exit = Exit::Done;
    let mut documents = Vec::new();
    for path in &args.bundles {
        let (one, document) = verify(path, &terms, args.json, &cancel, &mut out, &mut err);
        exit = exit.combine(one);
        documents.extend(document);
        if one == Exit::Interrupted {
            break;
        }
    }
    if args.json {
        let document = json!({ "schema": "casefile-verify/1", "bundles": documents });
        let _ = serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from).and_then(|()| writeln!(out));
    }
    Ok(exit)
}

fn verify(
    path: &Path,
    terms: &Terms,
    json: bool,
    cancel: &Arc<AtomicBool>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> (Exit, Option<Value>) {
    match SecondLook::verify(path, terms.scanner.as_ref(), terms.state.as_deref(), cancel) {
        Ok((bundle, mut look)) => {
            let case = overlaid(&bundle, terms).and_then(|case| {
                if let Some((ids, acceptance)) = &terms.accept {
                    look.accept(ids, acceptance, &bundle, terms.state.as_deref())?;
                }
                Ok(case)
            });
            let case = match case {
                Ok(case) => case,
                Err(message) => {
                    message.print();
                    return (message.exit, None);
                }
            };
            let severity = terms.severity.unwrap_or_else(|| classify(&case, &terms.policy).severity);
            let evaluation = evaluate(&terms.checklist, Some(bundle.manifest()), &case, severity);
            let exit = if evaluation.ready() && look.clean() { Exit::Done } else { Exit::No };
            if json {
                return (exit, Some(document(path, &bundle, &evaluation, &look)));
            }
            // Whoever stopped reading has seen enough.
            let _ = tell(path, &bundle, &evaluation, &look, out);
            (exit, None)
        }
        Err(error @ LeakScanError::Rules(_)) => {
            Message::usage(error.to_string()).print();
            (Exit::Usage, None)
        }
        Err(LeakScanError::Bundle(error)) => {
            let mut text = Vec::new();
            let exit = report(path, &error, json, &mut text, err);
            let document = serde_json::from_slice::<Value>(&text).ok().map(|error| {
                let whole = !matches!(error["code"].as_str(), Some("not-whole"));
                json!({ "bundle": path.display().to_string(), "safe": !whole, "whole": false, "ready": false, "error": error })
            });
            if !json {
                let _ = out.flush();
            }
            (exit, document)
        }
    }
}

/// The agent's facts over the customer's; a case file about another case is refused.
fn overlaid(bundle: &VerifiedBundle, terms: &Terms) -> Result<Case, Message> {
    let case = bundle.case().clone();
    let Some(agent) = &terms.agent else { return Ok(case) };
    match &agent.case_id {
        Some(other) if *other != case.case_id => {
            Err(Message::usage(format!("the case file is about {other}, the bundle about {}", case.case_id))
                .hint("take the case file of this case, or leave its case_id out"))
        }
        _ => Ok(case.overlaid_by(agent.case.clone())),
    }
}

fn tell(
    path: &Path,
    bundle: &VerifiedBundle,
    evaluation: &Evaluation,
    look: &SecondLook,
    out: &mut dyn Write,
) -> io::Result<()> {
    let manifest = bundle.manifest();
    let gaps = manifest.plan.iter().filter(|item| item.outcome.leaves_a_gap()).count();
    writeln!(out, "{}", printable(&path.display().to_string()))?;
    writeln!(out, "  safe      yes: nothing in it can leave a folder or pose as something else")?;
    writeln!(out, "  whole     yes: every byte is accounted for, {} artifacts", manifest.artifacts.len())?;
    write!(out, "{}", look.head(bundle))?;
    match evaluation.missing().count() {
        0 => writeln!(out, "  complete  yes: ready for {}", evaluation.severity)?,
        n => writeln!(out, "  complete  NO: {n} missing for {}", evaluation.severity)?,
    }
    writeln!(out, "  from      not signed; compare with the customer: {}", bundle.bundle_digest().spoken())?;
    if gaps > 0 {
        writeln!(out, "  gaps      {gaps} could not be collected; see `casefile inspect`")?;
    }
    for warning in bundle.structure().warnings() {
        writeln!(out, "  note      {}", printable(&warning.to_string()))?;
    }
    writeln!(out)?;
    write!(out, "{}{}", look.list(), render(evaluation, WIDTH))
}

fn document(path: &Path, bundle: &VerifiedBundle, evaluation: &Evaluation, look: &SecondLook) -> Value {
    let items: Vec<Value> = evaluation
        .items
        .iter()
        .map(|item| {
            let (state, detail) = match &item.state {
                State::Met => ("met", None),
                State::NotMet { missing } => ("missing", Some(missing)),
                State::NotApplicable { why } => ("not-applicable", Some(why)),
                State::Advisory { missing } => ("asked-for", Some(missing)),
            };
            json!({
                "id": item.id, "question": item.question, "state": state, "detail": detail,
                "notes": item.notes, "ask": item.ask, "how": item.how,
            })
        })
        .collect();
    let mut document = json!({
        "bundle": path.display().to_string(),
        "case_id": bundle.manifest().case_id,
        "safe": true,
        "whole": true,
        "ready": evaluation.ready(),
        "severity": evaluation.severity,
        "bundle_digest": bundle.bundle_digest(),
        "bundle_digest_spoken": bundle.bundle_digest().spoken(),
        "file_digest": bundle.file_digest(),
        "artifacts": bundle.manifest().artifacts.len(),
        "items": items,
    });
    look.json(&mut document);
    document
}
