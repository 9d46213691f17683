//! What comes back from a ticket system: JSON of which nothing is sure, and files that are hashed as they come.

use std::io::{self, Write};

use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::model::Sha256Digest;

/// A sink that keeps nothing but the digest.
#[derive(Debug, Default)]
pub(super) struct Hashing(Sha256);

impl Hashing {
    /// The digest of what was written until now.
    pub(super) fn digest(&self) -> Sha256Digest {
        Sha256Digest(self.0.clone().finalize().into())
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What stands at `pointer`, or nothing: an answer may be anything, also no object.
pub(super) fn taken(mut answer: Value, pointer: &str) -> Value {
    answer.pointer_mut(pointer).map(Value::take).unwrap_or_default()
}

/// The id at `pointer`: a number or a short text of letters, digits and `-`, so that it can stand in a path.
pub(super) fn id(value: &Value, pointer: &str) -> Option<String> {
    let id = match value.pointer(pointer)? {
        Value::Number(number) => number.as_u64()?.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (plain && !id.is_empty() && id.len() <= 64).then_some(id)
}

/// The text at `pointer`.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// The list at `pointer`; no list is an empty one.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The time at `pointer`, as RFC 3339 writes it.
pub(super) fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    let text = text(value, pointer)?;
    // Jira writes +0000 for +00:00.
    text.parse().ok().or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

/// Whether two ids that count upward are in order: shorter numbers are smaller.
pub(super) fn by_age(a: &str, b: &str) -> std::cmp::Ordering {
    (a.len(), a).cmp(&(b.len(), b))
}

/// Takes the base64 text of one field out of a JSON object as it comes by, and passes on what it holds. The object is not
/// kept: a file in it may be larger than memory.
pub(super) struct Base64Field<'a> {
    field: &'static [u8],
    to: &'a mut dyn Write,
    state: State,
    /// The text that is looked at: a string of the object, or what is not yet decoded.
    held: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Outside of every string.
    Between,
    /// In a string that may be the field's name.
    Name,
    /// Behind such a string: a colon makes it a name.
    AfterName,
    /// In the value.
    Value,
    /// Behind a backslash in the value: of a line break or of a slash.
    Escape,
    /// Behind the value.
    Done,
}

impl<'a> Base64Field<'a> {
    /// A sink that passes the bytes in `field` on to `to`.
    pub(super) fn new(field: &'static str, to: &'a mut dyn Write) -> Self {
        Self { field: field.as_bytes(), to, state: State::Between, held: Vec::new() }
    }

    /// Whether the field came and ended.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done && self.held.is_empty()
    }

    fn decode(&mut self, last: bool) -> io::Result<()> {
        let whole = if last { self.held.len() } else { self.held.len() / 4 * 4 };
        let bytes = BASE64.decode(&self.held[..whole]).map_err(|_| not_base64())?;
        self.held.drain(..whole);
        self.to.write_all(&bytes)
    }
}

fn not_base64() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the file is not written in base64")
}

/// How many signs of base64 are decoded at a time; a multiple of 4.
const PIECE: usize = 64 * 1024;
/// Longest string that may be a name. What is longer is some other text.
const LONGEST_NAME: usize = 256;

impl Write for Base64Field<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            match (self.state, byte) {
                (State::Between | State::AfterName, b'"') => {
                    let is_value = self.state == State::AfterName && self.held == b":";
                    self.held.clear();
                    self.state = if is_value { State::Value } else { State::Name };
                }
                (State::AfterName, b' ' | b'\n' | b'\r' | b'\t') => {}
                (State::AfterName, b':') if self.held.is_empty() => self.held.push(b':'),
                (State::AfterName, _) => {
                    self.held.clear();
                    self.state = State::Between;
                }
                (State::Name, b'"') if self.held.last() != Some(&b'\\') => {
                    self.state = if self.held == self.field { State::AfterName } else { State::Between };
                    self.held.clear();
                }
                (State::Name, _) => {
                    // Two backslashes are one sign and escape nothing.
                    if byte == b'\\' && self.held.last() == Some(&b'\\') {
                        self.held.pop();
                        self.held.push(b' ');
                    } else if self.held.len() < LONGEST_NAME {
                        self.held.push(byte);
                    } else if let Some(last) = self.held.last_mut() {
                        *last = byte;
                    }
                }
                (State::Value, b'"') => {
                    self.decode(true)?;
                    self.state = State::Done;
                }
                (State::Value, b'\\') => self.state = State::Escape,
                (State::Value, b'\n' | b'\r') => {}
                (State::Value, _) => {
                    let run = bytes[at..].iter().position(|b| matches!(b, b'"' | b'\\' | b'\n' | b'\r'));
                    let end = run.map_or(bytes.len(), |run| at + run);
                    self.held.extend_from_slice(&bytes[at..end]);
                    if self.held.len() >= PIECE {
                        self.decode(false)?;
                    }
                    at = end;
                    continue;
                }
                (State::Escape, b'n' | b'r') => self.state = State::Value,
                (State::Escape, b'/') => {
                    self.held.push(b'/');
                    self.state = State::Value;
                }
                (State::Escape, _) => return Err(not_base64()),
                (State::Between | State::Done, _) => {}
            }
            at += 1;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_in_a_json_object_comes_out_as_it_was_wherever_the_pieces_end() {
        let file: Vec<u8> = (0..1000_u32).flat_map(|n| n.to_le_bytes()).collect();
        let lines: Vec<String> =
            BASE64.encode(&file).as_bytes().chunks(76).map(|l| String::from_utf8_lossy(l).into()).collect();
        let object = json!({
            "Subject": "the \"Content\" \\", "Name": "Content", "Headers": { "a": ["Content", 1] },
            "Content": lines.join("\n"), "After": "Content",
        });
        for (text, piece) in
            [(object.to_string(), 1), (format!("{object:#}").replace('/', "\\/"), 7), (object.to_string(), 4096)]
        {
            let mut out = Vec::new();
            let mut field = Base64Field::new("Content", &mut out);
            text.as_bytes().chunks(piece).for_each(|piece| field.write_all(piece).expect("base64"));
            assert!(field.is_done());
            assert_eq!(out, file);
        }
    }

    #[test]
    fn what_is_no_base64_or_no_field_is_said() {
        let mut out = Vec::new();
        let mut field = Base64Field::new("Content", &mut out);
        let error = field.write_all(br#"{"Content": "Dropped: too long"}"#).expect_err("a text");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let mut field = Base64Field::new("Content", &mut out);
        field.write_all(br#"{"Other": "YWJj", "content": "YWJj"}"#).expect("passed over");
        assert!(!field.is_done());
    }

    #[test]
    fn an_id_that_would_leave_its_place_in_a_path_is_none() {
        let answer = json!({ "a": 12, "b": "PROJ-7", "c": "../admin", "d": "", "e": -1, "f": ["x"] });
        assert_eq!((id(&answer, "/a").as_deref(), id(&answer, "/b").as_deref()), (Some("12"), Some("PROJ-7")));
        for pointer in ["/c", "/d", "/e", "/f", "/g"] {
            assert_eq!(id(&answer, pointer), None, "{pointer}");
        }
        assert_eq!(time(&json!({ "a": "2026-11-24T10:00:00.000+0100" }), "/a"), "2026-11-24T09:00:00Z".parse().ok());
        assert!(by_age("9", "10").is_lt());
    }
}
