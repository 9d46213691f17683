//! Requests to one store: bodies are read from the file while they are sent, at a limited pace; a standstill is given up;
//! whoever cancels is heard within a second; and nothing goes to another host than the one that was meant.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Request};
use sha2::{Digest, Sha256};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Sleep;
use url::{Origin, Url};

use super::Watch;
use super::pace::Pace;
use super::parcel::Parcel;
use crate::deliver::DeliverError;
use crate::deliver::http::{Answer, HttpClient, HttpError, MOST_ANSWER_BYTES, host, lost, redirected};
use crate::deliver::retry::Failure;
use crate::deliver::secrets::Secret;
use crate::escalate::plain_text::one_line;
use crate::model::Sha256Digest;

/// How long nothing may move, in either direction, before an exchange is given up.
const STANDSTILL: Duration = Duration::from_secs(60);
/// How often progress is told and a wish to stop is heard.
const TICK: Duration = Duration::from_millis(200);
/// Bytes that are read from the file at a time.
const PIECE: usize = 256 * 1024;

/// A line to one store.
pub struct Sender {
    /// Taken out when this is dropped, so that a name service that hangs holds nobody up.
    runtime: Option<Runtime>,
    client: reqwest::Client,
    origin: Origin,
    host: String,
    authorization: Option<HeaderValue>,
    /// What no error may tell, also where the far side says it.
    secrets: Vec<String>,
    pace: Option<Arc<Mutex<Pace>>>,
    began: Instant,
}

/// What a request carries.
#[derive(Debug, Clone, Copy)]
pub enum Load<'a> {
    /// No body.
    Nothing,
    /// A short text.
    Text(&'a str),
    /// So many bytes of the file from this place on.
    File {
        /// The file.
        parcel: &'a Parcel,
        /// Where they begin.
        from: u64,
        /// How many.
        length: u64,
    },
}

impl Sender {
    /// A line to the host of `url`, at most so many bytes a second.
    pub fn new(http: &HttpClient, url: &Url, bytes_a_second: Option<u64>) -> Result<Self, HttpError> {
        let failed = |e: io::Error| HttpError::Tls(e.to_string());
        Ok(Self {
            client: http.streaming(url)?,
            runtime: Some(Builder::new_current_thread().enable_all().build().map_err(failed)?),
            origin: url.origin(),
            host: host(url),
            authorization: None,
            secrets: Vec::new(),
            pace: bytes_a_second.map(|limit| Arc::new(Mutex::new(Pace::new(limit)))),
            began: Instant::now(),
        })
    }

    /// The same, which shows a bearer token with each request.
    #[must_use]
    pub fn with_bearer(mut self, token: &Secret) -> Self {
        self.authorization = token.header("Bearer ");
        self.keeping_secret(token.reveal())
    }

    /// The same, which never tells `text`, also where the far side says it.
    #[must_use]
    pub fn keeping_secret(mut self, text: &str) -> Self {
        self.secrets.extend(Some(text.to_owned()).filter(|text| !text.is_empty()));
        self
    }

    /// The host, for people.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A refusing answer as an error; `said` is what the far side says about it, if anything.
    #[must_use]
    pub fn refusal(&self, answer: &Answer, action: &'static str, said: &str) -> DeliverError {
        let said = self.secrets.iter().fold(said.to_owned(), |said, secret| said.replace(secret, "…"));
        let said = one_line(&said, 200);
        let problem = if said.is_empty() {
            format!("status {}", answer.status)
        } else {
            format!("status {}, {said}", answer.status)
        };
        DeliverError::Refused { system: self.host.clone(), action, problem }
    }

    /// `to`, which the far side named in an answer from `from`. Refused where it is another host, port or scheme: what is
    /// meant for one host goes to no other.
    pub fn same_place(&self, from: &Url, to: &str) -> Result<Url, HttpError> {
        let unreadable = |problem: String| HttpError::Unreadable { host: self.host.clone(), problem };
        let url = from.join(to).map_err(|_| unreadable("an address that is none".to_owned()))?;
        if url.origin() != self.origin {
            return Err(unreadable(format!(
                "an address elsewhere, {}://{}, which gets nothing",
                url.scheme(),
                host(&url)
            )));
        }
        Ok(url)
    }

    /// Sends a request and reads its answer, of any status but a redirect.
    pub fn send(
        &self,
        (method, url): (Method, &Url),
        headers: HeaderMap,
        load: Load<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Answer, Failure> {
        let beat = Arc::new(Beat::new());
        let mut request = self.request(method, url, headers)?;
        let base = match load {
            Load::Nothing => None,
            Load::Text(text) => {
                *request.body_mut() = Some(text.to_owned().into());
                None
            }
            Load::File { parcel, from, length } => {
                let file = parcel.reader(from).map_err(Failure::last)?;
                let body = Stream::new(file, length, self.pace.clone(), self.began, beat.clone());
                *request.body_mut() = Some(reqwest::Body::wrap(body));
                Some(from)
            }
        };
        let unreadable = beat.clone();
        let answer = self.exchange(url, request, &beat, base, watch, &mut None);
        match unreadable.file_error() {
            Some(source) => {
                let path = if let Load::File { parcel, .. } = load { parcel.path.clone() } else { Default::default() };
                Err(Failure::last(DeliverError::Io { action: "read", path, source }))
            }
            None => answer,
        }
    }

    /// Downloads at most `size` bytes and gives their digest; nothing where the answer is none of 2xx, which is given then.
    pub fn digest_of(
        &self,
        url: &Url,
        headers: HeaderMap,
        size: u64,
        watch: &mut Watch<'_>,
    ) -> Result<(Answer, Option<Sha256Digest>), Failure> {
        let beat = Arc::new(Beat::new());
        let request = self.request(Method::GET, url, headers)?;
        let mut hashing = Some(Hashing { hash: Sha256::new(), left: size });
        let answer = self.exchange(url, request, &beat, None, watch, &mut hashing)?;
        let digest = hashing.filter(|_| answer.is_success()).map(|h| Sha256Digest(h.hash.finalize().into()));
        Ok((answer, digest))
    }

    fn request(&self, method: Method, url: &Url, headers: HeaderMap) -> Result<Request, Failure> {
        // An invariant, and cheap to hold: no key reaches a host that it was not given for.
        if url.origin() != self.origin {
            let problem = format!("an address elsewhere, {}, which gets nothing", host(url));
            return Err(HttpError::Unreadable { host: self.host.clone(), problem }.into());
        }
        let mut request = Request::new(method, url.clone());
        *request.headers_mut() = headers;
        if let Some(value) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
        Ok(request)
    }

    fn exchange(
        &self,
        url: &Url,
        request: Request,
        beat: &Beat,
        base: Option<u64>,
        watch: &mut Watch<'_>,
        hashing: &mut Option<Hashing>,
    ) -> Result<Answer, Failure> {
        let runtime = self.runtime.as_ref().expect("taken out by drop alone");
        runtime.block_on(async {
            let mut going = Box::pin(answer_to(&self.client, url, request, beat, hashing));
            loop {
                let done = tokio::time::timeout(TICK, going.as_mut()).await;
                if let Some(base) = base {
                    (watch.progress)(base + beat.sent.load(Ordering::Relaxed));
                }
                match done {
                    Ok(answer) => return answer.map_err(Failure::from),
                    Err(_) if watch.cancelled.load(Ordering::Relaxed) => {
                        return Err(Failure::last(DeliverError::interruption()));
                    }
                    Err(_) if beat.age() > STANDSTILL => {
                        let problem = format!("nothing moved for {} seconds", STANDSTILL.as_secs());
                        return Err(HttpError::NoAnswer { host: self.host.clone(), problem }.into());
                    }
                    Err(_) => {}
                }
            }
        })
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Hashing {
    hash: Sha256,
    left: u64,
}

async fn answer_to(
    client: &reqwest::Client,
    url: &Url,
    request: Request,
    beat: &Beat,
    hashing: &mut Option<Hashing>,
) -> Result<Answer, HttpError> {
    let mut response = client.execute(request).await.map_err(|e| lost(url, e))?;
    beat.touch();
    redirected(url, response.status(), response.headers())?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    let too_long = |most: u64| HttpError::Unreadable { host: host(url), problem: format!("more than {most} bytes") };
    while let Some(piece) = response.chunk().await.map_err(|e| lost(url, e))? {
        beat.touch();
        match hashing {
            Some(hashing) if status.is_success() => {
                hashing.left = hashing.left.checked_sub(piece.len() as u64).ok_or_else(|| HttpError::Unreadable {
                    host: host(url),
                    problem: "more bytes than were stored".to_owned(),
                })?;
                hashing.hash.update(&piece);
            }
            _ if (body.len() + piece.len()) as u64 > MOST_ANSWER_BYTES => return Err(too_long(MOST_ANSWER_BYTES)),
            _ => body.extend_from_slice(&piece),
        }
    }
    Ok(Answer { status: status.as_u16(), headers, body, host: host(url) })
}

/// When something moved last, and how much went out.
struct Beat {
    began: Instant,
    /// Milliseconds since `began`.
    last: AtomicU64,
    sent: AtomicU64,
    file_error: Mutex<Option<io::Error>>,
}

impl Beat {
    fn new() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0), sent: AtomicU64::new(0), file_error: Mutex::new(None) }
    }

    fn touch(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    fn age(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    fn file_error(&self) -> Option<io::Error> {
        self.file_error.lock().ok()?.take()
    }
}

/// A body that is read while it is sent.
struct Stream {
    file: File,
    left: u64,
    pace: Option<Arc<Mutex<Pace>>>,
    began: Instant,
    nap: Option<Pin<Box<Sleep>>>,
    beat: Arc<Beat>,
}

impl Stream {
    fn new(file: File, left: u64, pace: Option<Arc<Mutex<Pace>>>, began: Instant, beat: Arc<Beat>) -> Self {
        Self { file, left, pace, began, nap: None, beat }
    }

    fn piece(&mut self) -> io::Result<Bytes> {
        let pace = self.pace.as_ref().and_then(|pace| pace.lock().ok());
        let most = pace.as_ref().map_or(PIECE, |pace| pace.piece(PIECE));
        let wanted = usize::try_from(self.left).unwrap_or(most).min(most);
        let mut piece = vec![0; wanted];
        self.file.read_exact(&mut piece)?;
        if let Some(mut pace) = pace {
            let wait = pace.wait_after(wanted as u64, self.began.elapsed());
            self.nap = (!wait.is_zero()).then(|| Box::pin(tokio::time::sleep(wait)));
        }
        self.left -= wanted as u64;
        Ok(piece.into())
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(nap) = &mut self.nap {
            if nap.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.nap = None;
        }
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.beat.touch();
        match self.piece() {
            Ok(piece) => {
                self.beat.sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(e) => {
                let told = io::Error::new(e.kind(), "the file cannot be read");
                if let Ok(mut kept) = self.beat.file_error.lock() {
                    *kept = Some(e);
                }
                Poll::Ready(Some(Err(told)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
