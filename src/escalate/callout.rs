//! Whom a case is told to, level by level, and when the next level is called: before the answer is due, not after.

use jiff::{SignedDuration, Timestamp};

/// A level never waits past this long before the answer is due: somebody must still be able to answer.
const LAST_MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// Most levels and most targets of one level; a policy with more is a slip, a journal with more was not written by us.
const MOST: usize = 32;

/// The targets of a case, level by level, and the time between two levels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    /// The names of the targets of each level; the first is told at once.
    pub targets: Vec<Vec<String>>,
    /// How long a level has before the next one is called.
    pub after: Option<SignedDuration>,
}

impl Levels {
    /// As it stands in a journal: the targets of a level are parted by commas, the levels by semicolons.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.targets.iter().map(|level| level.join(",")).collect::<Vec<_>>().join(";")
    }

    /// Reads what [`Levels::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &str, after: Option<SignedDuration>) -> Self {
        let names = |level: &str| -> Vec<String> {
            level.split(',').map(str::trim).filter(|name| !name.is_empty()).take(MOST).map(str::to_owned).collect()
        };
        let levels = text.split(';').take(MOST).map(names).filter(|level| !level.is_empty());
        Self { targets: levels.collect(), after }
    }

    /// When `level` (1 is the first) is called, where nobody has taken the case over until then. `since` is when the first
    /// one was; `answer_by` when somebody must have answered. `None` where there is no such level or nothing drives it.
    #[must_use]
    pub fn call_time(&self, level: usize, since: Timestamp, answer_by: Option<Timestamp>) -> Option<Timestamp> {
        if level == 0 || level > self.targets.len() {
            return None;
        }
        if level == 1 {
            return Some(since);
        }
        let steps = |step: SignedDuration, n: usize| step.checked_mul(i32::try_from(n).ok()?);
        let waited = self.after.and_then(|after| since.checked_add(steps(after, level - 1)?).ok());
        // Each of the levels that are left still gets its minute before the answer is due.
        let left = self.targets.len() - level + 1;
        let latest = answer_by.and_then(|by| by.checked_sub(steps(LAST_MINUTE, left)?).ok());
        let at = match (waited, latest) {
            (Some(waited), Some(latest)) => waited.min(latest),
            (Some(at), None) | (None, Some(at)) => at,
            (None, None) => return None,
        };
        Some(at.max(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::at;

    fn levels(after_minutes: Option<i64>) -> Levels {
        Levels::from_text("pager,chat;lead; boss ", after_minutes.map(SignedDuration::from_mins))
    }

    #[test]
    fn the_next_level_is_called_in_turn_and_always_before_the_answer_is_due() {
        let since = at("2026-11-22T02:10:00Z");
        let due = Some(at("2026-11-22T02:22:00Z"));
        for (after, answer_by, level, called) in [
            (Some(5), due, 1, Some("2026-11-22T02:10:00Z")),
            (Some(5), due, 2, Some("2026-11-22T02:15:00Z")),
            (Some(5), due, 3, Some("2026-11-22T02:20:00Z")),
            (Some(10), due, 2, Some("2026-11-22T02:20:00Z")),
            (Some(10), due, 3, Some("2026-11-22T02:21:00Z")),
            (None, due, 3, Some("2026-11-22T02:21:00Z")),
            (Some(10), None, 3, Some("2026-11-22T02:30:00Z")),
            (Some(5), due, 4, None),
            (None, None, 2, None),
            // The deadline had passed before the first was called: all are called at once.
            (Some(5), Some(at("2026-11-22T02:00:00Z")), 2, Some("2026-11-22T02:10:00Z")),
        ] {
            assert_eq!(levels(after).call_time(level, since, answer_by), called.map(at), "{after:?} {level}");
        }
    }

    #[test]
    fn what_a_journal_holds_of_the_levels_reads_back() {
        let all = levels(Some(5));
        assert_eq!(all.to_text(), "pager,chat;lead;boss");
        assert_eq!(Levels::from_text(&all.to_text(), all.after), all);
        assert_eq!(Levels::from_text("", None), Levels::default());
        assert_eq!(Levels::from_text(&"a;".repeat(1000), None).targets.len(), MOST);
    }
}
