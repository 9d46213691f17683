//! Additional access to a customer's system: who asked for what and why, who allowed it, from when to when, and whether it
//! has ended. It is a record of what people say, not an authorisation: nothing here opens or closes a door.

use jiff::{SignedDuration, Timestamp};

use super::{Progress, Recorded};

/// One request for access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Its number within the case, from 1.
    pub id: u32,
    /// Who wants it.
    pub who: String,
    /// What for: a shell, a database, a screen session.
    pub what: String,
    /// Why.
    pub why: String,
    /// For how long, from the approval on.
    pub lasts: SignedDuration,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Who approved it, and when.
    pub approved: Option<(String, Timestamp)>,
    /// Who denied it, and when.
    pub denied: Option<(String, Timestamp)>,
    /// When it was used.
    pub used: Vec<Timestamp>,
    /// Who says that it was taken back, and when.
    pub revoked: Option<(String, Timestamp)>,
}

/// Where a request stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessState {
    /// Asked for, not answered.
    Requested,
    /// The customer said no.
    Denied,
    /// Allowed and running.
    Open {
        /// When it ends.
        until: Timestamp,
    },
    /// Its time is over and nobody said that it was taken back.
    OverdueToRevoke {
        /// When it ended.
        since: Timestamp,
    },
    /// Taken back.
    Revoked,
}

impl AccessState {
    /// In words, for the screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Denied => "denied",
            Self::Open { .. } => "open",
            Self::OverdueToRevoke { .. } => "overdue to revoke",
            Self::Revoked => "revoked",
        }
    }
}

/// Why a step is refused. Nothing was recorded when this is returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessRefusal {
    /// There is no such request.
    #[error("there is no access request {0} in this case")]
    Unknown(u32),
    /// The step does not fit the state.
    #[error("access {id} is {state}, so it cannot be {step}")]
    WrongState {
        /// Which.
        id: u32,
        /// Where it stands.
        state: &'static str,
        /// What was asked.
        step: &'static str,
    },
    /// Who asks does not allow.
    #[error("`{0}` asked for the access and cannot approve it")]
    ByRequester(String),
    /// Only the customer's contact allows.
    #[error("`{0}` is not the customer's contact of this case")]
    NotTheContact(String),
    /// The time is over.
    #[error("access {id} ended at {since}")]
    Ended {
        /// Which.
        id: u32,
        /// When.
        since: Timestamp,
    },
}

impl Access {
    /// Where it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> AccessState {
        if self.revoked.is_some() {
            return AccessState::Revoked;
        }
        if self.denied.is_some() {
            return AccessState::Denied;
        }
        match self.until() {
            None => AccessState::Requested,
            Some(until) if now < until => AccessState::Open { until },
            Some(since) => AccessState::OverdueToRevoke { since },
        }
    }

    /// When it ends, where it was approved.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        let (_, approved) = self.approved.as_ref()?;
        Some(approved.checked_add(self.lasts).unwrap_or(Timestamp::MAX))
    }

    /// Whether somebody may still be inside.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        matches!(self.state(now), AccessState::Open { .. } | AccessState::OverdueToRevoke { .. })
    }

    /// Whether `by` may approve it: one of the customer's `contacts`, and not who asked.
    pub fn may_approve(&self, by: &str, contacts: &[&str], now: Timestamp) -> Result<(), AccessRefusal> {
        self.must_be(AccessState::Requested, "approved", now)?;
        if same_person(by, &self.who) {
            return Err(AccessRefusal::ByRequester(by.to_owned()));
        }
        if !contacts.iter().any(|contact| same_person(by, contact)) {
            return Err(AccessRefusal::NotTheContact(by.to_owned()));
        }
        Ok(())
    }

    /// Whether it may be denied.
    pub fn may_deny(&self, now: Timestamp) -> Result<(), AccessRefusal> {
        self.must_be(AccessState::Requested, "denied", now)
    }

    /// Whether it may be used.
    pub fn may_use(&self, now: Timestamp) -> Result<(), AccessRefusal> {
        match self.state(now) {
            AccessState::Open { .. } => Ok(()),
            AccessState::OverdueToRevoke { since } => Err(AccessRefusal::Ended { id: self.id, since }),
            state => Err(AccessRefusal::WrongState { id: self.id, state: state.word(), step: "used" }),
        }
    }

    /// Whether it may be taken back.
    pub fn may_revoke(&self, now: Timestamp) -> Result<(), AccessRefusal> {
        if self.is_open(now) {
            return Ok(());
        }
        Err(AccessRefusal::WrongState { id: self.id, state: self.state(now).word(), step: "revoked" })
    }

    fn must_be(&self, wanted: AccessState, step: &'static str, now: Timestamp) -> Result<(), AccessRefusal> {
        let state = self.state(now);
        if state == wanted {
            return Ok(());
        }
        Err(AccessRefusal::WrongState { id: self.id, state: state.word(), step })
    }
}

/// Whether two texts name one person: case and spaces do not tell people apart.
#[must_use]
pub fn same_person(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    let (one, other) = (bare(one), bare(other));
    !one.is_empty() && one == other
}

impl Progress {
    /// The access request of this number.
    pub fn access(&self, id: u32) -> Result<&Access, AccessRefusal> {
        self.accesses.iter().find(|access| access.id == id).ok_or(AccessRefusal::Unknown(id))
    }
}

/// Takes one line into account, where it is about access.
pub(super) fn note(accesses: &mut Vec<Access>, line: &Recorded) {
    let Some(step) = line.event.strip_prefix("access-") else { return };
    let fact = |name: &str| line.facts.get(name).cloned().unwrap_or_default();
    let Ok(id) = fact("access").parse::<u32>() else { return };
    if step == "requested" {
        let minutes: u32 = fact("minutes").parse().unwrap_or(0);
        accesses.push(Access {
            id,
            who: fact("who"),
            what: fact("what"),
            why: fact("why"),
            lasts: SignedDuration::from_mins(i64::from(minutes)),
            requested_at: line.at,
            approved: None,
            denied: None,
            used: Vec::new(),
            revoked: None,
        });
        return;
    }
    let Some(access) = accesses.iter_mut().find(|access| access.id == id) else { return };
    let by = (fact("by"), line.at);
    match step {
        "approved" => access.approved = Some(by),
        "denied" => access.denied = Some(by),
        "used" => access.used.push(line.at),
        "revoked" => access.revoked = Some(by),
        _ => {}
    }
}
