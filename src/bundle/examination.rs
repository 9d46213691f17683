//! Reads a bundle to its end and finds everything that is not as it was sealed: what `verify` stands on, and what shows
//! which files of a damaged bundle are still good.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, RangeInclusive};

use super::bag;
use super::checked::{CheckedStructure, Entry};
use super::code::Code;
use super::entry_reading::Nobody;
use super::error::BundleError;
use super::problem::{NotWhole, Problem};
use super::reading::{self, Reading};
use super::record::{self, Draft, Record, TAG_FILES};
use super::verified::VerifiedBundle;
use crate::model::manifest::{Artifact, CASE_PATH, MANIFEST_PATH, REDACTION_PATH};
use crate::model::{ArtifactPath, Case, Manifest, Sha256Digest};

/// Told how many of the file's bytes are done; answers whether to go on.
pub type Progress<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// Seconds that a clock may be set back without a word in the manifest: what a time server corrects, and the rounding.
const UNNOTED: i64 = 3;

/// How one file fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// What was sealed.
    Intact,
    /// Readable, but no intact list says what it should be.
    Unproven,
    /// Not what was sealed.
    Differs,
    /// Cannot be expanded.
    Unreadable,
    /// Listed, but not there.
    Missing,
}

impl State {
    /// The word in which tables name it, the same as its written form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Unproven => "unproven",
            Self::Differs => "differs",
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
        }
    }
}

/// Everything that reading a bundle to its end has shown.
#[derive(Debug)]
pub struct Examination {
    /// What is wrong; empty when the bundle is whole.
    pub problems: NotWhole,
    /// How each file fared.
    pub states: BTreeMap<ArtifactPath, State>,
    /// The manifest, where it could be read; perhaps not what was sealed.
    pub manifest: Option<Manifest>,
    /// SHA-256 of the tag manifest as found.
    pub bundle_digest: Option<Sha256Digest>,
    /// SHA-256 of the file as found.
    pub file_digest: Sha256Digest,
    digests: BTreeMap<ArtifactPath, Sha256Digest>,
    case: Option<Case>,
    record: Option<Record>,
}

impl Examination {
    pub(super) fn of(structure: &CheckedStructure, progress: Progress<'_>) -> Result<Self, BundleError> {
        let draft = Draft::read(structure)?;
        let reading = reading::read_all(structure, &Nobody, progress)?;
        Self::from_reading(structure, draft, reading).map(|(examination, _)| examination)
    }

    /// Holds what was read against `draft`; what was seen meanwhile is handed back.
    pub(super) fn from_reading<Seen>(
        structure: &CheckedStructure,
        mut draft: Draft,
        reading: Reading<Seen>,
    ) -> Result<(Self, BTreeMap<ArtifactPath, Seen>), BundleError> {
        let Reading { digests, lines, unreadable, file_digest, seen } = reading;
        for (path, found) in &draft.found {
            if digests.get(&ArtifactPath::nearest(path)) != Some(found) {
                return Err(BundleError::Changed(structure.path().to_owned()));
            }
        }
        let mut problems = std::mem::take(&mut draft.problems);
        let mut states = BTreeMap::new();
        for problem in unreadable {
            states.insert(problem.path().clone(), State::Unreadable);
            if !TAG_FILES.contains(&problem.path().as_str()) && problem.path().as_str() != bag::TAGMANIFEST_PATH {
                problems.push(problem);
            }
        }
        let mut comparison = Comparison {
            structure,
            draft: &draft,
            digests: &digests,
            lines: &lines,
            problems: &mut problems,
            states: &mut states,
        };
        comparison.entries();
        comparison.lists();
        comparison.oxum();
        comparison.times();
        let case = comparison.case()?;
        comparison.redaction()?;
        let manifest = draft.manifest.clone();
        let bundle_digest = draft.bundle_digest;
        let record = if problems.is_empty() { Some(draft.into_record()?) } else { None };
        Ok((Self { problems, states, manifest, bundle_digest, file_digest, digests, case, record }, seen))
    }

    /// The digest of a file that is intact; with it, `CheckedStructure::cat_expected` reads it from a damaged bundle.
    #[must_use]
    pub fn intact(&self, path: &ArtifactPath) -> Option<Sha256Digest> {
        self.digests.get(path).copied().filter(|_| self.states.get(path) == Some(&State::Intact))
    }

    /// The verified bundle, when there is no problem.
    pub(super) fn into_verified(self, structure: &CheckedStructure) -> Result<VerifiedBundle, BundleError> {
        match (self.record, self.case) {
            (Some(record), Some(case)) => Ok(VerifiedBundle::new(structure.clone(), record, case, self.file_digest)),
            _ => Err(self.problems.into()),
        }
    }
}

/// Holds what was found against what the lists say.
struct Comparison<'a> {
    structure: &'a CheckedStructure,
    draft: &'a Draft,
    digests: &'a BTreeMap<ArtifactPath, Sha256Digest>,
    lines: &'a BTreeMap<ArtifactPath, RangeInclusive<u64>>,
    problems: &'a mut NotWhole,
    states: &'a mut BTreeMap<ArtifactPath, State>,
}

impl Comparison<'_> {
    /// Every file in the zip: listed, recorded, and with the digest that was sealed.
    fn entries(&mut self) {
        let records: BTreeMap<&ArtifactPath, &Artifact> =
            self.draft.manifest.iter().flat_map(|m| &m.artifacts).map(|a| (&a.path, a)).collect();
        for entry in self.structure.entries() {
            let path = entry.path();
            if !path.as_str().starts_with("data/") {
                self.own_file(path);
                continue;
            }
            let listed = self.draft.payload.as_ref().map(|payload| payload.get(path).copied());
            let recorded = records.get(path);
            if listed == Some(None) {
                self.problems.push(Problem::Extra { path: path.clone(), unlisted_in: bag::MANIFEST_PATH });
            }
            match recorded {
                Some(record) if record.size != entry.size() => self.problems.push(Problem::SizeDiffers {
                    path: path.clone(),
                    expected: record.size,
                    found: entry.size(),
                }),
                None if self.draft.manifest.is_some() && !is_unrecorded(path) => {
                    self.problems.push(Problem::Extra { path: path.clone(), unlisted_in: MANIFEST_PATH });
                }
                _ => {}
            }
            let (listed, sealed) = (listed.flatten(), recorded.map(|record| record.sha256));
            if listed.zip(sealed).is_some_and(|(listed, sealed)| listed != sealed) {
                self.problems.push(Problem::RecordsDiffer { path: path.clone() });
            }
            let Some(&found) = self.digests.get(path) else { continue };
            let lines = recorded.and_then(|record| record.lines).zip(self.lines.get(path));
            if let Some((expected, counted)) = lines.filter(|(expected, counted)| !counted.contains(expected)) {
                let why = format!("{expected}, found {}", counted.end());
                self.problems.push(Problem::malformed(path.as_str(), Code::RecordedLines, why));
            }
            if let Some(expected) = listed.or(sealed).filter(|expected| *expected != found) {
                self.problems.push(Problem::DigestDiffers { path: path.clone(), expected, found });
            }
            let proven = [(listed, self.draft.payload_proven), (sealed, self.draft.manifest_proven)];
            let proven: Vec<_> = proven.iter().filter_map(|(digest, proven)| digest.filter(|_| *proven)).collect();
            let state = match proven.as_slice() {
                [] => State::Unproven,
                digests if digests.iter().all(|digest| *digest == found) => State::Intact,
                _ => State::Differs,
            };
            self.states.insert(path.clone(), state);
        }
    }

    /// A file beside `data/`: one of the bag's own five, or an intruder.
    fn own_file(&mut self, path: &ArtifactPath) {
        let own = path.as_str() == bag::TAGMANIFEST_PATH || TAG_FILES.contains(&path.as_str());
        if path.as_str().eq_ignore_ascii_case("fetch.txt") {
            self.problems.push(Problem::malformed(path.as_str(), Code::Fetch, ""));
            self.states.insert(path.clone(), State::Unproven);
            return;
        }
        if !own {
            self.problems.push(Problem::Extra { path: path.clone(), unlisted_in: bag::TAGMANIFEST_PATH });
            self.states.insert(path.clone(), State::Unproven);
            return;
        }
        let differs = self.problems.problems.iter().any(|problem| problem.path() == path);
        self.states.entry(path.clone()).or_insert(if differs { State::Differs } else { State::Intact });
    }

    /// Every listed or recorded file: there, and listed once.
    fn lists(&mut self) {
        let mut missing = BTreeSet::new();
        for path in self.draft.payload.iter().flat_map(BTreeMap::keys) {
            if self.structure.find(path.as_str()).is_none() && missing.insert(path) {
                self.problems.push(Problem::Missing { path: path.clone(), listed_in: bag::MANIFEST_PATH });
            }
        }
        let mut seen = BTreeSet::new();
        for artifact in self.draft.manifest.iter().flat_map(|manifest| &manifest.artifacts) {
            let path = &artifact.path;
            let malformed = if !path.as_str().starts_with("data/") || is_unrecorded(path) {
                Some(Code::RecordNoArtifact)
            } else if !seen.insert(path) {
                Some(Code::RecordTwice)
            } else {
                None
            };
            if let Some(code) = malformed {
                self.problems.push(Problem::malformed(MANIFEST_PATH, code, format!("`{path}`")));
            } else if self.structure.find(path.as_str()).is_none() && missing.insert(path) {
                self.problems.push(Problem::Missing { path: path.clone(), listed_in: MANIFEST_PATH });
            }
        }
        self.states.extend(missing.into_iter().map(|path| (path.clone(), State::Missing)));
    }

    /// The bag's own count of its payload, where it gives one (RFC 8493, 2.2.2).
    fn oxum(&mut self) {
        let payload = || self.structure.entries().filter(|entry| entry.path().as_str().starts_with("data/"));
        let found = format!("{}.{}", payload().map(Entry::size).sum::<u64>(), payload().count());
        for (label, value) in &self.draft.bag_info {
            if label.eq_ignore_ascii_case(bag::PAYLOAD_OXUM) && *value != found {
                let why = format!("{value}, found {found}");
                self.problems.push(Problem::malformed(bag::BAG_INFO_PATH, Code::PayloadOxum, why));
            }
        }
    }

    /// A run and a log that end before they begin, but for a clock that was set back and is said to have been. What the time stamps of a log are is not recomputed: those without a year or
    /// a zone depend on the machine that they come from.
    fn times(&mut self) {
        let Some(manifest) = &self.draft.manifest else { return };
        let back = manifest.started.as_second().saturating_sub(manifest.ended.as_second());
        let set_back = manifest.clock.jumped_seconds.map_or(0, |jumped| jumped.saturating_neg().max(0));
        if back > set_back.saturating_add(UNNOTED) {
            self.problems.push(Problem::malformed(MANIFEST_PATH, Code::RecordedTimes, "of the run"));
        }
        for artifact in &manifest.artifacts {
            if artifact.span.as_ref().is_some_and(|span| span.last < span.first) {
                self.problems.push(Problem::malformed(artifact.path.as_str(), Code::RecordedTimes, "of the log"));
            }
        }
    }

    /// The counts of the redaction, where they are there.
    fn redaction(&mut self) -> Result<(), BundleError> {
        let Some(entry) = self.structure.find(REDACTION_PATH) else { return Ok(()) };
        let Some(&digest) = self.digests.get(entry.path()) else { return Ok(()) };
        let bytes = self.structure.bytes(entry, digest, u64::MAX)?.unwrap_or_default();
        if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_err() {
            self.problems.push(Problem::malformed(REDACTION_PATH, Code::RedactionSyntax, ""));
        }
        Ok(())
    }

    /// The facts of the case, which have to be about the manifest's case.
    fn case(&mut self) -> Result<Option<Case>, BundleError> {
        let Some(entry) = self.structure.find(CASE_PATH) else { return Ok(None) };
        let Some(&digest) = self.digests.get(entry.path()) else { return Ok(None) };
        // Read again, but held against the digest of the first reading.
        let bytes = self.structure.bytes(entry, digest, u64::MAX)?.unwrap_or_default();
        match record::parse_case(&bytes)? {
            Ok(case) => {
                if self.draft.manifest.as_ref().is_some_and(|manifest| manifest.case_id != case.case_id) {
                    self.problems.push(Problem::malformed(CASE_PATH, Code::OtherCase, ""));
                }
                Ok(Some(case))
            }
            Err(problem) => {
                self.problems.push(problem);
                Ok(None)
            }
        }
    }
}

/// Files below `data/` that the manifest does not record, because they are the bundle's own.
fn is_unrecorded(path: &ArtifactPath) -> bool {
    matches!(path.as_str(), CASE_PATH | REDACTION_PATH)
}
