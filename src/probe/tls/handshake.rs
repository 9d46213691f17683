//! One TLS handshake that goes on whatever the certificates are, and keeps them. It is only ever used where nothing secret
//! is sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
    SupportedProtocolVersion,
};

use super::super::failure::{Failure, FailureKind};
use super::super::stream::Timed;
use super::super::tcp::connect;

/// Versions to offer.
pub(in crate::probe) type Versions = &'static [&'static SupportedProtocolVersion];
/// Both that are in use.
pub(in crate::probe) const BOTH: Versions = &[&TLS13, &TLS12];
/// The older one alone.
pub(in crate::probe) const OLDER: Versions = &[&TLS12];

/// The cryptography that all of it runs on.
#[must_use]
pub(in crate::probe) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A connection after its handshake.
#[derive(Debug)]
pub(in crate::probe) struct Established {
    pub stream: StreamOwned<ClientConnection, Timed>,
    pub chain: Vec<CertificateDer<'static>>,
    pub ocsp: Vec<u8>,
    /// From the begin to the TCP connection.
    pub connected: Duration,
    /// From the begin to the end of the handshake.
    pub shaken: Duration,
}

/// Where a handshake ended that did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct Broken {
    /// From the begin to the TCP connection; none if there was none.
    pub connected: Option<Duration>,
    /// Bytes of the server that came after that.
    pub received: u64,
    pub failure: Failure,
    /// What the server presented before it broke off.
    pub chain: Vec<CertificateDer<'static>>,
}

/// What is offered to the server.
#[derive(Debug, Clone, Copy)]
pub(in crate::probe) struct Offer<'a> {
    pub versions: Versions,
    pub protocols: &'a [&'a [u8]],
}

/// Connects and shakes hands, until `until` at the latest.
pub(in crate::probe) fn shake(
    address: SocketAddr,
    name: &ServerName<'static>,
    offer: Offer<'_>,
    until: Instant,
) -> Result<Established, Broken> {
    let began = Instant::now();
    let broken = |connected, received, failure| Broken { connected, received, failure, chain: Vec::new() };
    let stream = connect(address, until).map_err(|failure| broken(None, 0, failure))?;
    over(Timed::new(stream, until), name, offer, began, began.elapsed())
}

/// Shakes hands over a connection that is there.
pub(in crate::probe) fn over(
    mut stream: Timed,
    name: &ServerName<'static>,
    offer: Offer<'_>,
    began: Instant,
    connected: Duration,
) -> Result<Established, Broken> {
    let provider = provider();
    let witness = Arc::new(Witness { provider: Arc::clone(&provider), seen: Mutex::default() });
    let before = stream.received;
    let broken = |received: u64, failure| Broken {
        connected: Some(connected),
        received: received - before,
        failure,
        chain: witness.seen().0,
    };
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(offer.versions).map(|builder| {
        builder.dangerous().with_custom_certificate_verifier(Arc::clone(&witness) as _).with_no_client_auth()
    });
    let mut config = config.map_err(|e| broken(before, failure_of(&e)))?;
    config.alpn_protocols = offer.protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config.resumption = rustls::client::Resumption::disabled();
    let mut connection =
        ClientConnection::new(Arc::new(config), name.clone()).map_err(|e| broken(before, failure_of(&e)))?;
    while connection.is_handshaking() {
        if let Err(e) = connection.complete_io(&mut stream) {
            let failure = e.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            let failure = failure.map_or_else(|| Failure::of(&e), failure_of);
            return Err(broken(stream.received, failure));
        }
    }
    let (chain, ocsp) = witness.seen();
    let stream = StreamOwned::new(connection, stream);
    Ok(Established { stream, chain, ocsp, connected, shaken: began.elapsed() })
}

fn failure_of(error: &Error) -> Failure {
    match error {
        Error::AlertReceived(alert) => Failure::new(FailureKind::Alert, format!("TLS alert: {alert:?}")),
        other => Failure::new(FailureKind::Malformed, other.to_string()),
    }
}

/// Takes every chain and remembers it; that the server holds the key is still checked.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    seen: Mutex<(Vec<CertificateDer<'static>>, Vec<u8>)>,
}

impl Witness {
    fn seen(&self) -> (Vec<CertificateDer<'static>>, Vec<u8>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(leaf).chain(rest).map(|one| one.clone().into_owned()).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = (chain, ocsp.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
