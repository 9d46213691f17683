//! The second look, at what somebody else has redacted: which rules would still replace something, where and how often. The
//! values themselves are never handed out.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::decode::{Decoder, Encoding, is_not_text};
use super::images::{self, Format};
use super::json::JsonWalker;
use super::lines::LineState;
use super::scan::{MediaHint, Treatment};
use super::seeds::Seeds;
use super::split::Splitter;
use super::stream::{Counts, documents};
use super::values::ValueRules;
use super::witness::{Replacement, Witness};
use super::{RedactError, Redactor};
use crate::archive::Archive;

/// Bytes that decide what an artifact is.
const HEAD: usize = 8 << 10;
/// Bytes of JSON that are read at once.
const CHUNK: usize = 256 << 10;

/// What one rule still finds in one artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The rule's id, or what the engine calls its own finds.
    pub rule: String,
    /// The kind in its placeholders.
    pub kind: String,
    /// The first line where it finds something, counted from 1; `None` where lines mean nothing.
    pub line: Option<u64>,
    /// How often it finds something.
    pub occurrences: u64,
}

/// What a look at an artifact came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// A text, or an archive of texts: what the rules find in it, by rule.
    Text(Vec<Leak>),
    /// A picture, whose pixels no rule reads; and whether something stands beside the pixels that this program takes out.
    Picture {
        /// A camera's or a program's notes are still there.
        metadata: bool,
    },
    /// Something that no rule can read, and why.
    Unreadable(String),
}

impl Redactor {
    /// Looks for what this redactor would replace in the artifact that `open` gives, treated as when it was made. An error
    /// means that it could not be read to its end.
    pub fn leaks<'a>(
        self: &Arc<Self>,
        hint: MediaHint,
        open: &dyn Fn() -> io::Result<Box<dyn Read + Send + 'a>>,
    ) -> Result<Looked, RedactError> {
        let mut reader = open()?;
        let mut head = Vec::with_capacity(HEAD);
        reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        let treatment = match Treatment::of_head(&head) {
            Ok(treatment) => treatment,
            Err(e) => return Ok(Looked::Unreadable(e.to_string())),
        };
        let archive = Archive::of(&head);
        let whole: Box<dyn Read + Send + 'a> = Box::new(Cursor::new(head).chain(reader));
        if let Some(archive) = archive {
            return self.leaks_in_archive(archive, whole);
        }
        let encoding = match treatment {
            Treatment::Image(format) => return picture(whole, format),
            Treatment::Text(encoding) => encoding,
            Treatment::Known(kind) => return Ok(Looked::Unreadable(RedactError::Kind(kind).to_string())),
            Treatment::Json { .. } | Treatment::Archive(_) | Treatment::Binary => {
                return Ok(Looked::Unreadable(RedactError::Binary.to_string()));
            }
        };
        let mut text = whole;
        if matches!(hint, MediaHint::Json | MediaHint::JsonLines) {
            let mut reader = Decoder::new(text, encoding);
            match self.leaks_in_json(&mut reader, hint == MediaHint::JsonLines) {
                // No JSON: it was redacted as plain text, so it is looked at as plain text.
                Err(RedactError::Changed(_)) => text = open()?,
                Err(RedactError::Read(e)) if is_not_text(&e) => text = open()?,
                other => return other.map(Looked::Text),
            }
        }
        let found = match self.leaks_in_text(Decoder::new(text, encoding)) {
            // In no kind of Unicode: read again with each byte as a character, as it was redacted.
            Ok((_, true)) => self.leaks_in_text(Decoder::new(open()?, Encoding::Windows1252)),
            other => other,
        };
        match found {
            Ok((leaks, _)) => Ok(Looked::Text(leaks)),
            Err(RedactError::Read(e)) if is_not_text(&e) => Ok(Looked::Unreadable(e.to_string())),
            Err(e) => Err(e),
        }
    }

    /// What is left, and whether the text is in no kind of Unicode.
    fn leaks_in_text(&self, reader: Decoder<impl Read>) -> Result<(Vec<Leak>, bool), RedactError> {
        let (mut found, mut state, mut splitter) = (Found::default(), LineState::default(), Splitter::new(reader));
        let mut line = 1;
        while let Some(piece) = splitter.piece()? {
            let (spans, own) = self.findings(&piece, &mut state, None)?;
            let mut at = own.start;
            for span in &spans {
                line += newlines(&piece.bytes[at..span.start]);
                at = span.start;
                let (raw, mut written, mut counts) = (&piece.bytes[span.start..span.end], Vec::new(), Counts::new());
                self.write_replaced(
                    piece.bytes,
                    span.start..span.end,
                    std::slice::from_ref(span),
                    &mut written,
                    &mut counts,
                );
                if written != raw {
                    found.add_counts(self, counts, line);
                }
            }
            line += newlines(&piece.bytes[at..own.end.max(at)]);
        }
        Ok((found.leaks, splitter.reader().is_legacy()))
    }

    fn leaks_in_json(self: &Arc<Self>, reader: &mut dyn Read, lines: bool) -> Result<Vec<Leak>, RedactError> {
        let seen = Arc::new(Seen { line: AtomicU64::new(1), found: Mutex::default() });
        let redactor = self.seen_by(&seen)?;
        let mut walker = JsonWalker::new(ValueRules::replacing(redactor), documents(lines));
        let (mut chunk, mut out) = (vec![0; CHUNK], Vec::new());
        let broken = |_| RedactError::Changed("it is not JSON");
        loop {
            let n = reader.read(&mut chunk)?;
            if n == 0 {
                walker.finish(&mut out).map_err(broken)?.into_counts()?;
                return Ok(seen.leaks());
            }
            // One line at a time, so that whoever hears of a replacement knows its line.
            for line in chunk[..n].split_inclusive(|b| *b == b'\n') {
                walker.push(line, &mut out).map_err(broken)?;
                seen.line.fetch_add(newlines(line), Ordering::Relaxed);
            }
            out.clear();
        }
    }

    /// Looks into an archive by writing it anew and listening to what is replaced. No line means anything there.
    fn leaks_in_archive<'a>(
        self: &Arc<Self>,
        archive: Archive,
        reader: Box<dyn Read + Send + 'a>,
    ) -> Result<Looked, RedactError> {
        let seen = Arc::new(Seen { line: AtomicU64::new(0), found: Mutex::default() });
        let redactor = self.seen_by(&seen)?;
        for step in redactor.redact(&Treatment::Archive(archive), reader) {
            match step {
                Ok(_) => {}
                Err(RedactError::Read(e)) => return Err(e.into()),
                Err(e) => return Ok(Looked::Unreadable(e.to_string())),
            }
        }
        Ok(Looked::Text(seen.leaks()))
    }

    /// The same redactor, listened to.
    fn seen_by(&self, seen: &Arc<Seen>) -> Result<Arc<Self>, RedactError> {
        let witness: Arc<dyn Witness> = Arc::clone(seen) as Arc<dyn Witness>;
        Ok(Arc::new(self.with_seeds(&Seeds::default())?.witnessed(witness)))
    }

    /// Looks at a document that a program like this one wrote with [`Redactor::document`]: at every key, and at every text that
    /// `keeps` (by JSON pointer and text) does not exempt. Lines are those of its indented form.
    pub fn leaks_in_document(
        &self,
        document: &Value,
        keeps: &dyn Fn(&str, &str) -> bool,
    ) -> Result<Vec<Leak>, RedactError> {
        let mut found = Found::default();
        self.leaks_in_value(document, &mut String::new(), keeps, &mut 1, &mut found)?;
        Ok(found.leaks)
    }

    fn leaks_in_value(
        &self,
        value: &Value,
        pointer: &mut String,
        keeps: &dyn Fn(&str, &str) -> bool,
        line: &mut u64,
        found: &mut Found,
    ) -> Result<(), RedactError> {
        let length = pointer.len();
        match value {
            Value::String(text) if !keeps(pointer, text) => self.leaks_in_string(text, *line, found)?,
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    *line += 1;
                    pointer.push_str(&format!("/{n}"));
                    self.leaks_in_value(item, pointer, keeps, line, found)?;
                    pointer.truncate(length);
                }
                *line += u64::from(!items.is_empty());
            }
            Value::Object(members) => {
                for (key, item) in members {
                    *line += 1;
                    self.leaks_in_string(key, *line, found)?;
                    pointer.push('/');
                    pointer.push_str(key);
                    self.leaks_in_value(item, pointer, keeps, line, found)?;
                    pointer.truncate(length);
                }
                *line += u64::from(!members.is_empty());
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }

    fn leaks_in_string(&self, text: &str, line: u64, found: &mut Found) -> Result<(), RedactError> {
        let (mut out, mut counts) = (Vec::with_capacity(text.len()), Counts::new());
        self.replace_all(text.as_bytes(), &mut out, &mut counts)?;
        if out != text.as_bytes() {
            found.add_counts(self, counts, line);
        }
        Ok(())
    }

    fn kind_of<'a>(&'a self, rule: &'a str) -> &'a str {
        self.set.rules.iter().find(|known| known.id == rule).map_or(rule, |known| &known.kind)
    }
}

/// What is found, by rule.
#[derive(Debug, Default)]
struct Found {
    leaks: Vec<Leak>,
    by_rule: BTreeMap<String, usize>,
}

impl Found {
    fn add(&mut self, rule: &str, kind: &str, line: u64, occurrences: u64) {
        if let Some(known) = self.by_rule.get(rule) {
            self.leaks[*known].occurrences += occurrences;
        } else {
            self.by_rule.insert(rule.to_owned(), self.leaks.len());
            let line = Some(line).filter(|line| *line > 0);
            self.leaks.push(Leak { rule: rule.to_owned(), kind: kind.to_owned(), line, occurrences });
        }
    }

    fn add_counts(&mut self, redactor: &Redactor, counts: Counts, line: u64) {
        let counts = counts.summary(None).redactions;
        for (rule, occurrences) in &counts {
            self.add(rule, redactor.kind_of(rule), line, *occurrences);
        }
        if counts.is_empty() {
            self.add("encoded", "encoded", line, 1);
        }
    }
}

fn newlines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

fn picture(mut reader: Box<dyn Read + Send + '_>, format: Format) -> Result<Looked, RedactError> {
    let mut bytes = Vec::new();
    reader.by_ref().take(images::MAX_IMAGE + 1).read_to_end(&mut bytes)?;
    // Also what is beyond the limit is read, because only the end shows that the bytes are the sealed ones.
    io::copy(&mut reader, &mut io::sink())?;
    match images::strip(&mut bytes.as_slice(), format) {
        Ok(stripped) => Ok(Looked::Picture { metadata: stripped != bytes }),
        Err(e) => Ok(Looked::Unreadable(e.to_string())),
    }
}

/// Hears of each replacement, while the line that is being read stands in `line`; 0 where there are none.
struct Seen {
    line: AtomicU64,
    found: Mutex<Found>,
}

impl Seen {
    fn leaks(&self) -> Vec<Leak> {
        std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner)).leaks
    }
}

impl Witness for Seen {
    fn replaced(&self, replacement: &Replacement<'_>) {
        if replacement.placeholder != replacement.original {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.add(replacement.rule, replacement.kind, self.line.load(Ordering::Relaxed), 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::{KnownNames, Privacy, Pseudonyms, RuleSet, Step};
    use super::*;

    fn redactor() -> Arc<Redactor> {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
        let keys = Pseudonyms::new(b"a key for tests");
        Arc::new(Redactor::new(set, keys, &KnownNames::default(), Privacy::Standard).expect("ready"))
    }

    fn look(hint: MediaHint, bytes: &[u8]) -> Looked {
        redactor().leaks(hint, &|| Ok(Box::new(bytes))).expect("memory can be read")
    }

    fn leaks(hint: MediaHint, text: &str) -> Vec<(String, Option<u64>, u64)> {
        match look(hint, text.as_bytes()) {
            Looked::Text(leaks) => leaks.into_iter().map(|leak| (leak.kind, leak.line, leak.occurrences)).collect(),
            other => vec![(format!("{other:?}"), None, 0)],
        }
    }

    #[test]
    fn what_is_left_in_a_text_is_told_by_rule_with_its_first_line_and_its_number() {
        let text = "start\npassword=hunter2-Correct-Horse\n\nfrom 81.2.69.142\nfrom 81.2.69.143 and 81.2.69.144\n";
        let mut found = leaks(MediaHint::Text, text);
        found.sort();
        assert_eq!(found, [("ipv4".to_owned(), Some(4), 3), ("secret".to_owned(), Some(2), 1)]);
        assert_eq!(leaks(MediaHint::Text, "2026-11-23T10:00:00Z INFO 10.0.0.7 all is well\n"), []);
    }

    #[test]
    fn what_is_left_in_json_is_told_with_the_line_of_its_value() {
        let text = "{\n  \"a\": 1,\n  \"mail\": \"ada.lovelace@example.org\",\n  \"x\": [\n    {\"password\": \"hunter2-Correct-Horse\"}\n  ]\n}\n";
        let lines: Vec<_> = leaks(MediaHint::Json, text).into_iter().map(|(_, line, _)| line).collect();
        assert_eq!(lines, [Some(3), Some(5)], "{:?}", leaks(MediaHint::Json, text));
        assert_eq!(leaks(MediaHint::Json, "{\"password\": \"hunter2-Correct-Horse\", broken").len(), 1);
    }

    #[test]
    fn what_was_redacted_is_clean_as_text_as_json_and_as_a_document() {
        let redactor = redactor();
        let text = redactor.text("password=hunter2-Correct-Horse from 81.2.69.142, mail ada.lovelace@example.org");
        assert_eq!(leaks(MediaHint::Text, &text), []);
        let json =
            serde_json::json!({ "note": text, "password": "REDACTED-password-0123456789", "sha256": "ab".repeat(32) });
        assert_eq!(leaks(MediaHint::Json, &json.to_string()), []);
        assert_eq!(redactor.leaks_in_document(&json, &|_, _| false).expect("rules compile"), []);
    }

    #[test]
    fn an_archive_is_looked_into_and_clean_once_it_was_redacted() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("srv/app.log", zip::write::SimpleFileOptions::default()).expect("a new entry");
        zip.write_all(b"start\npassword=hunter2-Correct-Horse\nfrom 81.2.69.142\n").expect("memory");
        let raw = zip.finish().expect("memory").into_inner();
        let kinds = |bytes: &[u8]| match look(MediaHint::Text, bytes) {
            Looked::Text(leaks) => leaks.into_iter().map(|leak| (leak.kind, leak.line)).collect(),
            other => vec![(format!("{other:?}"), None)],
        };
        let mut found = kinds(&raw);
        found.sort();
        assert_eq!(found, [("ipv4".to_owned(), None), ("secret".to_owned(), None)]);
        let archive = Archive::of(&raw).expect("a zip");
        let mut redacted = Vec::new();
        for step in redactor().redact(&Treatment::Archive(archive), Box::new(Cursor::new(raw))) {
            if let Step::Block(block) = step.expect("redacts") {
                redacted.extend_from_slice(block.bytes());
            }
        }
        assert_eq!(kinds(&redacted), []);
    }

    #[test]
    fn a_document_tells_the_line_of_its_indented_form_and_exempts_what_it_is_told() {
        let json = serde_json::json!({
            "a": [], "b": ["x", {"mail": "ada.lovelace@example.org"}], "c": {}, "d": "from 81.2.69.142",
        });
        let pretty = serde_json::to_string_pretty(&json).expect("JSON");
        let line = |needle: &str| pretty.lines().position(|line| line.contains(needle)).map(|n| n as u64 + 1);
        let found = redactor().leaks_in_document(&json, &|_, _| false).expect("rules compile");
        let lines: Vec<_> = found.iter().map(|leak| leak.line).collect();
        assert_eq!(lines, [line("ada"), line("81.2")]);
        let exempt = redactor().leaks_in_document(&json, &|pointer, _| pointer == "/b/1/mail").expect("rules compile");
        assert_eq!(exempt.len(), 1);
    }

    #[test]
    fn what_no_rule_can_read_is_said_to_be_so() {
        assert!(matches!(look(MediaHint::Text, b"\x7fELF\x02\x01\x01\0\0\0\0\0"), Looked::Unreadable(_)));
        assert!(matches!(look(MediaHint::Text, b"age-encryption.org/v1\n-> X"), Looked::Unreadable(_)));
        assert!(matches!(look(MediaHint::Image, b"\x89PNG\r\n\x1a\ncut"), Looked::Unreadable(_)));
    }
}
