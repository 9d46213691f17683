//! Checks on a found value, where a pattern alone would take too much.

mod numbers;

use serde::Deserialize;

use super::placeholder::PREFIX;
use super::sensitive_names::{
    is_data_key, is_handle, is_mixed, is_opaque, is_reference, is_sensitive_header, is_sensitive_key, looks_made,
};
use numbers::{digits, iban, luhn, ssn};

/// A test that a found value must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Payment cards: ISO/IEC 7812-1, annex B.
    Luhn,
    /// Bank accounts: ISO 13616, remainder 1 modulo 97.
    Iban,
    /// US social security numbers: no area 000, 666 or 9xx, no group 00, no serial 0000 (SSA, since 2011).
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
    /// Base64 of printable text.
    Base64Text,
    /// A host that is not the service's own: `www`, `docs`, `login`.
    Tenant,
    /// A user and a password with a colon between, neither of them the word for itself.
    Login,
    /// A password after its user (the first group), neither of them the word for itself.
    PasswordOfUser,
    /// What a machine made, or a UUID, under a name (the first group) that is not that of a look-up key.
    KeyName,
}

impl Check {
    /// Whether `value`, under `name` where the pattern has one, passes. Separators in numbers are ignored.
    #[must_use]
    pub fn passes(self, name: Option<&[u8]>, value: &[u8]) -> bool {
        // A placeholder names a kind (`REDACTED-token-…`), but it is no name of what follows.
        let placeholder = name.is_some_and(|name| memchr::memmem::find(name, PREFIX.as_bytes()).is_some());
        if placeholder
            && matches!(self, Self::SensitiveName | Self::SensitiveNameMade | Self::SensitiveNameMixed | Self::KeyName)
        {
            return false;
        }
        let kind = || name.and_then(|name| is_sensitive_key(name).or_else(|| is_sensitive_header(name)));
        match self {
            Self::Luhn => luhn(value),
            Self::Iban => iban(value),
            Self::Ssn => ssn(value),
            Self::Phone => (7..=15).contains(&digits(value).len()),
            Self::Email => email(value),
            Self::Literal => !is_reference(value),
            Self::Mixed => is_mixed(value),
            Self::Opaque => is_opaque(value) && !is_reference(value),
            Self::SensitiveName => !is_reference(value) && kind().is_some(),
            Self::SensitiveNameMade => !is_reference(value) && kind().is_some_and(|kind| fits(kind, value)),
            Self::SensitiveNameMixed => is_mixed(value) && kind().is_some_and(|kind| fits(kind, value)),
            Self::Made => !is_reference(value) && looks_made(value),
            Self::ServiceValue => !is_reference(value) && has_letter(value) && looks_made(value),
            Self::Base64Text => base64_text(value),
            Self::Tenant => tenant(value),
            Self::Login => login(value),
            Self::PasswordOfUser => !is_reference(value) && !is_manual(name.unwrap_or_default(), value),
            Self::KeyName => {
                !name.is_some_and(|name| is_data_key(name) || is_handle(name))
                    && !is_reference(value)
                    && has_letter(value)
                    && looks_made(value)
            }
        }
    }
}

/// Whether `value` can be a secret of `kind`. People choose passwords, so any text may be one; machines make the others.
fn fits(kind: &str, value: &[u8]) -> bool {
    matches!(kind, "password" | "pin" | "cookie") || looks_made(value)
}

/// Whether `value` is base64 of printable ASCII.
fn base64_text(value: &[u8]) -> bool {
    let bare: Vec<u8> = value.iter().copied().filter(|b| *b != b'=').collect();
    let text = data_encoding::BASE64_NOPAD.decode(&bare).unwrap_or_default();
    text.len() >= 6 && text.iter().all(|b| matches!(b, 0x20..=0x7e | b'\t' | b'\n' | b'\r'))
}

/// First labels of hosts that belong to a service and not to its customers.
const OWN_HOSTS: [&str; 22] = [
    "www",
    "docs",
    "doc",
    "developer",
    "developers",
    "support",
    "help",
    "login",
    "test",
    "status",
    "api",
    "cdn",
    "static",
    "assets",
    "trust",
    "community",
    "blog",
    "auth",
    "id",
    "packages",
    "releases",
    "download",
];

fn tenant(value: &[u8]) -> bool {
    let host = value.rsplit(|b| *b == b'/').next().unwrap_or(value);
    let first = host.split(|b| *b == b'.').next().unwrap_or(host);
    !OWN_HOSTS.iter().any(|own| first.eq_ignore_ascii_case(own.as_bytes()))
}

/// Whether `value` is no plain number; a number of 16 digits counts nothing.
fn has_letter(value: &[u8]) -> bool {
    value.len() >= 16 || value.iter().any(u8::is_ascii_alphabetic)
}

/// Users whom manuals name.
const MANUAL_USERS: [&str; 12] =
    ["user", "username", "usr", "login", "name", "guest", "test", "foo", "me", "email", "scott", "myuser"];

/// Passwords that say no more than that a password stands here.
const MANUAL_PASSWORDS: [&str; 13] = [
    "pass",
    "password",
    "passwd",
    "passwort",
    "pw",
    "pwd",
    "secret",
    "token",
    "guest",
    "test",
    "bar",
    "key",
    "mypassword",
];

/// Whether `value`, a user and a password with a colon between, gives away more than a manual does.
fn login(value: &[u8]) -> bool {
    let Some(colon) = value.iter().position(|b| *b == b':') else { return false };
    // `"$1:$2"` is two parameters of a script.
    let parameter = |part: &[u8]| matches!(part, [b'$', n] if n.is_ascii_digit());
    let trim = |part: &[u8]| -> Vec<u8> { part.iter().copied().filter(|b| !b"\"'`".contains(b)).collect() };
    let (user, password) = (trim(&value[..colon]), trim(&value[colon + 1..]));
    !is_reference(&password) && !parameter(&password) && !is_manual(&user, &password)
}

/// Whether both are the words for themselves, as in `user:password`.
fn is_manual(user: &[u8], password: &[u8]) -> bool {
    let one_of = |list: &[&str], part: &[u8]| list.iter().any(|known| part.eq_ignore_ascii_case(known.as_bytes()));
    one_of(&MANUAL_USERS, user) && one_of(&MANUAL_PASSWORDS, password)
}

/// Endings that follow an `@` in file names and unit names, not in mail addresses.
const NO_DOMAIN: [&str; 21] = [
    "service", "socket", "timer", "target", "mount", "slice", "scope", "device", "path", "png", "jpg", "jpeg", "gif",
    "svg", "webp", "js", "ts", "css", "json", "local", "lock",
];

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
    fn entropy_is_in_bits_a_byte() {
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
    }
}
