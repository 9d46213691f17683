//! Rules, matching, placeholders, a walker per format. Pure: bytes in, bytes out; no file, no clock, no system.
//!
//! A run has two passes. [`Redactor::scan`] reads a source, writes nothing and gathers its secrets; once all sources are
//! scanned, [`Redactor::redact`] replaces, with those secrets as literals. Only this room can make a [`Redacted`], and the
//! bundle takes nothing else.

mod address;
mod checks;
mod containers;
mod decode;
mod document;
mod finding;
mod images;
pub mod json;
mod json_values;
mod kinds;
mod known;
mod lines;
mod looks;
mod placeholder;
mod rules;
mod scan;
mod seeds;
pub mod sensitive_names;
mod spans;
mod split;
mod stream;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

pub use finding::Finding;
pub use known::KnownNames;
pub use placeholder::Pseudonyms;
pub use rules::{Rule, RuleSet};
pub use scan::{MediaHint, Scan, Treatment};
pub use seeds::Seeds;
pub use stream::{Redacted, RedactedBlock, Step, Summary};

/// How much is replaced beyond secrets and personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Privacy {
    /// Private addresses stay, because engineers need them and they lead nobody to the customer.
    #[default]
    Standard,
    /// Private and link-local addresses are mapped too.
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
#[derive(Debug)]
pub struct Redactor {
    set: Arc<RuleSet>,
    prefilter: Arc<lines::Prefilter>,
    pseudonyms: Pseudonyms,
    known: Arc<known::KnownMatcher>,
    privacy: Privacy,
    seeds: seeds::SeedMatcher,
    seeds_found: u64,
    seeds_over_cap: u64,
}

impl Redactor {
    /// A redactor that knows the rules and names, and no secret yet.
    pub fn new(set: Arc<RuleSet>, key: Pseudonyms, names: &KnownNames, privacy: Privacy) -> Result<Self, RedactError> {
        Ok(Self {
            prefilter: Arc::new(lines::Prefilter::new(&set, privacy)?),
            set,
            pseudonyms: key,
            known: Arc::new(known::KnownMatcher::new(names)),
            privacy,
            seeds: seeds::SeedMatcher::default(),
            seeds_found: 0,
            seeds_over_cap: 0,
        })
    }

    /// The same redactor, searching for `seeds` everywhere: ready for the second pass.
    pub fn with_seeds(&self, seeds: &Seeds) -> Result<Self, RedactError> {
        Ok(Self {
            set: Arc::clone(&self.set),
            prefilter: Arc::clone(&self.prefilter),
            pseudonyms: self.pseudonyms.clone(),
            known: Arc::clone(&self.known),
            privacy: self.privacy,
            seeds: seeds::SeedMatcher::new(seeds)?,
            seeds_found: seeds.len() as u64,
            seeds_over_cap: seeds.over_cap(),
        })
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
