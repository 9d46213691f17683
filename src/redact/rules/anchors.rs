//! Where in a pattern a literal stands that every match holds, and what stands on both sides of it: so much of a pattern can be
//! asked around each such literal in a text, long before the pattern itself.

use std::collections::HashMap;
use std::ops::Range;

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::needs::bytes_of;
use crate::redact::automaton::Piece;

/// The most places of one pattern. `service-value` has over six hundred.
const MOST: usize = 2000;

/// The most rows of pieces that one pattern is looked at as, and the most bytes of a class that are told apart.
const MOST_LOOKS: usize = 5000;
const MOST_BYTES: usize = 12;

/// The longest literal that is looked for.
const LONGEST: usize = 64;

/// Literals by their text, in lower case.
pub(in crate::redact) type Known = HashMap<Box<[u8]>, usize>;

/// A literal in a pattern.
#[derive(Debug, Clone)]
pub(in crate::redact) struct Anchor<'a> {
    /// The number of the literal.
    pub(in crate::redact) literal: usize,
    pub(in crate::redact) before: Vec<Piece<'a>>,
    pub(in crate::redact) after: Vec<Piece<'a>>,
}

/// The number in [`Known`] of no text at all: the start of the line.
pub(in crate::redact) const LINE: &[u8] = b"";

/// The end of a line, which rules of several lines can go by.
pub(in crate::redact) const NEWLINE: &[u8] = b"\n";

/// Literals, one of which stands in every match of `hir` in that place; `None` where none of `known` is certain.
pub(in crate::redact) fn anchors<'a>(hir: &'a Hir, known: &Known) -> Option<Vec<Anchor<'a>>> {
    let mut pieces = Vec::new();
    flatten(hir, &mut pieces);
    let all = 0..pieces.len();
    Search { known, left: MOST_LOOKS }.best(&pieces, all).map(|best| best.anchors)
}

/// Adds the pieces of `hir`, literals byte by byte.
fn flatten<'a>(hir: &'a Hir, pieces: &mut Vec<Piece<'a>>) {
    match hir.kind() {
        HirKind::Literal(literal) => pieces.extend(literal.0.iter().map(|byte| Piece::Byte(*byte))),
        HirKind::Concat(parts) => parts.iter().for_each(|part| flatten(part, pieces)),
        HirKind::Capture(capture) => flatten(&capture.sub, pieces),
        _ => pieces.push(Piece::Part(hir)),
    }
}

/// The ways to read a piece, one of which every match takes.
fn ways<'a>(piece: &Piece<'a>) -> Vec<Vec<Piece<'a>>> {
    let Piece::Part(part) = piece else { return Vec::new() };
    let flat = |hir: &'a Hir| {
        let mut pieces = Vec::new();
        flatten(hir, &mut pieces);
        pieces
    };
    match part.kind() {
        HirKind::Alternation(parts) => parts.iter().map(flat).collect(),
        HirKind::Repetition(repetition) if repetition.max == Some(1) && repetition.min == 0 => {
            vec![Vec::new(), flat(&repetition.sub)]
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            let mut pieces = flat(&repetition.sub);
            if repetition.max != Some(1) {
                pieces.push(Piece::Many(&repetition.sub));
            }
            vec![pieces]
        }
        HirKind::Class(Class::Bytes(class)) => {
            let bytes = || class.ranges().iter().flat_map(|range| range.start()..=range.end());
            if bytes().count() <= MOST_BYTES {
                bytes().map(|byte| vec![Piece::Byte(byte)]).collect()
            } else {
                Vec::new()
            }
        }
        _ => Vec::new(),
    }
}

/// Whether what stands before a piece may go on in it.
fn goes_on(piece: &Piece<'_>) -> bool {
    let Piece::Part(part) = piece else { return false };
    match part.kind() {
        HirKind::Class(_) => true,
        HirKind::Repetition(repetition) => repetition.max == Some(1),
        _ => false,
    }
}

/// What is best known about a row of pieces.
struct Best<'a> {
    anchors: Vec<Anchor<'a>>,
    /// Bytes of the shortest literal among them.
    shortest: usize,
}

struct Search<'k> {
    known: &'k Known,
    /// Rows that may still be looked at.
    left: usize,
}

impl Search<'_> {
    /// The longest literals that begin within `range` of a row of pieces.
    fn best<'a>(&mut self, pieces: &[Piece<'a>], range: Range<usize>) -> Option<Best<'a>> {
        self.left = self.left.checked_sub(1)?;
        let mut best: Option<Best<'a>> = None;
        if let (0, Some(Piece::Part(first)), Some(line)) = (range.start, pieces.first(), self.known.get(LINE))
            && matches!(first.kind(), HirKind::Look(Look::Start))
        {
            let anchor = Anchor { literal: *line, before: Vec::new(), after: pieces[1..].to_vec() };
            best = Some(Best { anchors: vec![anchor], shortest: 0 });
        }
        let mut at = range.start;
        while at < range.end {
            let run: Vec<u8> = pieces[at..].iter().map_while(plain).collect();
            for from in 0..run.len() {
                for to in from + 1..=run.len().min(from + LONGEST) {
                    if best.as_ref().is_some_and(|best| best.shortest >= to - from) {
                        continue;
                    }
                    if let Some(literal) = self.known.get(&run[from..to]) {
                        let (before, after) = (pieces[..at + from].to_vec(), pieces[at + to..].to_vec());
                        let anchors = vec![Anchor { literal: *literal, before, after }];
                        best = Some(Best { anchors, shortest: to - from });
                    }
                }
            }
            // A run may go on in what can be read in a few ways: `kafka[._-]`.
            let next = at + run.len();
            if next < range.end || (!run.is_empty() && pieces.get(next).is_some_and(goes_on)) {
                let shortest = best.as_ref().map(|best| best.shortest);
                if let Some(all) = self.each_way(pieces, next)
                    && shortest.is_none_or(|shortest| all.shortest > shortest)
                {
                    best = Some(all);
                }
            }
            at = next + 1;
        }
        best
    }

    /// The same for each way to read the piece at `at`, together with what stands beside it.
    fn each_way<'a>(&mut self, pieces: &[Piece<'a>], at: usize) -> Option<Best<'a>> {
        let plain_before = pieces[..at].iter().rev().take_while(|piece| plain(piece).is_some()).count();
        let mut all: Option<Best<'a>> = None;
        for way in ways(&pieces[at]) {
            let range = at - plain_before..at + way.len();
            let row = [&pieces[..at], &way, &pieces[at + 1..]].concat();
            let mut best = self.best(&row, range)?;
            match &mut all {
                Some(all) if all.anchors.len() + best.anchors.len() > MOST => return None,
                Some(all) => {
                    all.anchors.append(&mut best.anchors);
                    all.shortest = all.shortest.min(best.shortest);
                }
                None => all = Some(best),
            }
        }
        all
    }
}

/// The byte that a piece is, in lower case, whatever case the text has.
fn plain(piece: &Piece<'_>) -> Option<u8> {
    match piece {
        Piece::Byte(byte) => Some(byte.to_ascii_lowercase()),
        Piece::Part(part) => {
            let HirKind::Class(Class::Bytes(class)) = part.kind() else { return None };
            let mut bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end()).take(3);
            let first = bytes.next()?.to_ascii_lowercase();
            bytes.all(|byte| byte.to_ascii_lowercase() == first).then_some(first)
        }
        Piece::Many(_) | Piece::Run(_) => None,
    }
}

/// What stands around the first group of a pattern, where that is a name and a part of every match.
#[derive(Debug, Default)]
pub(in crate::redact) struct Name<'a> {
    pub(in crate::redact) before: Vec<Piece<'a>>,
    pub(in crate::redact) after: Vec<Piece<'a>>,
    /// Bytes of the longest.
    pub(in crate::redact) longest: usize,
}

/// What stands around the first group, and the bytes that it is made of.
pub(in crate::redact) fn around_name<'a>(hir: &'a Hir, bytes: &mut [bool; 256]) -> Option<Name<'a>> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let is_name = |part: &Hir| matches!(part.kind(), HirKind::Capture(capture) if capture.index == 1);
    let at = parts.iter().position(is_name)?;
    if let HirKind::Capture(capture) = parts[at].kind()
        && !bytes_of(&capture.sub, bytes)
    {
        *bytes = [true; 256];
    }
    let pieces = |parts: &'a [Hir]| parts.iter().map(Piece::Part).collect();
    let longest = parts[at].properties().maximum_len().unwrap_or(usize::MAX);
    Some(Name { before: pieces(&parts[..at]), after: pieces(&parts[at + 1..]), longest })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The literals that are certain, each with how many pieces stand on both sides of it.
    fn found(pattern: &str) -> Option<Vec<(&'static str, usize, usize)>> {
        const KNOWN: [&str; 8] = ["key", "apikey", "token", "is", "@", "ghp_", "gho_", ""];
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
        let hir = hir.expect("a pattern");
        let known = KNOWN.iter().enumerate().map(|(n, text)| (text.as_bytes().into(), n)).collect();
        let all = anchors(&hir, &known)?;
        Some(all.iter().map(|anchor| (KNOWN[anchor.literal], anchor.before.len(), anchor.after.len())).collect())
    }

    #[test]
    fn the_longest_literals_that_every_match_holds_are_found() {
        assert_eq!(found(r"(?i)\bapikey\s*=(\w+)"), Some(vec![("apikey", 1, 3)]));
        let keys = [("key", 2, 5), ("key", 3, 5), ("key", 3, 5), ("token", 2, 5)];
        assert_eq!(found(r"(?i)(?:my[_-]?key|a token) is [0-9]+"), Some(keys.to_vec()));
        assert_eq!(found(r"x(?:key-){2,}y"), Some(vec![("key", 1, 3)]));
        assert_eq!(found(r"[a-z]+@[a-z]+"), Some(vec![("@", 1, 1)]));
        assert_eq!(found(r"\b(gh[po]_[a-z]{36})"), Some(vec![("gho_", 1, 1), ("ghp_", 1, 1)]));
        assert_eq!(found(r"gh[po]?_[a-z]"), None);
        assert_eq!(found(r"to?ken x|(?:t)oken y"), None);
        assert_eq!(found(r"(?:ap|xap)ike?y="), None);
        assert_eq!(found(r"(?:ap|xap)i[k]ey ?="), Some(vec![("apikey", 0, 2), ("apikey", 1, 2)]));
        assert_eq!(
            found(r"(?:g|xg)h[po]_"),
            Some(vec![("gho_", 0, 0), ("ghp_", 0, 0), ("gho_", 1, 0), ("ghp_", 1, 0)])
        );
        assert_eq!(found(r"(?:a|to)ken|^[a-z]+:"), None);
        assert_eq!(found(r"(?:an to|to)ken|^[a-z]+:"), Some(vec![("token", 3, 0), ("token", 0, 0), ("", 0, 2)]));
    }

    #[test]
    fn where_a_match_may_hold_none_of_them_nothing_is_said() {
        for pattern in [r"(?:key)?[0-9]", r"key|[0-9]{8}", r"[km]ey", r"(?:key){0,3}x", r"\w+", ""] {
            assert_eq!(found(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn a_name_has_sides_where_it_is_a_part_of_every_match() {
        let sides = |pattern: &str| {
            let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
            let mut bytes = [false; 256];
            let hir = hir.expect("a pattern");
            let name = around_name(&hir, &mut bytes)?;
            Some((name.before.len(), name.after.len(), name.longest, bytes[usize::from(b'-')]))
        };
        assert_eq!(sides(r"^\s*([a-z-]+)\s*=(.+)$"), Some((2, 4, usize::MAX, true)));
        assert_eq!(sides(r"([a-z_]{1,9}[0-9]?)="), Some((0, 1, 10, false)));
        assert_eq!(sides(r"([a-z]+)=x|([a-z]+):y"), None);
    }
}
