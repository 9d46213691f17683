//! Writes and seals a bundle: entries in order, digests as they pass, the final name only when everything is there.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::bag;
use super::layout::{BAG_INFO, BAGIT, BundleName, PAYLOAD_MANIFEST, TAG_MANIFEST};
use crate::model::manifest::{CASE_PATH, MANIFEST_PATH, REDACTION_PATH};
use crate::model::{ArtifactPath, Sha256Digest};
use crate::platform::{PartialFile, remove_debris};
use crate::redact::{RedactError, Redacted, Step, Summary};

/// Why a bundle could not be written. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk, the folder or the file system said no.
    #[error("cannot write {path}: {source}")]
    Io {
        /// The bundle's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of that name is there already; it was not touched.
    #[error("{path} exists already")]
    Exists {
        /// The bundle's path.
        path: PathBuf,
    },
    /// A document of the bundle itself could not be redacted.
    #[error("the bundle's own {document} {source}")]
    Document {
        /// Which one.
        document: &'static str,
        /// What the redactor said.
        source: RedactError,
    },
}

/// Why an artifact is not in the bundle.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// It could not be redacted; the bundle goes on without it.
    #[error(transparent)]
    Withheld(#[from] RedactError),
    /// The bundle itself cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What an added artifact came to.
#[derive(Debug)]
pub struct Written {
    /// Its name in the bundle: the wished one, or a numbered one where that was taken.
    pub path: ArtifactPath,
    /// Bytes in the bundle.
    pub size: u64,
    /// SHA-256 of those bytes.
    pub sha256: Sha256Digest,
    /// What the redactor did.
    pub summary: Summary,
}

/// The documents that the bundle itself consists of.
#[derive(Debug)]
pub struct Documents<'a> {
    /// The facts of the case.
    pub case: Redacted<'a>,
    /// The counts of the redaction.
    pub redaction: Redacted<'a>,
    /// The rich record.
    pub manifest: Redacted<'a>,
    /// BagIt metadata: label and value.
    pub bag_info: Vec<(&'static str, String)>,
}

/// A sealed bundle.
#[derive(Debug)]
pub struct Sealed {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of `tagmanifest-sha256.txt`.
    pub bundle_digest: Sha256Digest,
    /// Bytes of the file.
    pub size: u64,
}

/// The output file. After the first error it swallows what is written: the zip writer, when it is dropped, tries to end the
/// archive in any case and would tell the terminal that it could not.
struct Output {
    file: File,
    failed: Arc<AtomicBool>,
}

impl Write for Output {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.failed.load(Ordering::Relaxed) {
            return Ok(buf.len());
        }
        self.file.write(buf).inspect_err(|e| {
            if e.kind() != io::ErrorKind::Interrupted {
                self.failed.store(true, Ordering::Relaxed);
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Output {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// A bundle that is being written. It takes only what has passed the redactor.
pub struct BundleWriter {
    zip: ZipWriter<BufWriter<Output>>,
    /// Whether a write has failed: then what looks written may not be, and nothing is published.
    failed: Arc<AtomicBool>,
    /// The same open file: the zip writer cannot cut off what an aborted entry left.
    file: File,
    partial: PartialFile,
    path: PathBuf,
    top: String,
    taken: HashSet<String>,
    payload: BTreeMap<ArtifactPath, Sha256Digest>,
    epoch: Option<Timestamp>,
}

impl std::fmt::Debug for BundleWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BundleWriter({})", self.path.display())
    }
}

impl BundleWriter {
    /// Begins the bundle `name` in `folder`, after clearing away what dead runs left there. With `epoch` every entry time is
    /// that moment or its source's.
    pub fn create(folder: &Path, name: &BundleName, epoch: Option<Timestamp>) -> Result<Self, WriteError> {
        let path = folder.join(name.file_name());
        let io = |source| WriteError::Io { path: path.clone(), source };
        if std::fs::symlink_metadata(&path).is_ok() {
            return Err(WriteError::Exists { path });
        }
        remove_debris(folder).map_err(io)?;
        let mut partial = PartialFile::create(&path).map_err(io)?;
        let file = partial.file().try_clone().map_err(io)?;
        let failed = Arc::new(AtomicBool::new(false));
        let output = Output { file: file.try_clone().map_err(io)?, failed: Arc::clone(&failed) };
        let zip = ZipWriter::new(BufWriter::new(output)).set_auto_large_file();
        let top = name.as_str().to_owned();
        Ok(Self { zip, failed, file, partial, path, top, taken: HashSet::new(), payload: BTreeMap::new(), epoch })
    }

    /// Adds one artifact under `wish` below `data/`. `observe` sees each block as it is written. An artifact that must be
    /// withheld is taken out again without a trace.
    pub fn add(
        &mut self,
        wish: &ArtifactPath,
        modified: Option<Timestamp>,
        redacted: Redacted<'_>,
        observe: &mut dyn FnMut(&[u8]),
    ) -> Result<Written, AddError> {
        let data = ArtifactPath::nearest("data");
        let mut path = wish.below(&data);
        let mut n = 1;
        while self.taken.contains(&path.folded()) || is_reserved(&path) {
            n += 1;
            path = wish.numbered(n).below(&data);
        }
        let (size, sha256, summary) = self.entry(path.as_str(), modified, redacted, observe)?;
        self.taken.insert(path.folded());
        self.payload.insert(path.clone(), sha256);
        Ok(Written { path, size, sha256, summary })
    }

    /// Adds the bundle's own documents, makes the file durable and gives it its name.
    pub fn seal(mut self, documents: Documents<'_>) -> Result<Sealed, WriteError> {
        let own = |document| {
            move |e| match e {
                AddError::Withheld(source) => WriteError::Document { document, source },
                AddError::Write(e) => e,
            }
        };
        let nothing = &mut |_: &[u8]| {};
        for (path, document, redacted) in
            [(CASE_PATH, "case.json", documents.case), (REDACTION_PATH, "redaction.json", documents.redaction)]
        {
            let (_, digest, _) = self.entry(path, self.epoch, redacted, nothing).map_err(own(document))?;
            self.payload.insert(ArtifactPath::nearest(path), digest);
        }
        let (_, manifest, _) =
            self.entry(MANIFEST_PATH, self.epoch, documents.manifest, nothing).map_err(own(MANIFEST_PATH))?;
        let info = bag::bag_info(&documents.bag_info);
        let payload: String =
            self.payload.iter().map(|(path, digest)| bag::manifest_line(digest, path.as_str())).collect();
        let bagit = self.tag_file(BAGIT, bag::BAGIT_TXT)?;
        let bag_info = self.tag_file(BAG_INFO, &info)?;
        let payload_manifest = self.tag_file(PAYLOAD_MANIFEST, &payload)?;
        let mut tags =
            [(BAGIT, bagit), (BAG_INFO, bag_info), (PAYLOAD_MANIFEST, payload_manifest), (MANIFEST_PATH, manifest)];
        tags.sort_unstable_by_key(|(path, _)| *path);
        let tag_manifest: String = tags.iter().map(|(path, digest)| bag::manifest_line(digest, path)).collect();
        let bundle_digest = self.tag_file(TAG_MANIFEST, &tag_manifest)?;
        let path = self.path;
        let io = |source| WriteError::Io { path: path.clone(), source };
        let mut inner = self.zip.finish().map_err(|e| io(e.into()))?;
        inner.flush().map_err(io)?;
        let size = inner.get_ref().file.metadata().map_err(io)?.len();
        drop(inner);
        if self.failed.load(Ordering::Relaxed) {
            return Err(io(io::Error::other("a write failed before")));
        }
        drop(self.file);
        match self.partial.publish() {
            Ok(()) => Ok(Sealed { path, bundle_digest, size }),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(WriteError::Exists { path }),
            Err(source) => Err(WriteError::Io { path, source }),
        }
    }

    /// Text that this room makes from digests, checked paths and constants.
    fn tag_file(&mut self, name: &str, text: &str) -> Result<Sha256Digest, WriteError> {
        let options = self.options(self.epoch);
        let path = self.path.clone();
        let io = |source| WriteError::Io { path: path.clone(), source };
        self.zip.start_file(format!("{}/{name}", self.top), options).map_err(|e| io(e.into()))?;
        self.zip.write_all(text.as_bytes()).map_err(io)?;
        Ok(Sha256Digest(Sha256::digest(text).into()))
    }

    fn entry(
        &mut self,
        path: &str,
        modified: Option<Timestamp>,
        redacted: Redacted<'_>,
        observe: &mut dyn FnMut(&[u8]),
    ) -> Result<(u64, Sha256Digest, Summary), AddError> {
        let options = self.options(modified);
        self.zip.start_file(format!("{}/{path}", self.top), options).map_err(|e| self.io(e.into()))?;
        let (mut size, mut digest) = (0, Sha256::new());
        for step in redacted {
            match step {
                Ok(Step::Block(block)) => {
                    let bytes = block.bytes();
                    digest.update(bytes);
                    size += bytes.len() as u64;
                    observe(bytes);
                    self.zip.write_all(bytes).map_err(|e| self.io(e))?;
                }
                Ok(Step::End(summary)) => return Ok((size, Sha256Digest(digest.finalize().into()), summary)),
                Err(e) => {
                    self.take_back()?;
                    return Err(e.into());
                }
            }
        }
        self.take_back()?;
        Err(RedactError::Changed("it ended early").into())
    }

    /// Removes the entry that is being written, its bytes included: a withheld artifact leaves nothing behind.
    fn take_back(&mut self) -> Result<(), WriteError> {
        self.zip.abort_file().map_err(|e| self.io(e.into()))?;
        let end = self.file.stream_position().map_err(|e| self.io(e))?;
        self.file.set_len(end).map_err(|e| self.io(e))
    }

    fn options(&self, modified: Option<Timestamp>) -> SimpleFileOptions {
        SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .unix_permissions(0o644)
            .last_modified_time(dos_time(modified.or(self.epoch)))
    }

    fn io(&self, source: io::Error) -> WriteError {
        WriteError::Io { path: self.path.clone(), source }
    }
}

fn is_reserved(path: &ArtifactPath) -> bool {
    [CASE_PATH, REDACTION_PATH].contains(&path.folded().as_str())
}

/// A moment as zip has it: UTC here, two seconds' steps, 1980 to 2107.
fn dos_time(moment: Option<Timestamp>) -> DateTime {
    let Some(moment) = moment else { return DateTime::default() };
    let utc = moment.to_zoned(jiff::tz::TimeZone::UTC);
    let field = |value: i8| u8::try_from(value).unwrap_or(0);
    DateTime::from_date_and_time(
        u16::try_from(utc.year()).unwrap_or(0),
        field(utc.month()),
        field(utc.day()),
        field(utc.hour()),
        field(utc.minute()),
        field(utc.second()),
    )
    .unwrap_or_default()
}
