//! Who signs in, and where: logins that a manual made up, and hosts that a service gives to its customers.

use crate::redact::sensitive_names::is_reference;

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
pub(super) fn login(value: &[u8]) -> bool {
    let Some(colon) = value.iter().position(|b| *b == b':') else { return false };
    // `"$1:$2"` is two parameters of a script.
    let parameter = |part: &[u8]| matches!(part, [b'$', n] if n.is_ascii_digit());
    let trim = |part: &[u8]| -> Vec<u8> { part.iter().copied().filter(|b| !b"\"'`".contains(b)).collect() };
    let (user, password) = (trim(&value[..colon]), trim(&value[colon + 1..]));
    !is_reference(&password) && !parameter(&password) && !is_manual(&user, &password)
}

/// Whether both are the words for themselves, as in `user:password`.
pub(super) fn is_manual(user: &[u8], password: &[u8]) -> bool {
    let one_of = |list: &[&str], part: &[u8]| list.iter().any(|known| part.eq_ignore_ascii_case(known.as_bytes()));
    one_of(&MANUAL_USERS, user) && one_of(&MANUAL_PASSWORDS, password)
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

/// Whether a host at a service is that of one of its customers.
pub(super) fn tenant(value: &[u8]) -> bool {
    let host = value.rsplit(|b| *b == b'/').next().unwrap_or(value);
    let first = host.split(|b| *b == b'.').next().unwrap_or(host);
    !OWN_HOSTS.iter().any(|own| first.eq_ignore_ascii_case(own.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_themselves_are_no_login() {
        for value in ["user:password", "guest:guest", "bob:${PASSWORD}", "\"$1:$2\"", "bob"] {
            assert!(!login(value.as_bytes()), "{value}");
        }
        for value in ["bob:hunter2", "user:hunter2", "mallory:password", "bob:'hunter2'"] {
            assert!(login(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn hosts_of_customers_are_told_from_those_of_the_service() {
        assert!(tenant(b"https://acme.okta.com") && tenant(b"acme-dev.atlassian.net"));
        assert!(!tenant(b"https://developer.okta.com") && !tenant(b"www.zendesk.com"));
    }
}
