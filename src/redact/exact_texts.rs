//! Searches a text for many exact texts: the secrets of a run, up to half a million with all their spellings. An automaton for
//! as many takes seconds to build and a third of a gigabyte; this takes their own size and some bytes for each.
//!
//! Wherever such a text stands, one of any five neighbouring places shows four bytes out of its first eight. So only every
//! fifth place of the searched text is looked up in a table of those; around a place that is in it, the texts are compared.

use std::ops::Range;

/// Bytes by which a text is known. None is shorter.
pub(super) const SHORTEST: usize = 8;
/// Bytes that are looked up.
const GRAM: usize = 4;
/// Places between two looks.
const STEP: usize = SHORTEST - GRAM + 1;

/// Bits of the table for each of its entries: one in 64 of other places is in it by chance.
const BITS_AN_ENTRY: usize = 64;
/// The smallest table has so many bits, as a power of two.
const FEWEST_BITS: u32 = 12;
/// The largest: 4 MiB.
const MOST_BITS: u32 = 25;

/// Texts that are searched for.
#[derive(Default)]
pub(super) struct ExactTexts {
    /// All of them, one after the other.
    bytes: Vec<u8>,
    /// Where each ends in `bytes`.
    ends: Vec<u32>,
    /// One bit for each hash of what is looked up.
    bits: Vec<u64>,
    /// How far a hash is shifted to be one of a bit.
    shift: u32,
    /// The numbers of the texts by bucket, within one in the order of the texts, and of equal ones the first.
    numbers: Vec<u32>,
    /// How far a hash is shifted to be that of a bucket.
    bucket_shift: u32,
    /// Where each bucket begins in `numbers`, and the last ends.
    buckets: Vec<u32>,
    longest: usize,
}

impl ExactTexts {
    /// Adds a text that is not empty; one that is too short is never found. `None` when there is no room.
    pub(super) fn add(&mut self, text: &[u8]) -> Option<()> {
        self.bytes.extend_from_slice(text);
        self.ends.push(u32::try_from(self.bytes.len()).ok()?);
        self.longest = self.longest.max(text.len());
        Some(())
    }

    /// Makes all that was added ready to be searched for.
    pub(super) fn ready(mut self) -> Self {
        if self.ends.is_empty() {
            return self;
        }
        let wanted = (self.ends.len() * STEP * BITS_AN_ENTRY).next_power_of_two().trailing_zeros();
        let length = wanted.clamp(FEWEST_BITS, MOST_BITS);
        self.shift = u32::BITS - length;
        let mut bits = vec![0; 1 << (length - 6)];
        self.bucket_shift = u64::BITS - self.ends.len().next_power_of_two().trailing_zeros().max(1);
        let hash_of = |number: u32| self.text(number as usize).first_chunk().map(hash);
        let mut numbers: Vec<(u64, u32)> =
            (0..self.ends.len() as u32).filter_map(|number| Some((hash_of(number)?, number))).collect();
        for (_, number) in &numbers {
            for gram in self.text(*number as usize)[..SHORTEST].windows(GRAM) {
                let bit = self.bit(gram);
                bits[bit / 64] |= 1 << (bit % 64);
            }
        }
        let text = |number: u32| self.text(number as usize);
        let bucket = |hash: u64| (hash >> self.bucket_shift) as usize;
        numbers.sort_by(|(hash, a), (other, b)| {
            bucket(*hash).cmp(&bucket(*other)).then_with(|| text(*a).cmp(text(*b))).then(a.cmp(b))
        });
        numbers.dedup_by(|(_, next), (_, before)| text(*next) == text(*before));
        let mut buckets = vec![0; (1 << (u64::BITS - self.bucket_shift)) + 1];
        numbers.iter().for_each(|(hash, _)| buckets[bucket(*hash) + 1] += 1);
        for at in 1..buckets.len() {
            buckets[at] += buckets[at - 1];
        }
        let numbers = numbers.into_iter().map(|(_, number)| number).collect();
        (self.bits, self.buckets, self.numbers) = (bits, buckets, numbers);
        self
    }

    /// Bytes of the longest; 0 without any.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// One of them.
    pub(super) fn text(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[number] as usize]
    }

    /// The first of the texts that stands in `text` from `from` on, of several at one place the longest: where, and which.
    pub(super) fn next(&self, text: &[u8], from: usize) -> Option<(Range<usize>, usize)> {
        if self.bits.is_empty() {
            return None;
        }
        // What begins before was looked at.
        let (mut next, mut look) = (from, from);
        while let Some(gram) = text.get(look..look + GRAM) {
            let bit = self.bit(gram);
            if self.bits[bit / 64] >> (bit % 64) & 1 == 1 {
                for at in next.max((look + 1).saturating_sub(STEP))..=look {
                    if let Some(number) = self.at(&text[at..]) {
                        return Some((at..at + self.text(number).len(), number));
                    }
                }
                next = look + 1;
            }
            look += STEP;
        }
        None
    }

    /// The place in the table of four bytes.
    fn bit(&self, gram: &[u8]) -> usize {
        let gram = u32::from_le_bytes(gram.try_into().expect("four bytes"));
        // Fibonacci hashing (Knuth, 6.4): the upper bits depend on all of the bytes.
        (gram.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    /// The longest of the texts that `text` begins with. Tokens of one kind all begin alike, so this is no list to go through.
    fn at(&self, text: &[u8]) -> Option<usize> {
        let bucket = (hash(text.first_chunk()?) >> self.bucket_shift) as usize;
        let mut numbers = &self.numbers[self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize];
        let mut start = &text[..text.len().min(self.longest)];
        loop {
            // All that are in order between a text's beginning and the text have that beginning too.
            numbers = &numbers[..numbers.partition_point(|number| self.text(*number as usize) <= start)];
            let number = *numbers.last()? as usize;
            let nearest = self.text(number);
            let same = nearest.iter().zip(start).take_while(|(a, b)| a == b).count();
            if same == nearest.len() {
                return Some(number);
            }
            start = &start[..same];
        }
    }
}

fn hash(first: &[u8; SHORTEST]) -> u64 {
    u64::from_le_bytes(*first).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aho_corasick::{AhoCorasick, MatchKind};
    use proptest::prelude::*;

    fn of(texts: &[&[u8]]) -> ExactTexts {
        let mut all = ExactTexts::default();
        texts.iter().for_each(|text| all.add(text).expect("there is room"));
        all.ready()
    }

    fn found(texts: &ExactTexts, text: &[u8]) -> Vec<(Range<usize>, usize)> {
        let mut from = 0;
        std::iter::from_fn(|| {
            let found = texts.next(text, from)?;
            from = found.0.end;
            Some(found)
        })
        .collect()
    }

    #[test]
    fn tokens_that_begin_alike_are_told_apart() {
        let tokens: Vec<Vec<u8>> = (0..5000).map(|n| format!("eyJhbGciOi{n:x}-{}", n * 7919).into_bytes()).collect();
        let texts = of(&tokens.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for (n, token) in tokens.iter().enumerate() {
            assert_eq!(texts.next(token, 0).map(|(range, _)| range.end), Some(token.len()), "{n}");
        }
    }

    #[test]
    fn the_first_and_longest_is_found_and_of_equal_ones_the_first() {
        let texts = of(&[b"abcdefgh", b"abcdefghij", b"cdefghijkl", b"abcdefgh", b"short"]);
        assert_eq!(found(&texts, b"xabcdefghijkl abcdefgh short"), [(1..11, 1), (14..22, 0)]);
        assert_eq!(found(&texts, b"abcdefg"), []);
        assert_eq!((texts.longest(), texts.text(1)), (10, b"abcdefghij".as_slice()));
        assert_eq!(found(&of(&[]), b"abcdefgh"), []);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_another_search_finds(
            texts in prop::collection::vec("[ab]{8,12}|[ab]{3}[a-d]{5,20}|(abcd){2,6}", 1..12),
            text in "([ab]{0,40}|(abcd){0,8}|[a-d]{0,20}){0,8}",
            planted in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
        ) {
            let mut text = text.into_bytes();
            for (which, at) in planted {
                let at = at.index(text.len() + 1);
                text.splice(at..at, texts[which.index(texts.len())].bytes());
            }
            let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
            let other = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts).expect("few");
            let expected: Vec<(Range<usize>, usize)> =
                other.find_iter(&text).map(|m| (m.range(), m.pattern().as_usize())).collect();
            prop_assert_eq!(found(&of(&texts), &text), expected);
        }
    }
}
