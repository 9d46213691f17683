//! TLS: what server and machine agree on, the certificates as they are presented, and who vouches for them.

pub mod chain;
pub mod findings;
pub(super) mod handshake;
#[cfg(test)]
mod tests;
pub mod verdict;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::ServerName;
use serde::Serialize;

use self::chain::Certificate;
use self::handshake::{BOTH, Broken, Established, OLDER, Offer, shake};
use self::verdict::{Judges, Presented, Verdict};
use super::failure::{Failure, micros};
use super::target::{Host, Target};

/// How long connection and handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(6);

/// What was learned about TLS at one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TlsReport {
    /// The address that was asked.
    #[cfg_attr(test, schemars(with = "String"))]
    pub address: IpAddr,
    /// When, by this machine's clock, in seconds since 1970.
    pub asked_at_s: u64,
    /// From the begin to the TCP connection.
    pub connected_us: Option<u64>,
    /// From the begin to the end of the handshake.
    pub handshake_us: Option<u64>,
    /// Why the handshake did not come to its end.
    pub failure: Option<Failure>,
    /// Bytes that the server had sent when it failed.
    pub received_before_failure: Option<u64>,
    /// Such as `TLSv1_3`.
    pub version: Option<String>,
    /// The suite of ciphers.
    pub cipher: Option<String>,
    /// How the keys were agreed on.
    pub key_exchange: Option<String>,
    /// The protocol that was chosen, of `h2` and `http/1.1`.
    pub protocol: Option<String>,
    /// Whether the server takes TLS 1.2 too; none if it was not asked.
    pub takes_tls12: Option<bool>,
    /// The certificates in the order in which they came, the server's own first.
    pub chain: Vec<Certificate>,
    /// Whether each is issued by the one after it.
    pub chain_in_order: Option<bool>,
    /// Whether the server's certificate is for the name that was asked for.
    pub name_matches: Option<bool>,
    /// What this machine's own authorities say.
    pub system: Option<Verdict>,
    /// What the public authorities say.
    pub public: Option<Verdict>,
    /// What could not be found out, each with its reason.
    pub gaps: Vec<String>,
}

/// The name by which a server is asked; none for a name that TLS does not take.
pub(super) fn server_name(target: &Target) -> Option<ServerName<'static>> {
    match &target.host {
        Host::Name(name) => ServerName::try_from(name.clone()).ok(),
        Host::Address(address) => Some(ServerName::IpAddress((*address).into())),
    }
}

/// Shakes hands with `address`, until `until` at the latest.
#[must_use]
pub fn probe(target: &Target, address: IpAddr, until: Instant) -> TlsReport {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut report = TlsReport {
        address,
        asked_at_s: now.as_secs(),
        connected_us: None,
        handshake_us: None,
        failure: None,
        received_before_failure: None,
        version: None,
        cipher: None,
        key_exchange: None,
        protocol: None,
        takes_tls12: None,
        chain: Vec::new(),
        chain_in_order: None,
        name_matches: None,
        system: None,
        public: None,
        gaps: Vec::new(),
    };
    let Some(name) = server_name(target) else {
        report.gaps.push("the host name is none that a certificate could hold".to_owned());
        return report;
    };
    let socket = SocketAddr::new(address, target.port);
    let offer = Offer { versions: BOTH, protocols: &[b"h2", b"http/1.1"] };
    let presented = match shake(socket, &name, offer, until.min(Instant::now() + HANDSHAKE)) {
        Ok(established) => {
            report.agreed(&established);
            let Established { stream, chain, ocsp, .. } = established;
            drop(stream); // a server that takes one connection at a time is asked again below
            if report.version.as_deref() == Some("TLSv1_3") {
                let older = Offer { versions: OLDER, ..offer };
                let older = shake(socket, &name, older, until.min(Instant::now() + HANDSHAKE));
                report.takes_tls12 = match older {
                    Ok(_) => Some(true),
                    Err(broken) if broken.failure.kind == super::failure::FailureKind::Alert => Some(false),
                    Err(_) => None,
                };
            }
            (chain, ocsp)
        }
        Err(Broken { connected, received, failure, chain }) => {
            report.connected_us = connected.map(micros);
            report.received_before_failure = Some(received);
            report.failure = Some(failure);
            (chain, Vec::new())
        }
    };
    report.judge(&presented.0, &presented.1, &name, now);
    report
}

impl TlsReport {
    fn agreed(&mut self, established: &Established) {
        let connection = &established.stream.conn;
        self.connected_us = Some(micros(established.connected));
        self.handshake_us = Some(micros(established.shaken));
        self.version = connection.protocol_version().and_then(|version| version.as_str()).map(str::to_owned);
        self.cipher = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).map(str::to_owned);
        self.key_exchange =
            connection.negotiated_key_exchange_group().and_then(|group| group.name().as_str()).map(str::to_owned);
        self.protocol = connection.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned());
    }

    fn judge(
        &mut self,
        chain: &[rustls::pki_types::CertificateDer<'static>],
        ocsp: &[u8],
        name: &ServerName<'static>,
        now: Duration,
    ) {
        let Some(leaf) = chain.first() else { return };
        self.chain = chain::describe(chain);
        self.chain_in_order = Some(self.chain.windows(2).all(|pair| pair[0].issuer == pair[1].subject));
        self.name_matches = rustls::server::ParsedCertificate::try_from(leaf)
            .ok()
            .map(|leaf| rustls::client::verify_server_name(&leaf, name).is_ok());
        let judges = Judges::load(&handshake::provider());
        let presented = Presented { chain, described: &self.chain, name, ocsp };
        self.public = Some(judges.public(&presented, now));
        match judges.system(&presented, now) {
            Ok(verdict) => self.system = Some(verdict),
            Err(gap) => self.gaps.push(gap),
        }
    }
}
