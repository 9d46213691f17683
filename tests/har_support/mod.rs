//! What the tests of HARs share: the engine's two passes, ways to read a text, and a comparison.

#![allow(dead_code, clippy::panic, reason = "each test uses a part of it; a helper of a test may end it")]

pub mod canaries;
pub mod compare;
pub mod readings;

use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step, Treatment};

fn redactor() -> Arc<Redactor> {
    static SHARED: OnceLock<Arc<Redactor>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
        let key = Pseudonyms::new(b"a key for tests");
        Arc::new(Redactor::new(set, key, &KnownNames::default(), Privacy::Standard).expect("ready"))
    }))
}

/// Both passes over a HAR, which must be taken for JSON.
pub fn redacted(input: &[u8]) -> String {
    let first = redactor();
    let open = || Box::new(Cursor::new(input.to_vec()));
    let scan = first.scan(MediaHint::Json, &mut || Ok(open())).expect("can be scanned");
    assert!(matches!(scan.treatment, Treatment::Json { .. }), "taken for {:?}", scan.treatment);
    let second = Arc::new(first.with_seeds(&scan.seeds).expect("few seeds"));
    let mut out = Vec::new();
    for step in second.redact(&scan.treatment, open()) {
        if let Step::Block(block) = step.expect("can be redacted") {
            out.extend_from_slice(block.bytes());
        }
    }
    String::from_utf8(out).expect("UTF-8 stays UTF-8")
}
