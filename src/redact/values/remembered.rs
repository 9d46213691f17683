//! What was judged once and is not judged again: what names say, and short texts in which nothing is to be replaced. Both are
//! tables of a fixed size in which what comes later takes the place of what stood there, so no document can fill the memory.

use super::content::NameHints;
use super::purpose::{ByName, Names};

/// How many different places a document has, about: a HAR has some hundred.
const NAMES: usize = 512;
/// Longer names are judged each time.
const LONGEST_NAMES: usize = 128;

/// What the names around a value say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) by_name: ByName,
    pub(super) hints: NameHints,
}

/// What the names say that have been seen.
#[derive(Debug)]
pub(super) struct JudgedNames(Vec<Option<Box<Known>>>);

#[derive(Debug)]
struct Known {
    /// The names one after the other.
    text: Vec<u8>,
    /// The length of each, or that it is missing.
    lengths: [Option<usize>; 3],
    judged: Judged,
}

impl JudgedNames {
    pub(super) fn new() -> Self {
        Self((0..NAMES).map(|_| None).collect())
    }

    pub(super) fn of(&mut self, names: &Names<'_>) -> Judged {
        let parts = [names.sibling, names.key, names.outer];
        let lengths = parts.map(|part| part.map(<[u8]>::len));
        let judge = || Judged { by_name: ByName::of(names), hints: NameHints::of(names) };
        let length: usize = lengths.iter().flatten().sum();
        if length > LONGEST_NAMES {
            return judge();
        }
        let hash = parts.iter().fold(0, |hash, part| hashed(hash, part.unwrap_or(b"\0")));
        let slot = &mut self.0[hash as usize % NAMES];
        if let Some(known) = slot
            && known.lengths == lengths
            && is_joined(&known.text, &parts)
        {
            return known.judged;
        }
        let judged = judge();
        let text = parts.iter().flatten().copied().collect::<Vec<_>>().concat();
        *slot = Some(Box::new(Known { text, lengths, judged }));
        judged
    }
}

fn is_joined(mut text: &[u8], parts: &[Option<&[u8]>; 3]) -> bool {
    for part in parts.iter().flatten() {
        match text.strip_prefix(*part) {
            Some(rest) => text = rest,
            None => return false,
        }
    }
    text.is_empty()
}

/// How many short texts are remembered. Levels, methods, hosts and headers of one log are some hundred.
const TEXTS: usize = 4096;
/// Longer ones seldom come again.
const LONGEST_TEXT: usize = 61;

/// Short texts in which nothing was found.
#[derive(Debug)]
pub(super) struct PlainTexts(Vec<Plain>);

#[derive(Debug, Clone, Copy)]
struct Plain {
    length: u8,
    /// What else was asked about it.
    asked: u16,
    text: [u8; LONGEST_TEXT],
}

impl PlainTexts {
    pub(super) fn new() -> Self {
        Self(vec![Plain { length: 0, asked: 0, text: [0; LONGEST_TEXT] }; TEXTS])
    }

    /// Whether `text` is known to be plain when it is asked about in the way of `asked`.
    pub(super) fn hold(&self, text: &[u8], asked: u16) -> bool {
        if text.is_empty() || text.len() > LONGEST_TEXT {
            return false;
        }
        let plain = &self.0[place(text)];
        plain.asked == asked && &plain.text[..usize::from(plain.length)] == text
    }

    /// Remembers that `text` is.
    pub(super) fn add(&mut self, text: &[u8], asked: u16) {
        if text.len() <= LONGEST_TEXT {
            let plain = &mut self.0[place(text)];
            (plain.length, plain.asked) = (text.len() as u8, asked);
            plain.text[..text.len()].copy_from_slice(text);
        }
    }
}

fn place(text: &[u8]) -> usize {
    hashed(0, text) as usize % TEXTS
}

/// No hash that withstands an attacker: at worst all is judged anew.
fn hashed(hash: u64, text: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let mut chunks = text.chunks_exact(8);
    let mut hash = mix(hash, text.len() as u64);
    for chunk in &mut chunks {
        hash = mix(hash, u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
    }
    let rest = chunks.remainder().iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let hash = mix(hash, rest);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::super::purpose::Purpose;
    use super::*;

    #[test]
    fn what_names_say_is_told_by_all_of_them_and_by_where_they_end() {
        let mut judged = JudgedNames::new();
        let names = |sibling: Option<&'static str>, key: &'static str, outer: Option<&'static str>| Names {
            sibling: sibling.map(str::as_bytes),
            key: Some(key.as_bytes()),
            outer: outer.map(str::as_bytes),
        };
        let places = [
            names(Some("authorization"), "value", Some("headers")),
            names(Some("accept"), "value", Some("headers")),
            names(None, "value", Some("cookies")),
            names(None, "valuecookies", None),
            names(None, "password", None),
            names(None, "pass", Some("word")),
            names(None, "text", Some("content")),
        ];
        for _ in 0..2 {
            for place in &places {
                let fresh = Judged { by_name: ByName::of(place), hints: NameHints::of(place) };
                assert_eq!(format!("{:?}", judged.of(place)), format!("{fresh:?}"));
            }
        }
        assert!(format!("{:?}", judged.of(&places[0])).contains(&format!("{:?}", Purpose::Whole("auth"))));
    }

    #[test]
    fn only_the_same_text_asked_about_in_the_same_way_is_known() {
        let mut plain = PlainTexts::new();
        assert!(!plain.hold(b"", 0));
        plain.add(b"level: info", 1);
        assert!(plain.hold(b"level: info", 1) && !plain.hold(b"level: info", 0) && !plain.hold(b"level: inf", 1));
        for n in 0..3 * TEXTS {
            plain.add(format!("n: {n}").as_bytes(), 0);
        }
        assert!(plain.hold(format!("n: {}", 3 * TEXTS - 1).as_bytes(), 0));
        plain.add(&[b'x'; 1000], 0);
        assert!(!plain.hold(&[b'x'; 1000], 0));
    }
}
