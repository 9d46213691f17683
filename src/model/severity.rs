//! The four levels of an escalation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad it is. Ordered: `Sev1` is the most severe and compares smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Complete outage, many users.
    Sev1,
    /// A major function is broken for a subset of users.
    Sev2,
    /// Partial or degraded, with a workaround.
    Sev3,
    /// Minor; normal backlog.
    Sev4,
}

impl Severity {
    /// All levels, most severe first.
    pub const ALL: [Self; 4] = [Self::Sev1, Self::Sev2, Self::Sev3, Self::Sev4];

    /// Accepts `1`, `sev1`, `SEV1`, `sev-1`.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let lower = raw.trim().to_ascii_lowercase();
        let digit = lower.strip_prefix("sev").map_or(lower.as_str(), |rest| rest.trim_start_matches('-'));
        let level: usize = digit.parse().ok()?;
        Self::ALL.get(level.checked_sub(1)?).copied()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SEV{}", *self as u8 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_level_is_understood() {
        for raw in ["2", "sev2", "SEV2", "sev-2", " Sev2 "] {
            assert_eq!(Severity::parse(raw), Some(Severity::Sev2), "{raw}");
        }
        for raw in ["0", "5", "", "high", "sev"] {
            assert_eq!(Severity::parse(raw), None, "{raw}");
        }
        assert!(Severity::Sev1 < Severity::Sev4);
    }
}
