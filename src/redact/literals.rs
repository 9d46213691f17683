//! Many literals in one pass over a text, whatever their case: the keywords of all rules, own names, what key blocks begin with.
//!
//! Each literal is known by a window of up to five bytes in it, those that ordinary text holds least often. At each byte of a
//! text three bytes and four bytes are looked up in a table each. No look-up waits for the one before, as it would in an
//! automaton, so the processor does several at a time. Where a table has an entry, the literals behind it are compared.

/// Bytes of a window, of which the first four are looked up as one.
const WINDOW: usize = 5;

/// Bytes by how often they stand in logs, the most usual first; others are rarer.
const USUAL: &[u8] = b" eotainrs10lcd2pumgh.3456789-fbvwky:/_\"=,()[]xjq";

/// Literals that are searched for together.
pub(super) struct Literals {
    literals: Vec<Literal>,
    /// Those of two and three bytes, by three.
    short: Table,
    /// Longer ones, by four. An entry says by its bits which fifth bytes may follow.
    long: Table,
    /// The bits of each fifth byte.
    fifth: [u8; 256],
    /// Literals of one byte.
    single: Vec<(u8, usize)>,
}

struct Literal {
    /// In lower case.
    text: Box<[u8]>,
    /// Where its window begins.
    at: usize,
}

/// Literals by the hash of some of their bytes.
struct Table {
    /// What is asked at each byte of a text, small enough for the nearest cache: for the longer literals a byte for each hash, for
    /// the short ones, which stand for many hashes, a bit.
    entries: Vec<u8>,
    /// The list of literals of each hash.
    list_of: Vec<u16>,
    lists: Vec<Vec<u32>>,
}

/// A place where a literal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The number of the literal.
    pub(super) literal: usize,
}

impl std::fmt::Debug for Literals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Literals({})", self.literals.len())
    }
}

impl Literals {
    /// These literals, none of them empty, which are numbered in their order.
    pub(super) fn new<'a>(literals: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut all = Self {
            literals: Vec::new(),
            short: Table::new(1 << (THREE_BITS - 3), 1 << THREE_BITS),
            long: Table::new(1 << FOUR_BITS, 1 << FOUR_BITS),
            fifth: std::array::from_fn(|byte| ANY_FIFTH | fifth_bit(byte as u8)),
            single: Vec::new(),
        };
        literals.into_iter().for_each(|literal| all.add(literal.to_ascii_lowercase().into()));
        all
    }

    fn add(&mut self, text: Box<[u8]>) {
        let number = self.literals.len() as u32;
        let at = rarest(&text);
        match text[at..text.len().min(at + WINDOW)] {
            [] => {}
            [byte] => self.single.push((byte, self.literals.len())),
            [a, b] => (0..=255).for_each(|c| self.add_short([a, b, c, 0], number)),
            [a, b, c] => self.add_short([a, b, c, 0], number),
            [a, b, c, d] => self.add_long([a, b, c, d], ANY_FIFTH, number),
            [a, b, c, d, fifth, ..] => self.add_long([a, b, c, d], fifth_bit(fifth), number),
        }
        self.literals.push(Literal { text, at });
    }

    fn add_short(&mut self, bytes: [u8; 4], number: u32) {
        let hash = hash_of_three(bytes);
        self.short.entries[hash / 8] |= 1 << (hash % 8);
        self.short.enter(hash, number);
    }

    fn add_long(&mut self, bytes: [u8; 4], bits: u8, number: u32) {
        let hash = hash_of_four(bytes);
        self.long.entries[hash] |= bits;
        self.long.enter(hash, number);
    }

    /// Every place in `text` where a literal stands, ordered by where the literals end.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut at = 0;
        while let Some(eight) = text.get(at..at + 8) {
            let bytes = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
            let passed = [0, 8, 16, 24].map(|shift| self.passes(bytes >> shift));
            if passed != [0; 4] {
                let passed = passed.iter().enumerate().filter(|(_, passed)| **passed != 0);
                passed.for_each(|(n, _)| self.compare(text, at + n, bytes >> (8 * n), &mut hits));
            }
            at += 4;
        }
        for at in at..text.len() {
            let mut last = [0; 8];
            let rest = &text[at..text.len().min(at + 8)];
            last[..rest.len()].copy_from_slice(rest);
            let bytes = u64::from_le_bytes(last);
            if self.passes(bytes) != 0 {
                self.compare(text, at, bytes, &mut hits);
            }
        }
        for (byte, literal) in &self.single {
            let both = memchr::memchr2_iter(*byte, byte.to_ascii_uppercase(), text);
            hits.extend(both.map(|at| Hit { start: at, end: at + 1, literal: *literal }));
        }
        if !hits.is_sorted_by_key(|hit| hit.end) {
            hits.sort_by_key(|hit| hit.end);
        }
        hits
    }

    /// Whether a literal may have its window at the first of these bytes.
    #[inline]
    fn passes(&self, bytes: u64) -> u8 {
        let [a, b, c, d, fifth, ..] = bytes.to_le_bytes();
        let long = self.long.entries[hash_of_four([a, b, c, d])] & self.fifth[usize::from(fifth)];
        let short = hash_of_three([a, b, c, d]);
        long | (self.short.entries[short / 8] >> (short % 8) & 1)
    }

    /// Which literals have their window at `at`, where these bytes stand.
    #[inline(never)]
    fn compare(&self, text: &[u8], at: usize, bytes: u64, hits: &mut Vec<Hit>) {
        let [a, b, c, d, ..] = bytes.to_le_bytes();
        let long = self.long.list(hash_of_four([a, b, c, d]));
        for number in long.iter().chain(self.short.list(hash_of_three([a, b, c, d]))) {
            let literal = &self.literals[*number as usize];
            let Some(start) = at.checked_sub(literal.at) else { continue };
            let end = start + literal.text.len();
            let Some(found) = text.get(start..end) else { continue };
            // Most that share a window differ at an end.
            let differ = |at: usize| (found[at] ^ literal.text[at]) & FOLD != 0;
            if !differ(0) && !differ(found.len() - 1) && found.eq_ignore_ascii_case(&literal.text) {
                hits.push(Hit { start, end, literal: *number as usize });
            }
        }
    }
}

impl Table {
    fn new(entries: usize, hashes: usize) -> Self {
        Self { entries: vec![0; entries], list_of: vec![0; hashes], lists: vec![Vec::new()] }
    }

    fn enter(&mut self, hash: usize, number: u32) {
        let list = &mut self.list_of[hash];
        if *list == 0 {
            // Should there be more lists than can be numbered, the last hashes share one.
            *list = u16::try_from(self.lists.len()).unwrap_or(u16::MAX);
            self.lists.resize_with(self.lists.len().max(usize::from(*list) + 1), Vec::new);
        }
        let list = &mut self.lists[usize::from(*list)];
        if list.last() != Some(&number) {
            list.push(number);
        }
    }

    fn list(&self, hash: usize) -> &[u32] {
        &self.lists[usize::from(self.list_of[hash])]
    }
}

/// What a letter's two cases have in common.
const FOLD: u8 = 0x5f;

/// The bit of an entry after whose four bytes anything may follow.
const ANY_FIFTH: u8 = 1 << 7;

fn fifth_bit(byte: u8) -> u8 {
    1 << ((byte & FOLD) % 7)
}

const THREE_BITS: u32 = 17;
const FOUR_BITS: u32 = 15;

/// The upper bits of a product are the best mixed.
#[inline]
fn hash_of_three(bytes: [u8; 4]) -> usize {
    ((u32::from_le_bytes(bytes) & 0x005f_5f5f).wrapping_mul(0x9e37_79b1) >> (32 - THREE_BITS)) as usize
}

#[inline]
fn hash_of_four(bytes: [u8; 4]) -> usize {
    ((u32::from_le_bytes(bytes) & 0x5f5f_5f5f).wrapping_mul(0x85eb_ca6b) >> (32 - FOUR_BITS)) as usize
}

/// Where in `literal` the window begins that ordinary text holds least often.
fn rarest(literal: &[u8]) -> usize {
    let rarity = |byte: &u8| USUAL.iter().position(|usual| usual == byte).unwrap_or(USUAL.len());
    let windows = literal.windows(literal.len().clamp(1, WINDOW));
    windows.enumerate().max_by_key(|(_, window)| window.iter().map(rarity).sum::<usize>()).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The plain way.
    fn expected(literals: &[&[u8]], text: &[u8]) -> Vec<Hit> {
        let lower = text.to_ascii_lowercase();
        let mut hits = Vec::new();
        for (literal, sought) in literals.iter().enumerate() {
            let starts = lower.windows(sought.len()).enumerate().filter(|(_, found)| found == sought);
            hits.extend(starts.map(|(start, _)| Hit { start, end: start + sought.len(), literal }));
        }
        hits.sort_by_key(|hit| (hit.end, hit.literal));
        hits
    }

    proptest! {
        #[test]
        fn every_place_is_found_once_whatever_the_case(
            literals in prop::collection::vec("[ab@. \u{e4}]{1,7}", 1..9),
            text in "[abAB@. \u{e4}\n]{0,60}",
        ) {
            let mut literals: Vec<&[u8]> = literals.iter().map(String::as_bytes).collect();
            literals.sort_unstable();
            literals.dedup();
            let mut found = Literals::new(literals.iter().copied()).find(text.as_bytes());
            prop_assert!(found.is_sorted_by_key(|hit| hit.end));
            found.sort_by_key(|hit| (hit.end, hit.literal));
            prop_assert_eq!(found, expected(&literals, text.as_bytes()));
        }
    }
}
