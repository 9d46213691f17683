//! The file that is to be sent, held open, so that what is hashed is what is sent.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::deliver::DeliverError;
use crate::model::{CaseId, Sha256Digest};

/// Bytes that are hashed at a time.
const BLOCK: usize = 256 * 1024;

/// A file of known size and digest.
#[derive(Debug)]
pub struct Parcel {
    /// The case that it belongs to.
    pub case_id: CaseId,
    /// Where it is.
    pub path: PathBuf,
    /// Its name at the far side.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the whole file.
    pub digest: Sha256Digest,
    file: File,
}

impl Parcel {
    /// Opens and hashes the file at `path`. Where a digest is expected, another one is refused: what was verified is sent,
    /// and nothing else.
    pub fn open(path: &Path, case_id: &CaseId, expected: Option<&Sha256Digest>) -> Result<Self, DeliverError> {
        let failed = |source| DeliverError::Io { action: "read", path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if !about.is_file() {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")));
        }
        let mut hash = Sha256::new();
        let mut buffer = vec![0; BLOCK];
        let mut size = 0;
        loop {
            match file.read(&mut buffer).map_err(failed)? {
                0 => break,
                read => {
                    hash.update(&buffer[..read]);
                    size += read as u64;
                }
            }
        }
        let digest = Sha256Digest(hash.finalize().into());
        match expected {
            Some(expected) if *expected != digest => {
                let what = format!("{} has changed since it was verified; it", path.display());
                return Err(DeliverError::DigestMismatch { what, expected: *expected, found: digest });
            }
            _ => {}
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = crate::model::ArtifactPath::nearest(&name).as_str().to_owned();
        Ok(Self { case_id: case_id.clone(), path: path.to_owned(), name, size, digest, file })
    }

    /// The file from `offset` on. There is one place in the file: who takes a second reader must be done with the first.
    pub(super) fn reader(&self, offset: u64) -> Result<File, DeliverError> {
        let failed = |source| DeliverError::Io { action: "read", path: self.path.clone(), source };
        let mut file = self.file.try_clone().map_err(failed)?;
        file.seek(io::SeekFrom::Start(offset)).map_err(failed)?;
        Ok(file)
    }
}
