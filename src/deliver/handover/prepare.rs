//! Decides whether and how a case goes out, and writes its ticket. Touches nothing.

use super::opening::Facts;
use super::{BundleToAttach, Prepared, Refusal, Request};
use crate::checklist::{Evaluation, Group, ItemResult, evaluate, says_nothing};
use crate::escalate::callout::Levels;
use crate::escalate::targets::{Targets, targets_since};
use crate::escalate::ticket::{self, BundleName, TicketError, TicketFacts};
use crate::escalate::{classify, decide};
use crate::model::Severity;

/// Decides whether and how the case goes out, and writes its ticket. Touches nothing.
pub fn prepare(request: &Request<'_>) -> Result<Prepared, Refusal> {
    let Request { case, bundle, policy, now, .. } = *request;
    for (flag, reason) in [
        ("--severity-reason", request.severity_reason),
        ("--override-checklist", request.override_checklist),
        ("--time-critical", request.time_critical),
    ] {
        if reason.is_some_and(says_nothing) {
            return Err(Refusal::ReasonSaysNothing { flag });
        }
    }
    let decided = decide(classify(case, policy), request.severity, request.severity_reason)?;
    let severity = decided.severity;
    if let Some(progress) = request.progress {
        may_go_on(progress, severity)?;
    }
    let opened_at = request.progress.map_or(now, |progress| progress.opened_at);
    let targets = targets_since(case, severity, policy, opened_at, now)?;
    if request.page && severity > Severity::Sev2 {
        return Err(not_for_the_pager(request, severity, &targets));
    }
    let desk_closed = policy.calendar_of(case).1.closed(now);
    let manifest = bundle.map(|bundle| &bundle.manifest);
    let mut evaluation = evaluate(request.checklist, manifest, case, severity);
    if desk_closed.is_some() {
        evaluation = evaluation.outside_business_hours();
    }
    let in_the_way = in_the_way(&evaluation, request.time_critical.is_some());
    if let Err(TicketError::ImpactUnknown(missing)) = ticket::impact_lines(case) {
        return Err(Refusal::ImpactUnknown { missing, items: in_the_way });
    }
    if !in_the_way.is_empty() && request.override_checklist.is_none() {
        return Err(Refusal::ChecklistNotMet { severity, items: in_the_way });
    }
    // An override that was not needed is not worth a line in the ticket.
    let override_checklist = request.override_checklist.filter(|_| !in_the_way.is_empty());
    let facts = TicketFacts {
        case,
        manifest,
        bundle: bundle.map(|bundle| BundleName {
            file_name: &bundle.file_name,
            size: bundle.size,
            bundle_digest: &bundle.bundle_digest,
            file_digest: &bundle.file_digest,
        }),
        environment: bundle.map_or(&[], |bundle| &bundle.environment),
        decided: &decided,
        policy,
        targets: &targets,
        evaluation: &evaluation,
        override_checklist,
        time_critical: request.time_critical,
        agent: request.agent,
        now,
    };
    let ticket = ticket::write(&facts, request.template).map_err(|e| match e {
        TicketError::ImpactUnknown(missing) => Refusal::ImpactUnknown { missing, items: Vec::new() },
        TicketError::Template(e) => Refusal::Template(e),
    })?;
    Ok(Prepared {
        ticket,
        levels: Levels::default(),
        override_checklist: override_checklist.map(str::to_owned),
        time_critical: request.time_critical.map(str::to_owned),
        facts: Facts::of(case, policy, severity),
        agent: request.agent.map(str::to_owned),
        bundle: bundle.map(BundleToAttach::of),
        decided,
        evaluation,
        targets,
        desk_closed,
    })
}

/// What keeps a case from going out. A SEV1 goes at once and owes its diagnostics; what takes one sentence to say
/// (whom to call, which account) is needed even then. What cannot wait does not wait for troubleshooting either.
fn in_the_way(evaluation: &Evaluation, time_critical: bool) -> Vec<ItemResult> {
    let owed = |item: &&ItemResult| {
        let at_once = evaluation.severity == Severity::Sev1 && item.owed_at_sev1;
        let untried = time_critical && item.group == Group::Troubleshooting;
        !at_once && !untried
    };
    evaluation.missing().filter(owed).cloned().collect()
}

/// A case that was opened before is gone on with; another level is a decision of its own, and an ended case has ended.
fn may_go_on(progress: &crate::escalate::Progress, severity: Severity) -> Result<(), Refusal> {
    if let Some(end) = &progress.resolved {
        return Err(Refusal::Resolved(end.at));
    }
    if progress.severity != severity {
        return Err(Refusal::OpenUnderAnother { open: progress.severity, chosen: severity });
    }
    Ok(())
}

fn not_for_the_pager(request: &Request<'_>, severity: Severity, targets: &Targets) -> Refusal {
    let (_, calendar) = request.policy.calendar_of(request.case);
    let due = targets.escalate.as_ref().or(targets.respond.as_ref());
    Refusal::PageNotAllowed {
        severity,
        due: due.map_or_else(|| "none".to_owned(), |due| format!("{} ({})", calendar.local(due.at), due.counted)),
        opens: calendar
            .closed(request.now)
            .and_then(|_| calendar.next_open(request.now).ok())
            .map(|opens| calendar.local(opens)),
    }
}
