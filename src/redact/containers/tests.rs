//! Archives through both passes: secrets inside go, everything else stays, and nothing hostile costs more than it may.

use std::io::{Read, Write};
use std::sync::Arc;

use crate::archive::{Archive, Compression, MAX_EXPANDED, Member, MemberKind, Members, Packer, compressed, expand};
use crate::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, RedactError, Redactor, RuleSet, Step, Treatment};

const SECRET: &str = "hunter2-Correct-Horse";
const BOTH: [Archive; 2] = [Archive::Tar, Archive::Zip];

fn redactor() -> Arc<Redactor> {
    static SHARED: std::sync::OnceLock<Arc<Redactor>> = std::sync::OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| {
        let names = KnownNames { users: vec!["alice".to_owned()], ..KnownNames::default() };
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
        Arc::new(Redactor::new(set, Pseudonyms::new(b"a key for tests"), &names, Privacy::Standard).expect("ready"))
    }))
}

struct Slow(std::io::Cursor<Vec<u8>>, usize);

impl Read for Slow {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = buf.len().min(self.1);
        self.0.read(&mut buf[..n])
    }
}

/// Both passes, and what the manifest would note.
fn both_passes(input: &[u8], size: usize) -> Result<(Vec<u8>, Vec<String>), RedactError> {
    let first = redactor();
    let open = || Box::new(Slow(std::io::Cursor::new(input.to_vec()), size));
    let scan = first.scan(MediaHint::Text, &mut || Ok(open()))?;
    let second = Arc::new(first.with_seeds(&scan.seeds)?);
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    for step in second.redact(&scan.treatment, open()) {
        match step? {
            Step::Block(block) => out.extend_from_slice(block.bytes()),
            Step::End(summary) => notes = summary.notes,
        }
    }
    Ok((out, notes))
}

fn packed(archive: Archive, files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut packer, mut out) = (Packer::new(archive), Vec::new());
    for (name, body) in files {
        let member = Member { name: (*name).to_owned(), kind: MemberKind::File, modified: 0x5a77_5000, mode: 0o640 };
        packer.add(&member, body, &mut out).expect("can be written");
    }
    packer.finish(&mut out).expect("can be written");
    out
}

fn unpacked(archive: Archive, bytes: &[u8]) -> Vec<(Member, Vec<u8>)> {
    let mut members = Members::new(archive, Box::new(bytes));
    let mut all = Vec::new();
    while let Some(member) = members.next().expect("what is written is whole") {
        let mut body = Vec::new();
        members.read_to_end(&mut body).expect("what is written is whole");
        all.push((member, body));
    }
    all
}

fn squeezed(plain: &[u8], compression: Compression) -> Vec<u8> {
    let mut writer = compressed(Vec::new(), compression).expect("has a writer");
    writer.write_all(plain).expect("memory takes it");
    writer.finish().expect("memory takes it")
}

fn expanded(bytes: &[u8], compression: Compression) -> Vec<u8> {
    let mut out = Vec::new();
    expand(bytes, compression, MAX_EXPANDED).read_to_end(&mut out).expect("expands");
    out
}

fn holds(bytes: &[u8], what: &str) -> bool {
    memchr::memmem::find(bytes, what.as_bytes()).is_some()
}

#[test]
fn each_file_is_treated_by_its_own_kind_and_the_rest_is_the_same() {
    let log = format!("2026-11-23 10:15:00 login password={SECRET} ok\n");
    let json = format!("{{\"a\" : 1e400, \"apiKey\": \"{SECRET}\"}}");
    let wide: Vec<u8> = format!("\u{feff}{log}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    // No label stands beside it here: it is known from the other files.
    let bare = format!("retry with {SECRET}\n");
    let plain = b"nothing to see\r\n\xff".as_slice();
    for archive in BOTH {
        let files: [(&str, &[u8]); 6] = [
            ("logs/app.log", log.as_bytes()),
            ("conf/app.json", json.as_bytes()),
            ("logs/windows.log", &wide),
            ("z-first", plain),
            ("home/alice/notes.txt", bare.as_bytes()),
            ("empty", b""),
        ];
        let (out, notes) = both_passes(&packed(archive, &files), 1 << 20).expect("redacts");
        let members = unpacked(archive, &out);
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!(members.len(), files.len());
        for ((member, body), (name, source)) in members.iter().zip(&files) {
            assert!(!holds(body, SECRET), "{archive:?} {name}");
            assert!(*name == "home/alice/notes.txt" || member.name == *name);
            assert_eq!(member.modified, 0x5a77_5000);
            assert!(!source.is_empty() || body.is_empty());
        }
        assert!(members[0].1.starts_with(b"2026-11-23 10:15:00 login password=REDACTED-"));
        assert!(holds(&members[1].1, "{\"a\" : 1e400, \"apiKey\": \"REDACTED-"));
        assert_eq!(members[2].1.len() % 2, 0);
        assert_eq!(members[3].1, plain);
        assert!(members[4].0.name.starts_with("home/REDACTED-user-"));
        assert!(members[4].1.starts_with(b"retry with REDACTED-"));
    }
}

#[test]
fn how_the_bytes_arrive_changes_nothing() {
    let log = format!("2026-11-23 password={SECRET}\n").repeat(500);
    for archive in BOTH {
        let input = packed(archive, &[("a.log", log.as_bytes()), ("b.bin", b"\0\x01\x02"), ("c.log", b"x")]);
        let whole = both_passes(&input, 1 << 20).expect("redacts");
        for size in [1, 13, 4096] {
            assert!(both_passes(&input, size).expect("redacts") == whole, "{archive:?} {size}");
        }
    }
}

#[test]
fn redacting_an_archive_twice_changes_nothing() {
    let log = format!("2026-11-23 password={SECRET}\n");
    for archive in BOTH {
        let inner = squeezed(log.as_bytes(), Compression::Gzip);
        let input = packed(archive, &[("../home/alice/a.log", log.as_bytes()), ("b.gz", &inner), ("c", b"\0\x01")]);
        let once = both_passes(&input, 1 << 20).expect("redacts").0;
        assert!(both_passes(&once, 1 << 20).expect("redacts").0 == once, "{archive:?}");
    }
}

#[test]
fn compressed_files_and_archives_inside_keep_their_compression() {
    let log = format!("2026-11-23 password={SECRET}\n");
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Xz] {
        let inner = packed(Archive::Zip, &[("deep.log", log.as_bytes())]);
        let middle = squeezed(&packed(Archive::Tar, &[("inner.zip", &inner)]), compression);
        let single = squeezed(log.as_bytes(), compression);
        let input = packed(Archive::Tar, &[("app.log.1.gz", &single), ("old.tgz", &middle)]);
        let (out, notes) = both_passes(&input, 1 << 20).expect("redacts");
        assert!(notes.is_empty(), "{notes:?}");
        let members = unpacked(Archive::Tar, &out);
        assert!(expanded(&members[0].1, compression).starts_with(b"2026-11-23 password=REDACTED-"));
        let middle = unpacked(Archive::Tar, &expanded(&members[1].1, compression));
        assert_eq!(middle[0].0.name, "inner.zip");
        let inner = unpacked(Archive::Zip, &middle[0].1);
        assert!(inner[0].1.starts_with(b"2026-11-23 password=REDACTED-"));
    }
}

#[test]
fn a_secret_that_stands_only_in_a_nested_archive_goes_everywhere() {
    let inner = packed(Archive::Zip, &[("deep.log", format!("password={SECRET}\n").as_bytes())]);
    let bare = format!("the value is {SECRET}\n");
    let input = packed(Archive::Tar, &[("first.txt", bare.as_bytes()), ("inner.zip", &inner)]);
    let (out, _) = both_passes(&input, 1 << 20).expect("redacts");
    assert!(unpacked(Archive::Tar, &out)[0].1.starts_with(b"the value is REDACTED-"));
}

#[test]
fn what_cannot_be_redacted_is_left_out_and_named() {
    let database = b"SQLite format 3\0 alice".as_slice();
    for archive in BOTH {
        let input = packed(archive, &[("a.log", b"fine\n"), ("data.db", database), ("x.bin", b"\0\x01\x02\x03alice")]);
        let (out, notes) = both_passes(&input, 1 << 20).expect("redacts");
        let members = unpacked(archive, &out);
        let names: Vec<&str> = members.iter().map(|(member, _)| member.name.as_str()).collect();
        assert_eq!(names, ["a.log", "data.db.withheld.txt", "x.bin.withheld.txt"]);
        let notice = String::from_utf8_lossy(&members[1].1);
        assert!(notice.contains("it is an SQLite database, which cannot be redacted"), "{notice}");
        assert!(notes[0].starts_with("2 of 3 files inside were left out: data.db (is an SQLite"), "{notes:?}");
        assert!(!holds(&out, "alice"));
    }
}

#[test]
fn names_and_links_that_lead_out_are_made_harmless() {
    let (mut packer, mut tar) = (Packer::new(Archive::Tar), Vec::new());
    let mut add = |name: &str, kind| {
        let member = Member { name: name.to_owned(), kind, modified: 0, mode: 0o777 };
        packer.add(&member, b"x", &mut tar).expect("can be written");
    };
    let link = |target: &str| MemberKind::Link { target: target.to_owned(), hard: false };
    add("../../etc/cron.d/x", MemberKind::File);
    add("current", link("releases/12"));
    add("out", link("/home/alice/.ssh/id"));
    add("up", link("../../x"));
    packer.finish(&mut tar).expect("can be written");
    let (out, notes) = both_passes(&tar, 100).expect("redacts");
    let names: Vec<String> = unpacked(Archive::Tar, &out).into_iter().map(|(member, _)| member.name).collect();
    assert_eq!(names, ["__/__/etc/cron.d/x", "current", "out.withheld.txt", "up.withheld.txt"]);
    assert!(notes[0].contains("is a link that leads out of the archive"), "{notes:?}");
}

#[test]
fn archives_deeper_than_three_are_left_out() {
    let mut bytes = packed(Archive::Zip, &[("deep.log", b"x")]);
    for _ in 0..3 {
        bytes = packed(Archive::Zip, &[("inner.zip", &bytes)]);
    }
    let (out, notes) = both_passes(&bytes, 1 << 20).expect("redacts");
    let mut level = unpacked(Archive::Zip, &out);
    for _ in 0..2 {
        level = unpacked(Archive::Zip, &level[0].1);
    }
    assert_eq!(level[0].0.name, "inner.zip.withheld.txt");
    assert!(notes[0].starts_with("1 of 1 files inside were left out: inner.zip: inner.zip: inner.zip"), "{notes:?}");
}

#[test]
fn an_archive_that_is_cut_short_keeps_what_is_whole() {
    let log = format!("2026-11-23 password={SECRET}\n");
    for archive in BOTH {
        let whole = packed(archive, &[("a.log", log.as_bytes()), ("b.log", &[b'x'; 9000])]);
        let cut = if archive == Archive::Tar { 3000 } else { whole.len() / 2 - 20 };
        let (out, notes) = both_passes(&whole[..cut], 1 << 20).expect("redacts");
        let members = unpacked(archive, &out);
        assert_eq!(members.len(), 1, "{archive:?}");
        assert!(!holds(&members[0].1, SECRET));
        assert_eq!(notes, ["what follows after 1 files inside was left out: it is damaged"]);
    }
}

#[test]
fn a_damaged_archive_is_withheld_and_a_broken_disk_is_an_error() {
    let mut zip = packed(Archive::Zip, &[("a.log", b"some text")]);
    zip[40] ^= 0xff;
    let error = both_passes(&zip, 1 << 20).expect_err("is damaged");
    assert_eq!(error.to_string(), "is a damaged archive, which cannot be redacted");

    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let tar = packed(Archive::Tar, &[("a.log", &[b'x'; 100_000])]);
            if self.0 >= 50_000 {
                return Err(std::io::Error::other("the disk says no"));
            }
            let n = buf.len().min(50_000 - self.0);
            buf[..n].copy_from_slice(&tar[self.0..self.0 + n]);
            self.0 += n;
            Ok(n)
        }
    }
    let scan = redactor().scan(MediaHint::Text, &mut || Ok(Box::new(Broken(0))));
    assert!(matches!(scan, Err(RedactError::Read(_))));
    let last = redactor().redact(&Treatment::Archive(Archive::Tar), Box::new(Broken(0))).last();
    assert!(matches!(last, Some(Err(RedactError::Read(_)))));
}

#[test]
fn a_member_over_the_cap_is_left_out_without_being_held() {
    // A bomb: 80 MiB of zeros as a few KiB, inside a zip.
    let zeros = vec![0; super::MEMBER + (16 << 20)];
    let bomb = packed(Archive::Zip, &[("zeros", &zeros), ("after.log", b"still here\n")]);
    assert!(bomb.len() < 1 << 20);
    let (out, notes) = both_passes(&bomb, 1 << 20).expect("redacts");
    assert!(notes[0].contains("zeros (is too large for a file in an archive)"), "{notes:?}");
    assert_eq!(unpacked(Archive::Zip, &out)[1].1, b"still here\n");
}

#[test]
fn one_allowance_ends_all_archives_inside_each_other() {
    let inner = packed(Archive::Zip, &[("a", &[b'x'; 5000]), ("b", &[b'y'; 5000])]);
    let input = packed(Archive::Tar, &[("1.zip", &inner), ("2.zip", &inner), ("3.zip", &inner)]);
    let work = |bytes, members| {
        let mut inside = super::Inside::new(redactor());
        inside.allowance = super::Allowance::new(bytes, members);
        let mut archive = Members::new(Archive::Tar, Box::new(input.as_slice()));
        let mut seeds = crate::redact::Seeds::default();
        inside.gather(&mut archive, &mut seeds).is_ok()
    };
    assert!(work(40_000, 100));
    assert!(!work(15_000, 100), "too many bytes");
    assert!(!work(40_000, 5), "too many members");
}

#[test]
fn a_file_in_bzip2_is_stored_expanded_under_a_name_of_its_own() {
    // `nothing to hide` and a line end, as the bzip2 program packs it.
    let packed_line = data_encoding::BASE64
        .decode(b"QlpoOTFBWSZTWWac1UIAAAXRgAAQQAAG4YQAIAAiBpoyEAMAj2rm4LBW+LuSKcKEgzTmqhA=")
        .expect("base64");
    let (out, _) =
        both_passes(&packed(Archive::Tar, &[("a.log.bz2", &packed_line), ("a.log", b"x")]), 9).expect("redacts");
    let members = unpacked(Archive::Tar, &out);
    assert_eq!(
        (members[0].0.name.as_str(), members[0].1.as_slice()),
        ("a.log.bz2.expanded", &b"nothing to hide\n"[..])
    );
    assert_eq!(members[1].0.name, "a.log");
}
