//! One ticket system as an HTTP address with a token: requests, answers, refusals in words. No error holds the token, even
//! where the far side sends it back.

use std::io::Write;
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::super::http::{Answer, HttpClient, HttpError};
use super::super::secrets::Secret;
use super::DeliverError;
use crate::escalate::plain_text::one_line;
use crate::escalate::ticket_systems::{Kind, TicketSystemEntry};

/// Longest refusal that is repeated to people.
const REFUSAL: usize = 300;

/// How long we wait before the same request again, where the far side is busy and names no time.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// Longest wait that a far side may ask for within a run; after that the command is to be repeated.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How long a file may take: a minute, and a second for each of these.
const SLOWEST_BYTES_A_SECOND: u64 = 32 * 1024;

/// A ticket system's address and the right to use it.
#[derive(Debug)]
pub(super) struct Rest {
    name: String,
    http: HttpClient,
    base: Url,
    right: (HeaderName, HeaderValue),
    token: Secret,
}

impl Rest {
    pub(super) fn new(
        name: &str,
        entry: &TicketSystemEntry,
        token: Secret,
        http: HttpClient,
    ) -> Result<Self, DeliverError> {
        let basic = |user: &str| {
            let pair = BASE64.encode(format!("{user}:{}", token.reveal()).as_bytes());
            HeaderValue::from_str(&format!("Basic {pair}")).ok()
        };
        let user = entry.user.as_deref().unwrap_or_default();
        let authorization = HeaderName::from_static("authorization");
        let (header, value) = match entry.kind {
            Kind::RequestTracker => (authorization, token.header("token ")),
            Kind::Redmine => (HeaderName::from_static("x-redmine-api-key"), token.header("")),
            Kind::JiraCloud => (authorization, basic(user)),
            Kind::Zendesk => (authorization, basic(&format!("{user}/token"))),
            Kind::Servicenow if !user.is_empty() => (authorization, basic(user)),
            Kind::JiraDataCenter | Kind::Servicenow | Kind::Webhook => (authorization, token.header("Bearer ")),
        };
        let mut value = value.ok_or_else(|| DeliverError::Refused {
            system: name.to_owned(),
            action: "be asked",
            problem: "its user or token has signs that no header can hold".to_owned(),
        })?;
        value.set_sensitive(true);
        if let Some(recording) = http.recording() {
            recording.hide(&token);
        }
        // Below a base that ends in a slash, a path is appended; otherwise it would replace the last part.
        let mut base = entry.url.clone();
        if entry.kind != Kind::Webhook && !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = http.along(entry.ca_file.as_deref(), entry.proxy.as_ref())?;
        Ok(Self { name: name.to_owned(), http, base, right: (header, value), token })
    }

    /// The name that the policy gives it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The address itself.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// The token, where a request is signed with it.
    pub(super) fn token(&self) -> &Secret {
        &self.token
    }

    /// An address below the base; each part is one segment whatever it holds.
    pub(super) fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("the policy takes only addresses with a host").pop_if_empty().extend(parts);
        url
    }

    /// The same with a query.
    pub(super) fn url_with(&self, parts: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.url(parts);
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    /// Reads JSON. Asked again where the far side is busy or the answer is lost.
    pub(super) fn get(&self, action: &'static str, url: &Url) -> Result<Value, DeliverError> {
        let answer = self.ask(action, || self.request(Method::GET, url), Repeat::Always)?;
        Ok(self.successful(action, answer)?.json()?)
    }

    /// Reads JSON, or nothing where there is none (404).
    pub(super) fn get_if_there(&self, action: &'static str, url: &Url) -> Result<Option<Value>, DeliverError> {
        let answer = self.ask(action, || self.request(Method::GET, url), Repeat::Always)?;
        if answer.status == 404 {
            return Ok(None);
        }
        Ok(Some(self.successful(action, answer)?.json()?))
    }

    /// Sends JSON. Sent again only where the far side says that it did nothing.
    pub(super) fn send(
        &self,
        action: &'static str,
        method: &Method,
        url: &Url,
        body: &Value,
    ) -> Result<Answer, DeliverError> {
        let request = || {
            let request = self.request(method.clone(), url)?;
            Ok(request.header("content-type", "application/json").body(body.to_string()))
        };
        let answer = self.ask(action, request, Repeat::IfNothingWasDone)?;
        self.successful(action, answer)
    }

    /// The same as a POST with a key by which the far side tells a repetition: it may be sent again whatever happened.
    pub(super) fn send_keyed(
        &self,
        action: &'static str,
        url: &Url,
        body: &Value,
        key: &str,
    ) -> Result<Answer, DeliverError> {
        let request = || {
            let request = self.request(Method::POST, url)?.header("idempotency-key", key);
            Ok(request.header("content-type", "application/json").body(body.to_string()))
        };
        let answer = self.ask(action, request, Repeat::Always)?;
        self.successful(action, answer)
    }

    /// Posts a signed text to the address itself, with such a key.
    pub(super) fn send_signed(
        &self,
        action: &'static str,
        text: &str,
        key: &str,
        signature: &str,
    ) -> Result<Answer, DeliverError> {
        let request = || {
            let request = self.request(Method::POST, &self.base)?.header("idempotency-key", key);
            let request = request.header("x-casefile-signature", signature);
            Ok(request.header("content-type", "application/json").body(text.to_owned()))
        };
        let answer = self.ask(action, request, Repeat::Always)?;
        self.successful(action, answer)
    }

    /// Sends what `build` makes of a request; `size` bytes are on the way.
    pub(super) fn send_file(
        &self,
        action: &'static str,
        url: &Url,
        size: u64,
        repeat: Repeat,
        build: impl Fn(RequestBuilder) -> Result<RequestBuilder, DeliverError>,
    ) -> Result<Answer, DeliverError> {
        let time = Duration::from_secs(60 + size / SLOWEST_BYTES_A_SECOND);
        let answer = self.ask(action, || build(self.request(Method::POST, url)?.timeout(time)), repeat)?;
        self.successful(action, answer)
    }

    /// Writes the body of an answer into `sink`, at most `most` bytes; gives the status and type. A redirect is not followed.
    pub(super) fn download(
        &self,
        action: &'static str,
        url: &Url,
        sink: &mut dyn Write,
        most: u64,
    ) -> Result<(), DeliverError> {
        let time = Duration::from_secs(60 + most / SLOWEST_BYTES_A_SECOND);
        let request = self.request(Method::GET, url)?.timeout(time);
        let answer = self.successful(action, self.http.send_into(request, sink, most)?)?;
        // A bundle is never that: somebody is to log in, or a proxy explains itself.
        if answer.is_page() {
            let host = self.base.host_str().unwrap_or_default().to_owned();
            let problem = format!("status {} and a page for people instead of a file", answer.status);
            return Err(HttpError::Unreadable { host, problem }.into());
        }
        Ok(())
    }

    /// The same, where the content may lie at another host. That host gets nothing of ours: the answer is then no.
    pub(super) fn download_unless_elsewhere(
        &self,
        action: &'static str,
        url: &Url,
        sink: &mut dyn Write,
        most: u64,
    ) -> Result<bool, DeliverError> {
        match self.download(action, url, sink, most) {
            Err(DeliverError::Http(HttpError::Redirected { .. })) => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// An answer that does not have what it must have.
    pub(super) fn lacks(&self, what: &str) -> DeliverError {
        let host = self.base.host_str().unwrap_or_default().to_owned();
        DeliverError::Http(HttpError::Unreadable { host, problem: format!("JSON without {what}") })
    }

    /// The list at `pointer` of an answer that must have one: what lacks it is not an answer to what was asked, and "nothing is
    /// there" would make a second ticket.
    pub(super) fn list<'a>(&self, answer: &'a Value, pointer: &str) -> Result<&'a [Value], DeliverError> {
        let list = answer.pointer(pointer).and_then(Value::as_array);
        list.map(Vec::as_slice).ok_or_else(|| self.lacks(&format!("the list `{}`", &pointer[1..])))
    }

    /// A refusal in our own words.
    pub(super) fn refuses(&self, action: &'static str, problem: impl Into<String>) -> DeliverError {
        DeliverError::Refused { system: self.name.clone(), action, problem: self.harmless(&problem.into()) }
    }

    fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, DeliverError> {
        let (name, value) = &self.right;
        Ok(self.http.request(method, url)?.header(name, value).header("accept", "application/json"))
    }

    fn ask(
        &self,
        action: &'static str,
        request: impl Fn() -> Result<RequestBuilder, DeliverError>,
        repeat: Repeat,
    ) -> Result<Answer, DeliverError> {
        let mut pauses = PAUSES.iter();
        loop {
            let result = request().and_then(|request| Ok(self.http.send(request)?));
            let result = result.and_then(|answer| match answer.status {
                429 | 500 | 502..=504 => Err(self.unavailable(action, &answer)),
                _ => Ok(answer),
            });
            let wait = match &result {
                Err(DeliverError::Unavailable { status: 429 | 503, wait, .. }) => *wait,
                Err(DeliverError::Unavailable { .. }) if repeat == Repeat::Always => None,
                Err(DeliverError::Http(HttpError::NoAnswer { .. })) if repeat == Repeat::Always => None,
                Err(DeliverError::Http(HttpError::NotSent { .. })) => None,
                _ => return result,
            };
            let Some(pause) = pauses.next() else { return result };
            match wait {
                Some(wait) if wait > LONGEST_WAIT => return result,
                wait => thread::sleep(wait.unwrap_or(*pause)),
            }
        }
    }

    fn unavailable(&self, action: &'static str, answer: &Answer) -> DeliverError {
        DeliverError::Unavailable {
            system: self.name.clone(),
            action,
            status: answer.status,
            wait: answer.retry_after(),
        }
    }

    fn successful(&self, action: &'static str, answer: Answer) -> Result<Answer, DeliverError> {
        match answer.status {
            200..=299 => Ok(answer),
            429 | 500 | 502..=504 => Err(self.unavailable(action, &answer)),
            status => {
                let said = answer.json().ok().and_then(|json| said(&json));
                let said = said.map_or_else(String::new, |said| format!(": {said}"));
                Err(self.refuses(action, format!("status {status}{said}")))
            }
        }
    }

    /// What a stranger says, as one line without the token.
    fn harmless(&self, text: &str) -> String {
        one_line(&text.replace(self.token.reveal(), "…"), REFUSAL)
    }
}

/// When a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing that anybody sees.
    Always,
    /// Only where it surely changed nothing.
    IfNothingWasDone,
}

/// The words of a refusal: each system has them under another name.
fn said(json: &Value) -> Option<String> {
    let mut words = Vec::new();
    let all = match json {
        Value::Array(all) => all.iter().collect(),
        json => ["message", "error", "errors", "errorMessages", "description", "details", "detail"]
            .iter()
            .filter_map(|name| json.get(*name))
            .collect::<Vec<_>>(),
    };
    for value in all {
        match value {
            Value::String(text) => words.push(text.clone()),
            Value::Array(texts) => words.extend(texts.iter().filter_map(Value::as_str).map(str::to_owned)),
            Value::Object(inner) => words.extend(inner.iter().filter_map(|(key, value)| match value {
                Value::String(text) => Some(format!("{key}: {text}")),
                other => said(other),
            })),
            _ => {}
        }
    }
    words.truncate(10);
    (!words.is_empty()).then(|| words.join("; "))
}
