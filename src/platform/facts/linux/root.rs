//! The folder below which the files of Linux stand: `/`, or a folder of a test.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// The most that is read of one file, in bytes. `/proc/net/route` of a router with a full table is 100 MB; 512 routes of
/// it are shown.
const MAX_FILE: u64 = 1 << 20;

/// Reads small files below one folder.
#[derive(Debug)]
pub struct Root(PathBuf);

impl Root {
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self(folder.as_ref().to_owned())
    }

    /// Where `path`, which is absolute or relative to `/`, stands.
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    /// Whether this is the machine itself, so that system calls and files tell of the same.
    pub fn is_machine(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// The text of a regular file, at most [`MAX_FILE`] of it; what is not UTF-8 is replaced.
    pub fn text(&self, path: &str) -> io::Result<String> {
        // Non-blocking, so that a pipe in place of a file does not hold us up.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let file = File::options().read(true).custom_flags(flags).open(self.path(path))?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no regular file"));
        }
        let mut bytes = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The first line of a file without its end; `None` when there is none to read.
    pub fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path).ok()?;
        text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
    }

    /// The number on the first line of a file.
    pub fn number(&self, path: &str) -> Option<u64> {
        self.line(path)?.parse().ok()
    }

    /// Names in a folder, sorted, at most `most`; and how many there are.
    pub fn names(&self, folder: &str, most: usize) -> io::Result<(Vec<String>, usize)> {
        let mut names: Vec<String> = std::fs::read_dir(self.path(folder))?
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let all = names.len();
        names.truncate(most);
        Ok((names, all))
    }

    /// Whether something stands at `path`. Only for places that no remote file system serves.
    pub fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_in_place_of_a_file_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
        let root = Root::new(folder.path());
        assert_eq!(root.text("pipe").map_err(|error| error.kind()), Err(io::ErrorKind::InvalidInput));
        assert_eq!(root.line("nothing"), None);
    }
}
