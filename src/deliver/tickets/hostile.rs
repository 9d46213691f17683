//! Far sides that are broken, overloaded or hostile: bounded answers, plain errors, no token in them, nothing twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::contract::{Files, bundle, connected, holds, ticket};
use super::stand_ins::{self, TOKEN};
use super::*;
use crate::deliver::loopback::{Asked, Loopback, Reply};

const KINDS: [&str; 7] =
    ["request-tracker", "redmine", "jira-cloud", "jira-data-center", "zendesk", "servicenow", "webhook"];

fn system(kind: &str, server: &Loopback) -> Checked {
    let text = format!(
        "kind = \"{kind}\"\nurl = \"{}\"\nuser = \"ann@agent.example\"\nfields = {{ case_id = \"1\" }}",
        server.url("/")
    );
    connected(&text, stand_ins::token())
}

/// What the far side at `inner` answers to a request that comes by.
fn passed_on(http: &HttpClient, inner: &url::Url, request: &Asked) -> Reply {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).expect("a method");
    let mut passed = http.request(method, &inner.join(&request.target).expect("a target")).expect("allowed");
    for (name, value) in request.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "host" | "content-length"))
    {
        passed = passed.header(name, value);
    }
    let answer = http.send(passed.body(request.body.clone())).expect("answered");
    Reply::Answer(answer.status, Vec::new(), answer.body)
}

fn case_id() -> CaseId {
    CaseId::from_random([3; 7])
}

#[test]
fn no_answer_of_a_hostile_far_side_is_believed_and_none_brings_the_token_out() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let echo = format!("your token {TOKEN}\u{1b}[2J is\r\nwrong {}", "x".repeat(100_000));
    let answers: [(u16, Vec<u8>); 9] = [
        (200, b"<html>log in, please</html>".to_vec()),
        (200, deep.into_bytes()),
        (200, b"[1,2".to_vec()),
        (200, b"null".to_vec()),
        (200, vec![b' '; 5 * 1024 * 1024]),
        (400, json!({ "errors": [echo, 1, { "a": 2 }], "message": echo }).to_string().into_bytes()),
        (404, b"".to_vec()),
        (
            201,
            b"{\"id\":\"../../admin\",\"key\":\"../x\",\"ticket\":{\"id\":{}},\"result\":{\"sys_id\":[]},\"issue\":7}"
                .to_vec(),
        ),
        (302, b"".to_vec()),
    ];
    for kind in KINDS {
        for (status, body) in &answers {
            let (status, body) = (*status, body.clone());
            let server = Loopback::start(move |_| {
                Reply::Answer(status, vec![("location", format!("https://evil.example/?t={TOKEN}"))], body.clone())
            });
            let system = system(kind, &server);
            let made = system.create(&ticket(case_id()));
            let error = made.expect_err("nothing of this is a ticket");
            let told = format!("{error} {error:?}");
            assert!(!told.contains(TOKEN) && !told.contains("agent.example"), "{kind} {status}: {told}");
            let line = error.to_string();
            assert!(line.chars().count() < 600 && !line.chars().any(char::is_control), "{kind} {status}: {line}");
        }
    }
}

/// Whatever is asked for, an answer that does not say it is done is none: log-in pages, refusals, cut and empty JSON.
#[test]
fn no_verb_takes_a_hostile_answer_for_done() {
    let page = b"<!DOCTYPE html><form>password</form>".to_vec();
    let answers: [(u16, &str, Vec<u8>); 11] = [
        (200, "text/html; charset=utf-8", page.clone()),
        (200, "application/json", page),
        (200, "application/json", b"{}".to_vec()),
        (200, "application/json", b"[]".to_vec()),
        (200, "image/png", b"\"done\"".to_vec()),
        (200, "application/json", b"{\"items\":[{\"id\":\"1\",\"Status\":\"new\"".to_vec()),
        (401, "application/json", b"{\"message\":\"who are you\"}".to_vec()),
        (403, "text/html", b"<h1>no</h1>".to_vec()),
        (404, "application/json", b"{\"message\":\"no such thing\"}".to_vec()),
        (429, "text/plain", b"slow down".to_vec()),
        (503, "text/html", b"<h1>back soon</h1>".to_vec()),
    ];
    let dir = tempfile::tempdir().expect("a folder");
    let (path, digest) = bundle(dir.path(), "a.casefile.zip", 700);
    for kind in KINDS {
        for (status, media, body) in &answers {
            let headers = vec![("content-type", (*media).to_owned()), ("retry-after", "0".to_owned())];
            let (status, body) = (*status, body.clone());
            let server = Loopback::start(move |_| Reply::Answer(status, headers.clone(), body.clone()));
            let system = system(kind, &server);
            let made = TicketRef { system: "x", id: "7".to_owned(), location: "x".to_owned() };
            let results = [
                ("find", system.find(&case_id()).map(drop)),
                ("settle", system.settle(&case_id()).map(drop)),
                ("create", system.create(&ticket(case_id())).map(drop)),
                ("attach", system.attach(&made, &path, &digest).map(drop)),
                ("comment", system.comment(&made, "a", "text").map(drop)),
                ("severity", system.set_severity(&made, Severity::Sev1)),
                ("status", system.set_status(&made, TicketStatus::Resolved)),
                ("state", system.state(&made).map(drop)),
            ];
            for (verb, result) in results {
                let error = result.expect_err(&format!("{kind} {verb} {status} {media}")).to_string();
                assert!(!error.contains(TOKEN) && !error.contains('<'), "{kind} {verb} {status}: {error}");
            }
        }
    }
}

#[test]
fn a_far_side_that_is_busy_is_asked_again_and_one_that_stays_so_is_left_alone() {
    let server = stand_ins::zendesk::start();
    let (inner, asked) = (server.url("/"), AtomicUsize::new(0));
    let http = HttpClient::new(&[]).expect("a client");
    // Every second answer is "slow down"; the others come from a Zendesk.
    let busy = Loopback::start(move |request| {
        if asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return Reply::Answer(429, vec![("retry-after", "0".to_owned())], Vec::new());
        }
        passed_on(&http, &inner, request)
    });
    let text = format!(
        "kind = \"zendesk\"\nurl = \"{}\"\nuser = \"ann@agent.example\"\nqueues = {{ escalations = \"4711\" }}\n\
         fields = {{ severity = \"priority\" }}\nmost_attachment_bytes = 0",
        busy.url("/")
    );
    let slow = connected(&text, stand_ins::token());
    let made = slow.create(&ticket(case_id())).expect("made in the end");
    slow.comment(&made, "a", "text").expect("added in the end");
    server.with(|state| assert_eq!(state.tickets.len(), 1));

    let down = Loopback::start(|_| Reply::Answer(503, vec![("retry-after", "3600".to_owned())], Vec::new()));
    let error = system("redmine", &down).find(&case_id()).expect_err("down");
    let wait = Some(Duration::from_secs(3600));
    assert!(matches!(&error, DeliverError::Unavailable { status: 503, wait: asked, .. } if *asked == wait), "{error}");
    assert_eq!(down.asked().len(), 1, "an hour is not waited for");
}

/// A stand-in behind a server that does what it is asked and then hangs up, once for each request that changes something.
#[test]
fn an_answer_that_is_lost_makes_nothing_twice() {
    let server = std::sync::Arc::new(stand_ins::servicenow::start());
    let (inner, lost) = (server.clone(), std::sync::Mutex::new(BTreeSet::new()));
    let http = HttpClient::new(&[]).expect("a client");
    let cutting = Loopback::start(move |request| {
        let reply = passed_on(&http, &inner.url("/"), request);
        let first = lost.lock().expect("whole").insert(format!("{} {}", request.method, request.target));
        if request.method != "GET" && first {
            return Reply::HangUp;
        }
        reply
    });
    let text =
        format!("kind = \"servicenow\"\nurl = \"{}\"\nfields = {{ severity = \"u_severity\" }}", cutting.url("/"));
    let system = connected(&text, stand_ins::token());
    holds(&system, None, &case_id(), Files::ReadBack);
    server.with(|state| {
        assert_eq!((state.tickets.len(), state.files.len()), (1, 1));
        let notes = state.tickets[0]["notes"].as_array().expect("notes").len();
        assert_eq!(notes, 3, "the text, a comment and a link");
    });
}

#[test]
fn what_something_on_the_way_sends_twice_leaves_one_ticket_and_is_said() {
    let server = std::sync::Arc::new(stand_ins::servicenow::start());
    let (inner, http) = (server.url("/"), HttpClient::new(&[]).expect("a client"));
    let doubling = Loopback::start(move |request| {
        if request.method == "POST" {
            passed_on(&http, &inner, request);
        }
        passed_on(&http, &inner, request)
    });
    let system = connected(&format!("kind = \"servicenow\"\nurl = \"{}\"", doubling.url("/")), stand_ins::token());
    let made = system.create(&ticket(case_id())).expect("made");
    let dir = tempfile::tempdir().expect("a folder");
    let (path, digest) = bundle(dir.path(), "a.casefile.zip", 700);
    assert!(!system.attach(&made, &path, &digest).expect("attached").already);
    server.with(|state| assert_eq!((state.tickets.len(), state.files.len()), (2, 2)));
    let remarks = system.remarks().join("\n");
    assert!(
        remarks.contains("is closed as its duplicate") && remarks.contains("2 copies of a.casefile.zip"),
        "{remarks}"
    );
    assert_eq!(system.settle(&case_id()).expect("one is left"), Some(made));
}

#[test]
fn a_page_for_people_in_place_of_the_file_is_no_damaged_file() {
    let server = std::sync::Arc::new(stand_ins::servicenow::start());
    let (inner, http, asked) = (server.url("/"), HttpClient::new(&[]).expect("a client"), AtomicUsize::new(0));
    let asking = Loopback::start(move |request| {
        let is_file = request.method == "GET" && request.target.ends_with("/file");
        if is_file && asked.fetch_add(1, Ordering::Relaxed) == 0 {
            let page = b"<form>password</form>".to_vec();
            return Reply::Answer(200, vec![("content-type", "text/html".to_owned())], page);
        }
        passed_on(&http, &inner, request)
    });
    let system = connected(&format!("kind = \"servicenow\"\nurl = \"{}\"", asking.url("/")), stand_ins::token());
    let made = system.create(&ticket(case_id())).expect("made");
    let dir = tempfile::tempdir().expect("a folder");
    let (path, digest) = bundle(dir.path(), "a.casefile.zip", 700);
    let error = system.attach(&made, &path, &digest).expect_err("not read back").to_string();
    assert!(error.contains("a page for people"), "{error}");
    assert!(system.attach(&made, &path, &digest).expect("it is there").already);
    server.with(|state| assert_eq!(state.files.len(), 1));
}

#[test]
fn a_file_that_is_cut_is_no_success_and_is_not_sent_without_end() {
    let server = stand_ins::servicenow::start();
    let text = format!("kind = \"servicenow\"\nurl = \"{}\"", server.url("/"));
    let system = connected(&text, stand_ins::token());
    let made = system.create(&ticket(case_id())).expect("made");
    let dir = tempfile::tempdir().expect("a folder");
    let (path, digest) = bundle(dir.path(), "a.casefile.zip", 5000);
    for copies in [1, 2, 3, 3] {
        // What it stores is cut before it is read back; the copy of the run before is cut already.
        server.with(|state| state.cut_files = Some(3750));
        let error = system.attach(&made, &path, &digest).expect_err("cut");
        assert!(matches!(error, DeliverError::DigestMismatch { .. }), "{error}");
        server.with(|state| assert_eq!(state.files.len(), copies));
    }
    server.with(|state| {
        state.files.truncate(1);
        state.cut_files = None;
    });
    assert!(!system.attach(&made, &path, &digest).expect("the setting was mended").already);
}

#[test]
fn what_a_ticket_system_did_not_take_is_remarked() {
    let server = stand_ins::jira::data_center();
    let text = format!(
        "kind = \"jira-data-center\"\nurl = \"{}\"\nfields = {{ service = \"customfield_1\", account_id = \"customfield_2\" }}",
        server.url("/")
    );
    let system = connected(&text, stand_ins::token());
    server.with(|state| state.dropped_field = Some("customfield_2"));
    system.create(&ticket(case_id())).expect("made");
    assert_eq!(system.remarks(), ["ticket OPS-1 does not hold as it was sent: the field `customfield_2`"]);
}

#[test]
fn where_a_site_has_no_links_between_duplicates_a_comment_names_the_other() {
    let server = stand_ins::jira::data_center();
    let system = connected(&format!("kind = \"jira-data-center\"\nurl = \"{}\"", server.url("/")), stand_ins::token());
    server.with(|state| state.dropped_field = Some("customfield_2"));
    let tickets = [0, 1].map(|_| system.api.make(&ticket(case_id())).expect("made"));
    assert_eq!(system.settle(&case_id()).expect("settled").as_ref(), Some(&tickets[0]));
    assert!(system.api.has_comment(&tickets[1], "casefile-duplicate-of").expect("listed"));
    assert_eq!(system.state(&tickets[1]).expect("readable").status, TicketStatus::Resolved);
}
