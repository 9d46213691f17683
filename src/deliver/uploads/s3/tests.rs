//! Uploads to a bucket that cuts, refuses and loses: what is sent again, and what is not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::super::drops::{Address, Drop, Means, Terms};
use super::super::test_store::{Desk, case, content, sender, watched};
use super::sign::Keys;
use super::*;
use crate::deliver::loopback::{Asked, Loopback, Reply};

const MIB: usize = 1 << 20;

#[derive(Default)]
struct Bucket {
    object: Option<Vec<u8>>,
    parts: BTreeMap<u32, Vec<u8>>,
    begun: u32,
    /// Requests, by method and what their query begins with, that get no answer after they were done.
    lost: Vec<&'static str>,
}

/// What a request is, by its method and query.
fn word(asked: &Asked) -> &'static str {
    let has = |text: &str| asked.target.contains(text);
    match (asked.method.as_str(), has("uploadId="), has("uploads=")) {
        ("PUT", true, _) => "part",
        ("PUT", ..) => "put",
        ("GET", true, _) => "list",
        ("GET", ..) => "get",
        ("POST", _, true) => "create",
        ("POST", ..) => "complete",
        _ => "head",
    }
}

fn bucket(lost: &[&'static str]) -> (Loopback, Arc<Mutex<Bucket>>) {
    let kept = Arc::new(Mutex::new(Bucket { lost: lost.to_vec(), ..Bucket::default() }));
    let inside = kept.clone();
    let server = Loopback::start(move |asked| {
        let mut bucket = inside.lock().expect("no test thread panics while it holds this");
        let word = word(asked);
        let reply = answer(&mut bucket, asked, word);
        match bucket.lost.iter().position(|lost| *lost == word) {
            Some(at) => {
                bucket.lost.remove(at);
                Reply::HangUp
            }
            None => reply,
        }
    });
    (server, kept)
}

fn answer(bucket: &mut Bucket, asked: &Asked, word: &str) -> Reply {
    let xml = |text: String| Reply::Answer(200, Vec::new(), text.into_bytes());
    let upload = format!("uploadId=u{}&", bucket.begun);
    if matches!(word, "part" | "list" | "complete") && (bucket.begun == 0 || !asked.target.contains(&upload)) {
        return Reply::Answer(404, Vec::new(), b"<Error><Code>NoSuchUpload</Code></Error>".to_vec());
    }
    match word {
        "create" => {
            bucket.begun += 1;
            bucket.parts.clear();
            xml(format!("<R><UploadId>u{}</UploadId></R>", bucket.begun))
        }
        "part" => {
            let number = asked.target.split("partNumber=").nth(1).and_then(|n| n.split('&').next()?.parse().ok());
            let number = number.expect("a number");
            bucket.parts.insert(number, asked.body.clone());
            Reply::Answer(200, vec![("etag", format!("\"e{number}\""))], Vec::new())
        }
        "list" => {
            let part = |(n, body): (&u32, &Vec<u8>)| {
                format!(
                    "<Part><PartNumber>{n}</PartNumber><ETag>&#34;e{n}&#34;</ETag><Size>{}</Size></Part>",
                    body.len()
                )
            };
            xml(format!("<R>{}</R>", bucket.parts.iter().map(part).collect::<String>()))
        }
        "complete" => {
            bucket.object = Some(std::mem::take(&mut bucket.parts).into_values().flatten().collect());
            bucket.begun += 100;
            xml("<R/>".to_owned())
        }
        "put" => {
            bucket.object = Some(asked.body.clone());
            Reply::status(200)
        }
        _ => match &bucket.object {
            Some(object) => Reply::Answer(200, Vec::new(), object.clone()),
            None => Reply::status(404),
        },
    }
}

fn store(server: &Loopback) -> S3 {
    let keys = Keys { id: "ID".to_owned(), secret: "s3cret-key".to_owned(), session: None };
    let url = server.url("/cases");
    S3::new(sender(&url), Signer::new(keys, "us-east-1"), url, "in/", true)
}

fn words(server: &Loopback) -> Vec<&'static str> {
    server.asked().iter().map(word).collect()
}

#[test]
fn a_small_file_goes_at_once_and_a_second_call_sends_nothing() {
    let (server, bucket) = bucket(&["put"]);
    let desk = Desk::new(&content(100_000));
    let stored = desk.put(&store(&server)).expect("stored");
    assert_eq!((stored.read_back, stored.already), (ReadBack::Equal, false));
    assert!(!stored.location.contains("X-Amz") && stored.location.contains("/cases/in/c-7fk2m9q4xa/"));
    assert_eq!(bucket.lock().expect("free").object, Some(content(100_000)));
    assert_eq!(words(&server), ["head", "put", "put", "head", "get"]);
    assert!(desk.put(&store(&server)).expect("stored").already);
    assert_eq!(words(&server)[5..], ["head", "head", "get"]);
    assert!(server.asked().iter().all(|asked| !asked.target.contains("s3cret-key")));
}

#[test]
fn a_large_file_goes_in_parts_and_lost_answers_cost_a_part_at_most() {
    for lost in [&[][..], &["part", "list", "create"], &["complete"], &["part", "part", "get", "head"]] {
        let (server, bucket) = bucket(lost);
        let desk = Desk::new(&content(20 * MIB));
        let stored = desk.put(&store(&server)).unwrap_or_else(|e| panic!("{lost:?}: {e}"));
        assert_eq!(stored.read_back, ReadBack::Equal, "{lost:?}");
        assert!(bucket.lock().expect("free").object == Some(content(20 * MIB)), "{lost:?}");
        let sent = words(&server).iter().filter(|word| **word == "part").count();
        assert!(sent <= 3 + lost.len(), "{lost:?}: {sent} parts");
    }
}

#[test]
fn what_has_the_name_but_not_the_content_is_overwritten_once() {
    let (server, bucket) = bucket(&[]);
    let desk = Desk::new(&content(5_000));
    bucket.lock().expect("free").object = Some(vec![0; 5_000]);
    assert_eq!(desk.put(&store(&server)).expect("stored").read_back, ReadBack::Equal);
    assert_eq!(words(&server).iter().filter(|word| **word == "put").count(), 1);
}

#[test]
fn a_drop_is_filled_without_keys_and_only_by_what_it_was_given() {
    let (server, bucket) = bucket(&["part", "complete"]);
    let now: Timestamp = "2026-11-24T10:00:00Z".parse().expect("a time");
    let week = Duration::from_secs(7 * 86_400);
    let made = watched(|watch| store(&server).grant((&case(), "x.zip"), 30 << 20, (now, week), watch)).expect("made");
    assert!(made.parts.len() == 4 && made.of(&Ask::Get).is_none() && made.of(&Ask::Create).is_none());
    let part = made.of(&Ask::Part("u1", 2)).expect("given").to_string();
    assert!(part.contains("X-Amz-Expires=604800") && part.contains("&partNumber=2&uploadId=u1&X-Amz-Signature="));
    assert_eq!(made.of(&Ask::Part("u1", 9)), None);
    let object = Address(made.object.0.clone());
    assert!(object.0.path().contains("/drop-20261124-"));
    let expires = "2026-12-01T10:00:00Z".parse().expect("a time");
    let terms = Terms { case_id: case(), expires, most: 30 << 20, means: Means::S3(made) };
    let terms = Terms::read(&terms.link()).unwrap_or_else(|e| panic!("{e}"));
    let desk = Desk::new(&content(20 * MIB));
    let filled = desk.put(&Drop::new(terms.clone(), sender(terms.url()), now)).expect("stored");
    assert!(matches!(filled.read_back, ReadBack::Impossible(_)));
    assert!(bucket.lock().expect("free").object == Some(content(20 * MIB)));
    std::fs::write(&desk.file, content(5_000)).expect("written");
    let error = desk.put(&Drop::new(terms.clone(), sender(terms.url()), now)).expect_err("used up");
    assert!(error.to_string().contains("new link"), "{error}");
}
