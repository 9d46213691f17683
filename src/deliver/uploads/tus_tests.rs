//! Uploads by tus to a server that cuts, refuses, forgets and lies.

use super::super::test_store::{Desk, Fault, content, sender, tus_server, watched};
use super::*;
use crate::deliver::http::HttpError;
use crate::deliver::loopback::{Loopback, Reply};
use crate::deliver::secrets::Secret;

fn tus(url: Url) -> Tus {
    Tus::new(sender(&url).with_bearer(&Secret::of_test("s3cret-token")), url, true, None)
}

fn cut(method: &'static str, arrive: usize) -> Fault {
    Fault { method, arrive, status: None }
}

fn said(method: &'static str, status: u16) -> Fault {
    Fault { method, arrive: 0, status: Some(status) }
}

#[test]
fn a_file_arrives_whole_is_read_back_and_is_not_sent_twice() {
    let desk = Desk::new(&content(100_000));
    let (server, kept) = tus_server(&[]);
    let stored = desk.put(&tus(server.url("/files"))).expect("stored");
    assert_eq!((stored.size, &stored.read_back, stored.already), (100_000, &ReadBack::Equal, false));
    assert_eq!(stored.location, server.url("/files/0").to_string());
    assert_eq!(kept.lock().expect("free").uploads, [(content(100_000), Some(100_000))]);
    let asked = server.asked();
    let names = asked[0].header("upload-metadata").expect("names");
    assert!(names.starts_with(&format!("filename {}", BASE64.encode(b"x.casefile.zip"))) && names.contains(",sha256 "));
    let before = asked.len();
    let again = desk.put(&tus(server.url("/files"))).expect("stored");
    assert!(again.already && again.location == stored.location);
    let methods: Vec<String> = server.asked()[before..].iter().map(|asked| asked.method.clone()).collect();
    assert_eq!(methods, ["HEAD", "GET"]);
}

#[test]
fn whatever_is_cut_or_refused_for_the_moment_it_goes_on_where_it_stopped() {
    for faults in [
        vec![cut("POST", 0), cut("HEAD", 0), cut("PATCH", 7_000), cut("PATCH", 1), cut("PATCH", 0), cut("GET", 0)],
        vec![said("POST", 503), said("HEAD", 429), said("PATCH", 500), said("PATCH", 423), said("PATCH", 502)],
        // Lost answers to what was done.
        vec![cut("PATCH", usize::MAX), said("GET", 504), said("PATCH", 409)],
    ] {
        let desk = Desk::new(&content(20_000));
        let (server, kept) = tus_server(&faults);
        let stored = desk.put(&tus(server.url("/files"))).unwrap_or_else(|e| panic!("{faults:?}: {e}"));
        assert_eq!(stored.read_back, ReadBack::Equal);
        let kept = kept.lock().expect("free");
        assert_eq!(kept.uploads.last(), Some(&(content(20_000), Some(20_000))), "{faults:?}");
        let sent: usize = server.asked().iter().filter(|a| a.method == "PATCH").map(|a| a.body.len()).sum();
        assert!(sent <= 20_000 * 5, "{faults:?}: {sent}");
    }
}

#[test]
fn what_a_run_before_left_is_gone_on_with_and_what_the_server_lost_is_begun_anew() {
    let desk = Desk::new(&content(50_000));
    let cuts: Vec<Fault> = [40_000, 0, 0, 0, 0, 0].map(|n| cut("PATCH", n)).to_vec();
    let (server, kept) = tus_server(&cuts);
    let error = desk.put(&tus(server.url("/files"))).expect_err("given up");
    assert!(matches!(error, DeliverError::Http(HttpError::NoAnswer { .. })), "{error}");
    let stored = desk.put(&tus(server.url("/files"))).expect("stored");
    assert!(!stored.already && kept.lock().expect("free").uploads.len() == 1);
    let last = server.asked().into_iter().rfind(|asked| asked.method == "PATCH").expect("sent");
    assert_eq!((last.body.len(), last.header("upload-offset")), (10_000, Some("40000")));
    kept.lock().expect("free").uploads.clear();
    kept.lock().expect("free").uploads.push((Vec::new(), Some(1)));
    // `/files/0` is another's now, by its length; then nobody's.
    assert!(matches!(desk.put(&tus(server.url("/files"))), Err(DeliverError::Refused { .. })));
    kept.lock().expect("free").uploads.clear();
    assert!(!desk.put(&tus(server.url("/files"))).expect("stored").already);
}

#[test]
fn a_chunk_bounds_each_patch() {
    let desk = Desk::new(&content(10_500));
    let (server, _) = tus_server(&[]);
    let url = server.url("/files");
    desk.put(&Tus::new(sender(&url), url, false, Some(1_000))).expect("stored");
    let sizes: Vec<usize> = server.asked().iter().filter(|a| a.method == "PATCH").map(|a| a.body.len()).collect();
    assert_eq!((sizes.len(), sizes.iter().max(), sizes.last()), (11, Some(&1_000), Some(&500)));
}

#[test]
fn what_comes_back_otherwise_is_no_success_and_is_sent_anew_by_the_next_run() {
    let desk = Desk::new(&content(10_000));
    let (server, kept) = tus_server(&[]);
    desk.put(&tus(server.url("/files"))).expect("stored");
    kept.lock().expect("free").uploads[0].0[5_000] ^= 1;
    assert!(matches!(desk.put(&tus(server.url("/files"))), Err(DeliverError::DigestMismatch { .. })));
    assert_eq!(desk.put(&tus(server.url("/files"))).expect("stored").location, server.url("/files/1").to_string());
}

#[test]
fn neither_token_nor_body_goes_to_another_host_and_no_error_tells_the_token() {
    let other = Loopback::start(|_| Reply::status(500));
    let there = other.url("/files/0").to_string();
    for status in [201, 307, 308, 302] {
        let there = there.clone();
        let server = Loopback::start(move |_| Reply::Answer(status, vec![("location", there.clone())], Vec::new()));
        let error = Desk::new(b"x").put(&tus(server.url("/files"))).expect_err("elsewhere");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        assert_eq!(server.asked().len(), 1, "not repeated");
    }
    assert!(other.asked().is_empty());
    let server = Loopback::start(|asked| {
        let header = asked.header("authorization").expect("a token").to_owned();
        Reply::Answer(403, Vec::new(), header.into_bytes())
    });
    let error = Desk::new(b"x").put(&tus(server.url("/files"))).expect_err("refused");
    assert!(error.to_string().contains("403") && !format!("{error:?}").contains("s3cret"), "{error}");
}

#[test]
fn an_upload_of_a_length_that_is_told_later_is_filled_by_whoever_has_its_address() {
    let desk = Desk::new(&content(3_000));
    let (server, kept) = tus_server(&[cut("PATCH", 1_000)]);
    let (url, expires) =
        watched(|watch| tus(server.url("/files")).create_for_later(&[("case", "c")], watch)).expect("made");
    assert_eq!(expires, None);
    let pushed = watched(|watch| {
        let mut patience = Patience::new(watch.retry, watch.cancelled);
        push(&sender(&url), &url, &desk.parcel(), None, watch, &mut patience)
    });
    assert_eq!(pushed.expect("stored"), Pushed::Whole { sent: true });
    assert_eq!(kept.lock().expect("free").uploads, [(content(3_000), Some(3_000))]);
    assert!(server.asked().iter().filter(|a| a.method != "POST").all(|a| a.header("authorization").is_none()));
}
