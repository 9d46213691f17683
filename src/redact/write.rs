//! Writes a text with its findings replaced, and counts them.

use std::ops::Range;

use super::address::Address;
use super::checks::entropy;
use super::jwt;
use super::lines::LineState;
use super::seeds::{Place, Seeds};
use super::sensitive_names::KINDS;
use super::spans::{Span, Why};
use super::split::{Piece, Splitter};
use super::stream::Counts;
use super::{RedactError, Redactor, Replacement};

/// How often a changed line is looked at again. One more look is the rule; real text never needed a third.
const MOST_LOOKS: usize = 4;

impl Redactor {
    /// Appends the own part of `piece`, redacted, to `out`.
    pub(super) fn replace(
        &self,
        piece: &Piece<'_>,
        state: &mut LineState,
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> Result<(), RedactError> {
        let (spans, own) = self.findings(piece, state, None)?;
        if piece.own_start > 0 || piece.line_goes_on {
            self.write_replaced(piece.bytes, own, &spans, out, counts);
            return Ok(());
        }
        let mut rest = spans.as_slice();
        let mut at = own.start;
        while let Some(first) = rest.first() {
            let start = memchr::memrchr(b'\n', &piece.bytes[at..first.start]).map_or(at, |n| at + n + 1);
            let end = memchr::memchr(b'\n', &piece.bytes[first.end..own.end]).map_or(own.end, |n| first.end + n);
            let (line, later) = rest.split_at(rest.partition_point(|span| span.start < end));
            out.extend_from_slice(&piece.bytes[at..start]);
            self.write_settled(piece.bytes, start..end, line, state, out, counts)?;
            (rest, at) = (later, end);
        }
        out.extend_from_slice(&piece.bytes[at..own.end.max(at)]);
        Ok(())
    }

    /// Writes a line with its findings replaced, and looks at the result again until nothing more is found in it: a
    /// placeholder brings together what a long value kept apart, and redacting twice must change nothing.
    fn write_settled(
        &self,
        text: &[u8],
        line: Range<usize>,
        spans: &[Span],
        state: &LineState,
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> Result<(), RedactError> {
        if is_settled(text, &line, spans) {
            self.write_replaced(text, line, spans, out, counts);
            return Ok(());
        }
        let mut written = Vec::with_capacity(line.len() + 64);
        self.write_replaced(text, line, spans, &mut written, counts);
        out.append(&mut self.looked_again(written, state.depth, counts)?);
        Ok(())
    }

    /// A changed line, until nothing more is found in it.
    pub(super) fn looked_again(
        &self,
        mut written: Vec<u8>,
        depth: usize,
        counts: &mut Counts,
    ) -> Result<Vec<u8>, RedactError> {
        for _ in 0..MOST_LOOKS {
            let whole = Piece::whole(&written);
            let (spans, own) = self.findings(&whole, &mut LineState::inside(depth, true), None)?;
            if spans.is_empty() {
                break;
            }
            let mut again = Vec::with_capacity(written.len() + 64);
            self.write_replaced(&written, own, &spans, &mut again, counts);
            if again == written {
                break;
            }
            written = again;
        }
        Ok(written)
    }

    /// Appends the whole of `text`, redacted, to `out`: for texts that are in memory already.
    pub(super) fn replace_all(&self, text: &[u8], out: &mut Vec<u8>, counts: &mut Counts) -> Result<(), RedactError> {
        let mut state = LineState::default();
        let mut splitter = Splitter::new(text);
        while let Some(piece) = splitter.piece()? {
            self.replace(&piece, &mut state, out, counts)?;
        }
        Ok(())
    }

    pub(super) fn write_replaced(
        &self,
        text: &[u8],
        own: Range<usize>,
        spans: &[Span],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) {
        let mut at = own.start;
        for span in spans {
            out.extend_from_slice(&text[at..span.start]);
            let quote: &[u8] = if is_number_in_json(text, span) { b"\"" } else { b"" };
            out.extend_from_slice(quote);
            self.write_span(span, &text[span.start..span.end], out, counts);
            out.extend_from_slice(quote);
            at = span.end;
        }
        out.extend_from_slice(&text[at..own.end.max(at)]);
    }

    fn write_span(&self, span: &Span, raw: &[u8], out: &mut Vec<u8>, counts: &mut Counts) {
        let value = span.value.as_deref().unwrap_or(raw);
        match span.why {
            Why::Opened(form) => {
                let mut inside = Vec::with_capacity(value.len());
                match self.replace_all(value, &mut inside, counts) {
                    Ok(()) => out.extend_from_slice(&form.close(&inside)),
                    Err(_) => self.write_placeholder(Why::Named("value"), value, out, counts),
                }
            }
            Why::Address(address) => {
                let mapped = address.mapped(&self.pseudonyms);
                out.extend_from_slice(mapped.as_bytes());
                // The length of a network's prefix stays.
                let prefix = value.iter().position(|b| *b == b'/').unwrap_or(value.len());
                out.extend_from_slice(&value[prefix..]);
                counts.add(address.family());
                self.tell(span.why, value, true, mapped.as_bytes());
            }
            why => self.write_placeholder(why, value, out, counts),
        }
    }

    fn write_placeholder(&self, why: Why, value: &[u8], out: &mut Vec<u8>, counts: &mut Counts) {
        if let Some(token) = jwt::rewritten(self, value) {
            if token != value {
                counts.add(self.names_of(why).0);
                // The signature's placeholder leads back to the whole token.
                let signature = token.rsplit(|b| *b == b'.').next().unwrap_or_default();
                self.tell(why, value, true, signature);
            }
            return out.extend_from_slice(&token);
        }
        let start = out.len();
        let hex = match why {
            Why::Rule(n) => self.set.rules.get(n).is_none_or(|rule| rule.hex && !(rule.secret && is_guessable(value))),
            Why::Seed(n) => self.set.rules.get(n).is_none_or(|rule| rule.hex),
            Why::Named(_) => !is_guessable(value),
            _ => true,
        };
        let (name, kind) = self.names_of(why);
        let lower = matches!(why, Why::Known(_)).then(|| value.to_ascii_lowercase());
        self.pseudonyms.write(kind, hex, lower.as_deref().unwrap_or(value), out);
        counts.add(name);
        self.tell(why, value, hex, &out[start..]);
    }

    /// Tells whoever wants to know that `placeholder` was written for `original`.
    fn tell(&self, why: Why, original: &[u8], distinct: bool, placeholder: &[u8]) {
        if self.witnesses.is_empty() {
            return;
        }
        let (rule, kind) = self.names_of(why);
        let replacement = Replacement { placeholder, original, rule, kind, distinct };
        self.witnesses.iter().for_each(|witness| witness.replaced(&replacement));
    }

    /// Seeds that no rule found are numbered after the rules: key blocks, then values under a name that says what they
    /// are, by their kind.
    pub(super) fn own_kind(&self, n: usize) -> &'static str {
        match n - self.set.rules.len() {
            0 => "private-key",
            n => KINDS.get(n - 1).copied().unwrap_or("value"),
        }
    }

    /// The number of a seed of this kind that no rule found.
    fn own_number(&self, kind: &str) -> usize {
        self.set.rules.len() + 1 + KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len())
    }

    /// Adds the secrets among the findings of `piece` to `seeds`.
    pub(super) fn gather(
        &self,
        piece: &Piece<'_>,
        state: &mut LineState,
        seeds: &mut Seeds,
    ) -> Result<(), RedactError> {
        self.findings(piece, state, Some(seeds)).map(|_| ())
    }

    /// Adds the secret at `span` to `seeds`, where it is one.
    pub(super) fn seed(&self, text: &[u8], span: &Span, seeds: &mut Seeds) {
        let value = span.value.as_deref().unwrap_or(&text[span.start..span.end]);
        match span.why {
            Why::Rule(n) if self.set.rules[n].secret => {
                seeds.add(value, n);
                if self.set.rules[n].kind == "cookie" {
                    // A header of several cookies: each may stand alone elsewhere.
                    let values = value.split(|b| *b == b';').filter_map(|one| one.splitn(2, |b| *b == b'=').nth(1));
                    values.for_each(|one| seeds.add(one, n));
                }
            }
            Why::PrivateKey => seeds.add(value, self.set.rules.len()),
            Why::Named(kind) => seeds.add(value, self.own_number(kind)),
            Why::Rule(_) | Why::Seed(_) | Why::Known(_) | Why::Address(_) | Why::Opened(_) => {}
        }
    }

    /// Appends `value`, all of it replaced because of its name, to `out`; `false` when it is a placeholder already.
    pub(super) fn replace_named(
        &self,
        kind: &'static str,
        value: &[u8],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> bool {
        let start = scheme(value);
        // A value that is known from elsewhere has its placeholder already, whatever it is called here.
        let known = |place: &Place| place.range == (0..value.len() - start) && place.seed.is_none();
        let seed = self.seeds.find(&value[start..]).find(known);
        let why = seed.map_or(Why::Named(kind), |place| Why::Seed(place.by));
        let mut spans = vec![Span::new(start, value.len(), why)];
        let mut placeholders = Vec::new();
        super::placeholder::find(value, &self.set.kinds, &mut placeholders);
        super::spans::settle(value, &mut spans, &placeholders);
        self.write_replaced(value, 0..value.len(), &spans, out, counts);
        !spans.is_empty()
    }
}

/// Whether another look at a line would find nothing new once `spans` are replaced in it: all of them are IPv4 addresses that stand
/// apart. One in the place of another is no news to any rule, but beside a letter, an escape, a hyphen or a slash it may be read as
/// a part of something else. Of IPv6 a short address becomes a long one, which is as long as a token.
pub(super) fn is_settled(text: &[u8], line: &Range<usize>, spans: &[Span]) -> bool {
    let apart = |byte: Option<&u8>| byte.is_none_or(|byte| b" \t\r\"'()[]{}<>,=|:".contains(byte));
    spans.iter().all(|span| {
        matches!(span.why, Why::Address(Address::V4(_)))
            && apart(text[line.start..span.start].last())
            && apart(text[span.end..line.end].first())
    })
}

/// Whether the span is a number behind a key of JSON, which becomes a string, so that a line of NDJSON stays JSON.
fn is_number_in_json(text: &[u8], span: &Span) -> bool {
    let (before, after) = (text[..span.start].trim_ascii_end(), text[span.end..].trim_ascii_start());
    let number = text[span.start..span.end].iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'));
    number
        && matches!(after.first(), Some(b',' | b'}' | b']'))
        && before
            .strip_suffix(b":")
            .map(<[u8]>::trim_ascii_end)
            .is_some_and(|key| key.ends_with(b"\"") && !key.ends_with(b"\\\"") && !matches!(span.why, Why::Address(_)))
}

/// Whether few others would do as well: a PIN, a short password. Its placeholder has no hash, because with one, two people with
/// the same would be seen to have it. Six different characters have 15.5 bits, seven have 19.6.
fn is_guessable(value: &[u8]) -> bool {
    (value.len() as f64) * entropy(value) < 16.0
}

/// Bytes of an authentication scheme in front of a credential (RFC 9110, 11.1, and what vendors add): it stays, because it
/// tells how somebody tried to get in.
pub(super) fn scheme(value: &[u8]) -> usize {
    const SCHEMES: [&str; 18] = [
        "basic",
        "bearer",
        "digest",
        "negotiate",
        "ntlm",
        "kerberos",
        "token",
        "apikey",
        "api-key",
        "ssws",
        "jwt",
        "oauth",
        "splunk",
        "geniekey",
        "hawk",
        "dpop",
        "aws4-hmac-sha256",
        "sharedkey",
    ];
    let word = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
    let blank = value[word..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let known = SCHEMES.iter().any(|scheme| value[..word].eq_ignore_ascii_case(scheme.as_bytes()));
    if known && word + blank < value.len() { word + blank } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_behind_a_key_of_json_is_told_from_others() {
        let is = |text: &str, value: &str| {
            let start = text.find(value).expect("it stands there");
            is_number_in_json(text.as_bytes(), &Span::new(start, start + value.len(), Why::Named("pin")))
        };
        assert!(is(r#"{"pin":123456}"#, "123456") && is(r#"{"pin" : 123456 , "a":1}"#, "123456"));
        for (text, value) in [
            (r#"{"pin":"123456"}"#, "123456"),
            (r#"pin:123456,"#, "123456"),
            (r#"{\"pin\":123456}"#, "123456"),
            (r#"{"pin":12345678}"#, "123456"),
            (r#"{"pin":123456"#, "123456"),
        ] {
            assert!(!is(text, value), "{text}");
        }
    }

    fn redactor() -> &'static Redactor {
        static MADE: std::sync::OnceLock<Redactor> = std::sync::OnceLock::new();
        MADE.get_or_init(|| {
            let set = std::sync::Arc::new(crate::redact::RuleSet::load(&[]).expect("the built-in rules"));
            let names = crate::redact::KnownNames::default();
            let key = crate::redact::Pseudonyms::new(b"key");
            Redactor::new(set, key, &names, crate::redact::Privacy::Standard).expect("a redactor")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000000))]
        #[test]
        fn in_a_line_that_counts_as_settled_another_look_finds_nothing(
            parts in prop::collection::vec(prop::sample::select(vec![
                "81.2.69.142", "2a02:26f0:3500::1", "185.27.242.245:443", "8.8.4.0/24", " ", "-", ",", "=", "\"", "[", "]", "(", "/", "@", ";", "%2F", "%20", "\\n",
                "&amp;", "&", "host", "from", "ip", "GET /a?q=1", "token", "user", "password", "id", "200", "https://", "x", "version ",
            ]), 1..12),
        ) {
            let line = parts.concat();
            let piece = Piece::whole(line.as_bytes());
            let (spans, own) = redactor().findings(&piece, &mut LineState::default(), None).expect("finds");
            if spans.is_empty() || !is_settled(line.as_bytes(), &own, &spans) {
                return Ok(());
            }
            let (mut once, mut counts) = (Vec::new(), Counts::new());
            redactor().write_replaced(line.as_bytes(), own, &spans, &mut once, &mut counts);
            let again = redactor().looked_again(once.clone(), 0, &mut counts).expect("redacts");
            prop_assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&once), "{}", line);
        }
    }
}
