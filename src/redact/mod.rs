//! Rules, matching, placeholders, a walker per format. Pure: bytes in, bytes out; no file, no clock, no system.
//!
//! A run has two passes. [`Redactor::scan`] reads a source, writes nothing and gathers its secrets; once all sources are
//! scanned, [`Redactor::redact`] replaces, with those secrets as literals. Only this room can make a [`Redacted`], and the
//! bundle takes nothing else.

mod address;
mod answers;
mod automaton;
mod checks;
mod columns;
mod containers;
mod decode;
mod digits;
mod document;
mod encoded;
mod everyday;
mod exact_texts;
mod examples;
mod finding;
mod gates;
mod images;
mod in_order;
pub mod json;
mod jwt;
mod key_block;
mod kinds;
mod known;
mod leaks;
mod line;
mod line_filter;
mod lines;
mod literals;
mod long_document;
mod looks;
mod matching;
mod nested;
mod placeholder;
mod places;
mod prefilter;
mod reveal;
mod rules;
mod scan;
mod seeds;
pub mod sensitive_names;
mod spans;
mod spelling;
mod split;
mod stream;
#[cfg(test)]
mod tests;
mod values;
mod view;
mod windows;
mod witness;
mod write;
mod yaml;

use std::sync::Arc;

pub use examples::{RULES_SCHEMA, RuleListing, RuleRow, WrongExample};
pub use finding::Finding;
pub use known::KnownNames;
pub use leaks::{Leak, Looked};
pub use line_filter::LineFilter;
pub use long_document::{LongList, Store};
pub use placeholder::Pseudonyms;
pub use reveal::{Revealed, Revealer};
pub use rules::{Rule, RuleNote, RuleSet};
pub use scan::{MediaHint, Scan, Treatment};
pub use seeds::Seeds;
pub use stream::{Redacted, RedactedBlock, Step, Summary};
pub use witness::{Entry, Originals, Replacement, Witness};

/// How much is replaced beyond secrets and personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Privacy {
    /// Private addresses stay, because engineers need them and they lead nobody to the customer.
    #[default]
    Standard,
    /// All addresses are mapped, and rules that take more than is usual look too.
    Strict,
}

impl Privacy {
    /// The word in the manifest.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Strict => "strict",
        }
    }
}

/// Why something could not be redacted. The artifact is then left out, and the manifest says this.
#[derive(Debug, thiserror::Error)]
pub enum RedactError {
    /// Neither text nor a known container.
    #[error("is binary data of an unknown kind, which cannot be redacted")]
    Binary,
    /// A kind of file that is known and cannot be redacted.
    #[error("is {0}, which cannot be redacted")]
    Kind(&'static str),
    /// A rule that does not compile.
    #[error("rule `{0}` does not compile")]
    Rule(String),
    /// A file that is encrypted with age: somebody wants it closed, and it may be a vault.
    #[error("is encrypted with age, so it cannot be redacted; a vault is left out")]
    Encrypted,
    /// Something larger than the engine takes.
    #[error("is over a limit of the redactor: {0}")]
    Limit(&'static str),
    /// The check after redaction found a secret.
    #[error("still held a known secret after redaction")]
    SecretLeft,
    /// The two passes saw different things.
    #[error("changed between the two passes: {0}")]
    Changed(&'static str),
    /// An image that is damaged or not what its name says.
    #[error("is no readable PNG, JPEG or WebP image")]
    Image,
    /// The source could not be read.
    #[error("could not be read: {0}")]
    Read(#[from] std::io::Error),
}

/// The rules, the key and the known names of one run.
pub struct Redactor {
    set: Arc<RuleSet>,
    prefilter: Arc<prefilter::Prefilter>,
    bare: Arc<digits::BareRules>,
    alone: Arc<places::AloneRules>,
    pseudonyms: Pseudonyms,
    known: Arc<known::KnownMatcher>,
    privacy: Privacy,
    seeds: seeds::SeedMatcher,
    seeds_found: u64,
    seeds_over_cap: u64,
    witnesses: Vec<Arc<dyn Witness>>,
    /// What the rules said before, where the same texts are looked at twice.
    answers: Option<Arc<answers::Answers>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} rules)", self.set.rules.len())
    }
}

impl Redactor {
    /// A redactor that knows the rules and names, and no secret yet.
    pub fn new(set: Arc<RuleSet>, key: Pseudonyms, names: &KnownNames, privacy: Privacy) -> Result<Self, RedactError> {
        let known = known::KnownMatcher::new(names);
        Ok(Self {
            prefilter: Arc::new(prefilter::Prefilter::new(&set, &known.names, privacy)),
            bare: Arc::new(digits::BareRules::new(&set, privacy)),
            alone: Arc::new(places::AloneRules::new(&set, privacy)),
            set,
            pseudonyms: key,
            known: Arc::new(known),
            privacy,
            seeds: seeds::SeedMatcher::default(),
            seeds_found: 0,
            seeds_over_cap: 0,
            witnesses: Vec::new(),
            answers: None,
        })
    }

    /// The same redactor, searching for `seeds` everywhere: ready for the second pass.
    pub fn with_seeds(&self, seeds: &Seeds) -> Result<Self, RedactError> {
        Ok(Self {
            set: Arc::clone(&self.set),
            prefilter: Arc::clone(&self.prefilter),
            bare: Arc::clone(&self.bare),
            alone: Arc::clone(&self.alone),
            pseudonyms: self.pseudonyms.clone(),
            known: Arc::clone(&self.known),
            privacy: self.privacy,
            seeds: seeds::SeedMatcher::new(seeds, &self.set.kinds)?,
            seeds_found: seeds.len() as u64,
            seeds_over_cap: seeds.over_cap(),
            witnesses: self.witnesses.clone(),
            answers: self.answers.clone(),
        })
    }

    /// The same redactor, for two passes over the same texts: in the second it remembers what the rules said in the first.
    #[must_use]
    pub fn remembering(mut self) -> Self {
        self.answers = Some(Arc::default());
        self
    }

    /// The same redactor, which tells `witness` of each replacement.
    #[must_use]
    pub fn witnessed(mut self, witness: Arc<dyn Witness>) -> Self {
        self.witnesses.push(witness);
        self
    }

    /// The ids of the rules in force that look at several lines at once.
    #[must_use]
    pub fn rules_over_lines(&self) -> Vec<&str> {
        let in_force = |rule: &&Rule| rule.lines > 1 && (self.privacy == Privacy::Strict || !rule.strict);
        self.set.rules.iter().filter(in_force).map(|rule| rule.id.as_str()).collect()
    }

    /// What the manifest says about the rules of this run.
    #[must_use]
    pub fn record(&self) -> crate::model::manifest::RedactionRecord {
        crate::model::manifest::RedactionRecord {
            rules_digest: self.set.digest,
            rules: self.set.rules.len() as u64,
            privacy: self.privacy.word().to_owned(),
            seeds: self.seeds_found,
            seeds_over_cap: self.seeds_over_cap,
        }
    }

    /// A short text with the rules applied: a name, a reason, a command line.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut out = Vec::with_capacity(text.len());
        let mut counts = stream::Counts::new();
        match self.replace_all(text.as_bytes(), &mut out, &mut counts) {
            Ok(()) => String::from_utf8_lossy(&out).into_owned(),
            Err(_) => "REDACTED-value".to_owned(),
        }
    }
}
