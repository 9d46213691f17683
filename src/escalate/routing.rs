//! Where a case goes: the queue, the calendar and the runbook of its service.

use serde::Deserialize;

use crate::model::{Case, Severity};

use super::Policy;
use super::calendar::Calendar;

/// Which queue gets the ticket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// For services that are not listed, and for cases that name none.
    pub default_queue: String,
    /// For SEV4.
    pub backlog_queue: String,
    /// The services that have a queue of their own.
    #[serde(default)]
    pub services: Vec<ServiceRoute>,
}

/// One service and its queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceRoute {
    /// The service, as cases name it; case is ignored.
    pub service: String,
    /// Its queue.
    pub queue: String,
    /// The calendar by which its business hours are counted; the policy's where it names none.
    pub calendar: Option<String>,
    /// The address of what to do when it is down; it stands in the ticket.
    pub runbook: Option<String>,
}

/// Where a ticket goes, and why there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The queue.
    pub queue: String,
    /// Why this one, in words.
    pub reason: String,
}

impl Routing {
    /// The first entry that cannot be used: its key, what is wrong, and how to mend it.
    pub(super) fn mistake(&self) -> Option<(String, &'static str, &'static str)> {
        for (key, queue) in [("default_queue", &self.default_queue), ("backlog_queue", &self.backlog_queue)] {
            if queue.trim().is_empty() {
                return Some((format!("routing.{key}"), "is empty", "name a queue, so that no ticket goes nowhere"));
            }
        }
        self.services.iter().enumerate().find_map(|(n, route)| {
            if route.service.trim().is_empty() || route.queue.trim().is_empty() {
                return Some((format!("routing.services[{n}]"), "has an empty name", "name a service and its queue"));
            }
            let runbook = route.runbook.as_deref().unwrap_or("https://");
            let link = ["https://", "http://"].iter().any(|scheme| runbook.starts_with(scheme));
            let whole = !runbook.contains(|c: char| c.is_whitespace() || c.is_control());
            (!link || !whole).then(|| {
                (format!("routing.services[{n}].runbook"), "is no web address", "write it as https://…, without spaces")
            })
        })
    }
}

impl Policy {
    /// The calendar by which business hours are counted for `case`, with its name.
    #[must_use]
    pub fn calendar_of(&self, case: &Case) -> (&str, &Calendar) {
        let own = self.service_of(case).and_then(|route| route.calendar.as_deref());
        let name = own.unwrap_or(&self.calendar);
        (name, self.calendars.get(name).expect("parsing refuses a calendar that is not there"))
    }

    /// The entry of the service that `case` names.
    #[must_use]
    pub fn service_of(&self, case: &Case) -> Option<&ServiceRoute> {
        let service = case.service.as_ref()?.value.trim().to_lowercase();
        self.routing.services.iter().find(|route| route.service.trim().to_lowercase() == service)
    }

    /// Which queue gets the ticket of `case` at `severity`.
    #[must_use]
    pub fn route(&self, case: &Case, severity: Severity) -> Route {
        let Routing { default_queue, backlog_queue, .. } = &self.routing;
        if severity == Severity::Sev4 {
            return Route { queue: backlog_queue.clone(), reason: "every SEV4 goes to the backlog".to_owned() };
        }
        if case.service.is_none() {
            return Route { queue: default_queue.clone(), reason: "the default, as no service is named".to_owned() };
        }
        match self.service_of(case) {
            Some(route) => Route { queue: route.queue.clone(), reason: "the queue of its service".to_owned() },
            None => {
                let reason = "the default, as the policy has no queue for its service".to_owned();
                Route { queue: default_queue.clone(), reason }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::{case, case_without};

    #[test]
    fn a_service_without_a_queue_goes_to_the_stated_default_and_says_so() {
        let text =
            Policy::builtin_text().to_owned() + "[[routing.services]]\nservice = \"Payments\"\nqueue = \"pay\"\n";
        let policy = Policy::parse("p", &text).expect("parses");
        assert_eq!(policy.route(&case(), Severity::Sev2).queue, "pay");
        assert_eq!(policy.route(&case(), Severity::Sev4).queue, "backlog");
        let unnamed = policy.route(&case_without("service"), Severity::Sev2);
        assert_eq!(unnamed.queue, "escalations");
        assert!(unnamed.reason.contains("default"));
        assert!(Policy::builtin().route(&case(), Severity::Sev2).reason.contains("no queue for its service"));
    }

    #[test]
    fn a_service_has_its_own_calendar_and_a_runbook_that_is_a_link() {
        let service = "[calendars.pay]\nzone = \"Asia/Kolkata\"\nweek = [\"mon-sun 00:00-24:00\"]\n\n\
                       [[routing.services]]\nservice = \"payments\"\nqueue = \"pay\"\ncalendar = \"pay\"\nrunbook = \"https://wiki.example/pay\"\n";
        let parse = |text: &str| Policy::parse("p", &(Policy::builtin_text().to_owned() + text));
        let policy = parse(service).expect("parses");
        assert_eq!(policy.calendar_of(&case()).0, "pay");
        assert_eq!(policy.calendar_of(&case_without("service")).0, "desk");
        assert_eq!(policy.service_of(&case()).and_then(|s| s.runbook.as_deref()), Some("https://wiki.example/pay"));
        for wrong in ["wiki", "javascript:x", "https://wiki.example/a b"] {
            let error = parse(&service.replacen("https://wiki.example/pay", wrong, 1)).expect_err(wrong);
            assert!(error.problem.contains("no web address"), "{error}");
        }
    }
}
