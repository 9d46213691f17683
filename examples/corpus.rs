//! Scores the redactor over labelled data: `tests/corpus DIR`. Each row is redacted by itself, so that no row helps another.
//!
//! `DIR/redaction/*.jsonl`: one JSON object a line with `source`, `kind`, `text`, `secret` and `label` (positive, negative).
//! `DIR/har/*.har`: each must come out as the same JSON but for its texts, or, where it is no JSON, as text.
//! With `--all` anything less than every secret covered and nothing else changed is a failure.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

#[derive(Default)]
struct Score {
    positive: u64,
    covered: u64,
    negative: u64,
    fired: u64,
}

fn main() -> ExitCode {
    let all = std::env::args_os().any(|arg| arg == "--all");
    let folder =
        std::env::args_os().nth(1).map(PathBuf::from).ok_or_else(|| Failure::from("usage: corpus DIR [--all]"));
    match folder.and_then(|folder| run(&folder, all)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::from(2)
        }
    }
}

fn run(folder: &Path, all: bool) -> Result<bool, Failure> {
    let rules = Arc::new(RuleSet::load(&[])?);
    let redactor =
        Arc::new(Redactor::new(rules, Pseudonyms::new(b"corpus"), &KnownNames::default(), Privacy::Standard)?);
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for file in files(&folder.join("redaction"), "jsonl")? {
        for line in std::fs::read_to_string(&file)?.lines() {
            score(&redactor, &serde_json::from_str(line)?, &mut scores)?;
        }
    }
    println!(
        "{:16} {:>9} {:>9} {:>7} {:>9} {:>9} {:>7}",
        "source", "positive", "covered", "", "negative", "changed", ""
    );
    for (source, s) in &scores {
        println!(
            "{source:16} {:>9} {:>9} {:>7.3} {:>9} {:>9} {:>7.3}",
            s.positive,
            s.covered,
            share(s.covered, s.positive),
            s.negative,
            s.fired,
            share(s.fired, s.negative)
        );
    }
    let mut good = !all || scores.values().all(|s| s.covered == s.positive && s.fired == 0);
    for file in files(&folder.join("har"), "har")? {
        let verdict = har(&redactor, &std::fs::read(&file)?)?;
        good &= verdict != "CHANGED";
        println!("{:32} {verdict}", file.file_name().unwrap_or_default().to_string_lossy());
    }
    Ok(good)
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    all.retain(|path| path.extension().is_some_and(|e| e == extension));
    all.sort();
    Ok(all)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn score(redactor: &Arc<Redactor>, row: &Value, scores: &mut BTreeMap<String, Score>) -> Result<(), Failure> {
    let field = |name: &str| row[name].as_str().unwrap_or_default();
    let (text, secret) = (field("text"), field("secret"));
    let out = String::from_utf8_lossy(&redact(redactor, MediaHint::Text, text.as_bytes())?).into_owned();
    let score = scores.entry(field("source").to_owned()).or_default();
    if field("label") == "positive" {
        score.positive += 1;
        score.covered += u64::from(if secret.is_empty() { out != text } else { !out.contains(secret) });
    } else {
        score.negative += 1;
        score.fired += u64::from(out != text);
    }
    Ok(())
}

fn redact(redactor: &Arc<Redactor>, hint: MediaHint, input: &[u8]) -> Result<Vec<u8>, Failure> {
    let open = || Box::new(Cursor::new(input.to_vec()));
    let scan = redactor.scan(hint, &mut || Ok(open()))?;
    let second = Arc::new(redactor.with_seeds(&scan.seeds)?);
    let mut out = Vec::new();
    for step in second.redact(&scan.treatment, open()) {
        if let Step::Block(block) = step? {
            out.extend_from_slice(block.bytes());
        }
    }
    Ok(out)
}

/// Whether a HAR came out as it went in, but for its texts.
fn har(redactor: &Arc<Redactor>, input: &[u8]) -> Result<&'static str, Failure> {
    let out = redact(redactor, MediaHint::Json, input)?;
    let plain =
        |bytes: &[u8]| serde_json::from_slice::<Value>(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok();
    Ok(match (plain(input), plain(&out)) {
        (Some(before), Some(after)) if same_shape(&before, &after) => "the same but for texts",
        (None, _) => "no JSON, redacted as text",
        _ => "CHANGED",
    })
}

fn same_shape(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.values().zip(b.values()).all(|(a, b)| same_shape(a, b))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_shape(a, b)),
        (Value::String(_) | Value::Number(_), Value::String(_)) => true,
        _ => before == after,
    }
}
