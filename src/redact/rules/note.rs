//! What a rule file asks for and does not get. Such a thing never makes the file unusable, and is never kept quiet.

use std::collections::BTreeMap;
use std::fmt;

/// One thing that is not honoured, or not as its author may expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleNote {
    /// The file, as it was named.
    pub file: String,
    /// The key, such as `path` or `extend.useDefault`.
    pub key: String,
    /// How many rules it is about; 0 when it is about the whole file.
    pub rules: usize,
    /// What holds instead.
    pub instead: &'static str,
}

impl fmt::Display for RuleNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`", self.file, self.key)?;
        match self.rules {
            0 => {}
            1 => write!(f, " of 1 rule")?,
            rules => write!(f, " of {rules} rules")?,
        }
        write!(f, ": {}", self.instead)
    }
}

/// Gathers the notes of one file: each key once.
#[derive(Debug, Default)]
pub(super) struct Notes(BTreeMap<(String, &'static str), usize>);

impl Notes {
    /// Notes something about the whole file.
    pub(super) fn file(&mut self, key: &str, instead: &'static str) {
        self.0.entry((key.to_owned(), instead)).or_default();
    }

    /// Notes something about one more rule.
    pub(super) fn rule(&mut self, key: &str, instead: &'static str) {
        *self.0.entry((key.to_owned(), instead)).or_default() += 1;
    }

    /// The notes, by key.
    pub(super) fn of(self, file: &str) -> Vec<RuleNote> {
        let note = |((key, instead), rules)| RuleNote { file: file.to_owned(), key, rules, instead };
        self.0.into_iter().map(note).collect()
    }
}
