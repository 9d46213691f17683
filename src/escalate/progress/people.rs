//! Whose word counts as "engineering has it". The agent's own does not, nor that of a program: an answer of a server (a 202)
//! says that a notice was taken, not that anybody saw it.

use super::access::same_person;
use crate::checklist::says_nothing;

/// Words that name programs, as parts of a name.
const PROGRAMS: [&str; 19] = [
    "bot",
    "robot",
    "slackbot",
    "hubot",
    "chatbot",
    "opsbot",
    "dependabot",
    "webhook",
    "autoresponder",
    "auto-reply",
    "autoreply",
    "automation",
    "noreply",
    "no-reply",
    "daemon",
    "script",
    "integration",
    "system",
    "casefile",
];

/// Words by which a server answers, given as the way in which somebody acknowledged.
const ANSWERS: [&str; 6] = ["202", "200", "http", "delivered", "sent", "delivery"];

/// Why a claim does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPerson {
    /// Nobody is named.
    #[error("`{0}` names nobody: say which person of engineering has it")]
    Nobody(String),
    /// The agent.
    #[error("`{0}` is the agent of this case: engineering acknowledges, not the one who asks")]
    TheAgent(String),
    /// A program.
    #[error("`{0}` is a program: a person must have it")]
    AProgram(String),
    /// The way says nothing, or is the answer of a server.
    #[error("`{0}` is no way in which a person says something: phone, chat, e-mail, in person, the ticket")]
    NoWay(String),
}

/// Whether the claim that `by` has it, said in the way `way`, counts; `agents` are those who work on the case for support.
pub fn counts(by: &str, way: &str, agents: &[&str]) -> Result<(), NotAPerson> {
    let words = |text: &str| -> Vec<String> {
        let parts = text.split(|c: char| !c.is_alphanumeric() && c != '-');
        parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
    };
    const TEAMS: [&str; 6] = ["engineering", "sre", "product", "someone", "somebody", "on-call"];
    let named = words(by);
    if says_nothing(by) || named.is_empty() || (named.len() == 1 && TEAMS.contains(&named[0].as_str())) {
        return Err(NotAPerson::Nobody(by.to_owned()));
    }
    let of_support = |word: &String| ["me", "myself", "agent", "support"].contains(&word.as_str());
    if agents.iter().any(|agent| same_person(by, agent)) || named.iter().any(of_support) {
        return Err(NotAPerson::TheAgent(by.to_owned()));
    }
    let program = |word: &String| PROGRAMS.contains(&word.as_str()) || word.ends_with("-bot");
    if named.iter().any(program) {
        return Err(NotAPerson::AProgram(by.to_owned()));
    }
    let said = words(way);
    if says_nothing(way) || said.is_empty() || said.iter().all(|word| ANSWERS.contains(&word.as_str())) {
        return Err(NotAPerson::NoWay(way.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agents_own_word_a_program_and_an_answer_of_a_server_do_not_count() {
        for (by, way) in
            [("Kim Lee", "phone"), ("K. Abbott", "answered in #sre"), ("Talbot", "in person"), ("ann", "pagerduty")]
        {
            assert_eq!(counts(by, way, &["sam"]), Ok(()), "{by}");
        }
        for by in ["", " ", "n/a", "tba", "Engineering", "SRE", "-", "somebody"] {
            assert!(matches!(counts(by, "phone", &["sam"]), Err(NotAPerson::Nobody(_))), "{by:?}");
        }
        for by in ["sam", " SAM ", "me", "the agent"] {
            let refused = counts(by, "phone", &["sam"]);
            assert!(refused.is_err(), "{by:?}: {refused:?}");
        }
        for by in ["slackbot", "PagerDuty Bot", "github-actions[bot]", "auto-reply", "the system", "casefile"] {
            assert!(matches!(counts(by, "chat", &["sam"]), Err(NotAPerson::AProgram(_))), "{by:?}");
        }
        for way in ["", "202", "HTTP 202", "sent", "n/a"] {
            assert!(matches!(counts("Kim Lee", way, &["sam"]), Err(NotAPerson::NoWay(_))), "{way:?}");
        }
    }
}
