//! The severity that the facts of a case give, in words that quote the policy. What is unknown takes the higher level
//! and says so: a level that is too high costs an apology, one that is too low costs the customer.

use crate::checklist::says_nothing;
use crate::model::case::{Answer, Fact, Scope};
use crate::model::{Case, Severity};

use super::policy::Policy;

/// The severity that the facts give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// The level.
    pub severity: Severity,
    /// Why this one, quoting the definition.
    pub reason: String,
    /// What nobody said and was therefore taken as the worse.
    pub unknowns: Vec<String>,
}

/// The severity under which a case goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The level.
    pub severity: Severity,
    /// What the facts give.
    pub by_facts: Classified,
    /// Why somebody chose another level than the facts give.
    pub override_reason: Option<String>,
}

/// A chosen level that the facts contradict, without a reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the facts give {}, not {chosen}: {}", by_facts.severity, by_facts.reason)]
pub struct Contradiction {
    /// What somebody asked for.
    pub chosen: Severity,
    /// What the facts give.
    pub by_facts: Classified,
}

/// The severity that the facts of `case` give under `policy`.
#[must_use]
pub fn classify(case: &Case, policy: &Policy) -> Classified {
    let mut unknowns = Vec::new();
    let many = many(case, policy, &mut unknowns);
    let (severity, because) = match case.impact.scope.as_ref().map(|f| f.value) {
        Some(Scope::CompleteOutage) => outage("complete outage", &many),
        Some(Scope::MajorFunction) => (Severity::Sev2, format!("a major function is broken; {}", many.words)),
        Some(Scope::Degraded) => degraded(case.impact.workaround.as_ref(), &mut unknowns),
        Some(Scope::Minor) => (Severity::Sev4, "stated as a minor matter".to_owned()),
        None => {
            unknowns.push("how much of the service is affected: taken as a complete outage".to_owned());
            outage("the scope is unknown and may be a complete outage", &many)
        }
    };
    // The count decides only about outages; elsewhere an unknown one changes nothing and is the checklist's matter.
    if !matches!(case.impact.scope.as_ref().map(|f| f.value), Some(Scope::CompleteOutage) | None) {
        unknowns.retain(|unknown| !unknown.starts_with(COUNT_UNKNOWN));
    }
    let reason = format!("{severity} is \"{}\": {because}", policy.level(severity).definition.trim());
    Classified { severity, reason, unknowns }
}

/// Settles the level: the facts', or the `chosen` one, which needs a reason where the facts contradict it.
pub fn decide(by_facts: Classified, chosen: Option<Severity>, reason: Option<&str>) -> Result<Decided, Contradiction> {
    match chosen {
        Some(chosen) if chosen != by_facts.severity => match reason.filter(|r| !says_nothing(r)) {
            Some(reason) => Ok(Decided { severity: chosen, by_facts, override_reason: Some(reason.trim().to_owned()) }),
            None => Err(Contradiction { chosen, by_facts }),
        },
        _ => Ok(Decided { severity: by_facts.severity, by_facts, override_reason: None }),
    }
}

const COUNT_UNKNOWN: &str = "how many are affected";

struct Many {
    many: bool,
    words: String,
}

fn many(case: &Case, policy: &Policy, unknowns: &mut Vec<String>) -> Many {
    let threshold = policy.many_users;
    let total = case.impact.total.as_ref().map(|f| f.value);
    let Some(affected) = case.impact.affected.as_ref().map(|f| f.value) else {
        unknowns.push(format!("{COUNT_UNKNOWN}: taken as many"));
        return Many { many: true, words: "the number of affected users is unknown".to_owned() };
    };
    let of = total.map_or_else(String::new, |total| format!(" of {total}"));
    let many = affected >= threshold;
    let compared = if many { format!("{threshold} or more are many") } else { format!("many begins at {threshold}") };
    let noun = if affected == 1 && of.is_empty() { "user" } else { "users" };
    Many { many, words: format!("{affected}{of} {noun} affected ({compared})") }
}

fn outage(what: &str, many: &Many) -> (Severity, String) {
    if many.many {
        (Severity::Sev1, format!("{what}; {}", many.words))
    } else {
        (Severity::Sev2, format!("{what}, but not for many users: {}", many.words))
    }
}

/// A partial fault can wait for business hours only where there is a way around it.
fn degraded(workaround: Option<&Fact<Answer<String>>>, unknowns: &mut Vec<String>) -> (Severity, String) {
    match workaround.map(|f| &f.value) {
        Some(Answer::Given(text)) if !says_nothing(text) => {
            (Severity::Sev3, "partly impaired, and a workaround is given".to_owned())
        }
        Some(Answer::None(_)) => (Severity::Sev2, "partly impaired, and there is no workaround".to_owned()),
        _ => {
            unknowns.push("whether there is a workaround: taken as none".to_owned());
            (Severity::Sev2, "partly impaired, and no workaround is given".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::case::GivenBy;
    use crate::model::case_file;

    fn classified(impact: &str) -> Classified {
        let case = case_file::parse("c", &format!("[impact]\n{impact}"), GivenBy::Agent).expect("parses").case;
        classify(&case, &Policy::builtin())
    }

    #[test]
    fn impact_and_number_of_affected_give_the_severity_with_its_reason() {
        use Severity::*;
        let outage = "scope = \"complete-outage\"\n";
        let major = "scope = \"major-function\"\n";
        let degraded = "scope = \"degraded\"\n";
        for (facts, severity, reason) in [
            (
                format!("{outage}affected = 400"),
                Sev1,
                "complete outage that affects many users\": complete outage; 400",
            ),
            (format!("{outage}affected = 50\ntotal = 50"), Sev1, "50 of 50 users affected"),
            (format!("{outage}affected = 1"), Sev2, "not for many users: 1 user affected (many begins at 50)"),
            (format!("{outage}affected = 0"), Sev2, "0 users affected"),
            (outage.to_owned(), Sev1, "number of affected users is unknown"),
            (format!("{major}affected = 12\ntotal = 300"), Sev2, "12 of 300 users affected"),
            (major.to_owned(), Sev2, "a major function is broken"),
            (format!("{degraded}workaround = \"use the desktop client\""), Sev3, "a workaround is given"),
            (format!("{degraded}workaround = \"n/a\""), Sev2, "no workaround is given"),
            (format!("{degraded}workaround = {{ none_because = \"only one path\" }}"), Sev2, "there is no workaround"),
            (degraded.to_owned(), Sev2, "no workaround is given"),
            ("scope = \"minor\"".to_owned(), Sev4, "minor matter"),
            ("affected = 400".to_owned(), Sev1, "scope is unknown"),
            ("affected = 3".to_owned(), Sev2, "not for many users"),
            (String::new(), Sev1, "scope is unknown"),
        ] {
            let found = classified(&facts);
            assert_eq!(found.severity, severity, "{facts}");
            assert!(found.reason.contains(reason), "{facts}: {}", found.reason);
            let definition = &Policy::builtin().level(severity).definition.clone();
            assert!(found.reason.contains(definition), "{}", found.reason);
        }
    }

    #[test]
    fn what_is_unknown_is_said_where_it_raised_the_level() {
        assert_eq!(classified("scope = \"complete-outage\"").unknowns, ["how many are affected: taken as many"]);
        assert_eq!(classified("scope = \"degraded\"").unknowns, ["whether there is a workaround: taken as none"]);
        assert_eq!(classified("").unknowns.len(), 2);
        assert!(classified("scope = \"minor\"").unknowns.is_empty());
    }

    #[test]
    fn a_level_that_contradicts_the_facts_needs_a_reason_in_both_directions() {
        let sev1 = classified("scope = \"complete-outage\"\naffected = 400");
        let sev4 = classified("scope = \"minor\"");
        for (facts, chosen) in [(&sev1, Severity::Sev3), (&sev4, Severity::Sev1)] {
            for reason in [None, Some("  "), Some("n/a")] {
                let refused = decide(facts.clone(), Some(chosen), reason).expect_err("contradicts");
                assert!(refused.to_string().contains(&format!("not {chosen}")), "{refused}");
            }
            let decided = decide(facts.clone(), Some(chosen), Some("board meeting at noon")).expect("has a reason");
            assert_eq!((decided.severity, decided.override_reason.is_some()), (chosen, true));
        }
        let same = decide(sev1, Some(Severity::Sev1), None).expect("agrees with the facts");
        assert_eq!(same.override_reason, None);
    }
}
