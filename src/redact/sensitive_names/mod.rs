//! Which names promise a secret: keys of JSON, YAML, INI and `.env`, environment variables, form fields, HTTP headers.
//!
//! A name is cut into lower-case words (`clientSecret`, `client_secret`, `Client-Secret` and `CLIENT.SECRET` are the same
//! two), then judged by its last word, the words before it, and the exceptions: `max_tokens` and `password_policy` promise
//! nothing. Pure; knows no values but those that [`is_reference`] tells apart.

mod http;
mod made;
mod placeholders;
mod remembered;
mod tables;
mod telling;
mod values;
mod words;

pub use http::{is_id_header, is_plain_header, is_user_header, is_version_header, parameter_kind};
pub use made::looks_made;
pub use placeholders::is_placeholder;
use remembered::{Asked, judged};
use tables::{
    ABOUT, ANYWHERE, ASKS, AT_END, COUNTED, DATA_KEYS, FOREIGN, HARMLESS_HEADERS, HEADERS, PAIRS, RUN_TOGETHER,
    SECRET_KEYS, STILL,
};
pub(super) use telling::telling_words;
pub use values::{is_mixed, is_opaque, is_reference, is_uuid};
use words::{spaced, words};

use super::placeholder::PREFIX;

/// The kinds that this module reports, for placeholders.
pub const KINDS: [&str; 11] =
    ["password", "secret", "token", "key", "session", "csrf", "cookie", "credential", "signature", "pin", "auth"];

/// The kind of secret that a value called `name` is, or `None` when the name promises none.
#[must_use]
pub fn is_sensitive_key(name: &[u8]) -> Option<&'static str> {
    judged(name, Asked::Key, judged_as_key)
}

fn judged_as_key(name: &[u8]) -> Option<&'static str> {
    if !name.is_ascii() && FOREIGN.iter().any(|word| memchr::memmem::find(name, word.as_bytes()).is_some()) {
        return Some("password");
    }
    // What a placeholder stands for is not known, so its words say nothing about another value.
    let mut name = name;
    while let Some(at) = memchr::memmem::find(name, PREFIX.as_bytes()) {
        if let Some(kind) = is_sensitive_key(&name[..at]) {
            return Some(kind);
        }
        let is_of_it = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || **byte == b'-';
        let rest = &name[at + PREFIX.len()..];
        name = &rest[rest.iter().take_while(is_of_it).count()..];
    }
    let text = spaced(name);
    let all = words(&text);
    let mut words = all.as_slice();
    while let [rest @ .., last] = words
        && !rest.is_empty()
        && STILL.contains(last)
    {
        words = rest;
    }
    let (last, before) = words.split_last()?;
    if !before.is_empty() && (ABOUT.contains(last) || ASKS.contains(&before[0]) || last.ends_with("expires")) {
        return None;
    }
    if matches!(*last, "nopasswd" | "nopassword") || is_id_of_other(last, before) {
        return None;
    }
    if let Some(kind) = find(&AT_END, last) {
        // A count of model tokens is in every log of a language model.
        let counted = *last == "tokens" && before.last().is_none_or(|w| COUNTED.contains(w));
        return (!counted).then_some(kind);
    }
    // What everybody may know, such as the short name of a key that .NET prints.
    if *last == "token" && matches!(before, [.., "public", "key"] | [.., "public"]) {
        return None;
    }
    if let Some(before) = before.last() {
        if matches!(*last, "key" | "keys") && SECRET_KEYS.contains(before) {
            return Some("key");
        }
        if let Some((_, _, kind)) = PAIRS.iter().find(|(first, second, _)| first == before && second == last) {
            return Some(kind);
        }
    }
    words
        .iter()
        .rev()
        .find_map(|word| find(&ANYWHERE, word))
        .or_else(|| RUN_TOGETHER.iter().find(|(end, _)| last.ends_with(end)).map(|&(_, kind)| kind))
}

/// True for the name of a key that finds data: `cache_key`, `Idempotency-Key`. Other keys, of services that nobody can list,
/// are secrets when their value looks like one ([`is_opaque`], [`is_uuid`]).
#[must_use]
pub fn is_data_key(name: &[u8]) -> bool {
    let text = spaced(name);
    let all = words(&text);
    matches!(all.as_slice(), [.., before, "key" | "keys" | "token"] if DATA_KEYS.contains(before))
        || matches!(all.as_slice(), [.., "public", "key", "token"])
}

/// True for the name of what only points at a secret: `credentialsId`, `token_id`; not for `client_id` and `app_id`, which
/// services take together with a secret.
#[must_use]
pub fn is_handle(name: &[u8]) -> bool {
    let text = spaced(name);
    let all = words(&text);
    let pointed = |word: &&str| {
        matches!(*word, "credential" | "credentials" | "creds" | "token" | "key" | "password" | "request" | "trace")
    };
    matches!(all.as_slice(), [.., before, "id" | "ids" | "uuid"] if pointed(before))
}

/// True for a name that says of itself that its value is none: `nonMatchingToken`, `fake_key`.
#[must_use]
pub fn is_denied(name: &[u8]) -> bool {
    let text = spaced(name);
    words(&text).first().is_some_and(|first| ["non", "not", "dummy", "fake", "bogus"].contains(first))
}

/// `token_id`, `key_id`, `access_key_id` and `credential_ids` are handles for look-ups, not secrets.
fn is_id_of_other(last: &str, before: &[&str]) -> bool {
    matches!(last, "id" | "ids" | "uuid" | "index") && !matches!(before.last(), Some(&("session" | "secret")))
}

fn find(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == word).map(|&(_, kind)| kind)
}

/// The kind of secret that a value called `name` is, be it a key or a header.
#[must_use]
pub fn promised_by(name: &[u8]) -> Option<&'static str> {
    is_sensitive_key(name).or_else(|| is_sensitive_header(name))
}

/// The kind of secret in a header's value. Header names are compared without case: HTTP/2 writes them in lower case.
#[must_use]
pub fn is_sensitive_header(name: &[u8]) -> Option<&'static str> {
    judged(name, Asked::Header, judged_as_header)
}

fn judged_as_header(name: &[u8]) -> Option<&'static str> {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    if HARMLESS_HEADERS.iter().any(|known| is(known)) {
        return None;
    }
    HEADERS.iter().find(|(known, _)| is(known)).map(|&(_, kind)| kind).or_else(|| is_sensitive_key(name))
}

/// True for a value inside a list of cookies, as in HAR's `request.cookies[].value`. `keys` run from the innermost outwards.
/// A cookie's name, domain, path and dates are not values.
#[must_use]
pub fn is_cookie_list<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let mut keys = keys.into_iter();
    let is = |key: Option<&[u8]>, known: &str| key.is_some_and(|k| k.eq_ignore_ascii_case(known.as_bytes()));
    let value = keys.next();
    let list = keys.next();
    is(value, "value") && (is(list, "cookies") || is(list, "cookie") || is(list, "setCookies"))
}

#[cfg(test)]
mod tests;
