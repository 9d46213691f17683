//! `verify` of one bundle: opened, read, looked at, held against the checklist, and put into words.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

use super::inspect::report;
use super::message::Message;
use super::second_look::SecondLook;
use super::verify::Terms;
use super::verify_inputs::Input;
use super::verify_text::{WIDTH, message_to_customer, render, wrap};
use super::{Exit, count};
use crate::bundle::signature::{Signed, signed};
use crate::bundle::{BundleError, LeakScanError, VerifiedBundle};
use crate::checklist::{Evaluation, State, evaluate};
use crate::escalate::classify;
use crate::escalate::plain_text::one_line;
use crate::model::{Case, printable};

/// What became of one bundle.
#[derive(Debug)]
pub(super) struct Verified {
    /// Its exit code.
    pub exit: Exit,
    /// For `--json` and the reports; none where it was not judged.
    pub document: Option<Value>,
    /// For stdout: the whole answer.
    pub text: Vec<u8>,
    /// For stderr.
    pub talk: Vec<u8>,
    /// The message to the customer, where one is needed.
    pub reply: Option<String>,
    /// Its row in the table of several: safe, whole, clean, and the rest in words.
    pub row: [String; 4],
}

/// Verifies one bundle as `terms` say.
pub(super) fn verify(input: &Input, terms: &Terms, cancel: &AtomicBool) -> Verified {
    let seen = input
        .open(terms.identities.as_ref())
        .map_err(LeakScanError::from)
        .and_then(|untrusted| SecondLook::verify(untrusted, terms.scanner.as_ref(), terms.state.as_deref(), cancel));
    match seen {
        Ok((bundle, look)) => match signed(&bundle, terms.key.as_ref()) {
            Ok(signed) => judge(input, terms, &bundle, look, &signed).unwrap_or_else(|message| failed(&message)),
            Err(error) => refused(input, &error),
        },
        Err(error @ LeakScanError::Rules(_)) => failed(&Message::usage(error.to_string())),
        Err(LeakScanError::Bundle(error)) => refused(input, &error),
    }
}

/// One that was not accepted as a bundle.
fn refused(input: &Input, error: &BundleError) -> Verified {
    let (mut text, mut talk) = (Vec::new(), Vec::new());
    let exit = report(&input.name, error, true, &mut text, &mut talk);
    let error = serde_json::from_slice::<Value>(&text).unwrap_or_default();
    let first = error["problems"][0]["code"].as_str().or(error["code"].as_str()).unwrap_or_default().to_owned();
    let safe = error["code"] == "not-whole";
    let word = |yes: bool| if yes { "yes" } else { "NO" }.to_owned();
    let row = match exit {
        Exit::Damaged => [word(safe), word(false), String::new(), first.clone()],
        // It could not be judged.
        _ => [String::new(), String::new(), String::new(), first.clone()],
    };
    let reply = (exit == Exit::Damaged).then(|| send_again(&input.name, &first));
    let name = input.name.display().to_string();
    let document = json!({ "bundle": name, "safe": safe, "whole": false, "ready": false, "error": error });
    Verified { exit, document: Some(document), text: Vec::new(), talk, reply, row }
}

fn judge(
    input: &Input,
    terms: &Terms,
    bundle: &VerifiedBundle,
    mut look: SecondLook,
    signed: &Signed,
) -> Result<Verified, Message> {
    let case = overlaid(bundle, terms)?;
    if let Some((ids, acceptance)) = &terms.accept {
        look.accept(ids, acceptance, bundle, terms.state.as_deref())?;
    }
    let severity = terms.severity.unwrap_or_else(|| classify(&case, &terms.policy).severity);
    let evaluation = evaluate(&terms.checklist, Some(bundle.manifest()), &case, severity);
    let exit = if evaluation.ready() && look.clean() { Exit::Done } else { Exit::No };
    // Who signed is a question of its own: a bundle may be whole and come from nobody that anybody knows.
    let exit = exit.combine(match signed {
        Signed::No | Signed::NotChecked | Signed::Valid { .. } => Exit::Done,
        Signed::Missing | Signed::OtherKey => Exit::No,
        Signed::Invalid => Exit::Damaged,
    });
    let mut text = Vec::new();
    // Memory takes everything.
    let _ = tell(&input.name, bundle, &evaluation, &look, signed, &mut text);
    let missing = evaluation.missing().count();
    let ready = match missing {
        0 => format!("ready for {}", evaluation.severity),
        n => format!("{n} missing for {}", evaluation.severity),
    };
    Ok(Verified {
        exit,
        document: Some(document(&input.name, bundle, &evaluation, &look, signed)),
        text,
        talk: Vec::new(),
        reply: message_to_customer(&case.case_id, evaluation.missing()),
        row: ["yes".to_owned(), "yes".to_owned(), look.word().to_owned(), ready],
    })
}

fn failed(message: &Message) -> Verified {
    let mut talk = Vec::new();
    message.write_to(&mut talk);
    let row = [String::new(), String::new(), String::new(), "not verified".to_owned()];
    Verified { exit: message.exit, document: None, text: Vec::new(), talk, reply: None, row }
}

/// What the customer is told of a file that cannot be used.
fn send_again(name: &Path, code: &str) -> String {
    let file = name.file_name().map_or_else(|| "the file".to_owned(), |name| name.to_string_lossy().into_owned());
    format!(
        "Subject: please send the file again\n\nThe file {} did not reach us as casefile made it ({}).\n\
         Please send the same file again, unchanged: do not unpack it, and do not pack it anew.\n\
         If it is gone, please run `casefile collect` again.\n",
        printable(&file),
        printable(code)
    )
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
    signed: &Signed,
    out: &mut dyn Write,
) -> io::Result<()> {
    let manifest = bundle.manifest();
    let gaps = manifest.plan.iter().filter(|item| item.outcome.leaves_a_gap()).count();
    writeln!(out, "{}", printable(&path.display().to_string()))?;
    writeln!(out, "  safe      yes: nothing in it can leave a folder or pose as something else")?;
    let artifacts = count(manifest.artifacts.len() as u64, "artifact");
    writeln!(out, "  whole     yes: every byte is accounted for, {artifacts}")?;
    write!(out, "{}", look.head(bundle))?;
    match evaluation.missing().count() {
        0 => writeln!(out, "  complete  yes: ready for {}", evaluation.severity)?,
        n => writeln!(out, "  complete  NO: {n} missing for {}", evaluation.severity)?,
    }
    write!(out, "{}", from(signed, &bundle.bundle_digest().spoken()))?;
    if gaps > 0 {
        writeln!(out, "  gaps      {gaps} could not be collected; see `casefile inspect`")?;
    }
    for warning in bundle.structure().warnings() {
        writeln!(out, "  note      {}", printable(&warning.to_string()))?;
    }
    writeln!(out)?;
    write!(out, "{}{}", look.list(), render(evaluation, WIDTH))
}

/// The line that says from whom it is.
fn from(signed: &Signed, spoken: &str) -> String {
    let said = match signed {
        Signed::No => format!("not signed; compare with the customer: {spoken}"),
        Signed::NotChecked => {
            format!("not checked: it is signed, and --key KEY checks by whom; or compare with the customer: {spoken}")
        }
        Signed::Missing => format!("NO: not signed, and --key asks for a signature; bundle digest {spoken}"),
        Signed::OtherKey => format!("NO: signed with another key than the one given; bundle digest {spoken}"),
        Signed::Invalid => format!("NO: its signature is not of this file; bundle digest {spoken}"),
        Signed::Valid { key, comment } => {
            format!("signed with the key {key}: {}; bundle digest {spoken}", one_line(comment, 200))
        }
    };
    let mut out = String::new();
    wrap("  from      ", 12, &said, WIDTH, &mut out);
    out
}

fn document(
    path: &Path,
    bundle: &VerifiedBundle,
    evaluation: &Evaluation,
    look: &SecondLook,
    signed: &Signed,
) -> Value {
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
        "signature": match signed {
            Signed::Valid { key, comment } => json!({ "state": signed.word(), "key": key, "comment": comment }),
            _ => json!({ "state": signed.word(), "key": null, "comment": null }),
        },
    });
    look.json(&mut document);
    document
}
