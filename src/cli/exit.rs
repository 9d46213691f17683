//! How a run ended, for scripts. The same codes everywhere; the table is in the README and in `--help`.

use std::process::ExitCode;

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The answer is no: checklist not met, leak found, target overdue, a probe failed under `--strict`.
    No = 1,
    /// Wrong usage or configuration, or a format newer than this tool.
    Usage = 2,
    /// The bundle is damaged, tampered with or hostile.
    Damaged = 3,
    /// Partly done: what was done is kept, and the same command resumes.
    Partial = 4,
    /// A local failure, nothing kept: disk full, output not writable.
    LocalFailure = 5,
    /// Interrupted.
    Interrupted = 130,
}

/// Strongest first: 3 before 1 before 4 before 0. Where a bundle could not be looked at (5, 2), "no" (1) would claim
/// that all were; an interruption outweighs whatever was found until then.
const BY_STRENGTH: [Exit; 7] =
    [Exit::Interrupted, Exit::Damaged, Exit::LocalFailure, Exit::Usage, Exit::No, Exit::Partial, Exit::Done];

impl Exit {
    /// The end of a run over several bundles.
    #[must_use]
    pub fn combine(self, other: Self) -> Self {
        BY_STRENGTH.into_iter().find(|exit| *exit == self || *exit == other).unwrap_or(self)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_counts_more_than_no_and_no_more_than_partial() {
        use Exit::*;
        let over = |exits: &[Exit]| exits.iter().fold(Done, |all, one| all.combine(*one));
        assert_eq!(over(&[Done, Partial, No, Damaged, No]), Damaged);
        assert_eq!(over(&[Partial, No, Done]), No);
        assert_eq!(over(&[Done, Partial]), Partial);
        assert_eq!(over(&[]), Done);
        for one in BY_STRENGTH {
            for other in BY_STRENGTH {
                assert_eq!(one.combine(other), other.combine(one));
            }
        }
    }
}
