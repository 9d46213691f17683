//! Cells of tables and values of statements that only their columns name.

use std::collections::BTreeMap;
use std::ops::Range;

use casefile::redact::sensitive_names::is_sensitive_key;

use super::Find;

/// Where a rule saw a table or a statement begin.
pub struct Begin {
    pub range: Range<usize>,
    pub by: String,
    pub sql: bool,
}

/// Whether a value under a name is a secret.
type Judge<'a> = &'a dyn Fn(&[u8], &[u8]) -> bool;

/// The names of columns by their place, and how many there are.
#[derive(Clone, Default)]
struct Names(BTreeMap<usize, Vec<u8>>, usize);

impl Names {
    fn add(&mut self, column: usize, name: &[u8]) {
        if name.len() <= 64 && is_sensitive_key(name).is_some() {
            self.0.insert(column, name.to_vec());
        }
    }
}

pub fn find(text: &[u8], mut begins: Vec<Begin>, judge: Judge<'_>, finds: &mut Vec<Find>) {
    begins.sort_by_key(|begin| (begin.range.start, std::cmp::Reverse(begin.range.end)));
    let mut tables = Tables::new();
    let mut at = 0;
    for (n, begin) in begins.iter().enumerate() {
        if begin.range.start < at {
            continue;
        }
        let mut values = Vec::new();
        let rows = if begin.sql {
            let (end, rows) = statement(text, begin.range.start, &mut tables, judge, &mut values);
            at = end;
            rows.map(|(names, between)| (names, between, false))
        } else {
            at = next_line(text, begin.range.end);
            header(&text[begin.range.clone()])
        };
        if let Some((names, between, needs_rule)) = rows {
            let next = begins[n + 1..].iter().map(|begin| begin.range.start).find(|start| *start >= at);
            at = read_lines(text, at, next, &names, between, needs_rule, judge, &mut values);
        }
        for range in values {
            finds.push(Find { secrets: vec![text[range.clone()].to_vec()], ..Find::new(range, &begin.by) });
        }
    }
}

fn next_line(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n + 1)
}

/// The columns that a line names, what stands between them, and whether a line of dashes must follow.
fn header(line: &[u8]) -> Option<(Names, u8, bool)> {
    let between = *b"\t|;,".iter().find(|sign| line.contains(sign))?;
    let (cells, _) = cells(line, between, false);
    let mut names = Names(BTreeMap::new(), cells.len());
    cells.iter().enumerate().for_each(|(n, cell)| names.add(n, &line[cell.clone()]));
    let aligned = cells.len() < 3 || line.contains(&b' ');
    Some((names, between, between == b'|' && !line.trim_ascii_start().starts_with(b"|") && aligned))
}

#[allow(clippy::too_many_arguments, reason = "a table and what is asked of it")]
fn read_lines(
    text: &[u8],
    mut at: usize,
    next: Option<usize>,
    names: &Names,
    between: u8,
    mut needs_rule: bool,
    judge: Judge<'_>,
    values: &mut Vec<Range<usize>>,
) -> usize {
    let (mut strays, mut open, mut open_lines) = (0, None, 0);
    while at < text.len() {
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n);
        let line = text[at..end].strip_suffix(b"\r").unwrap_or(&text[at..end]);
        let trimmed = line.trim_ascii();
        let dashes = trimmed.len() >= 3 && trimmed.contains(&b'-') && trimmed.iter().all(|b| b"-+|: =".contains(b));
        if next.is_some_and(|next| next <= end) {
            return at;
        }
        if open.is_none() && dashes {
            needs_rule = false;
            at = end + 1;
            continue;
        }
        if needs_rule || line == b"\\." {
            return at;
        }
        let (found, goes_on) = cells(line, between, open.is_some());
        let first = open.unwrap_or(0);
        let count = first + found.len();
        if count > names.1 || (!goes_on && count < names.1) {
            (open, strays) = (None, strays + 1);
            if strays > 4 || (between == b'|' && trimmed.is_empty()) {
                return at;
            }
        } else {
            strays = 0;
            for (n, cell) in found.into_iter().enumerate() {
                if !cell.is_empty() && names.0.get(&(first + n)).is_some_and(|name| judge(name, &line[cell.clone()])) {
                    values.push(at + cell.start..at + cell.end);
                }
            }
            open_lines = if open.is_some() { open_lines + 1 } else { 0 };
            open = goes_on.then_some(count - 1);
            if open_lines >= 64 {
                return at;
            }
        }
        at = end + 1;
    }
    at
}

/// The cells of a line, and whether the last one is quoted and goes on.
fn cells(line: &[u8], between: u8, mut quoted: bool) -> (Vec<Range<usize>>, bool) {
    let (mut all, mut at) = (Vec::new(), 0);
    let next = |from: usize, sign: u8| line[from..].iter().position(|b| *b == sign).map(|n| from + n);
    loop {
        if !quoted {
            at += line[at..].iter().take_while(|b| **b == b' ').count();
            quoted = between != b'|' && line.get(at) == Some(&b'"');
            at += usize::from(quoted);
        }
        if quoted {
            let start = at;
            loop {
                match line.get(at..) {
                    None | Some([]) => {
                        all.push(start..line.len());
                        return (all, true);
                    }
                    Some([b'"' | b'\\', b'"', ..]) => at += 2,
                    Some([b'"', ..]) => break,
                    _ => at += 1,
                }
            }
            all.push(start..at);
            quoted = false;
        } else {
            let cell = line[at..next(at, between).unwrap_or(line.len())].trim_ascii_end();
            let edge = usize::from(cell.len() > 1 && cell.starts_with(b"'") && cell.ends_with(b"'"));
            all.push(at + edge..at + cell.len() - edge);
        }
        match next(at, between) {
            Some(sign) => at = sign + 1,
            None => return (all, false),
        }
    }
}

/// Columns of tables that a definition named.
type Tables = BTreeMap<Vec<u8>, Names>;

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Head,
    Names,
    Verb,
    Definition,
    Rows,
    Copy,
}

/// Reads the statement at `at`: where it ends, and for a `COPY` the columns of the lines from there on.
fn statement(
    text: &[u8],
    mut at: usize,
    tables: &mut Tables,
    judge: Judge<'_>,
    values: &mut Vec<Range<usize>>,
) -> (usize, Option<(Names, u8)>) {
    let (mut part, mut defines, mut table, mut names) = (Part::Head, false, Vec::new(), Names::default());
    let (mut depth, mut column, mut seen, mut quote, mut strays, mut between) = (0_usize, 0, false, None, 0, b'\t');
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80;
    while at < text.len() {
        let byte = text[at];
        if byte == b'\n' {
            (at, strays) = (at + 1, strays + 1);
            if part == Part::Copy {
                return (at, (names.1 > 0).then_some((names, between)));
            }
            if strays > 8 {
                return (at, None);
            }
            continue;
        }
        if quote.is_none() && byte == b'\\' && text.get(at + 1).is_some_and(|next| b"nrt".contains(next)) {
            at += 2;
            continue;
        }
        if quote.is_none() && text[at..].starts_with(b"--") {
            at += text[at..].iter().take_while(|b| **b != b'\n').count();
            continue;
        }
        let (mut is_quoted, mut behind) = (false, 0);
        let value = match quote {
            Some((mark, escaped)) => {
                let start = at;
                loop {
                    match text.get(at..) {
                        None | Some([] | [b'\n', ..]) => break,
                        Some([b'\\', next, ..]) if escaped && *next == mark => {
                            (quote, strays) = (None, 0);
                            break;
                        }
                        Some([b'\\', next, ..]) if part == Part::Rows && *next != b'\n' => at += 2,
                        Some([a, b, ..]) if *a == mark && *b == mark && mark != b']' && !escaped => at += 2,
                        Some([a, ..]) if *a == mark && !escaped => {
                            (quote, strays) = (None, 0);
                            break;
                        }
                        _ => at += 1,
                    }
                }
                at = at.min(text.len());
                is_quoted = true;
                behind = 1 + usize::from(escaped);
                start..at
            }
            None => at..at + text[at..].iter().take_while(|b| is_word(**b)).count(),
        };
        let word = &text[value.clone()];
        if is_quoted {
            at += if quote.is_none() { behind } else { 0 };
            match part {
                Part::Head => table = word.to_ascii_lowercase(),
                Part::Names | Part::Definition
                    if depth == 1 && !seen && (part == Part::Names || !is_no_column(word)) =>
                {
                    names.add(column, word);
                }
                Part::Rows if depth > 0 && names.0.get(&column).is_some_and(|name| judge(name, word)) => {
                    values.push(value);
                }
                _ => {}
            }
            seen = true;
            continue;
        }
        if !word.is_empty() {
            at += word.len();
            let lower = String::from_utf8_lossy(word).to_ascii_lowercase();
            if depth > 0 {
                strays = 0;
            }
            let rows = match lower.as_str() {
                "values" | "value" => Some(Part::Rows),
                "stdin" => Some(Part::Copy),
                _ => None,
            };
            if let Some(rows) = rows.filter(|_| part == Part::Head || part == Part::Verb) {
                if names.1 == 0 {
                    names = tables.get(&table).cloned().unwrap_or_default();
                }
                (part, depth, strays) = (rows, 0, 0);
                if names.0.is_empty() {
                    return (at - word.len(), None);
                }
                continue;
            }
            match part {
                Part::Head | Part::Verb if lower == "from" => {}
                Part::Head if BEFORE_TABLE.contains(&lower.as_str()) => defines |= lower == "create",
                Part::Head => table = word[..word.len().min(64)].to_ascii_lowercase(),
                Part::Names | Part::Definition if depth == 1 && !seen => {
                    seen = true;
                    if part == Part::Names || !is_no_column(word) {
                        names.add(column, word);
                    }
                }
                Part::Verb => return (value.start, None),
                Part::Rows if depth == 0 => return (value.start, None),
                Part::Rows
                    if word[0].is_ascii_digit()
                        && !seen
                        && names.0.get(&column).is_some_and(|name| judge(name, word)) =>
                {
                    values.push(value);
                }
                Part::Copy if lower == "csv" => between = b',',
                _ => {}
            }
            continue;
        }
        match byte {
            b'\'' | b'"' | b'`' => quote = Some((byte, at > 0 && text[at - 1] == b'\\')),
            b'[' if part != Part::Rows => quote = Some((b']', false)),
            b'(' => {
                (depth, strays) = (depth + 1, 0);
                if depth == 1 {
                    (column, seen) = (0, false);
                    part = match part {
                        Part::Head if defines => Part::Definition,
                        Part::Head => Part::Names,
                        part => part,
                    };
                }
            }
            b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && part == Part::Definition {
                    names.1 = column + 1;
                    tables.insert(table, names);
                    return (at, None);
                }
                if depth == 0 && part == Part::Names {
                    (names.1, part) = (column + 1, Part::Verb);
                }
            }
            b',' if depth == 1 => (column, seen) = (column + 1, false),
            b';' if part != Part::Copy => return (at, None),
            _ => {}
        }
        at += 1;
    }
    (at, None)
}

/// Words before the name of a table.
const BEFORE_TABLE: &[&str] = &[
    "create",
    "insert",
    "into",
    "replace",
    "ignore",
    "or",
    "table",
    "copy",
    "if",
    "not",
    "exists",
    "only",
    "temporary",
    "unlogged",
    "low_priority",
    "delayed",
    "overwrite",
    "rollback",
    "abort",
];

fn is_no_column(word: &[u8]) -> bool {
    ["primary", "key", "unique", "constraint", "index", "foreign", "check", "fulltext", "exclude"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}
