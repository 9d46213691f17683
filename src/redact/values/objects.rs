//! JSON objects that stand in lines of a text: a log that is NDJSON but for a few lines, or with a prefix that a container's
//! runtime adds. The rules for text know `"password": "…"`; what only the object around a value says about it is found here:
//! its `name` beside it, the list of cookies that it is in, the `Secret` that it is part of.

use std::sync::Arc;

use super::purpose::{ByName, Names, Purpose};
use super::{cookies, is_code, is_no_secret};
use crate::redact::json::{Documents, Edit, Limits, Place, Scalar, ValueRedactor, Walk};
use crate::redact::spans::{Span, Why};
use crate::redact::write::scheme;

/// Where none of these stands, no object says more about a value than its own key does.
pub(in crate::redact) const SIGNS: [&[u8]; 6] =
    [b"\"value\"", b"\"Value\"", b"ookies\"", b"\"headers\"", b"Headers\"", b"\"Secret\""];

/// How often a brace in a line is taken for the beginning of an object that then is none.
const MOST_TRIES: usize = 4;

/// Containers inside each other: no line of a log comes near it.
const DEEPEST: usize = 64;

/// Adds what the objects in `text` say about their values. A line that is cut has no object.
pub(in crate::redact) fn find(text: &[u8], spans: &mut Vec<Span>) {
    let mut start = 0;
    for line in text.split(|b| *b == b'\n') {
        if SIGNS.iter().any(|sign| memchr::memmem::find(line, sign).is_some()) {
            find_in_line(line, start, spans);
        }
        start += line.len() + 1;
    }
}

fn find_in_line(line: &[u8], at: usize, spans: &mut Vec<Span>) {
    let (mut from, mut tries) = (0, 0);
    while tries < MOST_TRIES
        && let Some(start) = line[from..].iter().position(|b| matches!(b, b'{' | b'[')).map(|n| from + n)
    {
        if !begins(&line[start..]) {
            from = start + 1;
            continue;
        }
        match object(&line[start..], at + start, spans) {
            Some(length) => from = start + length,
            None => (from, tries) = (start + 1, tries + 1),
        }
    }
}

/// Whether `text` begins as an object, or as a list of objects, does.
fn begins(text: &[u8]) -> bool {
    let mut marks = text.iter().copied().filter(|b| *b != b' ');
    match (marks.next(), marks.next()) {
        (Some(b'{'), Some(b'"')) => true,
        (Some(b'['), Some(b'{')) => marks.next() == Some(b'"'),
        _ => false,
    }
}

/// The length of the object at the start of `text`, whose finds are added; nothing where there is none.
fn object(text: &[u8], at: usize, spans: &mut Vec<Span>) -> Option<usize> {
    let mut names = ByNames::default();
    let limits = Limits { depth: DEEPEST, value: text.len(), ..Limits::default() };
    let mut walk: Walk<()> = Walk::new(Documents::One, limits);
    // What stands behind the object is an error, by which its end is known.
    let _ = walk.push(&mut names, text).and_then(|()| walk.finish(&mut names));
    let end = walk.document_end()?;
    walk.stop(&mut names);
    walk.hand_out(|_, _, edits| {
        for edit in edits {
            let Some((kind, value)) = names.found_by(edit) else { continue };
            let (start, end) = (edit.start as usize, edit.end as usize);
            let value = (text[start..end] != **value).then(|| Arc::clone(value));
            spans.push(Span { start: at + start, end: at + end, why: Why::Named(kind), value });
        }
    });
    usize::try_from(end).ok()
}

/// Finds values by what stands around them. An edit's text is the number of what was found.
#[derive(Debug, Default)]
struct ByNames {
    found: Vec<(&'static str, Arc<[u8]>)>,
}

impl ByNames {
    fn found_by(&self, edit: &Edit) -> Option<(&'static str, &Arc<[u8]>)> {
        let number =
            std::str::from_utf8(edit.text.strip_prefix(b"\"").map_or(&*edit.text, |text| &text[..text.len() - 1]));
        let (kind, value) = self.found.get(number.ok()?.parse::<usize>().ok()?)?;
        Some((kind, value))
    }

    fn add(&mut self, kind: &'static str, text: &[u8], span: &Span) -> Edit {
        self.found.push((kind, text[span.start..span.end].into()));
        let number = self.found.len() - 1;
        Edit { start: span.start as u64, end: span.end as u64, text: number.to_string().into_bytes() }
    }
}

impl ValueRedactor for ByNames {
    type Long = ();

    fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Vec<Edit> {
        let names = Names::of(place);
        // Behind a key of its own the rules for text decide, with all that they know about the value.
        if names.sibling.is_none() && !place.says.secret && !ByName::by_the_names_around(&names) {
            return Vec::new();
        }
        let spans = match Purpose::of(place, &names, ByName::of(&names), text) {
            Purpose::Whole(_) if place.scalar == Scalar::Number && !is_code(text) => Vec::new(),
            Purpose::Whole(kind) => vec![Span::new(scheme(text), text.len(), Why::Named(kind))],
            Purpose::Cookies { set } => cookies::values(text, set),
            Purpose::Text => Vec::new(),
        };
        let mut edits = Vec::new();
        for span in spans.iter().filter(|span| !is_no_secret(&text[span.start..span.end])) {
            if let Why::Named(kind) = span.why {
                edits.push(self.add(kind, text, span));
            }
        }
        edits
    }

    fn key(&mut self, _text: &[u8]) -> Vec<Edit> {
        Vec::new()
    }

    fn begin(&mut self, _place: &Place<'_>) {}

    fn go_on(&mut self, _long: &mut (), _text: &[u8], _edits: &mut Vec<Edit>) -> u64 {
        0
    }

    fn end(&mut self, _long: (), _edits: &mut Vec<Edit>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, &'static str)> {
        let mut spans = Vec::new();
        find(text.as_bytes(), &mut spans);
        let kind = |span: &Span| match span.why {
            Why::Named(kind) => kind,
            _ => "",
        };
        spans.iter().map(|span| (text[span.start..span.end].to_owned(), kind(span))).collect()
    }

    #[test]
    fn what_the_object_says_about_its_values_is_found_in_any_line_and_behind_any_prefix() {
        let pairs =
            r#"{"headers":[{"name":"X-Acme-Session","value":"k3JhT9vLmQ2w"},{"name":"Accept","value":"text/html"}]}"#;
        for text in [
            pairs.to_owned(),
            format!("ready\n2026-11-24T10:00:00Z stdout F {pairs}\n"),
            format!("{{http-nio-1}} got {pairs} in [12 ms]"),
            format!("[{pairs}, {pairs}] {{\"cut\": "),
        ] {
            let found = found(&text);
            assert!(!found.is_empty() && found.iter().all(|(value, _)| value == "k3JhT9vLmQ2w"), "{text}: {found:?}");
        }
        assert_eq!(
            found(r#"x {"cookies":[{"name":"sid","value":"q8Zr2LmV"}],"a":{"value":"q8Zr2LmV"}}"#),
            [("q8Zr2LmV".to_owned(), "cookie")]
        );
        assert_eq!(
            found(r#"{"kind":"Secret","metadata":{"name":"db"},"data":{"tls":"a3JhT9vLmQ2wZx8="}}"#),
            [("a3JhT9vLmQ2wZx8=".to_owned(), "secret")]
        );
        assert_eq!(found(r#"{"headers":{"Cookie":"sid=q8Zr2LmV; lang=de"}}"#).len(), 2);
    }

    #[test]
    fn what_is_no_object_is_passed_over_in_bounded_work() {
        assert_eq!(found(r#"{"name":"sid","value":"cut of"#), []);
        assert_eq!(found(&"{\"value\"".repeat(10_000)), []);
        assert_eq!(found(&format!("{}\"value\"", "[{\"a\":".repeat(1000))), []);
    }

    #[test]
    fn an_escaped_value_is_known_by_its_text() {
        let mut spans = Vec::new();
        find(r#"{"name":"X-Api-Key","value":"k3Jh\u0054\/9vLmQ2w"}"#.as_bytes(), &mut spans);
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0].value.as_deref(), Some(&b"k3JhT/9vLmQ2w"[..]));
    }
}
