//! The two clocks of a case, both started by the customer's report: until when the agent escalates, and until when
//! engineering answers.

use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::model::{Case, Severity};

use super::calendar::{Calendar, NeverOpens};
use super::policy::{Policy, Reading, Runs, Target};

/// What is due when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    /// The moment from which both count.
    pub from: Timestamp,
    /// Why from there, in words.
    pub from_reason: &'static str,
    /// Until when the agent hands the case over.
    pub escalate: Option<Due>,
    /// Until when engineering answers.
    pub respond: Option<Due>,
}

/// One due time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// How it was counted, in words.
    pub counted: String,
    /// By how much it was missed at the time of asking, where it was.
    pub missed_by: Option<SignedDuration>,
}

/// A calendar by which a target cannot be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no due time by the calendar `{calendar}`: it does not open often enough within ten years")]
pub struct NoDueTime {
    /// The calendar's name in the policy.
    pub calendar: String,
}

/// The due times of `case` at `severity`, as seen at `now`.
pub fn targets(case: &Case, severity: Severity, policy: &Policy, now: Timestamp) -> Result<Targets, NoDueTime> {
    targets_since(case, severity, policy, now, now)
}

/// The same for a case that was escalated at `opened_at`: a clock that began there begins there again.
pub fn targets_since(
    case: &Case,
    severity: Severity,
    policy: &Policy,
    opened_at: Timestamp,
    now: Timestamp,
) -> Result<Targets, NoDueTime> {
    let (from, from_reason) = match &case.reported_at {
        Some(reported) => (reported.value.utc, "the customer's report"),
        None => (opened_at, "the escalation, as nobody said when it was reported"),
    };
    let level = policy.level(severity);
    let (name, calendar) = policy.calendar_of(case);
    let due = |target: Target| {
        let (at, counted) =
            counted(target, from, calendar).map_err(|NeverOpens| NoDueTime { calendar: name.to_owned() })?;
        Ok(Due { at, counted, missed_by: missed(at, now) })
    };
    Ok(Targets {
        from,
        from_reason,
        escalate: level.escalate.map(due).transpose()?,
        respond: respond(case, level.respond.map(due).transpose()?, from, now),
    })
}

/// Our own target, or the customer's contract where that is tighter.
fn respond(case: &Case, ours: Option<Due>, from: Timestamp, now: Timestamp) -> Option<Due> {
    let promised = case.customer_sla.as_ref().and_then(|f| f.value.response_minutes);
    let contract = promised.and_then(|minutes| {
        let at = from.checked_add(i64::try_from(minutes).ok()?.checked_mul(60)?.try_seconds()?).ok()?;
        let counted = format!("{minutes} minutes by the customer's contract");
        Some(Due { at, counted, missed_by: missed(at, now) })
    });
    match (ours, contract) {
        (Some(ours), Some(contract)) if contract.at < ours.at => {
            Some(Due { counted: format!("{}, tighter than our {}", contract.counted, ours.counted), ..contract })
        }
        (None, contract) => contract,
        (ours, _) => ours,
    }
}

fn counted(target: Target, from: Timestamp, hours: &Calendar) -> Result<(Timestamp, String), NeverOpens> {
    let Target { minutes, runs, reading } = target;
    let zone = hours.zone_name();
    Ok(match (runs, reading) {
        (Runs::Always, _) => (
            from.checked_add(i64::from(minutes).minutes()).unwrap_or(from),
            format!("{minutes} minutes, day and night"),
        ),
        (Runs::BusinessHours, Some(Reading::BusinessDays)) => (
            hours.after_business_days(from, minutes / 1440)?,
            format!("{} by business days in {zone}", plural(minutes / 1440, "day")),
        ),
        (Runs::BusinessHours, _) => {
            (hours.after_open_minutes(from, minutes)?, format!("{minutes} minutes of business hours in {zone}"))
        }
    })
}

fn missed(due: Timestamp, now: Timestamp) -> Option<SignedDuration> {
    (now > due).then(|| now.duration_since(due))
}

/// `1 day`, `2 days`.
pub(super) fn plural(n: u32, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// A duration of whole minutes in words: `1 h 10 min`.
#[must_use]
pub fn in_words(duration: SignedDuration) -> String {
    let minutes = duration.as_mins();
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Seconds as a span, where jiff can hold them (a contract of a million years is not).
trait TrySeconds {
    fn try_seconds(self) -> Option<jiff::Span>;
}

impl TrySeconds for i64 {
    fn try_seconds(self) -> Option<jiff::Span> {
        jiff::Span::new().try_seconds(self).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::{at, case, case_with, case_without};

    fn all(case: &Case, severity: Severity, policy: &Policy, now: Timestamp) -> Targets {
        targets(case, severity, policy, now).expect("a calendar that opens")
    }

    #[test]
    fn the_clock_runs_from_the_report_and_says_by_how_much_it_was_missed() {
        // Reported 09:20 UTC; escalated at 10:30: the hour was missed by 10 minutes.
        let missed = all(&case(), Severity::Sev2, &Policy::builtin(), at("2026-11-23T10:30:00Z"));
        let escalate = missed.escalate.expect("SEV2 has a target");
        assert_eq!(escalate.at, at("2026-11-23T10:20:00Z"));
        assert_eq!(escalate.missed_by.map(in_words).as_deref(), Some("10 min"));
        let kept = all(&case(), Severity::Sev2, &Policy::builtin(), at("2026-11-23T10:20:00Z"));
        assert_eq!(kept.escalate.and_then(|due| due.missed_by), None);
    }

    #[test]
    fn sev1_on_a_sunday_night_is_never_moved_to_business_hours() {
        let sunday = case_with(|t| t.replace("2026-11-23T10:20:00+01:00", "2026-11-22T03:07:00+01:00"));
        let targets = all(&sunday, Severity::Sev1, &Policy::builtin(), at("2026-11-22T02:08:00Z"));
        assert_eq!(targets.respond.map(|due| due.at), Some(at("2026-11-22T02:22:00Z")));
    }

    #[test]
    fn the_tighter_of_policy_and_contract_drives_the_response() {
        let now = at("2026-11-23T09:21:00Z");
        let hour = include_str!("policy.toml").replacen(
            "escalate = { minutes = 60 }",
            "escalate = { minutes = 60 }\nrespond = { minutes = 60 }",
            1,
        );
        let hour = Policy::parse("p", &hour).expect("parses");
        let due = all(&case(), Severity::Sev2, &hour, now).respond.expect("due");
        assert_eq!(due.at, at("2026-11-23T09:50:00Z"));
        assert!(due.counted.contains("contract, tighter than our 60 minutes"), "{}", due.counted);
        let due = all(&case(), Severity::Sev1, &Policy::builtin(), now).respond.expect("due");
        assert_eq!(due.counted, "15 minutes, day and night");
    }

    #[test]
    fn an_absurd_contract_and_a_missing_report_are_survived() {
        let absurd = case_with(|t| t.replace("response_minutes = 30", "response_minutes = 9223372036854775807"));
        let now = at("2026-11-23T09:21:00Z");
        assert_eq!(all(&absurd, Severity::Sev2, &Policy::builtin(), now).respond, None);
        let unreported = all(&case_without("reported_at"), Severity::Sev1, &Policy::builtin(), now);
        assert_eq!(unreported.from, now);
        assert!(unreported.from_reason.contains("nobody said"));
        assert_eq!(all(&case_without("customer_sla"), Severity::Sev4, &Policy::builtin(), now).respond, None);
    }
}
