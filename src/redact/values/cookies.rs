//! The secret parts of cookie and authorization headers.

use crate::redact::spans::{Span, Why};

/// The values of the cookies in `text`. Several `Set-Cookie` headers are joined by newlines in a HAR, and of each only the
/// first pair is the cookie (RFC 6265, 4.1.1).
pub(super) fn values(text: &[u8], set: bool) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = 0;
    for line in text.split(|b| *b == b'\n') {
        let mut at = start;
        for (n, pair) in line.split(|b| *b == b';').enumerate() {
            if !set || n == 0 {
                value(pair, at, &mut spans);
            }
            at += pair.len() + 1;
        }
        start += line.len() + 1;
    }
    spans
}

fn value(pair: &[u8], at: usize, spans: &mut Vec<Span>) {
    // A pair without a name is all value.
    let from = memchr::memchr(b'=', pair).map_or(0, |equals| equals + 1);
    let strip = |b: &&u8| b.is_ascii_whitespace() || **b == b'"';
    let from = from + pair[from..].iter().take_while(strip).count();
    let to = pair.len() - pair[from..].iter().rev().take_while(strip).count();
    if from < to {
        spans.push(Span { start: at + from, end: at + to, why: Why::Named("cookie") });
    }
}

/// What follows the scheme, as in `Bearer …` (RFC 9110, 11.4); all of it where there is no scheme.
pub(super) fn credentials(text: &[u8]) -> Vec<Span> {
    let scheme = text.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    let space = text[scheme..].iter().take_while(|b| **b == b' ').count();
    let start = if scheme > 0 && scheme <= 20 && space > 0 { scheme + space } else { 0 };
    let end = text.len() - text[start..].iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    if start < end { vec![Span { start, end, why: Why::Named("auth") }] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(spans: Vec<Span>, text: &str) -> Vec<&str> {
        spans.into_iter().map(|s| &text[s.start..s.end]).collect()
    }

    #[test]
    fn values_go_and_names_and_attributes_stay() {
        let sent = "sid=abc; theme=\"dark\"; lone; empty=; a=b=c";
        assert_eq!(of(values(sent.as_bytes(), false), sent), ["abc", "dark", "lone", "b=c"]);
        let set = "sid=abc; Path=/; HttpOnly\nb=c; Expires=Wed, 21 Oct 2026 07:28:00 GMT";
        assert_eq!(of(values(set.as_bytes(), true), set), ["abc", "c"]);
    }

    #[test]
    fn a_scheme_stays() {
        for (text, secret) in
            [("Bearer abc", "abc"), ("abc", "abc"), ("AWS4-HMAC-SHA256 Credential=x, y", "Credential=x, y")]
        {
            assert_eq!(of(credentials(text.as_bytes()), text), [secret]);
        }
    }
}
