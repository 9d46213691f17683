//! This process on Windows.

#![allow(unsafe_code, reason = "error mode, memory and free space are known only to the Windows API")]

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::ptr;

use super::windows_readers;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_OPEN_REPARSE_POINT, GetDiskFreeSpaceExW,
};
use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

pub(super) fn harden() {
    // SAFETY: takes flags and touches no memory of ours.
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX) };
}

#[allow(clippy::needless_pass_by_value, reason = "the same shape on every system")]
pub(super) fn config_base(variable: &dyn Fn(&str) -> Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    variable("APPDATA").or_else(|| home.map(|home| home.join("AppData").join("Roaming")))
}

#[allow(clippy::needless_pass_by_value, reason = "the same shape on every system")]
pub(super) fn state_base(variable: &dyn Fn(&str) -> Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    variable("LOCALAPPDATA").or_else(|| home.map(|home| home.join("AppData").join("Local")))
}

pub(super) fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    not_a_link(&fs::symlink_metadata(path)?)
}

pub(super) fn open_private_append(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)?;
    not_a_link(&file.metadata()?)?;
    Ok(file)
}

pub(super) fn open_private(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
    }
    match windows_readers::strangers(&file)? {
        None => Ok(file),
        Some(who) => {
            let why = format!("{who} can read it; let only its owner");
            Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
        }
    }
}

fn not_a_link(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT == 0 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "is a link"))
}

pub(super) fn peak_memory_kib() -> Option<u64> {
    let size = u32::try_from(size_of::<PROCESS_MEMORY_COUNTERS>()).ok()?;
    let mut counters = PROCESS_MEMORY_COUNTERS { cb: size, ..Default::default() };
    // SAFETY: the pseudo handle of this process needs no closing; the structure has `size` bytes.
    let known = unsafe { K32GetProcessMemoryInfo(GetCurrentProcess(), &raw mut counters, size) };
    if known == 0 { None } else { u64::try_from(counters.PeakWorkingSetSize).ok().map(|bytes| bytes / 1024) }
}

pub(super) fn free_space(path: &Path) -> Option<u64> {
    let wide: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let mut free = 0;
    // SAFETY: the text ends in a zero; the two answers that we don't ask for may be null.
    let known = unsafe { GetDiskFreeSpaceExW(wide.as_ptr(), &raw mut free, ptr::null_mut(), ptr::null_mut()) };
    (known != 0).then_some(free)
}
