//! Which rules look at which lines: those of whose keywords one stands in it.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::rules::{Rule, RuleSet};
use super::{Privacy, RedactError};

/// Which rules look at which lines.
#[derive(Debug)]
pub(super) struct Prefilter {
    automaton: AhoCorasick,
    /// Rules by keyword.
    pub(super) rules: Vec<Vec<usize>>,
    /// Whether a keyword is only ever a label, and so lights up a line only where it is a word.
    label: Vec<bool>,
    /// Rules without a keyword, which look at every line.
    pub(super) always: Vec<usize>,
}

impl Prefilter {
    pub(super) fn new(set: &RuleSet, privacy: Privacy) -> Result<Self, RedactError> {
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
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(by_keyword.keys())
            .map_err(|_| RedactError::Limit("too many keywords"))?;
        let rules: Vec<Vec<usize>> = by_keyword.into_values().collect();
        let label = rules.iter().map(|of| of.iter().all(|n| !set.rules[*n].places.is_empty())).collect();
        Ok(Self { automaton, rules, label, always })
    }

    /// Where keywords stand in `text`, ordered by their ends: the end and the number of the keyword.
    pub(super) fn hits<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        let lights_up = move |hit: &aho_corasick::Match| {
            !self.label[hit.pattern().as_usize()] || super::places::is_label(text, hit.start(), hit.end())
        };
        self.automaton.find_overlapping_iter(text).filter(lights_up).map(|m| (m.end(), m.pattern().as_usize()))
    }
}

/// A set of rules by index, emptied from the lowest on.
pub(super) struct RuleBits(Vec<u64>);

impl RuleBits {
    pub(super) fn new(rules: usize) -> Self {
        Self(vec![0; rules.div_ceil(64)])
    }

    pub(super) fn insert(&mut self, rule: usize) {
        self.0[rule / 64] |= 1 << (rule % 64);
    }

    pub(super) fn pop(&mut self) -> Option<usize> {
        let (n, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(n * 64 + bit)
    }
}
