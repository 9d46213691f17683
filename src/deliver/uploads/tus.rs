//! Uploads by tus 1.0, core and creation: an upload is made with `POST`, `HEAD` says how much of it is there, `PATCH` adds.
//! What a server answers is judged by what it then says is there, not by exact statuses, in which servers differ.

use std::fmt::Write as _;

use data_encoding::BASE64;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use url::Url;

use super::parcel::Parcel;
use super::records::{Record, Records};
use super::sender::{Load, Sender};
use super::{ReadBack, Stored, Upload, Watch, read_back};
use crate::deliver::DeliverError;
use crate::deliver::http::Answer;
use crate::deliver::retry::{Failure, Patience};

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");

/// How often an upload that the server has lost is begun anew in one run.
const MOST_BEGUN: u32 = 3;

/// A tus server that makes an upload for whoever shows the token.
pub struct Tus {
    sender: Sender,
    creation: Url,
    read_back: bool,
    /// The most bytes of one `PATCH`, for servers behind something that limits bodies.
    chunk: Option<u64>,
}

/// What became of an upload that was gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// All of it is there; whether anything was sent for that.
    Whole {
        /// Whether this call sent something.
        sent: bool,
    },
    /// The far side knows no such upload any more.
    Gone,
}

impl Tus {
    /// The server whose uploads are made at `creation`.
    #[must_use]
    pub fn new(sender: Sender, creation: Url, read_back: bool, chunk: Option<u64>) -> Self {
        Self { sender, creation, read_back, chunk }
    }

    /// Makes an upload of a length that is told later, for somebody who holds no key: its address is all that he needs.
    /// The second value is until when the server keeps it, as it says.
    pub fn create_for_later(
        &self,
        names: &[(&str, &str)],
        watch: &mut Watch<'_>,
    ) -> Result<(Url, Option<String>), DeliverError> {
        let mut patience = Patience::new(watch.retry, watch.cancelled);
        loop {
            match self.create((DEFER_LENGTH, 1), names, watch) {
                Ok((url, answer)) => {
                    let expires = answer.headers.get("upload-expires").and_then(|value| value.to_str().ok());
                    return Ok((url, expires.map(str::to_owned)));
                }
                Err(failure) => patience.wait_after(failure)?,
            }
        }
    }

    fn create(
        &self,
        (length, value): (HeaderName, u64),
        names: &[(&str, &str)],
        watch: &mut Watch<'_>,
    ) -> Result<(Url, Answer), Failure> {
        let mut headers = headers();
        headers.insert(length, value.into());
        let mut metadata = String::new();
        for (key, value) in names {
            let comma = if metadata.is_empty() { "" } else { "," };
            write!(metadata, "{comma}{key} {}", BASE64.encode(value.as_bytes())).expect("a string takes everything");
        }
        headers.insert(METADATA, HeaderValue::from_str(&metadata).expect("names and base64 are ASCII"));
        let answer = self.sender.send((Method::POST, &self.creation), headers, Load::Nothing, watch)?;
        let location = answer.headers.get(LOCATION).and_then(|location| location.to_str().ok());
        match location {
            Some(location) if answer.is_success() => Ok((self.sender.same_place(&self.creation, location)?, answer)),
            _ => Err(refused(&self.sender, &answer, "make an upload")),
        }
    }
}

impl Upload for Tus {
    fn host(&self) -> &str {
        self.sender.host()
    }

    fn put(&self, parcel: &Parcel, records: &Records, watch: &mut Watch<'_>) -> Result<Stored, DeliverError> {
        let held = records.hold(&format!("tus {}", self.creation), Some(&parcel.digest))?;
        let known = held.read()?.filter(|record| record.file_digest == parcel.digest && record.size == parcel.size);
        let mut upload = known.and_then(|record| self.sender.same_place(&self.creation, &record.upload).ok());
        let mut patience = Patience::new(watch.retry, watch.cancelled);
        let mut begun = 0;
        let (url, sent) = loop {
            let url = match upload.take() {
                Some(url) => url,
                None => {
                    let digest = parcel.digest.to_string();
                    let names = [
                        ("filename", parcel.name.as_str()),
                        ("filetype", "application/zip"),
                        ("sha256", &digest),
                        ("case", parcel.case_id.as_str()),
                    ];
                    let url = match self.create((LENGTH, parcel.size), &names, watch) {
                        Ok((url, _)) => url,
                        Err(failure) => {
                            patience.wait_after(failure)?;
                            continue;
                        }
                    };
                    let (file_digest, size) = (parcel.digest, parcel.size);
                    held.write(&Record { file_digest, size, upload: url.to_string(), part_size: None })?;
                    patience.moved();
                    begun += 1;
                    url
                }
            };
            match push(&self.sender, &url, parcel, self.chunk, watch, &mut patience)? {
                Pushed::Whole { sent } => break (url, sent),
                Pushed::Gone if begun < MOST_BEGUN => {}
                Pushed::Gone => {
                    let problem = "it loses what it has taken, again and again".to_owned();
                    return Err(DeliverError::Refused {
                        system: self.host().to_owned(),
                        action: "keep the upload",
                        problem,
                    });
                }
            }
        };
        let read_back = if self.read_back {
            let compared = read_back(&self.sender, || (url.clone(), headers()), parcel, watch, &mut patience);
            if matches!(compared, Err(DeliverError::DigestMismatch { .. })) {
                held.forget()?;
            }
            compared?
        } else {
            ReadBack::Impossible("the policy does not ask for it".to_owned())
        };
        Ok(Stored { location: url.to_string(), size: parcel.size, read_back, already: !sent })
    }
}

/// Goes on with the upload at `url` from where the far side says that it is, until all of it is there.
pub(super) fn push(
    sender: &Sender,
    url: &Url,
    parcel: &Parcel,
    chunk: Option<u64>,
    watch: &mut Watch<'_>,
    patience: &mut Patience<'_>,
) -> Result<Pushed, DeliverError> {
    let mut furthest = 0;
    let mut sent = false;
    loop {
        let (offset, length) = match state(sender, url, watch) {
            Ok(Some(state)) => state,
            Ok(None) => return Ok(Pushed::Gone),
            Err(failure) => {
                patience.wait_after(failure)?;
                continue;
            }
        };
        if offset > parcel.size || length.is_some_and(|length| length != parcel.size) {
            let problem = format!("it holds another file there, of {} bytes", length.unwrap_or(offset));
            return Err(DeliverError::Refused { system: sender.host().to_owned(), action: "go on", problem });
        }
        if offset > furthest {
            furthest = offset;
            patience.moved();
        }
        (watch.progress)(offset);
        // Nothing is whole while its length has not been told.
        if offset == parcel.size && length.is_some() {
            return Ok(Pushed::Whole { sent });
        }
        sent = true;
        let rest = parcel.size - offset;
        let mut headers = headers();
        headers.insert(OFFSET, offset.into());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/offset+octet-stream"));
        if length.is_none() {
            headers.insert(LENGTH, parcel.size.into());
        }
        let load = Load::File { parcel, from: offset, length: chunk.map_or(rest, |chunk| rest.min(chunk)) };
        let failure = match sender.send((Method::PATCH, url), headers, load, watch) {
            Ok(answer) if answer.is_success() => continue,
            Ok(answer) if matches!(answer.status, 404 | 410) => return Ok(Pushed::Gone),
            Ok(answer) => {
                let mut failure = refused(sender, &answer, "take more of the upload");
                // Another offset than we thought: it is asked again.
                failure.passing |= answer.status == 409;
                failure
            }
            Err(failure) => failure,
        };
        patience.wait_after(failure)?;
    }
}

/// How many bytes are there; nothing where there is no such upload.
pub(super) fn offset(
    sender: &Sender,
    url: &Url,
    watch: &mut Watch<'_>,
    patience: &mut Patience<'_>,
) -> Result<Option<u64>, DeliverError> {
    loop {
        match state(sender, url, watch) {
            Ok(state) => return Ok(state.map(|(offset, _)| offset)),
            Err(failure) => patience.wait_after(failure)?,
        }
    }
}

/// How many bytes are there, and of how many, where that was told; nothing where there is no such upload.
fn state(sender: &Sender, url: &Url, watch: &mut Watch<'_>) -> Result<Option<(u64, Option<u64>)>, Failure> {
    let answer = sender.send((Method::HEAD, url), headers(), Load::Nothing, watch)?;
    let number = |name: &HeaderName| answer.headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    match (answer.is_success(), number(&OFFSET)) {
        (true, Some(offset)) => Ok(Some((offset, number(&LENGTH)))),
        (false, _) if matches!(answer.status, 404 | 410) => Ok(None),
        _ => Err(refused(sender, &answer, "say how much of the upload is there")),
    }
}

fn headers() -> HeaderMap {
    HeaderMap::from_iter([(RESUMABLE, HeaderValue::from_static("1.0.0"))])
}

fn refused(sender: &Sender, answer: &Answer, action: &'static str) -> Failure {
    let said = String::from_utf8_lossy(&answer.body);
    Failure::refused(answer, sender.refusal(answer, action, &said))
}

#[cfg(test)]
#[path = "tus_tests.rs"]
mod tests;
