//! Names that only HTTP gives a meaning: headers that carry nothing secret, headers that name people, and parameters of sign-in
//! protocols.

use super::{is_mixed, is_opaque, is_reference, is_sensitive_key};

/// Headers whose values say how a message is to be read, cached, routed or traced. The rules look at them, but no name makes
/// them secret.
const PLAIN: [&str; 78] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-request-headers",
    "access-control-request-method",
    "age",
    "allow",
    "alt-svc",
    "cache-control",
    "cf-cache-status",
    "cf-ray",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-security-policy",
    "content-type",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "dnt",
    "etag",
    "expect",
    "expires",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "nel",
    "permissions-policy",
    "pragma",
    "priority",
    "proxy-authenticate",
    "range",
    "referrer-policy",
    "report-to",
    "retry-after",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
    "server",
    "server-timing",
    "strict-transport-security",
    "te",
    "timing-allow-origin",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-request-id",
];

/// Headers in which proxies and gateways say who is signed in.
const USERS: [&str; 14] = [
    "from",
    "remote-user",
    "x-remote-user",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-preferred-username",
    "x-auth-request-user",
    "x-auth-request-email",
    "x-authenticated-user",
    "x-user",
    "x-user-name",
    "x-username",
    "x-user-email",
    "x-goog-authenticated-user-email",
];

/// Headers whose values look random and open nothing: they find a request or a version of a thing.
const IDS: [&str; 8] = [
    "etag",
    "if-match",
    "if-none-match",
    "sec-websocket-accept",
    "sec-websocket-key",
    "traceparent",
    "x-request-id",
    "cf-ray",
];

/// Headers that name products with versions of four numbers, which look like addresses.
const VERSIONS: [&str; 4] = ["user-agent", "sec-ch-ua", "sec-ch-ua-full-version", "sec-ch-ua-full-version-list"];

/// Parameters of OAuth, OpenID Connect, CAS, SAML and signed links whose names promise nothing elsewhere.
const SIGN_IN: [&str; 15] = [
    "code",
    "state",
    "nonce",
    "ticket",
    "sig",
    "relaystate",
    "samlart",
    "id_token_hint",
    "logout_hint",
    "device_code",
    "user_code",
    "code_challenge",
    "request_uri",
    "oob_code",
    "oobcode",
];

/// Parameters that are keys of services as often as of data: the value decides.
const PERHAPS: [&str; 4] = ["key", "hash", "t", "h"];

fn is_in(name: &[u8], list: &[&str]) -> bool {
    list.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// True for a header that carries no secret, whatever its name sounds like.
#[must_use]
pub fn is_plain_header(name: &[u8]) -> bool {
    is_in(name, &PLAIN)
}

/// True for a header that says who somebody is.
#[must_use]
pub fn is_user_header(name: &[u8]) -> bool {
    is_in(name, &USERS)
}

/// True for a header whose random value is an id.
#[must_use]
pub fn is_id_header(name: &[u8]) -> bool {
    is_in(name, &IDS)
}

/// True for a header that names products and their versions.
#[must_use]
pub fn is_version_header(name: &[u8]) -> bool {
    is_in(name, &VERSIONS)
}

/// The kind of secret that the parameter `name` of a URL or form is, where its value looks like one.
#[must_use]
pub fn parameter_kind(name: &[u8], value: &[u8]) -> Option<&'static str> {
    if value.len() < 2 || is_reference(value) {
        return None;
    }
    if let Some(kind) = is_sensitive_key(name) {
        return Some(kind);
    }
    let signs_in = is_in(name, &SIGN_IN) && value.len() >= 8 && (is_mixed(value) || is_opaque(value));
    (signs_in || is_in(name, &PERHAPS) && is_opaque(value)).then_some("token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_sign_in_go_when_their_values_look_like_keys() {
        for (name, value) in
            [("code", "4/0AX4XfWh3"), ("State", "af0ifjsldkj1"), ("password", "hunter"), ("sig", "k3JhT9vLmQ2w")]
        {
            assert!(parameter_kind(name.as_bytes(), value.as_bytes()).is_some(), "{name}");
        }
        for (name, value) in
            [("code", "404"), ("state", "california"), ("key", "name"), ("page", "k3JhT9vLmQ2w"), ("password", "")]
        {
            assert!(parameter_kind(name.as_bytes(), value.as_bytes()).is_none(), "{name}");
        }
    }

    #[test]
    fn the_lists_are_in_lower_case_and_sorted_where_they_are_long() {
        assert!(PLAIN.is_sorted());
        assert!(PLAIN.iter().chain(&USERS).chain(&SIGN_IN).all(|name| !name.bytes().any(|b| b.is_ascii_uppercase())));
    }
}
