//! Where a line holds a word that can make a name sensitive: asked of a whole line, before any name in it is judged by itself.

use std::sync::OnceLock;

use super::tables::{ANYWHERE, AT_END, FOREIGN, HEADERS, PAIRS, RUN_TOGETHER};
use crate::redact::literals::{Hit, Literals};

/// The places in `line` where such words stand, ordered by their ends. A name that holds none of them promises no secret, to
/// [`super::is_sensitive_key`] and to [`super::is_sensitive_header`]; one that does may be an exception.
pub(in crate::redact) fn telling_words(line: &[u8]) -> Vec<Hit> {
    static WORDS: OnceLock<Literals> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        let tables = [&AT_END[..], &ANYWHERE, &RUN_TOGETHER, &HEADERS];
        let words = tables.into_iter().flatten().map(|(word, _)| *word);
        // Of a pair both must stand there: the longer one tells more.
        let pairs = PAIRS.iter().map(|(first, second, _)| if first.len() > second.len() { *first } else { *second });
        let mut words: Vec<&str> = words.chain(pairs).chain(FOREIGN).chain(["key"]).collect();
        words.sort_unstable();
        words.dedup();
        Literals::new(words.into_iter().map(str::as_bytes))
    });
    words.find(line)
}

#[cfg(test)]
mod tests {
    use super::super::promised_by;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_without_such_a_word_promises_nothing(
            parts in prop::collection::vec(prop::sample::select(vec![
                "api", "Key", "keys", "auth", "Auth", "sig", "PIN", "session", "id", "pass", "word", "X", "access", "2",
                "private", "user", "пароль", "logged", "in", "salt", "de", "passe", "-", "_", ".", "secret", "Cookie", "storage", "amz", "credential", "nonce", "code",
            ]), 1..5),
        ) {
            let name = parts.concat();
            let sensitive = promised_by(name.as_bytes());
            prop_assert!(sensitive.is_none() || !telling_words(name.as_bytes()).is_empty(), "{}", name);
        }
    }
}
