//! One rule: its pattern and what a value must be.

use std::cell::Cell;
use std::ops::Range;

use casefile::redact::sensitive_names::is_reference;
use casefile::redact::{Rule as Loaded, RuleSet};
use regex::bytes::{Regex, RegexBuilder};

use super::Find;

/// Whether a rule asks where a value stands, which the oracle does not judge: numbers of people.
pub fn is_about_places(rule: &Loaded) -> bool {
    rule.number.is_some() || !rule.places.is_empty()
}

/// Bytes that a rule of several lines sees.
const SEVERAL_LINES: usize = 8 << 10;

/// Whether a value, under the name that the pattern's first group holds, is one.
pub type Check = Box<dyn Fn(Option<&[u8]>, &[u8]) -> bool>;

/// The check of a rule of the engine's.
pub fn check(loaded: &Loaded) -> Check {
    let check = loaded.check;
    Box::new(move |name, value| check.is_none_or(|check| check.passes(name, value)))
}

/// Checks of rules that see where a table begins.
const BEGINS: [&str; 2] = ["columns", "sql-columns"];

pub struct Rule {
    pub id: String,
    pub lines: usize,
    keywords: Vec<String>,
    /// Values that the pattern finds in lines without a keyword, which the engine does not look at.
    unlit: Cell<u64>,
    pattern: Regex,
    group: usize,
    entropy: f64,
    secret: bool,
    cookies: bool,
    email: bool,
    /// It sees where a table begins, and finds no value.
    pub begins: Option<&'static str>,
    check: Check,
}

impl Rule {
    /// The rules of all files in `redaction-rules/` that are in force; their checks come from `set`.
    pub fn all(set: &RuleSet) -> Vec<Self> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/redaction-rules");
        let files =
            std::fs::read_dir(folder).expect("the rule files are there").map(|entry| entry.expect("readable").path());
        let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
        files.sort();
        let mut all = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(file).expect("a rule file is readable");
            let table: toml::Table = text.parse().expect("a rule file is TOML");
            for rule in table["rules"].as_array().expect("rules are a list") {
                let loaded = set.rules.iter().find(|known| Some(known.id.as_str()) == rule["id"].as_str());
                all.push(Self::read(rule, loaded.expect("every rule of the files is loaded")));
            }
        }
        assert_eq!(all.len(), set.rules.len(), "all files are loaded");
        let judged = |loaded: &&Loaded| !loaded.strict && !is_about_places(loaded);
        all.retain(|rule| set.rules.iter().filter(judged).any(|loaded| loaded.id == rule.id));
        all
    }

    fn read(rule: &toml::Value, loaded: &Loaded) -> Self {
        let redact = &rule["redact"];
        let pattern = rule["regex"].as_str().expect("a rule has a pattern");
        let own = redact.get("check").and_then(toml::Value::as_str);
        Self {
            id: loaded.id.clone(),
            keywords: loaded.keywords.clone(),
            unlit: Cell::new(0),
            lines: redact.get("lines").and_then(toml::Value::as_integer).map_or(1, |n| n as usize),
            pattern: RegexBuilder::new(pattern).unicode(false).build().expect("a rule's pattern compiles"),
            group: rule.get("secretGroup").and_then(toml::Value::as_integer).map_or(0, |n| n as usize),
            entropy: rule.get("entropy").and_then(toml::Value::as_float).unwrap_or(-1.0),
            secret: redact.get("secret").and_then(toml::Value::as_bool).unwrap_or(false),
            cookies: loaded.kind == "cookie",
            email: own == Some("email"),
            begins: BEGINS.into_iter().find(|begins| own == Some(begins)),
            check: check(loaded),
        }
    }

    /// Finds values in `line`, which begins at `at`.
    pub fn find(&self, line: &[u8], at: usize, finds: &mut Vec<Find>) {
        for range in self.values(line, line.len(), line) {
            let secrets = self.secrets(&line[range.clone()]);
            let range = at + range.start..at + range.end;
            finds.push(Find { secrets, ..Find::new(range, &self.id) });
        }
    }

    /// Finds values that begin in any line and go on in the next ones: they go line by line.
    pub fn find_over_lines(&self, text: &[u8], finds: &mut Vec<Find>) {
        for line in super::lines(text) {
            let window = &text[line.start..text.len().min(line.start + SEVERAL_LINES)];
            let mut ends = memchr::memchr_iter(b'\n', window);
            let first = memchr::memchr(b'\n', window).unwrap_or(window.len());
            let window = &window[..ends.nth(self.lines - 1).unwrap_or(window.len())];
            for value in self.values(window, first, &window[..first]) {
                for part in super::lines(&window[value.clone()]) {
                    let part = value.start + part.start..value.start + part.end;
                    let text = &window[part.clone()];
                    let start = line.start + part.start + text.len() - text.trim_ascii_start().len();
                    let range = start..start + text.trim_ascii().len();
                    let secrets = self.secrets(text.trim_ascii());
                    finds.push(Find { secrets, ..Find::new(range, &self.id) });
                }
            }
        }
    }

    /// What is to be searched for everywhere when `value` was found; of several cookies each.
    fn secrets(&self, value: &[u8]) -> Vec<Vec<u8>> {
        let mut all = if self.secret { vec![value.to_vec()] } else { Vec::new() };
        if self.secret && self.cookies {
            let cookies = value.split(|b| *b == b';').filter_map(|cookie| cookie.splitn(2, |b| *b == b'=').nth(1));
            all.extend(cookies.map(<[u8]>::to_vec));
        }
        all
    }

    /// Values found in lines without a keyword.
    pub fn unlit(&self) -> u64 {
        self.unlit.get()
    }

    /// The values of all matches that begin up to `last`, when a keyword stands in `lit`.
    fn values(&self, text: &[u8], last: usize, lit: &[u8]) -> Vec<Range<usize>> {
        let all = self.values_from(text, last);
        let lower = lit.to_ascii_lowercase();
        let any = |keyword: &String| memchr::memmem::find(&lower, keyword.as_bytes()).is_some();
        if all.is_empty() || self.keywords.is_empty() || self.keywords.iter().any(any) {
            return all;
        }
        self.unlit.set(self.unlit.get() + all.len() as u64);
        Vec::new()
    }

    /// The values of all matches that begin up to `last`.
    fn values_from(&self, text: &[u8], last: usize) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        let mut from = 0;
        while from <= last.min(text.len()) {
            let Some(groups) = self.pattern.captures_at(text, from) else { break };
            let whole = groups.get(0).expect("the match").range();
            let filled = groups.iter().skip(1).flatten().find(|group| !group.is_empty()).or_else(|| groups.get(0));
            let group = if self.group > 0 { groups.iter().skip(self.group).flatten().next() } else { filled };
            let Some(value) = group.map(|group| group.range()) else { break };
            let name = groups.get(1).map(|name| name.range());
            if self.takes(text, name.clone().map(|name| &text[name]), value.clone()) {
                from = whole.end.max(whole.start + 1);
                all.push(value);
            } else {
                // Something else may begin behind the name of what was refused.
                let behind_name = name.filter(|name| name.end < value.start).map_or(0, |name| name.end);
                from = behind_name.max(whole.start + 1);
            }
        }
        all
    }

    fn takes(&self, text: &[u8], name: Option<&[u8]>, value: Range<usize>) -> bool {
        let bytes = &text[value.clone()];
        !bytes.is_empty()
            && entropy(bytes) > self.entropy
            && !(self.secret && self.begins.is_none() && is_reference(bytes))
            && (self.check)(name, bytes)
            && !(self.email && ends_in_url_user(&text[..value.start]))
    }
}

/// `scheme://user:` and then only what can be a password: no mail address begins there.
fn ends_in_url_user(before: &[u8]) -> bool {
    let word = before.rsplit(|b| b.is_ascii_whitespace() || b"/\"'<>".contains(b)).next().unwrap_or_default();
    before[..before.len() - word.len()].ends_with(b"://") && word.contains(&b':')
}

/// Shannon entropy in bits a byte.
pub fn entropy(value: &[u8]) -> f64 {
    let length = value.len() as f64;
    let count = |byte: u8| value.iter().filter(|b| **b == byte).count() as f64;
    (0..=255).map(count).filter(|n| *n > 0.0).map(|n| -(n / length) * (n / length).log2()).sum()
}
