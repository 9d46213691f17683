//! From the lines of a journal to [`Progress`].

use jiff::{SignedDuration, Timestamp};

use super::{
    Breach, BundleAt, Deadline, Levels, Progress, Recorded, Resolved, SeverityChange, Taken, TicketAt, access, notices,
};
use crate::model::Severity;

/// See [`Progress::of`].
pub(super) fn fold(lines: &[Recorded]) -> Option<Progress> {
    let opened = lines.iter().position(|line| line.event == "escalation-opened")?;
    let mut progress = opening(&lines[opened])?;
    for line in &lines[opened + 1..] {
        progress.note(line);
    }
    Some(progress)
}

fn fact(line: &Recorded, name: &str) -> Option<String> {
    line.facts.get(name).filter(|value| !value.is_empty()).cloned()
}

fn moment(line: &Recorded, name: &str) -> Option<Timestamp> {
    line.facts.get(name)?.parse().ok()
}

fn minutes(line: &Recorded, name: &str) -> Option<SignedDuration> {
    let minutes: u32 = line.facts.get(name)?.parse().ok()?;
    (minutes > 0).then(|| SignedDuration::from_mins(i64::from(minutes)))
}

fn deadline(line: &Recorded, clock: &str) -> Option<Deadline> {
    let at = moment(line, &format!("{clock}_by"))?;
    Some(Deadline { at, counted: fact(line, &format!("{clock}_counted")).unwrap_or_default() })
}

fn levels(line: &Recorded) -> Levels {
    Levels::from_text(&fact(line, "levels").unwrap_or_default(), minutes(line, "next_level_after_minutes"))
}

fn opening(line: &Recorded) -> Option<Progress> {
    let severity = Severity::parse(line.facts.get("severity")?)?;
    Some(Progress {
        opened_at: line.at,
        opened_by: fact(line, "agent"),
        severity,
        by_facts: line.facts.get("severity_by_facts").and_then(|text| Severity::parse(text)),
        service: fact(line, "service"),
        title: fact(line, "title"),
        calendar: fact(line, "calendar"),
        policy_digest: fact(line, "policy_digest"),
        channel: fact(line, "channel"),
        customer_zone: fact(line, "customer_zone"),
        clock_from: moment(line, "clock_from").unwrap_or(line.at),
        escalate_by: deadline(line, "escalate"),
        respond_by: deadline(line, "respond"),
        update_every: minutes(line, "update_every_minutes"),
        levels: levels(line),
        ticket: None,
        bundle: bundle(line),
        owed: fact(line, "owed").map(|owed| owed.split(' ').map(str::to_owned).collect()).unwrap_or_default(),
        notices: Vec::new(),
        taken: Vec::new(),
        customer_updates: Vec::new(),
        changes: Vec::new(),
        breaches: Vec::new(),
        accesses: Vec::new(),
        resolved: None,
        resolving: false,
        taken_at: None,
        level_since: line.at,
    })
}

/// A bundle that goes with the case but is not there yet.
fn bundle(line: &Recorded) -> Option<BundleAt> {
    let (file, file_digest) = (fact(line, "file").unwrap_or_default(), fact(line, "file_digest")?);
    Some(BundleAt { file, file_digest, attached_at: None, failed: None, url: None })
}

impl Progress {
    fn note(&mut self, line: &Recorded) {
        notices::note(&mut self.notices, line);
        access::note(&mut self.accesses, line);
        match line.event.as_str() {
            "escalation-opened" => {
                // The same case, opened again with a bundle that was not there before. Its clocks stay.
                if let Some(found) = bundle(line).filter(|found| !self.is_bundle(&found.file_digest)) {
                    self.bundle = Some(found);
                }
            }
            "ticket-intent" if self.title.is_none() => self.title = fact(line, "title"),
            "ticket-done" if self.ticket.is_none() => self.note_ticket(line),
            "attach-intent" | "attach-done" | "attach-failed" | "upload-intent" | "upload-failed" | "link-done" => {
                self.note_bundle(line);
            }
            "acknowledged" => self.note_taken(line),
            "customer-updated" => self.customer_updates.push(line.at),
            "severity-changed" => self.note_change(line),
            "resolve-intent" => self.resolving = true,
            "resolved" if self.resolved.is_none() => {
                self.resolving = false;
                self.missed_response(line.at);
                let text = fact(line, "text").unwrap_or_default();
                self.resolved = Some(Resolved { at: line.at, text, by: fact(line, "agent") });
            }
            _ => {}
        }
    }

    fn is_bundle(&self, file_digest: &str) -> bool {
        self.bundle.as_ref().is_some_and(|bundle| bundle.file_digest == file_digest)
    }

    /// The ticket was due before `at`, when it was made or the clock ended.
    fn missed_handover(&mut self, at: Timestamp) {
        if self.ticket.is_some() {
            return;
        }
        if let Some(due) = self.escalate_by.as_ref().filter(|due| at > due.at) {
            let by = Some(at.duration_since(due.at));
            self.breaches.push(Breach { clock: "escalate", severity: self.severity, due: due.at, by });
        }
    }

    fn note_ticket(&mut self, line: &Recorded) {
        self.missed_handover(line.at);
        self.ticket = Some(TicketAt {
            system: fact(line, "system").unwrap_or_default(),
            id: fact(line, "id").unwrap_or_default(),
            location: fact(line, "location").unwrap_or_default(),
            made_at: line.at,
        });
    }

    fn note_bundle(&mut self, line: &Recorded) {
        let Some(file_digest) = fact(line, "file_digest") else { return };
        if !self.is_bundle(&file_digest) {
            self.bundle =
                Some(BundleAt { file: String::new(), file_digest, attached_at: None, failed: None, url: None });
        }
        let Some(bundle) = &mut self.bundle else { return };
        if let Some(file) = fact(line, "file") {
            bundle.file = file;
        }
        match line.event.as_str() {
            "attach-done" => (bundle.attached_at, bundle.failed, bundle.url) = (Some(line.at), None, None),
            "link-done" => (bundle.attached_at, bundle.failed, bundle.url) = (Some(line.at), None, fact(line, "url")),
            "upload-intent" => (bundle.attached_at, bundle.failed) = (None, None),
            "attach-failed" | "upload-failed" => (bundle.attached_at, bundle.failed) = (None, fact(line, "cause")),
            _ => {}
        }
    }

    fn note_taken(&mut self, line: &Recorded) {
        let Some(by) = fact(line, "by") else { return };
        let at = moment(line, "acknowledged_at").unwrap_or(line.at);
        // Who answered before the level was raised has not answered the higher one, however late we hear of it.
        let raised = self.changes.iter().rev().find(|change| change.to < change.from);
        if self.taken_at.is_none() && raised.is_none_or(|change| at >= change.at) {
            self.missed_response(at);
            self.taken_at = Some(at);
        }
        self.taken.push(Taken { by, at, way: fact(line, "way").unwrap_or_default(), said_by: fact(line, "said_by") });
    }

    /// The answer was due before `at`, when it came or the clock ended.
    fn missed_response(&mut self, at: Timestamp) {
        if self.taken_at.is_some() {
            return;
        }
        if let Some(due) = self.respond_by.as_ref().filter(|due| at > due.at) {
            let by = Some(at.duration_since(due.at));
            self.breaches.push(Breach { clock: "respond", severity: self.severity, due: due.at, by });
        }
    }

    fn note_change(&mut self, line: &Recorded) {
        let Some(to) = line.facts.get("severity").and_then(|text| Severity::parse(text)) else { return };
        self.missed_response(line.at);
        self.missed_handover(line.at);
        let from = self.severity;
        let (reason, by) = (fact(line, "reason"), fact(line, "agent"));
        self.changes.push(SeverityChange { at: line.at, from, to, reason, by });
        self.severity = to;
        self.escalate_by = deadline(line, "escalate");
        self.respond_by = deadline(line, "respond");
        self.update_every = minutes(line, "update_every_minutes");
        self.levels = levels(line);
        self.policy_digest = fact(line, "policy_digest").or(self.policy_digest.take());
        self.level_since = line.at;
        // Who took a SEV3 has not answered a SEV1.
        if to < from {
            self.taken_at = None;
        }
    }
}
