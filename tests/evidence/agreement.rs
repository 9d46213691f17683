//! Whether the engine and the oracle find the same bytes, and whether the output follows from what was found.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use casefile::redact::Redactor;

use super::engine::{HOSTS, USERS, redact};
use super::oracle::{Find, Oracle};

/// What was compared, and where the two differ.
pub struct Agreement {
    redactor: Arc<Redactor>,
    oracle: Oracle,
    pub bytes: u64,
    pub lines: u64,
    pub finds: u64,
    /// The oracle found something that the engine did not.
    missed: Vec<String>,
    /// The engine found something that the oracle did not.
    extra: Vec<String>,
    /// A line came out changed in which nothing was found, or unchanged where something was.
    output: Vec<String>,
}

impl Agreement {
    pub fn new(redactor: Arc<Redactor>) -> Self {
        let names: Vec<&str> = HOSTS.into_iter().chain(USERS).collect();
        let (missed, extra, output) = Default::default();
        Self { redactor, oracle: Oracle::new(&names), bytes: 0, lines: 0, finds: 0, missed, extra, output }
    }

    pub fn is_whole(&self) -> bool {
        self.differences() == 0
    }

    /// Compares both on `text`, and says whether they agree on it.
    pub fn compare(&mut self, text: &[u8]) -> bool {
        let before = self.differences();
        let redaction = redact(&self.redactor, text);
        let finds = self.oracle.must_go(text);
        let (mut by_engine, mut by_oracle) = (vec![false; text.len()], vec![false; text.len()]);
        redaction.found.iter().for_each(|f| by_engine[f.start..f.end].fill(true));
        finds.iter().for_each(|f| by_oracle[f.range.clone()].fill(true));
        redaction
            .found
            .iter()
            .filter(|f| !self.oracle.judges(&f.rule))
            .for_each(|f| by_oracle[f.start..f.end].fill(true));
        self.bytes += text.len() as u64;
        self.finds += finds.len() as u64;
        let mut output = redaction.output.split(|b| *b == b'\n');
        let mut start = 0;
        for line in text.split(|b| *b == b'\n') {
            let range = start..start + line.len();
            start += line.len() + 1;
            self.lines += 1;
            let written = output.next();
            if by_engine[range.clone()] != by_oracle[range.clone()] {
                let differs = |at: &usize| by_engine[*at] != by_oracle[*at];
                let at = range.clone().find(differs).unwrap_or(range.start);
                let told = told(text, &range, at, &finds, &redaction.found);
                let list = if by_oracle[at] { &mut self.missed } else { &mut self.extra };
                list.push(told);
            }
            let changed = written != Some(line);
            if changed != by_engine[range.clone()].contains(&true) {
                self.output.push(format!("changed is {changed}: {}", String::from_utf8_lossy(line)));
            }
        }
        if output.next().is_some() {
            self.output.push("there are more lines than before".to_owned());
        }
        self.differences() == before
    }

    fn differences(&self) -> usize {
        self.missed.len() + self.extra.len() + self.output.len()
    }
}

fn told(text: &[u8], line: &Range<usize>, at: usize, finds: &[Find], found: &[casefile::redact::Finding]) -> String {
    let end = line.end.min(at + 80);
    let shown = String::from_utf8_lossy(&text[line.start.max(at.saturating_sub(60))..end]);
    let oracle: Vec<&str> = finds.iter().filter(|f| f.range.contains(&at)).map(|f| f.by.as_str()).collect();
    let engine: Vec<&str> = found.iter().filter(|f| (f.start..f.end).contains(&at)).map(|f| f.rule.as_str()).collect();
    format!(
        "oracle {oracle:?}, engine {engine:?} from {:?} in {shown:?}",
        String::from_utf8_lossy(&text[at..end.min(at + 20)])
    )
}

/// Differences of one kind that are told, the last ones.
const TOLD: usize = 40;

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, list) in
            [("only the oracle", &self.missed), ("only the engine", &self.extra), ("output", &self.output)]
        {
            for one in list.iter().rev().take(TOLD) {
                writeln!(f, "{what}: {one}")?;
            }
        }
        for (rule, times) in self.oracle.unlit() {
            writeln!(f, "{rule} matches without a keyword of its own, {times} times")?;
        }
        let (missed, extra, output) = (self.missed.len(), self.extra.len(), self.output.len());
        write!(
            f,
            "{} bytes, {} lines, {} finds; only the oracle {missed}, only the engine {extra}, output {output}",
            self.bytes, self.lines, self.finds
        )
    }
}
