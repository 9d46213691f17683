//! Addresses that allow one request for a while: AWS Signature Version 4 in the query ("presigned"), as S3 and its kin
//! check it. Pure: takes the time.

use std::fmt::Write as _;
use std::time::Duration;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use url::Url;

/// The longest that such an address can hold: seven days.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Keys of an account. They have no written form.
pub struct Keys {
    /// The key's name, which stands in every address.
    pub id: String,
    /// The key.
    pub secret: String,
    /// The token of a passing session, which stands in every address.
    pub session: Option<String>,
}

/// Signs addresses for one region.
pub struct Signer {
    keys: Keys,
    region: String,
}

impl Signer {
    /// A signer with these keys.
    #[must_use]
    pub fn new(keys: Keys, region: &str) -> Self {
        Self { keys, region: region.to_owned() }
    }

    /// The address that allows `method` on `place`, whose path is percent-encoded, with exactly `query`, from `at` on for
    /// so long. The host is signed, the body is not.
    #[must_use]
    pub fn presign(&self, method: &str, place: &Url, query: &[(&str, &str)], at: Timestamp, lasting: Duration) -> Url {
        let (time, day) = (at.strftime("%Y%m%dT%H%M%SZ").to_string(), at.strftime("%Y%m%d").to_string());
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let credential = format!("{}/{scope}", self.keys.id);
        let seconds = lasting.min(LONGEST).as_secs().max(1).to_string();
        let mut all = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &time),
            ("X-Amz-Expires", &seconds),
            ("X-Amz-SignedHeaders", "host"),
        ];
        all.extend(self.keys.session.as_deref().map(|token| ("X-Amz-Security-Token", token)));
        all.extend_from_slice(query);
        let mut pairs: Vec<String> =
            all.iter().map(|(name, value)| format!("{}={}", encoded(name, false), encoded(value, false))).collect();
        pairs.sort_unstable();
        let query = pairs.join("&");
        let host = match (place.host_str().unwrap_or_default(), place.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let asked = format!("{method}\n{}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD", place.path());
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", HEXLOWER.encode(&Sha256::digest(asked)));
        let key = [day.as_str(), self.region.as_str(), "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{}", self.keys.secret).into_bytes(), |key, part| keyed(&key, part));
        let signature = HEXLOWER.encode(&keyed(&key, &to_sign));
        let mut signed = place.clone();
        signed.set_query(Some(&format!("{query}&X-Amz-Signature={signature}")));
        signed
    }
}

/// Percent-encoding as the signature wants it: all but unreserved characters, in upper case; `/` stays where `path`.
#[must_use]
pub fn encoded(text: &str, path: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            b'/' if path => out.push('/'),
            _ => write!(out, "%{byte:02X}").expect("a string takes everything"),
        }
    }
    out
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of AWS's own published example.
    fn example(session: Option<&str>) -> Signer {
        let keys = Keys {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session: session.map(str::to_owned),
        };
        Signer::new(keys, "us-east-1")
    }

    fn time() -> Timestamp {
        "2013-05-24T00:00:00Z".parse().expect("a time")
    }

    #[test]
    fn the_published_example_of_a_presigned_address_comes_out() {
        let place = Url::parse("https://examplebucket.s3.amazonaws.com/test.txt").expect("an address");
        let signed = example(None).presign("GET", &place, &[], time(), Duration::from_secs(86_400));
        assert_eq!(
            signed.as_str(),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn every_part_of_a_request_changes_its_signature_and_the_time_is_bounded() {
        let place = Url::parse("https://h.example:8443/b/k").expect("an address");
        let week = Duration::from_secs(1 << 30);
        let sign = |signer: &Signer, method: &str, query: &[(&str, &str)]| {
            signer.presign(method, &place, query, time(), week).to_string()
        };
        let signer = example(None);
        let first = sign(&signer, "PUT", &[("partNumber", "1"), ("uploadId", "a/b+c")]);
        assert!(first.contains("X-Amz-Expires=604800&") && first.contains("uploadId=a%2Fb%2Bc"), "{first}");
        let signature = |url: &str| url.rsplit_once("X-Amz-Signature=").map(|(_, s)| s.to_owned()).expect("signed");
        let others = [
            sign(&signer, "PUT", &[("partNumber", "2"), ("uploadId", "a/b+c")]),
            sign(&signer, "GET", &[("partNumber", "1"), ("uploadId", "a/b+c")]),
            sign(&example(Some("t")), "PUT", &[("partNumber", "1"), ("uploadId", "a/b+c")]),
        ];
        assert!(others.iter().all(|other| signature(other) != signature(&first)));
        assert!(!first.contains("wJalr"));
    }
}
