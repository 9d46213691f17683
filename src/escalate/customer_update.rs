//! What the customer is told: what is known, whether engineering has it, and when they hear from us again. Never when it will
//! be repaired, which nobody knows, and never a name or a link of ours.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::free_text::secret_in;
use super::plain_text::one_line;
use super::promise::promise_in;

/// Longest line of an update.
const LINE: usize = 600;

/// The facts of an update.
#[derive(Debug, Clone, Copy)]
pub struct CustomerUpdate<'a> {
    /// The case's id, by which they can ask.
    pub case_id: &'a str,
    /// What is broken, in their words.
    pub summary: Option<&'a str>,
    /// What is known, in the agent's words.
    pub known: &'a str,
    /// Whether somebody of engineering has it.
    pub acknowledged: bool,
    /// When they hear from us next.
    pub next_update: Option<Timestamp>,
    /// Their time zone.
    pub zone: Option<&'a str>,
    /// Whether the case is over; `known` then says how.
    pub resolved: bool,
    /// Whether engineering gave the time of repair that the text names.
    pub estimated: bool,
}

/// Something in the text that is not for customers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotForCustomers {
    /// A name or a link of ours, or a secret; what it is, without repeating it where it could be a secret.
    #[error("the text holds {0}, which stays with us")]
    Internal(String),
    /// A time of repair that nobody of engineering gave.
    #[error("the text promises a time of repair that engineering did not give: `{0}`")]
    Promise(String),
}

impl CustomerUpdate<'_> {
    /// The message. `ours` are names and links that are not for customers; a text with one of them, with a secret, or
    /// with an invented time of repair is refused.
    pub fn write(&self, ours: &[&str]) -> Result<String, NotForCustomers> {
        if let Some(found) = internal(self.known, ours).or_else(|| secret_in(self.known)) {
            return Err(NotForCustomers::Internal(found));
        }
        let promised = promise_in(self.known).filter(|_| !self.resolved && !self.estimated);
        if let Some(sentence) = promised {
            return Err(NotForCustomers::Promise(one_line(sentence, 120)));
        }
        let about = self.summary.map_or_else(String::new, |summary| format!(" ({})", one_line(summary, 120)));
        let mut lines = vec![format!("About your case {}{about}:", self.case_id), String::new()];
        lines.push(one_line(self.known, LINE));
        if self.resolved {
            lines.push(
                "The case is resolved. If the problem comes back, please answer with the number of the case."
                    .to_owned(),
            );
        } else {
            let state = if self.acknowledged {
                "Our engineers have taken the case over and are at work on it."
            } else {
                "The case is with our engineers."
            };
            lines.push(state.to_owned());
            lines.extend(self.next_update.map(|at| format!("You will hear from us again by {}.", self.local(at))));
        }
        Ok(lines.join("\n") + "\n")
    }

    fn local(&self, at: Timestamp) -> String {
        let zone = self.zone.and_then(|name| Some((name, TimeZone::get(name).ok()?)));
        match zone {
            Some((name, zone)) => {
                format!("{} ({name} time)", at.to_zoned(zone).strftime("%A %Y-%m-%d %H:%M"))
            }
            None => at.strftime("%A %Y-%m-%d %H:%M UTC").to_string(),
        }
    }
}

/// The first thing in `text` that is not for customers.
fn internal(text: &str, ours: &[&str]) -> Option<String> {
    let folded = text.to_lowercase();
    if folded.contains("http://") || folded.contains("https://") {
        return Some("a link".to_owned());
    }
    // A short name such as "Bo" stands in many words; it counts as a word of its own.
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let named = |name: &&&str| {
        let name: Vec<String> = name
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        !name.is_empty() && words.windows(name.len()).any(|window| window.iter().zip(&name).all(|(a, b)| *a == b))
    };
    ours.iter().find(named).map(|name| format!("`{}`", one_line(name, 60)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::at;

    fn update(known: &str) -> CustomerUpdate<'_> {
        CustomerUpdate {
            case_id: "c-7fk2m9q4xa",
            summary: Some("checkout answers 503"),
            known,
            acknowledged: true,
            next_update: Some(at("2026-11-23T10:30:00Z")),
            zone: Some("Europe/Berlin"),
            resolved: false,
            estimated: false,
        }
    }

    #[test]
    fn the_customer_learns_what_is_known_and_when_they_hear_again_and_no_time_of_repair() {
        let text =
            update("The gateway refuses new connections; we are looking at its settings.").write(&[]).expect("fine");
        assert!(text.contains("gateway refuses") && text.contains("taken the case over"), "{text}");
        assert!(text.contains("again by Monday 2026-11-23 11:30 (Europe/Berlin time)"), "{text}");
        assert!(!text.contains("fixed") && !text.contains("repair"), "{text}");
        let end = CustomerUpdate { resolved: true, ..update("A setting was put back.") }.write(&[]).expect("fine");
        assert!(end.contains("resolved") && !end.contains("again by"), "{end}");
        let waiting =
            CustomerUpdate { acknowledged: false, zone: None, ..update("We look.") }.write(&[]).expect("fine");
        assert!(waiting.contains("with our engineers") && waiting.contains("10:30 UTC"), "{waiting}");
    }

    #[test]
    fn a_name_or_a_link_of_ours_does_not_go_out() {
        let ours = ["Kim Lee", "Bo", "sre-pager"];
        for text in ["see https://wiki.example/x", "kim  lee has it", "Bo looks", "told the SRE-pager"] {
            assert!(update(text).write(&ours).is_err(), "{text}");
        }
        assert!(update("The bookings are kept; Kimberley is affected too.").write(&ours).is_ok());
    }

    #[test]
    fn a_time_of_repair_goes_out_only_where_engineering_gave_it_and_a_secret_never() {
        let promise = "A setting is wrong. It will be fixed by 17:00.";
        let refused = update(promise).write(&[]).expect_err("nobody gave it");
        assert!(refused.to_string().ends_with("`It will be fixed by 17:00.`"), "{refused}");
        let given = CustomerUpdate { estimated: true, ..update(promise) }.write(&[]).expect("engineering gave it");
        assert!(given.contains("17:00") && given.contains("again by"), "{given}");
        let refused = update("log in with password=correct-horse-7").write(&[]).expect_err("a secret");
        assert!(!refused.to_string().contains("horse"), "{refused}");
        assert!(update("we wrote to ann@customer.example").write(&[]).is_ok(), "their own address");
    }
}
