//! Whether the facts of a case answer what an item asks. A field that is filled is not yet an answer.

use crate::model::Case;
use crate::model::case::{Answer, Attempt, Contact, Fact, NoneBecause};

use super::item::FactName;
use super::phrase::{plain, quoted, says_nothing, words};

/// Fewer words than this are a symptom, not steps: "open the page" is the shortest instruction that can be followed.
const FEWEST_WORDS_IN_STEPS: usize = 3;

/// A reason of one word ("no", "later") is none.
const FEWEST_WORDS_IN_REASON: usize = 2;

/// Words that say that something was done, but not what came of it.
const NO_RESULTS: [&str; 10] =
    ["yes", "no", "ok", "okay", "done", "tried", "rebooted", "restarted", "attempted", "executed"];

/// `Ok` when the case states `fact`; otherwise what is missing, in words.
pub(super) fn stated(fact: FactName, case: &Case) -> Result<(), String> {
    let impact = &case.impact;
    match fact {
        FactName::AccountId => text(case.account_id.as_ref().map(|f| f.value.reveal()), "the account id"),
        FactName::Summary => line(case.summary.as_ref(), "the summary"),
        FactName::Service => line(case.service.as_ref(), "the service"),
        FactName::StepsToReproduce => steps(case.steps_to_reproduce.as_ref()),
        FactName::ErrorMessages => error_messages(case.error_messages.as_ref()),
        FactName::StartedAt => present(case.started_at.as_ref(), "when it began"),
        FactName::ReportedAt => present(case.reported_at.as_ref(), "when it was reported"),
        FactName::Tried => tried(case.tried.as_ref()),
        FactName::ImpactWho => line(impact.who.as_ref(), "who is affected"),
        FactName::ImpactCannot => line(impact.cannot.as_ref(), "what they cannot do"),
        FactName::ImpactAffected => present(impact.affected.as_ref(), "how many are affected"),
        FactName::ImpactSince => present(impact.since.as_ref(), "since when they are affected"),
        FactName::ImpactScope => present(impact.scope.as_ref(), "how much of the service is affected"),
        FactName::ImpactWorkaround => workaround(impact.workaround.as_ref()),
        FactName::BusinessImpact => line(case.business_impact.as_ref(), "the business impact"),
        FactName::EscalationReason => line(case.escalation_reason.as_ref(), "the reason for escalating")
            .map_err(|e| format!("{e}: that it goes beyond the agent (expertise, access), or that it cannot wait")),
        FactName::Contact => contact(case.contact.as_ref(), "contact"),
        FactName::PreferredChannel => line(case.preferred_channel.as_ref(), "the preferred channel")
            .map_err(|e| format!("{e} (phone, e-mail, chat or ticket)")),
        FactName::EmergencyContact => contact(case.emergency_contact.as_ref(), "emergency contact"),
        FactName::CustomerSla => text(case.customer_sla.as_ref().map(|f| f.value.text.as_str()), "the customer's SLA"),
        FactName::NoHar => reason(case.no_har.as_ref().map(|f| &f.value), "a HAR file"),
        FactName::NoScreenshots => reason(case.no_screenshots.as_ref().map(|f| &f.value), "a screenshot"),
    }
}

fn present<T>(fact: Option<&Fact<T>>, name: &str) -> Result<(), String> {
    fact.map(|_| ()).ok_or_else(|| format!("nobody said {name}"))
}

fn line(fact: Option<&Fact<String>>, name: &str) -> Result<(), String> {
    text(fact.map(|f| f.value.as_str()), name)
}

fn text(given: Option<&str>, name: &str) -> Result<(), String> {
    match given {
        None => Err(format!("{name} is missing")),
        Some(given) if given.trim().is_empty() => Err(format!("{name} is blank")),
        Some(given) if says_nothing(given) => Err(format!("{name} is only {}", quoted(given))),
        Some(_) => Ok(()),
    }
}

fn steps(fact: Option<&Fact<Answer<Vec<String>>>>) -> Result<(), String> {
    match fact.map(|f| &f.value) {
        None => Err("the steps to reproduce are missing".to_owned()),
        Some(Answer::None(none)) => reason(Some(none), "steps to reproduce"),
        Some(Answer::Given(given)) => {
            let told: Vec<&String> = given.iter().filter(|step| !says_nothing(step)).collect();
            if told.is_empty() {
                let what = given.first().map_or_else(|| "an empty list".to_owned(), |step| quoted(step));
                return Err(format!("the steps to reproduce are only {what}"));
            }
            if told.iter().map(|step| words(step)).sum::<usize>() < FEWEST_WORDS_IN_STEPS {
                return Err(format!("{} is too short for steps that somebody can follow", quoted(told[0])));
            }
            Ok(())
        }
    }
}

fn error_messages(fact: Option<&Fact<Vec<String>>>) -> Result<(), String> {
    match fact {
        None => Err("the error messages are missing".to_owned()),
        Some(f) if f.value.iter().all(|message| says_nothing(message)) => {
            Err("the error messages say nothing".to_owned())
        }
        Some(_) => Ok(()),
    }
}

fn tried(fact: Option<&Fact<Vec<Attempt>>>) -> Result<(), String> {
    let attempts: &[Attempt] = fact.map_or(&[], |f| &f.value);
    if attempts.iter().all(|attempt| says_nothing(&attempt.what)) {
        return Err("nothing is said of what was tried".to_owned());
    }
    let without: Vec<String> = attempts.iter().filter(|a| !has_result(a)).map(|a| quoted(&a.what)).collect();
    if without.is_empty() { Ok(()) } else { Err(format!("no result is given for {}", without.join(", "))) }
}

/// "Rebooted" is what was done, not what came of it.
fn has_result(attempt: &Attempt) -> bool {
    attempt.result.as_deref().is_some_and(|result| {
        let short = plain(result);
        !says_nothing(result) && !NO_RESULTS.contains(&short.as_str()) && short != plain(&attempt.what)
    })
}

fn workaround(fact: Option<&Fact<Answer<String>>>) -> Result<(), String> {
    match fact.map(|f| &f.value) {
        None => Err("nobody said whether there is a workaround".to_owned()),
        Some(Answer::None(none)) => reason(Some(none), "a workaround"),
        Some(Answer::Given(given)) => text(Some(given), "the workaround"),
    }
}

fn contact(fact: Option<&Fact<Contact>>, name: &str) -> Result<(), String> {
    let Some(Contact { name: who, address }) = fact.map(|f| &f.value) else {
        return Err(format!("the {name} is missing"));
    };
    text(Some(who.reveal()), &format!("the {name}'s name"))?;
    text(Some(address.reveal()), &format!("the {name}'s address"))
}

fn reason(none: Option<&NoneBecause>, thing: &str) -> Result<(), String> {
    match none {
        None => Err(format!("neither {thing} nor a reason why there is none")),
        Some(none) if says_nothing(&none.none_because) || words(&none.none_because) < FEWEST_WORDS_IN_REASON => {
            Err(format!("{} is no reason why there is no {}", quoted(&none.none_because), without_article(thing)))
        }
        Some(_) => Ok(()),
    }
}

fn without_article(thing: &str) -> &str {
    thing.strip_prefix("a ").unwrap_or(thing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::case::GivenBy;
    use crate::model::case_file;

    fn judged(fact: FactName, toml: &str) -> Result<(), String> {
        stated(fact, &case_file::parse("case.toml", toml, GivenBy::Agent).expect("parses").case)
    }

    #[test]
    fn a_filled_field_is_not_yet_an_answer() {
        use FactName::*;
        for (fact, toml, missing) in [
            (AccountId, "", "missing"),
            (AccountId, "account_id = \"   \"", "blank"),
            (AccountId, "account_id = \"n/a\"", "`n/a`"),
            (Summary, "summary = \"TBA\"", "`TBA`"),
            (StepsToReproduce, "steps_to_reproduce = [\"n/a\"]", "`n/a`"),
            (StepsToReproduce, "steps_to_reproduce = [\"n/a\", \"-\"]", "only `n/a`"),
            (StepsToReproduce, "steps_to_reproduce = []", "an empty list"),
            (StepsToReproduce, "steps_to_reproduce = [\"broken\"]", "`broken`"),
            (StepsToReproduce, "steps_to_reproduce = [\"broken\", \"n/a\"]", "too short"),
            (StepsToReproduce, "steps_to_reproduce = { none_because = \"no\" }", "`no` is no reason"),
            (ErrorMessages, "error_messages = [\"\", \"-\"]", "say nothing"),
            (Tried, "", "nothing is said"),
            (Tried, "tried = [{ what = \"rebooted\" }]", "no result is given for `rebooted`"),
            (Tried, "tried = [{ what = \"restart\", result = \"rebooted\" }]", "`restart`"),
            (Tried, "tried = [{ what = \"cleared cache\", result = \"Cleared cache.\" }]", "`cleared cache`"),
            (Tried, "tried = [{ what = \"a b\", result = \"no change\" }, { what = \"c\", result = \"yes\" }]", "`c`"),
            (ImpactWorkaround, "impact.workaround = \"none\"", "`none`"),
            (Contact, "contact = { name = \"tba\", address = \"a@b.example\" }", "contact's name is only `tba`"),
            (Contact, "contact = { name = \"Ann\", address = \"?\" }", "address is only `?`"),
            (PreferredChannel, "", "phone, e-mail, chat or ticket"),
            (EscalationReason, "", "cannot wait"),
            (CustomerSla, "customer_sla = { text = \"unknown\" }", "`unknown`"),
            (NoHar, "har = { none_because = \"none\" }", "no reason why there is no HAR file"),
            (NoScreenshots, "", "neither a screenshot nor a reason"),
        ] {
            let why = judged(fact, toml).expect_err(toml);
            assert!(why.contains(missing), "{toml}: {why}");
        }
    }

    #[test]
    fn an_answer_is_taken_as_it_is_given() {
        use FactName::*;
        for (fact, toml) in [
            (AccountId, "account_id = \"ACME-77\""),
            (StepsToReproduce, "steps_to_reproduce = [\"open checkout\", \"pay\"]"),
            (StepsToReproduce, "steps_to_reproduce = { none_because = \"seen once only\" }"),
            (StepsToReproduce, "steps_to_reproduce = [\"支払いボタンを押す\"]"),
            (Tried, "tried = [{ what = \"restart\", result = \"503 after 5 minutes\" }]"),
            (ImpactWorkaround, "impact.workaround = { none_because = \"no other terminal\" }"),
            (NoScreenshots, "screenshots = { none_because = \"not visual\" }"),
            (CustomerSla, "customer_sla = { text = \"no SLA in the contract\" }"),
        ] {
            assert_eq!(judged(fact, toml), Ok(()), "{toml}");
        }
    }

    #[test]
    fn the_words_of_a_contact_are_quoted_only_where_they_say_nothing() {
        let why = judged(FactName::Contact, "contact = { name = \"Ann Other\", address = \"tba\" }").expect_err("tba");
        assert!(!why.contains("Ann"), "{why}");
    }
}
