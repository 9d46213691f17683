//! `casefile escalate policy explain`: the policy in force in words, within 80 columns, for somebody who has never read one.

use std::io::{self, Write};

use jiff::Timestamp;

use super::policy::{turn, write_wrapped};
use crate::checklist::{Checklist, Group};
use crate::cli::count;
use crate::cli::exit::Exit;
use crate::escalate::Policy;
use crate::escalate::matrix::Hours;
use crate::escalate::plain_text::without_secrets;
use crate::escalate::policy::{Level, Reading, Runs, Target};
use crate::model::Severity;

pub(super) fn explain(policy: &Policy, now: Timestamp, out: &mut dyn Write) -> io::Result<Exit> {
    writeln!(out, "Severities (unknown facts take the higher level)")?;
    for severity in Severity::ALL {
        explain_level(&severity.to_string(), policy.level(severity), out)?;
    }
    write_wrapped("", "both run from the customer's report; a customer's tighter SLA replaces the answer", out)?;
    write_wrapped("", &format!("many users: {} or more", policy.many_users), out)?;
    writeln!(out, "\nBusiness hours")?;
    for (name, calendar) in &policy.calendars {
        let state = match (calendar.closed(now), calendar.next_open(now)) {
            (None, _) => "open now".to_owned(),
            (Some(why), Ok(opens)) => format!("closed now ({why}); opens {}", calendar.local(opens)),
            (Some(why), Err(e)) => format!("closed now ({why}); {e}"),
        };
        let default = if *name == policy.calendar { ", for services that name none" } else { "" };
        write_wrapped(name, &format!("{}{default}: {state}", calendar.zone_name()), out)?;
    }
    write_wrapped("", "outside of them SEV1 and SEV2 need the customer's emergency contact", out)?;
    writeln!(out, "\nTickets and their queues")?;
    explain_tickets(policy, out)?;
    writeln!(out, "\nBundles that no ticket takes")?;
    explain_uploads(policy, out)?;
    writeln!(out, "\nWho is told")?;
    explain_matrix(policy, out)?;
    writeln!(out, "\nOn call")?;
    for (team, schedule) in &policy.on_call {
        let by = schedule.file().map_or_else(String::new, |file| format!(", by {file}"));
        write_wrapped(team, &format!("{}{by}", turn(schedule, now).unwrap_or_else(|| "nobody now".to_owned())), out)?;
    }
    if policy.on_call.is_empty() {
        write_wrapped("", "no schedule; whom to call: casefile escalate policy contacts", out)?;
    }
    writeln!(out, "\nWhat a handoff needs (casefile verify tells what a bundle lacks)")?;
    let checklist = Checklist::builtin();
    for group in Group::ALL {
        writeln!(out, "  {}", group.title())?;
        for item in checklist.items.iter().filter(|item| item.group == group) {
            write_wrapped(required_for(item.required_from), &item.question, out)?;
        }
    }
    Ok(Exit::Done)
}

fn explain_level(name: &str, level: &Level, out: &mut dyn Write) -> io::Result<()> {
    write_wrapped(name, level.definition.trim(), out)?;
    for (clock, target) in [("hand over", level.escalate), ("answer", level.respond)] {
        if let Some(target) = target {
            write_wrapped("", &format!("{clock} within {}", in_words(target)), out)?;
        }
    }
    if level.escalate.is_none() && level.respond.is_none() {
        write_wrapped("", "no due time", out)?;
    }
    if let Some(after) = level.next_level_after {
        write_wrapped("", &format!("the next people are called after {}", minutes(after.get().into())), out)?;
    }
    if let Some(every) = level.update_every {
        write_wrapped("", &format!("the customer hears from us every {}", minutes(every.get().into())), out)?;
    }
    Ok(())
}

fn explain_tickets(policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let there = policy.ticket_system_in_force();
    match there {
        Some((name, entry)) => {
            let text = format!("{} at {}, token {}", entry.kind.name(), without_secrets(&entry.url), entry.token);
            write_wrapped(name, &text, out)?;
        }
        None => write_wrapped("", "no ticket system: a ticket is a folder in the outbox of this account", out)?,
    }
    let queue = |ours: &str| match there {
        Some((_, entry)) if entry.queue(ours) != ours => format!("{ours}, there {}", entry.queue(ours)),
        _ => ours.to_owned(),
    };
    for service in &policy.routing.services {
        let runbook = service.runbook.as_deref().map_or_else(String::new, |runbook| format!("; runbook {runbook}"));
        write_wrapped(&service.service, &format!("{}{runbook}", queue(&service.queue)), out)?;
    }
    write_wrapped("other", &queue(&policy.routing.default_queue), out)?;
    write_wrapped("SEV4", &queue(&policy.routing.backlog_queue), out)
}

fn explain_uploads(policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    for (name, target) in &policy.uploads {
        let used = if policy.upload.as_deref() == Some(name) { "in use" } else { "not in use" };
        write_wrapped(name, &format!("{} at {}, {used}", target.kind.word(), without_secrets(&target.url)), out)?;
    }
    if policy.uploads.is_empty() {
        write_wrapped("", "no upload: a bundle that is too large for its ticket is handed over by other ways", out)?;
    }
    Ok(())
}

fn explain_matrix(policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let describe = |level: &Vec<String>| -> String {
        let target = |name: &String| {
            let target = policy.notifier(name)?;
            let team = target.team.as_ref().map_or_else(String::new, |team| format!(", {team}"));
            let pager = if target.is_pager() { ", wakes" } else { "" };
            let secure = if target.secure { "" } else { ", public" };
            Some(format!("{name} ({}{team}{pager}{secure})", target.kind.word()))
        };
        level.iter().filter_map(target).collect::<Vec<_>>().join(", ")
    };
    for row in &policy.matrix {
        let hours = match row.hours {
            Hours::Open => "in business hours",
            Hours::Closed => "outside business hours",
            Hours::Any => "day and night",
        };
        let service = row.service.as_deref().unwrap_or("all services");
        write_wrapped(&row.severities.join(" "), &format!("{service}, {hours}"), out)?;
        for (n, level) in row.levels.iter().enumerate() {
            let when = if n == 0 { "at once: " } else { "then: " };
            write_wrapped("", &format!("{when}{}", describe(level)), out)?;
        }
    }
    if policy.matrix.is_empty() {
        write_wrapped("", "no rows: notices are files in the outbox, for SRE and Engineering", out)?;
    } else {
        write_wrapped("other", "what no row fits becomes a file in the outbox, and that is said", out)?;
    }
    write_wrapped("", "SEV4 pages and pings nobody; SEV3 pages nobody outside business hours", out)?;
    write_wrapped("", "who is public hears one line without personal data", out)
}

/// The severities that require what is required from `least` on.
fn required_for(least: Severity) -> &'static str {
    match least {
        Severity::Sev1 => "SEV1",
        Severity::Sev2 => "SEV1, SEV2",
        Severity::Sev3 => "SEV1 to 3",
        Severity::Sev4 => "every case",
    }
}

/// `15 minutes, day and night`.
fn in_words(target: Target) -> String {
    let Target { minutes: number, runs, reading } = target;
    match (runs, reading) {
        (Runs::Always, _) => format!("{}, day and night", minutes(number)),
        (Runs::BusinessHours, Some(Reading::BusinessDays)) => {
            let days = count(u64::from(number / 1440), "business day");
            format!("{}, read as {days} at the same time of day", minutes(number))
        }
        (Runs::BusinessHours, _) => format!("{} in which the desk is open", minutes(number)),
    }
}

fn minutes(number: u32) -> String {
    if number.is_multiple_of(60) { count(u64::from(number / 60), "hour") } else { count(u64::from(number), "minute") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::at;

    #[test]
    fn ticket_systems_uploads_and_the_times_between_levels_and_messages_are_explained_without_a_secret() {
        let text = Policy::builtin_text().replacen(
            "calendar = \"desk\"",
            "calendar = \"desk\"\nticket_system = \"rt\"\nupload = \"store\"",
            1,
        ) + "[ticket_systems.rt]\nkind = \"request-tracker\"\nurl = \"https://rt.example.com/\"\ntoken = \"env:RT_TOKEN\"\n\
             queues = { escalations = \"Escalations\" }\nfields = { case_id = \"Case ID\" }\n\
             [uploads.store]\nkind = \"tus\"\nurl = \"https://files.example.com/up?key=hush\"\n";
        let policy = Policy::parse("p", &text).expect("a policy");
        let mut out = Vec::new();
        explain(&policy, at("2026-11-24T20:00:00Z"), &mut out).expect("memory");
        let out = String::from_utf8(out).expect("text");
        for told in [
            "the next people are called after 5 minutes",
            "the customer hears from us every 30 minutes",
            "the customer hears from us every 2 hours",
            "request-tracker at https://rt.example.com/, token env:RT_TOKEN",
            "escalations, there Escalations",
            "tus at https://files.example.com/up, in use",
        ] {
            assert!(out.contains(told), "lacks {told}:\n{out}");
        }
        assert!(!out.contains("hush"), "{out}");
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    }
}
