//! Values that stand on lines of their own: private keys, and YAML's block scalars and Kubernetes secrets.

use std::ops::Range;

use casefile::redact::sensitive_names::{is_reference, is_sensitive_key};

use super::{Find, lines};

fn has(line: &[u8], what: &str) -> bool {
    memchr::memmem::find(line, what.as_bytes()).is_some()
}

/// The lines of a private key, from its BEGIN to the first line that is none.
pub fn find_keys(text: &[u8], finds: &mut Vec<Find>) {
    let mut inside = false;
    for range in lines(text) {
        let line = &text[range.clone()];
        if inside {
            match key_line(line) {
                Some(value) => {
                    let secrets = vec![line[value.clone()].to_vec()];
                    let range = range.start + value.start..range.start + value.end;
                    finds.push(Find { secrets, ..Find::new(range, "private-key") });
                }
                None => inside = false,
            }
        }
        if has(line, "-----BEGIN ") || has(line, "---- BEGIN ") {
            let begin = memchr::memmem::find(line, b"-- BEGIN ").map_or(line, |at| &line[at..]);
            inside = (has(begin, "PRIVATE KEY") || has(begin, "Static key")) && !has(begin, "-----END ");
        }
        inside |= has(line, "Private-Lines:");
    }
}

/// What goes of a line inside a key; an empty range when nothing does, `None` when the key has ended.
fn key_line(line: &[u8]) -> Option<Range<usize>> {
    let trimmed = line.trim_ascii();
    let header =
        ["Proc-Type:", "DEK-Info:", "Comment:", "Subject:", "#"].iter().any(|h| trimmed.starts_with(h.as_bytes()));
    if trimmed.is_empty() || header {
        return Some(0..0);
    }
    if has(line, "-----END") || has(line, "---- END") {
        return None;
    }
    let mut longest = 0..0;
    let mut start = 0;
    for word in line.split(u8::is_ascii_whitespace) {
        if word.len() >= longest.len() {
            longest = start..start + word.len();
        }
        start += word.len() + 1;
    }
    let word = &line[longest.clone()];
    let digits = word.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=-_\"',\\;".contains(b));
    (digits && (word == trimmed || word.len() >= 16)).then_some(longest)
}

/// Values of YAML under a name that promises a secret, or in the data of a secret.
pub fn find_yaml(text: &[u8], finds: &mut Vec<Find>) {
    let all = lines(text);
    let (mut scalar, mut data, mut secret) = (None, None, false);
    for (n, range) in all.iter().enumerate() {
        let line = &text[range.clone()];
        let indent = line.len() - line.trim_ascii_start().len();
        let content = line.trim_ascii();
        let mut go = |value: Range<usize>| {
            let (range, value) = (range.start + value.start..range.start + value.end, line[value].to_vec());
            finds.push(Find { secrets: vec![value], ..Find::new(range, "yaml") });
        };
        if content.is_empty() {
            continue;
        }
        if scalar.is_some_and(|of| indent > of) {
            go(indent..indent + content.len());
            continue;
        }
        scalar = None;
        if content == b"---" {
            (data, secret) = (None, false);
            continue;
        }
        if data.is_some_and(|of| indent <= of) {
            data = None;
        }
        let Some((name, value)) = member(content) else { continue };
        if is_block(&value) {
            scalar = (data.is_some() || is_sensitive_key(&name).is_some()).then_some(indent);
        } else if data.is_some() {
            if !["", "\"\"", "''"].contains(&String::from_utf8_lossy(&value).as_ref()) && !is_reference(&value) {
                go(indent + content.len() - value.len()..indent + content.len());
            }
        } else if name == b"kind" {
            secret = is_secret(&value);
        } else if (name == b"data" || name == b"stringData") && value.is_empty() {
            let later = all[n + 1..].iter().map(|range| text[range.clone()].trim_ascii());
            let mut later =
                later.take_while(|line| line != b"---").filter_map(member).filter(|(name, _)| name == b"kind");
            data = (secret || later.next().is_some_and(|(_, kind)| is_secret(&kind))).then_some(indent);
        }
    }
}

fn member(content: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let content = content.strip_prefix(b"- ").unwrap_or(content);
    let colon = content.iter().position(|b| *b == b':')?;
    let (name, value) = (content[..colon].trim_ascii(), &content[colon + 1..]);
    if value.first().is_some_and(|b| !b.is_ascii_whitespace()) {
        return None;
    }
    let name = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name);
    Some((name.to_vec(), value.trim_ascii().to_vec()))
}

fn is_block(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"|").or_else(|| value.strip_prefix(b">")) else { return false };
    let rest = String::from_utf8_lossy(rest);
    let rest = rest.trim_start_matches(|c: char| c == '+' || c == '-' || ('1'..='9').contains(&c)).trim_start();
    rest.is_empty() || rest.starts_with('#')
}

fn is_secret(value: &[u8]) -> bool {
    String::from_utf8_lossy(value).replace(['"', '\''], "").trim().eq_ignore_ascii_case("secret")
}
