//! What `ls` shows: one row a file.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bundle::{CheckedStructure, Examination, State};
use crate::model::manifest::{Artifact, Manifest, TimeSpan};
use crate::model::{ArtifactPath, Sha256Digest};

/// The version of [`Listing`]'s written form.
pub const LISTING_SCHEMA: &str = "casefile-listing/1";

/// The files of a bundle, ordered by path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Listing {
    /// [`LISTING_SCHEMA`].
    pub schema: &'static str,
    /// SHA-256 of the tag manifest.
    pub bundle_digest: Option<Sha256Digest>,
    /// Whether the bundle is known to be damaged, so that the rows may be wrong.
    pub damaged: bool,
    /// One row a file below `data/`.
    pub files: Vec<Row>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Row {
    /// Its path below the top folder.
    pub path: ArtifactPath,
    /// Bytes in the bundle, expanded; absent for a missing file.
    pub size: Option<u64>,
    /// Which collector made it; absent for the bundle's own files.
    pub collector: Option<String>,
    /// Where it came from.
    pub origin: Option<String>,
    /// Lines of a text.
    pub lines: Option<u64>,
    /// The time span that a log covers.
    pub span: Option<TimeSpan>,
    /// Replacements, all rules together.
    pub redactions: u64,
    /// `collected` or `partial`; absent for the bundle's own files.
    pub outcome: Option<&'static str>,
    /// What is missing from it and why.
    pub reason: Option<String>,
    /// How it fared, where every byte was read.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub state: Option<State>,
}

/// The listing of a bundle whose record is right; contents are not read.
#[must_use]
pub fn of(structure: &CheckedStructure, record: &crate::bundle::Record) -> Listing {
    Listing {
        schema: LISTING_SCHEMA,
        bundle_digest: Some(record.bundle_digest()),
        damaged: false,
        files: rows(structure, Some(record.manifest()), &BTreeMap::new()),
    }
}

/// The listing of a bundle that may be damaged: how each file fared, missing and added ones too.
#[must_use]
pub fn of_damaged(structure: &CheckedStructure, examination: &Examination) -> Listing {
    Listing {
        schema: LISTING_SCHEMA,
        bundle_digest: examination.bundle_digest,
        damaged: !examination.problems.is_empty(),
        files: rows(structure, examination.manifest.as_ref(), &examination.states),
    }
}

fn rows(structure: &CheckedStructure, manifest: Option<&Manifest>, states: &BTreeMap<ArtifactPath, State>) -> Vec<Row> {
    let records: BTreeMap<&ArtifactPath, &Artifact> =
        manifest.iter().flat_map(|m| &m.artifacts).map(|artifact| (&artifact.path, artifact)).collect();
    let mut files: Vec<Row> = structure
        .entries()
        // Beside `data/` stand the bag's own files, which are of interest only when something is wrong with them.
        .filter(|entry| entry.path().as_str().starts_with("data/") || !states.is_empty())
        .map(|entry| row(entry.path(), Some(entry.size()), records.get(entry.path()).copied(), states))
        .collect();
    let missing = states.iter().filter(|(_, state)| **state == State::Missing);
    files.extend(missing.map(|(path, _)| row(path, None, records.get(path).copied(), states)));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn row(
    path: &ArtifactPath,
    size: Option<u64>,
    artifact: Option<&Artifact>,
    states: &BTreeMap<ArtifactPath, State>,
) -> Row {
    Row {
        path: path.clone(),
        size,
        collector: artifact.map(|a| a.collector.clone()),
        origin: artifact.map(|a| a.origin.clone()),
        lines: artifact.and_then(|a| a.lines),
        span: artifact.and_then(|a| a.span.clone()),
        redactions: artifact.map_or(0, |a| a.redactions.values().fold(0, |sum, n| sum.saturating_add(*n))),
        outcome: artifact.map(|a| a.outcome.word()),
        reason: artifact.and_then(|a| a.outcome.reason()).map(str::to_owned),
        state: states.get(path).copied(),
    }
}
