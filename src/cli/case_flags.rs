//! The facts of the case as flags. They become the text of a case file, so that flags and files are read in one way.

use clap::Args;
use toml::{Table, Value};

use super::message::Message;
use crate::model::Case;
use crate::model::case::GivenBy;
use crate::model::case_file::{self, ReadCase};

/// Facts of the case.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Facts of the case (or --case FILE)")]
pub struct CaseFlags {
    /// Case id, as the support agent gave it
    #[arg(long, value_name = "ID")]
    case_id: Option<String>,
    /// Your account id
    #[arg(long, value_name = "ID")]
    account_id: Option<String>,
    /// One line: what is broken
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// The product or service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// A step to reproduce the fault; repeat for each step
    #[arg(long = "step", value_name = "TEXT")]
    steps: Vec<String>,
    /// Why the fault cannot be reproduced
    #[arg(long, value_name = "REASON", conflicts_with = "steps")]
    no_steps: Option<String>,
    /// An error message, word for word; repeat for each
    #[arg(long = "error", value_name = "TEXT")]
    errors: Vec<String>,
    /// When the fault began, with zone: 2026-11-23T10:15:00+01:00
    #[arg(long, value_name = "TIME")]
    started_at: Option<String>,
    /// When it was reported, with zone
    #[arg(long, value_name = "TIME")]
    reported_at: Option<String>,
    /// What was tried and what came of it, as "WHAT => RESULT"; repeat for each
    #[arg(long = "tried", value_name = "WHAT => RESULT")]
    tried: Vec<String>,
    /// Who is affected
    #[arg(long, value_name = "TEXT")]
    who: Option<String>,
    /// What they cannot do
    #[arg(long, value_name = "TEXT")]
    cannot: Option<String>,
    /// How many are affected
    #[arg(long, value_name = "N")]
    affected: Option<u64>,
    /// Out of how many
    #[arg(long, value_name = "N")]
    total: Option<u64>,
    /// Since when they are affected, with zone
    #[arg(long, value_name = "TIME")]
    affected_since: Option<String>,
    /// How much is affected
    #[arg(long, value_name = "SCOPE", value_parser = ["complete-outage", "major-function", "degraded", "minor"])]
    scope: Option<String>,
    /// A way around the fault
    #[arg(long, value_name = "TEXT")]
    workaround: Option<String>,
    /// Why there is no workaround
    #[arg(long, value_name = "REASON", conflicts_with = "workaround")]
    no_workaround: Option<String>,
    /// What it costs the business
    #[arg(long, value_name = "TEXT")]
    business_impact: Option<String>,
    /// Why it is escalated
    #[arg(long, value_name = "TEXT")]
    escalation_reason: Option<String>,
    /// Who to talk to
    #[arg(long, value_name = "NAME", requires = "contact_address")]
    contact_name: Option<String>,
    /// Their mail address or phone number
    #[arg(long, value_name = "ADDRESS", requires = "contact_name")]
    contact_address: Option<String>,
    /// How they want to be reached
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Who to reach outside business hours
    #[arg(long, value_name = "NAME", requires = "emergency_address")]
    emergency_name: Option<String>,
    /// Their phone number
    #[arg(long, value_name = "ADDRESS", requires = "emergency_name")]
    emergency_address: Option<String>,
    /// What the contract promises
    #[arg(long, value_name = "TEXT")]
    sla: Option<String>,
    /// Minutes until the first answer that the contract promises
    #[arg(long, value_name = "MINUTES", requires = "sla")]
    sla_minutes: Option<u64>,
    /// The customer's time zone, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Whether a browser is involved
    #[arg(long, value_name = "YES|NO", value_parser = ["yes", "no"])]
    browser: Option<String>,
    /// Why there is no HAR file
    #[arg(long, value_name = "REASON")]
    no_har: Option<String>,
    /// Why there is no screenshot
    #[arg(long, value_name = "REASON")]
    no_screenshots: Option<String>,
}

impl CaseFlags {
    /// What the flags say, read as a case file.
    pub fn read(&self, given_by: GivenBy) -> Result<ReadCase, Message> {
        let text = toml::to_string(&self.table())
            .map_err(|e| Message::usage(format!("the facts on the command line cannot be read: {e}")))?;
        case_file::parse("command line", &text, given_by).map_err(|mut e| {
            e.line = None;
            e.into()
        })
    }

    fn table(&self) -> Table {
        let mut top = Table::new();
        let mut impact = Table::new();
        let text = |value: &Option<String>| value.clone().map(Value::String);
        let number = |value: Option<u64>| value.map(|n| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX)));
        let because = |value: &Option<String>| value.clone().map(none_because);
        let list = |values: &[String]| {
            (!values.is_empty()).then(|| Value::Array(values.iter().cloned().map(Value::String).collect()))
        };
        let person = |name: &Option<String>, address: &Option<String>| {
            let person = [("name", name.clone()?), ("address", address.clone()?)];
            Some(Value::Table(person.into_iter().map(|(k, v)| (k.to_owned(), Value::String(v))).collect()))
        };
        let tried =
            (!self.tried.is_empty()).then(|| Value::Array(self.tried.iter().map(|text| attempt(text)).collect()));
        let sla = self.sla.clone().map(|text| {
            let mut sla = Table::from_iter([("text".to_owned(), Value::String(text))]);
            sla.extend(number(self.sla_minutes).map(|n| ("response_minutes".to_owned(), n)));
            Value::Table(sla)
        });
        let facts = [
            ("case_id", text(&self.case_id)),
            ("account_id", text(&self.account_id)),
            ("summary", text(&self.summary)),
            ("service", text(&self.service)),
            ("steps_to_reproduce", list(&self.steps).or_else(|| because(&self.no_steps))),
            ("error_messages", list(&self.errors)),
            ("started_at", text(&self.started_at)),
            ("reported_at", text(&self.reported_at)),
            ("tried", tried),
            ("business_impact", text(&self.business_impact)),
            ("escalation_reason", text(&self.escalation_reason)),
            ("contact", person(&self.contact_name, &self.contact_address)),
            ("preferred_channel", text(&self.channel)),
            ("emergency_contact", person(&self.emergency_name, &self.emergency_address)),
            ("customer_sla", sla),
            ("customer_zone", text(&self.zone)),
            ("browser_involved", self.browser.as_ref().map(|b| Value::Boolean(b == "yes"))),
            ("har", because(&self.no_har)),
            ("screenshots", because(&self.no_screenshots)),
        ];
        let impacts = [
            ("who", text(&self.who)),
            ("cannot", text(&self.cannot)),
            ("affected", number(self.affected)),
            ("total", number(self.total)),
            ("since", text(&self.affected_since)),
            ("scope", text(&self.scope)),
            ("workaround", text(&self.workaround).or_else(|| because(&self.no_workaround))),
        ];
        top.extend(facts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        impact.extend(impacts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        if !impact.is_empty() {
            top.insert("impact".to_owned(), Value::Table(impact));
        }
        top
    }

    /// Answers that a person typed at prompts, laid over what the flags left open.
    pub fn answer(&mut self, question: Question, answer: String) {
        let place = match question {
            Question::Summary => &mut self.summary,
            Question::Service => &mut self.service,
            Question::StartedAt => &mut self.started_at,
            Question::Who => &mut self.who,
            Question::Cannot => &mut self.cannot,
            Question::BusinessImpact => &mut self.business_impact,
            Question::Channel => &mut self.channel,
            Question::Step => {
                self.steps.push(answer);
                return;
            }
        };
        *place = Some(answer);
    }
}

/// A fact that is asked for on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// `--summary`
    Summary,
    /// `--service`
    Service,
    /// `--started-at`
    StartedAt,
    /// `--step`
    Step,
    /// `--who`
    Who,
    /// `--cannot`
    Cannot,
    /// `--business-impact`
    BusinessImpact,
    /// `--channel`
    Channel,
}

impl Question {
    /// Questions whose facts `case` does not hold, in the order in which people think of them.
    pub fn open(case: &Case) -> Vec<(Self, &'static str)> {
        let all = [
            (case.summary.is_none(), Self::Summary, "What is broken, in one line? (--summary)"),
            (case.service.is_none(), Self::Service, "Which product or service? (--service)"),
            (
                case.started_at.is_none(),
                Self::StartedAt,
                "When did it begin, with zone, as 2026-11-23T10:15+01:00? (--started-at)",
            ),
            (
                case.steps_to_reproduce.is_none(),
                Self::Step,
                "How can one see it? One step a line, an empty line ends (--step)",
            ),
            (case.impact.who.is_none(), Self::Who, "Who is affected? (--who)"),
            (case.impact.cannot.is_none(), Self::Cannot, "What can they not do? (--cannot)"),
            (
                case.business_impact.is_none(),
                Self::BusinessImpact,
                "What does it cost the business? (--business-impact)",
            ),
            (
                case.preferred_channel.is_none(),
                Self::Channel,
                "How do you want to be reached: mail, phone, ticket? (--channel)",
            ),
        ];
        all.into_iter().filter(|(open, ..)| *open).map(|(_, question, text)| (question, text)).collect()
    }
}

fn none_because(reason: String) -> Value {
    Value::Table(Table::from_iter([("none_because".to_owned(), Value::String(reason))]))
}

fn attempt(text: &str) -> Value {
    let (what, result) = match text.split_once("=>") {
        Some((what, result)) => (what.trim(), Some(result.trim()).filter(|r| !r.is_empty())),
        None => (text.trim(), None),
    };
    let mut table = Table::from_iter([("what".to_owned(), Value::String(what.to_owned()))]);
    table.extend(result.map(|r| ("result".to_owned(), Value::String(r.to_owned()))));
    Value::Table(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_a_case_file_and_a_wrong_one_names_its_key() {
        let flags = CaseFlags {
            summary: Some("pay is down".to_owned()),
            tried: vec!["restart => no change".to_owned()],
            started_at: Some("2026-11-23T10:15:00+01:00".to_owned()),
            ..CaseFlags::default()
        };
        let case = flags.read(GivenBy::Customer).expect("reads").case;
        assert_eq!(case.tried.expect("given").value[0].result.as_deref(), Some("no change"));
        let wrong = CaseFlags { started_at: Some("10:15".to_owned()), ..CaseFlags::default() };
        assert!(format!("{:?}", wrong.read(GivenBy::Customer)).contains("started_at"));
    }
}
