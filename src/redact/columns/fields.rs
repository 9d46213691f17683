//! Tables of lines: fields between commas, semicolons, tabs or upright strokes, named by the first line.

use std::ops::Range;

use super::{LONGEST_NAME, Secret, is_secret};

/// A table that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    between: u8,
    count: usize,
    secrets: Vec<Secret>,
    /// Lines with another number of fields, one after the other.
    strays: usize,
    /// A line of dashes must follow first, or this was none.
    needs_rule: bool,
    /// The field in which a quotation mark has been opened and not closed, and the lines since.
    quoted: Option<(usize, usize)>,
}

/// Lines with another number of fields that a table may hold: totals, notes, what another program wrote.
const MOST_STRAYS: usize = 4;

/// Lines that a quoted field may go on for.
const MOST_QUOTED: usize = 64;

/// The most fields in a line.
const MOST_FIELDS: usize = 1024;

/// Whether `line` names the columns of a table, and one of them promises a secret.
pub(in crate::redact) fn is_header(line: &[u8]) -> bool {
    Fields::of(line).is_some()
}

impl Fields {
    /// The table whose columns `line` names.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        let between = *b"\t|;,".iter().find(|sign| line.contains(sign))?;
        let framed = line.trim_ascii_start().starts_with(b"|");
        let mut cells = Vec::new();
        if split(line, between, false, &mut cells) {
            return None;
        }
        let names: Vec<&[u8]> = cells.iter().map(|cell| &line[cell.clone()]).collect();
        let inner = if framed { names.get(1..names.len().saturating_sub(1))? } else { &names[..] };
        // `a, b and c` is a sentence.
        let spaced = between == b',' && line.windows(2).any(|pair| pair == b", ");
        let good = |name: &&[u8]| is_name(name, !spaced);
        if !(2..=MOST_FIELDS).contains(&inner.len()) || !inner.iter().all(good) {
            return None;
        }
        let mut secrets = Vec::new();
        for (column, name) in names.iter().enumerate() {
            Secret::add(&mut secrets, column, name);
        }
        // With spaces two names are as likely the end of a sentence.
        if secrets.is_empty() || (spaced && inner.len() < 3) {
            return None;
        }
        // psql without alignment writes no rule.
        let needs_rule = between == b'|' && !framed && (inner.len() < 3 || line.contains(&b' '));
        Some(Self { between, count: names.len(), secrets, strays: 0, needs_rule, quoted: None })
    }

    /// The rows of a `COPY`, whose columns its statement has named.
    pub(super) fn copied(between: u8, count: usize, secrets: Vec<Secret>) -> Self {
        Self { between, count, secrets, strays: 0, needs_rule: false, quoted: None }
    }

    /// Takes the next line; `found` gets the secrets in it. `false` when the table has ended.
    pub(super) fn line(&mut self, line: &[u8], found: &mut dyn FnMut(usize, usize)) -> bool {
        if self.quoted.is_none() && is_ruled(line) {
            self.needs_rule = false;
            return true;
        }
        if self.needs_rule || line == b"\\." {
            return false;
        }
        let mut cells = Vec::new();
        let open = split(line, self.between, self.quoted.is_some(), &mut cells);
        let first = self.quoted.map_or(0, |(column, _)| column);
        let count = first + cells.len();
        if count > self.count || (!open && count < self.count) {
            self.quoted = None;
            self.strays += 1;
            return self.strays <= MOST_STRAYS && !(self.between == b'|' && line.trim_ascii().is_empty());
        }
        self.strays = 0;
        for (n, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            if Secret::is(&self.secrets, first + n, &line[cell.clone()]) {
                found(cell.start, cell.end);
            }
        }
        let lines = self.quoted.map_or(0, |(_, lines)| lines + 1);
        self.quoted = open.then_some((count - 1, lines));
        lines < MOST_QUOTED
    }
}

/// Whether `name` can be that of a column.
fn is_name(name: &[u8], words: bool) -> bool {
    let first = name.first().is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0x80 || b"_#".contains(b));
    let rest = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80 || b"_-.#/".contains(b) || (words && *b == b' ');
    first
        && name.len() <= LONGEST_NAME
        && name.iter().all(rest)
        && name.split(|b| *b == b' ').count() <= 4
        && (!words || name.split(|b| *b == b' ').count() == 1 || !is_secret(name) || name.len() <= 24)
}

/// `----+----`, `|:---|---:|`, `+-----+`: what stands below the names, and around tables.
fn is_ruled(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() >= 3 && line.contains(&b'-') && line.iter().all(|b| b"-+|: =".contains(b))
}

/// The fields of `line`, without blanks and quotation marks around them. `inside` says that the line begins inside of quotation
/// marks; true when it ends so.
fn split(line: &[u8], between: u8, inside: bool, cells: &mut Vec<Range<usize>>) -> bool {
    let mut at = 0;
    let mut quoted = inside;
    loop {
        let mut start = at;
        if !quoted {
            start += line[at..].iter().take_while(|b| **b == b' ').count();
            quoted = between != b'|' && line.get(start) == Some(&b'"');
            start += usize::from(quoted);
        }
        if quoted {
            let Some(end) = closing(line, start) else {
                cells.push(start..line.len());
                return true;
            };
            cells.push(start..end);
            at = end + 1;
            quoted = false;
            match memchr::memchr(between, &line[at..]) {
                Some(n) => at += n + 1,
                None => return false,
            }
            continue;
        }
        let end = memchr::memchr(between, &line[start..]).map_or(line.len(), |n| start + n);
        let blank = line[start..end].iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
        let cell = start..end - blank;
        let unquoted = match &line[cell.clone()] {
            [b'\'', .., b'\''] if cell.len() > 1 => cell.start + 1..cell.end - 1,
            _ => cell,
        };
        cells.push(unquoted);
        if end == line.len() || cells.len() > MOST_FIELDS {
            return false;
        }
        at = end + 1;
    }
}

/// The quotation mark that ends a field; two stand for one in it.
fn closing(line: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', &line[at..])?;
        match (line[at], line.get(at + 1)) {
            (b'"', Some(b'"')) | (b'\\', Some(b'"')) => at += 2,
            (b'"', _) => return Some(at),
            _ => at += 1,
        }
    }
}
