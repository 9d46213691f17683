//! From the policy's words to a store that takes files.

use rustls::pki_types::CertificateDer;
use url::Url;

use super::Upload;
use super::s3::S3;
use super::s3::sign::{Keys, Signer};
use super::sender::Sender;
use super::tus::Tus;
use crate::deliver::http::{self, HttpClient, HttpError};
use crate::deliver::secrets::{Environment, Secret, SecretError};
use crate::escalate::Policy;
use crate::escalate::secret_ref::SecretRef;
use crate::escalate::uploads::{UploadKind, UploadTarget};

/// Why a store cannot be talked to. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The policy has none of this name.
    #[error("the policy has no upload `{0}`")]
    Unknown(String),
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// TLS, certificates that cannot be read, or an address in the clear.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// The store `name` of the policy, with its secrets.
pub fn connect(policy: &Policy, name: &str, environment: Environment<'_>) -> Result<Box<dyn Upload>, ConnectError> {
    let target = policy.uploads.get(name).ok_or_else(|| ConnectError::Unknown(name.to_owned()))?;
    Ok(match target.kind {
        UploadKind::Tus => Box::new(tus(target, environment)?),
        UploadKind::S3 => Box::new(s3(target, environment)?),
    })
}

/// A tus server.
pub fn tus(target: &UploadTarget, environment: Environment<'_>) -> Result<Tus, ConnectError> {
    let mut sender = sender(target)?;
    if let Some(token) = &target.token {
        sender = sender.with_bearer(&Secret::read(token, environment)?);
    }
    Ok(Tus::new(sender, target.url.clone(), target.read_back, target.chunk))
}

/// A bucket.
pub fn s3(target: &UploadTarget, environment: Environment<'_>) -> Result<S3, ConnectError> {
    let read = |reference: Option<&SecretRef>| reference.map(|r| Secret::read(r, environment)).transpose();
    let keys = Keys {
        id: read(target.access_key.as_ref())?.map(|id| id.reveal().to_owned()).unwrap_or_default(),
        secret: read(target.secret_key.as_ref())?.map(|key| key.reveal().to_owned()).unwrap_or_default(),
        session: read(target.session_token.as_ref())?.map(|token| token.reveal().to_owned()),
    };
    let mut bucket = target.url.clone();
    bucket.set_path(target.bucket.as_deref().unwrap_or_default());
    let signer = Signer::new(keys, &target.region);
    Ok(S3::new(sender(target)?, signer, bucket, &target.prefix, target.read_back))
}

fn sender(target: &UploadTarget) -> Result<Sender, ConnectError> {
    let authorities = target.ca_file.as_deref().map_or_else(|| Ok(Vec::new()), authorities)?;
    line(&authorities, &target.url, target.limit)
}

/// A line to the host of `url` that trusts `authorities` beside what this system trusts.
pub fn line(authorities: &[CertificateDer<'static>], url: &Url, limit: Option<u64>) -> Result<Sender, ConnectError> {
    Ok(Sender::new(&HttpClient::new(authorities)?, url, limit)?)
}

/// The certificates in a PEM file, at least one.
pub fn authorities(path: &str) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    Ok(http::authorities(path)?)
}
