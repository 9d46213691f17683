//! The bundle's record of itself: the bag's lists and `manifest.json`, read and held against each other.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::bag;
use super::checked::CheckedStructure;
use super::code::Code;
use super::error::BundleError;
use super::problem::{NotWhole, Problem};
use super::untrusted::newer_schema;
use crate::model::case::CASE_SCHEMA;
use crate::model::manifest::{BUNDLE_FORMAT, CASE_PATH, MANIFEST_PATH, MANIFEST_SCHEMA};
use crate::model::{ArtifactPath, Case, Manifest, Sha256Digest};

/// The files that the tag manifest covers.
pub(super) const TAG_FILES: [&str; 4] = [bag::BAGIT_PATH, bag::BAG_INFO_PATH, bag::MANIFEST_PATH, MANIFEST_PATH];

/// A record whose every file is what the tag manifest says. The artifacts themselves are not checked by it.
#[derive(Debug, Clone)]
pub struct Record {
    pub(super) manifest: Manifest,
    pub(super) bag_info: Vec<(String, String)>,
    pub(super) bundle_digest: Sha256Digest,
    pub(super) listed: BTreeMap<ArtifactPath, Sha256Digest>,
}

impl Record {
    /// `manifest.json`.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// `bag-info.txt`, label and value.
    #[must_use]
    pub fn bag_info(&self) -> &[(String, String)] {
        &self.bag_info
    }

    /// SHA-256 of `tagmanifest-sha256.txt`: names the bundle's contents.
    #[must_use]
    pub fn bundle_digest(&self) -> Sha256Digest {
        self.bundle_digest
    }

    /// The sealed digest of a file, below the top folder.
    #[must_use]
    pub fn digest(&self, path: &ArtifactPath) -> Option<Sha256Digest> {
        self.listed.get(path).copied()
    }
}

/// As much of a record as could be read, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub manifest: Option<Manifest>,
    /// Whether `manifest.json` is what the tag manifest says.
    pub manifest_proven: bool,
    pub bag_info: Vec<(String, String)>,
    pub bundle_digest: Option<Sha256Digest>,
    /// `manifest-sha256.txt`.
    pub payload: Option<BTreeMap<ArtifactPath, Sha256Digest>>,
    /// Whether `manifest-sha256.txt` is what the tag manifest says.
    pub payload_proven: bool,
    /// The digests of the bundle's own files as they were read.
    pub found: BTreeMap<&'static str, Sha256Digest>,
    pub problems: NotWhole,
}

impl Draft {
    pub fn read(structure: &CheckedStructure) -> Result<Self, BundleError> {
        let mut draft = Self::default();
        let mut texts = BTreeMap::new();
        for path in TAG_FILES.into_iter().chain([bag::TAGMANIFEST_PATH]) {
            // The structure check has seen that they are there.
            let Some(entry) = structure.find(path) else { continue };
            match structure.read_record(entry) {
                Ok(bytes) => {
                    draft.found.insert(path, Sha256Digest(Sha256::digest(&bytes).into()));
                    texts.insert(path, bytes);
                }
                Err(BundleError::Refused(refused)) => {
                    draft.problems.push(Problem::Unreadable { path: entry.path().clone(), refused });
                }
                Err(other) => return Err(other),
            }
        }
        draft.bundle_digest = draft.found.get(bag::TAGMANIFEST_PATH).copied();
        let tags = texts.get(bag::TAGMANIFEST_PATH).and_then(|text| draft.parse_tags(text));
        for path in TAG_FILES {
            let proven = tags.as_ref().is_some_and(|tags| draft.check_tag(structure, path, tags));
            let Some(text) = texts.get(path) else { continue };
            match path {
                bag::BAGIT_PATH => draft.check_bagit(text),
                bag::BAG_INFO_PATH => draft.parse_bag_info(text),
                bag::MANIFEST_PATH => {
                    draft.payload_proven = proven;
                    draft.parse_payload(text);
                }
                _ => {
                    draft.manifest_proven = proven;
                    draft.parse_manifest(text)?;
                }
            }
        }
        Ok(draft)
    }

    /// The record, when nothing is wrong with it.
    pub fn into_record(mut self) -> Result<Record, BundleError> {
        if self.problems.is_empty()
            && let (Some(manifest), Some(bundle_digest), Some(mut listed)) =
                (self.manifest.take(), self.bundle_digest, self.payload.take())
        {
            for (path, digest) in &self.found {
                listed.insert(ArtifactPath::nearest(path), *digest);
            }
            return Ok(Record { manifest, bag_info: self.bag_info, bundle_digest, listed });
        }
        Err(self.problems.into())
    }

    fn parse_tags(&mut self, text: &[u8]) -> Option<BTreeMap<String, Sha256Digest>> {
        let tags = match bag::parse_manifest(text) {
            Ok(tags) => tags,
            Err(error) => {
                self.problems.push(malformed_list(bag::TAGMANIFEST_PATH, &error));
                return None;
            }
        };
        let mut plain = BTreeMap::new();
        for (raw, digest) in tags {
            let path = bag::plain_path(&raw);
            if !TAG_FILES.contains(&path) {
                let why = format!("`{raw}`");
                self.problems.push(Problem::malformed(bag::TAGMANIFEST_PATH, Code::TagListForeign, why));
            } else if plain.insert(path.to_owned(), digest).is_some() {
                let why = format!("`{path}`");
                self.problems.push(Problem::malformed(bag::TAGMANIFEST_PATH, Code::ListTwice, why));
            }
        }
        Some(plain)
    }

    /// Whether one of the bag's own files is what the tag manifest says.
    fn check_tag(
        &mut self,
        structure: &CheckedStructure,
        path: &'static str,
        tags: &BTreeMap<String, Sha256Digest>,
    ) -> bool {
        let at = ArtifactPath::nearest(path);
        match (tags.get(path), self.found.get(path)) {
            (Some(expected), Some(found)) if expected == found => true,
            (Some(&expected), Some(&found)) => {
                self.problems.push(Problem::DigestDiffers { path: at, expected, found });
                false
            }
            (None, _) => {
                self.problems.push(Problem::Extra { path: at, unlisted_in: bag::TAGMANIFEST_PATH });
                false
            }
            (Some(_), None) => {
                if structure.find(path).is_none() {
                    self.problems.push(Problem::Missing { path: at, listed_in: bag::TAGMANIFEST_PATH });
                }
                false
            }
        }
    }

    fn check_bagit(&mut self, text: &[u8]) {
        if !bag::is_declaration(text) {
            self.problems.push(Problem::malformed(bag::BAGIT_PATH, Code::BagDeclaration, ""));
        }
    }

    fn parse_bag_info(&mut self, text: &[u8]) {
        match bag::parse_bag_info(text) {
            Ok(pairs) => self.bag_info = pairs,
            Err(error) => self.problems.push(Problem::malformed(bag::BAG_INFO_PATH, Code::BagInfo, error.to_string())),
        }
    }

    fn parse_payload(&mut self, text: &[u8]) {
        let fail = |code, why: String| Problem::malformed(bag::MANIFEST_PATH, code, why);
        let listed = match bag::parse_manifest(text) {
            Ok(listed) => listed,
            Err(error) => return self.problems.push(malformed_list(bag::MANIFEST_PATH, &error)),
        };
        let mut payload = BTreeMap::new();
        for (raw, digest) in listed {
            match ArtifactPath::parse(bag::plain_path(&raw)) {
                Ok(path) if !path.as_str().starts_with("data/") => {
                    self.problems.push(fail(Code::ListOutside, format!("`{raw}`")));
                }
                Ok(path) => {
                    if payload.insert(path, digest).is_some() {
                        self.problems.push(fail(Code::ListTwice, format!("`{raw}`")));
                    }
                }
                Err(why) => self.problems.push(fail(Code::ListUnsafePath, format!("`{raw}` {why}"))),
            }
        }
        self.payload = Some(payload);
    }

    fn parse_manifest(&mut self, text: &[u8]) -> Result<(), BundleError> {
        let fail = |code, why: String| Problem::malformed(MANIFEST_PATH, code, why);
        let mut json = serde_json::Deserializer::from_slice(text);
        let manifest: Manifest = match serde_path_to_error::deserialize(&mut json) {
            Ok(manifest) => manifest,
            Err(error) => {
                self.problems.push(fail(Code::RecordSyntax, format!("at `{}`: {}", error.path(), error.inner())));
                return Ok(());
            }
        };
        if let Err(error) = json.end() {
            self.problems.push(fail(Code::RecordSyntax, error.to_string()));
        }
        if let Some(newer) = newer_schema(&manifest.schema, MANIFEST_SCHEMA) {
            return Err(newer.into());
        }
        if manifest.schema != MANIFEST_SCHEMA || manifest.format != BUNDLE_FORMAT {
            let why = format!("format {} and schema `{}`", manifest.format, manifest.schema);
            self.problems.push(fail(Code::RecordSchema, why));
        }
        self.manifest = Some(manifest);
        Ok(())
    }
}

fn malformed_list(path: &str, error: &bag::BagError) -> Problem {
    let code = if error.problem == bag::TWICE { Code::ListTwice } else { Code::ListSyntax };
    Problem::malformed(path, code, error.to_string())
}

/// Reads `case.json`. A later schema is an error of its own, anything else wrong with it a problem.
pub(super) fn parse_case(bytes: &[u8]) -> Result<Result<Case, Problem>, BundleError> {
    #[derive(serde::Deserialize)]
    struct SchemaOnly {
        schema: String,
    }
    if let Ok(found) = serde_json::from_slice::<SchemaOnly>(bytes)
        && let Some(newer) = newer_schema(&found.schema, CASE_SCHEMA)
    {
        return Err(newer.into());
    }
    Ok(match serde_json::from_slice::<Case>(bytes) {
        Ok(case) if case.schema == CASE_SCHEMA => Ok(case),
        Ok(case) => Err(Problem::malformed(CASE_PATH, Code::CaseSchema, format!("`{}`", case.schema))),
        // The message of a wrong type can quote a value, and values here are the customer's: only the place is told.
        Err(error) => {
            let why = format!("at line {}, column {}", error.line(), error.column());
            Err(Problem::malformed(CASE_PATH, Code::CaseSyntax, why))
        }
    })
}
