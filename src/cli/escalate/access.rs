//! `casefile escalate access`: additional access to the customer's system, from the request to the end. It records what people
//! say; it opens no door and allows nothing by itself.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::desk::{CaseArgs, Desk};
use super::failure::{Failure, journal_failed, output_failed};
use super::print_json;
use super::said::{kept, kept_name};
use super::status_text::{both, utc};
use crate::checklist::says_nothing;
use crate::cli::exit::Exit;
use crate::deliver::journal::{Event, Journal};
use crate::escalate::Progress;
use crate::escalate::plain_text::one_line;
use crate::escalate::progress::access::same_person;
use crate::escalate::progress::{Access, AccessRefusal, AccessState};
use crate::escalate::targets::in_words;

/// Longest answer in the journal.
const TEXT: usize = 400;

/// Longest name in the journal.
const NAME: usize = 120;

/// Longest access, in minutes: a week. What lasts longer is no temporary access.
const MOST_MINUTES: i64 = 7 * 24 * 60;

/// Said with every answer.
const NO_AUTHORISATION: &str =
    "this is a record of what people say, not an authorisation: whoever opens the door checks for themselves";

/// Record additional access to the customer's system
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// What happened
    #[command(subcommand)]
    pub verb: AccessVerb,
}

/// What happened about access.
#[derive(Debug, Subcommand)]
pub enum AccessVerb {
    /// Somebody of engineering asks for it; prints the text for the customer
    Request {
        /// Which case
        #[command(flatten)]
        case: CaseArgs,
        /// Who wants it
        #[arg(long, value_name = "NAME")]
        who: String,
        /// What: a shell, a database, an elevated support session
        #[arg(long, value_name = "TEXT")]
        what: String,
        /// What for
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// For how long, such as 2h or 90m, counted from the approval
        #[arg(long = "for", value_name = "TIME", value_parser = minutes)]
        lasts: i64,
    },
    /// The customer's contact allows it
    Approve {
        /// Which case and access
        #[command(flatten)]
        which: Which,
        /// Who allows it: the customer's contact of the case
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// The customer does not allow it
    Deny {
        /// Which case and access
        #[command(flatten)]
        which: Which,
        /// Who says so
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// It was used
    Use {
        /// Which case and access
        #[command(flatten)]
        which: Which,
        /// What was done with it
        #[arg(long, value_name = "TEXT")]
        what: String,
    },
    /// It was taken back
    Revoke {
        /// Which case and access
        #[command(flatten)]
        which: Which,
        /// Who took it back
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// All access of the case; one that is overdue to revoke is exit code 1
    List {
        /// Which case
        #[command(flatten)]
        case: CaseArgs,
    },
}

/// Which access.
#[derive(Debug, Args)]
pub struct Which {
    /// Which case
    #[command(flatten)]
    pub case: CaseArgs,
    /// The number of the access, from `request` or `list`
    #[arg(value_name = "NUMBER")]
    pub access: u32,
}

fn minutes(raw: &str) -> Result<i64, String> {
    let wrong = || "a time is a number with m or h, such as 90m or 2h, and at most a week".to_owned();
    let raw = raw.trim();
    let (number, factor) = match (raw.strip_suffix('m'), raw.strip_suffix('h')) {
        (Some(minutes), _) => (minutes, 1),
        (_, Some(hours)) => (hours, 60),
        _ => return Err(wrong()),
    };
    let minutes =
        number.parse::<i64>().ok().and_then(|n| n.checked_mul(factor)).filter(|n| (1..=MOST_MINUTES).contains(n));
    minutes.ok_or_else(wrong)
}

impl AccessVerb {
    pub(super) fn case(&self) -> &CaseArgs {
        match self {
            Self::Request { case, .. } | Self::List { case } => case,
            Self::Approve { which, .. }
            | Self::Deny { which, .. }
            | Self::Use { which, .. }
            | Self::Revoke { which, .. } => &which.case,
        }
    }
}

/// Runs the verb.
pub(super) fn run(args: &AccessArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let (desk, now) = (Desk::of(world)?, (world.now)());
    let case = args.verb.case();
    if let AccessVerb::List { case } = &args.verb {
        let (progress, _) = desk.progress(&case.case_id)?;
        return list(case, &progress, now, world);
    }
    // Held from the look to the line, so that two runs at once do not decide by the same state.
    let (mut journal, progress) = desk.unresolved(&case.case_id)?;
    let step = step(&args.verb, &progress, &desk, now, world)?;
    let event = step.event.by_agent(world.agent.as_deref(), NAME);
    let again = step.again || step.may_be_said_again && journal.said_just_now(&event, now);
    if !again {
        journal.append(now, event).map_err(|e| journal_failed(&e, false))?;
    }
    tell(case, step.id, &args.verb, &journal, now, world)
}

/// A line about an access.
struct Step {
    id: u32,
    event: Event,
    /// Whether the journal says this already: the same command again, after a stop that kept its answer from being heard.
    again: bool,
    /// Whether the same words may be a new deed, unless they come right after the first.
    may_be_said_again: bool,
}

fn step(
    verb: &AccessVerb,
    progress: &Progress,
    desk: &Desk<'_>,
    now: Timestamp,
    world: &mut World<'_>,
) -> Result<Step, Failure> {
    let case = desk.case(&verb.case().case_id).ok();
    let event = |id: u32, name: &str| Event::new(name).with("access", id);
    let once = |id: u32, event: Event, again: bool| Step { id, event, again, may_be_said_again: false };
    let named = |which: &Which| progress.access(which.access).map_err(|e| refused(&e));
    Ok(match verb {
        AccessVerb::List { .. } => unreachable!("a list writes nothing"),
        AccessVerb::Request { who, what, why, lasts, .. } => {
            for (flag, text) in [("--who", who), ("--what", what), ("--why", why)] {
                if says_nothing(text) {
                    return Err(Failure::new(Exit::Usage, format!("`{flag}` says nothing"))
                        .hint("the customer decides by who, what, why and for how long"));
                }
            }
            let who = one_line(&kept_name("--who", who, world.talk)?, TEXT);
            let [what, why] =
                [kept("--what", what, case.as_ref(), world.talk)?, kept("--why", why, case.as_ref(), world.talk)?]
                    .map(|text| one_line(&text, TEXT));
            let same = |access: &&Access| {
                access.state(now) == AccessState::Requested
                    && (&access.who, &access.what, &access.why) == (&who, &what, &why)
                    && access.lasts.as_mins() == *lasts
            };
            let asked = progress.accesses.iter().find(same).map(|access| access.id);
            let next = progress.accesses.iter().map(|access| access.id).max().unwrap_or(0).saturating_add(1);
            let id = asked.unwrap_or(next);
            let event = event(id, "access-requested")
                .with_person("who", &who, TEXT)
                .with_text("what", &what, TEXT)
                .with_text("why", &why, TEXT)
                .with("minutes", lasts);
            once(id, event, asked.is_some())
        }
        AccessVerb::Approve { which, by } => {
            let facts = desk.case(&which.case.case_id)?;
            let people = [facts.contact.as_ref(), facts.emergency_contact.as_ref()];
            let contacts: Vec<&str> = people.into_iter().flatten().map(|fact| fact.value.name.reveal()).collect();
            let access = named(which)?;
            // The name of the contact is not for a journal: who of the two it was is.
            let first = contacts.first().is_some_and(|first| same_person(by, first));
            let whose = if first { "the customer's contact" } else { "the customer's emergency contact" };
            let is_contact = contacts.iter().any(|contact| same_person(by, contact));
            let open = matches!(access.state(now), AccessState::Open { .. });
            let again = is_contact && open && access.approved.as_ref().is_some_and(|(by, _)| by == whose);
            if !again {
                access.may_approve(by, &contacts, now).map_err(|e| refused(&e))?;
            }
            once(which.access, event(which.access, "access-approved").with("by", whose), again)
        }
        AccessVerb::Deny { which, by } => {
            let access = named(which)?;
            let of_ours = world.agent.as_deref().filter(|agent| same_person(by, agent));
            let by = of_ours.unwrap_or("the customer").to_owned();
            let again = access.denied.as_ref().is_some_and(|(said, _)| *said == by);
            if !again {
                access.may_deny(now).map_err(|e| refused(&e))?;
            }
            once(which.access, event(which.access, "access-denied").with_person("by", &by, TEXT), again)
        }
        AccessVerb::Use { which, what } => {
            let access = named(which)?;
            access.may_use(now).map_err(|e| refused(&e))?;
            if says_nothing(what) {
                return Err(
                    Failure::new(Exit::Usage, "`--what` says nothing").hint("say what was done with the access")
                );
            }
            let what = kept("--what", what, case.as_ref(), world.talk)?;
            let event = event(which.access, "access-used").with_text("what", &what, TEXT);
            Step { id: which.access, event, again: false, may_be_said_again: true }
        }
        AccessVerb::Revoke { which, by } => {
            let access = named(which)?;
            let by = one_line(&kept_name("--by", by, world.talk)?, TEXT);
            let again = access.revoked.as_ref().is_some_and(|(said, _)| *said == by);
            if !again {
                access.may_revoke(now).map_err(|e| refused(&e))?;
            }
            once(which.access, event(which.access, "access-revoked").with_person("by", &by, TEXT), again)
        }
    })
}

fn refused(refusal: &AccessRefusal) -> Failure {
    let hint = match refusal {
        AccessRefusal::Unknown(_) => "`casefile escalate access list` shows them",
        AccessRefusal::WrongState { .. } => {
            "only the customer's contact of the case may approve; without an approval there is no access"
        }
        AccessRefusal::ByRequester(_) | AccessRefusal::NotTheContact(_) => {
            "only the customer's contact of the case, or the emergency contact, may approve"
        }
        AccessRefusal::Ended { .. } => "ask again with `casefile escalate access request`",
    };
    Failure::new(Exit::No, refusal.to_string()).hint(hint)
}

fn tell(
    case: &CaseArgs,
    id: u32,
    verb: &AccessVerb,
    journal: &Journal,
    now: Timestamp,
    world: &mut World<'_>,
) -> Result<Exit, Failure> {
    let progress = Progress::of(&journal.recorded()).expect("only an opened case is written to");
    let access = progress.access(id).expect("the access was just written to");
    let message = matches!(verb, AccessVerb::Request { .. }).then(|| message(case, access));
    let told = if case.json {
        let mut document = json!({
            "schema": "casefile-access/1", "case_id": case.case_id, "note": NO_AUTHORISATION,
            "access": [as_json(access, now)], "journal_head": journal.head(),
        });
        document["message_to_customer"] = json!(message);
        print_json(&document, world.out)
    } else {
        let text = message.unwrap_or_else(|| line(access, &progress, now));
        world.out.write_all(text.as_bytes())
    };
    told.map_err(output_failed)?;
    let head = journal.head();
    writeln!(
        world.talk,
        "access {id} is {}; {NO_AUTHORISATION}\njournal   line {}, head {}",
        access.state(now).word(),
        head.seq,
        head.hash
    )
    .map_err(output_failed)?;
    Ok(Exit::Done)
}

/// What the customer is asked: what, why, who, how long, and how it ends.
fn message(case: &CaseArgs, access: &Access) -> String {
    format!(
        "About your case {}: to find the cause, our engineers ask you for additional access.\n\n\
         What: {}\nWhy: {}\nWho: {}\nFor how long: {}, counted from your approval\n\n\
         Nothing is used before you agree. Please answer with yes or no. You can take the access back at any time;\n\
         afterwards we tell you that it ended, and please close it on your side.\n",
        case.case_id,
        one_line(&access.what, TEXT),
        one_line(&access.why, TEXT),
        one_line(&access.who, TEXT),
        in_words(access.lasts)
    )
}

fn line(access: &Access, progress: &Progress, now: Timestamp) -> String {
    let until = access.until().map_or_else(String::new, |until| format!(" until {}", both(until, progress)));
    let state = access.state(now).word();
    let [what, who, why] = [&access.what, &access.who, &access.why].map(|text| one_line(text, TEXT));
    format!("access    {}: {state}{until}: {what} for {who}: {why}\n", access.id)
}

fn list(case: &CaseArgs, progress: &Progress, now: Timestamp, world: &mut World<'_>) -> Result<Exit, Failure> {
    let told = if case.json {
        let all: Vec<Value> = progress.accesses.iter().map(|access| as_json(access, now)).collect();
        let document =
            json!({ "schema": "casefile-access/1", "case_id": case.case_id, "note": NO_AUTHORISATION, "access": all });
        print_json(&document, world.out)
    } else {
        let mut text: String = progress.accesses.iter().map(|access| line(access, progress, now)).collect();
        for access in &progress.accesses {
            text.extend(access.used.iter().map(|at| format!("used      {}: {}\n", access.id, utc(*at))));
        }
        if text.is_empty() {
            text.push_str("no access was asked for\n");
        }
        world.out.write_all(text.as_bytes())
    };
    told.map_err(output_failed)?;
    let overdue = |access: &Access| access.until().is_some_and(|until| now >= until) && access.is_open(now);
    Ok(if progress.accesses.iter().any(overdue) { Exit::No } else { Exit::Done })
}

pub(super) fn as_json(access: &Access, now: Timestamp) -> Value {
    let who_when =
        |step: &Option<(String, Timestamp)>| step.as_ref().map(|(by, at)| json!({ "by": by, "at": at.to_string() }));
    json!({
        "access": access.id,
        "state": access.state(now).word(),
        "who": access.who,
        "what": access.what,
        "why": access.why,
        "minutes": access.lasts.as_mins(),
        "requested_at": access.requested_at.to_string(),
        "approved": who_when(&access.approved),
        "denied": who_when(&access.denied),
        "until": access.until().map(|until| until.to_string()),
        "used": access.used.iter().map(Timestamp::to_string).collect::<Vec<_>>(),
        "revoked": who_when(&access.revoked),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_minutes_or_hours_up_to_a_week() {
        assert_eq!((minutes("90m"), minutes("2h"), minutes("168h")), (Ok(90), Ok(120), Ok(MOST_MINUTES)));
        for wrong in ["", "2", "h", "0m", "-1h", "169h", "2 days", "9223372036854775807h", "2ä"] {
            assert!(minutes(wrong).is_err(), "{wrong}");
        }
    }
}
