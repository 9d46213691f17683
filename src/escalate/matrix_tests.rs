//! Tests of the routing matrix.

use super::*;

const MATRIX: &str = "
[notifiers.sre-pager]
kind = 'pagerduty'
team = 'SRE'
secure = true
routing_key = 'env:SRE'
[notifiers.eng-pager]
kind = 'pagerduty'
team = 'Engineering'
secure = true
routing_key = 'env:ENG'
[notifiers.room]
kind = 'slack'
url = 'env:ROOM'
[notifiers.desk]
kind = 'email'
address = 'smtps://mail.example'
from = 'casefile@example.com'
to = ['desk@example.com']
[notifiers.lead]
kind = 'pagerduty'
routing_key = 'env:LEAD'

[[matrix]]
severities = ['SEV1']
levels = [['sre-pager', 'eng-pager', 'room'], ['lead']]
[[matrix]]
severities = ['SEV2']
hours = 'open'
levels = [['room', 'desk']]
[[matrix]]
severities = ['SEV2']
hours = 'closed'
levels = [['eng-pager']]
[[matrix]]
severities = ['SEV3', 'SEV4']
levels = [['desk', 'room', 'sre-pager']]
[[matrix]]
service = 'Payments'
severities = ['SEV2']
levels = [['eng-pager', 'room']]
";

fn policy(matrix: &str) -> Policy {
    Policy::parse("p.toml", &format!("{}\n{matrix}", Policy::builtin_text())).expect("a policy")
}

fn names(levels: &[Vec<String>]) -> Vec<Vec<&str>> {
    levels.iter().map(|level| level.iter().map(String::as_str).collect()).collect()
}

#[test]
fn the_row_of_service_severity_and_hours_decides() {
    let policy = policy(MATRIX);
    let levels = |service, severity, open| policy.callees(service, severity, open).levels;
    let (sev1, sev2) = (Severity::Sev1, Severity::Sev2);
    assert_eq!(names(&levels(None, sev1, false)), [vec!["sre-pager", "eng-pager", "room"], vec!["lead"]]);
    assert_eq!(names(&levels(Some("search"), sev2, true)), [["room", "desk"]]);
    assert_eq!(names(&levels(Some("search"), sev2, false)), [["eng-pager"]]);
    assert_eq!(names(&levels(Some(" payments "), sev2, false)), [["eng-pager", "room"]]);
    assert_eq!(names(&levels(Some("payments"), sev1, true)).len(), 2);
    let reason = |service| policy.callees(service, sev2, true).reason;
    assert_eq!(reason(Some("payments")), "the row of its service");
    assert!(reason(Some("search")).ends_with("as the matrix has no row for its service"));
    assert!(reason(None).ends_with("as no service is named"));
}

#[test]
fn a_question_wakes_nobody_and_a_degradation_nobody_at_night() {
    let policy = policy(MATRIX);
    let at = |severity, open| policy.callees(None, severity, open);
    assert_eq!(names(&at(Severity::Sev4, true).levels), [["desk"]]);
    assert_eq!(names(&at(Severity::Sev3, true).levels), [["desk", "room", "sre-pager"]]);
    let night = at(Severity::Sev3, false);
    assert_eq!(names(&night.levels), [["desk", "room"]]);
    assert_eq!(night.held_back, [("sre-pager".to_owned(), "a SEV3 pages nobody outside business hours")]);
}

#[test]
fn never_is_nobody_told() {
    let builtin = Policy::builtin();
    let both = vec![vec!["sre-outbox".to_owned(), "engineering-outbox".to_owned()]];
    assert_eq!(builtin.callees(Some("shop"), Severity::Sev1, false).levels, both);
    assert_eq!(names(&builtin.callees(None, Severity::Sev4, true).levels), [["engineering-outbox"]]);
    assert!(builtin.notifier("sre-outbox").is_some_and(|target| target.secure && target.is_of("sre")));
    let one =
        policy(&MATRIX.replace("[[matrix]]\nseverities = ['SEV2']\nhours = 'closed'\nlevels = [['eng-pager']]", ""));
    let callees = one.callees(None, Severity::Sev2, false);
    assert!(callees.levels == both && callees.reason.starts_with("the outbox, as"), "{callees:?}");
}

#[test]
fn what_would_leave_somebody_unheard_is_found() {
    assert_eq!(gaps(&policy(MATRIX)), Vec::<String>::new());
    assert!(gaps(&Policy::builtin())[0].contains("no notifiers"));
    for (from, to, told) in [
        ("'eng-pager', 'room'], ['lead']]", "'room'], ['lead']]", "the first level does not call Engineering"),
        ("'room'], ['lead']]", "'room']]", "no next level when nobody answers"),
        ("levels = [['eng-pager']]", "levels = [['room']]", "outside business hours: no pager in the first level"),
        ("levels = [['eng-pager']]", "levels = [['lead']]", "no pager is marked secure"),
        (
            "levels = [['eng-pager']]",
            "levels = [[]]",
            "SEV2 of any other service, outside business hours: reaches nobody",
        ),
        ("['SEV3', 'SEV4']", "['SEV3']", "SEV4 of any other service, in business hours: no row"),
        ("['desk', 'room', 'sre-pager']", "", "its row names no notifier"),
        ("'room'], ['lead']]", "'room'], ['desk']]", "notifier lead: no row names it"),
        (
            "levels = [['eng-pager', 'room']]",
            "levels = [['room']]",
            "SEV2 of Payments, outside business hours: no pager",
        ),
    ] {
        assert!(MATRIX.contains(from), "{from}");
        let found = gaps(&policy(&MATRIX.replacen(from, to, 1)));
        assert!(found.iter().any(|gap| gap.contains(told)), "{to}: {found:?}");
    }
}

#[test]
fn a_matrix_that_cannot_be_meant_is_refused_with_its_line() {
    for (from, to, told) in [
        ("'lead']]", "'boss']]", "names the target `boss`"),
        ("['SEV1']", "['SEV9']", "no list of severities"),
        ("['SEV1']", "[]", "no list of severities"),
        ("hours = 'closed'", "hours = 'open'", "same service, severity and hours"),
        ("hours = 'closed'", "hours = 'night'", "night"),
        ("[notifiers.room]", "[notifiers.\"a b\"]", "unusable name"),
    ] {
        let text = format!("{}\n{}", Policy::builtin_text(), MATRIX.replacen(from, to, 1));
        let error = Policy::parse("p.toml", &text).expect_err(to);
        assert!(error.to_string().contains(told), "{to}: {error}");
        assert!(error.line.is_some() && error.mend.is_some(), "{to}: {error:?}");
    }
}
