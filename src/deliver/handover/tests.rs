//! Hand-overs that go well, that are refused, and that stop half way.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::*;
use crate::checklist::fixture::{at, case, case_with, case_without, manifest};
use crate::deliver::TicketSystem;
use crate::deliver::callout::tests::{TestNotifier, addressee};
use crate::deliver::callout::{Addressee, Outcome, Told};
use crate::deliver::journal::{Event, Journal};
use crate::deliver::outbox::Outbox;
use crate::deliver::{TicketState, TicketStatus};
use crate::model::CaseId;

/// A Monday morning in business hours (UTC).
pub(super) const OPEN: &str = "2026-11-23T09:50:00Z";
const SUNDAY: &str = "2026-11-22T03:07:00Z";

pub(super) struct Desk {
    policy: Policy,
    checklist: Checklist,
    template: TicketTemplate,
    pub(super) bundle: BundleFacts,
    dir: tempfile::TempDir,
}

impl Desk {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.casefile.zip");
        fs::write(&path, b"PK bundle").expect("written");
        let bundle = BundleFacts {
            path,
            file_name: "a.casefile.zip".to_owned(),
            size: 9,
            bundle_digest: Sha256Digest([9; 32]),
            file_digest: Sha256Digest(Sha256::digest(b"PK bundle").into()),
            manifest: manifest(),
            case: case(),
            environment: vec![("OS".to_owned(), "Debian 12".to_owned())],
        };
        let (policy, checklist, template) = (Policy::builtin(), Checklist::builtin(), TicketTemplate::builtin());
        Self { policy, checklist, template, bundle, dir }
    }

    pub(super) fn request<'a>(&'a self, case: &'a Case) -> Request<'a> {
        Request {
            case,
            bundle: Some(&self.bundle),
            policy: &self.policy,
            checklist: &self.checklist,
            template: &self.template,
            severity: None,
            severity_reason: None,
            override_checklist: None,
            time_critical: None,
            page: false,
            progress: None,
            agent: Some("sam"),
            now: at(OPEN),
        }
    }

    pub(super) fn outbox(&self) -> Outbox {
        Outbox::new(self.dir.path().join("out"))
    }

    pub(super) fn journal(&self) -> Journal {
        Journal::open(&self.dir.path().join("journal"), &case().case_id).expect("opens")
    }

    fn carry_out(&self, prepared: &Prepared, system: &dyn TicketSystem) -> Result<Handed, Stopped> {
        self.carry_out_telling(prepared, system, &[])
    }

    fn carry_out_telling(
        &self,
        prepared: &Prepared,
        system: &dyn TicketSystem,
        addressees: &[Addressee<'_>],
    ) -> Result<Handed, Stopped> {
        let (mut journal, clock) = (self.journal(), || at(OPEN));
        carry_out(prepared, Way { system, store: None, addressees, journal: &mut journal, clock: &clock })
    }

    /// Names and contents of all files at the ticket.
    pub(super) fn at_ticket(&self) -> Vec<(String, Vec<u8>)> {
        let Ok(folder) = fs::read_dir(self.dir.path().join("out/c-7fk2m9q4xa")) else { return Vec::new() };
        let mut files: Vec<_> = folder
            .map(|entry| entry.expect("an entry").path())
            .map(|path| {
                (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(&path).expect("read"))
            })
            .collect();
        files.sort();
        files
    }
}

pub(super) fn sev1(text: &str) -> String {
    text.replace("affected = 12", "affected = 250").replace("major-function", "complete-outage")
}

fn missing_ids(refusal: &Refusal) -> Vec<&str> {
    match refusal {
        Refusal::ChecklistNotMet { items, .. } | Refusal::ImpactUnknown { items, .. } => {
            items.iter().map(|item| item.id.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn a_case_that_lacks_something_is_refused_by_name_and_passes_with_a_reason() {
    let desk = Desk::new();
    let case = case_without("steps_to_reproduce");
    let refused = prepare(&desk.request(&case)).expect_err("lacks the steps");
    assert_eq!(missing_ids(&refused), ["steps-to-reproduce"]);
    let empty = prepare(&Request { override_checklist: Some("n/a"), ..desk.request(&case) });
    assert!(matches!(empty, Err(Refusal::ReasonSaysNothing { flag: "--override-checklist" })));
    let reasoned = Request { override_checklist: Some("customer is asleep"), ..desk.request(&case) };
    let prepared = prepare(&reasoned).expect("has a reason");
    assert!(prepared.ticket.body.contains("Handed off without these by sam: customer is asleep"));
    desk.carry_out(&prepared, &desk.outbox()).expect("carried out");
    assert!(
        desk.journal().has(&Event::new("escalation-opened").with("checklist_override_reason", "customer is asleep"))
    );
}

#[test]
fn a_sev1_is_never_blocked_by_a_missing_log_but_by_a_missing_contact() {
    let desk = Desk::new();
    let outage = case_with(|text| sev1(&text));
    let prepared = prepare(&Request { bundle: None, ..desk.request(&outage) }).expect("goes out");
    assert!(prepared.ticket.body.contains("OWED: Are there logs that are not empty?"), "{}", prepared.ticket.body);
    let bare =
        case_with(|text| sev1(&text).lines().filter(|l| !l.starts_with("contact")).collect::<Vec<_>>().join("\n"));
    assert_eq!(missing_ids(&prepare(&desk.request(&bare)).expect_err("no contact")), ["contact"]);
}

#[test]
fn outside_business_hours_a_sev1_needs_the_emergency_contact_and_inside_it_does_not() {
    let desk = Desk::new();
    let case =
        case_with(|text| sev1(&text).lines().filter(|l| !l.starts_with("emergency")).collect::<Vec<_>>().join("\n"));
    assert!(prepare(&desk.request(&case)).is_ok());
    let night = Request { now: at(SUNDAY), ..desk.request(&case) };
    assert_eq!(missing_ids(&prepare(&night).expect_err("asked for at night")), ["emergency-contact"]);
}

#[test]
fn without_an_impact_no_override_helps() {
    let desk = Desk::new();
    let case = case_without("cannot");
    let request = Request { override_checklist: Some("customer is asleep"), ..desk.request(&case) };
    let refused = prepare(&request).expect_err("no impact");
    assert!(refused.to_string().contains("what they cannot do"), "{refused}");
    assert_eq!(missing_ids(&refused), ["impact-cannot"]);
}

#[test]
fn a_level_against_the_facts_needs_a_reason_which_stands_in_journal_and_ticket() {
    let desk = Desk::new();
    let case = case();
    let lower = Request { severity: Some(Severity::Sev3), ..desk.request(&case) };
    assert!(matches!(prepare(&lower), Err(Refusal::SeverityContradicted(_))));
    let prepared = prepare(&Request { severity_reason: Some("agreed with the customer"), ..lower }).expect("reasoned");
    desk.carry_out(&prepared, &desk.outbox()).expect("carried out");
    let event = Event::new("escalation-opened").with("severity", "SEV3").with("agent", "sam");
    assert!(desk.journal().has(&event.with("severity_override_reason", "agreed with the customer")));
    assert!(prepared.ticket.body.contains("by sam: agreed with the customer"));
}

#[test]
fn a_handover_leaves_ticket_bundle_and_the_head_of_the_journal() {
    let desk = Desk::new();
    let handed = desk.carry_out(&prepare(&desk.request(&case())).expect("ready"), &desk.outbox()).expect("carried out");
    let files = desk.at_ticket();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let comment = format!("comment-bundle-{}.md", Sha256Digest([9; 32]).spoken());
    assert_eq!(names, [".lock", "a.casefile.zip", comment.as_str(), "ticket.json", "ticket.md"]);
    assert!(files[4].1.starts_with(b"cashiers in the Berlin shops cannot take card payments"));
    let told = String::from_utf8_lossy(&files[2].1).into_owned();
    assert!(told.contains(&desk.bundle.file_digest.to_string()) && told.contains("Journal: line 6, head "), "{told}");
    assert_eq!(crate::deliver::journal::verify(desk.journal().path()).expect("whole"), handed.head);
    let written = fs::read_to_string(desk.journal().path()).expect("text");
    for secret in ["Ann Other", "ann@customer.example", "5550100", "ACME-77"] {
        assert!(!written.contains(secret), "{secret} is in the journal");
    }
}

/// So many calls, and then whoever calls is killed, before or after the work is done.
pub(super) struct Calls {
    pub(super) left: Cell<u32>,
    pub(super) after_the_work: bool,
}

impl Calls {
    pub(super) fn call<T>(&self, work: impl FnOnce() -> Result<T, DeliverError>) -> Result<T, DeliverError> {
        let killed = || DeliverError::Busy(PathBuf::from("killed"));
        match self.left.get() {
            0 => Err(killed()),
            1 => {
                self.left.set(0);
                if self.after_the_work {
                    drop(work());
                }
                Err(killed())
            }
            n => {
                self.left.set(n - 1);
                work()
            }
        }
    }
}

/// An outbox that fails at its `n`th call: what a kill leaves behind.
struct Killed {
    outbox: Outbox,
    calls: Calls,
}

impl Killed {
    fn new(outbox: Outbox, calls: u32, after_the_work: bool) -> Self {
        Self { outbox, calls: Calls { left: Cell::new(calls), after_the_work } }
    }

    fn call<T>(&self, work: impl FnOnce() -> Result<T, DeliverError>) -> Result<T, DeliverError> {
        self.calls.call(work)
    }
}

impl TicketSystem for Killed {
    fn find(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError> {
        self.call(|| self.outbox.find(case_id))
    }
    fn create(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        self.call(|| self.outbox.create(ticket))
    }
    fn attach(&self, ticket: &TicketRef, bundle: &Path, expected: &Sha256Digest) -> Result<Attached, DeliverError> {
        self.call(|| self.outbox.attach(ticket, bundle, expected))
    }
    fn comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        self.call(|| self.outbox.comment(ticket, key, text))
    }
    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        self.outbox.most_attachment_bytes()
    }
    fn set_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<(), DeliverError> {
        self.call(|| self.outbox.set_severity(ticket, severity))
    }
    fn set_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        self.call(|| self.outbox.set_status(ticket, status))
    }
    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        self.call(|| self.outbox.state(ticket))
    }
}

#[test]
fn a_run_that_was_killed_anywhere_is_finished_by_the_same_command_and_doubles_nothing() {
    for after_the_work in [false, true] {
        for calls in 1..=4 {
            let desk = Desk::new();
            let prepared = prepare(&desk.request(&case())).expect("ready");
            let killed = Killed::new(desk.outbox(), calls, after_the_work);
            let stopped = desk.carry_out(&prepared, &killed).expect_err("killed");
            assert_eq!(stopped.ticket.is_some(), calls > 2);
            let handed = desk.carry_out(&prepared, &desk.outbox()).expect("finished");
            assert!(handed.attached.is_some());
            let once = desk.at_ticket();
            assert_eq!(once.len(), 5, "{calls}");
            let again = desk.carry_out(&prepared, &desk.outbox()).expect("nothing left to do");
            assert_eq!((again.head, again.already), (handed.head, true), "a finished run adds no line");
            assert_eq!(desk.at_ticket(), once);
        }
    }
}

#[test]
fn a_bundle_that_does_not_arrive_whole_is_said_in_the_ticket_and_is_no_success() {
    let desk = Desk::new();
    let prepared = prepare(&desk.request(&case())).expect("ready");
    fs::write(&desk.bundle.path, b"PK bund1e").expect("written");
    let stopped = desk.carry_out(&prepared, &desk.outbox()).expect_err("another file");
    assert!(matches!(*stopped.source, StepError::Deliver(DeliverError::DigestMismatch { .. })));
    assert!(stopped.ticket.is_some());
    let told = desk.at_ticket().iter().any(|(name, text)| {
        name.starts_with("comment-incomplete") && String::from_utf8_lossy(text).contains("The bundle is incomplete")
    });
    assert!(told);
    fs::write(&desk.bundle.path, b"PK bundle").expect("written");
    assert!(desk.carry_out(&prepared, &desk.outbox()).is_ok(), "the same command goes on");
}

#[test]
fn a_sev1_pages_before_the_ticket_and_the_link_follows_under_the_same_key() {
    let desk = Desk::new();
    let outage = case_with(|text| sev1(&text));
    let prepared = prepare(&desk.request(&outage)).expect("ready");
    let (pager, chat) = (TestNotifier::new(true), TestNotifier::new(false));
    let to = [addressee("pager", &pager), addressee("chat", &chat)];
    let handed = desk.carry_out_telling(&prepared, &desk.outbox(), &to).expect("carried out");
    assert!(handed.told.iter().all(Told::reached));
    let events: Vec<String> = desk.journal().recorded().into_iter().map(|line| line.event).collect();
    let place = |event: &str| events.iter().position(|found| found == event).expect(event);
    assert!(place("notice-sent") < place("ticket-intent"), "{events:?}");
    assert!(place("ticket-done") < place("attach-intent"), "{events:?}");
    assert_eq!((pager.alerts(), chat.alerts()), (1, 1));
    assert!(prepared.ticket.body.contains("Upload in progress"), "{}", prepared.ticket.body);
}

#[test]
fn with_the_ticket_system_down_a_sev1_still_pages_and_a_sev3_tells_nobody() {
    let desk = Desk::new();
    let outage = case_with(|text| sev1(&text));
    let prepared = prepare(&desk.request(&outage)).expect("ready");
    let (pager, chat) = (TestNotifier::new(true), TestNotifier::new(false));
    let to = [addressee("pager", &pager), addressee("chat", &chat)];
    let down = Killed::new(desk.outbox(), 0, false);
    let stopped = desk.carry_out_telling(&prepared, &down, &to).expect_err("no ticket");
    assert!(stopped.ticket.is_none() && stopped.told.len() == 2 && stopped.told.iter().all(Told::reached));
    assert_eq!((pager.alerts(), chat.alerts()), (1, 1));
    assert!(chat.got.borrow()[0].key.contains("c-7fk2m9q4xa"));
    desk.carry_out_telling(&prepared, &desk.outbox(), &to).expect("the same command goes on");
    assert_eq!((pager.alerts(), chat.alerts()), (1, 1), "an outbox gives no link that could follow");

    let desk = Desk::new();
    let case = case();
    let lower = Request { severity: Some(Severity::Sev3), severity_reason: Some("agreed"), ..desk.request(&case) };
    let prepared = prepare(&lower).expect("ready");
    let queue = TestNotifier::new(false);
    let down = Killed::new(desk.outbox(), 0, false);
    let stopped = desk.carry_out_telling(&prepared, &down, &[addressee("queue", &queue)]).expect_err("no ticket");
    assert_eq!((stopped.told.len(), queue.alerts()), (0, 0));
}

#[test]
fn one_notifier_that_is_down_keeps_the_other_from_nothing() {
    let desk = Desk::new();
    let prepared = prepare(&desk.request(&case())).expect("ready");
    let (pager, chat) = (TestNotifier::new(true), TestNotifier::new(false));
    let to = [addressee("pager", &pager), addressee("chat", &chat)];
    pager.fails.set(Some(false));
    let handed = desk.carry_out_telling(&prepared, &desk.outbox(), &to).expect("carried out");
    assert!(matches!(handed.told[0].outcome, Outcome::Failed(_)) && handed.told[1].reached());
    pager.fails.set(None);
    let handed = desk.carry_out_telling(&prepared, &desk.outbox(), &to).expect("the same command goes on");
    assert_eq!((pager.alerts(), chat.alerts()), (1, 1));
    assert_eq!((&handed.told[0].outcome, &handed.told[1].outcome), (&Outcome::Sent, &Outcome::WasSent));
}

#[test]
fn killed_after_any_line_of_its_journal_the_same_command_finishes_and_doubles_nothing() {
    let lines_of_a_whole_run = 16;
    for stop_after in 0..=lines_of_a_whole_run {
        let desk = Desk::new();
        let outage = case_with(|text| sev1(&text));
        let prepared = prepare(&desk.request(&outage)).expect("ready");
        let (pager, chat) = (TestNotifier::new(true), TestNotifier::new(false));
        let to = [addressee("pager", &pager), addressee("chat", &chat)];
        let lines = Cell::new(0);
        let clock = || {
            // The clock is asked before each line: to panic here is to be killed after the line before.
            assert!(lines.replace(lines.get() + 1) < stop_after, "killed");
            at(OPEN)
        };
        let system = desk.outbox();
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut journal = desk.journal();
            let way = Way { system: &system, store: None, addressees: &to, journal: &mut journal, clock: &clock };
            carry_out(&prepared, way).expect("carried out")
        }));
        let whole = lines.get() <= stop_after;
        assert_eq!(killed.is_err(), !whole, "{stop_after}");
        let handed = desk.carry_out_telling(&prepared, &desk.outbox(), &to).expect("finished");
        assert_eq!(desk.at_ticket().len(), 5, "{stop_after}: one ticket, one bundle, one comment");
        assert_eq!(pager.alerts(), 1, "{stop_after}");
        assert!(chat.alerts() == 1 || handed.told[1].may_be_twice, "{stop_after}: {:?}", handed.told);
        let again = desk.carry_out_telling(&prepared, &desk.outbox(), &to).expect("nothing left to do");
        assert_eq!(again.head, handed.head, "{stop_after}: a finished run adds no line");
        assert!(whole || stop_after < lines_of_a_whole_run, "the count of lines is too small");
    }
}

#[test]
fn a_case_that_was_opened_goes_on_under_its_level_and_its_clock_and_an_ended_one_does_not() {
    let desk = Desk::new();
    let unreported = case_without("reported_at");
    let prepared = prepare(&Request {
        override_checklist: Some("nobody wrote down when they called"),
        ..desk.request(&unreported)
    })
    .expect("ready");
    desk.carry_out(&prepared, &desk.outbox()).expect("carried out");
    let progress = Progress::of(&desk.journal().recorded()).expect("opened");
    let later = Request {
        override_checklist: Some("nobody wrote down when they called"),
        progress: Some(&progress),
        now: at("2026-11-23T11:00:00Z"),
        ..desk.request(&unreported)
    };
    assert_eq!(prepare(&later).expect("ready").targets.from, at(OPEN));
    let other = Request { severity: Some(Severity::Sev1), severity_reason: Some("a board meeting"), ..later };
    assert!(matches!(prepare(&other), Err(Refusal::OpenUnderAnother { open: Severity::Sev2, chosen: Severity::Sev1 })));
    let line = Event::new("resolved").with("text", "rolled back");
    desk.journal().append(at(OPEN), line).expect("written");
    let ended = Progress::of(&desk.journal().recorded()).expect("opened");
    assert!(matches!(prepare(&Request { progress: Some(&ended), ..later }), Err(Refusal::Resolved(_))));
}

#[test]
fn troubleshooting_is_owed_where_it_cannot_wait_and_the_pager_is_for_what_cannot() {
    let desk = Desk::new();
    let untried = case_with(|text| {
        let text = text.replace("major-function", "degraded").replace("scope =", "workaround = \"use cash\"\nscope =");
        text.lines()
            .filter(|l| !l.starts_with("tried") && !l.starts_with("escalation_reason"))
            .collect::<Vec<_>>()
            .join("\n")
    });
    let refused = prepare(&desk.request(&untried)).expect_err("neither tried nor urgent");
    assert_eq!(missing_ids(&refused), ["attempts", "escalation-reason"]);
    let urgent = Request { time_critical: Some("an audit ends today"), ..desk.request(&untried) };
    let prepared = prepare(&urgent).expect("urgent");
    for told in ["time-critical: an audit ends today", "Troubleshooting not completed, time-critical"] {
        assert!(prepared.ticket.body.contains(told), "lacks {told}:\n{}", prepared.ticket.body);
    }
    desk.carry_out(&prepared, &desk.outbox()).expect("carried out");
    assert!(desk.journal().has(&Event::new("escalation-opened").with("time_critical", "an audit ends today")));
    let paged = prepare(&Request { page: true, now: at(SUNDAY), ..urgent }).expect_err("SEV3 is no page");
    match paged {
        Refusal::PageNotAllowed { severity: Severity::Sev3, due, opens } => {
            assert!(
                due.contains("2026-11-24") && opens.is_some_and(|opens| opens.contains("Mon 2026-11-23 09:00")),
                "{due}"
            );
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_bundle_that_comes_later_is_attached_to_the_ticket_that_is_there() {
    let desk = Desk::new();
    let case = case();
    let request = Request { bundle: None, override_checklist: Some("the bundle follows"), ..desk.request(&case) };
    let handed = desk.carry_out(&prepare(&request).expect("ready"), &desk.outbox()).expect("carried out");
    let (system, clock) = (desk.outbox(), || at(OPEN));
    for _ in 0..2 {
        let mut journal = desk.journal();
        let way = Way { system: &system, store: None, addressees: &[], journal: &mut journal, clock: &clock };
        let later = attach_later(&case.case_id, &handed.ticket, &desk.bundle, way).expect("attached");
        assert!(matches!(later.brought, Brought::Attached(at) if at.digest == desk.bundle.file_digest));
    }
    let names: Vec<String> = desk.at_ticket().into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"a.casefile.zip".to_owned()) && names.len() == 6, "{names:?}");
}
