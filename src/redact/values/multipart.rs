//! Multipart bodies (RFC 7578): the name of a part decides about its value.

use memchr::memmem;

use crate::redact::sensitive_names::parameter_kind;
use crate::redact::spans::{Span, Why};

/// Bytes of the headers of one part.
const LONGEST_HEAD: usize = 4 << 10;

/// Parts whose names promise a secret.
pub(super) fn find(text: &[u8], spans: &mut Vec<Span>) {
    let mut from = 0;
    while let Some(at) = memmem::find(&text[from..], b"form-data").map(|n| from + n) {
        from = at + 1;
        let head = &text[at..text.len().min(at + LONGEST_HEAD)];
        let Some((head, gap)) = blank_line(head) else { continue };
        let Some(name) = name(head) else { continue };
        let start = at + head.len() + gap;
        let rest = &text[start..];
        let end = memmem::find(rest, b"\r\n--").or_else(|| memmem::find(rest, b"\n--")).unwrap_or(rest.len());
        if let Some(kind) = parameter_kind(name, &rest[..end]).filter(|_| end > 0) {
            spans.push(Span::new(start, start + end, Why::Named(kind)));
        }
        from = start;
    }
}

/// The headers before the first empty line, and the length of what ends them.
fn blank_line(head: &[u8]) -> Option<(&[u8], usize)> {
    let windows = memmem::find(head, b"\r\n\r\n").map(|at| (at, 4));
    let unix = memmem::find(head, b"\n\n").map(|at| (at, 2));
    let (at, gap) = match (windows, unix) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b)?,
    };
    Some((&head[..at], gap))
}

/// The value of `name=`, which is not that of `filename=`.
fn name(head: &[u8]) -> Option<&[u8]> {
    let at = memmem::find_iter(head, b"name=").find(|at| *at > 0 && !head[at - 1].is_ascii_alphanumeric())? + 5;
    let rest = head[at..].strip_prefix(b"\"").unwrap_or(&head[at..]);
    let end = rest.iter().position(|b| matches!(b, b'"' | b';' | b'\r' | b'\n')).unwrap_or(rest.len());
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_go_by_their_names() {
        let text = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b\r\n\
                    Content-Disposition: form-data; name=\"api_key\"\r\nContent-Type: text/plain\r\n\r\nk1\r\nk2\r\n--b\r\n\
                    Content-Disposition: form-data; filename=\"x\"; name=\"password\"\r\n\r\nhunter2\r\n--b--\r\n";
        let mut spans = Vec::new();
        find(text.as_bytes(), &mut spans);
        let found: Vec<&str> = spans.into_iter().map(|s| &text[s.start..s.end]).collect();
        assert_eq!(found, ["k1\r\nk2", "hunter2"]);
    }
}
