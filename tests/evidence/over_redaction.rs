//! How much is replaced in logs without a secret, and by which rule.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use casefile::redact::{Finding, Redactor};

use super::engine::redact;

/// Kinds whose replacement leaves a line as useful as before.
const HARMLESS: [&str; 6] = ["ipv4", "ipv6", "host", "domain", "user", "email"];

/// Lines changed otherwise than by a harmless kind, by rule.
#[derive(Default)]
pub struct OverRedaction {
    pub lines: u64,
    pub changed: u64,
    rules: BTreeMap<String, Fired>,
}

/// One rule: its lines, and an example of each shape that they have.
#[derive(Default)]
struct Fired {
    lines: u64,
    shapes: BTreeMap<String, (u64, String)>,
}

/// Examples of one rule that are shown.
const SHOWN: usize = 6;
/// Shapes of one rule that are told apart.
const SHAPES: usize = 500;

impl OverRedaction {
    /// Adds the lines of `text`, which holds no secret.
    pub fn add(&mut self, redactor: &Arc<Redactor>, text: &[u8]) {
        let found = redact(redactor, text).found;
        let mut found = found.iter().filter(|f| !HARMLESS.contains(&f.kind.as_str())).peekable();
        let mut start = 0;
        for line in text.split_inclusive(|b| *b == b'\n') {
            let end = start + line.len();
            let mut here: Vec<&Finding> = Vec::new();
            while let Some(finding) = found.next_if(|f| f.start < end) {
                here.push(finding);
            }
            self.lines += 1;
            self.changed += u64::from(!here.is_empty());
            here.dedup_by(|a, b| a.rule == b.rule);
            for finding in here {
                let rule = self.rules.entry(finding.rule.clone()).or_default();
                rule.lines += 1;
                let example = example(text, finding);
                if rule.shapes.len() < SHAPES {
                    rule.shapes.entry(shape(&example)).or_insert((0, example)).0 += 1;
                }
            }
            start = end;
        }
    }

    /// One line in so many is changed.
    pub fn one_in(&self) -> u64 {
        self.lines / self.changed.max(1)
    }
}

/// What goes, in brackets, with what stands around it.
fn example(text: &[u8], finding: &Finding) -> String {
    let line_start = text[..finding.start].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let line_end = text[finding.end..].iter().position(|b| *b == b'\n').map_or(text.len(), |at| finding.end + at);
    let before = &text[line_start.max(finding.start.saturating_sub(50))..finding.start];
    let after = &text[finding.end..line_end.min(finding.end + 30)];
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).escape_debug().to_string();
    format!("{}[{}]{}", part(before), part(&text[finding.start..finding.end]), part(after))
}

/// The words before what goes: lines of one template have the same.
fn shape(example: &str) -> String {
    let before = example.split('[').next().unwrap_or_default();
    let letters: String = before.chars().filter(|c| c.is_ascii_alphabetic()).collect();
    letters[letters.len().saturating_sub(8)..].to_owned()
}

impl fmt::Display for OverRedaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rules: Vec<_> = self.rules.iter().collect();
        rules.sort_by_key(|(rule, fired)| (std::cmp::Reverse(fired.lines), *rule));
        writeln!(f, "{:28} {:>8} {:>10}", "rule", "lines", "one in")?;
        for (rule, fired) in rules {
            writeln!(f, "{rule:28} {:>8} {:>10}", fired.lines, self.lines / fired.lines)?;
            let mut shapes: Vec<_> = fired.shapes.values().collect();
            shapes.sort_by_key(|(count, example)| (std::cmp::Reverse(*count), example));
            for (count, example) in shapes.into_iter().take(SHOWN) {
                writeln!(f, "{count:>37}  {example}")?;
            }
        }
        write!(f, "{:28} {:>8} {:>10}  of {} lines", "ALL", self.changed, self.one_in(), self.lines)
    }
}
