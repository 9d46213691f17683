//! Where a value must stand for a rule to take it: after a label, alone on its line, or anywhere, where its form is proof enough.
//!
//! Most numbers of people look like any other number. A check digit rules out nine of ten, which is not enough in a log
//! full of numbers; a word before it, or an otherwise empty line, is.

use std::sync::OnceLock;

use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::rules::{PATTERN_SIZE_LIMIT, Rule, RuleSet};
use super::spans::{Span, Why};
use super::{Privacy, RedactError, Redactor};

/// A place that a rule asks for. A rule without any takes its matches wherever they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A little after one of the rule's keywords, or before it: `… is my passport`.
    Label,
    /// Alone on its line, or with a few more of its kind.
    Alone,
    /// Alone on its line, under [`Privacy::Strict`] only.
    AloneStrict,
    /// Anywhere, as a whole word.
    Bare,
    /// Anywhere, as a whole word, under [`Privacy::Strict`] only.
    BareStrict,
}

/// The rules that look at values that stand alone, ready to be asked at once.
#[derive(Debug)]
pub(super) struct AloneRules {
    rules: Vec<usize>,
    patterns: Vec<String>,
    set: OnceLock<Option<RegexSet>>,
}

/// Bytes between a label and its value at most.
const REACH: usize = 48;
/// The longest line that counts as a value alone on its line.
const LONGEST_LINE: usize = 80;
/// The most values on such a line.
const MOST_VALUES: usize = 8;
/// The most memory that all patterns of values on lines of their own take: about a hundred of them, 4 KiB each.
const SET_SIZE_LIMIT: usize = 64 * PATTERN_SIZE_LIMIT;

impl AloneRules {
    pub(super) fn new(set: &RuleSet, privacy: Privacy) -> Self {
        let strict = privacy == Privacy::Strict;
        let looks = |rule: &Rule| rule.stands(Place::Alone) || (strict && rule.stands(Place::AloneStrict));
        let all = set.rules.iter().enumerate();
        let all = all.filter(|(_, rule)| looks(rule) && (strict || !rule.strict));
        let (rules, patterns) = all.map(|(n, rule)| (n, format!("^(?:{})$", rule.pattern))).unzip();
        Self { rules, patterns, set: OnceLock::new() }
    }

    fn set(&self) -> Result<&RegexSet, RedactError> {
        let build = || RegexSetBuilder::new(&self.patterns).unicode(false).size_limit(SET_SIZE_LIMIT).build().ok();
        let set = self.set.get_or_init(build).as_ref();
        set.ok_or(RedactError::Limit("the patterns of values on lines of their own"))
    }
}

impl Redactor {
    /// Values that stand alone on their line.
    pub(super) fn find_alone(&self, text: &[u8], spans: &mut Vec<Span>) -> Result<(), RedactError> {
        if self.alone.rules.is_empty() {
            return Ok(());
        }
        let mut start = 0;
        while start < text.len() {
            let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at);
            if (4..=LONGEST_LINE).contains(&(end - start)) && may_be_values(&text[start..end]) {
                self.find_alone_in(text, start, end, spans)?;
            }
            start = end + 1;
        }
        Ok(())
    }

    fn find_alone_in(&self, text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) -> Result<(), RedactError> {
        let (start, end) = trimmed(text, start, end);
        if self.is_alone(text, start, end, spans)? {
            return Ok(());
        }
        let line = &text[start..end];
        // `A and B`: nobody writes that of other numbers.
        let mut at = start;
        for part in parts(line, b" and ") {
            let (from, to) = trimmed(text, at, at + part);
            self.is_alone(text, from, to, spans)?;
            at += part + b" and ".len();
        }
        // A comma also stands between the fields of a table, and a space in a value: all must be values, or none is.
        for between in [b',', b';', b' '] {
            let before = spans.len();
            let mut at = start;
            for part in parts(line, &[between]) {
                let (from, to) = trimmed(text, at, at + part);
                if !self.is_alone(text, from, to, spans)? {
                    spans.truncate(before);
                    break;
                }
                at += part + 1;
            }
        }
        Ok(())
    }

    fn is_alone(&self, text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) -> Result<bool, RedactError> {
        let value = &text[start..end];
        let set = self.alone.set()?;
        if value.is_empty() || (self.privacy == Privacy::Standard && is_clock(value)) || !set.is_match(value) {
            return Ok(false);
        }
        for n in set.matches(value) {
            let index = self.alone.rules[n];
            let rule = &self.set.rules[index];
            let passes = rule.check.is_none_or(|check| check.passes(None, value));
            if passes && rule.number.is_none_or(|number| number.is(value)) {
                spans.push(Span::new(start, end, Why::Rule(index)));
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a line holds a digit, few words, and nothing that only programs write.
fn may_be_values(line: &[u8]) -> bool {
    // All bytes at once, before any is looked at by itself.
    if line.iter().fold(0, |any, b| any | u8::from(b.is_ascii_digit())) == 0 {
        return false;
    }
    let mut spaces = 0;
    for byte in line {
        match byte {
            b' ' => spaces += 1,
            b'=' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b'|' | b'\\' | b'@' => return false,
            _ => {}
        }
    }
    spaces <= MOST_VALUES
}

/// Whether a plain number reads as a time since 1970, in seconds or finer, of the years 2015 to 2030: columns of such times
/// are far more usual than columns of numbers of people.
fn is_clock(value: &[u8]) -> bool {
    let seconds = value.iter().take(10).fold(0u64, |n, b| n * 10 + u64::from(b.wrapping_sub(b'0')));
    matches!(value.len(), 10 | 13 | 16 | 19)
        && value.iter().all(u8::is_ascii_digit)
        && (1_420_070_400..1_893_456_000).contains(&seconds)
}

/// `start..end` without white space and quotes around it, and without a full stop or comma after it.
fn trimmed(text: &[u8], start: usize, end: usize) -> (usize, usize) {
    let around = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'');
    let line = &text[start..end];
    let left = line.iter().take_while(|b| around(b)).count();
    let right = line.iter().rev().take_while(|b| around(b) || matches!(b, b'.' | b',' | b';')).count();
    (start + left, (end - right).max(start + left))
}

/// The lengths of the parts of `line` between `between`; none when there is only one, or too many.
fn parts(line: &[u8], between: &[u8]) -> Vec<usize> {
    // Most lines hold only one.
    if memchr::memchr(between[0], line).is_none() {
        return Vec::new();
    }
    let mut lengths = Vec::new();
    let mut from = 0;
    for at in memchr::memmem::find_iter(line, between) {
        lengths.push(at - from);
        from = at + between.len();
    }
    lengths.push(line.len() - from);
    if (2..=MOST_VALUES).contains(&lengths.len()) { lengths } else { Vec::new() }
}

/// Whether `line[start..end]` is a whole word, and one of the rule's keywords tells what it is.
pub(super) fn is_labelled(rule: &Rule, line: &[u8], start: usize, end: usize) -> bool {
    is_whole(line, start, end)
        && rule.keywords.iter().any(|label| before(line, start, label) || after(line, end, label))
}

/// Whether the label stands before the value, with nothing between them that begins another value.
fn before(line: &[u8], start: usize, label: &str) -> bool {
    let from = start.saturating_sub(REACH + label.len());
    let window = &line[from..start];
    let label = label.as_bytes();
    let Some(at) = (0..=window.len().saturating_sub(label.len()))
        .rev()
        .find(|at| window.get(*at..*at + label.len()).is_some_and(|word| word.eq_ignore_ascii_case(label)))
    else {
        return false;
    };
    let gap = &window[at + label.len()..];
    let assigned = gap.iter().filter(|b| matches!(b, b'=' | b':')).count();
    is_label(line, from + at, from + at + label.len())
        && gap.len() <= REACH
        && assigned <= 1
        && !gap.iter().any(|b| matches!(b, b',' | b';' | b'&' | b'|' | b'{' | b'}' | b'<' | b'>'))
}

/// Whether the value is said to be what the label names: `X is my passport`, in a few languages.
fn after(line: &[u8], end: usize, label: &str) -> bool {
    const SAYS: [&[u8]; 8] = [
        b" is my ",
        b" is the ",
        b" es mi ",
        b" est mon ",
        b" ist mein",
        b" \xc3\xa8 ",
        b" \xc3\xa4r mitt ",
        b" olarak ",
    ];
    let window = &line[end..line.len().min(end + REACH)];
    SAYS.iter().any(|says| window.starts_with(says))
        && window.windows(label.len()).any(|word| word.eq_ignore_ascii_case(label.as_bytes()))
}

/// Whether the keyword at `start..end` can be a label: it begins a word, and a short one is not the start of a longer word.
pub(super) fn is_label(text: &[u8], start: usize, end: usize) -> bool {
    begins_word(text, start) && (end - start > 4 || !text.get(end).is_some_and(u8::is_ascii_lowercase))
}

/// Whether a word can begin at `at`: after something else, or with a capital inside a name such as `userSsn`.
fn begins_word(line: &[u8], at: usize) -> bool {
    let Some(last) = at.checked_sub(1).map(|n| line[n]) else { return true };
    !last.is_ascii_alphanumeric() || (last.is_ascii_lowercase() && line[at].is_ascii_uppercase())
}

/// Whether `line[start..end]` is no part of a longer word, number, version or path.
pub(super) fn is_whole(line: &[u8], start: usize, end: usize) -> bool {
    let (left, right) = (&line[..start], &line[end..]);
    let joins = |b: u8| matches!(b, b'-' | b'.' | b'/' | b'_');
    let before = match left {
        [] => true,
        [.., other, last] if joins(*last) => *last != b'_' && !other.is_ascii_alphanumeric(),
        [.., last] => !last.is_ascii_alphanumeric() && *last != b'_',
    };
    let after = match right {
        [] => true,
        [next, other, ..] if joins(*next) => *next != b'_' && !other.is_ascii_alphanumeric(),
        [next, ..] => !next.is_ascii_alphanumeric() && *next != b'_',
    };
    before && after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stands_before_its_value_with_nothing_else_between() {
        let line = b"the passport number is A12803456, tel 5";
        assert!(before(line, 23, "passport"));
        assert!(!before(line, 38, "passport"), "a comma lies between");
        assert!(before(b"userSsn=536228721", 8, "ssn") && !before(b"lessn=536228721", 6, "ssn"));
        assert!(!before(b"\"passport\":null,\"id\":\"A1", 22, "passport"));
        assert!(after(b"A12803456 is my passport", 9, "passport") && !after(b"A12803456 passport", 9, "passport"));
    }

    /// What the built-in rules find in `text`.
    fn found(text: &str, privacy: Privacy) -> Vec<&str> {
        use super::super::{KnownNames, Pseudonyms};
        static BOTH: OnceLock<[Redactor; 2]> = OnceLock::new();
        let both = BOTH.get_or_init(|| {
            [Privacy::Standard, Privacy::Strict].map(|privacy| {
                let set = RuleSet::load(&[]).expect("the built-in rules load");
                Redactor::new(set.into(), Pseudonyms::new(b"k"), &KnownNames::default(), privacy).expect("ready")
            })
        });
        let found = both[usize::from(privacy == Privacy::Strict)].find(text.as_bytes()).expect("the rules compile");
        found.into_iter().map(|f| &text[f.start..f.end]).collect()
    }

    #[test]
    fn a_number_goes_by_its_form_its_label_or_its_line() {
        for (text, expected) in [
            ("pay to DE89 3704 0044 0532 0130 00 by Friday", &["DE89 3704 0044 0532 0130 00"][..]),
            ("card 4012-8888-8888-1881 declined", &["4012-8888-8888-1881"]),
            ("patient 131052-308T admitted", &["131052-308T"]),
            ("her PESEL is 02070803628, his unknown", &["02070803628"]),
            ("{\"peselNumber\":\"02070803628\"}", &["02070803628"]),
            ("02070803628 is my pesel", &["02070803628"]),
            ("id,02070803628,x", &[]),
            ("02070803628", &["02070803628"]),
            ("  '02070803628',", &["02070803628"]),
            ("02070803628 and 44051401359", &["02070803628", "44051401359"]),
            ("02070803628 rows read", &[]),
            ("LB07 SEO", &["LB07 SEO"]),
            ("the LB07 SEO board", &[]),
            ("Kennzeichen: HH-KL 482", &["HH-KL 482"]),
            ("1764000000123", &[]),
            ("1764000000", &[]),
            ("9223372036854771712", &[]),
            ("took 5555555555554444 ns, trace_id=4012888888881881", &["5555555555554444"]),
            ("blk_-5555555555554444 550e8400-e29b-41d4-a716-446655440000", &[]),
        ] {
            assert_eq!(found(text, Privacy::Standard), expected, "{text}");
        }
    }

    #[test]
    fn strict_privacy_takes_dates_sites_and_plates_too_but_no_time_stamp() {
        for (text, expected) in [
            ("2026-11-23T10:15:00Z due on 5-20-2027", &["5-20-2027"][..]),
            ("2026-11-23 10:15:00,123 INFO started", &[]),
            ("[2026-11-23 10:15:00] see https://shop.example.org/a", &["https://shop.example.org/a"]),
            ("my car LB07 SEO is there", &["LB07 SEO"]),
            ("loaded main.rs and java.lang.String", &[]),
        ] {
            assert_eq!(found(text, Privacy::Strict), expected, "{text}");
        }
    }

    #[test]
    fn labels_are_asked_for_at_the_end_of_long_lines_too() {
        let line = format!("{} PESEL: 02070803628", "x ".repeat(40_000));
        assert_eq!(found(&line, Privacy::Standard), ["02070803628"]);
    }

    #[test]
    fn times_since_1970_are_no_numbers_of_people() {
        assert!(
            is_clock(b"1764000000")
                && is_clock(b"1764000000123")
                && !is_clock(b"1364000000")
                && !is_clock(b"17640000001")
        );
    }

    #[test]
    fn a_value_is_a_whole_word() {
        for (line, whole) in
            [("12345.", true), ("(12345)", true), ("12345-6", false), ("1.12345", false), ("/12345", true)]
        {
            let start = line.find("12345").expect("it is there");
            assert_eq!(is_whole(line.as_bytes(), start, start + 5), whole, "{line}");
        }
    }
}
