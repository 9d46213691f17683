//! A case on the screen and as JSON: its state in words, what is due, who has it. What is overdue says so in letters.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::told_text;
use crate::deliver::journal::Head;
use crate::escalate::Progress;
use crate::escalate::plain_text::one_line;
use crate::escalate::progress::{AccessState, Breach, DueItem, NoticeState, What};
use crate::escalate::targets::in_words;
use crate::model::CaseId;

/// Longest text of others on the screen.
const LONGEST: usize = 300;

/// A case and the moment at which somebody looks at it.
pub(super) struct Seen<'a> {
    pub case_id: &'a CaseId,
    pub progress: &'a Progress,
    pub head: Head,
    pub now: Timestamp,
    pub times: bool,
}

pub(super) fn print(seen: &Seen<'_>, to: &mut dyn Write) -> io::Result<()> {
    let Progress { severity, .. } = seen.progress;
    let progress = seen.progress;
    let mut line = |word: &str, text: &str| write_line(word, text, to);
    line("case", &format!("{}: {severity}, {}", seen.case_id, state(progress)))?;
    if let Some(title) = &progress.title {
        line("title", title)?;
    }
    let by = progress.opened_by.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
    line("opened", &format!("{}{by}", both(progress.opened_at, progress)))?;
    for change in &progress.changes {
        let reason = change.reason.as_deref().unwrap_or("no reason given");
        line("changed", &format!("{} to {} at {}: {reason}", change.from, change.to, utc(change.at)))?;
    }
    line("ticket", progress.ticket.as_ref().map_or("none yet", |ticket| ticket.location.as_str()))?;
    line("bundle", &bundle(progress))?;
    for notice in &progress.notices {
        let when = notice.last_sent.map_or_else(String::new, |at| format!(" {}", utc(at)));
        let why = match &notice.state {
            NoticeState::Failed(cause) => format!(": {cause}"),
            _ => String::new(),
        };
        let twice = if notice.may_be_twice { "; may be twice" } else { "" };
        line(
            "notice",
            &format!("{}, level {}: {}{when}{why}{twice}", notice.target, notice.level, notice.state.word()),
        )?;
    }
    match progress.has_it() {
        Some(taken) => {
            let said = taken.said_by.as_deref().map_or_else(String::new, |agent| format!(", says {agent}"));
            line("has it", &format!("{}, since {}, by {}{said}", taken.by, utc(taken.at), taken.way))?;
        }
        None if progress.resolved.is_none() => line("has it", "nobody yet")?,
        None => {}
    }
    for due in progress.due(seen.now) {
        line("due", &due_in_words(&due, seen))?;
    }
    if progress.respond_by.is_none() && progress.escalate_by.is_none() {
        line("due", &format!("no due time for {severity}"))?;
    }
    for breach in progress.breaches_at(seen.now) {
        line("missed", &breach_in_words(&breach))?;
    }
    for access in &progress.accesses {
        let until = match access.state(seen.now) {
            AccessState::Open { until } => format!(" until {}", utc(until)),
            AccessState::OverdueToRevoke { since } => format!(" since {}", utc(since)),
            _ => String::new(),
        };
        line(
            "access",
            &format!("{}: {}{until}: {} for {}", access.id, access.state(seen.now).word(), access.what, access.who),
        )?;
    }
    if let Some(end) = &progress.resolved {
        line("resolved", &format!("{}: {}", utc(end.at), end.text))?;
    }
    if seen.times {
        for step in progress.steps() {
            let after =
                step.after.map_or_else(String::new, |after| format!(", {} after the step before", exactly(after)));
            line("time", &format!("{}: {}{after}", step.name, utc(step.at)))?;
        }
    }
    write_line("journal", &format!("line {}, head {}", seen.head.seq, seen.head.hash), to)
}

/// The state in words: what a far side took is not yet seen by anybody.
pub(super) fn state(progress: &Progress) -> String {
    match progress.word() {
        word @ ("sent" | "delivered") => format!("{word}, not acknowledged"),
        "escalated" => format!("escalated to level {}, not acknowledged", progress.level_called()),
        word => word.to_owned(),
    }
}

/// `OVERDUE by 1 min: answer, was due …` or `answer in 4 min, at …`.
fn due_in_words(due: &DueItem, seen: &Seen<'_>) -> String {
    let progress = seen.progress;
    let counted = match (&due.what, &progress.respond_by, &progress.escalate_by) {
        (What::Answer, Some(deadline), _) | (What::HandOver, _, Some(deadline)) => format!(" ({})", deadline.counted),
        (What::CustomerUpdate, ..) => {
            progress.update_every.map_or_else(String::new, |every| format!(" (every {})", in_words(every)))
        }
        _ => String::new(),
    };
    let (what, at) = (due.what.in_words(), both(due.at, progress));
    match due.overdue_by {
        Some(late) => format!("OVERDUE by {}: {what}, since {at}{counted}", exactly(late)),
        None => format!("{what} in {}, at {at}{counted}", exactly(due.at.duration_since(seen.now))),
    }
}

fn breach_in_words(breach: &Breach) -> String {
    let what = if breach.clock == "respond" { "answer" } else { "hand over" };
    let by = breach.by.map_or_else(|| "goes on".to_owned(), |by| format!("by {}", exactly(by)));
    format!("{what} of {}, due {}: {by}", breach.severity, utc(breach.due))
}

fn bundle(progress: &Progress) -> String {
    match &progress.bundle {
        None => "none".to_owned(),
        Some(bundle) => {
            let state = match (&bundle.attached_at, &bundle.failed) {
                (Some(at), _) if bundle.url.is_some() => {
                    let url = bundle.url.as_deref().unwrap_or_default();
                    format!("by link {}, SHA-256 {}, {url}", utc(*at), bundle.file_digest)
                }
                (Some(at), _) => format!("attached {}, SHA-256 {}", utc(*at), bundle.file_digest),
                (None, Some(cause)) => format!("not attached: {cause}"),
                (None, None) => "upload in progress".to_owned(),
            };
            format!("{}: {state}", bundle.file)
        }
    }
}

/// Seconds below two minutes, minutes above.
pub(super) fn exactly(duration: SignedDuration) -> String {
    if duration.as_secs().abs() < 120 { format!("{} s", duration.as_secs()) } else { in_words(duration) }
}

pub(super) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// In UTC and by the customer's clock, where their zone is known.
pub(super) fn both(at: Timestamp, progress: &Progress) -> String {
    let zone = progress.customer_zone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
    let local = zone.map(|zone| at.to_zoned(zone).strftime("%a %H:%M %:z").to_string());
    local.map_or_else(|| utc(at), |local| format!("{}, {local} for the customer", utc(at)))
}

fn write_line(word: &str, text: &str, to: &mut dyn Write) -> io::Result<()> {
    told_text::line(word, &one_line(text, LONGEST), to)
}

pub(super) fn as_json(seen: &Seen<'_>) -> Value {
    let progress = seen.progress;
    let due: Vec<Value> = progress.due(seen.now).iter().map(due_json).collect();
    let notices: Vec<Value> = progress
        .notices
        .iter()
        .map(|notice| {
            let cause = match &notice.state {
                NoticeState::Failed(cause) => Some(cause),
                _ => None,
            };
            json!({
                "target": notice.target, "level": notice.level, "state": notice.state.word(), "cause": cause,
                "first_sent": time(notice.first_sent), "last_sent": time(notice.last_sent),
                "may_be_twice": notice.may_be_twice, "ended": notice.ended,
            })
        })
        .collect();
    let taken: Vec<Value> = progress
        .taken
        .iter()
        .map(|taken| json!({ "by": taken.by, "at": taken.at.to_string(), "way": taken.way, "said_by": taken.said_by }))
        .collect();
    let breaches: Vec<Value> = progress
        .breaches_at(seen.now)
        .iter()
        .map(|breach| {
            json!({
                "clock": breach.clock, "severity": breach.severity.to_string(), "due": breach.due.to_string(),
                "missed_by_seconds": breach.by.map(|by| by.as_secs()),
            })
        })
        .collect();
    let changes: Vec<Value> = progress
        .changes
        .iter()
        .map(|change| {
            json!({
                "at": change.at.to_string(), "from": change.from.to_string(), "to": change.to.to_string(),
                "reason": change.reason, "by": change.by,
            })
        })
        .collect();
    let mut document = json!({
        "schema": "casefile-status/1",
        "case_id": seen.case_id,
        "state": progress.word(),
        "severity": progress.severity.to_string(),
        "title": progress.title,
        "service": progress.service,
        "opened_at": progress.opened_at.to_string(),
        "opened_by": progress.opened_by,
        "clock_from": progress.clock_from.to_string(),
        "calendar": progress.calendar,
        "policy_digest": progress.policy_digest,
        "ticket": progress.ticket.as_ref().map(|t| json!({ "system": t.system, "location": t.location })),
        "bundle": progress.bundle.as_ref().map(|b| json!({
            "file": b.file, "file_digest": b.file_digest, "attached_at": time(b.attached_at), "failed": b.failed,
            "url": b.url,
        })),
        "owed": progress.owed,
        "notices": notices,
        "has_it": progress.has_it().map(|taken| &taken.by),
        "acknowledged": taken,
        "due": due,
        "overdue": progress.due(seen.now).iter().any(|due| due.overdue_by.is_some()),
        "breaches": breaches,
        "severity_changes": changes,
        "access": progress.accesses.iter().map(|access| super::access::as_json(access, seen.now)).collect::<Vec<_>>(),
        "resolved": progress.resolved.as_ref().map(|end| json!({ "at": end.at.to_string(), "text": end.text, "by": end.by })),
        "journal_head": seen.head,
    });
    if seen.times {
        let steps = progress.steps();
        let steps = steps.iter().map(|step| {
            json!({ "step": step.name, "at": step.at.to_string(), "after_seconds": step.after.map(|after| after.as_secs()) })
        });
        document["times"] = steps.collect();
    }
    document
}

pub(super) fn due_json(due: &DueItem) -> Value {
    json!({
        "what": due.what.in_words(),
        "at": due.at.to_string(),
        "overdue_seconds": due.overdue_by.map(|late| late.as_secs()),
    })
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}
