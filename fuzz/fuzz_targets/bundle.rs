//! Bytes as a bundle: refused or read, never a panic; what is accepted has the digests that it was sealed with.

#![no_main]

use std::ops::ControlFlow;

use casefile::bundle::{Limits, UntrustedBundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { entry_bytes: 4 << 20, total_bytes: 16 << 20, record_bytes: 1 << 20, ..Limits::default() };
    let Ok(structure) = UntrustedBundle::of_bytes(data.to_vec()).check_structure(&limits) else { return };
    let _ = structure.record();
    let Ok(bundle) = structure.verify(&mut |_| ControlFlow::Continue(())) else { return };
    for entry in bundle.structure().entries() {
        let mut out = Vec::new();
        bundle.structure().cat(entry.path(), &mut out).expect("what was verified can be read");
        assert_eq!(out.len() as u64, entry.size());
    }
});
