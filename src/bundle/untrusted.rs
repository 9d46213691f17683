//! A bundle of which nothing is known yet, and the checks that make its names, sizes and places safe to work with.

use std::collections::HashMap;
use std::path::Path;

use super::checked::{CheckedStructure, Entry, Warning};
use super::error::{BundleError, Code, Newer, Refused};
use super::limits::Limits;
use super::source::Source;
use super::zip_directory::Central;
use super::{bag, zip_directory, zip_end, zip_local};
use crate::model::manifest::{BUNDLE_FORMAT, CASE_PATH, MANIFEST_PATH, MANIFEST_SCHEMA};
use crate::model::{ArtifactPath, artifact_path::ArtifactPathError};

/// What every bundle holds, below its top folder.
const REQUIRED: [&str; 6] =
    [bag::BAGIT_PATH, bag::BAG_INFO_PATH, bag::MANIFEST_PATH, bag::TAGMANIFEST_PATH, MANIFEST_PATH, CASE_PATH];

/// An entry that expands this little cannot hurt, whatever its ratio.
const TOO_SMALL_TO_WARN: u64 = 16 * 1024 * 1024;

/// A file that may be a bundle.
#[derive(Debug)]
pub struct UntrustedBundle {
    source: Source,
}

impl UntrustedBundle {
    /// Opens a regular file, and reads nothing yet.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        Ok(Self { source: Source::open(path)? })
    }

    #[cfg(test)]
    pub(super) fn in_memory(bytes: Vec<u8>) -> Self {
        Self { source: Source::in_memory(bytes) }
    }

    /// Accepts a zip in which every byte has one meaning: entries side by side without gaps, described alike in the
    /// directory and at their place, with safe and distinct names below one top folder, within `limits`. Reads no
    /// contents but the beginning of the manifest, to tell a newer format from a broken one.
    pub fn check_structure(self, limits: &Limits) -> Result<CheckedStructure, BundleError> {
        let source = self.source;
        let end = zip_end::locate(&source, limits)?;
        let mut directory = vec![0; usize::try_from(end.directory_size).unwrap_or_default()];
        source.read_exact_at(&mut directory, end.directory_at)?;
        let mut records = zip_directory::parse(&directory, end.entries)?;
        let (top, mut paths) = check_names(&records)?;
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
            let path = std::mem::replace(&mut paths[n], top.clone());
            entries.push(Entry::new(path, record, data_at));
        }
        let structure = CheckedStructure::new(source, limits.clone(), top, entries, warnings);
        if let Some(entry) =
            REQUIRED.iter().filter_map(|path| structure.find(path)).find(|entry| entry.size() > limits.record_bytes)
        {
            return Err(Refused::entry(Code::RecordTooLarge, entry.path().as_str().as_bytes())
                .because(format!("{} bytes, the limit is {}", entry.size(), limits.record_bytes))
                .into());
        }
        refuse_newer(&structure)?;
        match REQUIRED.iter().find(|path| structure.find(path).is_none()) {
            Some(missing) => Err(Refused::file(Code::MissingFile).because(format!("`{missing}`")).into()),
            None => Ok(structure),
        }
    }
}

/// The top folder, and each record's path below it.
fn check_names(records: &[Central<'_>]) -> Result<(ArtifactPath, Vec<ArtifactPath>), Refused> {
    let mut top: Option<ArtifactPath> = None;
    let mut paths = Vec::with_capacity(records.len());
    // By the name that systems see which ignore case: `None` for a folder, else the file.
    let mut taken: HashMap<String, Option<ArtifactPath>> = HashMap::with_capacity(records.len());
    for record in records {
        let refuse = |code| Refused::entry(code, record.name);
        let unsafe_name = |why: ArtifactPathError| refuse(Code::UnsafeName).because(why.to_string());
        let name = std::str::from_utf8(record.name).map_err(|_| refuse(Code::NameNotText))?;
        let Some((folder, below)) = name.split_once('/') else {
            ArtifactPath::parse(name).map_err(unsafe_name)?;
            return Err(refuse(Code::OutsideTop));
        };
        let folder = ArtifactPath::parse(folder).map_err(unsafe_name)?;
        let path = ArtifactPath::parse(below).map_err(unsafe_name)?;
        if top.get_or_insert_with(|| folder.clone()) != &folder {
            return Err(refuse(Code::SeveralTops));
        }
        let folded = path.folded();
        for (at, _) in folded.match_indices('/') {
            if taken.entry(folded[..at].to_owned()).or_insert(None).is_some() {
                return Err(refuse(Code::FileAndFolder));
            }
        }
        match taken.insert(folded, Some(path.clone())) {
            None => paths.push(path),
            Some(None) => return Err(refuse(Code::FileAndFolder)),
            Some(Some(other)) if other == path => return Err(refuse(Code::DuplicateName)),
            Some(Some(_)) => return Err(refuse(Code::CaseClash)),
        }
    }
    let top = top.ok_or_else(|| Refused::file(Code::MissingFile).because("it is empty"))?;
    Ok((top, paths))
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
