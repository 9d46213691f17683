//! Tests of the guard in front of public targets.

use super::*;
use crate::checklist::fixture::case;

fn refused(text: &str) -> Option<String> {
    check("the impact", text, &Known::default()).err().map(|e| e.what)
}

#[test]
fn a_plain_impact_goes_through() {
    for text in [
        "customers of the shop cannot pay: no sales",
        "checkout answers 503 since 10:15 UTC; 40 of 400 users at one site",
        "login at the portal fails for all users, version 4.7.11, build 20261123",
        "orders of 12,500 customers a day are lost. Support is at its limit.",
        "https://tickets.example.com/Ticket/Display.html?id=4711",
        "c-7fk2m9q4xa",
    ] {
        assert_eq!(refused(text), None, "{text}");
    }
}

#[test]
fn personal_data_is_refused_however_it_is_spread_or_written() {
    for text in [
        "anna.example@customer.example cannot pay",
        "a n n a @ e x a m p l e . c o m cannot pay",
        "anna @ example . com cannot pay",
        "anna (at) example (dot) com cannot pay",
        "anna at example dot com cannot pay",
        "anna[at]example.com cannot pay",
        "anna%40example.com cannot pay",
        "https://t.example/?q=anna%2540example.com",
        "anna@example.com cannot pay",
        "an\u{200b}na@exa\u{ad}mple.com cannot pay",
        "call +49 30 901820 at once",
        "call + 4 9 3 0 9 0 1 8 2 0 at once",
        "call +٤٩ ٣٠ ٩٠١٨٢٠ at once",
        "phone: +49-30-901820",
        "card 4111 1111 1111 1111 fails",
        "card 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 fails",
        "card 4111-1111-1111-1111 fails",
        "card 4111 1111 1111 1111",
        "IBAN DE89 3704 0044 0532 0130 00 is charged twice",
        "IBAN D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0",
        "DE89370400440532013000",
        "export of invoice_anna@example.com.pdf fails",
        "https://t.example/?mail=anna@example.com&id=7",
        "password=correct-horse-7 is refused",
        "клиент anna@example.com не может платить",
        "顧客 anna@example.com は支払えません",
    ] {
        assert!(refused(text).is_some(), "{text}");
    }
}

#[test]
fn the_refusal_names_kind_and_place_and_never_the_value() {
    let error = check("the impact", "anna@example.com cannot pay", &Known::default()).expect_err("an address");
    assert_eq!(error.to_string(), "the impact holds an e-mail address, and the target is not marked secure");
    assert!(!format!("{error:?}").contains("anna"));
}

#[test]
fn whom_the_case_names_is_known_also_where_no_rule_knows_a_name() {
    let known = Known::of(&case());
    let contact = case().contact.expect("a contact").value;
    let name = contact.name.reveal().to_owned();
    let last = name.split_whitespace().last().expect("a name");
    for text in
        [format!("{name} cannot pay"), format!("{} cannot pay", last.to_uppercase()), format!("the shop of {last}")]
    {
        let error = check("the impact", &text, &known).expect_err(&text);
        assert!(error.what.contains("contact") && !error.to_string().contains(last), "{error}");
    }
    assert_eq!(check("the impact", "customers cannot pay", &known), Ok(()));
}
