//! Texts that stand where a value will or did stand: masks, gaps to be filled in, words of manuals.

use super::made::{is_word, pieces};

/// Words with which manuals say that a reader must put a value here, and tools that they took one out.
const GAPS: [&str; 23] = [
    "your",
    "yours",
    "example",
    "examples",
    "sample",
    "placeholder",
    "insert",
    "replace",
    "here",
    "goes",
    "change",
    "changeme",
    "dummy",
    "fake",
    "redacted",
    "removed",
    "hidden",
    "masked",
    "truncated",
    "omitted",
    "todo",
    "fixme",
    "tbd",
];

/// True for a mask, whatever prefix of a vendor stands before it (`ghp_xxxxxxxxxxxx`, `AKIAXXXXXXXXXXXXXXXX`,
/// `api_live.000000000000`), and for a gap to be filled in (`sk-proj-REPLACE_WITH_YOUR_KEY`, `[Shared key goes here]`).
#[must_use]
pub fn is_placeholder(value: &[u8]) -> bool {
    is_run(value) || is_gap(value)
}

/// Whether most characters of `value` repeat the one before them. In random text of 64 characters one in 64 does.
fn is_run(value: &[u8]) -> bool {
    // `xxxx-xxxx` is a mask as well: what parts its groups does not count.
    let mut letters = value.iter().filter(|b| b.is_ascii_alphanumeric() || b"*#.".contains(b));
    let Some(mut last) = letters.next() else { return false };
    let (mut all, mut same) = (1, 0);
    for byte in letters {
        all += 1;
        same += usize::from(byte == last);
        last = byte;
    }
    all >= 6 && same * 8 >= all * 5
}

/// Whether `value` consists of words alone, two or more, and one of them marks a gap.
fn is_gap(value: &[u8]) -> bool {
    if value.len() > 100 || value.iter().filter(|b| b.is_ascii_digit()).count() > 2 {
        return false;
    }
    let words = pieces(value);
    let marks = |word: &[u8]| GAPS.iter().any(|gap| word.eq_ignore_ascii_case(gap.as_bytes()));
    words.len() >= 2 && words.iter().any(|word| marks(word)) && words.iter().all(|word| is_word(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_gaps_are_placeholders() {
        for value in [
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAXXXXXXXXXXXXXXXX",
            "api_live.00000000000000",
            "000000-000000-00000000",
            "aaaaaaaaaaaaaaaa",
            "sk-proj-REPLACE_WITH_YOUR_KEY",
            "[Shared Access key goes here]",
            "SlackConfigurationTokenHere",
            "insert_key_here",
            "sk_test_example",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_only_holds_a_run_or_a_word_is_none() {
        for value in [
            "AAAAAAAAAAAAAAAAAAAAAAk3JhT9vLmQ2wZx8RnBf5YcUp7DsGk3JhT9vLmQ2wZx8",
            "here",
            "Sample",
            "exampleKey9f71c52d839b5cd5",
            "1122334455",
            "hunter2",
            "aaab",
        ] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }
}
