//! The text of a ticket. Its first two lines are the business impact and are written here, from the facts; the template
//! gives what stands below and has no way to put anything above.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior, Value};

use crate::checklist::{Evaluation, says_nothing};
use crate::model::{Case, CaseId, ConfigError, Manifest, Severity, Sha256Digest};

use super::plain_text::{inline, line_start, one_line};
use super::policy::Policy;
use super::severity::Decided;
use super::targets::Targets;
use super::ticket_context::TicketContext;

const BUILTIN: &str = include_str!("ticket.md.j2");

/// Steps of the template engine for one ticket. The built-in template takes about 3,000 with every list full.
const FUEL: u64 = 200_000;

/// Longest ticket text; ticket systems cut or refuse above 64 KiB (GitHub 65,536 characters, Jira 32,767).
const MOST_BYTES: usize = 256 * 1024;

/// Longest title: Jira takes 255 characters, mail subjects are read up to 80.
const TITLE: usize = 120;

/// A ticket, ready to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The case; a ticket system finds the ticket again by it.
    pub case_id: CaseId,
    /// The level.
    pub severity: Severity,
    /// The queue.
    pub queue: String,
    /// One line.
    pub title: String,
    /// The whole text, Markdown.
    pub body: String,
    /// Facts for the fields of a ticket system, by name.
    pub fields: BTreeMap<&'static str, String>,
}

/// What a ticket tells.
#[derive(Debug, Clone, Copy)]
pub struct TicketFacts<'a> {
    /// The case, the agent's facts laid over the customer's.
    pub case: &'a Case,
    /// The bundle's record, where there is a bundle.
    pub manifest: Option<&'a Manifest>,
    /// The bundle as a file, where there is one.
    pub bundle: Option<BundleName<'a>>,
    /// Facts of the host, such as `OS` and its version.
    pub environment: &'a [(String, String)],
    /// The severity.
    pub decided: &'a Decided,
    /// The policy in force.
    pub policy: &'a Policy,
    /// What is due when.
    pub targets: &'a Targets,
    /// The checklist's result.
    pub evaluation: &'a Evaluation,
    /// Why it goes out although the checklist is not met.
    pub override_checklist: Option<&'a str>,
    /// Why it cannot wait, where somebody said so.
    pub time_critical: Option<&'a str>,
    /// Who escalates.
    pub agent: Option<&'a str>,
    /// The time of the escalation.
    pub now: Timestamp,
}

/// A bundle as a ticket names it.
#[derive(Debug, Clone, Copy)]
pub struct BundleName<'a> {
    /// The file's name.
    pub file_name: &'a str,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its tag manifest.
    pub bundle_digest: &'a Sha256Digest,
    /// SHA-256 of the file.
    pub file_digest: &'a Sha256Digest,
}

/// Why there is no ticket text.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// The first two lines cannot be written.
    #[error("the business impact is not known: nobody said {}", .0.join(", "))]
    ImpactUnknown(Vec<&'static str>),
    /// The template does something that it may not, or takes too long.
    #[error(transparent)]
    Template(#[from] ConfigError),
}

/// A template that is known to use only fields that exist.
#[derive(Debug, Clone)]
pub struct TicketTemplate {
    file: String,
    text: String,
}

impl TicketTemplate {
    /// The built-in template.
    #[must_use]
    pub fn builtin() -> Self {
        Self { file: "the built-in ticket template".to_owned(), text: BUILTIN.to_owned() }
    }

    /// The text of the built-in template, to start one's own from.
    #[must_use]
    pub fn builtin_text() -> &'static str {
        BUILTIN
    }

    /// Accepts `text` when every field that it names exists; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let template = Self { file: file.to_owned(), text: text.to_owned() };
        let sample = sample();
        let environment = environment();
        let parsed = environment.template_from_named_str(file, text).map_err(|e| template.mistake(&e))?;
        // A field inside a branch that this case does not take would otherwise come to light in the middle of the night.
        let mut unknown: Vec<String> = parsed.undeclared_variables(true).into_iter().collect();
        unknown.retain(|name| !exists(&sample, name) && !environment.globals().any(|(global, _)| global == name));
        unknown.sort();
        if let Some(name) = unknown.first() {
            let last = name.rsplit('.').next().unwrap_or(name);
            return Err(ConfigError::file(file, format!("unknown field `{}`", one_line(name, 80)))
                .at_text(text, last)
                .mend(known_fields(&sample)));
        }
        template.render(&sample)?;
        Ok(template)
    }

    fn render(&self, fields: &Value) -> Result<String, ConfigError> {
        let environment = environment();
        let parsed = environment.template_from_named_str(&self.file, &self.text).map_err(|e| self.mistake(&e))?;
        let mut out = Bounded(Vec::new());
        parsed.render_captured_to(fields, &mut out).map_err(|e| self.mistake(&e))?;
        // Only valid UTF-8 went in; a cut cannot happen, as the writer refuses instead.
        Ok(String::from_utf8_lossy(&out.0).into_owned())
    }

    fn mistake(&self, error: &Error) -> ConfigError {
        use minijinja::ErrorKind;
        let problem = match error.kind() {
            ErrorKind::UndefinedError => "a field is used that does not exist".to_owned(),
            ErrorKind::OutOfFuel => "takes too many steps".to_owned(),
            ErrorKind::WriteFailure => format!("writes more than {MOST_BYTES} bytes"),
            kind => match error.detail() {
                Some(detail) => format!("{kind}: {}", one_line(detail, 200)),
                None => kind.to_string(),
            },
        };
        let mut mistake = ConfigError::file(&self.file, problem).mend(known_fields(&sample()));
        mistake.line = error.line();
        mistake
    }
}

/// An engine without access to files, strict about names, bounded in steps.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

/// The fields of a ticket in which nothing is missing.
fn sample() -> Value {
    Value::from(Serde(TicketContext::sample()))
}

fn exists(sample: &Value, dotted: &str) -> bool {
    let mut value = sample.clone();
    dotted.split('.').all(|name| match value.get_attr(name) {
        Ok(inner) if !inner.is_undefined() => {
            value = inner;
            true
        }
        _ => false,
    })
}

fn known_fields(sample: &Value) -> String {
    let mut names: Vec<String> =
        sample.try_iter().map(|keys| keys.map(|key| key.to_string()).collect()).unwrap_or_default();
    names.sort();
    format!("fields are: {}", names.join(", "))
}

/// A writer that refuses what goes beyond [`MOST_BYTES`].
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the ticket.
pub fn write(facts: &TicketFacts<'_>, template: &TicketTemplate) -> Result<Ticket, TicketError> {
    let [first, second] = impact_lines(facts.case)?;
    let below = template.render(&Value::from(Serde(TicketContext::of(facts))))?;
    let below = below.trim_matches('\n');
    let route = facts.policy.route(facts.case, facts.decided.severity);
    Ok(Ticket {
        case_id: facts.case.case_id.clone(),
        severity: facts.decided.severity,
        queue: one_line(&route.queue, TITLE),
        title: title(facts),
        body: format!("{first}\n{second}\n\n{below}\n"),
        fields: fields(facts),
    })
}

/// The first two lines of a ticket: who cannot do what; how many, since when. An unknown count is said, because it is
/// an answer; without the others there are no two lines.
pub fn impact_lines(case: &Case) -> Result<[String; 2], TicketError> {
    let impact = &case.impact;
    let told = |fact: Option<&crate::model::case::Fact<String>>| {
        fact.map(|f| f.value.trim().to_owned()).filter(|text| !says_nothing(text))
    };
    let (who, cannot, since) = (told(impact.who.as_ref()), told(impact.cannot.as_ref()), impact.since.as_ref());
    let mut missing = Vec::new();
    for (known, what) in [
        (who.is_some(), "who is affected"),
        (cannot.is_some(), "what they cannot do"),
        (since.is_some(), "since when they are affected"),
    ] {
        if !known {
            missing.push(what);
        }
    }
    let (Some(who), Some(cannot), Some(since)) = (who, cannot, since) else {
        return Err(TicketError::ImpactUnknown(missing));
    };
    let cannot = ["cannot ", "can not ", "can't "].iter().find_map(|not| cannot.strip_prefix(not)).unwrap_or(&cannot);
    let cost = told(case.business_impact.as_ref()).map_or_else(String::new, |cost| format!(": {}", inline(&cost, 160)));
    let count = match (impact.affected.as_ref(), impact.total.as_ref()) {
        (Some(affected), Some(total)) => format!("{} of {} users", affected.value, total.value),
        (Some(affected), None) => format!("{} users, out of an unknown number,", affected.value),
        (None, Some(total)) => format!("An unknown number of {} users", total.value),
        (None, None) => "An unknown number of users".to_owned(),
    };
    let since = &since.value;
    Ok([
        format!("{} cannot {}{cost}", line_start(&who, 120), inline(cannot, 160)),
        format!("{count} affected since {} ({})", since.utc.strftime("%Y-%m-%d %H:%M UTC"), inline(&since.given, 60)),
    ])
}

fn title(facts: &TicketFacts<'_>) -> String {
    let line = |fact: &Option<crate::model::case::Fact<String>>| {
        fact.as_ref().map(|f| f.value.as_str()).unwrap_or_default().to_owned()
    };
    let (service, summary) = (line(&facts.case.service), line(&facts.case.summary));
    let service = if service.trim().is_empty() { String::new() } else { format!("{service}: ") };
    one_line(&format!("[{}] {service}{summary}", facts.decided.severity), TITLE)
}

fn fields(facts: &TicketFacts<'_>) -> BTreeMap<&'static str, String> {
    let case = facts.case;
    let mut fields = BTreeMap::from([
        ("case_id", case.case_id.to_string()),
        ("severity", facts.decided.severity.to_string()),
        ("severity_by_facts", facts.decided.by_facts.severity.to_string()),
        ("checklist", if facts.evaluation.ready() { "complete" } else { "owed" }.to_owned()),
        ("escalated_at", facts.now.to_string()),
    ]);
    if let Some(account) = &case.account_id {
        fields.insert("account_id", one_line(account.value.reveal(), TITLE));
    }
    if let Some(service) = &case.service {
        fields.insert("service", one_line(&service.value, TITLE));
    }
    for (name, due) in [("respond_by", &facts.targets.respond), ("escalate_by", &facts.targets.escalate)] {
        if let Some(due) = due {
            fields.insert(name, due.at.to_string());
        }
    }
    if let Some(bundle) = facts.bundle {
        fields.insert("bundle_digest", bundle.bundle_digest.to_string());
        fields.insert("file_digest", bundle.file_digest.to_string());
    }
    fields
}

#[cfg(test)]
#[path = "ticket_tests.rs"]
mod tests;
