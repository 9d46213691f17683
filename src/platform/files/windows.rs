//! Files on Windows: whatever a path led to, the open handle says where it really is, and that is what is checked.

#![allow(unsafe_code, reason = "handles tell their final path, kind and identity only through the Windows API")]

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::{Component, Path, PathBuf};
use std::ptr;

use windows_sys::Win32::Foundation::{CloseHandle, HANDLE};
use windows_sys::Win32::Security::{GetTokenInformation, TOKEN_ELEVATION, TOKEN_QUERY, TokenElevation};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ATTRIBUTE_OFFLINE, FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS,
    FILE_ATTRIBUTE_RECALL_ON_OPEN, FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_TYPE_DISK, GetFileInformationByHandle, GetFileType, GetFinalPathNameByHandleW,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::forbidden::is_forbidden;
use super::{Elevation, Entries, FileId, Found, Kind, Named, OpenedFile, Refusal};

#[derive(Debug)]
pub(super) struct Root {
    /// Held open, so that the folder cannot be deleted and made anew under us.
    _folder: File,
    /// The final path in its verbatim form (`\\?\C:\…`): names below it are taken literally, even `NUL`.
    verbatim: PathBuf,
    elevation: Elevation,
}

pub(super) struct Folder(PathBuf);

pub(super) fn elevation() -> Elevation {
    let mut token: HANDLE = ptr::null_mut();
    let mut elevation = TOKEN_ELEVATION { TokenIsElevated: 0 };
    let mut written = 0;
    let size = u32::try_from(size_of::<TOKEN_ELEVATION>()).unwrap_or(0);
    // SAFETY: the pseudo handle of this process needs no closing; `token` is closed once; the buffer has `size` bytes.
    let known = unsafe {
        if OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) == 0 {
            return Elevation::None;
        }
        let known = GetTokenInformation(token, TokenElevation, (&raw mut elevation).cast(), size, &raw mut written);
        CloseHandle(token);
        known
    };
    if known != 0 && elevation.TokenIsElevated != 0 { Elevation::Elevated } else { Elevation::None }
}

pub(super) fn file_id(file: &File) -> io::Result<FileId> {
    Ok(id_of(&information(file)?))
}

pub(super) fn open(path: &Path, elevation: Elevation) -> Result<Named, Refusal> {
    let handle = open_at(path, 0)?;
    let real = final_path(&handle)?;
    let metadata = handle.metadata()?;
    if is_forbidden(&shown(&real)) {
        return Err(Refusal::Forbidden);
    }
    if metadata.is_dir() {
        let root = Root { _folder: handle, verbatim: real.clone(), elevation };
        return Ok(Named { root, path: shown(&real), only: None });
    }
    regular(&handle)?;
    let only = real.file_name().ok_or(Refusal::NotBelow)?.to_owned();
    let parent = real.parent().ok_or(Refusal::NotBelow)?.to_owned();
    let root = Root { _folder: open_at(&parent, 0)?, verbatim: parent.clone(), elevation };
    Ok(Named { root, path: shown(&parent), only: Some(only) })
}

impl Root {
    pub(super) fn folder(&self) -> Result<Folder, Refusal> {
        Ok(Folder(self.verbatim.clone()))
    }

    pub(super) fn subfolder(&self, _above: &Folder, relative: &Path) -> Result<Folder, Refusal> {
        let path = self.verbatim.join(relative);
        let handle = open_at(&path, FILE_FLAG_OPEN_REPARSE_POINT)?;
        if handle.metadata()?.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
            return Err(Refusal::LinkToFolder);
        }
        let real = final_path(&handle)?;
        if !real.starts_with(&self.verbatim) {
            return Err(Refusal::LinkOutside);
        }
        if is_forbidden(&shown(&real)) {
            return Err(Refusal::Forbidden);
        }
        Ok(Folder(real))
    }

    /// Opens the file to look at it: only the open handle tells its number of links and its final path.
    pub(super) fn examine(&self, _folder: &Folder, relative: &Path, _kind: Kind) -> Result<Found, Refusal> {
        let OpenedFile { len, modified, id, .. } = self.open_file(relative)?;
        Ok(Found { len, modified, id })
    }

    pub(super) fn open_file(&self, relative: &Path) -> Result<OpenedFile, Refusal> {
        let path = self.verbatim.join(relative);
        self.plain_folders(relative)?;
        // A link is read before it is followed: its target may be a share, and opening that would log on there.
        let metadata = fs::symlink_metadata(&path)?;
        let linked = metadata.is_symlink();
        if linked {
            self.link_may_be_followed(&path)?;
        } else {
            on_disk(metadata.file_attributes())?;
        }
        let file = open_at(&path, if linked { 0 } else { FILE_FLAG_OPEN_REPARSE_POINT }).map_err(|error| {
            if linked && error.kind() == io::ErrorKind::NotFound { Refusal::DanglingLink } else { error.into() }
        })?;
        regular(&file)?;
        let real = final_path(&file)?;
        if !real.starts_with(&self.verbatim) {
            return Err(Refusal::LinkOutside);
        }
        if is_forbidden(&shown(&real)) {
            return Err(Refusal::Forbidden);
        }
        let facts = information(&file)?;
        on_disk(facts.dwFileAttributes)?;
        if self.elevation == Elevation::Elevated && facts.nNumberOfLinks > 1 {
            return Err(Refusal::Untrusted { reason: "has several hard links" });
        }
        let metadata = file.metadata()?;
        Ok(OpenedFile { len: metadata.len(), modified: metadata.modified().ok(), id: id_of(&facts), file })
    }

    /// No folder on the way may be a link or a junction.
    fn plain_folders(&self, relative: &Path) -> Result<(), Refusal> {
        let mut path = self.verbatim.clone();
        let parents = relative.parent().unwrap_or(Path::new(""));
        for part in parents.components() {
            path.push(part);
            if fs::symlink_metadata(&path)?.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
                return Err(Refusal::LinkToFolder);
            }
        }
        Ok(())
    }

    fn link_may_be_followed(&self, link: &Path) -> Result<(), Refusal> {
        if self.elevation == Elevation::Elevated {
            return Err(Refusal::Untrusted { reason: "is a link, which is not followed with elevated rights" });
        }
        let text = fs::read_link(link)?;
        let mut target = link.parent().unwrap_or(&self.verbatim).to_owned();
        if text.has_root() || text.components().any(|part| matches!(part, Component::Prefix(_))) {
            let root = shown(&self.verbatim);
            let below = shown(&text);
            target = self.verbatim.join(below.strip_prefix(&root).map_err(|_| Refusal::LinkOutside)?);
        } else {
            for part in text.components() {
                match part {
                    Component::ParentDir if !target.pop() => return Err(Refusal::LinkOutside),
                    Component::Normal(name) => target.push(name),
                    _ => {}
                }
            }
        }
        let below = target.strip_prefix(&self.verbatim).map_err(|_| Refusal::LinkOutside)?;
        self.plain_folders(below)?;
        match fs::symlink_metadata(&target) {
            // A chain of links could lead to a share after all.
            Ok(metadata) if metadata.is_symlink() => Err(Refusal::LinkLoop),
            Ok(metadata) if metadata.is_dir() => Err(Refusal::LinkToFolder),
            Ok(metadata) => on_disk(metadata.file_attributes()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Refusal::DanglingLink),
            Err(error) => Err(error.into()),
        }
    }
}

impl Folder {
    pub(super) fn entries(&self, most: usize) -> Result<Entries, Refusal> {
        let mut entries = Entries { list: Vec::new(), cut: false };
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entries.list.len() == most {
                entries.cut = true;
                break;
            }
            let kind = entry.file_type()?;
            let kind = match kind {
                _ if kind.is_symlink() => Kind::Link,
                _ if kind.is_dir() => Kind::Folder,
                _ => Kind::Other,
            };
            entries.list.push((entry.file_name(), kind));
        }
        Ok(entries)
    }
}

/// Opens a file or folder for reading; `flags` may keep a link from being followed.
fn open_at(path: &Path, flags: u32) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS | flags).open(path)
}

fn regular(file: &File) -> Result<(), Refusal> {
    // SAFETY: the handle is open for as long as `file` is borrowed.
    if unsafe { GetFileType(file.as_raw_handle()) } != FILE_TYPE_DISK {
        return Err(Refusal::NotRegular { kind: "a device or pipe" });
    }
    if file.metadata()?.is_dir() {
        return Err(Refusal::NotRegular { kind: "a folder" });
    }
    Ok(())
}

fn on_disk(attributes: u32) -> Result<(), Refusal> {
    let elsewhere = FILE_ATTRIBUTE_OFFLINE | FILE_ATTRIBUTE_RECALL_ON_OPEN | FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS;
    if attributes & elsewhere == 0 { Ok(()) } else { Err(Refusal::Offline) }
}

fn information(file: &File) -> io::Result<BY_HANDLE_FILE_INFORMATION> {
    let mut facts = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open and the structure is ours.
    if unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut facts) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(facts)
}

fn id_of(facts: &BY_HANDLE_FILE_INFORMATION) -> FileId {
    let file = u64::from(facts.nFileIndexHigh) << 32 | u64::from(facts.nFileIndexLow);
    FileId { device: u64::from(facts.dwVolumeSerialNumber), file }
}

/// Where the open file really is, in verbatim form.
fn final_path(file: &File) -> io::Result<PathBuf> {
    // The longest path that Windows has.
    let mut text = vec![0u16; 32_768];
    let room = u32::try_from(text.len()).unwrap_or(0);
    // SAFETY: the handle is open and the buffer has `room` units.
    let len = unsafe { GetFinalPathNameByHandleW(file.as_raw_handle(), text.as_mut_ptr(), room, 0) };
    if len == 0 || len >= room {
        return Err(io::Error::last_os_error());
    }
    text.truncate(len as usize);
    Ok(PathBuf::from(OsString::from_wide(&text)))
}

/// The path as people write it: verbatim prefixes are never shown or stored.
fn shown(verbatim: &Path) -> PathBuf {
    let wide: Vec<u16> = verbatim.as_os_str().encode_wide().collect();
    let unc: Vec<u16> = r"\\?\UNC\".encode_utf16().collect();
    let plain: Vec<u16> = r"\\?\".encode_utf16().collect();
    if let Some(rest) = wide.strip_prefix(unc.as_slice()) {
        let share: Vec<u16> = r"\\".encode_utf16().chain(rest.iter().copied()).collect();
        return PathBuf::from(OsString::from_wide(&share));
    }
    PathBuf::from(OsString::from_wide(wide.strip_prefix(plain.as_slice()).unwrap_or(&wide)))
}
