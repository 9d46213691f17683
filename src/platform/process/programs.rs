//! Where the system keeps its programs. Never `PATH`: whoever can set that could choose what we run.

#![cfg_attr(windows, allow(unsafe_code, reason = "the system folder is known only to the Windows API"))]

use std::path::{Path, PathBuf};

/// The folders that hold the system's programs.
#[cfg(unix)]
pub(super) const FOLDERS: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// The system's own program of this name, or `None`. When elevated, it and its folder must be root's, and nobody else's
/// to write.
#[must_use]
pub fn system_program(name: &str) -> Option<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return None;
    }
    candidates(name).into_iter().find(|path| may_run(path))
}

#[cfg(unix)]
fn candidates(name: &str) -> Vec<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(name)).collect()
}

#[cfg(unix)]
fn may_run(path: &Path) -> bool {
    use crate::platform::files::{Elevation, elevation};
    use std::os::unix::fs::MetadataExt;

    let roots_alone = |path: &Path| path.metadata().is_ok_and(|facts| facts.uid() == 0 && facts.mode() & 0o022 == 0);
    let executable = path.metadata().is_ok_and(|facts| facts.is_file() && facts.mode() & 0o111 != 0);
    if elevation() == Elevation::None {
        return executable;
    }
    // The name may be a link: then the program's own folder counts.
    let Ok(real) = path.canonicalize() else { return false };
    executable && [path.parent(), Some(&real), real.parent()].into_iter().flatten().all(roots_alone)
}

#[cfg(windows)]
fn candidates(name: &str) -> Vec<PathBuf> {
    let Some(folder) = system_folder() else { return Vec::new() };
    let name = if Path::new(name).extension().is_some() { name.to_owned() } else { format!("{name}.exe") };
    ["", "wbem", r"WindowsPowerShell\v1.0", "OpenSSH"].iter().map(|below| folder.join(below).join(&name)).collect()
}

#[cfg(windows)]
fn may_run(path: &Path) -> bool {
    path.is_file()
}

/// `C:\Windows\System32`, from the system and not from the environment.
#[cfg(windows)]
pub(super) fn system_folder() -> Option<PathBuf> {
    use std::os::windows::ffi::OsStringExt;
    use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;

    let mut text = [0u16; 1024];
    // SAFETY: the buffer has as many units as are stated.
    let len = unsafe { GetSystemDirectoryW(text.as_mut_ptr(), u32::try_from(text.len()).unwrap_or(0)) };
    let known = text.get(..len as usize).filter(|path| !path.is_empty())?;
    Some(PathBuf::from(std::ffi::OsString::from_wide(known)))
}

#[cfg(not(any(unix, windows)))]
fn candidates(_name: &str) -> Vec<PathBuf> {
    Vec::new()
}

#[cfg(not(any(unix, windows)))]
fn may_run(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_path_in_it_is_no_program() {
        for name in ["", "..", "../bin/sh", "/bin/sh", "a/b", r"a\b", "sh -c", "C:x", "no-such-program-here"] {
            assert_eq!(system_program(name), None, "{name}");
        }
    }

    #[test]
    fn the_systems_shell_is_found_by_absolute_path() {
        let name = if cfg!(windows) { "cmd" } else { "sh" };
        assert!(system_program(name).is_some_and(|path| path.is_absolute()));
    }
}
