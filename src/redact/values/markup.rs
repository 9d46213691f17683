//! HTML and XML in bodies: hidden fields, elements that hold credentials, the subject of a SAML assertion, and JSON in scripts
//! and event streams.

use std::ops::Range;

use memchr::memmem;

use crate::redact::sensitive_names::{is_reference, is_sensitive_key};
use crate::redact::spans::{Span, Why};

/// Bytes of one tag that are looked at.
const LONGEST_TAG: usize = 16 << 10;

/// Elements of SAML 2.0 that say who somebody is, or that vouch for it.
const SAML: [(&str, &str); 4] =
    [("NameID", "user"), ("AttributeValue", "value"), ("SignatureValue", "signature"), ("BaseID", "user")];

/// Fields and elements that hold a secret.
pub(super) fn find(text: &[u8], spans: &mut Vec<Span>) {
    for at in memchr::memchr_iter(b'<', text) {
        let rest = &text[at + 1..text.len().min(at + 1 + LONGEST_TAG)];
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b":_.-".contains(b)).count();
        if length == 0 {
            continue;
        }
        let name = rest[..length].rsplit(|b| *b == b':').next().unwrap_or_default();
        if [&b"input"[..], b"meta"].iter().any(|tag| name.eq_ignore_ascii_case(tag)) {
            let Some(close) = memchr::memchr(b'>', rest) else { continue };
            field(&rest[length..close], at + 1 + length, spans);
            continue;
        }
        let saml = SAML.iter().find(|(element, _)| name == element.as_bytes()).map(|(_, kind)| *kind);
        let Some(kind) = saml.or_else(|| is_sensitive_key(name)) else { continue };
        let Some(close) = memchr::memchr(b'>', rest).filter(|close| !rest[..*close].ends_with(b"/")) else { continue };
        let start = at + 1 + close + 1;
        let content = &text[start..];
        // An element that holds others is judged by those.
        if let Some(end) = memchr::memchr(b'<', content)
            && content[end..].starts_with(b"</")
        {
            let value = &content[..end];
            let skip = value.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let value = value.trim_ascii();
            if value.len() > 1 && !is_reference(value) {
                spans.push(Span::new(start + skip, start + skip + value.len(), Why::Named(kind)));
            }
        }
    }
}

/// `<input type="hidden" name="authenticity_token" value="…">` and `<meta name="csrf-token" content="…">`.
fn field(tag: &[u8], at: usize, spans: &mut Vec<Span>) {
    let name = attribute(tag, b"name").or_else(|| attribute(tag, b"id"));
    let value = attribute(tag, b"value").or_else(|| attribute(tag, b"content"));
    let (Some(name), Some(value)) = (name, value) else { return };
    let text = &tag[value.clone()];
    let of_view_state = tag[name.clone()].starts_with(b"__VIEWSTATE") && text.len() > 8;
    let kind = is_sensitive_key(&tag[name]).or(of_view_state.then_some("token"));
    if let Some(kind) = kind
        && text.len() > 1
        && !is_reference(text)
    {
        spans.push(Span::new(at + value.start, at + value.end, Why::Named(kind)));
    }
}

/// Where the value of an attribute stands.
fn attribute(tag: &[u8], name: &[u8]) -> Option<Range<usize>> {
    let lower = tag.to_ascii_lowercase();
    let at = memmem::find_iter(&lower, name).find(|at| {
        let apart = *at > 0 && lower[at - 1].is_ascii_whitespace();
        apart && lower[at + name.len()..].trim_ascii_start().starts_with(b"=")
    })?;
    let mut start = at + name.len() + memchr::memchr(b'=', &tag[at + name.len()..])? + 1;
    start += tag[start..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let rest = &tag[start..];
    let end = match rest.first()? {
        quote @ (b'"' | b'\'') => {
            let end = memchr::memchr(*quote, &rest[1..])?;
            return Some(start + 1..start + 1 + end);
        }
        _ => rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len()),
    };
    Some(start..start + end)
}

/// JSON that stands by itself in a text: `data:` lines of an event stream, scripts of a page with a JSON type.
pub(super) fn embedded_json(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for at in memmem::find_iter(text, b"data:") {
        if at > 0 && text[at - 1] != b'\n' {
            continue;
        }
        let start = at + 5 + usize::from(text[at + 5..].starts_with(b" "));
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |n| start + n);
        push_if_json(text, start..end, &mut found);
    }
    for at in memmem::find_iter(text, b"<script") {
        let Some(open) = memchr::memchr(b'>', &text[at..]).filter(|n| *n < LONGEST_TAG).map(|n| at + n + 1) else {
            continue;
        };
        if memmem::find(&text[at..open], b"json").is_none() {
            continue;
        }
        let Some(end) = memmem::find(&text[open..], b"</script").map(|n| open + n) else { continue };
        push_if_json(text, open..end, &mut found);
    }
    found.sort_by_key(|range| range.start);
    found.dedup_by(|next, before| next.start < before.end);
    found
}

/// JSON in a form or URL, percent-encoded, or in an attribute, with its quotes as character references.
pub(super) fn escaped_json(text: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut take = |start: usize, is_end: fn(u8) -> bool| {
        if found.last().is_none_or(|before| before.end <= start) {
            let end = text[start..].iter().position(|b| is_end(*b)).map_or(text.len(), |n| start + n);
            found.push(start..end);
        }
    };
    for at in memchr::memchr2_iter(b'%', b'{', text) {
        let rest = &text[at..];
        let is = |start: &[u8]| rest.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        if is(b"%7B%22") || is(b"%5B%7B%22") || is(b"%5B%22") {
            take(at, |b| b <= b' ' || matches!(b, b'&' | b'"' | b'\'' | b'<' | b'>' | b'#'));
        } else if is(b"{&quot;") || is(b"{&#34;") || is(b"{&#x22;") {
            take(at, |b| matches!(b, b'"' | b'\'' | b'<' | b'>'));
        }
    }
    found
}

fn push_if_json(text: &[u8], range: Range<usize>, found: &mut Vec<Range<usize>>) {
    if matches!(text[range.clone()].trim_ascii_start().first(), Some(b'{' | b'[')) {
        found.push(range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        find(text.as_bytes(), &mut spans);
        spans.into_iter().map(|s| &text[s.start..s.end]).collect()
    }

    #[test]
    fn fields_and_elements_go_by_their_names() {
        let page = r#"<form><input type="hidden" name="authenticity_token" value="t0k+/=="><input value='v1v2' name=csrf_token>
            <meta name="csrf-token" content="c1c2"><meta name="viewport" content="width=1"><input name="q" value="books">"#;
        assert_eq!(found(page), ["t0k+/==", "v1v2", "c1c2"]);
        let saml = r#"<saml:NameID Format="x">anna@acme.test</saml:NameID><saml:Attribute Name="mail"><saml:AttributeValue>a@b.test
            </saml:AttributeValue></saml:Attribute><Password> hunter2 </Password><Password/><Token><a>x</a></Token><Secret>${X}</Secret>"#;
        assert_eq!(found(saml), ["anna@acme.test", "a@b.test", "hunter2"]);
    }

    #[test]
    fn json_inside_text_is_found() {
        let text = "event: x\ndata: {\"a\":1}\ndata: [DONE]\n<script type=\"application/json\">{\"b\":2}</script><script>var x</script>";
        let found: Vec<&str> = embedded_json(text.as_bytes()).into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, ["{\"a\":1}", "[DONE]", "{\"b\":2}"]);
        let text = "a=1&p=%7B%22a%22%3A1%7D&b=2 <i data-x=\"{&quot;a&quot;:1}\">";
        let found: Vec<&str> = escaped_json(text.as_bytes()).into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, ["%7B%22a%22%3A1%7D", "{&quot;a&quot;:1}"]);
    }
}
