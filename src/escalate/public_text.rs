//! The guard in front of public targets: a text that holds personal data or a secret is refused, not rewritten, because what a
//! rule took out of a sentence is seldom all that it gave away. It is read in several ways, since people spread numbers over
//! spaces, write addresses in words, and copy links with percent signs.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::sync::{Arc, OnceLock};

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::model::Case;
use crate::redact::{KnownNames, Looked, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet};

/// Kinds that count when they show only after all spaces are gone. Others would take words that happen to meet.
const PERSONAL_WITHOUT_SPACES: [&str; 4] = ["email", "iban", "card", "phone"];

/// Kinds of strict rules that are no personal data by themselves: a notice needs the time and the link to the ticket.
const NOT_PERSONAL: [&str; 5] = ["date", "url", "domain", "host", "arn"];

/// Fewer letters than this name nobody.
const SHORTEST_NAME: usize = 4;

/// Something that must not be public: what and where, never the value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{place} holds {what}, and the target is not marked secure")]
pub struct NotPublic {
    /// What it is, such as `a phone number`.
    pub what: String,
    /// Where it stands, such as `the impact`.
    pub place: String,
}

/// What the text for a public target must not hold, beside what the rules know.
#[derive(Clone, Default)]
pub struct Known {
    whole: Vec<(&'static str, String)>,
    /// First and last names by themselves. They count as they are written: a Mrs Shop is no shop.
    parts: Vec<(&'static str, String)>,
}

impl Known {
    /// The names, addresses and accounts that `case` discloses to ticket and pager alone.
    #[must_use]
    pub fn of(case: &Case) -> Self {
        let mut known = Self::default();
        let contacts =
            [("the customer's contact", &case.contact), ("the customer's emergency contact", &case.emergency_contact)];
        for (what, contact) in contacts.into_iter().filter_map(|(what, c)| Some((what, &c.as_ref()?.value))) {
            let name = contact.name.reveal();
            known.whole.push((what, name.to_owned()));
            known.whole.push((what, contact.address.reveal().to_owned()));
            known.parts.extend(name.split_whitespace().map(|part| (what, fold(part))));
        }
        if let Some(account) = &case.account_id {
            known.whole.push(("the customer's account", account.value.reveal().to_owned()));
        }
        known.whole.retain(|(_, value)| bare(value).chars().count() >= SHORTEST_NAME);
        known.parts.retain(|(_, part)| part.chars().count() >= SHORTEST_NAME);
        known
    }

    fn found(&self, text: &str) -> Option<&'static str> {
        let all = bare(text);
        let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let whole = self.whole.iter().find(|(_, value)| all.contains(&bare(value)));
        let written = |part: &str| words.contains(part) || words.contains(part.to_uppercase().as_str());
        whole.or_else(|| self.parts.iter().find(|(_, part)| written(part))).map(|(what, _)| *what)
    }
}

/// Refuses a text that holds personal data or a secret. `place` names it in the error.
pub fn check(place: &str, text: &str, known: &Known) -> Result<(), NotPublic> {
    let refused = |what: String| NotPublic { what, place: place.to_owned() };
    let [folded, in_digits, in_words, decoded, parted, bare] = readings(text);
    for reading in [text, &folded, &in_digits, &in_words, &decoded, &parted] {
        if let Some(what) = known.found(reading) {
            return Err(refused(what.to_owned()));
        }
        if let Some(kind) = kinds(reading).into_iter().next() {
            return Err(refused(in_a_word(&kind)));
        }
    }
    let spread = kinds(&bare).into_iter().find(|kind| PERSONAL_WITHOUT_SPACES.contains(&kind.as_str()));
    spread.map_or(Ok(()), |kind| Err(refused(in_a_word(&kind))))
}

/// The text folded to plain forms; with its digits together; with its spelled-out letters and addresses together; with its
/// percent signs undone; with the parts of its paths, links and names of files as words; without any space.
fn readings(text: &str) -> [String; 6] {
    let folded = fold(text);
    let decoded = fold(&percent_decoded(&folded));
    let in_digits = joined(&decoded, |c| c.is_ascii_digit());
    let spelled = in_words(&letters_joined(&decoded));
    let bare = spelled.split_whitespace().collect();
    let parts =
        |c: char| matches!(c, '_' | '.' | ':' | ',' | '/' | '\\' | '=' | '&' | '?' | '#' | '|' | ';' | '"' | '\'');
    let parted = decoded.split(parts).collect::<Vec<_>>().join(" ");
    [folded, in_digits, spelled, decoded, parted, bare]
}

/// Compatibility forms as the plain ones (Unicode NFKC), digits of all scripts as ASCII, nothing invisible.
fn fold(text: &str) -> String {
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    plain.chars().filter(|c| !is_invisible(*c)).map(|c| digit(c).unwrap_or(c)).collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The zeros of scripts that people write numbers in; nine more follow each (Unicode, general category Nd).
const ZEROS: [u32; 22] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040,
    0x17e0, 0x1810, 0x1946, 0x19d0, 0x1b50, 0xa9d0,
];

fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    ZEROS.iter().find_map(|zero| char::from_digit(code.checked_sub(*zero)?, 10))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (first, tail) {
            (b'%', [a, b, after @ ..]) if hex(a).is_some() && hex(b).is_some() => {
                bytes.push(hex(a).unwrap_or(0) << 4 | hex(b).unwrap_or(0));
                rest = after;
            }
            (b'+', _) => {
                bytes.push(b'+');
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    let once = String::from_utf8_lossy(&bytes).into_owned();
    // Links in links are encoded twice; one more round is bounded, as each is shorter than the last.
    if once.len() < text.len() && once.contains('%') { percent_decoded(&once) } else { once }
}

/// Takes out what stands between two characters that `together` wants together: spaces, dots, dashes, slashes.
fn joined(text: &str, together: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut between = String::new();
    for c in text.chars() {
        let separates = c.is_whitespace() || matches!(c, '.' | '-' | '/' | '_' | '·' | ',' | '|');
        if separates && (!between.is_empty() || out.chars().next_back().is_some_and(&together)) {
            between.push(c);
            continue;
        }
        if !together(c) {
            out.push_str(&between);
        }
        between.clear();
        out.push(c);
    }
    out + &between
}

/// Joins runs of single characters: `a n n a @ e x` becomes `anna@ex`.
fn letters_joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut was_single = false;
    for word in text.split_whitespace() {
        let single = word.chars().count() == 1;
        if !(out.is_empty() || single && was_single) {
            out.push(' ');
        }
        out.push_str(word);
        was_single = single;
    }
    out
}

/// Undoes addresses in words: `anna (at) example dot com`.
fn in_words(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let plain = word.trim_matches(['(', ')', '[', ']', '{', '}', '<', '>']).to_lowercase();
        match plain.as_str() {
            "at" | "@" => words.push("@".to_owned()),
            "dot" | "punkt" | "punto" | "point" | "." => words.push(".".to_owned()),
            _ => words.push(word.to_owned()),
        }
    }
    let mut out = String::with_capacity(text.len());
    for (n, word) in words.iter().enumerate() {
        let sign = |word: &String| matches!(word.as_str(), "@" | ".");
        // A name, "@", a host, ".", an ending: an "at" without a "dot" behind it is an English word.
        let address = |n: usize| {
            words[n..].iter().skip(1).take(3).any(|word| word == ".")
                || words[n + 1..].first().is_some_and(|host| host.contains('.'))
        };
        let glued = sign(word) && (word == "." || address(n))
            || n > 0 && sign(&words[n - 1]) && (words[n - 1] == "." || address(n - 1));
        if n > 0 && !glued {
            out.push(' ');
        }
        out.push_str(if word == "@" && !glued { "at" } else { word });
    }
    out.replace("[at]", "@").replace("(at)", "@").replace("[dot]", ".").replace("(dot)", ".")
}

fn bare(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The kinds of what the rules would take out of `text`: those that are always in force, and the strict ones as far as they
/// are about people. One after the other, because a strict find may cover another.
fn kinds(text: &str) -> BTreeSet<String> {
    let [standard, strict] = redactors();
    let mut kinds = kinds_by(standard, text);
    kinds.extend(kinds_by(strict, text).into_iter().filter(|kind| !NOT_PERSONAL.contains(&kind.as_str())));
    kinds
}

/// The rules that are always in force.
pub(super) fn standard() -> &'static Redactor {
    &redactors()[0]
}

/// The rules that are always in force, and with them the strict ones.
fn redactors() -> &'static [Arc<Redactor>; 2] {
    static REDACTORS: OnceLock<[Arc<Redactor>; 2]> = OnceLock::new();
    REDACTORS.get_or_init(|| {
        let rules = Arc::new(RuleSet::load(&[]).expect("a test loads the built-in rules"));
        [Privacy::Standard, Privacy::Strict].map(|privacy| {
            // Nothing is replaced, so the key of the placeholders is of no use to anybody.
            let key = Pseudonyms::new(b"nothing is replaced");
            let made = Redactor::new(Arc::clone(&rules), key, &KnownNames::default(), privacy);
            Arc::new(made.expect("a test makes a redactor of the built-in rules"))
        })
    })
}

fn kinds_by(redactor: &Arc<Redactor>, text: &str) -> BTreeSet<String> {
    let open = || Ok(Box::new(Cursor::new(text.as_bytes().to_vec())) as Box<dyn Read + Send>);
    match redactor.leaks(MediaHint::Text, &open) {
        Ok(Looked::Text(leaks)) => leaks.into_iter().map(|leak| leak.kind).collect(),
        // What the rules cannot read is not vouched for.
        Ok(_) | Err(_) => BTreeSet::from(["unreadable".to_owned()]),
    }
}

/// The kind of a placeholder in words that an agent knows.
pub(super) fn in_a_word(kind: &str) -> String {
    match kind {
        "email" => "an e-mail address".to_owned(),
        "phone" => "a phone number".to_owned(),
        "iban" | "bank-number" => "a bank account".to_owned(),
        "card" => "a card number".to_owned(),
        "person" | "user" => "a person's name".to_owned(),
        "ipv4" | "ipv6" | "ip" => "a network address".to_owned(),
        "unreadable" => "what the rules cannot read".to_owned(),
        other => format!("a value of the kind {other}"),
    }
}

#[cfg(test)]
#[path = "public_text_tests.rs"]
mod tests;
