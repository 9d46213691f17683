//! `case.toml`: the facts of a case as a person writes them, flat, without saying who gave them.

use serde::Deserialize;

use super::case::{Answer, Attempt, Case, Contact, CustomerSla, Disclosed, Fact, GivenBy, Impact, NoneBecause, Scope};
use super::config::{ConfigError, parse_toml};
use super::{CaseId, Moment};

/// The written form of a case. Every key is optional; an unknown one is refused with its nearest neighbour.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    case_id: Option<String>,
    account_id: Option<String>,
    summary: Option<String>,
    service: Option<String>,
    steps_to_reproduce: Option<Answer<Vec<String>>>,
    error_messages: Option<Vec<String>>,
    started_at: Option<String>,
    reported_at: Option<String>,
    #[serde(default)]
    tried: Vec<AttemptText>,
    impact: Option<ImpactText>,
    business_impact: Option<String>,
    escalation_reason: Option<String>,
    contact: Option<Contact>,
    preferred_channel: Option<String>,
    emergency_contact: Option<Contact>,
    customer_sla: Option<CustomerSla>,
    customer_zone: Option<String>,
    browser_involved: Option<bool>,
    har: Option<NoneBecause>,
    screenshots: Option<NoneBecause>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttemptText {
    what: String,
    result: Option<String>,
    at: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImpactText {
    who: Option<String>,
    cannot: Option<String>,
    affected: Option<u64>,
    total: Option<u64>,
    since: Option<String>,
    scope: Option<Scope>,
    workaround: Option<Answer<String>>,
}

/// What a case file says: its facts, and the id where it names one.
#[derive(Debug)]
pub struct ReadCase {
    /// The id, where the file gives it.
    pub case_id: Option<CaseId>,
    /// The facts, under a placeholder id that [`Case::overlaid_by`] never takes over.
    pub case: Case,
}

/// Reads the text of a case file. `file` names it in errors, `given_by` says whose facts they are.
pub fn parse(file: &str, text: &str, given_by: GivenBy) -> Result<ReadCase, ConfigError> {
    let raw: CaseFile = parse_toml(file, text)?;
    let fail = |key: &str, problem: String| ConfigError::file(file, problem).at_key(key).at_line_of_key(text);
    let moment = |key: &str, given: Option<String>| -> Result<Option<Fact<Moment>>, ConfigError> {
        given
            .map(|given| {
                let value = Moment::parse(&given).map_err(|e| {
                    fail(key, format!("the time {e}"))
                        .mend("write date, time and zone, such as 2026-11-23T10:15:00+01:00")
                })?;
                Ok(Fact { value, given_by })
            })
            .transpose()
    };
    let case_id = raw
        .case_id
        .map(|id| CaseId::parse(&id).map_err(|e| fail("case_id", e.to_string()).mend("leave it out to get a new one")))
        .transpose()?;
    if let Some(zone) = &raw.customer_zone
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        return Err(fail("customer_zone", "not an IANA time zone".to_owned()).mend("write it as Europe/Berlin"));
    }
    let impact = raw.impact.unwrap_or_default();
    let mut tried = Vec::new();
    for (n, attempt) in raw.tried.into_iter().enumerate() {
        let at = moment(&format!("tried[{n}].at"), attempt.at)?.map(|fact| fact.value);
        tried.push(Attempt { what: attempt.what, result: attempt.result, at });
    }
    let case = Case {
        account_id: fact(raw.account_id.map(Disclosed::new), given_by),
        summary: fact(raw.summary, given_by),
        service: fact(raw.service, given_by),
        steps_to_reproduce: fact(raw.steps_to_reproduce, given_by),
        error_messages: fact(raw.error_messages, given_by),
        started_at: moment("started_at", raw.started_at)?,
        reported_at: moment("reported_at", raw.reported_at)?,
        tried: fact((!tried.is_empty()).then_some(tried), given_by),
        impact: Impact {
            who: fact(impact.who, given_by),
            cannot: fact(impact.cannot, given_by),
            affected: fact(impact.affected, given_by),
            total: fact(impact.total, given_by),
            since: moment("impact.since", impact.since)?,
            scope: fact(impact.scope, given_by),
            workaround: fact(impact.workaround, given_by),
        },
        business_impact: fact(raw.business_impact, given_by),
        escalation_reason: fact(raw.escalation_reason, given_by),
        contact: fact(raw.contact, given_by),
        preferred_channel: fact(raw.preferred_channel, given_by),
        emergency_contact: fact(raw.emergency_contact, given_by),
        customer_sla: fact(raw.customer_sla, given_by),
        customer_zone: fact(raw.customer_zone, given_by),
        browser_involved: fact(raw.browser_involved, given_by),
        no_har: fact(raw.har, given_by),
        no_screenshots: fact(raw.screenshots, given_by),
        ..Case::new(case_id.clone().unwrap_or_else(|| CaseId::from_random([0; 7])))
    };
    Ok(ReadCase { case_id, case })
}

fn fact<T>(value: Option<T>, given_by: GivenBy) -> Option<Fact<T>> {
    value.map(|value| Fact { value, given_by })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_refused_with_its_line_and_key() {
        let error = parse("c.toml", "summary = \"x\"\n[impact]\nsince = \"2026-11-23T10:15:00\"\n", GivenBy::Agent)
            .expect_err("no zone");
        assert_eq!((error.line, error.key.as_deref()), (Some(3), Some("impact.since")));
        assert!(error.problem.contains("no time zone"), "{error}");
    }

    #[test]
    fn the_agents_facts_lie_over_the_customers_and_each_knows_who_gave_it() {
        let customer = parse("a", "summary = \"slow\"\nservice = \"pay\"", GivenBy::Customer).expect("parses").case;
        let agent = parse("b", "summary = \"down\"", GivenBy::Agent).expect("parses").case;
        let both = customer.overlaid_by(agent);
        assert_eq!(both.summary, Some(Fact { value: "down".to_owned(), given_by: GivenBy::Agent }));
        assert_eq!(both.service, Some(Fact { value: "pay".to_owned(), given_by: GivenBy::Customer }));
    }

    #[test]
    fn none_because_is_an_answer() {
        let case =
            parse("c", "steps_to_reproduce = { none_because = \"seen once\" }", GivenBy::Customer).expect("parses");
        assert!(matches!(case.case.steps_to_reproduce, Some(Fact { value: Answer::None(_), .. })));
    }

    #[test]
    fn disclosed_values_never_show_in_debug_output() {
        let case = parse("c", "account_id = \"ACME-77\"", GivenBy::Customer).expect("parses").case;
        assert!(!format!("{case:?}").contains("ACME-77"));
    }
}
