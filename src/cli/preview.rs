//! What would be collected, before anything is read: every source with its size, what it is for, and what is left out.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::model::printable;
use crate::model::{Case, Outcome};
use crate::pipeline::Planned;

/// The reason with which a search stopped early; sizes are then a lower bound.
fn is_cut_short(item: &Planned) -> bool {
    item.decided.as_ref().and_then(Outcome::reason).is_some_and(|reason| reason.contains("more entries"))
}

/// Prints one planned item with its sources.
pub fn item(item: &Planned, out: &mut dyn Write) -> io::Result<()> {
    let purpose = printable(&item.purpose);
    if let Some(outcome) = &item.decided {
        let reason = outcome.reason().unwrap_or_default();
        return writeln!(out, "  {:9} {:>10}  {}: {}", outcome.word(), "", printable(&item.what), printable(reason));
    }
    writeln!(out, "  {} - {purpose}", item.collector)?;
    for source in &item.sources {
        let size = source.size.map_or_else(|| "at run time".to_owned(), human);
        writeln!(out, "  {:9} {size:>11}  {}", "", printable(&source.origin))?;
    }
    Ok(())
}

/// Prints the sum, and what is shown on purpose.
pub fn sum(planned: &[Planned], case: &Case, readers: &[String], out: &mut dyn Write) -> io::Result<()> {
    let sizes: u64 = planned.iter().flat_map(|item| &item.sources).filter_map(|source| source.size).sum();
    let sources: usize = planned.iter().map(|item| item.sources.len()).sum();
    let at_least = if planned.iter().any(is_cut_short) { ">= " } else { "" };
    writeln!(out, "{at_least}{sources} sources, {at_least}{} before redaction and compression", human(sizes))?;
    let disclosed: Vec<String> = case.disclosed().map(printable).collect();
    if !disclosed.is_empty() {
        writeln!(out, "Not redacted, because you give it on purpose: {}", disclosed.join(", "))?;
    }
    if !readers.is_empty() {
        writeln!(
            out,
            "Encrypted: only the secret key of {} opens it, so look before you make it",
            readers.join(" or ")
        )?;
    }
    Ok(())
}

/// The same as one JSON document.
pub fn json(planned: &[Planned], case: &Case, readers: &[String]) -> Value {
    let items: Vec<Value> = planned
        .iter()
        .map(|item| {
            let sources: Vec<Value> = item
                .sources
                .iter()
                .map(|source| json!({ "origin": source.origin, "path": source.path, "size": source.size }))
                .collect();
            json!({
                "collector": item.collector,
                "what": item.what,
                "purpose": item.purpose,
                "decided": item.decided,
                "sources": sources,
            })
        })
        .collect();
    let cut_short = planned.iter().any(is_cut_short);
    json!({ "schema": "casefile-plan/1", "items": items, "complete": !cut_short,
        "disclosed": case.disclosed().collect::<Vec<_>>(), "encrypted_for": readers,
    })
}

/// Bytes for people: `1.2 MiB`.
pub fn human(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(
            (human(0), human(1023), human(1536), human(5 << 30)),
            ("0 B".to_owned(), "1023 B".to_owned(), "1.5 KiB".to_owned(), "5.0 GiB".to_owned())
        );
    }
}
