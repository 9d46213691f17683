//! URLs and forms: parameters whose names promise a secret, in the query and in the fragment, and paths that are keys.

use crate::redact::sensitive_names::parameter_kind;
use crate::redact::spans::{Span, Why};
use crate::redact::view::View;

/// The longest URL that is looked at. Browsers and servers stop at 8 to 64 KiB.
const LONGEST: usize = 64 << 10;

/// URLs inside URLs are opened this many times.
const DEEPEST: usize = 3;

/// Segments of a path behind which a key stands.
const BEFORE_KEYS: [&str; 22] = [
    "reset",
    "reset-password",
    "password-reset",
    "password",
    "confirm",
    "confirmation",
    "verify",
    "verification",
    "activate",
    "activation",
    "invite",
    "invitation",
    "invites",
    "magic",
    "magic-link",
    "unsubscribe",
    "hook",
    "hooks",
    "webhook",
    "webhooks",
    "token",
    "tokens",
];

/// All URLs in `text` that name a scheme.
pub(super) fn in_text(text: &[u8], spans: &mut Vec<Span>) {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&text[from..], b"://").map(|n| from + n + 3) {
        let url = &text[at..text.len().min(at + LONGEST)];
        let end = url.iter().position(|b| is_end(*b)).unwrap_or(url.len());
        in_url(&url[..end], at, 0, spans);
        from = at;
    }
}

/// `text` is one URL, perhaps without scheme and host.
pub(super) fn in_reference(text: &[u8], spans: &mut Vec<Span>) {
    if text.starts_with(b"/") || text.starts_with(b"?") || text.starts_with(b"#") {
        let end = text.iter().take(LONGEST).position(|b| is_end(*b)).unwrap_or(text.len().min(LONGEST));
        in_url(&text[..end], 0, 0, spans);
    }
}

fn is_end(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\')
}

/// A URL behind its scheme.
fn in_url(url: &[u8], at: usize, depth: usize, spans: &mut Vec<Span>) {
    let hash = memchr::memchr(b'#', url).unwrap_or(url.len());
    let query = memchr::memchr(b'?', &url[..hash]).unwrap_or(hash);
    in_path(&url[..query], at, spans);
    if query < hash {
        pairs(&url[query + 1..hash], at + query + 1, depth, spans);
    }
    if hash < url.len() {
        // Applications keep their own paths and queries in the fragment.
        let fragment = &url[hash + 1..];
        let skip = memchr::memchr(b'?', fragment).map_or(0, |n| n + 1);
        let skip = skip.max(fragment.iter().take_while(|b| matches!(b, b'/' | b'!')).count());
        in_path(&fragment[..skip.max(1).min(fragment.len())], at + hash + 1, spans);
        pairs(&fragment[skip..], at + hash + 1 + skip, depth, spans);
    }
}

fn in_path(path: &[u8], at: usize, spans: &mut Vec<Span>) {
    let mut start = 0;
    let mut before: &[u8] = b"";
    for (n, segment) in path.split(|b| *b == b'/').enumerate() {
        let named = BEFORE_KEYS.iter().any(|word| before.eq_ignore_ascii_case(word.as_bytes()));
        // The first segment is the host, or nothing.
        if n > 0 && (is_key(segment) || (named && is_likely_key(segment))) {
            spans.push(Span::new(at + start, at + start + segment.len(), Why::Named("token")));
        }
        start += segment.len() + 1;
        before = segment;
    }
}

fn classes(segment: &[u8]) -> (bool, bool, bool) {
    let has = |class: fn(&u8) -> bool| segment.iter().any(class);
    (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase), has(u8::is_ascii_digit))
}

/// A segment that no person wrote and that is no id in hexadecimal digits: those who know it are let in.
fn is_key(segment: &[u8]) -> bool {
    segment.len() >= 24
        && classes(segment) == (true, true, true)
        && segment.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'~'))
        && !segment.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-')
}

fn is_likely_key(segment: &[u8]) -> bool {
    let (lower, upper, digit) = classes(segment);
    segment.len() >= 12 && digit && (lower || upper) && !segment.starts_with(b"REDACTED-")
}

/// Whether `text` is a form: pairs with `&` between them, and nothing that a form would encode.
pub(super) fn is_form(text: &[u8]) -> bool {
    let head = &text[..text.len().min(4096)];
    let name = head.iter().take_while(|b| b.is_ascii_alphanumeric() || b"_.-[]%~+$:".contains(b)).count();
    let ended = text.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    (1..=128).contains(&name)
        && head.get(name) == Some(&b'=')
        && !head[..head.len().min(text.len() - ended)].iter().any(|b| *b <= b' ' || matches!(b, b'"' | b'<' | b'>'))
}

/// The pairs of a form that is at `at`.
pub(super) fn in_form(text: &[u8], at: usize, spans: &mut Vec<Span>) {
    let end = text.len() - text.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    pairs(&text[..end], at, 0, spans);
}

fn pairs(text: &[u8], at: usize, depth: usize, spans: &mut Vec<Span>) {
    let mut start = 0;
    for pair in text.split(|b| *b == b'&') {
        if let Some(equals) = memchr::memchr(b'=', pair) {
            let name = pair[..equals].strip_prefix(b"amp;").unwrap_or(&pair[..equals]);
            parameter(name, &pair[equals + 1..], at + start + equals + 1, depth, spans);
        }
        start += pair.len() + 1;
    }
}

fn parameter(name: &[u8], value: &[u8], at: usize, depth: usize, spans: &mut Vec<Span>) {
    if name.len() > 256 || value.len() < 2 {
        return;
    }
    let opened_name = View::opened(name);
    let opened = View::opened(value);
    let text = opened.as_ref().map_or(value, |view| &view.text);
    let name = opened_name.as_ref().map_or(name, |view| &view.text);
    if let Some(kind) = parameter_kind(name, text) {
        spans.push(Span::new(at, at + value.len(), Why::Named(kind)));
        return;
    }
    // A URL in a parameter, where the user goes next.
    let Some(view) = opened.filter(|_| depth < DEEPEST) else { return };
    let mut inner = Vec::new();
    match memchr::memmem::find(&view.text, b"://") {
        Some(scheme) => in_url(&view.text[scheme + 3..], scheme + 3, depth + 1, &mut inner),
        None if view.text.starts_with(b"/") => in_url(&view.text, 0, depth + 1, &mut inner),
        None => {}
    }
    for span in inner {
        let raw = view.raw_range(&(span.start..span.end));
        spans.push(Span::new(at + raw.start, at + raw.end, span.why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        in_reference(text.as_bytes(), &mut spans);
        in_text(text.as_bytes(), &mut spans);
        if is_form(text.as_bytes()) {
            in_form(text.as_bytes(), 0, &mut spans);
        }
        spans.into_iter().map(|s| &text[s.start..s.end]).collect()
    }

    #[test]
    fn parameters_go_by_their_names_in_query_fragment_form_and_inside_each_other() {
        for (text, secrets) in [
            ("https://a.test/cb?code=Xy12Ab34Cd&page=2#id_token=abc.def", &["Xy12Ab34Cd", "abc.def"][..]),
            ("/login?next=%2Fhome%3Ftoken%3Dabc123&x=1", &["abc123"]),
            ("see https://a.test/?u=https%3A%2F%2Fb.test%2F%3Fapi_key%3Dk1k2 now", &["k1k2"]),
            ("user%5Bpassword%5D=p%40ss&remember=1", &["p%40ss"]),
            ("a=1&amp;secret=xyz", &["xyz"]),
            ("https://a.test/#/in?session=s1s2", &["s1s2"]),
            ("https://a.test/?code=404&state=open&page=1", &[]),
            ("a sentence = no form", &[]),
        ] {
            assert_eq!(found(text), secrets, "{text}");
        }
    }

    #[test]
    fn paths_that_are_keys_go_and_ids_stay() {
        assert_eq!(found("https://a.test/reset/k3JhT9vLmQ2w?x"), ["k3JhT9vLmQ2w"]);
        assert_eq!(found("https://a.test/s/k3JhT9vLmQ2wZx8RnBf5YcUp/view"), ["k3JhT9vLmQ2wZx8RnBf5YcUp"]);
        for stays in [
            "https://a.test/orders/9f71c52d-839b-5cd5-2764-5e42b5134f8b/items/12345",
            "https://a.test/static/main.4bf92f3577b34da6a3ce929d0e0e4736.js",
            "https://a.test/commit/4bf92f3577b34da6a3ce929d0e0e473612345678",
            "https://a.test/reset/password",
        ] {
            assert_eq!(found(stays), [""; 0], "{stays}");
        }
    }
}
