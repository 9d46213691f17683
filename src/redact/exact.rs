//! Tens of thousands of long literals in one pass over a text, byte for byte: the secrets of a run in all their spellings.
//!
//! An automaton over them would take hundreds of megabytes. Here each is known by eight of its bytes, those that it shares with
//! the fewest others. Five of them are looked up at every fourth byte of a text: however the literal lies, one look falls on it.

/// Bytes between two looks.
const STRIDE: usize = 4;
/// Bytes of a look.
const WINDOW: usize = 5;
/// Bytes after a window by which a list of literals that share it is searched.
const NEXT: usize = 8;
/// Bytes that a literal is known by, so no literal may be shorter.
pub(super) const REGION: usize = STRIDE + WINDOW - 1;
/// The largest table: with the most seeds and all their spellings each entry of it has two windows.
const MOST_BITS: u32 = 20;
/// The filter has so many more bits than the table has entries; at most a megabyte, which the nearer caches hold.
const FILTER_BITS: u32 = 3;

/// Literals that are searched for together.
#[derive(Default)]
pub(super) struct ExactLiterals {
    /// All of them, one after the other.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    bits: u32,
    /// Whether any window has this hash.
    filter: Vec<u64>,
    /// Where the windows of each hash begin in `windows`, and where the last of them end.
    first: Vec<u32>,
    windows: Vec<Window>,
    longest: usize,
}

/// Where a literal can be looked up.
#[derive(Clone, Copy, Default)]
struct Window {
    /// What comes after it in the literal, hashed; 0 where the literal is too short for that.
    next: u32,
    literal: u32,
    /// Where in the literal it stands.
    at: u32,
}

/// A place where a literal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The number of the literal.
    pub(super) literal: usize,
}

impl ExactLiterals {
    /// These literals, of [`REGION`] bytes or more, numbered in their order.
    pub(super) fn new(literals: &[Vec<u8>]) -> Self {
        let mut all = Self::default();
        for literal in literals {
            all.bytes.extend_from_slice(literal);
            all.ends.push(all.bytes.len());
            all.longest = all.longest.max(literal.len());
        }
        let windows = literals.len() * STRIDE;
        all.bits = windows.next_power_of_two().ilog2().clamp(6, MOST_BITS);
        all.filter = vec![0; 1 << (all.bits + FILTER_BITS - 6)];
        let mut counts = vec![0u32; (1 << all.bits) + 1];
        let mut regions = Vec::with_capacity(literals.len());
        for literal in literals {
            let region = all.rarest_region(literal, &counts);
            all.hashes(&literal[region..]).for_each(|(_, hash)| counts[all.entry(hash) + 1] += 1);
            regions.push(region);
        }
        let mut sum = 0;
        for count in &mut counts {
            sum += *count;
            *count = sum;
        }
        all.windows = vec![Window::default(); windows];
        let mut next = counts.clone();
        for (number, (literal, region)) in literals.iter().zip(regions).enumerate() {
            for (at, hash) in all.hashes(&literal[region..]).collect::<Vec<_>>() {
                let (entry, bit) = (all.entry(hash), all.bit(hash));
                let at = region + at;
                let after = next_hash(literal, at + WINDOW).unwrap_or(0);
                all.windows[next[entry] as usize] = Window { next: after, literal: number as u32, at: at as u32 };
                next[entry] += 1;
                all.filter[bit / 64] |= 1 << (bit % 64);
            }
        }
        for pair in counts.windows(2) {
            all.windows[pair[0] as usize..pair[1] as usize].sort_unstable_by_key(|window| window.next);
        }
        all.first = counts;
        all
    }

    /// Bytes of the longest literal; 0 without any.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Where literals stand in `text`: of those that overlap the first, and of those that begin together the longest.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Occurrence> {
        let mut found = Vec::new();
        self.look(text, |occurrence| {
            found.push(occurrence);
            true
        });
        found.sort_by_key(|o| (o.start, std::cmp::Reverse(o.end), o.literal));
        let mut from = 0;
        found.retain(|o| {
            let apart = o.start >= from;
            from = if apart { o.end } else { from };
            apart
        });
        found
    }

    /// Whether `text` holds a literal.
    pub(super) fn stand_in(&self, text: &[u8]) -> bool {
        let mut any = false;
        self.look(text, |_| {
            any = true;
            false
        });
        any
    }

    /// Visits the places in `text` where literals stand, in no order, until the visitor has enough.
    fn look(&self, text: &[u8], mut visit: impl FnMut(Occurrence) -> bool) {
        if self.ends.is_empty() {
            return;
        }
        let mut at = 0;
        while at + WINDOW <= text.len() {
            let bytes = match text.get(at..at + 8) {
                Some(eight) => u64::from_le_bytes(eight.try_into().expect("eight bytes")),
                None => little_endian(&text[at..]),
            };
            let hash = hash_of(bytes);
            let bit = self.bit(hash);
            if self.filter[bit / 64] >> (bit % 64) & 1 != 0 && !self.compare(text, at, hash, &mut visit) {
                return;
            }
            at += STRIDE;
        }
    }

    #[inline(never)]
    fn compare(&self, text: &[u8], at: usize, hash: u64, visit: &mut impl FnMut(Occurrence) -> bool) -> bool {
        let entry = self.entry(hash);
        let windows = &self.windows[self.first[entry] as usize..self.first[entry + 1] as usize];
        let (short, long) = windows.split_at(windows.partition_point(|window| window.next == 0));
        let next = next_hash(text, at + WINDOW).unwrap_or(0);
        let long = &long[long.partition_point(|window| window.next < next)..];
        for window in short.iter().chain(long.iter().take_while(|window| window.next == next)) {
            let literal = self.literal(window.literal as usize);
            let Some(start) = at.checked_sub(window.at as usize) else { continue };
            let end = start + literal.len();
            if text.get(start..end) == Some(literal)
                && !visit(Occurrence { start, end, literal: window.literal as usize })
            {
                return false;
            }
        }
        true
    }

    fn literal(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }

    /// Where the eight bytes of `literal` begin that others share least: tokens often begin alike.
    fn rarest_region(&self, literal: &[u8], counts: &[u32]) -> usize {
        const MOST_REGIONS: usize = 16;
        let last = literal.len() - if literal.len() < REGION + NEXT { REGION } else { REGION + NEXT };
        let step = (last / MOST_REGIONS).max(STRIDE);
        let regions = (0..=last).rev().step_by(step);
        let shared = |region: &usize| {
            self.hashes(&literal[*region..]).map(|(_, hash)| counts[self.entry(hash) + 1]).max().unwrap_or(0)
        };
        regions.min_by_key(shared).unwrap_or(0)
    }

    /// The windows at the start of `region`, one of which a look falls on, with their hashes.
    fn hashes<'a>(&self, region: &'a [u8]) -> impl Iterator<Item = (usize, u64)> + use<'a> {
        (0..STRIDE).map(move |at| (at, hash_of(little_endian(&region[at..at + WINDOW]))))
    }

    fn entry(&self, hash: u64) -> usize {
        (hash >> (64 - self.bits)) as usize
    }

    fn bit(&self, hash: u64) -> usize {
        (hash >> (64 - self.bits - FILTER_BITS)) as usize
    }
}

/// Of the bytes from `at` on; never 0.
fn next_hash(bytes: &[u8], at: usize) -> Option<u32> {
    let next = little_endian(bytes.get(at..at + NEXT)?);
    Some((next.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32 | 1)
}

/// Up to eight bytes as a number.
fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Of the five lowest bytes. The upper bits of a product are the best mixed.
#[inline]
fn hash_of(bytes: u64) -> u64 {
    (bytes << 24).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The plain way.
    fn expected(literals: &[Vec<u8>], text: &[u8]) -> Vec<Occurrence> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let here = literals.iter().enumerate().filter(|(_, literal)| text[at..].starts_with(literal));
            match here.max_by_key(|(n, literal)| (literal.len(), std::cmp::Reverse(*n))) {
                Some((literal, bytes)) => {
                    found.push(Occurrence { start: at, end: at + bytes.len(), literal });
                    at += bytes.len();
                }
                None => at += 1,
            }
        }
        found
    }

    proptest! {
        #[test]
        fn every_literal_is_found_however_it_lies(
            literals in prop::collection::vec("[ab]{8,12}", 1..8),
            around in prop::collection::vec("[ab ]{0,9}", 1..8),
        ) {
            let literals: Vec<Vec<u8>> = literals.into_iter().map(String::into_bytes).collect();
            let mut text = Vec::new();
            for (n, between) in around.iter().enumerate() {
                text.extend_from_slice(between.as_bytes());
                text.extend_from_slice(&literals[n % literals.len()]);
            }
            let exact = ExactLiterals::new(&literals);
            prop_assert_eq!(exact.find(&text), expected(&literals, &text));
            prop_assert_eq!(exact.stand_in(&text), true);
            prop_assert_eq!(exact.stand_in(b"ab ab ab ab ab"), false);
        }
    }

    #[test]
    fn literals_that_begin_and_end_alike_do_not_share_a_place_in_the_table() {
        let literals: Vec<Vec<u8>> = (0..5_000).map(|n| format!("s3cret-Value-{n:06}-of-many").into_bytes()).collect();
        let exact = ExactLiterals::new(&literals);
        let most = exact.first.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(most < Some(200), "{most:?}");
        assert_eq!(exact.find(b"x s3cret-Value-004711-of-many")[0].literal, 4711);
    }
}
