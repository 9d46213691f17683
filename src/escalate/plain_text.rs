//! Text of others, made harmless for a ticket: it stays readable, and can neither add a line, a heading or a mention nor
//! steer a terminal. Tickets are Markdown (CommonMark) that must also read well as plain text.

use url::Url;

/// The indentation that makes a block verbatim in CommonMark (section 4.4): four spaces, under which nothing is a
/// heading, a list, a quotation or a quick action.
const INDENT: &str = "    ";

/// `text` as one line of at most `most` characters: white space folded, control and invisible characters spelled out.
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    // A text may be as long as a file; what is cut anyway need not be folded. Four times the length leaves room for
    // white space that folds away.
    let near: String = text.chars().take(most.saturating_mul(4)).collect();
    let folded = near.split(is_blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let visible: String = folded.chars().flat_map(Spelled::of).collect();
    let longer = near.len() < text.len();
    cut(&visible, most, longer)
}

/// The same, with Markdown and mentions taken out of force. It may stand anywhere in a line.
#[must_use]
pub fn inline(text: &str, most: usize) -> String {
    let plain = one_line(text, most);
    let mut out = String::with_capacity(plain.len() + 8);
    let mut before = None;
    for (at, c) in plain.char_indices() {
        let rest = &plain[at + c.len_utf8()..];
        match c {
            '<' | '`' | '[' | ']' | '\\' => out.push('\\'),
            '&' if is_entity(rest) => out.push('\\'),
            '#' | '>' | '-' | '*' | '=' | '|' | '~' | '_' if at == 0 => out.push('\\'),
            // A list marker is one only before a space, so that a phone number and a version stay as they are.
            '+' if at == 0 && ends_marker(rest) => out.push('\\'),
            '.' | ')' if at > 0 && ends_marker(rest) && plain[..at].bytes().all(|b| b.is_ascii_digit()) => {
                out.push('\\');
            }
            _ => {}
        }
        out.push(c);
        // "@ here" is read by people and by no program; an address such as ann@example.com stays whole.
        if c == '@' && !before.is_some_and(char::is_alphanumeric) && rest.starts_with(is_word) {
            out.push(' ');
        }
        before = Some(c);
    }
    out
}

/// The same for the beginning of a line, where some ticket systems take a slash for a command.
#[must_use]
pub fn line_start(text: &str, most: usize) -> String {
    let line = inline(text, most);
    if line.starts_with('/') { format!("\\{line}") } else { line }
}

/// An address without what may be a secret in it: its user and password, and what stands behind a question mark.
#[must_use]
pub fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    // Neither fails for an address with a host, and others the policy does not take.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.to_string()
}

/// `text` as a verbatim block of at most `lines` lines of at most `most` characters: every line is indented.
#[must_use]
pub fn block(text: &str, lines: usize, most: usize) -> String {
    let mut out = Vec::new();
    let mut all = text.trim_end().split('\n');
    for line in all.by_ref().take(lines) {
        let near: String = line.trim_end_matches('\r').chars().take(most.saturating_add(1)).collect();
        let visible: String = near.replace('\t', INDENT).chars().flat_map(Spelled::of).collect();
        out.push(format!("{INDENT}{}", cut(visible.trim_end(), most, false)));
    }
    let left = all.count();
    if left > 0 {
        out.push(format!("{INDENT}… ({left} more lines)"));
    }
    out.join("\n")
}

/// `text` cut to `most` characters, at a word where one ends nearby.
fn cut(text: &str, most: usize, longer: bool) -> String {
    if text.chars().count() <= most && !longer {
        return text.to_owned();
    }
    const NEARBY: usize = 30;
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    let end = match kept.rfind(' ') {
        Some(space) if kept.len() - space <= NEARBY => space,
        _ => kept.len(),
    };
    format!("{}…", &kept[..end])
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

fn ends_marker(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

/// Whether what follows an `&` makes it an HTML entity.
fn is_entity(rest: &str) -> bool {
    const LONGEST: usize = 33; // "CounterClockwiseContourIntegral;"
    rest.chars().take(LONGEST).take_while(|c| c.is_alphanumeric() || matches!(c, '#' | ';')).any(|c| c == ';')
}

/// A character as itself, or spelled out where it would act instead of being seen.
enum Spelled {
    Itself(Option<char>),
    Escape(std::char::EscapeUnicode),
}

impl Spelled {
    fn of(c: char) -> Self {
        let acts = c.is_control()
            || matches!(c,
                '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        if acts { Self::Escape(c.escape_unicode()) } else { Self::Itself(Some(c)) }
    }
}

impl Iterator for Spelled {
    type Item = char;
    fn next(&mut self) -> Option<char> {
        match self {
            Self::Itself(c) => c.take(),
            Self::Escape(escape) => escape.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_in_a_ticket_or_terminal_is_made_visible() {
        for (raw, harmless) in [
            ("# heading", "\\# heading"),
            ("a\n# heading", "a # heading"),
            ("a\r\n\r\n---\u{2028}b", "a --- b"),
            ("\u{1b}[2Jgone", "\\u{1b}\\[2Jgone"),
            ("@here wake up", "@ here wake up"),
            ("(@channel)", "(@ channel)"),
            ("ann@customer.example", "ann@customer.example"),
            ("<!channel> <script>", "\\<!channel> \\<script>"),
            ("![x](http://a.example/p.png)", "!\\[x\\](http://a.example/p.png)"),
            ("&commat;here R&D & co", "\\&commat;here R&D & co"),
            ("a`b", "a\\`b"),
            ("1. first", "1\\. first"),
            ("1.2 or +49 30", "1.2 or +49 30"),
            ("+49 30 5550100", "+49 30 5550100"),
            ("user\u{202e}txt.exe", "user\\u{202e}txt.exe"),
        ] {
            assert_eq!(inline(raw, 200).replace("\\\\u", "\\u"), harmless, "{raw:?}");
        }
        assert_eq!(line_start("/assign me", 50), "\\/assign me");
    }

    #[test]
    fn a_long_text_is_cut_at_a_word() {
        let long = "payments fail ".repeat(300);
        let short = inline(&long, 100);
        assert!(short.chars().count() <= 100 && short.ends_with("payments fail…"), "{short}");
        assert_eq!(inline(&"x".repeat(3000), 10), format!("{}…", "x".repeat(9)));
        assert_eq!(inline("", 10), "");
    }

    #[test]
    fn a_block_stays_indented_whatever_its_lines_say() {
        let text = "first\n# heading\n\n@here\u{1b}[31m\r\n\u{85}x\n";
        assert_eq!(block(text, 9, 80), "    first\n    # heading\n    \n    @here\\u{1b}[31m\n    \\u{85}x");
        assert_eq!(block("a\nb\nc\nd", 2, 80), "    a\n    b\n    … (2 more lines)");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_line_or_its_block(text in "(?s).{0,200}", most in 2usize..120) {
            let line = line_start(&text, most);
            prop_assert!(!line.chars().any(|c| c.is_control()), "{line:?}");
            prop_assert!(!line.starts_with(['#', '>', '-', '/', '=']), "{line:?}");
            prop_assert!(one_line(&text, most).chars().count() <= most);
            for line in block(&text, 5, most).split('\n') {
                prop_assert!(line.starts_with(INDENT), "{line:?}");
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}
