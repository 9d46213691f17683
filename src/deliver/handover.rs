//! Handing a case over: first everything is decided and written without touching anything ([`prepare`]), then it is
//! carried out step by step ([`carry_out`]), each step journaled before and after.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::checklist::{Checklist, Evaluation, ItemResult, evaluate, says_nothing};
use crate::escalate::calendar::Closed;
use crate::escalate::severity::Contradiction;
use crate::escalate::targets::{NoDueTime, Targets, targets};
use crate::escalate::ticket::{self, BundleName, Ticket, TicketError, TicketFacts, TicketTemplate};
use crate::escalate::{Decided, Policy, classify, decide};
use crate::model::{Case, ConfigError, Manifest, Severity, Sha256Digest};

use super::journal::{Event, Head, Journal, JournalError};
use super::{Attached, DeliverError, TicketRef, TicketSystem};

/// A bundle that was verified, as far as a handover needs it.
#[derive(Debug, Clone)]
pub struct BundleFacts {
    /// Where it is.
    pub path: PathBuf,
    /// Its name.
    pub file_name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its tag manifest.
    pub bundle_digest: Sha256Digest,
    /// SHA-256 of the file.
    pub file_digest: Sha256Digest,
    /// Its record.
    pub manifest: Manifest,
    /// The facts of the case in it.
    pub case: Case,
    /// Facts of the host for the ticket: system, version, proxy.
    pub environment: Vec<(String, String)>,
}

/// What somebody wants to hand over, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The case, the agent's facts laid over the customer's.
    pub case: &'a Case,
    /// The bundle, where there is one.
    pub bundle: Option<&'a BundleFacts>,
    /// The policy in force.
    pub policy: &'a Policy,
    /// The checklist in force.
    pub checklist: &'a Checklist,
    /// The ticket's template.
    pub template: &'a TicketTemplate,
    /// The level that somebody chose.
    pub severity: Option<Severity>,
    /// Why, where the facts give another.
    pub severity_reason: Option<&'a str>,
    /// Why it goes out although the checklist is not met.
    pub override_checklist: Option<&'a str>,
    /// Who escalates.
    pub agent: Option<&'a str>,
    /// The time of the escalation.
    pub now: Timestamp,
}

/// Why nothing goes out. Nothing was written when this is returned.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The chosen level contradicts the facts, and no reason was given.
    #[error(transparent)]
    SeverityContradicted(#[from] Contradiction),
    /// The first two lines of the ticket cannot be written. No override helps.
    #[error("the business impact is not known: nobody said {}", missing.join(", "))]
    ImpactUnknown {
        /// What nobody said.
        missing: Vec<&'static str>,
        /// All that stands in the way, to ask for it at once.
        items: Vec<ItemResult>,
    },
    /// Something that this severity needs is missing.
    #[error("the checklist is not met for {severity}: {} missing", items.len())]
    ChecklistNotMet {
        /// The level.
        severity: Severity,
        /// What is missing.
        items: Vec<ItemResult>,
    },
    /// A reason that is none.
    #[error("`{flag}` needs a reason that somebody can read later")]
    ReasonSaysNothing {
        /// The flag.
        flag: &'static str,
    },
    /// The template.
    #[error(transparent)]
    Template(ConfigError),
    /// A calendar of the policy that does not open any more.
    #[error(transparent)]
    NoDueTime(#[from] NoDueTime),
}

/// A handover that is ready to be carried out.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The ticket.
    pub ticket: Ticket,
    /// The severity.
    pub decided: Decided,
    /// The checklist's result; what it misses is owed.
    pub evaluation: Evaluation,
    /// What is due when.
    pub targets: Targets,
    /// Why the desk is closed, where it is.
    pub desk_closed: Option<Closed>,
    override_checklist: Option<String>,
    agent: Option<String>,
    bundle: Option<BundleToAttach>,
}

#[derive(Debug, Clone)]
struct BundleToAttach {
    path: PathBuf,
    file_name: String,
    bundle_digest: Sha256Digest,
    file_digest: Sha256Digest,
}

/// What a handover came to.
#[derive(Debug, Clone)]
pub struct Handed {
    /// The ticket.
    pub ticket: TicketRef,
    /// Whether the ticket was there before; then its text is as it was first made.
    pub already: bool,
    /// The bundle at the ticket.
    pub attached: Option<Attached>,
    /// What did not go as it was meant although the ticket stands.
    pub remarks: Vec<String>,
    /// The journal's last line.
    pub head: Head,
}

/// Why a handover stopped. The same command goes on where it stopped.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Stopped {
    /// The ticket, where it was made.
    pub ticket: Option<TicketRef>,
    /// Why.
    pub source: Box<StepError>,
}

/// What a step can fail on.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum StepError {
    /// The journal; nothing goes out that it cannot record.
    Journal(#[from] JournalError),
    /// The far side.
    Deliver(#[from] DeliverError),
}

/// Decides whether and how the case goes out, and writes its ticket. Touches nothing.
pub fn prepare(request: &Request<'_>) -> Result<Prepared, Refusal> {
    let Request { case, bundle, policy, now, .. } = *request;
    for (flag, reason) in
        [("--severity-reason", request.severity_reason), ("--override-checklist", request.override_checklist)]
    {
        if reason.is_some_and(says_nothing) {
            return Err(Refusal::ReasonSaysNothing { flag });
        }
    }
    let decided = decide(classify(case, policy), request.severity, request.severity_reason)?;
    let severity = decided.severity;
    let desk_closed = policy.calendar_of(case).1.closed(now);
    let manifest = bundle.map(|bundle| &bundle.manifest);
    let mut evaluation = evaluate(request.checklist, manifest, case, severity);
    if desk_closed.is_some() {
        evaluation = evaluation.outside_business_hours();
    }
    let in_the_way = in_the_way(&evaluation);
    if let Err(TicketError::ImpactUnknown(missing)) = ticket::impact_lines(case) {
        return Err(Refusal::ImpactUnknown { missing, items: in_the_way });
    }
    if !in_the_way.is_empty() && request.override_checklist.is_none() {
        return Err(Refusal::ChecklistNotMet { severity, items: in_the_way });
    }
    // An override that was not needed is not worth a line in the ticket.
    let override_checklist = request.override_checklist.filter(|_| !in_the_way.is_empty());
    let targets = targets(case, severity, policy, now)?;
    let facts = TicketFacts {
        case,
        manifest,
        bundle: bundle.map(|bundle| BundleName {
            file_name: &bundle.file_name,
            size: bundle.size,
            bundle_digest: &bundle.bundle_digest,
            file_digest: &bundle.file_digest,
        }),
        environment: bundle.map_or(&[], |bundle| &bundle.environment),
        decided: &decided,
        policy,
        targets: &targets,
        evaluation: &evaluation,
        override_checklist,
        agent: request.agent,
        now,
    };
    let ticket = ticket::write(&facts, request.template).map_err(|e| match e {
        TicketError::ImpactUnknown(missing) => Refusal::ImpactUnknown { missing, items: Vec::new() },
        TicketError::Template(e) => Refusal::Template(e),
    })?;
    Ok(Prepared {
        ticket,
        override_checklist: override_checklist.map(str::to_owned),
        agent: request.agent.map(str::to_owned),
        bundle: bundle.map(|bundle| BundleToAttach {
            path: bundle.path.clone(),
            file_name: bundle.file_name.clone(),
            bundle_digest: bundle.bundle_digest,
            file_digest: bundle.file_digest,
        }),
        decided,
        evaluation,
        targets,
        desk_closed,
    })
}

/// What keeps a case from going out. A SEV1 goes at once and owes its diagnostics; what takes one sentence to say
/// (whom to call, which account) is needed even then.
fn in_the_way(evaluation: &Evaluation) -> Vec<ItemResult> {
    let owed = |item: &&ItemResult| !(evaluation.severity == Severity::Sev1 && item.owed_at_sev1);
    evaluation.missing().filter(owed).cloned().collect()
}

/// Makes the ticket, attaches the bundle, and leaves the journal's head at the ticket. May be called again after a stop
/// or a kill; `clock` gives the time of each journal line.
pub fn carry_out(
    prepared: &Prepared,
    system: &dyn TicketSystem,
    journal: &mut Journal,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Handed, Stopped> {
    let mut run = Run { prepared, system, journal, clock };
    let before = |e| Stopped { ticket: None, source: Box::new(e) };
    run.record_once(run.opened()).map_err(before)?;
    let (ticket, already) = run.ticket().map_err(before)?;
    let after = |e| Stopped { ticket: Some(ticket.clone()), source: Box::new(e) };
    let attached = run.attach(&ticket).map_err(after)?;
    run.leave_head(&ticket, attached.as_ref()).map_err(after)?;
    let remarks = system.remarks();
    for remark in &remarks {
        run.record_once(Event::new("remark").with("text", remark)).map_err(after)?;
    }
    let head = run.journal.head();
    Ok(Handed { ticket, already, attached, remarks, head })
}

struct Run<'a> {
    prepared: &'a Prepared,
    system: &'a dyn TicketSystem,
    journal: &'a mut Journal,
    clock: &'a dyn Fn() -> Timestamp,
}

impl Run<'_> {
    fn record(&mut self, event: Event) -> Result<(), StepError> {
        self.journal.append((self.clock)(), event)?;
        Ok(())
    }

    /// Records an event unless it stands there already, from a run before.
    fn record_once(&mut self, event: Event) -> Result<(), StepError> {
        if self.journal.has(&event) { Ok(()) } else { self.record(event) }
    }

    /// Who decided what, and why.
    fn opened(&self) -> Event {
        let Prepared { ticket, decided, evaluation, .. } = self.prepared;
        let owed: Vec<&str> = evaluation.missing().map(|item| item.id.as_str()).collect();
        let mut event = Event::new("escalation-opened")
            .with("severity", decided.severity)
            .with("severity_by_facts", decided.by_facts.severity)
            .with("severity_because", &decided.by_facts.reason)
            .with("queue", &ticket.queue)
            .with("owed", owed.join(" "));
        let optional = [
            ("agent", self.prepared.agent.as_ref()),
            ("severity_override_reason", decided.override_reason.as_ref()),
            ("checklist_override_reason", self.prepared.override_checklist.as_ref()),
        ];
        for (fact, value) in optional {
            if let Some(value) = value {
                event = event.with(fact, value);
            }
        }
        if let Some(bundle) = &self.prepared.bundle {
            event = event.with("bundle_digest", bundle.bundle_digest).with("file_digest", bundle.file_digest);
        }
        event
    }

    /// The ticket, and whether it was there before.
    fn ticket(&mut self) -> Result<(TicketRef, bool), StepError> {
        let done = |ticket: &TicketRef| {
            Event::new("ticket-done").with("system", ticket.system).with("location", &ticket.location)
        };
        if let Some(ticket) = self.system.find(&self.prepared.ticket.case_id)? {
            self.record_once(done(&ticket))?;
            return Ok((ticket, true));
        }
        self.record(Event::new("ticket-intent").with("title", &self.prepared.ticket.title))?;
        let ticket = self.system.create(&self.prepared.ticket)?;
        self.record(done(&ticket))?;
        Ok((ticket, false))
    }

    fn attach(&mut self, ticket: &TicketRef) -> Result<Option<Attached>, StepError> {
        let Some(bundle) = &self.prepared.bundle else { return Ok(None) };
        let name = |event: &str| {
            Event::new(event)
                .with("file", &bundle.file_name)
                .with("file_digest", bundle.file_digest)
                .with("location", &ticket.location)
        };
        if !self.journal.has(&name("attach-done")) {
            self.record(name("attach-intent"))?;
        }
        // Also where the journal says "done": whether it is still there and whole is asked anew.
        match self.system.attach(ticket, &bundle.path, &bundle.file_digest) {
            Ok(attached) => {
                self.record_once(name("attach-done"))?;
                Ok(Some(attached))
            }
            Err(e) => {
                self.record(name("attach-failed").with("cause", &e))?;
                let name = crate::escalate::plain_text::inline(&bundle.file_name, 120);
                let problem = match &e {
                    DeliverError::DigestMismatch { found, .. } => {
                        Some(format!("{name} was read back with the digest {found}, not {}", bundle.file_digest))
                    }
                    DeliverError::NotKept { .. } => Some(format!("{name} was sent and is not here")),
                    DeliverError::TooLarge { most, size, .. } => {
                        Some(format!("{name} has {size} bytes, and {most} is the most that is taken here"))
                    }
                    _ => None,
                };
                if let Some(problem) = problem {
                    let text = format!("The bundle is incomplete: {problem}.\n");
                    // The mismatch is the news; a comment that fails too adds nothing to it.
                    drop(self.system.comment(ticket, &format!("incomplete-{}", bundle.bundle_digest.spoken()), &text));
                }
                Err(e.into())
            }
        }
    }

    /// The head stands in the ticket, out of reach of whoever can cut the journal.
    fn leave_head(&mut self, ticket: &TicketRef, attached: Option<&Attached>) -> Result<(), StepError> {
        let key = match &self.prepared.bundle {
            Some(bundle) => format!("bundle-{}", bundle.bundle_digest.spoken()),
            None => "opened".to_owned(),
        };
        let name = |event: &str| Event::new(event).with("key", &key).with("location", &ticket.location);
        if self.journal.has(&name("comment-done")) {
            return Ok(());
        }
        self.record(name("comment-intent"))?;
        let Head { seq, hash } = self.journal.head();
        let what = match attached {
            Some(Attached { name, size, digest, read_back: true, .. }) => {
                format!("Attached and read back: {name}, {size} bytes, SHA-256 {digest}.\n")
            }
            Some(Attached { name, size, digest, .. }) => format!(
                "Attached: {name}, {size} bytes, SHA-256 {digest}. It could not be read back; compare the digest after downloading.\n"
            ),
            None => "Opened without a bundle.\n".to_owned(),
        };
        self.system.comment(ticket, &key, &format!("{what}Journal: line {seq}, head {hash}.\n"))?;
        self.record(name("comment-done"))
    }
}

#[cfg(test)]
#[path = "handover_tests.rs"]
mod tests;
