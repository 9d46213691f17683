//! Brings a bundle to its ticket: as an attachment where the ticket system takes it, otherwise to the store of the policy, and
//! then the ticket gets the link. Each step is journaled before and after.

use std::path::Path;

use serde::Serialize;
use url::Url;

use super::carry_out::{LONGEST, Run};
use super::{BundleToAttach, StepError};
use crate::deliver::journal::{Event, JournalError};
use crate::deliver::uploads::connect::ConnectError;
use crate::deliver::uploads::parcel::Parcel;
use crate::deliver::uploads::{ReadBack, Stored};
use crate::deliver::{Attached, DeliverError, Link, TicketRef};
use crate::escalate::Progress;
use crate::escalate::plain_text::inline;
use crate::escalate::progress::BundleAt;
use crate::model::{CaseId, Sha256Digest};

/// A bundle above this goes by link where neither the ticket system nor the policy says how much a ticket takes. Request
/// Tracker needed 26 times the size of a file in memory to take it, so that 64 MiB are more than 1.6 GB there.
const MOST_UNASKED: u64 = 64 << 20;

/// Brings the file at a path, of a case, with this digest, to a store.
pub type Put<'a> = &'a dyn Fn(&Path, &CaseId, &Sha256Digest) -> Result<Stored, UploadError>;

/// Where a bundle goes that the ticket system does not take.
#[derive(Clone, Copy)]
pub struct Store<'a> {
    /// Its name in the policy.
    pub name: &'a str,
    /// Connects and sends, or goes on with sending. It is called only when it is needed: a key that is missing keeps nothing
    /// else from going out.
    pub put: Put<'a>,
}

/// Why a bundle is not at the store.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum UploadError {
    /// There is no talking to it: a key, a certificate, an address. Nothing was sent.
    Connect(#[from] ConnectError),
    /// It was talked to.
    Deliver(#[from] DeliverError),
}

impl UploadError {
    /// Whether it ended because somebody asked to stop.
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Deliver(e) if e.is_interruption())
    }
}

/// How a bundle came to its ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// It is attached.
    Attached(Attached),
    /// It is at a store, and the ticket has the link.
    Uploaded(Uploaded),
}

/// A bundle at a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uploaded {
    /// The store's name in the policy.
    pub upload: String,
    /// Where whoever may read it finds it.
    pub url: String,
    /// The file's name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The file's digest.
    pub digest: Sha256Digest,
    /// Whether it was downloaded and compared.
    pub read_back: bool,
    /// Why it was not.
    pub not_read_back_because: Option<String>,
    /// Whether it was there before this call.
    pub already: bool,
}

/// What the ticket system made of a bundle.
enum Offered {
    Attached(Attached),
    /// `not_taken`: another try is no use.
    Failed {
        e: DeliverError,
        not_taken: bool,
    },
}

impl Run<'_> {
    /// Brings the bundle to the ticket, whichever way takes it. What a run before began is gone on with.
    pub(super) fn bring(&mut self, ticket: &TicketRef, bundle: &BundleToAttach) -> Result<Brought, StepError> {
        let store = self.way.store;
        if let Some(store) = store
            && let Some(why) = self.goes_by_link(ticket, bundle)?
        {
            return self.by_link(ticket, bundle, store, &why).map(Brought::Uploaded);
        }
        match (self.attach(ticket, bundle)?, store) {
            (Offered::Attached(attached), _) => Ok(Brought::Attached(attached)),
            (Offered::Failed { e, not_taken: true }, Some(store)) => {
                self.by_link(ticket, bundle, store, &e.to_string()).map(Brought::Uploaded)
            }
            (Offered::Failed { e, .. }, _) => {
                self.say_incomplete(ticket, bundle, &e);
                Err(e.into())
            }
        }
    }

    /// Why the bundle is not even offered to the ticket system, where that is so. A system that damaged it once gets no
    /// second copy.
    fn goes_by_link(&self, ticket: &TicketRef, bundle: &BundleToAttach) -> Result<Option<String>, DeliverError> {
        const WAYS: [&str; 5] = ["attach-done", "attach-failed", "upload-intent", "upload-done", "upload-failed"];
        let journal = &self.way.journal;
        let began = match journal.last_of(&WAYS, &about("", ticket, bundle)) {
            Some("attach-done") => return Ok(None),
            Some("attach-failed") => journal.has(&about("attach-failed", ticket, bundle).with("not_taken", "yes")),
            last => last.is_some(),
        };
        if began {
            let why = self.recorded(ticket, bundle, "because").or_else(|| self.recorded(ticket, bundle, "cause"));
            return Ok(Some(why.unwrap_or_else(|| "the ticket does not take it".to_owned())));
        }
        let size = bundle.size;
        Ok(match self.way.system.most_attachment_bytes()? {
            Some(most) if size > most => Some(format!("a ticket takes at most {most} bytes, and it has {size}")),
            None if size > MOST_UNASKED => Some(format!(
                "it has {size} bytes, and neither the ticket system nor the policy (most_attachment_bytes) says how much a ticket takes"
            )),
            _ => None,
        })
    }

    /// What the last line about this bundle and ticket says that has such a fact.
    fn recorded(&self, ticket: &TicketRef, bundle: &BundleToAttach, fact: &str) -> Option<String> {
        let (digest, location) = (bundle.file_digest.to_string(), &ticket.location);
        let lines = self.way.journal.recorded();
        let mut about_it = lines.iter().rev().filter(|line| {
            line.facts.get("file_digest") == Some(&digest) && line.facts.get("location") == Some(location)
        });
        about_it.find_map(|line| line.facts.get(fact).cloned())
    }

    /// Whether the ticket system does not take the file, so that another try is no use. That our own file is another one
    /// than was verified is not that.
    fn is_not_taken(&self, bundle: &BundleToAttach, e: &DeliverError) -> bool {
        match e {
            DeliverError::TooLarge { .. } => true,
            DeliverError::NotKept { action, .. } | DeliverError::Refused { action, .. } => *action == "attach a file",
            DeliverError::DigestMismatch { .. } => {
                Parcel::open(&bundle.path, self.case_id, Some(&bundle.file_digest)).is_ok()
            }
            _ => false,
        }
    }

    fn attach(&mut self, ticket: &TicketRef, bundle: &BundleToAttach) -> Result<Offered, JournalError> {
        let name = |event: &str| about(event, ticket, bundle);
        if !self.way.journal.has(&name("attach-done")) {
            self.record(name("attach-intent"))?;
        }
        // Also where the journal says "done": whether it is still there and whole is asked anew.
        match self.way.system.attach(ticket, &bundle.path, &bundle.file_digest) {
            Ok(attached) => {
                if self.at_ticket(bundle).is_none_or(|at| at.url.is_some()) {
                    self.record(name("attach-done"))?;
                }
                Ok(Offered::Attached(attached))
            }
            Err(e) => {
                let not_taken = self.is_not_taken(bundle, &e);
                let mut failed = name("attach-failed").with_text("cause", &e.to_string(), LONGEST);
                if not_taken {
                    failed = failed.with("not_taken", "yes");
                }
                if let Some(damage) = damage(bundle, &e) {
                    failed = failed.with("damage", damage);
                }
                self.record(failed)?;
                Ok(Offered::Failed { e, not_taken })
            }
        }
    }

    fn by_link(
        &mut self,
        ticket: &TicketRef,
        bundle: &BundleToAttach,
        store: Store<'_>,
        why: &str,
    ) -> Result<Uploaded, StepError> {
        let name = |event: &str| about(event, ticket, bundle).with("upload", store.name);
        if !self.way.journal.has(&name("upload-done")) {
            self.record(name("upload-intent").with("because", why))?;
        }
        self.say_damaged(ticket, bundle, store);
        // Also where the journal says "done": it is asked whether it still is.
        let stored = match (store.put)(&bundle.path, self.case_id, &bundle.file_digest) {
            Ok(stored) => stored,
            Err(e) => {
                self.record(name("upload-failed").with_text("cause", &e.to_string(), LONGEST))?;
                self.say_not_uploaded(ticket, bundle, &e);
                let (upload, why) = (store.name.to_owned(), why.to_owned());
                return Err(StepError::NotUploaded { upload, why, source: Box::new(e) });
            }
        };
        let url = Url::parse(&stored.location).map_err(|_| self.no_link(&stored.location))?;
        let done = name("upload-done").with("url", &url).with("size", stored.size);
        if !self.way.journal.has(&done) {
            self.record(done.with("read_back", stored.read_back == ReadBack::Equal))?;
        }
        self.leave_link(ticket, bundle, &url, stored.size)?;
        let not_read_back_because = match stored.read_back {
            ReadBack::Equal => None,
            ReadBack::Impossible(why) => Some(why),
        };
        Ok(Uploaded {
            upload: store.name.to_owned(),
            url: url.into(),
            name: bundle.file_name.clone(),
            size: stored.size,
            digest: bundle.file_digest,
            read_back: not_read_back_because.is_none(),
            not_read_back_because,
            already: stored.already,
        })
    }

    /// The link in the ticket. It has a key there, so a second one with the same content is never made.
    fn leave_link(
        &mut self,
        ticket: &TicketRef,
        bundle: &BundleToAttach,
        url: &Url,
        size: u64,
    ) -> Result<(), StepError> {
        let name = |event: &str| about(event, ticket, bundle).with("url", url);
        let before = self.at_ticket(bundle).is_some_and(|at| at.url.as_deref() == Some(url.as_str()));
        if !before {
            self.record(name("link-intent"))?;
        }
        let (file_name, digest) = (bundle.file_name.clone(), bundle.file_digest);
        match self.way.system.link(ticket, &Link { url: url.clone(), file_name, size, digest }) {
            Ok(()) if before => Ok(()),
            Ok(()) => Ok(self.record(name("link-done"))?),
            Err(e) => {
                self.record(name("link-failed").with_text("cause", &e.to_string(), LONGEST))?;
                Err(e.into())
            }
        }
    }

    /// The bundle, where the journal ends with it being at the ticket, attached or by link.
    fn at_ticket(&self, bundle: &BundleToAttach) -> Option<BundleAt> {
        let at = Progress::of(&self.way.journal.recorded())?.bundle?;
        Some(at).filter(|at| at.attached_at.is_some() && at.file_digest == bundle.file_digest.to_string())
    }

    /// A damaged copy at the ticket is not to be taken for the bundle; somebody may be at it already.
    fn say_damaged(&mut self, ticket: &TicketRef, bundle: &BundleToAttach, store: Store<'_>) {
        let Some(damage) = self.recorded(ticket, bundle, "damage") else { return };
        let key = format!("damaged-{}", bundle.bundle_digest.spoken());
        let text = format!("The bundle is incomplete here: {damage}. The whole one comes by a link.\n");
        // That this fails too is no news; the upload is what helps.
        drop(self.way.system.comment(ticket, &key, &text));
        let remark =
            format!("the ticket keeps no whole copy: {damage}; the bundle goes to the upload `{}`", store.name);
        if !self.way.journal.has(&Event::new("remark").with_text("text", &remark, LONGEST)) {
            self.remarks.push(remark);
        }
    }

    /// The failure is the news; a comment that fails too adds nothing to it.
    fn say_incomplete(&self, ticket: &TicketRef, bundle: &BundleToAttach, e: &DeliverError) {
        let problem = match e {
            DeliverError::TooLarge { most, size, .. } => {
                let name = inline(&bundle.file_name, 120);
                format!("{name} has {size} bytes, and {most} is the most that is taken here")
            }
            _ => match damage(bundle, e) {
                Some(problem) => problem,
                None => return,
            },
        };
        let key = format!("incomplete-{}", bundle.bundle_digest.spoken());
        drop(self.way.system.comment(ticket, &key, &format!("The bundle is incomplete: {problem}.\n")));
    }

    /// The ticket says "upload in progress" since it was made, and that is not so any more.
    fn say_not_uploaded(&self, ticket: &TicketRef, bundle: &BundleToAttach, e: &UploadError) {
        if e.is_interruption() {
            return;
        }
        let (name, size) = (inline(&bundle.file_name, 120), bundle.size);
        let key = format!("not-uploaded-{}", bundle.bundle_digest.spoken());
        let text = format!(
            "The bundle is incomplete: {name}, {size} bytes, is not taken here, and its upload failed. When it is up, a link follows.\n"
        );
        drop(self.way.system.comment(ticket, &key, &text));
    }

    fn no_link(&self, location: &str) -> DeliverError {
        DeliverError::Refused {
            system: "the store".to_owned(),
            action: "say where the bundle is",
            problem: inline(location, 120),
        }
    }
}

fn about(event: &str, ticket: &TicketRef, bundle: &BundleToAttach) -> Event {
    Event::new(event)
        .with_text("file", &bundle.file_name, LONGEST)
        .with("file_digest", bundle.file_digest)
        .with("location", &ticket.location)
}

/// What is wrong with what the ticket system keeps, where it keeps something else than the bundle, or nothing.
fn damage(bundle: &BundleToAttach, e: &DeliverError) -> Option<String> {
    let name = inline(&bundle.file_name, 120);
    match e {
        DeliverError::DigestMismatch { found, .. } => {
            Some(format!("{name} was read back with the digest {found}, not {}", bundle.file_digest))
        }
        DeliverError::NotKept { .. } => Some(format!("{name} was sent and is not here")),
        _ => None,
    }
}
