//! `/etc/os-release`: which distribution this is.

/// The value of `key`, without its quotes and escapes, as os-release(5) has it.
pub fn value(os_release: &str, key: &str) -> Option<String> {
    let raw = os_release.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?.trim();
    let inner = ['"', '\'']
        .into_iter()
        .find_map(|quote| raw.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)))
        .unwrap_or(raw);
    let mut out = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(c);
            escaped = false;
        }
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn quotes_and_escapes_are_taken_off() {
        let text =
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME='Debian'\nVERSION_ID=12\nID=\nX=\"a\\\"b\"\nY=\"\n";
        assert_eq!(value(text, "PRETTY_NAME").as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(value(text, "NAME").as_deref(), Some("Debian"));
        assert_eq!(value(text, "VERSION_ID").as_deref(), Some("12"));
        assert_eq!(value(text, "X").as_deref(), Some("a\"b"));
        assert_eq!(value(text, "ID"), None);
        assert_eq!(value(text, "VERSION"), None);
        assert_eq!(value(text, "Y").as_deref(), Some("\""));
    }
}
