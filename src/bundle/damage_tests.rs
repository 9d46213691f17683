//! Bundles that were damaged, at every byte and at every length: refused, or damaged where nothing has a meaning.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use proptest::prelude::*;

use super::encryption::{Identities, pair, sealed};
use super::test_bundle::{TOP, TestBundle, checked, sha256, verified};
use super::{BundleError, Limits, UntrustedBundle, VerifiedBundle};
use crate::model::ArtifactPath;

fn find(bytes: &[u8], needle: &[u8], from: usize) -> usize {
    from + bytes[from..].windows(needle.len()).position(|window| window == needle).expect("it is there")
}

#[test]
fn a_bundle_cut_at_any_length_is_refused() {
    let zip = TestBundle::new().zip();
    for len in 0..zip.len() {
        assert!(matches!(checked(zip[..len].to_vec()), Err(BundleError::Refused(_))), "cut to {len} bytes");
    }
}

/// Some bytes of a zip carry no meaning for a reader, such as the version that wrote it. Whatever is accepted has to
/// have every file as it was sealed.
fn accepted_only_unchanged(zip: Vec<u8>, sealed: &BTreeMap<String, Vec<u8>>) {
    let Ok(bundle) = verified(zip) else { return };
    for (path, bytes) in sealed {
        let mut read = Vec::new();
        let path = ArtifactPath::parse(path).expect("a path");
        bundle.structure().cat(&path, &mut read).expect("a verified bundle reads");
        assert_eq!(&read, bytes, "{path}");
    }
    assert_eq!(bundle.structure().entries().count(), sealed.len());
}

/// The bytes of a zip that no reader of a bundle takes a meaning from: where they may stand, counted from the beginning of a
/// record of the directory. What wrote the zip and for which version; internal attributes ("is text"); DOS attributes and
/// the rights of owner, group and others, which nothing uses because nothing is unpacked. In an entry's own header it is the
/// version alone. And the bits that fill up the last byte of deflated data.
fn is_ignored(zip: &[u8], at: usize) -> bool {
    const CENTRAL: [std::ops::Range<usize>; 3] = [4..8, 36..38, 38..42];
    let central = |name_at: usize| CENTRAL.iter().any(|range| range.contains(&(at + 46 - name_at)));
    let local = |name_at: usize| (4..6).contains(&(at + 30 - name_at));
    let directory = find(zip, b"PK\x01\x02", 0);
    let names = zip.windows(TOP.len()).enumerate().filter(|(_, window)| window == &TOP.as_bytes()).map(|(at, _)| at);
    let ends_data = zip[at + 1..].starts_with(b"PK\x03\x04") || at + 1 == directory;
    ends_data
        || names.filter(|name| at < *name).any(|name| match name > directory {
            true => at + 46 >= name && central(name),
            false => at + 30 >= name && local(name),
        })
}

#[test]
fn no_flipped_byte_passes_but_in_fields_without_a_meaning_and_there_it_changes_nothing() {
    let bundle = TestBundle::new();
    let (zip, sealed) = (bundle.zip(), bundle.files().into_iter().collect());
    let mut passed = 0;
    for at in 0..zip.len() {
        for flip in [1 << (at % 8), 0xff] {
            let mut changed = zip.clone();
            changed[at] ^= flip;
            if verified(changed.clone()).is_ok() {
                assert!(is_ignored(&zip, at), "byte {at} of {}, flipped by {flip:#x}", zip.len());
                accepted_only_unchanged(changed, &sealed);
                passed += 1;
            }
        }
    }
    assert!(passed > 0, "the list of fields without a meaning is not tried");
}

/// The result of verifying `bytes`, encrypted or not.
fn unlocked(bytes: &[u8], identities: Option<&Identities>) -> Result<VerifiedBundle, BundleError> {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    let untrusted = UntrustedBundle::of_file(Path::new("b.casefile.zip.age"), &file)?.unlocked(identities)?;
    untrusted.check_structure(&Limits::default())?.verify(&mut |_| ControlFlow::Continue(()))
}

#[test]
fn an_encrypted_bundle_is_read_in_place_with_its_key_only_and_its_digest_is_that_of_the_file() {
    let (identities, recipients) = pair();
    let bytes = sealed(&TestBundle::new().zip(), &recipients);
    let bundle = unlocked(&bytes, Some(&identities)).expect("whole");
    assert_eq!(bundle.file_digest(), sha256(&bytes));
    assert_eq!(bundle.structure().file_size(), bytes.len() as u64);
    assert!(matches!(unlocked(&bytes, None), Err(BundleError::Encrypted(_))));
    assert!(matches!(unlocked(&bytes, Some(&pair().0)), Err(BundleError::WrongKey(_))));
    // A key does no harm where none is needed.
    assert!(unlocked(&TestBundle::new().zip(), Some(&identities)).is_ok());
}

#[test]
fn an_encrypted_bundle_that_is_cut_or_changed_anywhere_is_never_whole() {
    let (identities, recipients) = pair();
    let bytes = sealed(&TestBundle::new().zip(), &recipients);
    let head = 220;
    // Every byte of the head and of the end, and some of the sealed piece between: it has one checksum.
    let places = (0..bytes.len()).filter(|at| *at < head || at % 101 == 0 || at + 40 > bytes.len());
    for at in places {
        let cut = unlocked(&bytes[..at], Some(&identities)).expect_err("cut");
        assert!(matches!(cut, BundleError::Refused(_)), "cut to {at}: {cut}");
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let error = unlocked(&changed, Some(&identities)).expect_err("changed");
        // In the head, it may look like one for somebody else.
        let refused =
            matches!(error, BundleError::Refused(_)) || at < head && matches!(error, BundleError::WrongKey(_));
        assert!(refused, "byte {at}: {error}");
    }
}

proptest! {
    #[test]
    fn no_damage_changes_what_is_accepted_or_panics(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..40, proptest::collection::vec(any::<u8>(), 0..40)), 1..5),
    ) {
        let bundle = TestBundle::new();
        let sealed = bundle.files().into_iter().collect();
        let mut zip = bundle.zip();
        for (at, len, with) in cuts {
            let at = at.index(zip.len().max(1)).min(zip.len());
            let end = (at + len).min(zip.len());
            zip.splice(at..end, with);
        }
        accepted_only_unchanged(zip, &sealed);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(verified([b"PK\x03\x04".as_slice(), &bytes].concat()).is_err());
    }
}
