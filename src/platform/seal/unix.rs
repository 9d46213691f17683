//! Sealing on Unix: everything relative to the open folder.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, statat, unlinkat};
use rustix::io::Errno;

use crate::platform::files::FileId;

#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let how = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(CWD, path, how, Mode::empty())?))
    }

    pub(super) fn exists(&self, name: &OsStr) -> io::Result<bool> {
        match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    pub(super) fn create(&self, name: &OsStr) -> io::Result<File> {
        let how = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(&self.0, name, how, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// Opens a regular file of this account; `None` for anything else.
    pub(super) fn open_own(&self, name: &OsStr) -> io::Result<Option<File>> {
        let how = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        // Looked at before the open: opening a device can have effects.
        let ours = |stat: &rustix::fs::Stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
                && stat.st_uid == rustix::process::geteuid().as_raw()
        };
        if !ours(&statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?) {
            return Ok(None);
        }
        let file = openat(&self.0, name, how, Mode::empty())?;
        Ok(ours(&fstat(&file)?).then(|| file.into()))
    }

    pub(super) fn id(&self, name: &OsStr) -> io::Result<FileId> {
        let how = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        FileId::of(&openat(&self.0, name, how, Mode::empty())?.into())
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Renames in the place of what has the name `to`.
    pub(super) fn replace(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }

    /// Renames without replacing, by the best means that the file system has.
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        match self.rename_exclusive(from, to) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return Ok(done?),
        }
        match self.link(from, to) {
            Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => self.claim(from, to),
            done => Ok(done?),
        }
    }

    /// `renameat2` with `RENAME_NOREPLACE`, `renameatx_np` with `RENAME_EXCL`.
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    fn rename_exclusive(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        rustix::fs::renameat_with(&self.0, from, &self.0, to, rustix::fs::RenameFlags::NOREPLACE)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    fn rename_exclusive(&self, _from: &OsStr, _to: &OsStr) -> Result<(), Errno> {
        Err(Errno::NOSYS)
    }

    /// A second name never replaces; then the first one goes.
    pub(super) fn link(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        rustix::fs::linkat(&self.0, from, &self.0, to, AtFlags::empty())?;
        // The file has its final name: a private one that stays is debris, not a failure.
        let _ = unlinkat(&self.0, from, AtFlags::empty());
        Ok(())
    }

    /// For sticks that know neither (exFAT): takes the final name with an empty file, then replaces that. Killed in
    /// between, the empty file stays; the other order could destroy a file that isn't ours.
    pub(super) fn claim(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        drop(self.create(to)?);
        rustix::fs::renameat(&self.0, from, &self.0, to).map_err(|errno| {
            let _ = self.remove(to);
            errno.into()
        })
    }

    /// Makes the new name durable. Some network file systems cannot, which is no reason to disown a whole file.
    pub(super) fn sync(&self) -> io::Result<()> {
        match rustix::fs::fsync(&self.0) {
            Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS | Errno::BADF) => Ok(()),
            done => Ok(done?),
        }
    }
}
