//! One object from many parts: what is there is listed, what is missing is sent, and only when every part is there as it
//! was sent are they put together.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::{ETAG, HeaderMap};
use url::Url;

use super::answers::{self, Part};
use crate::deliver::DeliverError;
use crate::deliver::http::Answer;
use crate::deliver::retry::{Failure, Patience};
use crate::deliver::uploads::Watch;
use crate::deliver::uploads::parcel::Parcel;
use crate::deliver::uploads::sender::{Load, Sender};

/// The most parts of an upload: a list of so many comes in one answer.
pub const MOST_PARTS: u64 = 1000;
/// The smallest part that we make; S3 takes none below 5 MiB, but the last. A cut line costs at most one part.
const SMALLEST_PART: u64 = 8 << 20;
/// How often parts that are not there as they were sent are sent again in one run.
const MOST_ROUNDS: u32 = 3;

/// What can be asked about one object.
#[derive(Debug, Clone, Copy)]
pub enum Ask<'a> {
    /// Whether it is there, and its size.
    Head,
    /// All of it.
    Get,
    /// To store it at once.
    Put,
    /// To begin an upload in parts.
    Create,
    /// To store a part of the upload.
    Part(&'a str, u32),
    /// To list the parts of the upload.
    List(&'a str),
    /// To put the parts of the upload together.
    Complete(&'a str),
}

impl Ask<'_> {
    /// The method that asks so.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Head => Method::HEAD,
            Self::Get | Self::List(_) => Method::GET,
            Self::Put | Self::Part(..) => Method::PUT,
            Self::Create | Self::Complete(_) => Method::POST,
        }
    }

    /// The query that asks so.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Head | Self::Get | Self::Put => Vec::new(),
            Self::Create => vec![("uploads", String::new())],
            Self::Part(upload, number) => {
                vec![("partNumber", number.to_string()), ("uploadId", (*upload).to_owned())]
            }
            Self::List(upload) | Self::Complete(upload) => vec![("uploadId", (*upload).to_owned())],
        }
    }
}

/// Where an object can be asked what: by whoever holds the keys, or by a set of addresses that somebody was given.
pub trait Addresses {
    /// The signed address; nothing where it was not given.
    fn of(&self, ask: &Ask<'_>) -> Option<Url>;
}

/// How an upload in parts ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The object is put together.
    Whole,
    /// The far side knows no such upload any more: it is complete already, or was dropped.
    Gone,
}

/// The bytes of each part of a file of `size`.
#[must_use]
pub fn part_size(size: u64) -> u64 {
    let needed = size.div_ceil(MOST_PARTS).div_ceil(1 << 20) << 20;
    needed.max(SMALLEST_PART)
}

/// Asks `ask` with `load`.
pub fn send(
    sender: &Sender,
    addresses: &dyn Addresses,
    ask: &Ask<'_>,
    load: Load<'_>,
    watch: &mut Watch<'_>,
) -> Result<Answer, Failure> {
    let Some(url) = addresses.of(ask) else {
        let problem = "the link does not allow it".to_owned();
        let error = DeliverError::Refused { system: sender.host().to_owned(), action: "take the upload", problem };
        return Err(Failure::last(error));
    };
    sender.send((ask.method(), &url), HeaderMap::new(), load, watch)
}

/// A refusing answer, with what S3 says about it.
pub fn refused(sender: &Sender, answer: &Answer, action: &'static str) -> Failure {
    let said = answers::complaint(&String::from_utf8_lossy(&answer.body)).unwrap_or_default();
    Failure::refused(answer, sender.refusal(answer, action, &said))
}

/// An upload in parts of one file.
pub struct Multipart<'a> {
    /// The line to the store.
    pub sender: &'a Sender,
    /// What may be asked.
    pub addresses: &'a dyn Addresses,
    /// The upload's name at the far side.
    pub upload: &'a str,
    /// Bytes of each part but the last.
    pub part_size: u64,
    /// The file.
    pub parcel: &'a Parcel,
}

impl Multipart<'_> {
    /// Sends what is missing and puts the object together. Parts that are there already count where `trusted`: they are
    /// of this very file, because nobody else knows the upload, or because a record of ours says so.
    pub fn push(
        &self,
        trusted: bool,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<Pushed, DeliverError> {
        let count = self.parcel.size.div_ceil(self.part_size).max(1);
        let mut known: BTreeMap<u32, Part> = BTreeMap::new();
        for round in 0..MOST_ROUNDS {
            let Some(mut there) = self.list(watch, patience)? else { return Ok(Pushed::Gone) };
            if round == 0 && trusted {
                known.clone_from(&there);
            }
            let mut missing = 0;
            for number in 1..=u32::try_from(count).unwrap_or(u32::MAX) {
                let from = u64::from(number - 1) * self.part_size;
                let length = self.part_size.min(self.parcel.size - from);
                let whole = known.get(&number).is_some_and(|part| part.size == length);
                if whole && there.get(&number) == known.get(&number) {
                    (watch.progress)(from + length);
                    continue;
                }
                missing += 1;
                let Some(etag) = self.send_part(number, from, length, watch, patience)? else {
                    return Ok(Pushed::Gone);
                };
                known.insert(number, Part { etag, size: length });
            }
            // What the far side holds is what is put together; it is asked after the last part was sent.
            if missing > 0 {
                match self.list(watch, patience)? {
                    Some(now) => there = now,
                    None => return Ok(Pushed::Gone),
                }
            }
            known.retain(|number, _| u64::from(*number) <= count);
            there.retain(|number, _| u64::from(*number) <= count);
            if there == known {
                return self.complete(&known, watch, patience);
            }
        }
        let problem = "what it holds is not what was sent to it".to_owned();
        Err(DeliverError::Refused { system: self.sender.host().to_owned(), action: "keep the parts", problem })
    }

    /// The parts that are there; nothing where there is no such upload any more.
    pub fn list(
        &self,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<Option<BTreeMap<u32, Part>>, DeliverError> {
        loop {
            match send(self.sender, self.addresses, &Ask::List(self.upload), Load::Nothing, watch) {
                Ok(answer) if answer.is_success() => {
                    return Ok(Some(answers::parts(&String::from_utf8_lossy(&answer.body))));
                }
                Ok(answer) if answer.status == 404 => return Ok(None),
                Ok(answer) => patience.wait_after(refused(self.sender, &answer, "list the parts"))?,
                Err(failure) => patience.wait_after(failure)?,
            }
        }
    }

    /// Sends one part, as often as it takes, and gives its name at the far side; nothing where the upload is gone.
    fn send_part(
        &self,
        number: u32,
        from: u64,
        length: u64,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<Option<String>, DeliverError> {
        loop {
            let load = Load::File { parcel: self.parcel, from, length };
            let failure = match send(self.sender, self.addresses, &Ask::Part(self.upload, number), load, watch) {
                Ok(answer) if answer.is_success() => {
                    patience.moved();
                    let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default();
                    return Ok(Some(etag.to_owned()));
                }
                Ok(answer) if answer.status == 404 => return Ok(None),
                Ok(answer) => refused(self.sender, &answer, "take a part"),
                Err(failure) => failure,
            };
            patience.wait_after(failure)?;
            // A server that refuses a body unread cuts the line, and its answer is lost: so the upload is asked about.
            if self.list(watch, patience)?.is_none() {
                return Ok(None);
            }
        }
    }

    fn complete(
        &self,
        parts: &BTreeMap<u32, Part>,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<Pushed, DeliverError> {
        let text = answers::completion(parts);
        loop {
            let failure = match send(self.sender, self.addresses, &Ask::Complete(self.upload), Load::Text(&text), watch)
            {
                Ok(answer) if answer.status == 404 => return Ok(Pushed::Gone),
                Ok(answer) => {
                    // It answers 200 first and may find afterwards that it cannot.
                    let complaint = answers::complaint(&String::from_utf8_lossy(&answer.body));
                    if answer.is_success() && complaint.is_none() {
                        return Ok(Pushed::Whole);
                    }
                    let mut failure = refused(self.sender, &answer, "put the parts together");
                    failure.passing |= answer.is_success();
                    failure
                }
                Err(failure) => failure,
            };
            patience.wait_after(failure)?;
        }
    }
}
