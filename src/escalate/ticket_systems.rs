//! Ticket systems as a policy names them: which kind, where, with whose token, and what our words are called there.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use url::Url;

use crate::model::Severity;

use super::Policy;
use super::proxy::ProxySetting;
use super::secret_ref::SecretRef;

/// The facts of a ticket that can have a field of their own at a ticket system; [`super::Ticket::fields`] has the same names.
pub const FACTS: [&str; 11] = [
    "account_id",
    "bundle_digest",
    "case_id",
    "checklist",
    "escalate_by",
    "escalated_at",
    "file_digest",
    "respond_by",
    "service",
    "severity",
    "severity_by_facts",
];

/// One ticket system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketSystemEntry {
    /// What it is.
    pub kind: Kind,
    /// Its address, such as `https://rt.example.com/`.
    #[serde(deserialize_with = "address")]
    pub url: Url,
    /// Whose token it is, where the system wants to know.
    pub user: Option<String>,
    /// Where the token is kept.
    pub token: SecretRef,
    /// A file of certificates (PEM) that are trusted beside the system's.
    pub ca_file: Option<String>,
    /// Through which proxy it is reached, where that is not what the environment says.
    pub proxy: Option<ProxySetting>,
    /// Our queues by their names there; one that is not listed has the same name there.
    #[serde(default)]
    pub queues: BTreeMap<String, String>,
    /// Facts by the names of their fields there; a fact that is not listed stands in the text alone.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// What a severity is called in its field there, by `SEV1` to `SEV4`.
    #[serde(default)]
    pub severities: BTreeMap<String, String>,
    /// What our states are called there.
    #[serde(default)]
    pub statuses: StatusNames,
    /// The kind of ticket that is made: issue type, tracker or table.
    pub ticket_type: Option<String>,
    /// The largest file that it takes, in bytes, where it does not say so itself before it has all of it.
    pub most_attachment_bytes: Option<u64>,
}

/// What a ticket system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Request Tracker 5 by REST 2.
    RequestTracker,
    /// Redmine.
    Redmine,
    /// Jira as Atlassian runs it.
    JiraCloud,
    /// Jira on one's own machines.
    JiraDataCenter,
    /// Zendesk.
    Zendesk,
    /// ServiceNow by its Table API.
    Servicenow,
    /// A program of one's own that takes what is posted to it.
    Webhook,
}

/// The names of states.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusNames {
    /// Somebody works on it.
    pub open: Option<String>,
    /// The customer has to say something.
    pub waiting: Option<String>,
    /// Done.
    pub resolved: Option<String>,
}

/// An error does not repeat the text: an address may hold a password.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    Url::parse(&String::deserialize(deserializer)?).map_err(|_| de::Error::custom("is no web address"))
}

impl Kind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestTracker => "request-tracker",
            Self::Redmine => "redmine",
            Self::JiraCloud => "jira-cloud",
            Self::JiraDataCenter => "jira-data-center",
            Self::Zendesk => "zendesk",
            Self::Servicenow => "servicenow",
            Self::Webhook => "webhook",
        }
    }

    /// Whether it finds a ticket by a field that somebody made there for the case id.
    fn wants_case_field(self) -> bool {
        matches!(self, Self::RequestTracker | Self::Redmine)
    }

    /// Whether its token belongs to a named user.
    fn wants_user(self) -> bool {
        matches!(self, Self::JiraCloud | Self::Zendesk)
    }
}

impl TicketSystemEntry {
    /// What our queue is called there.
    #[must_use]
    pub fn queue<'a>(&'a self, ours: &'a str) -> &'a str {
        self.queues.get(ours).map_or(ours, String::as_str)
    }

    /// What a severity is called in its field there.
    #[must_use]
    pub fn severity(&self, severity: Severity) -> String {
        let ours = severity.to_string();
        self.severities.get(&ours).cloned().unwrap_or(ours)
    }

    /// The severity of a word there.
    #[must_use]
    pub fn severity_of(&self, theirs: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| self.severity(*severity) == theirs)
    }

    /// The facts of `ticket` that have a field there: the field's name, and its value.
    pub fn facts<'a>(&'a self, ticket: &'a super::Ticket) -> impl Iterator<Item = (&'static str, &'a str, String)> {
        FACTS.into_iter().filter_map(|fact| {
            let field = self.fields.get(fact)?;
            let value = match fact {
                "severity" => self.severity(ticket.severity),
                _ => ticket.fields.get(fact)?.clone(),
            };
            Some((fact, field.as_str(), value))
        })
    }

    /// What is wrong with it: the key below its own, the problem, and how to mend it.
    fn mistake(&self) -> Option<(String, String, String)> {
        let mistake =
            |key: &str, problem: &str, mend: &str| Some((key.to_owned(), problem.to_owned(), mend.to_owned()));
        let local = match self.url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if self.url.scheme() != "https" && !(self.url.scheme() == "http" && local) {
            return mistake("url", "is not https", "write an address that begins with https://");
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return mistake("url", "holds a user or password", "give `user` and `token` instead");
        }
        if self.kind != Kind::Webhook && (self.url.query().is_some() || self.url.fragment().is_some()) {
            return mistake("url", "goes on after its path", "write it without `?` and `#`");
        }
        if let Some(unknown) = self.fields.keys().find(|fact| !FACTS.contains(&fact.as_str())) {
            let problem = format!("names the fact `{unknown}`, which is none");
            return Some(("fields".to_owned(), problem, format!("facts are: {}", FACTS.join(", "))));
        }
        // These stand in queries and between the signs of other languages.
        let odd = |name: &String| name.trim().is_empty() || name.contains(['{', '}', '\'', '"', '\\', '\n', '\r']);
        if self.fields.values().chain(self.queues.values()).any(odd) {
            let key = if self.fields.values().any(odd) { "fields" } else { "queues" };
            return mistake(
                key,
                "has a name that is empty or has quotes, braces or backslashes",
                "rename it there and here",
            );
        }
        if let Some(unknown) = self.severities.keys().find(|name| Severity::ALL.iter().all(|s| s.to_string() != **name))
        {
            let problem = format!("names `{unknown}`, which is no severity");
            return Some(("severities".to_owned(), problem, "severities are SEV1, SEV2, SEV3 and SEV4".to_owned()));
        }
        if self.kind.wants_case_field() && !self.fields.contains_key("case_id") {
            return mistake(
                "fields",
                "has no field for `case_id`",
                "make such a field there and name it: case_id = \"Case ID\"",
            );
        }
        if self.kind.wants_user() && self.user.as_ref().is_none_or(|user| user.trim().is_empty() || user.contains(':'))
        {
            return mistake("user", "is missing", "name the user to whom the token belongs, by its mail address");
        }
        None
    }
}

impl Policy {
    /// The ticket system that gets the tickets, with its name; the outbox does where there is none.
    #[must_use]
    pub fn ticket_system_in_force(&self) -> Option<(&str, &TicketSystemEntry)> {
        let name = self.ticket_system.as_deref()?;
        Some((name, self.ticket_systems.get(name)?))
    }

    /// The first thing about ticket systems that cannot be used: its key, what is wrong, and how to mend it.
    pub(super) fn ticket_system_mistake(&self) -> Option<(String, String, String)> {
        if let Some(name) = &self.ticket_system
            && !self.ticket_systems.contains_key(name)
        {
            let problem = format!("names the ticket system `{name}`, which is not there");
            return Some(("ticket_system".to_owned(), problem, format!("add [ticket_systems.{name}]")));
        }
        self.ticket_systems.iter().find_map(|(name, system)| {
            let (key, problem, mend) = system.mistake()?;
            Some((format!("ticket_systems.{name}.{key}"), problem, mend))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::escalate::Policy;
    use crate::model::Severity;

    const RT: &str = r#"
ticket_system = "rt"

[ticket_systems.rt]
kind = "request-tracker"
url = "https://rt.example.com/"
token = "env:RT_TOKEN"
queues = { escalations = "Escalations" }
fields = { case_id = "Case ID", severity = "Severity" }
severities = { SEV1 = "critical" }
"#;

    fn policy(system: &str) -> Result<Policy, crate::model::ConfigError> {
        let (top, tables) = system.split_once("\n[").unwrap_or((system, ""));
        let tables = if tables.is_empty() { String::new() } else { format!("\n[{tables}") };
        Policy::parse("p.toml", &format!("{top}\n{}{tables}", Policy::builtin_text()))
    }

    #[test]
    fn a_ticket_system_has_its_own_words_for_queues_and_severities() {
        let policy = policy(RT).expect("a policy");
        let (name, system) = policy.ticket_system_in_force().expect("named");
        assert_eq!((name, system.kind.name()), ("rt", "request-tracker"));
        assert_eq!((system.queue("escalations"), system.queue("backlog")), ("Escalations", "backlog"));
        assert_eq!(
            (system.severity(Severity::Sev1).as_str(), system.severity(Severity::Sev2).as_str()),
            ("critical", "SEV2")
        );
        assert_eq!(system.severity_of("critical"), Some(Severity::Sev1));
        assert!(Policy::builtin().ticket_system_in_force().is_none());
    }

    #[test]
    fn a_slip_about_a_ticket_system_is_named_with_its_key_and_mend() {
        for (from, to, key, problem) in [
            ("ticket_system = \"rt\"", "ticket_system = \"tr\"", "ticket_system", "`tr`, which is not there"),
            ("https://rt", "http://rt", "ticket_systems.rt.url", "is not https"),
            ("https://rt", "https://me:s3cret@rt", "ticket_systems.rt.url", "holds a user"),
            ("https://rt.example.com/", "https://rt.example.com/?a=b", "ticket_systems.rt.url", "after its path"),
            ("case_id = \"Case ID\", ", "", "ticket_systems.rt.fields", "no field for `case_id`"),
            ("\"Case ID\"", "\"Case' ID\"", "ticket_systems.rt.fields", "quotes"),
            (
                "severity = \"Severity\"",
                "sevrity = \"Severity\"",
                "ticket_systems.rt.fields",
                "`sevrity`, which is none",
            ),
            ("SEV1 = ", "SEV7 = ", "ticket_systems.rt.severities", "`SEV7`, which is no severity"),
            ("request-tracker", "zendesk", "ticket_systems.rt.user", "is missing"),
            ("env:RT_TOKEN", "1-14-abcdef", "ticket_systems.rt.token", "no reference to a secret"),
            ("kind = \"request-tracker\"", "kind = \"request-traker\"", "ticket_systems.rt.kind", "request-traker"),
        ] {
            assert!(RT.contains(from), "{from}");
            let error = policy(&RT.replacen(from, to, 1)).expect_err(to);
            assert!(error.problem.contains(problem), "{to}: {error}");
            assert!(
                error.key.as_deref() == Some(key) && error.mend.is_some() && error.line.is_some(),
                "{to}: {error:?}"
            );
            assert!(!format!("{error:?}").contains("abcdef") && !format!("{error:?}").contains("s3cret"), "{error:?}");
        }
    }
}
