//! Where in a document a value stands: what a redactor may want to know before it looks at the text.

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
    /// The keys around the value.
    pub path: Path<'a>,
    /// String or number.
    pub scalar: Scalar,
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

    /// True when the path ends in `keys`, outermost first, in any letter case.
    #[must_use]
    pub fn ends_with(&self, keys: &[&str]) -> bool {
        let mut own = self.inner_to_outer();
        keys.iter().rev().all(|key| own.next().is_some_and(|k| k.eq_ignore_ascii_case(key.as_bytes())))
    }
}

/// An open container.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) is_object: bool,
    /// The key of the member being read; empty for an array.
    pub(super) key: Vec<u8>,
    pub(super) member: Member,
    /// What the object calls itself, from its own `name` member or from the object that it is the `value` of.
    pub(super) name: Option<Vec<u8>>,
    /// The name came from outside, so it is about every member.
    pub(super) name_is_inherited: bool,
    /// Its values have once waited too long for a name; no more of them wait.
    pub(super) gave_up: bool,
    /// The index of the nearest object: this frame's, or for an array that of the object around it.
    pub(super) object: Option<usize>,
}

impl Frame {
    fn key(&self) -> Option<&[u8]> {
        self.is_object.then_some(self.key.as_slice())
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
