//! What can be wrong with the contents of a bundle that is safe to read. Each problem names the file it is about.

use serde::Serialize;

use super::code::Code;
use super::error::Refused;
use crate::model::{ArtifactPath, Sha256Digest, printable};

/// The most problems that are kept; a bundle with more is not better understood by reading on.
pub const MOST_PROBLEMS: usize = 100;

/// One way in which the contents differ from what was sealed. Texts in it are safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Other bytes than were sealed.
    DigestDiffers {
        /// Which file.
        path: ArtifactPath,
        /// The digest in the list.
        expected: Sha256Digest,
        /// The digest of the bytes.
        found: Sha256Digest,
    },
    /// Another size than `manifest.json` says.
    SizeDiffers {
        /// Which file.
        path: ArtifactPath,
        /// The size in `manifest.json`.
        expected: u64,
        /// The size in the zip.
        found: u64,
    },
    /// A list names it, the zip lacks it.
    Missing {
        /// Which file.
        path: ArtifactPath,
        /// The list that names it.
        listed_in: &'static str,
    },
    /// The zip has it, the list that has to name it does not.
    Extra {
        /// Which file.
        path: ArtifactPath,
        /// The list that does not name it.
        unlisted_in: &'static str,
    },
    /// `manifest.json` and `manifest-sha256.txt` name different digests for one file.
    RecordsDiffer {
        /// Which file.
        path: ArtifactPath,
    },
    /// Its compressed bytes cannot be read.
    Unreadable {
        /// Which file.
        path: ArtifactPath,
        /// What is wrong with them.
        refused: Refused,
    },
    /// A file of the bundle's own does not follow its format.
    Malformed {
        /// Which file.
        path: ArtifactPath,
        /// Which rule it breaks.
        code: Code,
        /// What exactly was found, safe to print.
        why: String,
    },
}

impl Problem {
    pub(super) fn malformed(path: &str, code: Code, why: impl AsRef<str>) -> Self {
        Self::Malformed { path: ArtifactPath::nearest(path), code, why: printable(why.as_ref()) }
    }

    /// The file that the problem is about.
    #[must_use]
    pub fn path(&self) -> &ArtifactPath {
        match self {
            Self::DigestDiffers { path, .. }
            | Self::SizeDiffers { path, .. }
            | Self::Missing { path, .. }
            | Self::Extra { path, .. }
            | Self::RecordsDiffer { path }
            | Self::Unreadable { path, .. }
            | Self::Malformed { path, .. } => path,
        }
    }

    /// Which rule is broken.
    #[must_use]
    pub fn kind(&self) -> Code {
        match self {
            Self::DigestDiffers { .. } => Code::DigestDiffers,
            Self::SizeDiffers { .. } => Code::RecordedSize,
            Self::Missing { .. } => Code::Missing,
            Self::Extra { .. } => Code::Extra,
            Self::RecordsDiffer { .. } => Code::RecordsDiffer,
            Self::Unreadable { refused, .. } => refused.code,
            Self::Malformed { code, .. } => *code,
        }
    }

    /// The stable written form of its kind.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind().as_str()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DigestDiffers { path, expected, found } => {
                write!(f, "`{path}` differs from what was sealed: SHA-256 {expected} was sealed, {found} found")
            }
            Self::SizeDiffers { path, expected, found } => {
                write!(f, "`{path}` has {found} bytes, but {expected} stand in manifest.json")
            }
            Self::Missing { path, listed_in } => write!(f, "`{path}` is missing, but listed in {listed_in}"),
            Self::Extra { path, unlisted_in } => write!(f, "`{path}` was added: it is not listed in {unlisted_in}"),
            Self::RecordsDiffer { path } => {
                write!(f, "`{path}` has different digests in manifest.json and manifest-sha256.txt")
            }
            Self::Unreadable { refused, .. } => refused.fmt(f),
            Self::Malformed { path, code, why } if why.is_empty() => write!(f, "`{path}` {}", code.sentence()),
            Self::Malformed { path, code, why } => write!(f, "`{path}` {}: {why}", code.sentence()),
        }
    }
}

/// One problem as `--json` writes it.
impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut written = serializer.serialize_struct("Problem", 3)?;
        written.serialize_field("code", self.code())?;
        written.serialize_field("path", self.path())?;
        written.serialize_field("message", &self.to_string())?;
        written.end()
    }
}

/// The contents are not what was sealed. Holds every problem found, up to `MOST_PROBLEMS`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotWhole {
    /// The problems, in the order found.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more: u64,
}

impl NotWhole {
    /// One problem and no more.
    pub(super) fn one(problem: Problem) -> Self {
        Self { problems: vec![problem], more: 0 }
    }

    pub(super) fn push(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Nothing found yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }
}

impl std::error::Error for NotWhole {}

impl std::fmt::Display for NotWhole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.problems.len() as u64 + self.more;
        match self.problems.first() {
            Some(only) if count == 1 => only.fmt(f),
            Some(first) => write!(f, "{count} problems, the first: {first}"),
            None => f.write_str("no problem"),
        }
    }
}
