//! Texts that fill a field and say nothing.

/// What people type to get past a field. Compared without case, punctuation and surrounding spaces.
const EMPTY: [&str; 27] = [
    "",
    "na",
    "n/a",
    "n.a",
    "none",
    "nothing",
    "nil",
    "null",
    "tba",
    "tbd",
    "tbc",
    "todo",
    "to do",
    "to be announced",
    "to be determined",
    "unknown",
    "not known",
    "unk",
    "asap",
    "urgent",
    "see above",
    "see below",
    "see ticket",
    "xxx",
    "x",
    "test",
    "asdf",
];

/// Whether `text` says nothing: spaces, punctuation alone, or one of the phrases that stand in for an answer.
#[must_use]
pub fn says_nothing(text: &str) -> bool {
    let plain = plain(text);
    EMPTY.contains(&plain.as_str())
}

/// How many words `text` has. Scripts that write without spaces count one word a character, so that they are not
/// held to be too short (U+2E80 and above: Han, kana, Hangul).
#[must_use]
pub fn words(text: &str) -> usize {
    text.split_whitespace()
        .filter(|token| token.chars().any(char::is_alphanumeric))
        .map(|token| token.chars().filter(|c| *c >= '\u{2e80}').count().max(1))
        .sum()
}

/// Lower case, without the punctuation and invisible characters around it.
pub(super) fn plain(text: &str) -> String {
    let kept = |c: char| c.is_alphanumeric();
    let start = text.find(kept).unwrap_or(text.len());
    let end = text.rfind(kept).map_or(start, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    text[start..end].split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// `text` on one line and short enough to be quoted in a sentence.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let line: String = text.split(|c: char| c.is_whitespace() || c.is_control()).collect::<Vec<_>>().join(" ");
    let mut short: String = line.trim().chars().take(LONGEST).collect();
    if line.trim().chars().count() > LONGEST {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_that_says_nothing_is_seen_in_any_dress() {
        for empty in ["", "   ", "\u{a0}\t", "n/a", "N/A.", " TBA ", "-", "???", "…", "(none)", "urgent!!!", "To  do"]
        {
            assert!(says_nothing(empty), "{empty:?}");
        }
        for text in ["no", "0", "slow", "no change", "n/a because the page is blank", "支払い不可"] {
            assert!(!says_nothing(text), "{text:?}");
        }
    }

    #[test]
    fn words_are_counted_in_scripts_without_spaces_too() {
        assert_eq!((words("open the page"), words("- "), words("")), (3, 0, 0));
        assert_eq!(words("決済を押す"), 5);
    }
}
