//! One case of a small shop through the whole chain: collect, redact, seal, verify, inspect, hand over.

#![allow(clippy::panic)] // a helper of a test may end it

mod chain_support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chain_support::bytes::{gzip, jpeg_with_place, png_chunks, png_with_text, utf16le};
use chain_support::{Opened, Output, Run, arg, casefile, fixture, folder, read, write};
use serde_json::Value;

/// Pixels of the photograph, told apart from everything around them.
const SCAN: &[u8] = b"\x12\x34 the scan of the photograph \x56\x78";

/// The shop's folder as it is on its server: the fixtures, and what has to be made byte by byte.
struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let shop = Self { folder: folder() };
        std::fs::create_dir(shop.path("in")).expect("a folder");
        for name in ["app.log", "events.ndjson", "access.log", "shop.toml", "dotenv.env", "checkout.har"] {
            let to = if name == "dotenv.env" { ".env" } else { name };
            write(shop.path("in").join(to), read(fixture("shop").join(name)));
        }
        let app = String::from_utf8(read(fixture("shop/app.log"))).expect("text");
        write(shop.path("in/windows.log"), utf16le(&app.replace('\n', "\r\n")));
        write(shop.path("in/app.log.1.gz"), gzip(app.replace("2026-11-23", "2026-11-22").as_bytes()));
        write(shop.path("in/till.png"), png_with_text(planted()["e-mail address"].as_str()));
        write(shop.path("in/till.jpg"), jpeg_with_place(planted()["e-mail address"].as_str(), SCAN));
        write(shop.path("profile.toml"), "name = \"shop\"\n[host]\nfacts = [\"os\", \"time\"]\n");
        shop
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// `collect` over everything the shop has, plus `more`.
    fn collect(&self, case: &str, more: &[&str]) -> Run {
        let mut args: Vec<String> = vec!["collect".to_owned(), "--yes".to_owned()];
        for (flag, path) in [
            ("--logs", self.path("in/*.log")),
            ("--logs", self.path("in/*.gz")),
            ("--logs", self.path("in/*.ndjson")),
            ("--config", self.path("in/shop.toml")),
            ("--config", self.path("in/.env")),
            ("--har", self.path("in/checkout.har")),
            ("--screenshot", self.path("in/till.png")),
            ("--screenshot", self.path("in/till.jpg")),
            ("--case", fixture("shop").join(case)),
            ("--output", self.path("out")),
        ] {
            args.extend([flag.to_owned(), arg(path)]);
        }
        args.extend(more.iter().map(|more| (*more).to_owned()));
        std::fs::create_dir_all(self.path("out")).expect("a folder");
        self.command(args)
    }

    /// The program with this shop's own state folder.
    fn command<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(&self, args: I) -> Run {
        casefile(args).env("XDG_STATE_HOME", self.path("state")).env("HOME", self.path("home"))
    }

    /// The same with host facts, so that the checklist can be met.
    fn whole_bundle(&self, case: &str) -> PathBuf {
        self.collect(case, &["--profile", &arg(self.path("profile.toml"))]).expect(0).bundle()
    }

    fn open_ticket(&self, bundle: &Path, more: &[&str]) -> Output {
        let (bundle, outbox) = (arg(bundle), arg(self.path("outbox")));
        let args = ["escalate", "open", &bundle, "--outbox", &outbox];
        self.command(args.iter().chain(more)).expect(0)
    }
}

/// Every secret in the fixtures by its name.
fn planted() -> BTreeMap<String, String> {
    let text = String::from_utf8(read(fixture("shop/planted.toml"))).expect("text");
    toml::from_str(&text).expect("a table of texts")
}

#[test]
fn every_planted_secret_stands_in_a_file_of_the_shop() {
    let files = ["app.log", "events.ndjson", "access.log", "shop.toml", "dotenv.env", "checkout.har"];
    let all: String =
        files.iter().map(|name| String::from_utf8_lossy(&read(fixture("shop").join(name))).into_owned()).collect();
    let readable = decoded(all.as_bytes());
    for (name, secret) in planted() {
        assert!(readable.iter().any(|text| contains(text, secret.as_bytes())), "{name} is planted nowhere");
    }
}

#[test]
fn no_planted_secret_is_readable_in_the_bundle_raw_or_decoded() {
    let shop = Shop::new();
    let path = shop.collect("case.toml", &["--no-host"]).expect(0).bundle();
    let bundle = Opened::read(&path);
    let mut found = Vec::new();
    for (file, bytes) in &bundle.files {
        let readable = decoded(bytes);
        for (name, secret) in planted() {
            if readable.iter().any(|text| contains(text, secret.as_bytes())) {
                found.push(format!("{name} in {file}"));
            }
        }
    }
    assert!(found.is_empty(), "readable: {found:#?}");
    let logs = ["app.log", "events.ndjson", "access.log", "windows.log", "app.log.1"];
    for log in logs {
        let text = as_text(bundle.ending(&format!("/{log}")));
        assert!(text.contains("REDACTED-"), "{log} lost its placeholders:\n{text}");
    }
    let app = String::from_utf8_lossy(bundle.ending("/app.log"));
    for kept in ["2026-11-23T10:01:17Z ERROR payment gateway timed out after 30 s (attempt 1 of 3)", "812 orders wait"]
    {
        assert!(app.contains(kept), "`{kept}` was lost:\n{app}");
    }
    assert!(
        String::from_utf8_lossy(bundle.ending("/access.log")).contains("\n10.20.0.5 - - "),
        "a private address goes"
    );
}

#[test]
fn one_secret_has_one_placeholder_in_log_har_and_configuration() {
    let shop = Shop::new();
    let bundle = Opened::read(&shop.collect("case.toml", &["--no-host"]).expect(0).bundle());
    let text = |end: &str| as_text(bundle.ending(end));
    let config: toml::Table = text("/shop.toml").parse().expect("the configuration is still TOML");
    let password = config["database"]["password"].as_str().expect("a text").to_owned();
    assert!(password.starts_with("REDACTED-"), "{password}");
    for end in ["/app.log", "/events.ndjson", "/windows.log", "/app.log.1", "/checkout.har"] {
        assert!(text(end).contains(&password), "{end} has another placeholder than {password}:\n{}", text(end));
    }
    let url = text("env");
    assert!(url.contains(&format!(":{password}@db.internal:5432/shop")), "{url}");
    let gateway = config["payments"]["url"].as_str();
    assert_eq!(gateway, Some("https://payments.example.com/v2"), "what is no secret stays");
}

#[test]
fn the_har_is_the_same_json_but_for_texts_that_were_redacted() {
    let shop = Shop::new();
    let bundle = Opened::read(&shop.collect("case.toml", &["--no-host"]).expect(0).bundle());
    let raw = String::from_utf8(bundle.ending("/checkout.har").to_vec()).expect("UTF-8");
    let before: Value = serde_json::from_slice(&read(fixture("shop/checkout.har"))).expect("JSON");
    let after: Value = serde_json::from_str(&raw).expect("still JSON");
    let mut changed = Vec::new();
    differences("", &before, &after, &mut changed);
    let expected = [
        "/log/entries/0/request/url",
        "/log/entries/0/request/cookies/0/value",
        "/log/entries/0/request/headers/0/value",
        "/log/entries/0/request/headers/1/value",
        "/log/entries/0/request/queryString/0/value",
        "/log/entries/0/request/postData/text",
        "/log/entries/0/response/headers/0/value",
        "/log/entries/0/response/content/text",
        "/log/entries/0/serverIPAddress",
        "/log/entries/1/request/headers/0/value",
        "/log/entries/1/request/postData/text",
        "/log/entries/1/response/headers/0/value",
        "/log/entries/2/response/content/text",
    ];
    for place in expected {
        assert!(changed.iter().any(|one| one == place), "{place} was not redacted; these were: {changed:#?}");
    }
    assert!(raw.contains("12345678901234567890") && raw.contains("1.10"), "a number is written in another way");
    for text in ["/log/entries/0/request/postData/text", "/log/entries/2/response/content/text"] {
        let body = after.pointer(text).and_then(Value::as_str).expect("a text");
        assert!(serde_json::from_str::<Value>(body).is_ok(), "the body at {text} is no longer JSON: {body}");
    }
}

#[test]
fn pictures_lose_what_was_written_beside_the_pixels_and_keep_the_pixels() {
    let shop = Shop::new();
    let bundle = Opened::read(&shop.collect("case.toml", &["--no-host"]).expect(0).bundle());
    let pixels = |png: &[u8]| -> Vec<(String, Vec<u8>)> {
        png_chunks(png).into_iter().filter(|(kind, _)| kind == "IDAT" || kind == "IHDR").collect()
    };
    let (before, after) = (read(shop.path("in/till.png")), bundle.ending("till.png"));
    assert_eq!(pixels(&before), pixels(after), "other pixels");
    let kinds: Vec<String> = png_chunks(after).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["IHDR", "IDAT", "IDAT", "IEND"]);
    let photograph = bundle.ending("till.jpg");
    for gone in [b"Exif".as_slice(), planted()["e-mail address"].as_bytes(), &59_u32.to_le_bytes()] {
        assert!(
            contains(&read(shop.path("in/till.jpg")), gone) && !contains(photograph, gone),
            "{gone:?} is still there"
        );
    }
    let scan = [SCAN, &[0xff, 0xd9]].concat();
    assert!(photograph.ends_with(&scan), "other pixels");
}

#[test]
fn verify_says_what_the_customer_must_add_and_then_that_it_is_ready() {
    let shop = Shop::new();
    let hurried = shop.whole_bundle("unfilled.toml");
    let output = shop.command(["verify", &arg(&hurried)]).expect(1);
    for item in
        ["safe      yes", "whole     yes", "complete  NO", "MISSING", "how: case file: account_id", "[impact] who"]
    {
        assert!(output.stdout.contains(item), "verify does not say `{item}`:\n{}", output.stdout);
    }
    let missing: Vec<Value> =
        shop.command(["verify", "--json", &arg(&hurried)]).expect(1).json()["bundles"][0]["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter(|item| item["state"] == "missing")
            .cloned()
            .collect();
    for id in ["account-id", "contact", "impact-who", "impact-cannot", "impact-scope"] {
        let item = missing.iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("{id} is not asked for"));
        assert!(item["ask"].as_str().is_some_and(|ask| ask.len() > 10), "{item}");
    }
    // The agent asked by phone and lays the answers over the same bundle.
    let case = arg(fixture("shop/case.toml"));
    shop.command(["verify", "--case", &case, &arg(&hurried)]).expect(0);

    std::fs::remove_file(hurried).expect("ours");
    let filled = shop.whole_bundle("case.toml");
    let output = shop.command(["verify", &arg(&filled)]).expect(0);
    assert!(output.stdout.contains("complete  yes: ready for SEV2"), "{}", output.stdout);
    assert!(output.stdout.contains("ready: the checklist is met for SEV2"), "{}", output.stdout);
}

#[test]
fn an_engineer_sees_at_a_glance_what_is_in_the_bundle() {
    let shop = Shop::new();
    let path = shop.collect("case.toml", &["--no-host"]).expect(0).bundle();
    let bundle = Opened::read(&path);
    let path = arg(path);
    let summary = shop.command(["inspect", "summary", &path]).expect(0).stdout;
    for line in
        ["case       c-7fk2m9q4xa", "card payments fail with 503", "2026-11-22T09:57:58Z to 2026-11-23T10:02:40Z"]
    {
        assert!(summary.contains(line), "no `{line}` in the summary:\n{summary}");
    }
    let ls = shop.command(["inspect", "ls", &path]).expect(0).stdout;
    for (file, _) in bundle.files.iter().filter(|(file, _)| file.starts_with("data/")) {
        assert!(ls.lines().any(|line| line.ends_with(file)), "ls does not show {file}:\n{ls}");
    }
    for (file, bytes) in bundle.files.iter().filter(|(file, _)| file.starts_with("data/logs/")) {
        let cat = shop.command(["inspect", "cat", &path, file]).expect(0);
        assert!(cat.stdout == String::from_utf8_lossy(bytes), "cat {file} gives other bytes");
    }
    let absent = shop.command(["inspect", "cat", &path, "logs/absent.log"]).expect(2);
    assert!(absent.stdout.is_empty() && absent.stderr.contains("logs/absent.log"), "{}", absent.stderr);
}

#[test]
fn the_ticket_begins_with_the_business_impact_and_the_bundle_lies_beside_it() {
    let shop = Shop::new();
    let bundle = shop.whole_bundle("case.toml");
    let told = shop.open_ticket(&bundle, &[]).stdout;
    assert!(told.contains("severity  SEV2; SEV2 is \"major function broken for a subset of users\""), "{told}");

    let ticket = only(&shop.path("outbox"), "ticket.md");
    let text = String::from_utf8(read(&ticket)).expect("text");
    let first: Vec<&str> = text.lines().take(2).collect();
    assert!(first[0].contains("cashiers in all shops") && first[0].contains("take card payments"), "{first:?}");
    assert!(first.concat().contains("4,000 euros of lost sales an hour"), "{first:?}");
    assert!(first[1].contains("12 of 300"), "{first:?}");
    for fact in
        ["SEV2: card payments fail with 503", "12 of 300", "restarted the gateway", "cash only", "Gold: first answer"]
    {
        assert!(text.contains(fact), "the ticket does not say `{fact}`:\n{text}");
    }
    let name = bundle.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
    assert_eq!(read(only(&shop.path("outbox"), &name)), read(&bundle), "the attached bundle has other bytes");
    let digest = sha256(&read(&bundle));
    assert!(text.contains(&digest) && told.contains(&digest), "the file digest {digest} is not told");

    let before = chain_support::listing(&shop.path("outbox"));
    let lines = journal(&shop);
    assert!(!lines.is_empty(), "the journal is empty");
    let again = shop.open_ticket(&bundle, &[]).stdout;
    assert!(again.contains("was there before"), "{again}");
    let names = |listing: &BTreeMap<PathBuf, Option<Vec<u8>>>| listing.keys().cloned().collect::<Vec<_>>();
    let after = chain_support::listing(&shop.path("outbox"));
    assert_eq!(names(&before), names(&after), "a second run doubled something");
    assert_eq!(read(&ticket), text.as_bytes(), "a second run changed the ticket");
    assert!(journal(&shop).starts_with(&lines), "the journal was rewritten");
}

#[test]
fn a_case_below_the_checklist_is_not_handed_over_and_leaves_nothing() {
    let shop = Shop::new();
    let bundle = arg(shop.whole_bundle("unfilled.toml"));
    let refused = shop.command(["escalate", "open", &bundle, "--outbox", &arg(shop.path("outbox"))]).expect(1);
    assert!(refused.stderr.contains("message to the customer:"), "{}", refused.stderr);
    assert!(!shop.path("outbox").exists() || chain_support::listing(&shop.path("outbox")).is_empty());
}

#[test]
fn the_severity_follows_the_facts() {
    let shop = Shop::new();
    let bundle = shop.whole_bundle("case.toml");
    for (scope, affected, severity) in
        [("complete-outage", 290, "SEV1"), ("major-function", 12, "SEV2"), ("minor", 1, "SEV4")]
    {
        let case = shop.path("agent.toml");
        write(&case, format!("[impact]\nscope = \"{scope}\"\naffected = {affected}\n"));
        let ticket = shop.open_ticket(&bundle, &["--case", &arg(&case), "--dry-run", "--json"]).json();
        assert_eq!(ticket["severity"], severity, "{scope}: {ticket:#}");
    }
    assert!(!shop.path("outbox").exists(), "a dry run writes nothing");
}

/// The lines of the one journal.
fn journal(shop: &Shop) -> Vec<String> {
    let listing = chain_support::listing(&shop.path("state"));
    let text: Vec<_> = listing.into_values().flatten().map(|bytes| String::from_utf8(bytes).expect("text")).collect();
    text.iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
}

/// The one file of this name below `folder`.
fn only(folder: &Path, name: &str) -> PathBuf {
    let all = chain_support::listing(folder);
    let found: Vec<&PathBuf> = all.keys().filter(|path| path.file_name().is_some_and(|file| file == name)).collect();
    let [one] = found.as_slice() else { panic!("not one {name}: {:?}", all.keys()) };
    (*one).clone()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(hay, needle).is_some()
}

/// UTF-8 or, where its mark says so, UTF-16.
fn as_text(bytes: &[u8]) -> String {
    match bytes.strip_prefix(&[0xff, 0xfe]) {
        Some(wide) => {
            let units: Vec<u16> = wide.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).expect("UTF-16")
        }
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// `bytes` as they stand, as text, percent-decoded, without JSON's backslashes, and every run of base64 in each of these decoded.
fn decoded(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = as_text(bytes).into_bytes();
    let mut all = vec![bytes.to_vec(), percent_decoded(&text), percent_decoded(&percent_decoded(&text))];
    all.push(as_text(bytes).replace("\\\"", "\"").replace("\\/", "/").into_bytes());
    all.push(text);
    for depth in 0..2 {
        let inner: Vec<Vec<u8>> = all.iter().flat_map(|text| base64_decoded(text)).collect();
        if depth == 0 || !inner.is_empty() {
            all.extend(inner);
        }
    }
    all
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|two| data_encoding::HEXUPPER_PERMISSIVE.decode(two).ok());
        match hex.filter(|_| *first == b'%') {
            Some(byte) => {
                out.extend(byte);
                rest = &tail[2..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// Every run of at least 12 base64 characters, decoded from each of the four places at which it may begin.
fn base64_decoded(bytes: &[u8]) -> Vec<Vec<u8>> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_".contains(b);
    let mut found = Vec::new();
    for run in bytes.split(|b| !plain(b)).filter(|run| run.len() >= 12) {
        let standard: Vec<u8> = run
            .iter()
            .map(|b| {
                if *b == b'-' {
                    b'+'
                } else if *b == b'_' {
                    b'/'
                } else {
                    *b
                }
            })
            .collect();
        for start in 0..4 {
            let cut = &standard[start..];
            let whole = &cut[..cut.len() - usize::from(cut.len() % 4 == 1)];
            let mut lenient = data_encoding::BASE64_NOPAD.specification();
            lenient.check_trailing_bits = false;
            let lenient = lenient.encoding().expect("a known encoding");
            found.extend(lenient.decode(whole).ok());
        }
    }
    found
}

/// The places at which two documents differ. Anything but one text in place of another value ends the test.
fn differences(at: &str, before: &Value, after: &Value, changed: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "other keys at {at}");
            a.iter().for_each(|(key, value)| differences(&format!("{at}/{key}"), value, &b[key], changed));
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "another number of elements at {at}");
            a.iter().zip(b).enumerate().for_each(|(n, (a, b))| differences(&format!("{at}/{n}"), a, b, changed));
        }
        _ if before == after => {}
        (_, Value::String(_)) => changed.push(at.to_owned()),
        _ => panic!("{at} became {after}"),
    }
}
