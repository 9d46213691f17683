//! What became of the notices, and whom to call when none got out.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::deliver::callout::{Outcome, Told};
use crate::escalate::Policy;
use crate::escalate::plain_text::one_line;

/// One line a notice.
pub(super) fn print(told: &[Told], to: &mut dyn Write) -> io::Result<()> {
    for one in told {
        let outcome = match &one.outcome {
            Outcome::Sent => "sent".to_owned(),
            Outcome::WasSent => "was sent before".to_owned(),
            Outcome::Failed(cause) => format!("NOT SENT: {}", one_line(cause, 300)),
        };
        let twice = if one.may_be_twice { "; may be twice" } else { "" };
        // The names of a level come from the journal.
        writeln!(to, "notice    {}, level {}: {outcome}{twice}", one_line(&one.target, 80), one.level)?;
    }
    Ok(())
}

/// The ways to people that need no network of ours. Printed where no notice got out; sent to nobody.
pub(super) fn print_contacts(policy: &Policy, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "nobody was told; call them:")?;
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
        })
    };
    told.iter().map(one).collect()
}
