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

/// The names around a value, as far as they say what it is for. Nothing else of its place may be asked for that, because
/// what they say is remembered by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Names<'a> {
    /// What it is called by the object that it is in.
    pub(super) sibling: Option<&'a [u8]>,
    pub(super) key: Option<&'a [u8]>,
    /// The key around that.
    pub(super) outer: Option<&'a [u8]>,
}

impl<'a> Names<'a> {
    pub(super) fn of(place: &Place<'a>) -> Self {
        Self { sibling: place.sibling_name, key: place.key, outer: place.path.inner_to_outer().nth(1) }
    }

    /// The name that tells most.
    pub(super) fn own(&self) -> Option<&'a [u8]> {
        self.sibling.or(self.key)
    }
}

impl Purpose {
    /// `text` decides where a name alone promises too little.
    pub(super) fn of(place: &Place<'_>, names: &Names<'_>, by_name: ByName, text: &[u8]) -> Self {
        if place.says.secret {
            return Self::Whole("secret");
        }
        if by_name.parameter
            && let Some(kind) = names.own().and_then(|name| parameter_kind(name, text))
        {
            return Self::Whole(kind);
        }
        by_name.otherwise
    }
}

/// What the names around a value say, whatever it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByName {
    /// It is a parameter, so that the text may say more.
    parameter: bool,
    otherwise: Purpose,
}

impl ByName {
    pub(super) fn of(names: &Names<'_>) -> Self {
        let parameter = names.own().is_some() && is_any(names.outer, &PARAMETERS) && !is_cookie(names);
        Self { parameter, otherwise: Self::otherwise(names) }
    }

    /// Whether the list or object around a value says what it is for, and not its own key alone.
    pub(super) fn by_the_names_around(names: &Names<'_>) -> bool {
        is_cookie_list(names.key.into_iter().chain(names.outer))
            || is_any(names.outer, &HEADER_LISTS)
            || is_any(names.outer, &TOKENS_BY_HOST)
    }

    fn otherwise(names: &Names<'_>) -> Purpose {
        if is_cookie_list(names.key.into_iter().chain(names.outer)) {
            return Purpose::Whole("cookie");
        }
        let Some(name) = names.own() else { return Purpose::Text };
        let is_in = |list: &[&str]| is_any(names.outer, list);
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("cookie") || is("set-cookie") {
            return Purpose::Cookies { set: is("set-cookie") };
        }
        if is_in(&HEADER_LISTS) {
            if is_plain_header(name) {
                return Purpose::Text;
            }
            if is_user_header(name) {
                return Purpose::Whole("user");
            }
        }
        if is_in(&TOKENS_BY_HOST) && names.sibling.is_none() {
            return Purpose::Whole("token");
        }
        // `"apiKey": {"value": "…"}`, and what Postman makes of it.
        if ["value", "stringValue", "data", "raw", "plain"].iter().any(|known| is(known))
            && let Some(kind) = names.outer.and_then(is_sensitive_key)
        {
            return Purpose::Whole(kind);
        }
        // The key id of a Google service account (https://cloud.google.com/iam/docs/keys-create-delete).
        if is("private_key_id") {
            return Purpose::Whole("key");
        }
        is_sensitive_header(name).or_else(|| is_sensitive_key(name)).map_or(Purpose::Text, Purpose::Whole)
    }
}

fn is_any(name: Option<&[u8]>, list: &[&str]) -> bool {
    name.is_some_and(|name| list.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())))
}

/// A list of cookies, or a header of them.
fn is_cookie(names: &Names<'_>) -> bool {
    is_cookie_list(names.key.into_iter().chain(names.outer)) || is_any(names.own(), &["cookie", "set-cookie"])
}
