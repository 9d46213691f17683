//! Where a secret is kept. A policy holds only this, never a secret itself: it is shown, mailed and kept in version control.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// Where a secret is kept: `env:NAME`, `file:PATH` or `keyring:SERVICE/ACCOUNT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// In an environment variable.
    Environment(String),
    /// In a file that others cannot read. Spaces and line breaks around it do not count.
    File(String),
    /// In the keyring of the system: of the desktop session, of macOS, of Windows.
    Keyring {
        /// The program or service that it is for.
        service: String,
        /// The account there.
        account: String,
    },
}

/// Why a text is no reference. It does not hold the text: that may be the secret itself, in the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no reference to a secret: write env:NAME, file:PATH or keyring:SERVICE/ACCOUNT, never the secret itself")]
pub struct NoSecretRef;

impl SecretRef {
    /// Reads a reference.
    pub fn parse(text: &str) -> Result<Self, NoSecretRef> {
        let (kind, rest) = text.split_once(':').ok_or(NoSecretRef)?;
        if rest.is_empty() || rest.trim() != rest || rest.chars().any(char::is_control) {
            return Err(NoSecretRef);
        }
        match kind {
            "env" if is_variable(rest) => Ok(Self::Environment(rest.to_owned())),
            "file" => Ok(Self::File(rest.to_owned())),
            "keyring" => match rest.rsplit_once('/') {
                Some((service, account)) if !service.is_empty() && !account.is_empty() => {
                    Ok(Self::Keyring { service: service.to_owned(), account: account.to_owned() })
                }
                _ => Err(NoSecretRef),
            },
            _ => Err(NoSecretRef),
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Keyring { service, account } => write!(f, "keyring:{service}/{account}"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::parse_toml;

    #[test]
    fn the_three_ways_are_read_and_written_alike() {
        for text in ["env:PAGER_KEY", "file:/etc/casefile/pager key", r"file:C:\keys\pager", "keyring:casefile/pager"] {
            assert_eq!(SecretRef::parse(text).expect(text).to_string(), text);
        }
        let nested = SecretRef::parse("keyring:https://rt.example/agent").expect("the last slash counts");
        assert_eq!(nested, SecretRef::Keyring { service: "https://rt.example".into(), account: "agent".into() });
    }

    #[test]
    fn a_secret_in_the_place_of_its_reference_is_refused_and_not_echoed() {
        #[derive(Debug, Deserialize)]
        struct File {
            #[allow(dead_code, reason = "only its parsing is tested")]
            token: SecretRef,
        }
        for wrong in
            ["8Ux3tokenQ9", "env:", "env:A B", "env:1A", "file:", "file: x", "keyring:x", "keyring:/x", "pass:x"]
        {
            assert_eq!(SecretRef::parse(wrong), Err(NoSecretRef), "{wrong}");
            let error = parse_toml::<File>("p.toml", &format!("token = \"{wrong}\"\n")).expect_err(wrong);
            assert!(error.key.as_deref() == Some("token") && error.line == Some(1), "{error}");
            assert!(!format!("{error:?}").contains("8Ux3tokenQ9"), "{error:?}");
        }
    }
}
