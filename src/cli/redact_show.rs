//! `--show`: each place before and after, on the customer's own terminal and nowhere else.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::model::printable;
use crate::redact::{Replacement, Witness};

/// One replacement, as the engine told of it.
struct Change {
    rule: String,
    placeholder: Vec<u8>,
    original: Vec<u8>,
}

/// Takes what the engine tells until it is shown.
#[derive(Default)]
pub struct Seen(Mutex<Vec<Change>>);

impl Witness for Seen {
    fn replaced(&self, replacement: &Replacement<'_>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Change {
            rule: replacement.rule.to_owned(),
            placeholder: replacement.placeholder.to_vec(),
            original: replacement.original.to_vec(),
        });
    }
}

/// Shows the changes of one source after the other. The engine tells what it replaces; where that stands is found in the
/// result, whose lines are those of the source.
pub struct Show<'a> {
    seen: Arc<Seen>,
    out: &'a mut dyn Write,
    name: String,
    line: u64,
    /// What was told and not yet met in the result: in JSON a value may be written later than others.
    open: HashMap<Vec<u8>, VecDeque<Change>>,
    failed: Option<io::Error>,
}

impl<'a> Show<'a> {
    /// Shows on `out` what `seen` is told.
    pub fn new(seen: Arc<Seen>, out: &'a mut dyn Write) -> Self {
        Self { seen, out, name: String::new(), line: 1, open: HashMap::new(), failed: None }
    }

    /// The next source.
    pub fn begin(&mut self, name: &str) {
        self.name = printable(name);
        self.line = 1;
        self.open.clear();
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The next bytes of the result.
    pub fn block(&mut self, bytes: &[u8]) {
        let text = narrow(bytes);
        for change in self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            self.open.entry(change.placeholder.clone()).or_default().push_back(change);
        }
        let places = self.places(&text);
        let mut from = 0;
        for (start, placeholder) in places {
            self.line += newlines(&text[from..start]);
            from = start;
            let change = self.open.get_mut(&placeholder).and_then(VecDeque::pop_front);
            if let Some(change) = change {
                self.print(Some(self.line), &change);
            }
        }
        self.line += newlines(&text[from..]);
        self.open.retain(|_, changes| !changes.is_empty());
    }

    /// The end of a source: what stands nowhere that could be seen, such as inside an archive.
    pub fn end(&mut self) -> io::Result<()> {
        let mut rest: Vec<Change> = self.open.drain().flat_map(|(_, changes)| changes).collect();
        rest.sort_by(|one, other| (&one.rule, &one.original).cmp(&(&other.rule, &other.original)));
        rest.iter().for_each(|change| self.print(None, change));
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Where the placeholders that are waited for stand.
    fn places(&self, text: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let wanted: Vec<&Vec<u8>> = self.open.keys().collect();
        let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&wanted);
        let Ok(automaton) = built else { return Vec::new() };
        automaton.find_iter(text).map(|m| (m.start(), wanted[m.pattern().as_usize()].clone())).collect()
    }

    fn print(&mut self, line: Option<u64>, change: &Change) {
        if self.failed.is_some() {
            return;
        }
        let place = line.map_or_else(|| self.name.clone(), |line| format!("{}:{line}", self.name));
        let original = printable(&String::from_utf8_lossy(&change.original));
        let placeholder = printable(&String::from_utf8_lossy(&change.placeholder));
        let written = writeln!(self.out, "{place}  {}\n    {original}\n -> {placeholder}", printable(&change.rule));
        self.failed = written.err();
    }
}

/// Text in UTF-16 as its ASCII part; other text as it is.
fn narrow(bytes: &[u8]) -> Vec<u8> {
    let Some(wide) = bytes.get(..bytes.len().min(512)).filter(|head| head.contains(&0)) else { return bytes.to_vec() };
    let little = wide.iter().skip(1).step_by(2).filter(|b| **b == 0).count();
    let big = wide.iter().step_by(2).filter(|b| **b == 0).count();
    let (low, high) = if little >= big { (0, 1) } else { (1, 0) };
    bytes.chunks_exact(2).map(|pair| if pair[high] == 0 { pair[low] } else { b'?' }).collect()
}

fn newlines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell(seen: &Seen, placeholder: &str, original: &str) {
        let (placeholder, original) = (placeholder.as_bytes(), original.as_bytes());
        seen.replaced(&Replacement { placeholder, original, rule: "a-rule", kind: "k", distinct: true });
    }

    #[test]
    fn places_are_named_by_line_in_any_order_of_telling_and_escapes_are_shown() {
        let (seen, mut out) = (Arc::new(Seen::default()), Vec::new());
        let mut show = Show::new(Arc::clone(&seen), &mut out);
        show.begin("a.log");
        tell(&seen, "REDACTED-k-2", "two\u{1b}[2J");
        tell(&seen, "REDACTED-k-1", "one");
        show.block(b"x\nREDACTED-k-1\n");
        show.block(b"y REDACTED-k-2 z");
        tell(&seen, "REDACTED-k-3", "inside an archive");
        show.end().expect("memory");
        show.block(b"");
        show.end().expect("memory");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "a.log:2  a-rule\n    one\n -> REDACTED-k-1\n\
             a.log:3  a-rule\n    two\\u{1b}[2J\n -> REDACTED-k-2\n\
             a.log  a-rule\n    inside an archive\n -> REDACTED-k-3\n"
        );
    }

    #[test]
    fn lines_of_utf_16_are_counted_too() {
        let wide: Vec<u8> = "\u{feff}x\r\nREDACTED-k-1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(narrow(&wide), b"?x\r\nREDACTED-k-1");
    }
}
