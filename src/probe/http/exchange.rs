//! One request and its answer, with the times of each step. What comes is a stranger's: heads of at most 64 KiB, bodies of
//! at most 1 MiB, all of it within the time. The body is counted, never kept.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use serde::Serialize;

use super::proxy::Proxy;
use crate::probe::failure::{Failure, FailureKind, micros};
use crate::probe::stream::Timed;
use crate::probe::target::{Scheme, Target};
use crate::probe::tcp::connect;
use crate::probe::tls::handshake::{BOTH, Offer, over};
use crate::probe::tls::server_name;

/// Heads are a few KiB; large cookies make some longer, and servers refuse more than this too.
const LARGEST_HEAD: usize = 64 * 1024;
/// What is read of a body: enough to see whether large packets arrive.
const LARGEST_BODY: u64 = 1024 * 1024;
/// How much of the body's begin is looked at for the sign of a captive portal.
const LOOKED_AT: usize = 16 * 1024;
/// The most header lines of an answer.
const MOST_HEADERS: usize = 128;
/// Characters of a header's value that are kept.
const LONGEST_VALUE: usize = 300;
/// What wireless captive portals write into their page (WISPr).
const PORTAL_MARK: &[u8] = b"WISPAccessGatewayParam";

/// Where an exchange stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// While it connected.
    Connect,
    /// While it asked the proxy for a way through.
    Proxy,
    /// In the TLS handshake.
    Tls,
    /// While the request was sent.
    Send,
    /// While it waited for the head of the answer.
    Head,
    /// While the body came.
    Body,
}

/// One request and what came of it. The times count from its begin, as those of curl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Exchange {
    /// What was asked for, without a query.
    pub url: String,
    /// The address that was asked; the proxy's where there is one.
    #[cfg_attr(test, schemars(with = "String"))]
    pub address: IpAddr,
    /// Connected.
    pub connected_us: Option<u64>,
    /// TLS handshake done.
    pub tls_us: Option<u64>,
    /// Request sent.
    pub sent_us: Option<u64>,
    /// First byte of the answer.
    pub first_byte_us: Option<u64>,
    /// Everything read, or given up.
    pub total_us: u64,
    /// Where it stopped, if it did not come to its end.
    pub stage: Option<Stage>,
    /// Why it stopped.
    pub failure: Option<Failure>,
    /// The status, such as 200.
    pub status: Option<u16>,
    /// The status of a proxy that was asked for a way through.
    pub proxy_status: Option<u16>,
    /// Such as `HTTP/1.1`.
    pub version: Option<&'static str>,
    /// Where the answer sends to, without a query.
    pub location: Option<String>,
    /// What the server calls itself.
    pub server: Option<String>,
    /// Who stood in between and says so.
    pub via: Option<String>,
    /// The kind of the body.
    pub content_type: Option<String>,
    /// The server's clock, UTC.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub date: Option<Timestamp>,
    /// How old the answer was when a cache gave it, in seconds.
    pub age_s: Option<u64>,
    /// This machine's clock less the server's, in seconds; the server's has a resolution of one.
    pub clock_difference_s: Option<i64>,
    /// The length that the head promises.
    pub content_length: Option<u64>,
    /// Bytes of the body that came; chunks are counted with their frames.
    pub body_bytes: u64,
    /// Whether the body came to its end; none if no more of it was wanted.
    pub body_complete: Option<bool>,
    /// Whether the body carries the mark of a captive portal.
    pub portal_mark: bool,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// Asks for `target` at `address`, or through `proxy` that listens there, until `until` at the latest.
#[must_use]
pub fn exchange(target: &Target, address: SocketAddr, proxy: Option<&Proxy>, until: Instant) -> Exchange {
    let began = Instant::now();
    let mut exchange = Exchange::new(target, address.ip());
    if let Err((stage, failure)) = exchange.run(target, address, proxy, began, until) {
        exchange.stage = Some(stage);
        exchange.failure = Some(failure);
    }
    exchange.total_us = micros(began.elapsed());
    exchange
}

impl Exchange {
    fn new(target: &Target, address: IpAddr) -> Self {
        Self {
            url: target.to_string(),
            address,
            connected_us: None,
            tls_us: None,
            sent_us: None,
            first_byte_us: None,
            total_us: 0,
            stage: None,
            failure: None,
            status: None,
            proxy_status: None,
            version: None,
            location: None,
            server: None,
            via: None,
            content_type: None,
            date: None,
            age_s: None,
            clock_difference_s: None,
            content_length: None,
            body_bytes: 0,
            body_complete: None,
            portal_mark: false,
        }
    }

    fn run(
        &mut self,
        target: &Target,
        address: SocketAddr,
        proxy: Option<&Proxy>,
        began: Instant,
        until: Instant,
    ) -> Result<(), (Stage, Failure)> {
        let at = |stage| move |e: io::Error| (stage, failure_of(&e));
        let mut plain = Timed::new(connect(address, until).map_err(|failure| (Stage::Connect, failure))?, until);
        let connected = began.elapsed();
        self.connected_us = Some(micros(connected));
        let https = target.scheme == Scheme::Https;
        if https && proxy.is_some() {
            self.ask_for_a_way(target, &mut plain)?;
        }
        let mut stream: Box<dyn Stream> = if https {
            let name = server_name(target).ok_or_else(|| (Stage::Tls, no_name()))?;
            let offer = Offer { versions: BOTH, protocols: &[b"http/1.1"] };
            let established =
                over(plain, &name, offer, began, connected).map_err(|broken| (Stage::Tls, broken.failure))?;
            self.tls_us = Some(micros(established.shaken));
            Box::new(established.stream)
        } else {
            Box::new(plain)
        };
        // A proxy is told the whole address, a server only the path.
        let whole = || format!("{}://{}{}", target.scheme.as_str(), target.authority(), target.path);
        let what = if proxy.is_some() && !https { whole() } else { target.path.clone() };
        let request = format!(
            "GET {what} HTTP/1.1\r\nHost: {}\r\nUser-Agent: casefile/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            target.authority(),
            env!("CARGO_PKG_VERSION")
        );
        stream.write_all(request.as_bytes()).and_then(|()| stream.flush()).map_err(at(Stage::Send))?;
        self.sent_us = Some(micros(began.elapsed()));
        let mut first_byte = None;
        let (head, rest) = read_head(&mut *stream, || {
            first_byte.get_or_insert_with(|| micros(began.elapsed()));
        })
        .map_err(at(Stage::Head))?;
        self.first_byte_us = first_byte;
        self.take(&head);
        self.read_body(&head, rest, &mut *stream).map_err(at(Stage::Body))
    }

    /// Asks a proxy to connect us with the server.
    fn ask_for_a_way(&mut self, target: &Target, stream: &mut Timed) -> Result<(), (Stage, Failure)> {
        let at = |e: io::Error| (Stage::Proxy, failure_of(&e));
        let host = match &target.host {
            super::super::Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            host => host.to_string(),
        };
        let authority = format!("{host}:{}", target.port);
        write!(stream, "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n").map_err(at)?;
        let (head, _) = read_head(stream, || ()).map_err(at)?;
        self.proxy_status = Some(head.status);
        if (200..300).contains(&head.status) {
            return Ok(());
        }
        self.take(&head);
        self.status = None; // it is the proxy's, not the server's
        Err((Stage::Proxy, Failure::new(FailureKind::Refused, format!("the proxy answers {}", head.status))))
    }

    fn take(&mut self, head: &Head) {
        self.status = Some(head.status);
        self.version = Some(if head.minor == 0 { "HTTP/1.0" } else { "HTTP/1.1" });
        self.location = head.value("location").map(|location| without_query(&location));
        self.server = head.value("server");
        self.via = head.value("via");
        self.content_type = head.value("content-type");
        self.content_length = head.value("content-length").and_then(|value| value.trim().parse().ok());
        self.age_s = head.value("age").and_then(|value| value.trim().parse().ok()).filter(|age| *age < 1 << 32);
        self.date = head.value("date").and_then(|value| http_date(&value));
        let here = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.clock_difference_s = self.date.and_then(|date| {
            let age = i64::try_from(self.age_s.unwrap_or_default()).ok()?;
            i64::try_from(here).ok()?.checked_sub(date.as_second().checked_add(age)?)
        });
    }

    fn read_body(&mut self, head: &Head, begin: Vec<u8>, stream: &mut dyn Stream) -> io::Result<()> {
        if matches!(head.status, 204 | 304) {
            self.body_complete = Some(true);
            return Ok(());
        }
        let chunked =
            head.value("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
        let (mut looked_at, mut tail) = (Vec::new(), Vec::new());
        let mut buffer = vec![0; 16 * 1024];
        let mut piece = begin;
        loop {
            self.body_bytes += piece.len() as u64;
            let room = LOOKED_AT.saturating_sub(looked_at.len());
            looked_at.extend_from_slice(&piece[..piece.len().min(room)]);
            tail.extend_from_slice(&piece);
            tail.drain(..tail.len().saturating_sub(7));
            self.portal_mark = looked_at.windows(PORTAL_MARK.len()).any(|window| window == PORTAL_MARK);
            let ended = if chunked {
                tail.ends_with(b"\r\n0\r\n\r\n") || tail == b"0\r\n\r\n"
            } else {
                self.content_length.is_some_and(|length| self.body_bytes >= length)
            };
            if ended {
                self.body_complete = Some(true);
                return Ok(());
            }
            if self.body_bytes >= LARGEST_BODY {
                return Ok(());
            }
            piece = match stream.read(&mut buffer) {
                Ok(0) => Vec::new(),
                Ok(n) => buffer[..n].to_vec(),
                // Many servers end a connection without the farewell that TLS asks for.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Vec::new(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    self.body_complete = Some(false);
                    return Err(e);
                }
            };
            if piece.is_empty() {
                let promised = chunked || self.content_length.is_some();
                self.body_complete = Some(!promised);
                return if promised { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) };
            }
        }
    }
}

fn no_name() -> Failure {
    Failure::new(FailureKind::Other, "the host name is none that a certificate could hold")
}

fn failure_of(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::InvalidData {
        Failure::new(FailureKind::Malformed, error.to_string())
    } else {
        Failure::of(error)
    }
}

/// The head of an answer.
struct Head {
    status: u16,
    minor: u8,
    headers: Vec<(String, String)>,
}

impl Head {
    fn value(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }
}

/// Reads up to the end of the head; what came of the body with it is given back. Interim answers (100 to 199) are passed over.
fn read_head(stream: &mut dyn Stream, mut first_byte: impl FnMut()) -> io::Result<(Head, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while let Some((head, length)) = parse_head(&bytes)? {
            bytes.drain(..length);
            if !(100..200).contains(&head.status) {
                return Ok((head, bytes));
            }
        }
        if bytes.len() > LARGEST_HEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the head of the answer does not end"));
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                first_byte();
                bytes.extend_from_slice(&buffer[..n]);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// The head and its length; none while it is not whole.
fn parse_head(bytes: &[u8]) -> io::Result<Option<(Head, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let malformed = |e: httparse::Error| io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP: {e}"));
    let httparse::Status::Complete(length) = response.parse(bytes).map_err(malformed)? else { return Ok(None) };
    let text = |value: &[u8]| String::from_utf8_lossy(value).chars().take(LONGEST_VALUE).collect();
    let headers = response.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
    let status = response.code.unwrap_or_default();
    Ok(Some((Head { status, minor: response.version.unwrap_or(1), headers }, length)))
}

fn without_query(location: &str) -> String {
    location.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// The date of a header (RFC 9110, 5.6.7), in the form that servers must write.
fn http_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", text.trim()).ok()?;
    parsed.to_datetime().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// How long one exchange may take; a server that needs longer for its first byte is broken to most people.
pub const LIMIT: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_date_header_is_read_as_servers_write_it() {
        let found = http_date("Sun, 06 Nov 1994 08:49:37 GMT").map(|t| t.to_string());
        assert_eq!(found.as_deref(), Some("1994-11-06T08:49:37Z"));
        assert_eq!(http_date("soon"), None);
    }

    #[test]
    fn where_an_answer_sends_to_is_kept_without_its_query() {
        assert_eq!(without_query("https://login.example/in?token=hunter2#x"), "https://login.example/in");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut stream = io::Cursor::new([b"HTTP/1.1 200 OK\r\nDate: x\r\n".to_vec(), bytes].concat());
            let target = Target::parse("http://shop.example").expect("a target");
            let mut exchange = Exchange::new(&target, [127, 0, 0, 1].into());
            if let Ok((head, rest)) = read_head(&mut stream, || ()) {
                exchange.take(&head);
                let _ = exchange.read_body(&head, rest, &mut stream);
            }
        }
    }
}
