//! Posting to a far side, again a few times where that does no harm.

use std::thread;
use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use url::Url;

use crate::deliver::DeliverError;
use crate::deliver::http::{Answer, HttpClient, HttpError};
use crate::escalate::plain_text::one_line;

/// How often a request is made. Somebody waits at the terminal; the same command again goes on.
const TRIES: u32 = 3;

/// The first pause; each next one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause, also where the far side asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Longest explanation of a far side in an error, in characters.
const PROBLEM: usize = 200;

/// A far side that JSON is posted to.
#[derive(Debug, Clone)]
pub(super) struct Post {
    /// The target's name in the policy.
    pub(super) name: String,
    pub(super) client: HttpClient,
    /// Whether the same request again does no harm, as the far side merges by key.
    pub(super) merges: bool,
}

impl Post {
    /// Posts `body` and gives an answer of success. `complete` adds headers.
    pub(super) fn json(
        &self,
        url: &Url,
        body: &Value,
        complete: impl Fn(RequestBuilder, &[u8]) -> RequestBuilder,
    ) -> Result<Answer, DeliverError> {
        let bytes = body.to_string().into_bytes();
        self.tries(|| {
            let request = self.client.request(Method::POST, url)?.header(CONTENT_TYPE, "application/json");
            Ok(complete(request, &bytes).body(bytes.clone()))
        })
    }

    /// Asks for `url`, any number of times.
    pub(super) fn get(
        &self,
        url: &Url,
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Value, DeliverError> {
        let reading = Self { merges: true, ..self.clone() };
        let answer = reading.tries(|| Ok(complete(self.client.request(Method::GET, url)?)))?;
        Ok(answer.json()?)
    }

    fn tries(&self, build: impl Fn() -> Result<RequestBuilder, HttpError>) -> Result<Answer, DeliverError> {
        let mut pause = PAUSE;
        for left in (0..TRIES).rev() {
            let outcome = self.client.send(build()?);
            let (harmless, wait) = match &outcome {
                Ok(answer) if answer.is_success() => return Ok(outcome?),
                // It says itself that it did nothing.
                Ok(answer) if answer.status == 429 => (true, answer.retry_after()),
                Ok(answer) => (self.merges && answer.status >= 500, answer.retry_after()),
                Err(HttpError::NotSent { .. }) => (true, None),
                Err(HttpError::NoAnswer { .. }) => (self.merges, None),
                Err(_) => (false, None),
            };
            if left == 0 || !harmless {
                return Err(match outcome {
                    Ok(answer) => self.refused(&answer),
                    Err(e) => e.into(),
                });
            }
            thread::sleep(if cfg!(test) { Duration::ZERO } else { wait.unwrap_or(pause).min(LONGEST_PAUSE) });
            pause *= 2;
        }
        unreachable!("the last try returns")
    }

    /// What the far side says in its refusal, as one harmless line.
    fn refused(&self, answer: &Answer) -> DeliverError {
        let said = one_line(&String::from_utf8_lossy(&answer.body), PROBLEM);
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        DeliverError::Refused {
            system: self.name.clone(),
            action: "take the notice",
            problem: format!("status {}{said}", answer.status),
        }
    }
}
