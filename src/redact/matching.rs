//! The rules on the lines that a keyword lights up.

use std::cell::OnceCell;
use std::ops::Range;

use super::checks::{Check, entropy};
use super::gates::Passed;
use super::line::Line;
use super::lines::{LineState, SEVERAL_LINES};
use super::prefilter::{RuleBits, Seen};
use super::rules::Characters;
use super::sensitive_names::is_reference;
use super::spans::{Span, Why};
use super::windows::Windows;
use super::{RedactError, Redactor};

/// Beyond so many bytes a line has any kind of character, and it is asked of each part of it what it holds.
const LONG_LINE: usize = 1 << 10;

impl Redactor {
    /// What the rules find on the lines in `text[..seen]`. What stands behind is only seen by rules of several lines.
    pub(super) fn find_by_rules(
        &self,
        text: &[u8],
        seen: usize,
        literals: &Seen,
        state: &LineState,
        spans: &mut Vec<Span>,
    ) -> Result<(), RedactError> {
        let Some(answers) = &self.answers else { return self.ask_rules(text, seen, literals, state, spans) };
        let Some(question) = answers.question(text, seen, state.line_by_line) else {
            return self.ask_rules(text, seen, literals, state, spans);
        };
        if !answers.repeat(&question, spans) {
            let before = spans.len();
            self.ask_rules(text, seen, literals, state, spans)?;
            answers.remember(&question, &spans[before..]);
        }
        Ok(())
    }

    /// The same, from the rules themselves. Depends on nothing but the text and whether it is seen line by line.
    fn ask_rules(
        &self,
        text: &[u8],
        seen: usize,
        literals: &Seen,
        state: &LineState,
        spans: &mut Vec<Span>,
    ) -> Result<(), RedactError> {
        self.find_bare(&text[..seen], spans)?;
        self.find_alone(&text[..seen], spans)?;
        let filter = &*self.prefilter;
        // Ordered by where a keyword ends; none spans a line, so the hits of a line stand together.
        let mut hits = literals.keywords.iter();
        let gates = filter.gates(&self.set, seen);
        let mut wanted = RuleBits::new(self.set.rules.len());
        let mut passed = Passed::none(self.set.rules.len());
        let (mut over, mut windows) = (passed.clone(), Windows::default());
        let mut start = 0;
        while start < seen {
            if filter.always.is_empty() {
                // Nothing looks at lines without a hit: go straight to the next one that has one.
                let Some(hit) = hits.as_slice().first() else { break };
                start = memchr::memrchr(b'\n', &text[start..hit.end]).map_or(start, |newline| start + newline + 1);
            }
            let end = memchr::memchr(b'\n', &text[start..seen]).map_or(seen, |at| start + at);
            filter.always.iter().for_each(|rule| wanted.insert(*rule));
            let line = &text[start..end];
            let line = Line::new(line.strip_suffix(b"\r").unwrap_or(line));
            let here = hits.as_slice();
            let here = &here[..here.partition_point(|hit| hit.end <= end)];
            here.iter().flat_map(|hit| &filter.rules[hit.literal]).for_each(|rule| wanted.insert(*rule));
            let first = literals.keywords.len() - hits.len();
            hits = literals.keywords[first + here.len()..].iter();
            if let Some(gates) = gates.filter(|_| !wanted.is_empty()) {
                passed.clear();
                for hit in here {
                    gates.pass(hit.literal, line.text, hit.start - start..hit.end - start, &wanted, &mut passed);
                }
                gates.pass_line(line.text, &wanted, &mut passed);
                gates.pass_names(&line, &wanted, &mut passed);
                wanted.retain(passed.rules(), gates.always(state.line_by_line));
            }
            let characters = OnceCell::new();
            while let Some(index) = wanted.pop() {
                let rule = &self.set.rules[index];
                // Most rules of gitleaks may span lines and hardly ever do: where one line is seen, what stands in it goes.
                if rule.lines == 1 || state.line_by_line {
                    if rule.may_match(line.text, *characters.get_or_init(|| Characters::of(line.text))) {
                        if gates.is_some_and(|gates| !gates.always(state.line_by_line).has(index)) {
                            windows.be_of(index, &passed.places, line.text);
                            if line.text.len() > LONG_LINE {
                                let part = |window: Range<usize>| &line.text[window];
                                windows
                                    .keep(|window| rule.may_match(part(window.clone()), Characters::of(part(window))));
                            }
                            self.find_in_windows(index, &line, &windows, start, spans)?;
                        } else {
                            self.find_in_line(index, &line, start, spans)?;
                        }
                    }
                    continue;
                }
                let lines = Line::new(lines_from(text, start, rule.lines));
                windows.open_all(lines.text.len());
                // Literals further on have not been looked for.
                if let Some(gates) = gates.filter(|_| start + lines.text.len() <= seen) {
                    let later = &literals.keywords[first..];
                    let among = later.partition_point(|hit| hit.end <= start + lines.text.len());
                    if gates.pass_over_lines(index, &lines, (&later[..among], start), &mut over).is_some() {
                        windows.be_of(index, &over.places, lines.text);
                    }
                }
                if !windows.is_empty() && rule.may_match(lines.text, Characters::of(lines.text)) {
                    self.find_over_lines(index, &lines, &windows, start, spans)?;
                }
            }
            start = end + 1;
        }
        Ok(())
    }

    /// Asks one rule about `line`, which begins at `at` of the text.
    pub(super) fn find_in_line(
        &self,
        index: usize,
        line: &Line<'_>,
        at: usize,
        spans: &mut Vec<Span>,
    ) -> Result<(), RedactError> {
        self.find_in_windows(index, line, &Windows::whole(line.text.len()), at, spans)
    }

    /// The same, where all matches lie in these windows of the line.
    fn find_in_windows(
        &self,
        index: usize,
        line: &Line<'_>,
        windows: &Windows,
        at: usize,
        spans: &mut Vec<Span>,
    ) -> Result<(), RedactError> {
        let mut from = 0;
        while let Some(found) = self.next_match(index, line, windows, &mut from)? {
            spans.push(Span::new(at + found.start, at + found.end, Why::Rule(index)));
        }
        Ok(())
    }

    /// Asks a rule of several lines about these, which begin at `at`. What it finds is replaced line by line, so that no line
    /// is lost; only matches that begin in the first line count, because those further down have a turn of their own.
    fn find_over_lines(
        &self,
        index: usize,
        lines: &Line<'_>,
        windows: &Windows,
        at: usize,
        spans: &mut Vec<Span>,
    ) -> Result<(), RedactError> {
        let text = lines.text;
        let first = memchr::memchr(b'\n', text).unwrap_or(text.len());
        let mut from = 0;
        while from <= first
            && let Some(found) = self.next_match(index, lines, windows, &mut from)?
        {
            let mut start = found.start;
            for line in text[found.clone()].split_inclusive(|b| *b == b'\n') {
                let blank = line.len() - line.trim_ascii_start().len();
                let value = line.trim_ascii();
                if !value.is_empty() {
                    let from = at + start + blank;
                    spans.push(Span::new(from, from + value.len(), Why::Rule(index)));
                }
                start += line.len();
            }
        }
        Ok(())
    }

    /// The next secret that the rule finds in the first of these windows of `line` from `from` on, which moves behind it.
    fn next_match(
        &self,
        index: usize,
        line: &Line<'_>,
        windows: &Windows,
        from: &mut usize,
    ) -> Result<Option<Range<usize>>, RedactError> {
        let (rule, text) = (&self.set.rules[index], line.text);
        let by_name = rule.check.is_some_and(Check::goes_by_name);
        if by_name && !line.tells() {
            return Ok(None);
        }
        let led_by = rule.led_by().filter(|_| by_name);
        let regex = rule.regex().ok_or_else(|| RedactError::Rule(rule.id.clone()))?;
        let mut name = None;
        while let Some(window) = windows.next(*from) {
            *from = window.start.max(*from);
            if let Some(bytes) = led_by {
                let Some(name) = line.next_name(bytes, *from) else { break };
                *from = name;
            }
            if *from >= window.end {
                continue;
            }
            // Where a match is, is found far quicker than its groups.
            let Some(whole) = windows.search(regex, text, *from..window.end) else {
                *from = window.end;
                continue;
            };
            if let Some(end) = led_by.and_then(|bytes| line.end_of_plain_name(bytes, whole.start)) {
                *from = end;
                continue;
            }
            let Some(Range { start, end }) = rule.secret_in(regex, text, &whole, &mut name) else { break };
            let value = &text[start..end];
            // What costs least comes first.
            let passes = start < end
                && rule.number.is_none_or(|number| number.is(value))
                && rule.entropy.is_none_or(|least| entropy(value) > least)
                && rule.check.is_none_or(|check| check.passes(name.clone().map(|name| &text[name]), value))
                && !(rule.check == Some(Check::Email) && in_user_information(&text[..start]))
                && (rule.places.is_empty() || super::places::is_labelled(rule, text, start, end))
                && !(rule.secret && !rule.check.is_some_and(Check::begins_table) && is_reference(value))
                && !rule.exempts(text, &whole, &(start..end));
            if passes {
                *from = whole.end.max(whole.start + 1);
                return Ok(Some(start..end));
            }
            // What was refused may hide another: `user: password=x` is no user, but a password.
            let after_name = name.as_ref().filter(|name| name.end < start).map_or(0, |name| name.end);
            *from = after_name.max(whole.start + 1);
        }
        Ok(None)
    }
}

/// The line at `start` and those after it, `lines` in all, within what a rule may see.
fn lines_from(text: &[u8], start: usize, lines: usize) -> &[u8] {
    let window = &text[start..text.len().min(start + SEVERAL_LINES)];
    let end = memchr::memchr_iter(b'\n', window).nth(lines - 1).unwrap_or(window.len());
    &window[..end]
}

/// Whether what follows `before` is the password of a URL, which only looks like the name before a mail address's `@`:
/// `postgres://shop:hunter2@db.example.com`. The rules for URLs take it, and leave the host.
fn in_user_information(before: &[u8]) -> bool {
    let start = before.iter().rposition(|b| b.is_ascii_whitespace() || b"/\"'<>".contains(b)).map_or(0, |at| at + 1);
    before[..start].ends_with(b"://") && before[start..].contains(&b':')
}
