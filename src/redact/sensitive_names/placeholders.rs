//! Texts that stand where a value will or did stand: masks, gaps to be filled in, words of manuals.

use super::made::{is_shredded, is_word, pieces};

/// Words with which manuals say that a reader must put a value here, and tools that they took one out.
const GAPS: [&str; 22] = [
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
    match shaped(value) {
        Some(body) => body.iter().all(|b| b"Xx*.".contains(b)) || value.ends_with(b"EXAMPLE"),
        None => is_run(value) || is_gap(value) || is_refrain(value) || is_alphabet(value) || is_cut_out(value),
    }
}

/// What follows the prefix of a key that nothing but its vendor writes at that length, whatever words it may spell: of those
/// only a row of crosses is a mask, and only what ends in the vendor's own word an example.
fn shaped(value: &[u8]) -> Option<&[u8]> {
    const SHAPES: [(&[u8], usize, usize); 5] =
        [(b"AKIA", 20, 20), (b"ASIA", 20, 20), (b"ABIA", 20, 20), (b"ACCA", 20, 20), (b"ABSK", 44, 200)];
    // Where Firebase sends messages to: a device, and its key.
    if value.len() >= 130
        && let Some(at) = memchr::memmem::find(value, b":APA91b")
    {
        return Some(&value[at + 7..]);
    }
    let (prefix, ..) = SHAPES
        .iter()
        .find(|(prefix, least, most)| value.starts_with(prefix) && (*least..=*most).contains(&value.len()))?;
    Some(&value[prefix.len()..])
}

/// True for what a program does instead of a value: a variable of a shell, of PHP or of Terraform, a cast, the rest of an
/// expression that a quotation mark cut off, the label or the selector of a field.
#[must_use]
pub fn is_code(value: &[u8]) -> bool {
    let unquoted: &[u8] = match value {
        [b'\'' | b'"', inner @ .., b'\'' | b'"'] => inner,
        _ => value,
    };
    let word = |text: &[u8]| !text.is_empty() && text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let lower = |text: &[u8]| !text.is_empty() && text.iter().all(|b| b.is_ascii_lowercase() || b"-_ ".contains(b));
    let owners = [b"var.".as_slice(), b"local.", b"module.", b"data.", b"self.", b"this.", b"params.", b"args."];
    match unquoted {
        // `$db_password`, `$p['config']`, `\$_POST[…`, `.$p[`; but `$ecret1` is a password.
        [b'\\', b'$', rest @ ..] | [b'.' | b'+', b'$', rest @ ..] => rest.first().is_some_and(|b| is_name_start(*b)),
        [b'$', rest @ ..] => {
            let name = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            let (name, after) = rest.split_at(name);
            let plain = word(name) && !name.iter().any(u8::is_ascii_digit);
            plain && (after.starts_with(b"[") || after.starts_with(b"->") || (after.is_empty() && name.contains(&b'_')))
        }
        // `+new Buffer(`, `(char`.
        [b'+', rest @ .., b'('] | [b'(', rest @ ..] => {
            rest.iter().all(|b| b.is_ascii_alphabetic() || b" *._".contains(b))
        }
        // `{base64(`, `{3}`, `[PASSWORD]`, `,label:`.
        [b'{', rest @ ..] => {
            rest.iter().all(|b| b.is_ascii_alphanumeric() || b"_.}".contains(b)) || rest.contains(&b'(')
        }
        [b'[', rest @ .., b']'] => rest.iter().all(|b| b.is_ascii_uppercase() || b"_ ".contains(b)),
        [b',', rest @ .., b':'] => word(rest),
        // `#add-password`, `Password:`.
        [b'#', rest @ ..] => rest.contains(&b'-') && lower(rest),
        // `!is_empty(x)`, `format!(`, `new_secret(`.
        [b'!', rest @ .., b'(' | b')'] => rest.iter().all(|b| b.is_ascii_alphanumeric() || b"_.:(&*".contains(b)),
        [rest @ .., b'!', b'('] => word(rest),
        // `Option<&[u8]>`.
        [b'A'..=b'Z', rest @ .., b'>'] => {
            let name = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            name >= 2 && rest.get(name) == Some(&b'<')
        }
        // `AppToken{9f4ef63`: an object, printed.
        [first, ..] if first.is_ascii_uppercase() && is_printed_object(unquoted) => true,
        [rest @ .., b':'] => rest.len() > 2 && rest.iter().all(|b| b.is_ascii_alphabetic() || *b == b' '),
        _ => owners
            .iter()
            .any(|owner| unquoted.strip_prefix(*owner).is_some_and(|rest| rest.split(|b| *b == b'.').all(word))),
    }
}

/// `Name{9f4ef63` or `Name@9f4ef63`: a class, and where its object lies.
fn is_printed_object(value: &[u8]) -> bool {
    let name = value.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (class, rest) = value.split_at(name);
    let hash = rest.get(1..).unwrap_or_default();
    let hash = hash.strip_suffix(b"}").unwrap_or(hash);
    class.len() >= 4
        && class.iter().any(u8::is_ascii_lowercase)
        && matches!(rest.first(), Some(b'{' | b'@'))
        && (5..=8).contains(&hash.len())
        && hash.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b))
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
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
    // Card and phone numbers hold runs of digits, and so do numbers of tests.
    let number = value.iter().all(|b| b.is_ascii_digit() || b"-_ .".contains(b));
    all >= 6 && if number { same + 1 == all } else { same * 8 >= all * 5 }
}

/// Whether `value` is all letters and digits in their order, with the marks of base64 or none: what programs make texts of.
fn is_alphabet(value: &[u8]) -> bool {
    let letters = b"abcdefghijklmnopqrstuvwxyz";
    (62..=65).contains(&value.len())
        && [0, 26].iter().all(|at| value[*at..*at + 26].eq_ignore_ascii_case(letters))
        && value[52..].starts_with(b"0123456789")
        && !value[62..].iter().any(u8::is_ascii_alphanumeric)
}

/// Whether a tool or a person took the rest of `value` out: `ops_eyJz..[Redacted]`, and tokens in three parts of which the
/// third is the word for itself. Also of what has parts and the last is crossed out.
fn is_cut_out(value: &[u8]) -> bool {
    let ends = |with: &[u8]| value.len() > with.len() && value[value.len() - with.len()..].eq_ignore_ascii_case(with);
    let dots = value.iter().filter(|b| **b == b'.').count();
    let crossed = ends(b"=xxx") || ends(b"=***") || ends(b":xxxxxxxxxxxxxxxx");
    let words = [b".signature".as_slice(), b".token", b".your-signature"];
    crossed
        || ends(b"[redacted]")
        || ends(b"<redacted>")
        || (value.starts_with(b"eyJ") && dots == 2 && words.iter().any(|word| ends(word)))
}

/// Whether a word of manuals stands in `value` three times and more: `glc_TESTTESTTESTTEST`.
fn is_refrain(value: &[u8]) -> bool {
    ["example", "test", "sample", "dummy", "fake"].iter().any(|word| {
        let first = word.as_bytes()[0];
        let is = |part: &&[u8]| part[0] | 0x20 == first && part.eq_ignore_ascii_case(word.as_bytes());
        value.windows(word.len()).filter(is).count() >= 3
    })
}

/// Whether `value` consists of words alone, two or more, and one of them marks a gap.
fn is_gap(value: &[u8]) -> bool {
    if value.len() > 100 || value.iter().filter(|b| b.is_ascii_digit()).count() > 2 {
        return false;
    }
    let words = pieces(value);
    let marks = |word: &[u8]| GAPS.iter().any(|gap| word.eq_ignore_ascii_case(gap.as_bytes()));
    words.len() >= 2
        && !is_shredded(value)
        && words.iter().any(|word| marks(word))
        && words.iter().all(|word| is_word(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_gaps_are_placeholders() {
        for value in [
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAXXXXXXXXXXXXXXXX",
            "api_live.00000000000000000000",
            "000000-000000-00000000",
            "aaaaaaaaaaaaaaaa",
            "sk-proj-REPLACE_WITH_YOUR_KEY",
            "[Shared Access key goes here]",
            "SlackConfigurationTokenHere",
            "insert_key_here",
            "sk_test_example",
            "glc_TESTTESTTESTTESTTEST",
            "AKIAQQQQQQQQQEXAMPLE",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            "ops_eyJk3JhT9..[Redacted]",
            "eyJk3JhT9vLmQ2w.eyJk3JhT9vLmQ2w.signature",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn code_that_fetches_a_value_is_told_from_one() {
        for value in [
            "$gdc_db_password",
            "'$APP_PASSWORD'",
            "\\$_POST[",
            ".$p[",
            "$row['x']",
            "var.db_password",
            "+new Buffer(",
            "(char",
            "#add-password",
            "Password:",
            "module.db.password",
            "{2}",
            "{base64(user",
            "[PASSWORD]",
            ",label:",
            "!is_reference(value)",
            "format!(",
            "Option<&[u8]>",
            "WindowToken{9f4ef63",
        ] {
            assert!(is_code(value.as_bytes()), "{value}");
        }
        for value in ["$ecret1", "#hunter2", "(hunter2", "$2b$12$abc", "variety", "hunter:", "a+b(", "$word"] {
            let person = matches!(value, "hunter:");
            assert_eq!(is_code(value.as_bytes()), person, "{value}");
        }
    }

    #[test]
    fn what_only_holds_a_run_or_a_word_is_none() {
        for value in [
            "AAAAAAAAAAAAAAAAAAAAAAk3JhT9vLmQ2wZx8RnBf5YcUp7DsGk3JhT9vLmQ2wZx8",
            "AKIAQQQQQQQQQQQQQQQQ",
            "ASIATESTTESTTESTTEST",
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
