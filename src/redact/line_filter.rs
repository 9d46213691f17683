//! Redaction of a stream that never ends, such as `tail -f`: each line is handed out as soon as it is whole.
//!
//! Rules that look at several lines see one line only here; private key blocks are followed by state. A line that is JSON is
//! treated as JSON. Windows of a long line lie on the same grid as elsewhere.

use std::sync::Arc;

use super::decode::{Encoder, Encoding, Transcoder};
use super::json::{Documents, JsonWalker};
use super::lines::LineState;
use super::scan::Treatment;
use super::split::{LEFT, OVERLAP, Piece, WINDOW};
use super::stream::{Counts, Summary};
use super::values::ValueRules;
use super::{RedactError, Redactor};

/// A line up to this size is held until it is whole when it looks like JSON; beyond, it is text.
const JSON_LINE: usize = 1 << 20;

/// How the bytes of the stream are written.
struct Text {
    encoding: Encoding,
    from: Transcoder,
    to: Encoder,
}

/// Redacts lines as they come.
pub struct LineFilter {
    redactor: Arc<Redactor>,
    /// Nothing until the first bytes have come.
    text: Option<Text>,
    state: LineState,
    /// What is not handed out yet, with a little of what was handed out before `next`.
    buffer: Vec<u8>,
    next: usize,
    /// Whether `next` lies inside a long line, of which a part was handed out.
    inside_line: bool,
    /// Bytes from `next` on that were searched for a newline in vain.
    searched: usize,
    counts: Counts,
}

impl std::fmt::Debug for LineFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LineFilter(…)")
    }
}

impl Redactor {
    /// A filter for one stream of lines.
    #[must_use]
    pub fn line_filter(self: &Arc<Self>) -> LineFilter {
        LineFilter {
            redactor: Arc::clone(self),
            text: None,
            state: LineState::inside(0, true),
            buffer: Vec::new(),
            next: 0,
            inside_line: false,
            searched: 0,
            counts: Counts::new(),
        }
    }
}

impl LineFilter {
    /// Takes the next bytes and appends every line that is whole now, redacted, to `out`. After an error nothing more may
    /// be written.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), RedactError> {
        self.decode(bytes, false)?;
        self.hand_out(false, out)
    }

    /// Appends a last line without an end to `out`, and says what the whole came to.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Summary, RedactError> {
        self.decode(&[], true)?;
        self.hand_out(true, out)?;
        let encoding = self.text.as_mut().map_or(Encoding::Utf8, |text| {
            out.extend_from_slice(&text.to.finish(text.from.odd_byte()));
            text.encoding
        });
        Ok(self.counts.summary(Some(encoding.name())))
    }

    /// Appends `bytes` to the buffer, as UTF-8.
    fn decode(&mut self, bytes: &[u8], last: bool) -> Result<(), RedactError> {
        if self.text.is_none() && !bytes.is_empty() {
            let Treatment::Text(encoding) = Treatment::of_head(bytes)? else { return Err(RedactError::Binary) };
            self.text = Some(Text { encoding, from: Transcoder::new(encoding), to: Encoder::new(encoding) });
        }
        let Some(text) = &mut self.text else { return Ok(()) };
        if text.from.push(bytes, last, &mut self.buffer) { Ok(()) } else { Err(RedactError::Binary) }
    }

    fn hand_out(&mut self, ended: bool, out: &mut Vec<u8>) -> Result<(), RedactError> {
        let mut redacted = Vec::new();
        while self.one(ended, &mut redacted)? {}
        let keep = if self.inside_line { LEFT } else { 0 };
        let drop = self.next.saturating_sub(keep);
        self.buffer.drain(..drop);
        self.next -= drop;
        match &mut self.text {
            Some(text) => out.extend_from_slice(&text.to.encode(redacted)),
            None => out.extend_from_slice(&redacted),
        }
        Ok(())
    }

    /// Redacts the next whole line or the next window of a long one; `false` when there is none yet.
    fn one(&mut self, ended: bool, out: &mut Vec<u8>) -> Result<bool, RedactError> {
        let rest = &self.buffer[self.next..];
        let json = !self.inside_line && matches!(rest.trim_ascii_start().first(), Some(b'{' | b'['));
        let most = rest.len().min(if json { JSON_LINE } else { WINDOW + OVERLAP });
        let newline = memchr::memchr(b'\n', &rest[self.searched.min(most)..most]).map(|at| self.searched + at + 1);
        let whole_line = newline.or((ended && rest.len() == most).then_some(most));
        let full = most == if json { JSON_LINE } else { WINDOW + OVERLAP };
        if rest.is_empty() || whole_line.is_none() && !full && !ended {
            self.searched = most;
            return Ok(false);
        }
        self.searched = 0;
        if let Some(line) = whole_line.filter(|_| json)
            && let Some(counts) = self.redactor.json_line(&rest[..line], out)
        {
            self.counts.merge(&counts);
            self.next += line;
            return Ok(true);
        }
        let visible = rest.len().min(WINDOW + OVERLAP);
        let whole_line = whole_line.filter(|end| *end <= visible);
        let line_end = whole_line.unwrap_or(visible);
        let own = line_end.min(WINDOW);
        let left = if self.inside_line { self.next.min(LEFT) } else { 0 };
        let bytes = &self.buffer[self.next - left..self.next + line_end];
        let piece = Piece {
            bytes,
            own_start: left,
            own_end: left + own,
            seen: bytes.len(),
            line_goes_on: whole_line.is_none(),
        };
        self.redactor.replace(&piece, &mut self.state, out, &mut self.counts)?;
        self.next += own;
        self.inside_line = whole_line != Some(own);
        Ok(true)
    }
}

impl Redactor {
    /// Appends `line` to `out` when it is one JSON document, redacted as such; `None`, and nothing appended, when it is not.
    fn json_line(self: &Arc<Self>, line: &[u8], out: &mut Vec<u8>) -> Option<Counts> {
        // Asked first: whoever is told of replacements must not be told twice.
        serde_json::from_slice::<serde::de::IgnoredAny>(line).ok()?;
        let mut redacted = Vec::with_capacity(line.len() + 64);
        let mut walker = JsonWalker::new(ValueRules::replacing(Arc::clone(self)), Documents::One);
        walker.push(line, &mut redacted).ok()?;
        let counts = walker.finish(&mut redacted).ok()?.into_counts().ok()?;
        out.append(&mut redacted);
        Some(counts)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;
    use crate::redact::{KnownNames, Privacy, Pseudonyms, RuleSet, Step};

    fn redactor() -> Arc<Redactor> {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules"));
        let made = Redactor::new(set, Pseudonyms::new(b"key"), &KnownNames::default(), Privacy::Standard);
        Arc::new(made.expect("a redactor"))
    }

    fn filtered(redactor: &Arc<Redactor>, chunks: &[&[u8]]) -> Vec<u8> {
        let (mut filter, mut out) = (redactor.line_filter(), Vec::new());
        chunks.iter().for_each(|chunk| filter.push(chunk, &mut out).expect("text"));
        filter.finish(&mut out).expect("text");
        out
    }

    /// The same by the engine for whole sources.
    fn streamed(redactor: &Arc<Redactor>, text: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        let input: Box<dyn Read + Send> = Box::new(std::io::Cursor::new(text.to_vec()));
        for step in redactor.redact(&Treatment::Text(Encoding::Utf8), input) {
            if let Step::Block(block) = step.expect("text") {
                all.extend_from_slice(block.bytes());
            }
        }
        all
    }

    #[test]
    fn a_line_is_handed_out_as_soon_as_it_is_whole() {
        let redactor = redactor();
        let (mut filter, mut out) = (redactor.line_filter(), Vec::new());
        filter.push(b"password=hunter2-Correct\nuser", &mut out).expect("text");
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(text.starts_with("password=REDACTED-") && text.ends_with('\n') && !text.contains("hunter2"), "{text}");
        filter.push(b"=x\n", &mut out).expect("text");
        assert!(out.ends_with(b"\nuser=x\n"));
        filter.push(b"no end", &mut out).expect("text");
        let summary = filter.finish(&mut out).expect("text");
        assert!(out.ends_with(b"\nno end"));
        assert_eq!(summary.redactions.values().sum::<u64>(), 1);
    }

    #[test]
    fn a_line_that_is_json_stays_json_and_one_that_is_not_is_text() {
        let redactor = redactor();
        let lines = b"{\"password\": 12345678, \"n\": 1e400}\n{\"password\": \"hunter2-Correct\"} trailing\n";
        let out = String::from_utf8(filtered(&redactor, &[lines])).expect("text");
        let (json, text) = out.split_once('\n').expect("two lines");
        assert!(json.starts_with("{\"password\": \"REDACTED-") && json.ends_with(", \"n\": 1e400}"), "{json}");
        assert!(text.ends_with(" trailing\n") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn key_blocks_go_line_by_line_and_binary_is_refused() {
        let redactor = redactor();
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
        let key = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\nafter\n");
        let out = String::from_utf8(filtered(&redactor, &[key.as_bytes()])).expect("text");
        assert!(!out.contains(body) && out.ends_with("\nafter\n"), "{out}");
        let mut filter = redactor.line_filter();
        assert!(matches!(
            filter.push(b"\x7fELF\x02\x01\x01\0\0\0\x03\0>\0\x01\0\n", &mut Vec::new()),
            Err(RedactError::Binary)
        ));
        let mut filter = redactor.line_filter();
        let sealed = b"age-encryption.org/v1\n-> X25519";
        assert!(matches!(filter.push(sealed, &mut Vec::new()), Err(RedactError::Encrypted)));
    }

    #[test]
    fn utf_16_comes_out_as_it_went_in() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let input = wide("\u{feff}password=hunter2-Correct\r\nna\u{ef}ve\r\n");
        let out = filtered(&redactor(), &[&input[..21], &input[21..]]);
        let units: Vec<u16> = out.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let text = String::from_utf16(&units).expect("UTF-16");
        assert!(text.starts_with("\u{feff}password=REDACTED-") && text.ends_with("\r\nna\u{ef}ve\r\n"), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_comes_out_is_what_the_engine_makes_of_the_whole(
            lines in prop::collection::vec((prop::sample::select(vec![0usize, 5, 65_500, 65_536, 81_920, 150_000]), any::<bool>()), 0..5),
            newline: bool,
            cuts in prop::collection::vec(0usize..400_000, 0..6),
        ) {
            let mut text = Vec::new();
            for (length, secret) in lines {
                text.extend((0..length).map(|n| if n % 11 == 10 { b' ' } else { b'x' }));
                if secret { text.extend_from_slice(b" password=hunter2-Correct from 81.2.69.142"); }
                text.push(b'\n');
            }
            if newline { text.pop(); }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.push(text.len());
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&text[from..cut]);
                from = cut;
            }
            let redactor = redactor();
            prop_assert_eq!(filtered(&redactor, &chunks), streamed(&redactor, &text));
        }
    }
}
