//! Journals of whole cases, and what they say at each moment.

use super::*;
use crate::checklist::fixture::at;

/// A line at `minutes` past 02:00 UTC of a Sunday.
fn line(minutes: i64, event: &str, facts: &[(&str, &str)]) -> Recorded {
    let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Recorded { at: minute(minutes), event: event.to_owned(), facts }
}

fn minute(minutes: i64) -> Timestamp {
    at("2026-11-22T02:00:00Z") + SignedDuration::from_mins(minutes)
}

fn sev1() -> Recorded {
    line(
        8,
        "escalation-opened",
        &[
            ("severity", "SEV1"),
            ("agent", "sam"),
            ("clock_from", "2026-11-22T02:07:00Z"),
            ("respond_by", "2026-11-22T02:22:00Z"),
            ("respond_counted", "15 minutes, day and night"),
            ("escalate_by", "2026-11-22T02:22:00Z"),
            ("levels", "pager,chat;lead"),
            ("next_level_after_minutes", "5"),
            ("update_every_minutes", "30"),
        ],
    )
}

fn notice(minutes: i64, event: &str, target: &str, level: &str) -> Recorded {
    let key = format!("c-7fk2m9q4xa/{target}/{level}");
    line(minutes, event, &[("key", key.as_str()), ("target", target), ("level", level)])
}

fn paged() -> Vec<Recorded> {
    vec![
        sev1(),
        notice(9, "notice-intent", "pager", "1"),
        notice(9, "notice-sent", "pager", "1"),
        line(10, "ticket-intent", &[("title", "[SEV1] shop")]),
        line(10, "ticket-done", &[("system", "outbox"), ("location", "/tmp/t.md")]),
    ]
}

fn of(lines: &[Recorded]) -> Progress {
    Progress::of(lines).expect("an opened case")
}

fn with(more: &[Recorded]) -> Progress {
    of(&[paged(), more.to_vec()].concat())
}

fn overdue(progress: &Progress, now: Timestamp) -> Vec<String> {
    progress.due(now).into_iter().filter(|due| due.overdue_by.is_some()).map(|due| due.what.in_words()).collect()
}

#[test]
fn a_journal_without_an_escalation_is_no_case() {
    assert_eq!(Progress::of(&[line(0, "finding-accepted", &[])]), None);
    assert_eq!(Progress::of(&[]), None);
    assert_eq!(Progress::of(&[line(0, "escalation-opened", &[("severity", "SEV9")])]), None);
}

#[test]
fn sent_is_not_acknowledged_and_the_next_level_is_due_before_the_answer() {
    let progress = of(&paged());
    assert_eq!((progress.word(), progress.next_call()), ("sent", Some((2, minute(14)))));
    assert_eq!(overdue(&progress, minute(13)), [""; 0]);
    assert_eq!(overdue(&progress, minute(15)), ["call level 2"]);
    assert_eq!(overdue(&progress, minute(23)), ["call level 2", "answer"]);
    assert_eq!(progress.breaches_at(minute(22)), []);
    assert_eq!(progress.breaches_at(minute(23))[0].clock, "respond");
    let called = with(&[notice(14, "notice-sent", "lead", "2")]);
    assert_eq!((called.word(), called.next_call()), ("escalated", None));
}

#[test]
fn once_somebody_has_it_no_further_level_is_called_and_a_late_answer_stays_a_breach() {
    let ack = |minutes| line(minutes, "acknowledged", &[("by", "Kim Lee"), ("way", "pagerduty")]);
    let in_time = with(&[ack(12)]);
    assert_eq!((in_time.word(), in_time.next_call()), ("acknowledged", None));
    assert_eq!(in_time.has_it().map(|taken| (taken.by.as_str(), taken.way.as_str())), Some(("Kim Lee", "pagerduty")));
    assert_eq!(in_time.breaches_at(minute(500)), []);
    assert_eq!(overdue(&in_time, minute(30)), [""; 0]);
    let late = with(&[ack(25), line(26, "acknowledged", &[("by", "Bo"), ("way", "phone")])]);
    let breach =
        Breach { clock: "respond", severity: Severity::Sev1, due: minute(22), by: Some(SignedDuration::from_mins(3)) };
    assert_eq!(late.breaches_at(minute(500)), [breach]);
    assert_eq!(late.has_it().map(|taken| taken.by.as_str()), Some("Bo"));
}

#[test]
fn an_update_to_the_customer_is_due_again_and_again_until_the_end() {
    let acknowledged = line(12, "acknowledged", &[("by", "Kim Lee"), ("way", "phone")]);
    let progress = with(std::slice::from_ref(&acknowledged));
    assert_eq!(progress.next_update(), Some(minute(38)));
    assert_eq!(overdue(&progress, minute(39)), ["customer update"]);
    let told = with(&[acknowledged.clone(), line(40, "customer-updated", &[])]);
    assert_eq!(told.next_update(), Some(minute(70)));
    let end = line(60, "resolved", &[("text", "rolled back"), ("agent", "sam")]);
    let ended = with(&[acknowledged, line(59, "resolve-intent", &[]), end]);
    assert_eq!((ended.word(), ended.due(minute(9999)).len(), ended.resolving), ("resolved", 0, false));
}

#[test]
fn a_lower_level_keeps_the_breach_and_a_higher_one_asks_for_an_answer_anew() {
    let lower = line(30, "severity-changed", &[("severity", "SEV3"), ("reason", "a workaround"), ("agent", "sam")]);
    let lowered = with(&[lower]);
    assert_eq!((lowered.severity, lowered.respond_by.clone()), (Severity::Sev3, None));
    let breaches = lowered.breaches_at(minute(31));
    assert_eq!(
        (breaches.len(), breaches[0].severity, breaches[0].by),
        (1, Severity::Sev1, Some(SignedDuration::from_mins(8)))
    );
    let facts = [("severity", "SEV1"), ("respond_by", "2026-11-22T03:00:00Z"), ("levels", "pager;lead")];
    let raised = [
        line(0, "escalation-opened", &[("severity", "SEV3"), ("levels", "queue")]),
        notice(1, "notice-sent", "queue", "1"),
        line(5, "acknowledged", &[("by", "Kim Lee"), ("way", "ticket")]),
        line(40, "severity-changed", &facts),
    ];
    let raised = of(&raised);
    assert_eq!((raised.has_it(), raised.level_called()), (None, 0));
    assert_eq!(raised.next_call(), Some((1, minute(40))));
    assert_eq!((raised.changes[0].from, raised.changes[0].to), (Severity::Sev3, Severity::Sev1));
    assert_eq!(overdue(&raised, minute(61)), ["call level 1", "answer"]);
}

#[test]
fn a_ticket_that_came_too_late_is_a_breach_and_one_that_is_missing_is_due() {
    let late = of(&[sev1(), line(30, "ticket-done", &[("system", "rt"), ("location", "https://rt.example/1")])]);
    assert_eq!(late.breaches[0].by, Some(SignedDuration::from_mins(8)));
    assert!(overdue(&of(&[sev1()]), minute(30)).contains(&"hand over".to_owned()));
}

#[test]
fn a_notice_whose_outcome_a_stop_left_open_is_unknown_until_it_is_sent() {
    let progress = of(&[sev1(), notice(9, "notice-intent", "chat", "1")]);
    assert_eq!((progress.word(), &progress.notices[0].state), ("not sent", &NoticeState::Unknown));
    let mut again = notice(10, "notice-intent", "chat", "1");
    again.facts.insert("may_be_twice".to_owned(), "yes".to_owned());
    let sent = of(&[sev1(), notice(9, "notice-intent", "chat", "1"), again, notice(10, "notice-sent", "chat", "1")]);
    assert!(sent.notices[0].may_be_twice && sent.notices[0].state == NoticeState::Sent);
    let mut failed = notice(10, "notice-failed", "chat", "1");
    failed.facts.insert("cause".to_owned(), "500".to_owned());
    let failed = of(&[sev1(), failed]);
    assert_eq!(failed.notices[0].state, NoticeState::Failed("500".to_owned()));
    assert!(failed.unsent());
}

#[test]
fn a_bundle_is_on_its_way_then_attached_or_failed() {
    let named = [("file", "a.zip"), ("file_digest", "00ff")];
    let states = |more: &[Recorded]| with(more).bundle.map(|bundle| (bundle.attached_at.is_some(), bundle.failed));
    assert_eq!(states(&[]), None);
    assert_eq!(states(&[line(11, "attach-intent", &named)]), Some((false, None)));
    let failed = [("file", "a.zip"), ("file_digest", "00ff"), ("cause", "full")];
    assert_eq!(states(&[line(11, "attach-failed", &failed)]), Some((false, Some("full".to_owned()))));
    assert_eq!(states(&[line(11, "attach-failed", &failed), line(12, "attach-done", &named)]), Some((true, None)));
}

#[test]
fn the_steps_of_a_case_come_with_the_times_between_them() {
    let end = line(60, "resolved", &[("text", "rolled back")]);
    let progress = with(&[line(12, "acknowledged", &[("by", "Kim"), ("way", "phone")]), end]);
    let steps: Vec<(&str, Option<i64>)> =
        progress.steps().iter().map(|step| (step.name, step.after.map(|after| after.as_mins()))).collect();
    let expected = [
        ("reported", None),
        ("opened", Some(1)),
        ("first notice sent", Some(1)),
        ("ticket", Some(1)),
        ("acknowledged", Some(2)),
        ("resolved", Some(48)),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn access_goes_by_the_customers_contact_ends_and_blocks_until_it_is_taken_back() {
    let asked = line(
        20,
        "access-requested",
        &[("access", "1"), ("who", "Kim Lee"), ("what", "shell"), ("why", "logs"), ("minutes", "120")],
    );
    let contacts = ["Ann Other", "Bo Night"];
    let requested = with(std::slice::from_ref(&asked));
    let access = requested.access(1).expect("there");
    assert_eq!(access.state(minute(30)), AccessState::Requested);
    assert_eq!(access.may_approve("Ann  other", &contacts, minute(30)), Ok(()));
    let refused = |by: &str| access.may_approve(by, &contacts, minute(30)).expect_err(by);
    assert!(matches!(refused("kim lee"), AccessRefusal::ByRequester(_)));
    assert!(matches!(refused("sam"), AccessRefusal::NotTheContact(_)));
    assert!(matches!(access.may_use(minute(30)), Err(AccessRefusal::WrongState { .. })));
    assert!(matches!(requested.access(2), Err(AccessRefusal::Unknown(2))));
    let approved = with(&[asked.clone(), line(30, "access-approved", &[("access", "1"), ("by", "Ann Other")])]);
    let access = approved.access(1).expect("there");
    assert_eq!(access.state(minute(149)), AccessState::Open { until: minute(150) });
    assert_eq!(access.may_use(minute(31)), Ok(()));
    assert_eq!(access.may_use(minute(151)), Err(AccessRefusal::Ended { id: 1, since: minute(150) }));
    assert!(access.is_open(minute(151)) && access.may_approve("Ann Other", &contacts, minute(31)).is_err());
    assert!(overdue(&approved, minute(151)).contains(&"revoke access 1".to_owned()));
    let back = with(&[
        asked,
        line(30, "access-approved", &[("access", "1"), ("by", "Ann Other")]),
        line(40, "access-revoked", &[("access", "1"), ("by", "sam")]),
    ]);
    let access = back.access(1).expect("there");
    assert!(!access.is_open(minute(41)) && access.may_revoke(minute(41)).is_err());
}
