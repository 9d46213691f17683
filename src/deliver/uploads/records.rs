//! What an unfinished upload is called at the far side, kept for the next run: small private files in the state folder.
//! Such a name may be all that somebody needs to write there, so it stands in no journal.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::deliver::DeliverError;
use crate::model::Sha256Digest;

use crate::platform::{PartialFile, create_private_dir, open_private_append};

/// A record is a few hundred bytes.
const MOST_RECORD_BYTES: u64 = 64 * 1024;

/// The folder of the records.
#[derive(Debug, Clone)]
pub struct Records {
    folder: PathBuf,
}

/// An upload that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// SHA-256 of the file.
    pub file_digest: Sha256Digest,
    /// Bytes of the file.
    pub size: u64,
    /// The far side's name for the upload: an address or an upload id.
    pub upload: String,
    /// Bytes of each part, where the far side takes parts; the last may be smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_size: Option<u64>,
}

/// The record of one upload, held for this process.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    _lock: File,
}

impl Records {
    /// The records in `folder`, which is made when the first one is.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Holds the record of an upload of the file `file_digest` to `target`; two runs never send the same at once.
    pub fn hold(&self, target: &str, file_digest: Option<&Sha256Digest>) -> Result<Held, DeliverError> {
        create_private_dir(&self.folder).map_err(failed("make", &self.folder))?;
        let mut hash = Sha256::new().chain_update("casefile upload\n").chain_update(target);
        if let Some(digest) = file_digest {
            hash.update(digest.0);
        }
        let name = Sha256Digest(hash.finalize().into()).to_string();
        let path = self.folder.join(format!("{}.json", &name[..32]));
        let lock_path = path.with_extension("lock");
        let lock = open_private_append(&lock_path).map_err(failed("lock", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Held { path, _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(DeliverError::Busy(lock_path)),
            Err(std::fs::TryLockError::Error(e)) => Err(failed("lock", &lock_path)(e)),
        }
    }
}

impl Held {
    /// The record, where there is a readable one: a damaged one costs an upload from the start, nothing else.
    pub fn read(&self) -> Result<Option<Record>, DeliverError> {
        match File::open(&self.path) {
            Ok(file) => {
                let mut text = Vec::new();
                file.take(MOST_RECORD_BYTES).read_to_end(&mut text).map_err(failed("read", &self.path))?;
                Ok(serde_json::from_slice(&text).ok())
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failed("read", &self.path)(e)),
        }
    }

    /// Keeps `record` in the place of the one before; it is on the disk when this returns.
    pub fn write(&self, record: &Record) -> Result<(), DeliverError> {
        let text = serde_json::to_vec(record).expect("a record of texts is JSON");
        let mut file = PartialFile::create_over(&self.path).map_err(failed("write", &self.path))?;
        file.file().write_all(&text).and_then(|()| file.publish_over()).map_err(failed("write", &self.path))
    }

    /// Drops the record: the next run begins from the start.
    pub fn forget(&self) -> Result<(), DeliverError> {
        match std::fs::remove_file(&self.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", &self.path)(e)),
            _ => Ok(()),
        }
    }
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> DeliverError + 'a {
    move |source| DeliverError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_again_by_target_and_file_and_held_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let records = Records::new(folder.path().join("uploads"));
        let digest = Sha256Digest([1; 32]);
        let record =
            Record { file_digest: digest, size: 3, upload: "https://h/u/1".to_owned(), part_size: Some(1 << 20) };
        let held = records.hold("https://h/u", Some(&digest)).expect("free");
        assert_eq!(held.read().expect("readable"), None);
        held.write(&record).expect("written");
        held.write(&record).expect("written over");
        assert!(matches!(records.hold("https://h/u", Some(&digest)), Err(DeliverError::Busy(_))));
        drop(held);
        assert_eq!(records.hold("https://h/u", Some(&digest)).expect("free").read().expect("readable"), Some(record));
        let other = records.hold("https://h/u", Some(&Sha256Digest([2; 32]))).expect("free");
        assert_eq!(other.read().expect("readable"), None);
        std::fs::write(&other.path, "{").expect("written");
        assert_eq!(other.read().expect("readable"), None);
    }
}
