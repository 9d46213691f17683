//! Bundles that no ticket takes: they go to the store of the policy, and the ticket gets the link.

use std::cell::Cell;
use std::path::Path;

use super::tests::{Calls, Desk, OPEN, sev1};
use super::*;
use crate::checklist::fixture::{at, case, case_with};
use crate::deliver::callout::Addressee;
use crate::deliver::callout::tests::{TestNotifier, addressee};
use crate::deliver::journal::Event;
use crate::deliver::outbox::Outbox;
use crate::deliver::uploads::{ReadBack, Stored};
use crate::deliver::{TicketState, TicketStatus, TicketSystem};
use crate::escalate::Ticket;
use crate::model::CaseId;

const PLACE: &str = "https://store.example/cases/c-7fk2m9q4xa/a.casefile.zip";

/// An outbox that takes little or damages what it takes, and a store beside it. After so many calls to either, whoever calls
/// is killed, before or after the work.
struct Far {
    outbox: Outbox,
    most: Option<u64>,
    damages: bool,
    calls: Calls,
    attached: Cell<u32>,
    stored: Cell<u32>,
    store_is_down: Cell<bool>,
}

impl Far {
    fn new(desk: &Desk, most: Option<u64>, damages: bool) -> Self {
        Self {
            outbox: desk.outbox(),
            most,
            damages,
            calls: Calls { left: Cell::new(u32::MAX), after_the_work: false },
            attached: Cell::new(0),
            stored: Cell::new(0),
            store_is_down: Cell::new(false),
        }
    }

    fn call<T>(&self, work: impl FnOnce() -> Result<T, DeliverError>) -> Result<T, DeliverError> {
        self.calls.call(work)
    }

    fn put(&self) -> Result<Stored, UploadError> {
        Ok(self.call(|| {
            if self.store_is_down.get() {
                return Err(DeliverError::Unavailable {
                    system: "store".to_owned(),
                    action: "take",
                    status: 503,
                    wait: None,
                });
            }
            let already = self.stored.replace(1) == 1;
            Ok(Stored { location: PLACE.to_owned(), size: 9, read_back: ReadBack::Equal, already })
        })?)
    }

    fn run(&self, desk: &Desk, prepared: &Prepared, addressees: &[Addressee<'_>]) -> Result<Handed, Stopped> {
        let (mut journal, clock) = (desk.journal(), || at(OPEN));
        let put = |_: &Path, _: &CaseId, _: &Sha256Digest| self.put();
        let store = Some(Store { name: "vault", put: &put });
        carry_out(prepared, Way { system: self, store, addressees, journal: &mut journal, clock: &clock })
    }
}

impl TicketSystem for Far {
    fn find(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError> {
        self.call(|| self.outbox.find(case_id))
    }
    fn create(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        self.call(|| self.outbox.create(ticket))
    }
    fn attach(&self, _: &TicketRef, _: &Path, expected: &Sha256Digest) -> Result<Attached, DeliverError> {
        self.call(|| {
            self.attached.set(self.attached.get() + 1);
            let (what, file) = ("what it keeps".to_owned(), "a.casefile.zip".to_owned());
            Err(if self.damages {
                DeliverError::DigestMismatch { what, expected: *expected, found: Sha256Digest([5; 32]) }
            } else {
                DeliverError::TooLarge { system: "desk".to_owned(), file, size: 9, most: 5 }
            })
        })
    }
    fn comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        self.call(|| self.outbox.comment(ticket, key, text))
    }
    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        Ok(self.most)
    }
    fn set_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<(), DeliverError> {
        self.outbox.set_severity(ticket, severity)
    }
    fn set_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        self.outbox.set_status(ticket, status)
    }
    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        self.outbox.state(ticket)
    }
}

/// The texts of the comments whose names begin so.
fn comments(desk: &Desk, key: &str) -> Vec<String> {
    let named = desk.at_ticket().into_iter().filter(|(name, _)| name.starts_with(&format!("comment-{key}")));
    named.map(|(_, text)| String::from_utf8(text).expect("a text")).collect()
}

fn events(desk: &Desk) -> Vec<String> {
    desk.journal().recorded().into_iter().map(|line| line.event).collect()
}

#[test]
fn a_bundle_above_the_known_limit_is_never_offered_and_goes_by_link() {
    let desk = Desk::new();
    let prepared = prepare(&desk.request(&case())).expect("ready");
    let far = Far::new(&desk, Some(5), false);
    let handed = far.run(&desk, &prepared, &[]).expect("carried out");
    assert_eq!((far.attached.get(), handed.attached.is_none(), handed.remarks.len()), (0, true, 0));
    let uploaded = handed.uploaded.expect("by link");
    assert_eq!((uploaded.upload.as_str(), uploaded.url.as_str(), uploaded.read_back), ("vault", PLACE, true));
    let link = comments(&desk, "link-");
    assert!(link.len() == 1 && link[0].contains(PLACE) && link[0].contains(&desk.bundle.file_digest.to_string()));
    let told = comments(&desk, "bundle-");
    assert!(told[0].starts_with("Uploaded and read back: a.casefile.zip, 9 bytes"), "{told:?}");
    assert!(
        desk.journal()
            .has(&Event::new("upload-intent").with("because", "a ticket takes at most 5 bytes, and it has 9"))
    );
    let once = (desk.at_ticket(), events(&desk));
    let again = far.run(&desk, &prepared, &[]).expect("nothing left to do");
    assert!(again.uploaded.is_some_and(|uploaded| uploaded.already));
    assert_eq!((desk.at_ticket(), events(&desk)), once, "a finished run adds nothing");
}

#[test]
fn a_bundle_that_the_ticket_damages_goes_by_link_once_and_the_ticket_and_a_remark_say_so() {
    let desk = Desk::new();
    let prepared = prepare(&desk.request(&case())).expect("ready");
    let far = Far::new(&desk, None, true);
    let handed = far.run(&desk, &prepared, &[]).expect("carried out");
    assert!(handed.uploaded.is_some() && handed.remarks.len() == 1, "{:?}", handed.remarks);
    assert!(comments(&desk, "damaged-")[0].starts_with("The bundle is incomplete here: a.casefile.zip was read back"));
    let again = far.run(&desk, &prepared, &[]).expect("nothing left to do");
    assert!(again.uploaded.is_some() && again.remarks.is_empty(), "it was said");
    assert_eq!(far.attached.get(), 1, "it gets no second copy to damage");
}

#[test]
fn a_store_that_is_down_is_said_in_the_ticket_and_the_same_command_goes_on() {
    let desk = Desk::new();
    let prepared = prepare(&desk.request(&case())).expect("ready");
    let far = Far::new(&desk, None, false);
    far.store_is_down.set(true);
    let stopped = far.run(&desk, &prepared, &[]).expect_err("no store");
    assert!(stopped.ticket.is_some() && matches!(*stopped.source, StepError::NotUploaded { .. }), "{stopped}");
    assert!(stopped.to_string().contains("vault") && stopped.to_string().contains("at most 5 bytes"), "{stopped}");
    assert_eq!((comments(&desk, "not-uploaded-").len(), comments(&desk, "link-").len()), (1, 0));
    far.store_is_down.set(false);
    assert!(far.run(&desk, &prepared, &[]).expect("goes on").uploaded.is_some());
    assert_eq!((far.attached.get(), comments(&desk, "link-").len()), (1, 1));
}

#[test]
fn a_sev1_pages_and_has_its_ticket_before_anything_is_uploaded() {
    let desk = Desk::new();
    let prepared = prepare(&desk.request(&case_with(|text| sev1(&text)))).expect("ready");
    let far = Far::new(&desk, Some(5), false);
    let pager = TestNotifier::new(true);
    far.run(&desk, &prepared, &[addressee("pager", &pager)]).expect("carried out");
    let events = events(&desk);
    let place = |event: &str| events.iter().position(|found| found == event).expect(event);
    assert!(
        place("notice-sent") < place("ticket-intent") && place("ticket-done") < place("upload-intent"),
        "{events:?}"
    );
    assert!(place("upload-done") < place("link-intent") && place("link-done") < place("comment-intent"), "{events:?}");
}

#[test]
fn killed_anywhere_on_the_way_to_the_store_the_same_command_leaves_one_link() {
    for (damages, after_the_work) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut kills = 0;
        loop {
            let desk = Desk::new();
            let prepared = prepare(&desk.request(&case())).expect("ready");
            let calls = Calls { left: Cell::new(kills + 1), after_the_work };
            let far = Far { calls, ..Far::new(&desk, None, damages) };
            let finished = far.run(&desk, &prepared, &[]).is_ok() && far.calls.left.get() > 0;
            far.calls.left.set(u32::MAX);
            let handed = far.run(&desk, &prepared, &[]).expect("finished");
            assert!(handed.uploaded.is_some(), "{kills}");
            assert_eq!((comments(&desk, "link-").len(), comments(&desk, "bundle-").len()), (1, 1), "{kills}");
            assert!(far.attached.get() <= 2, "{kills}");
            let again = far.run(&desk, &prepared, &[]).expect("nothing left to do");
            assert_eq!(again.head, handed.head, "a finished run adds no line ({kills})");
            if finished {
                break;
            }
            kills += 1;
        }
        assert!(kills >= 6, "{kills} calls");
    }
}
