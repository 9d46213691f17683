//! A bundle whose container is safe: enough to list it, and to read one entry that is verified by itself.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::content::ArtifactReader;
use super::error::BundleError;
use super::examination::{Examination, Progress};
use super::limits::Limits;
use super::problem::NotWhole;
use super::record::{self, Draft, Record};
use super::source::{BLOCK, Source};
use super::verified::VerifiedBundle;
use super::zip_directory::{Central, Method};
use crate::model::manifest::CASE_PATH;
use crate::model::{ArtifactPath, Case, Sha256Digest};

/// A zip in which every byte has one meaning, with safe and distinct names below one top folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CheckedStructure(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    limits: Limits,
    top: ArtifactPath,
    /// In the order in which they stand in the file.
    entries: Vec<Entry>,
    /// Places in `entries`, ordered by path.
    by_path: Vec<usize>,
    warnings: Vec<Warning>,
}

/// One file in the zip. Its size is what it declares; reading it checks that.
#[derive(Debug, Clone)]
pub struct Entry {
    path: ArtifactPath,
    method: Method,
    crc: u32,
    size: u64,
    packed: u64,
    data_at: u64,
}

impl Entry {
    pub(super) fn new(path: ArtifactPath, record: &Central<'_>, data_at: u64) -> Self {
        Self { path, method: record.method, crc: record.crc, size: record.size, packed: record.packed, data_at }
    }

    /// Its path below the top folder.
    #[must_use]
    pub fn path(&self) -> &ArtifactPath {
        &self.path
    }

    /// Its bytes when expanded.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its bytes in the zip.
    #[must_use]
    pub fn packed_size(&self) -> u64 {
        self.packed
    }

    /// Where its packed bytes stand in the file: half-open, `[from, to)`.
    pub(super) fn packed_range(&self) -> (u64, u64) {
        (self.data_at, self.data_at + self.packed)
    }

    pub(super) fn is_deflated(&self) -> bool {
        self.method == Method::Deflated
    }

    pub(super) fn crc(&self) -> u32 {
        self.crc
    }
}

/// Something unusual that is no reason to refuse: it expands by a large factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The entry, or the whole bundle.
    pub entry: Option<String>,
    /// Bytes when expanded.
    pub size: u64,
    /// Bytes in the zip.
    pub packed: u64,
}

impl Warning {
    /// As many as anybody reads.
    pub(super) const MOST: usize = 20;
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.entry {
            Some(entry) => write!(f, "`{entry}`")?,
            None => f.write_str("the bundle")?,
        }
        write!(f, " expands {} times, to {} bytes", self.size / self.packed.max(1), self.size)
    }
}

impl CheckedStructure {
    pub(super) fn new(
        source: Source,
        limits: Limits,
        top: ArtifactPath,
        entries: Vec<Entry>,
        warnings: Vec<Warning>,
    ) -> Self {
        let mut by_path: Vec<usize> = (0..entries.len()).collect();
        by_path.sort_unstable_by(|&a, &b| entries[a].path.cmp(&entries[b].path));
        Self(Arc::new(Inner { source, limits, top, entries, by_path, warnings }))
    }

    /// The file as it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.source.path()
    }

    /// The file's size as it was delivered.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.0.source.delivered_len()
    }

    /// The one top folder.
    #[must_use]
    pub fn top(&self) -> &ArtifactPath {
        &self.0.top
    }

    /// Every file, ordered by path.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.by_path.iter().map(|&n| &self.0.entries[n])
    }

    /// The file of this path, below the top folder.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let at = self.0.by_path.binary_search_by(|&n| self.0.entries[n].path.as_str().cmp(path)).ok()?;
        Some(&self.0.entries[self.0.by_path[at]])
    }

    /// What is unusual about its sizes.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// The bundle's own record of its contents, each of its files held against the tag manifest.
    pub fn record(&self) -> Result<Record, BundleError> {
        Draft::read(self)?.into_record()
    }

    /// Reads everything and finds every problem. An error means that the examination itself could not be carried out.
    pub fn examine(&self, progress: Progress<'_>) -> Result<Examination, BundleError> {
        Examination::of(self, progress)
    }

    /// Accepts the bundle when every byte is accounted for: all digests right, nothing missing, nothing added.
    pub fn verify(&self, progress: Progress<'_>) -> Result<VerifiedBundle, BundleError> {
        self.examine(progress)?.into_verified(self)
    }

    /// Writes one file to `out`, after a first pass has shown that its bytes are the sealed ones: not one unverified
    /// byte comes out.
    pub fn cat(&self, path: &ArtifactPath, out: &mut dyn Write) -> Result<(), BundleError> {
        let expected = self.record()?.digest(path).ok_or_else(|| BundleError::NoSuchArtifact(path.clone()))?;
        self.cat_expected(path, expected, out)
    }

    /// [`CheckedStructure::cat`] for a digest that the caller already trusts.
    pub fn cat_expected(
        &self,
        path: &ArtifactPath,
        expected: Sha256Digest,
        out: &mut dyn Write,
    ) -> Result<(), BundleError> {
        self.reader(self.entry(path)?, Some(expected)).into_digest().map_err(|error| self.error(error))?;
        let mut reader = self.reader(self.entry(path)?, Some(expected));
        let mut block = vec![0; BLOCK];
        loop {
            // The second pass checks too; if it fails, somebody rewrote the file in between.
            match reader.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(n) => out.write_all(&block[..n]).map_err(BundleError::Write)?,
                Err(error) => {
                    return Err(match self.error(error) {
                        BundleError::Refused(_) | BundleError::NotWhole(_) => {
                            BundleError::Changed(self.path().to_owned())
                        }
                        other => other,
                    });
                }
            }
        }
    }

    /// The facts of the case, verified against `record`.
    pub fn case(&self, record: &Record) -> Result<Case, BundleError> {
        let path = ArtifactPath::nearest(CASE_PATH);
        // The structure check has held its size to the limit.
        let bytes = self.small_file(record, &path, u64::MAX)?.unwrap_or_default();
        record::parse_case(&bytes)?.map_err(|problem| NotWhole::one(problem).into())
    }

    /// The bytes of one file, verified against `record`; `None` when it has more than `most`.
    pub fn small_file(&self, record: &Record, path: &ArtifactPath, most: u64) -> Result<Option<Vec<u8>>, BundleError> {
        let expected = record.digest(path).ok_or_else(|| BundleError::NoSuchArtifact(path.clone()))?;
        self.bytes(self.entry(path)?, expected, most)
    }

    /// The bytes of a small file, up to `most`, verified against `expected`. `None` when it is larger.
    pub(super) fn bytes(
        &self,
        entry: &Entry,
        expected: Sha256Digest,
        most: u64,
    ) -> Result<Option<Vec<u8>>, BundleError> {
        if entry.size > most {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let read = self.reader(entry, Some(expected)).read_to_end(&mut bytes);
        read.map(|_| Some(bytes)).map_err(|error| self.error(error))
    }

    /// The bytes of one of the bundle's own files, which the limits hold small; checked against nothing yet.
    pub(super) fn read_record(&self, entry: &Entry) -> Result<Vec<u8>, BundleError> {
        let most = self.0.limits.record_bytes;
        let mut bytes = Vec::new();
        let read = self.reader(entry, None).take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.error(error))?;
        Ok(bytes)
    }

    pub(super) fn reader(&self, entry: &Entry, expected: Option<Sha256Digest>) -> ArtifactReader<'_> {
        ArtifactReader::new(&self.0.source, entry, expected)
    }

    pub(super) fn source(&self) -> &Source {
        &self.0.source
    }

    /// Every file, in the order in which they stand.
    pub(super) fn in_file_order(&self) -> &[Entry] {
        &self.0.entries
    }

    pub(super) fn entry(&self, path: &ArtifactPath) -> Result<&Entry, BundleError> {
        self.find(path.as_str()).ok_or_else(|| BundleError::NoSuchArtifact(path.clone()))
    }

    /// The error for a failed read, or what our own reader found.
    pub(super) fn error(&self, error: io::Error) -> BundleError {
        self.0.source.error(error)
    }
}
