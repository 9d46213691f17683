//! Whether anything that was planted is still there, also after base64, hexadecimal and percent decoding.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use casefile::redact::Redactor;

use super::engine::redact;
use super::planted::Planted;

/// By kind: how many were planted, how many stayed, and the line of one that stayed.
#[derive(Default)]
pub struct Recall(BTreeMap<&'static str, (u64, u64, String)>);

impl Recall {
    /// Adds a text and what was planted in it. `before` is how many lines of the log stand before it.
    pub fn add(&mut self, redactor: &Arc<Redactor>, text: &[u8], planted: &[Planted], before: usize) {
        let output = redact(redactor, text).output;
        let lines: Vec<&[u8]> = output.split(|b| *b == b'\n').collect();
        for plant in planted {
            // A key has lines of its own.
            let around = lines.iter().skip(plant.line - 1 - before).take(10);
            let leaked = around.clone().any(|line| stands_in(line, plant.value.as_bytes(), 3));
            let entry = self.0.entry(plant.kind).or_default();
            entry.0 += 1;
            if leaked {
                entry.1 += 1;
                let line = lines.get(plant.line - 1 - before).copied().unwrap_or_default();
                entry.2 = format!("{} in {}", plant.value, String::from_utf8_lossy(line));
            }
        }
    }

    pub fn leaked(&self) -> u64 {
        self.0.values().map(|(_, leaked, _)| leaked).sum()
    }
}

/// Whether `value` stands in `line`, read as it is or with its encodings undone. Other words than the redactor's: whatever
/// decodes is looked into.
fn stands_in(line: &[u8], value: &[u8], depth: usize) -> bool {
    if memchr::memmem::find(line, value).is_some() {
        return true;
    }
    if depth == 0 {
        return false;
    }
    let percent = percent_decoded(line);
    if percent != line && stands_in(&percent, value, depth - 1) {
        return true;
    }
    let words = line.split(|b| !(b.is_ascii_alphanumeric() || b"+/-_".contains(b))).filter(|word| word.len() >= 12);
    for word in words {
        let standard: Vec<u8> = word
            .iter()
            .map(|b| {
                if *b == b'-' {
                    b'+'
                } else if *b == b'_' {
                    b'/'
                } else {
                    *b
                }
            })
            .collect();
        let length = standard.len() / 4 * 4;
        let base64 = data_encoding::BASE64_NOPAD.decode(&standard[..length]).unwrap_or_default();
        let hex = data_encoding::HEXLOWER_PERMISSIVE.decode(word).unwrap_or_default();
        if stands_in(&base64, value, depth - 1) || stands_in(&hex, value, depth - 1) {
            return true;
        }
    }
    false
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let code = text.get(at + 1..at + 3).filter(|_| text[at] == b'%');
        let code = code.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        out.push(code.unwrap_or(text[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    out
}

impl fmt::Display for Recall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:20} {:>9} {:>9}", "kind", "planted", "leaked")?;
        for (kind, (planted, leaked, line)) in &self.0 {
            writeln!(f, "{kind:20} {planted:>9} {leaked:>9}  {line}")?;
        }
        let planted: u64 = self.0.values().map(|(planted, _, _)| planted).sum();
        write!(f, "{:20} {planted:>9} {:>9}", "ALL", self.leaked())
    }
}
