//! Every item of the built-in checklist, met and unmet.

use super::*;
use crate::checklist::fixture::{artifact, case, case_with, case_without, log, manifest, plan_item};
use crate::model::Outcome;
use crate::model::manifest::{Artifact, PlanItem, TimeSpan};

/// A manifest after an edit.
fn manifest_with(edit: impl FnOnce(&mut Manifest)) -> Manifest {
    let mut manifest = manifest();
    edit(&mut manifest);
    manifest
}

fn logs_are(logs: Vec<Artifact>) -> Manifest {
    manifest_with(|m| {
        m.artifacts.retain(|a| !a.path.as_str().starts_with("data/logs"));
        m.artifacts.extend(logs);
    })
}

fn planned(items: Vec<PlanItem>) -> Manifest {
    manifest_with(|m| m.plan.extend(items))
}

fn failed(collector: &str) -> PlanItem {
    plan_item(collector, "path to the API", Outcome::Failed { reason: "a firewall drops everything".to_owned() })
}

fn state(manifest: &Manifest, case: &Case, severity: Severity, id: &str) -> State {
    let evaluation = evaluate(&Checklist::builtin(), Some(manifest), case, severity);
    evaluation.items.into_iter().find(|item| item.id == id).expect("the item is in the list").state
}

/// What is missing for item `id` at SEV2, or an empty text where it is met.
fn missing(manifest: &Manifest, case: &Case, id: &str) -> String {
    match state(manifest, case, Severity::Sev2, id) {
        State::Met => String::new(),
        State::NotMet { missing } | State::Advisory { missing } => missing,
        State::NotApplicable { why } => format!("n/a: {why}"),
    }
}

#[test]
fn a_full_case_is_ready_at_every_severity() {
    for severity in Severity::ALL {
        let evaluation = evaluate(&Checklist::builtin(), Some(&manifest()), &case(), severity);
        let missing: Vec<_> = evaluation.missing().collect();
        assert!(evaluation.ready(), "{severity}: {missing:?}");
        assert!(evaluation.outside_business_hours().ready());
    }
}

#[test]
fn a_har_of_before_the_fault_is_not_met_and_one_of_later_is() {
    let har = |first: &str, last: &str| {
        let times = (first.parse().expect("a time"), last.parse().expect("a time"));
        let span = Some(TimeSpan { first: times.0, last: times.1, zone_stated: true });
        manifest_with(|m| m.artifacts.push(Artifact { span, ..artifact("data/har/shop.har") }))
    };
    let browser = case_with(|text| text.replace("browser_involved = false", "browser_involved = true"));
    let missing = |manifest: &Manifest| missing(manifest, &browser, "har-of-incident");
    assert_eq!(missing(&har("2026-11-23T09:40:00Z", "2026-11-23T09:41:00Z")), "", "while it lasts");
    assert_eq!(missing(&har("2026-11-23T09:00:00Z", "2026-11-23T09:12:00Z")), "", "people round");
    assert_eq!(
        missing(&har("2026-11-23T07:00:00Z", "2026-11-23T08:12:00Z")),
        "har ends 2026-11-23 08:12 UTC, incident 2026-11-23 09:15 UTC"
    );
    assert!(missing(&manifest()).starts_with("n/a"), "another item asks for the file itself");
}

#[test]
fn a_trace_on_a_machine_that_nobody_describes_may_have_run_anywhere() {
    let mut traced = planned(vec![failed("probes")]);
    assert_eq!(missing(&traced, &case(), "traceroute"), "", "a failure is evidence");
    traced.artifacts.retain(|a| !a.path.as_str().starts_with("data/host"));
    assert!(missing(&traced, &case(), "traceroute").contains("may have run anywhere"));
}

#[test]
fn each_fact_that_is_taken_away_is_missed_by_its_item() {
    for (key, id) in [
        ("summary", "summary"),
        ("steps_to_reproduce", "steps-to-reproduce"),
        ("error_messages", "error-messages"),
        ("screenshots", "screenshots"),
        ("started_at", "started-at"),
        ("reported_at", "reported-at"),
        ("who", "impact-who"),
        ("cannot", "impact-cannot"),
        ("affected", "impact-count"),
        ("since", "impact-since"),
        ("scope", "impact-scope"),
        ("business_impact", "business-impact"),
        ("customer_sla", "customer-sla"),
        ("account_id", "account-id"),
        ("contact", "contact"),
        ("preferred_channel", "preferred-channel"),
        ("tried", "attempts"),
        ("escalation_reason", "escalation-reason"),
    ] {
        let evaluation = evaluate(&Checklist::builtin(), Some(&manifest()), &case_without(key), Severity::Sev2);
        let missing: Vec<&str> = evaluation.missing().map(|item| item.id.as_str()).collect();
        assert_eq!(missing, [id], "without {key}");
    }
}

#[test]
fn each_kind_of_artifact_that_is_taken_away_is_missed_by_its_item_alone() {
    for (folder, id) in [("data/logs", "logs"), ("data/host", "environment"), ("data/config", "configuration")] {
        let without = manifest_with(|m| m.artifacts.retain(|a| !a.path.as_str().starts_with(folder)));
        let evaluation = evaluate(&Checklist::builtin(), Some(&without), &case(), Severity::Sev2);
        let missing: Vec<&str> = evaluation.missing().map(|item| item.id.as_str()).collect();
        assert_eq!(missing, [id]);
    }
}

#[test]
fn empty_logs_are_no_logs_and_the_reasons_of_the_manifest_are_shown() {
    let empty = || Artifact { lines: Some(0), ..artifact("data/logs/a.log") };
    assert_eq!(missing(&logs_are(vec![empty()]), &case(), "logs"), "logs: present but empty");
    let mut withheld = logs_are(vec![empty()]);
    let reason = "unknown binary format".to_owned();
    withheld.plan.push(plan_item("logs", "/var/log/app.bin", Outcome::Withheld { reason }));
    let why = missing(&withheld, &case(), "logs");
    assert!(why.contains("empty; `/var/log/app.bin` withheld: `unknown binary format`"), "{why}");
}

#[test]
fn logs_that_do_not_reach_the_incident_are_told_with_both_times() {
    let ends = log("data/logs/a.log", "2026-11-23T00:00:00Z", "2026-11-23T02:10:00Z");
    let begins = log("data/logs/b.log", "2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z");
    for (logs, told) in [
        (vec![ends.clone()], "logs end 2026-11-23 02:10 UTC, incident 2026-11-23 09:15 UTC"),
        (vec![begins.clone()], "logs begin 2026-11-23 12:00 UTC, incident 2026-11-23 09:15 UTC"),
        (vec![ends, begins], "logs have a gap around the incident 2026-11-23 09:15 UTC"),
        (vec![log("data/logs/c.log", "2026-11-23T08:00:00Z", "2026-11-23T09:11:00Z")], ""),
    ] {
        assert_eq!(missing(&logs_are(logs), &case(), "logs-cover-incident"), told);
    }
}

#[test]
fn logs_without_known_times_pass_with_a_note() {
    let span = TimeSpan { zone_stated: false, ..manifest().artifacts[2].span.clone().expect("the log has a span") };
    for (log, note) in [
        (artifact("data/logs/a.log"), "no time stamps found"),
        (Artifact { span: Some(span), ..artifact("data/logs/a.log") }, "name no zone"),
    ] {
        let evaluation = evaluate(&Checklist::builtin(), Some(&logs_are(vec![log])), &case(), Severity::Sev2);
        let item = evaluation.items.iter().find(|i| i.id == "logs-cover-incident").expect("in the list");
        assert_eq!(item.state, State::Met);
        assert!(item.notes[0].contains(note), "{:?}", item.notes);
    }
}

#[test]
fn a_har_is_asked_for_only_where_a_browser_is_involved() {
    let browser = |said: &str| case_with(|text| text.replace("browser_involved = false", said));
    assert_eq!(missing(&manifest(), &case(), "har"), "n/a: no browser is involved");
    assert!(matches!(
        state(&manifest(), &browser("browser_involved = true"), Severity::Sev2, "har"),
        State::NotMet { .. }
    ));
    assert!(matches!(state(&manifest(), &browser(""), Severity::Sev2, "har"), State::Advisory { .. }));
    let excused = browser("browser_involved = true\nhar = { none_because = \"kiosk without developer tools\" }");
    assert_eq!(missing(&manifest(), &excused, "har"), "");
    let recorded = manifest_with(|m| m.artifacts.push(artifact("data/har/a.har")));
    assert_eq!(missing(&recorded, &browser("browser_involved = true"), "har"), "");
}

#[test]
fn a_failed_trace_is_evidence_and_a_skipped_one_is_not() {
    assert_eq!(missing(&planned(vec![failed("probes")]), &case(), "traceroute"), "");
    let skipped = plan_item("probes", "path", Outcome::Skipped { reason: "not asked for".to_owned() });
    assert_eq!(missing(&planned(vec![skipped]), &case(), "traceroute"), "probes: not attempted");
    let list = evaluate(&Checklist::builtin(), Some(&manifest()), &case(), Severity::Sev1);
    assert!(list.ready(), "a trace is asked for, not demanded");
}

#[test]
fn an_emergency_contact_is_needed_for_sev1_and_sev2_outside_business_hours_only() {
    for (severity, demanded) in
        [(Severity::Sev1, true), (Severity::Sev2, true), (Severity::Sev3, false), (Severity::Sev4, false)]
    {
        let evaluation =
            evaluate(&Checklist::builtin(), Some(&manifest()), &case_without("emergency_contact"), severity);
        assert!(evaluation.ready(), "inside business hours at {severity}");
        assert_eq!(!evaluation.outside_business_hours().ready(), demanded, "{severity}");
    }
}

#[test]
fn a_general_question_is_not_held_to_the_diagnostics_of_an_outage() {
    let evaluation = evaluate(&Checklist::builtin(), None, &case_without("tried"), Severity::Sev4);
    assert!(evaluation.ready(), "{:?}", evaluation.missing().collect::<Vec<_>>());
    assert!(!evaluate(&Checklist::builtin(), None, &case(), Severity::Sev3).ready());
}

#[test]
fn a_condition_of_several_parts_says_what_each_lacks() {
    let text = "[[items]]\nid = \"a\"\ngroup = \"impact-and-sla\"\nquestion = \"q\"\nrequired_from = \"sev4\"\nwhy = \"w\"\n\
                ask = \"a.\"\nhow = \"h\"\nmet = { all = [{ fact = \"summary\" }, { artifacts = { kind = \"logs\", at_least = 2 } }] }";
    let list = Checklist::parse("list", text).expect("parses");
    let evaluation = evaluate(&list, Some(&manifest()), &case_without("summary"), Severity::Sev4);
    assert_eq!(evaluation.items[0].missing(), Some("the summary is missing; logs: 1 of at least 2"));
}

#[test]
fn a_clock_that_is_off_or_out_of_step_is_said() {
    let clock = |edit: fn(&mut crate::model::manifest::Clock)| manifest_with(|m| edit(&mut m.clock));
    for (manifest, expected) in [
        (clock(|_| ()), "n/a: cannot be judged: nobody asked a time server"),
        (clock(|c| c.offset_ms = Some(-4_900)), ""),
        (clock(|c| c.offset_ms = Some(-75_000)), "the clock was off by"),
        (clock(|c| c.synchronised = Some(true)), ""),
        (clock(|c| c.synchronised = Some(false)), "not in step"),
        (clock(|c| (c.offset_ms, c.jumped_seconds) = (Some(0), Some(3_600))), "the clock jumped by 3600 s"),
    ] {
        let said = missing(&manifest, &case(), "clock");
        assert!(if expected.is_empty() { said.is_empty() } else { said.contains(expected) }, "{expected}: {said}");
    }
}
