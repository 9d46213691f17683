//! Telling, asking and ending, with far sides that fail, that merge, and that do not.

use std::cell::{Cell, RefCell};

use super::*;
use crate::checklist::fixture::at;
use crate::deliver::notifiers::{Acknowledgement, Receipt};
use crate::model::{CaseId, Severity};

/// A far side that writes down what reaches it.
pub(crate) struct TestNotifier {
    pub(crate) merges: bool,
    /// Why it fails, while it does.
    pub(crate) fails: Cell<Option<bool>>,
    pub(crate) got: RefCell<Vec<Notice>>,
    pub(crate) taken: RefCell<Option<Acknowledgement>>,
    pub(crate) ended: RefCell<Vec<String>>,
}

impl TestNotifier {
    pub(crate) fn new(merges: bool) -> Self {
        let (got, ended) = (RefCell::default(), RefCell::default());
        Self { merges, fails: Cell::new(None), got, taken: RefCell::new(None), ended }
    }

    /// How many people-visible alerts there are: a far side that merges shows one a key.
    pub(crate) fn alerts(&self) -> usize {
        let mut keys: Vec<String> = self.got.borrow().iter().map(|notice| notice.key.clone()).collect();
        if self.merges {
            keys.sort();
            keys.dedup();
        }
        keys.len()
    }
}

impl Notifier for TestNotifier {
    fn merges(&self) -> bool {
        self.merges
    }

    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError> {
        match self.fails.get() {
            None => {
                self.got.borrow_mut().push(notice.clone());
                Ok(Receipt { id: None })
            }
            Some(arrived) => {
                if arrived {
                    self.got.borrow_mut().push(notice.clone());
                }
                let (host, problem) = ("chat.example".to_owned(), "the line went dead".to_owned());
                let error =
                    if arrived { HttpError::NoAnswer { host, problem } } else { HttpError::NotSent { host, problem } };
                Err(error.into())
            }
        }
    }

    fn acknowledgement(&self, _: &str) -> Result<Option<Acknowledgement>, DeliverError> {
        Ok(self.taken.borrow().clone())
    }

    fn resolve(&self, key: &str, _: &str) -> Result<(), DeliverError> {
        match self.fails.get() {
            Some(_) => {
                let (host, problem) = ("chat.example".to_owned(), "down".to_owned());
                Err(HttpError::NotSent { host, problem }.into())
            }
            None => {
                self.ended.borrow_mut().push(key.to_owned());
                Ok(())
            }
        }
    }
}

/// A notice to `target` at `level`.
pub(crate) fn notice(target: &str, level: usize) -> Notice {
    let case_id = CaseId::parse("c-7fk2m9q4xa").expect("an id");
    Notice {
        key: format!("{case_id}/{target}/{level}"),
        case_id,
        severity: Severity::Sev1,
        service: Some("payments".to_owned()),
        summary: "SEV1 payments: cashiers cannot take card payments".to_owned(),
        details: Vec::new(),
        link: None,
    }
}

/// `target` at level 1, over `notifier`.
pub(crate) fn addressee<'a>(target: &str, notifier: &'a TestNotifier) -> Addressee<'a> {
    Addressee { target: target.to_owned(), level: 1, notifier: Ok(notifier), notice: notice(target, 1) }
}

fn now() -> Timestamp {
    at("2026-11-22T02:09:00Z")
}

/// A journal of an opened case.
fn journal(dir: &tempfile::TempDir) -> Journal {
    let id = CaseId::parse("c-7fk2m9q4xa").expect("an id");
    let mut journal = Journal::open(dir.path(), &id).expect("opens");
    if journal.head().seq == 0 {
        journal.append(now(), Event::new("escalation-opened").with("severity", "SEV1")).expect("written");
    }
    journal
}

const TICKET: Ticket<'static> = Ticket::At("https://rt.example/7");

#[test]
fn what_was_sent_is_not_sent_again_and_a_link_follows_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut journal, chat) = (journal(&dir), TestNotifier::new(false));
    let to = [addressee("chat", &chat)];
    for (ticket, outcome, sent) in [
        (Ticket::None, Outcome::Sent, 1),
        (Ticket::None, Outcome::WasSent, 1),
        (TICKET, Outcome::Sent, 2),
        (TICKET, Outcome::WasSent, 2),
        // A path of this machine is no link, so there is no news in it.
        (Ticket::At("/home/sam/t.md"), Outcome::WasSent, 2),
    ] {
        let told = tell_all(&to, ticket, &mut journal, &now).expect("journaled");
        assert_eq!((&told[0].outcome, told[0].may_be_twice, chat.got.borrow().len()), (&outcome, false, sent));
    }
    let links: Vec<Option<String>> = chat.got.borrow().iter().map(|notice| notice.link.clone()).collect();
    assert_eq!(links, [None, Some("https://rt.example/7".to_owned())]);
}

#[test]
fn a_failure_is_an_outcome_and_an_answer_that_was_lost_makes_the_next_one_perhaps_a_second() {
    for (merges, arrived, twice) in [(false, false, false), (false, true, true), (true, true, false)] {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut journal, far) = (journal(&dir), TestNotifier::new(merges));
        let to = [addressee("far", &far)];
        far.fails.set(Some(arrived));
        let failed = tell_all(&to, TICKET, &mut journal, &now).expect("journaled");
        assert!(matches!(&failed[0].outcome, Outcome::Failed(cause) if cause.contains("went dead")), "{failed:?}");
        far.fails.set(None);
        let told = tell_all(&to, TICKET, &mut journal, &now).expect("journaled");
        assert_eq!((&told[0].outcome, told[0].may_be_twice), (&Outcome::Sent, twice));
        let again = tell_all(&to, TICKET, &mut journal, &now).expect("journaled");
        assert_eq!((&again[0].outcome, again[0].may_be_twice), (&Outcome::WasSent, twice), "it stays known");
    }
}

#[test]
fn a_target_without_a_way_fails_with_its_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut journal = journal(&dir);
    let to = Addressee {
        target: "chat".to_owned(),
        level: 1,
        notifier: Err("the variable CHAT is not set".to_owned()),
        notice: notice("chat", 1),
    };
    let told = tell(&to, TICKET, &mut journal, &now).expect("journaled");
    assert_eq!(told.outcome, Outcome::Failed("the variable CHAT is not set".to_owned()));
}

#[test]
fn stopped_after_any_line_of_the_journal_a_second_run_tells_each_once_or_says_that_it_may_be_twice() {
    for stop_after in 0..=6 {
        let dir = tempfile::tempdir().expect("a folder");
        let (pager, chat) = (TestNotifier::new(true), TestNotifier::new(false));
        let to = [addressee("pager", &pager), addressee("chat", &chat)];
        let lines = Cell::new(0);
        let clock = || {
            // The clock is asked before each line: to panic here is to be killed after the line before.
            assert!(lines.replace(lines.get() + 1) < stop_after, "killed");
            now()
        };
        let mut first = journal(&dir);
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tell_all(&to, TICKET, &mut first, &clock).expect("journaled")
        }));
        assert_eq!(killed.is_err(), stop_after < 4, "{stop_after}");
        drop(first);
        let told = tell_all(&to, TICKET, &mut journal(&dir), &now).expect("journaled");
        assert!(told.iter().all(Told::reached));
        assert_eq!(pager.alerts(), 1, "{stop_after}: the pager merges");
        let twice = chat.alerts() == 2;
        assert!(chat.alerts() <= 2 && (!twice || told[1].may_be_twice), "{stop_after}: {told:?}");
    }
}

#[test]
fn an_acknowledgement_at_the_far_side_is_recorded_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut journal, pager) = (journal(&dir), TestNotifier::new(true));
    tell_all(&[addressee("pager", &pager)], TICKET, &mut journal, &now).expect("journaled");
    let ways: [(String, &dyn Notifier); 1] = [("pager".to_owned(), &pager)];
    assert!(ask(&ways, &mut journal, &now).expect("asked").is_empty());
    let progress = |journal: &Journal| Progress::of(&journal.recorded()).expect("opened");
    assert_eq!(progress(&journal).has_it(), None);
    let taken =
        Acknowledgement { by: "Kim Lee".to_owned(), at: at("2026-11-22T02:12:00Z"), way: "pagerduty".to_owned() };
    *pager.taken.borrow_mut() = Some(taken);
    for _ in 0..2 {
        ask(&ways, &mut journal, &now).expect("asked");
    }
    let progress = progress(&journal);
    let taken = progress.has_it().expect("somebody");
    assert_eq!((taken.by.as_str(), taken.way.as_str(), progress.taken.len()), ("Kim Lee", "pagerduty", 1));
}

#[test]
fn every_page_is_ended_once_and_one_that_cannot_be_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut journal, pager, chat) = (journal(&dir), TestNotifier::new(true), TestNotifier::new(false));
    tell_all(&[addressee("pager", &pager), addressee("chat", &chat)], TICKET, &mut journal, &now).expect("journaled");
    let ways: [(String, &dyn Notifier); 2] = [("pager".to_owned(), &pager), ("chat".to_owned(), &chat)];
    pager.fails.set(Some(false));
    let open = end(&ways, "rolled back", &mut journal, &now).expect("journaled");
    assert!(open.len() == 1 && open[0].0 == "pager", "{open:?}");
    pager.fails.set(None);
    assert!(end(&ways, "rolled back", &mut journal, &now).expect("journaled").is_empty());
    assert_eq!((pager.ended.borrow().len(), chat.ended.borrow().len()), (1, 1));
    assert!(end(&[], "rolled back", &mut journal, &now).expect("nothing is left to end").is_empty());
}
