//! Checks on a found value, where a pattern alone would take too much.

mod accounts;
mod americas;
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
    is_data_key, is_handle, is_mixed, is_opaque, is_reference, is_sensitive_header, is_sensitive_key, looks_made,
};
use accounts::{is_manual, login, tenant};
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
            Self::Luhn => is_luhn(value),
            Self::Iban => Number::by_name("iban").is_some_and(|number| number.is(value)),
            Self::Ssn => Number::by_name("us-ssn").is_some_and(|number| number.is(value)),
            Self::Phone => (7..=15).contains(&value.iter().filter(|b| b.is_ascii_digit()).count()),
            Self::Email => email(value),
            Self::Literal => !is_reference(value),
            Self::Mixed => is_mixed(value),
            Self::Opaque => is_opaque(value) && !is_reference(value),
            Self::SensitiveName => !is_reference(value) && kind().is_some(),
            Self::SensitiveNameMade => !is_reference(value) && kind().is_some_and(|kind| fits(kind, value)),
            Self::SensitiveNameMixed => is_mixed(value) && kind().is_some_and(|kind| fits(kind, value)),
            Self::Made => !is_reference(value) && looks_made(value),
            Self::ServiceValue => !is_reference(value) && has_letter(value) && looks_made(value),
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
    let chosen = kind == "secret" && value.len() >= 8 && value.iter().any(|b| b"#!@%^&*".contains(b));
    matches!(kind, "password" | "pin" | "cookie") || chosen || looks_made(value)
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
    fn entropy_is_in_bits_a_byte() {
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
    }
}
