//! Carries a prepared handover out, step by step, each journaled before and after. May be called again after a stop or a kill.
//!
//! The order is the procedure's. A SEV1 goes to the pagers first, with the case's id, then the ticket is made, then everybody
//! is told with the link to it, and only then the bundle goes out, which may take minutes. SEV2 waits for the ticket, and goes
//! without one where the ticket system is down. From SEV3 on nobody is told of what has no ticket.

use jiff::Timestamp;

use super::bring::{Brought, Store, Uploaded};
use super::{BundleFacts, BundleToAttach, Handed, Later, Prepared, StepError, Stopped};
use crate::deliver::callout::{Addressee, Outcome, Ticket as At, Told, tell};
use crate::deliver::journal::{Event, Head, Journal, JournalError};
use crate::deliver::{Attached, DeliverError, TicketRef, TicketSystem};
use crate::escalate::plain_text::inline;
use crate::model::{CaseId, Severity};

/// Longest title, remark or cause in the journal.
pub(super) const LONGEST: usize = 400;

/// The ways out, and the record of what goes over them.
pub struct Way<'a> {
    /// The ticket system.
    pub system: &'a dyn TicketSystem,
    /// Where a bundle goes that the ticket system does not take, where the policy names such a store.
    pub store: Option<Store<'a>>,
    /// Whom the case is told to at once: the first level.
    pub addressees: &'a [Addressee<'a>],
    /// The journal of the case.
    pub journal: &'a mut Journal,
    /// Gives the time of each line.
    pub clock: &'a dyn Fn() -> Timestamp,
}

/// Tells whom it concerns, makes the ticket, attaches the bundle, and leaves the journal's head at the ticket.
pub fn carry_out(prepared: &Prepared, way: Way<'_>) -> Result<Handed, Stopped> {
    let mut told = Vec::new();
    let mut run = Run { way, case_id: &prepared.ticket.case_id, remarks: Vec::new() };
    match run.all(prepared, &mut told) {
        Ok(Done { ticket, already, bundle, remarks }) => {
            let (attached, uploaded) = match bundle {
                Some(Brought::Attached(attached)) => (Some(attached), None),
                Some(Brought::Uploaded(uploaded)) => (None, Some(uploaded)),
                None => (None, None),
            };
            Ok(Handed { ticket, already, attached, uploaded, told, remarks, head: run.way.journal.head() })
        }
        Err((ticket, source)) => Err(Stopped { ticket, told, source }),
    }
}

/// A notice that this run sent before is one that it sent.
fn as_it_went(now: Told, before: &[Told]) -> Told {
    let same = |other: &&Told| other.target == now.target && other.level == now.level;
    match (&now.outcome, before.iter().find(same)) {
        (Outcome::WasSent, Some(before)) if before.reached() => before.clone(),
        _ => now,
    }
}

/// What a whole run came to.
struct Done {
    ticket: TicketRef,
    already: bool,
    bundle: Option<Brought>,
    remarks: Vec<String>,
}

/// Attaches a bundle to a case that was opened before.
pub fn attach_later(
    case_id: &CaseId,
    ticket: &TicketRef,
    bundle: &BundleFacts,
    way: Way<'_>,
) -> Result<Later, StepError> {
    let mut run = Run { way, case_id, remarks: Vec::new() };
    let bundle = BundleToAttach::of(bundle);
    let brought = run.bring(ticket, &bundle)?;
    run.leave_head(ticket, &format!("bundle-{}", bundle.bundle_digest.spoken()), Some(&brought))?;
    run.settle(ticket)?;
    let remarks = run.remarks()?;
    Ok(Later { brought, remarks, head: run.way.journal.head() })
}

impl BundleToAttach {
    pub(super) fn of(bundle: &BundleFacts) -> Self {
        Self {
            path: bundle.path.clone(),
            file_name: bundle.file_name.clone(),
            size: bundle.size,
            bundle_digest: bundle.bundle_digest,
            file_digest: bundle.file_digest,
        }
    }
}

pub(super) struct Run<'a> {
    pub(super) way: Way<'a>,
    pub(super) case_id: &'a CaseId,
    /// What did not go as it was meant although the bundle is there.
    pub(super) remarks: Vec<String>,
}

type Stop = (Option<TicketRef>, Box<StepError>);

impl Run<'_> {
    fn all(&mut self, prepared: &Prepared, told: &mut Vec<Told>) -> Result<Done, Stop> {
        let severity = prepared.ticket.severity;
        let before = |e: StepError| (None, Box::new(e));
        self.open(prepared).map_err(before)?;
        if severity == Severity::Sev1 {
            // Far sides that merge get the link later under the same key, and nobody is woken twice.
            *told = self.tell(At::None, true).map_err(|e| before(e.into()))?;
        }
        let (ticket, already) = match self.ticket(prepared) {
            Ok(made) => made,
            Err(e) => {
                if matches!(e, StepError::Deliver(_)) && severity <= Severity::Sev2 {
                    let now = self.tell(At::None, false).map_err(|e| before(e.into()))?;
                    *told = now.into_iter().map(|one| as_it_went(one, told)).collect();
                }
                return Err(before(e));
            }
        };
        let after = |e: StepError| (Some(ticket.clone()), Box::new(e));
        *told = self.tell(At::At(&ticket.location), false).map_err(|e| after(e.into()))?;
        let brought = match &prepared.bundle {
            Some(bundle) => Some(self.bring(&ticket, bundle).map_err(after)?),
            None => None,
        };
        let key = match &prepared.bundle {
            Some(bundle) => format!("bundle-{}", bundle.bundle_digest.spoken()),
            None => "opened".to_owned(),
        };
        self.leave_head(&ticket, &key, brought.as_ref()).map_err(after)?;
        self.settle(&ticket).map_err(after)?;
        let remarks = self.remarks().map_err(|e| after(e.into()))?;
        Ok(Done { ticket, already, bundle: brought, remarks })
    }

    /// A request that was thought lost may have arrived since, and made a second ticket.
    fn settle(&mut self, ticket: &TicketRef) -> Result<(), StepError> {
        let Some(kept) = self.way.system.settle(self.case_id)? else { return Ok(()) };
        if kept.id == ticket.id {
            return Ok(());
        }
        self.record(ticket_done(&kept))?;
        // The other one was made first and came to light last; the next run brings the bundle there.
        Err(DeliverError::NotKept {
            system: kept.system.to_owned(),
            action: "keep the ticket",
            problem: format!("{} was made first and is kept, and has no bundle yet", inline(&kept.location, 200)),
        }
        .into())
    }

    /// What did not go as it was meant although the ticket stands, and was not told before.
    fn remarks(&mut self) -> Result<Vec<String>, JournalError> {
        let mut remarks = self.way.system.remarks();
        remarks.append(&mut self.remarks);
        remarks.retain(|remark| !self.way.journal.has(&Event::new("remark").with_text("text", remark, LONGEST)));
        for remark in &remarks {
            self.record(Event::new("remark").with_text("text", remark, LONGEST))?;
        }
        Ok(remarks)
    }

    pub(super) fn record(&mut self, event: Event) -> Result<(), JournalError> {
        self.way.journal.append((self.way.clock)(), event).map(drop)
    }

    /// Records an event unless it stands there already, from a run before.
    fn record_once(&mut self, event: Event) -> Result<(), JournalError> {
        if self.way.journal.has(&event) { Ok(()) } else { self.record(event) }
    }

    /// Who decided what, and why.
    fn open(&mut self, prepared: &Prepared) -> Result<(), StepError> {
        if !self.way.journal.has(&prepared.identity()) {
            self.record(prepared.opened())?;
        }
        Ok(())
    }

    fn tell(&mut self, ticket: At<'_>, only_merging: bool) -> Result<Vec<Told>, JournalError> {
        let Way { addressees, journal, clock, .. } = &mut self.way;
        let merges = |a: &&Addressee<'_>| a.notifier.as_ref().is_ok_and(|notifier| notifier.merges());
        let chosen = addressees.iter().filter(|a| !only_merging || merges(a));
        chosen.map(|addressee| tell(addressee, ticket, journal, *clock)).collect()
    }

    /// The ticket, and whether it was there before.
    fn ticket(&mut self, prepared: &Prepared) -> Result<(TicketRef, bool), StepError> {
        if let Some(ticket) = self.way.system.settle(self.case_id)? {
            self.record_once(ticket_done(&ticket))?;
            return Ok((ticket, true));
        }
        self.record(Event::new("ticket-intent").with_text("title", &prepared.ticket.title, LONGEST))?;
        match self.way.system.create(&prepared.ticket) {
            Ok(ticket) => {
                self.record(ticket_done(&ticket))?;
                Ok((ticket, false))
            }
            Err(e) => {
                self.record(Event::new("ticket-failed").with_text("cause", &e.to_string(), LONGEST))?;
                Err(e.into())
            }
        }
    }

    /// The head stands in the ticket, out of reach of whoever can cut the journal.
    fn leave_head(&mut self, ticket: &TicketRef, key: &str, bundle: Option<&Brought>) -> Result<(), StepError> {
        let name = |event: &str| Event::new(event).with("key", key).with("location", &ticket.location);
        if self.way.journal.has(&name("comment-done")) {
            return Ok(());
        }
        self.record(name("comment-intent"))?;
        let Head { seq, hash } = self.way.journal.head();
        let what = match bundle {
            Some(Brought::Attached(Attached { name, size, digest, read_back: true, .. })) => {
                format!("Attached and read back: {name}, {size} bytes, SHA-256 {digest}.\n")
            }
            Some(Brought::Attached(Attached { name, size, digest, .. })) => format!(
                "Attached: {name}, {size} bytes, SHA-256 {digest}. It could not be read back; compare the digest after downloading.\n"
            ),
            Some(Brought::Uploaded(Uploaded { name, size, digest, read_back, .. })) => {
                let read_back = if *read_back {
                    "Uploaded and read back"
                } else {
                    "Uploaded, and not read back (compare the digest after downloading)"
                };
                format!(
                    "{read_back}: {}, {size} bytes, SHA-256 {digest}. The link is in another comment.\n",
                    inline(name, 120)
                )
            }
            None => "Opened without a bundle.\n".to_owned(),
        };
        self.way.system.comment(ticket, key, &format!("{what}Journal: line {seq}, head {hash}.\n"))?;
        self.record(name("comment-done"))?;
        Ok(())
    }
}

fn ticket_done(ticket: &TicketRef) -> Event {
    Event::new("ticket-done").with("system", ticket.system).with("id", &ticket.id).with("location", &ticket.location)
}
