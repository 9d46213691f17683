//! The one HTTP client of deliveries. It talks https, and http to this machine alone; it follows no redirect, so that
//! nothing that was meant for one host reaches another; answers are bounded; and no error tells an address's path or query,
//! which may hold a key.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder, RequestBuilder, Response};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, Proxy, StatusCode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use url::{Host, Url};

use super::recording::Recording;
use crate::escalate::proxy::ProxySetting;

/// Longest answer that is read into memory: no API answer that we use comes near it.
pub(super) const MOST_ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(10);

/// How long one exchange may take, where the caller says nothing else.
const EXCHANGE: Duration = Duration::from_secs(30);

/// A client for every far side of a delivery.
#[derive(Debug, Clone)]
pub struct HttpClient {
    outside: Client,
    /// Without a proxy: what is meant for this machine stays on it.
    loopback: Client,
    /// Where requests go in a rehearsal, instead of out.
    recording: Option<Arc<Recording>>,
    /// What every far side answers in a rehearsal.
    answer: Arc<[u8]>,
    tls: ClientConfig,
    /// What the policy says about the proxy; the environment's where it says nothing.
    proxy: Option<ProxySetting>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status, such as 201.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most 4 MiB; empty where it went into a sink.
    pub body: Vec<u8>,
    pub(super) host: String,
}

/// Why there is no answer, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address would carry the text in the clear over a network.
    #[error("{host} is addressed by {scheme}; only https is used, and http to this machine")]
    Insecure {
        /// The host.
        host: String,
        /// The scheme.
        scheme: String,
    },
    /// Nothing was sent: no connection, or no trust in the one that stood.
    #[error("cannot reach {host}: {problem}")]
    NotSent {
        /// The host.
        host: String,
        /// Why.
        problem: String,
    },
    /// It was sent, wholly or in part, and no whole answer came: what it asked for may have been done.
    #[error("no answer from {host}: {problem}")]
    NoAnswer {
        /// The host.
        host: String,
        /// Why.
        problem: String,
    },
    /// The far side sends us elsewhere, and nothing that it got goes there.
    #[error("{host} answers with a redirect ({status}) to {to}, which is not followed")]
    Redirected {
        /// The host.
        host: String,
        /// The status.
        status: u16,
        /// The other host, as far as it can be read.
        to: String,
    },
    /// An answer that is too long or is not what it should be.
    #[error("{host} answers with {problem}")]
    Unreadable {
        /// The host.
        host: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that is longer than what it is held against.
    #[error("{host} sends more than the {most} bytes that were stored")]
    TooLong {
        /// The host.
        host: String,
        /// What was stored, in bytes.
        most: u64,
    },
    /// The sink of an answer's body, or the folder of a rehearsal.
    #[error("cannot write to disk: {0}")]
    Sink(io::Error),
    /// The certificates that are to be trusted.
    #[error("cannot read the certificates in {path}: {problem}")]
    Authorities {
        /// Which file.
        path: String,
        /// Why.
        problem: String,
    },
    /// The client itself.
    #[error("cannot prepare TLS: {0}")]
    Tls(String),
}

impl HttpClient {
    /// A client that trusts what this system trusts, and `authorities` beside.
    pub fn new(authorities: &[CertificateDer<'static>]) -> Result<Self, HttpError> {
        let tls = tls(authorities)?;
        let (outside, loopback) = (timed(outside(&tls, None)?)?, timed(loopback(&tls))?);
        Ok(Self { outside, loopback, tls, proxy: None, recording: None, answer: Arc::from(*b"{}") })
    }

    /// This client for a target with certificates (PEM) of its own, trusted beside the system's, and a proxy of its own.
    pub fn along(self, ca_file: Option<&str>, proxy: Option<&ProxySetting>) -> Result<Self, HttpError> {
        if ca_file.is_none() && proxy.is_none() {
            return Ok(self);
        }
        let tls = ca_file.map_or_else(|| Ok(self.tls.clone()), |path| tls(&authorities(path)?))?;
        let (outside, loopback) = (timed(outside(&tls, proxy)?)?, timed(loopback(&tls))?);
        Ok(Self { outside, loopback, tls, proxy: proxy.cloned(), ..self })
    }

    /// A client for a run: one that sends, or in a rehearsal one that writes requests into `recording`.
    pub fn for_run(recording: Option<&Arc<Recording>>) -> Result<Self, HttpError> {
        recording.map_or_else(|| Self::new(&[]), |recording| Self::rehearsing(recording.clone()))
    }

    /// A client for bodies that are too long for a limit of time, with the same trust and the same refusals. Whoever uses
    /// it gives up a standstill, and asks [`redirected`] about each answer.
    pub(super) fn streaming(&self, url: &Url) -> Result<reqwest::Client, HttpError> {
        let local = travels(url)?;
        let settings = if local { loopback(&self.tls) } else { outside(&self.tls, self.proxy.as_ref())? };
        settings.build().map_err(|e| HttpError::Tls(why(e)))
    }

    /// A client for a rehearsal: what it is to send goes into `recording`, and every answer is 200 with `{}`.
    pub fn rehearsing(recording: Arc<Recording>) -> Result<Self, HttpError> {
        Ok(Self { recording: Some(recording), ..Self::new(&[])? })
    }

    /// The same, where every answer of a rehearsal is `answer`.
    #[must_use]
    pub fn answering(self, answer: &serde_json::Value) -> Self {
        Self { answer: answer.to_string().into_bytes().into(), ..self }
    }

    /// The recording of a rehearsal, where this is one.
    #[must_use]
    pub fn recording(&self) -> Option<&Recording> {
        self.recording.as_deref()
    }

    /// A request to `url`, to be completed and given to [`HttpClient::send`]. Refused where it would travel in the clear.
    pub fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, HttpError> {
        let local = travels(url)?;
        let client = if local { &self.loopback } else { &self.outside };
        Ok(client.request(method, url.clone()))
    }

    /// Sends it and reads the whole answer, of any status but a redirect.
    pub fn send(&self, request: RequestBuilder) -> Result<Answer, HttpError> {
        if let Some(recording) = &self.recording {
            return recorded(recording, request, &self.answer);
        }
        let (host, response) = exchange(request)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        response
            .take(MOST_ANSWER_BYTES + 1)
            .read_to_end(&mut body)
            .map_err(|e| HttpError::NoAnswer { host: host.clone(), problem: cut_off(&e) })?;
        if body.len() as u64 > MOST_ANSWER_BYTES {
            let problem = format!("more than {MOST_ANSWER_BYTES} bytes");
            return Err(HttpError::Unreadable { host, problem });
        }
        Ok(Answer { status, headers, body, host })
    }

    /// Sends it and, where the status is 2xx, writes at most `most` bytes of the body into `sink`; another status is read
    /// like [`HttpClient::send`] reads it.
    pub fn send_into(&self, request: RequestBuilder, sink: &mut dyn Write, most: u64) -> Result<Answer, HttpError> {
        if let Some(recording) = &self.recording {
            return recorded(recording, request, &self.answer);
        }
        let (host, mut response) = exchange(request)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        if !response.status().is_success() {
            // An explanation that is cut short is still one.
            drop(response.take(MOST_ANSWER_BYTES).read_to_end(&mut body));
            return Ok(Answer { status, headers, body, host });
        }
        let mut left = most;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match response.read(&mut buffer) {
                Ok(0) => return Ok(Answer { status, headers, body, host }),
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(HttpError::NoAnswer { host, problem: cut_off(&e) }),
            };
            left = left.checked_sub(read as u64).ok_or_else(|| HttpError::TooLong { host: host.clone(), most })?;
            sink.write_all(&buffer[..read]).map_err(HttpError::Sink)?;
        }
    }
}

impl Answer {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value, HttpError> {
        serde_json::from_slice(&self.body).map_err(|_| {
            let what = if self.is_page() {
                "a page for people instead of JSON; is the address right, and is nobody asked to log in?"
            } else {
                "a body that is not JSON"
            };
            HttpError::Unreadable { host: self.host.clone(), problem: format!("status {} and {what}", self.status) }
        })
    }

    /// Whether it says that it is HTML.
    #[must_use]
    pub fn is_page(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        kind.trim_start().to_ascii_lowercase().starts_with("text/html")
    }

    /// How long the far side asks us to wait (RFC 9110, section 10.2.3), where it says so in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// Whether `url` names this machine by number or as `localhost`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

fn recorded(recording: &Recording, request: RequestBuilder, answer: &[u8]) -> Result<Answer, HttpError> {
    let mut request = request
        .build()
        .map_err(|e| HttpError::NotSent { host: e.url().map_or_else(String::new, host), problem: why(e) })?;
    recording.request(&mut request).map_err(HttpError::Sink)?;
    Ok(Answer { status: 200, headers: HeaderMap::new(), body: answer.to_vec(), host: host(request.url()) })
}

/// Whether what goes to `url` stays on this machine. Refused where it would travel in the clear.
fn travels(url: &Url) -> Result<bool, HttpError> {
    let local = is_loopback(url);
    match url.scheme() {
        "https" => Ok(local),
        "http" if local => Ok(true),
        scheme => Err(HttpError::Insecure { host: host(url), scheme: scheme.to_owned() }),
    }
}

/// Whoever streams watches for a standstill instead; only these clients have a limit for the whole.
fn timed(settings: reqwest::ClientBuilder) -> Result<Client, HttpError> {
    ClientBuilder::from(settings).timeout(EXCHANGE).build().map_err(|e| HttpError::Tls(why(e)))
}

fn outside(tls: &ClientConfig, proxy: Option<&ProxySetting>) -> Result<reqwest::ClientBuilder, HttpError> {
    let settings = settings(tls);
    Ok(match proxy {
        None => settings,
        Some(ProxySetting::Direct) => settings.no_proxy(),
        Some(ProxySetting::At(url)) => settings.proxy(Proxy::all(url.clone()).map_err(|e| HttpError::Tls(why(e)))?),
    })
}

fn settings(tls: &ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("casefile/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT)
        .tls_backend_preconfigured(tls.clone())
}

fn loopback(tls: &ClientConfig) -> reqwest::ClientBuilder {
    // A name service that calls another machine `localhost` is not asked.
    let here = [SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0), SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 0)];
    settings(tls).no_proxy().resolve_to_addrs("localhost", &here)
}

fn exchange(request: RequestBuilder) -> Result<(String, Response), HttpError> {
    let (client, request) = request.build_split();
    let request =
        request.map_err(|e| HttpError::NotSent { host: e.url().map_or_else(String::new, host), problem: why(e) })?;
    let url = request.url().clone();
    let response = client.execute(request).map_err(|e| lost(&url, e))?;
    redirected(&url, response.status(), response.headers())?;
    Ok((host(&url), response))
}

/// What became of a request to `url` that has no answer.
pub(super) fn lost(url: &Url, error: reqwest::Error) -> HttpError {
    let host = host(url);
    match (error.is_connect() || error.is_builder(), why(error)) {
        (true, problem) => HttpError::NotSent { host, problem },
        (false, problem) => HttpError::NoAnswer { host, problem },
    }
}

/// Refuses an answer that sends us elsewhere.
pub(super) fn redirected(url: &Url, status: StatusCode, headers: &HeaderMap) -> Result<(), HttpError> {
    if !status.is_redirection() {
        return Ok(());
    }
    let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| url.join(to).ok());
    let to = to.map_or_else(|| "nowhere".to_owned(), |to| host(&to));
    Err(HttpError::Redirected { host: host(url), status: status.as_u16(), to })
}

/// The host of `url`, with its port where it is named.
pub(super) fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "no host".to_owned(),
    }
}

/// The innermost cause, which says what happened ("connection refused"), without the address.
fn why(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn cut_off(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::TimedOut {
        return "the answer took too long".to_owned();
    }
    "the answer was cut off".to_owned()
}

/// The certificates in a PEM file, at least one.
pub(super) fn authorities(path: &str) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let failed = |problem: String| HttpError::Authorities { path: path.to_owned(), problem };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(|e| failed(e.to_string()))?.collect();
    let found = found.map_err(|e| failed(e.to_string()))?;
    if found.is_empty() { Err(failed("it holds none".to_owned())) } else { Ok(found) }
}

fn tls(authorities: &[CertificateDer<'static>]) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |e: rustls::Error| HttpError::Tls(e.to_string());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().map_err(failed)?;
    match Verifier::new_with_extra_roots(authorities.iter().cloned(), provider) {
        Ok(verifier) => {
            Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
        }
        // A bare container trusts nobody; the public authorities are then better than no delivery.
        Err(_) => {
            let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            for authority in authorities {
                roots.add(authority.clone()).map_err(failed)?;
            }
            Ok(builder.with_root_certificates(roots).with_no_client_auth())
        }
    }
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod proxy_tests;
#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
