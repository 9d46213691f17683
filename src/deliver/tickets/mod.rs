//! Ticket systems over HTTP. Each is one file with an `impl TicketApi`: the few exchanges that differ. What holds for all of
//! them stands here: find before making, read back after, repeat without doubling.

mod jira;
mod reading;
mod redmine;
mod rehearsed;
mod request_tracker;
mod rest;
mod servicenow;
mod webhook;
mod zendesk;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::escalate::Ticket;
use crate::escalate::plain_text::one_line;
use crate::escalate::ticket_systems::{Kind, TicketSystemEntry};
use crate::model::{ArtifactPath, CaseId, Severity, Sha256Digest};

use super::http::{HttpClient, HttpError};
use super::outbox::attachment_name;
use super::secrets::Secret;
use super::{Attached, DeliverError, TicketRef, TicketState, TicketStatus, TicketSystem};

use reading::Hashing;
use rest::Rest;

/// How often a file is attached anew where the copies before it are damaged. A setting at the far side that cuts files does
/// so every time, and each damaged copy is one more that somebody may take for the bundle.
const MOST_COPIES: usize = 3;

/// How long we look for what may have been done when no answer came.
const LOOK_AGAIN: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(5)];

/// What differs from one ticket system to the next. Every call is one exchange or a few; none looks before it acts.
pub trait TicketApi {
    /// All tickets that carry the case id, oldest first, without those that were closed as duplicates. What the system
    /// finds is looked at once more: a search that ignores a condition finds everything.
    fn find_all(&self, case_id: &CaseId) -> Result<Vec<TicketRef>, DeliverError>;

    /// Makes the ticket.
    fn make(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError>;

    /// The names of what the ticket does not hold as `wanted` has it, after it was made.
    fn differences(&self, ticket: &TicketRef, wanted: &Ticket) -> Result<Vec<String>, DeliverError>;

    /// Closes `younger`, with a link to `older`, so that `find_all` no longer gives it.
    fn close_duplicate(&self, younger: &TicketRef, older: &TicketRef) -> Result<(), DeliverError>;

    /// The largest file that it says it takes, in bytes.
    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError>;

    /// The files at the ticket.
    fn files(&self, ticket: &TicketRef) -> Result<Vec<StoredFile>, DeliverError>;

    /// Sends the file to the ticket. Gives the digest that the system computed over the bytes it stored, where it says it.
    fn upload(&self, ticket: &TicketRef, file: &Outgoing<'_>) -> Result<Option<Sha256Digest>, DeliverError>;

    /// Writes what is stored into `sink`, at most `most` bytes. Says no where the system keeps it elsewhere, out of our reach.
    fn download(&self, file: &StoredFile, sink: &mut dyn Write, most: u64) -> Result<bool, DeliverError>;

    /// Whether a comment of this key is there.
    fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, DeliverError>;

    /// Adds a comment in which the key can be found again.
    fn add_comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError>;

    /// Sets the field of the severity. Says no where the policy names no such field.
    fn write_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<bool, DeliverError>;

    /// Sets the state.
    fn write_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError>;

    /// How the ticket stands.
    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError>;
}

/// A file as a ticket system lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The system's own name for it.
    pub id: String,
    /// Its file name.
    pub name: String,
    /// Its size in bytes, where the system tells it.
    pub size: Option<u64>,
}

/// A file on its way.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// The name that it gets: letters, digits, `.`, `_` and `-`.
    pub name: &'a str,
    /// Its size in bytes.
    pub size: u64,
}

impl Outgoing<'_> {
    fn open(&self) -> Result<File, DeliverError> {
        File::open(self.path).map_err(|source| DeliverError::Io { action: "read", path: self.path.to_owned(), source })
    }
}

/// `text` cut at a line to at most `most` characters, with a word about it, for systems that would refuse or cut it.
fn shortened(text: &str, most: usize) -> String {
    const SAID: &str = "\n… (cut to what this system takes; the bundle has the rest)\n";
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let near: String = text.chars().take(most - SAID.chars().count()).collect();
    let end = near.rfind('\n').unwrap_or(near.len());
    format!("{}{SAID}", &near[..end])
}

/// The ticket system of `entry`, which the policy calls `name`.
pub fn connect(
    name: &str,
    entry: &TicketSystemEntry,
    token: Secret,
    http: HttpClient,
) -> Result<Box<dyn TicketSystem>, DeliverError> {
    Ok(Box::new(checked(name, entry, token, http)?))
}

/// The same for a rehearsal, with a client that records. `known` is the ticket that the case already has.
pub fn rehearse(
    name: &str,
    entry: &TicketSystemEntry,
    token: Secret,
    http: HttpClient,
    known: Option<TicketRef>,
) -> Result<Box<dyn TicketSystem>, DeliverError> {
    let rest = Rest::new(name, entry, token, http.answering(&rehearsed::answer(entry)))?;
    Ok(Box::new(rehearsed::Rehearsed {
        api: api(rest, entry),
        known,
        most_bytes: entry.most_attachment_bytes,
        looked: Cell::default(),
    }))
}

fn checked(name: &str, entry: &TicketSystemEntry, token: Secret, http: HttpClient) -> Result<Checked, DeliverError> {
    let api = api(Rest::new(name, entry, token, http)?, entry);
    let most_bytes = entry.most_attachment_bytes;
    Ok(Checked {
        name: name.to_owned(),
        api,
        most_bytes,
        look_again: &LOOK_AGAIN,
        remarks: RefCell::default(),
        seen: RefCell::default(),
    })
}

fn api(rest: Rest, entry: &TicketSystemEntry) -> Box<dyn TicketApi> {
    let entry = entry.clone();
    match entry.kind {
        Kind::RequestTracker => Box::new(request_tracker::RequestTracker::new(rest, entry)),
        Kind::Redmine => Box::new(redmine::Redmine::new(rest, entry)),
        Kind::JiraCloud | Kind::JiraDataCenter => Box::new(jira::Jira::new(rest, entry)),
        Kind::Zendesk => Box::new(zendesk::Zendesk::new(rest, entry)),
        Kind::Servicenow => Box::new(servicenow::ServiceNow::new(rest, entry)),
        Kind::Webhook => Box::new(webhook::Webhook::new(rest, entry)),
    }
}

/// A ticket system of which nothing is believed that was not read back.
struct Checked {
    name: String,
    api: Box<dyn TicketApi>,
    /// The largest file that the policy says it takes.
    most_bytes: Option<u64>,
    look_again: &'static [Duration],
    remarks: RefCell<Vec<String>>,
    seen: RefCell<Seen>,
}

/// What this run knows without asking again; each question is a wait for somebody.
#[derive(Debug, Default)]
struct Seen {
    /// The case of which no ticket was found just now.
    absent: Option<CaseId>,
    /// The ticket that this run made, and what it has added to it since.
    made: Option<(String, BTreeSet<String>)>,
}

impl Seen {
    /// Whether `what` was not yet added to `ticket`, for sure, before it is added now.
    fn is_first(&mut self, ticket: &TicketRef, what: &str) -> bool {
        self.made.as_mut().is_some_and(|(id, added)| *id == ticket.id && added.insert(what.to_owned()))
    }
}

impl Checked {
    fn remark(&self, remark: String) {
        let mut remarks = self.remarks.borrow_mut();
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }

    fn not_kept(&self, action: &'static str, problem: impl Into<String>) -> DeliverError {
        DeliverError::NotKept { system: self.name.clone(), action, problem: problem.into() }
    }

    /// `done`, or, where no answer came, what `look` finds: what we asked for may have been done, or may still be in the
    /// making.
    fn or_look<T>(
        &self,
        done: Result<T, DeliverError>,
        look: impl Fn() -> Result<Option<T>, DeliverError>,
    ) -> Result<T, DeliverError> {
        let lost = match done {
            Err(e) if may_have_been_done(&e) => e,
            done => return done,
        };
        for wait in self.look_again {
            thread::sleep(*wait);
            // While the far side is away, looking fails too; the first error is the one to tell.
            if let Ok(Some(found)) = look() {
                return Ok(found);
            }
        }
        Err(lost)
    }

    /// The files of this name whose content is `expected`. A system may rename what it has damaged, so all that begin alike
    /// are looked at; the last that is not it is told.
    fn copies_at(
        &self,
        files: &[StoredFile],
        name: &str,
        expected: &Sha256Digest,
        size: u64,
    ) -> Result<Copies, DeliverError> {
        let mut copies = Copies { whole: 0, read_back: false, damaged: None };
        for file in files.iter().rev() {
            match self.digest_of(file, expected, size)? {
                Some(found) if found == *expected => (copies.whole, copies.read_back) = (copies.whole + 1, true),
                Some(found) => copies.damaged = copies.damaged.or(Some(found)),
                None if file.name == name && file.size.is_none_or(|theirs| theirs == size) => copies.whole += 1,
                None => {}
            }
        }
        Ok(copies)
    }

    /// The digest of what is stored, nothing where that cannot be read. What is lost on the way is asked for again, and so is,
    /// once, what is not as expected: a file that is called damaged is sent again, and each copy more confuses somebody.
    fn digest_of(
        &self,
        file: &StoredFile,
        expected: &Sha256Digest,
        size: u64,
    ) -> Result<Option<Sha256Digest>, DeliverError> {
        let mut before = None;
        let mut pauses = self.look_again.iter();
        loop {
            let mut hashing = Hashing::default();
            let lost = match self.api.download(file, &mut hashing, size) {
                Ok(false) => return Ok(None),
                // Longer than ours is not ours.
                Ok(true) | Err(DeliverError::Http(HttpError::TooLong { .. })) => {
                    let found = hashing.digest();
                    if found == *expected || before == Some(found) {
                        return Ok(Some(found));
                    }
                    before = Some(found);
                    continue;
                }
                Err(e) => e,
            };
            match pauses.next() {
                Some(pause) if may_pass(&lost) => thread::sleep(*pause),
                _ => return Err(lost),
            }
        }
    }

    /// Says that the same file came there more than once.
    fn remark_copies(&self, ticket: &TicketRef, name: &str, whole: usize) {
        if whole > 1 {
            let ticket = &ticket.id;
            self.remark(format!(
                "{whole} copies of {name} are at ticket {ticket}, each whole: a request arrived more than once"
            ));
        }
    }

    fn is_closed(&self, case_id: &CaseId, ticket: &TicketRef) -> Result<Option<()>, DeliverError> {
        Ok((!self.api.find_all(case_id)?.contains(ticket)).then_some(()))
    }

    fn copies(&self, ticket: &TicketRef, name: &str) -> Result<Vec<StoredFile>, DeliverError> {
        let mut files = self.api.files(ticket)?;
        files.retain(|file| file.name.starts_with(name));
        Ok(files)
    }
}

/// The copies of a file at the far side.
struct Copies {
    /// How many are whole, as far as it can be told.
    whole: usize,
    /// Whether one of them was read back.
    read_back: bool,
    /// What the last damaged one hashes to.
    damaged: Option<Sha256Digest>,
}

/// Whether looking again may go better.
fn may_pass(e: &DeliverError) -> bool {
    matches!(e, DeliverError::Http(HttpError::NoAnswer { .. }) | DeliverError::Unavailable { wait: None, .. })
}

fn may_have_been_done(e: &DeliverError) -> bool {
    match e {
        DeliverError::Http(HttpError::NoAnswer { .. } | HttpError::Unreadable { .. }) => true,
        // A gateway tells nothing about what stands behind it.
        DeliverError::Unavailable { status, .. } => matches!(status, 500 | 502 | 504),
        _ => false,
    }
}

impl TicketSystem for Checked {
    fn find(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError> {
        Ok(self.api.find_all(case_id)?.into_iter().next())
    }

    fn settle(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError> {
        let mut tickets = self.api.find_all(case_id)?;
        if tickets.len() > 1 {
            let oldest = tickets.remove(0);
            for younger in &tickets {
                let closed =
                    |result: Result<(), DeliverError>| self.or_look(result, || self.is_closed(case_id, younger));
                closed(self.api.close_duplicate(younger, &oldest))?;
                let (kept, closed) = (&oldest.id, &younger.id);
                self.remark(format!(
                    "two tickets were made for {case_id}: {kept} is kept, {closed} is closed as its duplicate"
                ));
            }
            tickets = self.api.find_all(case_id)?;
            if tickets.len() > 1 {
                return Err(self.not_kept("close a duplicate", format!("{} is still open", tickets[1].id)));
            }
        }
        self.seen.borrow_mut().absent = tickets.is_empty().then(|| case_id.clone());
        Ok(tickets.into_iter().next())
    }

    fn create(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        let absent = self.seen.borrow_mut().absent.take();
        if absent.as_ref() != Some(&ticket.case_id)
            && let Some(there) = self.settle(&ticket.case_id)?
        {
            return Ok(there);
        }
        let made = self.api.make(ticket);
        self.seen.borrow_mut().made = made.as_ref().ok().map(|made| (made.id.clone(), BTreeSet::new()));
        let made = self.or_look(made, || self.find(&ticket.case_id))?;
        let differences = self.api.differences(&made, ticket)?;
        if !differences.is_empty() {
            self.remark(format!("ticket {} does not hold as it was sent: {}", made.id, differences.join(", ")));
        }
        // A search may lag behind; then what was made is what there is.
        Ok(self.settle(&ticket.case_id)?.unwrap_or(made))
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        let theirs = self.api.most_attachment_bytes()?;
        Ok([theirs, self.most_bytes].into_iter().flatten().min())
    }

    fn attach(&self, ticket: &TicketRef, bundle: &Path, expected: &Sha256Digest) -> Result<Attached, DeliverError> {
        let name = attachment_name(bundle);
        let io = |source| DeliverError::Io { action: "read", path: bundle.to_owned(), source };
        let size = File::open(bundle).and_then(|file| file.metadata()).map_err(io)?.len();
        let attached =
            |read_back, already| Attached { name: name.clone(), size, digest: *expected, read_back, already };
        // The bundle was verified before; what is sent must be what was verified.
        let mut hashing = Hashing::default();
        File::open(bundle).and_then(|mut file| std::io::copy(&mut file, &mut hashing)).map_err(io)?;
        let ours = hashing.digest();
        if ours != *expected {
            let what = format!("{} has changed since it was verified; it", bundle.display());
            return Err(DeliverError::DigestMismatch { what, expected: *expected, found: ours });
        }
        let copies =
            if self.seen.borrow_mut().is_first(ticket, "files") { Vec::new() } else { self.copies(ticket, &name)? };
        let there = self.copies_at(&copies, &name, expected, size)?;
        if there.whole > 0 {
            self.remark_copies(ticket, &name, there.whole);
            return Ok(attached(there.read_back, true));
        }
        let mismatch = |found| DeliverError::DigestMismatch {
            what: format!("what {} keeps as {name}", self.name),
            expected: *expected,
            found,
        };
        if copies.len() >= MOST_COPIES
            && let Some(found) = there.damaged
        {
            return Err(mismatch(found));
        }
        if let Some(most) = self.most_attachment_bytes()?
            && size > most
        {
            return Err(DeliverError::TooLarge { system: self.name.clone(), file: name, size, most });
        }
        let new_copies = || {
            let now = self.copies(ticket, &name)?;
            Ok::<_, DeliverError>(now.into_iter().filter(|file| !copies.contains(file)).collect::<Vec<_>>())
        };
        let sent = self.api.upload(ticket, &Outgoing { path: bundle, name: &name, size });
        let theirs = self.or_look(sent, || Ok((!new_copies()?.is_empty()).then_some(None)))?;
        let new = new_copies()?;
        let named = new.iter().filter(|file| file.name == name).count();
        match theirs {
            Some(digest) if digest != *expected => return Err(mismatch(digest)),
            Some(_) if named == 1 => return Ok(attached(true, false)),
            _ => {}
        }
        match self.copies_at(&new, &name, expected, size)? {
            Copies { whole: 0, damaged: Some(found), .. } => Err(mismatch(found)),
            Copies { whole: 0, .. } => {
                Err(self.not_kept("attach a file", format!("{name} is not at ticket {}", ticket.id)))
            }
            there => {
                self.remark_copies(ticket, &name, there.whole);
                Ok(attached(there.read_back, false))
            }
        }
    }

    fn comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        let key = comment_key(key);
        if !self.seen.borrow_mut().is_first(ticket, &key) && self.api.has_comment(ticket, &key)? {
            return Ok(());
        }
        let there = || Ok(self.api.has_comment(ticket, &key)?.then_some(()));
        self.or_look(self.api.add_comment(ticket, &key, text), there)?;
        there()?.ok_or_else(|| self.not_kept("add a comment", format!("it is not at ticket {}", ticket.id)))
    }

    fn set_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<(), DeliverError> {
        if self.api.state(ticket)?.severity == Some(severity) {
            return Ok(());
        }
        let read = || Ok((self.api.state(ticket)?.severity == Some(severity)).then_some(true));
        let has_field = self.or_look(self.api.write_severity(ticket, severity), read)?;
        match read()? {
            None if has_field => Err(self.not_kept("set the severity", format!("its field does not say {severity}"))),
            _ => Ok(()),
        }
    }

    fn set_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        let now = self.api.state(ticket)?;
        if now.status == status {
            return Ok(());
        }
        let read = || Ok((self.api.state(ticket)?.status == status).then_some(()));
        self.or_look(self.api.write_status(ticket, status), read)?;
        let then = self.api.state(ticket)?;
        if then.status == status || then.status == TicketStatus::Unknown && now.status == TicketStatus::Unknown {
            return Ok(());
        }
        Err(self.not_kept("set the state", format!("it is {}", one_line(&then.word, 60))))
    }

    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        self.api.state(ticket)
    }

    fn remarks(&self) -> Vec<String> {
        self.remarks.borrow().clone()
    }
}

/// A key as it stands in a ticket: it must survive every system's own language.
fn comment_key(key: &str) -> String {
    format!("casefile-{}", ArtifactPath::nearest(&key.replace(['/', '\\', '_'], "-")).as_str().replace('_', "-"))
}

#[cfg(test)]
mod contract;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod stand_ins;
