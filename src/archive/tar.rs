//! Tar, read and written from front to back. Written here because the libraries read long names without a bound and unpack
//! to disk; the format is blocks of 512 bytes.

use std::io::{self, Read};

use super::damaged;
use super::member::{Member, MemberKind};

const BLOCK: usize = 512;

/// The longest name or link target that is kept; paths of any system are shorter.
const LONGEST_NAME: u64 = 64 << 10;

/// The largest pax header; real ones have a few hundred bytes.
const LONGEST_PAX: u64 = 1 << 20;

/// Whether `head` begins a tar: a header whose checksum holds.
pub(super) fn is_head(head: &[u8]) -> bool {
    head.get(..BLOCK).is_some_and(|block| block[0] != 0 && checksum_holds(block))
}

fn checksum_holds(block: &[u8]) -> bool {
    number(&block[148..156]) == Some(sum(block))
}

/// The sum of a header's bytes, its own field taken as blanks.
fn sum(block: &[u8]) -> u64 {
    block.iter().enumerate().map(|(n, b)| if (148..156).contains(&n) { 32 } else { u64::from(*b) }).sum()
}

/// A number in octal, or, with the highest bit set, in base 256.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let big = field.iter().enumerate().map(|(n, b)| if n == 0 { b & 0x7f } else { *b });
        return big.into_iter().try_fold(0u64, |value, b| value.checked_mul(256)?.checked_add(u64::from(b)));
    }
    let digits = field.iter().skip_while(|b| **b == b' ').take_while(|b| !matches!(**b, b' ' | 0));
    digits.into_iter().try_fold(0u64, |value, b| match b {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(b - b'0')),
        _ => None,
    })
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// What extension headers say about the member after them.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    target: Option<String>,
    size: Option<u64>,
    modified: Option<u64>,
    sparse: bool,
}

/// Reads the members of a tar.
pub struct TarReader<R> {
    reader: R,
    /// Bytes of the present member that were not read.
    left: u64,
    /// Bytes that fill up its last block.
    padding: u64,
}

impl<R: Read> TarReader<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, left: 0, padding: 0 }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Member>> {
        let mut extended = Extended::default();
        loop {
            self.skip()?;
            let Some(block) = self.block()? else { return Ok(None) };
            if !checksum_holds(&block) {
                return Err(damaged("has no valid tar header where one should be"));
            }
            let stated = number(&block[124..136]).ok_or_else(|| damaged("has a tar header without a size"))?;
            let flag = block[156];
            let has_body = !matches!(flag, b'1'..=b'6');
            let size = if matches!(flag, b'L' | b'K' | b'x' | b'g') { stated } else { extended.size.unwrap_or(stated) };
            self.left = if has_body { size } else { 0 };
            self.padding = (BLOCK as u64 - self.left % BLOCK as u64) % BLOCK as u64;
            match flag {
                b'L' => extended.name = Some(text(&self.whole(LONGEST_NAME)?)),
                b'K' => extended.target = Some(text(&self.whole(LONGEST_NAME)?)),
                b'x' => pax(&self.whole(LONGEST_PAX)?, &mut extended)?,
                // Global headers say what holds for all: comments, a commit. They are not carried over.
                b'g' => {}
                _ => return Ok(Some(member(&block, flag, extended))),
            }
        }
    }

    /// The next header; `None` at the end, which is a block of zeros or the end of the file.
    fn block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut block = Vec::with_capacity(BLOCK);
        self.reader.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        if block.iter().all(|b| *b == 0) {
            return Ok(None);
        }
        block.try_into().map(Some).map_err(|_| cut_short())
    }

    fn whole(&mut self, most: u64) -> io::Result<Vec<u8>> {
        if self.left > most {
            return Err(damaged("has a tar extension header that is too long"));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn skip(&mut self) -> io::Result<()> {
        let rest = self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        if io::copy(&mut self.reader.by_ref().take(rest), &mut io::sink())? < rest {
            return Err(cut_short());
        }
        Ok(())
    }
}

fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the tar is cut short")
}

impl<R: Read> Read for TarReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buf.len(), |left| left.min(buf.len()));
        let n = self.reader.read(&mut buf[..most])?;
        if n == 0 && most > 0 {
            return Err(cut_short());
        }
        self.left -= n as u64;
        Ok(n)
    }
}

fn member(block: &[u8; BLOCK], flag: u8, extended: Extended) -> Member {
    let prefix = if &block[257..263] == b"ustar\0" { text(&block[345..500]) } else { String::new() };
    let short = text(&block[..100]);
    let whole = if prefix.is_empty() { short } else { format!("{prefix}/{short}") };
    let name = extended.name.unwrap_or(whole);
    let target = extended.target.unwrap_or_else(|| text(&block[157..257]));
    let kind = match flag {
        _ if extended.sparse => MemberKind::Other("a sparse file"),
        // Before POSIX a folder was a file whose name ends so.
        0 | b'0' | b'7' if name.ends_with('/') => MemberKind::Folder,
        0 | b'0' | b'7' => MemberKind::File,
        b'1' => MemberKind::Link { target, hard: true },
        b'2' => MemberKind::Link { target, hard: false },
        b'3' | b'4' => MemberKind::Other("a device"),
        b'5' => MemberKind::Folder,
        b'6' => MemberKind::Other("a named pipe"),
        b'S' => MemberKind::Other("a sparse file"),
        _ => MemberKind::Other("of an unknown kind"),
    };
    let modified = extended.modified.or_else(|| number(&block[136..148])).unwrap_or(0);
    let mode = number(&block[100..108]).and_then(|mode| u32::try_from(mode & 0o777).ok()).unwrap_or(0);
    Member { name, kind, modified, mode }
}

/// Records `LENGTH KEY=VALUE\n` (POSIX, "pax Extended Header").
fn pax(mut records: &[u8], extended: &mut Extended) -> io::Result<()> {
    let wrong = || damaged("has a damaged pax header");
    while !records.is_empty() && records[0] != 0 {
        let blank = records.iter().take(20).position(|b| *b == b' ').ok_or_else(wrong)?;
        let length = std::str::from_utf8(&records[..blank]).ok().and_then(|digits| digits.parse::<usize>().ok());
        let length = length.filter(|length| *length > blank + 1 && *length <= records.len()).ok_or_else(wrong)?;
        let record = &records[blank + 1..length - 1];
        records = &records[length..];
        let equals = record.iter().position(|b| *b == b'=').ok_or_else(wrong)?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        let number = || std::str::from_utf8(value).ok().and_then(|v| v.split('.').next()?.parse::<u64>().ok());
        match key {
            b"path" => extended.name = Some(text(value)),
            b"linkpath" => extended.target = Some(text(value)),
            b"size" => extended.size = Some(number().ok_or_else(wrong)?),
            b"mtime" => extended.modified = number(),
            key if key.starts_with(b"GNU.sparse.") => extended.sparse = true,
            _ => {}
        }
    }
    Ok(())
}

/// Writes the members of a tar, as GNU tar and everything after it read it.
#[derive(Default)]
pub struct TarWriter {}

impl TarWriter {
    #[allow(clippy::unused_self)] // the same shape as the writer of zips
    pub(super) fn add(&mut self, member: &Member, body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let (flag, default_mode, target) = match &member.kind {
            MemberKind::File => (b'0', 0o644, ""),
            MemberKind::Folder => (b'5', 0o755, ""),
            MemberKind::Link { target, hard } => (if *hard { b'1' } else { b'2' }, 0o777, target.as_str()),
            MemberKind::Other(_) => return Err(damaged("is nothing that a tar is written with")),
        };
        for (long, flag, text) in [(target.len() > 100, b'K', target), (member.name.len() > 100, b'L', &member.name)] {
            if long {
                let body = [text.as_bytes(), b"\0"].concat();
                entry("././@LongLink", flag, 0o644, 0, "", &body, out);
            }
        }
        let mode = if member.mode == 0 { default_mode } else { member.mode };
        let body = if flag == b'0' { body } else { &[] };
        entry(&member.name, flag, mode, member.modified, target, body, out);
        Ok(())
    }

    #[allow(clippy::unused_self)]
    pub(super) fn finish(self, out: &mut Vec<u8>) -> io::Result<()> {
        out.extend([0; 2 * BLOCK]);
        Ok(())
    }
}

fn entry(name: &str, flag: u8, mode: u32, modified: u64, target: &str, body: &[u8], out: &mut Vec<u8>) {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, most: usize, bytes: &[u8]| {
        let length = bytes.len().min(most);
        block[at..at + length].copy_from_slice(&bytes[..length]);
    };
    put(0, 100, name.as_bytes());
    put(100, 8, format!("{mode:07o}\0").as_bytes());
    // No owner: its number and name belong to the customer's machine.
    put(108, 8, b"0000000\0");
    put(116, 8, b"0000000\0");
    put(124, 12, &large(body.len() as u64));
    put(136, 12, &large(modified));
    put(156, 1, &[flag]);
    put(157, 100, target.as_bytes());
    put(257, 8, b"ustar  \0");
    let checksum = format!("{:06o}\0 ", sum(&block));
    block[148..156].copy_from_slice(checksum.as_bytes());
    out.extend_from_slice(&block);
    out.extend_from_slice(body);
    out.extend(std::iter::repeat_n(0, (BLOCK - body.len() % BLOCK) % BLOCK));
}

/// Eleven octal digits, or, where they don't suffice, base 256.
fn large(value: u64) -> Vec<u8> {
    if value < 1 << 33 {
        return format!("{value:011o}\0").into_bytes();
    }
    let mut field = vec![0x80, 0, 0, 0];
    field.extend(value.to_be_bytes());
    field
}
