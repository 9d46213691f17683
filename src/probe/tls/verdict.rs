//! Who vouches for a chain of certificates: this machine by its own list, and the public by Mozilla's. The difference shows
//! an authority that only this machine knows, as a company's own, or a device that opens connections on the way.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};
use serde::Serialize;

use super::chain::Certificate;

/// Why a chain is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The time is over.
    Expired,
    /// The time has not come.
    NotYetValid,
    /// It is for other names.
    WrongName,
    /// Nobody that is trusted has issued it.
    UnknownIssuer,
    /// It was called back.
    Revoked,
    /// It is not for servers.
    WrongPurpose,
    /// A signature in it is wrong or of a kind that is not taken.
    Signature,
    /// Something else; the words say what.
    Other,
}

/// What one list of authorities says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verdict {
    /// Whether a program that trusts this list goes on.
    pub accepted: bool,
    /// Why it does not.
    pub rejection: Option<Rejection>,
    /// The same in the words of the library that checked.
    pub detail: Option<String>,
    /// Whether the chain leads to an authority of the list, whatever its dates and names; none where it cannot be told.
    pub authority_known: Option<bool>,
}

/// The two lists.
#[derive(Debug)]
pub struct Judges {
    system: Result<Arc<dyn ServerCertVerifier>, String>,
    public: Arc<dyn ServerCertVerifier>,
}

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The chain as it came, the server's own certificate first.
    pub chain: &'a [CertificateDer<'static>],
    /// What it says.
    pub described: &'a [Certificate],
    /// The name that was asked for.
    pub name: &'a ServerName<'static>,
    /// A stapled revocation answer.
    pub ocsp: &'a [u8],
}

impl Judges {
    /// Loads both lists. On Windows and macOS the system itself judges, as it does for its own programs.
    #[must_use]
    pub fn load(provider: &Arc<CryptoProvider>) -> Self {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let public = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
        let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
        Self {
            system: match system {
                Ok(verifier) => Ok(Arc::new(verifier)),
                Err(e) => Err(format!("the authorities that this machine trusts could not be read: {e}")),
            },
            public: public.expect("the public list is not empty"),
        }
    }

    /// What this machine says, or why it says nothing.
    pub fn system(&self, presented: &Presented<'_>, now: Duration) -> Result<Verdict, String> {
        self.system.as_ref().map(|judge| verdict(judge.as_ref(), presented, now)).map_err(Clone::clone)
    }

    /// What the public authorities say.
    #[must_use]
    pub fn public(&self, presented: &Presented<'_>, now: Duration) -> Verdict {
        verdict(self.public.as_ref(), presented, now)
    }
}

fn verdict(judge: &dyn ServerCertVerifier, presented: &Presented<'_>, now: Duration) -> Verdict {
    let Some((leaf, rest)) = presented.chain.split_first() else {
        let detail = Some("the server presents no certificate".to_owned());
        return Verdict { accepted: false, rejection: Some(Rejection::Other), detail, authority_known: None };
    };
    let ask = |name: &ServerName<'_>, at: Duration| {
        judge.verify_server_cert(leaf, rest, name, presented.ocsp, UnixTime::since_unix_epoch(at)).map(|_| ())
    };
    match ask(presented.name, now) {
        Ok(()) => Verdict { accepted: true, rejection: None, detail: None, authority_known: Some(true) },
        Err(error) => {
            let rejection = rejection(&error);
            // Asked again for a name and a moment that the certificates are good for: what is left is the authority.
            let again = good_for(presented.described, now).map(|(name, at)| ask(&name, at));
            let authority_known = match again.map(|result| result.map_err(|e| self::rejection(&e))) {
                Some(Ok(())) => Some(true),
                Some(Err(Rejection::UnknownIssuer)) => Some(false),
                _ if rejection == Rejection::UnknownIssuer => Some(false),
                _ => None,
            };
            Verdict {
                accepted: false,
                rejection: Some(rejection),
                detail: Some(error.to_string().chars().take(300).collect()),
                authority_known,
            }
        }
    }
}

/// A name that the server's certificate is for, and a moment at which all certificates of the chain are valid.
fn good_for(chain: &[Certificate], now: Duration) -> Option<(ServerName<'static>, Duration)> {
    let name = chain.first()?.names.iter().find_map(|name| {
        // Any name below a wildcard will do.
        ServerName::try_from(name.replace('*', "a")).ok()
    })?;
    let begin = chain.iter().filter_map(|one| one.not_before).max()?.as_second();
    let end = chain.iter().filter_map(|one| one.not_after).min()?.as_second();
    let now = i64::try_from(now.as_secs()).ok()?;
    let at = if (begin..=end).contains(&now) { now } else { begin.checked_add(end)? / 2 };
    Some((name, Duration::from_secs(u64::try_from(at).ok()?)))
}

/// What Windows says of a chain that ends before an authority (CERT_E_CHAINING, 0x800B010A, winerror.h). The library that asks
/// it passes the number on in its words only.
const CHAIN_ENDS: &str = "os error -2146762486";

fn rejection(error: &Error) -> Rejection {
    if error.to_string().contains(CHAIN_ENDS) {
        return Rejection::UnknownIssuer;
    }
    let Error::InvalidCertificate(error) = error else { return Rejection::Other };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Rejection::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Rejection::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Rejection::WrongName,
        CertificateError::UnknownIssuer => Rejection::UnknownIssuer,
        CertificateError::Revoked => Rejection::Revoked,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Rejection::WrongPurpose,
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Rejection::Signature,
        // An authority that presents itself as a server: how a self-signed certificate often looks.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Rejection::UnknownIssuer,
        _ => Rejection::Other,
    }
}
