//! Whether two JSON texts are the same but for what was redacted.

use data_encoding::BASE64;
use serde_json::Value;

/// Walks both; complains about the first difference that is no redaction.
pub fn same_but_for_redactions(before: &Value, after: &Value) {
    walk(before, after, "$");
}

fn walk(before: &Value, after: &Value, path: &str) {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            assert_eq!(a.len(), b.len(), "{path}: members");
            for ((key, a), (other, b)) in a.iter().zip(b) {
                assert!(same_text(key, other), "{path}: key {key} became {other}");
                walk(a, b, &format!("{path}.{key}"));
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{path}: items");
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                walk(a, b, &format!("{path}[{n}]"));
            }
        }
        (Value::String(a), Value::String(b)) if path.ends_with(".encoding") || path.ends_with(".mimeType") => {
            assert_eq!(a, b, "{path}");
        }
        (Value::String(a), Value::String(b)) => assert!(same_text(a, b), "{path}: {a:?} became {b:?}"),
        (Value::Number(a), Value::String(b)) => assert!(same_text(&a.to_string(), b), "{path}: {a} became {b:?}"),
        (a, b) => assert_eq!(a, b, "{path}"),
    }
}

/// Equal, or different only where a placeholder or a mapped address stands, or a body in base64 that was redacted.
fn same_text(before: &str, after: &str) -> bool {
    if before == after {
        return true;
    }
    if is_redacted(after) {
        return true;
    }
    BASE64.decode(after.as_bytes()).is_ok_and(|plain| {
        let plain = String::from_utf8_lossy(&plain);
        is_redacted(&plain) || plain.starts_with("casefile: a binary body") || plain.starts_with("\u{fffd}PNG")
    })
}

fn is_redacted(text: &str) -> bool {
    let mapped = |word: &str| {
        word.parse().is_ok_and(|ip: std::net::IpAddr| match ip {
            std::net::IpAddr::V4(ip) => ip.octets()[0] >= 240,
            std::net::IpAddr::V6(ip) => ip.segments()[0] == 0x3fff,
        })
    };
    let inner = percent_free(text);
    inner.contains("REDACTED-") || inner.split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':').any(mapped)
}

fn percent_free(text: &str) -> String {
    text.replace("%2D", "-")
}

/// All but the insides of strings is the same, byte for byte, save a number that became a string.
pub fn same_bytes_outside_strings(before: &str, after: &str) {
    let (before, after) = (skeleton(before), skeleton(after));
    let mut left = before.iter();
    for (n, token) in after.iter().enumerate() {
        let other = left.next().unwrap_or_else(|| panic!("token {n}: more than there was"));
        let became_text = token == "\"\"" && other.parse::<f64>().is_ok();
        assert!(token == other || became_text, "token {n}: {other:?} became {token:?}");
    }
    assert_eq!(left.next(), None, "something is missing");
}

/// Strings without their insides, and the runs between them cut at marks.
fn skeleton(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut run = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '"' {
            tokens.push(std::mem::take(&mut run));
            while let Some(c) = rest.next() {
                match c {
                    '\\' => {
                        rest.next();
                    }
                    '"' => break,
                    _ => {}
                }
            }
            tokens.push("\"\"".to_owned());
        } else if "{}[]:, \n\r\t".contains(c) {
            if !run.is_empty() {
                tokens.push(std::mem::take(&mut run));
            }
            tokens.push(c.to_string());
        } else {
            run.push(c);
        }
    }
    tokens.push(run);
    tokens.retain(|token| !token.is_empty());
    tokens
}
