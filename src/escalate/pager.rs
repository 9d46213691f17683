//! Whether a case wakes somebody, and what `--page` does about it: somebody asks for a pager where the row of the matrix has
//! none at once.

use super::Policy;
use super::matrix::Callees;
use crate::model::Severity;

impl Policy {
    /// `callees` with a pager at once, because somebody asks for one: that of a later level, or of the row for other hours, or of
    /// the row of a SEV1. Where the policy has none, nothing changes. SEV3 and SEV4 never get one so.
    #[must_use]
    pub fn with_pager(&self, callees: Callees, service: Option<&str>, severity: Severity, open: bool) -> Callees {
        if severity > Severity::Sev2 || callees.levels.first().is_some_and(|first| self.wakes(first)) {
            return callees;
        }
        let rows = [(severity, !open), (Severity::Sev1, open), (Severity::Sev1, !open)];
        let others = rows.into_iter().flat_map(|(severity, open)| self.callees(service, severity, open).levels);
        let pagers = |level: Vec<String>| level.into_iter().filter(|name| self.is_pager(name)).collect::<Vec<_>>();
        let found = callees.levels.iter().cloned().chain(others).map(pagers).find(|pagers| !pagers.is_empty());
        let Some(pagers) = found else { return callees };
        let Callees { mut levels, reason, held_back } = callees;
        if levels.is_empty() {
            levels.push(Vec::new());
        }
        levels[0].extend(pagers);
        Callees { levels, reason: format!("{reason}, and a pager, as it was asked for"), held_back }
    }

    /// Why a case with these callees wakes nobody at once; nothing where it does.
    #[must_use]
    pub fn why_nobody_wakes(&self, callees: &Callees) -> Option<String> {
        if callees.levels.first().is_some_and(|first| self.wakes(first)) {
            return None;
        }
        let held: Vec<_> = callees.held_back.iter().filter(|(name, _)| self.is_pager(name)).collect();
        if let Some((_, why)) = held.first() {
            let names: Vec<&str> = held.iter().map(|(name, _)| name.as_str()).collect();
            return Some(format!("{why}; held back: {}", names.join(", ")));
        }
        let later = callees.levels.iter().skip(1).position(|level| self.wakes(level));
        Some(match later {
            Some(n) => format!("the first pager is on level {}", n + 2),
            None if self.notifiers.is_empty() => {
                "the policy names no notifiers, so notices are files in the outbox".to_owned()
            }
            None => "none of its targets is a pager".to_owned(),
        })
    }

    fn wakes(&self, level: &[String]) -> bool {
        level.iter().any(|name| self.is_pager(name))
    }

    /// Whether the target of this name wakes people.
    #[must_use]
    pub fn is_pager(&self, name: &str) -> bool {
        self.notifier(name).is_some_and(|target| target.is_pager())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chat room by day, a pager by night, and the head of operations later.
    fn policy() -> Policy {
        let text = "[notifiers.room]\nkind = \"slack\"\nurl = \"env:ROOM\"\n\
            [notifiers.pager]\nkind = \"pagerduty\"\nrouting_key = \"env:KEY\"\n\
            [notifiers.head]\nkind = \"alertmanager\"\naddress = \"https://a.example\"\n\
            [[matrix]]\nseverities = [\"SEV2\", \"SEV3\"]\nhours = \"open\"\nlevels = [[\"room\"]]\n\
            [[matrix]]\nseverities = [\"SEV2\", \"SEV3\"]\nhours = \"closed\"\nlevels = [[\"pager\"], [\"head\"]]\n\
            [[matrix]]\nservice = \"mail\"\nseverities = [\"SEV2\"]\nlevels = [[\"room\"], [\"head\"]]\n";
        Policy::parse("p", &(Policy::builtin_text().to_owned() + text)).expect("a policy")
    }

    fn paged(
        policy: &Policy,
        service: Option<&str>,
        severity: Severity,
        open: bool,
    ) -> (Vec<Vec<String>>, Option<String>) {
        let callees = policy.with_pager(policy.callees(service, severity, open), service, severity, open);
        let why = policy.why_nobody_wakes(&callees);
        (callees.levels, why)
    }

    #[test]
    fn a_pager_that_is_asked_for_is_that_of_a_later_level_or_of_other_hours() {
        let policy = policy();
        let names = |levels: &[&[&str]]| -> Vec<Vec<String>> {
            levels.iter().map(|level| level.iter().map(|name| (*name).to_owned()).collect()).collect()
        };
        assert_eq!(paged(&policy, None, Severity::Sev2, true), (names(&[&["room", "pager"]]), None));
        assert_eq!(paged(&policy, Some("mail"), Severity::Sev2, true), (names(&[&["room", "head"], &["head"]]), None));
        assert_eq!(paged(&policy, None, Severity::Sev2, false), (names(&[&["pager"], &["head"]]), None));
        let (levels, why) = paged(&policy, None, Severity::Sev3, true);
        assert_eq!((levels, why.as_deref()), (names(&[&["room"]]), Some("none of its targets is a pager")));
        let (levels, why) = paged(&policy, None, Severity::Sev3, false);
        let held = "a SEV3 pages nobody outside business hours; held back: pager, head";
        assert_eq!((levels, why.as_deref()), (Vec::new(), Some(held)));
    }

    #[test]
    fn why_nobody_is_woken_is_told() {
        let why = |policy: &Policy, service| policy.why_nobody_wakes(&policy.callees(service, Severity::Sev2, true));
        assert_eq!(why(&policy(), Some("mail")).as_deref(), Some("the first pager is on level 2"));
        assert!(why(&Policy::builtin(), None).is_some_and(|why| why.contains("no notifiers")));
        let builtin = Policy::builtin();
        assert!(paged(&builtin, None, Severity::Sev1, true).1.is_some(), "there is none to be had");
    }
}
