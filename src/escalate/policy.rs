//! The policy: what the severities mean, how fast each must move, and where a ticket goes.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::model::config::parse_toml;
use crate::model::{ConfigError, Severity, Sha256Digest};

use super::calendar::Calendar;
use super::matrix::Row;
use super::notifiers::NotifierPolicy;
use super::on_call::Schedule;
use super::routing::Routing;
use super::uploads::{self, Uploads};

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
    /// Whom to call. Never sent to any channel.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// Who is on call, by team.
    #[serde(default)]
    pub on_call: BTreeMap<String, Schedule>,
    /// The upload that takes bundles that no ticket takes.
    pub upload: Option<String>,
    /// Stores for bundles, by name.
    #[serde(default)]
    pub uploads: Uploads,
    /// The targets of notices, by name.
    #[serde(default)]
    pub notifiers: BTreeMap<String, NotifierPolicy>,
    /// Which of them are told of what.
    #[serde(default)]
    pub matrix: Vec<Row>,
    /// SHA-256 of the text that it was read from: a journal says by it under which policy a case went out.
    #[serde(skip)]
    pub digest: Option<Sha256Digest>,
}

/// How a team or one of its people is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The team, such as Engineering, SRE or Product.
    pub team: String,
    /// A person of it.
    pub name: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// A mail address.
    pub email: Option<String>,
    /// A chat room or handle.
    pub chat: Option<String>,
}

impl Contact {
    /// The ways to reach it, each with its name.
    pub fn ways(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self { phone, email, chat, .. } = self;
        [("phone", phone), ("e-mail", email), ("chat", chat)]
            .into_iter()
            .filter_map(|(name, way)| way.as_deref().filter(|way| !way.trim().is_empty()).map(|way| (name, way)))
    }
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
    /// How many minutes people have before the next ones are called.
    pub next_level_after: Option<NonZeroU16>,
    /// Every how many minutes the customer hears from us until the end.
    pub update_every: Option<NonZeroU16>,
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
        let mut policy: Self = parse_toml(file, text)?;
        policy.digest = Some(Sha256Digest(Sha256::digest(text).into()));
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
        if let Some((key, problem, mend)) = policy.routing.mistake() {
            return Err(fail(key, problem, mend));
        }
        if let Some((key, problem, mend)) = uploads::mistake(policy.upload.as_deref(), &policy.uploads) {
            return Err(fail(key, &problem, &mend));
        }
        if let Some((key, problem, mend)) = policy.matrix_mistake() {
            let error = ConfigError::file(file, problem).mend(mend);
            let table: Vec<&str> = key.splitn(3, '.').take(2).collect();
            return Err(if table[0] == "notifiers" {
                let header = format!("[{}]", table.join("."));
                error.at_text(text, &header).at_key(key)
            } else {
                error.at_key(key).at_line_of_key(text)
            });
        }
        if let Some(n) = policy.contacts.iter().position(|contact| contact.team.trim().is_empty()) {
            return Err(fail(format!("contacts[{n}].team"), "is empty", "name the team, such as SRE"));
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
}
