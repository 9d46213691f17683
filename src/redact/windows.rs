//! Where in a line the matches of a rule can lie: around the literals at which its gate lets it through, as far as its pattern can
//! go from there. The pattern looks there alone, so a long line does not cost its length for each of its rules.

use std::ops::Range;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::automaton::Piece;

/// How far a pattern can go on one side of a literal.
#[derive(Debug)]
pub(super) struct Reach {
    /// In bytes.
    most: usize,
    /// What it goes over.
    bytes: Box<[bool; 256]>,
    /// Whether that is all that a line can hold.
    all: bool,
}

impl Reach {
    /// Of a pattern that stands there in one of several rows of pieces.
    pub(super) fn of(rows: &[Vec<Piece<'_>>]) -> Self {
        let mut bytes = Box::new([false; 256]);
        let mut most = 0;
        for row in rows {
            let longest = row.iter().map(|piece| add_piece(piece, &mut bytes));
            most = longest.fold(0, usize::saturating_add).max(most);
        }
        let all = (0..=u8::MAX).all(|byte| bytes[usize::from(byte)] || byte == b'\n');
        Self { most, bytes, all }
    }

    /// How many of these bytes, which are given from the literal on, it can go over.
    fn over<'a>(&self, bytes: impl ExactSizeIterator<Item = &'a u8>) -> usize {
        if self.all {
            return bytes.len().min(self.most);
        }
        bytes.take(self.most).take_while(|byte| self.bytes[usize::from(**byte)]).count()
    }
}

/// Adds what a piece can hold to `bytes`; the most bytes that it can go over.
fn add_piece(piece: &Piece<'_>, bytes: &mut [bool; 256]) -> usize {
    match piece {
        Piece::Part(part) => {
            add_bytes(part, bytes);
            part.properties().maximum_len().unwrap_or(usize::MAX)
        }
        Piece::Many(part) => {
            add_bytes(part, bytes);
            usize::MAX
        }
        Piece::Byte(byte) => {
            bytes[usize::from(*byte)] = true;
            1
        }
        Piece::Run(run) => {
            bytes.iter_mut().zip(run.iter()).for_each(|(byte, other)| *byte |= other);
            usize::MAX
        }
    }
}

/// Adds all bytes that matches of this part can hold.
fn add_bytes(hir: &Hir, bytes: &mut [bool; 256]) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => literal.0.iter().for_each(|byte| bytes[usize::from(*byte)] = true),
        HirKind::Class(Class::Bytes(class)) => {
            let all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            all.for_each(|byte| bytes[usize::from(byte)] = true);
        }
        HirKind::Class(Class::Unicode(_)) => bytes.fill(true),
        HirKind::Capture(capture) => add_bytes(&capture.sub, bytes),
        HirKind::Repetition(repetition) => add_bytes(&repetition.sub, bytes),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().for_each(|part| add_bytes(part, bytes)),
    }
}

/// A place in a line at which a rule's gate lets it through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'g> {
    pub(super) rule: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    /// How far the rule can go from it; without, its matches may lie anywhere.
    pub(super) reach: Option<(&'g Reach, &'g Reach)>,
}

/// How many bytes are gone over for each byte of a line before all of it becomes a window: a hostile line may hold a literal
/// everywhere.
const MOST_OVER: usize = 4;

/// A place where a match may begin costs as much as so many bytes that are gone over.
const START_COSTS: usize = 16;

/// The parts of a line that matches of a rule lie in.
#[derive(Debug, Default)]
pub(super) struct Windows {
    /// Sorted and disjoint. One of them holds every match whole.
    ranges: Vec<Range<usize>>,
    /// Where matches begin, sorted and disjoint.
    starts: Vec<Range<usize>>,
}

impl Windows {
    /// All of a line with so many bytes.
    pub(super) fn whole(length: usize) -> Self {
        let mut all = Self::default();
        all.open_all(length);
        all
    }

    pub(super) fn open_all(&mut self, length: usize) {
        for all in [&mut self.ranges, &mut self.starts] {
            all.clear();
            all.push(0..length);
        }
    }

    /// Leaves those out of which `may_match` says that they hold no match.
    pub(super) fn keep(&mut self, may_match: impl Fn(Range<usize>) -> bool) {
        self.ranges.retain(|window| may_match(window.clone()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The first window that goes beyond `from`.
    pub(super) fn next(&self, from: usize) -> Option<Range<usize>> {
        self.ranges.get(self.ranges.partition_point(|window| window.end <= from)).cloned()
    }

    /// The first match in `span` of `text`, which is a window or the rest of one.
    pub(super) fn search(&self, regex: &Regex, text: &[u8], span: Range<usize>) -> Option<Range<usize>> {
        let first = self.starts.partition_point(|starts| starts.end <= span.start);
        let starts = self.starts[first..].iter().take_while(|starts| starts.start < span.end);
        let starts = starts.map(|starts| starts.start.max(span.start)..starts.end.min(span.end));
        let mut left = span.len() / START_COSTS + 1;
        let few = starts.clone().all(|starts| {
            let enough = starts.len() <= left;
            left = left.saturating_sub(starts.len());
            enough
        });
        let input = Input::new(text);
        if few {
            // What cannot go on is given up at once, and nothing between is looked at.
            let input = input.anchored(Anchored::Yes);
            let at = |start| regex.search(&input.clone().range(start..span.end));
            return starts.flatten().find_map(at).map(|found| found.range());
        }
        regex.search(&input.range(span)).map(|found| found.range())
    }

    /// Makes them those of `rule` in `line`, by the places at which its gate let it through.
    pub(super) fn be_of(&mut self, rule: usize, places: &[Place<'_>], line: &[u8]) {
        self.ranges.clear();
        self.starts.clear();
        let mut left = MOST_OVER * line.len() + 256;
        let mut last: Option<(&Place<'_>, Range<usize>)> = None;
        for place in places.iter().filter(|place| place.rule == rule) {
            let Some((before, after)) = place.reach.filter(|_| left > 0) else { return self.open_all(line.len()) };
            // What was gone over from the last place, which has the same reach, is not gone over again.
            let same = last.take().filter(|(known, _)| {
                let (other, _) = known.reach.unwrap_or((before, after));
                std::ptr::eq(other, before) && known.start <= place.start && known.end <= place.end
            });
            let start = match &same {
                Some((known, window)) if before.most == usize::MAX => {
                    let between = before.over(line[known.start..place.start].iter().rev());
                    if known.start + between == place.start { window.start } else { place.start - between }
                }
                _ => place.start - before.over(line[..place.start].iter().rev()),
            };
            let end = match &same {
                Some((_, window)) if after.most == usize::MAX && window.end >= place.end => window.end,
                _ => place.end + after.over(line[place.end..].iter()),
            };
            left = left.saturating_sub(end - start);
            self.ranges.push(start..end);
            self.starts.push(start..place.start + 1);
            last = Some((place, start..end));
        }
        join(&mut self.ranges);
        join(&mut self.starts);
    }
}

/// Sorts ranges, and makes one of those that meet.
fn join(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|later, kept| {
        let meet = later.start <= kept.end;
        if meet {
            kept.end = kept.end.max(later.end);
        }
        meet
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(pattern: &str) -> Reach {
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
        Reach::of(&[vec![Piece::Part(&hir.expect("a pattern"))]])
    }

    /// The windows around every `key` of `line`.
    fn windows(before: &str, after: &str, line: &str) -> Vec<String> {
        let (before, after) = (reach(before), reach(after));
        let place = |start| Place { rule: 7, start, end: start + 3, reach: Some((&before, &after)) };
        let other = Place { rule: 8, start: 0, end: line.len(), reach: None };
        let mut places = vec![other];
        places.extend(line.match_indices("key").map(|(start, _)| place(start)));
        let mut windows = Windows::default();
        windows.be_of(7, &places, line.as_bytes());
        windows.ranges.iter().map(|window| line[window.clone()].to_owned()).collect()
    }

    #[test]
    fn a_window_goes_as_far_as_the_pattern_can() {
        assert_eq!(
            windows(r"\b[a-z]{0,3}", r"=[0-9]+\b", "x apikey=12 monkeykey; key=3"),
            ["apikey=12", "monkeykey", "key=3"]
        );
        assert_eq!(windows("", "", "a key, a key"), ["key", "key"]);
        assert_eq!(windows("^.*", r"\s", "so key and key so"), ["so key and key "]);
        assert_eq!(windows("[a-z]*", ".", "onekey, twokey!"), ["onekey,", "twokey!"]);
        assert_eq!(windows("[a-z]*", ".{2}", "onekey twokey!"), ["onekey twokey!"]);
        assert_eq!(windows("[a-z_]*", r"[^,]*", "a_key b_key c, d key e"), ["a_key b_key c", "key e"]);
    }

    #[test]
    fn a_place_without_a_reach_opens_the_whole_line() {
        let mut windows = Windows::default();
        windows.be_of(1, &[Place { rule: 1, start: 2, end: 3, reach: None }], b"a key");
        assert_eq!(windows.next(0), Some(0..5));
        windows.keep(|window| window.len() > 4);
        assert_eq!(windows.next(0), Some(0..5));
        windows.keep(|window| window.len() > 5);
        assert!(windows.is_empty());
        windows.be_of(2, &[], b"a key");
        assert!(windows.is_empty());
    }

    #[test]
    fn the_first_match_is_found_from_few_places_and_from_many() {
        let (before, after) = (reach("[a-z]{0,2}"), reach("=[^ ]*"));
        let regex = Regex::new("[a-z]{0,2}key=[^ ]*[0-9]").expect("a pattern");
        for (line, found) in
            [("key= ".repeat(9) + &"-".repeat(200) + " apikey=a12b key=3", "pikey=a12"), ("key=4".to_owned(), "key=4")]
        {
            let place = |start| Place { rule: 0, start, end: start + 3, reach: Some((&before, &after)) };
            let places: Vec<_> = line.match_indices("key").map(|(start, _)| place(start)).collect();
            let mut windows = Windows::default();
            windows.be_of(0, &places, line.as_bytes());
            for windows in [windows, Windows::whole(line.len())] {
                let mut from = 0;
                let all = std::iter::from_fn(|| {
                    let window = windows.next(from)?;
                    from = window.end;
                    Some(windows.search(&regex, line.as_bytes(), window))
                });
                let found_first = all.flatten().next().map(|range| &line[range]);
                assert_eq!(found_first, Some(found));
            }
        }
    }
}
