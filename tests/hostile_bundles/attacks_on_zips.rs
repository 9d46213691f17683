//! Attacks on the container: its end, its directory, its headers, its bytes.

use super::bag::{Bag, CONFIG, LOG, TOP};
use super::raw_zip::{End64, Entry, Zip, deflated, field};
use super::{Made, attack};

/// An attack made by `change` on a good bundle.
fn changed(name: &str, code: &'static str, change: impl FnOnce(&mut Zip)) -> Made {
    let mut zip = Bag::new().zip();
    change(&mut zip);
    attack(name, code, zip.bytes())
}

/// An attack on the entry of the log.
fn entry(name: &str, code: &'static str, change: impl FnOnce(&mut Entry)) -> Made {
    changed(name, code, |zip| change(zip.entry(LOG)))
}

pub fn all() -> Vec<Made> {
    let mut all = files();
    all.extend(ends());
    all.extend(entries());
    all.extend(kinds());
    all.extend(sizes());
    all.extend(headers());
    all.extend(streams());
    all
}

fn files() -> Vec<Made> {
    let good = Bag::new().zip().bytes();
    let cut = |len: usize| good[..len].to_vec();
    let endless = [b"age-encryption.org/v1\n".as_slice(), &b"-> X25519 abc\n".repeat(100_000)].concat();
    vec![
        attack("empty-file", "not-a-zip", Vec::new()),
        attack("text-file", "not-a-zip", b"hello, this is no archive of any kind at all\n".to_vec()),
        attack("gzip-file", "not-a-zip", [b"\x1f\x8b\x08\0\0\0\0\0\0\x03".as_slice(), &[7; 40]].concat()),
        attack("encryption-without-a-key", "broken-encryption", b"age-encryption.org/v1\n-> X25519 abc\n".to_vec()),
        attack("encryption-that-never-begins", "broken-encryption", endless),
        attack("cut-in-half", "truncated", cut(good.len() / 2)),
        attack("cut-by-a-byte", "truncated", cut(good.len() - 1)),
        attack("cut-before-the-end-record", "truncated", cut(good.len() - 22)),
        changed("archive-comment", "comment", |zip| zip.comment = b"hello".to_vec()),
        changed("trailing-bytes", "trailing-bytes", |zip| zip.after = vec![b'x'; 1000]),
        changed("trailing-newline", "trailing-bytes", |zip| zip.after = b"\n".to_vec()),
        changed("script-in-front", "leading-bytes", |zip| zip.before = b"#!/bin/sh\nexec rm -r ~\n".to_vec()),
        changed("script-in-front-offsets-moved", "leading-bytes", |zip| {
            zip.before = b"#!/bin/sh\nexec rm -r ~\n".to_vec();
            zip.counted = true;
        }),
        attack("two-bundles-in-a-row", "bytes-before-end-record", [good.as_slice(), &good].concat()),
        changed("second-directory-in-the-comment", "leading-bytes", |zip| {
            let inner = Zip::of(vec![Entry::new("t/evil", b"evil")]).bytes();
            zip.comment = inner;
        }),
    ]
}

fn ends() -> Vec<Made> {
    let with64 = |name: &str, code, end: End64| changed(name, code, |zip| zip.end64 = Some(end));
    vec![
        changed("on-the-second-disk", "several-disks", |zip| zip.disk = 1),
        changed("directory-on-the-second-disk", "several-disks", |zip| zip.directory_disk = 1),
        changed("fewer-entries-on-this-disk", "several-disks", |zip| zip.announced_here = Some(3)),
        changed("directory-too-long", "bad-end-record", |zip| zip.directory_size = Some(1_000_000)),
        changed("directory-beyond-the-end", "bad-end-record", |zip| zip.directory_at = Some(0x7fff_ffff)),
        changed("bytes-before-the-end-record", "bytes-before-end-record", |zip| {
            zip.after_directory = b"hidden".to_vec();
        }),
        changed("one-entry-fewer-announced", "entry-count-differs", |zip| {
            zip.announced = Some(zip.entries.len() as u16 - 1);
        }),
        changed("one-entry-more-announced", "entry-count-differs", |zip| {
            zip.announced = Some(zip.entries.len() as u16 + 1);
        }),
        changed("no-entry-announced", "bytes-before-end-record", |zip| {
            (zip.announced, zip.directory_size, zip.directory_at) = (Some(0), Some(0), Some(0));
        }),
        with64("zip64-locator-points-elsewhere", "zip64-end-misplaced", End64 { moved_by: -64, ..End64::default() }),
        with64("zip64-locator-points-beyond", "zip64-end-misplaced", End64 { moved_by: 1 << 40, ..End64::default() }),
        with64(
            "zip64-with-data-of-its-own",
            "zip64-end-misplaced",
            End64 { extensible: vec![0; 64], ..End64::default() },
        ),
        with64("zip64-on-two-disks", "several-disks", End64 { disks: Some(2), ..End64::default() }),
        with64("zip64-counts-otherwise", "end-records-differ", End64 { entries: Some(3), ..End64::default() }),
        with64(
            "zip64-places-the-directory-elsewhere",
            "end-records-differ",
            End64 { directory_at: Some(0), ..End64::default() },
        ),
        with64(
            "zip64-announces-many-entries",
            "too-many-entries",
            End64 { entries: Some(1 << 60), defer: true, ..End64::default() },
        ),
        with64(
            "zip64-announces-a-huge-directory",
            "directory-too-large",
            End64 { directory_size: Some(1 << 40), defer: true, ..End64::default() },
        ),
        changed("directory-of-something-else", "bad-directory", |zip| {
            let (size, entries) = (200, zip.entries.len() as u16);
            zip.after_directory = vec![b'x'; size];
            (zip.directory_size, zip.announced) = (Some(size as u32), Some(entries));
            let before: usize = zip.bytes().len() - 22 - size;
            zip.directory_at = Some(before as u32);
        }),
    ]
}

fn entries() -> Vec<Made> {
    let mut all = vec![
        entry("encrypted", "encrypted-entry", |entry| entry.flags = 1),
        entry("strongly-encrypted", "encrypted-entry", |entry| entry.flags = 1 << 6 | 1),
        entry("directory-encrypted", "encrypted-entry", |entry| entry.flags = 1 << 13),
        entry("encrypted-with-aes", "encrypted-entry", |entry| entry.method = 99),
        entry("patched-data", "unsupported-flags", |entry| entry.flags = 1 << 5),
        entry("reserved-flag", "unsupported-flags", |entry| entry.flags = 1 << 15),
        entry("entry-comment", "entry-comment", |entry| entry.comment = b"psst".to_vec()),
        entry("unicode-path-field", "extra-field", |entry| {
            entry.extra = field(0x7075, &[b"\x01\0\0\0\0".as_slice(), b"../../evil"].concat());
        }),
        entry("unknown-field", "extra-field", |entry| entry.extra = field(0xbeef, b"data")),
        entry("unicode-path-field-at-its-place-only", "extra-field", |entry| {
            entry.local_extra = field(0x7075, &[b"\x01\0\0\0\0".as_slice(), b"../../evil"].concat());
        }),
        entry("field-cut-off", "bad-extra-field", |entry| entry.extra = b"\x55\x54\x40\0\0".to_vec()),
        entry("wide-sizes-twice", "bad-extra-field", |entry| {
            entry.extra = [field(1, &[0; 16]), field(1, &[0; 16])].concat();
        }),
        entry("wide-sizes-left-over", "bad-64-bit-sizes", |entry| entry.extra = field(1, &[0; 16])),
        entry("wide-sizes-cut-off", "bad-64-bit-sizes", |entry| {
            entry.size = 1 << 40;
            entry.extra = field(1, &[0; 4]);
        }),
        changed("stored-with-two-sizes", "stored-sizes-differ", |zip| {
            let stored = Entry::stored(&format!("{TOP}/{CONFIG}"), b"key = 1\n");
            *zip.entry(CONFIG) = Entry { size: 4, ..stored };
        }),
    ];
    for (method, name) in [
        (1, "shrunk"),
        (6, "imploded"),
        (9, "deflate64"),
        (12, "bzip2"),
        (14, "lzma"),
        (93, "zstandard"),
        (95, "xz"),
        (98, "ppmd"),
    ] {
        all.push(entry(&format!("packed-with-{name}"), "unsupported-method", |entry| entry.method = method));
    }
    all
}

fn kinds() -> Vec<Made> {
    let mode = |name: &str, code, mode: u32| entry(name, code, |entry| entry.attributes = mode << 16);
    let dos = |name: &str, code, attributes: u32| {
        entry(name, code, |entry| (entry.made_by, entry.attributes) = (20, attributes))
    };
    vec![
        changed("link-to-a-file-of-the-system", "symbolic-link", |zip| {
            let link = Entry::stored(&format!("{TOP}/data/logs/link"), b"/etc/passwd");
            zip.entries.push(Entry { attributes: 0o120_777 << 16, ..link });
        }),
        changed("link-and-a-file-behind-it", "symbolic-link", |zip| {
            let link = Entry::stored(&format!("{TOP}/data/out"), b"../../../..");
            zip.entries.push(Entry { attributes: 0o120_777 << 16, ..link });
            zip.entries.push(Entry::new(&format!("{TOP}/data/out/evil"), b"evil"));
        }),
        changed("link-said-to-come-from-dos", "symbolic-link", |zip| {
            let link = Entry::stored(&format!("{TOP}/data/logs/link"), b"/etc/passwd");
            zip.entries.push(Entry { attributes: 0o120_777 << 16, made_by: 20, ..link });
        }),
        mode("pipe", "special-file", 0o010_644),
        mode("character-device", "special-file", 0o020_644),
        mode("block-device", "special-file", 0o060_644),
        mode("socket", "special-file", 0o140_644),
        mode("unknown-kind", "special-file", 0o150_644),
        dos("volume-label", "special-file", 0x08),
        dos("dos-device", "special-file", 0x40),
        dos("reparse-point", "special-file", 0x400),
        mode("set-user-id", "special-mode", 0o104_755),
        mode("set-group-id", "special-mode", 0o102_755),
        mode("sticky", "special-mode", 0o101_755),
        mode("folder-by-its-mode-only", "folder-entry", 0o040_755),
        dos("folder-by-its-attributes-only", "folder-entry", 0x10),
        changed("file-by-its-mode-folder-by-its-name", "folder-entry", |zip| {
            zip.entries.push(Entry::stored(&format!("{TOP}/data/logs/"), b""));
        }),
        changed("folder-with-contents", "folder-with-data", |zip| {
            let folder = Entry::stored(&format!("{TOP}/data/logs/"), b"hidden");
            zip.entries.push(Entry { attributes: 0o040_755 << 16 | 0x10, ..folder });
        }),
        changed("folder-for-its-name-alone", "folder-without-files", |zip| {
            let folder = Entry::stored(&format!("{TOP}/data/the-password-is-hunter2/"), b"");
            zip.entries.push(Entry { attributes: 0o040_755 << 16 | 0x10, ..folder });
        }),
    ]
}

fn sizes() -> Vec<Made> {
    let declared = |entry: &mut Entry, size: u64| (entry.size, entry.wide) = (size, true);
    vec![
        entry("entry-of-17-gib", "entry-too-large", |entry| declared(entry, 17 << 30)),
        changed("bundle-of-75-gib", "bundle-too-large", |zip| {
            for n in 0..5 {
                let mut entry = Entry::new(&format!("{TOP}/data/logs/{n}"), b"x");
                declared(&mut entry, 15 << 30);
                zip.entries.push(entry);
            }
        }),
        changed("record-of-60-mib", "record-too-large", |zip| {
            let spaces = vec![b' '; 60 << 20];
            *zip.entry("manifest.json") = Entry::new(&format!("{TOP}/manifest.json"), &spaces);
        }),
        changed("case-of-20-mib", "record-too-large", |zip| {
            let spaces = vec![b' '; 20 << 20];
            *zip.entry("case.json") = Entry::new(&format!("{TOP}/data/case.json"), &spaces);
        }),
        changed("declaration-of-a-mib", "record-too-large", |zip| {
            *zip.entry("bagit.txt") = Entry::new(&format!("{TOP}/bagit.txt"), &vec![b'\n'; 1 << 20]);
        }),
        entry("bomb-that-declares-little", "size-differs", |entry| {
            entry.packed = deflated(&vec![0; 200 << 20]);
            entry.packed_size = entry.packed.len() as u64;
        }),
    ]
}

fn headers() -> Vec<Made> {
    vec![
        entry("header-is-elsewhere", "no-local-header", |entry| entry.local_flags = None).with(|zip| {
            // One byte of the signature at its place.
            let at = zip.windows(4).position(|window| window == b"PK\x03\x04").expect("the first header");
            zip[at + 2] = 9;
        }),
        changed("two-entries-at-one-place", "overlap", |zip| {
            zip.entry(CONFIG).claimed_at = Some(0);
        }),
        changed("entry-runs-into-the-next", "overlap", |zip| {
            let log = zip.entry(LOG);
            log.packed_size += 40;
        }),
        changed("bytes-between-entries", "gap", |zip| zip.entry(LOG).behind = b"hidden".to_vec()),
        changed("bytes-before-the-directory", "gap", |zip| zip.before_directory = vec![b'x'; 100]),
        changed("entry-that-no-directory-lists", "gap", |zip| {
            let last = zip.entries.len();
            zip.entries.push(Entry::new(&format!("{TOP}/data/logs/hidden"), b"hidden"));
            zip.order = Some((0..last).collect());
            zip.announced = Some(last as u16);
        }),
        entry("another-name-at-its-place", "local-name-differs", |entry| {
            let mut name = entry.name.clone();
            name[TOP.len() + 2] = b'X';
            entry.local_name = Some(name);
        }),
        entry("stored-at-its-place", "local-method-differs", |entry| entry.local_method = Some(0)),
        entry("encrypted-at-its-place", "local-flags-differ", |entry| entry.local_flags = Some(1)),
        entry("another-time-at-its-place", "local-time-differs", |entry| entry.local_time = Some(0x5b77_5001)),
        entry("another-checksum-at-its-place", "local-checksum-differs", |entry| entry.local_crc = Some(7)),
        entry("another-size-at-its-place", "local-sizes-differ", |entry| entry.local_size = Some(1)),
        entry("another-packed-size-at-its-place", "local-sizes-differ", |entry| entry.local_packed_size = Some(1)),
        entry("wide-sizes-at-its-place-only", "local-sizes-differ", |entry| {
            entry.local_extra = field(1, &[0; 16]);
        }),
        entry("descriptor-with-another-checksum", "descriptor-differs", |entry| {
            let mut made = entry.clone().with_descriptor(true, false);
            made.behind[4] ^= 1;
            *entry = made;
        }),
        entry("descriptor-that-is-not-there", "gap", |entry| {
            let mut made = entry.clone().with_descriptor(true, false);
            made.behind.clear();
            *entry = made;
        }),
    ]
}

fn streams() -> Vec<Made> {
    let repacked = |entry: &mut Entry, packed: Vec<u8>| {
        entry.packed_size = packed.len() as u64;
        entry.packed = packed;
    };
    vec![
        entry("no-deflate", "bad-stream", |entry| repacked(entry, vec![0xff; 60])),
        entry("deflate-cut-off", "bad-stream", |entry| {
            let cut = entry.packed[..entry.packed.len() / 2].to_vec();
            repacked(entry, cut);
        }),
        entry("bytes-behind-the-deflate", "stream-leftover", |entry| {
            let more = [entry.packed.as_slice(), b"hidden"].concat();
            repacked(entry, more);
        }),
        entry("less-than-declared", "size-differs", |entry| entry.size += 1),
        entry("more-than-declared", "size-differs", |entry| entry.size -= 1),
        entry("wrong-checksum-everywhere", "checksum-differs", |entry| entry.crc ^= 1),
        changed("stored-with-a-flipped-bit", "checksum-differs", |zip| {
            let mut stored = Entry::stored(&format!("{TOP}/{CONFIG}"), b"key = 1\n");
            stored.packed[0] ^= 1;
            *zip.entry(CONFIG) = stored;
        }),
    ]
}

impl Made {
    fn with(mut self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        change(&mut self.bytes);
        self
    }
}
