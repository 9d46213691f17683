//! Searches for many literals of at least eight bytes at once, at the speed of looking at every fifth byte.
//!
//! Wherever such a literal stands, one of any five neighbouring places shows four bytes out of its first eight. So only every
//! fifth place is looked up in a table of those; from a place that is in it, an automaton decides. It is left as soon as
//! what was read begins no literal, so the work stays linear whatever the text.

use std::ops::Range;

use aho_corasick::MatchKind;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;

/// The least length of a literal.
pub(super) const SHORTEST: usize = 8;
/// Bytes that are looked up.
const GRAM: usize = 4;
/// Places between two looks.
const STEP: usize = SHORTEST - GRAM + 1;

/// The table has this many bits for each of its entries, so that one in 64 of other places is in it by chance.
const BITS_AN_ENTRY: usize = 64;
/// The most bits of the table, as a power of two: 4 MiB.
const MOST_BITS: u32 = 25;

/// Literals to search for.
pub(super) struct LongLiterals {
    table: Vec<u64>,
    /// What is left of 32 bits of a hash to be a place in the table.
    shift: u32,
    automaton: NFA,
}

/// Where a literal stands, and its number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) range: Range<usize>,
    pub(super) number: usize,
}

impl LongLiterals {
    /// `None` when there are too many of them.
    pub(super) fn new(literals: &[Vec<u8>]) -> Option<Self> {
        debug_assert!(literals.iter().all(|literal| literal.len() >= SHORTEST));
        let wanted = (literals.len() * STEP * BITS_AN_ENTRY).next_power_of_two().trailing_zeros();
        let bits = wanted.clamp(6, MOST_BITS);
        let automaton = NFA::builder().match_kind(MatchKind::LeftmostLongest).build(literals).ok()?;
        let mut this = Self { table: vec![0; 1 << (bits - 6)], shift: 32 - bits, automaton };
        for literal in literals {
            for at in 0..STEP {
                let place = this.place(&literal[at..]);
                this.table[place / 64] |= 1 << (place % 64);
            }
        }
        Some(this)
    }

    /// The literals in `text` from the left, the longest of those that begin at one place; none overlaps another.
    pub(super) fn find<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Place> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            let place = self.next(text, at)?;
            at = place.range.end;
            Some(place)
        })
    }

    /// Whether one of them stands in `text`.
    pub(super) fn stand_in(&self, text: &[u8]) -> bool {
        self.next(text, 0).is_some()
    }

    fn next(&self, text: &[u8], from: usize) -> Option<Place> {
        let automaton = &self.automaton;
        let start = automaton.start_state(aho_corasick::Anchored::No).ok()?;
        let mut at = from;
        loop {
            at = self.candidate(text, at)?;
            let (mut state, mut found) = (start, None);
            while let Some(byte) = text.get(at) {
                state = automaton.next_state(aho_corasick::Anchored::No, state, *byte);
                at += 1;
                if state == start {
                    break;
                }
                if automaton.is_dead(state) {
                    // Nothing longer begins where the one that was found does.
                    return found;
                }
                if automaton.is_match(state) {
                    let pattern = automaton.match_pattern(state, 0);
                    let range = at - automaton.pattern_len(pattern)..at;
                    found = Some(Place { range, number: pattern.as_usize() });
                }
            }
            if found.is_some() || at == text.len() {
                return found;
            }
        }
    }

    /// The first place from `from` on at which a literal may begin.
    fn candidate(&self, text: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        while let Some(gram) = text.get(at..at + GRAM) {
            let place = self.place(gram);
            if (self.table[place / 64] >> (place % 64)) & 1 == 1 {
                return Some(from.max((at + 1).saturating_sub(STEP)));
            }
            at += STEP;
        }
        None
    }

    /// The place in the table of the first bytes of `bytes`.
    fn place(&self, bytes: &[u8]) -> usize {
        let gram = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        // Fibonacci hashing (Knuth, 6.4): the upper bits depend on all of the bytes.
        (gram.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aho_corasick::AhoCorasick;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_found_is_what_another_search_finds(
            literals in prop::collection::vec("[ab]{8,12}|[ab]{3}[a-d]{5,20}|(abcd){2,6}", 1..12),
            text in "([ab]{0,40}|(abcd){0,8}|[a-d]{0,20}){0,8}",
            planted in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
        ) {
            let mut text = text.into_bytes();
            for (which, at) in planted {
                let at = at.index(text.len() + 1);
                text.splice(at..at, literals[which.index(literals.len())].bytes());
            }
            let literals: Vec<Vec<u8>> = literals.into_iter().map(String::into_bytes).collect();
            let other = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&literals).expect("few");
            let expected: Vec<Range<usize>> = other.find_iter(&text).map(|m| m.range()).collect();
            let search = LongLiterals::new(&literals).expect("few");
            let found: Vec<Range<usize>> = search.find(&text).map(|place| place.range).collect();
            prop_assert_eq!(search.stand_in(&text), !expected.is_empty());
            prop_assert_eq!(found, expected);
        }
    }
}
