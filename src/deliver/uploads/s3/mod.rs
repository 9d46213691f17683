//! Uploads to S3 and what speaks like it: a small file at once, a large one in parts, by addresses that are signed for one
//! request each. The keys stay in this process.

pub mod answers;
pub mod multipart;
pub mod sign;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use url::Url;

use super::drops::{self, Grant};
use super::parcel::Parcel;
use super::records::{Held, Record, Records};
use super::sender::{Load, Sender};
use super::{ReadBack, Stored, Upload, Watch, read_back};
use crate::deliver::DeliverError;
use crate::deliver::retry::Patience;
use crate::model::{CaseId, Sha256Digest};
use multipart::{Addresses, Ask, Multipart, Pushed, part_size, refused, send};
use sign::{Signer, encoded};

/// How long an address holds that we sign for ourselves: until the request has reached the far side.
const AT_ONCE: Duration = Duration::from_secs(3600);
/// How often an upload that the far side has lost is begun anew in one run.
const MOST_BEGUN: u32 = 3;

/// A bucket that takes files.
pub struct S3 {
    sender: Sender,
    signer: Signer,
    bucket: Url,
    prefix: String,
    read_back: bool,
}

impl S3 {
    /// The bucket at `bucket`, an address whose path is the bucket's name; keys of objects begin with `prefix`.
    #[must_use]
    pub fn new(sender: Sender, signer: Signer, bucket: Url, prefix: &str, read_back: bool) -> Self {
        Self { sender, signer, bucket, prefix: prefix.trim_matches('/').to_owned(), read_back }
    }

    /// Where an object of the case lies. What it is called follows from the file's content, where that is known: so no
    /// file takes the place of another.
    fn place(&self, case_id: &CaseId, mark: &str, name: &str) -> Url {
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) };
        let mut place = self.bucket.clone();
        let bucket = place.path().trim_end_matches('/').to_owned();
        place.set_path(&format!("{bucket}/{}", encoded(&format!("{prefix}{case_id}/{mark}/{name}"), true)));
        place
    }

    /// Begins an upload in parts that somebody without a key may fill with at most `most` bytes: the address of the
    /// object, and what is handed out. `lasting` is at most [`sign::LONGEST`].
    pub fn grant(
        &self,
        (case_id, name): (&CaseId, &str),
        most: u64,
        (now, lasting): (Timestamp, Duration),
        watch: &mut Watch<'_>,
    ) -> Result<Grant, DeliverError> {
        // What its content will be is not known; chance keeps one drop from taking the place of another.
        let mut random = [0; 5];
        getrandom::fill(&mut random).map_err(|e| DeliverError::Io {
            action: "name",
            path: std::path::PathBuf::from("the drop"),
            source: std::io::Error::other(e),
        })?;
        let mark = format!("{}-{}", now.strftime("drop-%Y%m%d"), data_encoding::HEXLOWER.encode(&random));
        let place = self.place(case_id, &mark, name);
        let mut patience = Patience::new(watch.retry, watch.cancelled);
        let upload = self.create(&Signed { signer: &self.signer, place: &place, hold: None }, watch, &mut patience)?;
        let signed = Signed { signer: &self.signer, place: &place, hold: Some((now, lasting)) };
        Ok(drops::grant(&signed, place.clone(), upload, most))
    }

    /// Begins an upload in parts.
    fn create(
        &self,
        object: &Signed<'_>,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<String, DeliverError> {
        loop {
            match send(&self.sender, object, &Ask::Create, Load::Nothing, watch) {
                Ok(answer) if answer.is_success() => {
                    let id = answers::text_of(&String::from_utf8_lossy(&answer.body), "UploadId");
                    if let Some(id) = id.filter(|id| !id.is_empty()) {
                        patience.moved();
                        return Ok(id);
                    }
                    let problem = "its answer names no upload".to_owned();
                    let system = self.sender.host().to_owned();
                    return Err(DeliverError::Refused { system, action: "begin an upload", problem });
                }
                Ok(answer) => patience.wait_after(refused(&self.sender, &answer, "begin an upload"))?,
                Err(failure) => patience.wait_after(failure)?,
            }
        }
    }

    fn put_at_once(
        &self,
        object: &Signed<'_>,
        parcel: &Parcel,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<(), DeliverError> {
        loop {
            let load = Load::File { parcel, from: 0, length: parcel.size };
            match send(&self.sender, object, &Ask::Put, load, watch) {
                Ok(answer) if answer.is_success() => return Ok(()),
                Ok(answer) => patience.wait_after(refused(&self.sender, &answer, "take the file"))?,
                Err(failure) => patience.wait_after(failure)?,
            }
        }
    }

    fn put_in_parts(
        &self,
        object: &Signed<'_>,
        held: &Held,
        parcel: &Parcel,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<(), DeliverError> {
        let known = held.read()?.filter(|record| record.file_digest == parcel.digest && record.size == parcel.size);
        let mut known = known.and_then(|record| Some((record.upload, record.part_size?)));
        for _ in 0..MOST_BEGUN {
            let (upload, part_size) = match known.take() {
                Some(known) => known,
                None => {
                    let (upload, part_size) = (self.create(object, watch, patience)?, part_size(parcel.size));
                    let (file_digest, size) = (parcel.digest, parcel.size);
                    let record = Record { file_digest, size, upload: upload.clone(), part_size: Some(part_size) };
                    held.write(&record)?;
                    (upload, part_size)
                }
            };
            let multipart = Multipart { sender: &self.sender, addresses: object, upload: &upload, part_size, parcel };
            match multipart.push(true, watch, patience)? {
                Pushed::Whole => return Ok(()),
                // The answer to "put them together" may have been lost.
                Pushed::Gone if size_of(&self.sender, object, watch, patience)? == Some(parcel.size) => return Ok(()),
                Pushed::Gone => {}
            }
        }
        let problem = "it loses what it has taken, again and again".to_owned();
        Err(DeliverError::Refused { system: self.sender.host().to_owned(), action: "keep the upload", problem })
    }
}

impl Upload for S3 {
    fn host(&self) -> &str {
        self.sender.host()
    }

    fn put(&self, parcel: &Parcel, records: &Records, watch: &mut Watch<'_>) -> Result<Stored, DeliverError> {
        let place = self.place(&parcel.case_id, &mark(&parcel.digest), &parcel.name);
        let object = Signed { signer: &self.signer, place: &place, hold: None };
        let held = records.hold(&format!("s3 {place}"), Some(&parcel.digest))?;
        let mut patience = Patience::new(watch.retry, watch.cancelled);
        let mut already = size_of(&self.sender, &object, watch, &mut patience)? == Some(parcel.size);
        let read_back = loop {
            if !already && parcel.size <= part_size(0) {
                self.put_at_once(&object, parcel, watch, &mut patience)?;
            } else if !already {
                self.put_in_parts(&object, &held, parcel, watch, &mut patience)?;
            }
            (watch.progress)(parcel.size);
            match self.compare(&object, parcel, watch, &mut patience) {
                // Its name follows from its content: what has the name and not the content is a mistake to mend.
                Err(DeliverError::DigestMismatch { .. }) if already => already = false,
                compared => break compared?,
            }
        };
        Ok(Stored { location: place.to_string(), size: parcel.size, read_back, already })
    }
}

impl S3 {
    fn compare(
        &self,
        object: &Signed<'_>,
        parcel: &Parcel,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<ReadBack, DeliverError> {
        match size_of(&self.sender, object, watch, patience)? {
            Some(found) if found != parcel.size => {
                let problem = format!("it holds {found} bytes of {}", parcel.size);
                return Err(DeliverError::Refused { system: self.host().to_owned(), action: "keep the file", problem });
            }
            _ => {}
        }
        if !self.read_back {
            return Ok(ReadBack::Impossible("the policy does not ask for it".to_owned()));
        }
        let ask = || (object.of(&Ask::Get).expect("a signer allows everything"), HeaderMap::new());
        read_back(&self.sender, ask, parcel, watch, patience)
    }
}

fn mark(digest: &Sha256Digest) -> String {
    digest.to_string()[..16].to_owned()
}

/// The size of the object, where there is one and we may ask: an account that may not list learns nothing of what is absent.
pub(super) fn size_of(
    sender: &Sender,
    object: &dyn Addresses,
    watch: &mut Watch<'_>,
    patience: &mut Patience<'_>,
) -> Result<Option<u64>, DeliverError> {
    loop {
        match send(sender, object, &Ask::Head, Load::Nothing, watch) {
            Ok(answer) if answer.is_success() => {
                let length = answer.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
                return Ok(length.and_then(|length| length.trim().parse().ok()));
            }
            Ok(answer) if matches!(answer.status, 403 | 404) => return Ok(None),
            Ok(answer) => patience.wait_after(refused(sender, &answer, "say what it holds"))?,
            Err(failure) => patience.wait_after(failure)?,
        }
    }
}

/// Addresses of one object, signed when they are asked for.
struct Signed<'a> {
    signer: &'a Signer,
    place: &'a Url,
    /// From when and for how long its addresses hold; nothing: from now, for one request.
    hold: Option<(Timestamp, Duration)>,
}

impl Addresses for Signed<'_> {
    fn of(&self, ask: &Ask<'_>) -> Option<Url> {
        let query = ask.query();
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (at, lasting) = self.hold.unwrap_or_else(|| (Timestamp::now(), AT_ONCE));
        Some(self.signer.presign(ask.method().as_str(), self.place, &query, at, lasting))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
