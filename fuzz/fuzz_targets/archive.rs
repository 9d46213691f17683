//! Bytes that begin like an archive or a compressed file: withheld or written anew, never a panic, never without bound.

#![no_main]

use casefile::redact::MediaHint;
use fuzzing::{numbered, redact, redactor};
use libfuzzer_sys::fuzz_target;

const STARTS: [&[u8]; 6] =
    [b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh9\x31\x41\x59\x26\x53\x59"];

fuzz_target!(|data: &[u8]| {
    let Some((n, rest)) = numbered(data) else { return };
    let input = [STARTS[n % STARTS.len()], rest].concat();
    if let Ok(once) = redact(redactor(), MediaHint::Text, &input, usize::MAX) {
        let slowly = redact(redactor(), MediaHint::Text, &input, n + 1).expect("it was read before");
        assert!(once == slowly, "reads of {}", n + 1);
    }
});
