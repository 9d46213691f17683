//! What stands in place of a value: `REDACTED-<kind>-<10 hex>`, equal for equal values of one bundle, meaningless in the next.
//!
//! Only unreserved URL characters (RFC 3986, 2.3), so a placeholder survives URLs, JSON, XML, CSV, logfmt and shells.

use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use memchr::memmem::Finder;
use sha2::Sha256;

/// How every placeholder begins.
pub const PREFIX: &str = "REDACTED-";

/// Hexadecimal digits of the keyed hash: 40 bits, at which two of 100,000 values collide with a chance of about 0.5 %.
const HEX_DIGITS: usize = 10;

/// The random key of one bundle. It never leaves the process, so nobody can test guesses against a placeholder.
#[derive(Clone)]
pub struct Pseudonyms {
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms(…)")
    }
}

impl Pseudonyms {
    /// Placeholders under `key`.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self { keyed: Hmac::new_from_slice(key).expect("HMAC takes keys of any length") }
    }

    /// The keyed hash of `value` within `purpose`, which keeps hashes for different uses apart.
    pub(super) fn tag(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        mac.finalize().into_bytes().into()
    }

    /// Appends the placeholder of `value`. Without `hex` all values of a kind look alike, which is what a PIN needs.
    pub(super) fn write(&self, kind: &str, hex: bool, value: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(PREFIX.as_bytes());
        out.extend_from_slice(kind.as_bytes());
        if hex {
            out.push(b'-');
            let tag = self.tag("value", value);
            for byte in &tag[..HEX_DIGITS / 2] {
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The placeholders in `text`, as half-open byte ranges `[start, end)`. Only whole tokens of a kind in `kinds` count:
/// anything else that merely begins like one is text, which the rules may look at.
pub(super) fn find(text: &[u8], kinds: &super::rules::Kinds, found: &mut Vec<(usize, usize)>) {
    let mut from = 0;
    while let Some(at) = find_prefix(text, from) {
        from = at + PREFIX.len();
        // Two placeholders may touch: the text between them was part of one of the values.
        let touches = found.last().is_some_and(|(_, end)| *end == at);
        if !touches && !starts_token(text, at) {
            continue;
        }
        if let Some(end) = token_end(text, from, kinds) {
            found.push((at, end));
            from = end;
        }
    }
}

fn find_prefix(text: &[u8], from: usize) -> Option<usize> {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PREFIX));
    FINDER.find(&text[from..]).map(|at| from + at)
}

/// The end of `<kind>[-<hex>]` that begins at `from`, when a known kind stands there as a whole token.
fn token_end(text: &[u8], from: usize, kinds: &super::rules::Kinds) -> Option<usize> {
    let word = text[from..].iter().take(64).take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || **b == b'-');
    let word = &text[from..from + word.count()];
    // The longest known kind first, so that `aws-key` is not read as a kind `aws` with a tail.
    for end in (1..=word.len()).rev() {
        let Some(hex) = std::str::from_utf8(&word[..end]).ok().and_then(|kind| kinds.hex(kind)) else { continue };
        let tail = &text[from + end..];
        let digits = tail.get(1..=HEX_DIGITS).filter(|_| tail[0] == b'-');
        let length = match digits.is_some_and(|digits| digits.iter().all(|b| HEX.contains(b))) {
            true if hex => HEX_DIGITS + 1,
            // A value that could be guessed has no hash. What goes on with a hyphen is something else.
            false if hex && tail.first() == Some(&b'-') => continue,
            _ => 0,
        };
        let end = from + end + length;
        if ends_token(text, end) || text[end..].starts_with(PREFIX.as_bytes()) {
            return Some(end);
        }
    }
    None
}

/// Whether a token can begin at `at`: nothing alphanumeric before it, or an escape that stands for another character, or an option
/// of one letter, which takes its value without a space (`mysql -p…`).
pub(super) fn starts_token(text: &[u8], at: usize) -> bool {
    let before = &text[..at];
    match before {
        [] => true,
        [.., last] if !last.is_ascii_alphanumeric() && *last < 0x80 => true,
        [b'-', a] | [.., b' ' | b'\t' | b'\n' | b'"' | b'\'', b'-', a] if a.is_ascii_alphabetic() => true,
        [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => true,
        [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f'] => true,
        [.., b'\\', b'u', a, b, c, d] if [a, b, c, d].iter().all(|x| x.is_ascii_hexdigit()) => true,
        _ => false,
    }
}

/// Whether a token can end at `at` (exclusive).
pub(super) fn ends_token(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|next| !next.is_ascii_alphanumeric() && *next < 0x80)
}

#[cfg(test)]
mod tests {
    use super::super::rules::Kinds;
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let kinds = Kinds::of([("aws-key", true), ("aws", true), ("pin", false)]);
        let mut ranges = Vec::new();
        find(text.as_bytes(), &kinds, &mut ranges);
        ranges.into_iter().map(|(a, b)| &text[a..b]).collect()
    }

    #[test]
    fn only_whole_tokens_of_known_kinds_are_placeholders() {
        assert_eq!(found("a=REDACTED-aws-key-0123456789;"), ["REDACTED-aws-key-0123456789"]);
        assert_eq!(found("%3DREDACTED-aws-0123456789%26"), ["REDACTED-aws-0123456789"]);
        assert_eq!(found("REDACTED-pin REDACTED-pin."), ["REDACTED-pin", "REDACTED-pin"]);
        assert_eq!(found("REDACTED-pinREDACTED-aws-0123456789").len(), 2);
        assert_eq!(found("a=REDACTED-aws; b=REDACTED-aws-key"), ["REDACTED-aws", "REDACTED-aws-key"]);
        assert_eq!(found("xREDACTED-aws-0123456789"), [""; 0]);
        assert_eq!(found("REDACTED-aws-0123456789abc"), [""; 0]);
        assert_eq!(found("REDACTED-mysecretvalue"), [""; 0]);
        assert_eq!(found("REDACTED-aws-012345678"), [""; 0]);
    }

    #[test]
    fn equal_values_share_a_placeholder_and_another_key_gives_another() {
        let write = |key: &[u8], value: &[u8]| {
            let mut out = Vec::new();
            Pseudonyms::new(key).write("pin", true, value, &mut out);
            out
        };
        assert_eq!(write(b"k", b"v"), write(b"k", b"v"));
        assert_ne!(write(b"k", b"v"), write(b"l", b"v"));
        assert_ne!(write(b"k", b"v"), write(b"k", b"w"));
    }
}
