//! A POST of JSON to whatever an operator has: its body is the notice, and may be signed.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::blocking::RequestBuilder;
use reqwest::header::AUTHORIZATION;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use url::Url;

use super::post::Post;
use super::{Acknowledgement, ConnectError, Notifier, Parts, Receipt};
use crate::deliver::DeliverError;
use crate::deliver::secrets::Secret;
use crate::escalate::notice::{Notice, SUMMARY};
use crate::escalate::plain_text::one_line;

/// The version of the body.
const SCHEMA: &str = "casefile-notice/1";

/// A receiver.
pub(super) struct Webhook {
    post: Post,
    url: Url,
    authorization: Option<Secret>,
    signing_key: Option<Secret>,
}

impl Webhook {
    pub(super) fn new(parts: &Parts<'_>) -> Result<Self, ConnectError> {
        let target = parts.target;
        Ok(Self {
            // The key goes along in a header, but nobody promises to heed it.
            post: Post { name: parts.name.to_owned(), client: parts.client()?, merges: false },
            url: parts.secret_address()?,
            authorization: parts.secret(target.authorization.as_ref())?,
            signing_key: parts.secret(target.signing_key.as_ref())?,
        })
    }

    fn send_body(&self, key: &str, body: &Value) -> Result<(), DeliverError> {
        let complete = |mut request: RequestBuilder, bytes: &[u8]| {
            request = request.header("Idempotency-Key", one_line(key, 255));
            if let Some(value) = self.authorization.as_ref().and_then(|secret| secret.header("")) {
                request = request.header(AUTHORIZATION, value);
            }
            match &self.signing_key {
                Some(secret) => request.header("X-Casefile-Signature", signature(secret, bytes)),
                None => request,
            }
        };
        self.post.json(&self.url, body, complete).map(drop)
    }
}

/// `sha256=` and the HMAC of the body in hexadecimal.
fn signature(secret: &Secret, body: &[u8]) -> String {
    let mut keyed = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("HMAC takes keys of any length");
    keyed.update(body);
    format!("sha256={}", HEXLOWER.encode(&keyed.finalize().into_bytes()))
}

impl Notifier for Webhook {
    fn merges(&self) -> bool {
        false
    }

    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError> {
        let details: Map<String, Value> =
            notice.details.iter().map(|(name, value)| (one_line(name, 80), one_line(value, 2048).into())).collect();
        let link = notice.link.as_deref().and_then(|link| Url::parse(link).ok()).map(String::from);
        let body = json!({
            "schema": SCHEMA,
            "event": "notice",
            "key": one_line(&notice.key, 255),
            "case_id": notice.case_id.as_str(),
            "severity": notice.severity.to_string(),
            "service": notice.service.as_deref().map(|service| one_line(service, 80)),
            "summary": one_line(&notice.summary, SUMMARY),
            "details": details,
            "link": link,
        });
        self.send_body(&notice.key, &body)?;
        Ok(Receipt { id: None })
    }

    fn acknowledgement(&self, _key: &str) -> Result<Option<Acknowledgement>, DeliverError> {
        Ok(None)
    }

    fn resolve(&self, key: &str, text: &str) -> Result<(), DeliverError> {
        let key = one_line(key, 255);
        let body = json!({ "schema": SCHEMA, "event": "resolved", "key": key, "text": one_line(text, SUMMARY) });
        self.send_body(&format!("{key}/resolved"), &body)
    }
}
