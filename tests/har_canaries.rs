//! A HAR with a secret in every place that exporters have for one: none can be read in what comes out, however it is decoded,
//! and nothing else has changed.

#![allow(clippy::panic)] // a helper of a test may end it

mod har_support;

use har_support::canaries::{Planted, har};
use har_support::{compare, readings, redacted};
use serde_json::Value;

fn leaks(planted: &[Planted], out: &str) -> Vec<String> {
    let all = readings::of(out);
    let is_readable = |secret: &str| all.iter().any(|reading| reading.contains(secret));
    planted.iter().filter(|p| is_readable(&p.secret)).map(|p| format!("{}: {}", p.place, p.secret)).collect()
}

#[test]
fn no_planted_secret_can_be_read_in_the_output() {
    let (har, planted) = har();
    assert!(planted.len() >= 70, "{} places", planted.len());
    let text = serde_json::to_string_pretty(&har).expect("JSON");
    let found = leaks(&planted, &text);
    assert_eq!(found.len(), planted.len(), "the test can read what it planted: {found:#?}");
    let out = redacted(text.as_bytes());
    let leaks = leaks(&planted, &out);
    assert!(leaks.is_empty(), "{} of {} can be read:\n{}", leaks.len(), planted.len(), leaks.join("\n"));
}

#[test]
fn what_engineers_need_stays() {
    let (har, _) = har();
    let out = redacted(serde_json::to_string_pretty(&har).expect("JSON").as_bytes());
    for kept in har_support::canaries::KEPT {
        assert!(out.contains(kept), "{kept} is gone");
    }
}

#[test]
fn the_output_is_the_same_json_but_for_redacted_texts() {
    let (har, _) = har();
    for text in [serde_json::to_string_pretty(&har), serde_json::to_string(&har)] {
        let text = text.expect("JSON");
        let out = redacted(text.as_bytes());
        let after: Value = serde_json::from_str(&out).expect("JSON stays JSON");
        compare::same_but_for_redactions(&har, &after);
        compare::same_bytes_outside_strings(&text, &out);
        assert_eq!(redacted(out.as_bytes()), out, "a second time changes nothing");
    }
}

#[test]
fn the_committed_hars_stay_the_same_but_for_redacted_texts() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut seen = 0;
    for name in ["shop/checkout.har", "har/exporters.har", "har/edges.har"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let out = redacted(text.as_bytes());
        compare::same_bytes_outside_strings(&text, &out);
        // Lone surrogates are no text for serde_json, so those HARs are compared by bytes alone.
        if let (Ok(before), Ok(after)) = (serde_json::from_str::<Value>(&text), serde_json::from_str::<Value>(&out)) {
            compare::same_but_for_redactions(&before, &after);
        }
        assert_eq!(redacted(out.as_bytes()), out, "{name}: a second time changes nothing");
        seen += 1;
    }
    assert_eq!(seen, 3);
}
