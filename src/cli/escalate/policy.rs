//! `casefile escalate policy`: what the policy in force says, whom to call, who is on call, and what is missing in it.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::policy_explain::explain;
use crate::cli::exit::Exit;
use crate::cli::verify_text::{WIDTH, wrap};
use crate::escalate::Policy;
use crate::escalate::matrix;
use crate::escalate::on_call::Schedule;
use crate::escalate::plain_text::one_line;

/// Longest text of a policy on the screen.
const LONGEST: usize = 300;

/// Where the second column of `explain` begins.
const COLUMN: usize = 12;

/// Read the policy in force
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What to read off it
    #[command(subcommand)]
    pub verb: PolicyVerb,
    /// The policy (TOML) instead of the built-in one
    #[arg(long, value_name = "FILE", global = true)]
    pub policy: Option<PathBuf>,
}

/// What to read off a policy.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Say what is wrong or missing in it; exit code 1 if a SEV1 would reach nobody or lack its runbook
    Check,
    /// Severities, targets, hours, queues, on-call, and what a handoff needs, in words
    Explain,
    /// Whom to call; works without a network
    Contacts {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Who is on call; exit code 2 if a schedule has a hole there
    Oncall {
        /// At this time, such as 2026-12-24T09:00:00+01:00, instead of now
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
        /// Only this team
        #[arg(long, value_name = "NAME")]
        team: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Print the built-in policy, to start your own from
    Default,
}

impl PolicyArgs {
    /// Whether the verb asks who is on call. Whom to call is printed whatever has become of the calendars.
    pub(super) fn reads_schedules(&self) -> bool {
        matches!(self.verb, PolicyVerb::Check | PolicyVerb::Explain | PolicyVerb::Oncall { .. })
    }
}

/// Runs the verb over `policy` at `now`.
pub fn run(
    args: &PolicyArgs,
    policy: &Policy,
    now: Timestamp,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> io::Result<Exit> {
    match &args.verb {
        PolicyVerb::Check => check(policy, now, out),
        PolicyVerb::Explain => explain(policy, now, out),
        PolicyVerb::Contacts { json } => contacts(policy, *json, out),
        PolicyVerb::Oncall { at, team, json } => on_call(policy, at.unwrap_or(now), team.as_deref(), *json, out, talk),
        PolicyVerb::Default => out.write_all(Policy::builtin_text().as_bytes()).map(|()| Exit::Done),
    }
}

/// What would fail somebody in the night.
fn gaps(policy: &Policy, now: Timestamp) -> Vec<String> {
    let mut gaps = Vec::new();
    for contact in policy.contacts.iter().filter(|contact| contact.ways().next().is_none()) {
        let name = contact.name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        gaps.push(format!("contact {}{name}: no phone, e-mail or chat", contact.team));
    }
    if policy.contacts.is_empty() {
        gaps.push("there are no contacts: when every other way fails, nobody can be called".to_owned());
    }
    for service in policy.routing.services.iter().filter(|service| service.runbook.is_none()) {
        gaps.push(format!("service {}: no runbook for a SEV1", service.service));
    }
    if policy.on_call.is_empty() {
        gaps.push("there is no on-call schedule".to_owned());
    }
    for (team, schedule) in policy.on_call.iter().filter(|(_, schedule)| schedule.turn(now).is_none()) {
        gaps.push(format!("on call for {team}: nobody at {}", schedule.local(now)));
    }
    gaps.extend(matrix::gaps(policy));
    for (name, calendar) in &policy.calendars {
        if calendar.next_open(now).is_err() {
            gaps.push(format!("calendar {name}: does not open within ten years"));
        }
    }
    gaps
}

fn check(policy: &Policy, now: Timestamp, out: &mut dyn Write) -> io::Result<Exit> {
    let gaps = gaps(policy, now);
    for gap in &gaps {
        write_wrapped("missing", gap, out)?;
    }
    if gaps.is_empty() {
        writeln!(out, "the policy is complete")?;
        return Ok(Exit::Done);
    }
    Ok(Exit::No)
}

/// Who has it now and until when.
pub(super) fn turn(schedule: &Schedule, at: Timestamp) -> Option<String> {
    let turn = schedule.turn(at)?;
    let stands_in = if turn.stands_in { " (stands in)" } else { "" };
    Some(format!("{}{stands_in} until {}", turn.who, schedule.local(turn.until)))
}

fn contacts(policy: &Policy, json: bool, out: &mut dyn Write) -> io::Result<Exit> {
    if json {
        let list: Vec<Value> = policy
            .contacts
            .iter()
            .map(|c| json!({ "team": c.team, "name": c.name, "phone": c.phone, "email": c.email, "chat": c.chat }))
            .collect();
        writeln!(out, "{:#}", json!({ "schema": "casefile-contacts/1", "contacts": list }))?;
        return Ok(Exit::Done);
    }
    for contact in &policy.contacts {
        let ways: Vec<String> = contact.ways().map(|(name, way)| format!("{name} {way}")).collect();
        let ways = if ways.is_empty() { "no way to reach it is given".to_owned() } else { ways.join(", ") };
        let name = contact.name.as_ref().map_or_else(String::new, |name| format!("{name}: "));
        write_wrapped(&contact.team, &format!("{name}{ways}"), out)?;
    }
    Ok(Exit::Done)
}

fn on_call(
    policy: &Policy,
    at: Timestamp,
    team: Option<&str>,
    json: bool,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> io::Result<Exit> {
    let wanted = |name: &str| team.is_none_or(|team| team.eq_ignore_ascii_case(name));
    let schedules: Vec<(&String, &Schedule)> = policy.on_call.iter().filter(|(name, _)| wanted(name)).collect();
    if schedules.is_empty() {
        let what = team.map_or_else(
            || "the policy has no on-call schedule".to_owned(),
            |team| format!("the policy has no on-call schedule for {}", one_line(team, LONGEST)),
        );
        writeln!(talk, "error: {what}")?;
        writeln!(talk, "hint: add [on_call.TEAM] to the policy; `casefile escalate policy default` shows how")?;
        return Ok(Exit::Usage);
    }
    if json {
        let list: Vec<Value> = schedules
            .iter()
            .map(|(team, schedule)| {
                let turn = schedule.turn(at);
                json!({
                    "team": team,
                    "on_call": turn.as_ref().map(|turn| &turn.who),
                    "stands_in": turn.as_ref().map(|turn| turn.stands_in),
                    "until": turn.as_ref().map(|turn| turn.until.to_string()),
                })
            })
            .collect();
        writeln!(out, "{:#}", json!({ "schema": "casefile-oncall/1", "at": at.to_string(), "teams": list }))?;
    }
    let mut exit = Exit::Done;
    for (team, schedule) in schedules {
        match turn(schedule, at) {
            Some(turn) if !json => write_wrapped(team, &turn, out)?,
            Some(_) => {}
            None => {
                writeln!(talk, "error: nobody of {} is on call at {}", one_line(team, LONGEST), schedule.local(at))?;
                exit = Exit::Usage;
            }
        }
    }
    if exit != Exit::Done {
        writeln!(talk, "hint: mend the schedule; whom to call meanwhile: casefile escalate policy contacts")?;
    }
    Ok(exit)
}

/// A word in the first column and a text beside it, within 80 columns.
pub(super) fn write_wrapped(word: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = String::new();
    wrap(&format!("  {:<COLUMN$}  ", one_line(word, LONGEST)), COLUMN + 4, &one_line(text, LONGEST), WIDTH, &mut lines);
    out.write_all(lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::at;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        policy: PolicyArgs,
    }

    fn ran(text: &str, args: &[&str]) -> (Exit, String, String) {
        let args = Program::try_parse_from(["policy"].iter().chain(args)).expect("arguments");
        let policy = Policy::parse("p", text).expect("a policy");
        let (mut out, mut talk) = (Vec::new(), Vec::new());
        // A Tuesday.
        let exit = run(&args.policy, &policy, at("2026-11-24T20:00:00Z"), &mut out, &mut talk).expect("memory");
        (exit, String::from_utf8(out).expect("text"), String::from_utf8(talk).expect("text"))
    }

    /// A policy of a company that has thought of everything.
    fn complete() -> String {
        let text = Policy::builtin_text();
        let contacts = text.find("[[contacts]]").expect("contacts");
        format!(
            "{}[[contacts]]\nteam = \"SRE\"\nname = \"Ann\"\nphone = \"+1 555 0100\"\n\n[[routing.services]]\nservice = \"pay\"\n\
             queue = \"pay\"\nrunbook = \"https://wiki.example/pay\"\n\n[on_call.SRE]\nzone = \"Europe/Berlin\"\n\
             from = \"2026-11-02T09:00\"\nevery_days = 7\npeople = [\"Ann\", \"Bob\"]\n\n\
             [notifiers.sre]\nkind = \"pagerduty\"\nteam = \"SRE\"\nsecure = true\nrouting_key = \"env:SRE\"\n\n\
             [notifiers.engineering]\nkind = \"alertmanager\"\nteam = \"Engineering\"\naddress = \"https://alerts.example\"\n\n\
             [[matrix]]\nseverities = [\"SEV1\", \"SEV2\"]\nlevels = [[\"sre\", \"engineering\"], [\"sre\"]]\n\n\
             [notifiers.desk]\nkind = \"email\"\naddress = \"smtps://mail.example\"\nfrom = \"a@example.com\"\n\
             to = [\"b@example.com\"]\n\n[[matrix]]\nseverities = [\"SEV3\", \"SEV4\"]\nlevels = [[\"desk\"]]\n",
            &text[..contacts]
        )
    }

    #[test]
    fn the_five_things_that_an_agent_looks_for_are_explained_within_80_columns() {
        for text in [Policy::builtin_text().to_owned(), complete()] {
            let (exit, out, _) = ran(&text, &["explain"]);
            assert_eq!(exit, Exit::Done);
            for told in [
                "SEV1",
                "hand over within 15 minutes, day and night",
                "1 business day at the same time of day",
                "closed now (open 09:00-17:00); opens Wed 2026-11-25 09:00",
                "On call",
                "all logs and timestamps",
                "escalations",
            ] {
                let joined = out.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(joined.contains(told), "lacks {told}:\n{out}");
            }
            assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        }
        assert!(ran(&complete(), &["explain"]).1.contains("Bob until Mon 2026-11-30 09:00"));
    }

    #[test]
    fn a_policy_that_would_fail_at_night_is_told_so() {
        let (exit, out, _) = ran(Policy::builtin_text(), &["check"]);
        assert_eq!(exit, Exit::No);
        assert!(out.contains("contact SRE: no phone") && out.contains("no on-call schedule"), "{out}");
        assert_eq!(ran(&complete(), &["check"]), (Exit::Done, "the policy is complete\n".to_owned(), String::new()));
        let without = complete().replace("runbook = ", "# runbook = ");
        assert!(ran(&without, &["check"]).1.contains("service pay: no runbook"));
    }

    #[test]
    fn who_is_on_call_is_told_for_any_minute_and_a_hole_is_wrong_configuration() {
        let (exit, out, _) = ran(&complete(), &["oncall"]);
        assert_eq!((exit, out.trim()), (Exit::Done, "SRE           Bob until Mon 2026-11-30 09:00 Europe/Berlin"));
        let (exit, out, _) = ran(&complete(), &["oncall", "--at", "2026-11-30T08:00:00Z", "--team", "sre", "--json"]);
        let document: Value = serde_json::from_str(&out).expect("one document");
        assert_eq!((exit, &document["teams"][0]["on_call"]), (Exit::Done, &json!("Ann")));
        let (exit, _, talk) = ran(&complete(), &["oncall", "--at", "2026-11-01T08:00:00Z"]);
        assert!(exit == Exit::Usage && talk.contains("nobody of SRE is on call"), "{talk}");
        assert_eq!(ran(&complete(), &["oncall", "--team", "Product"]).0, Exit::Usage);
        assert_eq!(ran(Policy::builtin_text(), &["oncall"]).0, Exit::Usage);
    }

    #[test]
    fn contacts_are_printed_with_their_ways() {
        let (exit, out, _) = ran(&complete(), &["contacts"]);
        assert_eq!((exit, out.trim()), (Exit::Done, "SRE           Ann: phone +1 555 0100"));
        let document: Value = serde_json::from_str(&ran(&complete(), &["contacts", "--json"]).1).expect("one document");
        assert_eq!(document["contacts"][0]["phone"], json!("+1 555 0100"));
        assert!(ran(Policy::builtin_text(), &["contacts"]).1.contains("no way to reach it is given"));
    }
}
