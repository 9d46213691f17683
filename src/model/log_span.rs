//! Lines of a text and the time span that it covers, gathered block by block as the bytes pass.

use super::log_time::{self, Assumed, LogTime};
use super::manifest::TimeSpan;

/// Lines at the start that are looked at for a first time stamp, and lines at the end of a block for a last one.
const PATIENCE: usize = 200;

/// Bytes of a line that are kept when a block ends inside it.
const LINE_HEAD: usize = 256;

/// Counts lines and finds the first and last time stamp.
#[derive(Debug)]
pub struct LogSpan {
    assumed: Assumed,
    lines: u64,
    /// The head of a line that the last block began and did not end.
    open: Vec<u8>,
    looked_at: usize,
    first: Option<LogTime>,
    last: Option<LogTime>,
}

impl LogSpan {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(assumed: Assumed) -> Self {
        Self { assumed, lines: 0, open: Vec::new(), looked_at: 0, first: None, last: None }
    }

    /// Takes the next bytes.
    pub fn observe(&mut self, block: &[u8]) {
        self.lines += memchr::memchr_iter(b'\n', block).count() as u64;
        let mut start = 0;
        if !self.open.is_empty() {
            let end = memchr::memchr(b'\n', block);
            let more = &block[..end.unwrap_or(block.len())];
            let room = LINE_HEAD.saturating_sub(self.open.len());
            self.open.extend_from_slice(&more[..more.len().min(room)]);
            let Some(end) = end else { return };
            let line = std::mem::take(&mut self.open);
            self.line(&line);
            start = end + 1;
        }
        let whole_end = memchr::memrchr(b'\n', block).map_or(start, |at| (at + 1).max(start));
        let whole = &block[start..whole_end];
        if self.first.is_none() {
            for line in whole.split(|b| *b == b'\n') {
                if self.first.is_some() || self.looked_at > PATIENCE {
                    break;
                }
                self.looked_at += 1;
                self.line(line);
            }
        }
        let latest = whole.rsplit(|b| *b == b'\n').take(PATIENCE).find_map(|line| log_time::find(line, &self.assumed));
        if latest.is_some() && self.first.is_some() {
            self.last = latest;
        }
        let rest = &block[whole_end..];
        self.open.extend_from_slice(&rest[..rest.len().min(LINE_HEAD)]);
    }

    fn line(&mut self, line: &[u8]) {
        if let Some(found) = log_time::find(line, &self.assumed) {
            self.first.get_or_insert(found);
            self.last = Some(found);
        }
    }

    /// The number of lines, a last one without a newline included, and the span.
    #[must_use]
    pub fn finish(mut self) -> (u64, Option<TimeSpan>) {
        if !self.open.is_empty() {
            self.lines += 1;
            let line = std::mem::take(&mut self.open);
            self.line(&line);
        }
        let span = self.first.zip(self.last).map(|(first, last)| TimeSpan {
            first: first.at.min(last.at),
            last: last.at.max(first.at),
            zone_stated: first.zone_stated && last.zone_stated,
        });
        (self.lines, span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_is_the_same_however_the_bytes_arrive() {
        let log = b"banner\n2026-11-23T10:00:00Z a\n  more\n2026-11-23T10:05:00Z b\n2026-11-23T10:09:00Z c";
        for size in [1, 7, 30, 1000] {
            let not_after = "2026-11-24T00:00:00Z".parse().expect("a moment");
            let mut span = LogSpan::new(Assumed { zone: jiff::tz::TimeZone::UTC, not_after });
            log.chunks(size).for_each(|chunk| span.observe(chunk));
            let (lines, covered) = span.finish();
            let covered = covered.expect("time stamps");
            assert_eq!(
                (lines, covered.first.to_string(), covered.last.to_string()),
                (5, "2026-11-23T10:00:00Z".to_owned(), "2026-11-23T10:09:00Z".to_owned()),
                "{size}"
            );
        }
    }
}
