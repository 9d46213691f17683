//! Findings: what the measurements say, as data with a sentence for people. A false alarm is worse than silence, so each
//! says how sure it is and names the evidence that it stands on.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or will not for somebody.
    Problem,
    /// Worth knowing; nobody is hurt by it as far as this shows.
    Notice,
    /// It was looked at and is as it should be.
    Fine,
}

/// How sure the conclusion is; the measurement itself is a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Sureness {
    /// It follows from the evidence.
    Certain,
    /// Other causes are rare.
    Likely,
    /// One of several causes.
    Possible,
}

/// One measured value that a finding stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Where it stands in the report of the target, such as `tls.chain[0].not_after`.
    pub field: String,
    /// Its value in words.
    pub value: String,
}

/// One conclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// A stable name for programs, such as `tls.expired`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub sure: Sureness,
    /// Which target it is about, as it was named; none: the machine itself.
    pub target: Option<String>,
    /// It, for people.
    pub sentence: String,
    /// What it stands on; never empty.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// A finding that something does not work.
    #[must_use]
    pub fn problem(code: &'static str, sure: Sureness, sentence: impl Into<String>) -> Self {
        Self::new(code, Severity::Problem, sure, sentence)
    }

    /// A finding worth knowing.
    #[must_use]
    pub fn notice(code: &'static str, sure: Sureness, sentence: impl Into<String>) -> Self {
        Self::new(code, Severity::Notice, sure, sentence)
    }

    /// A finding that all is well.
    #[must_use]
    pub fn fine(code: &'static str, sentence: impl Into<String>) -> Self {
        Self::new(code, Severity::Fine, Sureness::Certain, sentence)
    }

    fn new(code: &'static str, severity: Severity, sure: Sureness, sentence: impl Into<String>) -> Self {
        Self { code, severity, sure, target: None, sentence: sentence.into(), evidence: Vec::new() }
    }

    /// The same, standing on one more value.
    #[must_use]
    pub fn because(mut self, field: impl Into<String>, value: impl std::fmt::Display) -> Self {
        self.evidence.push(Evidence { field: field.into(), value: value.to_string() });
        self
    }

    /// The same, about `target`.
    #[must_use]
    pub fn about(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }
}
