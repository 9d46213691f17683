//! A rule file from anybody: it loads or is refused, and redacts a text if it loads.

#![no_main]

use std::sync::Arc;

use casefile::redact::{MediaHint, RuleSet};
use fuzzing::{redact, with_rules};
use libfuzzer_sys::fuzz_target;

const TEXT: &str = "2026-11-23T10:15:00Z web17 login password=hunter2-Correct-Horse from 81.2.69.142\n\
                    acme-id: 7\nacme-word: Zk3JhT9vLmQ2wZx8RnBf5YcUp7DsG\n";

fuzz_target!(|file: &str| {
    let Ok(set) = RuleSet::only(&[("fuzz.toml".to_owned(), file.to_owned())]) else { return };
    let Ok(redactor) = with_rules(Arc::new(set)) else { return };
    let out = redact(&redactor, MediaHint::Text, TEXT.as_bytes(), usize::MAX);
    assert!(out.is_err() || out.is_ok_and(|out| out.iter().filter(|b| **b == b'\n').count() == 3));
});
