//! The name of a case: `c-` and ten base32 characters, made once, never derived from anything about the customer.

use std::fmt;

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};

/// Crockford's base32 in lower case: no `i`, `l`, `o`, `u`, so it survives being read out over the phone.
pub(super) const CROCKFORD: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// An encoder with [`CROCKFORD`]'s alphabet, without padding.
pub(super) fn base32() -> Encoding {
    let mut spec = Specification::new();
    spec.symbols.push_str(CROCKFORD);
    spec.encoding().expect("the alphabet has 32 distinct symbols")
}

/// The id of one escalation, such as `c-7fk2m9q4xa`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct CaseId(String);

/// A text that is no case id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no case id: it is `c-` and ten characters of {CROCKFORD}")]
pub struct CaseIdError(String);

impl CaseId {
    /// An id from 50 random bits; the caller brings the randomness (7 bytes, of which the first 50 bits count).
    #[must_use]
    pub fn from_random(random: [u8; 7]) -> Self {
        Self(format!("c-{}", &base32().encode(&random)[..10]))
    }

    /// Accepts exactly the written form; case is ignored, because people type it.
    pub fn parse(raw: &str) -> Result<Self, CaseIdError> {
        let id = raw.trim().to_ascii_lowercase();
        match id.strip_prefix("c-") {
            Some(rest) if rest.len() == 10 && rest.chars().all(|c| CROCKFORD.contains(c)) => Ok(Self(id)),
            _ => Err(CaseIdError(raw.chars().filter(|c| !c.is_control()).take(40).collect())),
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CaseId {
    type Error = CaseIdError;
    fn try_from(raw: String) -> Result<Self, Self::Error> {
        Self::parse(&raw)
    }
}

impl From<CaseId> for String {
    fn from(id: CaseId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_nothing_else_is_taken_for_one() {
        let id = CaseId::from_random([7; 7]);
        assert_eq!(CaseId::parse(&id.as_str().to_uppercase()).as_ref(), Ok(&id));
        for wrong in ["", "c-", "c-7fk2m9q4x", "c-7fk2m9q4xaa", "c-7fk2m9q4xi", "d-7fk2m9q4xa", "c-7fk2m9q4x/"] {
            assert!(CaseId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
