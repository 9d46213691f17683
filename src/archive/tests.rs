//! Archives: what is written comes back, what other programs wrote is read, and nothing hostile costs more than it may.

use std::io::Read;

use super::*;

const BOTH: [Archive; 2] = [Archive::Tar, Archive::Zip];

fn file(name: &str) -> Member {
    Member { name: name.to_owned(), kind: MemberKind::File, modified: 0x5a77_5000, mode: 0 }
}

fn packed(archive: Archive, members: &[(Member, &[u8])]) -> Vec<u8> {
    let (mut packer, mut out) = (Packer::new(archive), Vec::new());
    for (member, body) in members {
        packer.add(member, body, &mut out).expect("can be written");
    }
    packer.finish(&mut out).expect("can be written");
    out
}

/// Hands out at most so many bytes at once.
struct Bits<'a>(&'a [u8], usize);

impl Read for Bits<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf.len().min(self.1);
        self.0.read(&mut buf[..n])
    }
}

fn unpacked(archive: Archive, bytes: &[u8], size: usize) -> io::Result<Vec<(Member, Vec<u8>)>> {
    let mut members = Members::new(archive, Box::new(io::BufReader::with_capacity(size, Bits(bytes, size))));
    let mut all = Vec::new();
    while let Some(member) = members.next()? {
        let mut body = Vec::new();
        members.read_to_end(&mut body)?;
        all.push((member, body));
    }
    Ok(all)
}

#[test]
fn what_is_packed_comes_back_in_its_order_however_it_is_read() {
    let long = format!("logs/{}/app.log", "deep/".repeat(40));
    let large = b"2026-11-23 10:15:00 a line\n".repeat(9000);
    for archive in BOTH {
        let folder = Member { name: "logs/".to_owned(), kind: MemberKind::Folder, ..file("") };
        let members = [
            (folder, &b""[..]),
            (file("logs/empty"), b""),
            (file("logs/z.log"), &large),
            (file(&long), b"text"),
            (file("a"), &[0; 512]),
        ];
        let bytes = packed(archive, &members);
        assert_eq!(Archive::of(&bytes), Some(archive));
        for size in [1, 7, 512, 100_000] {
            let back = unpacked(archive, &bytes, size).expect("unpacks");
            assert_eq!(back.len(), members.len());
            for ((member, body), (wanted, wanted_body)) in back.iter().zip(&members) {
                assert_eq!((&member.name, &member.kind), (&wanted.name, &wanted.kind), "{archive:?}");
                assert_eq!(member.modified, wanted.modified, "{archive:?}");
                assert!(body == wanted_body, "{archive:?} {}", member.name);
            }
        }
    }
}

#[test]
fn members_that_nobody_reads_are_skipped() {
    for archive in BOTH {
        let bytes = packed(archive, &[(file("a"), &[b'x'; 5000][..]), (file("b"), b"second")]);
        let mut members = Members::new(archive, Box::new(bytes.as_slice()));
        assert_eq!(members.next().expect("reads").map(|m| m.name).as_deref(), Some("a"));
        assert_eq!(members.next().expect("reads").map(|m| m.name).as_deref(), Some("b"));
        assert_eq!(members.next().expect("reads"), None);
    }
}

#[test]
fn what_is_cut_short_or_changed_is_an_error_or_harmless() {
    for archive in BOTH {
        let bytes = packed(archive, &[(file("one.log"), b"some text in it"), (file("two.log"), b"and more")]);
        for end in 1..bytes.len() {
            let _ = unpacked(archive, &bytes[..end], 100);
            let mut changed = bytes.clone();
            changed[end] ^= 0x41;
            let _ = unpacked(archive, &changed, 100);
        }
    }
    let zip = packed(Archive::Zip, &[(file("one.log"), b"some text in it")]);
    assert!(unpacked(Archive::Zip, &zip[..45], 100).is_err());
}

#[test]
fn a_zip_member_with_a_wrong_checksum_is_an_error() {
    // Stored, with its size in the header and a checksum of nothing.
    let mut zip = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0\x01\0\0\0atext".to_vec();
    zip.extend_from_slice(b"PK\x05\x06");
    let error = unpacked(Archive::Zip, &zip, 100).expect_err("is damaged");
    assert!(error.to_string().contains("checksum"), "{error}");
}

#[test]
fn encrypted_and_uncommon_members_are_named_and_skipped() {
    for (flags, method, what) in [(1, 0, "encrypted"), (0, 93, "compressed in an uncommon way")] {
        let mut zip = b"PK\x03\x04\x14\0".to_vec();
        zip.extend([flags, 0, method, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0]);
        zip.extend_from_slice(b"atextPK\x05\x06");
        let members = unpacked(Archive::Zip, &zip, 100).expect("goes on");
        assert_eq!(members[0].0.kind, MemberKind::Other(what));
    }
}

#[test]
fn long_names_and_pax_headers_are_bounded() {
    let header = |flag: u8, size: u64| {
        let mut out = packed(Archive::Tar, &[(file("x"), b"")]);
        out.truncate(512);
        out[156] = flag;
        out[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        let sum: u32 = (0..512).map(|n| if (148..156).contains(&n) { 32 } else { u32::from(out[n]) }).sum();
        out[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out
    };
    for flag in [b'L', b'K', b'x'] {
        let error = unpacked(Archive::Tar, &header(flag, 1 << 32), 100).expect_err("is refused");
        assert!(error.to_string().contains("too long"), "{error}");
    }
    for record in ["30 path=short\n", "0 path=x\n", "path", "99999999999999999999 x=y\n"] {
        let mut tar = header(b'x', record.len() as u64);
        tar.extend_from_slice(record.as_bytes());
        tar.resize(1024, 0);
        assert!(unpacked(Archive::Tar, &tar, 100).is_err(), "{record}");
    }
    let mut tar = header(b'x', 21);
    tar.extend_from_slice(b"12 path=new\n9 size=3\n");
    tar.resize(1024, 0);
    tar.extend(header(b'0', 0));
    tar.extend_from_slice(b"abc");
    tar.resize(2048 + 512, 0);
    let members = unpacked(Archive::Tar, &tar, 100).expect("reads");
    assert_eq!((members[0].0.name.as_str(), members[0].1.as_slice()), ("new", &b"abc"[..]));
}
