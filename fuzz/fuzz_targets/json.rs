//! JSON: it stays JSON and equal but for texts and numbers, twice is once, and what is broken goes as text.

#![no_main]

use casefile::redact::MediaHint;
use fuzzing::{numbered, redact, redactor};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((read, input)) = numbered(data) else { return };
    if input.windows(8).any(|bytes| bytes == b"REDACTED") {
        return;
    }
    let Ok(once) = redact(redactor(), MediaHint::Json, input, usize::MAX) else { return };
    let slowly = redact(redactor(), MediaHint::Json, input, read).expect("it was read before");
    assert!(once == slowly, "reads of {read}");
    let Ok(before) = serde_json::from_slice::<Value>(input) else { return };
    let after = serde_json::from_slice::<Value>(&once).expect("JSON stays JSON");
    assert!(is_alike(&before, &after), "{before} {after}");
    let twice = redact(redactor(), MediaHint::Json, &once, usize::MAX).expect("JSON stays JSON");
    assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice), "twice");
});

/// Equal but for what stands in texts, and numbers that became texts.
fn is_alike(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_alike(a, b)),
        // Keys may become equal, where they held names.
        (Value::Object(a), Value::Object(b)) => {
            a.len() >= b.len() && (a.len() > b.len() || a.values().zip(b.values()).all(|(a, b)| is_alike(a, b)))
        }
        (Value::String(_) | Value::Number(_), Value::String(_)) => true,
        (before, after) => before == after,
    }
}
