//! Values that only their column names: tables of CSV and of database clients, `INSERT`, `COPY`, `CREATE TABLE`.
//!
//! Two rules (`redaction-rules/tables.toml`) see where a table or a statement begins. What they find is no value: it is taken out of
//! the findings here, and decides which cells of the lines that follow are secrets.

mod fields;
mod sql;

use fields::Fields;
pub(super) use fields::is_header;
pub(super) use sql::is_statement;
use sql::{Read, Statement, Tables};

use super::checks::Check;
use super::rules::RuleSet;
use super::spans::{Span, Why};
use super::split::Piece;
use super::view::View;

/// Where in a table or statement the next byte stands; nothing in nearly all texts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Columns(Option<Box<Followed>>);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Followed {
    open: Option<Open>,
    /// Tables whose definition went by, for statements that name no columns.
    tables: Tables,
}

/// What goes on, and the rule that saw it begin.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    Fields(Fields, usize),
    Statement(Box<Statement>, usize),
}

/// A column whose name promises a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Secret {
    column: usize,
    name: Vec<u8>,
}

/// The most columns of one table whose values are followed.
const MOST_SECRETS: usize = 32;

/// The longest name of a column or table that counts.
const LONGEST_NAME: usize = 64;

impl Secret {
    /// Adds the column `name` at `column`, where it promises a secret.
    fn add(all: &mut Vec<Self>, column: usize, name: &[u8]) {
        if all.len() < MOST_SECRETS && name.len() <= LONGEST_NAME && is_secret(name) {
            all.push(Self { column, name: name.to_vec() });
        }
    }

    /// Whether `value` in `column` is one of these secrets.
    fn is(all: &[Self], column: usize, value: &[u8]) -> bool {
        // `\N` is how `COPY` writes that nothing is there.
        let of = all.iter().find(|secret| secret.column == column && value != b"\\N");
        of.is_some_and(|secret| Check::SensitiveNameMade.passes(Some(&secret.name), value))
    }
}

fn is_secret(name: &[u8]) -> bool {
    super::sensitive_names::is_sensitive_key(name).is_some()
}

/// Takes the beginnings of tables out of `spans`, and puts in the cells of `piece` that are secrets.
pub(super) fn find(set: &RuleSet, piece: &Piece<'_>, state: &mut Columns, spans: &mut Vec<Span>) {
    follow(set, piece, state, spans);
    // Nothing is nothing, however it came about: states are compared.
    if state.0.as_ref().is_some_and(|followed| **followed == Followed::default()) {
        state.0 = None;
    }
}

/// The same in `lines` that have nothing to do with each other.
pub(super) fn find_in_lines(set: &RuleSet, lines: &[u8], spans: &mut Vec<Span>) {
    let (begin, found): (Vec<Span>, Vec<Span>) =
        std::mem::take(spans).into_iter().partition(|span| begins(set, span).is_some());
    *spans = found;
    let mut rest = begin.as_slice();
    while let Some(first) = rest.first() {
        let start = memchr::memrchr(b'\n', &lines[..first.start]).map_or(0, |n| n + 1);
        let end = memchr::memchr(b'\n', &lines[start..]).map_or(lines.len(), |n| start + n);
        let of_line = rest.iter().take_while(|span| span.start < end).count();
        let (own, later) = rest.split_at(of_line);
        rest = later;
        let shifted = |span: &Span| Span { start: span.start - start, end: span.end - start, ..span.clone() };
        let mut own: Vec<Span> = own.iter().map(shifted).collect();
        find(set, &Piece::whole(&lines[start..end]), &mut Columns::default(), &mut own);
        spans.extend(own.into_iter().map(|span| Span { start: span.start + start, end: span.end + start, ..span }));
    }
}

/// Where a table or statement begins, by which rule, and which of both.
fn begins(set: &RuleSet, span: &Span) -> Option<(usize, usize, usize, Check)> {
    match span.why {
        Why::Rule(n) => {
            let check = set.rules.get(n)?.check.filter(|check| check.begins_table())?;
            Some((span.start, span.end, n, check))
        }
        _ => None,
    }
}

fn follow(set: &RuleSet, piece: &Piece<'_>, state: &mut Columns, spans: &mut Vec<Span>) {
    let mut marks: Vec<_> = spans.iter().filter_map(|span| begins(set, span)).collect();
    if marks.is_empty() && state.0.as_ref().is_none_or(|followed| followed.open.is_none()) {
        return;
    }
    let state = state.0.get_or_insert_default();
    spans.retain(|span| begins(set, span).is_none());
    marks.retain(|(start, ..)| (piece.own_start..piece.own_end).contains(start));
    marks.sort_unstable_by_key(|(start, end, ..)| (*start, std::cmp::Reverse(*end)));
    let text = &piece.bytes[..piece.seen];
    let mut marks = marks.into_iter().peekable();
    let mut at = piece.own_start;
    while at < piece.own_end {
        let Some(open) = &mut state.open else {
            // Nothing is open: on to the next beginning.
            let Some((start, end, rule, check)) = marks.find(|(start, ..)| *start >= at) else { break };
            (state.open, at) = match check {
                Check::Columns => (Fields::of(&text[start..end]).map(|f| Open::Fields(f, rule)), next_line(text, end)),
                _ => (Some(Open::Statement(Box::default(), rule)), start),
            };
            continue;
        };
        while marks.next_if(|(start, ..)| *start < at).is_some() {}
        match open {
            Open::Fields(..) if piece.own_start > 0 || piece.line_goes_on => state.open = None,
            Open::Fields(fields, rule) => {
                let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n);
                // A table ends where another begins.
                let goes_on = marks.peek().is_none_or(|(start, ..)| *start > end);
                let line = text[at..end].strip_suffix(b"\r").unwrap_or(&text[at..end]);
                let mut found = |from, to| spans.push(Span::new(at + from, at + to, Why::Rule(*rule)));
                if goes_on && fields.line(line, &mut found) {
                    at = end + 1;
                } else {
                    state.open = None;
                }
            }
            Open::Statement(statement, rule) => {
                let rule = *rule;
                let read = statement.read(text, at..piece.own_end, &mut state.tables, &mut |from, to| {
                    spans.push(Span::new(from, to, Why::Rule(rule)));
                });
                (state.open, at) = match read {
                    Read::On => break,
                    Read::Ended(end) => (None, end),
                    Read::Lines(start, fields) => (Some(Open::Fields(fields, rule)), start),
                };
            }
        }
    }
}

/// The same in a line whose escapes were undone. A statement that `raw` shows as well was read there, where it is still told
/// which quotation marks are escaped; the rows of a `COPY` are lines only here.
pub(super) fn find_in_view(set: &RuleSet, view: &View, raw: &[u8], spans: &mut Vec<Span>) {
    let was_read = |span: &Span| {
        let text = &view.text[span.start..span.end];
        matches!(span.why, Why::Rule(n) if set.rules[n].check == Some(Check::SqlColumns))
            && raw[view.raw_range(&(span.start..span.end))] == *text
            && !text[..4].eq_ignore_ascii_case(b"copy")
    };
    spans.retain(|span| !was_read(span));
    find(set, &Piece::whole(&view.text), &mut Columns::default(), spans);
}

fn next_line(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n + 1)
}

#[cfg(test)]
mod tests;
