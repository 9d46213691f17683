//! What keeps rules from lines in which they cannot find anything: before a rule is asked about a line, a look at what stands around
//! its literals, or around the words that can make a name sensitive, tells whether its pattern can go on there.
//!
//! A keyword says little: `password` stands in many lines, and thirty rules want to see it. Their patterns differ in what
//! follows, and one small automaton for all of them tells after a few bytes which ones are left.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex_syntax::hir::Hir;

use super::automaton::{Automaton, Piece, Way};
use super::checks::Check;
use super::line::Line;
use super::literals::Hit;
use super::prefilter::RuleBits;
use super::rules::anchors::{Known, LINE, NEWLINE, Name, anchors, around_name};
use super::rules::{Rule, RuleSet};
use super::sensitive_names::promised_by;
use super::windows::{Place, Reach};

/// The most rules whose bits fit together.
const MOST_RULES: usize = 64;

/// Literals of patterns that are no keyword of any rule, as they stand in too many lines: at them a gate can be asked.
pub(super) const WORDS: [&str; 10] =
    ["pass", "auth", "api", "cred", "pat", "sid", "login", "private", "access", "license"];

/// The gates of all rules, made as they are needed.
#[derive(Debug)]
pub(super) struct Gates {
    /// By literal; the last two are the start of a text and the end of a line in it.
    literals: Vec<At>,
    known: Known,
    /// The patterns as they are read.
    outlines: Vec<Option<Arc<Hir>>>,
    /// The gates of rules that are asked about names.
    names: Vec<AtNames>,
    named: RuleBits,
    /// Rules without a gate.
    always: RuleBits,
    /// The same where rules of several lines see one, or are asked about all of them.
    always_by_line: RuleBits,
}

/// The gates of up to 64 rules, whose names are made of the same letters, at words that can make a name sensitive.
#[derive(Debug)]
struct AtNames {
    letters: Box<[bool; 256]>,
    rules: Vec<usize>,
    around: OnceLock<AroundNames>,
}

/// What stands around the name in each of these rules, which is a bit.
#[derive(Debug)]
struct AroundNames {
    before: Side,
    after: Side,
    /// The rules in which nothing behind a name begins with a letter of names: there it ends with the last of them.
    ends: u64,
    /// Bytes of the longest name.
    longest: Vec<usize>,
    /// How far the rule can go from a word in the name.
    reaches: Vec<(Reach, Reach)>,
}

/// Longer names are let through: a hostile line may be one name with a thousand words.
const LONGEST_NAME: usize = 256;

/// Names around one word that are judged before the rule is let through.
const MOST_JUDGED: usize = 16;

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
    /// By rule, how far it can go here.
    reaches: Vec<Reach>,
}

/// What the gates let through in a line.
#[derive(Debug, Clone)]
pub(super) struct Passed<'g> {
    rules: RuleBits,
    /// Where; those of one rule and literal are in order.
    pub(super) places: Vec<Place<'g>>,
}

impl Passed<'_> {
    /// Nothing, of a set of so many rules.
    pub(super) fn none(rules: usize) -> Self {
        Self { rules: RuleBits::new(rules), places: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
        self.places.clear();
    }

    pub(super) fn rules(&self) -> &RuleBits {
        &self.rules
    }
}

/// Pieces of the patterns on one side of a literal, by rule; one rule may hold the literal in several places.
type Pieces<'a> = Vec<Vec<Vec<Piece<'a>>>>;

impl Gates {
    /// For the rules of `set`. `known` are the literals whose places are all seen; there are `literals` in all.
    pub(super) fn new(set: &RuleSet, mut known: Known, literals: usize) -> Self {
        let none = RuleBits::new(set.rules.len());
        known.insert(LINE.into(), literals);
        known.insert(NEWLINE.into(), literals + 1);
        let mut gates = Self {
            literals: std::iter::repeat_with(At::default).take(literals + 2).collect(),
            known,
            outlines: Vec::new(),
            names: Vec::new(),
            named: none.clone(),
            always: none.clone(),
            always_by_line: none,
        };
        for (index, rule) in set.rules.iter().enumerate() {
            let outline = rule.outline().cloned();
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
        let mut letters = Box::new([false; 256]);
        if rule.check.is_some_and(Check::needs_name) && around_name(hir, &mut letters).is_some() {
            self.named.insert(index);
            let known = self.names.iter_mut().rfind(|at| at.letters == letters && at.rules.len() < MOST_RULES);
            match known {
                Some(at) => at.rules.push(index),
                None => self.names.push(AtNames { letters, rules: vec![index], around: OnceLock::new() }),
            }
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
    pub(super) fn pass_line<'g>(&'g self, line: &[u8], wanted: &RuleBits, passed: &mut Passed<'g>) {
        self.pass(self.literals.len() - 2, line, 0..0, wanted, passed);
    }

    /// Adds the rules to `passed` that may match around `literal`, which stands at `place` in `line`.
    pub(super) fn pass<'g>(
        &'g self,
        literal: usize,
        line: &[u8],
        place: Range<usize>,
        wanted: &RuleBits,
        passed: &mut Passed<'g>,
    ) {
        for around in self.around(literal) {
            around.pass(line, place.clone(), wanted, passed);
        }
    }

    fn around(&self, literal: usize) -> &[Around] {
        let at = &self.literals[literal];
        if at.rules.is_empty() {
            return &[];
        }
        at.around.get_or_init(|| at.rules.chunks(MOST_RULES).map(|rules| self.around_literal(rules, literal)).collect())
    }

    /// The same for the words in `line` that can make a name sensitive, where such rules are among the `wanted` ones.
    pub(super) fn pass_names<'g>(&'g self, line: &Line<'_>, wanted: &RuleBits, passed: &mut Passed<'g>) {
        if !wanted.meets(&self.named) || line.words().is_empty() {
            return;
        }
        for at in &self.names {
            let is_wanted = |(bit, rule): (usize, &usize)| u64::from(wanted.has(*rule)) << bit;
            let rules = at.rules.iter().enumerate().map(is_wanted).fold(0, |all, bit| all | bit);
            self.pass_words(at, line, rules, passed);
        }
    }

    /// The same for some of the rules at `at`, by their bits.
    fn pass_words<'g>(&'g self, at: &'g AtNames, line: &Line<'_>, rules: u64, passed: &mut Passed<'g>) {
        if rules == 0 {
            return;
        }
        let around = at.around.get_or_init(|| self.around_names(&at.rules, &at.letters));
        for word in line.words() {
            let letters = &line.text[word.end..];
            let letters = letters.iter().take(LONGEST_NAME).take_while(|byte| at.letters[usize::from(**byte)]).count();
            let mut left = rules;
            if letters < LONGEST_NAME {
                left &= !around.ends | around.after.left(&line.text[word.end + letters..]);
            }
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                if around.passes(bit, &at.letters, line.text, word.start..word.end, letters) {
                    let (rule, reach) = (at.rules[bit], &around.reaches[bit]);
                    passed.rules.insert(rule);
                    let reach = Some((&reach.0, &reach.1));
                    passed.places.push(Place { rule, start: word.start, end: word.end, reach });
                }
            }
        }
    }

    /// Where in `lines` a rule of several lines may match; `None`: anywhere. `hits` are the literals in them, counted from `from`
    /// bytes before them.
    pub(super) fn pass_over_lines<'g>(
        &'g self,
        rule: usize,
        lines: &Line<'_>,
        (hits, from): (&[Hit], usize),
        passed: &mut Passed<'g>,
    ) -> Option<()> {
        passed.clear();
        if self.always_by_line.has(rule) {
            return None;
        }
        if self.named.has(rule) {
            let bit = |at: &AtNames| at.rules.binary_search(&rule).ok();
            let (at, bit) = self.names.iter().find_map(|at| Some((at, bit(at)?)))?;
            self.pass_words(at, lines, 1 << bit, passed);
            return Some(());
        }
        let mut ask = |literal: usize, place: Range<usize>| {
            if let Ok(n) = self.literals[literal].rules.binary_search(&rule) {
                self.around(literal)[n / MOST_RULES].pass_one(n % MOST_RULES, lines.text, place, passed);
            }
        };
        hits.iter().for_each(|hit| ask(hit.literal, hit.start - from..hit.end - from));
        let (start, newline) = (self.literals.len() - 2, self.literals.len() - 1);
        ask(start, 0..0);
        memchr::memchr_iter(b'\n', lines.text).for_each(|at| ask(newline, at..at + 1));
        Some(())
    }
}

impl Around {
    fn new(rules: &[usize], before: &Pieces<'_>, after: &Pieces<'_>) -> Self {
        Self { rules: rules.to_vec(), before: Side::new(Way::Back, before), after: Side::new(Way::Forth, after) }
    }

    fn pass<'g>(&'g self, line: &[u8], place: Range<usize>, wanted: &RuleBits, passed: &mut Passed<'g>) {
        let Range { start, end } = place;
        let (Some(before), Some(after)) = (line.get(..start), line.get(end..)) else {
            // It goes over the end of the line.
            for rule in &self.rules {
                passed.rules.insert(*rule);
                passed.places.push(Place { rule: *rule, start, end, reach: None });
            }
            return;
        };
        let mut rules = self.after.left(after) & self.before.left(before);
        while rules != 0 {
            let bit = rules.trailing_zeros() as usize;
            rules &= rules - 1;
            if wanted.has(self.rules[bit]) {
                self.pass_one(bit, line, start..end, passed);
            }
        }
    }

    /// The same for one rule, by its bit. The place lies in the line.
    fn pass_one<'g>(&'g self, bit: usize, line: &[u8], place: Range<usize>, passed: &mut Passed<'g>) {
        let Range { start, end } = place;
        if self.after.passes(bit, &line[end..]) && self.before.passes(bit, &line[..start]) {
            passed.rules.insert(self.rules[bit]);
            let reach = Some((&self.before.reaches[bit], &self.after.reaches[bit]));
            passed.places.push(Place { rule: self.rules[bit], start, end, reach });
        }
    }
}

impl AroundNames {
    /// Whether the rule of this bit may match with `word` in its name, behind which so many `letters` stand, and that name
    /// promises a secret.
    fn passes(&self, bit: usize, of_names: &[bool; 256], line: &[u8], word: Range<usize>, letters: usize) -> bool {
        let rest = self.longest[bit].saturating_sub(word.len());
        if letters == LONGEST_NAME && rest >= letters {
            return true;
        }
        let begins = |side: &Side, text: &[u8]| side.left(text) >> bit & 1 == 1 && side.passes(bit, text);
        // A name ends, and begins, where what stands beside it in the pattern may begin.
        let first = if self.ends >> bit & 1 == 1 { letters } else { 0 };
        let ends = (first..=rest.min(letters)).map(|letters| word.end + letters);
        let mut judged = 0;
        for end in ends.filter(|end| begins(&self.after, &line[*end..])) {
            let mut start = word.start;
            loop {
                if begins(&self.before, &line[..start]) {
                    judged += 1;
                    let name = &line[start..end];
                    if judged > MOST_JUDGED || promised_by(name).is_some() {
                        return true;
                    }
                }
                let is_letter = line[..start].last().is_some_and(|byte| of_names[usize::from(*byte)]);
                if !is_letter || end - start >= self.longest[bit] {
                    break;
                }
                if word.start - start == LONGEST_NAME {
                    return true;
                }
                start -= 1;
            }
        }
        false
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
        let reaches = rules.iter().map(|pieces| Reach::of(pieces)).collect();
        Self { way, first, automata, reaches }
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

    /// What stands around the names of these rules.
    fn around_names(&self, rules: &[usize], letters: &[bool; 256]) -> AroundNames {
        let hir = |rule: &usize| self.outlines[*rule].as_deref();
        let names = rules.iter().map(|rule| hir(rule).and_then(|hir| around_name(hir, &mut [false; 256])));
        let names: Vec<_> = names.map(Option::unwrap_or_default).collect();
        let before = Side::new(Way::Back, &names.iter().map(|name| vec![name.before.clone()]).collect());
        let after = Side::new(Way::Forth, &names.iter().map(|name| vec![name.after.clone()]).collect());
        let goes_on = (0..=u8::MAX).filter(|byte| letters[usize::from(*byte)]);
        let ends = !goes_on.fold(0, |all, letter| all | after.first[usize::from(letter)]);
        let reach = |name: &Name<'_>| {
            // The rest of the name belongs to neither side.
            let left = [&name.before[..], &[Piece::Run(letters)]].concat();
            let right = [&[Piece::Run(letters)], &name.after[..]].concat();
            (Reach::of(&[left]), Reach::of(&[right]))
        };
        let reaches = names.iter().map(reach).collect();
        AroundNames { before, after, ends, longest: names.iter().map(|name| name.longest).collect(), reaches }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KnownNames, Privacy, Pseudonyms, Redactor};
    use super::*;

    #[test]
    fn nearly_all_rules_have_gates_and_no_example_of_a_rule_is_kept_out() {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules"));
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

    /// Examples one after the other, in one long line or in many: matches are found in the windows around their literals as in all
    /// of the text.
    #[test]
    fn with_gates_the_same_is_found_in_long_lines_and_over_several() {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules"));
        let redactor = || {
            let names = KnownNames::default();
            Redactor::new(Arc::clone(&set), Pseudonyms::new(b"k"), &names, Privacy::Strict).expect("a redactor")
        };
        let gated = redactor();
        assert!(gated.prefilter.gates(&set, usize::MAX / 2).is_some());
        let examples = set.rules.iter().flat_map(|rule| rule.examples.iter().chain(&rule.negative_examples));
        let examples: Vec<&str> = examples.map(String::as_str).collect();
        let mut open = redactor();
        for (n, some) in examples.chunks(7).enumerate() {
            if n % 16 == 15 {
                open = redactor();
            }
            let ends = [" ", "\n", ", ", "\": \""][n % 4];
            for text in [some.join(ends), some.join("\n").replace('\n', " ")] {
                let found = open.find(text.as_bytes()).expect("finds");
                assert_eq!(found, gated.find(text.as_bytes()).expect("finds"), "{text}");
            }
            assert!(open.prefilter.gates(&set, 0).is_none(), "it has looked at too little for gates of its own");
        }
    }
}
