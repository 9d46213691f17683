//! An encrypted bundle from anybody: the head of the file, and what a holder of the public key can put inside.

#![no_main]

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;

use casefile::bundle::encryption::{Identities, Recipients};
use casefile::bundle::{Limits, UntrustedBundle};
use fuzzing::numbered;
use libfuzzer_sys::fuzz_target;

/// Made for this target, and good for nothing else.
const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
const PUBLIC: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

fuzz_target!(|data: &[u8]| {
    static KEYS: OnceLock<(Identities, Recipients)> = OnceLock::new();
    let (identities, recipients) = KEYS.get_or_init(|| {
        (Identities::parse(SECRET).expect("a key"), Recipients::parse(PUBLIC).expect("a key"))
    });
    let Some((n, rest)) = numbered(data) else { return };
    let bytes = if n % 2 == 0 {
        [b"age-encryption.org/v1\n", rest].concat()
    } else {
        let mut out = Vec::new();
        let mut stream = recipients.seal(&mut out).expect("memory takes everything");
        stream.write_all(rest).expect("memory takes everything");
        stream.finish().expect("memory takes everything");
        out
    };
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&bytes).expect("a disk with room");
    let limits = Limits { entry_bytes: 4 << 20, total_bytes: 16 << 20, record_bytes: 1 << 20, ..Limits::default() };
    let opened = UntrustedBundle::of_file(Path::new("fuzz"), &file).and_then(|bundle| bundle.unlocked(Some(identities)));
    let Ok(structure) = opened.and_then(|bundle| bundle.check_structure(&limits)) else { return };
    let _ = structure.verify(&mut |_| ControlFlow::Continue(()));
});
