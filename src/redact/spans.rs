//! Where something is to be replaced, and how overlapping findings become one.

use std::sync::Arc;

use super::address::Address;
use super::encoded::Encoded;
use super::placeholder::{ends_token, starts_token};
use super::sensitive_names::{is_mixed, looks_made};

/// Why a range is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// A rule, by its index in the set.
    Rule(usize),
    /// A secret that was found somewhere in the first pass; the index of its rule or kind.
    Seed(usize),
    /// A name of this machine or its people.
    Known(&'static str),
    /// An IP address.
    Address(Address),
    /// A line of a private key block.
    PrivateKey,
    /// A value under a key that says it is a secret, by the kind of the name.
    Named(&'static str),
    /// Encoded text with findings inside: opened, redacted and closed again.
    Opened(Encoded),
}

/// A half-open byte range `[start, end)` that is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) why: Why,
    /// What stands there once its escapes are undone, where that differs from the bytes: equal values get equal placeholders
    /// however they are written. For [`Why::Opened`] the decoded text.
    pub(super) value: Option<Arc<[u8]>>,
}

impl Span {
    pub(super) fn new(start: usize, end: usize, why: Why) -> Self {
        Self { start, end, why, value: None }
    }

    /// Leaves out what stands before `start`.
    pub(super) fn clip(&mut self, start: usize) {
        self.start = start;
        self.forget_value();
    }

    /// The range is no longer that of the value.
    pub(super) fn forget_value(&mut self) {
        self.value = None;
        if matches!(self.why, Why::Opened(_)) {
            self.why = Why::Named("value");
        }
    }
}

/// Makes `spans` disjoint and sorted. Placeholders that stand in the text already are left alone; what overlaps is joined
/// under the reason of the longest; what cuts a word in two takes the whole word, because a placeholder is recognised only
/// as a whole token.
pub(super) fn settle(text: &[u8], spans: &mut Vec<Span>, placeholders: &[(usize, usize)]) {
    if spans.is_empty() {
        return;
    }
    for span in spans.iter_mut() {
        if matches!(span.why, Why::Address(_)) {
            continue;
        }
        let before = (span.start, span.end);
        while !starts_token(text, span.start) {
            span.start -= 1;
        }
        while !ends_token(text, span.end) {
            span.end += 1;
        }
        if before != (span.start, span.end) {
            span.forget_value();
        }
    }
    if !placeholders.is_empty() {
        *spans = spans.iter().flat_map(|span| around(text, span, placeholders)).collect();
    }
    let opened = |span: &Span| matches!(span.why, Why::Opened(_));
    spans.sort_by_key(|s| (s.start, std::cmp::Reverse(s.end), opened(s), s.value.is_none(), rank(s.why)));
    let mut settled: Vec<Span> = Vec::with_capacity(spans.len());
    let mut longest = 0;
    for span in spans.drain(..) {
        match settled.last_mut() {
            Some(last) if span.start < last.end => {
                if span.end - span.start > longest {
                    (last.why, longest) = (span.why, span.end - span.start);
                    last.forget_value();
                }
                if span.end > last.end {
                    last.end = span.end;
                    last.forget_value();
                }
            }
            _ => {
                longest = span.end - span.start;
                settled.push(span);
            }
        }
    }
    // An address that was joined with something else no longer reads as an address.
    for span in &mut settled {
        if let Why::Address(_) = span.why
            && !is_address_text(span.value.as_deref().unwrap_or(&text[span.start..span.end]))
        {
            span.why = Why::Named("value");
        }
    }
    *spans = settled;
}

fn is_address_text(text: &[u8]) -> bool {
    // The length of a network's prefix may follow; it is written as it was, so it must be no more than that.
    let (address, prefix) = text.split_at(text.iter().position(|b| *b == b'/').unwrap_or(text.len()));
    prefix.iter().skip(1).all(u8::is_ascii_digit)
        && std::str::from_utf8(address).is_ok_and(|t| t.parse::<std::net::IpAddr>().is_ok())
}

/// Of two findings of the same range, seeds go first: they were found with more context in the first pass.
fn rank(why: Why) -> (u8, usize) {
    match why {
        Why::Seed(n) => (0, n),
        Why::PrivateKey => (1, 0),
        Why::Rule(n) => (2, n),
        Why::Named(_) => (3, 0),
        Why::Known(_) => (4, 0),
        Why::Address(_) => (5, 0),
        Why::Opened(_) => (6, 0),
    }
}

/// The parts of `span` outside the placeholders that may still be secret. A text that was redacted before was looked at then:
/// labels, attributes and separators between its placeholders stay, and only what a machine may have made goes.
fn around(text: &[u8], span: &Span, placeholders: &[(usize, usize)]) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut start = span.start;
    let mut keep = |start: usize, end: usize| {
        if start < end && may_be_secret(&text[start..end]) {
            let mut part = Span { start, end, ..span.clone() };
            if (start, end) != (span.start, span.end) {
                part.forget_value();
            }
            parts.push(part);
        }
    };
    for (from, to) in placeholders.iter().filter(|(from, to)| *from < span.end && *to > span.start) {
        keep(start, *from);
        start = *to;
    }
    keep(start, span.end);
    parts
}

fn may_be_secret(part: &[u8]) -> bool {
    let mut words = part.split(|b| !b.is_ascii_alphanumeric() && *b < 0x80);
    words.any(|word| word.len() >= 6 && (is_mixed(word) || looks_made(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(text: &str, ranges: &[(usize, usize)], placeholders: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let mut spans: Vec<Span> =
            ranges.iter().enumerate().map(|(n, (start, end))| Span::new(*start, *end, Why::Rule(n))).collect();
        settle(text.as_bytes(), &mut spans, placeholders);
        spans.iter().map(|s| (s.start, s.end)).collect()
    }

    #[test]
    fn overlapping_findings_become_one_and_words_stay_whole() {
        assert_eq!(settled("ab cd ef gh", &[(0, 5), (3, 8)], &[]), [(0, 8)]);
        assert_eq!(settled("xsecrety z", &[(1, 7)], &[]), [(0, 8)]);
        assert_eq!(settled("a=%3Dsecret", &[(5, 11)], &[]), [(5, 11)]);
    }

    #[test]
    fn a_placeholder_inside_a_finding_is_kept_and_only_the_rest_is_replaced() {
        let text = "REDACTED-pin; rest=hunter2";
        assert_eq!(settled(text, &[(0, 26)], &[(0, 12)]), [(12, 26)]);
        let label = "password=REDACTED-pin";
        assert_eq!(settled(label, &[(0, 21)], &[(9, 21)]), []);
        assert_eq!(settled("REDACTED-pin;", &[(0, 13)], &[(0, 12)]), []);
    }
}
