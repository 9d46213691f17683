//! What an engineer wants to know first: what is broken, where, since when, what was collected and what was not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::bundle::{BundleError, CheckedStructure, Record};
use crate::model::manifest::{Clock, Manifest, TimeSpan, Tool};
use crate::model::{ArtifactPath, Case, CaseId, Sha256Digest};

/// The version of [`Summary`]'s written form.
pub const SUMMARY_SCHEMA: &str = "casefile-summary/1";

/// Where the collector of host facts says what system it is.
const OS_PATH: &str = "data/host/os.json";
/// It is a handful of facts; more is not what it claims to be.
const MOST_OS_BYTES: u64 = 1024 * 1024;

/// A bundle at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// [`SUMMARY_SCHEMA`].
    pub schema: &'static str,
    /// The case to which the bundle belongs.
    pub case_id: CaseId,
    /// SHA-256 of the tag manifest.
    pub bundle_digest: Sha256Digest,
    /// The digest as people read it out.
    pub bundle_digest_spoken: String,
    /// The facts of the case, as the customer gave them.
    pub case: Case,
    /// The program that made the bundle.
    pub tool: Tool,
    /// When the run began, UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub started: Timestamp,
    /// When the run ended, UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub ended: Timestamp,
    /// What is known about the machine's clock.
    pub clock: Clock,
    /// The machine's system in one line, where it is known.
    pub system: Option<String>,
    /// Files and bytes by collector.
    pub collectors: BTreeMap<String, Amount>,
    /// Files and bytes of all collectors.
    pub total: Amount,
    /// From the first to the last time stamp of all logs.
    pub span: Option<TimeSpan>,
    /// Replacements by rule.
    pub redactions: BTreeMap<String, u64>,
    /// Secrets that were found but could not be searched for everywhere.
    pub seeds_over_cap: u64,
    /// What was asked for and is not, or not wholly, in the bundle.
    pub gaps: Vec<Gap>,
}

/// Some files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Amount {
    /// How many.
    pub files: u64,
    /// Their bytes in the bundle.
    pub bytes: u64,
}

/// Something that was asked for and is not wholly there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gap {
    /// Which collector.
    pub collector: String,
    /// What it was asked for.
    pub what: String,
    /// `partial`, `skipped`, `withheld` or `failed`.
    pub outcome: &'static str,
    /// Why.
    pub reason: String,
}

/// Sums a bundle up. Reads the case and one host fact besides the record, each verified by itself.
pub fn of(structure: &CheckedStructure, record: &Record) -> Result<Summary, BundleError> {
    let manifest = record.manifest();
    Ok(Summary {
        schema: SUMMARY_SCHEMA,
        case_id: manifest.case_id.clone(),
        bundle_digest: record.bundle_digest(),
        bundle_digest_spoken: record.bundle_digest().spoken(),
        case: structure.case(record)?,
        tool: manifest.tool.clone(),
        started: manifest.started,
        ended: manifest.ended,
        clock: manifest.clock.clone(),
        system: system(structure, record)?,
        collectors: collectors(manifest),
        total: collectors(manifest).values().fold(Amount::default(), |sum, amount| sum.and(amount.files, amount.bytes)),
        span: span(manifest),
        redactions: redactions(manifest),
        seeds_over_cap: manifest.redaction.seeds_over_cap,
        gaps: gaps(manifest),
    })
}

impl Amount {
    fn and(self, files: u64, bytes: u64) -> Self {
        Self { files: self.files.saturating_add(files), bytes: self.bytes.saturating_add(bytes) }
    }
}

fn collectors(manifest: &Manifest) -> BTreeMap<String, Amount> {
    let mut collectors: BTreeMap<String, Amount> = BTreeMap::new();
    for artifact in &manifest.artifacts {
        let amount = collectors.entry(artifact.collector.clone()).or_default();
        *amount = amount.and(1, artifact.size);
    }
    collectors
}

fn redactions(manifest: &Manifest) -> BTreeMap<String, u64> {
    let mut redactions: BTreeMap<String, u64> = BTreeMap::new();
    for (rule, n) in manifest.artifacts.iter().flat_map(|artifact| &artifact.redactions) {
        let sum = redactions.entry(rule.clone()).or_default();
        *sum = sum.saturating_add(*n);
    }
    redactions
}

fn span(manifest: &Manifest) -> Option<TimeSpan> {
    let logs = manifest.artifacts.iter().filter(|artifact| !artifact.path.as_str().starts_with("data/har/"));
    logs.filter_map(|artifact| artifact.span.clone()).reduce(|all, one| TimeSpan {
        first: all.first.min(one.first),
        last: all.last.max(one.last),
        zone_stated: all.zone_stated && one.zone_stated,
    })
}

/// Plan items first, then artifacts that are partial although the plan item that led to them is not.
fn gaps(manifest: &Manifest) -> Vec<Gap> {
    let told: BTreeSet<&ArtifactPath> =
        manifest.plan.iter().filter(|item| item.outcome.reason().is_some()).flat_map(|item| &item.artifacts).collect();
    let items = manifest.plan.iter().map(|item| (&item.collector, &item.what, &item.outcome));
    let artifacts = manifest
        .artifacts
        .iter()
        .filter(|artifact| artifact.outcome.reason().is_some() && !told.contains(&artifact.path))
        .map(|artifact| (&artifact.collector, &artifact.origin, &artifact.outcome));
    items
        .chain(artifacts)
        .filter_map(|(collector, what, outcome)| {
            let reason = outcome.reason()?.to_owned();
            Some(Gap { collector: collector.clone(), what: what.clone(), outcome: outcome.word(), reason })
        })
        .collect()
}

/// The system in one line. Takes what the facts offer, the fullest first, because their names differ by system.
fn system(structure: &CheckedStructure, record: &Record) -> Result<Option<String>, BundleError> {
    let path = ArtifactPath::nearest(OS_PATH);
    if structure.find(OS_PATH).is_none() {
        return Ok(None);
    }
    let Some(bytes) = structure.small_file(record, &path, MOST_OS_BYTES)? else { return Ok(None) };
    let Ok(facts) = serde_json::from_slice::<Value>(&bytes) else { return Ok(None) };
    let facts = facts.get("os").unwrap_or(&facts);
    let fact = |name: &str| facts.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kernel = fact("kernel").map(|kernel| format!(", kernel {kernel}")).unwrap_or_default();
    let version = fact("version").map(|version| format!(" {version}")).unwrap_or_default();
    let name = fact("description")
        .map(str::to_owned)
        .or_else(|| Some(format!("{}{version}", fact("name").or_else(|| fact("type"))?)));
    Ok(name.map(|name| format!("{name}{kernel}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::test_bundle::TestBundle;
    use crate::inspect::listing;
    use crate::model::Outcome;

    #[test]
    fn a_summary_says_what_is_there_and_what_is_not() {
        let mut bundle = TestBundle::new();
        bundle.file("data/host/os.json", br#"{"name":"Debian","version":"13"}"#);
        bundle.manifest.plan[0].outcome = Outcome::Failed { reason: "no such folder".to_owned() };
        bundle.manifest.artifacts[0].redactions.insert("jwt".to_owned(), 3);
        let structure = bundle.checked().expect("a valid bundle");
        let record = structure.record().expect("a valid record");
        let summary = of(&structure, &record).expect("sums up");
        assert_eq!(summary.system.as_deref(), Some("Debian 13"));
        assert_eq!(summary.gaps[0].reason, "no such folder");
        assert_eq!(summary.redactions["jwt"], 3);
        assert_eq!(summary.total.files, bundle.manifest.artifacts.len() as u64);
        assert_eq!(summary.case.case_id, summary.case_id);
    }

    #[test]
    fn a_listing_has_a_row_for_each_file_below_data() {
        let structure = TestBundle::new().checked().expect("a valid bundle");
        let listing = listing::of(&structure, &structure.record().expect("a valid record"));
        let paths: Vec<&str> = listing.files.iter().map(|row| row.path.as_str()).collect();
        assert_eq!(paths, ["data/case.json", "data/config/a.toml", "data/logs/app.log", "data/redaction.json"]);
        assert_eq!(listing.files[2].lines, Some(2));
        assert_eq!(listing.files[0].collector, None);
    }

    #[test]
    fn views_match_their_schemas() {
        let structure = TestBundle::new().checked().expect("a valid bundle");
        let record = structure.record().expect("a valid record");
        let views = [
            (schemars::schema_for!(Summary), serde_json::to_value(of(&structure, &record).expect("sums up"))),
            (schemars::schema_for!(listing::Listing), serde_json::to_value(listing::of(&structure, &record))),
        ];
        for (schema, view) in views {
            let view = view.expect("serialises");
            let schema = serde_json::to_value(schema).expect("serialises");
            jsonschema::validate(&schema, &view).expect("valid");
        }
    }
}
