//! The grammar of JSON over the lexer's tokens: keeps the stack of open containers, asks the redactor about each value, and
//! gathers its edits in offsets of the input.

use std::borrow::Cow;

use super::edit::{Edit, apply};
use super::inside::{Inside, lead_back_token};
use super::lexer::{Found, Kind, Lexer, Token};
use super::long::{LongString, Seen};
use super::place::{Frame, Member, Stack};
use super::{Documents, JsonError, Limits, Numbers, Offer, Path, Place, Says, Scalar, ValueRedactor};
use crate::redact::sensitive_names::promised_by;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The longest `name` that is remembered for the value beside it. Header and variable names are far shorter; a longer text
/// is prose.
const LONGEST_NAME: usize = 1024;

/// How many values wait for a name at once. Lists of numbers below `value` would otherwise cost a hundred times their size.
const MOST_PENDING: usize = 1024;

/// Rewrites the values of JSON as it streams by.
///
/// ```
/// use casefile::redact::json::{Documents, Edit, JsonWalker, Place, ValueRedactor};
///
/// struct Passwords;
/// impl ValueRedactor for Passwords {
///     type Long = ();
///     fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Vec<Edit> {
///         let whole = Edit { start: 0, end: text.len() as u64, text: b"gone".to_vec() };
///         if place.key == Some(b"password") { vec![whole] } else { vec![] }
///     }
///     fn key(&mut self, _text: &[u8]) -> Vec<Edit> {
///         vec![]
///     }
///     fn begin(&mut self, _place: &Place<'_>) {}
///     fn go_on(&mut self, _long: &mut (), _text: &[u8], _edits: &mut Vec<Edit>) -> u64 {
///         0
///     }
///     fn end(&mut self, _long: (), _edits: &mut Vec<Edit>) {}
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
pub struct JsonWalker<R: ValueRedactor> {
    redactor: R,
    walk: Walk<R::Long>,
}

impl<R: ValueRedactor> JsonWalker<R> {
    /// A walker at the start of its input.
    pub fn new(redactor: R, documents: Documents) -> Self {
        Self::with_limits(redactor, documents, Limits::default())
    }

    /// A walker that holds other amounts in memory.
    pub fn with_limits(redactor: R, documents: Documents, limits: Limits) -> Self {
        Self { redactor, walk: Walk::new(documents, limits) }
    }

    /// Reads the next chunk of any size and appends what is decided to `out`. After an error the output of all chunks is
    /// worthless: it is whole values short, and nothing more comes.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
        self.walk.push(&mut self.redactor, chunk)?;
        self.walk.hand_out(|source, base, edits| apply(source, base, edits, out));
        Ok(())
    }

    /// Ends the input and gives the redactor back.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<R, JsonError> {
        self.walk.finish(&mut self.redactor)?;
        self.walk.hand_out(|source, base, edits| apply(source, base, edits, out));
        Ok(self.redactor)
    }

    /// Bytes of the input that are held in memory now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.walk.buffer.len()
    }
}

/// The walk itself, which leaves the redactor to its caller, so that a redactor can walk JSON inside JSON.
#[derive(Debug)]
pub(in crate::redact) struct Walk<L> {
    documents: Documents,
    limits: Limits,
    lexer: Lexer,
    /// What has been read and not been handed out.
    buffer: Vec<u8>,
    /// Offset of the buffer in the input.
    base: u64,
    /// Where in the buffer the next token begins.
    at: usize,
    /// No byte order mark can come any more.
    begun: bool,
    expect: Expect,
    /// One past the last token of the last whole document.
    document_end: Option<u64>,
    stack: Stack,
    /// Values that stand before what decides about them, by place and, because inner objects close first, by `object`.
    pending: Vec<Pending>,
    /// Values that the redactor has put off, in the order in which they were offered.
    put_off: Vec<PutOff>,
    edits: Vec<Edit>,
    /// For the text of the token at hand.
    space: Vec<u8>,
    long: Option<Box<LongString<L>>>,
    failed: bool,
}

/// A value that waits: for the name that it goes by, as in `{"value": "…", "name": "Authorization"}`, or for the kind of
/// thing that it is part of.
#[derive(Debug)]
struct Pending {
    start: u64,
    end: u64,
    scalar: Scalar,
    key: Vec<u8>,
    key_number: u32,
    /// The frame of the object that it waits for.
    object: usize,
    /// Whether it is a member of a member of that object.
    inner: bool,
    depth: usize,
    is_element: bool,
}

/// A value that the redactor has seen and will decide about later.
#[derive(Debug, Clone, Copy)]
struct PutOff {
    start: u64,
    length: usize,
    scalar: Scalar,
}

/// Bytes of the buffer that a walk leaves to the next one.
const KEPT: usize = 64 << 10;

/// How many values are put off at once: enough for the redactor, and few enough to hold.
const MOST_PUT_OFF: usize = 8192;

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

impl<L> Walk<L> {
    pub(in crate::redact) fn new(documents: Documents, limits: Limits) -> Self {
        Self {
            documents,
            limits,
            lexer: Lexer::default(),
            buffer: Vec::new(),
            base: 0,
            at: 0,
            begun: false,
            expect: Expect::Document,
            document_end: None,
            stack: Stack::default(),
            pending: Vec::new(),
            put_off: Vec::new(),
            edits: Vec::new(),
            space: Vec::new(),
            long: None,
            failed: false,
        }
    }

    /// A walk at the start of another input, with the memory of this one.
    pub(in crate::redact) fn again(mut self) -> Self {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        self.pending.clear();
        self.put_off.clear();
        self.edits.clear();
        self.stack.close_all();
        let (buffer, pending, put_off) = (self.buffer, self.pending, self.put_off);
        let (edits, stack, space) = (self.edits, self.stack, self.space);
        Self { buffer, pending, put_off, edits, stack, space, ..Self::new(self.documents, self.limits) }
    }

    /// Reads the next chunk of any size.
    pub(in crate::redact) fn push<R>(&mut self, redactor: &mut R, chunk: &[u8]) -> Result<(), JsonError>
    where
        R: ValueRedactor<Long = L>,
    {
        self.buffer.extend_from_slice(chunk);
        self.read(redactor, false)
    }

    /// Ends the input.
    pub(in crate::redact) fn finish<R: ValueRedactor<Long = L>>(&mut self, redactor: &mut R) -> Result<(), JsonError> {
        self.read(redactor, true)?;
        let seen_one = self.document_end.is_some() || self.documents == Documents::Many;
        let whole = self.expect == Expect::Document && seen_one && self.at == self.buffer.len() && self.long.is_none();
        if whole { Ok(()) } else { Err(JsonError::UnexpectedEnd) }
    }

    /// Hands out what will not change any more: its bytes, their offset, and their edits.
    pub(in crate::redact) fn hand_out(&mut self, take: impl FnOnce(&[u8], u64, &[Edit])) {
        let settled = self.settled();
        let length = (settled - self.base) as usize;
        // What waited is decided later than what stands behind it.
        self.edits.sort_by_key(|edit| edit.start);
        let count = self.edits.partition_point(|edit| edit.start < settled);
        take(&self.buffer[..length], self.base, &self.edits[..count]);
        self.edits.drain(..count);
        self.buffer.drain(..length);
        self.base = settled;
        self.at -= length;
    }

    /// After an error or at the end: stops where it stands and gives back the offset from which on nothing is decided.
    pub(in crate::redact) fn stop<R: ValueRedactor<Long = L>>(&mut self, redactor: &mut R) -> u64 {
        let buffer = std::mem::take(&mut self.buffer);
        self.give_up(redactor, &buffer);
        self.decide(redactor, &buffer);
        if let Some(long) = self.long.take() {
            long.end(redactor, &mut self.edits);
        }
        self.buffer = buffer;
        self.base + self.at as u64
    }

    /// Where the last whole document ends.
    pub(in crate::redact) fn document_end(&self) -> Option<u64> {
        self.document_end
    }

    /// What has been read and not been looked at.
    pub(in crate::redact) fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    fn settled(&self) -> u64 {
        let at = self.long.as_ref().map_or(self.base + self.at as u64, |long| long.settled());
        self.pending.first().map_or(at, |first| first.start.min(at))
    }

    fn read<R: ValueRedactor<Long = L>>(&mut self, redactor: &mut R, last: bool) -> Result<(), JsonError> {
        if self.failed {
            return Err(JsonError::AlreadyFailed);
        }
        let buffer = std::mem::take(&mut self.buffer);
        let result = self.tokens(redactor, &buffer, last);
        self.decide(redactor, &buffer);
        self.buffer = buffer;
        self.failed = result.is_err();
        result
    }

    fn tokens<R>(&mut self, redactor: &mut R, buffer: &[u8], last: bool) -> Result<(), JsonError>
    where
        R: ValueRedactor<Long = L>,
    {
        if !self.begun {
            let same = buffer.iter().zip(BYTE_ORDER_MARK).take_while(|(a, b)| a == b).count();
            if same < BYTE_ORDER_MARK.len() && same == buffer.len() && !last {
                return Ok(());
            }
            self.begun = true;
            self.at = if same == BYTE_ORDER_MARK.len() { same } else { 0 };
        }
        loop {
            if let Some(long) = &mut self.long {
                match long.read(redactor, buffer, self.at, &mut self.edits)? {
                    Seen::Until(until) => {
                        self.at = until;
                        return Ok(());
                    }
                    Seen::End(end) => {
                        self.at = end;
                        if let Some(long) = self.long.take() {
                            long.end(redactor, &mut self.edits);
                        }
                        self.value_done(end);
                    }
                }
            }
            let found = self.lexer.next(buffer, &mut self.at, self.base, last, &self.limits)?;
            let offset = self.base + self.at as u64;
            if !self.pending.is_empty() && self.is_held_too_long(offset) {
                self.give_up(redactor, buffer);
            }
            match found {
                Found::More => return Ok(()),
                Found::Token(token) => {
                    self.at = self.token(redactor, buffer, token)?;
                }
                Found::LongString(start) => {
                    self.begin_document(start)?;
                    match self.expect {
                        Expect::Value | Expect::ValueOrEnd => {}
                        Expect::Key | Expect::KeyOrEnd => return Err(JsonError::TooLong { limit: self.limits.key }),
                        _ => return Err(JsonError::Syntax { offset }),
                    }
                    self.give_up(redactor, buffer);
                    self.decide(redactor, buffer);
                    let long = redactor.begin(&self.stack.place(Scalar::String));
                    self.long = Some(Box::new(LongString::new(long, offset)));
                    self.at = start + 1;
                }
            }
        }
    }

    fn begin_document(&mut self, start: usize) -> Result<(), JsonError> {
        if self.expect == Expect::Document {
            let offset = self.base + start as u64;
            let apart = self.document_end.is_none_or(|end| self.documents == Documents::Many && end < offset);
            if !apart {
                return Err(JsonError::Syntax { offset });
            }
            self.expect = Expect::Value;
        }
        Ok(())
    }

    /// Takes one token into account, and the colon or comma after it that goes without saying. Returns where the next begins.
    fn token<R>(&mut self, redactor: &mut R, buffer: &[u8], token: Token) -> Result<usize, JsonError>
    where
        R: ValueRedactor<Long = L>,
    {
        let offset = self.base + token.start as u64;
        let wrong = JsonError::Syntax { offset };
        self.begin_document(token.start)?;
        let raw = &buffer[token.start..token.end];
        match (token.kind, self.expect) {
            (Kind::Mark(open @ (b'{' | b'[')), Expect::Value | Expect::ValueOrEnd) => self.open(open == b'{')?,
            (Kind::Mark(b'}'), Expect::KeyOrEnd | Expect::CommaOrEnd) if self.in_object() => {
                self.settle(redactor, buffer, self.stack.len() - 1);
                self.stack.pop();
                self.value_done(token.end);
            }
            (Kind::Mark(b']'), Expect::ValueOrEnd | Expect::CommaOrEnd) if !self.in_object() => {
                self.stack.pop();
                self.value_done(token.end);
            }
            (Kind::Mark(b','), Expect::CommaOrEnd) => {
                self.expect = if self.in_object() { Expect::Key } else { Expect::Value };
            }
            (Kind::Mark(b':'), Expect::Colon) => self.expect = Expect::Value,
            (Kind::String, Expect::Key | Expect::KeyOrEnd) => {
                if raw.len() > self.limits.key {
                    return Err(JsonError::TooLong { limit: self.limits.key });
                }
                self.key(redactor, raw, offset, token.escaped).ok_or(wrong)?;
                self.expect = Expect::Colon;
                if buffer.get(token.end) == Some(&b':') {
                    self.expect = Expect::Value;
                    return Ok(token.end + 1);
                }
            }
            (Kind::String | Kind::Number, Expect::Value | Expect::ValueOrEnd) => {
                let scalar = if token.kind == Kind::String { Scalar::String } else { Scalar::Number };
                self.value(redactor, raw, offset, scalar, token.escaped).ok_or(wrong)?;
                self.value_done(token.end);
                if self.put_off.len() >= MOST_PUT_OFF {
                    self.decide(redactor, buffer);
                }
                if self.expect == Expect::CommaOrEnd && buffer.get(token.end) == Some(&b',') {
                    self.expect = if self.in_object() { Expect::Key } else { Expect::Value };
                    return Ok(token.end + 1);
                }
            }
            (Kind::Literal, Expect::Value | Expect::ValueOrEnd) => {
                if let Some(frame) = self.stack.last_mut().filter(|_| raw == b"true") {
                    frame.learn_true();
                }
                self.value_done(token.end);
            }
            _ => return Err(wrong),
        }
        Ok(token.end)
    }

    /// Takes a key. `None` when an escape in it is none.
    fn key<R>(&mut self, redactor: &mut R, raw: &[u8], offset: u64, is_escaped: bool) -> Option<()>
    where
        R: ValueRedactor<Long = L>,
    {
        let inside =
            if is_escaped { Inside::escaped(raw, &mut self.space)? } else { Inside::plain(raw, Scalar::String) };
        let Some(frame) = self.stack.last_mut() else { return Some(()) };
        frame.key.clear();
        if let Some(number) = redactor.known_key(inside.text()) {
            frame.key.extend_from_slice(inside.text());
            frame.key_number = number;
        } else {
            let edits = redactor.key(inside.text());
            frame.key.extend_from_slice(&in_the_end(inside.text(), &edits));
            frame.key_number = redactor.number(&frame.key);
            inside.lead_back(edits, offset, &mut self.edits);
        }
        frame.member = Member::of(&frame.key);
        Some(())
    }

    /// Shows a value to the redactor, unless it waits. `None` when an escape in it is none.
    fn value<R>(&mut self, redactor: &mut R, raw: &[u8], offset: u64, scalar: Scalar, escaped: bool) -> Option<()>
    where
        R: ValueRedactor<Long = L>,
    {
        let mut space = std::mem::take(&mut self.space);
        let inside = if escaped { Inside::escaped(raw, &mut space)? } else { Inside::plain(raw, scalar) };
        let mut names = false;
        if let Some(frame) = self.stack.last_mut() {
            frame.learn(inside.text());
            names = frame.is_object && frame.member == Member::Name && scalar == Scalar::String;
        }
        if let Some((object, inner)) = self.waits_for() {
            self.pending.push(Pending {
                start: offset,
                end: offset + raw.len() as u64,
                scalar,
                key: self.stack.last().map(|f| f.key.clone()).unwrap_or_default(),
                key_number: self.stack.last().map_or(0, |f| f.key_number),
                object,
                inner,
                depth: self.stack.len(),
                is_element: !self.in_object(),
            });
            if names {
                self.learn_name(redactor, inside.text());
            }
        } else if names {
            let edits = redactor.value(&self.stack.place(scalar), inside.text());
            self.learn_name(redactor, &in_the_end(inside.text(), &edits));
            inside.lead_back(edits, offset, &mut self.edits);
        } else {
            match redactor.offer(&self.stack.place(scalar), inside.text()) {
                Offer::Decided(edits) => inside.lead_back(edits, offset, &mut self.edits),
                Offer::PutOff => self.put_off.push(PutOff { start: offset, length: raw.len(), scalar }),
            }
        }
        self.space = space;
        Some(())
    }

    /// Has the redactor decide what it has put off.
    fn decide<R: ValueRedactor<Long = L>>(&mut self, redactor: &mut R, buffer: &[u8]) {
        for (n, edits) in redactor.decide() {
            let Some(PutOff { start, length, scalar }) = self.put_off.get(n).copied() else { continue };
            let at = (start - self.base) as usize;
            lead_back_token(&buffer[at..at + length], scalar, edits, start, &mut self.edits);
        }
        self.put_off.clear();
    }

    fn in_object(&self) -> bool {
        self.stack.last().is_some_and(|frame| frame.is_object)
    }

    fn open(&mut self, is_object: bool) -> Result<(), JsonError> {
        if self.stack.len() >= self.limits.depth {
            return Err(JsonError::TooDeep { limit: self.limits.depth });
        }
        let outer = self.stack.last().and_then(|frame| frame.object);
        // OpenTelemetry: {"key": "http.header", "value": {"stringValue": "…"}}. The inner object goes by the outer name.
        let named = |frame: &&Frame| is_object && frame.member == Member::Value && frame.name().is_some();
        let by = outer.filter(|index| self.stack.get(*index).as_ref().is_some_and(named));
        let object = if is_object { Some(self.stack.len()) } else { outer };
        let frame = self.stack.push();
        (frame.is_object, frame.object, frame.name_is_inherited) = (is_object, object, by.is_some());
        if let Some(by) = by {
            self.stack.inherit_name(by);
        }
        self.expect = if is_object { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
        Ok(())
    }

    fn value_done(&mut self, end: usize) {
        if self.stack.is_empty() {
            self.expect = Expect::Document;
            self.document_end = Some(self.base + end as u64);
        } else {
            self.expect = Expect::CommaOrEnd;
        }
    }

    /// Remembers a value that names its object.
    fn learn_name<R: ValueRedactor<Long = L>>(&mut self, redactor: &mut R, text: &[u8]) {
        if let Some(frame) = self.stack.last_mut()
            && frame.is_object
            && frame.member == Member::Name
            && is_name(text)
            // Of several names the one that matters stays.
            && frame.name().is_none_or(|name| promised_by(name).is_none())
        {
            frame.call(text, redactor.number(text));
            frame.name_is_inherited = false;
        }
    }

    /// The object that decides about the value that comes now, when it has not said enough yet.
    fn waits_for(&self) -> Option<(usize, bool)> {
        let object = self.stack.last()?.object?;
        let frame = self.stack.get(object)?;
        let has_own_name = frame.name().is_some() && !frame.name_is_inherited;
        if frame.member == Member::Value && !has_own_name && !frame.gave_up {
            return Some((object, false));
        }
        let outer = self.stack.object_around(Some(object)).is_some_and(Frame::may_be_a_secret);
        outer.then(|| (object - 1, true))
    }

    /// True when the first value has waited for too many bytes, or too many wait.
    fn is_held_too_long(&self, offset: u64) -> bool {
        let since = self.pending.first().map_or(offset, |first| first.start);
        offset - since > self.limits.hold || self.pending.len() >= MOST_PENDING
    }

    /// Decides all that is pending by what is known now.
    fn give_up<R: ValueRedactor<Long = L>>(&mut self, redactor: &mut R, buffer: &[u8]) {
        for pending in &self.pending {
            if let Some(frame) = self.stack.get_mut(pending.object) {
                frame.gave_up = true;
            }
        }
        self.settle(redactor, buffer, 0);
    }

    /// Decides what waits for the object at `object` or for one inside it.
    fn settle<R: ValueRedactor<Long = L>>(&mut self, redactor: &mut R, buffer: &[u8], object: usize) {
        let first = self.pending.partition_point(|p| p.object < object);
        for pending in self.pending.split_off(first) {
            let raw = &buffer[(pending.start - self.base) as usize..(pending.end - self.base) as usize];
            let inside = match pending.scalar {
                Scalar::Number => Inside::plain(raw, Scalar::Number),
                Scalar::String => {
                    Inside::escaped(raw, &mut self.space).expect("it was well formed when it began to wait")
                }
            };
            let key = Some(pending.key.as_slice());
            let frame = self.stack.get(pending.object);
            let path = Path { frames: &self.stack[..pending.object + usize::from(pending.inner)], key };
            let place = Place {
                key,
                sibling_name: frame.filter(|_| !pending.inner).and_then(Frame::name),
                depth: pending.depth,
                is_element: pending.is_element,
                path,
                numbers: Numbers {
                    sibling: frame.filter(|_| !pending.inner).map_or(0, Frame::name_number),
                    key: pending.key_number,
                    outer: path.outer_number(),
                },
                scalar: pending.scalar,
                says: match frame {
                    Some(frame) if pending.inner => Says { secret: frame.is_a_secret(), ..Says::default() },
                    frame => frame.map_or(Says::default(), Frame::says_of_value),
                },
            };
            match redactor.offer(&place, inside.text()) {
                Offer::Decided(edits) => inside.lead_back(edits, pending.start, &mut self.edits),
                Offer::PutOff => {
                    let (start, length, scalar) = (pending.start, raw.len(), pending.scalar);
                    self.put_off.push(PutOff { start, length, scalar });
                }
            }
        }
    }
}

/// The name that values go by: the one that a second run will see, so that it decides as the first one did, unless the
/// first one knows better.
fn in_the_end<'a>(name: &'a [u8], edits: &[Edit]) -> Cow<'a, [u8]> {
    if edits.is_empty() || is_name(name) && promised_by(name).is_some() {
        return Cow::Borrowed(name);
    }
    let mut new = Vec::with_capacity(name.len() + 64);
    apply(name, 0, edits, &mut new);
    Cow::Owned(new)
}

/// Whether a text can be a name: JSON that somebody took for one, and prose, name nothing.
fn is_name(text: &[u8]) -> bool {
    text.len() <= LONGEST_NAME && !text.contains(&b'"')
}
