//! What `escalate open` prints: for people, and as one JSON document.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::callees::Called;
use super::told_text::{self, line};
use crate::deliver::Attached;
use crate::deliver::handover::{Handed, Prepared, Uploaded};
use crate::escalate::plain_text::one_line;
use crate::escalate::targets::in_words;

pub(super) fn print_handed(
    prepared: &Prepared,
    handed: &Handed,
    called: &Called,
    journal: &Path,
    to: &mut dyn Write,
) -> io::Result<()> {
    let Handed { ticket, already, attached, uploaded, told, remarks, head } = handed;
    let made = if *already { " (was there before; its text is as it was first made)" } else { "" };
    line("ticket", &format!("{}{made}", ticket.location), to)?;
    line("queue", &prepared.ticket.queue, to)?;
    line("severity", &format!("{}; {}", prepared.decided.severity, prepared.decided.by_facts.reason), to)?;
    for unknown in &prepared.decided.by_facts.unknowns {
        line("unknown", unknown, to)?;
    }
    for (name, due) in [("answer", &prepared.targets.respond), ("escalate", &prepared.targets.escalate)] {
        let due = due.as_ref().map_or_else(
            || "due none".to_owned(),
            |due| {
                let missed = due.missed_by.map_or_else(String::new, |by| format!("; missed by {}", in_words(by)));
                format!("due {} ({}){missed}", due.at, due.counted)
            },
        );
        line(name, &due, to)?;
    }
    if let Some(why) = &prepared.desk_closed {
        line("desk", &format!("closed ({why})"), to)?;
    }
    told_text::print_route(called, to)?;
    told_text::print(told, to)?;
    let compared = |read_back: bool| if read_back { "read back" } else { "not read back" };
    match (attached, uploaded) {
        (Some(Attached { name, size, digest, read_back, .. }), _) => {
            line("bundle", &format!("{name}, {size} bytes, {}: {digest}", compared(*read_back)), to)?;
        }
        (None, Some(Uploaded { upload, url, name, size, digest, read_back, .. })) => {
            line("bundle", &format!("{name}, {size} bytes, by link, {}: {digest}", compared(*read_back)), to)?;
            line("upload", &format!("{upload}: {}", one_line(url, 2000)), to)?;
        }
        (None, None) => line("bundle", "none", to)?,
    }
    for remark in remarks {
        line("remark", &one_line(remark, 300), to)?;
    }
    for item in prepared.evaluation.missing() {
        line("owed", &format!("{}: {}", item.id, one_line(item.missing().unwrap_or_default(), 300)), to)?;
    }
    line("journal", &format!("{}, line {}, head {}", journal.display(), head.seq, head.hash), to)
}

fn common_json(prepared: &Prepared) -> Value {
    let due = |due: &Option<crate::escalate::Due>| {
        due.as_ref().map(|due| {
            json!({
                "at": due.at.to_string(),
                "counted": due.counted,
                "missed_by_seconds": due.missed_by.map(|by| by.as_secs()),
            })
        })
    };
    let Prepared { ticket, decided, evaluation, targets, .. } = prepared;
    let owed: Vec<Value> =
        evaluation.missing().map(|item| json!({ "id": item.id, "missing": item.missing() })).collect();
    json!({
        "schema": "casefile-escalation/1",
        "case_id": ticket.case_id,
        "severity": decided.severity.to_string(),
        "severity_by_facts": decided.by_facts.severity.to_string(),
        "severity_reason": decided.by_facts.reason,
        "severity_unknowns": decided.by_facts.unknowns,
        "severity_override_reason": decided.override_reason,
        "queue": ticket.queue,
        "title": ticket.title,
        "outside_business_hours": prepared.desk_closed.is_some(),
        "targets": {
            "from": targets.from.to_string(),
            "escalate": due(&targets.escalate),
            "respond": due(&targets.respond),
        },
        "owed": owed,
    })
}

pub(super) fn handed_json(prepared: &Prepared, handed: &Handed, called: &Called) -> Value {
    let mut document = common_json(prepared);
    document["ticket"] = json!(handed.ticket);
    document["ticket_was_there"] = json!(handed.already);
    document["attached"] = json!(handed.attached);
    document["route"] = told_text::route_json(called);
    document["uploaded"] = json!(handed.uploaded);
    document["notices"] = told_text::as_json(&handed.told);
    document["remarks"] = json!(handed.remarks);
    document["journal_head"] = json!(handed.head);
    document
}

pub(super) fn dry_json(prepared: &Prepared) -> Value {
    let mut document = common_json(prepared);
    document["body"] = json!(prepared.ticket.body);
    document
}
