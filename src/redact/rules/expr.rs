//! The part of betterleaks' filters that is honoured. A filter is an expression of the Expr language, and true drops a finding;
//! only whole alternatives of three plain forms are read, each of which may drop by itself:
//!
//! `entropy(finding["secret"]) <= 3.5`, `matchesAny(finding["secret"], [`…`])`, `containsAny(finding["secret"], ["…"])`
//!
//! What is not understood drops nothing.

use super::exempt::Target;

/// One way to drop a finding.
#[derive(Debug, PartialEq)]
pub(super) enum Drop {
    /// At this entropy or below.
    Entropy(f64),
    /// By a pattern, in Go's syntax.
    Matches(Target, Vec<String>),
    /// By a word in the secret.
    Contains(Vec<String>),
}

/// Parentheses in parentheses that are followed.
const DEPTH: usize = 8;

/// What `filter` drops as far as it is understood, and whether that is all of it.
pub(super) fn drops(filter: &str) -> (Vec<Drop>, bool) {
    let mut found = Vec::new();
    let whole = tokens(filter).is_some_and(|tokens| alternatives(&tokens, DEPTH, &mut found));
    (found, whole)
}

#[derive(Debug, PartialEq)]
enum Token {
    Text(String),
    Number(f64),
    Word(String),
    Sign(&'static str),
}

use Token::{Number, Sign, Text, Word};

/// Two characters go before one. A sign that is not here ends the reading.
const SIGNS: [&str; 27] = [
    "||", "&&", "<=", ">=", "==", "!=", "??", "?.", "..", "(", ")", "[", "]", "{", "}", ",", ".", "<", ">", "!", "?",
    ":", ";", "|", "+", "-", "*",
];

fn tokens(filter: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = filter.trim_start();
    while let Some(c) = rest.chars().next() {
        let length = |belongs: fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if c == '`' {
            let end = rest[1..].find('`')?;
            tokens.push(Text(rest[1..=end].to_owned()));
            end + 2
        } else if c == '"' || c == '\'' {
            let (text, taken) = quoted(rest, c)?;
            tokens.push(Text(text));
            taken
        } else if c.is_ascii_digit() {
            let end = length(|c| c.is_ascii_digit() || c == '.');
            tokens.push(Number(rest[..end].parse().ok()?));
            end
        } else if c.is_ascii_alphabetic() || c == '_' {
            let end = length(|c| c.is_ascii_alphanumeric() || c == '_');
            tokens.push(Word(rest[..end].to_owned()));
            end
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            tokens.push(Sign(sign));
            sign.len()
        };
        rest = rest[taken..].trim_start();
    }
    Some(tokens)
}

/// A quoted text and the bytes that it takes.
fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            c if c == quote => return Some((text, at + 1)),
            '\\' => text.push(match characters.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\\' | '"' | '\'') => c,
                _ => return None,
            }),
            c => text.push(c),
        }
    }
    None
}

/// Reads `a || b || …`; false if any part of it was not understood.
fn alternatives(tokens: &[Token], depth: usize, found: &mut Vec<Drop>) -> bool {
    let mut parts = Vec::new();
    let (mut level, mut begin) = (0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Sign("(" | "[" | "{") => level += 1,
            Sign(")" | "]" | "}") => match level.checked_sub(1) {
                Some(less) => level = less,
                None => return false,
            },
            Sign("||") if level == 0 => {
                parts.push(&tokens[begin..at]);
                begin = at + 1;
            }
            // These bind weaker than `||`, or make what follows depend on something else.
            Sign("?" | ";" | "|") if level == 0 => return false,
            Word(word) if level == 0 && ["let", "if", "or"].contains(&word.as_str()) => return false,
            _ => {}
        }
    }
    parts.push(&tokens[begin..]);
    let mut whole = level == 0;
    for part in parts {
        whole &= match part {
            [Sign("("), inside @ .., Sign(")")] if depth > 0 && balanced(inside) => {
                alternatives(inside, depth - 1, found)
            }
            part => drop(part).map(|drop| found.push(drop)).is_some(),
        };
    }
    whole
}

/// Whether every bracket in `tokens` is closed in it: `(a) || (b)` begins and ends with one too.
fn balanced(tokens: &[Token]) -> bool {
    let mut level = 0_usize;
    tokens.iter().all(|token| {
        match token {
            Sign("(" | "[" | "{") => level += 1,
            Sign(")" | "]" | "}") if level == 0 => return false,
            Sign(")" | "]" | "}") => level -= 1,
            _ => {}
        }
        true
    })
}

fn drop(tokens: &[Token]) -> Option<Drop> {
    let tokens = match tokens {
        [Word(library), Sign("."), rest @ ..] if library == "filter" => rest,
        all => all,
    };
    let [Word(function), Sign("("), Word(of), Sign("["), Text(part), Sign("]"), rest @ ..] = tokens else {
        return None;
    };
    let target = match part.as_str() {
        "secret" => Target::Secret,
        "match" => Target::Match,
        _ => return None,
    };
    if of != "finding" {
        return None;
    }
    match (function.as_str(), rest) {
        ("entropy", [Sign(")"), Sign("<="), Number(limit)]) if target == Target::Secret => Some(Drop::Entropy(*limit)),
        ("entropy", [Sign(")"), Sign("<"), Number(limit)]) if target == Target::Secret => {
            Some(Drop::Entropy(limit.next_down()))
        }
        ("matchesAny", rest) => texts(rest).map(|patterns| Drop::Matches(target, patterns)),
        ("containsAny", rest) if target == Target::Secret => texts(rest).map(Drop::Contains),
        _ => None,
    }
}

/// `, ["a", "b",])` to the end.
fn texts(tokens: &[Token]) -> Option<Vec<String>> {
    let [Sign(","), Sign("["), inside @ .., Sign("]"), Sign(")")] = tokens else { return None };
    let inside = inside.strip_suffix(&[Sign(",")]).unwrap_or(inside);
    inside
        .iter()
        .enumerate()
        .filter_map(|(at, token)| match token {
            Text(text) if at % 2 == 0 => Some(Some(text.clone())),
            Sign(",") if at % 2 == 1 => None,
            _ => Some(None),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_forms_are_read() {
        let read = |filter: &str| drops(filter);
        assert_eq!(read("\nentropy(finding[\"secret\"]) <= 3.8\n"), (vec![Drop::Entropy(3.8)], true));
        let (below, whole) = read("filter.entropy(finding['secret']) < 4");
        assert!(whole && matches!(below[..], [Drop::Entropy(limit)] if limit < 4.0 && limit > 3.999_999));
        let two = "(matchesAny(finding[\"secret\"], [\n `^\\$a`, // why\n \"b\\\"c\",\n]) || containsAny(finding[\"secret\"], [\"x\"]))";
        let expected = vec![
            Drop::Matches(Target::Secret, vec!["^\\$a".to_owned(), "b\"c".to_owned()]),
            Drop::Contains(vec!["x".to_owned()]),
        ];
        assert_eq!(read(two), (expected, true));
        assert_eq!(read("(entropy(finding[\"secret\"]) <= 1) || (entropy(finding[\"secret\"]) <= 2)").0.len(), 2);
    }

    #[test]
    fn an_alternative_that_is_not_understood_drops_nothing() {
        let entropy = "entropy(finding[\"secret\"]) <= 3";
        let read = |filter: String| drops(&filter);
        for other in
            ["!matchesAny(finding[\"secret\"], [`a`])", "matchesAny(attributes[\"path\"], [`a`])", "a && b", "x"]
        {
            assert_eq!(read(format!("{entropy} || {other}")), (vec![Drop::Entropy(3.0)], false), "{other}");
        }
        for all in [
            format!("{entropy} && x"),
            format!("!({entropy})"),
            format!("!{entropy}"),
            format!("{entropy} ? a : b || {entropy}"),
            format!("let a = 1; {entropy}"),
            format!("{entropy} || x | f()"),
            format!("x({entropy} || {entropy})"),
            format!("{entropy}.5 @"),
            "entropy(finding[\"secret\"]) >= 3".to_owned(),
            "entropy(finding[\"line\"]) <= 3".to_owned(),
            "matchesAny(finding[\"secret\"], [`a` `b`])".to_owned(),
            "matchesAny(finding[\"secret\"], [`a`".to_owned(),
            "(".repeat(100_000),
            format!("{}{entropy}{}", "(".repeat(5000), ")".repeat(5000)),
        ] {
            assert_eq!(read(all.clone()), (vec![], false), "{}", &all[..all.len().min(80)]);
        }
    }
}
