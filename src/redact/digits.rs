//! One walk over the words of a text that hold digits, for numbers whose form alone tells what they are: cards, account
//! numbers, some identity numbers. A pattern for each of them on every line would cost more than all other rules together.

use super::checks::{LONGEST, iban_length};
use super::places::Place;
use super::rules::{Rule, RuleSet};
use super::spans::{Span, Why};
use super::{Privacy, RedactError, Redactor};

/// The rules for such numbers, by how many letters and digits a number has.
#[derive(Debug)]
pub(super) struct BareRules {
    by_length: Vec<Vec<usize>>,
    /// Shorter words are not looked at.
    shortest: usize,
}

impl BareRules {
    pub(super) fn new(set: &RuleSet, privacy: Privacy) -> Self {
        let strict = privacy == Privacy::Strict;
        let looks = |rule: &Rule| rule.stands(Place::Bare) || (strict && rule.stands(Place::BareStrict));
        let mut by_length = vec![Vec::new(); LONGEST + 1];
        for (n, rule) in set.rules.iter().enumerate().filter(|(_, rule)| looks(rule) && (strict || !rule.strict)) {
            for length in rule.number.into_iter().flat_map(|number| number.length()) {
                by_length[length].push(n);
            }
        }
        let shortest = by_length.iter().position(|rules| !rules.is_empty()).unwrap_or(usize::MAX);
        Self { by_length, shortest }
    }
}

/// A word of letters and digits, or several of them joined by `-`, `.`, `+` and, between digits, `/`.
struct Word {
    start: usize,
    end: usize,
    /// How many of its bytes are letters and digits.
    length: usize,
}

impl Redactor {
    /// Numbers that are unmistakable wherever they stand.
    pub(super) fn find_bare(&self, text: &[u8], spans: &mut Vec<Span>) -> Result<(), RedactError> {
        if self.bare.shortest > LONGEST {
            return Ok(());
        }
        let mut at = 0;
        while let Some(word) = next_word(text, &mut at) {
            if word.length >= self.bare.shortest && word.length <= LONGEST {
                self.is_bare(text, &word, spans)?;
            } else if word.length == 4 && word.end - word.start == 4 && text.get(word.end) == Some(&b' ') {
                self.find_in_groups(text, &word, spans)?;
            }
        }
        Ok(())
    }

    fn is_bare(&self, text: &[u8], word: &Word, spans: &mut Vec<Span>) -> Result<bool, RedactError> {
        let value = &text[word.start..word.end];
        for index in &self.bare.by_length[word.length] {
            let rule = &self.set.rules[*index];
            if rule.number.is_some_and(|number| number.is(value)) && !(rule.kind == "card" && counts(text, word)) {
                let regex = rule.regex().ok_or_else(|| RedactError::Rule(rule.id.clone()))?;
                if regex.find(value).is_some_and(|m| m.len() == value.len()) {
                    spans.push(Span::new(word.start, word.end, Why::Rule(*index)));
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Cards and account numbers in groups with spaces between. The first group has four characters.
    fn find_in_groups(&self, text: &[u8], first: &Word, spans: &mut Vec<Span>) -> Result<(), RedactError> {
        let account = iban_length(&text[first.start..first.end]);
        let is_part = |b: &u8| b.is_ascii_digit() || (account.is_some() && b.is_ascii_alphabetic());
        if account.is_none() && !text[first.start..first.end].iter().all(u8::is_ascii_digit) {
            return Ok(());
        }
        let mut ends = Vec::new();
        let (mut end, mut length) = (first.end, first.length);
        while text.get(end) == Some(&b' ') && length < account.unwrap_or(19) {
            let group = text[end + 1..].iter().take(8).take_while(|b| is_part(b)).count();
            if !(1..=7).contains(&group) || text.get(end + 1 + group).is_some_and(u8::is_ascii_alphanumeric) {
                break;
            }
            end += 1 + group;
            length += group;
            ends.push((end, length));
        }
        // The longest first: a card of 19 digits may begin with one of 16.
        for (end, length) in ends.into_iter().rev().filter(|(_, length)| *length >= 12 && *length <= LONGEST) {
            if super::places::is_whole(text, first.start, end)
                && self.is_bare(text, &Word { start: first.start, end, length }, spans)?
            {
                break;
            }
        }
        Ok(())
    }
}

/// Whether the name before a plain run of digits says that it is an id, a time or a size: one in forty of those looks like
/// a card.
fn counts(text: &[u8], word: &Word) -> bool {
    const NAMES: [&[u8]; 14] = [
        b"id", b"seq", b"ts", b"time", b"bytes", b"size", b"offset", b"count", b"nanos", b"trace", b"span", b"hash",
        b"lsn", b"epoch",
    ];
    if word.end - word.start != word.length {
        return false;
    }
    let between = text[..word.start].iter().rev().take(6).take_while(|b| b"\"'=: #".contains(b)).count();
    let before = &text[..word.start - between];
    between > 0
        && NAMES
            .iter()
            .any(|name| before.len() >= name.len() && before[before.len() - name.len()..].eq_ignore_ascii_case(name))
}

/// The next word with a digit in it from `at` on that is not part of a longer name.
fn next_word(text: &[u8], at: &mut usize) -> Option<Word> {
    let mut digit = next_digit(text, *at)?;
    loop {
        if *at > digit {
            digit = next_digit(text, *at)?;
        }
        // No word goes over such a character, and none before it holds a digit.
        let parted = text[*at..digit].iter().rposition(|b| !b.is_ascii_alphanumeric() && !b"-.+_:/".contains(b));
        *at += parted.map_or(0, |n| n + 1);
        while !text[*at].is_ascii_alphanumeric() {
            *at += 1;
        }
        let start = *at;
        let (mut length, mut digits) = (0, 0);
        // The end of a name, or a number with a sign.
        let named = start > 0 && matches!(text[start - 1], b'_' | b'-');
        loop {
            let group = *at;
            while let Some(b) = text.get(*at).filter(|b| b.is_ascii_alphanumeric()) {
                digits += usize::from(b.is_ascii_digit());
                length += 1;
                *at += 1;
            }
            let Some(next) = text.get(*at + 1).filter(|b| b.is_ascii_alphanumeric()) else { break };
            let joined = match text[*at] {
                b'-' | b'.' | b'+' | b'_' => true,
                // Pairs, as in the address of a network card.
                b':' => *at - group == 2 && is_pair(text, *at + 1),
                b'/' => next.is_ascii_digit() && text[*at - 1].is_ascii_digit(),
                _ => false,
            };
            if !joined {
                break;
            }
            *at += 1;
        }
        if digits > 0 && !named && text.get(*at) != Some(&b'_') {
            return Some(Word { start, end: *at, length });
        }
    }
}

/// The first digit from `from` on.
fn next_digit(text: &[u8], from: usize) -> Option<usize> {
    /// So many bytes are asked at once.
    const STEP: usize = 32;
    let mut at = from;
    while let Some(step) = text.get(at..at + STEP)
        && step.iter().fold(0, |any, b| any | u8::from(b.is_ascii_digit())) == 0
    {
        at += STEP;
    }
    text.get(at..)?.iter().position(u8::is_ascii_digit).map(|n| at + n)
}

fn is_pair(text: &[u8], at: usize) -> bool {
    let alphanumeric = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    alphanumeric(at) && alphanumeric(at + 1) && !alphanumeric(at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_digits_are_visited_once_and_whole() {
        let text = b"a b1 550e8400-e29b-41d4 x_12 131052-308T, 16.727.230/0001-97 p/12 end. 7";
        let mut at = 0;
        let words: Vec<&str> = std::iter::from_fn(|| next_word(text, &mut at))
            .map(|word| std::str::from_utf8(&text[word.start..word.end]).expect("ASCII"))
            .collect();
        assert_eq!(words, ["b1", "550e8400-e29b-41d4", "x_12", "131052-308T", "16.727.230/0001-97", "12", "7"]);
    }
}
