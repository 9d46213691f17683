//! What stands at an entry's own place: its header, its data and what follows. It has to say the same as the directory
//! and to fill its stretch of the file to the byte, so that no two readers can see two different archives.

use super::code::Code;
use super::error::{BundleError, Refused};
use super::source::{Fields, Source};
use super::zip_directory::{Central, extra_fields};

const HEADER: u32 = 0x0403_4b50; // APPNOTE 4.3.7
const HEADER_SIZE: u64 = 30;
const DESCRIPTOR: u32 = 0x0807_4b50; // 4.3.9

/// Where an entry's packed bytes begin; `next_at` is where the next entry, or the directory, begins.
pub(super) fn data_at(source: &Source, central: &Central<'_>, next_at: u64) -> Result<u64, BundleError> {
    let refuse = |code, detail: &str| Err(Refused::entry(code, central.name).because(detail).into());
    if next_at.saturating_sub(central.header_at) < HEADER_SIZE {
        return refuse(Code::Overlap, "its header");
    }
    let mut raw = [0; HEADER_SIZE as usize];
    source.read_exact_at(&mut raw, central.header_at)?;
    let Some(local) = Local::parse(&raw) else {
        return Err(Refused::entry(Code::NoHeader, central.name).into());
    };
    let names_at = central.header_at + HEADER_SIZE;
    let data_at = names_at + u64::from(local.name_len) + u64::from(local.extra_len);
    if data_at.checked_add(central.packed).is_none_or(|end| end > next_at) {
        return refuse(Code::Overlap, "its data");
    }
    let mut names = vec![0; usize::from(local.name_len) + usize::from(local.extra_len)];
    source.read_exact_at(&mut names, names_at)?;
    let (name, extra) = names.split_at(local.name_len.into());
    if let Some(code) = local.difference(central, name, extra_fields(central.name, extra)?) {
        return Err(Refused::entry(code, central.name).into());
    }
    check_rest(source, central, data_at + central.packed, next_at)?;
    Ok(data_at)
}

struct Local {
    flags: u16,
    method: u16,
    time: u32,
    crc: u32,
    packed: u32,
    size: u32,
    name_len: u16,
    extra_len: u16,
}

impl Local {
    fn parse(raw: &[u8]) -> Option<Self> {
        let mut fields = Fields(raw);
        (fields.u32()? == HEADER).then_some(())?;
        let _version_needed = fields.u16()?;
        Some(Self {
            flags: fields.u16()?,
            method: fields.u16()?,
            time: fields.u32()?,
            crc: fields.u32()?,
            packed: fields.u32()?,
            size: fields.u32()?,
            name_len: fields.u16()?,
            extra_len: fields.u16()?,
        })
    }

    /// The first thing in which this header differs from the directory's record.
    fn difference(&self, central: &Central<'_>, name: &[u8], zip64: Option<&[u8]>) -> Option<Code> {
        let descriptor = central.has_descriptor();
        let sizes_agree = match self.sizes(zip64, descriptor) {
            // With a descriptor the header may leave them open, each for itself (4.4.4, bit 3).
            Some((size, packed)) if descriptor => {
                (size == 0 || size == central.size) && (packed == 0 || packed == central.packed)
            }
            Some((size, packed)) => (size, packed) == (central.size, central.packed),
            None => false,
        };
        let differences = [
            (name == central.name, Code::LocalName),
            (self.method == central.method.number(), Code::LocalMethod),
            (self.flags == central.flags, Code::LocalFlags),
            (self.time == central.time, Code::LocalTime),
            (self.crc == central.crc || descriptor && self.crc == 0, Code::LocalChecksum),
            (sizes_agree, Code::LocalSizes),
        ];
        differences.iter().find(|(same, _)| !same).map(|(_, code)| *code)
    }

    /// Size and packed size. The 64-bit field of a local header holds both (4.5.3), and nothing else; it may be
    /// present without need only where a descriptor follows, because its writer did not know the size yet.
    fn sizes(&self, zip64: Option<&[u8]>, descriptor: bool) -> Option<(u64, u64)> {
        let needed = self.size == u32::MAX || self.packed == u32::MAX;
        let Some(zip64) = zip64 else {
            return (!needed).then_some((self.size.into(), self.packed.into()));
        };
        let mut long = Fields(zip64);
        let (size, packed) = (long.u64()?, long.u64()?);
        let fits = |short: u32, long: u64| short == u32::MAX || u64::from(short) == long || descriptor && short == 0;
        let agree = fits(self.size, size) && fits(self.packed, packed);
        (long.0.is_empty() && agree && (needed || descriptor)).then_some((size, packed))
    }
}

/// What stands between an entry's data and the next entry: a descriptor that repeats the directory, or nothing.
fn check_rest(source: &Source, central: &Central<'_>, at: u64, next_at: u64) -> Result<(), BundleError> {
    let rest = next_at - at;
    if !central.has_descriptor() {
        return match rest {
            0 => Ok(()),
            n => Err(Refused::entry(Code::Gap, central.name).because(format!("{n} bytes")).into()),
        };
    }
    // The signature is optional and the sizes are short or long (4.3.9); the length alone tells which.
    let (signed, long) = match rest {
        12 => (false, false),
        16 => (true, false),
        20 => (false, true),
        24 => (true, true),
        n => {
            return Err(Refused::entry(Code::Gap, central.name)
                .because(format!("{n} bytes where a descriptor should be"))
                .into());
        }
    };
    let mut raw = vec![0; usize::try_from(rest).unwrap_or_default()];
    source.read_exact_at(&mut raw, at)?;
    let same = (|| {
        let mut fields = Fields(&raw);
        let signature_right = !signed || fields.u32()? == DESCRIPTOR;
        let crc = fields.u32()?;
        let mut size = || if long { fields.u64() } else { Some(fields.u32()?.into()) };
        let (packed, size) = (size()?, size()?);
        Some(signature_right && (crc, packed, size) == (central.crc, central.packed, central.size))
    })();
    match same {
        Some(true) => Ok(()),
        _ => Err(Refused::entry(Code::Descriptor, central.name).into()),
    }
}
