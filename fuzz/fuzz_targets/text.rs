//! Text: twice is once, reads of any size give the same, and no line comes or goes.

#![no_main]

use casefile::redact::MediaHint;
use fuzzing::{numbered, redact, redactor};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((read, input)) = numbered(data) else { return };
    // Forged placeholders may change twice: docs/redaction.md, "Known gaps".
    let text = std::str::from_utf8(input).unwrap_or_default();
    if text.is_empty() || text.contains("REDACTED") {
        return;
    }
    let Ok(once) = redact(redactor(), MediaHint::Text, input, usize::MAX) else { return };
    let slowly = redact(redactor(), MediaHint::Text, input, read).expect("it was read before");
    assert_eq!(shown(&once), shown(&slowly), "reads of {read}");
    assert_eq!(text.matches('\n').count(), shown(&once).matches('\n').count(), "{}", shown(&once));
    let twice = redact(redactor(), MediaHint::Text, &once, usize::MAX).expect("text stays text");
    assert_eq!(shown(&once), shown(&twice), "twice");
});

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
