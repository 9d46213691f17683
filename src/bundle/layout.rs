//! Names in a bundle of format 1: the top folder, the tag files, and how a case and a moment make a bundle's name.

use jiff::{Timestamp, tz::TimeZone};

use crate::model::CaseId;
use crate::model::artifact_path::{ArtifactPath, ArtifactPathError};

/// The extension of a bundle's file name.
pub const EXTENSION: &str = ".casefile.zip";
/// That of an encrypted bundle.
pub const ENCRYPTED: &str = ".casefile.zip.age";
/// The BagIt declaration.
pub const BAGIT: &str = "bagit.txt";
/// The BagIt metadata.
pub const BAG_INFO: &str = "bag-info.txt";
/// Digests of everything below `data/`.
pub const PAYLOAD_MANIFEST: &str = "manifest-sha256.txt";
/// Digests of the files beside `data/`.
pub const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";

/// The name of a bundle: its file is this and [`EXTENSION`], its top folder is this alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleName(String);

impl BundleName {
    /// `{case id}-{moment, UTC, basic ISO 8601}`.
    #[must_use]
    pub fn new(case_id: &CaseId, moment: Timestamp) -> Self {
        Self(format!("{case_id}-{}", moment.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ")))
    }

    /// A chosen name: one segment of a path that is safe everywhere.
    pub fn parse(raw: &str) -> Result<Self, ArtifactPathError> {
        let raw = raw.strip_suffix(EXTENSION).or_else(|| raw.strip_suffix(ENCRYPTED)).unwrap_or(raw);
        if raw.contains('/') {
            return Err(ArtifactPathError::Character);
        }
        if raw.len() + ENCRYPTED.len() > 120 {
            return Err(ArtifactPathError::TooLong);
        }
        ArtifactPath::parse(raw).map(|path| Self(path.as_str().to_owned()))
    }

    /// The top folder.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file's name.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}{EXTENSION}", self.0)
    }

    /// The file's name when it is encrypted.
    #[must_use]
    pub fn encrypted_file_name(&self) -> String {
        format!("{}{ENCRYPTED}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_named_after_its_case_and_moment() {
        let id = CaseId::parse("c-7fk2m9q4xa").expect("an id");
        let name = BundleName::new(&id, "2026-11-23T10:15:00Z".parse().expect("a moment"));
        assert_eq!(name.file_name(), "c-7fk2m9q4xa-20261123T101500Z.casefile.zip");
        assert!(BundleName::parse("../x").is_err());
        assert_eq!(BundleName::parse("mine.casefile.zip").map(|n| n.0).as_deref(), Ok("mine"));
    }
}
