//! Statements of SQL whose values stand apart from their columns' names: read byte by byte, because a line of a dump may have a
//! megabyte and goes by in windows.

use std::collections::VecDeque;
use std::ops::Range;

use super::fields::Fields;
use super::{LONGEST_NAME, Secret};

/// Definitions of tables that are remembered, the last ones.
const MOST_TABLES: usize = 64;

/// Lines in which nothing of a statement stands that it may have.
const MOST_STRAYS: usize = 8;

/// The longest text that is seen whole; of a longer one each part is judged by itself. It is less than what a window of a long line
/// sees beyond its own.
const LONGEST_TEXT: usize = 8 << 10;

/// Words before the name of a table.
const BEFORE_TABLE: [&str; 19] = [
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

/// Words that begin a part of a definition which is no column.
const NO_COLUMNS: [&str; 9] =
    ["primary", "key", "unique", "constraint", "index", "foreign", "check", "fulltext", "exclude"];

/// Tables by name, as far as they have columns that promise secrets.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tables(VecDeque<Table>);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Table {
    name: Vec<u8>,
    secrets: Vec<Secret>,
    columns: usize,
}

impl Tables {
    fn add(&mut self, table: Table) {
        self.0.retain(|known| known.name != table.name);
        if !table.secrets.is_empty() {
            if self.0.len() == MOST_TABLES {
                self.0.pop_front();
            }
            self.0.push_back(table);
        }
    }
}

/// Whether `text` begins a statement: the rule's pattern has seen to that.
pub(in crate::redact) fn is_statement(text: &[u8]) -> bool {
    !text.is_empty()
}

/// How far a statement has been read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Before the list of columns.
    #[default]
    Head,
    /// In the list of columns of an `INSERT` or `COPY`.
    Names,
    /// Behind it.
    Verb,
    /// In the parts of a definition.
    Definition,
    /// In the rows of an `INSERT`, or between them.
    Rows,
    /// Behind the `stdin` of a `COPY`, whose rows begin on the next line.
    Copy,
}

/// What came of reading.
pub(super) enum Read {
    /// The statement goes on behind what was there to be read.
    On,
    /// It has ended here.
    Ended(usize),
    /// From here on rows are lines.
    Lines(usize, Fields),
}

/// A statement that has begun.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    phase: Phase,
    defines: bool,
    table: Table,
    /// The rows of a `COPY` are CSV.
    csv: bool,
    column: usize,
    /// Brackets around what is read.
    depth: usize,
    /// The quotation mark that is open, and whether a backslash stood before it, as in SQL inside of JSON.
    quote: Option<(u8, bool)>,
    /// The name of this column has been read, or a text in this cell.
    seen: bool,
    /// Lines since something of the statement stood in one.
    strays: usize,
    /// Bytes of the next part that were read with the last one.
    ahead: usize,
}

impl Statement {
    /// Reads `text[range]`, and beyond where a word or text goes on; `found` gets the secrets.
    pub(super) fn read(
        &mut self,
        text: &[u8],
        range: Range<usize>,
        tables: &mut Tables,
        found: &mut dyn FnMut(usize, usize),
    ) -> Read {
        let mut at = range.start + std::mem::take(&mut self.ahead);
        while at < range.end {
            let byte = text[at];
            if byte == b'\n' {
                self.strays += 1;
                at += 1;
                match self.phase {
                    Phase::Copy => return self.lines().map_or(Read::Ended(at), |fields| Read::Lines(at, fields)),
                    _ if self.strays > MOST_STRAYS => return Read::Ended(at),
                    _ => {}
                }
            } else if let Some(quote) = self.quote {
                at = self.quoted(text, at, quote, found);
            } else if byte == b'\\' && matches!(text.get(at + 1), Some(b'n' | b'r' | b't')) {
                // Space, in a text that is escaped.
                at += 2;
            } else if byte == b'-' && text.get(at + 1) == Some(&b'-') {
                // A comment.
                at += memchr::memchr(b'\n', &text[at..range.end]).unwrap_or(range.end - at);
            } else if is_word(byte) {
                let end = at + text[at..].iter().take(LONGEST_TEXT).take_while(|b| is_word(**b)).count();
                if !self.word(text, at..end, tables, found) {
                    return Read::Ended(at);
                }
                at = end;
            } else {
                let escaped = at > 0 && text[at - 1] == b'\\';
                if !self.sign(byte, escaped, tables) {
                    return Read::Ended(at);
                }
                at += 1;
            }
        }
        self.ahead = at.saturating_sub(range.end);
        Read::On
    }

    /// Whether the statement goes on behind this sign.
    fn sign(&mut self, byte: u8, escaped: bool, tables: &mut Tables) -> bool {
        match byte {
            b'\'' | b'"' | b'`' => self.quote = Some((byte, escaped)),
            b'[' if self.phase != Phase::Rows => self.quote = Some((b']', false)),
            b'(' => {
                (self.depth, self.strays) = (self.depth + 1, 0);
                if self.depth == 1 {
                    (self.column, self.seen) = (0, false);
                    self.phase = match self.phase {
                        Phase::Head if self.defines => Phase::Definition,
                        Phase::Head => Phase::Names,
                        phase => phase,
                    };
                }
            }
            b')' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 && matches!(self.phase, Phase::Names | Phase::Definition) {
                    self.table.columns = self.column + 1;
                    if self.phase == Phase::Definition {
                        tables.add(std::mem::take(&mut self.table));
                        return false;
                    }
                    self.phase = Phase::Verb;
                }
            }
            b',' if self.depth == 1 => (self.column, self.seen) = (self.column + 1, false),
            b';' if self.phase != Phase::Copy => return false,
            _ => {}
        }
        true
    }

    /// Whether the statement goes on with this word.
    fn word(&mut self, text: &[u8], at: Range<usize>, tables: &Tables, found: &mut dyn FnMut(usize, usize)) -> bool {
        let word = &text[at.clone()];
        let is = |known: &str| word.eq_ignore_ascii_case(known.as_bytes());
        if self.depth > 0 {
            self.strays = 0;
        }
        match self.phase {
            Phase::Head | Phase::Verb if is("values") || is("value") => return self.rows(Phase::Rows, tables),
            Phase::Head | Phase::Verb if is("from") => {}
            Phase::Head | Phase::Verb if is("stdin") => return self.rows(Phase::Copy, tables),
            Phase::Head if BEFORE_TABLE.iter().any(|known| is(known)) => self.defines |= is("create"),
            Phase::Head => self.table.name = name_of(word),
            Phase::Names | Phase::Definition if self.depth == 1 && !self.seen => self.column_named(word),
            Phase::Verb => return false,
            Phase::Rows if self.depth == 0 => return false,
            Phase::Rows if word[0].is_ascii_digit() && !self.seen && self.is_secret(word) => found(at.start, at.end),
            Phase::Copy => self.csv |= is("csv"),
            _ => {}
        }
        true
    }

    fn is_secret(&self, value: &[u8]) -> bool {
        Secret::is(&self.table.secrets, self.column, value)
    }

    fn column_named(&mut self, name: &[u8]) {
        self.seen = true;
        let is_part = || NO_COLUMNS.iter().any(|word| name.eq_ignore_ascii_case(word.as_bytes()));
        if self.phase == Phase::Names || !is_part() {
            Secret::add(&mut self.table.secrets, self.column, name);
        }
    }

    /// The rows begin; whether one of their columns promises a secret.
    fn rows(&mut self, phase: Phase, tables: &Tables) -> bool {
        if self.table.columns == 0
            && let Some(known) = tables.0.iter().find(|known| known.name == self.table.name)
        {
            self.table = known.clone();
        }
        (self.phase, self.depth, self.strays) = (phase, 0, 0);
        !self.table.secrets.is_empty()
    }

    fn lines(&mut self) -> Option<Fields> {
        let table = std::mem::take(&mut self.table);
        let between = if self.csv { b',' } else { b'\t' };
        (table.columns > 0).then(|| Fields::copied(between, table.columns, table.secrets))
    }

    /// What stands between quotation marks from `at` on, as far as the line goes; where that ends.
    fn quoted(&mut self, text: &[u8], at: usize, quote: (u8, bool), found: &mut dyn FnMut(usize, usize)) -> usize {
        let (end, closed) = text_end(text, at, quote, self.phase == Phase::Rows);
        let value = &text[at..end];
        match self.phase {
            Phase::Head => self.table.name = name_of(value),
            Phase::Names | Phase::Definition if self.depth == 1 && !self.seen => self.column_named(value),
            Phase::Rows if self.depth > 0 && self.is_secret(value) => found(at, end),
            _ => {}
        }
        self.seen = true;
        if closed {
            (self.quote, self.strays) = (None, 0);
        }
        if closed { end + 1 + usize::from(quote.1) } else { end }
    }
}

/// The name of a table, as it is compared.
fn name_of(word: &[u8]) -> Vec<u8> {
    word[..word.len().min(LONGEST_NAME)].to_ascii_lowercase()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Where the text that begins at `from` ends, and whether its quotation mark stands there, with the backslash before it where
/// it was opened so.
fn text_end(text: &[u8], from: usize, (quote, escaped): (u8, bool), escapes: bool) -> (usize, bool) {
    let window = &text[..text.len().min(from + LONGEST_TEXT)];
    let mut at = from;
    while at < window.len() {
        match window[at] {
            b'\n' => return (at, false),
            b'\\' if escaped && window.get(at + 1) == Some(&quote) => return (at, true),
            b'\\' if escapes && window.get(at + 1).is_some_and(|next| *next != b'\n') => at += 2,
            byte if byte == quote && !escaped => {
                let doubled = quote != b']' && window.get(at + 1) == Some(&quote);
                if !doubled {
                    return (at, true);
                }
                at += 2;
            }
            _ => at += 1,
        }
    }
    (window.len(), false)
}
