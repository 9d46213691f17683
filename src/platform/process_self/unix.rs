//! This process on Unix.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{Resource, Rlimit, geteuid, setrlimit, umask};

pub(super) fn harden() {
    // None of these can be refused to a process about itself; a system that does is no less safe than before.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    umask(Mode::RWXG | Mode::RWXO);
}

#[cfg(target_vendor = "apple")]
pub(super) fn config_base(_variable: &dyn Fn(&str) -> Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    home.map(|home| home.join("Library/Application Support"))
}

#[cfg(target_vendor = "apple")]
pub(super) use config_base as state_base;

#[cfg(not(target_vendor = "apple"))]
pub(super) fn config_base(variable: &dyn Fn(&str) -> Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    variable("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")))
}

#[cfg(not(target_vendor = "apple"))]
pub(super) fn state_base(variable: &dyn Fn(&str) -> Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    variable("XDG_STATE_HOME").or_else(|| home.map(|home| home.join(".local/state")))
}

pub(super) fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let how = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    ours(File::from(openat(CWD, path, how, Mode::empty())?)).map(drop)
}

pub(super) fn open_private_append(path: &Path) -> io::Result<File> {
    let how = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = openat(CWD, path, how | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR)?;
    let file = ours(File::from(file))?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.nlink() > 1 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file with one name"));
    }
    Ok(file)
}

/// Links are followed: services mount secrets behind them. What counts is the file that is open.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    let how = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, path, how, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
    }
    if ![0, geteuid().as_raw()].contains(&metadata.uid()) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another account"));
    }
    if metadata.mode() & 0o077 != 0 {
        let why = format!("others can open it (mode {:03o}); chmod 600 closes it", metadata.mode() & 0o777);
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    Ok(file)
}

/// The open file or folder, if it belongs to this account and nobody else can write it.
fn ours(file: File) -> io::Result<File> {
    let metadata = file.metadata()?;
    if metadata.uid() != geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "belongs to another account"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "can be written by other accounts"));
    }
    Ok(file)
}

/// `VmHWM` of proc_pid_status(5).
#[cfg(target_os = "linux")]
pub(super) fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn peak_memory_kib() -> Option<u64> {
    None // rustix has no getrusage; not worth unsafe code of our own
}

pub(super) fn free_space(path: &Path) -> Option<u64> {
    let volume = rustix::fs::statvfs(path).ok()?;
    volume.f_bavail.checked_mul(volume.f_frsize)
}

#[cfg(all(test, not(target_vendor = "apple")))]
mod tests {
    use super::*;

    #[test]
    fn the_environment_goes_before_the_home_folder() {
        let set = |name: &str| (name == "XDG_STATE_HOME").then(|| PathBuf::from("/state"));
        let home = Some(PathBuf::from("/home/ada"));
        assert_eq!(state_base(&set, home.clone()), Some(PathBuf::from("/state")));
        assert_eq!(config_base(&set, home), Some(PathBuf::from("/home/ada/.config")));
        assert_eq!(config_base(&set, None), None);
    }
}
