//! Holding a bundle and a case against a checklist.

use crate::model::{Case, Manifest, Severity};

use super::artifacts::{self, Found};
use super::facts;
use super::item::{Applies, Checklist, Condition, Group, Item, Needed};

/// What became of every item, in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The severity under which the items were held.
    pub severity: Severity,
    /// One result an item.
    pub items: Vec<ItemResult>,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemResult {
    /// The item's stable name.
    pub id: String,
    /// The heading under which it stands.
    pub group: Group,
    /// What it asks.
    pub question: String,
    /// Whether it is answered.
    pub state: State,
    /// What should be known although the item is met.
    pub notes: Vec<String>,
    /// When it is needed, as the list says.
    pub needed: Needed,
    /// Whether a SEV1 goes out without it.
    pub owed_at_sev1: bool,
    /// Why engineering needs it.
    pub why: String,
    /// The sentence to send to the customer.
    pub ask: String,
    /// The command, flag or key that gives it.
    pub how: String,
    /// What the customer adds to `casefile collect` for it.
    pub flags: Option<String>,
}

/// Whether an item is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is.
    Met,
    /// It is not, and the handoff needs it.
    NotMet {
        /// What is missing, in words.
        missing: String,
    },
    /// The question does not arise.
    NotApplicable {
        /// Why not.
        why: String,
    },
    /// It is not answered; the handoff goes on without.
    Advisory {
        /// What is missing, in words.
        missing: String,
    },
}

/// Holds `manifest` (none for a case without a bundle) and `case` against `list`, as `severity` demands.
#[must_use]
pub fn evaluate(list: &Checklist, manifest: Option<&Manifest>, case: &Case, severity: Severity) -> Evaluation {
    let items = list.items.iter().map(|item| result(item, manifest, case, severity)).collect();
    Evaluation { severity, items }
}

impl Evaluation {
    /// Whether nothing that is needed is missing.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.missing().next().is_none()
    }

    /// The items that stand in the way.
    pub fn missing(&self) -> impl Iterator<Item = &ItemResult> {
        self.items.iter().filter(|item| matches!(item.state, State::NotMet { .. }))
    }

    /// The same, said outside business hours: what is needed only then turns from advice into a demand.
    #[must_use]
    pub fn outside_business_hours(mut self) -> Self {
        for item in &mut self.items {
            if item.needed == Needed::OutsideBusinessHours
                && let State::Advisory { missing } = &item.state
            {
                item.state = State::NotMet { missing: missing.clone() };
            }
        }
        self
    }
}

impl ItemResult {
    /// What is missing, where something is.
    #[must_use]
    pub fn missing(&self) -> Option<&str> {
        match &self.state {
            State::NotMet { missing } | State::Advisory { missing } => Some(missing),
            State::Met | State::NotApplicable { .. } => None,
        }
    }
}

/// What a condition came to.
enum Judged {
    /// Answered, with what should be known about it.
    Met(Vec<String>),
    /// Not answered.
    Missing(String),
    /// Cannot be judged yet.
    Open(&'static str),
}

fn result(item: &Item, manifest: Option<&Manifest>, case: &Case, severity: Severity) -> ItemResult {
    let mut notes = Vec::new();
    let judged = judge(&item.met, manifest, case);
    let state = match (judged, applies(item.applies, case)) {
        // What is there counts, whether or not it had to be asked for.
        (Judged::Met(found), _) => {
            notes = found;
            State::Met
        }
        (_, Applicability::No(why)) => State::NotApplicable { why: why.to_owned() },
        (_, _) if severity > item.required_from => State::NotApplicable { why: format!("not asked for at {severity}") },
        (Judged::Open(why), _) => State::NotApplicable { why: why.to_owned() },
        (Judged::Missing(missing), Applicability::Unknown(why)) => {
            State::Advisory { missing: format!("{missing}; {why}") }
        }
        (Judged::Missing(missing), Applicability::Yes) => match item.needed {
            Needed::Always => State::NotMet { missing },
            Needed::OutsideBusinessHours => {
                State::Advisory { missing: format!("{missing}; needed outside business hours") }
            }
            Needed::AskedFor => State::Advisory { missing },
        },
    };
    ItemResult {
        id: item.id.clone(),
        group: item.group,
        question: item.question.clone(),
        state,
        notes,
        needed: item.needed,
        owed_at_sev1: item.owed_at_sev1,
        why: item.why.clone(),
        ask: item.ask.clone(),
        how: item.how.clone(),
        flags: item.flags.clone(),
    }
}

enum Applicability {
    Yes,
    No(&'static str),
    Unknown(&'static str),
}

fn applies(applies: Applies, case: &Case) -> Applicability {
    match (applies, case.browser_involved.as_ref().map(|f| f.value)) {
        (Applies::Always, _) | (Applies::BrowserInvolved, Some(true)) => Applicability::Yes,
        (Applies::BrowserInvolved, Some(false)) => Applicability::No("no browser is involved"),
        (Applies::BrowserInvolved, None) => Applicability::Unknown(
            "nobody said whether a browser is involved (case file: browser_involved = true or false)",
        ),
    }
}

fn judge(condition: &Condition, manifest: Option<&Manifest>, case: &Case) -> Judged {
    let found = |found: Found| found.map_or_else(Judged::Missing, Judged::Met);
    match condition {
        Condition::Fact(fact) => found(facts::stated(*fact, case).map(|()| Vec::new())),
        Condition::Artifacts { kind, at_least } => found(artifacts::held(manifest, kind, *at_least)),
        Condition::Attempted(kind) => found(artifacts::attempted(manifest, kind)),
        Condition::CoversIncident(kind) => artifacts::covers_incident(manifest, kind, case)
            .map_or(Judged::Open("cannot be judged without logs and the time when it began"), found),
        Condition::ReachesIncident(kind) => artifacts::reaches_incident(manifest, kind, case)
            .map_or(Judged::Open("cannot be judged without one and the time when it began"), found),
        Condition::FromCustomerSide(kind) => found(artifacts::from_customer_side(manifest, kind)),
        Condition::ClockWithin(seconds) => manifest
            .and_then(|manifest| artifacts::clock_within(&manifest.clock, *seconds))
            .map_or(Judged::Open("cannot be judged: nobody asked a time server"), found),
        Condition::All(parts) => all(parts.iter().map(|part| judge(part, manifest, case))),
        Condition::Any(parts) => any(parts.iter().map(|part| judge(part, manifest, case))),
    }
}

fn all(parts: impl Iterator<Item = Judged>) -> Judged {
    let (mut notes, mut missing, mut open) = (Vec::new(), Vec::new(), None);
    for part in parts {
        match part {
            Judged::Met(found) => notes.extend(found),
            Judged::Missing(what) => missing.push(what),
            Judged::Open(why) => open = Some(why),
        }
    }
    match (missing.is_empty(), open) {
        (false, _) => Judged::Missing(missing.join("; ")),
        (true, Some(why)) => Judged::Open(why),
        (true, None) => Judged::Met(notes),
    }
}

fn any(parts: impl Iterator<Item = Judged>) -> Judged {
    let (mut missing, mut open) = (Vec::new(), None);
    for part in parts {
        match part {
            Judged::Met(found) => return Judged::Met(found),
            Judged::Missing(what) => missing.push(what),
            Judged::Open(why) => open = Some(why),
        }
    }
    open.map_or_else(|| Judged::Missing(missing.join("; ")), Judged::Open)
}

#[cfg(test)]
#[path = "evaluation_tests.rs"]
mod tests;
