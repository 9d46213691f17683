//! One look over a text for all literals that say where to look closer: the keywords of the rules, own names, and the signs of
//! what is followed over lines.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::gates::Gates;
use super::literals::{Hit, Literals};
use super::places::is_label;
use super::rules::{Rule, RuleSet};
use super::values::objects;
use super::{Privacy, key_block, placeholder, yaml};

/// What the signs of the state machines and of our own placeholders say, one bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A private key may begin.
    KeyBlock = 1,
    /// A value of YAML may go on over lines.
    Yaml = 2,
    /// A placeholder may stand there.
    Placeholder = 4,
    /// An object of JSON may say more about a value than its key does.
    Object = 8,
}

/// Which rules look at which lines, and what else needs no look where none of its literals stands.
#[derive(Debug)]
pub(super) struct Prefilter {
    literals: Literals,
    /// Rules by keyword.
    pub(super) rules: Vec<Vec<usize>>,
    /// Whether a keyword is only ever a label, and so lights up a line only where it is a word.
    label: Vec<bool>,
    /// Rules without a keyword, which look at every line.
    pub(super) always: Vec<usize>,
    /// How many names there are; they come after the keywords.
    names: usize,
    /// They come last.
    signs: Vec<(Sign, &'static [u8])>,
    gates: OnceLock<Gates>,
    /// Bytes that the rules were asked about before there were gates.
    asked: AtomicUsize,
}

/// Bytes of text after which gates are made: less is done sooner without.
const WORTH_GATES: usize = 256 << 10;

/// What was seen in a text.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Keywords, ordered by where they end.
    pub(super) keywords: Vec<Hit>,
    /// Own names, which may overlap.
    pub(super) names: Vec<Hit>,
    signs: u8,
}

impl Seen {
    pub(super) fn has(&self, sign: Sign) -> bool {
        self.signs & sign as u8 != 0
    }
}

impl Prefilter {
    pub(super) fn new(set: &RuleSet, names: &[String], privacy: Privacy) -> Self {
        let mut by_keyword: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut always = Vec::new();
        let wanted = |rule: &Rule| privacy == Privacy::Strict || !rule.strict;
        for (n, rule) in set.rules.iter().enumerate().filter(|(_, rule)| wanted(rule)) {
            if rule.keywords.is_empty() && rule.places.is_empty() {
                always.push(n);
            }
            for keyword in &rule.keywords {
                by_keyword.entry(keyword).or_default().push(n);
            }
        }
        for word in super::gates::WORDS {
            by_keyword.entry(word).or_default();
        }
        let signs: Vec<(Sign, &'static [u8])> = key_block::SIGNS
            .iter()
            .map(|sign| (Sign::KeyBlock, *sign))
            .chain(yaml::SIGNS.iter().map(|sign| (Sign::Yaml, *sign)))
            .chain(objects::SIGNS.iter().map(|sign| (Sign::Object, *sign)))
            .chain([(Sign::Placeholder, placeholder::PREFIX.as_bytes())])
            .collect();
        let keywords = by_keyword.keys().map(|keyword| keyword.as_bytes());
        let all = keywords.chain(names.iter().map(String::as_bytes)).chain(signs.iter().map(|(_, sign)| *sign));
        let literals = Literals::new(all);
        let rules: Vec<Vec<usize>> = by_keyword.into_values().collect();
        let label =
            rules.iter().map(|of| !of.is_empty() && of.iter().all(|n| !set.rules[*n].places.is_empty())).collect();
        let (gates, asked) = (OnceLock::new(), AtomicUsize::new(0));
        Self { literals, rules, label, always, names: names.len(), signs, gates, asked }
    }

    /// What keeps rules from lines in which they find nothing, once that is worth it; `more` bytes are to be looked at.
    pub(super) fn gates(&self, set: &RuleSet, more: usize) -> Option<&Gates> {
        if self.gates.get().is_none() && self.asked.fetch_add(more, Ordering::Relaxed) + more < WORTH_GATES {
            return None;
        }
        Some(self.gates.get_or_init(|| {
            // Of what only counts as a label not every place is seen.
            let seen = (0..self.rules.len()).filter(|literal| !self.label[*literal]);
            Gates::new(
                set,
                seen.map(|literal| (self.literals.text(literal).into(), literal)).collect(),
                self.rules.len(),
            )
        }))
    }

    /// What stands in `text`.
    pub(super) fn look(&self, text: &[u8]) -> Seen {
        let mut seen = Seen::default();
        let (names, signs) = (self.rules.len(), self.rules.len() + self.names);
        seen.keywords = self.literals.find(text);
        seen.keywords.retain(|hit| {
            if hit.literal < names {
                return !self.label[hit.literal] || is_label(text, hit.start, hit.end);
            }
            if hit.literal < signs {
                seen.names.push(Hit { literal: hit.literal - names, ..*hit });
            } else {
                let (sign, exact) = self.signs[hit.literal - signs];
                // Unlike keywords they count in their own case only.
                seen.signs |= if text[hit.start..hit.end] == *exact { sign as u8 } else { 0 };
            }
            false
        });
        seen
    }
}

/// A set of rules by index, emptied from the lowest on.
#[derive(Debug, Clone)]
pub(super) struct RuleBits(Vec<u64>);

impl RuleBits {
    pub(super) fn new(rules: usize) -> Self {
        Self(vec![0; rules.div_ceil(64)])
    }

    pub(super) fn insert(&mut self, rule: usize) {
        self.0[rule / 64] |= 1 << (rule % 64);
    }

    /// Leaves those out that are in neither of both.
    pub(super) fn retain(&mut self, one: &Self, other: &Self) {
        for (word, (one, other)) in self.0.iter_mut().zip(one.0.iter().zip(&other.0)) {
            *word &= one | other;
        }
    }

    pub(super) fn has(&self, rule: usize) -> bool {
        self.0[rule / 64] >> (rule % 64) & 1 == 1
    }

    /// Whether one of them is in `other` too.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one & other != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn clear(&mut self) {
        self.0.fill(0);
    }

    pub(super) fn pop(&mut self) -> Option<usize> {
        let (n, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(n * 64 + bit)
    }
}
