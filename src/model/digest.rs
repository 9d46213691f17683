//! SHA-256 digests as they are written, compared and read out.

use std::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};

use super::case_id::base32;

/// A SHA-256 digest (FIPS 180-4), 64 hexadecimal digits when written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Digest(pub [u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest of 64 hexadecimal digits")]
pub struct DigestError;

impl Sha256Digest {
    /// Reads 64 hexadecimal digits in either case.
    pub fn parse(raw: &str) -> Result<Self, DigestError> {
        let bytes = HEXLOWER_PERMISSIVE.decode(raw.as_bytes()).map_err(|_| DigestError)?;
        Ok(Self(bytes.try_into().map_err(|_| DigestError)?))
    }

    /// The spoken form: the first 100 bits in Crockford's base32, five groups of four, to compare over the phone.
    #[must_use]
    pub fn spoken(&self) -> String {
        let text = base32().encode(&self.0[..13]);
        let groups: Vec<&str> = (0..5).map(|g| &text[g * 4..g * 4 + 4]).collect();
        groups.join("-")
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER_PERMISSIVE.encode(&self.0))
    }
}

impl TryFrom<String> for Sha256Digest {
    type Error = DigestError;
    fn try_from(raw: String) -> Result<Self, Self::Error> {
        Self::parse(&raw)
    }
}

impl From<Sha256Digest> for String {
    fn from(digest: Sha256Digest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_in_either_case_and_has_a_spoken_form_of_100_bits() {
        let digest = Sha256Digest([0xab; 32]);
        assert_eq!(Sha256Digest::parse(&digest.to_string().to_uppercase()), Ok(digest));
        assert_eq!(Sha256Digest([0; 32]).spoken(), "0000-0000-0000-0000-0000");
        assert_eq!(Sha256Digest([0xff; 32]).spoken(), "zzzz-zzzz-zzzz-zzzz-zzzz");
        assert_ne!(digest.spoken(), Sha256Digest([0xac; 32]).spoken());
        assert!(Sha256Digest::parse("ab").is_err());
    }
}
