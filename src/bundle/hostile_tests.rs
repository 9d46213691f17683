//! Bundles that nobody sealed: built from a valid one, byte by byte, and refused for the right reason.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::ops::ControlFlow;

use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, ZipArchive};

use super::test_bundle::{TOP, TestBundle, checked, verified, zip_of};
use super::{BundleError, Code, Limits, NotWhole, Problem, State, UntrustedBundle, bag};
use crate::model::ArtifactPath;

const LOG: &str = "data/logs/app.log";

fn code(result: Result<impl Sized, BundleError>) -> Code {
    match result {
        Err(BundleError::Refused(refused)) => refused.code,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("accepted"),
    }
}

fn problems(bundle: &TestBundle) -> NotWhole {
    match bundle.verified() {
        Err(BundleError::NotWhole(found)) => found,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("accepted"),
    }
}

/// The kinds of problem and the files they are about.
fn kinds(bundle: &TestBundle) -> Vec<(&'static str, String)> {
    problems(bundle).problems.iter().map(|problem| (problem.code(), problem.path().to_string())).collect()
}

fn find(bytes: &[u8], needle: &[u8], from: usize) -> usize {
    from + bytes[from..].windows(needle.len()).position(|window| window == needle).expect("it is there")
}

/// Where the directory's record of an entry begins.
fn central_at(zip: &[u8], path: &str) -> usize {
    let name = format!("{TOP}/{path}");
    let directory = find(zip, b"PK\x01\x02", 0);
    find(zip, name.as_bytes(), directory) - 46
}

/// Where the entry's own header begins.
fn local_at(zip: &[u8], path: &str) -> usize {
    find(zip, format!("{TOP}/{path}").as_bytes(), 0) - 30
}

fn put(zip: &mut [u8], at: usize, value: &[u8]) {
    zip[at..at + value.len()].copy_from_slice(value);
}

fn add_u32(zip: &mut [u8], at: usize, n: u32) {
    let old = u32::from_le_bytes(zip[at..at + 4].try_into().expect("four bytes"));
    put(zip, at, &(old + n).to_le_bytes());
}

/// A zip of entries whose names stand as given, below no top folder.
fn named(names: &[&str]) -> Vec<u8> {
    let entries: Vec<_> = names.iter().map(|name| ((*name).to_owned(), b"x".to_vec())).collect();
    zip_of(&entries, SimpleFileOptions::DEFAULT)
}

#[test]
fn a_sealed_bundle_is_accepted_and_reads_as_another_unzip_reads_it() {
    for options in [
        SimpleFileOptions::DEFAULT,
        SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Stored),
        SimpleFileOptions::DEFAULT.large_file(true),
    ] {
        let bundle = TestBundle { options, ..TestBundle::new() };
        let zip = bundle.zip();
        let verified = verified(zip.clone()).expect("a valid bundle");
        assert_eq!(verified.file_digest(), super::test_bundle::sha256(&zip));
        let files: BTreeMap<String, Vec<u8>> = bundle.files().into_iter().collect();
        assert_eq!(verified.bundle_digest(), super::test_bundle::sha256(&files[bag::TAGMANIFEST_PATH]));
        assert_eq!(contents(&zip), files);
        for (path, bytes) in &files {
            let path = ArtifactPath::parse(path).expect("a path");
            let mut read = Vec::new();
            verified.structure().cat(&path, &mut read).expect("reads");
            assert_eq!(&read, bytes);
            let mut read = Vec::new();
            verified.artifact(&path).expect("is there").read_to_end(&mut read).expect("reads");
            assert_eq!(&read, bytes);
        }
    }
}

/// What the `zip` crate reads, below the top folder.
fn contents(zip: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).expect("a zip");
    let mut contents = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("an entry");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("reads");
        let name = file.name().expect("text").into_owned();
        let name = name.strip_prefix(TOP).expect("below the top folder");
        contents.insert(name[1..].to_owned(), bytes);
    }
    contents
}

#[test]
fn a_bundle_written_as_a_stream_is_accepted() {
    let mut zip = ZipWriter::new_stream(Vec::new());
    for (path, bytes) in TestBundle::new().files() {
        zip.start_file(format!("{TOP}/{path}"), SimpleFileOptions::DEFAULT).expect("a new entry");
        zip.write_all(&bytes).expect("memory");
    }
    let mut bytes = zip.finish().expect("memory").into_inner();
    verified(bytes.clone()).expect("descriptors are part of the format");
    let after_data = find(&bytes, b"PK\x07\x08", 0);
    bytes[after_data + 4] ^= 1;
    assert_eq!(code(checked(bytes)), Code::Descriptor);
}

#[test]
fn changed_bytes_are_found_by_their_digest_and_named() {
    let bundle = TestBundle::tampered(|files| {
        for (path, bytes) in files.iter_mut().filter(|(path, _)| path == LOG) {
            assert_eq!(path, LOG);
            bytes[0] ^= 1;
        }
    });
    assert_eq!(kinds(&bundle), [("digest-differs", LOG.to_owned())]);
    let structure = bundle.checked().expect("only the contents differ");
    let mut out = Vec::new();
    let error = structure.cat(&ArtifactPath::nearest(LOG), &mut out).expect_err("its own digest differs");
    assert!(matches!(error, BundleError::NotWhole(_)), "{error}");
    assert!(out.is_empty(), "not one unverified byte comes out");
    structure.cat(&ArtifactPath::nearest("data/config/a.toml"), &mut out).expect("this one is intact");
    assert_eq!(out, b"key = 1\n");
}

#[test]
fn a_flipped_bit_in_the_zip_is_found_and_the_file_named() {
    let mut zip = TestBundle {
        options: SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Stored),
        ..TestBundle::new()
    }
    .zip();
    let at = find(&zip, b"error: broken", 0);
    zip[at] ^= 1;
    match verified(zip) {
        Err(BundleError::NotWhole(found)) => {
            assert_eq!(found.problems.len(), 1);
            assert_eq!((found.problems[0].code(), found.problems[0].path().as_str()), ("checksum-differs", LOG));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn missing_added_and_edited_files_are_each_named() {
    let without = TestBundle::tampered(|files| files.retain(|(path, _)| path != LOG));
    assert_eq!(kinds(&without), [("missing", LOG.to_owned())]);

    let with = TestBundle::tampered(|files| files.push(("data/logs/evil.log".into(), b"x".to_vec())));
    let evil = "data/logs/evil.log".to_owned();
    assert_eq!(kinds(&with), [("extra", evil.clone()), ("extra", evil)], "in neither list");

    // Validators of bags let this one pass: an unlisted file beside data/ breaks no rule of BagIt.
    for (name, expected) in [("evil.exe", "extra"), ("fetch.txt", "fetch-list")] {
        let beside = TestBundle::tampered(|files| files.push((name.into(), b"x".to_vec())));
        assert_eq!(kinds(&beside), [(expected, name.to_owned())]);
    }

    for name in [bag::BAG_INFO_PATH, bag::BAGIT_PATH, bag::MANIFEST_PATH, "manifest.json"] {
        let edited = TestBundle::tampered(move |files| {
            let file = files.iter_mut().find(|(path, _)| path == name).expect("it is there");
            file.1.insert(0, b'X');
        });
        let kinds = kinds(&edited);
        assert!(kinds.contains(&("digest-differs", name.to_owned())), "{name}: {kinds:?}");
        assert!(edited.checked().expect("a safe container").record().is_err(), "{name}");
    }
}

#[test]
fn a_record_that_contradicts_the_lists_is_found() {
    let mut bundle = TestBundle::new();
    bundle.manifest.artifacts[0].size += 1;
    bundle.manifest.artifacts[1].sha256 = super::test_bundle::sha256(b"another");
    let config = "data/config/a.toml".to_owned();
    assert_eq!(kinds(&bundle), [("records-differ", config), ("recorded-size-differs", LOG.to_owned())]);

    let mut bundle = TestBundle::new();
    let twice = bundle.manifest.artifacts[0].clone();
    bundle.manifest.artifacts.push(twice);
    bundle.bag_info.push((bag::PAYLOAD_OXUM, "1.1".to_owned()));
    let expected =
        [("record-names-twice", "manifest.json".to_owned()), ("payload-oxum-differs", bag::BAG_INFO_PATH.to_owned())];
    assert_eq!(kinds(&bundle), expected);

    let mut bundle = TestBundle::new();
    bundle.manifest.artifacts.remove(0);
    assert_eq!(kinds(&bundle), [("extra", LOG.to_owned())]);

    let mut bundle = TestBundle::new();
    bundle.manifest.case_id = crate::model::CaseId::from_random([9; 7]);
    assert_eq!(kinds(&bundle), [("other-case", "data/case.json".to_owned())]);
}

#[test]
fn every_problem_is_reported_up_to_a_cap() {
    let mut bundle = TestBundle::tampered(|files| files.retain(|(path, _)| !path.starts_with("data/many")));
    for n in 0..120 {
        bundle.file(&format!("data/many/{n}"), b"x");
    }
    let found = problems(&bundle);
    assert_eq!((found.problems.len(), found.more), (100, 20));
    assert!(matches!(found.problems[0], Problem::Missing { .. }));
}

#[test]
fn an_examination_tells_what_is_still_intact() {
    let bundle = TestBundle::tampered(|files| {
        files.retain(|(path, _)| path != "data/redaction.json");
        for (path, bytes) in files {
            if path == LOG {
                bytes.push(b'x');
            }
        }
    });
    let structure = bundle.checked().expect("a safe container");
    let examination = structure.examine(&mut |_| ControlFlow::Continue(())).expect("readable");
    let state = |path: &str| examination.states.get(&ArtifactPath::nearest(path)).copied();
    assert_eq!(state(LOG), Some(State::Differs));
    assert_eq!(state("data/redaction.json"), Some(State::Missing));
    assert_eq!(state("data/config/a.toml"), Some(State::Intact));
    assert!(examination.intact(&ArtifactPath::nearest("data/config/a.toml")).is_some());
    assert!(examination.intact(&ArtifactPath::nearest(LOG)).is_none());
}

#[test]
fn without_an_intact_list_nothing_counts_as_intact() {
    let bundle = TestBundle::tampered(|files| {
        let tags = files.iter_mut().find(|(path, _)| path == bag::TAGMANIFEST_PATH).expect("it is there");
        tags.1 = tags.1.iter().map(|b| if *b == b'a' { b'b' } else { *b }).collect();
    });
    let structure = bundle.checked().expect("a safe container");
    let examination = structure.examine(&mut |_| ControlFlow::Continue(())).expect("readable");
    assert_eq!(examination.intact(&ArtifactPath::nearest(LOG)), None);
    assert_eq!(examination.states[&ArtifactPath::nearest(LOG)], State::Unproven);
}

#[test]
fn a_caller_can_stop_an_examination() {
    let structure = TestBundle::new().checked().expect("a valid bundle");
    let error = structure.verify(&mut |_| ControlFlow::Break(())).expect_err("stopped");
    assert!(matches!(error, BundleError::Interrupted));
}

#[test]
fn a_newer_format_is_told_apart_from_a_broken_one() {
    let mut newer = TestBundle::new();
    newer.manifest.format = 2;
    assert!(matches!(newer.checked(), Err(BundleError::Newer(_))));
    let mut newer = TestBundle::new();
    newer.manifest.schema = "casefile-manifest/2".to_owned();
    newer.tamper = Box::new(|files| files.retain(|(path, _)| path != bag::BAG_INFO_PATH));
    assert!(matches!(newer.checked(), Err(BundleError::Newer(_))), "whatever else it lacks");

    let mut older = TestBundle::new();
    older.manifest.format = 0;
    assert_eq!(kinds(&older), [("record-schema", "manifest.json".to_owned())]);

    let mut newer_case = TestBundle::new();
    newer_case.payload[0].1 = br#"{"schema":"casefile-case/2","new":1}"#.to_vec();
    assert!(matches!(newer_case.verified(), Err(BundleError::Newer(_))));
}

#[test]
fn names_that_could_escape_or_mislead_are_refused() {
    for (name, expected) in [
        ("t/../../etc/cron.d/x", Code::NameTraversal),
        ("../x", Code::NameTraversal),
        ("/etc/passwd", Code::NameAbsolute),
        ("C:/x", Code::NameDrive),
        ("t/C:x", Code::NameDrive),
        ("t\\x", Code::NameBackslash),
        ("t/a\\..\\b", Code::NameBackslash),
        ("t/data/NUL.txt", Code::NameDevice),
        ("t//x", Code::NameEmptySegment),
        ("t/x.", Code::NameDots),
        ("t/x\u{202e}gpj", Code::NameDirection),
        ("x", Code::OutsideTop),
        ("u/x", Code::SeveralTops),
        ("T/x", Code::SeveralTops),
    ] {
        assert_eq!(code(checked(named(&["t/a", name]))), expected, "{name}");
    }
    assert_eq!(code(checked(named(&["t/a", "t/A"]))), Code::CaseClash);
    assert_eq!(code(checked(named(&["t/a", "t/a/b"]))), Code::FileAndFolder);
    assert_eq!(code(checked(named(&["t/a/b", "t/A"]))), Code::FileAndFolder);
    assert_eq!(code(checked(named(&["t/a"]))), Code::MissingFile);
    assert_eq!(code(checked(named(&[]))), Code::MissingFile);
}

#[test]
fn a_name_that_occurs_twice_is_refused() {
    let mut zip = named(&["t/a1", "t/a2"]);
    while let Some(at) = zip.windows(4).position(|window| window == b"t/a2") {
        put(&mut zip, at, b"t/a1");
    }
    assert_eq!(code(checked(zip)), Code::DuplicateName);
}

#[test]
fn a_name_that_is_not_utf_8_is_refused() {
    let mut zip = named(&["t/a1"]);
    while let Some(at) = zip.windows(4).position(|window| window == b"t/a1") {
        put(&mut zip, at, b"t/a\xff");
    }
    assert_eq!(code(checked(zip)), Code::NameNotText);
}

#[test]
fn links_special_files_and_folders_are_refused() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("t/a", "/etc/passwd", SimpleFileOptions::DEFAULT).expect("an entry");
    assert_eq!(code(checked(zip.finish().expect("memory").into_inner())), Code::Symlink);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_directory("t/a", SimpleFileOptions::DEFAULT).expect("an entry");
    assert_eq!(code(checked(zip.finish().expect("memory").into_inner())), Code::FolderUnused);
    for kind in [0o010_000u32, 0o020_000, 0o060_000, 0o140_000] {
        let mut zip = TestBundle::new().zip();
        let at = central_at(&zip, LOG) + 38;
        put(&mut zip, at, &((kind | 0o644) << 16).to_le_bytes());
        assert_eq!(code(checked(zip)), Code::SpecialFile, "{kind:o}");
    }
}

#[test]
fn encrypted_entries_and_other_methods_are_refused() {
    for (offset, value, expected) in [
        (6, 1u16, Code::Encrypted),
        (6, 1 << 13, Code::Encrypted),
        (6, 1 << 5, Code::UnsupportedFlags),
        (8, 12, Code::UnsupportedMethod),
        (8, 99, Code::Encrypted),
    ] {
        let mut zip = TestBundle::new().zip();
        let (central, local) = (central_at(&zip, LOG) + offset + 2, local_at(&zip, LOG) + offset);
        put(&mut zip, central, &value.to_le_bytes());
        put(&mut zip, local, &value.to_le_bytes());
        assert_eq!(code(checked(zip)), expected, "{offset} {value}");
    }
}

#[test]
fn an_entry_described_differently_at_its_place_is_refused() {
    for (offset, expected) in [
        (0, Code::NoHeader),
        (6, Code::LocalFlags),
        (8, Code::LocalMethod),
        (10, Code::LocalTime),
        (14, Code::LocalChecksum),
        (18, Code::LocalSizes),
        (22, Code::LocalSizes),
        (30, Code::LocalName),
        (45, Code::LocalName),
    ] {
        let mut zip = TestBundle::new().zip();
        let at = local_at(&zip, LOG) + offset;
        zip[at] ^= 2;
        assert_eq!(code(checked(zip)), expected, "byte {offset} of the header");
    }
}

#[test]
fn bytes_that_belong_to_nothing_are_refused_wherever_they_stand() {
    let zip = TestBundle::new().zip();
    let end = zip.len() - 22;
    let directory = find(&zip, b"PK\x01\x02", 0);

    let after = [zip.as_slice(), b"more"].concat();
    assert_eq!(code(checked(after)), Code::TrailingBytes);

    let before = [b"#!/bin/sh\n", zip.as_slice()].concat();
    assert_eq!(code(checked(before.clone())), Code::LeadingBytes);
    let mut corrected = before;
    for (path, _) in TestBundle::new().files() {
        let at = central_at(&corrected, &path) + 42;
        add_u32(&mut corrected, at, 10);
    }
    add_u32(&mut corrected, end + 10 + 16, 10);
    assert_eq!(code(checked(corrected)), Code::LeadingBytes, "also when every offset accounts for it");

    let mut between = zip.clone();
    between.splice(directory..directory, *b"hidden");
    add_u32(&mut between, end + 6 + 16, 6);
    assert_eq!(code(checked(between)), Code::Gap);

    let mut before_end = zip.clone();
    before_end.splice(end..end, *b"hidden");
    assert_eq!(code(checked(before_end)), Code::BeforeEnd);

    let mut comment = [zip.as_slice(), b"hello"].concat();
    comment[end + 20] = 5;
    assert_eq!(code(checked(comment)), Code::Comment);
}

#[test]
fn bytes_behind_the_end_of_compressed_data_are_refused() {
    let mut zip = TestBundle::new().zip();
    let (central, local) = (central_at(&zip, "data/case.json"), local_at(&zip, "data/case.json"));
    let second = local_at(&zip, "data/redaction.json");
    assert_eq!(local, 0, "the first entry");
    add_u32(&mut zip, central + 20, 3);
    for (path, _) in TestBundle::new().files().iter().skip(1) {
        let at = central_at(&zip, path) + 42;
        add_u32(&mut zip, at, 3);
    }
    let end = zip.len() - 22;
    add_u32(&mut zip, end + 16, 3);
    add_u32(&mut zip, 18, 3);
    zip.splice(second..second, *b"abc");
    let structure = checked(zip).expect("the container is consistent");
    match structure.verify(&mut |_| ControlFlow::Continue(())) {
        Err(BundleError::NotWhole(found)) => assert_eq!(found.problems[0].code(), "stream-leftover"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn overlapping_entries_are_refused() {
    let mut zip = TestBundle::new().zip();
    let first = local_at(&zip, "data/case.json");
    let at = central_at(&zip, "data/redaction.json") + 42;
    put(&mut zip, at, &u32::try_from(first).expect("small").to_le_bytes());
    assert_eq!(code(checked(zip)), Code::Overlap);
}

#[test]
fn several_disks_and_contradicting_counts_are_refused() {
    let zip = TestBundle::new().zip();
    let end = zip.len() - 22;
    for (offset, expected) in
        [(4, Code::SeveralDisks), (6, Code::SeveralDisks), (8, Code::SeveralDisks), (12, Code::BadEnd)]
    {
        let mut zip = zip.clone();
        zip[end + offset] += 1;
        assert_eq!(code(checked(zip)), expected, "byte {offset} of the end record");
    }
    let mut fewer = zip.clone();
    fewer[end + 8] -= 1;
    fewer[end + 10] -= 1;
    assert_eq!(code(checked(fewer)), Code::EntryCount);
    let mut more = zip;
    more[end + 8] += 1;
    more[end + 10] += 1;
    assert_eq!(code(checked(more)), Code::EntryCount);
}

#[test]
fn what_is_over_a_limit_is_refused_before_it_is_read() {
    let zip = TestBundle::new().zip();
    let check = |limits: Limits| code(UntrustedBundle::of_bytes(zip.clone()).check_structure(&limits));
    assert_eq!(check(Limits { entries: 3, ..Limits::default() }), Code::TooManyEntries);
    assert_eq!(check(Limits { directory_bytes: 100, ..Limits::default() }), Code::DirectoryTooLarge);
    assert_eq!(check(Limits { entry_bytes: 60, ..Limits::default() }), Code::EntryTooLarge);
    assert_eq!(check(Limits { total_bytes: 1_000, ..Limits::default() }), Code::BundleTooLarge);
    assert_eq!(check(Limits { record_bytes: 100, ..Limits::default() }), Code::RecordTooLarge);
}

#[test]
fn an_entry_that_expands_to_more_than_it_declares_is_stopped_there() {
    let mut bundle = TestBundle::new();
    bundle.file("data/logs/bomb", &vec![0; 300_000]);
    let mut zip = bundle.zip();
    let (central, local) = (central_at(&zip, "data/logs/bomb") + 24, local_at(&zip, "data/logs/bomb") + 22);
    put(&mut zip, central, &70_000u32.to_le_bytes());
    put(&mut zip, local, &70_000u32.to_le_bytes());
    match verified(zip) {
        Err(BundleError::NotWhole(found)) => {
            assert!(found.problems.iter().any(|problem| problem.code() == "size-differs"), "{found:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unusual_ratio_is_a_warning_only() {
    let mut bundle = TestBundle::new();
    bundle.file("data/logs/idle.log", &vec![b'\n'; 17 * 1024 * 1024]);
    let structure = bundle.checked().expect("a valid bundle");
    assert_eq!(structure.warnings().len(), 2, "the entry and the whole");
}

#[test]
fn more_entries_than_the_short_record_can_count_are_read() {
    let names: Vec<(String, Vec<u8>)> = (0..65_600).map(|n| (format!("t/{n}"), Vec::new())).collect();
    let stored = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Stored);
    let mut zip = zip_of(&names, stored);
    assert_eq!(code(checked(zip.clone())), Code::MissingFile, "all is well but that it is no bundle");
    let end64 = zip.len() - 22 - 20 - 56;
    zip[end64 + 48] ^= 1;
    assert_eq!(code(checked(zip)), Code::EndsDiffer);
}

#[test]
fn other_files_are_told_from_cut_ones() {
    assert_eq!(code(checked(Vec::new())), Code::NotAZip);
    assert_eq!(code(checked(b"%PDF-1.7 and so on, longer than an end record".to_vec())), Code::NotAZip);
    assert_eq!(code(checked(b"PK\x03\x04".to_vec())), Code::Truncated);
}

#[test]
fn a_folder_or_a_missing_file_is_no_bundle() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(UntrustedBundle::open(folder.path()), Err(BundleError::NotAFile(_))));
    assert!(matches!(UntrustedBundle::open(&folder.path().join("x")), Err(BundleError::Open { .. })));
    let path = folder.path().join("b.casefile.zip");
    std::fs::write(&path, TestBundle::new().zip()).expect("written");
    let structure = UntrustedBundle::open(&path).expect("a file").check_structure(&Limits::default());
    structure.expect("a bundle").verify(&mut |_| ControlFlow::Continue(())).expect("whole");
}
