//! What the certificates say that a server presents, also those that nobody vouches for. They come from a stranger: any
//! bytes give a description or none, and every list is bounded.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

use crate::model::Sha256Digest;

/// More certificates than any chain needs.
pub const MOST_CERTIFICATES: usize = 10;
/// Names of one certificate that are kept; large providers put a hundred into one.
const MOST_NAMES: usize = 100;
/// Characters of one name that are kept.
const LONGEST_NAME: usize = 256;

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Certificate {
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
    /// Why nothing else is known: it cannot be read.
    pub unreadable: bool,
    /// Whom it is for.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Since when it is valid, UTC.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub not_before: Option<Timestamp>,
    /// Until when it is valid, UTC.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub not_after: Option<Timestamp>,
    /// Host names and addresses that it is good for.
    pub names: Vec<String>,
    /// Names that were left out, because there are too many.
    pub names_left_out: usize,
    /// Its number.
    pub serial: String,
    /// Such as `RSA 2048` or `EC 256`.
    pub key: String,
    /// Whether it may issue others.
    pub is_authority: bool,
    /// Whether it names itself as its issuer.
    pub is_self_issued: bool,
    /// Where it says that its issuer's certificate can be fetched. It is never fetched.
    pub issuer_urls: Vec<String>,
}

/// Describes the certificates in the order in which they came.
#[must_use]
pub fn describe(chain: &[impl AsRef<[u8]>]) -> Vec<Certificate> {
    chain.iter().take(MOST_CERTIFICATES).map(|der| of(der.as_ref())).collect()
}

fn of(der: &[u8]) -> Certificate {
    let sha256 = Sha256Digest(Sha256::digest(der).into());
    let mut found = Certificate {
        sha256,
        unreadable: true,
        subject: String::new(),
        issuer: String::new(),
        not_before: None,
        not_after: None,
        names: Vec::new(),
        names_left_out: 0,
        serial: String::new(),
        key: String::new(),
        is_authority: false,
        is_self_issued: false,
        issuer_urls: Vec::new(),
    };
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return found };
    found.unreadable = false;
    found.subject = name(certificate.subject());
    found.issuer = name(certificate.issuer());
    found.is_self_issued = certificate.subject().as_raw() == certificate.issuer().as_raw();
    found.not_before = Timestamp::from_second(certificate.validity().not_before.timestamp()).ok();
    found.not_after = Timestamp::from_second(certificate.validity().not_after.timestamp()).ok();
    found.serial = cut(&certificate.raw_serial_as_string());
    found.is_authority = certificate.is_ca();
    found.key = match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("EC {}", point.key_size()),
        _ => certificate.public_key().algorithm.algorithm.to_id_string(),
    };
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                let names = names.general_names.iter().filter_map(host_name);
                for name in names {
                    if found.names.len() < MOST_NAMES { found.names.push(name) } else { found.names_left_out += 1 }
                }
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                // id-ad-caIssuers (RFC 5280, 4.2.2.1)
                let issuers = access.iter().filter(|one| one.access_method.to_id_string() == "1.3.6.1.5.5.7.48.2");
                found.issuer_urls.extend(issuers.take(4).filter_map(|one| match &one.access_location {
                    GeneralName::URI(url) => Some(cut(url)),
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    found
}

fn host_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(cut(name)),
        GeneralName::IPAddress(bytes) => <[u8; 4]>::try_from(*bytes)
            .map(IpAddr::from)
            .or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from))
            .ok()
            .map(|address| address.to_string()),
        _ => None,
    }
}

/// The common name, or the organisation, or all of it: what people call a certificate.
fn name(name: &X509Name<'_>) -> String {
    let first = |value: Option<&x509_parser::x509::AttributeTypeAndValue<'_>>| {
        value.and_then(|value| value.as_str().ok()).map(str::to_owned)
    };
    let common = first(name.iter_common_name().next());
    let organization = first(name.iter_organization().next());
    cut(&match (common, organization) {
        (Some(common), Some(organization)) if common != organization => format!("{common} ({organization})"),
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => name.to_string(),
    })
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_certificate_says_is_read() {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut wanted =
            rcgen::CertificateParams::new(vec!["shop.example".to_owned(), "192.0.2.1".to_owned()]).expect("names");
        wanted.not_before = rcgen::date_time_ymd(2020, 1, 1);
        wanted.not_after = rcgen::date_time_ymd(2021, 1, 1);
        let made = wanted.self_signed(&key).expect("a certificate");
        let [found] = &describe(&[made.der()])[..] else { panic!("one certificate") };
        assert_eq!(found.names, ["shop.example", "192.0.2.1"]);
        assert_eq!(found.not_after.map(|t| t.to_string()).as_deref(), Some("2021-01-01T00:00:00Z"));
        assert_eq!((found.key.as_str(), found.is_self_issued, found.unreadable), ("EC 256", true, false));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(describe(&[bytes]).len(), 1);
        }

        #[test]
        fn no_change_to_a_certificate_makes_it_panic(at in 0usize..300, with: u8) {
            let key = rcgen::KeyPair::generate().expect("a key");
            let made = rcgen::CertificateParams::new(vec!["shop.example".to_owned()]).expect("names").self_signed(&key);
            let mut bytes = made.expect("a certificate").der().to_vec();
            let last = bytes.len() - 1;
            bytes[at.min(last)] = with;
            prop_assert_eq!(describe(&[bytes]).len(), 1);
        }
    }
}
