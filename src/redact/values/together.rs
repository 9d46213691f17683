//! Many values looked at together. A pass of the rules has a price of its own, whatever it looks at; values are short, and a
//! document has millions. So each becomes a line, and the rules see some thousand lines at once.
//!
//! All that is found in a line is found whatever stands in the lines around it, so it does not matter which values come
//! together. They are decided in the order in which they came, which is also that of the seeds.

use super::content::Hints;
use super::purpose::Purpose;
use super::remembered::{PlainTexts, Slot};
use super::text::Look;
use super::{ValueRules, WITH_KEY};
use crate::redact::json::{Edit, Offer, Place, Scalar};
use crate::redact::sensitive_names::is_id_header;
use crate::redact::spans::{Span, Why, settle};
use crate::redact::{RedactError, jwt, placeholder};

/// Bytes of lines that are looked at together: they stay in the processor's cache.
const LINES: usize = 64 << 10;
/// Bytes of values that are decided one by one, and wait for their turn.
const ASIDE: usize = 64 << 10;
/// A text of this size is worth a pass of its own.
const LONGEST_LINE: usize = 4 << 10;
/// Ends what could be seen from the start of a line without a label before it.
const GUARD: &[u8] = b"\x1f\n";

/// Values that wait to be decided.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// A line for each of those that are one: the label, a colon, the text.
    lines: Vec<u8>,
    /// The labels and texts of the others.
    aside: Vec<u8>,
    waiting: Vec<Waiting>,
    /// How many were put off since the walker last asked.
    put_off: usize,
    /// What is to change, by the number of the value.
    decided: Vec<(usize, Vec<Edit>)>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    number: usize,
    /// Where its label begins, where its text begins, and where that ends.
    start: usize,
    text: usize,
    end: usize,
    labelled: bool,
    /// In the way of [`PlainTexts`], and where it is remembered.
    asked: u16,
    slot: Option<Slot>,
    task: Task,
}

#[derive(Debug, Clone, Copy)]
enum Task {
    /// It is one of the lines; nothing but the rules can find anything in it.
    Line,
    /// A text or number in which more than the rules may find something.
    Text(Hints, Scalar),
    /// It goes by its name.
    Named(Purpose),
}

impl ValueRules {
    /// Takes a value, whose purpose is known.
    pub(super) fn put_off(&mut self, place: &Place<'_>, text: &[u8], purpose: Purpose, hints: Hints) -> Offer {
        const NOTHING: Offer = Offer::Decided(Vec::new());
        let label = place.sibling_name.or(place.key);
        let task = match purpose {
            Purpose::Text if place.scalar == Scalar::Number => {
                if !super::is_whole_number(text) {
                    return NOTHING;
                }
                Task::Line
            }
            Purpose::Text => Task::Text(hints, place.scalar),
            // A count, or "none".
            Purpose::Whole(_) if place.scalar == Scalar::Number && !super::is_code(text) => return NOTHING,
            named => Task::Named(named),
        };
        let asked = Asked { depth: self.depth, labelled: label.is_some(), hints: Some(hints) }.number();
        let mut slot = None;
        if self.together.len() <= self.depth {
            self.together.resize_with(self.depth + 1, Together::default);
        }
        let all = &mut self.together[self.depth];
        if !matches!(task, Task::Named(_)) && text.len() <= LONGEST_LINE {
            let before = all.lines.len();
            if label.is_none() {
                all.lines.extend_from_slice(GUARD);
            }
            let start = all.lines.len();
            let from = push(&mut all.lines, label, text);
            let line = &all.lines[start..];
            slot = PlainTexts::slot(line);
            if self.plain.hold(slot, line, asked) {
                all.lines.truncate(before);
                return NOTHING;
            }
            let is_line = memchr::memchr(b'\n', line).is_none()
                && (matches!(task, Task::Line) || Look::at(text).is_plain(hints, self.depth, text));
            if is_line {
                let end = all.lines.len();
                all.lines.push(b'\n');
                let labelled = label.is_some();
                all.wait(Waiting { number: 0, start, text: from, end, labelled, asked, slot, task: Task::Line });
                return self.look_if_many();
            }
            all.lines.truncate(before);
        }
        let start = all.aside.len();
        let from = push(&mut all.aside, label, text);
        let end = all.aside.len();
        let task = if matches!(task, Task::Line) { Task::Text(hints, place.scalar) } else { task };
        let labelled = label.is_some();
        all.wait(Waiting { number: 0, start, text: from, end, labelled, asked, slot, task });
        self.look_if_many()
    }

    /// Whether nothing is to be replaced in a text behind `label`, where no name says more.
    pub(super) fn is_plain_line(&mut self, label: Option<&[u8]>, text: &[u8], hints: Hints) -> bool {
        let asked = Asked { depth: self.depth, labelled: label.is_some(), hints: Some(hints) };
        self.is_plain(label, text, &asked, |depth| Look::at(text).is_plain(hints, depth, text))
    }

    /// Whether nothing is to be replaced in a key. Keys are no links, and hold no documents.
    pub(super) fn is_plain_key(&mut self, key: &[u8]) -> bool {
        self.is_plain(None, key, &Asked { depth: self.depth, labelled: false, hints: None }, |_| true)
    }

    fn is_plain(
        &mut self,
        label: Option<&[u8]>,
        text: &[u8],
        asked: &Asked,
        is_text: impl FnOnce(usize) -> bool,
    ) -> bool {
        if text.len() > LONGEST_LINE {
            return false;
        }
        let asked = asked.number();
        let mut line = std::mem::take(&mut self.space);
        line.clear();
        push(&mut line, label, text);
        let slot = PlainTexts::slot(&line);
        let mut plain = self.plain.hold(slot, &line, asked);
        if !plain && memchr::memchr(b'\n', &line).is_none() && is_text(self.depth) {
            plain = self.redactor.find_in_lines(&line, self.depth).is_ok_and(|(spans, _)| spans.is_empty());
            if plain {
                self.plain.add(slot, &line, asked);
            }
        }
        self.space = line;
        plain
    }

    fn look_if_many(&mut self) -> Offer {
        let many = |all: &Together| all.lines.len() >= LINES || all.aside.len() >= ASIDE;
        if self.together.get(self.depth).is_some_and(many) {
            self.look_together();
        }
        if self.is_gathering() { Offer::Decided(Vec::new()) } else { Offer::PutOff }
    }

    /// Something that changes with every secret that is new, or would be if there were room for it.
    fn seeds_added(&self) -> (usize, u64) {
        self.seeds.as_ref().map_or((0, 0), |seeds| (seeds.len(), seeds.over_cap()))
    }

    /// Decides all that waits, and gives what is to change.
    pub(super) fn decided(&mut self) -> Vec<(usize, Vec<Edit>)> {
        self.look_together();
        let Some(all) = self.together.get_mut(self.depth) else { return Vec::new() };
        all.put_off = 0;
        std::mem::take(&mut all.decided)
    }

    /// Decides all that waits.
    pub(super) fn look_together(&mut self) {
        let Some(all) = self.together.get_mut(self.depth).filter(|all| !all.waiting.is_empty()) else { return };
        // What is found inside of a value waits at another depth.
        let mut all = std::mem::take(all);
        let found = self.redactor.find_in_lines(&all.lines, self.depth);
        let refused = found.is_err();
        let (spans, placeholders) = found.unwrap_or_default();
        let mut spans = spans.as_slice();
        for one in all.waiting.drain(..) {
            let of = if matches!(one.task, Task::Line) { &all.lines } else { &all.aside };
            let (label, text) = (&of[one.start..one.text], &of[one.text..one.end]);
            let label = label.strip_suffix(b": ").filter(|_| one.labelled);
            let before = self.seeds_added();
            let edits = match one.task {
                Task::Line => {
                    let own = spans.partition_point(|span| span.start < one.end);
                    let (own, later) = spans.split_at(own);
                    spans = later;
                    let line = &all.lines[one.start..one.end];
                    if own.is_empty() && !refused {
                        self.plain.add(one.slot, line, one.asked);
                        continue;
                    }
                    let found = Found { spans: own, at: one.start, placeholders };
                    self.line(label, line, one.text - one.start, &found)
                }
                Task::Text(_, Scalar::Number) => self.labelled(label, text, Vec::new()),
                Task::Text(hints, Scalar::String) => self.content(hints, label, text),
                Task::Named(purpose) => self.by_name(purpose, text),
            };
            if !edits.is_empty() {
                all.decided.push((one.number, edits));
            } else if matches!(one.task, Task::Text(..)) && self.seeds_added() == before {
                // Another look would find as little.
                self.plain.add(one.slot, &of[one.start..one.end], one.asked);
            }
        }
        all.lines.clear();
        all.aside.clear();
        self.together[self.depth] = all;
    }

    /// The edits of the text that begins at `from` in `line`.
    fn line(&mut self, label: Option<&[u8]>, line: &[u8], from: usize, found: &Found<'_>) -> Vec<Edit> {
        let several = |span: &Span| match span.why {
            Why::Rule(n) => self.redactor.set.rules[n].lines > 1,
            Why::Opened(_) => true,
            _ => false,
        };
        // What stands in an encoding, and what goes over lines elsewhere, is looked at for itself.
        if found.spans.is_empty() || found.spans.iter().any(|span| span.value.is_some() || several(span)) {
            return self.labelled(label, &line[from..], Vec::new());
        }
        let shifted = |span: &Span| Span { start: span.start - found.at, end: span.end - found.at, ..span.clone() };
        let mut spans: Vec<Span> = found.spans.iter().map(shifted).collect();
        let mut placeholders = Vec::new();
        if found.placeholders {
            placeholder::find(line, &self.redactor.set.kinds, &mut placeholders);
            jwt::widen(&self.redactor, line, &mut placeholders);
        }
        let is_id = label.is_some_and(is_id_header);
        if let Some(seeds) = self.seeds.as_mut() {
            let fresh = |span: &&Span| !placeholders.iter().any(|(from, to)| *from < span.end && *to > span.start);
            if !is_id {
                spans.iter().filter(fresh).for_each(|span| self.redactor.seed(line, span, seeds));
            }
            return Vec::new();
        }
        settle(line, &mut spans, &placeholders);
        let edits = self.behind_label(label, line, from, spans, 0..line.len());
        edits.unwrap_or_else(|e: RedactError| self.refuse(e, 0, (line.len() - from) as u64))
    }
}

/// What was found in one of many lines.
struct Found<'a> {
    /// Counted from the start of all lines.
    spans: &'a [Span],
    /// Where the line begins.
    at: usize,
    /// Whether a placeholder may stand in any of them.
    placeholders: bool,
}

/// All that the answer depends on but the line itself.
struct Asked {
    depth: usize,
    labelled: bool,
    /// `None`: it is a key.
    hints: Option<Hints>,
}

impl Asked {
    fn number(&self) -> u16 {
        let hints = self.hints.map_or(31, |hints| u16::from(hints.bits()));
        (self.depth as u16) << 6 | hints << 1 | u16::from(self.labelled)
    }
}

impl Together {
    fn wait(&mut self, one: Waiting) {
        self.waiting.push(Waiting { number: self.put_off, ..one });
        self.put_off += 1;
    }
}

/// Appends label, colon and text to `lines`, and returns where the text begins.
fn push(lines: &mut Vec<u8>, label: Option<&[u8]>, text: &[u8]) -> usize {
    if let Some(label) = label {
        lines.extend_from_slice(label);
        lines.extend_from_slice(b": ");
    }
    let from = lines.len();
    lines.extend_from_slice(text);
    from
}

// A line never loses its label for being too long.
const _: () = assert!(LONGEST_LINE <= WITH_KEY);
