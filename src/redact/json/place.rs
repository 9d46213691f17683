//! Where in a document a value stands: what a redactor may want to know before it looks at the text.

use std::ops::{Deref, DerefMut};

/// Which kind of value a text came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// A quoted string.
    String,
    /// A number, as written.
    Number,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The nearest object key, unescaped; array elements have their array's key. `None` at the top or in a top array.
    pub key: Option<&'a [u8]>,
    /// What this value is called, in lists such as `[{"name": "Authorization", "value": "…"}]`: the `name` or `key` member
    /// beside it. Only members called `value` or the like have one.
    pub sibling_name: Option<&'a [u8]>,
    /// Containers around the value.
    pub depth: usize,
    /// Whether the innermost of them is an array.
    pub is_element: bool,
    /// The keys around the value.
    pub path: Path<'a>,
    /// String or number.
    pub scalar: Scalar,
    /// What the object says about its own members.
    pub says: Says<'a>,
    /// The redactor's own numbers for these names.
    pub numbers: Numbers,
}

/// By which numbers a redactor knows names ([`ValueRedactor::number`](super::ValueRedactor::number)); 0 where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    /// That of [`Place::sibling_name`].
    pub sibling: u32,
    /// That of [`Place::key`].
    pub key: u32,
    /// That of the key around it.
    pub outer: u32,
}

/// What members before a value, and for a `value` member those behind it too, say about the whole object.
#[derive(Debug, Clone, Copy, Default)]
pub struct Says<'a> {
    /// `"sensitive": true`, or a Kubernetes `Secret` around `data`: every value is one.
    pub secret: bool,
    /// `encoding` is `base64`, or a WebSocket message has the opcode of binary data; `None` when nothing is said.
    pub base64: Option<bool>,
    /// `mimeType` or `contentType`.
    pub mime: Option<&'a [u8]>,
}

/// The keys from the top of the document to a value. Arrays add nothing, so `request.cookies[3].value` reads
/// `request`, `cookies`, `value`.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    pub(super) frames: &'a [Frame],
    pub(super) key: Option<&'a [u8]>,
}

impl<'a> Path<'a> {
    /// The keys from the innermost outwards, [`Place::key`] first.
    pub fn inner_to_outer(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.key.into_iter().chain(self.frames.iter().rev().filter_map(Frame::key))
    }

    /// The redactor's number for the second of them.
    pub(super) fn outer_number(&self) -> u32 {
        self.frames.iter().rev().find(|frame| frame.is_object).map_or(0, |frame| frame.key_number)
    }

    /// True when the path ends in `keys`, outermost first, in any letter case.
    #[must_use]
    pub fn ends_with(&self, keys: &[&str]) -> bool {
        let mut own = self.inner_to_outer();
        keys.iter().rev().all(|key| own.next().is_some_and(|k| k.eq_ignore_ascii_case(key.as_bytes())))
    }
}

/// The open containers, outermost first. What closed stays to be used again, with the memory that it has.
#[derive(Debug, Default)]
pub(super) struct Stack {
    frames: Vec<Frame>,
    open: usize,
}

impl Stack {
    /// Opens a container and gives it, empty.
    pub(super) fn push(&mut self) -> &mut Frame {
        if self.open == self.frames.len() {
            self.frames.push(Frame::default());
        }
        self.open += 1;
        let frame = &mut self.frames[self.open - 1];
        frame.clear();
        frame
    }

    /// The innermost container takes the name of the one at `index`, which is another.
    pub(super) fn inherit_name(&mut self, index: usize) {
        if let [outer @ .., inner] = &mut **self
            && let Some(frame) = outer.get(index)
            && let Some(name) = frame.name()
        {
            inner.call(name, frame.name_number);
        }
    }

    /// Where the value that comes now stands.
    pub(super) fn place(&self, scalar: Scalar) -> Place<'_> {
        let object = self.last().and_then(|frame| frame.object);
        let frame = object.and_then(|index| self.get(index));
        let key = frame.map(|f| f.key.as_slice());
        let path = Path { frames: &self[..object.unwrap_or(0)], key };
        let named = frame.filter(|f| f.is_about_name());
        Place {
            key,
            sibling_name: named.and_then(Frame::name),
            depth: self.len(),
            is_element: self.last().is_some_and(|frame| !frame.is_object),
            path,
            numbers: Numbers {
                sibling: named.map_or(0, Frame::name_number),
                key: frame.map_or(0, |f| f.key_number),
                outer: path.outer_number(),
            },
            scalar,
            says: frame.map_or(Says::default(), |f| f.says(self.object_around(object))),
        }
    }

    /// The object whose member the one at `object` is.
    pub(super) fn object_around(&self, object: Option<usize>) -> Option<&Frame> {
        object.and_then(|index| index.checked_sub(1)).and_then(|outer| self.get(outer)).filter(|f| f.is_object)
    }

    /// Closes all of them.
    pub(super) fn close_all(&mut self) {
        self.open = 0;
    }

    /// Closes the innermost container.
    pub(super) fn pop(&mut self) {
        self.open = self.open.saturating_sub(1);
    }
}

impl Deref for Stack {
    type Target = [Frame];

    fn deref(&self) -> &[Frame] {
        &self.frames[..self.open]
    }
}

impl DerefMut for Stack {
    fn deref_mut(&mut self) -> &mut [Frame] {
        &mut self.frames[..self.open]
    }
}

/// An open container.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) is_object: bool,
    /// The key of the member being read; empty for an array.
    pub(super) key: Vec<u8>,
    /// The redactor's number for it.
    pub(super) key_number: u32,
    pub(super) member: Member,
    /// What the object calls itself, from its own `name` member or from the object that it is the `value` of.
    name: Vec<u8>,
    has_name: bool,
    name_number: u32,
    /// The name came from outside, so it is about every member.
    pub(super) name_is_inherited: bool,
    /// Its values have once waited too long for a name; no more of them wait.
    pub(super) gave_up: bool,
    /// The index of the nearest object: this frame's, or for an array that of the object around it.
    pub(super) object: Option<usize>,
    pub(super) facts: Facts,
}

/// What an object's members have said so far.
#[derive(Debug, Default)]
pub(super) struct Facts {
    sensitive: bool,
    base64: Option<bool>,
    /// Empty: nothing.
    mime: Vec<u8>,
    has_api_version: bool,
    /// Whether its `kind` is `Secret`.
    is_secret_kind: Option<bool>,
}

/// Memory that a frame keeps for its next container. Keys and names are shorter.
const KEPT: usize = 256;

fn empty(text: &mut Vec<u8>) {
    text.clear();
    text.shrink_to(KEPT);
}

/// The longest media type that is remembered.
const LONGEST_MIME: usize = 128;

impl Frame {
    fn clear(&mut self) {
        let (mut key, mut name) = (std::mem::take(&mut self.key), std::mem::take(&mut self.name));
        let mut mime = std::mem::take(&mut self.facts.mime);
        [&mut key, &mut name, &mut mime].into_iter().for_each(empty);
        *self = Self { key, name, facts: Facts { mime, ..Facts::default() }, ..Self::default() };
    }

    /// What the object calls itself.
    pub(super) fn name(&self) -> Option<&[u8]> {
        self.has_name.then_some(self.name.as_slice())
    }

    /// The redactor's number for that.
    pub(super) fn name_number(&self) -> u32 {
        self.name_number
    }

    /// From now on the object calls itself `name`.
    pub(super) fn call(&mut self, name: &[u8], number: u32) {
        self.name.clear();
        self.name.extend_from_slice(name);
        (self.has_name, self.name_number) = (true, number);
    }

    fn key(&self) -> Option<&[u8]> {
        self.is_object.then_some(self.key.as_slice())
    }

    fn is_at(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.key.eq_ignore_ascii_case(key.as_bytes()))
    }

    /// A value of an object has that object's name if it is its `value` member, or if the object is itself a named value.
    fn is_about_name(&self) -> bool {
        self.member != Member::Name && (self.member == Member::Value || self.name_is_inherited)
    }

    /// Remembers a member that says something about its object.
    pub(super) fn learn(&mut self, text: &[u8]) {
        if !self.is_object || text.len() > LONGEST_MIME {
            return;
        }
        match self.key.len() {
            4 if self.is_at(&["kind"]) => self.facts.is_secret_kind = Some(text == b"Secret"),
            6 if self.is_at(&["opcode"]) => self.facts.base64 = Some(text == b"2"),
            8 if self.is_at(&["encoding"]) => self.facts.base64 = Some(text.eq_ignore_ascii_case(b"base64")),
            8 | 11 | 12 if self.is_at(&["mimeType", "contentType", "content_type", "content-type"]) => {
                self.facts.mime.clear();
                self.facts.mime.extend_from_slice(text);
            }
            10 if self.is_at(&["apiVersion"]) => self.facts.has_api_version = true,
            _ => {}
        }
    }

    /// Remembers `"sensitive": true`, as Terraform and build servers write it.
    pub(super) fn learn_true(&mut self) {
        let flags = ["sensitive", "secret", "issecret", "is_secret", "secured", "masked"];
        self.facts.sensitive |= self.is_object && self.is_at(&flags);
    }

    /// Whether its `data` may turn out to be that of a Kubernetes `Secret`: exporters sort `kind` behind `data`.
    pub(super) fn may_be_a_secret(&self) -> bool {
        self.holds_data() && self.facts.has_api_version && self.facts.is_secret_kind.is_none() && !self.gave_up
    }

    fn holds_data(&self) -> bool {
        self.is_object && self.is_at(&["data", "stringData"])
    }

    /// Whether it has turned out to be a Kubernetes `Secret`.
    pub(super) fn is_a_secret(&self) -> bool {
        self.facts.is_secret_kind == Some(true)
    }

    /// What is said about the member being read in `self`, which stands in `outer`.
    pub(super) fn says<'a>(&'a self, outer: Option<&'a Frame>) -> Says<'a> {
        let in_secret = outer.is_some_and(|f| f.is_a_secret() && f.holds_data());
        let about_value = self.facts.sensitive && self.member == Member::Value;
        Says { secret: in_secret || about_value, ..self.says_of_value() }
    }

    /// The same about its `value`, whichever member is being read.
    pub(super) fn says_of_value(&self) -> Says<'_> {
        let mime = Some(self.facts.mime.as_slice()).filter(|mime| !mime.is_empty());
        Says { secret: self.facts.sensitive, base64: self.facts.base64, mime }
    }
}

/// What a member's key makes of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Member {
    /// It names the object.
    Name,
    /// It holds what the object's name is about.
    Value,
    #[default]
    Other,
}

impl Member {
    /// The words that exporters use: HAR and Kubernetes `name`/`value`, OpenTelemetry and AWS tags `key`/`value`,
    /// CloudFormation `ParameterKey`/`ParameterValue`, Spring `name`/`values`.
    pub(super) fn of(key: &[u8]) -> Self {
        const NAMES: [&str; 8] =
            ["name", "key", "header", "field", "parameter", "parameterkey", "parametername", "variable"];
        const VALUES: [&str; 5] = ["value", "values", "val", "parametervalue", "currentvalue"];
        let is_in = |words: &[&str]| words.iter().any(|word| key.eq_ignore_ascii_case(word.as_bytes()));
        if is_in(&NAMES) {
            Self::Name
        } else if is_in(&VALUES) {
            Self::Value
        } else {
            Self::Other
        }
    }
}
