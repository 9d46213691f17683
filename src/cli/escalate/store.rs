//! The store of the policy, for a bundle that the ticket system does not take: how it is reached, and what is seen meanwhile.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::World;
use super::desk::Desk;
use crate::cli::progress::UploadProgress;
use crate::deliver::handover::{Store, UploadError};
use crate::deliver::retry::Retry;
use crate::deliver::secrets::Environment;
use crate::deliver::uploads::parcel::Parcel;
use crate::deliver::uploads::records::Records;
use crate::deliver::uploads::{Stored, Watch, connect};
use crate::escalate::Policy;
use crate::model::{CaseId, Sha256Digest};

/// What an upload needs of a run.
pub(super) struct Carrier<'a> {
    policy: &'a Policy,
    environment: Environment<'a>,
    records: Records,
    cancelled: &'a AtomicBool,
    quiet: bool,
}

impl<'a> Carrier<'a> {
    /// `quiet`: without a word about how far it has come.
    pub(super) fn new<'w: 'a>(policy: &'a Policy, desk: &Desk, world: &World<'w>, quiet: bool) -> Self {
        let (environment, cancelled) = (world.environment, world.cancelled);
        Self { policy, environment, records: desk.uploads(), cancelled, quiet }
    }

    /// Brings a file to the store that the policy names.
    pub(super) fn put(&self, path: &Path, case_id: &CaseId, digest: &Sha256Digest) -> Result<Stored, UploadError> {
        let name = self.policy.upload.as_deref().unwrap_or_default();
        let store = connect::connect(self.policy, name, self.environment)?;
        let parcel = Parcel::open(path, case_id, Some(digest))?;
        let mut progress = UploadProgress::new(self.quiet, parcel.size, store.host());
        let mut watch =
            Watch { progress: &mut |bytes| progress.at(bytes), cancelled: self.cancelled, retry: Retry::PATIENT };
        let stored = store.put(&parcel, &self.records, &mut watch);
        progress.finish();
        Ok(stored?)
    }
}

/// The store that the policy names, reached by `put`.
pub(super) fn of_policy<'a>(
    policy: &'a Policy,
    put: &'a dyn Fn(&Path, &CaseId, &Sha256Digest) -> Result<Stored, UploadError>,
) -> Option<Store<'a>> {
    Some(Store { name: policy.upload.as_deref()?, put })
}
