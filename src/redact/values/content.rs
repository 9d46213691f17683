//! What a text in a value is, by its beginning: JSON, base64, a picture, or text. All of them are looked at bit by bit, so that
//! a body of any size takes bounded memory, and alike however the bits are cut.

use super::arguments::Before;
use super::base64::{self, Base64, Picture};
use super::gone::Gone;
use super::purpose::Names;
use super::text::Text;
use super::{DEEPEST, ValueRules};
use crate::redact::json::{Documents, Edit, Limits, Place, Walk};

/// Bytes that decide what a text is.
const HEAD: usize = 4 << 10;

/// What the names around a text say about it.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::redact) struct Hints {
    /// Whether it is said to be base64.
    pub(super) base64: Option<bool>,
    /// The body of a message, which may be anything but text.
    pub(super) body: bool,
    /// Said to be `application/x-www-form-urlencoded`.
    pub(super) form: bool,
    /// A URL, or the name of a page, which is one.
    pub(super) url: bool,
}

/// What the names alone say about a text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NameHints {
    /// It may be said beside it that it is base64.
    encoded: bool,
    body: bool,
    url: bool,
}

impl NameHints {
    pub(super) fn of(names: &Names<'_>) -> Self {
        let is_any = |name: Option<&[u8]>, list: &[&str]| {
            name.is_some_and(|name| list.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())))
        };
        let is = |list: &[&str]| is_any(names.key, list);
        Self {
            encoded: is(&["text", "data", "body", "content", "payload", "value"]),
            body: (is(&["text"]) && is_any(names.outer, &["content"]))
                || (is(&["data"]) && is_any(names.outer, &["_webSocketMessages"])),
            url: is(&["url", "redirectURL", "location", "referer", "referrer", "documentURL", "_documentURL", "path"])
                || is_any(
                    names.sibling,
                    &["location", "referer", "content-location", ":path", "refresh", "link", "x-original-url"],
                ),
        }
    }
}

impl Hints {
    pub(super) fn of(place: &Place<'_>, by_name: NameHints) -> Self {
        let mime = place.says.mime;
        Self {
            // It is said about the body beside it, not about what says it.
            base64: place.says.base64.filter(|_| by_name.encoded),
            body: by_name.body && !mime.is_some_and(is_text_type),
            form: mime.is_some_and(|mime| contains(mime, b"urlencoded")),
            url: by_name.url,
        }
    }
}

impl Hints {
    /// All of it as a number under 24.
    pub(super) fn bits(self) -> u8 {
        let base64 = match self.base64 {
            None => 0,
            Some(said) => 1 + u8::from(said),
        };
        base64 * 8 + u8::from(self.body) * 4 + u8::from(self.form) * 2 + u8::from(self.url)
    }
}

/// Whether a media type is one of text.
fn is_text_type(mime: &[u8]) -> bool {
    let parts: [&[u8]; 6] = [b"text/", b"json", b"xml", b"javascript", b"urlencoded", b"graphql"];
    parts.iter().any(|part| contains(mime, part))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// A text that is being looked at.
#[derive(Debug)]
pub(in crate::redact) enum Content {
    /// Too little of it has been seen.
    Unseen {
        hints: Hints,
        head: Vec<u8>,
    },
    Text(Box<Text>),
    Json(Box<Json>),
    Base64(Box<Base64>),
    Picture(Picture),
    Gone(Gone),
}

/// What more than text a text is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// JSON behind so many bytes that are none.
    Json {
        skip: usize,
    },
    Base64(base64::Kind),
}

/// JSON behind a few bytes that are none.
#[derive(Debug)]
pub(in crate::redact) struct Json {
    walk: Walk<Content>,
    /// Bytes of the text before the JSON.
    skipped: usize,
    /// Bytes still to be skipped.
    skip: usize,
    hints: Hints,
    /// What stood before in the document around it.
    before: Before,
}

impl Content {
    pub(super) fn unseen(hints: Hints) -> Self {
        Self::Unseen { hints, head: Vec::new() }
    }

    pub(super) fn gone(kind: Option<&'static str>) -> Self {
        Self::Gone(Gone::new(kind))
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// What a text is by its first bytes, where it is more than text; `whole` if `head` is all of it.
    pub(super) fn kind(hints: Hints, head: &[u8], whole: bool) -> Option<Kind> {
        if let Some(skip) = json_start(head) {
            return Some(Kind::Json { skip });
        }
        base64::kind(hints, &head[..head.len().min(HEAD)], whole && head.len() <= HEAD).map(Kind::Base64)
    }

    /// By the first bytes of the text; `whole` if `head` is all of it.
    pub(super) fn of(rules: &mut ValueRules, hints: Hints, head: &[u8], whole: bool) -> Self {
        match Self::kind(hints, head, whole).filter(|_| rules.depth < DEEPEST) {
            Some(Kind::Json { skip }) => {
                let walk = rules.spare.pop().unwrap_or_else(|| Walk::new(Documents::Many, Limits::default()));
                let before = std::mem::take(&mut rules.before);
                Self::Json(Box::new(Json { walk, skipped: skip, skip, hints, before }))
            }
            Some(Kind::Base64(base64::Kind::Text)) => Self::Base64(Box::new(Base64::new(head))),
            Some(Kind::Base64(base64::Kind::Picture(format))) => Self::Picture(Picture::new(format)),
            Some(Kind::Base64(base64::Kind::Binary)) => Self::gone(None),
            None => Self::Text(Box::new(Text::new(hints, 0))),
        }
    }

    /// The text goes on. Appends edits in offsets from its start; returns up to where no more will come.
    pub(super) fn push(&mut self, rules: &mut ValueRules, text: &[u8], edits: &mut Vec<Edit>) -> u64 {
        match self {
            Self::Unseen { hints, head } => {
                head.extend_from_slice(text);
                if head.len() < HEAD {
                    return 0;
                }
                let (hints, head) = (*hints, std::mem::take(head));
                *self = Self::of(rules, hints, &head[..HEAD], false);
                self.push(rules, &head, edits)
            }
            Self::Text(inner) => inner.push(rules, text, edits),
            Self::Gone(gone) => gone.push(rules, text, edits),
            Self::Picture(picture) => match picture.push(text) {
                Some(all) => {
                    // Too large to be held: it goes as a whole.
                    *self = Self::gone(None);
                    self.push(rules, &all, edits)
                }
                None => 0,
            },
            Self::Base64(inner) => {
                let (settled, rest) = inner.push(rules, text, edits);
                let Some(rest) = rest else { return settled };
                let mut after = Text::new(Hints::default(), settled);
                let settled = after.push(rules, &text[rest..], edits);
                *self = Self::Text(Box::new(after));
                settled
            }
            Self::Json(json) => {
                rules.depth += 1;
                let pushed = json.push(rules, text, edits);
                rules.depth -= 1;
                match pushed {
                    Ok(settled) => settled,
                    Err((offset, rest)) => {
                        rules.before = std::mem::take(&mut json.before);
                        let mut after = Text::new(json.hints, offset);
                        let settled = after.push(rules, &rest, edits);
                        *self = Self::Text(Box::new(after));
                        settled
                    }
                }
            }
        }
    }

    /// The text has ended.
    pub(super) fn finish(self, rules: &mut ValueRules, edits: &mut Vec<Edit>) {
        match self {
            Self::Unseen { hints, head } => {
                let mut content = Self::of(rules, hints, &head, true);
                content.push(rules, &head, edits);
                content.finish(rules, edits);
            }
            Self::Text(text) => text.finish(rules, edits),
            Self::Gone(gone) => gone.finish(rules, edits),
            Self::Picture(picture) => picture.finish(rules, edits),
            Self::Base64(inner) => inner.finish(rules, edits),
            Self::Json(mut json) => {
                rules.depth += 1;
                let left = json.finish(rules, edits);
                rules.depth -= 1;
                rules.before = std::mem::take(&mut json.before);
                if let Err((offset, rest)) = left {
                    let mut after = Text::new(json.hints, offset);
                    after.push(rules, &rest, edits);
                    after.finish(rules, edits);
                }
                if rules.spare.len() < DEEPEST {
                    rules.spare.push(json.walk.again());
                }
            }
        }
    }
}

/// Where the walk had to stop, and what it had read beyond.
type Rest = (u64, Vec<u8>);

impl Json {
    fn push(&mut self, rules: &mut ValueRules, text: &[u8], edits: &mut Vec<Edit>) -> Result<u64, Rest> {
        let skip = self.skip.min(text.len());
        self.skip -= skip;
        let result = self.walk.push(rules, &text[skip..]);
        match result {
            Ok(()) => Ok(self.hand_out(edits)),
            Err(_) => Err(self.give_up(rules, edits)),
        }
    }

    fn finish(&mut self, rules: &mut ValueRules, edits: &mut Vec<Edit>) -> Result<(), Rest> {
        match self.walk.finish(rules) {
            Ok(()) => {
                self.hand_out(edits);
                Ok(())
            }
            Err(_) => Err(self.give_up(rules, edits)),
        }
    }

    /// What is no JSON after all goes by the rules for text from there on.
    fn give_up(&mut self, rules: &mut ValueRules, edits: &mut Vec<Edit>) -> Rest {
        let offset = self.walk.stop(rules) + self.skipped as u64;
        let rest = self.walk.rest().to_vec();
        self.hand_out(edits);
        (offset, rest)
    }

    fn hand_out(&mut self, edits: &mut Vec<Edit>) -> u64 {
        let skipped = self.skipped as u64;
        let mut settled = skipped;
        self.walk.hand_out(|source, base, found| {
            settled += base + source.len() as u64;
            edits.extend(found.iter().map(|edit| Edit {
                start: edit.start + skipped,
                end: edit.end + skipped,
                text: edit.text.clone(),
            }));
        });
        settled
    }
}

/// The edits of a text that is JSON from the first byte to the last; `None` when it is not.
pub(super) fn json_edits(rules: &mut ValueRules, text: &[u8]) -> Option<Vec<Edit>> {
    let walk = rules.spare.pop().unwrap_or_else(|| Walk::new(Documents::Many, Limits::default()));
    let before = std::mem::take(&mut rules.before);
    let mut json = Json { walk, skipped: 0, skip: 0, hints: Hints::default(), before };
    let mut edits = Vec::new();
    rules.depth += 1;
    let whole = json.push(rules, text, &mut edits).is_ok() && json.finish(rules, &mut edits).is_ok();
    rules.depth -= 1;
    rules.before = json.before;
    if rules.spare.len() < DEEPEST {
        rules.spare.push(json.walk.again());
    }
    whole.then_some(edits)
}

/// Where JSON begins in a text: at its first byte, or behind what servers put before it so that no script can load it
/// (`)]}'`, `while(1);`), or behind the number of a Socket.IO frame or the letter of a SockJS one.
fn json_start(head: &[u8]) -> Option<usize> {
    const GUARDS: [&[u8]; 5] = [b")]}',", b")]}'", b"while(1);", b"for(;;);", b"\xef\xbb\xbf"];
    let mut at = head.iter().take_while(|b| b.is_ascii_whitespace()).count();
    if let Some(guard) = GUARDS.iter().find(|guard| head[at..].starts_with(guard)) {
        at += guard.len();
    } else {
        let digits = head[at..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
        let letter = usize::from(digits == 0 && head[at..].starts_with(b"a["));
        at += digits + letter;
    }
    let rest = head[at..].trim_ascii_start();
    let next = rest.get(1..).and_then(|rest| rest.trim_ascii_start().first());
    let begins = match (rest.first()?, next) {
        (b'{', Some(b'"' | b'}')) => true,
        (b'[', Some(b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')) => true,
        // A document that was encoded twice.
        (b'"', Some(b'{' | b'[')) => true,
        _ => false,
    };
    begins.then_some(at)
}

#[cfg(test)]
mod tests {
    use super::json_start;

    #[test]
    fn json_is_known_by_its_beginning() {
        for (text, at) in [
            ("{\"a\":1}", Some(0)),
            (" [1]", Some(1)),
            (")]}',\n[{}]", Some(5)),
            ("42[\"login\",{}]", Some(2)),
            ("a[\"{}\"]", Some(1)),
            ("\"{\\\"a\\\":1}\"", Some(0)),
            ("[INFO] started", None),
            ("{name}", None),
            ("2026-11-23", None),
            ("", None),
        ] {
            assert_eq!(json_start(text.as_bytes()), at, "{text}");
        }
    }
}
