//! One thing has one placeholder in a whole bundle, however it is written there, another one in the next bundle, and the
//! same one again under the same key: that is how a request is followed from a HAR into a log.

#![allow(clippy::panic)] // a helper of a test may end it

mod chain_support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chain_support::bytes::{gzip, utf16le};
use chain_support::{Opened, arg, casefile, folder, write};
use data_encoding::BASE64;
use regex::Regex;

const USER: &str = "alice";
const HOST: &str = "web17";
const IPV4: &str = "81.2.69.142";
const IPV6: &str = "2a02:2f0e:1::7";
const MAIL: &str = "ada@shop.example.org";
const TOKEN: &str = "Zk3JhT9vLmQ2wZx8RnBf5YcUp7DsG";

const LABELS: [&str; 6] = ["user", "host", "v4", "v6", "mail", "api_token"];
const FILES: [&str; 5] = ["app.log", "wide.log", "app.log.1.gz", "shop.yaml", "shop.har"];

fn line() -> String {
    format!("user={USER} host={HOST} v4={IPV4} v6={IPV6} mail={MAIL} api_token={TOKEN}\n")
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn inputs(folder: &Path) {
    let logs = format!("start\n{}", line().repeat(2));
    let values = [USER, HOST, IPV4, IPV6, MAIL, TOKEN];
    let pairs: Vec<_> = LABELS.iter().zip(values).collect();
    let query: Vec<_> = pairs.iter().map(|(label, value)| format!("{label}={}", percent(value))).collect();
    let body: Vec<_> =
        pairs.iter().map(|(label, value)| format!("\"{label}\":\"{}\"", value.replace('@', "\\u0040"))).collect();
    let body = format!("{{{}}}", body.join(","));
    let yaml: String = pairs.iter().map(|(label, value)| format!("{label}: \"{value}\"\n")).collect();
    write(
        folder.join("app.log"),
        format!("{logs}body={}\nquery ?{}\n", BASE64.encode(line().as_bytes()), query.join("&")),
    );
    write(folder.join("wide.log"), utf16le(&logs));
    write(folder.join("app.log.1.gz"), gzip(format!("{logs}sent {}\n", serde_json::json!(body)).as_bytes()));
    write(folder.join("shop.yaml"), yaml);
    let entry = serde_json::json!({
        "startedDateTime": "2026-11-23T10:15:00Z",
        "time": 1,
        "request": {
            "method": "POST", "url": format!("https://shop.example.com/cb?{}", query.join("&")), "httpVersion": "HTTP/1.1",
            "cookies": [], "headers": [], "queryString": [], "headersSize": -1, "bodySize": -1,
            "postData": { "mimeType": "application/json", "text": body },
        },
        "response": {
            "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [], "redirectURL": "",
            "headersSize": -1, "bodySize": -1,
            "content": { "size": 9, "mimeType": "text/plain", "encoding": "base64", "text": BASE64.encode(line().as_bytes()) },
        },
        "cache": {},
        "timings": { "send": 0, "wait": 1, "receive": 0 },
    });
    let har = serde_json::json!({ "log": { "version": "1.2", "creator": { "name": "shop", "version": "1" }, "entries": [entry] } });
    write(folder.join("shop.har"), har.to_string());
    write(folder.join("one.key"), [1; 32]);
}

fn bundle(folder: &Path, out: &str, key: Option<&str>) -> Opened {
    let (out, har, config) = (folder.join(out), folder.join("shop.har"), folder.join("shop.yaml"));
    std::fs::create_dir_all(&out).expect("a folder");
    let mut args =
        ["collect", "--yes", "--no-host", "--known", "user=alice", "--known", "host=web17"].map(str::to_owned).to_vec();
    for (flag, value) in [
        ("--logs", arg(folder.join("*.log"))),
        ("--logs", arg(folder.join("*.gz"))),
        ("--config", arg(config)),
        ("--har", arg(har)),
        ("--output", arg(out)),
    ] {
        args.extend([flag.to_owned(), value]);
    }
    if let Some(key) = key {
        args.extend(["--pseudonym-key".to_owned(), arg(folder.join(key))]);
    }
    Opened::read(&casefile(args).expect(0).bundle())
}

/// All encodings undone.
fn opened(bytes: &[u8]) -> String {
    let mut text = match bytes.strip_prefix(b"\xff\xfe") {
        Some(wide) => {
            let units: Vec<u16> = wide.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).expect("UTF-16")
        }
        None => String::from_utf8(bytes.to_vec()).expect("UTF-8"),
    };
    let encoded = Regex::new("%([0-9A-F]{2})").expect("a pattern");
    let runs = Regex::new("[A-Za-z0-9+/]{80,}=*").expect("a pattern");
    for _ in 0..3 {
        text = text.replace("\\u0040", "@").replace('\\', "");
        text = encoded
            .replace_all(&text, |found: &regex::Captures<'_>| {
                char::from(u8::from_str_radix(&found[1], 16).expect("two digits")).to_string()
            })
            .into_owned();
        text = runs
            .replace_all(&text, |found: &regex::Captures<'_>| {
                String::from_utf8(BASE64.decode(found[0].as_bytes()).expect("still base64")).expect("text")
            })
            .into_owned();
    }
    text
}

/// By label all that stands behind it in the bundle, and how often anything does.
fn values(bundle: &Opened) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut all: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in FILES {
        let name = file.trim_end_matches(".gz");
        let text = opened(bundle.ending(&format!("/{name}")));
        for label in LABELS {
            let pattern = format!("\\b{label}[=:\" ]+([A-Za-z0-9@:.-]+)");
            let found = Regex::new(&pattern).expect("a pattern");
            let found: Vec<_> = found.captures_iter(&text).map(|found| found[1].to_owned()).collect();
            let expected = match file {
                "app.log" => 4,
                "wide.log" => 2,
                "shop.yaml" => 1,
                _ => 3,
            };
            assert_eq!(found.len(), expected, "{label} in {file}: {found:?}\n{text}");
            all.entry(label).or_default().extend(found);
        }
        for value in [USER, HOST, IPV4, IPV6, MAIL, TOKEN] {
            assert!(!text.contains(value), "{value} in {file}\n{text}");
        }
    }
    all
}

#[test]
fn what_is_one_has_one_placeholder_in_a_bundle_and_another_one_in_the_next() {
    let folder = folder();
    inputs(folder.path());
    let one = values(&bundle(folder.path(), "a", Some("one.key")));
    for (label, found) in &one {
        assert_eq!(found.len(), 1, "{label}: {found:?}");
    }
    assert_eq!(values(&bundle(folder.path(), "b", Some("one.key"))), one);
    let other = values(&bundle(folder.path(), "c", None));
    for (label, found) in &other {
        assert!(found.len() == 1 && found.is_disjoint(&one[label]), "{label}: {found:?} {:?}", one[label]);
    }
}
