//! A bundle of which nothing is known yet, and the checks that make its names, sizes and places safe to work with.

use std::fs::File;
use std::path::Path;

use super::checked::{CheckedStructure, Entry, Warning};
use super::code::Code;
use super::encryption::Identities;
use super::error::{BundleError, Newer, Refused};
use super::limits::Limits;
use super::source::Source;
use super::zip_directory::Central;
use super::{bag, names, zip_directory, zip_end, zip_local};
use crate::model::ArtifactPath;
use crate::model::manifest::{BUNDLE_FORMAT, CASE_PATH, MANIFEST_PATH, MANIFEST_SCHEMA, REDACTION_PATH};

/// What every bundle holds, below its top folder.
const REQUIRED: [&str; 6] =
    [bag::BAGIT_PATH, bag::BAG_INFO_PATH, bag::MANIFEST_PATH, bag::TAGMANIFEST_PATH, MANIFEST_PATH, CASE_PATH];

/// An entry that expands this little cannot hurt, whatever its ratio.
const TOO_SMALL_TO_WARN: u64 = 16 * 1024 * 1024;

/// A file that may be a bundle.
#[derive(Debug)]
pub struct UntrustedBundle {
    source: Source,
    file: Option<File>,
}

impl UntrustedBundle {
    /// Opens a regular file, and reads nothing yet.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let (source, file) = Source::open(path)?;
        Ok(Self { source, file: Some(file) })
    }

    /// The same of a file that is open already, by the name that people know.
    pub fn of_file(name: &Path, file: &File) -> Result<Self, BundleError> {
        let (source, file) = Source::of_file(name, file)?;
        Ok(Self { source, file: Some(file) })
    }

    /// The same of bytes in memory.
    #[must_use]
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        Self { source: Source::in_memory(bytes), file: None }
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The same, decrypted in place by one of `identities` where it is encrypted.
    pub fn unlocked(self, identities: Option<&Identities>) -> Result<Self, BundleError> {
        match (identities, &self.file) {
            (Some(identities), Some(file)) => Ok(Self { source: self.source.unlocked(file, identities)?, file: None }),
            _ => Ok(self),
        }
    }

    /// Accepts a zip in which every byte has one meaning: entries side by side without gaps, described alike in the
    /// directory and at their place, with safe and distinct names below one top folder, within `limits`. Reads no
    /// contents but the beginning of the manifest, to tell a newer format from a broken one.
    pub fn check_structure(self, limits: &Limits) -> Result<CheckedStructure, BundleError> {
        let source = self.source;
        source.refuse_encrypted()?;
        let end = zip_end::locate(&source, limits)?;
        let mut directory = vec![0; usize::try_from(end.directory_size).unwrap_or_default()];
        source.read_exact_at(&mut directory, end.directory_at)?;
        let mut records = zip_directory::parse(&directory, end.entries)?;
        let (top, mut paths) = names::check(&records)?;
        let warnings = check_sizes(&records, limits)?;

        let mut order: Vec<usize> = (0..records.len()).collect();
        order.sort_unstable_by_key(|&n| records[n].header_at);
        if let Some(&first) = order.first()
            && records[first].header_at != 0
        {
            let bytes = records[first].header_at;
            return Err(Refused::file(Code::LeadingBytes).because(format!("{bytes} bytes")).into());
        }
        let mut entries = Vec::with_capacity(records.len());
        for (place, &n) in order.iter().enumerate() {
            let next_at = order.get(place + 1).map_or(end.directory_at, |&next| records[next].header_at);
            let record = &mut records[n];
            let data_at = zip_local::data_at(&source, record, next_at)?;
            if let Some(path) = paths[n].take() {
                entries.push(Entry::new(path, record, data_at));
            }
        }
        let structure = CheckedStructure::new(source, limits.clone(), top, entries, warnings);
        let records = REQUIRED.into_iter().chain([REDACTION_PATH]).filter_map(|path| structure.find(path));
        for (entry, most) in records.map(|entry| (entry, record_limit(entry.path(), limits, end.entries))) {
            if entry.size() > most {
                return Err(Refused::entry(Code::RecordTooLarge, entry.path().as_str().as_bytes())
                    .because(format!("{} bytes, the limit is {most}", entry.size()))
                    .into());
            }
        }
        refuse_newer(&structure)?;
        match REQUIRED.iter().find(|path| structure.find(path).is_none()) {
            Some(missing) => Err(Refused::file(Code::MissingFile).because(format!("`{missing}`")).into()),
            None => Ok(structure),
        }
    }
}

/// Bytes that one of the bundle's own files may have in a bundle of so many entries. What grows with the entries gets a share
/// for each, so that a small bundle cannot make its reader hold much: a line of a list is at most 3,300 bytes, a usual one
/// 120; an artifact's record is about 600 bytes, and what could not be collected stands in the record without an entry.
fn record_limit(path: &ArtifactPath, limits: &Limits, entries: u64) -> u64 {
    const KIB: u64 = 1024;
    let most = match path.as_str() {
        bag::BAGIT_PATH | bag::TAGMANIFEST_PATH => 64 * KIB,
        bag::BAG_INFO_PATH => 1024 * KIB,
        CASE_PATH => 8 * 1024 * KIB,
        bag::MANIFEST_PATH => entries.saturating_mul(4 * KIB),
        _ => (16 * 1024 * KIB).saturating_add(entries.saturating_mul(4 * KIB)),
    };
    most.min(limits.record_bytes)
}

fn check_sizes(records: &[Central<'_>], limits: &Limits) -> Result<Vec<Warning>, Refused> {
    let (mut total, mut packed) = (0u64, 0u64);
    let mut warnings = Vec::new();
    for record in records {
        if record.size > limits.entry_bytes {
            return Err(Refused::entry(Code::EntryTooLarge, record.name)
                .because(format!("{} bytes, the limit is {}", record.size, limits.entry_bytes)));
        }
        total = total.saturating_add(record.size);
        packed = packed.saturating_add(record.packed);
        if expands_much(record.size, record.packed, limits) && warnings.len() < Warning::MOST {
            let entry = String::from_utf8_lossy(record.name).into_owned();
            warnings.push(Warning { entry: Some(entry), size: record.size, packed: record.packed });
        }
    }
    if total > limits.total_bytes {
        return Err(
            Refused::file(Code::BundleTooLarge).because(format!("{total} bytes, the limit is {}", limits.total_bytes))
        );
    }
    if expands_much(total, packed, limits) {
        warnings.push(Warning { entry: None, size: total, packed });
    }
    Ok(warnings)
}

fn expands_much(size: u64, packed: u64, limits: &Limits) -> bool {
    size > TOO_SMALL_TO_WARN && size / packed.max(1) > limits.warn_ratio
}

/// The two fields that a later format is bound to keep.
#[derive(serde::Deserialize)]
struct FormatOnly {
    format: u32,
    schema: String,
}

/// Asked before anything else of the contents, because a later format may well lack or add files. What cannot be read
/// here is left to the checks that follow.
fn refuse_newer(structure: &CheckedStructure) -> Result<(), BundleError> {
    let manifest = match structure.find(MANIFEST_PATH).map(|entry| structure.read_record(entry)) {
        Some(Ok(bytes)) => bytes,
        None | Some(Err(BundleError::Refused(_))) => return Ok(()),
        Some(Err(error)) => return Err(error),
    };
    let Ok(found) = serde_json::from_slice::<FormatOnly>(&manifest) else {
        return Ok(());
    };
    if found.format > BUNDLE_FORMAT {
        let what = format!("bundle format {}, known here is {BUNDLE_FORMAT}", found.format);
        return Err(Newer { what }.into());
    }
    newer_schema(&found.schema, MANIFEST_SCHEMA).map_or(Ok(()), |newer| Err(newer.into()))
}

/// Whether `found` is a later version of the schema `known`, such as `casefile-manifest/2` of `casefile-manifest/1`.
pub(super) fn newer_schema(found: &str, known: &str) -> Option<Newer> {
    let (name, version) = known.rsplit_once('/')?;
    let later = found.strip_prefix(name)?.strip_prefix('/')?.parse::<u32>().ok()?;
    (later > version.parse().ok()?).then(|| Newer { what: format!("{name} version {later}, known here is {version}") })
}
