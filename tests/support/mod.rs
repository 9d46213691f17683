//! What tests of the whole program share: a place to work in, the program with a guard against hanging, and a bundle
//! opened with a reader of its own.

#![allow(dead_code)] // each test file uses a part
#![allow(clippy::panic, clippy::print_stdout)] // a helper of a test may end it

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// After this a process or a thread is taken to hang. No test measures time otherwise.
pub const HANG: Duration = Duration::from_secs(60);

/// Folders of one test: `logs` to collect from, `out` for the bundle.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("casefile").tempdir().expect("a temporary folder");
        let place = Self { folder };
        for name in ["logs", "out"] {
            fs::create_dir(place.path(name)).expect("a folder");
        }
        #[cfg(unix)]
        {
            set_mode(place.folder.path(), 0o755);
            set_mode(&place.logs(), 0o755);
            set_mode(&place.out(), 0o777);
        }
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        // Links in the way to the folder for temporary files (macOS) are no part of any test.
        self.folder.path().canonicalize().expect("it is there").join(name)
    }

    pub fn logs(&self) -> PathBuf {
        self.path("logs")
    }

    pub fn out(&self) -> PathBuf {
        self.path("out")
    }

    /// A file below `logs`.
    pub fn log(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        self.file(&format!("logs/{name}"), text)
    }

    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("below the place")).expect("its folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// `casefile collect` of everything below `logs`, and of nothing else.
    pub fn collect(&self) -> Command {
        self.logs_only(self.bare())
    }

    /// The same as an account without rights: our own, or `nobody` when we are root.
    #[cfg(unix)]
    pub fn collect_unprivileged(&self) -> Command {
        self.logs_only(self.bare_unprivileged())
    }

    fn logs_only(&self, mut command: Command) -> Command {
        command.arg("--no-host").arg("--logs").arg(self.logs().join("**"));
        command
    }

    /// `casefile collect` into `out`, what is for the test to say.
    pub fn bare(&self) -> Command {
        self.bare_with(Path::new(env!("CARGO_BIN_EXE_casefile")))
    }

    /// The same as an account without rights.
    #[cfg(unix)]
    pub fn bare_unprivileged(&self) -> Command {
        if !is_root() {
            return self.bare();
        }
        use std::os::unix::process::CommandExt;
        let mut command = self.bare_with(&self.program_for_nobody());
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
        command
    }

    fn bare_with(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["collect", "--yes", "--bundle-name", "b"]).arg("--output").arg(self.out());
        command.env("HOME", self.path("home")).env_remove("SOURCE_DATE_EPOCH");
        command
    }

    /// The program where `nobody` can reach it: the build may lie in a home folder.
    #[cfg(unix)]
    fn program_for_nobody(&self) -> PathBuf {
        let copy = self.path("casefile");
        if !copy.exists() {
            // By another process: a file that this one holds open for writing could not be run.
            let done = Command::new("cp").arg(env!("CARGO_BIN_EXE_casefile")).arg(&copy).status();
            assert!(done.expect("cp starts").success());
            set_mode(&copy, 0o755);
        }
        copy
    }

    /// The bundle in `out`, which must be safe and whole, and alone there.
    pub fn bundle(&self) -> Bundle {
        assert_eq!(self.left_in_out(), ["b.casefile.zip"], "the bundle and nothing else");
        let path = self.out().join("b.casefile.zip");
        assert_whole(&path);
        Bundle::open(&path)
    }

    /// Names in `out`, hidden ones too.
    pub fn left_in_out(&self) -> Vec<String> {
        let entries = fs::read_dir(self.out()).expect("listed");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("listed").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// Account and group of `nobody`, who owns nothing.
pub const NOBODY: u32 = 65_534;

#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

#[cfg(unix)]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says that a test, or a part of it, did not run; under CI that is a failure.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "skipped: {why}, and CI skips nothing");
    println!("skipped: {why}");
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program to its end, which must come.
pub fn run(command: &mut Command) -> Ran {
    let mut child = start(command);
    let (stdout, stderr) = (collected(child.stdout.take()), collected(child.stderr.take()));
    let status = end_of(&mut child);
    let text = |output: Option<thread::JoinHandle<Vec<u8>>>| {
        output.map_or_else(String::new, |thread| String::from_utf8_lossy(&thread.join().expect("read")).into_owned())
    };
    Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// Starts a program without input, its output piped.
pub fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn collected(pipe: Option<impl Read + Send + 'static>) -> Option<thread::JoinHandle<Vec<u8>>> {
    pipe.map(|mut pipe| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).expect("its output is read");
            bytes
        })
    })
}

/// Waits for the end of a process, which must come.
pub fn end_of(child: &mut Child) -> ExitStatus {
    let until = Instant::now() + HANG;
    loop {
        match child.try_wait().expect("a child of ours") {
            Some(status) => return status,
            None if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the program hangs");
            }
        }
    }
}

/// Waits until something is so, which must come.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + HANG;
    while !is_so() {
        assert!(Instant::now() < until, "{what}: never came");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Runs something on a thread that must come to an end.
pub fn ends<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = channel();
    let thread = thread::spawn(move || {
        let _ = send.send(work());
    });
    match receive.recv_timeout(HANG) {
        Ok(result) => result,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => panic!("it ended without a result"),
        },
    }
}

/// Demands that `casefile verify` calls a bundle safe and whole.
pub fn assert_whole(bundle: &Path) {
    let ran = run(Command::new(env!("CARGO_BIN_EXE_casefile")).args(["verify", "--json"]).arg(bundle));
    let said: Value = serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}{} ({:?})", ran.stdout, ran.stderr, ran.code));
    let said = &said["bundles"][0];
    assert!(said["safe"] == true && said["whole"] == true, "{said:#}");
}

/// A bundle as `zip` reads it, without any code of ours.
pub struct Bundle {
    /// Entries by their name below the top folder.
    pub entries: BTreeMap<String, Vec<u8>>,
    pub manifest: Value,
}

impl Bundle {
    pub fn open(path: &Path) -> Self {
        let mut zip = zip::ZipArchive::new(fs::File::open(path).expect("the bundle")).expect("a zip");
        let mut entries = BTreeMap::new();
        for n in 0..zip.len() {
            let mut entry = zip.by_index(n).expect("an entry");
            let name = entry.name().expect("UTF-8").split_once('/').expect("a top folder").1.to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("its bytes");
            entries.insert(name, bytes);
        }
        let manifest = serde_json::from_slice(&entries["manifest.json"]).expect("JSON");
        Self { entries, manifest }
    }

    /// The record of the artifact whose origin ends so.
    pub fn artifact(&self, origin: &str) -> &Value {
        self.find_artifact(origin).unwrap_or_else(|| panic!("no artifact from {origin}: {:#}", self.manifest))
    }

    fn find_artifact(&self, origin: &str) -> Option<&Value> {
        list(&self.manifest["artifacts"]).iter().find(|artifact| ends_so(&artifact["origin"], origin))
    }

    /// The text of that artifact.
    pub fn text(&self, origin: &str) -> String {
        let path = self.artifact(origin)["path"].as_str().expect("a path");
        String::from_utf8_lossy(&self.entries[path]).into_owned()
    }

    /// Demands that the plan says of what ends so that it is not there, and why.
    pub fn assert_missing(&self, what: &str, status: &str, reason: &str) {
        assert!(self.find_artifact(what).is_none(), "{what} is in the bundle");
        let said: Vec<(&str, &str)> = list(&self.manifest["plan"])
            .iter()
            .filter(|line| ends_so(&line["what"], what))
            .map(|line| (line["status"].as_str().expect("a status"), line["reason"].as_str().unwrap_or_default()))
            .collect();
        let told = said.iter().any(|(found, why)| *found == status && why.contains(reason));
        assert!(told, "{what}: {said:?}, expected {status}: {reason}; {:#}", self.manifest["plan"]);
    }

    /// Demands that what ends so is there in part, and that its record says why.
    pub fn assert_partial(&self, origin: &str, reason: &str) {
        let artifact = self.artifact(origin);
        let said = artifact["reason"].as_str().unwrap_or_default();
        assert!(artifact["status"] == "partial" && said.contains(reason), "{artifact:#}, expected {reason}");
    }

    /// Whether a text stands in any file of the bundle.
    pub fn holds(&self, text: &str) -> Option<&str> {
        let found = self.entries.iter().find(|(_, bytes)| memchr::memmem::find(bytes, text.as_bytes()).is_some());
        found.map(|(name, _)| name.as_str())
    }
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn ends_so(text: &Value, end: &str) -> bool {
    text.as_str().is_some_and(|text| text.ends_with(end))
}
