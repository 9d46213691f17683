//! Values of every size and wrapping: the same however they are cut, once and for all, and nothing else changes.

use std::io::Read;
use std::sync::{Arc, OnceLock};

use data_encoding::BASE64;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::content::{Content, Hints};
use super::*;
use crate::redact::json::{Documents, JsonWalker, Numbers};
use crate::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, RuleSet, Step};

const SECRET: &str = "k3JhT9vLmQ2wZx8RnBf5YcUp";

fn redactor() -> Arc<Redactor> {
    static SHARED: OnceLock<Arc<Redactor>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
        let key = Pseudonyms::new(b"a key for tests");
        Arc::new(Redactor::new(set, key, &KnownNames::default(), Privacy::Standard).expect("ready"))
    }))
}

/// Both passes.
fn redacted(input: &[u8]) -> Vec<u8> {
    let first = redactor();
    let open = || Box::new(std::io::Cursor::new(input.to_vec())) as Box<dyn Read + Send>;
    let scan = first.scan(MediaHint::Json, &mut || Ok(open())).expect("scans");
    let second = Arc::new(first.with_seeds(&scan.seeds).expect("ready"));
    let mut out = Vec::new();
    for step in second.redact(&scan.treatment, open()) {
        if let Step::Block(block) = step.expect("redacts") {
            out.extend_from_slice(block.bytes());
        }
    }
    out
}

fn text(input: &str) -> String {
    String::from_utf8(redacted(input.as_bytes())).expect("UTF-8")
}

/// One text in bits of `cut` bytes.
fn in_bits(hints: Hints, text: &[u8], cut: usize) -> Vec<u8> {
    let mut rules = ValueRules::replacing(redactor());
    let (mut content, mut edits, mut settled) = (Content::unseen(hints), Vec::new(), 0);
    for bit in text.chunks(cut) {
        let now = content.push(&mut rules, bit, &mut edits);
        assert!(now >= settled && now <= text.len() as u64, "{now} after {settled}");
        settled = now;
        assert!(edits.iter().all(|edit| edit.end <= settled), "an edit beyond {settled}");
    }
    content.finish(&mut rules, &mut edits);
    let mut out = Vec::new();
    apply(text, 0, &edits, &mut out);
    out
}

#[test]
fn escapes_beside_a_secret_stay_as_they_were_written() {
    let input = r#"{"a":"\u0041\/ password=hunter2-Correct-Horse, \ud83d \u00e9\t","b\u002f":"x"}"#;
    let out = text(input);
    let (before, after) = out.split_once("REDACTED-").expect("redacted");
    assert_eq!(before, r#"{"a":"\u0041\/ password="#);
    assert!(after.ends_with(r#", \ud83d \u00e9\t","b\u002f":"x"}"#), "{out}");
}

#[test]
fn a_long_string_is_redacted_in_all_its_windows() {
    for at in [10, 250_000, 65_530, 131_072, 600_000] {
        let body = format!("{}password={SECRET}, {}", "x, ".repeat(at / 3), "y, ".repeat(100_000));
        let out = text(&format!(r#"{{"log":{{"text":"{body}"}}}}"#));
        assert!(!out.contains(SECRET), "at {at}");
        assert!(out.ends_with("y, \"}}") && out.contains("x, password=REDACTED-"), "at {at}");
    }
}

#[test]
fn long_json_in_a_string_is_redacted_by_its_names_and_stays_json() {
    let items = vec![serde_json::json!({"id": 4711, "clientSecret": SECRET, "note": "quote \" and \u{e9}"}); 6000];
    let inner = serde_json::to_string(&items).expect("JSON");
    assert!(inner.len() > 400_000);
    let outer = serde_json::json!({"content": {"text": inner, "size": 1}}).to_string();
    let out = text(&outer);
    assert!(!out.contains(SECRET));
    let value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let inner: Vec<serde_json::Value> =
        serde_json::from_str(value["content"]["text"].as_str().expect("a text")).expect("JSON inside");
    assert_eq!(inner.len(), 6000);
    assert!(inner.iter().all(|item| item["id"] == 4711 && item["note"] == items[0]["note"]));
}

#[test]
fn long_json_that_breaks_goes_on_as_text() {
    let inner = format!("[{}{{\\\"a\\\":tru, password={SECRET} ", "{\\\"n\\\":1},".repeat(60_000));
    let out = text(&format!(r#"{{"text":"{inner}"}}"#));
    assert!(!out.contains(SECRET) && out.contains("password=REDACTED-"), "{}", &out[out.len() - 200..]);
}

#[test]
fn long_base64_keeps_its_first_part_and_decodes_to_the_redacted_text() {
    let plain = format!("{}password={SECRET}\n{}", "all is well\n".repeat(30_000), "and so on\n".repeat(9_000));
    let encoded = BASE64.encode(plain.as_bytes());
    assert!(encoded.len() > 500_000);
    let out = text(&format!(r#"{{"content":{{"mimeType":"text/plain","text":"{encoded}","encoding":"base64"}}}}"#));
    let body = out.split('"').nth(9).expect("the body");
    let shown = String::from_utf8(BASE64.decode(body.as_bytes()).expect("base64")).expect("text");
    let (before, after) = shown.split_once("REDACTED-").expect("redacted");
    assert_eq!(before, format!("{}password=", "all is well\n".repeat(30_000)));
    assert!(after.ends_with(&"and so on\n".repeat(9_000)));
    assert_eq!(body[..400_000], encoded[..400_000]);
}

#[test]
fn binary_bodies_go_and_what_says_so_stays() {
    for size in [40, 400_000] {
        let body = BASE64.encode(&[0, 1, 2, 0xfe, 0xff].repeat(size / 5));
        let har = format!(r#"{{"content":{{"mimeType":"font/woff2","text":"{body}","encoding":"base64"}}}}"#);
        let out = text(&har);
        let note = out.split('"').nth(9).expect("the body");
        assert_eq!(BASE64.decode(note.as_bytes()).expect("base64"), b"casefile: a binary body stood here\n");
        assert_eq!(text(&out), out);
    }
}

#[test]
fn what_is_said_about_a_body_and_ids_and_versions_stay() {
    for kept in [
        r#"{"content":{"encoding":"base64","mimeType":"text/plain","size":0}}"#,
        r#"{"_score_cookies":-1,"tokens":12,"session":0.5}"#,
        r#"{"headers":[{"name":"user-agent","value":"Mozilla/5.0 Chrome/114.0.5735.198 Safari/537.36"}]}"#,
        r#"{"headers":[{"name":"etag","value":"\"ed311c7a0ade9a75bb3ebf5a7670f31d\""}]}"#,
        r#"{"headers":[{"name":"Sec-WebSocket-Key","value":"aOpK58kffMOGmH4do+rCyw=="}]}"#,
    ] {
        assert_eq!(text(kept), kept);
    }
}

#[test]
fn a_name_that_redaction_makes_short_names_the_same_value_the_second_time() {
    let token = "Zk3JhT9vLmQ2wZx8RnBf5YcUp7DsG".repeat(4);
    for name in [
        format!(r#"{{\"size\":1,\"token\":\"{token}\",\"note\":\"{}\"}}"#, "word ".repeat(190)),
        format!("token {} https://u:{token}@example.com/", "word ".repeat(190)),
        format!("apiKey={token}"),
    ] {
        for input in [
            format!(r#"[{{"name": "{name}", "value": "abg_afc"}}]"#),
            format!(r#"[{{"value": "abg_afc", "name": "{name}"}}]"#),
            format!(r#"{{"{name}": "abg_afc"}}"#),
        ] {
            let once = text(&input);
            assert!(!once.contains("Zk3JhT9"), "{once}");
            assert_eq!(text(&once), once);
        }
    }
}

#[test]
fn utf_16_json_is_walked_as_json() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let out = redacted(&wide("\u{feff}{\"clientSecret\": \"hunter2-Correct-Horse\", \"n\": 1e400, \"s\": \"é🙂\"}"));
    let units: Vec<u16> = out.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let out = String::from_utf16(&units).expect("UTF-16");
    assert!(out.starts_with("\u{feff}{\"clientSecret\": \"REDACTED-"), "{out}");
    assert!(out.ends_with("\", \"n\": 1e400, \"s\": \"é🙂\"}"), "{out}");
}

#[test]
fn a_long_body_is_never_held() {
    let line = format!("2026-11-23T10:01:12Z INFO order 4711 accepted, password={SECRET} next\\n").repeat(400);
    let mut walker = JsonWalker::new(ValueRules::replacing(redactor()), Documents::One);
    let (mut out, mut most) = (Vec::new(), 0);
    walker.push(b"{\"log\":{\"text\":\"", &mut out).expect("JSON");
    for _ in 0..200 {
        walker.push(line.as_bytes(), &mut out).expect("JSON");
        most = most.max(walker.held());
        assert_eq!(memchr::memmem::find(&out, SECRET.as_bytes()), None);
        out.clear();
    }
    walker.push(b"\"}}", &mut out).expect("JSON");
    walker.finish(&mut out).expect("JSON");
    assert!(most < 3 << 20, "{most} bytes were held");
}

/// Pieces of values that the walkers care about.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("password=".to_owned()),
        Just("hunter2-Correct-Horse".to_owned()),
        Just("{\"clientSecret\":\"".to_owned()),
        Just("\"}".to_owned()),
        Just("[{\"a\":1},".to_owned()),
        Just("]".to_owned()),
        Just("https://u:p1p2p3p4@acme.test/?token=abc123def&x=%7B%22a%22%3A1%7D#y".to_owned()),
        Just("Bearer abc123def456".to_owned()),
        Just("REDACTED-password-0123456789".to_owned()),
        Just("81.2.69.142".to_owned()),
        Just("\ndata: {\"token\":\"k3JhT9vLmQ2w\"}\n".to_owned()),
        Just("<input name=\"csrf\" value=\"c1c2c3\">".to_owned()),
        Just("cGFzc3dvcmQ9aHVudGVyMi1Db3JyZWN0LUhvcnNl".to_owned()),
        Just("&a=".to_owned()),
        "[ -~]{0,12}",
        "\\PC{0,4}",
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "name", "value", "password", "cookies", "headers", "text", "url", "a", "token", "kind", "data",
    ])
    .prop_map(str::to_owned)
}

fn document() -> impl Strategy<Value = serde_json::Value> {
    let string = prop::collection::vec(fragment(), 0..5).prop_map(|parts| serde_json::Value::String(parts.concat()));
    let leaf = prop_oneof![
        8 => string,
        1 => any::<i64>().prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
        1 => Just(serde_json::Value::Bool(true)),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            prop::collection::vec((key(), inner.clone()), 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            // A document in a string.
            inner.prop_map(|value| serde_json::Value::String(value.to_string())),
        ]
    })
}

/// Looks at each value for itself, and at nothing twice.
struct OneByOne(ValueRules);

impl ValueRedactor for OneByOne {
    type Long = Content;

    fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Vec<Edit> {
        let names = Names::of(place);
        let judged = JudgedNames::new().of(&names, Numbers::default());
        let is_number = place.scalar == Scalar::Number;
        let by_before = self.0.before.kind(place, text).map(Purpose::Whole);
        match by_before.unwrap_or_else(|| Purpose::of(place, &names, judged.by_name, text)) {
            _ if text.len() < 2 => Vec::new(),
            Purpose::Text if is_number && !is_whole_number(text) => Vec::new(),
            Purpose::Text if is_number => self.0.labelled(names.own(), text, Vec::new()),
            Purpose::Text => self.0.content(Hints::of(place, judged.hints), names.own(), text),
            Purpose::Whole(_) if is_number && !is_code(text) => Vec::new(),
            named => self.0.by_name(named, text),
        }
    }

    fn key(&mut self, text: &[u8]) -> Vec<Edit> {
        self.0.before.forget();
        if text.len() < 4 { Vec::new() } else { self.0.labelled(None, text, Vec::new()) }
    }

    fn begin(&mut self, place: &Place<'_>) -> Content {
        self.0.begin(place)
    }

    fn go_on(&mut self, long: &mut Content, text: &[u8], edits: &mut Vec<Edit>) -> u64 {
        self.0.go_on(long, text, edits)
    }

    fn end(&mut self, long: Content, edits: &mut Vec<Edit>) {
        self.0.end(long, edits);
    }
}

fn walked<R: ValueRedactor>(rules: R, input: &[u8]) -> (String, R) {
    let (mut walker, mut out) = (JsonWalker::new(rules, Documents::Many), Vec::new());
    walker.push(input, &mut out).expect("it is JSON");
    let rules = walker.finish(&mut out).expect("it is JSON");
    (String::from_utf8(out).expect("UTF-8"), rules)
}

/// A fixed sample, so that a run says something about the change and not about its luck; `PROPTEST_CASES` widens it.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), rng_seed: RngSeed::Fixed(20_261_124), ..ProptestConfig::default() })]

    #[test]
    fn json_in_json_out_and_twice_is_once(value in document()) {
        let once = redacted(value.to_string().as_bytes());
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&once).is_ok(), "{}", String::from_utf8_lossy(&once));
        let twice = redacted(&once);
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
    }

    #[test]
    fn how_a_text_is_cut_changes_nothing(
        parts in prop::collection::vec(fragment(), 0..12),
        often in 1usize..200,
        base64 in any::<bool>(),
        cut in 1usize..3000,
    ) {
        let text = parts.concat().repeat(often);
        let text = if base64 { BASE64.encode(text.as_bytes()) } else { text };
        let hints = Hints { body: true, ..Hints::default() };
        let whole = in_bits(hints, text.as_bytes(), usize::MAX);
        let bits = in_bits(hints, text.as_bytes(), cut);
        prop_assert_eq!(String::from_utf8_lossy(&whole), String::from_utf8_lossy(&bits));
    }

    #[test]
    fn what_is_looked_at_together_is_found_as_if_it_stood_alone(
        values in prop::collection::vec(document(), 1..12),
        again in 1usize..3,
    ) {
        let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
        let lines = lines.repeat(again);
        let seeds = walked(ValueRules::gathering(redactor()), lines.as_bytes()).1.into_seeds().expect("scans");
        let alone = walked(OneByOne(ValueRules::gathering(redactor())), lines.as_bytes()).1.0.into_seeds().expect("scans");
        prop_assert_eq!(seeds.len(), alone.len());
        for redactor in [redactor(), Arc::new(redactor().with_seeds(&seeds).expect("ready"))] {
            let (together, rules) = walked(ValueRules::replacing(Arc::clone(&redactor)), lines.as_bytes());
            let (one_by_one, alone) = walked(OneByOne(ValueRules::replacing(redactor)), lines.as_bytes());
            prop_assert_eq!(together, one_by_one);
            prop_assert_eq!(rules.into_counts().expect("counted"), alone.0.into_counts().expect("counted"));
        }
    }
}

#[test]
fn arguments_and_headers_in_arrays_go_by_the_text_before_them() {
    for (input, expected) in [
        (r#"{"args":["--password","swordfish","--host","db"]}"#, 1),
        (r#"{"args":["--password","--host","db"]}"#, 0),
        (r#"["app","-token","-S2k3JhT9vLmQ2w","x"]"#, 1),
        (r#"{"rawHeaders":["Host","x","Authorization","Bearer abc","Accept","*/*"]}"#, 1),
        (r#"{"rawHeaders":["Accept","authorization","Cookie","sid=abc"]}"#, 1),
        (r#"{"headers":[["X-Api-Key","swordfish"],["Accept","*/*"]]}"#, 1),
        (r#"[["Cookie","sid=k3JhT9vLmQ2w"]]"#, 1),
        (r#"{"required":["password","token","password2","username"]}"#, 0),
        (r#"{"a":["--password"],"b":"swordfish"}"#, 0),
    ] {
        let out = text(input);
        assert_eq!(out.matches("REDACTED-").count(), expected, "{out}");
        assert_eq!(text(&out), out);
    }
    assert!(text(r#"["Authorization","Bearer abc"]"#).contains("Bearer REDACTED-"));
}
