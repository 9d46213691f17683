//! Drops: who may use one for what, and that it is used once.

use super::super::test_store::{CASE, Desk, case, content, sender, tus_server};
use super::*;

fn terms(url: Url) -> Terms {
    let expires = "2026-12-01T10:00:00Z".parse().expect("a time");
    Terms { case_id: case(), expires, most: 1 << 20, means: Means::Tus { url: Address(url) } }
}

fn drop_of(terms: &Terms, now: &str) -> Drop {
    Drop::new(terms.clone(), sender(terms.url()), now.parse().expect("a time"))
}

const NOW: &str = "2026-11-24T10:00:00Z";

#[test]
fn a_link_says_what_was_put_into_it_and_a_damaged_one_nothing() {
    let terms = terms(Url::parse("https://up.example/files/k3y").expect("an address"));
    let link = terms.link();
    assert!(Terms::read(&link).is_ok_and(|read| read == terms) && terms.host() == "up.example");
    assert!(!link.reveal().contains("k3y"));
    let cut = DropLink::parse(&link.reveal()[..link.reveal().len() - 5]).expect("looks like one");
    assert!(Terms::read(&cut).is_err());
}

#[test]
fn a_drop_takes_one_file_of_its_case_until_its_end() {
    let (server, kept) = tus_server(&[]);
    kept.lock().expect("free").uploads.push((Vec::new(), None));
    let terms = terms(server.url("/files/0"));
    let desk = Desk::new(&content(5_000));
    let stored = desk.put(&drop_of(&terms, NOW)).expect("stored");
    assert!(!stored.already && matches!(stored.read_back, ReadBack::Impossible(_)));
    assert!(!stored.location.contains("files"));
    assert_eq!(kept.lock().expect("free").uploads, [(content(5_000), Some(5_000))]);
    assert!(desk.put(&drop_of(&terms, NOW)).expect("stored").already);
    std::fs::write(&desk.file, content(4_000)).expect("written");
    let error = desk.put(&drop_of(&terms, NOW)).expect_err("another file");
    assert!(error.to_string().contains("another file"), "{error}");
    let asked = server.asked().len();
    for (terms, now, problem) in [
        (terms.clone(), "2026-12-01T10:00:00Z", "ended at"),
        (Terms { most: 10, ..terms.clone() }, NOW, "takes 10 bytes"),
        (Terms { case_id: CaseId::parse("c-0000000000").expect("an id"), ..terms }, NOW, CASE),
    ] {
        let error = desk.put(&drop_of(&terms, now)).expect_err(problem);
        assert!(error.to_string().contains(problem), "{error}");
    }
    assert_eq!(server.asked().len(), asked, "nothing was asked for");
}

#[test]
fn a_drop_that_somebody_else_began_is_not_mixed() {
    let (server, kept) = tus_server(&[]);
    kept.lock().expect("free").uploads.push((b"begun".to_vec(), None));
    let error = Desk::new(&content(5_000)).put(&drop_of(&terms(server.url("/files/0")), NOW)).expect_err("in use");
    assert!(error.to_string().contains("another file"), "{error}");
    assert_eq!(kept.lock().expect("free").uploads[0].0, b"begun");
}

#[test]
fn a_server_that_repeats_the_address_makes_no_error_tell_it() {
    let server = crate::deliver::loopback::Loopback::start(|asked| {
        crate::deliver::loopback::Reply::Answer(403, Vec::new(), format!("no {}", asked.target).into_bytes())
    });
    let error = Desk::new(b"x").put(&drop_of(&terms(server.url("/files/k3y")), NOW)).expect_err("refused");
    assert!(!format!("{error} {error:?}").contains("k3y"), "{error}");
}
