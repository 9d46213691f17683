//! Who is told of a case: rows of service, severity and hours, each with the targets of every level.
//!
//! The row of the service goes before the row for all services, and a row for these hours before one for all hours. Where
//! no row fits, the files in the outbox stand in: never is nobody told.

use serde::Deserialize;

use super::Policy;
use super::notifiers::{NotifierPolicy, is_name};
use crate::model::Severity;

/// One row of the matrix: `[[matrix]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The service, as cases name it; case is ignored. Without one the row is for all services.
    pub service: Option<String>,
    /// The levels that it is for.
    pub severities: Vec<String>,
    /// For which hours.
    #[serde(default)]
    pub hours: Hours,
    /// The targets of the first level, of the next, and so on.
    pub levels: Vec<Vec<String>>,
}

/// Which hours a row is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hours {
    /// While the desk is open.
    Open,
    /// While it is closed.
    Closed,
    /// Day and night.
    #[default]
    Any,
}

/// Who is told of a case now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callees {
    /// The names of the targets, level by level; the first is told at once, the next when nobody takes the case over.
    pub levels: Vec<Vec<String>>,
    /// Which row decided, in words.
    pub reason: String,
    /// Targets of the row that are not told, each with the reason in words.
    pub held_back: Vec<(String, &'static str)>,
}

/// The two stand-ins of a policy that names no target: files in the outbox.
const STAND_INS: [(&str, &str); 2] = [("sre-outbox", "SRE"), ("engineering-outbox", "Engineering")];

impl Policy {
    /// The target of this name: of the policy, or one of the files in the outbox that stand in.
    #[must_use]
    pub fn notifier(&self, name: &str) -> Option<NotifierPolicy> {
        let stand_in = || STAND_INS.iter().find(|(own, _)| *own == name).map(|(_, team)| NotifierPolicy::outbox(team));
        self.notifiers.get(name).cloned().or_else(stand_in)
    }

    /// Who is told of a case of `service` at `severity`, while the desk is open or closed. SEV4 pages and pings nobody, and
    /// SEV3 pages nobody outside business hours, whatever the matrix says.
    #[must_use]
    pub fn callees(&self, service: Option<&str>, severity: Severity, open: bool) -> Callees {
        let (row, reason) = self.row(service, severity, open);
        let mut held_back = Vec::new();
        let mut may = |name: &String| {
            let Some(target) = self.notifier(name) else { return false };
            let why = match severity {
                Severity::Sev4 if target.is_pager() => "a SEV4 pages nobody",
                Severity::Sev4 if target.is_chat() => "a SEV4 pings no chat room",
                Severity::Sev3 if !open && target.is_pager() => "a SEV3 pages nobody outside business hours",
                _ => return true,
            };
            held_back.push((name.clone(), why));
            false
        };
        let levels: Vec<Vec<String>> = match row {
            Some(row) => {
                row.levels.iter().map(|level| level.iter().filter(|name| may(name)).cloned().collect()).collect()
            }
            None => stand_ins(severity),
        };
        let levels = levels.into_iter().filter(|level: &Vec<String>| !level.is_empty()).collect();
        Callees { levels, reason, held_back }
    }

    fn row(&self, service: Option<&str>, severity: Severity, open: bool) -> (Option<&Row>, String) {
        let service = service.map(str::trim).filter(|service| !service.is_empty());
        let fits = |row: &&Row| row.is_for(severity) && row.hours != if open { Hours::Closed } else { Hours::Open };
        let best = |own: &dyn Fn(&Row) -> bool| {
            let rows: Vec<&Row> = self.matrix.iter().filter(|row| own(row)).filter(fits).collect();
            rows.iter().find(|row| row.hours != Hours::Any).or(rows.first()).copied()
        };
        let named = service.and_then(|service| best(&|row| row.is_of(service)));
        if let Some(row) = named {
            return (Some(row), "the row of its service".to_owned());
        }
        let why = match service {
            None => "no service is named",
            Some(service) if self.matrix.iter().any(|row| row.is_of(service)) => {
                "its service has no row for this level"
            }
            Some(_) => "the matrix has no row for its service",
        };
        match best(&|row| row.service.is_none()) {
            Some(row) => (Some(row), format!("the row for all services, as {why}")),
            None => (None, format!("the outbox, as {why} and there is no row for all services")),
        }
    }

    /// What is wrong with the targets and the matrix: the key, the problem, the mend.
    pub(super) fn matrix_mistake(&self) -> Option<(String, String, String)> {
        for (name, target) in &self.notifiers {
            if !is_name(name) {
                let mend = "use up to 40 letters, digits, - and _".to_owned();
                return Some((format!("notifiers.\"{name}\""), "has a target with an unusable name".to_owned(), mend));
            }
            if let Some((field, problem, mend)) = target.mistake() {
                let dot = if field.is_empty() { "" } else { "." };
                return Some((format!("notifiers.{name}{dot}{field}"), problem, mend));
            }
        }
        self.matrix.iter().enumerate().find_map(|(n, row)| {
            let key = |field: &str| format!("matrix[{n}].{field}");
            if row.severities.is_empty() || row.severities.iter().any(|level| Severity::parse(level).is_none()) {
                let mend = "write severities = [\"SEV1\", \"SEV2\"]".to_owned();
                return Some((key("severities"), "is no list of severities".to_owned(), mend));
            }
            let unknown = row.levels.iter().flatten().find(|name| self.notifier(name).is_none());
            if let Some(unknown) = unknown {
                let mend = format!("add [notifiers.{unknown}], or mend the name");
                return Some((key("levels"), format!("names the target `{unknown}`, which is not there"), mend));
            }
            let same = |other: &&Row| {
                let both = Severity::ALL.iter().any(|severity| other.is_for(*severity) && row.is_for(*severity));
                let service = |row: &Row| row.service.as_deref().map(|name| name.trim().to_lowercase());
                both && other.hours == row.hours && service(other) == service(row)
            };
            self.matrix[..n].iter().find(same).map(|_| {
                let problem = "says the same service, severity and hours as a row above".to_owned();
                (key("severities"), problem, "make one row of the two".to_owned())
            })
        })
    }
}

impl Row {
    /// Whether it is for `severity`.
    #[must_use]
    pub fn is_for(&self, severity: Severity) -> bool {
        self.severities.iter().any(|level| Severity::parse(level) == Some(severity))
    }

    fn is_of(&self, service: &str) -> bool {
        let own = self.service.as_deref().map(|own| own.trim().to_lowercase());
        own == Some(service.trim().to_lowercase())
    }
}

/// A SEV1 is for both teams; what is no matter of minutes is for engineering alone.
fn stand_ins(severity: Severity) -> Vec<Vec<String>> {
    let names = STAND_INS.iter().map(|(name, _)| (*name).to_owned());
    match severity {
        Severity::Sev1 | Severity::Sev2 => vec![names.collect()],
        Severity::Sev3 | Severity::Sev4 => vec![names.skip(1).collect()],
    }
}

/// What in the matrix would leave somebody unheard, in words.
#[must_use]
pub fn gaps(policy: &Policy) -> Vec<String> {
    if policy.notifiers.is_empty() {
        return vec!["there are no notifiers: notices are files in the outbox, which wake nobody".to_owned()];
    }
    let mut gaps: Vec<String> = Vec::new();
    let mut services: Vec<Option<&str>> = vec![None];
    let routed = policy.routing.services.iter().map(|route| route.service.as_str());
    for service in policy.matrix.iter().filter_map(|row| row.service.as_deref()).chain(routed) {
        if !services.iter().flatten().any(|known| known.trim().eq_ignore_ascii_case(service.trim())) {
            services.push(Some(service));
        }
    }
    for service in services {
        for severity in Severity::ALL {
            for open in [true, false] {
                gaps.extend(gaps_of(policy, service, severity, open));
            }
        }
    }
    let used = |name: &String| policy.matrix.iter().any(|row| row.levels.iter().flatten().any(|other| other == name));
    gaps.extend(
        policy.notifiers.keys().filter(|name| !used(name)).map(|name| format!("notifier {name}: no row names it")),
    );
    gaps
}

fn gaps_of(policy: &Policy, service: Option<&str>, severity: Severity, open: bool) -> Vec<String> {
    let (row, _) = policy.row(service, severity, open);
    let callees = policy.callees(service, severity, open);
    let hours = if open { "in business hours" } else { "outside business hours" };
    let place = format!("{severity} of {}, {hours}", service.unwrap_or("any other service"));
    let targets = |names: &[String]| names.iter().filter_map(|name| policy.notifier(name)).collect::<Vec<_>>();
    let urgent = severity <= Severity::Sev2;
    if row.is_none() || callees.levels.is_empty() {
        return match (row, urgent) {
            (None, _) => vec![format!("{place}: no row, so a file in the outbox stands in")],
            (Some(_), true) => vec![format!("{place}: reaches nobody")],
            // Held back on purpose: the ticket waits in its queue.
            (Some(row), false) if row.levels.iter().any(|level| !level.is_empty()) => Vec::new(),
            (Some(_), false) => vec![format!("{place}: its row names no notifier")],
        };
    }
    let mut gaps = Vec::new();
    let first = targets(&callees.levels[0]);
    if severity == Severity::Sev1 {
        for team in ["SRE", "Engineering"] {
            if !first.iter().any(|target| target.is_of(team)) {
                gaps.push(format!("{place}: the first level does not call {team}"));
            }
        }
        if callees.levels.len() < 2 {
            gaps.push(format!("{place}: there is no next level when nobody answers"));
        }
    }
    if urgent && !open {
        let pagers: Vec<_> = first.iter().filter(|target| target.is_pager()).collect();
        if pagers.is_empty() {
            gaps.push(format!("{place}: no pager in the first level"));
        } else if !pagers.iter().any(|target| target.secure) {
            gaps.push(format!("{place}: no pager is marked secure, so none is told the emergency contact"));
        }
    }
    gaps
}

#[cfg(test)]
#[path = "matrix_tests.rs"]
mod tests;
