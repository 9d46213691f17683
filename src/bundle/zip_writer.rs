//! A zip as it is written: entries one after the other, each of parts that are deflated already, then the directory.
//!
//! Sizes and checksums always stand in the header in front of an entry, never behind it: a small entry is held until all
//! of it is there, a large one gets its header written over at its end, or waits in a spool where what was written cannot be
//! changed any more. Not with a library: `zip` takes no part that was deflated elsewhere, and `rawzip` cannot take back an
//! entry that was begun.
//!
//! References are to PKWARE's APPNOTE.TXT 6.3.10.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

use age::stream::StreamWriter;
use jiff::Timestamp;

use super::encryption::Recipients;
use super::packing::Part;
use crate::platform::SealedSpool;

/// Packed bytes of an entry that are held before its header is written. Most entries of a bundle are smaller.
const HELD: usize = 256 << 10;

const HEADER: u32 = 0x0403_4b50; // 4.3.7
const CRC_AT: u64 = 14;
const HEADER_SIZE: u64 = 30;
const RECORD: u32 = 0x0201_4b50; // 4.3.12
const END: u32 = 0x0605_4b50; // 4.3.16
const END64: u32 = 0x0606_4b50; // 4.3.14
const LOCATOR64: u32 = 0x0706_4b50; // 4.3.15
const ZIP64: u16 = 1; // 4.5.3
const DEFLATED: u16 = 8; // 4.4.5
/// What deflate needs, and what 64-bit sizes need (4.4.3.2).
const VERSION: u16 = 20;
const VERSION64: u16 = 45;
/// Made on Unix (4.4.2): then the upper half of the attributes is a mode.
const UNIX: u16 = 3 << 8;
const REGULAR_FILE: u32 = 0o100_644 << 16;

/// A zip that is being written from the begin of a file.
pub(super) struct ZipWriter {
    out: Out,
    /// Where the next entry begins.
    at: u64,
    entries: u64,
    directory: Vec<u8>,
}

/// Where it goes.
enum Out {
    /// A file.
    Plain(BufWriter<File>),
    /// A file that is encrypted as it is written.
    Sealed {
        stream: Box<StreamWriter<BufWriter<File>>>,
        file: File,
        /// The folder for what has to wait.
        folder: PathBuf,
        /// The packed bytes of the entry that is being written, where it is a large one.
        spool: Option<Box<SealedSpool>>,
    },
}

/// An entry that is being written.
pub(super) struct Entry {
    name: String,
    time: u32,
    header_at: u64,
    crc: crc32fast::Hasher,
    size: u64,
    packed: u64,
    /// What is not written yet; `None` once the header is.
    held: Option<Vec<u8>>,
}

impl ZipWriter {
    pub(super) fn new(file: File) -> Self {
        Self::to(Out::Plain(BufWriter::with_capacity(HELD, file)))
    }

    /// The same, encrypted for `recipients`. A large entry waits in a spool in `folder`.
    pub(super) fn sealed(file: File, recipients: &Recipients, folder: PathBuf) -> io::Result<Self> {
        let stream = Box::new(recipients.seal(BufWriter::with_capacity(HELD, file.try_clone()?))?);
        Ok(Self::to(Out::Sealed { stream, file, folder, spool: None }))
    }

    fn to(out: Out) -> Self {
        Self { out, at: 0, entries: 0, directory: Vec::new() }
    }

    /// Begins the entry `name`, which is ASCII.
    pub(super) fn begin(&self, name: String, modified: Option<Timestamp>) -> Entry {
        let crc = crc32fast::Hasher::new();
        let (time, header_at) = (dos_time(modified), self.at);
        Entry { name, time, header_at, crc, size: 0, packed: 0, held: Some(Vec::new()) }
    }

    /// Appends a part to the entry that was begun last.
    pub(super) fn append(&mut self, entry: &mut Entry, part: &Part) -> io::Result<()> {
        entry.crc.combine(&crc32fast::Hasher::new_with_initial_len(part.crc(), part.size()));
        entry.size += part.size();
        entry.packed += part.packed().len() as u64;
        let Some(held) = &mut entry.held else { return self.out.more(part.packed()) };
        if held.len() + part.packed().len() <= HELD {
            held.extend_from_slice(part.packed());
            return Ok(());
        }
        let held = entry.held.take().unwrap_or_default();
        // How long it will be is not known: the header makes room for 64-bit sizes.
        self.out.begin_large(&entry.header(0, true))?;
        self.out.more(&held)?;
        self.out.more(part.packed())
    }

    /// Ends the entry.
    pub(super) fn end(&mut self, entry: &Entry) -> io::Result<()> {
        let crc = entry.crc.clone().finalize();
        let header = entry.header(crc, entry.held.is_none());
        self.at += header.len() as u64 + entry.packed;
        match &entry.held {
            Some(held) => {
                self.out.write(&header)?;
                self.out.write(held)?;
            }
            None => self.out.end_large(entry.header_at, &header, self.at)?,
        }
        self.entries += 1;
        entry.record(crc, &mut self.directory);
        Ok(())
    }

    /// Removes the entry that is being written, its bytes included.
    pub(super) fn take_back(&mut self, entry: &Entry) -> io::Result<()> {
        if entry.held.is_none() { self.out.take_back(entry.header_at) } else { Ok(()) }
    }

    /// Writes the directory. Returns the length of the file.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        let (at, size) = (self.at, self.directory.len() as u64);
        self.out.write(&self.directory)?;
        let end64_at = at + size;
        let mut end = Fields(Vec::new());
        let fits = self.entries < u64::from(u16::MAX) && at < u64::from(u32::MAX) && size < u64::from(u32::MAX);
        if !fits {
            end.u32(END64).u64(44).u16(UNIX | VERSION64).u16(VERSION64).u32(0).u32(0);
            end.u64(self.entries).u64(self.entries).u64(size).u64(at);
            end.u32(LOCATOR64).u32(0).u64(end64_at).u32(1);
        }
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX);
        end.u32(END).u16(0).u16(0).u16(entries).u16(entries).u32(short(size)).u32(short(at)).u16(0);
        self.out.write(&end.0)?;
        self.out.finish()
    }
}

impl Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Sealed { stream, .. } => stream.write_all(bytes),
        }
    }

    /// Begins an entry whose header is not known yet.
    fn begin_large(&mut self, header: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(header),
            Self::Sealed { folder, spool, .. } => {
                *spool = Some(Box::new(SealedSpool::new(Some(folder))?));
                Ok(())
            }
        }
    }

    /// Packed bytes of such an entry.
    fn more(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Sealed { spool: Some(spool), .. } => spool.write_all(bytes),
            _ => self.write(bytes),
        }
    }

    /// Ends such an entry, which began at `header_at` and ends at `end`.
    fn end_large(&mut self, header_at: u64, header: &[u8], end: u64) -> io::Result<()> {
        match self {
            Self::Plain(out) => {
                out.seek(SeekFrom::Start(header_at + CRC_AT))?;
                out.write_all(&header[CRC_AT as usize..])?;
                out.seek(SeekFrom::Start(end)).map(drop)
            }
            Self::Sealed { stream, spool, .. } => {
                stream.write_all(header)?;
                match spool.take() {
                    Some(spool) => io::copy(&mut spool.finish().reader(), stream).map(drop),
                    None => Ok(()),
                }
            }
        }
    }

    /// Removes such an entry, which began at `header_at`.
    fn take_back(&mut self, header_at: u64) -> io::Result<()> {
        match self {
            Self::Plain(out) => {
                out.seek(SeekFrom::Start(header_at))?;
                out.get_ref().set_len(header_at)
            }
            Self::Sealed { spool, .. } => {
                *spool = None;
                Ok(())
            }
        }
    }

    /// Ends the file. Returns its length.
    fn finish(self) -> io::Result<u64> {
        match self {
            Self::Plain(mut out) => {
                out.flush()?;
                out.stream_position()
            }
            Self::Sealed { stream, file, .. } => {
                stream.finish()?.flush()?;
                Ok(file.metadata()?.len())
            }
        }
    }
}

impl Entry {
    /// The header in front of it (4.3.7); with `long`, its sizes are 64-bit ones.
    fn header(&self, crc: u32, long: bool) -> Vec<u8> {
        let mut header = Fields(Vec::with_capacity(HEADER_SIZE as usize + self.name.len() + 20));
        header.u32(HEADER).u16(self.version(long)).u16(0).u16(DEFLATED).u32(self.time).u32(crc);
        let sizes = if long { (u32::MAX, u32::MAX) } else { (short(self.packed), short(self.size)) };
        header.u32(sizes.0).u32(sizes.1).u16(length(&self.name)).u16(if long { 20 } else { 0 });
        header.0.extend_from_slice(self.name.as_bytes());
        if long {
            header.u16(ZIP64).u16(16).u64(self.size).u64(self.packed);
        }
        header.0
    }

    /// Appends its record to the directory (4.3.12); what does not fit 32 bits stands in a field of its own.
    fn record(&self, crc: u32, directory: &mut Vec<u8>) {
        let mut long = Fields(Vec::new());
        for value in [self.size, self.packed, self.header_at] {
            if short(value) == u32::MAX {
                long.u64(value);
            }
        }
        let long = long.0;
        let version = self.version(self.held.is_none() || !long.is_empty());
        let mut record = Fields(std::mem::take(directory));
        record.u32(RECORD).u16(UNIX | version).u16(version).u16(0).u16(DEFLATED).u32(self.time).u32(crc);
        record.u32(short(self.packed)).u32(short(self.size)).u16(length(&self.name));
        record.u16(if long.is_empty() { 0 } else { long.len() as u16 + 4 });
        record.u16(0).u16(0).u16(0).u32(REGULAR_FILE).u32(short(self.header_at));
        record.0.extend_from_slice(self.name.as_bytes());
        if !long.is_empty() {
            record.u16(ZIP64).u16(long.len() as u16);
            record.0.extend_from_slice(&long);
        }
        *directory = record.0;
    }

    fn version(&self, long: bool) -> u16 {
        if long { VERSION64 } else { VERSION }
    }
}

/// Fields as a zip has them, low byte first.
struct Fields(Vec<u8>);

impl Fields {
    fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }
}

/// A value in 32 bits, or the sign that it stands elsewhere.
fn short(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The length of a name: paths in a bundle have at most 32 segments of 100 bytes.
fn length(name: &str) -> u16 {
    u16::try_from(name.len()).unwrap_or(u16::MAX)
}

/// A moment as zip has it (4.4.6): UTC here, two seconds' steps, 1980 to 2107; else the first that there is.
fn dos_time(moment: Option<Timestamp>) -> u32 {
    const FIRST: u32 = (1 << 21) | (1 << 16);
    let Some(moment) = moment else { return FIRST };
    let utc = moment.to_zoned(jiff::tz::TimeZone::UTC);
    let field = |value: i8| u32::from(value.unsigned_abs());
    match u32::try_from(utc.year()) {
        Ok(year @ 1980..=2107) => {
            let date = ((year - 1980) << 9) | (field(utc.month()) << 5) | field(utc.day());
            (date << 16) | (field(utc.hour()) << 11) | (field(utc.minute()) << 5) | (field(utc.second()) / 2)
        }
        _ => FIRST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    use crate::bundle::packing::End;

    fn writer() -> (ZipWriter, File) {
        let file = tempfile::tempfile().expect("a file");
        (ZipWriter::new(file.try_clone().expect("a file")), file)
    }

    fn add(zip: &mut ZipWriter, name: &str, parts: &[&[u8]]) -> Entry {
        let mut entry = zip.begin(name.to_owned(), None);
        for (n, part) in parts.iter().enumerate() {
            let end = if n + 1 == parts.len() { End::Entry } else { End::Part };
            zip.append(&mut entry, &Part::of(&[part], end)).expect("writes");
        }
        entry
    }

    fn bytes(mut file: File) -> Vec<u8> {
        let mut bytes = Vec::new();
        file.rewind().expect("seeks");
        file.read_to_end(&mut bytes).expect("reads");
        bytes
    }

    /// Bytes that deflate cannot make smaller.
    fn noise(length: usize) -> Vec<u8> {
        let mut seed = 1_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn another_reader_reads_small_entries_large_ones_and_none_that_was_taken_back() {
        let (mut zip, file) = writer();
        let large = noise(3 * HELD);
        let entry = add(&mut zip, "top/empty", &[b""]);
        zip.end(&entry).expect("writes");
        for parts in [&[large.as_slice(), b"secret"][..], &[b"secret"]] {
            let withheld = add(&mut zip, "top/withheld", parts);
            zip.take_back(&withheld).expect("writes");
        }
        let entry = add(&mut zip, "top/large", &[&large[..100], &large[100..], b"", b"the end"]);
        zip.end(&entry).expect("writes");
        let length = zip.finish().expect("writes");
        let bytes = bytes(file);
        assert_eq!(bytes.len() as u64, length);
        assert!(memchr::memmem::find(&bytes, b"withheld").is_none());
        let mut read = zip::ZipArchive::new(io::Cursor::new(bytes)).expect("a zip");
        let names: Vec<String> = read.file_names().map(|name| name.expect("a name").into_owned()).collect();
        assert_eq!(names, ["top/empty", "top/large"]);
        let mut back = Vec::new();
        read.by_index(1).expect("an entry").read_to_end(&mut back).expect("reads");
        assert!(back == [large.as_slice(), b"the end"].concat());
    }

    #[test]
    fn an_encrypted_zip_holds_the_bytes_of_a_plain_one() {
        let write = |mut zip: ZipWriter| {
            let large = noise(3 * HELD);
            for name in ["top/small", "top/large", "top/withheld", "top/last"] {
                let parts = if name == "top/small" { &[b"x".as_slice()][..] } else { &[large.as_slice(), b"more"] };
                let entry = add(&mut zip, name, parts);
                if name == "top/withheld" { zip.take_back(&entry) } else { zip.end(&entry) }.expect("writes");
            }
            zip.finish().expect("writes")
        };
        let (zip, file) = writer();
        write(zip);
        let plain = bytes(file);
        let folder = tempfile::tempdir().expect("a folder");
        let file = tempfile::tempfile().expect("a file");
        let (identities, recipients) = crate::bundle::encryption::pair();
        let zip = ZipWriter::sealed(file.try_clone().expect("a file"), &recipients, folder.path().to_owned());
        let length = write(zip.expect("begins"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "the spool has no name");
        assert_eq!(length, file.metadata().expect("a file").len());
        let locked = crate::bundle::encryption::LockedFile::new(file, length, identities);
        let mut opened = Vec::new();
        locked.open().expect("opens").read_to_end(&mut opened).expect("reads");
        assert!(opened == plain);
    }

    #[test]
    fn more_entries_than_16_bits_count_are_read_by_another_reader() {
        let (mut zip, file) = writer();
        let part = Part::of(&[b"x"], End::Entry);
        for n in 0..70_000 {
            let mut entry = zip.begin(n.to_string(), None);
            zip.append(&mut entry, &part).expect("writes");
            zip.end(&entry).expect("writes");
        }
        zip.finish().expect("writes");
        assert_eq!(zip::ZipArchive::new(file).expect("a zip").len(), 70_000);
    }

    #[test]
    fn sizes_over_32_bits_stand_in_a_field_of_their_own() {
        let (zip, _) = writer();
        let entry =
            Entry { size: 5 << 30, packed: 7, header_at: 6 << 30, held: None, ..zip.begin("n".to_owned(), None) };
        let mut record = Vec::new();
        entry.record(1, &mut record);
        let read = crate::bundle::zip_directory::parse(&record, 1).expect("a directory");
        assert_eq!((read[0].size, read[0].packed, read[0].header_at), (5 << 30, 7, 6 << 30));
    }

    #[test]
    fn times_before_1980_become_the_first_that_a_zip_knows() {
        assert_eq!(dos_time(Timestamp::from_second(1).ok()), dos_time(None));
        let moment = "2026-11-23T10:15:21Z".parse().expect("a moment");
        assert_eq!(dos_time(Some(moment)), (46 << 25) | (11 << 21) | (23 << 16) | (10 << 11) | (15 << 5) | 10);
    }
}
