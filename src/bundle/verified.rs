//! A bundle whose every byte is accounted for.

use super::checked::CheckedStructure;
use super::content::ArtifactReader;
use super::error::BundleError;
use super::record::Record;
use crate::model::{ArtifactPath, Case, Manifest, Sha256Digest};

/// A bundle with all digests right, nothing missing and nothing added. Says nothing about who sealed it: that is the
/// signature's part.
#[derive(Debug, Clone)]
pub struct VerifiedBundle {
    structure: CheckedStructure,
    record: Record,
    case: Case,
    file_digest: Sha256Digest,
}

impl VerifiedBundle {
    pub(super) fn new(structure: CheckedStructure, record: Record, case: Case, file_digest: Sha256Digest) -> Self {
        Self { structure, record, case, file_digest }
    }

    /// `manifest.json`.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.record.manifest()
    }

    /// The customer's facts: `data/case.json`.
    #[must_use]
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// SHA-256 of `tagmanifest-sha256.txt`; its spoken form names the bundle to people.
    #[must_use]
    pub fn bundle_digest(&self) -> Sha256Digest {
        self.record.bundle_digest()
    }

    /// SHA-256 of the file, taken of the same bytes that were verified.
    #[must_use]
    pub fn file_digest(&self) -> Sha256Digest {
        self.file_digest
    }

    /// Lists and manifest.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The container.
    #[must_use]
    pub fn structure(&self) -> &CheckedStructure {
        &self.structure
    }

    /// One file, read as a stream. Its last read fails if the file on disk was changed since it was verified.
    pub fn artifact(&self, path: &ArtifactPath) -> Result<ArtifactReader<'_>, BundleError> {
        Ok(self.structure.reader(self.structure.entry(path)?, self.record.digest(path)))
    }

    /// The bytes of one file, when it has at most `most`.
    pub fn artifact_bytes(&self, path: &ArtifactPath, most: u64) -> Result<Option<Vec<u8>>, BundleError> {
        self.structure.small_file(&self.record, path, most)
    }
}
