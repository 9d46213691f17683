//! What the two passes over the sources of a plan have in common.

use std::time::Duration;

use crate::bundle::writer::Written;
use crate::collect::OpenError;
use crate::model::Outcome;
use crate::model::manifest::{TimeSpan, Truncation};
use crate::redact::{RedactError, Scan, Treatment};

/// How often the main thread looks whether somebody wants to stop or a source has gone still.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// How long it rests before it takes what has come meanwhile. With a hundred thousand files, to be woken for each costs more
/// than they do.
pub(super) const REST: Duration = Duration::from_millis(1);

/// What became of one source.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) written: Option<Gathered>,
    /// Whether its thread still waits for it.
    pub(super) hangs: bool,
}

impl Ended {
    pub(super) fn without(outcome: Outcome) -> Self {
        Self { outcome, written: None, hangs: false }
    }
}

/// An artifact in the bundle with what is known about its source.
pub(super) struct Gathered {
    pub(super) written: Written,
    pub(super) facts: SourceFacts,
    pub(super) lines: Option<u64>,
    pub(super) span: Option<TimeSpan>,
    pub(super) duration: Duration,
    pub(super) media_type: &'static str,
}

/// What opening told about a source.
#[derive(Debug, Clone)]
pub(super) struct SourceFacts {
    pub(super) source_size: u64,
    pub(super) truncation: Option<Truncation>,
    pub(super) partial: Option<String>,
    pub(super) exit_status: Option<i32>,
    pub(super) duration: Duration,
}

/// The first pass of one source.
pub(super) type Scanned = Result<Scan, Outcome>;

/// How the second pass is to treat a source, with a note for the manifest; or why it is not to.
pub(super) type Treated = Result<(Treatment, Option<&'static str>), Outcome>;

pub(super) fn outcome_of(error: &OpenError) -> Outcome {
    let reason = error.to_string();
    match error {
        OpenError::Nothing(_) => Outcome::Skipped { reason },
        // Refused after planning saw it: it vanished, or became something else.
        OpenError::Replaced => Outcome::Withheld { reason },
        OpenError::Refused(_) | OpenError::Failed(_) | OpenError::Io(_) => Outcome::Failed { reason },
    }
}

pub(super) fn outcome_of_redaction(error: &RedactError) -> Outcome {
    let reason = error.to_string();
    match error {
        RedactError::Read(_) => Outcome::Failed { reason },
        _ => Outcome::Withheld { reason },
    }
}
