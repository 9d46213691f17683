//! The first line of a case in its journal: who decided what, and all that is needed later to know what is due. No contact and
//! no account: a journal is exported and kept.

use super::Prepared;
use crate::deliver::journal::Event;
use crate::escalate::callout::Levels;
use crate::escalate::plain_text::one_line;
use crate::escalate::{Policy, Targets};
use crate::model::{Case, Severity};

/// Longest name in the journal.
const NAME: usize = 80;

/// Longest reason in the journal.
const REASON: usize = 400;

/// What the journal keeps of case and policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    service: Option<String>,
    calendar: String,
    customer_zone: Option<String>,
    channel: Option<&'static str>,
    policy_digest: Option<String>,
    next_level_after: Option<u16>,
    update_every: Option<u16>,
}

impl Facts {
    /// Those of `case` under `policy` at `severity`.
    #[must_use]
    pub fn of(case: &Case, policy: &Policy, severity: Severity) -> Self {
        let level = policy.level(severity);
        let name = |fact: &Option<crate::model::case::Fact<String>>| fact.as_ref().map(|f| one_line(&f.value, NAME));
        Self {
            service: name(&case.service),
            calendar: policy.calendar_of(case).0.to_owned(),
            customer_zone: name(&case.customer_zone),
            channel: case.preferred_channel.as_ref().map(|f| channel(&f.value)),
            policy_digest: policy.digest.map(|digest| digest.to_string()),
            next_level_after: level.next_level_after.map(Into::into),
            update_every: level.update_every.map(Into::into),
        }
    }
}

impl Facts {
    /// Whether the customer hears from us again and again.
    #[must_use]
    pub fn updates(&self) -> bool {
        self.update_every.is_some()
    }
}

/// The kind of a channel; the answer itself may hold an address.
fn channel(given: &str) -> &'static str {
    let given = given.to_lowercase();
    let kinds = [
        ("phone", "phone"),
        ("call", "phone"),
        ("mail", "e-mail"),
        ("chat", "chat"),
        ("slack", "chat"),
        ("teams", "chat"),
        ("ticket", "ticket"),
        ("portal", "ticket"),
    ];
    kinds.into_iter().find(|(word, _)| given.contains(word)).map_or("other", |(_, kind)| kind)
}

/// Adds what is due when and who is called when: the same for a case that is opened and for one whose level changes.
fn with_clocks(mut event: Event, facts: &Facts, targets: &Targets, levels: &Levels) -> Event {
    event = event.with("clock_from", targets.from);
    for (clock, due) in [("escalate", &targets.escalate), ("respond", &targets.respond)] {
        if let Some(due) = due {
            event = event.with(&format!("{clock}_by"), due.at).with(&format!("{clock}_counted"), &due.counted);
        }
    }
    if !levels.targets.is_empty() {
        event = event.with("levels", levels.to_text());
    }
    for (name, minutes) in
        [("next_level_after_minutes", facts.next_level_after), ("update_every_minutes", facts.update_every)]
    {
        if let Some(minutes) = minutes {
            event = event.with(name, minutes);
        }
    }
    let optional = [("policy_digest", facts.policy_digest.as_deref()), ("calendar", Some(facts.calendar.as_str()))];
    for (name, value) in optional {
        if let Some(value) = value {
            event = event.with(name, value);
        }
    }
    event
}

impl Prepared {
    /// What makes this escalation the one that it is: the same command again has the same, at whatever time.
    pub(super) fn identity(&self) -> Event {
        let decided = &self.decided;
        let mut event = Event::new("escalation-opened")
            .with("severity", decided.severity)
            .with("severity_by_facts", decided.by_facts.severity)
            .with("queue", &self.ticket.queue);
        let optional = [
            ("severity_override_reason", decided.override_reason.as_ref()),
            ("checklist_override_reason", self.override_checklist.as_ref()),
            ("time_critical", self.time_critical.as_ref()),
        ];
        for (fact, value) in optional {
            if let Some(value) = value {
                event = event.with_text(fact, value, REASON);
            }
        }
        if let Some(bundle) = &self.bundle {
            event = event
                .with("bundle_digest", bundle.bundle_digest)
                .with("file_digest", bundle.file_digest)
                .with_text("file", &bundle.file_name, NAME);
        }
        event
    }

    /// The whole line.
    pub(super) fn opened(&self) -> Event {
        let owed: Vec<&str> = self.evaluation.missing().map(|item| item.id.as_str()).collect();
        let mut event = with_clocks(self.identity(), &self.facts, &self.targets, &self.levels)
            .with_text("severity_because", &self.decided.by_facts.reason, REASON)
            .with("owed", owed.join(" "));
        let optional = [
            ("service", self.facts.service.as_deref()),
            ("customer_zone", self.facts.customer_zone.as_deref()),
            ("channel", self.facts.channel),
        ];
        for (fact, value) in optional {
            if let Some(value) = value {
                event = event.with_text(fact, value, NAME);
            }
        }
        event.by_agent(self.agent.as_deref(), NAME)
    }
}

/// The line that says that the level changed: with the same facts as the first, for the new level.
#[must_use]
pub fn change_event(
    case: &Case,
    policy: &Policy,
    severity: Severity,
    targets: &Targets,
    levels: &Levels,
    reason: Option<&str>,
    agent: Option<&str>,
) -> Event {
    let facts = Facts::of(case, policy, severity);
    let mut event = with_clocks(Event::new("severity-changed").with("severity", severity), &facts, targets, levels);
    if let Some(reason) = reason {
        event = event.with_text("reason", reason, REASON);
    }
    event.by_agent(agent, NAME)
}
