//! The system nobody thought of: compiles, and reads nothing.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{Elevation, Entries, FileId, Found, Kind, Named, OpenedFile, Refusal};

#[derive(Debug)]
pub(super) struct Root;

pub(super) struct Folder;

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "reading files is not supported on this system")
}

pub(super) fn elevation() -> Elevation {
    Elevation::None
}

pub(super) fn file_id(_file: &File) -> io::Result<FileId> {
    Err(unsupported())
}

pub(super) fn open(_path: &Path, _elevation: Elevation) -> Result<Named, Refusal> {
    Err(Refusal::Io(unsupported()))
}

impl Root {
    pub(super) fn folder(&self) -> Result<Folder, Refusal> {
        Err(Refusal::Io(unsupported()))
    }

    pub(super) fn subfolder(&self, _above: &Folder, _relative: &Path) -> Result<Folder, Refusal> {
        Err(Refusal::Io(unsupported()))
    }

    pub(super) fn examine(&self, _folder: &Folder, _relative: &Path, _kind: Kind) -> Result<Found, Refusal> {
        Err(Refusal::Io(unsupported()))
    }

    pub(super) fn open_file(&self, _relative: &Path) -> Result<OpenedFile, Refusal> {
        Err(Refusal::Io(unsupported()))
    }
}

impl Folder {
    pub(super) fn entries(&self, _most: usize) -> Result<Entries, Refusal> {
        Err(Refusal::Io(unsupported()))
    }
}
