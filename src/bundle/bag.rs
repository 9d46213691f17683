//! The bag: the text files that make a bundle's top folder a valid BagIt 1.0 bag (RFC 8493), so that validators which
//! we did not write can check it, and so can `sha256sum -c`. Reading takes what the RFC lets other tools write: line ends of
//! Windows, other spaces between digest and path, `*` before it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::Sha256Digest;

/// `bagit.txt`, whole (RFC 8493, 2.1.1).
pub const BAGIT_TXT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// Declares the bag.
pub const BAGIT_PATH: &str = "bagit.txt";
/// Facts about the bag.
pub const BAG_INFO_PATH: &str = "bag-info.txt";
/// Digests of `data/**`.
pub const MANIFEST_PATH: &str = "manifest-sha256.txt";
/// Digests of the bag's own files.
pub const TAGMANIFEST_PATH: &str = "tagmanifest-sha256.txt";
/// The label under which `bag-info.txt` says how many bytes in how many files `data/**` holds.
pub const PAYLOAD_OXUM: &str = "Payload-Oxum";

/// A line of a bag's file that does not follow its format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {problem}")]
pub struct BagError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it; echoes nothing of it.
    pub problem: &'static str,
}

/// The problem of a list that names a file twice.
pub(super) const TWICE: &str = "names a file for the second time";

/// A path as another tool may have written it: behind more spaces, the `*` of a binary digest, or `./`.
pub(super) fn plain_path(path: &str) -> &str {
    let path = path.trim_start_matches([' ', '\t']);
    let path = path.strip_prefix('*').unwrap_or(path);
    path.strip_prefix("./").unwrap_or(path)
}

/// Whether `text` declares a bag of BagIt 1.0 in UTF-8, by its two lines in this order.
pub(super) fn is_declaration(text: &[u8]) -> bool {
    let expected = BAGIT_TXT.lines();
    lines(text).is_ok_and(|lines| lines.map(str::trim_end).eq(expected))
}

/// One line of a manifest, with its line end. CR, LF and `%` are percent-encoded (RFC 8493, 2.1.3).
#[must_use]
pub fn manifest_line(digest: &Sha256Digest, path: &str) -> String {
    let mut line = format!("{digest}  ");
    for c in path.chars() {
        match c {
            '%' => line.push_str("%25"),
            '\r' => line.push_str("%0D"),
            '\n' => line.push_str("%0A"),
            other => line.push(other),
        }
    }
    line.push('\n');
    line
}

/// Reads a manifest: digests by path. A path that stands there twice is refused.
pub fn parse_manifest(text: &[u8]) -> Result<BTreeMap<String, Sha256Digest>, BagError> {
    let mut digests = BTreeMap::new();
    for (n, line) in lines(text)?.enumerate() {
        let fail = |problem| BagError { line: n + 1, problem };
        let parts = line.split_once("  ").or_else(|| line.split_once([' ', '\t']));
        let (digest, path) = parts.ok_or_else(|| fail("is not a digest, two spaces and a path"))?;
        let digest = Sha256Digest::parse(digest).map_err(|_| fail("has no SHA-256 digest"))?;
        let path = percent_decoded(path).ok_or_else(|| fail("has a percent sign that encodes nothing"))?;
        if digests.insert(path, digest).is_some() {
            return Err(fail(TWICE));
        }
    }
    Ok(digests)
}

/// The text of `bag-info.txt`. Line breaks in a value become spaces: a value has one line, so that no value can pose as
/// another label.
#[must_use]
pub fn bag_info(pairs: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (label, value) in pairs {
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(text, "{label}: {}", value.trim());
    }
    text
}

/// Reads `bag-info.txt`: label and value, in order; labels may repeat. An indented line continues the one before.
pub fn parse_bag_info(text: &[u8]) -> Result<Vec<(String, String)>, BagError> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (n, line) in lines(text)?.enumerate() {
        let fail = |problem| BagError { line: n + 1, problem };
        if line.starts_with([' ', '\t']) {
            let (_, value) = pairs.last_mut().ok_or_else(|| fail("continues nothing"))?;
            value.push(' ');
            value.push_str(line.trim());
        } else {
            let (label, value) = line.split_once(':').ok_or_else(|| fail("is not a label, a colon and a value"))?;
            pairs.push((label.to_owned(), value.trim().to_owned()));
        }
    }
    Ok(pairs)
}

/// The lines of a text, which end with LF or CR LF; at least one.
fn lines(text: &[u8]) -> Result<impl Iterator<Item = &str>, BagError> {
    let fail = |problem| BagError { line: 1, problem };
    let text = std::str::from_utf8(text).map_err(|_| fail("or a later one is not UTF-8"))?;
    if text.is_empty() {
        return Err(fail("is missing"));
    }
    let body = text.strip_suffix('\n').unwrap_or(text);
    let lines = body.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    // A lone one would be a line end to some readers and part of a name to others.
    if lines.clone().any(|line| line.contains('\r')) {
        return Err(fail("or a later one has a carriage return"));
    }
    Ok(lines)
}

fn percent_decoded(path: &str) -> Option<String> {
    let mut decoded = String::with_capacity(path.len());
    let mut parts = path.split('%');
    decoded.push_str(parts.next()?);
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        decoded.push(match code.to_ascii_uppercase().as_str() {
            "25" => '%',
            "0D" => '\r',
            "0A" => '\n',
            _ => return None,
        });
        decoded.push_str(rest);
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: Sha256Digest = Sha256Digest([0xab; 32]);

    #[test]
    fn a_manifest_line_is_what_sha256sum_reads() {
        let line = manifest_line(&DIGEST, "data/logs/a.log");
        assert_eq!(line, format!("{}  data/logs/a.log\n", "ab".repeat(32)));
    }

    #[test]
    fn line_ends_and_percent_signs_are_encoded_as_the_rfc_says() {
        assert!(manifest_line(&DIGEST, "a\r\nb%c").ends_with("  a%0D%0Ab%25c\n"));
        assert!(parse_manifest(format!("{DIGEST}  a%41\n").as_bytes()).is_err());
        assert!(parse_manifest(format!("{DIGEST}  a%é\n").as_bytes()).is_err());
    }

    #[test]
    fn a_manifest_that_is_not_to_the_letter_is_refused_with_its_line() {
        let twice = manifest_line(&DIGEST, "a").repeat(2);
        for (text, line) in [
            (twice.as_bytes(), 2),
            (&twice.as_bytes()[..70], 2),
            (b"", 1),
            (b"abc  a\n", 1),
            (b"\n", 1),
            (b"\xff\n", 1),
        ] {
            assert_eq!(parse_manifest(text).expect_err("malformed").line, line, "{text:?}");
        }
    }

    #[test]
    fn a_value_cannot_pose_as_another_label() {
        let text = bag_info(&[("Case", "x\nPayload-Oxum: 1.1".to_owned()), ("Zone", "UTC".to_owned())]);
        let pairs = parse_bag_info(text.as_bytes()).expect("its own writing");
        assert_eq!(pairs[0], ("Case".to_owned(), "x Payload-Oxum: 1.1".to_owned()));
        assert_eq!(pairs.len(), 2);
    }

    #[test]
    fn an_indented_line_of_bag_info_continues_the_one_before() {
        let pairs = parse_bag_info(b"A: one\n  two\nB:three\n").expect("parses");
        assert_eq!(pairs, [("A".to_owned(), "one two".to_owned()), ("B".to_owned(), "three".to_owned())]);
        assert!(parse_bag_info(b" x\n").is_err());
    }

    proptest! {
        #[test]
        fn a_manifest_reads_back_whatever_the_path(path in ".{1,60}|[\r\n%a]{1,9}") {
            let read = parse_manifest(manifest_line(&DIGEST, &path).as_bytes()).expect("its own writing");
            prop_assert_eq!(read.into_iter().next(), Some((path, DIGEST)));
        }
    }
}
