//! What became of one thing that was asked for. A file that could not be had is evidence, so it has an outcome too.

use serde::{Deserialize, Serialize};

/// The end of one planned step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// Everything that was asked for is in the bundle.
    Collected,
    /// Some of it is in the bundle; the reason says what is missing.
    Partial {
        /// What is missing and why.
        reason: String,
    },
    /// Not attempted, by choice or because it does not apply here.
    Skipped {
        /// Why it was not attempted.
        reason: String,
    },
    /// Read, but kept out of the bundle, because it could not be redacted with certainty.
    Withheld {
        /// What the redactor could not do.
        reason: String,
    },
    /// Attempted without result.
    Failed {
        /// What went wrong.
        reason: String,
    },
}

impl Outcome {
    /// The word in which tables and the manifest name it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::Partial { .. } => "partial",
            Self::Skipped { .. } => "skipped",
            Self::Withheld { .. } => "withheld",
            Self::Failed { .. } => "failed",
        }
    }

    /// The reason, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Collected => None,
            Self::Partial { reason }
            | Self::Skipped { reason }
            | Self::Withheld { reason }
            | Self::Failed { reason } => Some(reason),
        }
    }

    /// Whether a run with this outcome is only partly done (exit code 4). A skip is a choice, a cut log is as planned.
    #[must_use]
    pub fn leaves_a_gap(&self) -> bool {
        matches!(self, Self::Withheld { .. } | Self::Failed { .. })
    }
}
