//! Many literals in one pass over a text, whatever their case: the keywords of all rules, own names, what key blocks begin with.
//!
//! Each literal is known by a window of up to four bytes in it, those that ordinary text holds least often. At each byte of a
//! text the next three are looked up in one table, whose entry says by its bits which fourth bytes may follow. No look-up waits
//! for the one before, as it would in an automaton, so the processor does several at a time. Where the table has an entry, eight
//! bytes are compared with those of the literals behind it, and then the rest.

use std::cmp::Reverse;
use std::sync::OnceLock;

use super::everyday::EVERYDAY;

/// Bytes of a window.
const WINDOW: usize = 4;

/// Bytes by how often they stand in logs, the most usual first; others are rarer.
const USUAL: &[u8] = b" eotainrs10lcd2pumgh.3456789-fbvwky:/_\"=,()[]xjq";

/// Literals that are searched for together.
pub(super) struct Literals {
    literals: Vec<Literal>,
    /// What is asked at each byte of a text, small enough for the nearest cache.
    entries: Box<[u8; ENTRIES]>,
    /// The bit of each fourth byte.
    fourth: [u8; 256],
    /// Where the windows of each entry begin in `windows`, and where the last end.
    starts: Vec<u32>,
    windows: Vec<Window>,
    /// Literals of one byte.
    single: Vec<(u8, usize)>,
}

struct Literal {
    /// In lower case.
    text: Box<[u8]>,
    /// Where its window begins.
    at: usize,
}

/// The first eight bytes from a window on, whatever their case, as far as the literal has them.
#[derive(Clone, Copy)]
struct Window {
    bytes: u64,
    mask: u64,
    literal: u32,
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
            entries: vec![0; ENTRIES].into_boxed_slice().try_into().expect("that many"),
            fourth: std::array::from_fn(|byte| fourth_bit(byte as u8)),
            starts: Vec::new(),
            windows: Vec::new(),
            single: Vec::new(),
        };
        let mut windows = Vec::new();
        literals.into_iter().for_each(|literal| all.add(literal.to_ascii_lowercase().into(), &mut windows));
        windows.sort_by_key(|(entry, _)| *entry);
        let mut ends = windows.iter().map(|(entry, _)| *entry).enumerate().peekable();
        for entry in 0..=ENTRIES {
            while ends.next_if(|(_, of)| *of < entry).is_some() {}
            all.starts.push(ends.peek().map_or(windows.len(), |(n, _)| *n) as u32);
        }
        all.windows = windows.into_iter().map(|(_, window)| window).collect();
        all
    }

    fn add(&mut self, text: Box<[u8]>, windows: &mut Vec<(usize, Window)>) {
        let literal = self.literals.len() as u32;
        let at = rarest(&text);
        let mut eight = [0; 8];
        let length = (text.len() - at).min(8);
        eight[..length].copy_from_slice(&text[at..at + length]);
        let mask = FOLD_ALL >> (8 * (8 - length));
        let window = Window { bytes: u64::from_le_bytes(eight) & mask, mask, literal };
        let mut enter = |bytes: [u8; 3], bits: u8| {
            let entry = entry_of(u64::from_le_bytes([bytes[0], bytes[1], bytes[2], 0, 0, 0, 0, 0]));
            self.entries[entry] |= bits;
            windows.push((entry, window));
        };
        match text[at..] {
            [] => {}
            [byte] => self.single.push((byte, self.literals.len())),
            // Each third byte once, whatever its case.
            [a, b] => (0..=u8::MAX).filter(|c| c & !FOLD == 0).for_each(|c| enter([a, b, c], u8::MAX)),
            [a, b, c] => enter([a, b, c], u8::MAX),
            [a, b, c, d, ..] => enter([a, b, c], fourth_bit(d)),
        }
        self.literals.push(Literal { text, at });
    }

    /// The text of one of them, in lower case.
    pub(super) fn text(&self, literal: usize) -> &[u8] {
        &self.literals[literal].text
    }

    /// Every place in `text` where a literal stands, ordered by where the literals end.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut at = 0;
        while let Some(eight) = text.get(at..at + 8) {
            let bytes = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
            // Written out, for the compiler keeps all four in registers so.
            let (first, second) = (self.passes(bytes), self.passes(bytes >> 8));
            let (third, fourth) = (self.passes(bytes >> 16), self.passes(bytes >> 24));
            if first | second | third | fourth != 0 {
                for (n, passed) in [first, second, third, fourth].into_iter().enumerate() {
                    if passed != 0 {
                        self.compare(text, at + n, bytes >> (8 * n), &mut hits);
                    }
                }
            }
            at += 4;
        }
        // At most seven bytes are left, and zeros behind them.
        let mut last = [0; 16];
        last[..text.len() - at].copy_from_slice(&text[at..]);
        for (n, eight) in last.windows(8).enumerate().take(text.len() - at) {
            let bytes = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
            if self.passes(bytes) != 0 {
                self.compare(text, at + n, bytes, &mut hits);
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
    #[inline(always)]
    fn passes(&self, bytes: u64) -> u8 {
        self.entries[entry_of(bytes)] & self.fourth[(bytes >> 24 & 0xff) as usize]
    }

    /// Which literals have their window at `at`, where these bytes stand.
    #[inline(never)]
    fn compare(&self, text: &[u8], at: usize, bytes: u64, hits: &mut Vec<Hit>) {
        let entry = entry_of(bytes);
        // Of the bytes only four are sure to be there.
        let bytes = match text.get(at..at + 8) {
            Some(eight) => u64::from_le_bytes(eight.try_into().expect("eight bytes")),
            None => last_bytes(text, at),
        };
        for window in &self.windows[self.starts[entry] as usize..self.starts[entry + 1] as usize] {
            if (bytes ^ window.bytes) & window.mask != 0 {
                continue;
            }
            let literal = &self.literals[window.literal as usize];
            let Some(start) = at.checked_sub(literal.at) else { continue };
            let end = start + literal.text.len();
            if text.get(start..end).is_some_and(|found| found.eq_ignore_ascii_case(&literal.text)) {
                hits.push(Hit { start, end, literal: window.literal as usize });
            }
        }
    }
}

/// The last bytes of `text`, from `at` on, and zeros.
fn last_bytes(text: &[u8], at: usize) -> u64 {
    let mut last = [0; 8];
    let rest = &text[at..text.len().min(at + 8)];
    last[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(last)
}

/// What a letter's two cases have in common.
const FOLD: u8 = 0x5f;
const FOLD_ALL: u64 = u64::from_le_bytes([FOLD; 8]);

fn fourth_bit(byte: u8) -> u8 {
    1 << ((byte & FOLD).wrapping_mul(0x2d) >> 3 & 7)
}

/// Bits of the table's size: it fills the nearest cache.
const ENTRY_BITS: u32 = 15;
const ENTRIES: usize = 1 << ENTRY_BITS;

/// The entry of the first three bytes. The upper bits of a product are the best mixed. This factor and that of the fourth byte are
/// those of 3,000 tried at random with which our own keywords let through the least of [`EVERYDAY`]: 3 % of all places, not 9 %.
#[inline(always)]
fn entry_of(bytes: u64) -> usize {
    ((bytes as u32 & 0x005f_5f5f).wrapping_mul(0x4b6a_9d0b) >> (32 - ENTRY_BITS)) as usize
}

/// Where in `literal` the window begins that ordinary text holds least often.
fn rarest(literal: &[u8]) -> usize {
    let rarity = |byte: &u8| USUAL.iter().position(|usual| usual == byte).unwrap_or(USUAL.len());
    let windows = literal.windows(literal.len().clamp(1, WINDOW));
    // First of all it must let through little of what logs are full of.
    let key = |window: &[u8]| (Reverse(everyday(window)), window.iter().map(rarity).sum::<usize>());
    windows.enumerate().max_by_key(|(_, window)| key(window)).map_or(0, |(at, _)| at)
}

/// How often everyday lines get as far as this window.
fn everyday(window: &[u8]) -> u8 {
    static COUNTS: OnceLock<Box<[u8]>> = OnceLock::new();
    let place = |four: &[u8]| {
        let bytes = u32::from_le_bytes(four.try_into().expect("four bytes"));
        entry_of(u64::from(bytes)) * 8 + fourth_bit(four[3]).trailing_zeros() as usize
    };
    let counts = COUNTS.get_or_init(|| {
        let mut counts = vec![0u8; 8 * ENTRIES];
        for four in EVERYDAY.as_bytes().windows(WINDOW) {
            let count = &mut counts[place(four)];
            *count = count.saturating_add(1);
        }
        counts.into()
    });
    if window.len() == WINDOW { counts[place(window)] } else { 0 }
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
