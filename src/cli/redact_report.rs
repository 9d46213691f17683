//! What `redact` says when it is done: a line, a table, or one JSON document. Counts and rules, never a value.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::count;
use super::preview::human;
use super::vault_flags::SealedVault;
use crate::model::printable;
use crate::pipeline::copies::{Copied, NoCopy};
use crate::redact::Redactor;

/// Width of the table, and of its columns but for the file.
const WIDTH: usize = 80;
const RULE: usize = 28;
const NUMBER: usize = 10;

/// One file and what became of it.
pub struct Line {
    /// Its path as the person knows it.
    pub shown: String,
    /// Where its copy stands, redacted; the redacted name where there is none.
    pub place: String,
    /// What became of it.
    pub result: Result<Copied, NoCopy>,
}

/// All that was done.
#[derive(Default)]
pub struct Report {
    /// The files, in order.
    pub lines: Vec<Line>,
}

impl Report {
    fn made(&self) -> impl Iterator<Item = (&Line, &Copied)> {
        self.lines.iter().filter_map(|line| line.result.as_ref().ok().map(|copied| (line, copied)))
    }

    fn replaced(&self) -> u64 {
        self.made().flat_map(|(_, copied)| copied.summary.redactions.values()).sum()
    }

    /// Whether something has no copy, or only a part of it.
    pub fn has_gaps(&self) -> bool {
        self.lines.iter().any(|line| line.result.as_ref().map_or(true, |copied| copied.has_gaps))
    }

    /// Names what was withheld or is to be known, then sums up.
    pub fn talk(&self, err: &mut dyn Write) -> io::Result<()> {
        for line in &self.lines {
            match &line.result {
                Err(reason) => {
                    let (word, reason) = reason.words();
                    writeln!(err, "{word}: {}: {}", printable(&line.shown), printable(reason))?;
                }
                Ok(copied) => {
                    for note in &copied.notes {
                        writeln!(err, "note: {}: {}", printable(&line.shown), printable(note))?;
                    }
                }
            }
        }
        let bytes = self.made().map(|(_, copied)| copied.bytes).sum();
        writeln!(
            err,
            "{}, {}, {} replaced",
            count(self.made().count() as u64, "file"),
            human(bytes),
            count(self.replaced(), "value")
        )
    }

    /// A table of counts by file and rule.
    pub fn table(&self, err: &mut dyn Write) -> io::Result<()> {
        let file = WIDTH - RULE - NUMBER - 2;
        writeln!(err, "{:file$} {:RULE$} {:>NUMBER$}", "file", "rule", "replaced")?;
        let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
        for (line, copied) in self.made() {
            let mut name = fitted(&printable(&line.place), file);
            for (rule, n) in &copied.summary.redactions {
                writeln!(err, "{name:file$} {:RULE$} {n:>NUMBER$}", fitted(rule, RULE))?;
                *totals.entry(rule).or_default() += n;
                name.clear();
            }
        }
        if self.made().count() > 1 {
            let mut name = "all files";
            for (rule, n) in totals {
                writeln!(err, "{name:file$} {:RULE$} {n:>NUMBER$}", fitted(rule, RULE))?;
                name = "";
            }
        }
        writeln!(err, "{:file$} {:RULE$} {:>NUMBER$}", "in all", "", self.replaced())
    }

    /// The document of `--json`.
    pub fn document(&self, redactor: &Redactor, output: &str, vault: Option<&SealedVault>) -> Value {
        let files: Vec<Value> = self
            .made()
            .map(|(line, copied)| {
                json!({
                    "path": line.place,
                    "size": copied.bytes,
                    "encoding": copied.summary.encoding,
                    "redactions": copied.summary.redactions,
                    "notes": copied.notes,
                })
            })
            .collect();
        let left_out: Vec<Value> = self
            .lines
            .iter()
            .filter_map(|line| line.result.as_ref().err().map(|reason| (line, reason.words())))
            .map(
                |(line, (word, reason))| json!({ "path": line.place, "status": word, "reason": redactor.text(reason) }),
            )
            .collect();
        json!({
            "schema": "casefile-redact/1",
            "output": output,
            "files": files,
            "left_out": left_out,
            "replaced": self.replaced(),
            "rules": redactor.record(),
            "vault": vault.map(|vault| json!({ "path": vault.path, "values": vault.values, "left_out": vault.left_out })),
        })
    }
}

/// `text` in at most `width` characters, its middle left out.
fn fitted(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let (front, back) = ((width - 1) / 3, width - 1 - (width - 1) / 3);
    text.chars().take(front).chain(['…']).chain(text.chars().skip(length - back)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Summary;

    fn line(name: &str, rules: &[(&str, u64)]) -> Line {
        let redactions = rules.iter().map(|(rule, n)| ((*rule).to_owned(), *n)).collect();
        let summary = Summary { redactions, encoding: Some("utf-8"), notes: Vec::new() };
        Line {
            shown: name.to_owned(),
            place: name.to_owned(),
            result: Ok(Copied { bytes: 1536, summary, ..Copied::default() }),
        }
    }

    #[test]
    fn the_table_fits_80_columns_whatever_the_names() {
        let long = format!("{}/app.log", "deep".repeat(40));
        let report = Report { lines: vec![line("a.log", &[("email", 2), ("ipv4", 1)]), line(&long, &[("email", 40)])] };
        let mut out = Vec::new();
        report.table(&mut out).expect("memory");
        let table = String::from_utf8(out).expect("text");
        assert!(table.lines().all(|line| line.chars().count() <= WIDTH), "{table}");
        assert!(table.contains("…") && table.contains("/app.log "), "{table}");
        assert!(table.trim_end().ends_with(" 43"), "{table}");
        let mut talk = Vec::new();
        report.talk(&mut talk).expect("memory");
        assert_eq!(String::from_utf8_lossy(&talk), "2 files, 3.0 KiB, 43 values replaced\n");
    }
}
