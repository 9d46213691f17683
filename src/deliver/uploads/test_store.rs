//! What the tests of uploads share: a file, quick retries, and a tus server that misbehaves as it is told.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::parcel::Parcel;
use super::records::Records;
use super::sender::Sender;
use super::{Stored, Upload, Watch};
use crate::deliver::DeliverError;
use crate::deliver::http::HttpClient;
use crate::deliver::loopback::{Asked, Loopback, Reply};
use crate::deliver::retry::Retry;
use crate::model::CaseId;

pub const CASE: &str = "c-7fk2m9q4xa";

pub const QUICK: Retry = Retry {
    failures: 5,
    first: Duration::from_millis(1),
    most: Duration::from_millis(2),
    most_asked: Duration::from_secs(2),
};

/// A folder with a file to send and the records.
pub struct Desk {
    _folder: TempDir,
    pub file: PathBuf,
    pub records: Records,
}

impl Desk {
    pub fn new(content: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.casefile.zip");
        std::fs::write(&file, content).expect("written");
        let records = Records::new(folder.path().join("uploads"));
        Self { _folder: folder, file, records }
    }

    pub fn parcel(&self) -> Parcel {
        Parcel::open(&self.file, &case(), None).expect("readable")
    }

    pub fn put(&self, store: &dyn Upload) -> Result<Stored, DeliverError> {
        watched(|watch| store.put(&self.parcel(), &self.records, watch))
    }
}

pub fn case() -> CaseId {
    CaseId::parse(CASE).expect("a case id")
}

pub fn watched<T>(run: impl FnOnce(&mut Watch<'_>) -> T) -> T {
    run(&mut Watch { progress: &mut |_| {}, cancelled: &AtomicBool::new(false), retry: QUICK })
}

pub fn sender(url: &url::Url) -> Sender {
    Sender::new(&HttpClient::new(&[]).expect("a client"), url, None).expect("a line")
}

/// Bytes that repeat nowhere soon.
pub fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// One thing that goes wrong with the next request of a method.
#[derive(Debug, Clone)]
pub struct Fault {
    pub method: &'static str,
    /// Bytes of the body that arrive, of a `PATCH`.
    pub arrive: usize,
    /// The answer; nothing: the line is cut.
    pub status: Option<u16>,
}

#[derive(Debug, Default)]
pub struct Kept {
    pub uploads: Vec<(Vec<u8>, Option<u64>)>,
    pub faults: Vec<Fault>,
}

/// A tus server at `/files`; uploads are `/files/0`, `/files/1` and so on.
pub fn tus_server(faults: &[Fault]) -> (Loopback, Arc<Mutex<Kept>>) {
    let kept = Arc::new(Mutex::new(Kept { uploads: Vec::new(), faults: faults.to_vec() }));
    let inside = kept.clone();
    let server = Loopback::start(move |asked| {
        let mut kept = inside.lock().expect("no test thread panics while it holds this");
        let fault = kept.faults.iter().position(|fault| fault.method == asked.method);
        let fault = fault.map(|at| kept.faults.remove(at));
        let reply = answer(&mut kept, asked, fault.as_ref().map_or(usize::MAX, |fault| fault.arrive));
        match fault {
            None => reply,
            Some(Fault { status: None, .. }) => Reply::HangUp,
            Some(Fault { status: Some(status), .. }) => {
                Reply::Answer(status, vec![("retry-after", "0".to_owned())], b"slow down".to_vec())
            }
        }
    });
    (server, kept)
}

fn answer(kept: &mut Kept, asked: &Asked, arrive: usize) -> Reply {
    let number = |name: &str| asked.header(name).and_then(|value| value.parse::<u64>().ok());
    let known = asked.target.strip_prefix("/files/").and_then(|n| n.parse::<usize>().ok());
    match (asked.method.as_str(), known) {
        ("POST", None) => {
            kept.uploads.push((Vec::new(), number("upload-length")));
            let location = format!("/files/{}", kept.uploads.len() - 1);
            Reply::Answer(201, vec![("location", location)], Vec::new())
        }
        (method, Some(n)) if n < kept.uploads.len() => {
            let (bytes, length) = &mut kept.uploads[n];
            if method == "GET" {
                return Reply::Answer(200, Vec::new(), bytes.clone());
            }
            if method == "PATCH" {
                if number("upload-offset") != Some(bytes.len() as u64) {
                    return Reply::status(409);
                }
                *length = length.or(number("upload-length"));
                bytes.extend_from_slice(&asked.body[..asked.body.len().min(arrive)]);
            }
            let mut headers = vec![("upload-offset", bytes.len().to_string())];
            headers.extend(length.map(|length| ("upload-length", length.to_string())));
            Reply::Answer(if method == "HEAD" { 200 } else { 204 }, headers, Vec::new())
        }
        _ => Reply::status(404),
    }
}
