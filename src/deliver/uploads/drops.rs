//! Drops: somebody who holds no key brings one file of one case to one place, until a day. The link says where and holds
//! only what is needed to write there: the address of a tus upload, or signed addresses for the parts of one S3 object.
//! Nothing can be read by it.

use std::fmt::Write as _;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::parcel::Parcel;
use super::records::{Record, Records};
use super::s3::multipart::{Addresses, Ask, Multipart, Pushed};
use super::s3::sign::encoded;
use super::sender::Sender;
use super::{ReadBack, Stored, Upload, Watch, s3, tus};
use crate::deliver::DeliverError;
use crate::deliver::http::host;
use crate::deliver::retry::Patience;
use crate::model::drop_link::{DropLink, MARK};
use crate::model::{CaseId, Sha256Digest};

/// The most parts of a drop: a link of so many is about 12 KiB long.
const MOST_PARTS: u64 = 128;

/// What a link says. It has no `Debug` form: it is the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The case that the file must be of.
    pub case_id: CaseId,
    /// Until when it may be used.
    pub expires: Timestamp,
    /// The most bytes that it takes.
    pub most: u64,
    /// How it is used.
    pub means: Means,
}

/// How a drop is used.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Means {
    /// An upload at a tus server, whose length is told by whoever fills it.
    Tus {
        /// Its address.
        url: Address,
    },
    /// An upload in parts at S3.
    S3(Grant),
}

/// Signed addresses for one upload in parts: to store and list its parts, to put them together, and to ask how large the
/// object is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The object, without a query.
    pub object: Address,
    /// The upload's name.
    pub upload: String,
    /// What every query begins with.
    pub query: String,
    /// Bytes of each part but the last.
    pub part_size: u64,
    /// The signature for each part, from the first.
    pub parts: Vec<String>,
    /// The signature for a list of the parts.
    pub list: String,
    /// The signature for putting them together.
    pub complete: String,
    /// The signature for asking how large the object is.
    pub head: String,
}

/// An address as it is written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(pub Url);

impl TryFrom<String> for Address {
    type Error = url::ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Url::parse(&text).map(Self)
    }
}

impl From<Address> for String {
    fn from(url: Address) -> Self {
        url.0.into()
    }
}

/// A link that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the drop link {0}")]
pub struct BadLink(&'static str);

impl Terms {
    /// Reads what a link says.
    pub fn read(link: &DropLink) -> Result<Self, BadLink> {
        let broken = BadLink("is damaged; a part of it may be missing");
        let inside = link.reveal().strip_prefix(MARK).ok_or(broken.clone())?;
        let json = BASE64URL_NOPAD.decode(inside.as_bytes()).map_err(|_| broken.clone())?;
        let terms: Self = serde_json::from_slice(&json).map_err(|_| broken)?;
        let parts_fit = match &terms.means {
            Means::Tus { .. } => true,
            Means::S3(grant) => grant.part_size > 0 && (grant.parts.len() as u64) < u64::from(u32::MAX),
        };
        if parts_fit { Ok(terms) } else { Err(BadLink("says what cannot be")) }
    }

    /// The link that says this.
    #[must_use]
    pub fn link(&self) -> DropLink {
        let json = serde_json::to_vec(self).expect("terms are JSON");
        DropLink::parse(&format!("{MARK}{}", BASE64URL_NOPAD.encode(&json))).expect("made to be one")
    }

    /// Where the file goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        match &self.means {
            Means::Tus { url } => &url.0,
            Means::S3(grant) => &grant.object.0,
        }
    }

    /// The host that gets the file, for people.
    #[must_use]
    pub fn host(&self) -> String {
        host(self.url())
    }
}

impl Addresses for Grant {
    fn of(&self, ask: &Ask<'_>) -> Option<Url> {
        let signature = match ask {
            Ask::Part(_, number) => self.parts.get(usize::try_from(number.checked_sub(1)?).ok()?)?,
            Ask::List(_) => &self.list,
            Ask::Complete(_) => &self.complete,
            Ask::Head => &self.head,
            Ask::Get | Ask::Put | Ask::Create => return None,
        };
        let mut query = self.query.clone();
        for (name, value) in ask.query() {
            write!(query, "&{name}={}", encoded(&value, false)).expect("a string takes everything");
        }
        let mut url = self.object.0.clone();
        url.set_query(Some(&format!("{query}&X-Amz-Signature={signature}")));
        Some(url)
    }
}

/// A drop that takes one file.
pub struct Drop {
    terms: Terms,
    sender: Sender,
    now: Timestamp,
}

impl Drop {
    /// The drop of these terms; `sender` is a line to its host.
    #[must_use]
    pub fn new(terms: Terms, sender: Sender, now: Timestamp) -> Self {
        // The address of a tus upload is a key; a server's complaint may repeat it.
        let secret = terms.url().path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
        Self { terms, sender: sender.keeping_secret(&secret), now }
    }

    fn refused(&self, problem: &str) -> DeliverError {
        let problem = problem.to_owned();
        DeliverError::Refused { system: self.sender.host().to_owned(), action: "take the file", problem }
    }

    fn fill_tus(
        &self,
        url: &Url,
        parcel: &Parcel,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<bool, DeliverError> {
        match tus::push(&self.sender, url, parcel, None, watch, patience)? {
            tus::Pushed::Whole { sent } => Ok(sent),
            tus::Pushed::Gone => Err(self.refused("the drop is not there any more; ask for a new link")),
        }
    }

    fn fill_s3(
        &self,
        grant: &Grant,
        parcel: &Parcel,
        ours: bool,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<bool, DeliverError> {
        let (sender, upload, part_size) = (&self.sender, grant.upload.as_str(), grant.part_size);
        let multipart = Multipart { sender, addresses: grant, upload, part_size, parcel };
        match multipart.push(ours, watch, patience)? {
            Pushed::Whole => Ok(true),
            // It was there when this file was begun: so it was put together, and the answer was lost.
            Pushed::Gone if s3::size_of(sender, grant, watch, patience)? == Some(parcel.size) => Ok(!ours),
            Pushed::Gone => Err(self.refused("the drop is used up, or not there any more; ask for a new link")),
        }
    }

    /// Whether what the far side holds already, if anything, is the beginning of this file: as far as we know.
    fn is_free_for(
        &self,
        known: Option<&Sha256Digest>,
        parcel: &Parcel,
        watch: &mut Watch<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<bool, DeliverError> {
        if known == Some(&parcel.digest) {
            return Ok(true);
        }
        match &self.terms.means {
            Means::Tus { url } => {
                Ok(tus::offset(&self.sender, &url.0, watch, patience)?.is_none_or(|offset| offset == 0))
            }
            // Parts that are there are sent anew; a drop that is used up has no list of parts.
            Means::S3(grant) => {
                let (sender, upload, part_size) = (&self.sender, grant.upload.as_str(), grant.part_size);
                let multipart = Multipart { sender, addresses: grant, upload, part_size, parcel };
                Ok(multipart.list(watch, patience)?.is_some())
            }
        }
    }
}

impl Upload for Drop {
    fn host(&self) -> &str {
        self.sender.host()
    }

    fn put(&self, parcel: &Parcel, records: &Records, watch: &mut Watch<'_>) -> Result<Stored, DeliverError> {
        if parcel.case_id != self.terms.case_id {
            let problem = format!("the drop is for {}, the file is of {}", self.terms.case_id, parcel.case_id);
            return Err(self.refused(&problem));
        }
        if self.now >= self.terms.expires {
            return Err(self.refused(&format!("the drop ended at {}; ask for a new link", self.terms.expires)));
        }
        if parcel.size > self.terms.most {
            let problem = format!("it takes {} bytes, and the file has {}", self.terms.most, parcel.size);
            return Err(self.refused(&problem));
        }
        let held = records.hold(&format!("drop {}", self.terms.link().reveal()), None)?;
        let mut patience = Patience::new(watch.retry, watch.cancelled);
        let known = held.read()?.map(|record| record.file_digest);
        let ours = known == Some(parcel.digest);
        if !self.is_free_for(known.as_ref(), parcel, watch, &mut patience)? {
            return Err(self.refused("the drop was used for another file already; ask for a new link"));
        }
        if !ours {
            // What may be written there stands in the link alone.
            let (file_digest, size) = (parcel.digest, parcel.size);
            held.write(&Record { file_digest, size, upload: String::new(), part_size: None })?;
        }
        let sent = match &self.terms.means {
            Means::Tus { url } => self.fill_tus(&url.0, parcel, watch, &mut patience)?,
            Means::S3(grant) => {
                let sent = self.fill_s3(grant, parcel, ours, watch, &mut patience)?;
                match s3::size_of(&self.sender, grant, watch, &mut patience)? {
                    Some(found) if found != parcel.size => {
                        return Err(self.refused(&format!("it holds {found} bytes of {}", parcel.size)));
                    }
                    _ => sent,
                }
            }
        };
        (watch.progress)(parcel.size);
        let why = "a drop gives nothing back; whoever verifies the bundle sees whether it is whole".to_owned();
        let location = self.sender.host().to_owned();
        Ok(Stored { location, size: parcel.size, read_back: ReadBack::Impossible(why), already: !sent })
    }
}

/// Signatures by number, from addresses that were signed in full: `query` is what they share.
pub(super) fn grant(signed: &dyn Addresses, object: Url, upload: String, most: u64) -> Grant {
    // Each part costs a signature in the link, which somebody has to paste and the redactor to find.
    let part_size = s3::multipart::part_size(most).max(most.div_ceil(MOST_PARTS).div_ceil(1 << 20) << 20);
    let signature = |ask: &Ask<'_>| {
        let url = signed.of(ask).expect("a signer allows everything");
        let query = url.query().unwrap_or_default().to_owned();
        let (front, signature) = query.rsplit_once("&X-Amz-Signature=").expect("signed");
        (front.to_owned(), signature.to_owned())
    };
    let count = u32::try_from(most.div_ceil(part_size).max(1)).unwrap_or(u32::MAX);
    let (query, head) = signature(&Ask::Head);
    let parts = (1..=count).map(|number| signature(&Ask::Part(&upload, number)).1).collect();
    let (list, complete) = (signature(&Ask::List(&upload)).1, signature(&Ask::Complete(&upload)).1);
    Grant { object: Address(object), query, part_size, parts, list, complete, head, upload }
}

#[cfg(test)]
#[path = "drops_tests.rs"]
mod tests;
