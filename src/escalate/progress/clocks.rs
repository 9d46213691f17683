//! What is due when, what is overdue, and how long each step of a case took.

use jiff::{SignedDuration, Timestamp};

use super::{AccessState, Breach, NoticeProgress, NoticeState, Progress};

/// Something that has to be done until a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueItem {
    /// What.
    pub what: What,
    /// Until when.
    pub at: Timestamp,
    /// By how much it is late.
    pub overdue_by: Option<SignedDuration>,
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The ticket is not made yet.
    HandOver,
    /// Somebody of engineering takes it.
    Answer,
    /// This level of people is called.
    CallLevel(usize),
    /// The customer hears from us.
    CustomerUpdate,
    /// This access is taken back.
    RevokeAccess(u32),
}

impl What {
    /// One word, for lists and for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::HandOver => "hand over",
            Self::Answer => "answer",
            Self::CallLevel(_) => "call level",
            Self::CustomerUpdate => "customer update",
            Self::RevokeAccess(_) => "revoke access",
        }
    }

    /// In words.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::CallLevel(level) => format!("call level {level}"),
            Self::RevokeAccess(id) => format!("revoke access {id}"),
            other => other.word().to_owned(),
        }
    }
}

/// A step of a case and the time from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub name: &'static str,
    /// When.
    pub at: Timestamp,
    /// Since the step before; negative where clocks were set.
    pub after: Option<SignedDuration>,
}

impl Progress {
    /// What is due, the earliest first: so that what is overdue stands on top.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<DueItem> {
        if self.resolved.is_some() {
            return Vec::new();
        }
        let mut due = Vec::new();
        if let (None, Some(deadline)) = (&self.ticket, &self.escalate_by) {
            due.push((What::HandOver, deadline.at));
        }
        if self.taken_at.is_none() {
            due.extend(self.respond_by.as_ref().map(|deadline| (What::Answer, deadline.at)));
            due.extend(self.next_call().map(|(level, at)| (What::CallLevel(level), at)));
        }
        due.extend(self.next_update().map(|at| (What::CustomerUpdate, at)));
        for access in &self.accesses {
            if let AccessState::Open { until: at } | AccessState::OverdueToRevoke { since: at } = access.state(now) {
                due.push((What::RevokeAccess(access.id), at));
            }
        }
        due.sort_by_key(|(_, at)| *at);
        let late = |at: Timestamp| (now >= at).then(|| now.duration_since(at)).filter(|late| !late.is_zero());
        due.into_iter().map(|(what, at)| DueItem { overdue_by: late(at), what, at }).collect()
    }

    /// The level that is called next and when, where nobody has taken the case over.
    #[must_use]
    pub fn next_call(&self) -> Option<(usize, Timestamp)> {
        if self.resolved.is_some() || self.taken_at.is_some() {
            return None;
        }
        let level = self.level_called() + 1;
        let answer_by = self.respond_by.as_ref().map(|due| due.at);
        let since = self.first_call().unwrap_or(self.level_since);
        Some((level, self.levels.call_time(level, since, answer_by)?))
    }

    /// Those of the levels that were called who are not known to have been told, level by level, where nobody has taken the case
    /// over.
    #[must_use]
    pub fn left_out(&self) -> Vec<(usize, Vec<String>)> {
        if self.resolved.is_some() || self.taken_at.is_some() {
            return Vec::new();
        }
        let told = |target: &str, level: usize| {
            let of = |notice: &&NoticeProgress| notice.target == target && notice.level == level;
            self.notices.iter().filter(of).any(|notice| notice.last_sent >= Some(self.level_since))
        };
        let called = self.levels.targets.iter().take(self.level_called()).enumerate();
        let left = called.map(|(n, targets)| {
            (n + 1, targets.iter().filter(|target| !told(target, n + 1)).cloned().collect::<Vec<_>>())
        });
        left.filter(|(_, targets)| !targets.is_empty()).collect()
    }

    /// When the people of the level in force were first told.
    fn first_call(&self) -> Option<Timestamp> {
        let sent = self.notices.iter().flat_map(|notice| [notice.first_sent, notice.last_sent]).flatten();
        sent.filter(|at| *at >= self.level_since).min()
    }

    /// When the customer is to hear from us next.
    #[must_use]
    pub fn next_update(&self) -> Option<Timestamp> {
        let every = self.update_every.filter(|_| self.resolved.is_none())?;
        // A level that was raised promises more from then on, not for the time before.
        let last = self.customer_updates.last().copied().unwrap_or(self.opened_at);
        let from = self.changes.last().map_or(last, |change| last.max(change.at));
        from.checked_add(every).ok()
    }

    /// The deadlines that were missed, with the one that is being missed now.
    #[must_use]
    pub fn breaches_at(&self, now: Timestamp) -> Vec<Breach> {
        let mut all = self.breaches.clone();
        if self.resolved.is_some() {
            return all;
        }
        let going_on = [
            ("escalate", self.escalate_by.as_ref().filter(|_| self.ticket.is_none())),
            ("respond", self.respond_by.as_ref().filter(|_| self.taken_at.is_none())),
        ];
        for (clock, due) in going_on {
            if let Some(due) = due.filter(|due| now > due.at) {
                all.push(Breach { clock, severity: self.severity, due: due.at, by: None });
            }
        }
        all
    }

    /// The steps of the case with the time between them.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let told = self.notices.iter().filter_map(|notice| notice.first_sent).min();
        let second = self.notices.iter().filter(|notice| notice.level > 1).filter_map(|notice| notice.first_sent).min();
        let mut steps: Vec<(&'static str, Timestamp)> = [
            ("reported", Some(self.clock_from).filter(|from| *from != self.opened_at)),
            ("opened", Some(self.opened_at)),
            ("ticket", self.ticket.as_ref().map(|ticket| ticket.made_at)),
            ("first notice sent", told),
            ("next level called", second),
            ("acknowledged", self.taken.first().map(|taken| taken.at)),
            ("bundle attached", self.bundle.as_ref().and_then(|bundle| bundle.attached_at)),
            ("first customer update", self.customer_updates.first().copied()),
            ("resolved", self.resolved.as_ref().map(|end| end.at)),
        ]
        .into_iter()
        .filter_map(|(name, at)| at.map(|at| (name, at)))
        .collect();
        steps.sort_by_key(|(_, at)| *at);
        let mut before: Option<Timestamp> = None;
        let with_times = steps.into_iter().map(|(name, at)| {
            let after = before.replace(at).map(|before| at.duration_since(before));
            Step { name, at, after }
        });
        with_times.collect()
    }

    /// Notices that are not known to have been sent.
    #[must_use]
    pub fn unsent(&self) -> bool {
        self.notices.iter().any(|n| matches!(n.state, NoticeState::Failed(_) | NoticeState::Unknown))
    }
}
