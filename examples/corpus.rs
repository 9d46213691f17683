//! Scores the redactor over labelled data: `tests/corpus DIR`. Each row is redacted by itself, so that no row helps another.
//!
//! `DIR/redaction/*.jsonl`: one JSON object a line with `source`, `kind`, `text`, `secret` and `label` (positive, negative).
//! A positive row is covered when every byte of one occurrence of its secret lies in a finding; without a secret, when there
//! is a finding at all; inside: the same without counting its punctuation. A negative row has fired when anything changes but by the placeholders of addresses, hosts, users and
//! mail addresses. `DIR/har/*.har`: each must come out as the same JSON but for its texts, or, where it is no JSON, as text.
//!
//! `--list` prints the rows that were missed or fired, `--privacy strict` takes the strict rules too, `--all` fails unless every
//! secret is covered and nothing else changes.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use casefile::redact::{Finding, KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

/// The source whose rows are personal data; all others are secrets.
const PERSONAL: &str = "presidio";

/// Kinds whose replacement leaves a line as useful as before.
const HARMLESS: [&str; 6] = ["ipv4", "ipv6", "host", "domain", "user", "email"];

#[derive(Default, Clone, Copy)]
struct Score {
    positive: u64,
    covered: u64,
    /// Covered but for punctuation, line ends and the armour of keys, which the sources' patterns take along.
    inside: u64,
    negative: u64,
    fired: u64,
    /// Negative rows in which a rule of ours fired whose name tells the same service as the row's.
    fired_by_name: u64,
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.positive += other.positive;
        self.covered += other.covered;
        self.inside += other.inside;
        self.negative += other.negative;
        self.fired += other.fired;
        self.fired_by_name += other.fired_by_name;
    }
}

struct Options {
    folder: PathBuf,
    all: bool,
    list: bool,
    privacy: Privacy,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, Failure> {
    let mut options = Options { folder: PathBuf::new(), all: false, list: false, privacy: Privacy::Standard };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--all" => options.all = true,
            "--list" => options.list = true,
            "--privacy" if arguments.next().as_deref() == Some("strict") => options.privacy = Privacy::Strict,
            folder if !folder.starts_with('-') => options.folder = folder.into(),
            _ => return Err("usage: corpus DIR [--all] [--list] [--privacy strict]".into()),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<bool, Failure> {
    let rules = Arc::new(RuleSet::load(&[])?);
    let redactor = Redactor::new(rules, Pseudonyms::new(b"corpus"), &KnownNames::default(), options.privacy)?;
    let redactor = Arc::new(redactor);
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for file in files(&options.folder.join("redaction"), "jsonl")? {
        for line in std::fs::read_to_string(&file)?.lines() {
            let row: Value = serde_json::from_str(line)?;
            let one = score(&redactor, &row, options.list)?;
            *scores.entry(row["source"].as_str().unwrap_or_default().to_owned()).or_default() += one;
        }
    }
    print(&scores);
    let mut good = !options.all || scores.values().all(|s| s.covered == s.positive && s.fired == 0);
    for file in files(&options.folder.join("har"), "har")? {
        let verdict = har(&redactor, &std::fs::read(&file)?)?;
        good &= verdict != "CHANGED";
        println!("{:32} {verdict}", file.file_name().unwrap_or_default().to_string_lossy());
    }
    Ok(good)
}

fn print(scores: &BTreeMap<String, Score>) {
    println!(
        "{:16} {:>9} {:>9} {:>7} {:>7} {:>9} {:>9} {:>7} {:>9}",
        "source", "positive", "covered", "", "inside", "negative", "fired", "", "by name"
    );
    let line = |name: &str, s: &Score| {
        println!(
            "{name:16} {:>9} {:>9} {:>7.3} {:>7.3} {:>9} {:>9} {:>7.3} {:>9.3}",
            s.positive,
            s.covered,
            share(s.covered, s.positive),
            share(s.inside, s.positive),
            s.negative,
            s.fired,
            share(s.fired, s.negative),
            share(s.fired_by_name, s.negative)
        );
    };
    let (mut secrets, mut personal, mut all) = (Score::default(), Score::default(), Score::default());
    for (source, s) in scores {
        line(source, s);
        all += *s;
        if source == PERSONAL {
            personal += *s;
        } else {
            secrets += *s;
        }
    }
    line("SECRETS", &secrets);
    line("PERSONAL DATA", &personal);
    line("ALL", &all);
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

fn score(redactor: &Arc<Redactor>, row: &Value, list: bool) -> Result<Score, Failure> {
    let field = |name: &str| row[name].as_str().unwrap_or_default();
    let (text, secret) = (field("text"), field("secret"));
    let open = || Box::new(Cursor::new(text.as_bytes().to_vec()));
    let scan = redactor.scan(MediaHint::Text, &mut || Ok(open()))?;
    let found = redactor.with_seeds(&scan.seeds)?.find(text.as_bytes())?;
    let mut score = Score::default();
    let wrong = if field("label") == "positive" {
        let covered = if secret.is_empty() { !found.is_empty() } else { is_covered(text, secret, &found) };
        let inside = covered || !secret.is_empty() && is_covered_inside(text, secret, &found);
        (score.positive, score.covered, score.inside) = (1, u64::from(covered), u64::from(inside));
        !covered
    } else {
        let fired: Vec<&Finding> = found.iter().filter(|f| !HARMLESS.contains(&f.kind.as_str())).collect();
        (score.negative, score.fired) = (1, u64::from(!fired.is_empty()));
        score.fired_by_name = u64::from(fired.iter().any(|f| tells_the_same(&f.rule, field("kind"))));
        !fired.is_empty()
    };
    if list && wrong {
        let rules: Vec<&str> = found.iter().map(|f| f.rule.as_str()).collect();
        let edges = if score.inside > 0 { "edges of " } else { "" };
        println!("{edges}{} {} {}: {rules:?} {text:?} {secret:?}", field("label"), field("source"), field("kind"));
    }
    Ok(score)
}

/// Whether all bytes of one occurrence of `secret` lie in findings that touch or overlap.
fn is_covered(text: &str, secret: &str, found: &[Finding]) -> bool {
    text.match_indices(secret).any(|(start, _)| {
        let mut at = start;
        for finding in found {
            if finding.start <= at && finding.end > at {
                at = finding.end;
            }
        }
        at >= start + secret.len()
    })
}

/// Whether all letters and digits of one occurrence of `secret` lie in findings, but for lines of armour such as
/// `-----BEGIN PRIVATE KEY-----`.
fn is_covered_inside(text: &str, secret: &str, found: &[Finding]) -> bool {
    text.match_indices(secret).any(|(start, _)| {
        let mut at = start;
        secret.split_inclusive('\n').all(|line| {
            let first = at;
            at += line.len();
            let bytes = line.bytes().enumerate().filter(|(_, b)| b.is_ascii_alphanumeric()).map(|(n, _)| first + n);
            let is_found = |at: usize| found.iter().any(|f| f.start <= at && at < f.end);
            line.trim_start().starts_with("-----") && line.trim_end().ends_with("-----")
                || bytes.into_iter().all(is_found)
        })
    })
}

/// Whether one of our rules is about what a row calls its kind: they share a word that names a service or a thing.
fn tells_the_same(rule: &str, kind: &str) -> bool {
    const GENERAL: [&str; 20] = [
        "api",
        "key",
        "token",
        "secret",
        "access",
        "id",
        "generic",
        "np",
        "kingfisher",
        "auth",
        "client",
        "app",
        "user",
        "service",
        "account",
        "personal",
        "named",
        "password",
        "url",
        "bare",
    ];
    let words = |name: &str| -> Vec<String> {
        let parts = name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        parts.filter(|word| word.len() > 1 && !GENERAL.contains(&word.as_str())).collect()
    };
    let rule = words(rule);
    words(kind).iter().any(|word| rule.contains(word))
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
