//! Tables of names that promise a secret and names that only sound so.

use super::*;

#[test]
fn names_of_secrets_are_known_in_every_spelling() {
    for (name, kind) in [
        ("password", "password"),
        ("Password2", "password"),
        ("passwd", "password"),
        ("pwd", "password"),
        ("DB_PASSWORD", "password"),
        ("DB_PASSWORD_PROD", "password"),
        ("dbpassword", "password"),
        ("userPasswordConfirmation", "password"),
        ("spring.datasource.password", "password"),
        ("password_hash", "password"),
        ("smtp_pass", "password"),
        ("clientSecret", "secret"),
        ("client_secret", "secret"),
        ("clientsecret", "secret"),
        ("secret_id", "secret"),
        ("aws_secret_access_key", "key"),
        ("api_key", "key"),
        ("apiKey", "key"),
        ("X-API-Key", "key"),
        ("apikey", "key"),
        ("stripeApiKey", "key"),
        ("private_key", "key"),
        ("AccountKey", "key"),
        ("token", "token"),
        ("access_token", "token"),
        ("refreshToken", "token"),
        ("id_token", "token"),
        ("authtoken", "token"),
        ("registry_tokens", "token"),
        ("sessionId", "session"),
        ("JSESSIONID", "session"),
        ("X-Acme-Session", "session"),
        ("csrf", "csrf"),
        ("xsrf-token", "token"),
        ("connectionString", "credential"),
        ("credentials", "credential"),
        ("X-Amz-Signature", "signature"),
        ("code_verifier", "token"),
        ("SAMLResponse", "token"),
        ("proxy_auth", "auth"),
        ("cvv", "pin"),
    ] {
        assert_eq!(is_sensitive_key(name.as_bytes()), Some(kind), "{name}");
    }
}

#[test]
fn names_about_secrets_are_no_secrets() {
    for name in [
        "token_type",
        "tokenType",
        "password_policy",
        "key_id",
        "access_key_id",
        "csrf_enabled",
        "max_tokens",
        "tokens_used",
        "total_tokens",
        "prompt_tokens",
        "tokens",
        "primary_key",
        "foreign_key",
        "sort_key",
        "cacheKey",
        "key",
        "keys",
        "session_count",
        "sessionTimeout",
        "secretName",
        "secret_name",
        "password_file",
        "token_url",
        "expires_in",
        "token_expires_at",
        "has_password",
        "isPasswordSet",
        "forgot_password",
        "NOPASSWD",
        "compass",
        "bypass",
        "passed",
        "author",
        "authors",
        "authority",
        "auth_method",
        "design",
        "assigned",
        "keyboard",
        "monkey",
        "request_id",
        "trace_id",
        "status_code",
        "code",
        "state",
        "name",
        "id",
        "",
        "123",
        "pinned",
        "sidecar",
        "secretary",
        "tokenizer",
        "tokenizer_name",
        "PublicKeyToken",
        "password_encryption",
        "PasswordExpiryWarning",
        "REDACTED-token-45d44fe50a",
        "for REDACTED-password",
    ] {
        assert_eq!(is_sensitive_key(name.as_bytes()), None, "{name}");
    }
}

#[test]
fn what_stands_around_a_placeholder_is_a_name_still() {
    for name in
        ["token_for_REDACTED-user-45d44fe50a", "REDACTED-host-45d44fe50a_password", "REDACTED-aREDACTED-b.apiKey"]
    {
        assert!(is_sensitive_key(name.as_bytes()).is_some(), "{name}");
    }
    let many = "REDACTED-".repeat(200_000);
    assert_eq!(is_sensitive_key(many.as_bytes()), None);
}

#[test]
fn headers_are_known_without_case() {
    for (name, kind) in [
        ("authorization", "auth"),
        ("Authorization", "auth"),
        ("PROXY-AUTHORIZATION", "auth"),
        ("cookie", "cookie"),
        ("Set-Cookie", "cookie"),
        ("x-api-key", "key"),
        ("X-Auth-Token", "token"),
        ("x-csrf-token", "token"),
        ("x-amz-security-token", "token"),
        ("Private-Token", "token"),
        ("x-acme-session", "session"),
        ("ocp-apim-subscription-key", "key"),
        ("cf-access-client-secret", "secret"),
        ("dpop", "token"),
    ] {
        assert_eq!(is_sensitive_header(name.as_bytes()), Some(kind), "{name}");
    }
    for name in [
        "x-request-id",
        "traceparent",
        "sec-websocket-key",
        "www-authenticate",
        "etag",
        "content-type",
        "idempotency-key",
        "access-control-allow-headers",
        "x-ratelimit-limit-tokens",
        "server",
        "date",
    ] {
        assert_eq!(is_sensitive_header(name.as_bytes()), None, "{name}");
    }
}

#[test]
fn keys_of_data_are_told_from_keys_of_services() {
    for name in ["cache_key", "Idempotency-Key", "primaryKey", "PUBLIC_KEY"] {
        assert!(is_data_key(name.as_bytes()), "{name}");
    }
    for name in ["pdfshift_key", "key", "kontentKey", "cache"] {
        assert!(!is_data_key(name.as_bytes()), "{name}");
    }
}

#[test]
fn cookies_in_a_list_are_values_only() {
    let path = |keys: &[&'static str]| keys.iter().rev().map(|k| k.as_bytes()).collect::<Vec<_>>();
    assert!(is_cookie_list(path(&["request", "cookies", "value"])));
    assert!(!is_cookie_list(path(&["request", "cookies", "name"])));
    assert!(!is_cookie_list(path(&["request", "headers", "value"])));
}

#[test]
fn every_kind_is_listed() {
    let tables = ANYWHERE.iter().chain(&AT_END).chain(&RUN_TOGETHER).chain(&HEADERS).map(|(_, kind)| kind);
    for kind in tables.chain(PAIRS.iter().map(|(_, _, kind)| kind)) {
        assert!(KINDS.contains(kind), "{kind}");
    }
}

#[test]
fn a_hostile_name_is_only_read() {
    for name in [&[0xff; 10_000][..], b"---___", "pässwörd".as_bytes(), &[b'A'; 5000]] {
        let _ = is_sensitive_key(name);
        let _ = is_sensitive_header(name);
    }
}
