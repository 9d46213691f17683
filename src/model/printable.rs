//! Text from a stranger, made safe to show: what steers a terminal or hides from the eye is written out instead.

use std::fmt::Write as _;

/// The most characters of one text that are shown. Longer than any path or reason that this program writes.
pub const MAX_PRINTED: usize = 1_000;

/// `text` with control characters, terminal escapes, marks that turn the reading direction and invisible characters
/// written as `\u{…}`, and cut after [`MAX_PRINTED`] characters. Line ends are control characters too.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(MAX_PRINTED));
    for (n, c) in text.chars().enumerate() {
        if n == MAX_PRINTED {
            shown.push('…');
            break;
        }
        push_printable(&mut shown, c);
    }
    shown
}

/// Adds one character to `shown`, written out where [`is_deceptive`] says so.
pub fn push_printable(shown: &mut String, c: char) {
    if is_deceptive(c) {
        let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
    } else {
        shown.push(c);
    }
}

/// Adds to `shown` the text of a JSON document, with what [`is_deceptive`] names as JSON escapes: the values stay the same. Line
/// ends pass, as they stand between values only.
pub fn push_json(shown: &mut String, json: &str) {
    for c in json.chars() {
        if is_deceptive(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
}

/// Whether `c` steers a terminal, turns the reading direction, breaks a line or cannot be seen.
/// The direction marks are those of "Trojan Source" (CVE-2021-42574).
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'   // zero width, left-to-right and right-to-left marks
            | '\u{2028}'..='\u{202e}'   // line and paragraph separators, embeddings, overrides
            | '\u{2060}'..='\u{206f}'   // word joiner, invisible operators, isolates
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}') // tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_or_turns_the_reading_direction_is_written_out() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(printable("log\u{202e}gpj.exe"), "log\\u{202e}gpj.exe");
        assert_eq!(printable("two\r\nlines\u{9b}31m"), "two\\u{d}\\u{a}lines\\u{9b}31m");
        assert_eq!(printable("plain naïve 漢字"), "plain naïve 漢字");
    }

    #[test]
    fn a_json_document_keeps_its_values_and_loses_what_steers() {
        let value = serde_json::json!({ "a\u{9b}31m": "log\u{202e}gpj.exe\r\n\u{e0041}\u{7f} naïve" });
        let mut shown = String::new();
        push_json(&mut shown, &format!("{value:#}"));
        assert!(shown.chars().all(|c| c == '\n' || !is_deceptive(c)) && shown.contains("naïve"), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(printable(&"x".repeat(5_000)).chars().count(), MAX_PRINTED + 1);
    }
}
