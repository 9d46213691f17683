//! Writes a text with its findings replaced, and counts them.

use super::lines::LineState;
use super::seeds::Seeds;
use super::sensitive_names::KINDS;
use super::spans::{Span, Why};
use super::split::{Piece, Splitter};
use super::stream::Counts;
use super::{RedactError, Redactor};

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
        self.write_replaced(piece.bytes, own, &spans, out, counts);
        Ok(())
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
        own: std::ops::Range<usize>,
        spans: &[Span],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) {
        let mut at = own.start;
        for span in spans {
            out.extend_from_slice(&text[at..span.start]);
            self.write_placeholder(span.why, &text[span.start..span.end], out, counts);
            at = span.end;
        }
        out.extend_from_slice(&text[at..own.end.max(at)]);
    }

    fn write_placeholder(&self, why: Why, value: &[u8], out: &mut Vec<u8>, counts: &mut Counts) {
        if let Why::Address(address) = why {
            out.extend_from_slice(address.mapped(&self.pseudonyms).as_bytes());
            // The length of a network's prefix stays.
            let prefix = value.iter().position(|b| *b == b'/').unwrap_or(value.len());
            out.extend_from_slice(&value[prefix..]);
            counts.add(address.family());
            return;
        }
        let hex = match why {
            Why::Rule(n) | Why::Seed(n) => self.set.rules.get(n).is_none_or(|rule| rule.hex),
            _ => true,
        };
        let (name, kind) = self.names_of(why);
        let lower = matches!(why, Why::Known(_)).then(|| value.to_ascii_lowercase());
        self.pseudonyms.write(kind, hex, lower.as_deref().unwrap_or(value), out);
        counts.add(name);
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
        let value = &text[span.start..span.end];
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
            Why::Rule(_) | Why::Seed(_) | Why::Known(_) | Why::Address(_) => {}
        }
    }

    /// Adds a value to `seeds` whose name says that it is secret.
    pub(super) fn seed_named(&self, kind: &str, value: &[u8], seeds: &mut Seeds) {
        seeds.add(value, self.own_number(kind));
    }

    /// Appends `value`, all of it replaced because of its name, to `out`; `false` when it is a placeholder already.
    pub(super) fn replace_named(
        &self,
        kind: &'static str,
        value: &[u8],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> bool {
        // A value that is known from elsewhere has its placeholder already, whatever it is called here.
        let seed = self.seeds.find(value).find(|(start, end, _)| (*start, *end) == (0, value.len()));
        let why = seed.map_or(Why::Named(kind), |(_, _, by)| Why::Seed(by));
        let mut spans = vec![Span { start: 0, end: value.len(), why }];
        let mut placeholders = Vec::new();
        super::placeholder::find(value, &self.set.kinds, &mut placeholders);
        super::spans::settle(value, &mut spans, &placeholders);
        self.write_replaced(value, 0..value.len(), &spans, out, counts);
        !spans.is_empty()
    }
}
