//! What keeps rules from lines in which they cannot find anything: before a rule is asked about a line, a look at what stands around
//! its literals, or around the words that can make a name sensitive, tells whether its pattern can go on there.
//!
//! A keyword says little: `password` stands in many lines, and thirty rules want to see it. Their patterns differ in what
//! follows, and one small automaton for all of them tells after a few bytes which ones are left.

use std::ops::Range;
use std::sync::OnceLock;

use regex_syntax::hir::Hir;

use super::automaton::{Automaton, Piece, Way};
use super::checks::Check;
use super::line::Line;
use super::prefilter::RuleBits;
use super::rules::anchors::{Known, LINE, anchors, around_name};
use super::rules::{Rule, RuleSet};

/// The most rules whose bits fit together.
const MOST_RULES: usize = 64;

/// Literals of patterns that are no keyword of any rule, as they stand in too many lines: at them a gate can be asked.
pub(super) const WORDS: [&str; 10] =
    ["pass", "auth", "api", "cred", "pat", "sid", "login", "private", "access", "license"];

/// The gates of all rules, made as they are needed.
#[derive(Debug)]
pub(super) struct Gates {
    /// By literal; the last is the start of a line.
    literals: Vec<At>,
    known: Known,
    /// The patterns as they are read.
    outlines: Vec<Option<Hir>>,
    names: At,
    named: RuleBits,
    /// Rules without a gate.
    always: RuleBits,
    /// The same where rules of several lines see one.
    always_by_line: RuleBits,
}

/// The rules that have a gate at one literal.
#[derive(Debug, Default)]
struct At {
    rules: Vec<usize>,
    around: OnceLock<Vec<Around>>,
}

/// What stands around a literal in up to 64 rules, each of which is a bit.
#[derive(Debug)]
struct Around {
    rules: Vec<usize>,
    before: Side,
    after: Side,
}

/// One side of a literal.
#[derive(Debug)]
struct Side {
    way: Way,
    /// The rules that are left after one byte, or after the end of the text, which is the last entry.
    first: Box<[u64; 257]>,
    /// By rule. Without an automaton, a rule always passes.
    automata: Vec<Option<Automaton>>,
}

/// Pieces of the patterns on one side of a literal, by rule; one rule may hold the literal in several places.
type Pieces<'a> = Vec<Vec<Vec<Piece<'a>>>>;

impl Gates {
    /// For the rules of `set`. `known` are the literals whose places are all seen; there are `literals` in all.
    pub(super) fn new(set: &RuleSet, mut known: Known, literals: usize) -> Self {
        let none = RuleBits::new(set.rules.len());
        known.insert(LINE.into(), literals);
        let mut gates = Self {
            literals: std::iter::repeat_with(At::default).take(literals + 1).collect(),
            known,
            outlines: Vec::new(),
            names: At::default(),
            named: none.clone(),
            always: none.clone(),
            always_by_line: none,
        };
        for (index, rule) in set.rules.iter().enumerate() {
            let outline = rule.outline();
            let gated = outline.as_ref().is_some_and(|hir| gates.gate(index, rule, hir));
            gates.outlines.push(outline);
            if !gated {
                gates.always.insert(index);
                gates.always_by_line.insert(index);
            } else if rule.lines > 1 {
                gates.always.insert(index);
            }
        }
        gates
    }

    /// Adds the gates of a rule; whether there are any.
    fn gate(&mut self, index: usize, rule: &Rule, hir: &Hir) -> bool {
        if rule.keywords.is_empty() {
            return false;
        }
        if rule.check.is_some_and(Check::needs_name) && around_name(hir, &mut [false; 256]).is_some() {
            self.named.insert(index);
            self.names.rules.push(index);
            return true;
        }
        let Some(all) = anchors(hir, &self.known) else { return false };
        for anchor in all {
            let rules = &mut self.literals[anchor.literal].rules;
            if rules.last() != Some(&index) {
                rules.push(index);
            }
        }
        true
    }

    /// Rules that no gate is for.
    pub(super) fn always(&self, line_by_line: bool) -> &RuleBits {
        if line_by_line { &self.always_by_line } else { &self.always }
    }

    /// Adds the rules to `passed` that may match from the start of `line` on.
    pub(super) fn pass_line(&self, line: &[u8], wanted: &RuleBits, passed: &mut RuleBits) {
        self.pass(self.literals.len() - 1, line, 0..0, wanted, passed);
    }

    /// Adds the rules to `passed` that may match around `literal`, which stands at `place` in `line`.
    pub(super) fn pass(
        &self,
        literal: usize,
        line: &[u8],
        place: Range<usize>,
        wanted: &RuleBits,
        passed: &mut RuleBits,
    ) {
        let at = &self.literals[literal];
        if at.rules.is_empty() {
            return;
        }
        let made = || at.rules.chunks(MOST_RULES).map(|rules| self.around_literal(rules, literal)).collect();
        let around = at.around.get_or_init(made);
        around.iter().for_each(|around| around.pass(line, place.clone(), wanted, passed));
    }

    /// The same for the words in `line` that can make a name sensitive, where such rules are among the `wanted` ones.
    pub(super) fn pass_names(&self, line: &Line<'_>, wanted: &RuleBits, passed: &mut RuleBits) {
        if !wanted.meets(&self.named) {
            return;
        }
        for word in line.words() {
            let made = || self.names.rules.chunks(MOST_RULES).map(|rules| self.around_names(rules)).collect();
            let around = self.names.around.get_or_init(made);
            around.iter().for_each(|around| around.pass(line.text, word.start..word.end, wanted, passed));
        }
    }
}

impl Around {
    fn new(rules: &[usize], before: &Pieces<'_>, after: &Pieces<'_>) -> Self {
        Self { rules: rules.to_vec(), before: Side::new(Way::Back, before), after: Side::new(Way::Forth, after) }
    }

    fn pass(&self, line: &[u8], place: Range<usize>, wanted: &RuleBits, passed: &mut RuleBits) {
        let (Some(before), Some(after)) = (line.get(..place.start), line.get(place.end..)) else {
            // It goes over the end of the line.
            return self.rules.iter().for_each(|rule| passed.insert(*rule));
        };
        let mut rules = self.after.left(after) & self.before.left(before);
        while rules != 0 {
            let bit = rules.trailing_zeros() as usize;
            rules &= rules - 1;
            let rule = self.rules[bit];
            if wanted.has(rule) && !passed.has(rule) && self.after.passes(bit, after) && self.before.passes(bit, before)
            {
                passed.insert(rule);
            }
        }
    }
}

impl Side {
    fn new(way: Way, rules: &Pieces<'_>) -> Self {
        let automata: Vec<Option<Automaton>> = rules.iter().map(|pieces| Automaton::new(way, pieces)).collect();
        let mut first = Box::new([0; 257]);
        for (bit, automaton) in automata.iter().enumerate() {
            for (byte, rules) in first.iter_mut().enumerate() {
                let byte = u8::try_from(byte).ok();
                *rules |= u64::from(automaton.as_ref().is_none_or(|automaton| automaton.may_begin(byte))) << bit;
            }
        }
        Self { way, first, automata }
    }

    /// The rules that are left after the first byte of `text` from the literal on.
    fn left(&self, text: &[u8]) -> u64 {
        let byte = if self.way == Way::Forth { text.first() } else { text.last() };
        self.first[byte.map_or(256, |byte| usize::from(*byte))]
    }

    fn passes(&self, bit: usize, text: &[u8]) -> bool {
        self.automata[bit].as_ref().is_none_or(|automaton| automaton.passes(text))
    }
}

impl Gates {
    /// What stands around `literal` in these rules.
    fn around_literal(&self, rules: &[usize], literal: usize) -> Around {
        let (mut before, mut after) = (Pieces::new(), Pieces::new());
        for rule in rules {
            let all = self.outlines[*rule].as_ref().and_then(|hir| anchors(hir, &self.known)).into_iter().flatten();
            let here = all.filter(|anchor| anchor.literal == literal);
            let (left, right) = here.map(|anchor| (anchor.before, anchor.after)).unzip();
            before.push(left);
            after.push(right);
        }
        Around::new(rules, &before, &after)
    }

    /// What stands around words in the names of these rules.
    fn around_names(&self, rules: &[usize]) -> Around {
        let mut letters = vec![[false; 256]; rules.len()];
        for (rule, letters) in rules.iter().zip(&mut letters) {
            self.outlines[*rule].as_ref().and_then(|hir| around_name(hir, letters));
        }
        let (mut before, mut after) = (Pieces::new(), Pieces::new());
        for (rule, letters) in rules.iter().zip(&letters) {
            let sides = self.outlines[*rule].as_ref().and_then(|hir| around_name(hir, &mut [false; 256]));
            let (mut left, mut right) = sides.unwrap_or_default();
            // The rest of the name belongs to neither side.
            left.push(Piece::Run(letters));
            right.insert(0, Piece::Run(letters));
            before.push(vec![left]);
            after.push(vec![right]);
        }
        Around::new(rules, &before, &after)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KnownNames, Privacy, Pseudonyms, Redactor};
    use super::*;

    #[test]
    fn nearly_all_rules_have_gates_and_no_example_of_a_rule_is_kept_out() {
        let set = std::sync::Arc::new(RuleSet::load(&[]).expect("the built-in rules"));
        let redactor = Redactor::new(set.clone(), Pseudonyms::new(b"k"), &KnownNames::default(), Privacy::Strict);
        let redactor = redactor.expect("a redactor");
        let lines: Vec<&str> = set.rules.iter().flat_map(|rule| &rule.examples).flat_map(|text| text.lines()).collect();
        let find = || -> Vec<_> { lines.iter().map(|line| redactor.find(line.as_bytes()).expect("finds")).collect() };
        let before = find();
        assert!(redactor.prefilter.gates(&set, 1).is_none());
        let gates = redactor.prefilter.gates(&set, usize::MAX / 2).expect("now they are worth it");
        let mut open = gates.always(true).clone();
        let mut without = Vec::new();
        while let Some(rule) = open.pop() {
            if set.rules[rule].places.is_empty() {
                without.push(set.rules[rule].id.as_str());
            }
        }
        assert!(without.len() * 8 < set.rules.len(), "{without:?}");
        for ((line, before), after) in lines.iter().zip(before).zip(find()) {
            assert_eq!(before, after, "{line}");
        }
    }
}
