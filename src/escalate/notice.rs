//! What a pager, a chat room or a mail says about a case: one line of impact, a few facts, the link to the ticket.
//!
//! It is put together from an allow list of fields. A target that is not marked secure gets the service, the severity, one
//! line of impact and the link, and only where no personal data stands in them.

use jiff::Timestamp;

use super::notifiers::NotifierPolicy;
use super::plain_text::one_line;
use super::policy::Policy;
use super::public_text::{Known, NotPublic, check};
use super::targets::targets;
use crate::checklist::says_nothing;
use crate::model::case::{Contact, Fact};
use crate::model::{Case, CaseId, Severity};

/// Longest summary, in characters: PagerDuty's bound (Events API v2).
pub const SUMMARY: usize = 1024;

/// Longest name of a service, in characters.
const SERVICE: usize = 80;

/// Longest further fact, in characters.
const DETAIL: usize = 300;

/// A notice to one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Case, target and level, such as `c-7fk2m9q4xa/sre-pager/1`: the far side merges notices of one key, and the next level,
    /// being another key, calls somebody new.
    pub key: String,
    /// The case.
    pub case_id: CaseId,
    /// Its level.
    pub severity: Severity,
    /// The service, where one is named.
    pub service: Option<String>,
    /// One line, at most 1,024 characters (PagerDuty's bound), cut at a word: level, service, impact.
    pub summary: String,
    /// More facts, by name, in their order. Empty for a target that is not marked secure.
    pub details: Vec<(String, String)>,
    /// Where the ticket is; none while there is no ticket yet.
    pub link: Option<String>,
}

/// What a notice is written from.
#[derive(Debug, Clone, Copy)]
pub struct NoticeFacts<'a> {
    /// The case.
    pub case: &'a Case,
    /// The level in force.
    pub severity: Severity,
    /// The policy in force.
    pub policy: &'a Policy,
    /// The moment, which tells whether the desk is open.
    pub now: Timestamp,
}

/// Writes the notice to the target `name` at `level`, from 1, without its link. Refused where a public target would be told
/// personal data or a secret.
pub fn write(facts: &NoticeFacts<'_>, name: &str, target: &NotifierPolicy, level: usize) -> Result<Notice, NotPublic> {
    let NoticeFacts { case, severity, .. } = *facts;
    let service = text(case.service.as_ref()).map(|service| one_line(service, SERVICE));
    let impact = impact(case);
    let place = service.as_ref().map_or_else(String::new, |service| format!(" {service}:"));
    let notice = Notice {
        key: format!("{}/{name}/{level}", case.case_id),
        case_id: case.case_id.clone(),
        severity,
        summary: one_line(&format!("[{severity}]{place} {impact}"), SUMMARY),
        service,
        details: if target.secure { details(facts) } else { Vec::new() },
        link: None,
    };
    if !target.secure {
        public(&notice, &Known::of(case))?;
    }
    Ok(notice)
}

/// Refuses a notice that must not go to a public target.
pub fn public(notice: &Notice, known: &Known) -> Result<(), NotPublic> {
    if !notice.details.is_empty() {
        return Err(NotPublic { what: "facts that are for secure targets".to_owned(), place: "the notice".to_owned() });
    }
    let parts = [("the service", notice.service.as_deref()), ("the link to the ticket", notice.link.as_deref())];
    for (place, text) in parts.into_iter().filter_map(|(place, text)| Some((place, text?))) {
        check(place, text, known)?;
    }
    check("the impact", &notice.summary, known)
}

/// Who cannot do what, at what cost, how many: one line. What nobody said is not made up.
fn impact(case: &Case) -> String {
    let (who, cannot) = (text(case.impact.who.as_ref()), text(case.impact.cannot.as_ref()));
    let who = who.unwrap_or("somebody");
    let what = match cannot {
        Some(cannot) => {
            let bare = ["cannot ", "can not ", "can't "].iter().find_map(|not| cannot.strip_prefix(not));
            format!("{who} cannot {}", bare.unwrap_or(cannot))
        }
        None => format!("{who} is affected; what they cannot do is not said"),
    };
    let cost = text(case.business_impact.as_ref()).map_or_else(String::new, |cost| format!(": {cost}"));
    let count = match (&case.impact.affected, &case.impact.total) {
        (Some(affected), Some(total)) => format!(" ({} of {} users)", affected.value, total.value),
        (Some(affected), None) => format!(" ({} users)", affected.value),
        (None, _) => String::new(),
    };
    // The count goes first where all must be cut: a cost may be an essay.
    let cost = one_line(&cost, 2 * SUMMARY);
    format!("{}{count}{cost}", one_line(&what, 600))
}

/// What a person who was woken needs, for secure targets alone.
fn details(facts: &NoticeFacts<'_>) -> Vec<(String, String)> {
    let NoticeFacts { case, severity, policy, now } = *facts;
    let mut details = Vec::new();
    let mut add = |name: &str, value: String| {
        if !says_nothing(&value) {
            details.push((name.to_owned(), one_line(&value, DETAIL)));
        }
    };
    if let Some(closed) = policy.calendar_of(case).1.closed(now) {
        add("outside business hours", closed.to_string());
    }
    if let Ok(due) = targets(case, severity, policy, now)
        && let Some(respond) = due.respond
    {
        add("answer due", respond.at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    }
    if let Some(runbook) = policy.service_of(case).and_then(|service| service.runbook.as_ref()) {
        add("runbook", runbook.clone());
    }
    if let Some(started) = &case.started_at {
        add("since", started.value.utc.strftime("%Y-%m-%d %H:%M UTC").to_string());
    }
    for (name, fact) in [("reason", &case.escalation_reason), ("channel", &case.preferred_channel)] {
        if let Some(fact) = fact {
            add(name, fact.value.clone());
        }
    }
    if let Some(account) = &case.account_id {
        add("account", account.value.reveal().to_owned());
    }
    let person = |contact: &Contact| format!("{}, {}", contact.name.reveal(), contact.address.reveal());
    for (name, contact) in [("contact", &case.contact), ("emergency contact", &case.emergency_contact)] {
        if let Some(contact) = contact {
            add(name, person(&contact.value));
        }
    }
    details
}

fn text(fact: Option<&Fact<String>>) -> Option<&str> {
    fact.map(|fact| fact.value.trim()).filter(|text| !says_nothing(text))
}

#[cfg(test)]
#[path = "notice_tests.rs"]
mod tests;
