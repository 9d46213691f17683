//! Values of YAML that stand on other lines than their name: block scalars, and the data of Kubernetes secrets.

use super::lines::SEVERAL_LINES;
use super::sensitive_names::{is_reference, is_sensitive_key};
use super::spans::{Span, Why};

/// Where in a YAML document the next line stands.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct YamlState {
    /// The indentation of the key whose block scalar the lines are.
    scalar: Option<usize>,
    /// The indentation of the `data` whose members are secrets.
    data: Option<usize>,
    /// Whether the document called itself a secret.
    is_secret: bool,
}

/// Without any of these no value goes on over lines.
pub(super) const SIGNS: [&[u8]; 4] = [b": |", b": >", b"ata:", b"kind: "];

/// Finds the values in `text[..seen]`; what stands behind may say that a document is a secret.
pub(super) fn find(text: &[u8], seen: usize, state: &mut YamlState, spans: &mut Vec<Span>) {
    let own = &text[..seen];
    let mut start = 0;
    while start < seen {
        let end = memchr::memchr(b'\n', &own[start..]).map_or(seen, |at| start + at);
        let line = own[start..end].strip_suffix(b"\r").unwrap_or(&own[start..end]);
        if let Some((from, to)) = state.value(line, &text[start..]) {
            spans.push(Span::new(start + from, start + to, Why::Named("secret")));
        }
        start = end + 1;
    }
}

impl YamlState {
    /// The value on `line` that is to go, as a range within it. `onward` begins with the line.
    fn value(&mut self, line: &[u8], onward: &[u8]) -> Option<(usize, usize)> {
        let content = line.trim_ascii();
        if content.is_empty() {
            return None;
        }
        let indent = line.len() - line.trim_ascii_start().len();
        if self.scalar.is_some_and(|key| indent > key) {
            return Some((indent, indent + content.len()));
        }
        self.scalar = None;
        if content == b"---" {
            *self = Self::default();
            return None;
        }
        if self.data.is_some_and(|data| indent <= data) {
            self.data = None;
        }
        let (name, value) = member(content)?;
        if is_block(value) {
            if self.data.is_some() || is_sensitive_key(name).is_some() {
                self.scalar = Some(indent);
            }
        } else if self.data.is_some() {
            let to = indent + content.len();
            let empty = matches!(value, b"" | b"\"\"" | b"''");
            return (!empty && !is_reference(value)).then_some((to - value.len(), to));
        } else if name == b"kind" {
            self.is_secret = is_secret_kind(value);
        } else if matches!(name, b"data" | b"stringData")
            && value.is_empty()
            && (self.is_secret || becomes_secret(onward))
        {
            self.data = Some(indent);
        }
        None
    }
}

/// The name and the value of `name: value`, without quotes around the name and without a list's dash.
fn member(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let content = content.strip_prefix(b"- ").unwrap_or(content).trim_ascii_start();
    let colon = memchr::memchr(b':', content)?;
    let value = &content[colon + 1..];
    if value.first().is_some_and(|b| !b.is_ascii_whitespace()) {
        return None;
    }
    let name = content[..colon].trim_ascii();
    let name = name.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")).unwrap_or(name);
    Some((name, value.trim_ascii()))
}

/// `|`, `>`, with indicators and a comment (YAML 1.2.2, 8.1.1).
fn is_block(value: &[u8]) -> bool {
    let Some((b'|' | b'>', rest)) = value.split_first() else { return false };
    let rest = &rest[rest.iter().take_while(|b| matches!(b, b'+' | b'-' | b'1'..=b'9')).count()..];
    rest.trim_ascii_start().first().is_none_or(|b| *b == b'#')
}

fn is_secret_kind(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let value = value.iter().copied().filter(|b| !matches!(b, b'"' | b'\'')).collect::<Vec<u8>>();
    value.eq_ignore_ascii_case(b"Secret")
}

/// Whether the document at `onward` says further down that it is a secret.
fn becomes_secret(onward: &[u8]) -> bool {
    let window = &onward[..onward.len().min(SEVERAL_LINES)];
    for line in window.split(|b| *b == b'\n').skip(1) {
        if line.trim_ascii() == b"---" {
            return false;
        }
        if let Some((b"kind", value)) = member(line.trim_ascii()) {
            return is_secret_kind(value);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        find(text.as_bytes(), text.len(), &mut YamlState::default(), &mut spans);
        spans.iter().map(|span| &text[span.start..span.end]).collect()
    }

    #[test]
    fn lines_of_a_block_scalar_under_a_secret_name_go_one_by_one() {
        let text = "db:\n  password: |-\n    correct\n\n    horse battery\n  host: db.example\nnote: >\n  as it is\n";
        assert_eq!(values(text), ["correct", "horse battery"]);
    }

    #[test]
    fn the_data_of_a_kubernetes_secret_go_wherever_the_document_says_what_it_is() {
        let first = "kind: Secret\nmetadata:\n  name: x\ndata:\n  user: Ym9i\n  key: |\n    c2VjcmV0\ntype: Opaque\n";
        assert_eq!(values(first), ["Ym9i", "c2VjcmV0"]);
        let last = "apiVersion: v1\nstringData:\n  user: bob\n  url: ${URL}\nkind: 'Secret'\n---\ndata:\n  a: b\nkind: ConfigMap\n";
        assert_eq!(values(last), ["bob"]);
        assert_eq!(values("kind: ExternalSecret\ndata:\n  a: b\n"), [""; 0]);
        assert_eq!(values("2026-11-23 data: none, kind: Secret\n"), [""; 0]);
    }
}
