//! The fields of a ticket template. Every text in here is already harmless ([`super::plain_text`]), so no template can
//! let one out of its line.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::checklist::{Evaluation, Group, ItemResult, State};
use crate::model::case::{Answer, Contact, Fact};
use crate::model::{Case, Moment, Severity};

use super::plain_text::{block, inline};
use super::targets::{Due, in_words};
use super::ticket::TicketFacts;

/// Longest one-line text. A screen line is 80 to 200 characters; four of them are still read.
const LINE: usize = 400;
/// Longest name or address.
const NAME: usize = 120;
/// Most entries of a list that a person writes.
const ENTRIES: usize = 50;
/// Most error messages, and lines and characters of each: the rest is in the bundle.
const ERRORS: (usize, usize, usize) = (10, 20, 300);
/// Most things that are named as not in the bundle.
const GAPS: usize = 10;

const NOT_GIVEN: &str = "not given";

/// All fields.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TicketContext {
    case_id: String,
    summary: String,
    service: String,
    queue: String,
    queue_reason: String,
    runbook: Option<String>,
    agent: Option<String>,
    severity: SeverityFields,
    escalation_reason: String,
    time_critical: bool,
    targets: Vec<TargetFields>,
    targets_from: String,
    customer_sla: String,
    impact: ImpactFields,
    account_id: String,
    contact: String,
    preferred_channel: String,
    emergency_contact: String,
    customer_zone: String,
    environment: Vec<NameAndValue>,
    errors: Vec<String>,
    timeline: Vec<TimelineEntry>,
    steps: Vec<String>,
    no_steps: String,
    attempts: Vec<AttemptFields>,
    troubleshooting_open: Option<String>,
    checklist: ChecklistFields,
    bundle: Option<BundleFields>,
    gaps: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct SeverityFields {
    level: String,
    reason: String,
    by_facts: String,
    unknowns: Vec<String>,
    override_reason: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct TargetFields {
    what: String,
    when: String,
    counted: String,
    missed_by: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct ImpactFields {
    who: String,
    cannot: String,
    count: String,
    since: String,
    business: String,
    workaround: String,
}

#[derive(Debug, Clone, Serialize)]
struct NameAndValue {
    name: String,
    value: String,
}

#[derive(Debug, Clone, Serialize)]
struct TimelineEntry {
    utc: String,
    given: String,
    what: String,
    #[serde(skip)]
    at: Timestamp,
}

#[derive(Debug, Clone, Serialize)]
struct AttemptFields {
    what: String,
    at: Option<String>,
    result: String,
}

#[derive(Debug, Clone, Serialize)]
struct ChecklistFields {
    verdict: String,
    groups: Vec<GroupFields>,
    debts: Vec<OpenItem>,
    asked_for: Vec<OpenItem>,
    override_reason: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct GroupFields {
    title: String,
    state: String,
}

#[derive(Debug, Clone, Serialize)]
struct OpenItem {
    id: String,
    question: String,
    missing: String,
}

#[derive(Debug, Clone, Serialize)]
struct BundleFields {
    name: String,
    size: String,
    spoken: String,
    bundle_digest: String,
    file_digest: String,
}

impl TicketContext {
    /// The fields for these facts.
    pub(super) fn of(facts: &TicketFacts<'_>) -> Self {
        let case = facts.case;
        let decided = facts.decided;
        let route = facts.policy.route(case, decided.severity);
        let (steps, no_steps) = steps(case);
        Self {
            case_id: case.case_id.to_string(),
            summary: said(case.summary.as_ref()),
            service: said(case.service.as_ref()),
            queue: inline(&route.queue, NAME),
            queue_reason: inline(&route.reason, LINE),
            runbook: facts.policy.service_of(case).and_then(|service| service.runbook.clone()),
            agent: facts.agent.map(|agent| inline(agent, NAME)),
            severity: SeverityFields {
                level: decided.severity.to_string(),
                reason: inline(&decided.by_facts.reason, LINE),
                by_facts: decided.by_facts.severity.to_string(),
                unknowns: decided.by_facts.unknowns.iter().map(|unknown| inline(unknown, LINE)).collect(),
                override_reason: decided.override_reason.as_deref().map(|reason| inline(reason, LINE)),
            },
            escalation_reason: match facts.time_critical {
                Some(why) => format!("time-critical: {}", inline(why, LINE)),
                None => said(case.escalation_reason.as_ref()),
            },
            time_critical: facts.time_critical.is_some() || decided.severity == Severity::Sev1,
            targets: targets(facts),
            targets_from: format!("{} ({})", in_utc(facts.targets.from), facts.targets.from_reason),
            customer_sla: case.customer_sla.as_ref().map_or(NOT_GIVEN.to_owned(), |f| inline(&f.value.text, LINE)),
            impact: impact(case),
            account_id: case.account_id.as_ref().map_or(NOT_GIVEN.to_owned(), |f| inline(f.value.reveal(), NAME)),
            contact: person(case.contact.as_ref()),
            preferred_channel: said(case.preferred_channel.as_ref()),
            emergency_contact: person(case.emergency_contact.as_ref()),
            customer_zone: said(case.customer_zone.as_ref()),
            environment: environment(facts),
            errors: errors(case),
            timeline: timeline(facts),
            steps,
            no_steps,
            attempts: attempts(case),
            troubleshooting_open: open_item(facts.evaluation, "attempts"),
            checklist: checklist(facts.evaluation, facts.override_checklist),
            bundle: facts.bundle.map(|bundle| BundleFields {
                name: inline(bundle.file_name, NAME),
                size: format!("{} bytes", bundle.size),
                spoken: bundle.bundle_digest.spoken(),
                bundle_digest: bundle.bundle_digest.to_string(),
                file_digest: bundle.file_digest.to_string(),
            }),
            gaps: gaps(facts),
        }
    }

    /// A ticket in which every list has an entry and every field a value, to try a template on.
    pub(super) fn sample() -> Self {
        let x = || "x".to_owned();
        let item = || OpenItem { id: x(), question: x(), missing: x() };
        Self {
            case_id: x(),
            summary: x(),
            service: x(),
            queue: x(),
            queue_reason: x(),
            runbook: Some(x()),
            agent: Some(x()),
            severity: SeverityFields {
                level: "SEV1".to_owned(),
                reason: x(),
                by_facts: "SEV2".to_owned(),
                unknowns: vec![x()],
                override_reason: Some(x()),
            },
            escalation_reason: x(),
            time_critical: true,
            targets: vec![TargetFields { what: x(), when: x(), counted: x(), missed_by: Some(x()) }],
            targets_from: x(),
            customer_sla: x(),
            impact: ImpactFields { who: x(), cannot: x(), count: x(), since: x(), business: x(), workaround: x() },
            account_id: x(),
            contact: x(),
            preferred_channel: x(),
            emergency_contact: x(),
            customer_zone: x(),
            environment: vec![NameAndValue { name: x(), value: x() }],
            errors: vec![x()],
            timeline: vec![TimelineEntry { utc: x(), given: x(), what: x(), at: Timestamp::UNIX_EPOCH }],
            steps: vec![x()],
            no_steps: x(),
            attempts: vec![AttemptFields { what: x(), at: Some(x()), result: x() }],
            troubleshooting_open: Some(x()),
            checklist: ChecklistFields {
                verdict: x(),
                groups: vec![GroupFields { title: x(), state: x() }],
                debts: vec![item()],
                asked_for: vec![item()],
                override_reason: Some(x()),
            },
            bundle: Some(BundleFields { name: x(), size: x(), spoken: x(), bundle_digest: x(), file_digest: x() }),
            gaps: vec![x()],
        }
    }
}

fn said(fact: Option<&Fact<String>>) -> String {
    match fact {
        Some(fact) if !fact.value.trim().is_empty() => inline(&fact.value, LINE),
        _ => NOT_GIVEN.to_owned(),
    }
}

fn person(fact: Option<&Fact<Contact>>) -> String {
    fact.map_or(NOT_GIVEN.to_owned(), |f| {
        format!("{}, {}", inline(f.value.name.reveal(), NAME), inline(f.value.address.reveal(), NAME))
    })
}

fn in_utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// UTC first, because people of three zones read a ticket; then what was written.
fn moment(moment: &Moment) -> String {
    format!("{} ({})", in_utc(moment.utc), inline(&moment.given, NAME))
}

/// UTC, and the clock of the customer; where their zone is not known, that of the desk.
fn in_both_zones(at: Timestamp, facts: &TicketFacts<'_>) -> String {
    let zone = facts.case.customer_zone.as_ref().and_then(|f| TimeZone::get(&f.value).ok());
    let local = match zone {
        Some(zone) => format!("{} for the customer", at.to_zoned(zone).strftime("%a %H:%M %:z")),
        None => format!("{} at the desk", facts.policy.calendar_of(facts.case).1.local(at)),
    };
    format!("{}, {local}", in_utc(at))
}

fn targets(facts: &TicketFacts<'_>) -> Vec<TargetFields> {
    let clocks = [("Engineering answers by", &facts.targets.respond), ("Agent escalates by", &facts.targets.escalate)];
    clocks
        .into_iter()
        .map(|(what, due)| match due {
            Some(Due { at, counted, missed_by }) => TargetFields {
                what: what.to_owned(),
                when: in_both_zones(*at, facts),
                counted: inline(counted, LINE),
                missed_by: missed_by.map(in_words),
            },
            None => TargetFields {
                what: what.to_owned(),
                when: "none".to_owned(),
                counted: format!("the policy has none for {}", facts.decided.severity),
                missed_by: None,
            },
        })
        .collect()
}

fn impact(case: &Case) -> ImpactFields {
    let impact = &case.impact;
    let number = |fact: Option<&Fact<u64>>| fact.map_or("unknown".to_owned(), |f| f.value.to_string());
    ImpactFields {
        who: said(impact.who.as_ref()),
        cannot: said(impact.cannot.as_ref()),
        count: format!("{} of {}", number(impact.affected.as_ref()), number(impact.total.as_ref())),
        since: impact.since.as_ref().map_or(NOT_GIVEN.to_owned(), |f| moment(&f.value)),
        business: said(case.business_impact.as_ref()),
        workaround: match impact.workaround.as_ref().map(|f| &f.value) {
            None => NOT_GIVEN.to_owned(),
            Some(Answer::Given(text)) => inline(text, LINE),
            Some(Answer::None(none)) => format!("none, because {}", inline(&none.none_because, LINE)),
        },
    }
}

fn environment(facts: &TicketFacts<'_>) -> Vec<NameAndValue> {
    let pairs = facts.environment.iter().take(ENTRIES);
    pairs.map(|(name, value)| NameAndValue { name: inline(name, NAME), value: inline(value, LINE) }).collect()
}

fn errors(case: &Case) -> Vec<String> {
    let (most, lines, chars) = ERRORS;
    let given: &[String] = case.error_messages.as_ref().map_or(&[], |f| &f.value);
    given.iter().filter(|text| !text.trim().is_empty()).take(most).map(|text| block(text, lines, chars)).collect()
}

fn steps(case: &Case) -> (Vec<String>, String) {
    match case.steps_to_reproduce.as_ref().map(|f| &f.value) {
        None => (Vec::new(), "Not given.".to_owned()),
        Some(Answer::None(none)) => (Vec::new(), format!("None, because {}", inline(&none.none_because, LINE))),
        Some(Answer::Given(steps)) => {
            (steps.iter().take(ENTRIES).map(|step| inline(step, LINE)).collect(), "Not given.".to_owned())
        }
    }
}

fn attempts(case: &Case) -> Vec<AttemptFields> {
    let tried = case.tried.iter().flat_map(|f| &f.value).take(ENTRIES);
    tried
        .map(|attempt| AttemptFields {
            what: inline(&attempt.what, LINE),
            at: attempt.at.as_ref().map(moment),
            result: attempt.result.as_deref().map_or("no result given".to_owned(), |result| inline(result, LINE)),
        })
        .collect()
}

fn timeline(facts: &TicketFacts<'_>) -> Vec<TimelineEntry> {
    let case = facts.case;
    let entry = |at: Timestamp, given: &str, what: &str| TimelineEntry {
        utc: in_utc(at),
        given: inline(given, NAME),
        what: inline(what, LINE),
        at,
    };
    let facts_with_times =
        [("fault began", &case.started_at), ("users hurt since", &case.impact.since), ("reported", &case.reported_at)];
    let mut entries: Vec<TimelineEntry> = facts_with_times
        .into_iter()
        .filter_map(|(what, fact)| fact.as_ref().map(|f| entry(f.value.utc, &f.value.given, what)))
        .collect();
    for attempt in case.tried.iter().flat_map(|f| &f.value).take(ENTRIES) {
        if let Some(at) = &attempt.at {
            entries.push(entry(at.utc, &at.given, &format!("tried: {}", attempt.what)));
        }
    }
    let desk = |at: Timestamp| facts.policy.calendar_of(case).1.local(at);
    if let Some(manifest) = facts.manifest {
        let customers_clock = format!("the machine's clock, zone {}", manifest.clock.zone);
        entries.push(entry(manifest.started, &customers_clock, "diagnostics collected"));
    }
    entries.push(entry(facts.now, &desk(facts.now), "escalated"));
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn open(item: &ItemResult) -> OpenItem {
    OpenItem {
        id: inline(&item.id, NAME),
        question: inline(&item.question, LINE),
        missing: inline(item.missing().unwrap_or_default(), LINE),
    }
}

fn open_item(evaluation: &Evaluation, id: &str) -> Option<String> {
    let item = evaluation.items.iter().find(|item| item.id == id)?;
    item.missing().map(|missing| inline(missing, LINE))
}

fn checklist(evaluation: &Evaluation, override_reason: Option<&str>) -> ChecklistFields {
    let debts: Vec<OpenItem> = evaluation.missing().map(open).collect();
    let advice = evaluation.items.iter().filter(|item| matches!(item.state, State::Advisory { .. }));
    let groups = Group::ALL.into_iter().filter_map(|group| {
        let of_group: Vec<_> = evaluation.items.iter().filter(|item| item.group == group).collect();
        let count = |wanted: fn(&State) -> bool| of_group.iter().filter(|item| wanted(&item.state)).count();
        let (met, owed) = (count(|s| *s == State::Met), count(|s| matches!(s, State::NotMet { .. })));
        let state = if owed == 0 { format!("{met} met") } else { format!("{met} met, {owed} OWED") };
        (!of_group.is_empty()).then(|| GroupFields { title: group.title().to_owned(), state })
    });
    ChecklistFields {
        verdict: match (debts.len(), evaluation.severity) {
            (0, severity) => format!("complete for {severity}"),
            (n, severity) => format!("{n} owed for {severity}"),
        },
        groups: groups.collect(),
        debts,
        asked_for: advice.map(open).collect(),
        override_reason: override_reason.map(|reason| inline(reason, LINE)),
    }
}

fn gaps(facts: &TicketFacts<'_>) -> Vec<String> {
    let Some(manifest) = facts.manifest else { return Vec::new() };
    let all: Vec<_> = manifest.plan.iter().filter(|item| item.outcome.leaves_a_gap()).collect();
    let mut told: Vec<String> = all
        .iter()
        .take(GAPS)
        .map(|item| {
            let reason = item.outcome.reason().unwrap_or_default();
            inline(&format!("{} ({}): {}: {reason}", item.what, item.collector, item.outcome.word()), LINE)
        })
        .collect();
    if all.len() > GAPS {
        told.push(format!("{} more, see manifest.json", all.len() - GAPS));
    }
    told
}
