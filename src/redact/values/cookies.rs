//! The values in cookie headers.

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
        spans.push(Span::new(at + from, at + to, Why::Named("cookie")));
    }
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
}
