//! The ticket system for those who have none at hand: a folder a case, with the ticket's text, its fields and the bundle.
//! Somebody, or a program, takes it from there.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::{Builder, NamedTempFile};

use crate::escalate::Ticket;
use crate::escalate::plain_text::one_line;
use crate::model::{ArtifactPath, CaseId, Severity, Sha256Digest};
use crate::platform::{create_private_dir, open_private_append};

use super::notifiers::Acknowledgement;
use super::{Attached, DeliverError, TicketRef, TicketState, TicketStatus, TicketSystem};

/// The text, for people.
const TEXT: &str = "ticket.md";
/// The fields, for programs. It is written last: where it stands, the ticket is whole.
const RECORD: &str = "ticket.json";
/// Whoever takes the ticket writes a name in here.
const TAKEN: &str = "taken-by.txt";
/// Held while something is written, so that two runs do not work on one ticket.
const LOCK: &str = ".lock";
/// How files begin that are not yet whole. A run that holds the lock removes those of a killed one.
const UNFINISHED: &str = ".unfinished-";
/// The version of the record's written form.
const SCHEMA: &str = "casefile-ticket/1";
/// A record is a few hundred bytes.
const MOST_RECORD_BYTES: u64 = 1024 * 1024;

/// A folder of tickets.
#[derive(Debug, Clone)]
pub struct Outbox {
    root: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Record {
    schema: String,
    case_id: CaseId,
    queue: String,
    title: String,
    fields: std::collections::BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<TicketStatus>,
}

impl Outbox {
    /// The outbox in the folder `root`, which is made when the first ticket is.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn folder(&self, case_id: &CaseId) -> PathBuf {
        self.root.join(case_id.as_str())
    }

    /// The folder of a ticket that exists.
    fn folder_of(&self, ticket: &TicketRef) -> PathBuf {
        self.root.join(ArtifactPath::nearest(&ticket.id).as_str())
    }

    /// The record of a ticket, where it stands.
    fn record(&self, case_id: &CaseId) -> Result<Option<Record>, DeliverError> {
        let path = self.folder(case_id).join(RECORD);
        let text = match File::open(&path) {
            Ok(file) => {
                let mut text = String::new();
                file.take(MOST_RECORD_BYTES).read_to_string(&mut text).map_err(failed("read", &path))?;
                text
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed("read", &path)(e)),
        };
        let damaged = |problem: String| DeliverError::DamagedRecord { path: path.clone(), problem };
        let record: Record = serde_json::from_str(&text).map_err(|e| damaged(format!("not JSON of {SCHEMA}: {e}")))?;
        if record.case_id != *case_id {
            return Err(damaged(format!("it belongs to {}", record.case_id)));
        }
        Ok(Some(record))
    }

    /// The record of a ticket that was made.
    fn record_of(&self, ticket: &TicketRef) -> Result<Record, DeliverError> {
        let path = self.folder_of(ticket).join(RECORD);
        let damaged = |problem: &str| DeliverError::DamagedRecord { path: path.clone(), problem: problem.to_owned() };
        let case_id = CaseId::parse(&ticket.id).map_err(|_| damaged("its folder has no name of a case"))?;
        self.record(&case_id)?.ok_or_else(|| damaged("it is gone"))
    }

    /// Changes the record of a ticket, and its record alone: the text is as it was first made.
    fn change(&self, ticket: &TicketRef, change: impl FnOnce(&mut Record)) -> Result<(), DeliverError> {
        let folder = self.folder_of(ticket);
        let _lock = lock(&folder)?;
        let mut record = self.record_of(ticket)?;
        change(&mut record);
        finish(unfinished(&folder, &json(&record))?, &folder.join(RECORD), Existing::Replaced)
    }

    pub(super) fn reference(&self, case_id: &CaseId) -> TicketRef {
        let location = self.folder(case_id).join(TEXT).display().to_string();
        TicketRef { system: "outbox", id: case_id.to_string(), location }
    }
}

impl TicketSystem for Outbox {
    fn find(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError> {
        Ok(self.record(case_id)?.map(|_| self.reference(case_id)))
    }

    fn create(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        let folder = self.folder(&ticket.case_id);
        let _lock = lock(&folder)?;
        if let Some(existing) = self.find(&ticket.case_id)? {
            return Ok(existing);
        }
        let record = Record {
            schema: SCHEMA.to_owned(),
            case_id: ticket.case_id.clone(),
            queue: ticket.queue.clone(),
            title: ticket.title.clone(),
            fields: ticket.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            status: None,
        };
        // Without a record the text is from a run that was killed, and may be replaced.
        finish(unfinished(&folder, ticket.body.as_bytes())?, &folder.join(TEXT), Existing::Replaced)?;
        finish(unfinished(&folder, &json(&record))?, &folder.join(RECORD), Existing::Kept)?;
        Ok(self.reference(&ticket.case_id))
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        Ok(Some(u64::MAX)) // Whatever the disk takes.
    }

    fn attach(&self, ticket: &TicketRef, bundle: &Path, expected: &Sha256Digest) -> Result<Attached, DeliverError> {
        let folder = self.folder_of(ticket);
        let _lock = lock(&folder)?;
        let name = attachment_name(bundle);
        let target = folder.join(&name);
        let already = target.try_exists().map_err(failed("look at", &target))?;
        if !already {
            let mut source = File::open(bundle).map_err(failed("read", bundle))?;
            let mut copy = new_unfinished(&folder)?;
            let (_, found) = copy_hashed(&mut source, &mut copy).map_err(failed("copy to", &folder))?;
            // The bundle was verified before; what is copied must be what was verified.
            same(format!("{} has changed since it was verified; it", bundle.display()), expected, found)?;
            finish(copy, &target, Existing::Kept)?;
        }
        let mut copy = File::open(&target).map_err(failed("read back", &target))?;
        let (size, digest) = copy_hashed(&mut copy, &mut io::sink()).map_err(failed("read back", &target))?;
        same(target.display().to_string(), expected, digest)?;
        Ok(Attached { name, size, digest, read_back: true, already })
    }

    fn comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        let folder = self.folder_of(ticket);
        let _lock = lock(&folder)?;
        let target = folder.join(format!("comment-{}.md", ArtifactPath::nearest(&key.replace(['/', '\\'], "_"))));
        if target.try_exists().map_err(failed("look at", &target))? {
            return Ok(());
        }
        finish(unfinished(&folder, text.as_bytes())?, &target, Existing::Kept)
    }

    fn set_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<(), DeliverError> {
        self.change(ticket, |record| drop(record.fields.insert("severity".to_owned(), severity.to_string())))
    }

    fn set_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        self.change(ticket, |record| record.status = Some(status))
    }

    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        let record = self.record_of(ticket)?;
        let status = record.status.unwrap_or(TicketStatus::Open);
        let word = serde_json::to_value(status).ok().and_then(|word| word.as_str().map(str::to_owned));
        let severity = record
            .fields
            .get("severity")
            .and_then(|severity| Severity::ALL.into_iter().find(|level| level.to_string() == *severity));
        Ok(TicketState { status, word: word.unwrap_or_default(), taken: self.taken(ticket)?, severity })
    }
}

impl Outbox {
    /// Who took the ticket: the name in a file that people write, and when they wrote it.
    fn taken(&self, ticket: &TicketRef) -> Result<Option<Acknowledgement>, DeliverError> {
        let path = self.folder_of(ticket).join(TAKEN);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed("read", &path)(e)),
        };
        let at = file.metadata().and_then(|m| m.modified()).map_err(failed("read", &path))?;
        let mut name = Vec::new();
        file.take(4096).read_to_end(&mut name).map_err(failed("read", &path))?;
        let by = one_line(&String::from_utf8_lossy(&name), 120);
        let at = jiff::Timestamp::try_from(at).map_err(|e| failed("read", &path)(io::Error::other(e)))?;
        Ok((!by.is_empty()).then(|| Acknowledgement { by, at, way: "outbox".to_owned() }))
    }
}

fn json(record: &Record) -> Vec<u8> {
    let mut json = serde_json::to_vec_pretty(record).expect("a record of texts is JSON");
    json.push(b'\n');
    json
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DeliverError + use<> {
    let path = path.to_owned();
    move |source| DeliverError::Io { action, path, source }
}

fn same(what: String, expected: &Sha256Digest, found: Sha256Digest) -> Result<(), DeliverError> {
    if found == *expected { Ok(()) } else { Err(DeliverError::DigestMismatch { what, expected: *expected, found }) }
}

/// The bundle's own name, made safe, under an ending that no file of ours has.
pub(super) fn attachment_name(bundle: &Path) -> String {
    const ENDING: &str = ".casefile.zip";
    let name = bundle.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let safe = ArtifactPath::nearest(&name).as_str().trim_start_matches('.').to_owned();
    if safe.ends_with(".zip") || safe.ends_with(".age") { safe } else { format!("{safe}{ENDING}") }
}

/// Makes the ticket's folder and locks it; removes what a killed run left in it.
fn lock(folder: &Path) -> Result<File, DeliverError> {
    create_private_dir(folder).map_err(failed("make", folder))?;
    let path = folder.join(LOCK);
    let lock = open_private_append(&path).map_err(failed("open", &path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(DeliverError::Busy(folder.to_owned())),
        Err(fs::TryLockError::Error(e)) => return Err(failed("lock", &path)(e)),
    }
    for entry in fs::read_dir(folder).map_err(failed("list", folder))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_file(entry.path()).map_err(failed("remove", &entry.path()))?;
        }
    }
    Ok(lock)
}

fn new_unfinished(folder: &Path) -> Result<NamedTempFile, DeliverError> {
    Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(failed("write in", folder))
}

fn unfinished(folder: &Path, bytes: &[u8]) -> Result<NamedTempFile, DeliverError> {
    let mut file = new_unfinished(folder)?;
    file.write_all(bytes).map_err(failed("write in", folder))?;
    Ok(file)
}

/// What to do about a file that already has the final name.
#[derive(Clone, Copy)]
enum Existing {
    Kept,
    Replaced,
}

/// Gives a file its final name once it is whole on the disk.
fn finish(file: NamedTempFile, target: &Path, existing: Existing) -> Result<(), DeliverError> {
    file.as_file().sync_all().map_err(failed("write", target))?;
    let named = match existing {
        Existing::Kept => file.persist_noclobber(target),
        Existing::Replaced => file.persist(target),
    };
    named.map_err(|e| failed("write", target)(e.error))?;
    // The name itself must survive a power cut too. Windows cannot open a folder this way and needs no such call.
    if let Some(Ok(folder)) = target.parent().map(File::open) {
        drop(folder.sync_all());
    }
    Ok(())
}

fn copy_hashed(from: &mut impl Read, to: &mut impl Write) -> io::Result<(u64, Sha256Digest)> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; 256 * 1024];
    let mut size = 0;
    loop {
        let n = match from.read(&mut block) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hasher.update(&block[..n]);
        to.write_all(&block[..n])?;
        size += n as u64;
    }
    Ok((size, Sha256Digest(hasher.finalize().into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;
    use std::collections::BTreeMap;

    fn ticket() -> Ticket {
        Ticket {
            case_id: CaseId::parse("c-7fk2m9q4xa").expect("an id"),
            severity: Severity::Sev2,
            queue: "escalations".to_owned(),
            title: "[SEV2] checkout".to_owned(),
            body: "cashiers cannot pay\n12 users\n".to_owned(),
            fields: BTreeMap::from([("severity", "SEV2".to_owned())]),
        }
    }

    /// A folder with a bundle beside an outbox.
    fn setting() -> (tempfile::TempDir, Outbox, PathBuf, Sha256Digest) {
        let dir = tempfile::tempdir().expect("a folder");
        let bundle = dir.path().join("a.casefile.zip");
        fs::write(&bundle, b"PK bundle").expect("written");
        let digest = Sha256Digest(Sha256::digest(b"PK bundle").into());
        let outbox = Outbox::new(dir.path().join("out"));
        (dir, outbox, bundle, digest)
    }

    fn listing(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_step_can_be_repeated_and_doubles_nothing() {
        let (dir, outbox, bundle, digest) = setting();
        let id = ticket().case_id;
        assert_eq!(outbox.find(&id).expect("readable"), None);
        let made = outbox.create(&ticket()).expect("made");
        assert!(!outbox.attach(&made, &bundle, &digest).expect("attached").already);
        outbox.comment(&made, "bundle-a", "first").expect("commented");
        let later = Ticket { body: "other text".to_owned(), ..ticket() };
        assert_eq!(outbox.create(&later).expect("found"), made);
        assert!(outbox.attach(&made, &bundle, &digest).expect("attached").already);
        outbox.comment(&made, "bundle-a", "second").expect("commented");
        let folder = dir.path().join("out/c-7fk2m9q4xa");
        assert_eq!(listing(&folder), [".lock", "a.casefile.zip", "comment-bundle-a.md", "ticket.json", "ticket.md"]);
        assert_eq!(fs::read_to_string(folder.join("ticket.md")).expect("text"), ticket().body);
        assert_eq!(fs::read_to_string(folder.join("comment-bundle-a.md")).expect("text"), "first");
        assert_eq!(outbox.find(&id).expect("readable"), Some(made));
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_and_its_text_replaced() {
        let (dir, outbox, ..) = setting();
        let folder = dir.path().join("out/c-7fk2m9q4xa");
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join(".unfinished-Ab3"), "half").expect("written");
        fs::write(folder.join(TEXT), "without a record").expect("written");
        outbox.create(&ticket()).expect("made");
        assert_eq!(listing(&folder), [".lock", "ticket.json", "ticket.md"]);
        assert_eq!(fs::read_to_string(folder.join(TEXT)).expect("text"), ticket().body);
    }

    #[test]
    fn a_bundle_that_changed_before_or_after_is_never_called_attached() {
        let (dir, outbox, bundle, digest) = setting();
        let made = outbox.create(&ticket()).expect("made");
        let changed = outbox.attach(&made, &bundle, &Sha256Digest([0; 32])).expect_err("another digest");
        assert!(changed.to_string().contains("changed since it was verified"), "{changed}");
        let copy = dir.path().join("out/c-7fk2m9q4xa/a.casefile.zip");
        assert!(!copy.exists(), "nothing half is left under the final name");
        outbox.attach(&made, &bundle, &digest).expect("attached");
        fs::write(&copy, b"PK bund1e").expect("written");
        let damaged = outbox.attach(&made, &bundle, &digest).expect_err("the copy is damaged");
        assert!(matches!(damaged, DeliverError::DigestMismatch { .. }), "{damaged}");
    }

    #[test]
    fn a_bundle_cannot_take_the_name_of_a_file_of_ours() {
        for (given, kept) in [
            ("ticket.md", "ticket.md.casefile.zip"),
            (".lock", "lock.casefile.zip"),
            ("a b\u{202e}.casefile.zip", "a_b_.casefile.zip"),
            ("x.casefile.zip.age", "x.casefile.zip.age"),
        ] {
            assert_eq!(attachment_name(Path::new(given)), kept);
        }
    }

    #[test]
    fn severity_and_state_change_and_whoever_writes_a_name_has_taken_the_ticket() {
        let (dir, outbox, ..) = setting();
        let made = outbox.create(&ticket()).expect("made");
        outbox.set_severity(&made, Severity::Sev1).expect("set");
        outbox.set_status(&made, TicketStatus::Resolved).expect("set");
        fs::write(dir.path().join("out/c-7fk2m9q4xa/taken-by.txt"), "Ann\u{1b}[1m\n").expect("written");
        let state = outbox.state(&made).expect("readable");
        assert_eq!((state.status, state.severity), (TicketStatus::Resolved, Some(Severity::Sev1)));
        assert_eq!(state.taken.expect("taken").by, "Ann\\u{1b}[1m");
    }

    #[test]
    fn a_second_run_on_the_same_ticket_is_told_to_wait() {
        let (dir, outbox, ..) = setting();
        let folder = dir.path().join("out/c-7fk2m9q4xa");
        let held = lock(&folder).expect("free");
        assert!(matches!(outbox.create(&ticket()), Err(DeliverError::Busy(_))));
        drop(held);
        assert!(outbox.create(&ticket()).is_ok());
    }
}
