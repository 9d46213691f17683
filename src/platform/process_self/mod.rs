//! This process: hardening, its own folders, and what it uses.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
#[path = "unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "windows.rs"]
mod sys;
#[cfg(not(any(unix, windows)))]
#[path = "other.rs"]
mod sys;
#[cfg(windows)]
mod windows_readers;

/// Our folder in the folders that the system keeps for programs.
const NAME: &str = "casefile";

/// Call first: what is in our memory must not end in a core dump, nor what we write in another account's hands.
///
/// Unix: no core files, files for their owner alone (umask 077). Linux: also no attaching by other processes of this
/// account and no core for a collecting service; `/proc/self/environ` and such then belong to root, which nothing here
/// reads. Windows: no error boxes, which would wait for somebody to click.
pub fn harden() {
    sys::harden();
}

/// The folder of this account's configuration: `$XDG_CONFIG_HOME/casefile` or `~/.config/casefile`;
/// `~/Library/Application Support/casefile`; `%APPDATA%\casefile`.
#[must_use]
pub fn config_dir() -> Option<PathBuf> {
    sys::config_base(&variable, std::env::home_dir()).map(|base| base.join(NAME))
}

/// The folder of what we remember between runs: `$XDG_STATE_HOME/casefile` or `~/.local/state/casefile`;
/// `~/Library/Application Support/casefile`; `%LOCALAPPDATA%\casefile`.
#[must_use]
pub fn state_dir() -> Option<PathBuf> {
    sys::state_base(&variable, std::env::home_dir()).map(|base| base.join(NAME))
}

/// Makes a folder that this account alone can enter, and its parents. Refuses one that exists and belongs to another
/// account or can be written by others. On Windows the account's own folders are private by inheritance.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    sys::create_private_dir(path)
}

/// Opens a file that this account alone can read, to read it and to add to its end; makes it if need be. Refuses a link
/// and a file of another account.
pub fn open_private_append(path: &Path) -> io::Result<File> {
    sys::open_private_append(path)
}

/// Opens a file of secrets to read it. Refuses one that is neither this account's nor the system's, or that others can read.
pub fn open_private(path: &Path) -> io::Result<File> {
    sys::open_private(path)
}

/// The most memory that this process has held so far, in KiB.
#[must_use]
pub fn peak_memory_kib() -> Option<u64> {
    sys::peak_memory_kib()
}

/// The bytes that this account can still write on the volume of `path`, which must exist.
#[must_use]
pub fn free_space(path: &Path) -> Option<u64> {
    sys::free_space(path)
}

/// An environment variable that holds an absolute path; the XDG specification has relative ones ignored.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_memory_and_the_space_of_a_temporary_folder_are_known() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_space(folder.path()).is_some());
        assert_eq!(free_space(&folder.path().join("absent")), None);
        #[cfg(target_os = "linux")]
        assert!(peak_memory_kib().is_some_and(|kib| kib > 100));
    }

    #[test]
    fn a_private_file_is_added_to_and_can_be_read() {
        use std::io::{Read, Seek, Write};
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("a").join("b");
        create_private_dir(&private).unwrap();
        create_private_dir(&private).unwrap();
        for line in ["one\n", "two\n"] {
            open_private_append(&private.join("journal")).unwrap().write_all(line.as_bytes()).unwrap();
        }
        let mut text = String::new();
        let mut file = open_private_append(&private.join("journal")).unwrap();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn a_folder_that_others_could_write_is_refused() {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt, symlink};
            let folder = tempfile::tempdir().unwrap();
            let open = folder.path().join("open");
            create_private_dir(&open).unwrap();
            assert_eq!(open.metadata().unwrap().permissions().mode() & 0o777, 0o700);
            std::fs::set_permissions(&open, PermissionsExt::from_mode(0o770)).unwrap();
            assert!(create_private_dir(&open).is_err());

            let journal = folder.path().join("journal");
            drop(open_private_append(&journal).unwrap());
            assert_eq!(journal.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            symlink(&journal, folder.path().join("link")).unwrap();
            assert!(open_private_append(&folder.path().join("link")).is_err());
            std::fs::write(&journal, "k3y").unwrap();
            assert!(open_private(&folder.path().join("link")).is_ok());
            for exposed in [0o604, 0o640, 0o660] {
                std::fs::set_permissions(&journal, PermissionsExt::from_mode(exposed)).unwrap();
                assert!(open_private(&journal).unwrap_err().to_string().contains("chmod 600"));
            }
            std::fs::set_permissions(&journal, PermissionsExt::from_mode(0o400)).unwrap();
            assert!(open_private(&journal).is_ok() && open_private(folder.path()).is_err());
            if super::super::files::elevation() == super::super::files::Elevation::Elevated {
                std::os::unix::fs::chown(&journal, Some(65_534), None).unwrap();
                assert!(open_private_append(&journal).is_err());
            }
        }
    }
}
