//! Whether the artifacts of a bundle answer what an item asks. An empty log is no log, and a failed probe is evidence.

use jiff::{SignedDuration, Timestamp};

use crate::model::manifest::{Artifact, Clock, Manifest};
use crate::model::{Case, Outcome};

use super::phrase::quoted;

/// How far a log may end before, or begin after, the stated start and still count. People round the time that they
/// report, clocks differ by minutes, and a service that dies stops writing at that moment.
const SLACK: SignedDuration = SignedDuration::from_mins(5);

/// Reasons that are quoted at most; a bundle may hold thousands.
const MOST_REASONS: usize = 3;

/// What a look at the artifacts found: `Ok` with what should be known about it, or what is missing.
pub(super) type Found = Result<Vec<String>, String>;

/// `data/logs/a/b.log` is of kind `logs`.
fn kind_of(artifact: &Artifact) -> &str {
    artifact.path.as_str().strip_prefix("data/").and_then(|rest| rest.split('/').next()).unwrap_or("")
}

fn of_kind<'a>(manifest: &'a Manifest, kind: &'a str) -> impl Iterator<Item = &'a Artifact> {
    // `data/logs` alone would be a file of that name, which is not of the kind.
    manifest.artifacts.iter().filter(move |a| kind_of(a) == kind && a.path.as_str().matches('/').count() > 1)
}

fn is_empty(artifact: &Artifact) -> bool {
    artifact.size == 0 || artifact.lines == Some(0)
}

/// At least `at_least` artifacts of `kind` that are not empty.
pub(super) fn held(manifest: Option<&Manifest>, kind: &str, at_least: usize) -> Found {
    let Some(manifest) = manifest else { return Err(format!("{kind}: there is no bundle")) };
    let (empty, full): (Vec<&Artifact>, Vec<&Artifact>) = of_kind(manifest, kind).partition(|a| is_empty(a));
    let gaps = gaps(manifest, kind);
    if full.len() >= at_least.max(1) {
        return Ok(gaps);
    }
    let mut missing = match (full.len(), empty.len()) {
        (0, 0) => format!("{kind}: none in the bundle"),
        (0, _) => format!("{kind}: present but empty"),
        (some, _) => format!("{kind}: {some} of at least {at_least}"),
    };
    for gap in gaps {
        missing.push_str("; ");
        missing.push_str(&gap);
    }
    Err(missing)
}

/// What was asked for of this kind and could not be had, with its reason.
fn gaps(manifest: &Manifest, kind: &str) -> Vec<String> {
    let gaps: Vec<_> = manifest
        .plan
        .iter()
        .filter(|item| item.collector == kind && !matches!(item.outcome, Outcome::Collected))
        .filter_map(|item| Some((item, item.outcome.reason()?)))
        .collect();
    let mut told: Vec<String> = Vec::new();
    for (n, (item, reason)) in gaps.iter().enumerate() {
        let gap = format!("{} {}: {}", quoted(&item.what), item.outcome.word(), quoted(reason));
        // Two globs may both meet it.
        if told.contains(&gap) {
            continue;
        }
        if told.len() == MOST_REASONS {
            told.push(format!("{} more could not be had whole", gaps.len() - n));
            break;
        }
        told.push(gap);
    }
    told
}

/// Something of this kind was carried out, whatever came of it. A skip is a choice, not an attempt.
pub(super) fn attempted(manifest: Option<&Manifest>, kind: &str) -> Found {
    let Some(manifest) = manifest else { return Err(format!("{kind}: there is no bundle")) };
    if of_kind(manifest, kind).any(|a| !is_empty(a)) {
        return Ok(Vec::new());
    }
    let mut steps = manifest.plan.iter().filter(|item| item.collector == kind);
    match steps.find(|item| matches!(item.outcome, Outcome::Failed { .. } | Outcome::Partial { .. })) {
        Some(failed) => Ok(vec![format!(
            "{} {}: {}; the failure is evidence",
            quoted(&failed.what),
            failed.outcome.word(),
            quoted(failed.outcome.reason().unwrap_or_default())
        )]),
        None => Err(format!("{kind}: not attempted")),
    }
}

/// Whether some artifact of `kind` has time stamps around the start of the incident. `None` when nobody said when that
/// was, or when the bundle holds none of the kind: then another item asks.
pub(super) fn covers_incident(manifest: Option<&Manifest>, kind: &str, case: &Case) -> Option<Found> {
    let started = case.started_at.as_ref()?.value.utc;
    let logs: Vec<&Artifact> = of_kind(manifest?, kind).filter(|a| !is_empty(a)).collect();
    if logs.is_empty() {
        return None;
    }
    let spans: Vec<_> = logs.iter().filter_map(|a| a.span.as_ref()).collect();
    let incident = format!("incident {}", in_utc(started));
    let (Some(first), Some(last)) = (spans.iter().map(|s| s.first).min(), spans.iter().map(|s| s.last).max()) else {
        return Some(Ok(vec![format!(
            "{kind}: no time stamps found, so whether they cover the {incident} is not known"
        )]));
    };
    // Each log is judged by itself: one of last week and one of tomorrow do not cover today between them.
    let around = |s: &&&crate::model::manifest::TimeSpan| near(s.first, started) && near(started, s.last);
    Some(match spans.iter().find(around) {
        Some(span) if span.zone_stated => Ok(Vec::new()),
        Some(_) => Ok(vec![format!("{kind}: their time stamps name no zone; the zone of the machine was assumed")]),
        None if last < started => Err(format!("{kind} end {}, {incident}", in_utc(last))),
        None if first > started => Err(format!("{kind} begin {}, {incident}", in_utc(first))),
        None => Err(format!("{kind} have a gap around the {incident}")),
    })
}

/// The same as [`attempted`], on a machine of which the bundle says what it is: whoever runs a trace of their own on another one,
/// such as an agent's, sees another network.
pub(super) fn from_customer_side(manifest: Option<&Manifest>, kind: &str) -> Found {
    let notes = attempted(manifest, kind)?;
    match manifest.is_some_and(|manifest| of_kind(manifest, "host").any(|a| !is_empty(a))) {
        true => Ok(notes),
        false => Err(format!("{kind}: the bundle does not describe the machine, so it may have run anywhere")),
    }
}

/// Whether some artifact of `kind` was recorded at the start of the incident or later. `None` as above.
pub(super) fn reaches_incident(manifest: Option<&Manifest>, kind: &str, case: &Case) -> Option<Found> {
    let started = case.started_at.as_ref()?.value.utc;
    let recorded: Vec<&Artifact> = of_kind(manifest?, kind).filter(|a| !is_empty(a)).collect();
    if recorded.is_empty() {
        return None;
    }
    let incident = format!("incident {}", in_utc(started));
    let Some(last) = recorded.iter().filter_map(|a| a.span.as_ref()).map(|span| span.last).max() else {
        return Some(Ok(vec![format!("{kind}: no times found, so whether it is of the {incident} is not known")]));
    };
    Some(if near(started, last) { Ok(Vec::new()) } else { Err(format!("{kind} ends {}, {incident}", in_utc(last))) })
}

/// Whether the clock was right within `seconds`; `None` when nothing is known about it.
pub(super) fn clock_within(clock: &Clock, seconds: u32) -> Option<Found> {
    let beyond = |off: i64| off.unsigned_abs() > u64::from(seconds);
    if let Some(jump) = clock.jumped_seconds.filter(|jump| beyond(*jump)) {
        return Some(Err(format!("the clock jumped by {jump} s while the bundle was made")));
    }
    if let Some(offset) = clock.offset_ms {
        let off = SignedDuration::from_millis(offset);
        return Some(match off.unsigned_abs().as_secs() > u64::from(seconds) {
            true => Err(format!("the clock was off by {off:#}")),
            false => Ok(Vec::new()),
        });
    }
    clock.synchronised.map(|in_step| match in_step {
        true => Ok(vec!["the system says that its clock is in step with a time server; nobody measured it".to_owned()]),
        false => Err("the system says that its clock is not in step with a time server".to_owned()),
    })
}

/// Whether `earlier` is before `later`, or after it by no more than the slack.
fn near(earlier: Timestamp, later: Timestamp) -> bool {
    earlier.duration_since(later) <= SLACK
}

fn in_utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
