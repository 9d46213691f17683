//! Tests of the text of notices.

use super::*;
use crate::checklist::fixture::{at, case};
use crate::model::case::{Attempt, Disclosed, GivenBy};

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
    ];
    type Plant = fn(&mut Case, &str);
    let fields: [(&str, Plant); 16] = [
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
