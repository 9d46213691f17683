//! The policy: what the severities mean, how fast each must move, and where a ticket goes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::config::parse_toml;
use crate::model::{Case, ConfigError, Severity};

use super::calendar::Calendar;

const BUILTIN: &str = include_str!("policy.toml");

/// The whole policy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// From how many affected users an outage counts as "many users".
    pub many_users: u64,
    /// The name of the calendar that counts where a service has none of its own.
    pub calendar: String,
    /// When each desk is open, by name.
    pub calendars: BTreeMap<String, Calendar>,
    /// What each level means and how fast it must move.
    pub severities: Levels,
    /// Which queue gets the ticket.
    pub routing: Routing,
}

/// The four levels.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    sev1: Level,
    sev2: Level,
    sev3: Level,
    sev4: Level,
}

/// What a level means and how fast it must move.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The meaning, in the words that tickets quote.
    pub definition: String,
    /// Until when the agent hands the case over, counted from the customer's report.
    pub escalate: Option<Target>,
    /// Until when engineering answers, counted from the customer's report.
    pub respond: Option<Target>,
}

/// A span of time after the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// How many minutes.
    pub minutes: u32,
    /// Whether they run at night.
    #[serde(default)]
    pub runs: Runs,
    /// How minutes of business hours are counted; given exactly where they run in business hours.
    pub reading: Option<Reading>,
}

/// When a target's minutes run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// Day and night.
    #[default]
    Always,
    /// While the desk is open.
    BusinessHours,
}

/// The two readings of "24 hours, business hours".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// Only minutes in which the desk is open count.
    OpenMinutes,
    /// Every 24 hours are one business day.
    BusinessDays,
}

/// Which queue gets the ticket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// For services that are not listed, and for cases that name none.
    pub default_queue: String,
    /// For SEV4.
    pub backlog_queue: String,
    /// The services that have a queue of their own.
    #[serde(default)]
    pub services: Vec<ServiceRoute>,
}

/// One service and its queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceRoute {
    /// The service, as cases name it; case is ignored.
    pub service: String,
    /// Its queue.
    pub queue: String,
    /// The calendar by which its business hours are counted; the policy's where it names none.
    pub calendar: Option<String>,
}

/// Where a ticket goes, and why there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The queue.
    pub queue: String,
    /// Why this one, in words.
    pub reason: String,
}

/// Longest target: a year. A longer one is a slip of the pen and would make the calendar walk far.
const MOST_MINUTES: u32 = 366 * 24 * 60;

impl Policy {
    /// The built-in policy.
    #[must_use]
    pub fn builtin() -> Self {
        Self::parse("the built-in policy", BUILTIN).expect("a test parses the built-in policy")
    }

    /// The text of the built-in policy, to start one's own from.
    #[must_use]
    pub fn builtin_text() -> &'static str {
        BUILTIN
    }

    /// Reads a policy that somebody wrote. `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let policy: Self = parse_toml(file, text)?;
        let fail = |key: String, problem: &str, mend: &str| {
            let last = key.rsplit('.').next().unwrap_or(&key).to_owned();
            ConfigError::file(file, problem).at_key(key).at_text(text, &last).mend(mend)
        };
        if policy.many_users < 2 {
            return Err(fail("many_users".to_owned(), "one user is not many", "give a number of 2 or more"));
        }
        for severity in Severity::ALL {
            let name = severity.to_string().to_ascii_lowercase();
            let level = policy.level(severity);
            if level.definition.trim().is_empty() {
                return Err(fail(format!("severities.{name}.definition"), "is empty", "say what the level means"));
            }
            for (clock, target) in [("escalate", level.escalate), ("respond", level.respond)] {
                if let Some((problem, mend)) = target.and_then(Target::mistake) {
                    let section = format!("[severities.{name}]");
                    return Err(ConfigError::file(file, problem)
                        .at_key(format!("severities.{name}.{clock}"))
                        .at_text(text, &section)
                        .mend(mend));
                }
            }
        }
        let queues =
            [("default_queue", &policy.routing.default_queue), ("backlog_queue", &policy.routing.backlog_queue)];
        for (key, queue) in queues {
            if queue.trim().is_empty() {
                return Err(fail(format!("routing.{key}"), "is empty", "name a queue, so that no ticket goes nowhere"));
            }
        }
        let calendars = policy.routing.services.iter().filter_map(|route| route.calendar.as_ref());
        for name in [&policy.calendar].into_iter().chain(calendars) {
            if !policy.calendars.contains_key(name) {
                let known: Vec<&str> = policy.calendars.keys().map(String::as_str).collect();
                return Err(fail(
                    "calendar".to_owned(),
                    &format!("names the calendar `{name}`, which is not there"),
                    &format!("add [calendars.{name}], or name one of: {}", known.join(", ")),
                ));
            }
        }
        for (n, route) in policy.routing.services.iter().enumerate() {
            if route.service.trim().is_empty() || route.queue.trim().is_empty() {
                return Err(fail(
                    format!("routing.services[{n}]"),
                    "has an empty name",
                    "name a service and its queue",
                ));
            }
        }
        Ok(policy)
    }

    /// What `severity` means and how fast it must move.
    #[must_use]
    pub fn level(&self, severity: Severity) -> &Level {
        match severity {
            Severity::Sev1 => &self.severities.sev1,
            Severity::Sev2 => &self.severities.sev2,
            Severity::Sev3 => &self.severities.sev3,
            Severity::Sev4 => &self.severities.sev4,
        }
    }

    /// The calendar by which business hours are counted for `case`, with its name.
    #[must_use]
    pub fn calendar_of(&self, case: &Case) -> (&str, &Calendar) {
        let own = self.service_of(case).and_then(|route| route.calendar.as_deref());
        let name = own.unwrap_or(&self.calendar);
        (name, self.calendars.get(name).expect("parsing refuses a calendar that is not there"))
    }

    /// The entry of the service that `case` names.
    fn service_of(&self, case: &Case) -> Option<&ServiceRoute> {
        let service = case.service.as_ref()?.value.trim().to_lowercase();
        self.routing.services.iter().find(|route| route.service.trim().to_lowercase() == service)
    }

    /// Which queue gets the ticket of `case` at `severity`.
    #[must_use]
    pub fn route(&self, case: &Case, severity: Severity) -> Route {
        let Routing { default_queue, backlog_queue, .. } = &self.routing;
        if severity == Severity::Sev4 {
            return Route { queue: backlog_queue.clone(), reason: "every SEV4 goes to the backlog".to_owned() };
        }
        if case.service.is_none() {
            return Route { queue: default_queue.clone(), reason: "the default, as no service is named".to_owned() };
        }
        match self.service_of(case) {
            Some(route) => Route { queue: route.queue.clone(), reason: "the queue of its service".to_owned() },
            None => {
                let reason = "the default, as the policy has no queue for its service".to_owned();
                Route { queue: default_queue.clone(), reason }
            }
        }
    }
}

impl Target {
    /// What is wrong with this target, and how to mend it.
    fn mistake(self) -> Option<(&'static str, &'static str)> {
        match (self.runs, self.reading) {
            _ if self.minutes == 0 || self.minutes > MOST_MINUTES => {
                Some(("is not between 1 minute and a year", "give `minutes` a number from 1 to 527040"))
            }
            (Runs::BusinessHours, None) => Some((
                "does not say how business hours are counted",
                "add reading = \"open-minutes\" or reading = \"business-days\"",
            )),
            (Runs::Always, Some(_)) => {
                Some(("has a reading of business hours but runs always", "add runs = \"business-hours\""))
            }
            (_, Some(Reading::BusinessDays)) if !self.minutes.is_multiple_of(1440) => {
                Some(("counts business days but is no whole number of days", "give `minutes` a multiple of 1440"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::{case, case_without};

    #[test]
    fn the_built_in_policy_is_one() {
        let policy = Policy::builtin();
        assert_eq!(policy.level(Severity::Sev1).respond.map(|t| t.minutes), Some(15));
        assert!(policy.level(Severity::Sev4).escalate.is_none());
    }

    #[test]
    fn a_slip_in_a_policy_is_named_with_line_key_and_mend() {
        for (from, to, key, problem) in [
            ("many_users = 50", "many_users = 1", "many_users", "one user is not many"),
            ("many_users = 50", "many_user = 50", "many_user", "unknown key"),
            (", reading = \"business-days\"", "", "severities.sev3.escalate", "does not say how"),
            ("calendar = \"desk\"", "calendar = \"office\"", "calendar", "`office`, which is not there"),
            ("minutes = 1440", "minutes = 1441", "severities.sev3.escalate", "whole number of days"),
            ("minutes = 60", "minutes = 0", "severities.sev2.escalate", "1 minute"),
            ("\"Etc/UTC\"", "\"Berlin\"", "calendars.desk", "not an IANA"),
            ("09:00-17:00", "9 am to 5 pm", "calendars.desk", "no window"),
            ("09:00-17:00", "17:00-17:00", "calendars.desk", "same minute"),
            ("[\"mon-fri 09:00-17:00\"]", "[]", "calendars.desk", "never open"),
            ("default_queue = \"escalations\"", "default_queue = \" \"", "routing.default_queue", "is empty"),
        ] {
            assert!(BUILTIN.contains(from), "{from}");
            let error = Policy::parse("p.toml", &BUILTIN.replacen(from, to, 1)).expect_err(to);
            assert!(error.problem.contains(problem), "{to}: {error}");
            assert!(error.key.as_deref().is_some_and(|k| k.contains(key)), "{to}: {error}");
            assert!(error.line.is_some() && error.mend.is_some(), "{to}: {error:?}");
        }
    }

    #[test]
    fn a_service_without_a_queue_goes_to_the_stated_default_and_says_so() {
        let text = BUILTIN.to_owned() + "[[routing.services]]\nservice = \"Payments\"\nqueue = \"pay\"\n";
        let policy = Policy::parse("p", &text).expect("parses");
        assert_eq!(policy.route(&case(), Severity::Sev2).queue, "pay");
        assert_eq!(policy.route(&case(), Severity::Sev4).queue, "backlog");
        let unnamed = policy.route(&case_without("service"), Severity::Sev2);
        assert_eq!(unnamed.queue, "escalations");
        assert!(unnamed.reason.contains("default"));
        assert!(Policy::builtin().route(&case(), Severity::Sev2).reason.contains("no queue for its service"));
    }
}
