//! Handshakes with servers on this machine whose certificates have faults on purpose.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::handshake::Versions;
use super::verdict::Rejection;
use super::*;
use crate::probe::Severity;
use crate::probe::tls::findings::findings;

/// Answers handshakes with `chain` until the test ends.
fn server(chain: Vec<CertificateDer<'static>>, key: &KeyPair, versions: Versions) -> u16 {
    let config = ServerConfig::builder_with_provider(handshake::provider())
        .with_protocol_versions(versions)
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
        .expect("a chain");
    let config = Arc::new(config);
    serve(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
        let mut stream = StreamOwned::new(connection, stream);
        let _ = stream.flush();
        let _ = stream.read(&mut [0; 1]);
    })
}

const NEWER: Versions = &[&rustls::version::TLS13];

fn serve(one: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || listener.incoming().flatten().for_each(one));
    port
}

fn wanted(names: &[&str]) -> CertificateParams {
    let mut wanted = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).expect("names");
    wanted.distinguished_name.push(DnType::CommonName, "shop");
    wanted
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut wanted = CertificateParams::default();
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    wanted.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(wanted, KeyPair::generate().expect("a key")).expect("an authority")
}

fn asked(port: u16) -> TlsReport {
    let target = Target::parse(&format!("tls://localhost:{port}")).expect("a target");
    probe(&target, [127, 0, 0, 1].into(), Instant::now() + Duration::from_secs(60))
}

fn problems(report: &TlsReport) -> Vec<&'static str> {
    let found = findings("shop", report);
    assert!(found.iter().all(|finding| !finding.evidence.is_empty()), "{found:#?}");
    found.iter().filter(|finding| finding.severity == Severity::Problem).map(|finding| finding.code).collect()
}

/// This machine trusts none of the authorities of a test; where that is not what is tested, it is made to.
fn trusted(mut report: TlsReport) -> TlsReport {
    for verdict in [&mut report.system, &mut report.public].into_iter().flatten() {
        verdict.authority_known = Some(true);
    }
    report
}

#[test]
fn a_certificate_that_has_expired_is_named_with_its_day() {
    let authority = authority("some authority");
    let key = KeyPair::generate().expect("a key");
    let mut wanted = wanted(&["localhost"]);
    (wanted.not_before, wanted.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let leaf = wanted.signed_by(&key, &authority).expect("a certificate");
    let report = trusted(asked(server(vec![leaf.der().clone()], &key, BOTH)));
    assert_eq!(problems(&report), ["tls.expired"]);
    assert!(findings("shop", &report)[0].sentence.ends_with("expired on 2021-01-01"));
}

#[test]
fn a_certificate_for_another_name_or_for_the_future_is_named() {
    let authority = authority("some authority");
    let key = KeyPair::generate().expect("a key");
    let leaf = wanted(&["elsewhere.example"]).signed_by(&key, &authority).expect("a certificate");
    assert_eq!(problems(&trusted(asked(server(vec![leaf.der().clone()], &key, BOTH)))), ["tls.wrong-name"]);
    let mut later = wanted(&["localhost"]);
    (later.not_before, later.not_after) = (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1));
    let leaf = later.signed_by(&key, &authority).expect("a certificate");
    assert_eq!(problems(&trusted(asked(server(vec![leaf.der().clone()], &key, BOTH)))), ["tls.not-yet-valid"]);
}

#[test]
fn who_vouches_for_a_certificate_is_told_from_the_chain() {
    let key = KeyPair::generate().expect("a key");
    let own = wanted(&["localhost"]).self_signed(&key).expect("a certificate");
    assert_eq!(problems(&asked(server(vec![own.der().clone()], &key, BOTH))), ["tls.self-signed"]);
    let root = authority("root of nobody");
    let leaf = wanted(&["localhost"]).signed_by(&key, &root).expect("a certificate");
    let whole = vec![leaf.der().clone(), root.der().clone()];
    assert_eq!(problems(&asked(server(whole, &key, BOTH))), ["tls.unknown-authority"]);
    let alone = |leaf: &rcgen::Certificate| {
        let mut report = asked(server(vec![leaf.der().clone()], &key, BOTH));
        if let (Some(system), "windows") = (&mut report.system, std::env::consts::FAMILY)
            && system.rejection == Some(Rejection::Other)
        {
            // Wine misses a list of revocations first, where Windows says that the chain ends.
            (system.rejection, system.authority_known) = (Some(Rejection::UnknownIssuer), Some(false));
        }
        problems(&report)
    };
    assert_eq!(alone(&leaf), ["tls.issuer-unknown"]);
    let opener = authority("FortiGate CA (Fortinet)");
    let leaf = wanted(&["localhost"]).signed_by(&key, &opener).expect("a certificate");
    assert_eq!(alone(&leaf), ["tls.intercepted"]);
}

#[test]
fn an_authority_that_only_this_machine_knows_is_no_problem() {
    let root = authority("The Company");
    let key = KeyPair::generate().expect("a key");
    let leaf = wanted(&["localhost"]).signed_by(&key, &root).expect("a certificate");
    let mut report = asked(server(vec![leaf.der().clone()], &key, BOTH));
    report.system = Some(Verdict { accepted: true, rejection: None, detail: None, authority_known: Some(true) });
    assert_eq!(problems(&report), [""; 0]);
    let codes: Vec<&str> = findings("shop", &report).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["tls.private-authority", "tls.certificate"]);
}

#[test]
fn what_was_agreed_on_stands_in_the_report() {
    let key = KeyPair::generate().expect("a key");
    let own = wanted(&["localhost"]).self_signed(&key).expect("a certificate");
    let report = asked(server(vec![own.der().clone()], &key, BOTH));
    assert_eq!(
        (report.version.as_deref(), report.takes_tls12, report.name_matches),
        (Some("TLSv1_3"), Some(true), Some(true))
    );
    assert!(report.handshake_us >= report.connected_us && report.failure.is_none());
    let report = asked(server(vec![own.der().clone()], &key, OLDER));
    assert_eq!((report.version.as_deref(), report.takes_tls12), (Some("TLSv1_2"), None));
    let report = asked(server(vec![own.der().clone()], &key, NEWER));
    assert_eq!((report.version.as_deref(), report.takes_tls12), (Some("TLSv1_3"), Some(false)));
}

#[test]
fn a_server_that_speaks_something_else_or_hangs_up_is_named() {
    let port = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = stream.read(&mut [0; 2000]);
    });
    assert_eq!(problems(&asked(port)), ["tls.not-tls"]);
    let port = serve(|mut stream| {
        let _ = stream.read(&mut [0; 2000]);
    });
    assert_eq!(problems(&asked(port)), ["tls.handshake-refused"]);
}

#[test]
fn a_handshake_that_stalls_ends_in_time_and_says_so() {
    let port = serve(|stream| {
        thread::sleep(Duration::from_secs(30));
        drop(stream);
    });
    let target = Target::parse(&format!("tls://localhost:{port}")).expect("a target");
    let report = probe(&target, [127, 0, 0, 1].into(), Instant::now() + Duration::from_secs(2));
    assert_eq!(problems(&report), ["tls.no-answer"]);
}
