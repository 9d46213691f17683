//! What was judged once and is not judged again: what names say, and short texts in which nothing is to be replaced. Both are
//! tables of a fixed size in which what comes later takes the place of what stood there, so no document can fill the memory.

use super::content::NameHints;
use super::purpose::{ByName, Names};
use crate::redact::json::Numbers;

/// How many different names are remembered: a HAR has some hundred.
const NAMES: usize = 2048;
/// Longer names have no number, and are judged each time.
const LONGEST_NAME: usize = 54;

/// Names that have been seen, by their numbers.
#[derive(Debug)]
pub(super) struct KnownNames {
    names: Vec<Known>,
    numbers: u32,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    number: u32,
    /// In which depths nothing is to be replaced in it as a key, a bit each.
    plain: u8,
    length: u8,
    text: [u8; LONGEST_NAME],
}

impl KnownNames {
    pub(super) fn new() -> Self {
        let none = Known { number: 0, plain: 0, length: 0, text: [0; LONGEST_NAME] };
        Self { names: vec![none; NAMES], numbers: 0 }
    }

    /// The number of `key`, if nothing is to be replaced in it.
    pub(super) fn plain_key(&self, key: &[u8], depth: usize) -> Option<u32> {
        let known = self.both(key).iter().find(|known| known.is(key))?;
        (known.plain >> depth & 1 == 1).then_some(known.number)
    }

    /// Remembers that nothing is.
    pub(super) fn add_plain_key(&mut self, key: &[u8], depth: usize) {
        if let Some(known) = self.known(key) {
            known.plain |= 1 << depth;
        }
    }

    /// The number of `name`; 0 for a long one.
    pub(super) fn number(&mut self, name: &[u8]) -> u32 {
        self.known(name).map_or(0, |known| known.number)
    }

    fn known(&mut self, name: &[u8]) -> Option<&mut Known> {
        if name.len() > LONGEST_NAME {
            return None;
        }
        let place = pair(hashed(0, name), NAMES);
        let both = &mut self.names[place..place + 2];
        if both[1].is(name) {
            both.swap(0, 1);
        }
        if !both[0].is(name) {
            // A name that made way for another gets a new number: what was said of the old one is still true.
            self.numbers = self.numbers.checked_add(1)?;
            both.swap(0, 1);
            both[0] = Known { number: self.numbers, plain: 0, length: name.len() as u8, text: [0; LONGEST_NAME] };
            both[0].text[..name.len()].copy_from_slice(name);
        }
        Some(&mut both[0])
    }

    /// The two places where `name` may stand.
    fn both(&self, name: &[u8]) -> &[Known] {
        let place = pair(hashed(0, name), NAMES);
        &self.names[place..place + 2]
    }
}

impl Known {
    fn is(&self, name: &[u8]) -> bool {
        self.number > 0 && &self.text[..usize::from(self.length)] == name
    }
}

/// What the names around a value say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) by_name: ByName,
    pub(super) hints: NameHints,
}

/// How many places are remembered: a HAR has some hundred.
const PLACES: usize = 1024;

/// What names say that have been seen together.
#[derive(Debug)]
pub(super) struct JudgedNames(Vec<Option<(Numbers, Judged)>>);

impl JudgedNames {
    pub(super) fn new() -> Self {
        Self(vec![None; PLACES])
    }

    pub(super) fn of(&mut self, names: &Names<'_>, numbers: Numbers) -> Judged {
        let judge = || Judged { by_name: ByName::of(names), hints: NameHints::of(names) };
        let lacks = |name: Option<&[u8]>, number: u32| name.is_some() == (number == 0);
        if lacks(names.sibling, numbers.sibling) || lacks(names.key, numbers.key) || lacks(names.outer, numbers.outer) {
            return judge();
        }
        let parts = [numbers.sibling, numbers.key, numbers.outer];
        let place = pair(parts.into_iter().fold(0, |hash, part| mixed(hash, u64::from(part))), PLACES);
        let both = &mut self.0[place..place + 2];
        if let Some((_, judged)) = both.iter().flatten().find(|(known, _)| *known == numbers) {
            return *judged;
        }
        let judged = judge();
        both.swap(0, 1);
        both[0] = Some((numbers, judged));
        judged
    }
}

/// How many short texts are remembered. Levels, methods, hosts and headers of one log are some hundred.
const TEXTS: usize = 4096;
/// Longer ones seldom come again: of what browsers send with every request, the longest names the browser.
const LONGEST_TEXT: usize = 256;

/// Short texts in which nothing was found. At most about a megabyte of them.
#[derive(Debug)]
pub(super) struct PlainTexts(Vec<Plain>);

#[derive(Debug, Clone, Default)]
struct Plain {
    hash: u32,
    /// What else was asked about it.
    asked: u16,
    text: Vec<u8>,
}

/// Where a text is remembered, and the rest of its hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    place: u16,
    hash: u32,
}

impl PlainTexts {
    pub(super) fn new() -> Self {
        Self(vec![Plain::default(); TEXTS])
    }

    /// Where `text` is looked for; `None`: nowhere.
    pub(super) fn slot(text: &[u8]) -> Option<Slot> {
        (1..=LONGEST_TEXT).contains(&text.len()).then(|| {
            let hash = hashed(0, text);
            Slot { place: (hash as usize % TEXTS) as u16, hash: (hash >> 32) as u32 }
        })
    }

    /// Whether `text` is known to be plain when it is asked about in the way of `asked`.
    pub(super) fn hold(&self, slot: Option<Slot>, text: &[u8], asked: u16) -> bool {
        let Some(slot) = slot else { return false };
        let plain = &self.0[usize::from(slot.place)];
        plain.hash == slot.hash && plain.asked == asked && plain.text == text
    }

    /// Remembers that `text` is.
    pub(super) fn add(&mut self, slot: Option<Slot>, text: &[u8], asked: u16) {
        let Some(slot) = slot else { return };
        let plain = &mut self.0[usize::from(slot.place)];
        (plain.hash, plain.asked) = (slot.hash, asked);
        plain.text.clear();
        plain.text.extend_from_slice(text);
    }
}

/// The first of the two neighbours, of `places`, in which something with this hash may stand: two that come in turns do not
/// drive each other out.
fn pair(hash: u64, places: usize) -> usize {
    (hash >> 32) as usize % (places / 2) * 2
}

/// No hash that withstands an attacker: at worst all is judged anew.
fn hashed(hash: u64, text: &[u8]) -> u64 {
    let mut chunks = text.chunks_exact(8);
    let mut hash = mixed(hash, text.len() as u64);
    for chunk in &mut chunks {
        hash = mixed(hash, u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
    }
    let rest = chunks.remainder().iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let hash = mixed(hash, rest);
    hash ^ hash >> 32
}

fn mixed(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

#[cfg(test)]
mod tests {
    use super::super::purpose::Purpose;
    use super::*;

    #[test]
    fn what_names_say_is_told_by_all_of_them_and_by_where_they_end() {
        let (mut judged, mut known) = (JudgedNames::new(), KnownNames::new());
        let names = |sibling: Option<&'static str>, key: &'static str, outer: Option<&'static str>| Names {
            sibling: sibling.map(str::as_bytes),
            key: Some(key.as_bytes()),
            outer: outer.map(str::as_bytes),
        };
        let places = [
            names(Some("authorization"), "value", Some("headers")),
            names(Some("accept"), "value", Some("headers")),
            names(None, "value", Some("cookies")),
            names(None, "cookies", Some("value")),
            names(None, "password", None),
            names(None, "pass", Some("word")),
            names(None, "text", Some("content")),
        ];
        for others in [0, 5000] {
            for n in 0..others {
                known.number(format!("name {n}").as_bytes());
            }
            for place in &places {
                let mut number = |name: Option<&[u8]>| name.map_or(0, |name| known.number(name));
                let numbers =
                    Numbers { sibling: number(place.sibling), key: number(place.key), outer: number(place.outer) };
                let fresh = Judged { by_name: ByName::of(place), hints: NameHints::of(place) };
                for numbers in [numbers, numbers, Numbers::default()] {
                    assert_eq!(format!("{:?}", judged.of(place, numbers)), format!("{fresh:?}"));
                }
            }
        }
        let purpose = judged.of(&places[0], Numbers::default());
        assert!(format!("{purpose:?}").contains(&format!("{:?}", Purpose::Whole("auth"))));
    }

    #[test]
    fn a_key_is_known_by_its_text_and_depth() {
        let mut known = KnownNames::new();
        let number = known.number(b"level");
        assert_eq!(known.plain_key(b"level", 0), None);
        known.add_plain_key(b"level", 1);
        assert_eq!((known.plain_key(b"level", 1), known.plain_key(b"level", 0)), (Some(number), None));
        assert_eq!((known.plain_key(b"levels", 1), known.number(&[b'x'; 100])), (None, 0));
    }

    #[test]
    fn only_the_same_text_asked_about_in_the_same_way_is_known() {
        let mut plain = PlainTexts::new();
        let hold = |plain: &PlainTexts, text: &[u8], asked| plain.hold(PlainTexts::slot(text), text, asked);
        assert!(!hold(&plain, b"", 0));
        let mut add = |text: &[u8], asked| plain.add(PlainTexts::slot(text), text, asked);
        add(b"level: info", 1);
        add(&[b'x'; 1000], 0);
        assert!(hold(&plain, b"level: info", 1) && !hold(&plain, b"level: info", 0));
        assert!(!hold(&plain, b"level: inf", 1) && !hold(&plain, &[b'x'; 1000], 0));
    }
}
