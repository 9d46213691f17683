//! Scores a rule file of another program by itself: `tests/foreign-rules RULES_FILE JSONL SOURCE`.
//!
//! No built-in rule is in force, so the figure says how well the file is read. The JSONL is that of `examples/corpus.rs`; the rows
//! whose `source` is SOURCE count. A positive row is covered when every byte of one occurrence of its secret lies in findings;
//! without a secret, when there is a finding. `--list` prints the rows that were missed, by kind and rules, without their text.
//! It fails when less than 99 in 100 are covered.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::io::Cursor;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use casefile::redact::{Finding, KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

/// Findings of the engine itself, which no rule file adds.
const OF_THE_ENGINE: [&str; 4] = ["ipv4", "ipv6", "host", "user"];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, Failure> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let list = arguments.iter().any(|argument| argument == "--list");
    arguments.retain(|argument| argument != "--list");
    let [rules, rows, source] = &arguments[..] else {
        return Err("usage: foreign_rules RULES_FILE JSONL SOURCE [--list]".into());
    };
    let text = std::fs::read_to_string(rules)?;
    let name = rules.rsplit(['/', '\\']).next().unwrap_or(rules).to_owned();
    let began = Instant::now();
    let set = RuleSet::only(&[(name, text)])?;
    println!("{} rules loaded in {} ms", set.rules.len(), began.elapsed().as_millis());
    set.notes.iter().for_each(|note| println!("note: {note}"));
    let redactor = Redactor::new(Arc::new(set), Pseudonyms::new(b"score"), &KnownNames::default(), Privacy::Standard)?;
    let redactor = Arc::new(redactor);
    let (mut positive, mut covered, mut negative, mut fired) = (0_u32, 0_u32, 0_u32, 0_u32);
    let began = Instant::now();
    for line in std::fs::read_to_string(rows)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let field = |name: &str| row[name].as_str().unwrap_or_default();
        if field("source") != source {
            continue;
        }
        let found = findings(&redactor, field("text"))?;
        let good = if field("label") == "positive" {
            let is_covered = if field("secret").is_empty() {
                !found.is_empty()
            } else {
                covers(&found, field("text"), field("secret"))
            };
            positive += 1;
            covered += u32::from(is_covered);
            is_covered
        } else {
            negative += 1;
            fired += u32::from(!found.is_empty());
            true
        };
        if list && !good {
            let by: Vec<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
            let lines = field("text").lines().count();
            println!("missed: {} {} ({lines} lines), found by {by:?}", field("kind"), field("id"));
        }
    }
    println!("{positive} positive, {covered} covered: {:.4}", share(covered, positive));
    println!("{negative} negative, {fired} fired:   {:.4}", share(fired, negative));
    println!("scored in {} ms", began.elapsed().as_millis());
    Ok(share(covered, positive) >= 0.99)
}

fn findings(redactor: &Arc<Redactor>, text: &str) -> Result<Vec<Finding>, Failure> {
    let open = || Box::new(Cursor::new(text.as_bytes().to_vec()));
    let scan = redactor.scan(MediaHint::Text, &mut || Ok(open()))?;
    let mut found = redactor.with_seeds(&scan.seeds)?.find(text.as_bytes())?;
    found.retain(|finding| !OF_THE_ENGINE.contains(&finding.rule.as_str()));
    Ok(found)
}

/// Whether all of one occurrence of `secret` lies in findings. Lines stay lines, so the space around their ends does not count.
fn covers(found: &[Finding], text: &str, secret: &str) -> bool {
    text.match_indices(secret).any(|(start, _)| {
        let mut open = (start..start + secret.len()).filter(|at| !text.as_bytes()[*at].is_ascii_whitespace());
        open.all(|at| found.iter().any(|finding| (finding.start..finding.end).contains(&at)))
    })
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}
