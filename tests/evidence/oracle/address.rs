//! Public IP addresses.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::Find;

pub fn find(text: &[u8], finds: &mut Vec<Find>) {
    let mut found = |range: Range<usize>, by: &str| {
        finds.push(Find { address: true, ..Find::new(range, by) });
    };
    let is_v6 = |b: u8| b.is_ascii_hexdigit() || b == b':' || b == b'.';
    for at in 0..text.len() {
        let before = at.checked_sub(1).map_or(b' ', |before| text[before]);
        if text[at].is_ascii_digit() && !before.is_ascii_alphanumeric() && !b"._".contains(&before) {
            found(v4(text, at), "ipv4");
        }
        if is_v6(text[at]) && !is_v6(before) {
            let length = text[at..].iter().take_while(|b| is_v6(**b)).count();
            found(v6(text, at, at + length), "ipv6");
        }
    }
}

fn parsed<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The address that begins at `start`, or an empty range.
fn v4(text: &[u8], start: usize) -> Range<usize> {
    let (mut end, mut parts) = (start, 1);
    loop {
        let digits = text[end..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return 0..0;
        }
        end += digits;
        if parts == 4 {
            break;
        }
        if text.get(end) != Some(&b'.') {
            return 0..0;
        }
        (end, parts) = (end + 1, parts + 1);
    }
    let goes_on = match (text.get(end), text.get(end + 1)) {
        (Some(b'.'), Some(next)) => next.is_ascii_digit(),
        (Some(next), _) => next.is_ascii_alphanumeric(),
        (None, _) => false,
    };
    let label = String::from_utf8_lossy(&text[start.saturating_sub(9)..start]).to_ascii_lowercase();
    let version = ["version", "version:", "version=", "ver.", "release"].iter().any(|v| label.trim_end().ends_with(v));
    let public = parsed::<Ipv4Addr>(&text[start..end]).is_some_and(|address| {
        let [a, b, ..] = address.octets();
        let reserved = a == 0 || a >= 224 || (a == 100 && b & 0xc0 == 64) || (a == 198 && b & 0xfe == 18);
        let kept =
            address.is_private() || address.is_loopback() || address.is_link_local() || address.is_documentation();
        !reserved && !kept
    });
    if public && !goes_on && !version { start..end } else { 0..0 }
}

/// The address in the run of its characters from `start` to `end`, or an empty range.
fn v6(text: &[u8], start: usize, end: usize) -> Range<usize> {
    let run = &text[start..end];
    let Some(colon) = run.iter().position(|b| *b == b':') else { return 0..0 };
    let digits = run[..colon].iter().rev().take(4).take_while(|b| **b != b'.').count();
    let start = start + colon - digits;
    let mut end = end;
    while end > start && (text[end - 1] == b'.' || (text[end - 1] == b':' && !text[start..end].ends_with(b"::"))) {
        end -= 1;
    }
    let touches = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    let public = parsed::<Ipv6Addr>(&text[start..end]).is_some_and(|address| {
        let [first, second, ..] = address.segments();
        (0x2000..0x4000).contains(&first) && (first, second) != (0x2001, 0xdb8) && !(first == 0x3fff && second < 0x1000)
    });
    if public && !touches(before) && !touches(text.get(end)) { start..end } else { 0..0 }
}
