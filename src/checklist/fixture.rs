//! A case and a manifest that lack nothing, for the tests of the rooms above.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::case::GivenBy;
use crate::model::manifest::{
    Artifact, BUNDLE_FORMAT, Clock, MANIFEST_SCHEMA, Manifest, PlanItem, RedactionRecord, TimeSpan, Tool,
};
use crate::model::{ArtifactPath, Case, CaseId, Outcome, Sha256Digest, case_file};

/// A case file to which nothing needs to be added: a major function, broken for 12 of 300.
pub(crate) const CASE: &str = r#"
case_id = "c-7fk2m9q4xa"
account_id = "ACME-77"
summary = "checkout answers 503"
service = "payments"
steps_to_reproduce = ["open the shop", "press pay"]
error_messages = ["503 upstream connect error"]
started_at = "2026-11-23T10:15:00+01:00"
reported_at = "2026-11-23T10:20:00+01:00"
tried = [{ what = "restarted the gateway", result = "worked for 5 minutes", at = "2026-11-23T10:30:00+01:00" }]
business_impact = "every hour loses about 40 orders"
escalation_reason = "needs access to the gateway"
contact = { name = "Ann Other", address = "ann@customer.example" }
preferred_channel = "phone"
emergency_contact = { name = "Bo Night", address = "+49 30 5550100" }
customer_sla = { text = "Gold: 30 minutes", response_minutes = 30 }
customer_zone = "Europe/Berlin"
browser_involved = false
screenshots = { none_because = "not visual" }
[impact]
who = "cashiers in the Berlin shops"
cannot = "take card payments"
affected = 12
total = 300
since = "2026-11-23T10:15:00+01:00"
scope = "major-function"
"#;

/// The case of [`CASE`] after `edit` on its text.
pub(crate) fn case_with(edit: impl FnOnce(String) -> String) -> Case {
    let read = case_file::parse("case.toml", &edit(CASE.to_owned()), GivenBy::Agent).expect("the edited case parses");
    let case_id = read.case_id.clone().unwrap_or_else(|| CaseId::from_random([7; 7]));
    Case { case_id, ..read.case }
}

/// The case of [`CASE`].
pub(crate) fn case() -> Case {
    case_with(|text| text)
}

/// The case of [`CASE`] without the lines that begin with `key`.
pub(crate) fn case_without(key: &str) -> Case {
    case_with(|text| text.lines().filter(|l| !l.starts_with(key)).map(|l| format!("{l}\n")).collect())
}

/// A moment, in UTC.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time stamp")
}

/// An artifact of 5 lines.
pub(crate) fn artifact(path: &str) -> Artifact {
    Artifact {
        path: ArtifactPath::parse(path).expect("a safe path"),
        collector: "logs".to_owned(),
        origin: "/var/log/app.log".to_owned(),
        media_type: "text/plain".to_owned(),
        source_size: 100,
        size: 100,
        sha256: Sha256Digest([1; 32]),
        modified: None,
        lines: Some(5),
        span: None,
        encoding: None,
        truncation: None,
        redactions: BTreeMap::new(),
        outcome: Outcome::Collected,
        duration_ms: 0,
        exit_status: None,
    }
}

/// A log whose time stamps go from `first` to `last`.
pub(crate) fn log(path: &str, first: &str, last: &str) -> Artifact {
    Artifact { span: Some(TimeSpan { first: at(first), last: at(last), zone_stated: true }), ..artifact(path) }
}

/// A planned step and its end.
pub(crate) fn plan_item(collector: &str, what: &str, outcome: Outcome) -> PlanItem {
    PlanItem {
        collector: collector.to_owned(),
        what: what.to_owned(),
        purpose: String::new(),
        outcome,
        artifacts: vec![],
    }
}

/// A manifest with host facts, a configuration and a log around 10:15 in Berlin.
pub(crate) fn manifest() -> Manifest {
    Manifest {
        schema: MANIFEST_SCHEMA.to_owned(),
        format: BUNDLE_FORMAT,
        case_id: CaseId::parse("c-7fk2m9q4xa").expect("an id"),
        tool: Tool { name: "casefile".to_owned(), version: "0.1.0".to_owned(), target: "linux-x86_64".to_owned() },
        redaction: RedactionRecord {
            rules_digest: Sha256Digest([2; 32]),
            rules: 12,
            privacy: "standard".to_owned(),
            seeds: 0,
            seeds_over_cap: 0,
        },
        profile_digest: Sha256Digest([3; 32]),
        started: at("2026-11-23T09:40:00Z"),
        ended: at("2026-11-23T09:41:00Z"),
        clock: Clock { zone: "Europe/Berlin".to_owned(), offset_ms: None, synchronised: None, jumped_seconds: None },
        plan: vec![plan_item("logs", "/var/log/*.log", Outcome::Collected)],
        artifacts: vec![
            artifact("data/config/app.toml"),
            artifact("data/host/os.json"),
            log("data/logs/app.log", "2026-11-23T08:00:00Z", "2026-11-23T09:40:00Z"),
        ],
    }
}
