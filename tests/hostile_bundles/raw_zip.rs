//! A zip in which every field can be a lie (APPNOTE.TXT 6.3.10).

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// One entry. `None` in a field of the local header means: as in the directory.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub made_by: u16,
    pub version: u16,
    pub flags: u16,
    pub method: u16,
    pub time: u32,
    pub crc: u32,
    pub size: u64,
    /// The packed bytes, and how many the headers say that there are.
    pub packed: Vec<u8>,
    pub packed_size: u64,
    pub attributes: u32,
    pub extra: Vec<u8>,
    pub comment: Vec<u8>,
    /// Writes the sizes of the directory's record as 64 bit.
    pub wide: bool,
    pub local_name: Option<Vec<u8>>,
    pub local_flags: Option<u16>,
    pub local_method: Option<u16>,
    pub local_time: Option<u32>,
    pub local_crc: Option<u32>,
    pub local_size: Option<u32>,
    pub local_packed_size: Option<u32>,
    pub local_extra: Vec<u8>,
    /// What stands behind the data: a descriptor, or anything.
    pub behind: Vec<u8>,
    /// The place that the directory names, where it is not the true one.
    pub claimed_at: Option<u32>,
}

impl Entry {
    /// A plain file, deflated.
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        let packed = deflated(bytes);
        Self { method: 8, packed_size: packed.len() as u64, packed, ..Self::stored(name, bytes) }
    }

    /// A plain file, stored.
    pub fn stored(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            made_by: 3 << 8 | 30,
            version: 20,
            flags: 0,
            method: 0,
            time: 0x5b77_5000,
            crc: crc32fast::hash(bytes),
            size: bytes.len() as u64,
            packed: bytes.to_vec(),
            packed_size: bytes.len() as u64,
            attributes: 0o100_644 << 16,
            extra: Vec::new(),
            comment: Vec::new(),
            wide: false,
            local_name: None,
            local_flags: None,
            local_method: None,
            local_time: None,
            local_crc: None,
            local_size: None,
            local_packed_size: None,
            local_extra: Vec::new(),
            behind: Vec::new(),
            claimed_at: None,
        }
    }

    /// Sizes and checksum behind the data: `signed` with its signature, `long` in 64 bit.
    pub fn with_descriptor(mut self, signed: bool, long: bool) -> Self {
        self.flags |= 1 << 3;
        (self.local_crc, self.local_size, self.local_packed_size) = (Some(0), Some(0), Some(0));
        self.behind = Vec::new();
        if signed {
            put32(&mut self.behind, 0x0807_4b50);
        }
        put32(&mut self.behind, self.crc);
        for size in [self.packed_size, self.size] {
            match long {
                true => self.behind.extend(size.to_le_bytes()),
                false => put32(&mut self.behind, short(size)),
            }
        }
        self
    }

    fn local(&self, out: &mut Vec<u8>) {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        put32(out, 0x0403_4b50);
        put16(out, self.version);
        put16(out, self.local_flags.unwrap_or(self.flags));
        put16(out, self.local_method.unwrap_or(self.method));
        put32(out, self.local_time.unwrap_or(self.time));
        put32(out, self.local_crc.unwrap_or(self.crc));
        put32(out, self.local_packed_size.unwrap_or_else(|| short(self.packed_size)));
        put32(out, self.local_size.unwrap_or_else(|| short(self.size)));
        put16(out, name.len() as u16);
        let mut extra = Vec::new();
        if self.wide && self.local_size.is_none() {
            extra = wide_field(&[self.size, self.packed_size]);
            let at = out.len() - 10;
            out[at..at + 8].fill(0xff);
        }
        extra.extend_from_slice(&self.local_extra);
        put16(out, extra.len() as u16);
        out.extend_from_slice(name);
        out.extend(extra);
        out.extend_from_slice(&self.packed);
        out.extend_from_slice(&self.behind);
    }

    fn central(&self, at: usize, out: &mut Vec<u8>) {
        let mut extra = Vec::new();
        let (mut size, mut packed) = (short(self.size), short(self.packed_size));
        if self.wide {
            (size, packed) = (u32::MAX, u32::MAX);
            extra = wide_field(&[self.size, self.packed_size]);
        }
        extra.extend_from_slice(&self.extra);
        put32(out, 0x0201_4b50);
        put16(out, self.made_by);
        put16(out, self.version);
        put16(out, self.flags);
        put16(out, self.method);
        put32(out, self.time);
        put32(out, self.crc);
        put32(out, packed);
        put32(out, size);
        put16(out, self.name.len() as u16);
        put16(out, extra.len() as u16);
        put16(out, self.comment.len() as u16);
        put16(out, 0);
        put16(out, 0);
        put32(out, self.attributes);
        put32(out, self.claimed_at.unwrap_or(at as u32));
        out.extend_from_slice(&self.name);
        out.extend(extra);
        out.extend_from_slice(&self.comment);
    }
}

/// A whole file. What is `None` is computed.
#[derive(Clone, Default)]
pub struct Zip {
    /// In front of everything; `counted` when the offsets know about it.
    pub before: Vec<u8>,
    pub counted: bool,
    pub entries: Vec<Entry>,
    /// The order of the directory.
    pub order: Option<Vec<usize>>,
    pub before_directory: Vec<u8>,
    pub after_directory: Vec<u8>,
    pub disk: u16,
    pub directory_disk: u16,
    pub announced: Option<u16>,
    pub announced_here: Option<u16>,
    pub directory_size: Option<u32>,
    pub directory_at: Option<u32>,
    /// A 64-bit end record as well.
    pub end64: Option<End64>,
    pub comment: Vec<u8>,
    pub after: Vec<u8>,
}

/// The 64-bit end record and its locator.
#[derive(Clone, Default)]
pub struct End64 {
    pub entries: Option<u64>,
    pub directory_size: Option<u64>,
    pub directory_at: Option<u64>,
    pub disks: Option<u32>,
    /// Where the locator says that the record stands, counted from the true place.
    pub moved_by: i64,
    /// Whether the short record defers to it.
    pub defer: bool,
    /// Data of its own behind the record.
    pub extensible: Vec<u8>,
}

impl Zip {
    /// These entries and nothing odd.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self { entries, ..Self::default() }
    }

    /// The entry whose name ends with `end`.
    pub fn entry(&mut self, end: &str) -> &mut Entry {
        self.entries.iter_mut().find(|entry| entry.name.ends_with(end.as_bytes())).expect("an entry of the bundle")
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.before.clone();
        let base = if self.counted { 0 } else { self.before.len() };
        let mut places = Vec::new();
        for entry in &self.entries {
            places.push(out.len() - base);
            entry.local(&mut out);
        }
        out.extend_from_slice(&self.before_directory);
        let directory_at = out.len() - base;
        let order = self.order.clone().unwrap_or_else(|| (0..self.entries.len()).collect());
        for n in order {
            self.entries[n].central(places[n], &mut out);
        }
        let directory_size = out.len() - base - directory_at;
        out.extend_from_slice(&self.after_directory);
        let entries = self.entries.len() as u16;
        let mut short_end = (
            self.announced_here.or(self.announced).unwrap_or(entries),
            self.announced.unwrap_or(entries),
            self.directory_size.unwrap_or(directory_size as u32),
            self.directory_at.unwrap_or(directory_at as u32),
        );
        if let Some(end64) = &self.end64 {
            let at = out.len() - base;
            put32(&mut out, 0x0606_4b50);
            out.extend((44 + end64.extensible.len() as u64).to_le_bytes());
            put16(&mut out, 45);
            put16(&mut out, 45);
            put32(&mut out, 0);
            put32(&mut out, 0);
            let entries = end64.entries.unwrap_or(entries.into());
            for value in [
                entries,
                entries,
                end64.directory_size.unwrap_or(directory_size as u64),
                end64.directory_at.unwrap_or(directory_at as u64),
            ] {
                out.extend(value.to_le_bytes());
            }
            out.extend_from_slice(&end64.extensible);
            put32(&mut out, 0x0706_4b50);
            put32(&mut out, 0);
            out.extend((at as i64 + end64.moved_by).to_le_bytes());
            put32(&mut out, end64.disks.unwrap_or(1));
            if end64.defer {
                short_end = (u16::MAX, u16::MAX, u32::MAX, u32::MAX);
            }
        }
        put32(&mut out, 0x0605_4b50);
        put16(&mut out, self.disk);
        put16(&mut out, self.directory_disk);
        put16(&mut out, short_end.0);
        put16(&mut out, short_end.1);
        put32(&mut out, short_end.2);
        put32(&mut out, short_end.3);
        put16(&mut out, self.comment.len() as u16);
        out.extend_from_slice(&self.comment);
        out.extend_from_slice(&self.after);
        out
    }
}

/// Raw deflate.
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// One extra field.
pub fn field(id: u16, value: &[u8]) -> Vec<u8> {
    let mut out = id.to_le_bytes().to_vec();
    put16(&mut out, value.len() as u16);
    out.extend_from_slice(value);
    out
}

fn wide_field(values: &[u64]) -> Vec<u8> {
    let value: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    field(1, &value)
}

fn short(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend(value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_le_bytes());
}
