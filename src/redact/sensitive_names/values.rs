//! Values that stand where a secret would, and are none.

use super::placeholders::{is_code, is_placeholder};

/// The words that programs write for "nothing there" or "I will not say", the types that schemas name, what stands for a
/// parameter or a switch, and how passwords are hashed.
const WORDS: [&str; 99] = [
    "",
    "-",
    "--",
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "empty",
    "unset",
    "set",
    "n/a",
    "na",
    "nan",
    "string",
    "str",
    "bytes",
    "bool",
    "boolean",
    "int",
    "integer",
    "number",
    "object",
    "array",
    "uuid",
    "optional",
    "required",
    "redacted",
    "[redacted]",
    "masked",
    "[masked]",
    "hidden",
    "[hidden]",
    "filtered",
    "[filtered]",
    "removed",
    "[removed]",
    "protected",
    "[protected]",
    "sensitive",
    "(sensitive)",
    "omitted",
    "present",
    "missing",
    "absent",
    "invalid",
    "valid",
    "expired",
    "enabled",
    "disabled",
    "unknown",
    "wrong",
    "incorrect",
    "must",
    "is",
    "prompt",
    "ok",
    "success",
    "successful",
    "succeeded",
    "failed",
    "failure",
    "denied",
    "granted",
    "rejected",
    "anonymous",
    "0",
    "1",
    "new",
    "await",
    "?",
    "??",
    "%s",
    "%v",
    "%r",
    "%q",
    "redacted-",
    "md5",
    "sha1",
    "sha-1",
    "sha256",
    "sha-256",
    "sha512",
    "sha-512",
    "scram-sha-1",
    "scram-sha-256",
    "scram-sha-512",
    "bcrypt",
    "scrypt",
    "argon2",
    "argon2i",
    "argon2id",
    "pbkdf2",
    "yescrypt",
];

/// Of the longest of them.
const LONGEST_WORD: usize = 14;

/// How long those are that begin with a letter, a bit for each length: nearly all other words are told from them by that.
const LENGTHS: [u16; 32] = {
    let mut lengths = [0; 32];
    let mut n = 0;
    while n < WORDS.len() {
        let word = WORDS[n].as_bytes();
        lengths[first_of(word)] |= 1 << word.len();
        n += 1;
    }
    lengths
};

/// The first byte of a word, whatever its case.
const fn first_of(word: &[u8]) -> usize {
    if word.is_empty() { 0 } else { (word[0] & 31) as usize }
}

fn is_word(value: &[u8]) -> bool {
    value.len() <= LONGEST_WORD
        && LENGTHS[first_of(value)] >> value.len() & 1 == 1
        && WORDS.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// What a reference to a secret kept elsewhere, or a gap to be filled in, begins with.
const REFERENCES: [&str; 28] = [
    "your-",
    "your_",
    "your ",
    "placeholder",
    "${",
    "$(",
    "{{",
    "<%",
    "#{",
    "@@",
    "os.environ",
    "os.getenv",
    "process.env",
    "getenv",
    "env.",
    "env(",
    "env[",
    "system.getenv",
    "std::env",
    "import.meta.env",
    "vault:",
    "secretref:",
    "op://",
    "aws-sm://",
    "arn:aws:secretsmanager",
    "secrets.",
    "config.",
    "settings.",
];

/// True for a value that is no secret although a secret's name stands before it: nothing at all, `null`, a mask such as
/// `********`, a reference such as `${DB_PASSWORD}`, `%PASSWORD%` or `os.environ["TOKEN"]`, a `<placeholder>`.
///
/// Doubt decides for the secret: `$ecret1` and `%40pple` are passwords.
#[must_use]
pub fn is_reference(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    // The comma of a list of fields stands behind a line's value.
    let value = value.strip_suffix(b",").unwrap_or(value);
    let begins =
        |known: &str| value.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known.as_bytes()));
    is_word(value)
        || (value.first().is_some_and(|b| b"$#{<@YPOEGSIVAC".contains(&b.to_ascii_uppercase()))
            && REFERENCES.iter().any(|r| begins(r)))
        || is_mask(value)
        || is_placeholder(value)
        || is_code(value)
        || is_call(value)
        || is_shell_variable(value)
        || is_windows_variable(value)
        || is_angle_placeholder(value)
        || is_image_digest(value)
        || is_file(value)
}

/// `/run/secrets/db`, `/home/ada`: a file or folder below one that every system has. `PWD` is the folder that a shell is in.
fn is_file(value: &[u8]) -> bool {
    const ROOTS: [&[u8]; 20] = [
        b"home",
        b"usr",
        b"var",
        b"etc",
        b"opt",
        b"srv",
        b"tmp",
        b"run",
        b"root",
        b"mnt",
        b"Users",
        b"proc",
        b"dev",
        b"app",
        b"data",
        b"workspace",
        b"builds",
        b"vault",
        b"private",
        b"Library",
    ];
    let mut parts = value.split(|b| *b == b'/');
    parts.next() == Some(b"")
        && parts.next().is_some_and(|root| ROOTS.contains(&root))
        && parts.all(|part| part.iter().all(|b| b.is_ascii_alphanumeric() || b"._- ".contains(b)))
}

/// `2.4.9@sha256:9f71…`: what a name such as `shop/auth` is followed by where containers run.
fn is_image_digest(value: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(value, b"@sha256:") else { return value.starts_with(b"sha256:") };
    let digest = &value[at + 8..];
    digest.len() >= 12 && digest.iter().all(u8::is_ascii_hexdigit)
}

/// True for a value that no sentence holds: letters and digits together, and no reference.
///
/// Rules whose context is weak ask this, so that `password: must be 8 characters` stays.
#[must_use]
pub fn is_mixed(value: &[u8]) -> bool {
    let has = |class: fn(&u8) -> bool| value.iter().any(class);
    has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && !is_reference(value)
}

/// True for the 36 characters of a UUID.
#[must_use]
pub fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// True for a value that a machine made and that is no name, path, version or UUID: one part of it, between punctuation,
/// is at least ten characters of letters and digits mixed, or 24 hexadecimal digits of any kind.
///
/// UUIDs are request ids far more often than keys, and an engineer needs those.
#[must_use]
pub fn is_opaque(value: &[u8]) -> bool {
    let mut parts = value.split(|b| !b.is_ascii_alphanumeric());
    let is_hex = |part: &[u8]| part.len() >= 24 && part.iter().all(u8::is_ascii_hexdigit);
    !is_uuid(value) && parts.any(|part| (part.len() >= 10 && is_mixed(part)) || is_hex(part))
}

/// `name(...)`: code that fetches a secret.
fn is_call(value: &[u8]) -> bool {
    let Some(open) = value.iter().position(|&b| b == b'(') else { return false };
    value.ends_with(b")")
        && open > 0
        && value[0].is_ascii_alphabetic()
        && value[..open].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':'))
}

/// `****`, `....`, `xxxxxxxx`, `••••`: one mark repeated, at least three times.
fn is_mask(value: &[u8]) -> bool {
    let ascii = value.len() >= 3
        && matches!(value[0], b'*' | b'.' | b'x' | b'X' | b'#' | b'_' | b'-' | b'?')
        && value.iter().all(|b| *b == value[0]);
    ascii || (value.len() >= 9 && value.chunks(3).all(|c| c == "•".as_bytes()))
}

/// `$NAME`, `$env:NAME`, `$this->name`, `$_POST['key']`. A `$` in a password is seldom followed by a whole upper-case name
/// or by an operator of a language.
fn is_shell_variable(value: &[u8]) -> bool {
    let Some(name) = value.strip_prefix(b"$") else { return false };
    let upper = !name.is_empty() && name.iter().all(|b| b.is_ascii_uppercase() || *b == b'_');
    upper || name.starts_with(b"env:") || name.starts_with(b"this->") || name.starts_with(b"_")
}

fn is_windows_variable(value: &[u8]) -> bool {
    matches!(value, [b'%', name @ .., b'%'] if !name.is_empty()
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'(' | b')' | b'.')))
}

/// `<token>`, `<your api key>`, `<redacted>`, `&lt;token&gt;`.
fn is_angle_placeholder(value: &[u8]) -> bool {
    let value = match value.strip_prefix(b"&lt;").and_then(|rest| rest.strip_suffix(b"&gt;")) {
        Some(name) => return !name.is_empty() && name.iter().all(|b| b.is_ascii_alphabetic() || b"_- :".contains(b)),
        None => value,
    };
    matches!(value, [b'<', name @ .., b'>'] if !name.is_empty()
        && name.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b' ' | b':')))
}

#[cfg(test)]
mod tests {
    use super::{is_mixed, is_opaque, is_reference};

    #[test]
    fn what_is_no_secret_stays() {
        for value in [
            "",
            "null",
            "None",
            "true",
            "********",
            "xxxxxxxx",
            "••••••",
            "${DB_PASSWORD}",
            "$DB_PASSWORD",
            "$env:TOKEN",
            "%PASSWORD%",
            "os.environ[\"TOKEN\"]",
            "{{ vault_password }}",
            "<redacted>",
            "<your api key>",
            "[FILTERED]",
            "process.env.TOKEN",
            "op://vault/item",
            "$(cat /run/secrets/x)",
            " none ",
            "?",
            "scram-sha-256",
            "/run/secrets/db_password",
            "Some(password),",
            "2.4.9@sha256:9f71c52d839b5cd527645e42b5134f8b9f71c52d839b5cd527645e42b5134f8b",
        ] {
            assert!(is_reference(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn every_word_and_reference_is_reached() {
        for word in super::WORDS {
            assert!(is_reference(word.to_ascii_uppercase().as_bytes()), "{word}");
        }
        for start in super::REFERENCES {
            assert!(is_reference(format!("{start}x").to_ascii_uppercase().as_bytes()), "{start}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_one() {
        for value in
            ["hunter2", "$ecret1", "%40pple", "nothing", "trueblue", "x", "1234", "<3kittens", "abc*", "P@$$W0RD"]
        {
            assert!(!is_reference(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn opaque_values_are_told_from_names_and_ids() {
        for value in ["9f71c52d839b5cd527645e42b5134f8b", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"] {
            assert!(is_opaque(value.as_bytes()), "{value}");
        }
        for value in [
            "some-long-human-readable-name",
            "path/to/api/controllers/v1/users",
            "9f71c52d-839b-5cd5-2764-5e42b5134f8b",
            "internationalization",
            "20261123101500000",
            "com.example.service.v2beta1",
        ] {
            assert!(!is_opaque(value.as_bytes()), "{value}");
        }
        assert!(is_mixed(b"hunter2") && !is_mixed(b"hunter") && !is_mixed(b"12345"));
    }
}
