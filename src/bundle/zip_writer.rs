//! A zip as it is written: entries one after the other, each of parts that are deflated already, then the directory.
//!
//! Sizes and checksums always stand in the header in front of an entry, never behind it: a small entry is held until all
//! of it is there, a large one gets its header written over at its end. Not with a library: `zip` takes no part that was
//! deflated elsewhere, and `rawzip` cannot take back an entry that was begun.
//!
//! References are to PKWARE's APPNOTE.TXT 6.3.10.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use jiff::Timestamp;

use super::packing::Part;

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
    out: BufWriter<File>,
    /// Where the next entry begins.
    at: u64,
    entries: u64,
    directory: Vec<u8>,
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
        Self { out: BufWriter::with_capacity(HELD, file), at: 0, entries: 0, directory: Vec::new() }
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
        let Some(held) = &mut entry.held else { return self.out.write_all(part.packed()) };
        if held.len() + part.packed().len() <= HELD {
            held.extend_from_slice(part.packed());
            return Ok(());
        }
        let held = entry.held.take().unwrap_or_default();
        // How long it will be is not known: the header makes room for 64-bit sizes.
        self.out.write_all(&entry.header(0, true))?;
        self.out.write_all(&held)?;
        self.out.write_all(part.packed())
    }

    /// Ends the entry.
    pub(super) fn end(&mut self, entry: &Entry) -> io::Result<()> {
        let crc = entry.crc.clone().finalize();
        let header = entry.header(crc, entry.held.is_none());
        self.at += header.len() as u64 + entry.packed;
        match &entry.held {
            Some(held) => {
                self.out.write_all(&header)?;
                self.out.write_all(held)?;
            }
            None => {
                self.out.seek(SeekFrom::Start(entry.header_at + CRC_AT))?;
                self.out.write_all(&header[CRC_AT as usize..])?;
                self.out.seek(SeekFrom::Start(self.at))?;
            }
        }
        self.entries += 1;
        entry.record(crc, &mut self.directory);
        Ok(())
    }

    /// Removes the entry that is being written, its bytes included.
    pub(super) fn take_back(&mut self, entry: &Entry) -> io::Result<()> {
        if entry.held.is_none() {
            self.out.seek(SeekFrom::Start(entry.header_at))?;
            self.out.get_ref().set_len(entry.header_at)?;
        }
        Ok(())
    }

    /// Writes the directory. Returns the length of the whole.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        let (at, size) = (self.at, self.directory.len() as u64);
        self.out.write_all(&self.directory)?;
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
        self.out.write_all(&end.0)?;
        self.out.flush()?;
        Ok(end64_at + end.0.len() as u64)
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
