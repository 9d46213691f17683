//! What a value is for, as far as the names around it tell: those of HAR, and those of other JSON that carries secrets.

use crate::redact::json::Place;
use crate::redact::sensitive_names::{is_cookie_list, is_plain_header, is_sensitive_header, is_sensitive_key};
use crate::redact::sensitive_names::{is_user_header, parameter_kind};

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All of it goes, under this kind, but for the scheme of a credential.
    Whole(&'static str),
    /// The values of cookies go, names and attributes stay.
    Cookies {
        /// Each line is one cookie with attributes.
        set: bool,
    },
    /// The rules look at it.
    Text,
}

/// Lists whose items have a `name` that is a header's.
const HEADER_LISTS: [&str; 5] = ["headers", "header", "requestHeaders", "responseHeaders", "trailers"];

/// Lists and objects of form fields and query parameters.
const PARAMETERS: [&str; 9] = [
    "queryString",
    "params",
    "query",
    "urlencoded",
    "formdata",
    "form",
    "queryStringParameters",
    "queryParams",
    "parameters",
];

/// Objects that map a host to its token in Composer's `auth.json`.
const TOKENS_BY_HOST: [&str; 4] = ["github-oauth", "gitlab-oauth", "gitlab-token", "bearer"];

impl Purpose {
    /// `text` decides where a name alone promises too little.
    pub(super) fn of(place: &Place<'_>, text: &[u8]) -> Self {
        if place.says.secret {
            return Self::Whole("secret");
        }
        if is_cookie_list(place.path.inner_to_outer()) {
            return Self::Whole("cookie");
        }
        let Some(name) = place.sibling_name.or(place.key) else { return Self::Text };
        let is_in = |list: &[&str]| {
            let outer = place.path.inner_to_outer().nth(1);
            outer.is_some_and(|key| list.iter().any(|known| key.eq_ignore_ascii_case(known.as_bytes())))
        };
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("cookie") || is("set-cookie") {
            return Self::Cookies { set: is("set-cookie") };
        }
        if is_in(&HEADER_LISTS) {
            if is_plain_header(name) {
                return Self::Text;
            }
            if is_user_header(name) {
                return Self::Whole("user");
            }
        }
        if is_in(&PARAMETERS)
            && let Some(kind) = parameter_kind(name, text)
        {
            return Self::Whole(kind);
        }
        if is_in(&TOKENS_BY_HOST) && place.sibling_name.is_none() {
            return Self::Whole("token");
        }
        // `"apiKey": {"value": "…"}`, and what Postman makes of it.
        if ["value", "stringValue", "data", "raw", "plain"].iter().any(|known| is(known))
            && let Some(kind) = place.path.inner_to_outer().nth(1).and_then(is_sensitive_key)
        {
            return Self::Whole(kind);
        }
        // The key id of a Google service account (https://cloud.google.com/iam/docs/keys-create-delete).
        if is("private_key_id") {
            return Self::Whole("key");
        }
        is_sensitive_header(name).or_else(|| is_sensitive_key(name)).map_or(Self::Text, Self::Whole)
    }
}
