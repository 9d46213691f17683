//! `manifest.json`: the rich record of a bundle, one entry an artifact, and what became of everything asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ArtifactPath, CaseId, Outcome, Sha256Digest};

/// The version of the bundle format that this program writes and reads.
pub const BUNDLE_FORMAT: u32 = 1;

/// The version of the manifest's written form.
pub const MANIFEST_SCHEMA: &str = "casefile-manifest/1";

/// Where the record of the artifacts stands, below the top folder.
pub const MANIFEST_PATH: &str = "manifest.json";
/// Where the facts of the case stand, below the top folder.
pub const CASE_PATH: &str = "data/case.json";
/// Where the counts of the redaction stand, below the top folder.
pub const REDACTION_PATH: &str = "data/redaction.json";

/// The whole record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Manifest {
    /// [`MANIFEST_SCHEMA`].
    pub schema: String,
    /// [`BUNDLE_FORMAT`].
    pub format: u32,
    /// The case to which the bundle belongs.
    pub case_id: CaseId,
    /// The program that made it.
    pub tool: Tool,
    /// What the rules were.
    pub redaction: RedactionRecord,
    /// SHA-256 of the profile's text.
    pub profile_digest: Sha256Digest,
    /// When the run began, UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub started: Timestamp,
    /// When the run ended, UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub ended: Timestamp,
    /// What is known about the machine's clock.
    pub clock: Clock,
    /// Everything that was asked for and what became of it.
    pub plan: Vec<PlanItem>,
    /// One entry an artifact, sorted by path.
    pub artifacts: Vec<Artifact>,
}

/// The program that made a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    /// `casefile`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The system and processor it was built for, such as `linux-x86_64`.
    pub target: String,
}

/// How the artifacts were redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RedactionRecord {
    /// SHA-256 over the rules in force.
    pub rules_digest: Sha256Digest,
    /// How many rules were in force.
    pub rules: u64,
    /// `standard` or `strict`.
    pub privacy: String,
    /// Secrets found once and searched for everywhere.
    pub seeds: u64,
    /// Secrets beyond the cap, which were redacted where found but not searched for elsewhere.
    pub seeds_over_cap: u64,
}

/// What is known about the clock of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Clock {
    /// IANA name or offset of the machine's zone.
    pub zone: String,
    /// Milliseconds that the clock is ahead of a time server, where one was asked.
    pub offset_ms: Option<i64>,
    /// Whether the system says that it keeps the clock in step with a time server.
    pub synchronised: Option<bool>,
    /// Seconds by which the clock jumped back or forward during the run, where it did.
    pub jumped_seconds: Option<i64>,
}

/// One thing that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanItem {
    /// Which collector.
    pub collector: String,
    /// What it was asked for, redacted: a glob, a command line, a kind of fact.
    pub what: String,
    /// What it is for, in words for the customer.
    pub purpose: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The artifacts that came of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactPath>,
}

/// One file in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Artifact {
    /// Where it stands, below the top folder; begins with `data/`.
    pub path: ArtifactPath,
    /// Which collector made it.
    pub collector: String,
    /// Where it came from, redacted: the original path or command line.
    pub origin: String,
    /// Media type, such as `text/plain`.
    pub media_type: String,
    /// Bytes at the source, before decoding, cutting and redaction.
    pub source_size: u64,
    /// Bytes in the bundle.
    pub size: u64,
    /// SHA-256 of the bytes in the bundle.
    pub sha256: Sha256Digest,
    /// The source's modification time, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub modified: Option<Timestamp>,
    /// Lines of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// The time span that a log covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<TimeSpan>,
    /// The encoding seen at the source, such as `utf-8` or `utf-16le`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What was cut off, where something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncation: Option<Truncation>,
    /// Replacements by rule id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub redactions: BTreeMap<String, u64>,
    /// What became of it: collected, or partial with its reason.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Milliseconds spent on it; 0 under `SOURCE_DATE_EPOCH`.
    pub duration_ms: u64,
    /// Exit status of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
}

/// First and last time stamp in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimeSpan {
    /// First time stamp, UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub first: Timestamp,
    /// Last time stamp, UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub last: Timestamp,
    /// Whether the log states its zone; otherwise the machine's own was assumed.
    pub zone_stated: bool,
}

/// What was cut off a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Truncation {
    /// Which end is kept.
    pub kept: KeptEnd,
    /// Bytes left out.
    pub bytes_left_out: u64,
    /// Which limit did it, in words.
    pub limit: String,
}

/// Which end of a cut source is in the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum KeptEnd {
    /// The beginning, as for command output.
    Oldest,
    /// The end, as for logs.
    Newest,
}
