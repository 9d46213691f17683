//! Ways to tell people: pagers, chat rooms, mail. A new one is one file with an `impl Notifier`, and a line in [`connect`].

mod alertmanager;
mod chat;
#[cfg(test)]
mod contract_tests;
mod email;
mod guard;
pub(in crate::deliver) mod outbox;
mod pagerduty;
mod post;
mod webhook;

use std::path::PathBuf;

use jiff::Timestamp;
use url::Url;

use super::DeliverError;
use super::http::HttpClient;
use super::secrets::{Environment, Secret, SecretError};
use crate::escalate::Policy;
use crate::escalate::notice::Notice;
use crate::escalate::notifiers::{Kind, NotifierPolicy};
use crate::escalate::secret_ref::SecretRef;

/// A far side that tells people.
pub trait Notifier {
    /// Whether the same notice sent again reaches people once: the far side merges by key. Where it does not, a notice whose
    /// answer was lost is recorded as "may be twice".
    fn merges(&self) -> bool;

    /// Sends `notice`. That it was taken says nothing about anybody having seen it.
    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError>;

    /// Ends what the far side still holds of the same key from before `notice`, where it tells a new level from the old one by
    /// more than the key. Called once the notice is sent; most far sides replace the old one by themselves.
    fn supersede(&self, _notice: &Notice) -> Result<(), DeliverError> {
        Ok(())
    }

    /// Who has taken the notice of `key` over, as far as the far side can be asked.
    fn acknowledgement(&self, key: &str) -> Result<Option<Acknowledgement>, DeliverError>;

    /// Where a notice that could not be sent was put, so that a person can carry it.
    fn kept(&self) -> Option<String> {
        None
    }

    /// Ends the notice of `key`, where the far side keeps it open; `text` says how the case ended.
    fn resolve(&self, key: &str, text: &str) -> Result<(), DeliverError>;
}

/// That a far side took a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The far side's own name for it, where it gives one.
    pub id: Option<String>,
}

/// That a person has taken a case over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// By which way, such as `pagerduty`.
    pub way: String,
}

/// What is needed to connect a target.
pub struct Surroundings<'a> {
    /// The one HTTP client; in a rehearsal one that records.
    pub client: &'a HttpClient,
    /// Where secrets may be.
    pub environment: Environment<'a>,
    /// The folder of the outbox: for targets of that kind, and for notices that could not be sent.
    pub outbox: PathBuf,
}

/// Why a target cannot be connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The policy has none of this name.
    #[error("the policy has no notifier {0}")]
    Unknown(String),
    /// One of its secrets.
    #[error("notifier {name}: {source}")]
    Secret {
        /// Its name.
        name: String,
        /// Why.
        source: SecretError,
    },
    /// Something that the policy or a secret says, without the secret.
    #[error("notifier {name}: {problem}")]
    Unusable {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

/// The way to the target `name` of `policy`. Its secrets are read now; nothing is sent yet. A public target is guarded: what
/// holds personal data is refused. Where the far side fails, the notice is kept in the outbox.
pub fn connect(
    policy: &Policy,
    name: &str,
    surroundings: &Surroundings<'_>,
) -> Result<Box<dyn Notifier>, ConnectError> {
    let target = policy.notifier(name).ok_or_else(|| ConnectError::Unknown(name.to_owned()))?;
    let parts = Parts { name, target: &target, surroundings };
    let way: Box<dyn Notifier> = match target.kind {
        Kind::Pagerduty => Box::new(pagerduty::PagerDuty::new(&parts)?),
        Kind::Alertmanager => Box::new(alertmanager::Alertmanager::new(&parts)?),
        Kind::Slack => Box::new(chat::Chat::new(&parts, chat::Dialect::Slack)?),
        Kind::Mattermost => Box::new(chat::Chat::new(&parts, chat::Dialect::Mattermost)?),
        Kind::Email => Box::new(email::Email::new(&parts)?),
        Kind::Webhook => Box::new(webhook::Webhook::new(&parts)?),
        Kind::Outbox => Box::new(outbox::NoticeFiles::new(surroundings.outbox.clone(), surroundings.client.clone())),
    };
    Ok(Box::new(guard::Guarded::new(way, name, &target, surroundings)))
}

/// A target's entry in the policy, with what it takes to read it.
struct Parts<'a> {
    name: &'a str,
    target: &'a NotifierPolicy,
    surroundings: &'a Surroundings<'a>,
}

impl Parts<'_> {
    /// The client, by the target's own way out.
    fn client(&self) -> Result<HttpClient, ConnectError> {
        let NotifierPolicy { ca_file, proxy, .. } = self.target;
        let client = self.surroundings.client.clone().along(ca_file.as_deref(), proxy.as_ref());
        client.map_err(|e| self.unusable(e.to_string()))
    }

    fn unusable(&self, problem: impl Into<String>) -> ConnectError {
        ConnectError::Unusable { name: self.name.to_owned(), problem: problem.into() }
    }

    /// A secret, hidden from a rehearsal's files.
    fn secret(&self, reference: Option<&SecretRef>) -> Result<Option<Secret>, ConnectError> {
        let secret = self.read(reference)?;
        if let (Some(recording), Some(secret)) = (self.surroundings.client.recording(), &secret) {
            recording.hide(secret);
        }
        Ok(secret)
    }

    fn read(&self, reference: Option<&SecretRef>) -> Result<Option<Secret>, ConnectError> {
        let read = |reference| {
            Secret::read(reference, self.surroundings.environment)
                .map_err(|source| ConnectError::Secret { name: self.name.to_owned(), source })
        };
        reference.map(read).transpose()
    }

    /// The same for one that the policy must name; parsing has seen to it.
    fn needed(&self, reference: Option<&SecretRef>, field: &str) -> Result<Secret, ConnectError> {
        self.secret(reference)?.ok_or_else(|| self.unusable(format!("it has no {field}")))
    }

    fn address(&self, given: Option<&str>, default: &str) -> Result<Url, ConnectError> {
        Url::parse(given.unwrap_or(default)).map_err(|_| self.unusable("its address is none"))
    }

    /// An address that is a secret as a whole. A rehearsal shows its host and nothing behind that.
    fn secret_address(&self) -> Result<Url, ConnectError> {
        let secret = self.read(self.target.url.as_ref())?.ok_or_else(|| self.unusable("it has no url"))?;
        let url = Url::parse(secret.reveal()).map_err(|_| self.unusable("what `url` refers to is no address"))?;
        if let (Some(recording), Some(path)) = (self.surroundings.client.recording(), secret_part(&url)) {
            recording.hide(&path);
        }
        Ok(url)
    }
}

/// What stands behind the host.
fn secret_part(url: &Url) -> Option<Secret> {
    let rest = &url[url::Position::BeforePath..];
    (rest.len() > 1).then(|| Secret::part_of_address(&rest[1..]))
}
