//! The part of a log that is taken: from a line on, from a moment on.

use std::io::{self, Read};

use jiff::Timestamp;

use crate::model::log_time::{self, Assumed};

/// Lines that are looked at for a first time stamp. A log whose first lines hold none is taken whole.
const PATIENCE: usize = 200;

/// A line is looked at up to here.
const LINE_HEAD: usize = 4096;

/// Bytes from the reader's place to the start of the next line; all of it when no line begins in what is left.
pub(super) fn to_next_line(reader: &mut dyn Read) -> io::Result<u64> {
    let mut skipped = 0;
    let mut byte_block = [0; 4096];
    loop {
        let n = reader.read(&mut byte_block)?;
        match memchr::memchr(b'\n', &byte_block[..n]) {
            Some(at) => return Ok(skipped + at as u64 + 1),
            None if n == 0 => return Ok(0), // One endless line: better a cut line than nothing.
            None => skipped += n as u64,
        }
    }
}

/// Leaves out the lines before a moment.
#[derive(Debug, Clone)]
pub(super) struct Since {
    pub(super) moment: Timestamp,
    pub(super) assumed: Assumed,
}

impl Since {
    /// `reader` from the first line whose time stamp is not before the moment; whole when its first lines bear none.
    pub(super) fn window(&self, reader: Box<dyn Read + Send>) -> FromMoment {
        FromMoment { reader, since: Some(self.clone()), pending: Vec::new(), given: 0, ended: false }
    }
}

/// See [`Since::window`].
pub(super) struct FromMoment {
    reader: Box<dyn Read + Send>,
    /// `None` once the first line to keep has been found.
    since: Option<Since>,
    pending: Vec<u8>,
    given: usize,
    ended: bool,
}

impl FromMoment {
    /// Reads on until the first line to keep stands at the start of `pending`.
    fn find(&mut self, since: &Since) -> io::Result<()> {
        let (mut start, mut stampless, mut stamped) = (0, 0, false);
        let mut block = vec![0; 64 << 10];
        loop {
            while let Some(at) = memchr::memchr(b'\n', &self.pending[start..]) {
                let line = &self.pending[start..start + at.min(LINE_HEAD)];
                match log_time::find(line, &since.assumed) {
                    Some(found) if found.at >= since.moment => {
                        self.pending.drain(..start);
                        return Ok(());
                    }
                    Some(_) => stamped = true,
                    None if !stamped => {
                        stampless += 1;
                        if stampless > PATIENCE {
                            return Ok(()); // No log with time stamps: all of it is kept.
                        }
                    }
                    None => {}
                }
                start += at + 1;
            }
            if stamped {
                self.pending.drain(..start);
                start = 0;
                // A line without end is not held in memory; it is older than what is wanted.
                if self.pending.len() > 8 << 20 {
                    self.pending.clear();
                }
            } else if self.pending.len() > 8 << 20 {
                return Ok(());
            }
            let n = self.reader.read(&mut block)?;
            if n == 0 {
                self.ended = true;
                let line = &self.pending[start..];
                let kept = log_time::find(line, &since.assumed).map_or(!stamped, |found| found.at >= since.moment);
                if kept && stamped {
                    self.pending.drain(..start);
                } else if !kept {
                    self.pending.clear();
                }
                return Ok(());
            }
            self.pending.extend_from_slice(&block[..n]);
        }
    }
}

impl Read for FromMoment {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(since) = self.since.take() {
            self.find(&since)?;
        }
        if self.given < self.pending.len() {
            let n = buf.len().min(self.pending.len() - self.given);
            buf[..n].copy_from_slice(&self.pending[self.given..self.given + n]);
            self.given += n;
            return Ok(n);
        }
        self.pending = Vec::new();
        self.given = 0;
        if self.ended { Ok(0) } else { self.reader.read(buf) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(text: &'static str, moment: &str) -> String {
        let moment = moment.parse().expect("a moment");
        let assumed = Assumed { zone: jiff::tz::TimeZone::UTC, not_after: moment };
        let mut out = String::new();
        Since { moment, assumed }.window(Box::new(text.as_bytes())).read_to_string(&mut out).expect("reads");
        out
    }

    #[test]
    fn older_lines_go_and_continuation_lines_stay_with_their_stamp() {
        let log = "2026-11-22 10:00:00 a\n  trace of a\n2026-11-23 10:00:00 b\n  trace of b\n";
        assert_eq!(since(log, "2026-11-23T00:00:00Z"), "2026-11-23 10:00:00 b\n  trace of b\n");
        assert_eq!(since(log, "2026-11-24T00:00:00Z"), "");
        assert_eq!(since(log, "2026-11-01T00:00:00Z"), log);
    }

    #[test]
    fn a_text_without_time_stamps_is_kept_whole() {
        assert_eq!(since("a\nb\n", "2026-11-23T00:00:00Z"), "a\nb\n");
        assert_eq!(since("only line", "2026-11-23T00:00:00Z"), "only line");
    }
}
