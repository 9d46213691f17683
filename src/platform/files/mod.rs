//! What may be read, and how: files below a folder that a person named, and nothing else.
//!
//! A log folder may belong to a service or to a stranger, and we may run as root: a link, a FIFO or a file swapped at the
//! right moment must not turn into a read of `/etc/shadow`, a hang, or a device that wakes up. So:
//!
//! - every name is looked up relative to an open folder, one component at a time, never following a link unseen;
//! - regular files only, seen before the open (opening a device can have effects) and again on the open file;
//! - a link to a file is followed when its target lies below the same named folder; links to folders never are;
//! - when elevated, a link counts only if root made it in a folder where only root writes, and a file with several hard
//!   links only if it lies in such a folder;
//! - what [`forbidden`] lists is never read, by real path and by identity.
//!
//! Windows differs: there the final path of the *open* handle is checked, links are never followed when elevated, and a
//! file with several hard links is then refused wherever it lies.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

pub mod forbidden;
#[cfg(test)]
mod tests;
#[cfg(unix)]
#[cfg(test)]
mod tests_unix;
mod walk;

#[cfg(unix)]
mod resolve;
#[cfg(unix)]
#[path = "unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "windows.rs"]
mod sys;
#[cfg(not(any(unix, windows)))]
#[path = "other.rs"]
mod sys;

/// How deep a walk goes below its root. Logs of container hosts are about 8 deep; 32 is also what a bundle can hold.
pub const MAX_DEPTH: usize = 32;

/// Identity of a file, to notice that another one took its place: device and inode, or volume serial and file index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    file: u64,
}

impl FileId {
    /// The identity of an open file, where the system tells one.
    pub fn of(file: &File) -> io::Result<Self> {
        sys::file_id(file)
    }
}

/// A regular file, opened for reading and checked after the open.
#[derive(Debug)]
pub struct OpenedFile {
    /// The file, at its start.
    pub file: File,
    /// Its length when it was opened; 0 for most of `/proc`, and a log may grow.
    pub len: u64,
    /// When it was last written.
    pub modified: Option<SystemTime>,
    /// Which file it is.
    pub id: FileId,
}

/// Why a path isn't read. Shown without the path: a sentence fragment for the manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A FIFO, socket, device or folder.
    #[error("is {kind}, not a regular file")]
    NotRegular {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// A link whose target isn't below the named folder.
    #[error("is a link that leads out of the named folder")]
    LinkOutside,
    /// A link to a folder: walks don't follow these.
    #[error("is a link to a folder, which is not followed; name that folder itself")]
    LinkToFolder,
    /// A link to nothing.
    #[error("is a link to something that does not exist")]
    DanglingLink,
    /// A link that leads to itself, or through too many others.
    #[error("is a link that leads in a circle")]
    LinkLoop,
    /// On [`forbidden::NEVER_READ`].
    #[error("is on the list of files that are never read")]
    Forbidden,
    /// Reading it with our rights could serve somebody who may not read it.
    #[error("{reason}")]
    Untrusted {
        /// What is wrong, as a sentence fragment.
        reason: &'static str,
    },
    /// The system says no.
    #[error("permission denied")]
    PermissionDenied,
    /// It was there, or was said to be, and isn't.
    #[error("does not exist (any more)")]
    Vanished,
    /// Another file stood there a moment ago.
    #[error("was replaced while it was being opened")]
    Replaced,
    /// The name leaves the named folder by itself (`..`, an absolute path), or isn't the one file that was named.
    #[error("is not below what was named")]
    NotBelow,
    /// Over [`MAX_DEPTH`] folders deep.
    #[error("lies too many folders deep")]
    TooDeep,
    /// The walk has seen as many entries as it may.
    #[error("has more entries than are looked at; the rest is left out")]
    TooMany,
    /// Its bytes are in the cloud; reading would download them.
    #[error("is kept in the cloud, not on this disk")]
    Offline,
    /// Any other error of the system.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Vanished,
            _ => Self::Io(error),
        }
    }
}

/// What a walk came across.
#[derive(Debug)]
pub enum Walked {
    /// A regular file that may be read; opening it can still fail.
    File {
        /// Its path below the root.
        relative: PathBuf,
        /// Its length.
        len: u64,
        /// When it was last written.
        modified: Option<SystemTime>,
        /// Which file it is.
        id: FileId,
    },
    /// Something wanted that isn't read. An empty path stands for the root itself.
    Refused {
        /// Its path below the root.
        relative: PathBuf,
        /// Why.
        refusal: Refusal,
    },
}

/// Whether this process may read what the person at the keyboard may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Elevation {
    /// An ordinary account.
    None,
    /// Root, `CAP_DAC_READ_SEARCH` or `CAP_DAC_OVERRIDE` in effect on Linux, an elevated token on Windows.
    Elevated,
}

/// The elevation of this process.
#[must_use]
pub fn elevation() -> Elevation {
    sys::elevation()
}

/// A folder (or a single file's folder) that was named by a person. Kept open: what lies below is opened relative to it.
#[derive(Debug)]
pub struct NamedRoot {
    root: sys::Root,
    path: PathBuf,
    only: Option<OsString>,
}

/// What `sys::open` makes of a path: the folder, its real path, and the file's name where a file was named.
struct Named {
    root: sys::Root,
    path: PathBuf,
    only: Option<OsString>,
}

impl NamedRoot {
    /// Opens the folder at `path`, or the folder of the regular file at `path`, of which then only that file is seen.
    ///
    /// Links in `path` itself are followed: a person named it. When elevated, each must be one that only root could make.
    pub fn open(path: &Path, elevation: Elevation) -> Result<Self, Refusal> {
        let Named { root, path, only } = sys::open(&std::path::absolute(path)?, elevation)?;
        Ok(Self { root, path, only })
    }

    /// The real path of the folder, links resolved; for a named file, of its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a regular file below, without blocking and without following a link out of the root.
    pub fn open_file(&self, relative: &Path) -> Result<OpenedFile, Refusal> {
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        let named = self.only.as_ref().is_none_or(|only| relative.as_os_str() == only);
        if !plain || !named || relative.as_os_str().is_empty() {
            return Err(Refusal::NotBelow);
        }
        self.root.open_file(relative)
    }

    /// Walks below in the order of names, calling `visit` for each regular file and each refused entry that `wanted`
    /// wants; `enter` says whether a folder is worth entering. At most [`MAX_DEPTH`] deep, and at most `budget` entries
    /// are looked at, then [`Refusal::TooMany`] comes once and the walk ends.
    pub fn walk(
        &self,
        enter: &dyn Fn(&Path) -> bool,
        wanted: &dyn Fn(&Path) -> bool,
        budget: usize,
        visit: &mut dyn FnMut(Walked) -> ControlFlow<()>,
    ) {
        walk::walk(self, enter, wanted, budget, visit);
    }
}

/// What a folder's listing says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    Link,
    Other,
}

/// The entries of one folder, unsorted; `cut` when there were more than were asked for.
struct Entries {
    list: Vec<(OsString, Kind)>,
    cut: bool,
}

/// A regular file that was looked at but not opened.
struct Found {
    len: u64,
    modified: Option<SystemTime>,
    id: FileId,
}
