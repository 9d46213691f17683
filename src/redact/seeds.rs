//! A value found once is found everywhere: the secrets of the first pass, searched for as literals in the second.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::checks::entropy;
use super::exact_texts::ExactTexts;
use super::rules::Kinds;
use super::spelling::other_spellings;

/// Shorter values stand in ordinary text by chance.
const MIN_LENGTH: usize = 8;
/// Bits a byte below which a value is a word, not a secret.
const MIN_ENTROPY: f64 = 3.0;
/// The most seeds: beyond this they cost more memory than a struggling server should lend.
pub const MAX_SEEDS: usize = 50_000;
/// The most bytes of seeds, for the same reason.
pub const MAX_SEED_BYTES: usize = 16 << 20;

/// Secrets found while scanning, each with the index of what found it. Merged in the order of the sources, so that the
/// cap falls on the same ones whatever the number of threads.
#[derive(Default)]
pub struct Seeds {
    found: BTreeMap<Vec<u8>, usize>,
    bytes: usize,
    over_cap: u64,
}

impl std::fmt::Debug for Seeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seeds({} found)", self.found.len())
    }
}

impl Seeds {
    /// Takes `value` when it is long and random enough to be told from ordinary text.
    pub(super) fn add(&mut self, value: &[u8], by: usize) {
        let value = value.trim_ascii();
        if value.len() < MIN_LENGTH || value.contains(&b'\n') || entropy(value) < MIN_ENTROPY {
            return;
        }
        if let Some(known) = self.found.get_mut(value) {
            *known = (*known).min(by);
        } else if self.found.len() >= MAX_SEEDS || self.bytes + value.len() > MAX_SEED_BYTES {
            self.over_cap += 1;
        } else {
            self.bytes += value.len();
            self.found.insert(value.to_vec(), by);
        }
    }

    /// Takes over what another source gave.
    pub fn merge(&mut self, other: Self) {
        self.over_cap += other.over_cap;
        for (value, by) in other.found {
            self.add(&value, by);
        }
    }

    /// No longer searches for what stands in `disclosed`, which is shown on purpose.
    pub fn forget(&mut self, disclosed: &[u8]) {
        self.found.retain(|value, _| memchr::memmem::find(disclosed, value).is_none());
    }

    /// How many values will be searched for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many values were over the cap.
    #[must_use]
    pub fn over_cap(&self) -> u64 {
        self.over_cap
    }
}

/// Bytes of seeds that are searched for in their other spellings too. Those take five times as much; real runs find some
/// kilobytes of secrets.
const MAX_SPELT_BYTES: usize = 1 << 20;

/// The seeds and their other spellings, ready to be searched for.
#[derive(Default)]
pub(super) struct SeedMatcher {
    texts: ExactTexts,
    /// What found each, and the seed, where the text is another spelling of it.
    patterns: Vec<Pattern>,
}

struct Pattern {
    by: usize,
    /// The number of the seed's own text.
    spelling_of: Option<usize>,
}

/// A place where a seed stands.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) range: Range<usize>,
    /// What found the seed first.
    pub(super) by: usize,
    /// The seed, where it stands in another spelling.
    pub(super) seed: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for SeedMatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SeedMatcher({} patterns)", self.patterns.len())
    }
}

impl SeedMatcher {
    /// Searches for `seeds`, but for those that are a part of our own placeholders: `private-key` was a value somewhere.
    pub(super) fn new(seeds: &Seeds, kinds: &Kinds) -> Result<Self, super::RedactError> {
        if seeds.is_empty() {
            return Ok(Self::default());
        }
        let (mut texts, mut patterns) = (ExactTexts::default(), Vec::new());
        let mut add = |text: &[u8], by: usize, spelling_of: Option<usize>| {
            patterns.push(Pattern { by, spelling_of });
            texts.add(text).ok_or(super::RedactError::Limit("too many secrets to search for"))
        };
        let (mut spelt, mut number) = (0, 0);
        for (seed, by) in seeds.found.iter().filter(|(seed, _)| !kinds.hold(seed)) {
            add(seed, *by, None)?;
            let own = number;
            number += 1;
            spelt += seed.len();
            if spelt <= MAX_SPELT_BYTES {
                for spelling in other_spellings(seed) {
                    add(&spelling, *by, Some(own))?;
                    number += 1;
                }
            }
        }
        Ok(Self { texts: texts.ready(), patterns })
    }

    /// Places in `text` where a seed stands: the first, the longest of those at one place, and on behind it.
    pub(super) fn find<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Place> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let (range, number) = self.texts.next(text, from)?;
            from = range.end;
            let pattern = &self.patterns[number];
            let seed = pattern.spelling_of.map(|seed| self.texts.text(seed).into());
            Some(Place { range, by: pattern.by, seed })
        })
    }

    /// Whether `text` holds a seed.
    pub(super) fn stands_in(&self, text: &[u8]) -> bool {
        self.texts.next(text, 0).is_some()
    }

    /// Bytes of the longest text that is searched for; 0 without seeds.
    pub(super) fn longest(&self) -> usize {
        self.texts.longest()
    }
}

// A seed is never too short to be found.
const _: () = assert!(MIN_LENGTH >= super::exact_texts::SHORTEST);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_plain_values_are_no_seeds_and_an_overflow_is_counted() {
        let mut seeds = Seeds::default();
        seeds.add(b"short1", 0);
        seeds.add(b"aaaaaaaaaaaa", 0);
        seeds.add(b"hunter2-Correct", 0);
        assert_eq!(seeds.len(), 1);
        for n in 0..MAX_SEEDS {
            seeds.add(format!("s3cret-Value-{n:06}").as_bytes(), 0);
        }
        assert_eq!((seeds.len(), seeds.over_cap()), (MAX_SEEDS, 1));
    }
}
