//! What a pattern costs and what it can match, before and when it is compiled. A rule file may be hostile.

use regex_automata::meta::{Config, Regex};
use regex_syntax::hir::{Class, Hir, HirKind};
use regex_syntax::{Parser, ParserBuilder};

use super::MAX_LINES;
use super::opening::first_line_literals;

/// The most memory that one compiled pattern may take. Every pattern of the public sets fits 512 KiB without Unicode.
pub(in crate::redact) const SIZE_LIMIT: usize = 1 << 20;

/// The most memory that the automaton which one pattern builds while it runs may take: the crate's own limit.
const DFA_SIZE_LIMIT: usize = 2 << 20;

/// How deep groups may stand in each other, in the pattern and in our own walks over it. The public sets need 9.
const NEST_LIMIT: u32 = 100;

/// The most that all patterns from rule files may weigh together. betterleaks' 411 patterns weigh 53,000, gitleaks' 221 weigh
/// 33,000; a file at the limit takes about 100 MB and half a second to compile.
pub(super) const WEIGHT_LIMIT: u64 = 2_000_000;

/// Compiles a pattern in the `regex` crate's syntax.
pub(super) fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    compile_parsed(&parser().parse(pattern).map_err(|e| regex::Error::Syntax(e.to_string()))?)
}

/// The same of what was read already.
pub(super) fn compile_parsed(pattern: &Hir) -> Result<Regex, regex::Error> {
    // It is what `regex::bytes` is made of, which can't search a part of a text and see what stands around it.
    let config = Config::new().utf8_empty(false).nfa_size_limit(Some(SIZE_LIMIT)).hybrid_cache_capacity(DFA_SIZE_LIMIT);
    let built = Regex::builder().configure(config).build_from_hir(pattern);
    built.map_err(|e| regex::Error::CompiledTooBig(e.size_limit().unwrap_or(SIZE_LIMIT)))
}

/// `pattern` as [`compile`] reads it.
pub(super) fn parsed(pattern: &str) -> Result<Hir, String> {
    parser().parse(pattern).map_err(|e| in_words(&e.to_string()))
}

fn parser() -> Parser {
    // Bytes without Unicode: what Go's RE2 means by \w and \d, a hundred times quicker to compile, and logs need not be UTF-8.
    ParserBuilder::new().unicode(false).utf8(false).nest_limit(NEST_LIMIT).build()
}

/// A pattern that has been read and not compiled.
#[derive(Debug)]
pub(super) struct Outline {
    /// About how many states it compiles to.
    pub(super) weight: u64,
    /// Its groups, without the match itself.
    pub(super) groups: usize,
    /// The most line ends that a match can hold, as far as [`MAX_LINES`] matters.
    pub(super) newlines: usize,
    /// Literals, one of which stands in the first line of every match.
    pub(super) first_line: Option<Vec<String>>,
}

impl Outline {
    /// Reads `pattern`; the error says in a few words what is wrong.
    pub(super) fn of(pattern: &str) -> Result<Self, String> {
        let hir = parsed(pattern)?;
        Ok(Self {
            weight: weight(&hir),
            groups: hir.properties().explicit_captures_len(),
            newlines: newlines(&hir).min(MAX_LINES),
            first_line: first_line_literals(&hir),
        })
    }
}

/// The last line of an error of the `regex` crate, which does not repeat the pattern.
pub(super) fn in_words(error: &str) -> String {
    let last = error.lines().last().unwrap_or("not a pattern").trim();
    last.trim_start_matches("error: ").trim_end_matches('.').to_owned()
}

fn weight(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Bytes(_)) => 1,
        // A range of characters becomes up to four ranges of bytes.
        HirKind::Class(Class::Unicode(class)) => 4 * class.ranges().len() as u64,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min + 1).max(1);
            weight(&repetition.sub).saturating_mul(u64::from(times)).saturating_add(1)
        }
        HirKind::Capture(capture) => weight(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(1, |sum, part| weight(part).saturating_add(sum))
        }
    }
}

/// The most line ends that a match of this part can hold.
pub(super) fn newlines(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.iter().filter(|b| **b == b'\n').count(),
        HirKind::Class(Class::Bytes(class)) => {
            usize::from(class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b'\n')))
        }
        HirKind::Class(Class::Unicode(class)) => {
            usize::from(class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&'\n')))
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.map_or(usize::MAX, |max| max as usize);
            newlines(&repetition.sub).saturating_mul(times)
        }
        HirKind::Capture(capture) => newlines(&capture.sub),
        HirKind::Concat(parts) => parts.iter().fold(0, |sum, part| newlines(part).saturating_add(sum)),
        HirKind::Alternation(parts) => parts.iter().map(newlines).max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_a_match_can_span_are_counted() {
        for (pattern, newlines) in [
            ("a[ \\t]b", 0),
            ("a\\sb", 1),
            ("a[\\s'\"]{0,3}b(?:\\s|;)", 4),
            ("a[^x]{3}", 3),
            ("a.{3}", 0),
            ("(?s)a.{3}", 3),
            ("a(?s:.)*b", MAX_LINES),
            ("a\\nb|c", 1),
            ("(?u:[^é])x", 1),
        ] {
            assert_eq!(Outline::of(pattern).expect("a pattern").newlines, newlines, "{pattern}");
        }
    }

    #[test]
    fn a_repetition_bomb_is_seen_before_it_is_compiled() {
        for pattern in ["(?:(?:(?:a{1000}){1000}){1000}){1000}", "(?:(?:\\w+){5000}){5000}", "(?u:\\pL{60000})"] {
            assert!(Outline::of(pattern).expect("a pattern").weight > WEIGHT_LIMIT, "{pattern}");
            assert!(compile(pattern).is_err());
        }
        let deep = format!("{}a{}", "(".repeat(50_000), ")".repeat(50_000));
        assert!(Outline::of(&deep).is_err() && compile(&deep).is_err());
        assert!(Outline::of("[a-z]{8,64}").expect("a pattern").weight < 100);
    }

    #[test]
    fn an_error_does_not_repeat_the_pattern() {
        let error = Outline::of("sesame(").expect_err("open");
        assert!(!error.contains("sesame") && error.contains("group"), "{error}");
    }
}
