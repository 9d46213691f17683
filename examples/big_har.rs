//! Measures the redactor on a HAR that is made while it is read: `big_har [MB] [BODY-MB] [text|json|base64|binary]`.
//!
//! The HAR has MB megabytes (2048), of which BODY-MB (200) are one body in one string, of the given kind (text); the rest are
//! entries of a few kilobytes. Prints bytes, seconds and megabytes a second of both passes, and the most memory that the
//! process ever held. Exits 1 when that is over 64 MiB, or when the body is not what it should be.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::io::{self, Read};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step, Treatment};
use data_encoding::BASE64;

/// The most memory that the process may hold.
const MOST: u64 = 64 << 20;

const SECRET: &str = "k3JhT9vLmQ2wZx8RnBf5YcUp";

type Failure = Box<dyn std::error::Error>;

/// A HAR that exists nowhere.
struct Har {
    total: u64,
    body: u64,
    part: Vec<u8>,
    given: u64,
    at: usize,
    buffer: Vec<u8>,
    next: Next,
    n: u64,
}

enum Next {
    Start,
    Entry,
    BodyStart,
    Body(u64),
    End,
    Nothing,
}

impl Har {
    fn new(total: u64, body: u64, kind: &str) -> Result<Self, Failure> {
        let line =
            format!("2026-11-23T10:01:12Z INFO order 4711 accepted, 3 items, took 12 ms, password={SECRET} next\n");
        let part = match kind {
            "text" => line.repeat(100).replace('\n', "\\n").into_bytes(),
            "json" => {
                format!(r#"{{\"id\":4711,\"state\":\"accepted\",\"clientSecret\":\"{SECRET}\",\"items\":[1,2,3]}},"#)
                    .repeat(100)
                    .into_bytes()
            }
            // Whole groups of three, so that the parts join to one text.
            "base64" => BASE64.encode(line.repeat(99).as_bytes()).into_bytes(),
            "binary" => BASE64.encode(&[0, 1, 2, 0xfe, 0xff, 5].repeat(1000)).into_bytes(),
            _ => return Err("the kind is text, json, base64 or binary".into()),
        };
        Ok(Self { total, body, part, given: 0, at: 0, buffer: Vec::new(), next: Next::Start, n: 0 })
    }

    fn entry(&self) -> String {
        let n = self.n;
        format!(
            r#"{{"startedDateTime":"2026-11-23T10:01:12.{:03}Z","time":{n}.25,"request":{{"method":"GET","url":"https://shop.example.com/api/orders/{n}?page=2&access_token={SECRET}","httpVersion":"HTTP/2","cookies":[{{"name":"sid","value":"{SECRET}"}}],"headers":[{{"name":"accept","value":"*/*"}},{{"name":"authorization","value":"Bearer {SECRET}"}},{{"name":"user-agent","value":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"}},{{"name":"x-request-id","value":"9f71c52d-839b-5cd5-2764-5e42b5134f8b"}}],"queryString":[{{"name":"page","value":"2"}}],"headersSize":-1,"bodySize":0}},"response":{{"status":200,"statusText":"OK","httpVersion":"HTTP/2","cookies":[],"headers":[{{"name":"content-type","value":"application/json"}},{{"name":"cache-control","value":"no-store"}},{{"name":"date","value":"Mon, 23 Nov 2026 10:01:12 GMT"}}],"content":{{"size":120,"mimeType":"application/json","text":"{{\"id\":{n},\"title\":\"A book about rivers\",\"price\":1799,\"stock\":[{{\"place\":\"north\",\"count\":3}}],\"note\":\"ships in two days\"}}"}},"redirectURL":"","headersSize":-1,"bodySize":120}},"cache":{{}},"timings":{{"send":0.1,"wait":11.5,"receive":0.4}}}},
"#,
            n % 1000
        )
    }

    fn make(&mut self) {
        self.buffer.clear();
        self.at = 0;
        match self.next {
            Next::Start => {
                self.buffer.extend_from_slice(
                    b"{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"x\",\"version\":\"1\"},\"entries\":[\n",
                );
                self.next = Next::Entry;
            }
            Next::Entry => {
                let text = self.entry();
                self.buffer.extend_from_slice(text.as_bytes());
                self.n += 1;
                // The body comes in the middle.
                if self.given * 2 + self.body >= self.total && self.body > 0 {
                    self.next = Next::BodyStart;
                } else if self.given >= self.total {
                    self.next = Next::End;
                }
            }
            Next::BodyStart => {
                self.buffer.extend_from_slice(
                    b"{\"response\":{\"content\":{\"size\":1,\"mimeType\":\"application/x\",\"text\":\"",
                );
                if self.part.starts_with(b"{\\\"id") {
                    self.buffer.push(b'[');
                }
                self.next = Next::Body(self.body);
                self.body = 0;
            }
            Next::Body(left) => {
                self.buffer.extend_from_slice(&self.part);
                let left = left.saturating_sub(self.part.len() as u64);
                self.next = Next::Body(left);
                if left == 0 {
                    if self.part.starts_with(b"{\\\"id") {
                        self.buffer.pop();
                        self.buffer.push(b']');
                    }
                    self.buffer.extend_from_slice(b"\",\"encoding\":\"\"}}},\n");
                    self.next = Next::Entry;
                }
            }
            Next::End => {
                self.buffer.extend_from_slice(b"{}]}}\n");
                self.next = Next::Nothing;
            }
            Next::Nothing => {}
        }
        self.given += self.buffer.len() as u64;
    }
}

impl Read for Har {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.buffer.len() {
            self.make();
        }
        let n = buf.len().min(self.buffer.len() - self.at);
        buf[..n].copy_from_slice(&self.buffer[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("big_har: {e}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut megabytes = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse::<u64>());
    let (total, body) = (megabytes(2048)? << 20, megabytes(200)? << 20);
    let kind = arguments.next().unwrap_or_else(|| "text".to_owned());
    let set = Arc::new(RuleSet::load(&[])?);
    let key = Pseudonyms::new(b"a key for measurements");
    let first = Arc::new(Redactor::new(set, key, &KnownNames::default(), Privacy::Standard)?);

    let began = Instant::now();
    let mut open = || -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Har::new(total, body, &kind).map_err(|e| io::Error::other(e.to_string()))?))
    };
    let scan = first.scan(MediaHint::Json, &mut open)?;
    report("first pass", scan.bytes, began);
    if !matches!(scan.treatment, Treatment::Json { .. }) {
        return Err(format!("was treated as {:?}", scan.treatment).into());
    }
    let second = Arc::new(first.with_seeds(&scan.seeds)?);
    let began = Instant::now();
    let (mut bytes, mut secrets) = (0, 0);
    for step in second.redact(&scan.treatment, Box::new(Har::new(total, body, &kind)?)) {
        if let Step::Block(block) = step? {
            bytes += block.bytes().len() as u64;
            secrets += memchr::memmem::find_iter(block.bytes(), SECRET).count();
        }
    }
    report("second pass", scan.bytes, began);
    println!("{bytes} bytes out, the secret stands there {secrets} times");
    let most = most_memory();
    println!("most memory: {:.1} MiB", most as f64 / 1024.0 / 1024.0);
    Ok(secrets == 0 && most < MOST)
}

fn report(what: &str, bytes: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!("{what}: {:.0} MB in {seconds:.1} s, {:.1} MB/s", bytes as f64 / 1e6, bytes as f64 / 1e6 / seconds);
}

/// What Linux says; 0 elsewhere.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) << 10
}
