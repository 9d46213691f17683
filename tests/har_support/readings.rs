//! All that somebody could read in a text who tries every decoding on every string of it, again and again.

use std::collections::BTreeSet;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde_json::Value;

/// Decodings inside each other.
const DEEPEST: usize = 5;

/// The text itself and whatever can be decoded from it.
pub fn of(text: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    read(text, DEEPEST, &mut seen);
    seen
}

fn read(text: &str, depth: usize, seen: &mut BTreeSet<String>) {
    if text.len() < 4 || !seen.insert(text.to_owned()) {
        return;
    }
    if depth == 0 {
        return;
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        strings(&value, &mut |string| read(string, depth - 1, seen));
    }
    for decoded in [percent(text), backslashes(text), references(text)].into_iter().flatten() {
        read(&decoded, depth - 1, seen);
    }
    // The whole document is no base64; its strings come one by one.
    if depth < DEEPEST {
        for run in text.split(|c: char| !c.is_ascii_alphanumeric() && !"+/-_".contains(c)).filter(|run| run.len() >= 12)
        {
            for decoded in base64_and_hex(run) {
                read(&decoded, depth - 1, seen);
            }
        }
    }
}

fn strings(value: &Value, take: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => take(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, take)),
        Value::Object(members) => members.iter().for_each(|(key, item)| {
            take(key);
            strings(item, take);
        }),
        _ => {}
    }
}

fn changed(text: &str, decoded: &[u8]) -> Option<String> {
    let decoded = String::from_utf8_lossy(decoded).into_owned();
    (decoded != text).then_some(decoded)
}

fn percent(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let byte = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    changed(text, &out)
}

fn backslashes(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let code =
            rest.strip_prefix('u').and_then(|digits| digits.get(..4)).and_then(|d| u32::from_str_radix(d, 16).ok());
        if let Some(code) = code {
            out.push(char::from_u32(code).unwrap_or('?'));
            rest = &rest[5..];
        } else if let Some(next) = rest.chars().next() {
            out.push(match next {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            });
            rest = &rest[next.len_utf8()..];
        }
    }
    out.push_str(rest);
    changed(text, out.as_bytes())
}

fn references(text: &str) -> Option<String> {
    let decoded = text.replace("&quot;", "\"").replace("&#34;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    changed(text, decoded.replace("&amp;", "&").as_bytes())
}

/// Every decoding of `run` from any of its first four characters that yields mostly text.
fn base64_and_hex(run: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut keep = |plain: Vec<u8>| {
        let readable = plain.iter().filter(|b| matches!(**b, b' '..=b'~' | b'\n' | b'\r' | b'\t')).count();
        if readable * 2 > plain.len() {
            all.push(String::from_utf8_lossy(&plain).into_owned());
        }
    };
    for from in 0..4.min(run.len()) {
        let part = &run[from..];
        let part = &part[..part.len() / 4 * 4];
        for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
            if let Ok(plain) = encoding.decode(part.as_bytes()) {
                keep(plain);
            }
        }
    }
    // The tail that is no whole group.
    for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
        if let Ok(plain) = encoding.decode(run.as_bytes()) {
            keep(plain);
        }
    }
    if let Ok(plain) = HEXLOWER_PERMISSIVE.decode(&run.as_bytes()[..run.len() / 2 * 2]) {
        keep(plain);
    }
    all
}
