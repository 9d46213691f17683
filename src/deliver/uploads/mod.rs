//! Uploads that survive anything: a file of known size and digest goes to a store of one's own, piece by piece, and goes
//! on where it stopped after a cut line, a restarted server, a killed program, or days. A new kind of store is one file
//! with an `impl Upload`.

pub mod connect;
pub mod drops;
pub mod pace;
pub mod parcel;
pub mod records;
pub mod s3;
pub mod sender;
#[cfg(test)]
mod test_store;
pub mod tus;

use std::sync::atomic::AtomicBool;

use reqwest::header::HeaderMap;
use url::Url;

use super::DeliverError;
use super::retry::{Failure, Patience, Retry, may_pass};
use parcel::Parcel;
use records::Records;
use sender::Sender;

/// A store that takes files.
pub trait Upload {
    /// The host that gets the file, for people.
    fn host(&self) -> &str;

    /// Brings the file there, or what is missing of it, and asks what arrived. The same call after any stop goes on where
    /// it stopped; after success it finds what it did and sends nothing again.
    fn put(&self, parcel: &Parcel, records: &Records, watch: &mut Watch<'_>) -> Result<Stored, DeliverError>;
}

/// What somebody who waits for an upload sees, and how long he waits.
pub struct Watch<'a> {
    /// Told how many bytes of the file are at the far side, several times a second.
    pub progress: &'a mut dyn FnMut(u64),
    /// Set to stop within a second.
    pub cancelled: &'a AtomicBool,
    /// How often it is tried again.
    pub retry: Retry,
}

/// A file at the far side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where whoever may read it finds it. It holds no key.
    pub location: String,
    /// Its size there, as the far side says.
    pub size: u64,
    /// Whether what is stored was compared with what was sent.
    pub read_back: ReadBack,
    /// Whether all of it was there before this call.
    pub already: bool,
}

/// Whether what is stored was compared with what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadBack {
    /// It was downloaded, and has the digest of the file.
    Equal,
    /// It could not be, for this reason; its size was compared.
    Impossible(String),
}

impl std::fmt::Display for ReadBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Equal => f.write_str("read back, the digests are equal"),
            Self::Impossible(why) => write!(f, "not read back ({why}), the sizes are equal"),
        }
    }
}

/// Downloads what is stored at the address that `ask` gives and holds it against the file.
fn read_back(
    sender: &Sender,
    ask: impl Fn() -> (Url, HeaderMap),
    parcel: &Parcel,
    watch: &mut Watch<'_>,
    patience: &mut Patience<'_>,
) -> Result<ReadBack, DeliverError> {
    loop {
        let (url, headers) = ask();
        match sender.digest_of(&url, headers, parcel.size, watch) {
            Ok((_, Some(found))) if found == parcel.digest => return Ok(ReadBack::Equal),
            Ok((_, Some(found))) => {
                let what = format!("{}, as {} gives it back,", parcel.name, sender.host());
                return Err(DeliverError::DigestMismatch { what, expected: parcel.digest, found });
            }
            Ok((answer, None)) if may_pass(answer.status) => {
                let error = sender.refusal(&answer, "give the file back", "");
                patience.wait_after(Failure::refused(&answer, error))?;
            }
            Ok((answer, None)) => {
                let why = format!("{} does not give it back, status {}", sender.host(), answer.status);
                return Ok(ReadBack::Impossible(why));
            }
            Err(failure) => patience.wait_after(failure)?,
        }
    }
}
