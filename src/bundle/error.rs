//! Why a bundle could not be opened, checked, verified or read.

use std::io;
use std::path::PathBuf;

use super::code::Code;
use super::problem::NotWhole;
use crate::model::{ArtifactPath, printable};

/// Why a bundle could not be opened, checked, verified or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file could not be opened.
    #[error("cannot open `{}`: {source}", .path.display())]
    Open {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The system could not read it further.
    #[error("cannot read `{}`: {source}", .path.display())]
    Read {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was read could not be written where the caller wanted it.
    #[error("cannot write: {0}")]
    Write(#[source] io::Error),
    /// Encrypted with age, and no key was given.
    #[error("`{}` is encrypted", .0.display())]
    Encrypted(PathBuf),
    /// Encrypted to somebody else.
    #[error("`{}` is encrypted for another key than the given one", .0.display())]
    WrongKey(PathBuf),
    /// The bytes differed between two readings.
    #[error("`{}` changed while it was read", .0.display())]
    Changed(PathBuf),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// No artifact has this path.
    #[error("no artifact `{0}` in this bundle")]
    NoSuchArtifact(ArtifactPath),
    /// Not a safe container.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A safe container with contents that are not what was sealed.
    #[error(transparent)]
    NotWhole(#[from] NotWhole),
    /// A later format than this program knows.
    #[error(transparent)]
    Newer(#[from] Newer),
}

/// The bundle follows a later format than this program knows; it may be perfectly good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("made by a newer casefile: {what}; update casefile to read it")]
pub struct Newer {
    /// What is newer: the format, or the schema of a file.
    pub what: String,
}

/// The bundle is not safe to read any further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which rule it breaks.
    pub code: Code,
    /// The entry that breaks it, safe to print; absent when it is the file as a whole.
    pub entry: Option<String>,
    /// What exactly was found, safe to print.
    pub detail: Option<String>,
}

impl Refused {
    /// A refusal of the file as a whole.
    pub(super) fn file(code: Code) -> Self {
        Self { code, entry: None, detail: None }
    }

    /// A refusal because of one entry, whose name may be anything.
    pub(super) fn entry(code: Code, name: &[u8]) -> Self {
        Self { code, entry: Some(printable(&String::from_utf8_lossy(name))), detail: None }
    }

    /// The same refusal, with what exactly was found.
    pub(super) fn because(mut self, detail: impl AsRef<str>) -> Self {
        self.detail = Some(printable(detail.as_ref()));
        self
    }
}

impl std::error::Error for Refused {}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.entry {
            Some(entry) => write!(f, "entry `{entry}` {}", self.code.sentence())?,
            None => write!(f, "the file {}", self.code.sentence())?,
        }
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_never_prints_what_steers_a_terminal() {
        let refused = Refused::entry(Code::NameTraversal, b"../\x1b]0;x\x07").because("a\u{202e}b");
        assert_eq!(
            refused.to_string(),
            "entry `../\\u{1b}]0;x\\u{7}` has a name that leads out of the folder (`..`): a\\u{202e}b"
        );
    }
}
