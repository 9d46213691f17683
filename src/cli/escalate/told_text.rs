//! What became of the notices, and whom to call when none got out.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::callees::Called;
use crate::cli::verify_text::{WIDTH, wrap};
use crate::deliver::callout::{Outcome, Told};
use crate::escalate::Policy;
use crate::escalate::plain_text::one_line;

/// The longest text of a line; names and addresses of others stand in it.
const LONGEST: usize = 4000;

/// A word and what there is to say about it, harmless and within 80 columns as far as its words allow.
pub(super) fn line(word: &str, text: &str, to: &mut dyn Write) -> io::Result<()> {
    let mut lines = String::new();
    wrap(&format!("{word:<9} "), 10, &one_line(text, LONGEST), WIDTH, &mut lines);
    to.write_all(lines.as_bytes())
}

/// Who is told and why, who is not, and why nobody is woken where nobody is.
pub(super) fn print_route(called: &Called, to: &mut dyn Write) -> io::Result<()> {
    if !called.reason.is_empty() {
        line("told", &format!("by {}", called.reason), to)?;
    }
    for (target, why) in &called.held_back {
        line("held back", &format!("{target}: {why}"), to)?;
    }
    if let Some(why) = &called.nobody_wakes {
        line("pager", &format!("nobody is woken: {why}"), to)?;
    }
    Ok(())
}

/// The same for the JSON document.
pub(super) fn route_json(called: &Called) -> Value {
    let held: Vec<Value> =
        called.held_back.iter().map(|(target, why)| json!({ "target": target, "reason": why })).collect();
    json!({ "reason": called.reason, "held_back": held, "nobody_is_woken": called.nobody_wakes })
}

/// One line for each notice that did not go out; the others are not told of.
pub(super) fn print_failed(told: &[Told], to: &mut dyn Write) -> io::Result<()> {
    let failed: Vec<Told> = told.iter().filter(|one| !one.reached()).cloned().collect();
    print(&failed, to)
}

/// One line a notice.
pub(super) fn print(told: &[Told], to: &mut dyn Write) -> io::Result<()> {
    for one in told {
        let outcome = match &one.outcome {
            Outcome::Sent => "sent".to_owned(),
            Outcome::WasSent => "was sent before".to_owned(),
            Outcome::Failed(cause) => format!("NOT SENT: {}", one_line(cause, 300)),
        };
        let twice = if one.may_be_twice { "; may be twice" } else { "" };
        line("notice", &format!("{}, level {}: {outcome}{twice}", one.target, one.level), to)?;
        if let Some(path) = &one.kept {
            line("", &format!("kept as a mail, to be sent by hand: {path}"), to)?;
        }
    }
    Ok(())
}

/// The ways to people that need no network of ours. Printed where no notice got out; sent to nobody.
pub(super) fn print_contacts(policy: &Policy, what: &str, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{what}; call them:")?;
    let mut any = false;
    for contact in &policy.contacts {
        let ways: Vec<String> = contact.ways().map(|(name, way)| format!("{name} {way}")).collect();
        if ways.is_empty() {
            continue;
        }
        any = true;
        let name = contact.name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        writeln!(to, "  {}{name}: {}", contact.team, ways.join(", "))?;
    }
    if !any {
        writeln!(to, "  the policy has no contacts: `casefile escalate policy check` says what is missing")?;
    }
    Ok(())
}

/// What is said above the contacts where no notice got out.
pub(super) const NOBODY_TOLD: &str = "nobody was told";

/// Whether there was somebody to tell and nobody was.
pub(super) fn nobody_reached(told: &[Told]) -> bool {
    !told.is_empty() && !told.iter().any(Told::reached)
}

/// For the JSON document.
pub(super) fn as_json(told: &[Told]) -> Value {
    let one = |one: &Told| {
        let (state, cause) = match &one.outcome {
            Outcome::Sent => ("sent", None),
            Outcome::WasSent => ("was-sent", None),
            Outcome::Failed(cause) => ("failed", Some(cause)),
        };
        json!({
            "target": one.target, "level": one.level, "state": state, "cause": cause, "may_be_twice": one.may_be_twice,
            "kept": one.kept,
        })
    };
    told.iter().map(one).collect()
}
