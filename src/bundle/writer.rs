//! Writes and seals a bundle: entries in order, digests as they pass, the final name only when everything is there.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::bag;
use super::encryption::Recipients;
use super::layout::{BAG_INFO, BAGIT, BundleName, PAYLOAD_MANIFEST, TAG_MANIFEST};
use super::packing::{Contents, End, Packed, Packing, Part};
use super::zip_writer::ZipWriter;
use crate::model::manifest::{CASE_PATH, MANIFEST_PATH, REDACTION_PATH};
use crate::model::{ArtifactPath, Sha256Digest};
use crate::platform::{Hands, PartialFile, remove_debris};
use crate::redact::{RedactError, Redacted};

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

/// An artifact that was added.
#[derive(Debug)]
pub struct Written {
    /// Its name in the bundle: the wished one, or a numbered one where that was taken.
    pub path: ArtifactPath,
    /// What it came to.
    pub contents: Contents,
}

/// Where an artifact stands, and its digest.
pub type Added = (ArtifactPath, Sha256Digest);

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

/// Bytes of a list that are held at once: that of a hundred thousand files has 13 MB.
const TEXT_PART: usize = 256 << 10;

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

/// A bundle that is being written. It takes only what has passed the redactor.
pub struct BundleWriter {
    zip: ZipWriter,
    partial: PartialFile,
    path: PathBuf,
    top: String,
    /// Digests of the folded paths: of a hundred thousand, they take a tenth of the room.
    taken: HashSet<u64>,
    added: Vec<Added>,
    epoch: Option<Timestamp>,
}

impl std::fmt::Debug for BundleWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BundleWriter({})", self.path.display())
    }
}

impl BundleWriter {
    /// Begins the bundle `name` in `folder`, after clearing away what dead runs left there. With `epoch` every entry time is
    /// that moment or its source's. With `recipients` only they can open it.
    pub fn create(
        folder: &Path,
        name: &BundleName,
        epoch: Option<Timestamp>,
        recipients: Option<&Recipients>,
    ) -> Result<Self, WriteError> {
        let path = folder.join(recipients.map_or_else(|| name.file_name(), |_| name.encrypted_file_name()));
        let io = |source| WriteError::Io { path: path.clone(), source };
        if std::fs::symlink_metadata(&path).is_ok() {
            return Err(WriteError::Exists { path });
        }
        remove_debris(folder).map_err(io)?;
        let mut partial = PartialFile::create(&path).map_err(io)?;
        let file = partial.file().try_clone().map_err(io)?;
        let zip = match recipients {
            None => ZipWriter::new(file),
            Some(recipients) => ZipWriter::sealed(file, recipients, folder.to_owned()).map_err(io)?,
        };
        let top = name.as_str().to_owned();
        Ok(Self { zip, partial, path, top, taken: HashSet::new(), added: Vec::new(), epoch })
    }

    /// Adds one artifact under `wish` below `data/`. One that must be withheld is taken out again without a trace.
    pub fn add(
        &mut self,
        wish: &ArtifactPath,
        modified: Option<Timestamp>,
        packed: &mut dyn Iterator<Item = Result<Packed, RedactError>>,
    ) -> Result<Written, AddError> {
        let data = ArtifactPath::nearest("data");
        let mut path = wish.below(&data);
        let mut n = 1;
        while self.taken.contains(&folded(&path)) || is_reserved(&path) {
            n += 1;
            path = wish.numbered(n).below(&data);
        }
        let contents = self.entry(path.as_str(), modified, packed)?;
        self.taken.insert(folded(&path));
        self.added.push((path.clone(), contents.sha256));
        Ok(Written { path, contents })
    }

    /// The artifacts, in the order in which they were added.
    #[must_use]
    pub fn added(&self) -> &[Added] {
        &self.added
    }

    /// Adds the bundle's own documents, makes the file durable and gives it its name.
    pub fn seal(mut self, documents: Documents<'_>) -> Result<Sealed, WriteError> {
        let (case, redaction) = (documents.case, documents.redaction);
        for (path, document, redacted) in
            [(CASE_PATH, "case.json", case), (REDACTION_PATH, "redaction.json", redaction)]
        {
            let digest = self.document(path, document, redacted)?;
            self.added.push((ArtifactPath::nearest(path), digest));
        }
        let manifest = self.document(MANIFEST_PATH, MANIFEST_PATH, documents.manifest)?;
        let info = bag::bag_info(&documents.bag_info);
        let bagit = self.tag_file(BAGIT, &mut [bag::BAGIT_TXT.to_owned()].into_iter())?;
        let bag_info = self.tag_file(BAG_INFO, &mut [info].into_iter())?;
        let mut added = std::mem::take(&mut self.added);
        added.sort_unstable();
        let mut lines = added.iter().map(|(path, digest)| bag::manifest_line(digest, path.as_str()));
        let payload_manifest = self.tag_file(PAYLOAD_MANIFEST, &mut lines)?;
        let mut tags =
            [(BAGIT, bagit), (BAG_INFO, bag_info), (PAYLOAD_MANIFEST, payload_manifest), (MANIFEST_PATH, manifest)];
        tags.sort_unstable_by_key(|(path, _)| *path);
        let mut lines = tags.iter().map(|(path, digest)| bag::manifest_line(digest, path));
        let bundle_digest = self.tag_file(TAG_MANIFEST, &mut lines)?;
        let path = self.path;
        let io = |source| WriteError::Io { path: path.clone(), source };
        let size = self.zip.finish().map_err(io)?;
        match self.partial.publish() {
            Ok(()) => Ok(Sealed { path, bundle_digest, size }),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(WriteError::Exists { path }),
            Err(source) => Err(WriteError::Io { path, source }),
        }
    }

    fn document(
        &mut self,
        path: &str,
        document: &'static str,
        redacted: Redacted<'_>,
    ) -> Result<Sha256Digest, WriteError> {
        let nothing = &mut |_: &[u8]| {};
        match self.entry(path, self.epoch, &mut Packing::new(redacted, Hands::default(), nothing)) {
            Ok(contents) => Ok(contents.sha256),
            Err(AddError::Withheld(source)) => Err(WriteError::Document { document, source }),
            Err(AddError::Write(e)) => Err(e),
        }
    }

    /// Text that this room makes from digests, checked paths and constants.
    fn tag_file(&mut self, name: &str, lines: &mut dyn Iterator<Item = String>) -> Result<Sha256Digest, WriteError> {
        let mut entry = self.zip.begin(format!("{}/{name}", self.top), self.epoch);
        let (mut text, mut digest) = (String::new(), Sha256::new());
        loop {
            let line = lines.next();
            let end = if line.is_none() { End::Entry } else { End::Part };
            text.push_str(line.as_deref().unwrap_or_default());
            if text.len() >= TEXT_PART || end == End::Entry {
                digest.update(&text);
                self.zip.append(&mut entry, &Part::of(&[text.as_bytes()], end)).map_err(|e| self.io(e))?;
                text.clear();
            }
            if end == End::Entry {
                self.zip.end(&entry).map_err(|e| self.io(e))?;
                return Ok(Sha256Digest(digest.finalize().into()));
            }
        }
    }

    fn entry(
        &mut self,
        path: &str,
        modified: Option<Timestamp>,
        packed: &mut dyn Iterator<Item = Result<Packed, RedactError>>,
    ) -> Result<Contents, AddError> {
        let mut entry = self.zip.begin(format!("{}/{path}", self.top), modified.or(self.epoch));
        let withheld = loop {
            match packed.next() {
                Some(Ok(Packed::Part(part))) => self.zip.append(&mut entry, &part).map_err(|e| self.io(e))?,
                Some(Ok(Packed::End(contents))) => {
                    self.zip.end(&entry).map_err(|e| self.io(e))?;
                    return Ok(contents);
                }
                Some(Err(e)) => break e,
                None => break RedactError::Changed("it ended early"),
            }
        };
        self.zip.take_back(&entry).map_err(|e| self.io(e))?;
        Err(withheld.into())
    }

    fn io(&self, source: io::Error) -> WriteError {
        WriteError::Io { path: self.path.clone(), source }
    }
}

/// A path as it counts where case is ignored. Two different ones that meet here would only cost a number in a name.
fn folded(path: &ArtifactPath) -> u64 {
    let digest = Sha256::digest(path.folded());
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn is_reserved(path: &ArtifactPath) -> bool {
    [CASE_PATH, REDACTION_PATH].contains(&path.folded().as_str())
}
