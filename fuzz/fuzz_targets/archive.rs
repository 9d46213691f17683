//! Bytes that begin like an archive or a compressed file: withheld or written anew, never a panic, never without bound.

#![no_main]

use std::io::Read;

use casefile::archive::{Compression, expand};
use casefile::redact::MediaHint;
use fuzzing::{numbered, redact, redactor};
use libfuzzer_sys::fuzz_target;

const STARTS: [&[u8]; 6] =
    [b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh9\x31\x41\x59\x26\x53\x59"];

/// What a compressed file may expand to here.
const MOST: u64 = 4 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((n, rest)) = numbered(data) else { return };
    let mut input = [STARTS[n % STARTS.len()], rest].concat();
    // What is compressed by itself is expanded before the redactor sees it.
    if let Some(compression) = Compression::of(&input) {
        let mut text = Vec::new();
        let _ = expand(input.as_slice(), compression, MOST).read_to_end(&mut text);
        assert!(text.len() as u64 <= MOST);
        input = text;
    }
    if let Ok(once) = redact(redactor(), MediaHint::Text, &input, usize::MAX) {
        let slowly = redact(redactor(), MediaHint::Text, &input, n + 1).expect("it was read before");
        assert!(once == slowly, "reads of {}", n + 1);
    }
});
