//! Sealing by path: on Windows, and on the system nobody thought of.

#![cfg_attr(windows, allow(unsafe_code, reason = "the standard library's rename replaces; MoveFileExW need not"))]

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::platform::files::FileId;

#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        if fs::metadata(&path)?.is_dir() { Ok(Self(path)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    pub(super) fn exists(&self, name: &OsStr) -> io::Result<bool> {
        match fs::symlink_metadata(self.0.join(name)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Exclusive: an existing link is not followed either.
    pub(super) fn create(&self, name: &OsStr) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.0.join(name))
    }

    /// Opens a regular file; `None` for anything else.
    pub(super) fn open_own(&self, name: &OsStr) -> io::Result<Option<File>> {
        let path = self.0.join(name);
        if !fs::symlink_metadata(&path)?.is_file() {
            return Ok(None);
        }
        let file = not_following(OpenOptions::new().read(true).write(true)).open(path)?;
        Ok(file.metadata()?.is_file().then_some(file))
    }

    pub(super) fn id(&self, name: &OsStr) -> io::Result<FileId> {
        FileId::of(&not_following(OpenOptions::new().read(true)).open(self.0.join(name))?)
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    /// Renames in the place of what has the name `to`.
    pub(super) fn replace(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    /// Moves without `MOVEFILE_REPLACE_EXISTING`, and returns when the move is on the disk.
    #[cfg(windows)]
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        use windows_sys::Win32::Storage::FileSystem::{MOVEFILE_WRITE_THROUGH, MoveFileExW};
        let (from, to) = (wide(&self.0.join(from))?, wide(&self.0.join(to))?);
        // SAFETY: both texts end in a zero and live through the call.
        if unsafe { MoveFileExW(from.as_ptr(), to.as_ptr(), MOVEFILE_WRITE_THROUGH) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// A second name never replaces; then the first one goes.
    #[cfg(not(windows))]
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::hard_link(self.0.join(from), self.0.join(to))?;
        let _ = self.remove(from);
        Ok(())
    }

    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(()) // the rename has written through
    }
}

fn not_following(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT;
        options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
    }
    #[cfg(not(windows))]
    options
}

/// As Windows reads it: UTF-16, ending in a zero, verbatim so that long paths work.
#[cfg(windows)]
fn wide(path: &Path) -> io::Result<Vec<u16>> {
    use std::os::windows::ffi::OsStrExt;
    let text = path.as_os_str();
    let verbatim: &str = match path.components().next() {
        Some(std::path::Component::Prefix(prefix)) if matches!(prefix.kind(), std::path::Prefix::Disk(_)) => r"\\?\",
        _ => "",
    };
    let wide: Vec<u16> = verbatim.encode_utf16().chain(text.encode_wide()).chain([0]).collect();
    if wide.iter().filter(|unit| **unit == 0).count() == 1 { Ok(wide) } else { Err(io::ErrorKind::InvalidInput.into()) }
}
