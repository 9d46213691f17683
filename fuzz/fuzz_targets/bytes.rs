//! Any bytes, whatever they are said to be: withheld or redacted, never a panic.

#![no_main]

use casefile::redact::MediaHint;
use fuzzing::{numbered, redact, redactor};
use libfuzzer_sys::fuzz_target;

const HINTS: [MediaHint; 4] = [MediaHint::Text, MediaHint::Json, MediaHint::JsonLines, MediaHint::Image];

fuzz_target!(|data: &[u8]| {
    let Some((n, input)) = numbered(data) else { return };
    let hint = HINTS[n % HINTS.len()];
    let at_once = redact(redactor(), hint, input, usize::MAX);
    let slowly = redact(redactor(), hint, input, n / HINTS.len() + 1);
    assert_eq!(at_once.ok(), slowly.ok(), "reads of {}", n / HINTS.len() + 1);
});
