//! What a rule file wants left alone: gitleaks' allowlists.
//!
//! A scanner's exemption is a redactor's leak, so less is exempt here than in gitleaks. A pattern exempts a value only where
//! what it finds holds the value whole, or, looking at the match or the line, reaches into the match from outside the value.
//! A stop word exempts a value that is this word. Exemptions by file or commit do not count: a secret is one in any file.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex_automata::meta::Regex;

use super::pattern::compile;

/// What a pattern of an exemption looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The value.
    Secret,
    /// All that the rule matched.
    Match,
    /// The lines that the match stands in.
    Line,
}

/// One allowlist.
#[derive(Debug)]
pub(super) struct Exemption {
    /// Whether patterns and stop words must both agree.
    pub(super) both: bool,
    pub(super) target: Target,
    pub(super) patterns: Vec<Pattern>,
    /// In lower case.
    pub(super) stop_words: BTreeSet<Vec<u8>>,
}

/// A pattern that is compiled when a rule first finds something; most never do.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(super) fn new(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// `None` if it does not compile: then it exempts nothing.
    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref()
    }
}

/// The exemptions of one rule; those of its whole file are shared.
pub(super) type Exemptions = Vec<Arc<Exemption>>;

impl Exemption {
    /// Whether the value at `secret`, found as a part of `whole`, is left alone. All ranges lie in `text`.
    pub(super) fn covers(&self, text: &[u8], whole: &Range<usize>, secret: &Range<usize>) -> bool {
        let by_word = || self.stop_words.contains(&text[secret.clone()].to_ascii_lowercase());
        let by_pattern = || self.patterns.iter().any(|pattern| self.pattern_covers(pattern, text, whole, secret));
        let (has_words, has_patterns) = (!self.stop_words.is_empty(), !self.patterns.is_empty());
        if self.both && has_words && has_patterns {
            by_word() && by_pattern()
        } else {
            (has_words && by_word()) || (has_patterns && by_pattern())
        }
    }

    fn pattern_covers(&self, pattern: &Pattern, text: &[u8], whole: &Range<usize>, secret: &Range<usize>) -> bool {
        let Some(regex) = pattern.regex() else { return false };
        let looked_at = match self.target {
            Target::Secret => secret.clone(),
            Target::Match => whole.clone(),
            Target::Line => lines_of(text, whole),
        };
        regex.find_iter(&text[looked_at.clone()]).any(|found| {
            let found = looked_at.start + found.start()..looked_at.start + found.end();
            let holds = found.start <= secret.start && found.end >= secret.end;
            let reaches_in = found.start < whole.end && found.end > whole.start;
            let inside = found.start >= secret.start && found.end <= secret.end;
            holds || (self.target != Target::Secret && reaches_in && !inside)
        })
    }
}

fn lines_of(text: &[u8], whole: &Range<usize>) -> Range<usize> {
    let start = memchr::memrchr(b'\n', &text[..whole.start]).map_or(0, |at| at + 1);
    start..memchr::memchr(b'\n', &text[whole.end..]).map_or(text.len(), |at| whole.end + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemption(target: Target, patterns: &[&str], words: &[&str], both: bool) -> Exemption {
        Exemption {
            both,
            target,
            patterns: patterns.iter().map(|p| Pattern::new((*p).to_owned())).collect(),
            stop_words: words.iter().map(|w| w.as_bytes().to_vec()).collect(),
        }
    }

    /// The value stands in `<…>`, the match in `[…]`.
    fn covers(exemption: &Exemption, marked: &str) -> bool {
        let at = |mark: char| {
            let before = marked.find(mark).expect("marked");
            before - marked[..before].matches(['[', ']', '<', '>']).count()
        };
        let text = marked.replace(['[', ']', '<', '>'], "");
        exemption.covers(text.as_bytes(), &(at('[')..at(']')), &(at('<')..at('>')))
    }

    #[test]
    fn the_ungrouped_alternatives_of_gitleaks_exempt_only_these_words() {
        let global = exemption(Target::Secret, &["(?i)^true|false|null$"], &[], false);
        for word in ["true", "False", "NULL"] {
            assert!(covers(&global, &format!("[a=<{word}>]")), "{word}");
        }
        for secret in ["true7Kq", "9fFALSEx2", "x7null", "falsenull"] {
            assert!(!covers(&global, &format!("[a=<{secret}>]")), "{secret}");
        }
    }

    #[test]
    fn a_stop_word_exempts_the_word_and_nothing_that_holds_it() {
        let words = exemption(Target::Secret, &[], &["example"], false);
        assert!(covers(&words, "[key=<EXAMPLE>]"));
        assert!(!covers(&words, "[key=<exampleT7kQ>]"));
    }

    #[test]
    fn a_pattern_for_match_or_line_must_reach_into_the_match() {
        let named = exemption(Target::Match, &["(?i)primary_key"], &[], false);
        assert!(covers(&named, "x [primary_key=<T7kQ>]"));
        assert!(!covers(&named, "primary_key [key=<T7kQ>]"));
        assert!(!covers(&named, "[key=<T7primary_key>]"));
        let line = exemption(Target::Line, &["import .*"], &[], false);
        assert!(covers(&line, "a\nimport [key=<T7kQ>]\n"));
        assert!(!covers(&line, "import x\n[key=<T7kQ>]\n"));
        let mark = exemption(Target::Line, &["gitleaks:allow"], &[], false);
        assert!(!covers(&mark, "[key=<T7kQ>] # gitleaks:allow"));
    }

    #[test]
    fn both_means_words_and_patterns_and_a_bad_pattern_exempts_nothing() {
        let both = exemption(Target::Match, &["^key"], &["t7kq"], true);
        assert!(covers(&both, "[key=<T7kQ>]"));
        assert!(!covers(&both, "[key=<other>]"));
        assert!(!covers(&both, "[x=<T7kQ>]"));
        assert!(!covers(&exemption(Target::Secret, &["("], &[], false), "[key=<T7kQ>]"));
    }
}
