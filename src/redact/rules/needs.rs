//! What a line must hold for a pattern to match in it: told from the pattern, and far cheaper to ask about than the pattern.
//!
//! A keyword lights up many lines that hold no value: `session` in `Started Session 12`. Most lack a sign that every match has,
//! or a run of characters as long as a token.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Characters of one meaning: a letter in both cases, all digits, each sign, all that is not ASCII, all control characters.
type Set = u64;

/// The most sets that one pattern asks for; the smallest say most.
const MOST: usize = 6;
/// A set with more members stands in every line.
const LARGEST: u32 = 40;
/// Shorter runs stand in every line.
const SHORTEST_RUN: usize = 7;

/// Which set each byte belongs to.
static SETS: [Set; 256] = {
    let mut sets = [0; 256];
    let (mut byte, mut sign) = (0, 30);
    while byte < 256 {
        let at = match byte as u8 {
            b'a'..=b'z' => byte - b'a' as usize,
            b'A'..=b'Z' => byte - b'A' as usize,
            b'0'..=b'9' => 26,
            0x80.. => 27,
            b'\t' => 28,
            0..0x20 | 0x7f => 29,
            _ => {
                sign += 1;
                sign - 1
            }
        };
        sets[byte] = 1 << at;
        byte += 1;
    }
    sets
};

/// What every match of a pattern holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::redact) struct Needs {
    /// Of each of these sets a member.
    sets: Vec<Set>,
    /// So many characters of tokens in a row.
    run: usize,
    /// What the first group is made of, where every match begins with it.
    led_by: Option<Box<[bool; 256]>>,
}

/// The characters of a line.
#[derive(Debug, Clone, Copy)]
pub(in crate::redact) struct Characters(Set);

impl Characters {
    pub(in crate::redact) fn of(line: &[u8]) -> Self {
        Self(line.iter().fold(0, |all, byte| all | SETS[usize::from(*byte)]))
    }
}

impl Needs {
    /// What matches of `pattern` need; nothing where that cannot be told.
    pub(super) fn of(pattern: &Hir) -> Self {
        let Part { mut needs, .. } = Part::of(pattern);
        needs.sets.retain(|set| set.count_ones() <= LARGEST);
        needs.sets.sort_unstable_by_key(|set| (set.count_ones(), *set));
        needs.sets.dedup();
        needs.sets.truncate(MOST);
        if needs.run < SHORTEST_RUN {
            needs.run = 0;
        }
        needs.led_by = led_by(pattern);
        needs
    }

    /// The bytes of the first group, where every match begins with it.
    pub(in crate::redact) fn led_by(&self) -> Option<&[bool; 256]> {
        self.led_by.as_deref()
    }

    /// Whether `line` may hold a match.
    pub(in crate::redact) fn are_met(&self, line: &[u8], characters: Characters) -> bool {
        self.sets.iter().all(|set| set & characters.0 != 0) && (self.run == 0 || has_run(line, self.run))
    }
}

/// What tokens are made of.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=' | b'.' | b'~' | b'%')
}

/// Whether `least` characters of tokens stand in a row somewhere. Looks at one byte in so many where there are none.
fn has_run(line: &[u8], least: usize) -> bool {
    let mut start = 0;
    while start + least <= line.len() {
        match line[start..start + least].iter().rposition(|byte| !is_token(*byte)) {
            Some(at) => start += at + 1,
            None => return true,
        }
    }
    false
}

fn led_by(hir: &Hir) -> Option<Box<[bool; 256]>> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let HirKind::Capture(first) = parts.first()?.kind() else { return None };
    let mut bytes = Box::new([false; 256]);
    (first.index == 1 && bytes_of(&first.sub, &mut bytes)).then_some(bytes)
}

/// Adds the bytes that matches of this part consist of; whether that can be told.
pub(super) fn bytes_of(hir: &Hir, bytes: &mut [bool; 256]) -> bool {
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Look(_) | HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Literal(literal) => {
            literal.0.iter().for_each(|byte| bytes[usize::from(*byte)] = true);
            true
        }
        HirKind::Class(Class::Bytes(class)) => {
            let all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            all.for_each(|byte| bytes[usize::from(byte)] = true);
            true
        }
        HirKind::Capture(capture) => bytes_of(&capture.sub, bytes),
        HirKind::Repetition(repetition) => bytes_of(&repetition.sub, bytes),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(|part| bytes_of(part, bytes)),
    }
}

/// A part of a pattern.
#[derive(Default)]
struct Part {
    needs: Needs,
    /// Whether it matches characters of tokens only, and at least so many.
    token: Option<usize>,
}

impl Part {
    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self { token: Some(0), ..Self::default() },
            HirKind::Literal(literal) => {
                let all = literal.0.iter().map(|byte| Self::one_of(SETS[usize::from(*byte)], is_token(*byte)));
                Self::in_a_row(all)
            }
            HirKind::Class(Class::Bytes(class)) => {
                let bytes = || class.ranges().iter().flat_map(|range| range.start()..=range.end());
                Self::one_of(bytes().fold(0, |all, b| all | SETS[usize::from(b)]), bytes().all(is_token))
            }
            HirKind::Class(Class::Unicode(class)) => {
                let set = class.ranges().iter().fold(0, |all, range| {
                    let ascii = (u32::from(range.start())..=u32::from(range.end()).min(0x80)).map(|c| c as usize);
                    ascii.fold(all, |all, c| all | SETS[c])
                });
                Self::one_of(set, false)
            }
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) => {
                let part = Self::of(&repetition.sub);
                let times = repetition.min as usize;
                let token = part.token.map(|least| least * times);
                if times == 0 { Self { token, ..Self::default() } } else { Self { token, ..part } }.counted()
            }
            HirKind::Concat(parts) => Self::in_a_row(parts.iter().map(Self::of)),
            HirKind::Alternation(parts) => Self::any(parts.iter().map(Self::of)),
        }
    }

    fn one_of(set: Set, token: bool) -> Self {
        Self { needs: Needs { sets: vec![set], ..Needs::default() }, token: token.then_some(1) }.counted()
    }

    /// What matches only characters of tokens is a run of them.
    fn counted(mut self) -> Self {
        self.needs.run = self.needs.run.max(self.token.unwrap_or(0));
        self
    }

    fn in_a_row(parts: impl Iterator<Item = Self>) -> Self {
        let mut row = Self { token: Some(0), ..Self::default() };
        let mut run = 0;
        for part in parts {
            row.needs.sets.extend(part.needs.sets);
            // A part that is more than a token may begin or end with a piece of one, which is not counted.
            run = part.token.map_or(0, |least| run + least);
            row.needs.run = row.needs.run.max(part.needs.run).max(run);
            row.token = row.token.zip(part.token).map(|(before, least)| before + least);
        }
        row
    }

    /// Of what all alternatives need, as far as one set can say it.
    fn any(mut parts: impl Iterator<Item = Self>) -> Self {
        let Some(mut all) = parts.next() else { return Self::default() };
        for part in parts {
            for set in &mut all.needs.sets {
                let joined = part.needs.sets.iter().map(|other| *set | other);
                *set = joined.min_by_key(|joined| joined.count_ones()).unwrap_or(Set::MAX);
            }
            all.needs.run = all.needs.run.min(part.needs.run);
            all.token = all.token.zip(part.token).map(|(one, other)| one.min(other));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::pattern::parsed;
    use super::*;

    fn may_match(pattern: &str, line: &str) -> bool {
        Needs::of(&parsed(pattern).expect("a pattern")).are_met(line.as_bytes(), Characters::of(line.as_bytes()))
    }

    #[test]
    fn a_line_without_what_every_match_has_is_passed_over() {
        for (pattern, yes, no) in [
            ("://([^@]+)@", "http://a@b", "http://a"),
            (
                r"ghp_[A-Za-z0-9]{36}",
                "ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "ghp_aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa",
            ),
            (r"(?i)\bpin\b\s*[:=]\s*([0-9]{3,8})", "PIN: 123", "PIN 123"),
            ("a(?:b|c)?d", "ad", "ab"),
            (r"(?:x1|y2)z*", "y2", "xy"),
            (
                r"(?:key|id)-(?:[0-9a-f]{8}-){3}z",
                "id-0a0a0a0a-0a0a0a0a-0a0a0a0a-z",
                "id-0a0a0a0a -0a0a0a0a -0a0a0a0a -z",
            ),
            ("(?u:[é])x", "éx", "ex"),
        ] {
            assert!(may_match(pattern, yes), "{pattern}");
            assert!(!may_match(pattern, no), "{pattern}");
        }
    }

    #[test]
    fn a_run_is_found_wherever_it_stands() {
        for (line, has) in [("abcdefgh", true), (" abcdefgh", true), ("a bcdefghi", true), ("abcdefg hijklmn", false)] {
            assert_eq!(has_run(line.as_bytes(), 8), has, "{line}");
        }
    }
}
