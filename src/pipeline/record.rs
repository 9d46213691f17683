//! What is written down about a run: the manifest, and the documents of the bundle.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::gather::Ended;
use super::{Order, Planned, RunError, Told};
use crate::bundle::writer::{Added, BundleWriter, Documents, WriteError};
use crate::checklist::PROFILE_ID;
use crate::collect::Source;
use crate::model::Outcome;
use crate::model::case::DISCLOSED_FIELDS;
use crate::model::manifest::{Artifact, BUNDLE_FORMAT, Clock, MANIFEST_SCHEMA, PlanItem, Tool};
use crate::platform;
use crate::redact::{LongList, RedactError, Redactor, Store};

/// A jump of the wall clock that is worth a word: more than its ordinary correction by a time server.
const JUMP: i64 = 2;

/// Bytes of each list that stay in memory; what is beyond goes to an unnamed file. It is redacted.
const IN_MEMORY: usize = 1 << 20;

/// The record of a run as it grows: what is known of each source is redacted and put away as soon as it is written.
pub(super) struct Record<'a> {
    order: &'a Order,
    redactor: Arc<Redactor>,
    planned: &'a [Planned],
    /// The item whose sources come next, how many of them are done with, and what became of those.
    item: usize,
    done: usize,
    so_far: SoFar,
    plan: LongList,
    artifacts: LongList,
    /// Replacements by artifact, and the number of each artifact that has some.
    counts: LongList,
    counted: Vec<u32>,
    totals: BTreeMap<String, u64>,
    bytes: u64,
    told: Told,
}

/// What became of the sources of one item until now.
#[derive(Default)]
struct SoFar {
    outcomes: usize,
    missing: usize,
    last: Option<Outcome>,
    /// The first artifact of the item.
    first: usize,
}

/// In the folder of the bundle, because that is one that takes files.
fn store(order: &Order) -> Box<dyn Store> {
    Box::new(tempfile::spooled_tempfile_in(IN_MEMORY, &order.folder))
}

fn json(value: Result<Value, serde_json::Error>) -> Value {
    value.unwrap_or(Value::Null)
}

fn fail(document: &'static str) -> impl Fn(RedactError) -> RunError {
    move |source| RunError::Write(WriteError::Document { document, source })
}

impl<'a> Record<'a> {
    pub(super) fn new(order: &'a Order, redactor: &Arc<Redactor>, planned: &'a [Planned]) -> Self {
        Self {
            order,
            redactor: Arc::clone(redactor),
            planned,
            item: 0,
            done: 0,
            so_far: SoFar::default(),
            plan: LongList::list(store(order)),
            artifacts: LongList::list(store(order)),
            counts: LongList::object(store(order)),
            counted: Vec::new(),
            totals: BTreeMap::new(),
            bytes: 0,
            told: Told { case_id: order.case.case_id.clone(), artifacts: 0, replaced: 0, skipped: 0, gaps: Vec::new() },
        }
    }

    /// Takes what became of the next source, in the order of the plan. `added` are the artifacts in the bundle.
    pub(super) fn ended(&mut self, ended: Ended, added: &[Added]) -> Result<(), RunError> {
        // The newest artifact, where there is one, is this source's own, and no longer of an item before it.
        let before = added.len() - usize::from(ended.written.is_some()).min(added.len());
        self.close_items(&added[..before])?;
        let Some(item) = self.planned.get(self.item) else { return Ok(()) };
        let source = &item.sources[self.done];
        let outcome = ended.outcome.clone();
        if ended.written.is_some() {
            self.artifact(item, source, ended).map_err(fail("manifest.json"))?;
        } else {
            // A source without an artifact is a line of its own, with its name and its reason.
            self.line(item, &source.origin, ended.outcome, &[]).map_err(fail("manifest.json"))?;
        }
        self.so_far.outcomes += 1;
        self.so_far.missing += usize::from(outcome.leaves_a_gap() || matches!(outcome, Outcome::Skipped { .. }));
        self.so_far.last = Some(outcome);
        self.done += 1;
        Ok(())
    }

    /// Goes on to the item whose sources come next.
    fn close_items(&mut self, added: &[Added]) -> Result<(), RunError> {
        while let Some(item) = self.planned.get(self.item).filter(|item| item.sources.len() == self.done) {
            let so_far = std::mem::take(&mut self.so_far);
            let paths = &added[so_far.first.min(added.len())..];
            let whole = item.sources.len() != 1 || !paths.is_empty();
            if whole || item.decided.is_some() {
                let outcome = item.decided.clone().unwrap_or_else(|| so_far.together());
                self.line(item, &item.what, outcome, paths).map_err(fail("manifest.json"))?;
            }
            (self.item, self.done, self.so_far.first) = (self.item + 1, 0, added.len());
        }
        Ok(())
    }

    /// Adds a line to the plan.
    fn line(&mut self, item: &Planned, what: &str, outcome: Outcome, paths: &[Added]) -> Result<(), RedactError> {
        let mut line = PlanItem {
            collector: item.collector.to_owned(),
            what: what.to_owned(),
            purpose: item.purpose.clone(),
            outcome,
            artifacts: Vec::new(),
        };
        let value = json(serde_json::to_value(&line));
        if paths.is_empty() {
            self.plan.push(&self.redactor, "plan", &value, &is_structure)?;
        } else {
            let paths = ("artifacts", paths.iter().map(|(path, _)| path));
            self.plan.push_with_paths(&self.redactor, "plan", &value, paths, &is_structure)?;
        }
        self.told.skipped += usize::from(matches!(line.outcome, Outcome::Skipped { .. }));
        if line.outcome.leaves_a_gap() {
            line.artifacts = paths.iter().map(|(path, _)| path.clone()).collect();
            self.told.gaps.push(line);
        }
        Ok(())
    }

    fn artifact(&mut self, item: &Planned, source: &Source, ended: Ended) -> Result<(), RedactError> {
        let Some(gathered) = ended.written else { return Ok(()) };
        let spent = gathered.duration.as_millis().try_into().unwrap_or(u64::MAX);
        let contents = gathered.written.contents;
        let artifact = Artifact {
            path: gathered.written.path,
            collector: item.collector.to_owned(),
            origin: source.origin.clone(),
            media_type: gathered.media_type.to_owned(),
            source_size: gathered.facts.source_size,
            size: contents.size,
            sha256: contents.sha256,
            modified: source.modified,
            lines: gathered.lines,
            span: gathered.span,
            encoding: contents.summary.encoding.map(str::to_owned),
            truncation: gathered.facts.truncation,
            redactions: contents.summary.redactions,
            outcome: ended.outcome,
            duration_ms: if self.order.epoch.is_some() { 0 } else { spent },
            exit_status: gathered.facts.exit_status,
        };
        if !artifact.redactions.is_empty() {
            let counts = json!(artifact.redactions);
            self.counts.insert(&self.redactor, "artifacts", &artifact.path, &counts, &is_structure)?;
            self.counted.push(u32::try_from(self.artifacts.len()).unwrap_or(u32::MAX));
        }
        for (rule, count) in &artifact.redactions {
            *self.totals.entry(rule.clone()).or_default() += count;
            self.told.replaced += count;
        }
        self.bytes += artifact.size;
        self.told.artifacts += 1;
        self.artifacts.push(&self.redactor, "artifacts", &json(serde_json::to_value(&artifact)), &is_structure)
    }

    /// The documents of the bundle, redacted, and what is to be told of the run, which began at `wall` and `steady`.
    pub(super) fn documents(
        mut self,
        writer: &BundleWriter,
        (wall, steady): (Timestamp, Duration),
    ) -> Result<(Documents<'static>, Told), RunError> {
        let (order, added) = (self.order, writer.added());
        self.close_items(added)?;
        let mut sorted: Vec<u32> = (0..u32::try_from(added.len()).unwrap_or(u32::MAX)).collect();
        sorted.sort_by(|a, b| added[*a as usize].0.cmp(&added[*b as usize].0));
        let mut places = vec![u32::MAX; added.len()];
        (0_u32..).zip(&self.counted).for_each(|(n, artifact)| places[*artifact as usize] = n);
        let counted = sorted.iter().map(|n| places[*n as usize]).filter(|n| *n != u32::MAX).collect();

        let case = json(serde_json::to_value(&order.case));
        let case = self
            .redactor
            .document(&case, &|pointer| DISCLOSED_FIELDS.contains(&pointer) || is_structure(pointer))
            .map_err(fail("case.json"))?;
        let head = json!({ "schema": "casefile-redaction/1", "totals": self.totals });
        let lists = vec![("artifacts", self.counts, Some(counted))];
        let redaction = self.redactor.long_document(&head, lists, &is_structure).map_err(fail("redaction.json"))?;
        let ended = (order.clocks.wall)();
        let passed = (order.clocks.steady)().saturating_sub(steady);
        let jumped = ended.as_second() - wall.as_second() - i64::try_from(passed.as_secs()).unwrap_or(0);
        let is_steady = order.epoch.is_some() || jumped.abs() <= JUMP;
        // The members of `Manifest` before its lists.
        let head = json!({
            "schema": MANIFEST_SCHEMA,
            "format": BUNDLE_FORMAT,
            "case_id": order.case.case_id,
            "tool": Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                target: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            },
            "redaction": self.redactor.record(),
            "profile_digest": order.profile.digest(),
            "started": order.epoch.unwrap_or(wall),
            "ended": order.epoch.unwrap_or(ended),
            "clock": Clock {
                zone: platform::facts::time_zone(),
                offset_ms: None,
                synchronised: platform::facts::clock_synchronised(),
                jumped_seconds: (!is_steady).then_some(jumped),
            },
        });
        let lists = vec![("plan", self.plan, None), ("artifacts", self.artifacts, Some(sorted))];
        let manifest = self.redactor.long_document(&head, lists, &is_structure).map_err(fail("manifest.json"))?;
        let zulu = order.epoch.unwrap_or(wall).to_zoned(jiff::tz::TimeZone::UTC);
        let bag_info = vec![
            ("BagIt-Profile-Identifier", PROFILE_ID.to_owned()),
            ("Bag-Software-Agent", format!("casefile {}", env!("CARGO_PKG_VERSION"))),
            ("Bagging-Date", zulu.strftime("%Y-%m-%d").to_string()),
            ("External-Identifier", order.name.as_str().to_owned()),
            ("Casefile-Format", BUNDLE_FORMAT.to_string()),
            ("Casefile-Case", order.case.case_id.to_string()),
            ("Casefile-Artifacts", format!("{} files, {} bytes", added.len(), self.bytes)),
        ];
        Ok((Documents { case, redaction, manifest, bag_info }, self.told))
    }
}

impl SoFar {
    /// The outcome of an item from those of its sources.
    fn together(self) -> Outcome {
        match (self.missing, self.outcomes, self.last) {
            (_, 1, Some(one)) => one,
            (0, ..) => Outcome::Collected,
            (missing, all, _) if missing == all => {
                Outcome::Failed { reason: format!("none of {missing} could be collected") }
            }
            (missing, all, _) => Outcome::Partial { reason: format!("{missing} of {all} could not be collected") },
        }
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
