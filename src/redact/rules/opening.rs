//! Which literals stand in the first line of every match of a pattern.
//!
//! gitleaks looks for a rule's keywords in a whole file, we in the line that a match begins in. Where the keyword may stand further
//! down (`data:` … `kind: Secret`), the pattern itself says what its first line holds; and what it says is often rarer.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::pattern::newlines;

/// Shorter literals light up too many lines.
const SHORTEST: usize = 3;

/// The most literals that one pattern is known by.
const MOST: usize = 32;

/// What is known about a part of a pattern.
enum Opening {
    /// Each match holds one of these, in lower case, before any line end.
    Holds(Vec<String>),
    /// A match holds no line end.
    OneLine,
    /// A line may end before anything that is known.
    Open,
}

/// Literals, in lower case, one of which stands in the first line of every match; `None` where none is certain.
pub(super) fn first_line_literals(hir: &Hir) -> Option<Vec<String>> {
    match opening(hir) {
        Opening::Holds(mut literals) => {
            literals.sort_unstable();
            literals.dedup();
            Some(literals)
        }
        Opening::OneLine | Opening::Open => None,
    }
}

fn opening(hir: &Hir) -> Opening {
    let otherwise = || if newlines(hir) == 0 { Opening::OneLine } else { Opening::Open };
    match hir.kind() {
        HirKind::Capture(capture) => opening(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => match opening(&repetition.sub) {
            Opening::Holds(literals) => Opening::Holds(literals),
            _ => otherwise(),
        },
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                match opening(part) {
                    Opening::Holds(literals) if all.len() + literals.len() <= MOST => all.extend(literals),
                    _ => return otherwise(),
                }
            }
            Opening::Holds(all)
        }
        HirKind::Concat(parts) => in_a_row(parts).map_or_else(otherwise, Opening::Holds),
        HirKind::Literal(_) if plain(hir).is_some() => {
            in_a_row(std::slice::from_ref(hir)).map_or_else(otherwise, Opening::Holds)
        }
        _ => otherwise(),
    }
}

/// The best that is known about the first line of parts that follow each other.
fn in_a_row(parts: &[Hir]) -> Option<Vec<String>> {
    let mut best: Option<Vec<String>> = None;
    let mut run = String::new();
    for part in parts {
        if let Some(text) = plain(part) {
            let (line, more) = text.split_once('\n').map_or((text.as_str(), false), |(line, _)| (line, true));
            run.push_str(line);
            if !more {
                continue;
            }
            keep_better(&mut best, vec![run]);
            return best;
        }
        keep_better(&mut best, vec![std::mem::take(&mut run)]);
        match opening(part) {
            Opening::Holds(literals) => {
                keep_better(&mut best, literals);
                if newlines(part) > 0 {
                    return best;
                }
            }
            Opening::OneLine => {}
            Opening::Open => return best,
        }
    }
    keep_better(&mut best, vec![run]);
    best
}

/// The set whose shortest literal is longer is the better one.
fn keep_better(best: &mut Option<Vec<String>>, literals: Vec<String>) {
    let shortest = |literals: &[String]| literals.iter().map(String::len).min().unwrap_or(0);
    let better = shortest(&literals) > best.as_deref().map_or(SHORTEST - 1, shortest);
    if better {
        *best = Some(literals);
    }
}

/// The one ASCII text that a part matches, whatever its case.
fn plain(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) if literal.0.is_ascii() => {
            Some(String::from_utf8_lossy(&literal.0).to_ascii_lowercase())
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut bytes = class.ranges().iter().filter(|r| r.start() == r.end()).map(|r| r.start());
            let first = bytes.next()?;
            let both =
                class.ranges().len() == 2 && bytes.next().is_some_and(|other| other.eq_ignore_ascii_case(&first));
            both.then(|| char::from(first.to_ascii_lowercase()).to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(pattern: &str) -> Option<Vec<String>> {
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
        first_line_literals(&hir.expect("a pattern"))
    }

    #[test]
    fn the_first_line_of_a_match_is_known_by_its_literals() {
        let some = |all: &[&str]| Some(all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        assert_eq!(literals(r"(?i)[\w.-]{0,50}?(?:acme)[\s=]{1,5}([a-z0-9]{32})"), some(&["acme"]));
        assert_eq!(literals(r"(?i)(?:\bkind:(?s:.)*secret|\bdata:(?s:.)*x)"), some(&["data:", "kind:"]));
        assert_eq!(literals(r"\b(ey[a-z]{17,}\.ey[a-z]{17,})"), some(&[".ey"]));
        assert_eq!(literals(r"(?:key|token)[=:](\w+)"), some(&["key", "token"]));
        assert_eq!(literals(r"(?:abc|longer)+x{2}end-of-it"), some(&["end-of-it"]));
        assert_eq!(literals("abcd\nlonger than that"), some(&["abcd"]));
    }

    #[test]
    fn where_nothing_is_certain_nothing_is_claimed() {
        for pattern in [
            r"\s+acme",
            r"[^x]*acme",
            r"(?:acme)?[0-9]{8}",
            r"acme|[0-9]{8}",
            r"sk[0-9]{8}",
            r"[ab]cd",
            "a\nacme",
            r"(?u:é)cd",
        ] {
            assert_eq!(literals(pattern), None, "{pattern}");
        }
    }
}
