//! What the tests of `casefile redact` share: the program with something on its stdin, and on a terminal.

#![allow(dead_code, reason = "every test file uses its own part")]
#![allow(clippy::panic, reason = "a helper of a test may end it")]

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A secret that a rule finds by its label and that can stand without one.
pub const SECRET: &str = "hunter2-Correct";

/// A folder with files to redact.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("below the place")).expect("a folder");
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("text")
    }

    /// Names of all files below, with `/`, in order.
    pub fn names(&self, below: &str) -> Vec<String> {
        let top = self.path(below);
        let (mut open, mut names) = (vec![top.clone()], Vec::new());
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
                let path = entry.expect("listed").path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(&top).expect("below").to_string_lossy().replace('\\', "/");
                    names.push(name);
                }
            }
        }
        names.sort();
        names
    }

    /// `casefile redact` in this folder, which knows nothing of this machine.
    pub fn redact<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_casefile"));
        command.arg("redact").arg("--no-host").args(args).current_dir(self.folder.path());
        command.env_remove("SOURCE_DATE_EPOCH").env("NO_COLOR", "1");
        command
    }
}

/// How a run ended, as text.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs with `input` on stdin. The tests' own guard against hanging is the runner's.
pub fn fed(command: &mut Command, input: &[u8]) -> Ran {
    let output = fed_bytes(command, input);
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The same with the bytes of the output.
pub fn fed_bytes(command: &mut Command, input: &[u8]) -> Output {
    let mut child = started(command);
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    feeding.join().expect("fed");
    output
}

/// Starts with everything piped.
pub fn started(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// Runs without input.
pub fn ran(command: &mut Command) -> Ran {
    fed(command, b"")
}

/// Reads up to and including the next newline.
pub fn line(pipe: &mut impl Read) -> String {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while pipe.read(&mut byte).expect("readable") == 1 {
        line.push(byte[0]);
        if byte[0] == b'\n' {
            break;
        }
    }
    String::from_utf8(line).expect("text")
}

/// Runs with stdout and stderr on a terminal of its own; what stands on it then, with plain line ends.
#[cfg(unix)]
pub fn on_a_terminal(command: &mut Command) -> (Option<i32>, String) {
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal of ours");
    let name = ptsname(&terminal, Vec::new()).expect("its name");
    let open = || {
        let end = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its end");
        Stdio::from(end)
    };
    let mut child = command.stdin(Stdio::null()).stdout(open()).stderr(open()).spawn().expect("the program starts");
    // The command holds ends of the terminal too, and reading it comes to an end only without them.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let reading = std::thread::spawn(move || {
        let (mut shown, mut buffer) = (Vec::new(), [0; 4096]);
        let mut terminal = std::fs::File::from(terminal);
        // Linux says EIO when the last end is closed.
        while let Ok(n) = terminal.read(&mut buffer) {
            if n == 0 {
                break;
            }
            shown.extend_from_slice(&buffer[..n]);
        }
        shown
    });
    let status = child.wait().expect("it ends");
    let shown = String::from_utf8_lossy(&reading.join().expect("read")).replace("\r\n", "\n");
    (status.code(), shown)
}

/// Whether `text` stands anywhere in `bytes`.
pub fn holds(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

/// What `path` holds, expanded.
pub fn gunzipped(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("there");
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    text
}

/// `text` as gzip.
pub fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(text).expect("memory");
    writer.finish().expect("memory")
}
