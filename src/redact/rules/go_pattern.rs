//! Patterns in the syntax of Go's RE2, as gitleaks and betterleaks write them, put into that of the `regex` crate, for use on
//! bytes without Unicode: what Go means by `\w`, `\d` and `\b` is ASCII.
//!
//! One difference stays: outside a `(?u:…)` that we write, `.` and `[^x]` are one byte here and one character in Go, so a counted
//! repeat over letters such as `ä` reaches less far. Letters that Go folds to ASCII under `(?i)` (U+017F, U+212A) are not folded.

/// The same pattern in the `regex` crate's syntax. What neither syntax has is left as it is, for the compiler to refuse.
pub(super) fn to_rust(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' => escape(rest, &mut out),
            '[' => class(rest, &mut out),
            '{' if !is_repetition(rest) => {
                out.push_str("\\{");
                after
            }
            c => {
                literal(c, &mut out);
                after
            }
        };
    }
    out
}

/// Takes one escape from `rest`, which begins with a backslash.
fn escape<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let after = &rest[1..];
    let Some(c) = after.chars().next() else {
        out.push('\\');
        return after;
    };
    match c {
        'Q' => {
            let (quoted, after) = after[1..].split_once("\\E").unwrap_or((&after[1..], ""));
            quoted.chars().for_each(|c| quoted_literal(c, out));
            return after;
        }
        's' => out.push_str(&format!("[{SPACES}]")),
        'S' => out.push_str(&format!("[^{SPACES}]")),
        'p' | 'P' => {
            if let Some((property, after)) = property(rest) {
                out.push_str(&format!("(?u:{property})"));
                return after;
            }
            out.push_str("\\p");
        }
        '0'..='7' | 'x' => {
            if let Some((c, after)) = code(rest) {
                quoted_literal(c, out);
                return after;
            }
            out.push_str(&rest[..2]);
        }
        // In the `regex` crate these are the borders of a word.
        '<' | '>' => out.push(c),
        c => {
            out.push('\\');
            out.push(c);
        }
    }
    &after[c.len_utf8()..]
}

/// A character that stands for itself or is syntax of both.
fn literal(c: char, out: &mut String) {
    if c.is_ascii() { out.push(c) } else { out.push_str(&format!("(?u:{c})")) }
}

/// A character that stands for itself, whatever it is.
fn quoted_literal(c: char, out: &mut String) {
    match c {
        c if c.is_ascii_alphanumeric() || c == '_' => out.push(c),
        c if c.is_ascii() => out.push_str(&format!("\\x{:02X}", u32::from(c))),
        c => literal(c, out),
    }
}

/// Go's `\s`, inside a class. The `regex` crate's has a vertical tab too.
const SPACES: &str = "\\t\\n\\x0C\\r\\x20";

/// Takes a class from `rest`, which begins with its bracket. Raw brackets and the crate's own set operations (`&&`, `--`, `~~`)
/// are plain characters in Go.
fn class<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let mut body = String::from("[");
    let mut at = &rest[1..];
    let mut wide = false;
    if let Some(after) = at.strip_prefix('^') {
        body.push('^');
        at = after;
    }
    let mut first = true;
    loop {
        if at.starts_with(']') && !first {
            body.push(']');
            out.push_str(&if wide { format!("(?u:{body})") } else { body });
            return &at[1..];
        }
        first = false;
        if let Some(end) = posix(at) {
            body.push_str(&at[..end]);
            at = &at[end..];
        } else if let Some(perl) = at.get(..2).and_then(perl) {
            body.push_str(perl);
            at = &at[2..];
        } else if let Some((property, after)) = property(at) {
            body.push_str(&property);
            wide = true;
            at = after;
        } else if let Some((low, after)) = class_character(at) {
            class_literal(low, &mut body);
            wide |= !low.is_ascii();
            at = after;
            let end = at.strip_prefix('-').filter(|end| !end.is_empty() && !end.starts_with(']'));
            if let Some((high, after)) = end.and_then(class_character) {
                body.push('-');
                class_literal(high, &mut body);
                wide |= !high.is_ascii();
                at = after;
            }
        } else {
            // Not closed, or an escape that Go does not have either.
            out.push_str(rest);
            return "";
        }
    }
}

fn class_literal(c: char, body: &mut String) {
    if c.is_ascii_alphanumeric() { body.push(c) } else { body.push_str(&format!("\\x{{{:X}}}", u32::from(c))) }
}

/// The length of `[:alpha:]` or `[:^alpha:]` at the start of `at`.
fn posix(at: &str) -> Option<usize> {
    let name = at.strip_prefix("[:")?;
    let length = name.find(":]")?;
    let word = name[..length].strip_prefix('^').unwrap_or(&name[..length]);
    (!word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase())).then_some(length + 4)
}

fn perl(escape: &str) -> Option<&'static str> {
    Some(match escape {
        "\\d" => "0-9",
        "\\D" => "[^0-9]",
        "\\w" => "0-9A-Za-z_",
        "\\W" => "[^0-9A-Za-z_]",
        "\\s" => SPACES,
        "\\S" => "[^\\t\\n\\x0C\\r\\x20]",
        _ => return None,
    })
}

/// `\pL`, `\PL`, `\p{Greek}`, `\p{^Greek}` at the start of `at`, as the crate writes it, and what follows.
fn property(at: &str) -> Option<(String, &str)> {
    let negated = at.starts_with("\\P");
    let name = at.strip_prefix("\\p").or_else(|| at.strip_prefix("\\P"))?;
    let (name, after) = match name.strip_prefix('{') {
        Some(braced) => braced.split_once('}')?,
        None => name.split_at(name.chars().next()?.len_utf8()),
    };
    let (name, negated) = name.strip_prefix('^').map_or((name, negated), |name| (name, !negated));
    let letter = if negated { 'P' } else { 'p' };
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_').then(|| (format!("\\{letter}{{{name}}}"), after))
}

/// One character of a class: itself or an escape of it.
fn class_character(at: &str) -> Option<(char, &str)> {
    let c = at.chars().next()?;
    if c != '\\' {
        return Some((c, &at[c.len_utf8()..]));
    }
    if let Some(found) = code(at) {
        return Some(found);
    }
    let c = at[1..].chars().next()?;
    let meant = match c {
        'a' => '\x07',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => return None,
    };
    Some((meant, &at[2..]))
}

/// `\x41`, `\x{e9}`, `\101` or `\0` at the start of `at`. `\1` alone would be a back reference, which neither has.
fn code(at: &str) -> Option<(char, &str)> {
    let digits = at.strip_prefix('\\')?;
    if let Some(hex) = digits.strip_prefix('x') {
        let (hex, after) = match hex.strip_prefix('{') {
            Some(braced) => braced.split_once('}')?,
            None => (hex.get(..2)?, &hex[2..]),
        };
        let plain = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
        return char::from_u32(u32::from_str_radix(hex, 16).ok().filter(|_| plain)?).map(|c| (c, after));
    }
    let length = digits.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
    if length == 0 || (length == 1 && !digits.starts_with('0')) {
        return None;
    }
    char::from_u32(u32::from_str_radix(&digits[..length], 8).ok()?).map(|c| (c, &digits[length..]))
}

/// Whether `{` at the start of `rest` opens `{2}`, `{2,}` or `{2,5}`; anything else is a brace in Go.
fn is_repetition(rest: &str) -> bool {
    let Some((inside, _)) = rest[1..].split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && number(least) && number(most)
}

#[cfg(test)]
mod tests {
    use super::super::pattern::compile;
    use super::*;

    /// Pattern, a text in which Go finds it, a text in which Go does not.
    const DIFFERENCES: [(&str, &str, &str); 41] = [
        // Braces that count nothing.
        (r"^a{,5}$", "a{,5}", "aa"),
        (r"{x}", "{x}", "x"),
        (r"^a{$", "a{", "a"),
        (r"^a{x}$", "a{x}", "ax"),
        (r"^\$?{{[^}]+}}$", "{{ x }}", "$x"),
        (r"^import[ \t]+{[ \t\w,]+}$", "import {a, b}", "import a"),
        (r"^\$(?:\d+|{\d+})$", "${12}", "$a"),
        (r"^a{2}b{1,}c{1,2}$", "aabc", "abc"),
        (r"^a{1,2}{$", "aa{", "a"),
        (r"\ba\b{start}", "a{start}", "a start"),
        // Quoted runs.
        (r"^\Qa.b\E+$", "a.bb", "axb"),
        (r"^\Q[(é", "[(é", "x"),
        // Classes.
        (r"^[a[b]+$", "a[b", "a]"),
        (r"^[]a]+$", "]a", "b"),
        (r"^[^]a]$", "b", "]"),
        (r"^[a&&b]+$", "a&b", "c"),
        (r"^[--a]$", "Z", "b"),
        (r"^[~~]$", "~", "^"),
        (r"^[a-c--/]+$", "b-.", "d"),
        (r"^[\w-.]+$", "a-.", "+"),
        (r"^[\w .-/]+$", "a ./", "-"),
        (r"^[[:alpha:]_]+$", "ab_", "1"),
        (r"^[[:^alpha:]]+$", "12", "a"),
        (r"^[[:]+$", "[:", "a"),
        (r"^[\-\]\[^]+$", "-][^", "\\"),
        (r"^[\x41-\x{43}\104]+$", "ABCD", "E"),
        (r"^[\n\t\a\f\v\r]+$", "\n\t", "n"),
        (r"^[^\d\S]+$", " \t", "1"),
        (r"(?i)^[a-f]+$", "ABC", "g"),
        // Letters beyond ASCII.
        (r"^[é]$", "é", "e"),
        (r"^é+$", "éé", "e"),
        (r"^[a-zß-ü]{3}$", "aüb", "aÿ1"),
        (r"^\pL+$", "aéß", "1"),
        (r"^\p{Greek}{2}$", "αβ", "ab"),
        (r"^\p{^Greek}$", "a", "α"),
        (r"^[\PL\w]+$", "a1_", "é"),
        (r"(?i)^É$", "é", "e"),
        // Escapes with another meaning.
        (r"^\<a\>$", "<a>", "a"),
        (r"^\123\0\x{e9}$", "S\0é", "123"),
        (r"^a\s$", "a\n", "a\x0B"),
        (r"^a\S\z", "a\x0B", "a "),
    ];

    #[test]
    fn every_difference_to_go_is_translated() {
        for (pattern, found, absent) in DIFFERENCES {
            let rust = to_rust(pattern);
            let regex = compile(&rust).unwrap_or_else(|e| panic!("{pattern} became {rust}: {e}"));
            assert!(regex.is_match(found.as_bytes()), "{pattern} became {rust}, which does not find {found:?}");
            assert!(!regex.is_match(absent.as_bytes()), "{pattern} became {rust}, which finds {absent:?}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused_here_too() {
        for pattern in [
            r"(?=a)",
            r"(?<!a)",
            r"(a)\1",
            r"\Z",
            r"\C",
            r"\h",
            r"\e",
            r"\E",
            r"[a",
            r"[\Qa\E]",
            r"(a",
            r"*a",
            r"\x{110000}",
            r"\p{Nothing}",
            r"\",
            r"[\",
            r"\p",
            r"\x",
            "(?",
        ] {
            assert!(compile(&to_rust(pattern)).is_err(), "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_translation(text in r"[\[\]\\^{}()a-cQEpx0-9,:&~é-]{0,24}") {
            let _ = compile(&to_rust(&text));
        }
    }
}
