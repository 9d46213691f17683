//! What the tests of the whole chain share: the program as a child with a hang guard, bundles opened as a stranger
//! would open them, and pictures and logs made byte by byte.

#![allow(dead_code, reason = "every test file uses its own part")]
#![allow(clippy::panic, clippy::print_stderr, reason = "a helper of a test may end it")]

pub mod bytes;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use zip::write::SimpleFileOptions;

/// Far beyond what any run here takes on a busy machine; who is still running then hangs.
const HANG: Duration = Duration::from_secs(300);

/// A child of a test: a command with nothing of the tester's surroundings that could steer it.
pub struct Run {
    command: Command,
}

/// How a child ended and what it said.
pub struct Output {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The program with `args`.
pub fn casefile<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(args: I) -> Run {
    Run::new(env!("CARGO_BIN_EXE_casefile"), args)
}

impl Run {
    pub fn new<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(program: &str, args: I) -> Self {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["SOURCE_DATE_EPOCH", "CASEFILE_CONFIG", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        Self { command }
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn current_dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it to its end, or ends it after [`HANG`] and fails.
    pub fn output(mut self) -> Output {
        let mut child = self.command.spawn().unwrap_or_else(|e| panic!("cannot start {:?}: {e}", self.command));
        let stdout = drain(child.stdout.take().expect("piped"));
        let stderr = drain(child.stderr.take().expect("piped"));
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                break status;
            }
            if began.elapsed() > HANG {
                let _ = child.kill();
                let _ = child.wait();
                panic!("{:?} hangs", self.command);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let text = |pipe: std::thread::JoinHandle<Vec<u8>>| {
            String::from_utf8_lossy(&pipe.join().expect("a pipe is read")).into_owned()
        };
        Output { exit: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The output of a run that must end with `exit`.
    #[track_caller]
    pub fn expect(self, exit: i32) -> Output {
        let words = format!("{:?}", self.command);
        let output = self.output();
        assert_eq!(output.exit, Some(exit), "{words}\nstdout: {}\nstderr: {}", output.stdout, output.stderr);
        output
    }
}

impl Output {
    /// The one JSON document on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.stdout))
    }

    /// The path of the bundle that `collect` printed.
    #[track_caller]
    pub fn bundle(&self) -> PathBuf {
        let path = PathBuf::from(self.stdout.trim_end());
        assert!(path.is_file(), "no bundle at `{}`; stderr: {}", path.display(), self.stderr);
        path
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// Says that a test cannot run here; under CI that is a failure.
pub fn skip(why: &str) {
    let required = std::env::var("CI").is_ok_and(|ci| ci == "true")
        || std::env::var("CASEFILE_REQUIRE_ALL").is_ok_and(|all| all == "1");
    assert!(!required, "cannot run here, and everything is required: {why}");
    eprintln!("skipped: {why}");
}

/// A file of our own fixtures.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A folder of the test's own, removed at its end.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A path as an argument.
pub fn arg(path: impl AsRef<Path>) -> String {
    path.as_ref().to_str().expect("the tests' paths are UTF-8").to_owned()
}

pub fn read(path: impl AsRef<Path>) -> Vec<u8> {
    std::fs::read(path.as_ref()).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.as_ref().display()))
}

pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    std::fs::write(path.as_ref(), bytes).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.as_ref().display()));
}

/// Every file and folder below `folder`, with its bytes: equal listings mean that nothing was written.
pub fn listing(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the test's own") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                found.insert(path.clone(), None);
                open.push(path);
            } else {
                found.insert(path.clone(), Some(read(&path)));
            }
        }
    }
    found
}

/// A bundle as any zip reader sees it.
#[derive(Clone)]
pub struct Opened {
    /// The one top folder.
    pub top: String,
    /// The files by their path below it, in the order of the zip.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Opened {
    pub fn read(path: &Path) -> Self {
        let mut zip = zip::ZipArchive::new(Cursor::new(read(path))).expect("a zip");
        let mut opened = Self { top: String::new(), files: Vec::new() };
        for n in 0..zip.len() {
            let mut entry = zip.by_index(n).expect("an entry");
            let name = entry.name().expect("a name in UTF-8").into_owned();
            let (top, below) = name.split_once('/').expect("everything is in the top folder");
            assert!(opened.top.is_empty() || opened.top == top, "two top folders: {top} and {}", opened.top);
            opened.top = top.to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the entry's bytes");
            opened.files.push((below.to_owned(), bytes));
        }
        opened
    }

    #[track_caller]
    pub fn file(&self, path: &str) -> &[u8] {
        let names = || self.files.iter().fold(String::new(), |all, (name, _)| all + "\n" + name);
        self.find(path).unwrap_or_else(|| panic!("no {path} among{}", names()))
    }

    pub fn find(&self, path: &str) -> Option<&[u8]> {
        self.files.iter().find(|(name, _)| name == path).map(|(_, bytes)| bytes.as_slice())
    }

    /// The one artifact whose path ends so.
    #[track_caller]
    pub fn ending(&self, end: &str) -> &[u8] {
        let found: Vec<&str> = self.files.iter().map(|(name, _)| name.as_str()).filter(|n| n.ends_with(end)).collect();
        let [one] = found.as_slice() else { panic!("not one file that ends in {end}: {found:?}") };
        self.file(one)
    }

    #[track_caller]
    pub fn text(&self, path: &str) -> String {
        String::from_utf8(self.file(path).to_vec()).expect("text")
    }

    #[track_caller]
    pub fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_slice(self.file(path)).unwrap_or_else(|e| panic!("{path} is no JSON: {e}"))
    }

    /// The same as a zip again.
    pub fn write(&self, path: &Path) {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in &self.files {
            zip.start_file(format!("{}/{name}", self.top), SimpleFileOptions::default()).expect("an entry");
            zip.write_all(bytes).expect("memory");
        }
        write(path, zip.finish().expect("memory").into_inner());
    }
}

/// What a JSON Schema of `docs/` says against `document`; nothing when it holds.
pub fn against_schema(schema: &str, document: &serde_json::Value) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(schema);
    let schema: serde_json::Value = serde_json::from_slice(&read(&path)).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    validator.iter_errors(document).fold(String::new(), |mut all, error| {
        let _ = writeln!(all, "{} at {}", error, error.instance_path());
        all
    })
}
