//! Tests of the text of notices.

use super::*;
use crate::checklist::fixture::{at, case};
use crate::model::Moment;
use crate::model::case::{Answer, Attempt, CustomerSla, Disclosed, GivenBy, NoneBecause};

fn target(secure: bool) -> NotifierPolicy {
    NotifierPolicy { secure, ..NotifierPolicy::outbox("SRE") }
}

fn notice(case: &Case, secure: bool) -> Result<Notice, NotPublic> {
    let policy = Policy::builtin();
    // A Sunday.
    let facts = NoticeFacts { case, severity: Severity::Sev1, policy: &policy, now: at("2026-11-22T03:00:00Z") };
    write(&facts, "room", &target(secure), 1)
}

fn said(text: &str) -> Option<Fact<String>> {
    Some(Fact { value: text.to_owned(), given_by: GivenBy::Agent })
}

#[test]
fn a_public_target_hears_service_severity_and_impact_and_no_more() {
    let case = case();
    let public = notice(&case, false).expect("no personal data");
    assert!(public.details.is_empty() && public.summary.starts_with("[SEV1] "), "{public:?}");
    assert_eq!(public.key, format!("{}/room/1", case.case_id));
    let text = format!("{public:?}");
    let emergency = case.emergency_contact.expect("one").value;
    for hidden in [emergency.name.reveal(), emergency.address.reveal(), "ACME-77"] {
        assert!(!text.contains(hidden), "{text}");
    }
    let names = |notice: Notice| notice.details.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let secure = names(notice(&self::case(), true).expect("secure"));
    for told in ["outside business hours", "answer due", "account", "contact", "emergency contact"] {
        assert!(secure.iter().any(|name| name == told), "{told}: {secure:?}");
    }
}

#[test]
fn a_long_impact_is_cut_at_a_word() {
    let mut case = case();
    case.business_impact = said(&"orders are lost ".repeat(200));
    let summary = notice(&case, false).expect("no personal data").summary;
    assert!(summary.chars().count() <= SUMMARY && summary.ends_with('…'), "{summary}");
    assert!(["orders…", "are…", "lost…"].iter().any(|end| summary.ends_with(end)), "{summary}");
}

/// Personal data in every field of a case: it is refused where it would be heard, and not heard where it is not refused.
#[test]
fn planted_personal_data_reaches_no_public_target() {
    let planted = [
        ("anna.planted@customer.example", "planted"),
        ("a n n a . p l a n t e d @ c u s t o m e r . e x a m p l e", "p l a n t e d"),
        ("+49 30 901820", "901820"),
        ("call + 4 9 3 0 9 0 1 8 2 0", "9 0 1 8 2 0"),
        ("4111 1111 1111 1111", "1111"),
        ("DE89 3704 0044 0532 0130 00", "3704"),
        ("invoice_anna.planted@customer.example.pdf", "planted"),
        ("https://t.example/?mail=anna.planted%40customer.example&id=7", "planted"),
        ("ｃａｒｄ ４１１１ １１１１ １１１１ １１１１", "１１１１"),
        ("anna.planted (at) customer (dot) example", "planted"),
        ("an\u{200b}na.plan\u{ad}ted@customer.example", "ted@"),
        ("+٤٩ ٣٠ ٩٠١٨٢٠", "٩٠١٨٢٠"),
        ("C:\\Users\\x\\IBAN_DE89370400440532013000.pdf", "3704"),
        ("https://t.example/?n=%252F%253Fmail%253Danna.planted%2540cust.example", "planted"),
        ("https://t.example/call?to=+4930901820", "901820"),
    ];
    type Plant = fn(&mut Case, &str);
    fn answer<T>(value: T) -> Option<Fact<T>> {
        Some(Fact { value, given_by: GivenBy::Customer })
    }
    fn none(text: &str) -> NoneBecause {
        NoneBecause { none_because: text.to_owned() }
    }
    fn moment(text: &str) -> Moment {
        Moment { given: text.to_owned(), ..Moment::parse("2026-11-23T10:15:00+01:00").expect("a time") }
    }
    let fields: [(&str, Plant); 28] = [
        ("service", |c, t| c.service = said(t)),
        ("who", |c, t| c.impact.who = said(t)),
        ("cannot", |c, t| c.impact.cannot = said(t)),
        ("business impact", |c, t| c.business_impact = said(t)),
        ("summary", |c, t| c.summary = said(t)),
        ("reason", |c, t| c.escalation_reason = said(t)),
        ("channel", |c, t| c.preferred_channel = said(t)),
        ("zone", |c, t| c.customer_zone = said(t)),
        ("account", |c, t| c.account_id = Some(Fact { value: Disclosed::new(t), given_by: GivenBy::Agent })),
        ("contact", |c, t| c.contact.as_mut().expect("one").value.name = Disclosed::new(t)),
        ("contact address", |c, t| c.contact.as_mut().expect("one").value.address = Disclosed::new(t)),
        ("emergency", |c, t| c.emergency_contact.as_mut().expect("one").value.name = Disclosed::new(t)),
        ("emergency address", |c, t| c.emergency_contact.as_mut().expect("one").value.address = Disclosed::new(t)),
        ("errors", |c, t| c.error_messages.as_mut().expect("some").value = vec![t.to_owned()]),
        ("tried", |c, t| {
            c.tried.as_mut().expect("some").value =
                vec![Attempt { what: t.to_owned(), result: Some(t.to_owned()), at: None }];
        }),
        ("since", |c, t| c.impact.since.as_mut().expect("known").value.given = t.to_owned()),
        ("steps", |c, t| c.steps_to_reproduce = answer(Answer::Given(vec!["open the shop".to_owned(), t.to_owned()]))),
        ("no steps", |c, t| c.steps_to_reproduce = answer(Answer::None(none(t)))),
        ("contract", |c, t| c.customer_sla = answer(CustomerSla { text: t.to_owned(), response_minutes: Some(30) })),
        ("workaround", |c, t| c.impact.workaround = answer(Answer::Given(t.to_owned()))),
        ("no workaround", |c, t| c.impact.workaround = answer(Answer::None(none(t)))),
        ("no HAR", |c, t| c.no_har = answer(none(t))),
        ("no screenshots", |c, t| c.no_screenshots = answer(none(t))),
        ("started", |c, t| c.started_at = answer(moment(t))),
        ("reported", |c, t| c.reported_at = answer(moment(t))),
        ("tried at", |c, t| {
            let attempt = Attempt { what: "restarted it".to_owned(), result: None, at: Some(moment(t)) };
            c.tried.as_mut().expect("some").value = vec![attempt];
        }),
        ("schema", |c, t| t.clone_into(&mut c.schema)),
        ("all at once", |c, t| {
            (c.summary, c.escalation_reason, c.preferred_channel, c.customer_zone) =
                (said(t), said(t), said(t), said(t));
            c.steps_to_reproduce = answer(Answer::Given(vec![t.to_owned()]));
            c.impact.workaround = answer(Answer::Given(t.to_owned()));
        }),
    ];
    for (field, plant) in fields {
        for (value, part) in planted {
            let mut case = case();
            plant(&mut case, value);
            match notice(&case, false) {
                Ok(notice) => {
                    assert!(!format!("{notice:?}").contains(part), "{field}: {value}: {notice:?}");
                    assert!(!["service", "who", "cannot", "business impact"].contains(&field), "{field}: {value}");
                }
                Err(refusal) => {
                    let told = format!("{refusal} {refusal:?}");
                    assert!(!told.contains(part), "{told}");
                    assert!(refusal.place == if field == "service" { "the service" } else { "the impact" }, "{told}");
                }
            }
        }
    }
}

#[test]
fn a_link_with_personal_data_in_its_query_is_refused_before_a_public_target_gets_it() {
    let mut notice = notice(&case(), false).expect("no personal data");
    notice.link = Some("https://tickets.example/4711".to_owned());
    assert_eq!(public(&notice, &Known::default()), Ok(()));
    notice.link = Some("https://tickets.example/?from=anna%40customer.example".to_owned());
    let refusal = public(&notice, &Known::default()).expect_err("an address");
    assert_eq!(refusal.place, "the link to the ticket");
}
