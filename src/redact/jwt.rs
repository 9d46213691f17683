//! JSON web tokens (RFC 7519): header and claims tell an engineer who issued what for how long, so they stay, redacted; the
//! signature, without which the token opens nothing, goes.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::placeholder::PREFIX;
use super::stream::Counts;
use super::{Redactor, sensitive_names};

/// Longer ones are replaced as a whole.
const LONGEST: usize = 16 << 10;

/// The member that a rewritten header and rewritten claims begin with: it tells the reader, and moves every digit, so that no
/// piece of the original text stays.
const MARK: &str = "redacted";

/// Claims that are about a person or a session (OpenID Connect Core 1.0, 5.1, and what identity providers add).
const PERSONAL: [&str; 24] = [
    "sub",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "username",
    "user",
    "email",
    "phone_number",
    "address",
    "birthdate",
    "picture",
    "profile",
    "website",
    "upn",
    "unique_name",
    "oid",
    "sid",
    "nonce",
    "login_hint",
    "cognito:username",
    "user_id",
];

/// `token` with its claims redacted and its signature replaced; `None` when it is no token that can be read. The same token
/// gives the same text, and a rewritten one stays as it is.
pub(super) fn rewritten(redactor: &Redactor, token: &[u8]) -> Option<Vec<u8>> {
    if token.len() > LONGEST || !token.starts_with(b"ey") {
        return None;
    }
    let mut parts = token.splitn(3, |b| *b == b'.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if signature.contains(&b'.') {
        return None;
    }
    let (header, claims) = (object(header)?, object(claims)?);
    let is_signature = |text: &[u8]| text.iter().all(|b| b.is_ascii_alphanumeric() || b"-_=".contains(b));
    if !header.contains_key("alg") || !is_signature(signature) {
        return None;
    }
    let mut out = closed(header)?;
    out.push(b'.');
    let mut people = claims;
    people.iter_mut().for_each(|(name, value)| redact(redactor, name, value));
    out.extend_from_slice(&closed(people)?);
    out.push(b'.');
    if signature.starts_with(PREFIX.as_bytes()) {
        out.extend_from_slice(signature);
    } else {
        redactor.pseudonyms.write("jwt", true, token, &mut out);
    }
    Some(out)
}

/// Widens the placeholders of signatures in `text` over the rest of their rewritten tokens, so that these are left alone as a
/// whole. What only poses as one, with claims that the rules would change, is not widened.
pub(super) fn widen(redactor: &Redactor, text: &[u8], placeholders: &mut [(usize, usize)]) {
    for (start, end) in placeholders.iter_mut().filter(|(start, _)| text[*start..].starts_with(b"REDACTED-jwt-")) {
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let length = text[..*start].iter().rev().take(LONGEST).take_while(|b| is_part(b)).count();
        let token = &text[*start - length..*end];
        if rewritten(redactor, token).is_some_and(|again| again == token) {
            *start -= length;
        }
    }
}

fn object(part: &[u8]) -> Option<Map<String, Value>> {
    let json = BASE64URL_NOPAD.decode(part.strip_suffix(b"=").unwrap_or(part)).ok()?;
    match serde_json::from_slice(&json).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

fn closed(members: Map<String, Value>) -> Option<Vec<u8>> {
    let mut marked = Map::with_capacity(members.len() + 1);
    marked.insert(MARK.to_owned(), Value::Bool(true));
    marked.extend(members);
    Some(BASE64URL_NOPAD.encode(&serde_json::to_vec(&Value::Object(marked)).ok()?).into_bytes())
}

fn redact(redactor: &Redactor, name: &str, value: &mut Value) {
    match value {
        Value::String(text) => *text = redacted(redactor, name, text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(redactor, name, item)),
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| redact(redactor, name, value)),
        Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

fn redacted(redactor: &Redactor, name: &str, text: &str) -> String {
    let by_rules = redactor.text(text);
    if by_rules.contains(PREFIX) {
        return by_rules;
    }
    let kind = if PERSONAL.contains(&name.to_ascii_lowercase().as_str()) {
        "user"
    } else if let Some(kind) = sensitive_names::is_sensitive_key(name.as_bytes()) {
        kind
    } else {
        return by_rules;
    };
    let mut out = Vec::new();
    // Counted as one replacement of the token.
    if kind == "user" {
        redactor.pseudonyms.write(kind, true, text.to_ascii_lowercase().as_bytes(), &mut out);
    } else {
        redactor.replace_named(kind, text.as_bytes(), &mut out, &mut Counts::new());
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{KnownNames, Privacy, Pseudonyms, RuleSet};
    use super::*;
    use std::sync::Arc;

    fn token(header: &str, claims: &str) -> String {
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg", part(header), part(claims))
    }

    #[test]
    fn claims_stay_without_the_person_and_the_signature_goes() {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
        let redactor =
            Redactor::new(set, Pseudonyms::new(b"k"), &KnownNames::default(), Privacy::Standard).expect("ready");
        let claims = r#"{"iss":"https://id.example.org","sub":"u-4711","email":"erika@example.org","exp":1764000000}"#;
        let before = token(r#"{"alg":"RS256","typ":"JWT"}"#, claims);
        let after = rewritten(&redactor, before.as_bytes()).expect("it is a token");
        assert_eq!(rewritten(&redactor, &after), Some(after.clone()), "twice is once");
        let text = String::from_utf8(after).expect("ASCII");
        let parts: Vec<&str> = text.split('.').collect();
        let claims = String::from_utf8(BASE64URL_NOPAD.decode(parts[1].as_bytes()).expect("base64")).expect("UTF-8");
        assert!(claims.contains("https://id.example.org") && claims.contains("1764000000"), "{claims}");
        assert!(!claims.contains("4711") && !claims.contains("erika"), "{claims}");
        assert!(claims.contains("REDACTED-user-") && claims.contains("REDACTED-email-"), "{claims}");
        assert!(parts[2].starts_with("REDACTED-jwt-"));
        for (old, new) in before.split('.').zip(&parts) {
            assert!(!new.contains(&old[4..16]), "no piece of {old} stays");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_token() {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
        let redactor =
            Redactor::new(set, Pseudonyms::new(b"k"), &KnownNames::default(), Privacy::Standard).expect("ready");
        for text in
            ["eyJhbGciOiJIUzI1NiJ9.abc", "eyJhbGciOiJIUzI1NiJ9.zzzzzzzz.sig", "eyJ4IjoxfQ.eyJ5IjoxfQ.sig", "a.b.c"]
        {
            assert_eq!(rewritten(&redactor, text.as_bytes()), None, "{text}");
        }
    }
}
