//! The time span that a recording of a browser covers: the first and the last moment at which a request began, gathered block by
//! block as the bytes pass.

use jiff::Timestamp;

use super::manifest::TimeSpan;

/// The key of a request's moment. Inside a text it would have backslashes in front of its quotes.
const KEY: &[u8] = b"\"startedDateTime\"";

/// Bytes behind the key in which the moment must stand.
const ROOM: usize = 64;

/// Finds the first and last moment.
#[derive(Debug, Default)]
pub struct HarSpan {
    /// What may be the begin of a key or of its moment.
    open: Vec<u8>,
    span: Option<(Timestamp, Timestamp)>,
}

impl HarSpan {
    /// Takes the next bytes.
    pub fn observe(&mut self, block: &[u8]) {
        self.open.extend_from_slice(block);
        self.look(false);
    }

    /// The span.
    #[must_use]
    pub fn finish(mut self) -> Option<TimeSpan> {
        self.look(true);
        self.span.map(|(first, last)| TimeSpan { first, last, zone_stated: true })
    }

    fn look(&mut self, at_end: bool) {
        let open = std::mem::take(&mut self.open);
        let mut from = 0;
        for at in memchr::memmem::find_iter(&open, KEY) {
            let behind = &open[at + KEY.len()..];
            if behind.len() < ROOM && !at_end {
                self.open = open[at..].to_vec();
                return;
            }
            from = at + KEY.len();
            if let Some(moment) = moment(&behind[..behind.len().min(ROOM)]) {
                let (first, last) = self.span.unwrap_or((moment, moment));
                self.span = Some((first.min(moment), last.max(moment)));
            }
        }
        self.open = open[from.max(open.len().saturating_sub(KEY.len() - 1))..].to_vec();
    }
}

/// The moment in `: "2026-11-23T10:15:00.000+01:00"`. One without a zone is none.
fn moment(behind: &[u8]) -> Option<Timestamp> {
    let value = behind.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr(b'"', value)?;
    std::str::from_utf8(&value[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_is_that_of_the_requests_however_the_bytes_arrive() {
        let har = br#"{"log":{"pages":[],"entries":[
            {"startedDateTime": "2026-11-23T11:05:00.250+01:00", "time": 3, "x": "\"startedDateTime\":\"1999-01-01T00:00:00Z\""},
            {"startedDateTime":"2026-11-23T10:01:00Z"}, {"startedDateTime":"yesterday"}, {"startedDateTime": 7}]}}"#;
        for size in [1, 7, 64, 10_000] {
            let mut span = HarSpan::default();
            har.chunks(size).for_each(|chunk| span.observe(chunk));
            let span = span.finish().expect("moments");
            assert_eq!(span.first.to_string(), "2026-11-23T10:01:00Z", "{size}");
            assert_eq!(span.last.to_string(), "2026-11-23T10:05:00.25Z", "{size}");
        }
        assert_eq!(HarSpan::default().finish(), None);
    }
}
