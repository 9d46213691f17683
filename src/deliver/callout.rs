//! Telling people, one target after the other, each journaled before and after. After a stop anywhere the same call goes on: what
//! was sent is not sent again; where a stop left open whether it was, it is sent again, because a page too many wakes somebody
//! and a page too few wakes nobody. If the far side does not merge, that is recorded as "may be twice".

use jiff::Timestamp;

use super::DeliverError;
use super::http::HttpError;
use super::journal::{Event, Journal, JournalError};
use super::notifiers::{Acknowledgement, Notifier};
use crate::escalate::free_text::clean_line;
use crate::escalate::notice::Notice;
use crate::escalate::progress::{NoticeProgress, Progress, people};

/// Longest cause of a failure in the journal.
const CAUSE: usize = 300;

/// A target and what it is told.
#[derive(Clone)]
pub struct Addressee<'a> {
    /// The target's name in the policy.
    pub target: String,
    /// Its level, from 1.
    pub level: usize,
    /// The way to it; the error where there is none, such as a secret that cannot be read.
    pub notifier: Result<&'a dyn Notifier, String>,
    /// The notice, without its link.
    pub notice: Notice,
}

/// What became of one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The target's name in the policy.
    pub target: String,
    /// Its level.
    pub level: usize,
    /// How it went.
    pub outcome: Outcome,
    /// Whether it may have reached people twice.
    pub may_be_twice: bool,
    /// Where a copy was put, where it could not be sent.
    pub kept: Option<String>,
}

/// How a notice went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It went out now.
    Sent,
    /// It had gone out before.
    WasSent,
    /// It did not go out, for this reason.
    Failed(String),
}

impl Told {
    /// Whether the target has been told, now or before.
    #[must_use]
    pub fn reached(&self) -> bool {
        !matches!(self.outcome, Outcome::Failed(_))
    }
}

/// Where the ticket is, as a notice tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticket<'a> {
    /// There is none yet.
    None,
    /// There is one, here. A path on this machine is of no use to others and is left out.
    At(&'a str),
}

/// Tells one target, unless it was told the same before. Only the journal can stop this: a far side that fails is an outcome.
pub fn tell(
    addressee: &Addressee<'_>,
    ticket: Ticket<'_>,
    journal: &mut Journal,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Told, JournalError> {
    let Addressee { target, level, notifier, notice } = addressee;
    let notice = Notice { link: link(ticket), ..notice.clone() };
    let with_ticket = if notice.link.is_some() { "yes" } else { "no" };
    // A level that was raised, lowered and raised again is told again.
    let changes = journal.count("severity-changed");
    let event = |name: &str| {
        Event::new(name)
            .with("key", &notice.key)
            .with("changes", changes)
            .with("severity", notice.severity)
            .with("ticket", with_ticket)
            .with("target", target)
            .with("level", level)
    };
    let told =
        |outcome, may_be_twice| Told { target: target.clone(), level: *level, outcome, may_be_twice, kept: None };
    if journal.has(&event("notice-sent")) {
        return Ok(told(Outcome::WasSent, journal.has(&event("notice-intent").with("may_be_twice", "yes"))));
    }
    let notifier = match notifier {
        Ok(notifier) => *notifier,
        Err(problem) => {
            let cause = clean_line(problem, CAUSE);
            journal.append(clock(), event("notice-failed").with("cause", &cause))?;
            return Ok(told(Outcome::Failed(cause), false));
        }
    };
    let last = journal.last_of(&["notice-intent", "notice-failed"], &event(""));
    let open = last == Some("notice-intent") || journal.has(&event("notice-failed").with("outcome", "unknown"));
    let may_be_twice = open && !notifier.merges();
    let mut intent = event("notice-intent");
    if may_be_twice {
        intent = intent.with("may_be_twice", "yes");
    }
    journal.append(clock(), intent)?;
    // What is left of the level before is ended before the new one counts as sent, so that a stop between them is made good.
    let sent = notifier
        .send(&notice)
        .and_then(|receipt| if changes > 0 { notifier.supersede(&notice).map(|()| receipt) } else { Ok(receipt) });
    match sent {
        Ok(receipt) => {
            let mut sent = event("notice-sent");
            if let Some(id) = receipt.id {
                sent = sent.with_text("id", &id, CAUSE);
            }
            journal.append(clock(), sent)?;
            Ok(told(Outcome::Sent, may_be_twice))
        }
        Err(e) => {
            let cause = clean_line(&e.to_string(), CAUSE);
            let mut failed = event("notice-failed").with("cause", &cause);
            if may_have_arrived(&e) {
                failed = failed.with("outcome", "unknown");
            }
            journal.append(clock(), failed)?;
            Ok(Told { kept: notifier.kept(), ..told(Outcome::Failed(cause), may_be_twice) })
        }
    }
}

/// Tells all of them.
pub fn tell_all(
    addressees: &[Addressee<'_>],
    ticket: Ticket<'_>,
    journal: &mut Journal,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Vec<Told>, JournalError> {
    addressees.iter().map(|addressee| tell(addressee, ticket, journal, clock)).collect()
}

/// Asks every far side that was told whether somebody has taken the case over, and records who has. The word of one of the
/// `agents`, or of a program, does not count. Those that gave no answer that counts are returned with the reason.
pub fn ask(
    ways: &[(String, &dyn Notifier)],
    agents: &[&str],
    journal: &mut Journal,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Vec<(String, String)>, JournalError> {
    let mut silent = Vec::new();
    let Some(progress) = Progress::of(&journal.recorded()) else { return Ok(silent) };
    for (notice, notifier) in sent_with(&progress, ways) {
        match notifier.acknowledgement(&notice.key) {
            Ok(Some(found)) => {
                let refused = taken(&found, &notice.key, agents, journal, clock)?;
                silent.extend(refused.map(|why| (notice.target.clone(), why)));
            }
            Ok(None) => {}
            Err(e) => silent.push((notice.target.clone(), clean_line(&e.to_string(), CAUSE))),
        }
    }
    Ok(silent)
}

/// Records that somebody has the case, as the far side of `key` says, unless that is known. Returns why it does not count.
pub fn taken(
    found: &Acknowledgement,
    key: &str,
    agents: &[&str],
    journal: &mut Journal,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Option<String>, JournalError> {
    if let Err(why) = people::counts(&found.by, &found.way, agents) {
        return Ok(Some(clean_line(&why.to_string(), CAUSE)));
    }
    let facts = Event::new("acknowledged")
        .with_person("by", &found.by, CAUSE)
        .with_text("way", &found.way, CAUSE)
        .with("acknowledged_at", found.at)
        .with("key", key);
    // An answer from before the level was raised is known already and answers nothing now.
    if !journal.has(&facts) {
        journal.append(clock(), facts)?;
    }
    Ok(None)
}

/// Ends every notice that was sent, at those far sides that keep it open. Returns those that could not be ended, with the reason.
pub fn end(
    ways: &[(String, &dyn Notifier)],
    text: &str,
    journal: &mut Journal,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Vec<(String, String)>, JournalError> {
    let mut open = Vec::new();
    let Some(progress) = Progress::of(&journal.recorded()) else { return Ok(open) };
    for notice in progress.notices.iter().filter(|notice| notice.first_sent.is_some() && !notice.ended) {
        let Some((_, notifier)) = ways.iter().find(|(name, _)| *name == notice.target) else {
            open.push((notice.target.clone(), "the policy has no such target any more".to_owned()));
            continue;
        };
        let event = |name: &str| Event::new(name).with("key", &notice.key).with("target", &notice.target);
        let may_be_twice = !notifier.merges()
            && journal.last_of(&["notice-end-intent", "notice-end-failed"], &event("")) == Some("notice-end-intent");
        let intent = event("notice-end-intent");
        journal.append(clock(), if may_be_twice { intent.with("may_be_twice", "yes") } else { intent })?;
        match notifier.resolve(&notice.key, text) {
            Ok(()) => drop(journal.append(clock(), event("notice-ended"))?),
            Err(e) => {
                let cause = clean_line(&e.to_string(), CAUSE);
                journal.append(clock(), event("notice-end-failed").with("cause", &cause))?;
                open.push((notice.target.clone(), cause));
            }
        }
    }
    Ok(open)
}

fn sent_with<'a>(
    progress: &'a Progress,
    ways: &'a [(String, &'a dyn Notifier)],
) -> impl Iterator<Item = (&'a NoticeProgress, &'a dyn Notifier)> {
    let sent = progress.notices.iter().filter(|notice| notice.first_sent.is_some());
    sent.filter_map(|notice| Some((notice, ways.iter().find(|(name, _)| *name == notice.target)?.1)))
}

fn link(ticket: Ticket<'_>) -> Option<String> {
    match ticket {
        Ticket::At(location) if location.starts_with("https://") || location.starts_with("http://") => {
            Some(location.to_owned())
        }
        _ => None,
    }
}

/// Whether the far side may have taken what was sent, although no answer came.
fn may_have_arrived(e: &DeliverError) -> bool {
    matches!(e, DeliverError::Http(HttpError::NoAnswer { .. } | HttpError::Unreadable { .. }))
}

#[cfg(test)]
#[path = "callout_tests.rs"]
pub(crate) mod tests;
