//! The directory of a zip: one record an entry, each held to what a bundle's entries look like.

use super::code::Code;
use super::error::Refused;
use super::source::Fields;

/// What each record of the directory begins with (APPNOTE 4.3.12).
pub(super) const RECORD: u32 = 0x0201_4b50;

/// Bit 0 and 6: encrypted. Bit 13: encrypted directory (APPNOTE 4.4.4).
const ENCRYPTED_BITS: u16 = 1 | 1 << 6 | 1 << 13;
/// Bit 3: sizes and checksum stand behind the data.
const DESCRIPTOR_BIT: u16 = 1 << 3;
/// Bits 1 and 2 tell the deflate level, bit 11 that the name is UTF-8. No other bit has a meaning for a bundle.
const KNOWN_BITS: u16 = 1 << 1 | 1 << 2 | DESCRIPTOR_BIT | 1 << 11;

const ZIP64: u16 = 0x0001;
/// Times (NTFS and Unix) and the Unix owner, today's form and two earlier ones: what packers add without changing what the
/// entry is.
const HARMLESS_FIELDS: [u16; 5] = [0x000a, 0x5455, 0x5855, 0x7855, 0x7875];

/// How an entry's bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

impl Method {
    pub fn number(self) -> u16 {
        match self {
            Self::Stored => 0,
            Self::Deflated => 8,
        }
    }
}

/// One record, checked in itself but not yet against the entry's own header.
#[derive(Debug)]
pub(super) struct Central<'a> {
    pub name: &'a [u8],
    pub flags: u16,
    pub method: Method,
    pub time: u32,
    pub crc: u32,
    pub packed: u64,
    pub size: u64,
    pub header_at: u64,
}

impl Central<'_> {
    /// Whether it lists a folder, which holds nothing itself.
    pub fn is_folder(&self) -> bool {
        self.name.ends_with(b"/")
    }

    pub fn has_descriptor(&self) -> bool {
        self.flags & DESCRIPTOR_BIT != 0
    }
}

/// Reads exactly `announced` records that fill `raw` exactly.
pub(super) fn parse(raw: &[u8], announced: u64) -> Result<Vec<Central<'_>>, Refused> {
    let mut fields = Fields(raw);
    let mut records = Vec::new();
    while !fields.0.is_empty() {
        let record = Record::parse(&mut fields)
            .ok_or_else(|| Refused::file(Code::BadDirectory).because(format!("record {}", records.len() + 1)))?;
        records.push(record.check()?);
        if records.len() as u64 > announced {
            break;
        }
    }
    if records.len() as u64 != announced {
        return Err(Refused::file(Code::EntryCount).because(format!("{announced} announced")));
    }
    Ok(records)
}

/// One record as it stands.
struct Record<'a> {
    made_by: u16,
    flags: u16,
    method: u16,
    time: u32,
    crc: u32,
    packed: u32,
    size: u32,
    disk: u16,
    attributes: u32,
    header_at: u32,
    name: &'a [u8],
    extra: &'a [u8],
    comment: &'a [u8],
}

impl<'a> Record<'a> {
    fn parse(fields: &mut Fields<'a>) -> Option<Self> {
        (fields.u32()? == RECORD).then_some(())?;
        let made_by = fields.u16()?;
        let _version_needed = fields.u16()?;
        let (flags, method, time, crc) = (fields.u16()?, fields.u16()?, fields.u32()?, fields.u32()?);
        let (packed, size) = (fields.u32()?, fields.u32()?);
        let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let disk = fields.u16()?;
        let _internal_attributes = fields.u16()?;
        let (attributes, header_at) = (fields.u32()?, fields.u32()?);
        Some(Self {
            made_by,
            flags,
            method,
            time,
            crc,
            packed,
            size,
            disk,
            attributes,
            header_at,
            name: fields.take(name.into())?,
            extra: fields.take(extra.into())?,
            comment: fields.take(comment.into())?,
        })
    }

    fn check(self) -> Result<Central<'a>, Refused> {
        let refuse = |code| Err(Refused::entry(code, self.name));
        if self.flags & ENCRYPTED_BITS != 0 {
            return refuse(Code::Encrypted);
        }
        let method = match self.method {
            0 => Method::Stored,
            8 => Method::Deflated,
            99 => return refuse(Code::Encrypted), // WinZip's AES marks itself so
            _ => return refuse(Code::UnsupportedMethod),
        };
        if self.flags & !KNOWN_BITS != 0 {
            return refuse(Code::UnsupportedFlags);
        }
        if !self.comment.is_empty() {
            return refuse(Code::EntryComment);
        }
        self.check_kind()?;
        let zip64 = extra_fields(self.name, self.extra)?;
        let (packed, size, header_at, disk) = self.resolve(zip64)?;
        if disk != 0 {
            return refuse(Code::SeveralDisks);
        }
        if method == Method::Stored && packed != size {
            return refuse(Code::StoredSizes);
        }
        let Self { name, flags, time, crc, .. } = self;
        Ok(Central { name, flags, method, time, crc, packed, size, header_at })
    }

    /// A plain file or an empty folder. The Unix mode is believed whatever system the entry claims to come from, as some
    /// unzips do.
    fn check_kind(&self) -> Result<(), Refused> {
        const FOLDER: u32 = 0x10; // DOS attributes, low byte; 0x400 is Windows' reparse point
        const SPECIAL: u32 = 0x08 | 0x40 | 0x400;
        const RIGHTS_OF_OWNER: u32 = 0o7000;
        let refuse = |code| Err(Refused::entry(code, self.name));
        let from_unix = matches!(self.made_by >> 8, 3 | 19);
        let mode = self.attributes >> 16;
        match mode & 0o170_000 {
            0 | 0o040_000 | 0o100_000 => {}
            0o120_000 => return refuse(Code::Symlink),
            _ => return refuse(Code::SpecialFile),
        }
        if !from_unix && self.attributes & SPECIAL != 0 {
            return refuse(Code::SpecialFile);
        }
        let (named, kind) = (self.name.ends_with(b"/"), mode & 0o170_000);
        if named && kind == 0o100_000 || !named && (kind == 0o040_000 || self.attributes & FOLDER != 0) {
            return refuse(Code::FolderEntry);
        }
        if named && (self.size, self.packed, self.crc) != (0, 0, 0) {
            return refuse(Code::FolderWithData);
        }
        if !named && mode & RIGHTS_OF_OWNER != 0 {
            return refuse(Code::SpecialMode);
        }
        Ok(())
    }

    /// Packed size, size, place and disk; each from the 64-bit field exactly where the short one says so (4.5.3).
    fn resolve(&self, zip64: Option<&[u8]>) -> Result<(u64, u64, u64, u32), Refused> {
        let read = || -> Option<(u64, u64, u64, u32)> {
            let mut long = Fields(zip64.unwrap_or_default());
            let mut wide = |short: u32| if short == u32::MAX { long.u64() } else { Some(short.into()) };
            let (size, packed, header_at) = (wide(self.size)?, wide(self.packed)?, wide(self.header_at)?);
            let disk = if self.disk == u16::MAX { long.u32()? } else { self.disk.into() };
            long.0.is_empty().then_some((packed, size, header_at, disk))
        };
        read().ok_or_else(|| Refused::entry(Code::BadSizes64, self.name))
    }
}

/// Walks the extra fields, refuses those that could change what the entry is, and returns the 64-bit one.
pub(super) fn extra_fields<'a>(name: &[u8], extra: &'a [u8]) -> Result<Option<&'a [u8]>, Refused> {
    let mut fields = Fields(extra);
    let mut zip64 = None;
    while !fields.0.is_empty() {
        let field = (|| {
            let id = fields.u16()?;
            let size = fields.u16()?;
            Some((id, fields.take(size.into())?))
        })();
        match field {
            Some((ZIP64, value)) if zip64.is_none() => zip64 = Some(value),
            Some((ZIP64, _)) => return Err(Refused::entry(Code::BadExtraField, name).because("64-bit sizes twice")),
            Some((id, _)) if HARMLESS_FIELDS.contains(&id) => {}
            Some((id, _)) => {
                return Err(Refused::entry(Code::ExtraField, name).because(format!("field 0x{id:04x}")));
            }
            None => return Err(Refused::entry(Code::BadExtraField, name).because("cut off")),
        }
    }
    Ok(zip64)
}
