//! The written form of a checklist: what each item asks, of whom, from which severity, and what meets it.

use serde::Deserialize;

use crate::model::config::parse_toml;
use crate::model::{ConfigError, Severity};

/// The list that is built in.
const BUILTIN: &str = include_str!("handoff.toml");

/// The items of a handoff, in the order in which they are shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// All items.
    pub items: Vec<Item>,
}

/// One thing that a handoff needs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Stable name, for `--json` and for overrides.
    pub id: String,
    /// Under which heading of the handoff it stands.
    pub group: Group,
    /// The question that it answers.
    pub question: String,
    /// Required for severities at least this severe; `sev4` means all.
    pub required_from: Severity,
    /// Whether and when it is required at all.
    #[serde(default)]
    pub needed: Needed,
    /// Whether a SEV1 goes out without it, as a debt that the ticket lists.
    #[serde(default)]
    pub owed_at_sev1: bool,
    /// When the question makes sense.
    #[serde(default)]
    pub applies: Applies,
    /// What answers it.
    pub met: Condition,
    /// Why engineering needs it.
    pub why: String,
    /// The sentence to send to the customer.
    pub ask: String,
    /// The command, flag or key that gives it.
    pub how: String,
    /// What the customer adds to `casefile collect` for it, where that gives it.
    #[serde(default)]
    pub flags: Option<String>,
}

/// The headings of a handoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Ticket summary and steps to reproduce.
    SummaryAndSteps,
    /// All logs and timestamps.
    LogsAndTimestamps,
    /// Customer environment and configuration.
    EnvironmentAndConfiguration,
    /// Impact assessment and customer SLAs.
    ImpactAndSla,
    /// Who the customer is and how to reach them.
    AccountAndContact,
    /// What was tried, and why that was not enough.
    Troubleshooting,
}

impl Group {
    /// All headings, in the order of the handoff.
    pub const ALL: [Self; 6] = [
        Self::SummaryAndSteps,
        Self::LogsAndTimestamps,
        Self::EnvironmentAndConfiguration,
        Self::ImpactAndSla,
        Self::AccountAndContact,
        Self::Troubleshooting,
    ];

    /// The heading in words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::SummaryAndSteps => "ticket summary and steps to reproduce",
            Self::LogsAndTimestamps => "all logs and timestamps",
            Self::EnvironmentAndConfiguration => "customer environment and configuration",
            Self::ImpactAndSla => "impact assessment and customer SLAs",
            Self::AccountAndContact => "account and contact",
            Self::Troubleshooting => "troubleshooting and reason",
        }
    }
}

/// When an item stands in the way of a handoff.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needed {
    /// Whenever the severity requires it.
    #[default]
    Always,
    /// Only while the calendar of the policy is closed.
    OutsideBusinessHours,
    /// Never: it is asked for, and the handoff goes on without it.
    AskedFor,
}

/// When an item's question makes sense.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applies {
    /// For every case.
    #[default]
    Always,
    /// Only where a browser is involved.
    BrowserInvolved,
}

/// What meets an item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Condition {
    /// The case states this fact, and not by an empty phrase.
    Fact(FactName),
    /// The bundle holds artifacts of a kind that are not empty.
    Artifacts {
        /// The first segment below `data/`.
        kind: String,
        /// How many, at least.
        #[serde(default = "one")]
        at_least: usize,
    },
    /// A step of this kind was carried out, with or without success: a failure is evidence.
    Attempted(String),
    /// Some artifact of this kind has time stamps around the start of the incident.
    CoversIncident(String),
    /// Some artifact of this kind was recorded at the start of the incident or later: what came before cannot show it.
    ReachesIncident(String),
    /// A step of this kind was carried out on a machine that the bundle describes: on the customer's side of the network.
    FromCustomerSide(String),
    /// The clock of the machine was right within so many seconds.
    ClockWithin(u32),
    /// Every one of these.
    All(Vec<Self>),
    /// At least one of these.
    Any(Vec<Self>),
}

fn one() -> usize {
    1
}

/// The facts of a case that an item can ask for, by the key under which a case file gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is named as its field in `Case`, which documents it")]
pub enum FactName {
    AccountId,
    Summary,
    Service,
    StepsToReproduce,
    ErrorMessages,
    StartedAt,
    ReportedAt,
    Tried,
    #[serde(rename = "impact.who")]
    ImpactWho,
    #[serde(rename = "impact.cannot")]
    ImpactCannot,
    #[serde(rename = "impact.affected")]
    ImpactAffected,
    #[serde(rename = "impact.since")]
    ImpactSince,
    #[serde(rename = "impact.scope")]
    ImpactScope,
    #[serde(rename = "impact.workaround")]
    ImpactWorkaround,
    BusinessImpact,
    EscalationReason,
    Contact,
    PreferredChannel,
    EmergencyContact,
    CustomerSla,
    #[serde(rename = "har")]
    NoHar,
    #[serde(rename = "screenshots")]
    NoScreenshots,
}

impl Checklist {
    /// The built-in list.
    #[must_use]
    pub fn builtin() -> Self {
        Self::parse("the built-in checklist", BUILTIN).expect("a test parses the built-in checklist")
    }

    /// The text of the built-in list, to start one's own from.
    #[must_use]
    pub fn builtin_text() -> &'static str {
        BUILTIN
    }

    /// Reads a list that somebody wrote. `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let list: Self = parse_toml(file, text)?;
        if list.items.is_empty() {
            return Err(ConfigError::file(file, "has no items").mend("add at least one [[items]] block"));
        }
        for (n, item) in list.items.iter().enumerate() {
            let fail = |key: &str, problem: &str| {
                ConfigError::file(file, problem).at_key(format!("items[{n}].{key}")).at_line_of_key(text)
            };
            for (key, value) in [("id", &item.id), ("question", &item.question), ("ask", &item.ask), ("how", &item.how)]
            {
                if value.trim().is_empty() {
                    return Err(fail(key, "is empty").mend("say it in a few words"));
                }
            }
            if list.items[..n].iter().any(|earlier| earlier.id == item.id) {
                return Err(fail("id", "stands twice").mend("give every item an id of its own"));
            }
            if !item.met.can_be_met() {
                return Err(fail("met", "can never be met").mend("name at least one condition in `any` and `all`"));
            }
        }
        Ok(list)
    }
}

impl Condition {
    /// An `any` of nothing is never met, an `all` of nothing always: both are slips of the pen.
    fn can_be_met(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => !parts.is_empty() && parts.iter().all(Self::can_be_met),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_covers_every_group_and_says_how() {
        let list = Checklist::builtin();
        for group in Group::ALL {
            assert!(list.items.iter().any(|item| item.group == group), "{group:?}");
        }
        for item in &list.items {
            assert!(item.ask.ends_with(['.', '?']), "{} asks in a sentence", item.id);
            assert!(!item.why.is_empty(), "{}", item.id);
        }
    }

    #[test]
    fn a_slip_in_a_list_is_named_with_file_line_and_key() {
        let item = |id: &str, met: &str| {
            format!(
                "[[items]]\nid = \"{id}\"\ngroup = \"impact-and-sla\"\nquestion = \"q\"\nrequired_from = \"sev3\"\n\
                 met = {met}\nwhy = \"w\"\nask = \"a.\"\nhow = \"h\"\n"
            )
        };
        let whole = item("a", "{ fact = \"summary\" }");
        assert!(Checklist::parse("l", &whole).is_ok());
        for (text, needle) in [
            (String::new(), "missing field `items`"),
            ("items = []".to_owned(), "no items"),
            (whole.clone() + &whole, "stands twice"),
            (item("a", "{ any = [] }"), "can never be met"),
            (item("a", "{ fact = \"sumary\" }"), "sumary"),
            (whole.replace("why", "wy"), "unknown key `wy`"),
        ] {
            let error = Checklist::parse("l.toml", &text).expect_err(needle);
            assert!(error.to_string().starts_with("l.toml") && error.problem.contains(needle), "{error}");
            assert!(error.mend.is_some(), "{error}");
        }
    }
}
