//! A value found once is found everywhere: the secrets of the first pass, searched for as literals in the second.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::checks::entropy;
use super::long_literals::{self, LongLiterals};
use super::rules::Kinds;
use super::spelling::other_spellings;

/// Shorter values stand in ordinary text by chance.
const MIN_LENGTH: usize = long_literals::SHORTEST;
/// Bits a byte below which a value is a word, not a secret.
const MIN_ENTROPY: f64 = 3.0;
/// The most seeds: beyond this the automaton costs more memory than a struggling server should lend.
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

/// The seeds and their other spellings, searched for together.
#[derive(Default)]
pub(super) struct SeedMatcher {
    literals: Option<LongLiterals>,
    patterns: Vec<Pattern>,
    longest: usize,
}

/// What a literal stands for.
struct Pattern {
    /// What found the seed.
    by: usize,
    /// The seed, where the pattern is another spelling of it.
    seed: Option<Arc<[u8]>>,
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
        let (mut literals, mut patterns) = (Vec::new(), Vec::new());
        let mut spelt = 0;
        for (seed, by) in seeds.found.iter().filter(|(seed, _)| !kinds.hold(seed)) {
            literals.push(seed.clone());
            patterns.push(Pattern { by: *by, seed: None });
            spelt += seed.len();
            if spelt <= MAX_SPELT_BYTES {
                let seed: Arc<[u8]> = seed.as_slice().into();
                for spelling in other_spellings(&seed) {
                    literals.push(spelling);
                    patterns.push(Pattern { by: *by, seed: Some(Arc::clone(&seed)) });
                }
            }
        }
        let longest = literals.iter().map(Vec::len).max().unwrap_or(0);
        let literals =
            LongLiterals::new(&literals).ok_or(super::RedactError::Limit("too many secrets to search for"))?;
        Ok(Self { literals: Some(literals), patterns, longest })
    }

    /// Places in `text` where a seed stands.
    pub(super) fn find<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Place> + 'a {
        self.literals.iter().flat_map(move |literals| literals.find(text)).map(|place| {
            let pattern = &self.patterns[place.number];
            Place { range: place.range, by: pattern.by, seed: pattern.seed.clone() }
        })
    }

    /// Whether `text` holds a seed.
    pub(super) fn stands_in(&self, text: &[u8]) -> bool {
        self.literals.as_ref().is_some_and(|literals| literals.stand_in(text))
    }

    /// Bytes of the longest pattern; 0 without seeds.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }
}

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
