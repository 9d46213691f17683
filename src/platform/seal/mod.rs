//! An output file that appears whole or not at all.
//!
//! It is written under a private name beside its final one, locked while its maker lives, and renamed without replacing
//! when it is whole. A maker that is killed leaves the private name; the next run removes it, if its lock is free.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::files::FileId;

#[cfg(test)]
mod tests;

#[cfg(unix)]
#[path = "unix.rs"]
mod sys;
#[cfg(not(unix))]
#[path = "by_path.rs"]
mod sys;

/// Between the bundle's ending and [`TAIL`] stand 8 hex digits, and perhaps an `.age` before them.
const BUNDLE: &[u8] = b".casefile.zip";
const TAIL: &str = ".partial";

/// How often a private name is tried before giving up. One is enough unless somebody works against us.
const ATTEMPTS: usize = 16;

/// A private file beside its final path, named `.{final name}.{8 hex}.partial`: exclusive, for its owner alone (on Windows:
/// for whom its folder lets in), no link followed, locked while it is open. Dropped unpublished, it is gone.
#[derive(Debug)]
pub struct PartialFile {
    folder: sys::Folder,
    partial: OsString,
    final_name: OsString,
    file: File,
    published: bool,
}

impl PartialFile {
    /// Makes the file. [`io::ErrorKind::AlreadyExists`] when the final name is taken already.
    pub fn create(final_path: &Path) -> io::Result<Self> {
        let (folder, final_name) = split(final_path)?;
        if folder.exists(&final_name)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Self::beside(folder, final_name)
    }

    /// Makes the file beside one that it may replace later, with [`PartialFile::publish_over`].
    pub fn create_over(final_path: &Path) -> io::Result<Self> {
        let (folder, final_name) = split(final_path)?;
        Self::beside(folder, final_name)
    }

    fn beside(folder: sys::Folder, final_name: OsString) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let partial = partial_name(&final_name)?;
            if let Some(file) = create_locked(&folder, &partial)? {
                return Ok(Self { folder, partial, final_name, file, published: false });
            }
        }
        Err(io::Error::other("no private name for the output file is free"))
    }

    /// The file, to write, read back and seek.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Makes the file durable and gives it its final name, never replacing what has that name:
    /// [`io::ErrorKind::AlreadyExists`] then, and this file is gone, the other untouched.
    pub fn publish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        self.folder.rename(&self.partial, &self.final_name)?;
        self.published = true;
        self.folder.sync()
    }

    /// The same, in the place of whatever file has the final name.
    pub fn publish_over(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        self.folder.replace(&self.partial, &self.final_name)?;
        self.published = true;
        self.folder.sync()
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.published {
            // Nobody is left to tell; what stays is what the next run removes.
            let _ = self.folder.remove(&self.partial);
        }
    }
}

/// Removes what killed runs left in `folder`: regular files named `.*.casefile.zip.*.partial`, of this account, whose lock
/// is free. Returns how many.
pub fn remove_debris(folder: &Path) -> io::Result<usize> {
    remove_debris_of(folder, &is_bundle_name)
}

/// The same for the private names of files whose final name `ours` knows.
pub fn remove_debris_of(folder: &Path, ours: &dyn Fn(&[u8]) -> bool) -> io::Result<usize> {
    let names: Vec<OsString> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
        .filter(|name| final_name_of(name).is_some_and(ours))
        .collect();
    let folder = sys::Folder::open(folder)?;
    let mut removed = 0;
    for name in names {
        // Not ours, gone meanwhile, or no file: none of our business.
        let Ok(Some(file)) = folder.open_own(&name) else { continue };
        // The maker holds the lock as long as it lives. A file system without locks says so here: then it stays.
        if file.try_lock().is_ok() && is_still(&folder, &name, &file) && folder.remove(&name).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

/// Creates and locks; `None` when the name was taken or another run removed the file before it was locked.
fn create_locked(folder: &sys::Folder, name: &OsStr) -> io::Result<Option<File>> {
    let file = match folder.create(name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        // Another run holds it, to remove it: it was between create and lock that it looked.
        Err(TryLockError::WouldBlock) => return Ok(None),
        // No locks on this file system: then no run can lock it to remove it either.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    Ok(is_still(folder, name, &file).then_some(file))
}

/// Whether `name` is still the file that is open here.
fn is_still(folder: &sys::Folder, name: &OsStr, file: &File) -> bool {
    match (FileId::of(file), folder.id(name)) {
        (Ok(open), Ok(named)) => open == named,
        _ => false,
    }
}

fn split(path: &Path) -> io::Result<(sys::Folder, OsString)> {
    let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the output path names no file");
    let name = path.file_name().ok_or_else(no_name)?.to_owned();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((sys::Folder::open(parent)?, name))
}

fn partial_name(final_name: &OsStr) -> io::Result<OsString> {
    let mut random = [0u8; 4];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let mut name = OsString::from(".");
    name.push(final_name);
    name.push(format!(".{:08x}{TAIL}", u32::from_le_bytes(random)));
    Ok(name)
}

/// The final name in a private name.
fn final_name_of(name: &OsStr) -> Option<&[u8]> {
    let stem = name.as_encoded_bytes().strip_prefix(b".")?.strip_suffix(TAIL.as_bytes())?;
    let (front, hex) = stem.split_at_checked(stem.len().checked_sub(8)?)?;
    hex.iter().all(u8::is_ascii_hexdigit).then(|| front.strip_suffix(b".")).flatten()
}

/// Whether a final name is a bundle's, also an encrypted one's.
fn is_bundle_name(name: &[u8]) -> bool {
    let rest = name.windows(BUNDLE.len()).position(|window| window == BUNDLE).map(|at| &name[at + BUNDLE.len()..]);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
}

#[cfg(test)]
fn is_debris_name(name: &OsStr) -> bool {
    final_name_of(name).is_some_and(is_bundle_name)
}
