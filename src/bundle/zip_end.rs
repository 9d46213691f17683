//! The end of a zip: where its directory stands. Read more strictly than an unzip would, because every freedom that
//! readers take here is a way to show two of them two different archives. For that reason not with a library: `zip`
//! drops duplicate names, and `rawzip` corrects offsets and hides disk numbers.
//!
//! References are to PKWARE's APPNOTE.TXT 6.3.10.

use super::code::Code;
use super::error::{BundleError, Refused};
use super::limits::Limits;
use super::source::{Fields, Source};
use super::zip_directory::RECORD;

const END: u32 = 0x0605_4b50; // 4.3.16
const END_SIZE: u64 = 22;
const END64: u32 = 0x0606_4b50; // 4.3.14
const END64_SIZE: u64 = 56;
const LOCATOR64: u32 = 0x0706_4b50; // 4.3.15
const LOCATOR64_SIZE: u64 = 20;
/// The longest comment that an end record can announce.
const MAX_COMMENT: u64 = 0xffff;

/// Where the directory stands: `[directory_at, directory_at + directory_size)`, straight before the end records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub directory_at: u64,
    pub directory_size: u64,
    pub entries: u64,
}

/// Finds the directory of a zip that ends with its end record, to the byte.
pub(super) fn locate(source: &Source, limits: &Limits) -> Result<End, BundleError> {
    let Some(end_at) = source.len().checked_sub(END_SIZE) else {
        return Err(not_ended(source)?.into());
    };
    let mut raw = [0; END_SIZE as usize];
    source.read_exact_at(&mut raw, end_at)?;
    let Some(record) = EndRecord::parse(&raw).filter(|record| record.comment == 0) else {
        return Err(not_ended(source)?.into());
    };
    let (end, records_at) = match read_64(source, end_at, &record)? {
        Some((end, at)) => (end, at),
        None => (record.end()?, end_at),
    };
    if end.entries > limits.entries {
        return Err(Refused::file(Code::TooManyEntries)
            .because(format!("{} entries, the limit is {}", end.entries, limits.entries))
            .into());
    }
    if end.directory_size > limits.directory_bytes {
        return Err(Refused::file(Code::DirectoryTooLarge)
            .because(format!("{} bytes, the limit is {}", end.directory_size, limits.directory_bytes))
            .into());
    }
    match end.directory_at.checked_add(end.directory_size) {
        Some(after) if after == records_at => Ok(end),
        // Offsets count from the first entry; when they fall short, that many bytes were put in front or between.
        Some(after) if after < records_at => {
            let between = end.entries == 0 || starts_with_record(source, end.directory_at)?;
            let code = if between { Code::BeforeEnd } else { Code::LeadingBytes };
            let extra = records_at - after;
            Err(Refused::file(code).because(format!("{extra} bytes that no offset accounts for")).into())
        }
        _ => Err(Refused::file(Code::BadEnd).because("the directory would run over its end").into()),
    }
}

fn starts_with_record(source: &Source, at: u64) -> Result<bool, BundleError> {
    let mut magic = [0; 4];
    source.read_exact_at(&mut magic, at)?;
    Ok(u32::from_le_bytes(magic) == RECORD)
}

struct EndRecord {
    disk: u16,
    directory_disk: u16,
    entries_here: u16,
    entries: u16,
    directory_size: u32,
    directory_at: u32,
    comment: u16,
}

impl EndRecord {
    fn parse(raw: &[u8]) -> Option<Self> {
        let mut fields = Fields(raw);
        (fields.u32()? == END).then_some(())?;
        Some(Self {
            disk: fields.u16()?,
            directory_disk: fields.u16()?,
            entries_here: fields.u16()?,
            entries: fields.u16()?,
            directory_size: fields.u32()?,
            directory_at: fields.u32()?,
            comment: fields.u16()?,
        })
    }

    fn end(&self) -> Result<End, Refused> {
        if self.disk != 0 || self.directory_disk != 0 || self.entries_here != self.entries {
            return Err(Refused::file(Code::SeveralDisks));
        }
        Ok(End {
            directory_at: self.directory_at.into(),
            directory_size: self.directory_size.into(),
            entries: self.entries.into(),
        })
    }

    /// Whether every field either defers to the 64-bit record or says the same (4.4.1.4).
    fn agrees_with(&self, end: &End) -> bool {
        let same16 = |field: u16, value: u64| field == u16::MAX || u64::from(field) == value;
        let same32 = |field: u32, value: u64| field == u32::MAX || u64::from(field) == value;
        same16(self.entries, end.entries)
            && same16(self.entries_here, end.entries)
            && same32(self.directory_size, end.directory_size)
            && same32(self.directory_at, end.directory_at)
    }
}

/// The 64-bit end record, where there is one, and where it stands.
fn read_64(source: &Source, end_at: u64, record: &EndRecord) -> Result<Option<(End, u64)>, BundleError> {
    let Some(locator_at) = end_at.checked_sub(LOCATOR64_SIZE) else {
        return Ok(None);
    };
    let mut raw = [0; LOCATOR64_SIZE as usize];
    source.read_exact_at(&mut raw, locator_at)?;
    let Some((disk, at, disks)) = parse_locator(&raw) else {
        return Ok(None);
    };
    let bad = |detail: &str| BundleError::from(Refused::file(Code::BadEnd).because(detail));
    if disk != 0 || disks > 1 {
        return Err(Refused::file(Code::SeveralDisks).into());
    }
    if locator_at.checked_sub(END64_SIZE) != Some(at) {
        return Err(Refused::file(Code::HiddenEnd64).into());
    }
    let mut raw = [0; END64_SIZE as usize];
    source.read_exact_at(&mut raw, at)?;
    let (end, one_disk) = parse_end_64(&raw).ok_or_else(|| bad("its 64-bit end record cannot be read"))?;
    if !one_disk {
        return Err(Refused::file(Code::SeveralDisks).into());
    }
    if !record.agrees_with(&end) || !matches!(record.disk, 0 | u16::MAX) {
        return Err(Refused::file(Code::EndsDiffer).into());
    }
    Ok(Some((end, at)))
}

fn parse_locator(raw: &[u8]) -> Option<(u32, u64, u32)> {
    let mut fields = Fields(raw);
    (fields.u32()? == LOCATOR64).then_some(())?;
    Some((fields.u32()?, fields.u64()?, fields.u32()?))
}

/// The record without its optional trailing data, which bundles do not use, and whether it speaks of one disk only.
fn parse_end_64(raw: &[u8]) -> Option<(End, bool)> {
    let mut fields = Fields(raw);
    (fields.u32()? == END64 && fields.u64()? == END64_SIZE - 12).then_some(())?;
    let _versions = fields.u32()?;
    let (disk, directory_disk) = (fields.u32()?, fields.u32()?);
    let (entries_here, entries) = (fields.u64()?, fields.u64()?);
    let (directory_size, directory_at) = (fields.u64()?, fields.u64()?);
    let one_disk = disk == 0 && directory_disk == 0 && entries_here == entries;
    Some((End { directory_at, directory_size, entries }, one_disk))
}

/// Why the file does not end with an end record: the refusal is certain, this only finds its best name.
fn not_ended(source: &Source) -> Result<Refused, BundleError> {
    let tail_size = source.len().min(END_SIZE + MAX_COMMENT);
    let mut tail = vec![0; usize::try_from(tail_size).unwrap_or_default()];
    source.read_exact_at(&mut tail, source.len() - tail_size)?;
    for at in (0..tail.len().saturating_sub(END_SIZE as usize - 1)).rev() {
        if let Some(record) = EndRecord::parse(&tail[at..]) {
            let after = tail.len() - at - END_SIZE as usize;
            return Ok(match usize::from(record.comment) {
                comment if comment == after => Refused::file(Code::Comment),
                comment if comment < after => {
                    Refused::file(Code::TrailingBytes).because(format!("{} bytes", after - comment))
                }
                _ => Refused::file(Code::Truncated),
            });
        }
    }
    let mut head = [0; 4];
    let known = usize::try_from(source.len()).unwrap_or(4).min(4);
    source.read_exact_at(&mut head[..known], 0)?;
    let code = if known > 0 && b"PK\x03\x04".starts_with(&head[..known]) { Code::Truncated } else { Code::NotAZip };
    Ok(Refused::file(code))
}
