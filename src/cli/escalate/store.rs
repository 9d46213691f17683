//! The store of the policy, for a bundle that the ticket system does not take: how it is reached, and what is seen meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::World;
use super::desk::Desk;
use crate::cli::progress::UploadProgress;
use crate::deliver::DeliverError;
use crate::deliver::handover::{Store, UploadError};
use crate::deliver::recording::Recording;
use crate::deliver::retry::Retry;
use crate::deliver::secrets::Environment;
use crate::deliver::uploads::parcel::Parcel;
use crate::deliver::uploads::records::Records;
use crate::deliver::uploads::{ReadBack, Stored, Watch, connect};
use crate::escalate::Policy;
use crate::escalate::plain_text::without_secrets;
use crate::escalate::uploads::UploadTarget;
use crate::model::{CaseId, Sha256Digest};

/// What an upload needs of a run.
pub(super) struct Carrier<'a> {
    policy: &'a Policy,
    environment: Environment<'a>,
    records: Records,
    cancelled: &'a AtomicBool,
    quiet: bool,
    rehearsal: Option<Arc<Recording>>,
}

impl<'a> Carrier<'a> {
    /// `quiet`: without a word about how far it has come.
    pub(super) fn new<'w: 'a>(policy: &'a Policy, desk: &Desk<'_>, world: &World<'w>, quiet: bool) -> Self {
        let (environment, cancelled) = (world.environment, world.cancelled);
        let rehearsal = world.rehearsal.map(|rehearsal| rehearsal.recording.clone());
        Self { policy, environment, records: desk.uploads(), cancelled, quiet, rehearsal }
    }

    /// Brings a file to the store that the policy names.
    pub(super) fn put(&self, path: &Path, case_id: &CaseId, digest: &Sha256Digest) -> Result<Stored, UploadError> {
        let name = self.policy.upload.as_deref().unwrap_or_default();
        let store = connect::connect(self.policy, name, self.environment)?;
        let parcel = Parcel::open(path, case_id, Some(digest))?;
        if let (Some(recording), Some(target)) = (&self.rehearsal, self.policy.uploads.get(name)) {
            return Ok(rehearsed(recording, name, target, &parcel)?);
        }
        let mut progress = UploadProgress::new(self.quiet, parcel.size, store.host());
        let mut watch =
            Watch { progress: &mut |bytes| progress.at(bytes), cancelled: self.cancelled, retry: Retry::PATIENT };
        let stored = store.put(&parcel, &self.records, &mut watch);
        progress.finish();
        Ok(stored?)
    }
}

/// Says what would be sent. Each request of an upload hangs on the answer to the one before, so none is written out.
fn rehearsed(
    recording: &Recording,
    name: &str,
    target: &UploadTarget,
    parcel: &Parcel,
) -> Result<Stored, DeliverError> {
    let url = without_secrets(&target.url);
    let bucket = target.bucket.as_ref().map_or_else(String::new, |bucket| format!("bucket: {bucket}\n"));
    let Parcel { name: file, size, digest, .. } = parcel;
    let text = format!(
        "{} upload to {url}\n{bucket}case: {}\nfile: {file}\n{size} bytes\nSHA-256 {digest}\n",
        target.kind.word(),
        parcel.case_id
    );
    let failed = |source| DeliverError::Io { action: "write in", path: recording.folder().to_owned(), source };
    recording.write(&format!("upload-{name}.txt"), &text).map_err(failed)?;
    let read_back = ReadBack::Impossible("nothing was sent".to_owned());
    Ok(Stored { location: url, size: *size, read_back, already: false })
}

/// The store that the policy names, reached by `put`.
pub(super) fn of_policy<'a>(
    policy: &'a Policy,
    put: &'a dyn Fn(&Path, &CaseId, &Sha256Digest) -> Result<Stored, UploadError>,
) -> Option<Store<'a>> {
    Some(Store { name: policy.upload.as_deref()?, put })
}
