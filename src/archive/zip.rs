//! Zip, read from front to back by its local headers, so that it needs neither a seekable file nor memory for a directory,
//! and written anew by the library that also writes bundles.
//!
//! What a directory at the end says otherwise does not matter here: only what was read and redacted is written again.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::{Crc, Decompress, FlushDecompress, Status};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime};

use super::damaged;
use super::member::{Member, MemberKind};

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// Whether `head` begins a zip: with a member, or with the end of one without members.
pub(super) fn is_head(head: &[u8]) -> bool {
    (head.starts_with(&LOCAL) && head.len() >= 30) || (head.starts_with(b"PK\x05\x06") && head.len() >= 22)
}

/// Reads the members of a zip.
pub struct ZipReader<R> {
    reader: R,
    body: Body,
}

/// Where the reader stands within a member.
struct Body {
    how: How,
    /// Compressed bytes that follow, where the header tells.
    left: Option<u64>,
    inflate: Decompress,
    crc: Crc,
    stated: u32,
    /// Whether sizes and checksum follow after the bytes, and whether they have 64 bits.
    descriptor: Option<bool>,
    compressed: u64,
    plain: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Stored,
    Deflated,
    /// In a way that is not opened: encrypted, or an uncommon compression.
    Closed,
    /// Nothing more to read.
    Done,
}

impl<R: BufRead> ZipReader<R> {
    pub(super) fn new(reader: R) -> Self {
        let body = Body {
            how: How::Done,
            left: None,
            inflate: Decompress::new(false),
            crc: Crc::new(),
            stated: 0,
            descriptor: None,
            compressed: 0,
            plain: 0,
        };
        Self { reader, body }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Member>> {
        self.skip()?;
        let mut signature = [0; 4];
        self.reader.read_exact(&mut signature)?;
        match &signature {
            magic if *magic == LOCAL => {}
            // The directory, or what may stand before it.
            b"PK\x01\x02" | b"PK\x05\x06" | b"PK\x06\x06" | b"PK\x06\x08" => return Ok(None),
            _ => return Err(damaged("has no zip member where one should be")),
        }
        let mut fixed = [0; 26];
        self.reader.read_exact(&mut fixed)?;
        let short = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let word = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let (flags, method) = (short(2), short(4));
        let mut name = vec![0; usize::from(short(22))];
        let mut extra = vec![0; usize::from(short(24))];
        self.reader.read_exact(&mut name)?;
        self.reader.read_exact(&mut extra)?;
        let wide = zip64(&extra, word(18) == u32::MAX);
        let size = match (word(14), wide) {
            (u32::MAX, Some(Some(size))) => size,
            (size, _) => u64::from(size),
        };
        let name = String::from_utf8_lossy(&name).into_owned();
        let folder = name.ends_with(['/', '\\']);
        let described = flags & 8 != 0;
        let closed = flags & (1 | 1 << 6 | 1 << 13) != 0 || !matches!(method, 0 | 8);
        // With a descriptor the size stands after the bytes; only deflate tells by itself where it ends.
        let unknown = described && size == 0;
        if unknown && !folder && (closed || method == 0) {
            return Err(damaged("has a zip member whose end cannot be found"));
        }
        let how = match method {
            _ if closed => How::Closed,
            8 => How::Deflated,
            _ => How::Stored,
        };
        self.body = Body {
            how,
            left: (!unknown || how == How::Stored).then_some(size),
            inflate: Decompress::new(false),
            crc: Crc::new(),
            stated: word(10),
            descriptor: described.then_some(wide.is_some()),
            compressed: 0,
            plain: 0,
        };
        let kind = match how {
            _ if folder => MemberKind::Folder,
            How::Closed if flags & 1 != 0 => MemberKind::Other("encrypted"),
            How::Closed => MemberKind::Other("compressed in an uncommon way"),
            _ => MemberKind::File,
        };
        let modified = u64::from(short(8)) << 16 | u64::from(short(6));
        Ok(Some(Member { name, kind, modified, mode: 0 }))
    }

    /// Goes to the end of the present member.
    fn skip(&mut self) -> io::Result<()> {
        if self.body.how == How::Closed {
            let left = self.body.left.unwrap_or(0);
            if io::copy(&mut self.reader.by_ref().take(left), &mut io::sink())? < left {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.body.compressed = left;
            self.descriptor()?;
            self.body.how = How::Done;
        }
        io::copy(self, &mut io::sink()).map(|_| ())
    }

    /// Reads some bytes of the present member as they stand.
    fn some(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let body = &mut self.body;
        if body.how == How::Stored {
            let left = body.left.unwrap_or(0);
            let most = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
            let n = self.reader.read(&mut buf[..most])?;
            if n == 0 && most > 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            body.left = Some(left - n as u64);
            body.compressed += n as u64;
            return Ok(n);
        }
        loop {
            let input = self.reader.fill_buf()?;
            let most =
                body.left.and_then(|left| usize::try_from(left).ok()).map_or(input.len(), |l| l.min(input.len()));
            let (taken, given) = (body.inflate.total_in(), body.inflate.total_out());
            let status = body.inflate.decompress(&input[..most], buf, FlushDecompress::None);
            let status = status.map_err(|_| damaged("holds a damaged zip member"))?;
            let taken = body.inflate.total_in() - taken;
            let n = (body.inflate.total_out() - given) as usize;
            self.reader.consume(taken as usize);
            body.compressed += taken;
            body.left = body.left.map(|left| left - taken);
            if status == Status::StreamEnd {
                if body.left.is_some_and(|left| left > 0) {
                    return Err(damaged("holds a zip member that is longer than its data"));
                }
                body.left = Some(0);
                return Ok(n);
            }
            if n > 0 {
                return Ok(n);
            }
            if taken == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads what stands after the bytes of a member with unknown size, and compares it.
    fn descriptor(&mut self) -> io::Result<()> {
        let Some(wide) = self.body.descriptor.take() else { return Ok(()) };
        let mut word = [0; 4];
        self.reader.read_exact(&mut word)?;
        // The signature is optional.
        if word == DESCRIPTOR {
            self.reader.read_exact(&mut word)?;
        }
        self.body.stated = u32::from_le_bytes(word);
        let mut sizes = [0; 16];
        self.reader.read_exact(&mut sizes[..8])?;
        let size = |at: usize| u32::from_le_bytes([sizes[at], sizes[at + 1], sizes[at + 2], sizes[at + 3]]);
        let low = |value: u64| (value & u64::from(u32::MAX)) as u32;
        let narrow = size(0) == low(self.body.compressed) && size(4) == low(self.body.plain);
        // Some writers use 64 bits without saying so.
        if self.body.how != How::Closed && (wide || !narrow) || self.body.how == How::Closed && wide {
            self.reader.read_exact(&mut sizes[8..])?;
        }
        Ok(())
    }
}

/// The 64-bit sizes in the extra field of a local header: whether there are any, and the compressed one.
fn zip64(mut extra: &[u8], has_plain: bool) -> Option<Option<u64>> {
    while extra.len() >= 4 {
        let (id, length) =
            (u16::from_le_bytes([extra[0], extra[1]]), usize::from(u16::from_le_bytes([extra[2], extra[3]])));
        let field = extra.get(4..4 + length)?;
        if id == 1 {
            let at = if has_plain { 8 } else { 0 };
            let size = field.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
            return Some(size);
        }
        extra = &extra[4 + length..];
    }
    None
}

impl<R: BufRead> Read for ZipReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() || matches!(self.body.how, How::Done | How::Closed) {
            return Ok(0);
        }
        let ended = self.body.left == Some(0) && (self.body.how == How::Stored || self.body.compressed > 0);
        let n = if ended { 0 } else { self.some(buf)? };
        self.body.crc.update(&buf[..n]);
        self.body.plain += n as u64;
        if n == 0 {
            self.descriptor()?;
            self.body.how = How::Done;
            if self.body.crc.sum() != self.body.stated {
                return Err(damaged("holds a zip member with a wrong checksum"));
            }
        }
        Ok(n)
    }
}

/// What the library writes, on its way to the caller's buffer.
#[derive(Clone, Default)]
struct Tank(Arc<Mutex<Vec<u8>>>);

impl Tank {
    fn empty_into(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Write for Tank {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the members of a zip.
pub struct ZipWriter {
    zip: zip::ZipWriter<StreamWriter<Tank>>,
    tank: Tank,
}

impl Default for ZipWriter {
    fn default() -> Self {
        let tank = Tank::default();
        Self { zip: zip::ZipWriter::new_stream(tank.clone()), tank }
    }
}

impl ZipWriter {
    pub(super) fn add(&mut self, member: &Member, body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let (date, time) = ((member.modified >> 16) as u16, (member.modified & 0xffff) as u16);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(DateTime::try_from_msdos(date, time).unwrap_or_default());
        match &member.kind {
            MemberKind::File => {
                self.zip.start_file(member.name.as_str(), options.unix_permissions(0o644))?;
                self.zip.write_all(body)?;
            }
            MemberKind::Folder => self.zip.add_directory(member.name.as_str(), options.unix_permissions(0o755))?,
            MemberKind::Link { .. } | MemberKind::Other(_) => {
                return Err(damaged("is nothing that a zip is written with"));
            }
        }
        self.tank.empty_into(out);
        Ok(())
    }

    pub(super) fn finish(self, out: &mut Vec<u8>) -> io::Result<()> {
        self.zip.finish()?;
        self.tank.empty_into(out);
        Ok(())
    }
}
