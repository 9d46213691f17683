//! Cuts a name into lower-case words.

/// Longer names are read from their end: `spring.cloud.….datasource.password` says what it is there.
const LONGEST: usize = 128;

/// The words of `name` in lower case, with a space between: `X-Acme-APIKey2` becomes `x acme api key2`.
pub(super) fn spaced(name: &[u8]) -> String {
    let name = &name[name.len().saturating_sub(LONGEST)..];
    let mut text = String::with_capacity(name.len() + 8);
    for (at, &byte) in name.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            text.push(' ');
            continue;
        }
        if at > 0 && starts_word(name[at - 1], byte, name.get(at + 1).copied()) {
            text.push(' ');
        }
        text.push(char::from(byte.to_ascii_lowercase()));
    }
    text
}

/// The words of what [`spaced`] returned, without trailing digits: `password2` is a password.
pub(super) fn words(spaced: &str) -> Vec<&str> {
    spaced
        .split_ascii_whitespace()
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .collect()
}

/// `aB` and the `K` of `APIKey`.
fn starts_word(before: u8, byte: u8, after: Option<u8>) -> bool {
    byte.is_ascii_uppercase()
        && (before.is_ascii_lowercase()
            || before.is_ascii_digit()
            || (before.is_ascii_uppercase() && after.is_some_and(|b| b.is_ascii_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_the_same_words() {
        for name in
            ["clientSecret", "client_secret", "Client-Secret", "CLIENT.SECRET", "ClientSecret2", "client secret"]
        {
            assert_eq!(words(&spaced(name.as_bytes())), ["client", "secret"], "{name}");
        }
        assert_eq!(words(&spaced(b"X-Acme-APIKey")), ["x", "acme", "api", "key"]);
        assert_eq!(words(&spaced(b"--db-password")), ["db", "password"]);
        assert!(words(&spaced("密码 123".as_bytes())).is_empty());
    }
}
