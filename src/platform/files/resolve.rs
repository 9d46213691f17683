//! Resolves a path below a folder by hand: one component at a time, each relative to an open folder, each link seen.
//!
//! Linux could do part of this in the kernel (`openat2` with `RESOLVE_BENEATH`), but only without absolute links, which
//! container hosts use (`/var/log/containers/x.log` -> `/var/log/pods/…`), and without asking who made each link, which we
//! must when elevated. One way for every Unix is also one way to review.
//!
//! `..` goes back along the folders that were opened, so a folder moved meanwhile cannot lead us out.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::{Elevation, Refusal};

/// As many as Linux follows in one path (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Folders held open at a time; a path that needs more is no log file's.
const MAX_TRAIL: usize = 64;

/// Where a resolution starts and what it must stay below.
pub(super) struct Base<'a> {
    pub(super) folder: BorrowedFd<'a>,
    /// The folder's real path; an absolute link into it is followed.
    pub(super) path: &'a Path,
    /// The path under which it was named: links may use that too (`/var` is a link on macOS).
    pub(super) alias: &'a Path,
    pub(super) elevation: Elevation,
}

/// What a path leads to.
pub(super) enum Target {
    Folder { folder: Option<OwnedFd>, path: PathBuf },
    Entry { folder: Option<OwnedFd>, folder_path: PathBuf, name: OsString, stat: Stat },
}

/// Follows `relative` from `base`. In the result, `None` for a folder is the base itself.
pub(super) fn resolve(base: &Base<'_>, relative: &Path) -> Result<Target, Refusal> {
    let mut trail: Vec<(OwnedFd, OsString)> = Vec::new();
    let mut pending: VecDeque<OsString> = parts(relative).collect();
    let mut links = 0;
    while let Some(name) = pending.pop_front() {
        if name == ".." {
            if trail.pop().is_none() && base.path != Path::new("/") {
                return Err(Refusal::LinkOutside);
            }
            continue;
        }
        let here = trail.last().map_or(base.folder, |(folder, _)| folder.as_fd());
        let stat = match statat(here, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) if links > 0 => return Err(Refusal::DanglingLink),
            Err(errno) => return Err(refusal(errno)),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Refusal::LinkLoop);
                }
                let text = follow(here, &name, &stat, base.elevation)?;
                let rest = if text.is_absolute() {
                    let below = text.strip_prefix(base.path).or_else(|_| text.strip_prefix(base.alias));
                    trail.clear();
                    below.map_err(|_| Refusal::LinkOutside)?
                } else {
                    &text
                };
                for part in parts(rest).rev() {
                    pending.push_front(part);
                }
            }
            FileType::Directory => {
                if trail.len() >= MAX_TRAIL {
                    return Err(Refusal::TooDeep);
                }
                let folder = open_folder(here, &name)?;
                trail.push((folder, name));
            }
            _ if pending.is_empty() => {
                let folder_path = real_path(base.path, &trail);
                let folder = trail.pop().map(|(folder, _)| folder);
                return Ok(Target::Entry { folder, folder_path, name, stat });
            }
            _ => return Err(Refusal::Vanished),
        }
    }
    let path = real_path(base.path, &trail);
    Ok(Target::Folder { folder: trail.pop().map(|(folder, _)| folder), path })
}

/// Opens a folder as a place to look names up from, which needs no right to list it.
pub(super) fn open_folder(above: BorrowedFd<'_>, name: impl rustix::path::Arg) -> Result<OwnedFd, Refusal> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let how = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let how = OFlags::RDONLY | OFlags::NONBLOCK;
    openat(above, name, how | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()).map_err(refusal)
}

/// Whether only root decides what stands in this folder.
pub(super) fn only_root_writes(folder: &Stat) -> bool {
    folder.st_uid == 0 && !Mode::from_raw_mode(folder.st_mode).intersects(Mode::WGRP | Mode::WOTH)
}

/// What a link says, if we may follow it at all.
fn follow(here: BorrowedFd<'_>, name: &OsStr, link: &Stat, elevation: Elevation) -> Result<PathBuf, Refusal> {
    if elevation == Elevation::Elevated {
        let folder = rustix::fs::fstat(here).map_err(refusal)?;
        if link.st_uid != 0 || !only_root_writes(&folder) {
            return Err(Refusal::Untrusted { reason: "is a link that an account other than root could have made" });
        }
    }
    let text = readlinkat(here, name, Vec::new()).map_err(refusal)?;
    Ok(PathBuf::from(OsString::from_vec(text.into_bytes())))
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    })
}

fn real_path(base: &Path, trail: &[(OwnedFd, OsString)]) -> PathBuf {
    let mut path = base.to_owned();
    path.extend(trail.iter().map(|(_, name)| name));
    path
}

/// The refusal for an error of a system call on a path.
pub(super) fn refusal(errno: Errno) -> Refusal {
    match errno {
        Errno::LOOP => Refusal::LinkLoop,
        Errno::NXIO => Refusal::NotRegular { kind: "a socket or FIFO" },
        Errno::ACCESS | Errno::PERM => Refusal::PermissionDenied,
        Errno::NOENT | Errno::NOTDIR => Refusal::Vanished,
        _ => Refusal::Io(errno.into()),
    }
}
