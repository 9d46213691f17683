//! `escalate` killed with SIGKILL at each line of its journal, just before it is written and just after, and then run again: it
//! finishes, and nothing is there twice but what says so.
//!
//! The program is the one that customers get, without a switch for tests. `strace` counts the calls that touch the journal and
//! sends the signal as the n-th one is entered, so each moment is hit in every run, however slow the machine. Where a far side is
//! concerned, entering the write of a line is the moment after the deed, and entering its fsync the moment before the next one.

#![cfg(target_os = "linux")]

mod chain_support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chain_support::{Output, Run, arg, casefile, fixture, folder, skip, write};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

const ID: &str = "c-7fk2m9q4xa";

/// More lines than any verb writes; an enumeration that gets here does not end.
const MOST_LINES: usize = 60;

/// An Alertmanager and a chat room in one: it keeps what is posted to it.
#[derive(Clone)]
struct Far {
    port: u16,
    posts: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Far {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let far = Self { port: listener.local_addr().expect("an address").port(), posts: Arc::default() };
        let served = far.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                std::thread::spawn(move || while served.answer(&stream).is_some() {});
            }
        });
        far
    }

    /// Answers one request; nothing when the connection is over.
    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_ascii_lowercase());
        }
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let answer = if head[0].starts_with("get ") {
            Value::Array(self.alerts()).to_string()
        } else {
            let path = head[0].split(' ').nth(1)?.to_owned();
            self.posts.lock().ok()?.push((path, serde_json::from_slice(&body).ok()?));
            "{}".to_owned()
        };
        let length = answer.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all((head + &answer).as_bytes()).ok()
    }

    /// The alerts that are open, as an Alertmanager tells them apart: by their labels.
    fn alerts(&self) -> Vec<Value> {
        let mut open: BTreeMap<String, Value> = BTreeMap::new();
        for (_, posted) in self.posts.lock().expect("a list").iter().filter(|(path, _)| path == "/api/v2/alerts") {
            for alert in posted.as_array().expect("a list of alerts") {
                let ends: Timestamp = alert["endsAt"].as_str().and_then(|at| at.parse().ok()).expect("a time");
                let mut alert = alert.clone();
                alert["status"] = serde_json::json!({ "silencedBy": [], "state": "active" });
                match ends > Timestamp::now() {
                    true => open.insert(alert["labels"].to_string(), alert),
                    false => open.remove(&alert["labels"].to_string()),
                };
            }
        }
        open.into_values().collect()
    }

    /// How many open alerts each key has.
    fn alerts_by_key(&self) -> BTreeMap<String, usize> {
        let mut keys = BTreeMap::new();
        for alert in self.alerts() {
            *keys.entry(alert["labels"]["casefile_key"].as_str().expect("a key").to_owned()).or_insert(0) += 1;
        }
        keys
    }

    /// How often the room heard each thing.
    fn heard(&self) -> BTreeMap<String, usize> {
        let mut heard = BTreeMap::new();
        for (_, posted) in self.posts.lock().expect("a list").iter().filter(|(path, _)| path == "/room") {
            let what = format!("{} {} {}", posted["event"], posted["key"], posted["severity"]);
            *heard.entry(what).or_insert(0) += 1;
        }
        heard
    }
}

/// A machine of support, a bundle, and a far side.
struct Stage {
    folder: tempfile::TempDir,
    far: Far,
}

impl Stage {
    /// A SEV1 that was reported so long ago that the next level is due at once.
    fn new() -> Self {
        let (folder, far) = (folder(), Far::start());
        let stage = Self { folder, far };
        let collect = ["collect", "--yes", "--no-host", "--bundle-name", "b", "--browser", "no"];
        let files = [
            ["--logs".to_owned(), arg(fixture("shop/app.log"))],
            ["--case".to_owned(), arg(fixture("shop/case.toml"))],
            ["--output".to_owned(), stage.path("")],
        ];
        let args = collect.iter().map(|arg| (*arg).to_owned()).chain(files.into_iter().flatten());
        casefile(args).expect(0);
        let reported = Timestamp::now() - SignedDuration::from_mins(20);
        let facts = format!(
            "case_id = \"{ID}\"\nstarted_at = \"{reported}\"\nreported_at = \"{reported}\"\n[impact]\naffected = 250\n\
             scope = \"complete-outage\"\nsince = \"{reported}\"\n"
        );
        write(stage.path("agent.toml"), facts);
        let alone = fs::read_to_string(fixture("shop/case.toml")).expect("a case");
        let alone = alone.replace("affected = 12", "affected = 250").replace("major-function", "complete-outage");
        write(stage.path("alone.toml"), alone);
        let policy = casefile(["escalate", "policy", "default"]).expect(0).stdout;
        let port = stage.far.port;
        let targets = format!(
            "[notifiers.alerts]\nkind = \"alertmanager\"\nteam = \"SRE\"\nsecure = true\naddress = \"http://127.0.0.1:{port}\"\n\
             [notifiers.room]\nkind = \"webhook\"\nteam = \"Engineering\"\nurl = \"env:ROOM\"\n\
             [notifiers.files]\nkind = \"outbox\"\nsecure = true\n\
             [notifiers.lead]\nkind = \"alertmanager\"\nsecure = true\naddress = \"http://127.0.0.1:{port}\"\n\
             [[matrix]]\nseverities = [\"SEV1\", \"SEV2\"]\nlevels = [[\"alerts\", \"room\", \"files\"], [\"lead\"]]\n\
             [[matrix]]\nseverities = [\"SEV3\", \"SEV4\"]\nlevels = [[\"files\"]]\n"
        );
        write(stage.path("policy.toml"), policy + "\n" + &targets);
        stage
    }

    fn path(&self, name: &str) -> String {
        arg(self.folder.path().canonicalize().expect("a folder").join(name))
    }

    fn journal(&self) -> PathBuf {
        PathBuf::from(self.path("state")).join(format!("casefile/journal/{ID}.jsonl"))
    }

    /// The arguments of a verb, with the paths of this stage in the place of their names.
    fn args(&self, words: &[&str]) -> Vec<String> {
        let named = |word: &&str| match *word {
            "BUNDLE" => self.path("b.casefile.zip"),
            "AGENT" => self.path("agent.toml"),
            "ALONE" => self.path("alone.toml"),
            "POLICY" => self.path("policy.toml"),
            other => other.to_owned(),
        };
        ["escalate".to_owned()].into_iter().chain(words.iter().map(named)).collect()
    }

    fn surrounded(&self, run: Run) -> Run {
        let room = format!("http://127.0.0.1:{}/room", self.far.port);
        run.env("XDG_STATE_HOME", self.path("state")).env("ROOM", room).env("USER", "sam").env("LOGNAME", "sam")
    }

    fn run(&self, words: &[&str]) -> Output {
        self.surrounded(casefile(self.args(words))).output()
    }

    /// The same, killed as its `n`th `call` on the journal is entered. Whether there was such a call.
    fn killed(&self, call: &str, n: usize, words: &[&str]) -> bool {
        let (path, trace) = (arg(self.journal()), self.path("trace"));
        let inject = format!("inject={call}:signal=KILL:when={n}");
        let only = format!("trace={call}");
        let options = ["-f", "-o", &trace, "-P", &path, "-e", &only, "-e", &inject, env!("CARGO_BIN_EXE_casefile")];
        let args = options.iter().map(|arg| (*arg).to_owned()).chain(self.args(words));
        let output = self.surrounded(Run::new("strace", args)).output();
        let trace = fs::read_to_string(trace).expect("a trace");
        let killed = trace.contains("killed by SIGKILL");
        assert_eq!(killed, output.exit.is_none(), "{call} {n}: {:?}\n{trace}\n{}", output.exit, output.stderr);
        killed
    }

    fn keep(&self) -> Kept {
        let kept = self.folder.path().join("kept");
        let _ = fs::remove_dir_all(&kept);
        copy(Path::new(&self.path("state")), &kept);
        Kept { state: kept, posts: self.far.posts.lock().expect("a list").clone() }
    }

    fn go_back_to(&self, kept: &Kept) {
        let state = PathBuf::from(self.path("state"));
        let _ = fs::remove_dir_all(&state);
        copy(&kept.state, &state);
        self.far.posts.lock().expect("a list").clone_from(&kept.posts);
    }

    /// How often each thing was done, by the journal: what stands there before a deed or after one that failed is left out.
    fn done(&self) -> BTreeMap<String, usize> {
        let mut done = BTreeMap::new();
        for line in fs::read_to_string(self.journal()).expect("a journal").lines() {
            let line: Value = serde_json::from_str(line).expect("a line");
            let event = line["event"].as_str().expect("an event");
            if !event.ends_with("-intent") && !event.ends_with("-failed") {
                let facts = &line["facts"];
                let what = format!("{event} {} {} {}", facts["key"], facts["access"], facts["text"]);
                *done.entry(what).or_insert(0) += 1;
            }
        }
        done
    }

    /// The files of the outbox, and how long each is: texts hold times, but no more and no fewer words.
    fn outbox(&self) -> Vec<String> {
        let mut names: Vec<String> = chain_support::listing(Path::new(&self.path("state/casefile/outbox")))
            .into_keys()
            .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Those of whom the program says that they may have heard it twice.
    fn perhaps_twice(&self) -> Vec<String> {
        let status: Value = self.run(&["status", ID, "--json"]).json();
        let notices = status["notices"].as_array().expect("a list").iter();
        let twice = notices.filter(|notice| notice["may_be_twice"] == true);
        twice.map(|notice| notice["target"].as_str().expect("a name").to_owned()).collect()
    }
}

struct Kept {
    state: PathBuf,
    posts: Vec<(String, Value)>,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    let Ok(entries) = fs::read_dir(from) else { return };
    for entry in entries {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).expect("copied");
        }
    }
    fs::set_permissions(to, fs::metadata(from).expect("a folder").permissions()).expect("permissions");
}

/// Kills `verb` at every line of its journal and runs it again. `before` is done first, undisturbed.
fn killed_everywhere(before: &[&[&str]], verb: &[&str]) {
    if !can_trace() {
        return skip("strace is not installed or may not trace");
    }
    let stage = Stage::new();
    fs::create_dir_all(stage.path("state")).expect("a folder");
    for words in before {
        let output = stage.run(words);
        assert!(matches!(output.exit, Some(0 | 1)), "{words:?}: {:?} {}", output.exit, output.stderr);
    }
    let kept = stage.keep();
    let lines = || fs::read_to_string(stage.journal()).map_or(0, |text| text.lines().count());
    let before = lines();
    let whole = stage.run(verb);
    let (done, alerts, heard, outbox) = (stage.done(), stage.far.alerts_by_key(), stage.far.heard(), stage.outbox());
    let written = lines() - before;
    assert!(written > 0 && alerts.values().all(|count| *count == 1), "{alerts:?}: {}", whole.stderr);
    for call in ["write", "fsync"] {
        let mut n = 1;
        loop {
            stage.go_back_to(&kept);
            let found = stage.killed(call, n, verb);
            assert_eq!(found, n <= written, "{call} {n} of {written}");
            if !found {
                break;
            }
            assert!(n < MOST_LINES, "it does not end");
            let place = format!("{verb:?} killed at {call} {n} of {written}");
            let again = stage.run(verb);
            assert_eq!(again.exit, whole.exit, "{place}: {}", again.stderr);
            assert_eq!(stage.done(), done, "{place}");
            assert_eq!(stage.far.alerts_by_key(), alerts, "{place}");
            assert_eq!(stage.outbox(), outbox, "{place}");
            let twice = stage.perhaps_twice();
            for (what, count) in stage.far.heard() {
                let expected = heard.get(&what).copied().unwrap_or(0);
                let marked = twice.iter().any(|target| what.contains(target.as_str()));
                assert!(count == expected || count == expected + 1 && marked, "{place}: {what}: {count}, {twice:?}");
            }
            assert_eq!(stage.far.heard().len(), heard.len(), "{place}");
            assert_eq!(stage.run(&["journal", "verify", ID]).exit, Some(0), "{place}");
            n += 1;
        }
    }
    stage.go_back_to(&kept);
    stage.run(verb);
    let ended = fs::read(stage.journal()).expect("a journal");
    let again = stage.run(verb);
    assert_eq!(again.exit, whole.exit, "a third time: {}", again.stderr);
    assert!(fs::read(stage.journal()).expect("a journal") == ended, "a command that has finished adds no line");
}

fn can_trace() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|folder| folder.join("strace").is_file());
    there && Run::new("strace", ["-f", "-o", "/dev/null", "true"]).output().exit == Some(0)
}

const OPEN: &[&str] =
    &["open", "BUNDLE", "--case", "AGENT", "--policy", "POLICY", "--override-checklist", "it cannot wait"];
const WATCH: &[&str] = &["watch", "--once", "--policy", "POLICY"];
const ACK: &[&str] = &["ack", ID, "--by", "Kim Lee", "--way", "phone"];
const REQUEST: &[&str] = &[
    "access",
    "request",
    ID,
    "--who",
    "Kim Lee",
    "--what",
    "a shell",
    "--why",
    "the logs of the gateway",
    "--for",
    "2h",
];
const APPROVE: &[&str] = &["access", "approve", ID, "1", "--by", "Ada Berg"];
const USE: &[&str] = &["access", "use", ID, "1", "--what", "read the logs"];
const REVOKE: &[&str] = &["access", "revoke", ID, "1", "--by", "Kim Lee"];

#[test]
fn a_case_that_is_opened() {
    killed_everywhere(&[], OPEN);
}

#[test]
fn a_next_level_that_is_called() {
    killed_everywhere(&[OPEN], WATCH);
}

#[test]
fn a_severity_that_is_raised() {
    let open: &[&str] = &[OPEN, &["--severity", "2", "--severity-reason", "one shop can still pay in cash"]].concat();
    killed_everywhere(&[open], &["severity", ID, "1", "--policy", "POLICY"]);
}

#[test]
fn a_severity_that_is_lowered() {
    let lower = ["severity", ID, "3", "--reason", "a workaround was found", "--policy", "POLICY"];
    killed_everywhere(&[OPEN], &lower);
}

#[test]
fn a_case_that_is_resolved() {
    let resolve = ["resolve", ID, "--text", "A setting of the gateway was put back.", "--policy", "POLICY"];
    killed_everywhere(&[OPEN, WATCH, ACK], &resolve);
}

#[test]
fn a_bundle_that_comes_later() {
    let open: &[&str] = &["open", "--without-bundle", "--case", "ALONE", "--policy", "POLICY"];
    killed_everywhere(&[open], &["attach", ID, "BUNDLE", "--policy", "POLICY"]);
}

#[test]
fn what_is_only_recorded() {
    let update: &[&str] = &["update", ID, "--text", "called the hoster"];
    let customer: &[&str] = &["update", ID, "--customer", "--sent", "--text", "The gateway refuses connections."];
    killed_everywhere(&[OPEN], ACK);
    killed_everywhere(&[OPEN], update);
    killed_everywhere(&[OPEN], customer);
}

#[test]
fn access_from_the_request_to_the_end() {
    killed_everywhere(&[OPEN], REQUEST);
    killed_everywhere(&[OPEN, REQUEST], APPROVE);
    killed_everywhere(&[OPEN, REQUEST, APPROVE], USE);
    killed_everywhere(&[OPEN, REQUEST, APPROVE], REVOKE);
    killed_everywhere(&[OPEN, REQUEST], &["access", "deny", ID, "1", "--by", "Ada Berg"]);
}
