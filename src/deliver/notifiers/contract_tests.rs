//! What holds for every adapter: hostile texts stay text, requests are as the far sides document them, secrets are nowhere
//! else, and a rehearsal sends nothing. The schemas are our own, written from the documented facts.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::*;
use crate::deliver::loopback::{Asked, Loopback, Reply};
use crate::deliver::recording::Recording;
use crate::model::{CaseId, Severity};

/// Texts that act somewhere: as a command, a mention, a macro, a header, a heading, on a terminal.
const HOSTILE: [&str; 12] = [
    "/remind @here to panic",
    "@channel @all @here wake up",
    "<!channel> <!everyone> <@U024BE7LH> <https://evil.example|the ticket>",
    "x\r\nBcc: everyone@evil.example\r\n\r\nbody",
    "x\nSubject: other\n.\nMAIL FROM:<a@evil.example>",
    "\u{1b}[2J\u{1b}]0;owned\u{7} gone",
    "# heading\n- list\n> quotation\n```code",
    "![x](https://evil.example/p.png) [ticket](https://evil.example)",
    "{{ .CommonLabels }} {code} ${jndi:ldap://evil.example/a} %0d%0a",
    "\u{202e}txt.exe\u{200b}\u{2028}next",
    "\"}],\"routing_key\":\"x\",\\\"",
    "=cmd|' /C calc'!A0",
];

const SECRET: &str = "k3y-of-the-test-7Qx";

fn policy(address: &str) -> Policy {
    let text = format!(
        "{}\n[notifiers.pagerduty]\nkind = 'pagerduty'\nsecure = true\nrouting_key = 'env:KEY'\napi_token = 'env:KEY'\naddress = '{address}v2/enqueue'\n\
         api_address = '{address}'\n[notifiers.alertmanager]\nkind = 'alertmanager'\nsecure = true\nauthorization = 'env:BEARER'\naddress = '{address}'\n\
         [notifiers.slack]\nkind = 'slack'\nsecure = true\nurl = 'env:URL'\n[notifiers.mattermost]\nkind = 'mattermost'\nsecure = true\nurl = 'env:URL'\n\
         [notifiers.room]\nkind = 'slack'\nurl = 'env:URL'\n\
         [notifiers.webhook]\nkind = 'webhook'\nsecure = true\nurl = 'env:URL'\nauthorization = 'env:BEARER'\nsigning_key = 'env:KEY'\n",
        Policy::builtin_text()
    );
    Policy::parse("p.toml", &text).expect("a policy")
}

/// Connects `name` to the server at `address`.
fn way(name: &str, address: &str, client: &HttpClient, outbox: &std::path::Path) -> Box<dyn Notifier> {
    let url = format!("{address}hook/{SECRET}");
    let environment = move |variable: &str| -> Option<OsString> {
        Some(match variable {
            "KEY" => SECRET.into(),
            "BEARER" => format!("Bearer {SECRET}").into(),
            "URL" => url.clone().into(),
            _ => return None,
        })
    };
    let surroundings = Surroundings { client, environment: &environment, outbox: outbox.to_owned() };
    connect(&policy(address), name, &surroundings).expect(name)
}

fn notice(text: &str) -> Notice {
    let case_id = CaseId::parse("c-7fk2m9q4xa").expect("an id");
    Notice {
        key: format!("{case_id}/sre-pager/1"),
        case_id,
        severity: Severity::Sev1,
        service: Some(text.to_owned()),
        summary: text.to_owned(),
        details: vec![(text.to_owned(), text.to_owned()), ("contact".to_owned(), text.to_owned())],
        link: Some("https://tickets.example/4711?a=1&b=2".to_owned()),
    }
}

fn client() -> HttpClient {
    HttpClient::new(&[]).expect("a client")
}

fn is_valid(schema: &Value, body: &Value) -> bool {
    jsonschema::validator_for(schema).expect("a schema").is_valid(body)
}

fn object(required: &[&str], properties: &Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// No character acts by itself, whatever the far side does with it.
fn text(most: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b\\u2028-\\u202e]*$" })
}

fn schema(name: &str) -> Value {
    let facts = json!({ "type": "object", "additionalProperties": text(2048) });
    match name {
        "pagerduty" => {
            let payload = object(
                &["summary", "source", "severity"],
                &json!({ "summary": text(1024), "source": text(255), "class": text(20), "component": text(255), "custom_details": facts,
                    "severity": { "enum": ["critical", "error", "warning", "info"] } }),
            );
            let link = object(
                &["href", "text"],
                &json!({ "href": { "type": "string", "pattern": "^https://[^ ]+$" }, "text": text(80) }),
            );
            object(
                &["routing_key", "event_action", "dedup_key", "payload"],
                &json!({ "routing_key": { "const": SECRET }, "event_action": { "const": "trigger" }, "dedup_key": text(255), "payload": payload,
                    "client": text(80), "client_url": text(2048), "links": { "type": "array", "items": link, "minItems": 1 } }),
            )
        }
        "alertmanager" => {
            let names = json!({ "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$" });
            let set =
                json!({ "type": "object", "propertyNames": names, "additionalProperties": text(2048), "required": [] });
            let mut labels = set.clone();
            labels["required"] = json!(["alertname", "casefile_key", "severity"]);
            let moment = json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$" });
            let alert = object(
                &["labels", "startsAt", "endsAt"],
                &json!({ "labels": labels, "annotations": { "type": "object" }, "startsAt": moment, "endsAt": moment, "generatorURL": text(2048) }),
            );
            json!({ "type": "array", "minItems": 1, "items": alert })
        }
        // Lines are ours here: at most a few, none of them a command or a mention.
        "slack" => object(
            &["text", "parse", "link_names"],
            &json!({ "text": { "type": "string", "minLength": 1, "maxLength": 1500, "pattern": "^[^/<>\\u001b][^<>\\u001b]*$" }, "parse": { "const": "none" },
                "link_names": { "const": false }, "mrkdwn": { "const": false }, "unfurl_links": { "const": false }, "unfurl_media": { "const": false } }),
        ),
        "mattermost" => object(
            &["text"],
            &json!({ "text": { "type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[^/#>]" } }),
        ),
        _ => object(
            &["schema", "event", "key", "case_id", "severity", "summary"],
            &json!({ "schema": { "const": "casefile-notice/1" }, "event": { "const": "notice" }, "key": text(255), "case_id": text(20),
                "severity": { "enum": ["SEV1", "SEV2", "SEV3", "SEV4"] }, "service": text(80), "summary": text(1024), "details": facts, "link": text(2048) }),
        ),
    }
}

#[test]
fn every_hostile_text_stays_text_and_every_request_is_as_documented() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["pagerduty", "alertmanager", "slack", "mattermost", "webhook"] {
        let server = Loopback::start(|_| Reply::status(202));
        let way = way(name, server.url("/").as_str(), &client(), folder.path());
        for hostile in HOSTILE {
            way.send(&notice(hostile)).expect(name);
        }
        let asked = server.asked();
        assert_eq!(asked.len(), HOSTILE.len(), "{name}");
        for (asked, hostile) in asked.iter().zip(HOSTILE) {
            let body = asked.json();
            assert!(is_valid(&schema(name), &body), "{name}: {hostile:?}: {body:#}");
            if ["slack", "mattermost"].contains(&name) {
                let text = body["text"].as_str().expect("a text");
                for acting in ["@here", "@channel", "@all", "<!", "\u{1b}", "\r", "\u{202e}"] {
                    assert!(!text.contains(acting), "{name}: {acting:?} in {text:?}");
                }
                // Slack knows no pictures in a text, and takes none with `mrkdwn` off.
                assert!(name == "slack" || !text.contains("!["), "{text:?}");
                assert!(text.lines().count() <= 4, "{text:?}");
                assert!(text.ends_with("tickets.example/4711?a=1&b=2"), "{text:?}");
            }
        }
    }
}

#[test]
fn a_new_level_ends_the_alert_of_the_old_one_and_of_no_other_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let labels = |severity: &str, key: &str| json!({ "alertname": "casefile", "casefile_key": key, "case": "c-7fk2m9q4xa", "severity": severity, "service": "shop" });
    let key = "c-7fk2m9q4xa/sre-pager/1";
    let alert = |labels| json!({ "labels": labels, "annotations": {}, "startsAt": "2026-11-23T10:15:00Z" });
    let held = json!([
        alert(labels("error", key)),
        alert(labels("critical", key)),
        alert(labels("error", "c-7fk2m9q4xa/lead/2"))
    ]);
    let server =
        Loopback::start(move |asked| if asked.method == "GET" { Reply::json(200, &held) } else { Reply::status(200) });
    let way = way("alertmanager", server.url("/").as_str(), &client(), folder.path());
    way.supersede(&notice("shop")).expect("superseded");
    let asked = server.asked();
    let ended = asked.last().expect("a request").json();
    assert!(is_valid(&schema("alertmanager"), &ended), "{ended:#}");
    assert_eq!(ended.as_array().map(Vec::len), Some(1), "{ended:#}");
    assert_eq!(ended[0]["labels"], labels("error", key));
}

#[test]
fn the_schemas_would_notice() {
    let good = json!({ "text": "x", "parse": "none", "link_names": false });
    assert!(is_valid(&schema("slack"), &good));
    for (field, value) in
        [("text", json!("/remind")), ("text", json!("<!here>")), ("parse", json!("full")), ("file", json!("x"))]
    {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(!is_valid(&schema("slack"), &bad), "{bad}");
    }
    assert!(!is_valid(
        &schema("pagerduty"),
        &json!({ "routing_key": SECRET, "event_action": "trigger", "dedup_key": "k" })
    ));
    assert!(!is_valid(&schema("alertmanager"), &json!([{ "labels": { "a b": "x" } }])));
}

#[test]
fn a_chat_text_is_cut_at_a_word_and_its_link_kept() {
    for dialect in [chat::Dialect::Slack, chat::Dialect::Mattermost] {
        let mut long = notice(&"orders & <money> are lost ".repeat(150));
        long.details.clear();
        let text = dialect.message(&long);
        assert!(text.chars().count() <= 1024 && text.ends_with("https://tickets.example/4711?a=1&b=2"), "{text}");
        assert!(text.contains("…\nTicket: "), "{text}");
    }
}

#[test]
fn a_public_room_refuses_facts_and_personal_data_even_when_they_were_worded_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Loopback::start(|_| Reply::status(200));
    let room = way("room", server.url("/").as_str(), &client(), folder.path());
    let mut plain = notice("customers cannot pay");
    assert!(room.send(&plain).is_err(), "details are for secure targets");
    plain.details.clear();
    plain.link = Some("https://tickets.example/?from=anna%40customer.example".to_owned());
    let error = room.send(&plain).expect_err("an address in the link").to_string();
    assert!(error.contains("the link to the ticket") && !error.contains("anna"), "{error}");
    assert!(server.asked().is_empty());
    plain.link = None;
    room.send(&plain).expect("harmless");
}

#[test]
fn a_far_side_that_merges_is_asked_again_and_another_only_where_it_did_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, status, times) in
        [("pagerduty", 500, 3), ("pagerduty", 400, 1), ("pagerduty", 429, 3), ("slack", 500, 1), ("slack", 429, 3)]
    {
        let server = Loopback::start(move |_| Reply::Answer(status, Vec::new(), b"no \x1b[2J".to_vec()));
        let way = way(name, server.url("/").as_str(), &client(), folder.path());
        let error = way.send(&notice("customers cannot pay")).expect_err("refused").to_string();
        assert!(error.contains(&format!("status {status}")) && !error.contains('\u{1b}'), "{error}");
        assert!(!error.contains(SECRET), "{error}");
        assert_eq!(server.asked().len(), times, "{name} {status}");
    }
    // What could not be sent lies in the outbox, to be carried by hand.
    let kept = std::fs::read_to_string(folder.path().join("c-7fk2m9q4xa/notice-sre-pager-1.eml")).expect("kept");
    assert!(kept.contains("customers cannot pay") && !kept.contains(SECRET), "{kept}");
}

#[test]
fn only_a_persons_answer_is_an_acknowledgement() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = "c-7fk2m9q4xa/sre-pager/1";
    let reply = move |asked: &Asked| {
        let who = |kind: &str| json!({ "at": "2026-11-24T10:05:00Z", "acknowledger": { "type": kind, "summary": "Ann\u{1b}" } });
        let answers = if asked.target.contains("level-2") {
            vec![who("user_reference")]
        } else {
            vec![who("integration_reference")]
        };
        Reply::json(200, &json!({ "incidents": [{ "acknowledgements": answers }] }))
    };
    let server = Loopback::start(reply);
    let way = way("pagerduty", server.url("/").as_str(), &client(), folder.path());
    assert_eq!(way.acknowledgement(key).expect("an answer"), None);
    let found = way.acknowledgement("level-2").expect("an answer").expect("a person");
    assert!(found.by.starts_with("Ann") && !found.by.contains('\u{1b}') && found.way == "pagerduty", "{found:?}");
    let asked = &server.asked()[0];
    assert!(asked.target.starts_with("/incidents?incident_key=c-7fk2m9q4xa%2Fsre-pager%2F1"), "{}", asked.target);
    assert_eq!(asked.header("authorization"), Some(format!("Token token={SECRET}").as_str()));
}

#[test]
fn a_rehearsal_writes_every_request_without_its_secrets_and_sends_nothing() {
    let (folder, out) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let server = Loopback::start(|_| Reply::status(202));
    let recording = Arc::new(Recording::new(folder.path().to_owned()));
    let client = HttpClient::rehearsing(recording).expect("a client");
    for name in ["pagerduty", "alertmanager", "slack", "mattermost", "webhook", "sre-outbox"] {
        way(name, server.url("/").as_str(), &client, out.path()).send(&notice("customers cannot pay")).expect(name);
    }
    assert!(server.asked().is_empty() && std::fs::read_dir(out.path()).expect("a folder").next().is_none());
    let files: Vec<_> =
        std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.path()).collect();
    assert_eq!(files.len(), 6, "{files:?}");
    for path in files {
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(!text.contains(SECRET) && text.contains("customers cannot pay"), "{text}");
        assert!(text.contains("(secret)") || path.to_string_lossy().ends_with(".eml"), "{text}");
    }
}

/// A mail server that takes one mail and keeps what it was told.
fn mail_server() -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let kept = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&kept);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut out = stream.try_clone().expect("a stream");
            let mut say = |line: &str| drop(out.write_all(format!("{line}\r\n").as_bytes()));
            say("220 here");
            let mut in_data = false;
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                told.lock().expect("no panic").push_str(&format!("{line}\n"));
                match line.as_str() {
                    "." => in_data = false,
                    "DATA" => in_data = true,
                    _ if in_data => continue,
                    _ => {}
                }
                say(if in_data { "354 go on" } else { "250 fine" });
            }
        }
    });
    (port, kept)
}

#[test]
fn no_text_becomes_a_header_or_a_command_of_mail() {
    let folder = tempfile::tempdir().expect("a folder");
    for hostile in HOSTILE {
        let (port, kept) = mail_server();
        let text = format!(
            "{}\n[notifiers.mail]\nkind = 'email'\nsecure = true\naddress = 'smtp://127.0.0.1:{port}'\nfrom = 'casefile@example.com'\nto = ['sre@example.com']\n",
            Policy::builtin_text()
        );
        let policy = Policy::parse("p.toml", &text).expect("a policy");
        let client = client();
        let surroundings = Surroundings { client: &client, environment: &|_| None, outbox: folder.path().to_owned() };
        connect(&policy, "mail", &surroundings).expect("connects").send(&notice(hostile)).expect("taken");
        let told = kept.lock().expect("no panic").clone();
        let (head, _) = told.split_once("\n\n").expect("a head and a body");
        let commands = told.lines().filter(|line| line.starts_with("MAIL FROM:")).count();
        assert_eq!(commands, 1, "{told}");
        for line in head.lines().filter(|line| !line.starts_with(' ')) {
            let name = line.split([':', ' ']).next().unwrap_or_default();
            let ours = [
                "EHLO",
                "MAIL",
                "RCPT",
                "DATA",
                "From",
                "To",
                "Subject",
                "Message-ID",
                "Auto-Submitted",
                "X-Casefile-Key",
                "Content-Type",
                "Content-Transfer-Encoding",
                "Date",
                "MIME-Version",
            ];
            assert!(ours.contains(&name), "{hostile:?} made a header: {line}");
        }
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}

#[test]
fn an_address_of_mail_that_holds_a_line_break_is_refused() {
    let text = format!(
        "{}\n[notifiers.mail]\nkind = 'email'\naddress = 'smtp://127.0.0.1:1'\nfrom = \"a@example.com\\r\\nBcc: x@evil.example\"\nto = ['b@example.com']\n",
        Policy::builtin_text()
    );
    let policy = Policy::parse("p.toml", &text).expect("a policy");
    let client = client();
    let surroundings = Surroundings { client: &client, environment: &|_| None, outbox: std::env::temp_dir() };
    assert!(matches!(connect(&policy, "mail", &surroundings), Err(ConnectError::Unusable { .. })));
}
