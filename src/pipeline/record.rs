//! What is written down about a run: the manifest, and the documents of the bundle.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::gather::Ended;
use super::{Order, Planned, RunError};
use crate::bundle::writer::{Documents, WriteError};
use crate::model::case::DISCLOSED_FIELDS;
use crate::model::manifest::{Artifact, BUNDLE_FORMAT, Clock, MANIFEST_SCHEMA, Manifest, PlanItem, Tool};
use crate::model::{ArtifactPath, Outcome};
use crate::platform;
use crate::redact::Redactor;

/// A jump of the wall clock that is worth a word: more than its ordinary correction by a time server.
const JUMP: i64 = 2;

/// The record of the run. Texts in it are not yet redacted; [`documents`] does that.
pub(super) fn manifest(
    order: &Order,
    redactor: &Redactor,
    planned: &[Planned],
    results: Vec<Ended>,
    (wall, steady): (Timestamp, Duration),
) -> Manifest {
    let mut artifacts = Vec::new();
    let mut plan = Vec::new();
    let mut results = results.into_iter();
    for item in planned {
        let mut paths = Vec::new();
        let mut outcomes = Vec::new();
        for source in &item.sources {
            let Some(ended) = results.next() else { break };
            if let Some(gathered) = ended.written {
                paths.push(gathered.written.path.clone());
                let spent = gathered.duration.as_millis().try_into().unwrap_or(u64::MAX);
                artifacts.push(Artifact {
                    path: gathered.written.path,
                    collector: item.collector.to_owned(),
                    origin: source.origin.clone(),
                    media_type: gathered.media_type.to_owned(),
                    source_size: gathered.facts.source_size,
                    size: gathered.written.contents.size,
                    sha256: gathered.written.contents.sha256,
                    modified: source.modified,
                    lines: gathered.lines,
                    span: gathered.span,
                    encoding: gathered.written.contents.summary.encoding.map(str::to_owned),
                    truncation: gathered.facts.truncation,
                    redactions: gathered.written.contents.summary.redactions,
                    outcome: ended.outcome.clone(),
                    duration_ms: if order.epoch.is_some() { 0 } else { spent },
                    exit_status: gathered.facts.exit_status,
                });
            } else {
                // A source without an artifact is a line of its own, with its name and its reason.
                plan.push(PlanItem {
                    collector: item.collector.to_owned(),
                    what: source.origin.clone(),
                    purpose: item.purpose.clone(),
                    outcome: ended.outcome.clone(),
                    artifacts: Vec::new(),
                });
            }
            outcomes.push(ended.outcome);
        }
        let whole = item.sources.len() != 1 || !paths.is_empty();
        if whole || item.decided.is_some() {
            plan.push(PlanItem {
                collector: item.collector.to_owned(),
                what: item.what.clone(),
                purpose: item.purpose.clone(),
                outcome: item.decided.clone().unwrap_or_else(|| together(&outcomes)),
                artifacts: paths,
            });
        }
    }
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    let ended = (order.clocks.wall)();
    let passed = (order.clocks.steady)().saturating_sub(steady);
    let jumped = ended.as_second() - wall.as_second() - i64::try_from(passed.as_secs()).unwrap_or(0);
    let steady_clock = order.epoch.is_some() || jumped.abs() <= JUMP;
    Manifest {
        schema: MANIFEST_SCHEMA.to_owned(),
        format: BUNDLE_FORMAT,
        case_id: order.case.case_id.clone(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            target: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
        },
        redaction: redactor.record(),
        profile_digest: order.profile.digest(),
        started: order.epoch.unwrap_or(wall),
        ended: order.epoch.unwrap_or(ended),
        clock: Clock {
            zone: platform::facts::time_zone(),
            offset_ms: None,
            synchronised: platform::facts::clock_synchronised(),
            jumped_seconds: (!steady_clock).then_some(jumped),
        },
        plan,
        artifacts,
    }
}

/// The outcome of a step from those of its sources.
fn together(outcomes: &[Outcome]) -> Outcome {
    let missing = outcomes.iter().filter(|o| o.leaves_a_gap() || matches!(o, Outcome::Skipped { .. })).count();
    match outcomes {
        [one] => one.clone(),
        _ if missing == 0 => Outcome::Collected,
        _ if missing == outcomes.len() => Outcome::Failed { reason: format!("none of {missing} could be collected") },
        _ => Outcome::Partial { reason: format!("{missing} of {} could not be collected", outcomes.len()) },
    }
}

/// Fields of the manifest that this program makes itself, so that no rule needs to look at them. All others are redacted.
const STRUCTURE: [&str; 25] = [
    "schema",
    "case_id",
    "name",
    "version",
    "target",
    "rules_digest",
    "privacy",
    "profile_digest",
    "started",
    "ended",
    "zone",
    "collector",
    "status",
    "path",
    "media_type",
    "sha256",
    "modified",
    "first",
    "last",
    "encoding",
    "kept",
    "limit",
    "given_by",
    "utc",
    "given",
];

fn is_structure(pointer: &str) -> bool {
    let last = pointer.rsplit('/').next().unwrap_or_default();
    STRUCTURE.contains(&last) || (pointer.starts_with("/plan/") && pointer.contains("/artifacts/"))
}

/// The documents of the bundle, redacted.
pub(super) fn documents(
    order: &Order,
    redactor: &Redactor,
    manifest: &Manifest,
) -> Result<Documents<'static>, RunError> {
    let fail = |document| move |source| RunError::Write(WriteError::Document { document, source });
    let json = |value: Result<serde_json::Value, serde_json::Error>| value.unwrap_or(serde_json::Value::Null);
    let case = json(serde_json::to_value(&order.case));
    let case = redactor
        .document(&case, &|pointer| DISCLOSED_FIELDS.contains(&pointer) || is_structure(pointer))
        .map_err(fail("case.json"))?;
    let by_artifact: BTreeMap<&ArtifactPath, &BTreeMap<String, u64>> =
        manifest.artifacts.iter().filter(|a| !a.redactions.is_empty()).map(|a| (&a.path, &a.redactions)).collect();
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for (rule, count) in manifest.artifacts.iter().flat_map(|a| &a.redactions) {
        *totals.entry(rule).or_default() += count;
    }
    let counts = json!({ "schema": "casefile-redaction/1", "totals": totals, "artifacts": by_artifact });
    let redaction = redactor.document(&counts, &is_structure).map_err(fail("redaction.json"))?;
    let value = json(serde_json::to_value(manifest));
    let document = redactor.document(&value, &is_structure).map_err(fail("manifest.json"))?;
    let bytes: u64 = manifest.artifacts.iter().map(|a| a.size).sum();
    let zulu = order.epoch.unwrap_or(manifest.started).to_zoned(jiff::tz::TimeZone::UTC);
    let bag_info = vec![
        ("Bag-Software-Agent", format!("casefile {}", env!("CARGO_PKG_VERSION"))),
        ("Bagging-Date", zulu.strftime("%Y-%m-%d").to_string()),
        ("External-Identifier", order.name.as_str().to_owned()),
        ("Casefile-Format", BUNDLE_FORMAT.to_string()),
        ("Casefile-Case", order.case.case_id.to_string()),
        ("Casefile-Artifacts", format!("{} files, {bytes} bytes", manifest.artifacts.len())),
    ];
    Ok(Documents { case, redaction, manifest: document, bag_info })
}
