//! What holds of every text: twice is once, reads of any size give the same, times and lines stay, JSON stays JSON.

use std::io::{Cursor, Read};
use std::sync::{Arc, OnceLock};

use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn redactor() -> Arc<Redactor> {
    static SHARED: OnceLock<Arc<Redactor>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
        let names =
            KnownNames { hosts: vec!["web17".to_owned()], users: vec!["alice".to_owned()], ..KnownNames::default() };
        Arc::new(Redactor::new(set, Pseudonyms::new(b"a key for tests"), &names, Privacy::Standard).expect("ready"))
    }))
}

/// Gives reads of changing sizes.
struct Uneven(Cursor<Vec<u8>>, usize);

impl Read for Uneven {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.1 = (self.1 * 7 + 13) % 9973;
        let n = buf.len().min(self.1 + 1);
        self.0.read(&mut buf[..n])
    }
}

/// Both passes over `input`; `None` when it is left out.
fn redact(hint: MediaHint, input: &[u8], size: Option<usize>) -> Option<Vec<u8>> {
    let open = || -> Box<dyn Read + Send> {
        let bytes = Cursor::new(input.to_vec());
        match size {
            Some(size) => Box::new(Uneven(bytes, size)),
            None => Box::new(bytes),
        }
    };
    let scan = redactor().scan(hint, &mut || Ok(open())).ok()?;
    let second = Arc::new(redactor().with_seeds(&scan.seeds).expect("its secrets can be searched for"));
    let mut out = Vec::new();
    for step in second.redact(&scan.treatment, open()) {
        if let Step::Block(block) = step.ok()? {
            out.extend_from_slice(block.bytes());
        }
    }
    Some(out)
}

const PARTS: [&str; 22] = [
    "password=",
    "\"token\": \"",
    "hunter2-Correct-Horse",
    "Authorization: Bearer ",
    "Zk3JhT9vLmQ2wZx8RnBf5YcUp7DsG",
    "https://u:",
    "@acme.test/?token=",
    "81.2.69.142",
    " web17 alice ",
    "-----BEGIN PRIVATE KEY-----\n",
    "MIIEpAIBAAKCAQEA1c7+9z5Pad7Oejecs\n",
    "cGFzc3dvcmQ9aHVudGVyMi1Db3JyZWN0LUhvcnNl",
    "password%3D",
    "\\u0070assword\\u003d",
    "&quot;",
    "\\\"",
    "\r\n",
    "\n",
    "\"",
    ", ",
    "data:\n  key: ",
    "Cookie: sid=",
];

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        5 => prop::sample::select(PARTS.to_vec()).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
        1 => "\\PC{0,4}",
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

/// Times as loggers write them.
const TIMES: [&str; 10] = [
    "2026-11-23T10:15:00.123Z ",
    "2026-11-23T10:15:00+01:00 ",
    "2026-11-23 10:15:00,123 ",
    "[2026-11-23 10:15:00] ",
    "Nov 23 10:15:00 ",
    "[23/Nov/2026:10:15:00 +0000] ",
    "2026/11/23 10:15:00 ",
    "1795428900.123 ",
    "[   12.345678] ",
    "I1123 10:15:00.123456 ",
];

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(), rng_seed: RngSeed::Fixed(20_261_124), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn leading_times_and_the_number_of_lines_stay(lines in prop::collection::vec((0..TIMES.len(), text()), 1..6)) {
        let line = |(time, text): &(usize, String)| TIMES[*time].to_owned() + &text.replace(['\n', '\r'], " ") + "\n";
        let input: String = lines.iter().map(line).collect();
        let Some(output) = redact(MediaHint::Text, input.as_bytes(), None) else { return Ok(()) };
        let output: Vec<&[u8]> = output.split(|b| *b == b'\n').collect();
        prop_assert_eq!(output.len(), lines.len() + 1);
        for ((time, _), out) in lines.iter().zip(output) {
            prop_assert!(out.starts_with(TIMES[*time].as_bytes()), "{}", String::from_utf8_lossy(out));
        }
    }

    #[test]
    fn values_of_json_are_redacted_once_and_it_stays_json(
        members in prop::collection::vec((prop::sample::select(vec!["password", "note", "url", "sid", "n"]), text()), 0..6),
        size in 1usize..500,
    ) {
        let members: Vec<String> = members.iter().map(|(name, text)| format!("\"{name}\": {}", serde_json::json!(text))).collect();
        let input = format!("[{{{}}}]", members.join(","));
        let Some(once) = redact(MediaHint::Json, input.as_bytes(), None) else { return Ok(()) };
        prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&once).is_ok(), "{}", String::from_utf8_lossy(&once));
        let uneven = redact(MediaHint::Json, input.as_bytes(), Some(size));
        prop_assert_eq!(Some(String::from_utf8_lossy(&once)), uneven.as_deref().map(String::from_utf8_lossy));
        let twice = redact(MediaHint::Json, &once, None);
        prop_assert_eq!(Some(String::from_utf8_lossy(&once)), twice.as_deref().map(String::from_utf8_lossy));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        // Long texts take long: a few, unless more are asked for.
        cases: cases() / 16, rng_seed: RngSeed::Fixed(20_261_124), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn reads_of_any_size_give_the_same_on_lines_of_any_length(
        parts in prop::collection::vec(text(), 1..6), times in 1usize..400, size in 0usize..9973,
    ) {
        // Long lines have windows, many lines have pieces: some of the texts cross the borders of both.
        let input: String = parts.iter().map(|part| part.replace(['\n', '\r'], " ").repeat(times) + "\n" + part).collect();
        let input = &input.as_bytes()[..input.len().min(150_000)];
        prop_assert!(redact(MediaHint::Text, input, None) == redact(MediaHint::Text, input, Some(size)));
    }
}
