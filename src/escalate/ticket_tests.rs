//! Ticket texts: the first two lines, replaced templates, hostile facts.

use super::*;
use crate::checklist::fixture::{at, case, case_with, case_without, manifest};
use crate::checklist::{Checklist, evaluate};
use crate::escalate::{classify, decide, targets::targets};

/// The ticket of `case` under `template`, at SEV1 where `chosen` says so.
fn ticket_with(case: &Case, template: &TicketTemplate, chosen: Option<Severity>) -> Result<Ticket, TicketError> {
    let policy = Policy::builtin();
    let now = at("2026-11-23T09:50:00Z");
    let decided = decide(classify(case, &policy), chosen, Some("board meeting")).expect("has a reason");
    let manifest = manifest();
    let evaluation = evaluate(&Checklist::builtin(), Some(&manifest), case, decided.severity);
    let targets = targets(case, decided.severity, &policy, now).expect("a calendar that opens");
    let digest = Sha256Digest([9; 32]);
    let bundle = BundleName { file_name: "a.casefile.zip", size: 7, bundle_digest: &digest, file_digest: &digest };
    let facts = TicketFacts {
        case,
        manifest: Some(&manifest),
        bundle: Some(bundle),
        environment: &[("OS".to_owned(), "Windows 11 23H2".to_owned())],
        decided: &decided,
        policy: &policy,
        targets: &targets,
        evaluation: &evaluation,
        override_checklist: None,
        time_critical: None,
        agent: Some("sam"),
        now,
    };
    write(&facts, template)
}

fn ticket(case: &Case) -> Ticket {
    ticket_with(case, &TicketTemplate::builtin(), None).expect("a ticket")
}

#[test]
fn the_first_two_lines_are_the_impact_even_under_another_template() {
    let greeting = TicketTemplate::parse("t", "\n\nDear team,\n{{ summary }}").expect("parses");
    for template in [TicketTemplate::builtin(), greeting] {
        let body = ticket_with(&case(), &template, None).expect("a ticket").body;
        let lines: Vec<&str> = body.lines().collect();
        assert_eq!(
            lines[0],
            "cashiers in the Berlin shops cannot take card payments: every hour loses about 40 orders"
        );
        assert_eq!(lines[1], "12 of 300 users affected since 2026-11-23 09:15 UTC (2026-11-23T10:15:00+01:00)");
        assert_eq!(lines[2], "");
    }
}

#[test]
fn without_an_impact_there_is_no_ticket() {
    for (key, missing) in [("who", "who is affected"), ("cannot", "what they cannot"), ("since", "since when")] {
        let refused = ticket_with(&case_without(key), &TicketTemplate::builtin(), None).expect_err(key);
        assert!(refused.to_string().contains(missing), "{refused}");
    }
    let urgent = case_with(|t| t.replace("\"take card payments\"", "\"urgent!!!\""));
    assert!(matches!(
        ticket_with(&urgent, &TicketTemplate::builtin(), None),
        Err(TicketError::ImpactUnknown(missing)) if missing == ["what they cannot do"]
    ));
    let unknown = ticket(&case_without("affected")).body;
    assert!(unknown.lines().nth(1).is_some_and(|l| l.starts_with("An unknown number of 300 users")), "{unknown}");
}

#[test]
fn a_reader_of_the_ticket_alone_learns_who_is_hurt_what_was_tried_and_what_is_due() {
    let body = ticket(&case()).body;
    let spoken = Sha256Digest([9; 32]).spoken();
    for told in [
        "## SEV2: checkout answers 503",
        "SEV2 is \"major function broken for a subset of users\"",
        "Engineering answers by: 2026-11-23 09:50:00 UTC, Mon 10:50 +01:00 for the customer",
        "30 minutes by the customer's contract",
        "Agent escalates by: 2026-11-23 10:20:00 UTC",
        "Account: ACME-77",
        "Contact: Ann Other, ann@customer.example",
        "Preferred channel: phone",
        "OS: Windows 11 23H2",
        "\n    503 upstream connect error\n",
        "2026-11-23 09:20:00 UTC (2026-11-23T10:20:00+01:00): reported",
        "1. open the shop",
        "restarted the gateway (2026-11-23 09:30:00 UTC (2026-11-23T10:30:00+01:00)): worked for 5 minutes",
        "Checklist: complete for SEV2",
        spoken.as_str(),
        "File digest, SHA-256: 0909",
        "the default, as the policy has no queue for its service",
    ] {
        assert!(body.contains(told), "lacks {told}:\n{body}");
    }
}

#[test]
fn a_sev1_that_owes_something_lists_its_debts_and_who_set_it() {
    let body =
        ticket_with(&case_without("tried"), &TicketTemplate::builtin(), Some(Severity::Sev1)).expect("goes").body;
    for told in [
        "Troubleshooting not completed, time-critical: nothing is said of what was tried",
        "OWED: Is it said what was tried",
        "Set against the facts, which give SEV2, by sam: board meeting",
        "1 owed for SEV1",
    ] {
        assert!(body.contains(told), "lacks {told}:\n{body}");
    }
}

#[test]
fn a_template_with_an_unknown_field_is_refused_before_any_ticket() {
    for (text, problem) in [
        ("a\n{{ sumary }}", "unknown field `sumary`"),
        ("{{ impact.whom }}", "unknown field `impact.whom`"),
        ("{% if bundle %}x{% else %}{{ nonsense }}{% endif %}", "unknown field `nonsense`"),
        ("{% for a in attempts %}{{ a.outcome }}{% endfor %}", "does not exist"),
        ("{% include \"/etc/passwd\" %}", "unknown statement include"),
        ("{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}", "too many steps"),
        ("{% for a in range(3000) %}{{ \"x\" * 1000 }}{% endfor %}", "writes more than"),
        ("{{ summary", "syntax error"),
    ] {
        let error = TicketTemplate::parse("t.j2", text).expect_err(text);
        assert!(error.to_string().contains(problem), "{text}: {error}");
        assert!(error.mend.is_some_and(|mend| mend.contains("summary")), "{text}");
    }
    assert_eq!(TicketTemplate::parse("t.j2", "a\n{{ sumary }}").expect_err("unknown").line, Some(2));
    assert!(TicketTemplate::parse("t", BUILTIN).is_ok());
}

/// Everything that people and programs put into fields to break out of them.
const HOSTILE: [&str; 9] = [
    "line\n# Forged heading\nmore",
    "# Forged heading",
    "x\r\n\r\n## Checklist: complete",
    "\u{1b}]0;title\u{7}\u{1b}[2J",
    "@here @everyone <!channel>",
    "{{ account_id }}{% include 'x' %}",
    "![p](http://tracker.example/p.png) <img src=x>",
    "a\u{2028}## b\u{85}## c\u{202e}",
    "/close",
];

#[test]
fn hostile_text_in_any_field_cannot_add_a_line_a_heading_or_a_mention() {
    let headings = |body: &str| {
        body.lines().filter(|l| l.trim_start_matches("    ").len() == l.len() && l.starts_with('#')).count()
    };
    let honest = ticket(&case());
    let long = "lorem ".repeat(500);
    for hostile in HOSTILE.into_iter().chain([long.as_str()]) {
        let mut case = case();
        let text =
            || crate::model::case::Fact { value: hostile.to_owned(), given_by: crate::model::case::GivenBy::Customer };
        case.summary = Some(text());
        case.service = Some(text());
        case.impact.who = Some(text());
        case.impact.cannot = Some(text());
        case.business_impact = Some(text());
        case.preferred_channel = Some(text());
        case.error_messages = Some(crate::model::case::Fact { value: vec![hostile.to_owned()], ..fact(vec![]) });
        case.tried = Some(fact(vec![crate::model::case::Attempt {
            what: hostile.to_owned(),
            result: Some(hostile.to_owned()),
            at: None,
        }]));
        let ticket = ticket(&case);
        assert_eq!(headings(&ticket.body), headings(&honest.body), "{hostile:?}:\n{}", ticket.body);
        assert!(!ticket.body.chars().any(|c| c.is_control() && c != '\n'), "{hostile:?}");
        assert!(!ticket.title.contains('\n') && ticket.title.chars().count() <= TITLE);
        assert!(ticket.body.lines().all(|line| line.chars().count() < 1000), "{hostile:?}");
        assert!(ticket.body.lines().nth(2).is_some_and(str::is_empty), "{}", ticket.body);
        for line in ticket.body.lines().filter(|line| !line.starts_with("    ")) {
            assert!(!line.contains("@here") && !line.contains("!["), "{line}");
            assert!(!line.starts_with('/') && !line.contains(" <"), "{line}");
        }
    }
}

fn fact<T>(value: T) -> crate::model::case::Fact<T> {
    crate::model::case::Fact { value, given_by: crate::model::case::GivenBy::Customer }
}
