//! Files on Unix: open folders, `openat` and `fstatat`, nothing by absolute path after the root is open.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::forbidden::{ForbiddenIds, is_forbidden};
use super::resolve::{Base, Target, only_root_writes, open_folder, refusal, resolve};
use super::{Elevation, Entries, FileId, Found, Kind, Named, OpenedFile, Refusal};

#[derive(Debug)]
pub(super) struct Root {
    folder: OwnedFd,
    path: PathBuf,
    /// The path as it was named, absolute.
    alias: PathBuf,
    elevation: Elevation,
    forbidden: ForbiddenIds,
}

pub(super) struct Folder(OwnedFd);

pub(super) fn elevation() -> Elevation {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CapabilitySet, capabilities};
        let reads_all = CapabilitySet::DAC_READ_SEARCH | CapabilitySet::DAC_OVERRIDE;
        if capabilities(None).is_ok_and(|sets| sets.effective.intersects(reads_all)) {
            return Elevation::Elevated;
        }
    }
    if rustix::process::geteuid().is_root() { Elevation::Elevated } else { Elevation::None }
}

pub(super) fn file_id(file: &File) -> io::Result<FileId> {
    Ok(id_of(&fstat(file)?))
}

pub(super) fn open(path: &Path, elevation: Elevation) -> Result<Named, Refusal> {
    // An ordinary account reads what it may anyway, so the system may follow the links.
    let start = if elevation == Elevation::Elevated { path.to_owned() } else { path.canonicalize().map_err(loops)? };
    let top = open_folder(CWD, "/")?;
    let base = Base { folder: top.as_fd(), path: Path::new("/"), alias: Path::new("/"), elevation };
    let (folder, real, only) = match resolve(&base, &start)? {
        Target::Folder { folder, path } => (folder, path, None),
        Target::Entry { folder, folder_path, name, stat } => {
            regular(&stat)?;
            if is_forbidden(&folder_path.join(&name)) {
                return Err(Refusal::Forbidden);
            }
            (folder, folder_path, Some(name))
        }
    };
    if is_forbidden(&real) {
        return Err(Refusal::Forbidden);
    }
    let forbidden = ForbiddenIds::look_up(|path| {
        let data = path.metadata().ok()?;
        Some(FileId { device: data.dev(), file: data.ino() })
    });
    let alias = if only.is_some() { real.clone() } else { path.to_owned() };
    let root = Root { folder: folder.unwrap_or(top), path: real.clone(), alias, elevation, forbidden };
    Ok(Named { root, path: real, only })
}

impl Root {
    /// Another handle on the root's folder.
    pub(super) fn folder(&self) -> Result<Folder, Refusal> {
        Ok(Folder(self.folder.try_clone()?))
    }

    /// Opens the folder at `relative`, whose last component stands in `above`; a link there is refused.
    pub(super) fn subfolder(&self, above: &Folder, relative: &Path) -> Result<Folder, Refusal> {
        if is_forbidden(&self.path.join(relative)) {
            return Err(Refusal::Forbidden);
        }
        open_folder(above.0.as_fd(), name_of(relative)?).map(Folder)
    }

    /// Looks at the file at `relative`, whose last component stands in `folder`, without opening it.
    pub(super) fn examine(&self, folder: &Folder, relative: &Path, kind: Kind) -> Result<Found, Refusal> {
        if kind == Kind::Link {
            let stat = match self.resolve(relative)? {
                Target::Folder { .. } => return Err(Refusal::LinkToFolder),
                Target::Entry { folder, folder_path, name, stat } => {
                    self.allow(self.or_root(folder.as_ref()), &folder_path.join(name), &stat)?;
                    stat
                }
            };
            return Ok(found(&stat));
        }
        let stat = statat(&folder.0, name_of(relative)?, AtFlags::SYMLINK_NOFOLLOW).map_err(refusal)?;
        self.allow(folder.0.as_fd(), &self.path.join(relative), &stat)?;
        Ok(found(&stat))
    }

    pub(super) fn open_file(&self, relative: &Path) -> Result<OpenedFile, Refusal> {
        let Target::Entry { folder, folder_path, name, stat } = self.resolve(relative)? else {
            return Err(Refusal::NotRegular { kind: "a folder" });
        };
        let folder = self.or_root(folder.as_ref());
        let real = folder_path.join(&name);
        self.allow(folder, &real, &stat)?;
        let how = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match openat(folder, &name, how, Mode::empty()) {
            Err(Errno::LOOP) => return Err(Refusal::Replaced), // it was no link a moment ago
            opened => opened.map_err(refusal)?,
        };
        let stat = fstat(&file).map_err(refusal)?;
        self.allow(folder, &real, &stat)?;
        let Found { len, modified, id } = found(&stat);
        Ok(OpenedFile { file: File::from(file), len, modified, id })
    }

    fn resolve(&self, relative: &Path) -> Result<Target, Refusal> {
        let folder = self.folder.as_fd();
        resolve(&Base { folder, path: &self.path, alias: &self.alias, elevation: self.elevation }, relative)
    }

    fn or_root<'a>(&'a self, folder: Option<&'a OwnedFd>) -> BorrowedFd<'a> {
        folder.unwrap_or(&self.folder).as_fd()
    }

    /// The rules for one file: regular, not forbidden, and no hard link that a stranger could have made.
    fn allow(&self, folder: BorrowedFd<'_>, real: &Path, stat: &Stat) -> Result<(), Refusal> {
        regular(stat)?;
        if is_forbidden(real) || self.forbidden.contains(id_of(stat)) {
            return Err(Refusal::Forbidden);
        }
        if self.elevation == Elevation::Elevated && stat.st_nlink > 1 {
            let folder = fstat(folder).map_err(refusal)?;
            if !only_root_writes(&folder) {
                return Err(Refusal::Untrusted { reason: "is a hard link in a folder that others can write" });
            }
        }
        Ok(())
    }
}

impl Folder {
    /// At most `most` entries.
    pub(super) fn entries(&self, most: usize) -> Result<Entries, Refusal> {
        let mut entries = Entries { list: Vec::new(), cut: false };
        // The handle is only a place to look names up from; listing needs one of its own.
        let how = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let listing = openat(&self.0, ".", how, Mode::empty()).map_err(refusal)?;
        for entry in Dir::new(listing).map_err(refusal)? {
            let entry = entry.map_err(refusal)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if entries.list.len() == most {
                entries.cut = true;
                break;
            }
            let name = OsStr::from_bytes(name).to_owned();
            let kind = self.kind(entry.file_type(), &name);
            entries.list.push((name, kind));
        }
        Ok(entries)
    }

    /// What an entry is; some file systems don't say in the listing.
    fn kind(&self, listed: FileType, name: &OsString) -> Kind {
        let listed = match listed {
            FileType::Unknown => statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
            known => known,
        };
        match listed {
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        }
    }
}

fn name_of(relative: &Path) -> Result<&OsStr, Refusal> {
    relative.file_name().ok_or(Refusal::NotBelow)
}

fn regular(stat: &Stat) -> Result<(), Refusal> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Directory => "a folder",
        FileType::Symlink => return Err(Refusal::Replaced), // links were resolved before
        _ => "something special",
    };
    Err(Refusal::NotRegular { kind })
}

// The fields' types differ by system: what is lossless here needs a conversion there.
#[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "the fields' types differ by system")]
fn id_of(stat: &Stat) -> FileId {
    FileId { device: stat.st_dev as u64, file: stat.st_ino as u64 }
}

#[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "the fields' types differ by system")]
fn found(stat: &Stat) -> Found {
    let seconds = stat.st_mtime as i64;
    let nanos = Duration::from_nanos(u64::try_from(stat.st_mtime_nsec).unwrap_or(0));
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let modified =
        if seconds < 0 { SystemTime::UNIX_EPOCH.checked_sub(whole) } else { SystemTime::UNIX_EPOCH.checked_add(whole) };
    Found {
        len: u64::try_from(stat.st_size).unwrap_or(0),
        modified: modified.and_then(|whole| whole.checked_add(nanos)),
        id: id_of(stat),
    }
}

/// `canonicalize` reports a loop as an error that the standard library has no stable name for.
fn loops(error: io::Error) -> Refusal {
    if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) { Refusal::LinkLoop } else { error.into() }
}
