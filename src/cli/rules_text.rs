//! How rules look on a terminal.

use std::io::{self, Write};

use super::rules::family;
use crate::model::printable;
use crate::redact::{Rule, RuleListing};

const WIDTH: usize = 80;

/// Writes all rules, by file.
pub(super) fn write_list(listing: &RuleListing, out: &mut dyn Write) -> io::Result<()> {
    let mut shown = None;
    for row in &listing.rules {
        if shown != Some(&row.file) {
            let rules = listing.rules.iter().filter(|other| other.file == row.file).count();
            if shown.is_some() {
                writeln!(out)?;
            }
            let name = if row.builtin { family(&row.file) } else { &row.file };
            write_wrapped(&format!("{} ({rules})", printable(name)), "", "", out)?;
            shown = Some(&row.file);
        }
        let secret = if row.secret { ", secret" } else { "" };
        let strict = if row.strict { ", only if strict" } else { "" };
        write_wrapped(&format!("{:<40} {}{secret}{strict}", row.id, row.kind), "  ", "    ", out)?;
        write_wrapped(&printable(&row.description), "      ", "      ", out)?;
    }
    writeln!(out, "\n{} rules; `casefile rules explain ID` shows one", listing.rules.len())
}

/// Everything about one rule; `redacted` shows what becomes of a text.
pub(super) fn write_explanation(rule: &Rule, redacted: &dyn Fn(&str) -> String, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", rule.id)?;
    write_wrapped(&printable(&rule.description), "  ", "  ", out)?;
    writeln!(out)?;
    let hash = if rule.hex { "-…" } else { "" };
    let elsewhere = if rule.secret { ", here and wherever else the value stands" } else { "" };
    let mut line = |name: &str, text: &str| writeln!(out, "  {name:<11}{text}");
    line("becomes", &format!("REDACTED-{}{hash}{elsewhere}", rule.kind))?;
    let origin = if rule.builtin { " (built in)" } else { "" };
    line("file", &format!("{}{origin}", printable(&rule.file)))?;
    if rule.strict {
        line("only", "under --privacy strict")?;
    }
    match &rule.keywords[..] {
        [] => line("keywords", "none: it looks at every line")?,
        all => line("keywords", &printable(&all.join(", ")))?,
    }
    if rule.lines > 1 {
        line("sees", &format!("{} lines, from the one with a keyword on", rule.lines))?;
    }
    line("pattern", &printable(&rule.pattern))?;
    if let Some(entropy) = rule.entropy {
        line("entropy", &format!("more than {entropy} bits a byte"))?;
    }
    if let Some(check) = rule.check {
        line("check", &in_kebab_case(&format!("{check:?}")))?;
    }
    for reference in &rule.references {
        line("see", &printable(reference))?;
    }
    for (n, example) in rule.examples.iter().enumerate() {
        writeln!(out, "\n  example {}", n + 1)?;
        write_text("before", example, out)?;
        write_text("after", &redacted(example), out)?;
    }
    if !rule.negative_examples.is_empty() {
        writeln!(out, "\n  left alone by this rule")?;
    }
    rule.negative_examples.iter().try_for_each(|text| write_text("", text, out))
}

/// A text of possibly several lines, its name beside the first.
fn write_text(name: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    for (n, line) in text.lines().enumerate() {
        writeln!(out, "    {:<9}{}", if n == 0 { name } else { "" }, printable(line))?;
    }
    Ok(())
}

/// Breaks between words, so that no line is longer than the screen if its words are not.
fn write_wrapped(text: &str, first: &str, next: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{}", line.trim_end())?;
            line = next.to_owned();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    if line.trim().is_empty() { Ok(()) } else { writeln!(out, "{}", line.trim_end()) }
}

/// `SensitiveName` is `sensitive-name` in a rule file.
fn in_kebab_case(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}
