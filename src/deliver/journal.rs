//! The record of what was done about a case: lines that are only ever added, each holding the hash of the one before.
//! A changed, moved or removed line shows at its place; a cut tail shows against the head that stands in the ticket.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::escalate::free_text::{clean_line, clean_name};
use crate::escalate::plain_text::one_line;
use crate::escalate::progress::Recorded;
use crate::model::printable::push_json;
use crate::model::{CaseId, Sha256Digest};
use crate::platform::{create_private_dir, open_private_append};

/// Longest journal that is read or written to; a case makes a few lines a step.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Longest line. Ours have a few hundred bytes, and a few kilobytes where a policy names many targets.
const MOST_LINE: usize = 1024 * 1024;

/// The same words within this time are the same word said again, after a stop: nobody notes the same thing twice in a row.
const SAID_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// What the chain of a case begins with, so that no journal passes for that of another case.
const GENESIS: &str = "casefile-journal/1";

/// The journal of one case, locked for this process.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// A file of its own, because a lock on Windows would also keep readers from the journal.
    _lock: File,
    lines: Vec<Line>,
    head: Head,
    /// Bytes of a cut last line that were dropped on opening and are not yet recorded.
    dropped: usize,
}

/// The last line: whoever knows it sees whether lines after it were cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its number; 0 before the first line.
    pub seq: u64,
    /// Its hash.
    pub hash: Sha256Digest,
}

/// Something that happened, or is about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    name: String,
    facts: BTreeMap<String, String>,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file or its folder.
    #[error("cannot {action} the journal {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process holds it.
    #[error("another casefile is at work on this case ({})", .0.display())]
    Busy(PathBuf),
    /// Somebody changed it.
    #[error("the journal {} is not as it was written: line {line} {problem}", path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// The first line that is wrong, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// A line without its hash, in the order in which it is written and hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Body<'a> {
    seq: u64,
    at: Timestamp,
    event: &'a str,
    facts: &'a BTreeMap<String, String>,
    prev: Sha256Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: u64,
    at: Timestamp,
    event: String,
    facts: BTreeMap<String, String>,
    prev: Sha256Digest,
    hash: Sha256Digest,
}

impl Event {
    /// An event of this name, such as `ticket-intent`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), facts: BTreeMap::new() }
    }

    /// The same event with one more fact, such as a digest or a name of the policy. Contacts and accounts do not belong here: a
    /// journal is exported and kept.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "texts, digests and numbers then read alike at the call")]
    pub fn with(mut self, fact: &str, value: impl ToString) -> Self {
        self.facts.insert(fact.to_owned(), value.to_string());
        self
    }

    /// The same event with what somebody wrote, or what a far side said: one line, at most `most` characters, and in the place
    /// of a secret or personal data its kind.
    #[must_use]
    pub fn with_text(self, fact: &str, text: &str, most: usize) -> Self {
        self.with(fact, clean_line(text, most))
    }

    /// The same event with the agent who made it happen, where that is known.
    #[must_use]
    pub fn by_agent(self, agent: Option<&str>, most: usize) -> Self {
        match agent {
            Some(agent) => self.with_person("agent", agent, most),
            None => self,
        }
    }

    /// The same event with a person's name or address by which we know them; a secret is taken out even there.
    #[must_use]
    pub fn with_person(self, fact: &str, name: &str, most: usize) -> Self {
        self.with(fact, one_line(&clean_name(name).text, most))
    }
}

impl Journal {
    /// Opens the journal of `case_id` in `folder`, makes it if need be, and checks every line. A last line that was cut
    /// while it was written (a kill, a full disk) is dropped, and the drop recorded with the next event.
    pub fn open(folder: &Path, case_id: &CaseId) -> Result<Self, JournalError> {
        create_private_dir(folder).map_err(failed("make the folder of", folder))?;
        let lock_path = lock_path_of(folder, case_id);
        let lock = open_private_append(&lock_path).map_err(failed("lock", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(JournalError::Busy(lock_path)),
            Err(fs::TryLockError::Error(e)) => return Err(failed("lock", &lock_path)(e)),
        }
        let path = path_of(folder, case_id);
        let mut file = open_private_append(&path).map_err(failed("open", &path))?;
        let bytes = bounded(&mut file, &path)?;
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        // A chain that does not hold stays as it was found, to its last byte.
        let lines = read_lines(&path, case_id, &bytes[..whole])?;
        if whole < bytes.len() {
            // A handle for adding cannot shorten the file on Windows.
            let cut = OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(whole as u64));
            cut.map_err(failed("mend", &path))?;
        }
        let head = head_of(&lines, case_id);
        Ok(Self { path, file, _lock: lock, lines, head, dropped: bytes.len() - whole })
    }

    /// Adds an event and returns once it is on the disk.
    pub fn append(&mut self, at: Timestamp, mut event: Event) -> Result<Head, JournalError> {
        if self.dropped > 0 {
            event = event.with("cut_line_dropped_bytes", self.dropped);
        }
        let (seq, prev) = (self.head.seq + 1, self.head.hash);
        let hash = hash(&Body { seq, at, event: &event.name, facts: &event.facts, prev });
        let line = Line { seq, at, event: event.name, facts: event.facts, prev, hash };
        let mut text = written(&line);
        text.push(b'\n');
        if text.len() > MOST_LINE {
            let e = io::Error::new(io::ErrorKind::InvalidInput, "a line is longer than any line of a journal");
            return Err(failed("write", &self.path)(e));
        }
        self.file.write_all(&text).and_then(|()| self.file.sync_all()).map_err(failed("write", &self.path))?;
        self.dropped = 0;
        self.lines.push(line);
        self.head = Head { seq, hash };
        Ok(self.head)
    }

    /// The last line.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether an event of this name with these facts, and perhaps more, was recorded.
    #[must_use]
    pub fn has(&self, event: &Event) -> bool {
        self.lines.iter().any(|line| line.is(event))
    }

    /// Whether this was recorded shortly before `now`, so that who says it now was stopped before they heard that it was kept,
    /// and says it again.
    #[must_use]
    pub fn said_just_now(&self, event: &Event, now: Timestamp) -> bool {
        self.lines.iter().rev().any(|line| line.is(event) && now.duration_since(line.at).abs() <= SAID_AGAIN)
    }

    /// What happened, first to last.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.lines.iter().cloned().map(Recorded::from).collect()
    }

    /// How many events of this name there are.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.lines.iter().filter(|line| line.event == name).count()
    }

    /// How many events say this, and perhaps more.
    #[must_use]
    pub fn count_of(&self, event: &Event) -> usize {
        self.lines.iter().filter(|line| line.is(event)).count()
    }

    /// The name of the last event that has these facts and one of these `names`.
    #[must_use]
    pub fn last_of(&self, names: &[&str], facts: &Event) -> Option<&str> {
        let holds = |line: &&Line| {
            names.contains(&line.event.as_str())
                && facts.facts.iter().all(|(fact, value)| line.facts.get(fact) == Some(value))
        };
        self.lines.iter().rev().find(holds).map(|line| line.event.as_str())
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Checks every line of the journal at `path`, which is named after its case, without locking it.
pub fn verify(path: &Path) -> Result<Head, JournalError> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let case_id = CaseId::parse(&stem).map_err(|e| JournalError::Io {
        action: "check",
        path: path.to_owned(),
        source: io::Error::other(e),
    })?;
    let mut file = File::open(path).map_err(failed("read", path))?;
    let bytes = bounded(&mut file, path)?;
    Ok(head_of(&read_lines(path, &case_id, &bytes)?, &case_id))
}

/// The lines of a journal, checked, and its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadJournal {
    /// What happened, first to last.
    pub lines: Vec<Recorded>,
    /// The hash of each line: whoever knows one sees whether its line is still there.
    pub hashes: Vec<Sha256Digest>,
    /// The last line.
    pub head: Head,
    /// As it stands in the file: what was checked is what is exported.
    pub bytes: Vec<u8>,
}

/// Reads and checks the journal of `case_id` in `folder`; `None` where there is none. Locks and writes nothing. A last line
/// that is just being written does not count yet.
pub fn read(folder: &Path, case_id: &CaseId) -> Result<Option<ReadJournal>, JournalError> {
    read_up_to(folder, case_id, |bytes| bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1))
}

/// The same, but a last line that is cut off is an error.
pub fn read_whole(folder: &Path, case_id: &CaseId) -> Result<Option<ReadJournal>, JournalError> {
    read_up_to(folder, case_id, <[u8]>::len)
}

fn read_up_to(
    folder: &Path,
    case_id: &CaseId,
    end: impl FnOnce(&[u8]) -> usize,
) -> Result<Option<ReadJournal>, JournalError> {
    let path = path_of(folder, case_id);
    let mut file = match File::open(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed("read", &path))?,
    };
    let bytes = bounded(&mut file, &path)?;
    let lines = read_lines(&path, case_id, &bytes[..end(&bytes)])?;
    let (head, hashes) = (head_of(&lines, case_id), lines.iter().map(|line| line.hash).collect());
    Ok(Some(ReadJournal { lines: lines.into_iter().map(Recorded::from).collect(), hashes, head, bytes }))
}

/// Every event of this name in the journal of `case_id` in `folder`, as [`read`] reads it; nothing where there is none.
pub fn recorded(folder: &Path, case_id: &CaseId, name: &str) -> Result<Vec<Recorded>, JournalError> {
    let lines = read(folder, case_id)?.map(|read| read.lines).unwrap_or_default();
    Ok(lines.into_iter().filter(|line| line.event == name).collect())
}

/// Where the journal of `case_id` stands in `folder`.
#[must_use]
pub fn path_of(folder: &Path, case_id: &CaseId) -> PathBuf {
    folder.join(format!("{case_id}.jsonl"))
}

/// Where its lock stands.
#[must_use]
pub fn lock_path_of(folder: &Path, case_id: &CaseId) -> PathBuf {
    folder.join(format!("{case_id}.lock"))
}

/// The cases that have a journal in `folder`, in the order of their ids.
pub fn cases(folder: &Path) -> Result<Vec<CaseId>, JournalError> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed("list", folder))?,
    };
    let id = |name: std::ffi::OsString| CaseId::parse(name.to_str()?.strip_suffix(".jsonl")?).ok();
    let mut cases: Vec<CaseId> = entries.flatten().filter_map(|entry| id(entry.file_name())).collect();
    cases.sort();
    Ok(cases)
}

impl Line {
    /// Whether it records `event`, and perhaps says more.
    fn is(&self, event: &Event) -> bool {
        self.event == event.name && event.facts.iter().all(|(fact, value)| self.facts.get(fact) == Some(value))
    }
}

impl From<Line> for Recorded {
    fn from(Line { at, event, facts, .. }: Line) -> Self {
        Self { at, event, facts }
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError + use<> {
    let path = path.to_owned();
    move |source| JournalError::Io { action, path, source }
}

/// All of a journal. One that is longer than a journal can be is not cut: what is left of it would pass for the whole.
fn bounded(file: &mut File, path: &Path) -> Result<Vec<u8>, JournalError> {
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed("read", path))?;
    if bytes.len() as u64 > MOST_BYTES {
        let line = bytes.iter().filter(|b| **b == b'\n').count() + 1;
        let problem = format!("goes beyond {MOST_BYTES} bytes, more than a journal can have");
        return Err(JournalError::Broken { path: path.to_owned(), line, problem });
    }
    Ok(bytes)
}

fn genesis(case_id: &CaseId) -> Sha256Digest {
    Sha256Digest(Sha256::digest(format!("{GENESIS}\n{case_id}\n")).into())
}

fn head_of(lines: &[Line], case_id: &CaseId) -> Head {
    lines.last().map_or(Head { seq: 0, hash: genesis(case_id) }, |line| Head { seq: line.seq, hash: line.hash })
}

fn hash(body: &Body<'_>) -> Sha256Digest {
    Sha256Digest(Sha256::digest(written(body)).into())
}

/// As JSON in one line, in which every character that steers a terminal, hides, or turns the reading direction is an escape: a
/// journal is looked at with `cat`.
fn written(value: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_string(value).expect("a line of texts is JSON");
    let mut text = String::with_capacity(json.len() + 1);
    push_json(&mut text, &json);
    text.into_bytes()
}

fn read_lines(path: &Path, case_id: &CaseId, bytes: &[u8]) -> Result<Vec<Line>, JournalError> {
    let mut lines: Vec<Line> = Vec::new();
    for (n, raw) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        let head = head_of(&lines, case_id);
        let line = check_line(raw, head).map_err(|problem| JournalError::Broken {
            path: path.to_owned(),
            line: n + 1,
            problem: problem.to_owned(),
        })?;
        lines.push(line);
    }
    Ok(lines)
}

fn check_line(raw: &[u8], before: Head) -> Result<Line, &'static str> {
    if raw.len() > MOST_LINE {
        return Err("is longer than any line of a journal");
    }
    let raw = raw.strip_suffix(b"\n").ok_or("is cut off")?;
    let line: Line = serde_json::from_slice(raw).map_err(|_| "is not a line of a journal")?;
    let Line { seq, at, event, facts, prev, hash: stated } = &line;
    if hash(&Body { seq: *seq, at: *at, event, facts, prev: *prev }) != *stated {
        return Err("does not have the hash that it states");
    }
    if *seq != before.seq + 1 || *prev != before.hash {
        return Err("does not follow the line before it");
    }
    // Spaces, a second key of one name and the like leave the values and the hash as they are.
    if written(&line) != raw {
        return Err("is not written as this program writes");
    }
    Ok(line)
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
