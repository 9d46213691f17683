//! What a JSON string may not hold as it is.

/// Appends `text` as the inside of a JSON string.
pub fn escape_into(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=0x1f => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::escape_into;

    #[test]
    fn what_is_escaped_reads_back() {
        let text = "quote \" back \\ nul \0 esc \u{1b} nl \n é 😀";
        let mut raw = b"\"".to_vec();
        escape_into(text, &mut raw);
        raw.push(b'"');
        assert_eq!(serde_json::from_slice::<String>(&raw).expect("JSON"), text);
        assert!(raw.iter().all(|&b| b >= 0x20));
    }
}
