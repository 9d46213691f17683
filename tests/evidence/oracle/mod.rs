//! A second redactor, as simple as can be: every pattern on every line of a text, and on every way in which the line can be
//! read. No automata, no pieces, no windows; a keyword is looked for after the pattern, to tell of rules whose keywords miss
//! something. It only says which bytes must go.
//!
//! What it shares with the engine: the rule files, the checks on values, and the tables of names that promise a secret.

mod address;
mod blocks;
mod columns;
mod reading;
mod rule;
mod spelling;

use std::collections::BTreeSet;
use std::ops::Range;

use casefile::redact::RuleSet;

use self::reading::Reading;
use self::rule::Rule;

/// Encodings inside each other that are undone.
const DEEPEST: usize = 3;

/// A place that must go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    pub range: Range<usize>,
    /// The rule, or what else found it.
    pub by: String,
    /// What is to be searched for everywhere.
    secrets: Vec<Vec<u8>>,
    /// Found in a reading that differs from what is written.
    read: bool,
    /// An address is replaced as it stands, a word always whole.
    address: bool,
}

impl Find {
    fn new(range: Range<usize>, by: &str) -> Self {
        Self { range, by: by.to_owned(), secrets: Vec::new(), read: false, address: false }
    }
}

/// The rules, read anew from their files.
pub struct Oracle {
    rules: Vec<Rule>,
    names: Vec<String>,
    not_judged: BTreeSet<String>,
    /// Whether a value under a column's name is a secret.
    cells: rule::Check,
}

impl Oracle {
    /// All rules in force, and names of hosts and users.
    pub fn new(names: &[&str]) -> Self {
        let set = RuleSet::load(&[]).expect("the built-in rules load");
        let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let not_judged =
            set.rules.iter().filter(|rule| rule::is_about_places(rule)).map(|rule| rule.id.clone()).collect();
        let cells = rule::check(set.rules.iter().find(|rule| rule.id == "named-secret-bare").expect("it is built in"));
        Self { rules: Rule::all(&set), names, not_judged, cells }
    }

    fn begins(&self, finds: Vec<Find>) -> Vec<columns::Begin> {
        let is_sql = |by: &str| self.rules.iter().any(|rule| rule.id == by && rule.begins == Some("sql-columns"));
        let begin = |find: Find| columns::Begin { range: find.range, sql: is_sql(&find.by), by: find.by };
        finds.into_iter().map(begin).collect()
    }

    /// Whether what this rule finds is judged here: rules about numbers of people, which ask where a number stands, are not.
    pub fn judges(&self, rule: &str) -> bool {
        !self.not_judged.contains(rule)
    }

    /// The places in `text` that must go: as the first pass finds them, and wherever one of its secrets stands.
    pub fn must_go(&self, text: &[u8]) -> Vec<Find> {
        let mut first = Vec::new();
        self.look(text, 0, None, &BTreeSet::new(), &mut first);
        let seeds = secrets_of(&first);
        let seeds = seeds.iter().filter_map(|secret| seed_of(secret));
        let seeds = seeds.flat_map(|seed| spelling::spellings(&seed)).collect();
        let mut second = Vec::new();
        self.look(text, 0, None, &seeds, &mut second);
        second.retain(|find| !find.range.is_empty());
        for find in second.iter_mut().filter(|find| !find.address) {
            find.range = whole_words(text, find.range.clone());
        }
        second
    }

    /// Rules whose patterns found something in lines without a keyword of theirs, with how often: their keywords are too few,
    /// or their patterns too wide.
    pub fn unlit(&self) -> Vec<(&str, u64)> {
        self.rules.iter().map(|rule| (rule.id.as_str(), rule.unlit())).filter(|(_, times)| *times > 0).collect()
    }

    /// `read` is how `text` was written, where escapes were undone in it.
    fn look(
        &self,
        text: &[u8],
        depth: usize,
        read: Option<(&Reading, &[u8])>,
        seeds: &BTreeSet<Vec<u8>>,
        finds: &mut Vec<Find>,
    ) {
        let mut begins = Vec::new();
        for line in lines(text) {
            for rule in self.rules.iter().filter(|rule| rule.lines == 1) {
                if rule.begins.is_some() {
                    rule.find(&text[line.clone()], line.start, &mut begins);
                } else {
                    rule.find(&text[line.clone()], line.start, finds);
                }
            }
        }
        let mut begins = self.begins(begins);
        if let Some((reading, raw)) = read {
            // A statement that is written so was read there.
            begins.retain(|begin| {
                let copy = text[begin.range.clone()].to_ascii_lowercase().starts_with(b"copy");
                !begin.sql || copy || raw[reading.written(&begin.range)] != text[begin.range.clone()]
            });
        }
        let judge = |name: &[u8], value: &[u8]| value != b"\\N" && (self.cells)(Some(name), value);
        columns::find(text, begins, &judge, finds);
        for rule in self.rules.iter().filter(|rule| rule.lines > 1) {
            rule.find_over_lines(text, finds);
        }
        address::find(text, finds);
        self.find_names(text, finds);
        find_seeds(text, seeds, finds);
        blocks::find_keys(text, finds);
        if depth == 0 {
            blocks::find_yaml(text, finds);
        }
        if depth == DEEPEST {
            return;
        }
        for line in lines(text) {
            if let Some(reading) = Reading::without_escapes(&text[line.clone()]) {
                let mut inside = Vec::new();
                self.look(reading.text(), depth + 1, Some((&reading, &text[line.clone()])), seeds, &mut inside);
                for find in inside {
                    let written = if find.range.is_empty() { 0..0 } else { reading.written(&find.range) };
                    let range = line.start + written.start..line.start + written.end;
                    let read = text[range.clone()] != reading.text()[find.range.clone()];
                    finds.push(Find { range, read: find.read || read, ..find });
                }
            }
        }
        for run in reading::encoded_runs(text) {
            let mut inside = Vec::new();
            self.look(&run.decoded, depth + 1, None, seeds, &mut inside);
            if inside.iter().any(|find| !find.range.is_empty()) {
                finds.push(Find::new(run.range, "encoded"));
            }
            // What stands inside is a secret out here too.
            finds.push(Find { secrets: secrets_of(&inside), ..Find::new(0..0, "inside") });
        }
    }

    fn find_names(&self, text: &[u8], finds: &mut Vec<Find>) {
        let lower = text.to_ascii_lowercase();
        for name in &self.names {
            for at in places(&lower, name.as_bytes()) {
                let range = at..at + name.len();
                if begins_word(text, range.start) && ends_word(text, range.end) {
                    finds.push(Find::new(range, "name"));
                }
            }
        }
    }
}

/// The lines of `text`, without their ends.
fn lines(text: &[u8]) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut start = 0;
    for line in text.split(|b| *b == b'\n') {
        all.push(start..start + line.strip_suffix(b"\r").unwrap_or(line).len());
        start += line.len() + 1;
    }
    all
}

/// Where `what` stands in `text`, also where the places overlap.
fn places<'a>(text: &'a [u8], what: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + memchr::memmem::find(text.get(from..)?, what)?;
        from = at + 1;
        Some(at)
    })
}

/// What is a secret of its own in `finds`. What was found as it is written and in a reading is what it reads as.
fn secrets_of(finds: &[Find]) -> Vec<Vec<u8>> {
    let read: BTreeSet<(usize, usize)> =
        finds.iter().filter(|f| f.read).map(|f| (f.range.start, f.range.end)).collect();
    let best = |f: &&Find| f.read || f.range.is_empty() || !read.contains(&(f.range.start, f.range.end));
    finds.iter().filter(best).flat_map(|find| find.secrets.clone()).collect()
}

/// What is searched for when `secret` was found. Short and plain values are not.
fn seed_of(secret: &[u8]) -> Option<Vec<u8>> {
    let seed = secret.trim_ascii();
    (seed.len() >= 8 && !seed.contains(&b'\n') && rule::entropy(seed) >= 3.0).then(|| seed.to_vec())
}

/// Where seeds stand: from the left, the longest first. What begins inside of one is no longer whole.
fn find_seeds(text: &[u8], seeds: &BTreeSet<Vec<u8>>, finds: &mut Vec<Find>) {
    let mut all: Vec<Range<usize>> =
        seeds.iter().flat_map(|seed| places(text, seed).map(|at| at..at + seed.len())).collect();
    all.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut end = 0;
    for range in all {
        if range.start >= end {
            end = range.end;
            finds.push(Find::new(range, "seed"));
        }
    }
}

/// `range`, with the whole of the words that it cuts.
fn whole_words(text: &[u8], range: Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (range.start, range.end);
    while !begins_word(text, start) {
        start -= 1;
    }
    while !ends_word(text, end) {
        end += 1;
    }
    start..end
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Whether a word can begin at `at`: nothing of a word before it, or an escape, which stands for something else.
fn begins_word(text: &[u8], at: usize) -> bool {
    let before = &text[..at];
    let hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    before.last().is_none_or(|last| !is_word(*last))
        || (at >= 3 && before[at - 3] == b'%' && hex(&before[at - 2..]))
        || (at >= 2
            && before[at - 2] == b'-'
            && before[at - 1].is_ascii_alphabetic()
            && before[..at - 2].last().is_none_or(|b| b" \t\n\"'".contains(b)))
        || (at >= 2 && before[at - 2] == b'\\' && b"ntrbf".contains(&before[at - 1]))
        || (at >= 6 && before[at - 6..].starts_with(b"\\u") && hex(&before[at - 4..]))
}

fn ends_word(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|next| !is_word(*next))
}
