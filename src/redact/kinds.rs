//! Kinds of files that are known by their first bytes and cannot be redacted: they are left out, and the reason names them.

/// Where the bytes stand, the bytes, and what such a file is.
const KINDS: &[(usize, &[u8], &str)] = &[
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"SQLite WAL", "a journal of an SQLite database"),
    (0, &[0x37, 0x7f, 0x06, 0x82], "a write-ahead log of an SQLite database"),
    (0, &[0x37, 0x7f, 0x06, 0x83], "a write-ahead log of an SQLite database"),
    (4, b"Standard Jet DB", "an Access database"),
    (4, b"Standard ACE DB", "an Access database"),
    (4, &[0xef, 0xcd, 0xab, 0x89], "an ESE database"),
    (0, b"REDIS", "a Redis dump"),
    (0, b"PGDMP", "a PostgreSQL dump"),
    (0, b"MDMP\x93\xa7", "a Windows minidump"),
    (0, b"PAGEDUMP", "a Windows memory dump"),
    (0, b"PAGEDU64", "a Windows memory dump"),
    (0, b"JAVA PROFILE 1.", "a Java heap dump"),
    (0, b"FLR\0", "a Java flight recording"),
    (0, b"ElfFile\0", "a Windows event log (export it as text: `wevtutil qe`)"),
    (0, b"LfLe", "an old Windows event log"),
    (4, b"LfLe", "an old Windows event log"),
    (0, b"LPKSHHRH", "a journal of systemd (export it as text: `journalctl --file`)"),
    (0, b"PERFILE2", "a recording of perf"),
    (0, &[0xd4, 0xc3, 0xb2, 0xa1], "a packet capture"),
    (0, &[0xa1, 0xb2, 0xc3, 0xd4], "a packet capture"),
    (0, &[0x4d, 0x3c, 0xb2, 0xa1], "a packet capture"),
    (0, &[0xa1, 0xb2, 0x3c, 0x4d], "a packet capture"),
    (0, &[0x0a, 0x0d, 0x0d, 0x0a], "a packet capture"),
    (0, b"GMBU", "a packet capture of Network Monitor"),
    (0, &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], "an Office document or another compound file"),
    (0, b"!BDN", "an Outlook mailbox"),
    (0, &[0xca, 0xfe, 0xba, 0xbe], "a Java class or a program"),
    (0, &[0xfe, 0xed, 0xfe, 0xed], "a Java key store"),
    (0, &[0xce, 0xce, 0xce, 0xce], "a Java key store"),
    (0, &[0xce, 0xfa, 0xed, 0xfe], "a program"),
    (0, &[0xcf, 0xfa, 0xed, 0xfe], "a program"),
    (0, &[0xfe, 0xed, 0xfa, 0xce], "a program"),
    (0, &[0xfe, 0xed, 0xfa, 0xcf], "a program"),
    (0, b"\0asm", "a WebAssembly program"),
    (0, b"!<arch>\n", "a library or a Debian package"),
    (0, &[0xed, 0xab, 0xee, 0xdb], "an RPM package"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"MSCF\0\0\0\0", "a cabinet file"),
    (0, b"07070100", "a cpio archive"),
    (0, &[0x04, 0x22, 0x4d, 0x18], "an LZ4 file"),
    (0, b"LZIP", "an lzip file"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"Obj\x01", "an Avro file"),
    (0, b"regf", "a hive of the Windows registry"),
    (0, b"bplist00", "a binary property list"),
    (0, b"GIF87a", "a GIF picture"),
    (0, b"GIF89a", "a GIF picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (4, b"ftyp", "a video, or a picture in HEIF"),
    (0, &[0x1a, 0x45, 0xdf, 0xa3], "a video"),
    (0, b"OggS", "a sound or video file"),
    (0, b"Salted__", "an encrypted file"),
    (0, b"LUKS\xba\xbe", "an encrypted disk"),
    (0, b"QFI\xfb", "a disk image"),
    (0, b"KDMV", "a disk image"),
];

/// The same for kinds that may look like text throughout.
const TEXTUAL: [(&[u8], &str); 2] = [(b"%PDF-", "a PDF document"), (b"{\\rtf1", "an RTF document")];

/// What the file that begins with `head` is, where it is a kind that cannot be redacted.
pub(super) fn of(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"\x7fELF") {
        return Some(elf(head));
    }
    if is_windows_program(head) {
        return Some("a Windows program");
    }
    if let Some(kind) = zip(head) {
        return Some(kind);
    }
    if is_event_trace(head) {
        return Some("a Windows event trace");
    }
    if let Some((_, kind)) = TEXTUAL.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(kind);
    }
    // A log may begin with `REDIS` too; a file of that kind has a NUL byte soon.
    let nul = head.contains(&0);
    let known = |(at, magic, _): &&(usize, &[u8], &str)| {
        let plain = magic.len() < 8 && magic.iter().all(u8::is_ascii_graphic);
        (nul || !plain) && head.get(*at..).is_some_and(|rest| rest.starts_with(magic))
    };
    KINDS.iter().find(known).map(|(_, _, kind)| *kind)
}

fn elf(head: &[u8]) -> &'static str {
    let field = head.get(16..18).map(|two| if head[5] == 2 { [two[1], two[0]] } else { [two[0], two[1]] });
    match field.map(u16::from_le_bytes) {
        Some(4) => "a core dump",
        Some(3) => "a program or a library",
        _ => "a program",
    }
}

/// `MZ` alone also begins a text; the header says where `PE` stands.
fn is_windows_program(head: &[u8]) -> bool {
    let at = head.get(0x3c..0x40).map(|f| u32::from_le_bytes([f[0], f[1], f[2], f[3]]) as usize);
    head.starts_with(b"MZ")
        && at.is_some_and(|at| at > head.len() || head.get(at..).is_some_and(|rest| rest.starts_with(b"PE\0\0")))
        && head.contains(&0)
}

/// Archives that are documents or programs: taking their parts for files would leave them broken.
fn zip(head: &[u8]) -> Option<&'static str> {
    let length = head.get(26..28).map(|two| usize::from(u16::from_le_bytes([two[0], two[1]])))?;
    let name = head.starts_with(b"PK\x03\x04").then(|| head.get(30..30 + length))??;
    match name {
        b"[Content_Types].xml" | b"_rels/.rels" => Some("an Office document"),
        b"mimetype" => Some("an OpenDocument or EPUB file"),
        b"AndroidManifest.xml" => Some("an Android program"),
        name if name.starts_with(b"META-INF/") => Some("a Java archive"),
        _ => None,
    }
}

/// The first buffer of a trace (`WMI_BUFFER_HEADER`) is followed by a trace header of kind 0 or 2 for the log file.
fn is_event_trace(head: &[u8]) -> bool {
    let word = |at: usize| head.get(at..at + 4).map(|f| u32::from_le_bytes([f[0], f[1], f[2], f[3]]));
    let (Some(size), Some(used)) = (word(0), word(4)) else { return false };
    let marker = head.get(0x48..0x4c);
    (0x400..=0x100_0000).contains(&size)
        && size.is_power_of_two()
        && used <= size
        && marker.is_some_and(|m| m[3] & 0xc0 == 0xc0 && (1..=2).contains(&m[2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_first_bytes() {
        assert_eq!(of(b"SQLite format 3\0\x10\0"), Some("an SQLite database"));
        assert_eq!(of(b"MDMP\x93\xa7"), Some("a Windows minidump"));
        assert_eq!(of(b"%PDF-1.7\n"), Some("a PDF document"));
        let mut core = b"\x7fELF\x02\x01\x01".to_vec();
        core.resize(16, 0);
        core.extend([4, 0]);
        assert_eq!(of(&core), Some("a core dump"));
        core[16] = 2;
        assert_eq!(of(&core), Some("a program"));
        let mut office = b"PK\x03\x04".to_vec();
        office.resize(26, 0);
        office.extend([19, 0, 0, 0]);
        office.extend_from_slice(b"[Content_Types].xml");
        assert_eq!(of(&office), Some("an Office document"));
    }

    #[test]
    fn text_and_short_heads_are_of_no_kind() {
        for text in [
            "",
            "M",
            "MZ is how programs begin",
            "PK",
            "2026-11-23 10:15:00 started",
            "{\"a\":1}",
            "REDIS is up",
            "abcdftyp",
        ] {
            assert_eq!(of(text.as_bytes()), None, "{text}");
        }
    }
}
