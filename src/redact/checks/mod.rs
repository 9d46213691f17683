//! Checks on a found value, where a pattern alone would take too much.

mod accounts;
mod americas;
mod arguments;
mod arithmetic;
mod asia;
mod europe;
mod germany;
mod nordic;
mod number;
mod pacific;
mod payment;
mod wallets;

use serde::Deserialize;

use super::placeholder::PREFIX;
use super::sensitive_names::{
    is_data_key, is_denied, is_handle, is_mixed, is_opaque, is_reference, looks_made, promised_by,
};
use accounts::{login, tenant};
pub(super) use number::LONGEST;
pub use number::Number;
pub(super) use payment::iban_length;

/// A test that a found value must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Payment cards: ISO/IEC 7812-1, annex B.
    Luhn,
    /// Bank accounts: the number `iban`.
    Iban,
    /// US social security numbers: the number `us-ssn`.
    Ssn,
    /// 7 to 15 digits (ITU-T E.164 allows 15).
    Phone,
    /// A mail address whose last label can be a top-level domain: letters, at least two, and no file extension.
    Email,
    /// No reference to a value, such as `${PASSWORD}`, and no mask.
    Literal,
    /// A literal with letters and digits, which no sentence holds.
    Mixed,
    /// A literal that a machine made.
    Opaque,
    /// A literal under a name (the pattern's first group) that promises a secret.
    SensitiveName,
    /// The same where anything may stand: what is no password must look made by a machine.
    SensitiveNameMade,
    /// The same with letters and digits, for places where a sentence could follow.
    SensitiveNameMixed,
    /// A literal that looks made by a machine, in all its parts taken together.
    Made,
    /// The same with a letter in it, or a UUID.
    ServiceValue,
    /// A host that is not the service's own: `www`, `docs`, `login`.
    Tenant,
    /// A user and a password with a colon between, neither of them the word for itself.
    Login,
    /// A password beside its user (the first group), where not both are the words for themselves.
    PasswordArgument,
    /// What [`Check::SensitiveName`] takes, but for another option or a named argument in its place.
    SensitiveOption,
    /// What [`Check::SensitiveNameMade`] takes under the name of a header, but for cookies, which have rules of their own.
    SensitiveHeader,
    /// What somebody types for a password and no sentence holds: letters with digits or signs, and no name of a file.
    Typed,
    /// Base64 of text.
    Base64,
    /// The line that names the columns of a table, one of which promises a secret.
    Columns,
    /// The beginning of a statement of SQL that names columns or a table.
    SqlColumns,
    /// What [`Check::SensitiveNameMade`] takes, and no repetition of the name: manuals write `define('password', 'password')`.
    SensitiveArgument,
    /// A literal that a person may have chosen for a password, and no number that a line of a log holds at its place.
    Chosen,
    /// What a machine made, or a UUID, under a name (the first group) that is not that of a look-up key.
    KeyName,
}

impl Check {
    /// Whether the name must promise a secret, so that nothing passes without one of
    /// [`telling_words`](super::sensitive_names::telling_words) in its name.
    pub(super) fn goes_by_name(self) -> bool {
        matches!(
            self,
            Self::SensitiveName | Self::SensitiveNameMade | Self::SensitiveNameMixed | Self::SensitiveArgument
        )
    }

    /// Whether nothing passes but under a name that holds a word which can make it sensitive.
    #[must_use]
    pub(super) fn needs_name(self) -> bool {
        self.goes_by_name() || matches!(self, Self::SensitiveOption | Self::SensitiveHeader)
    }

    /// Whether what passes is no value, but the beginning of a table whose cells are.
    #[must_use]
    pub fn begins_table(self) -> bool {
        matches!(self, Self::Columns | Self::SqlColumns)
    }

    /// Whether `value`, under `name` where the pattern has one, passes. Separators in numbers are ignored.
    #[must_use]
    pub fn passes(self, name: Option<&[u8]>, value: &[u8]) -> bool {
        // A placeholder names a kind (`REDACTED-token-…`), but it is no name of what follows.
        let placeholder = name.is_some_and(|name| memchr::memmem::find(name, PREFIX.as_bytes()).is_some());
        if placeholder
            && matches!(
                self,
                Self::SensitiveName
                    | Self::SensitiveNameMade
                    | Self::SensitiveNameMixed
                    | Self::SensitiveOption
                    | Self::KeyName
            )
        {
            return false;
        }
        // `/en/reset-your-password` beside another path: a list of addresses, or of what moved where.
        let paths = name.is_some_and(|name| name.contains(&b'/')) && value.starts_with(b"/");
        if paths && matches!(self, Self::SensitiveName | Self::SensitiveNameMade) {
            return false;
        }
        let kind = || name.and_then(promised_by);
        match self {
            Self::Luhn => is_luhn(value),
            Self::Iban => Number::by_name("iban").is_some_and(|number| number.is(value)),
            Self::Ssn => Number::by_name("us-ssn").is_some_and(|number| number.is(value)),
            Self::Phone => (7..=15).contains(&value.iter().filter(|b| b.is_ascii_digit()).count()),
            Self::Email => email(value),
            Self::Literal => !is_reference(value),
            Self::Mixed => is_mixed(value),
            Self::Opaque => is_opaque(value) && !is_reference(value),
            // What is said of the name is remembered.
            Self::SensitiveName => kind().is_some() && !is_reference(value),
            Self::SensitiveNameMade => kind().is_some_and(|kind| !is_reference(value) && fits(kind, value)),
            // A short word in a sentence is part of it: `Unexpected token: abc123`.
            Self::SensitiveNameMixed => kind()
                .is_some_and(|kind| is_mixed(value) && fits(kind, value) && (kind == "password" || value.len() >= 8)),
            Self::Made => !is_reference(value) && looks_made(value),
            Self::ServiceValue => !is_reference(value) && has_letter(value) && looks_made(value),
            Self::Tenant => tenant(value),
            Self::Login => login(value),
            Self::PasswordArgument => arguments::password(name.unwrap_or_default(), value),
            Self::SensitiveOption => kind().is_some() && arguments::option(value),
            Self::SensitiveHeader => !arguments::is_cookie(name) && Self::SensitiveNameMade.passes(name, value),
            Self::Typed => arguments::typed(value),
            Self::Base64 => arguments::base64_text(value),
            Self::Columns => super::columns::is_header(value),
            Self::SqlColumns => super::columns::is_statement(value),
            Self::SensitiveArgument => name != Some(value) && Self::SensitiveNameMade.passes(name, value),
            Self::Chosen => !is_reference(value) && (value.len() > 3 || !value.iter().all(u8::is_ascii_digit)),
            Self::KeyName => {
                !name.is_some_and(|name| is_no_secret_key(name, value))
                    && !is_reference(value)
                    && has_letter(value)
                    && looks_made(value)
            }
        }
    }
}

/// Whether `value` can be a secret of `kind`. People choose passwords, so any text may be one; machines make the others.
pub(super) fn fits(kind: &str, value: &[u8]) -> bool {
    if kind != "password" && is_address(value) {
        return false;
    }
    let signs = value.len() >= 8 && value.iter().any(|b| b"#!@%^&*$?".contains(b));
    let chosen = signs && (kind == "secret" || is_mixed(value));
    let short = matches!(kind, "secret" | "token" | "key") && is_short_secret(value);
    matches!(kind, "password" | "pin" | "cookie") || chosen || short || looks_made(value)
}

/// What stands before a number that counts something rather than makes a secret: `staging2024`, `sha256`, `version2`.
const COUNTED: [&str; 40] = [
    "test", "tests", "token", "key", "secret", "api", "example", "sample", "demo", "dev", "staging", "stage", "prod",
    "value", "version", "oauth", "sha", "utf", "base", "http", "ipv", "id", "user", "foo", "bar", "type", "mode",
    "level", "step", "part", "line", "item", "node", "server", "host", "client", "default", "bearer", "rsa", "ecdsa",
];

/// Whether `value` is one short word with a letter and a digit, and neither a duration or size nor
/// a known word with a number after it.
fn is_short_secret(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let whole = value.len() >= 6 && value.iter().all(u8::is_ascii_alphanumeric);
    if !whole || digits == 0 || digits == value.len() {
        return false;
    }
    let letters = value.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (head, tail) = value.split_at(letters);
    let counted = tail.iter().all(u8::is_ascii_digit)
        && (head.len() < 2 || COUNTED.iter().any(|known| head.eq_ignore_ascii_case(known.as_bytes())));
    // `3600ms`, `10240kb`.
    let number = value.iter().take_while(|b| b.is_ascii_digit()).count();
    let measured = number > 0 && value.len() - number <= 2 && value[number..].iter().all(u8::is_ascii_alphabetic);
    !counted && !measured
}

/// Whether `value` is an address in memory, or a number that a server gives to a session, as ZooKeeper does.
fn is_address(value: &[u8]) -> bool {
    value.strip_prefix(b"0x").is_some_and(|digits| digits.len() <= 16 && digits.iter().all(u8::is_ascii_hexdigit))
}

/// Whether what stands under `name` is none, although the name ends as that of a key.
fn is_no_secret_key(name: &[u8], value: &[u8]) -> bool {
    is_data_key(name) || is_handle(name) || is_denied(name) || (is_bare_key(name) && is_path(value))
}

/// Whether `name` says no more than that it is a key.
fn is_bare_key(name: &[u8]) -> bool {
    [b"key".as_slice(), b"keys"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether `value` begins with a word and a slash, as the keys of caches and object stores do.
fn is_path(value: &[u8]) -> bool {
    let word = value.iter().take_while(|b| b.is_ascii_lowercase() || **b == b'-').count();
    word >= 2 && value.get(word) == Some(&b'/')
}

/// Whether `value` is no plain number; a number of 16 digits counts nothing.
fn has_letter(value: &[u8]) -> bool {
    value.len() >= 16 || value.iter().any(u8::is_ascii_alphabetic)
}

/// Endings that follow an `@` in file names and unit names, not in mail addresses.
const NO_DOMAIN: [&str; 21] = [
    "service", "socket", "timer", "target", "mount", "slice", "scope", "device", "path", "png", "jpg", "jpeg", "gif",
    "svg", "webp", "js", "ts", "css", "json", "local", "lock",
];

fn is_luhn(value: &[u8]) -> bool {
    let digits: Vec<u32> = value.iter().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0')).collect();
    (12..=19).contains(&digits.len()) && arithmetic::luhn(&digits) && !arithmetic::monotonous(&digits)
}

fn email(value: &[u8]) -> bool {
    let last = value.rsplit(|b| *b == b'.').next().unwrap_or_default();
    last.len() >= 2
        && (last.iter().all(u8::is_ascii_alphabetic) || last.starts_with(b"xn--"))
        && !NO_DOMAIN.iter().any(|ending| last.eq_ignore_ascii_case(ending.as_bytes()))
}

/// Shannon entropy of `value` in bits a byte.
#[must_use]
pub fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    let length = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_tell_real_numbers_from_look_alikes() {
        assert!(Check::Luhn.passes(None, b"4111 1111 1111 1111"));
        assert!(!Check::Luhn.passes(None, b"4111 1111 1111 1112"));
        assert!(!Check::Luhn.passes(None, b"0000000000000000"));
        assert!(Check::Iban.passes(None, b"DE89 3704 0044 0532 0130 00"));
        assert!(!Check::Iban.passes(None, b"DE88 3704 0044 0532 0130 00"));
        assert!(Check::Ssn.passes(None, b"219-09-9998"));
        assert!(!Check::Ssn.passes(None, b"666-05-1120"));
    }

    #[test]
    fn short_secrets_are_told_from_words_that_count() {
        for value in ["abc123", "x9y8z7", "winter2024", "1a2b3c"] {
            assert!(is_short_secret(value.as_bytes()), "{value}");
        }
        for value in ["abc12", "123456", "abcdef", "staging2024", "sha256", "v12345", "3600ms", "a-1-b-2"] {
            assert!(!is_short_secret(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn entropy_is_in_bits_a_byte() {
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
    }
}
