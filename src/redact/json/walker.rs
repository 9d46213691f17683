//! The grammar of JSON over the lexer's tokens: keeps the stack of open containers, asks the redactor about each value,
//! and copies everything else.

use super::hold::{Hold, Pending};
use super::lexer::{Kind, Lexer, Token};
use super::place::{Frame, Member};
use super::{Documents, JsonError, Limits, Path, Place, Rewrite, Scalar, ValueRedactor, escape_into, unescape};
use crate::redact::sensitive_names::{is_sensitive_header, is_sensitive_key};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The longest `name` that is remembered for the value beside it. Header and variable names are far shorter; a longer text
/// is prose.
const LONGEST_NAME: usize = 1024;

/// Rewrites the values of JSON as it streams by.
///
/// ```
/// use casefile::redact::json::{Documents, JsonWalker, Place, Rewrite, ValueRedactor};
///
/// struct Passwords;
/// impl ValueRedactor for Passwords {
///     fn value(&mut self, place: &Place<'_>, _text: &[u8]) -> Rewrite {
///         if place.key == Some(b"password") { Rewrite::Replace("gone".into()) } else { Rewrite::Keep }
///     }
///     fn key(&mut self, _text: &[u8]) -> Rewrite {
///         Rewrite::Keep
///     }
/// }
///
/// let mut out = Vec::new();
/// let mut walker = JsonWalker::new(Passwords, Documents::One);
/// walker.push(br#"{"n": 1e400, "password":"hun"#, &mut out)?;
/// walker.push(br#"ter2"}"#, &mut out)?;
/// walker.finish(&mut out)?;
/// assert_eq!(out, br#"{"n": 1e400, "password":"gone"}"#);
/// # Ok::<(), casefile::redact::json::JsonError>(())
/// ```
#[derive(Debug)]
pub struct JsonWalker<R> {
    redactor: R,
    documents: Documents,
    limits: Limits,
    lexer: Lexer,
    /// How much of a leading byte order mark has been seen; `None` once the question is settled.
    mark: Option<usize>,
    expect: Expect,
    /// One past the last token of the last whole document.
    document_end: Option<u64>,
    stack: Vec<Frame>,
    hold: Hold,
    scratch: Vec<u8>,
    failed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    /// Between documents.
    Document,
}

impl<R: ValueRedactor> JsonWalker<R> {
    /// A walker at the start of its input.
    pub fn new(redactor: R, documents: Documents) -> Self {
        Self::with_limits(redactor, documents, Limits::default())
    }

    /// A walker that holds other amounts in memory.
    pub fn with_limits(redactor: R, documents: Documents, limits: Limits) -> Self {
        Self {
            redactor,
            documents,
            limits,
            lexer: Lexer::default(),
            mark: Some(0),
            expect: Expect::Document,
            document_end: None,
            stack: Vec::new(),
            hold: Hold::default(),
            scratch: Vec::new(),
            failed: false,
        }
    }

    /// Reads the next chunk of any size and appends what is decided to `out`. After an error the output of all chunks is
    /// worthless: it is whole values short, and nothing more comes.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
        if self.failed {
            return Err(JsonError::AlreadyFailed);
        }
        let result = self.walk(chunk, out);
        self.failed = result.is_err();
        result
    }

    /// Ends the input and gives the redactor back.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<R, JsonError> {
        // A number at the very end is whole only now. The newline ends it and is not part of the output.
        if self.lexer.is_inside() {
            let mut tail = Vec::new();
            self.push(b"\n", &mut tail).map_err(|_| JsonError::UnexpectedEnd)?;
            tail.pop();
            out.extend_from_slice(&tail);
        }
        if self.failed {
            return Err(JsonError::AlreadyFailed);
        }
        let seen_one = self.document_end.is_some() || self.documents == Documents::Many;
        if self.expect != Expect::Document || !seen_one || self.lexer.is_inside() || self.mark.is_some_and(|n| n > 0) {
            return Err(JsonError::UnexpectedEnd);
        }
        Ok(self.redactor)
    }

    fn walk(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
        let mut at = self.skip_mark(chunk, out)?;
        // Everything before `copied` has gone to the output, or is held, or is carried.
        let mut copied = at;
        while let Some(token) = self.lexer.next(chunk, &mut at, &self.limits)? {
            if self.hold.is_too_long(token.offset, self.limits.hold) {
                self.hold.bytes.extend_from_slice(&chunk[copied..token.start]);
                copied = token.start;
                self.give_up(out)?;
            }
            let rewrite = self.token(&token, chunk, out, &mut copied)?;
            if let Some(raw) = &token.carried
                && rewrite == Written::No
            {
                self.hold.sink(out).extend_from_slice(raw);
                copied = token.end;
            }
        }
        let settled = self.lexer.settled(chunk).max(copied);
        self.hold.sink(out).extend_from_slice(&chunk[copied..settled]);
        self.lexer.advance(chunk);
        if self.hold.is_too_long(self.lexer.offset_at(0), self.limits.hold) {
            self.give_up(out)?;
        }
        Ok(())
    }

    /// Passes a byte order mark at the very start; returns where the JSON begins in this chunk.
    fn skip_mark(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<usize, JsonError> {
        let Some(seen) = self.mark else { return Ok(0) };
        let rest = &BYTE_ORDER_MARK[seen..];
        let same = chunk.iter().zip(rest).take_while(|(a, b)| a == b).count();
        let unfinished = same < rest.len() && same == chunk.len();
        if same < rest.len() && !unfinished && seen + same > 0 {
            return Err(JsonError::Syntax { offset: 0 });
        }
        self.mark = unfinished.then_some(seen + same);
        out.extend_from_slice(&chunk[..same]);
        Ok(same)
    }

    /// Takes one token into account; says whether it, and all before it, has been written.
    fn token(
        &mut self,
        token: &Token,
        chunk: &[u8],
        out: &mut Vec<u8>,
        copied: &mut usize,
    ) -> Result<Written, JsonError> {
        let wrong = JsonError::Syntax { offset: token.offset };
        if self.expect == Expect::Document {
            let apart = self.document_end.is_none_or(|end| self.documents == Documents::Many && end < token.offset);
            if !apart {
                return Err(wrong);
            }
            self.expect = Expect::Value;
        }
        let raw = token.carried.as_deref().unwrap_or(&chunk[token.start..token.end]);
        match (token.kind, self.expect) {
            (Kind::Mark(open @ (b'{' | b'[')), Expect::Value | Expect::ValueOrEnd) => self.open(open == b'{')?,
            (Kind::Mark(b'}'), Expect::KeyOrEnd | Expect::CommaOrEnd) if self.in_object() => {
                if self.hold.is_of(self.stack.len() - 1) {
                    self.hold.bytes.extend_from_slice(&chunk[*copied..token.start]);
                    *copied = token.start;
                    self.settle(self.stack.len() - 1, out)?;
                }
                self.close(token);
            }
            (Kind::Mark(b']'), Expect::ValueOrEnd | Expect::CommaOrEnd) if !self.in_object() => self.close(token),
            (Kind::Mark(b','), Expect::CommaOrEnd) => {
                self.expect = if self.in_object() { Expect::Key } else { Expect::Value };
            }
            (Kind::Mark(b':'), Expect::Colon) => self.expect = Expect::Value,
            (Kind::String, Expect::Key | Expect::KeyOrEnd) => {
                let rewrite = self.key(raw).ok_or(wrong)??;
                self.expect = Expect::Colon;
                return Ok(self.write(&rewrite, token, chunk, out, copied));
            }
            (Kind::String | Kind::Number, Expect::Value | Expect::ValueOrEnd) => {
                let scalar = if token.kind == Kind::String { Scalar::String } else { Scalar::Number };
                decode(raw, scalar, &mut self.scratch).ok_or(wrong)?;
                let written = match self.waits_for_name() {
                    Some(object) => {
                        self.hold.sink(out).extend_from_slice(&chunk[*copied..token.start]);
                        *copied = token.end;
                        let key = self.stack[object].key.clone();
                        let depth = self.stack.len();
                        let pending = Pending { at: 0, raw: raw.to_vec(), scalar, key, object, depth };
                        self.hold.push(pending, token.offset);
                        Written::Yes
                    }
                    None => {
                        let rewrite = self.value(scalar);
                        self.write(&rewrite, token, chunk, out, copied)
                    }
                };
                self.value_done(token);
                return Ok(written);
            }
            (Kind::Literal, Expect::Value | Expect::ValueOrEnd) => self.value_done(token),
            _ => return Err(wrong),
        }
        Ok(Written::No)
    }

    fn in_object(&self) -> bool {
        self.stack.last().is_some_and(|frame| frame.is_object)
    }

    fn open(&mut self, is_object: bool) -> Result<(), JsonError> {
        if self.stack.len() >= self.limits.depth {
            return Err(JsonError::TooDeep { limit: self.limits.depth });
        }
        let outer = self.stack.last().and_then(|frame| frame.object);
        let outer_frame = outer.and_then(|index| self.stack.get(index));
        // OpenTelemetry: {"key": "http.header", "value": {"stringValue": "…"}}. The inner object goes by the outer name.
        let name = outer_frame.filter(|f| is_object && f.member == Member::Value).and_then(|f| f.name.clone());
        let object = if is_object { Some(self.stack.len()) } else { outer };
        self.stack.push(Frame { is_object, name_is_inherited: name.is_some(), name, object, ..Frame::default() });
        self.expect = if is_object { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
        Ok(())
    }

    fn close(&mut self, token: &Token) {
        self.stack.pop();
        self.value_done(token);
    }

    fn value_done(&mut self, token: &Token) {
        if self.stack.is_empty() {
            self.expect = Expect::Document;
            let length = token.carried.as_ref().map_or(token.end - token.start, Vec::len);
            self.document_end = Some(token.offset + length as u64);
        } else {
            self.expect = Expect::CommaOrEnd;
        }
    }

    /// `None` when the key is not well formed.
    fn key(&mut self, raw: &[u8]) -> Option<Result<Rewrite, JsonError>> {
        if raw.len() > self.limits.key {
            return Some(Err(JsonError::TooLong { limit: self.limits.key }));
        }
        decode(raw, Scalar::String, &mut self.scratch)?;
        if let Some(frame) = self.stack.last_mut() {
            frame.key.clone_from(&self.scratch);
            frame.member = Member::of(&self.scratch);
        }
        Some(Ok(self.redactor.key(&self.scratch)))
    }

    /// Asks about the value in `scratch`, and remembers it if it names its object.
    fn value(&mut self, scalar: Scalar) -> Rewrite {
        let object = self.stack.last().and_then(|frame| frame.object);
        let frame = object.and_then(|index| self.stack.get(index));
        let key = frame.map(|f| f.key.as_slice());
        let place = Place {
            key,
            sibling_name: frame.filter(|f| is_about_name(f)).and_then(|f| f.name.as_deref()),
            depth: self.stack.len(),
            path: Path { frames: &self.stack[..object.unwrap_or(0)], key },
            scalar,
        };
        let rewrite = self.redactor.value(&place, &self.scratch);
        if scalar == Scalar::String
            && let Some(frame) = self.stack.last_mut()
            && frame.is_object
            && frame.member == Member::Name
            && self.scratch.len() <= LONGEST_NAME
            // Of several names the one that matters stays.
            && frame.name.as_deref().is_none_or(|name| !names_secret(name))
        {
            frame.name = Some(self.scratch.clone());
            frame.name_is_inherited = false;
        }
        rewrite
    }

    /// The object whose name the value in `scratch` must wait for.
    fn waits_for_name(&self) -> Option<usize> {
        let object = self.stack.last()?.object?;
        let frame = self.stack.get(object)?;
        let has_own_name = frame.name.is_some() && !frame.name_is_inherited;
        (frame.member == Member::Value && !has_own_name && !frame.gave_up).then_some(object)
    }

    /// Decides all that is pending by what is known now.
    fn give_up(&mut self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        for pending in &self.hold.pending {
            if let Some(frame) = self.stack.get_mut(pending.object) {
                frame.gave_up = true;
            }
        }
        self.settle(0, out)
    }

    /// Decides what is pending in the object at `object` and inside it.
    fn settle(&mut self, object: usize, out: &mut Vec<u8>) -> Result<(), JsonError> {
        let first = self.hold.pending.partition_point(|p| p.object < object);
        let Some(start) = self.hold.pending.get(first).map(|p| p.at) else { return Ok(()) };
        let tail = self.hold.bytes.split_off(start);
        let mut done = start;
        for pending in self.hold.pending.split_off(first) {
            self.hold.bytes.extend_from_slice(&tail[done - start..pending.at - start]);
            done = pending.at;
            decode(&pending.raw, pending.scalar, &mut self.scratch)
                .ok_or(JsonError::Syntax { offset: self.hold.since })?;
            let key = Some(pending.key.as_slice());
            let place = Place {
                key,
                sibling_name: self.stack.get(pending.object).and_then(|f| f.name.as_deref()),
                depth: pending.depth,
                path: Path { frames: &self.stack[..pending.object], key },
                scalar: pending.scalar,
            };
            match self.redactor.value(&place, &self.scratch) {
                Rewrite::Keep => self.hold.bytes.extend_from_slice(&pending.raw),
                Rewrite::Replace(text) => quote_into(&text, &mut self.hold.bytes),
            }
        }
        self.hold.bytes.extend_from_slice(&tail[done - start..]);
        if self.hold.pending.is_empty() {
            out.append(&mut self.hold.bytes);
        }
        Ok(())
    }

    fn write(
        &mut self,
        rewrite: &Rewrite,
        token: &Token,
        chunk: &[u8],
        out: &mut Vec<u8>,
        copied: &mut usize,
    ) -> Written {
        let Rewrite::Replace(text) = rewrite else { return Written::No };
        let sink = self.hold.sink(out);
        // A carried token has been copied by nobody; what stands before it went out with its own chunk.
        sink.extend_from_slice(&chunk[*copied..token.start.max(*copied)]);
        quote_into(text, sink);
        *copied = token.end;
        Written::Yes
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Yes,
    /// Still to be copied with the bytes around it.
    No,
}

/// A value of an object has that object's name if it is its `value` member, or if the object is itself a named value.
fn is_about_name(frame: &Frame) -> bool {
    frame.member != Member::Name && (frame.member == Member::Value || frame.name_is_inherited)
}

fn names_secret(name: &[u8]) -> bool {
    is_sensitive_key(name).or_else(|| is_sensitive_header(name)).is_some()
}

fn decode(raw: &[u8], scalar: Scalar, out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    match scalar {
        Scalar::Number => {
            out.extend_from_slice(raw);
            Some(())
        }
        Scalar::String => unescape(raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?, out),
    }
}

fn quote_into(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape_into(text, out);
    out.push(b'"');
}
