//! Secrets of deliveries, read where the policy says they are kept. Their values stand in no error, no log and no argument
//! list of a program.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use reqwest::header::HeaderValue;

use crate::escalate::secret_ref::SecretRef;
use crate::platform::keyring::{self, KeyringError};
use crate::platform::open_private;

/// No token or key that we use comes near it; what is longer is another file.
const MOST_BYTES: usize = 64 * 1024;

/// The environment, as it is handed in: the value of a variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A secret. Its `Debug` form is blank, and it has no other.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a secret cannot be had. It names the reference, never a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not there.
    #[error("the environment variable {0} is not set")]
    NotSet(String),
    /// The file cannot be read, or others can read it.
    #[error("cannot read the secret in {path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The keyring does not give it.
    #[error("cannot read {reference}: {source}")]
    Keyring {
        /// Which entry.
        reference: SecretRef,
        /// Why.
        source: KeyringError,
    },
    /// It is empty, too long or no text of one line.
    #[error("what {reference} holds {problem}")]
    Unusable {
        /// Where it is kept.
        reference: SecretRef,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Secret {
    /// Reads the secret that `reference` names. A file must be of this account or the system's and closed to all others.
    pub fn read(reference: &SecretRef, environment: Environment<'_>) -> Result<Self, SecretError> {
        let unusable = |problem| SecretError::Unusable { reference: reference.clone(), problem };
        let bytes = match reference {
            SecretRef::Environment(name) => {
                let value = environment(name).ok_or_else(|| SecretError::NotSet(name.clone()))?;
                value.into_string().map_err(|_| unusable("is no text"))?.into_bytes()
            }
            SecretRef::File(path) => {
                read_file(Path::new(path)).map_err(|source| SecretError::File { path: path.clone(), source })?
            }
            SecretRef::Keyring { service, account } => keyring::password(service, account)
                .map_err(|source| SecretError::Keyring { reference: reference.clone(), source })?,
        };
        if bytes.len() > MOST_BYTES {
            return Err(unusable("is longer than any secret"));
        }
        let text = String::from_utf8(bytes).map_err(|_| unusable("is no text"))?;
        let text = text.trim();
        if text.is_empty() {
            return Err(unusable("is empty"));
        }
        // A line break would begin another header.
        if text.chars().any(char::is_control) {
            return Err(unusable("has more than one line, or a control character"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The part of an address behind the host, where whoever knows it may post.
    pub(super) fn part_of_address(part: &str) -> Self {
        Self(part.to_owned())
    }

    /// The value, to be sent to the far side that it is for. Nothing else calls this.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The value of a header, after `prefix` such as `Bearer `: marked, so that HTTP code does not log it. Nothing where it
    /// holds what a header cannot.
    #[must_use]
    pub fn header(&self, prefix: &str) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A secret of a test.
    #[cfg(test)]
    pub(crate) fn of_test(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !path.is_absolute() {
        // The working folder may be a stranger's.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is not absolute"));
    }
    let mut bytes = Vec::new();
    open_private(path)?.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{System, system};

    fn no_environment(_: &str) -> Option<OsString> {
        None
    }

    #[test]
    fn a_secret_comes_from_the_environment_or_from_a_file() {
        let reference = SecretRef::parse("env:PAGER").expect("a reference");
        let environment = |name: &str| (name == "PAGER").then(|| OsString::from("k3y\n"));
        assert_eq!(Secret::read(&reference, &environment).expect("set").reveal(), "k3y");
        let missing = Secret::read(&reference, &no_environment).expect_err("not set").to_string();
        assert_eq!(missing, "the environment variable PAGER is not set");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pager");
        drop(crate::platform::open_private_append(&path).expect("a private file"));
        std::fs::write(&path, "f1le\r\n").expect("written");
        let reference = SecretRef::File(path.display().to_string());
        match Secret::read(&reference, &no_environment) {
            Ok(secret) => assert_eq!(secret.reveal(), "f1le"),
            // A temporary folder of Windows may let others in; then the file does too, by inheritance.
            Err(e) => assert!(system() == System::Windows && e.to_string().contains("can read it"), "{e}"),
        }
        let relative = Secret::read(&SecretRef::File("pager".to_owned()), &no_environment).expect_err("relative");
        assert!(relative.to_string().contains("not absolute"), "{relative}");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_being_told() {
        for (value, problem) in [
            ("", "is empty"),
            ("  \n", "is empty"),
            ("s3cr3t\nX-Evil: 1", "more than one line"),
            ("s3cr3t\u{1b}", "control"),
        ] {
            let reference = SecretRef::Environment("PAGER".to_owned());
            let error = Secret::read(&reference, &|_| Some(value.into())).expect_err(value);
            assert!(error.to_string().contains(problem) && !format!("{error:?}").contains("s3cr3t"), "{error:?}");
        }
        let long = "x".repeat(MOST_BYTES + 1);
        let error = Secret::read(&SecretRef::Environment("P".to_owned()), &|_| Some(long.clone().into()));
        assert!(error.is_err_and(|e| e.to_string().contains("longer")));
    }

    #[test]
    fn a_secret_shows_in_no_debug_form() {
        let secret = Secret::of_test("s3cr3t");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(!format!("{:?}", secret.header("Bearer ")).contains("s3cr3t"));
    }
}
