//! Signs a bundle as minisign does: a detached signature over the file as it is delivered.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use data_encoding::BASE64;
use minisign::{SecretKey, SecretKeyBox};
use sha2::{Digest as _, Sha256};

use super::encryption::Identities;
use super::error::BundleError;
use super::examination::Progress;
use super::limits::Limits;
use super::untrusted::UntrustedBundle;
use crate::model::Sha256Digest;

/// A secret key that signs.
pub struct SigningKey {
    key: SecretKey,
    id: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

/// Why a text is no key that signs. Never holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSigningKey {
    /// Something else.
    #[error("is no secret key of minisign")]
    NotAKey,
    /// A public key.
    #[error("is a public key; a secret one signs")]
    PublicKey,
    /// It is encrypted with another password.
    #[error("does not open with this password")]
    WrongPassword,
}

impl SigningKey {
    /// Whether the key in `text` needs a password.
    pub fn needs_password(text: &str) -> Result<bool, NoSigningKey> {
        // Two bytes each of algorithm, of how the key is encrypted and of its checksum.
        let raw = raw(text)?;
        match (raw.len(), raw.get(..4)) {
            (LENGTH, Some([b'E', b'd', kdf @ ..])) => Ok(kdf != [0, 0]),
            (42, Some([b'E', b'd', ..])) => Err(NoSigningKey::PublicKey),
            _ => Err(NoSigningKey::NotAKey),
        }
    }

    /// Reads a key as minisign writes it, with the password where it needs one. That takes a second and a GiB of memory,
    /// as minisign wants it.
    pub fn parse(text: &str, password: Option<String>) -> Result<Self, NoSigningKey> {
        let encrypted = Self::needs_password(text)?;
        let stored = SecretKeyBox::from_string(text.trim()).map_err(|_| NoSigningKey::NotAKey)?;
        let key = match encrypted {
            // `minisign -W` of before 0.12 writes zeros in the place of the checksum, which the library would not take.
            false if raw(text)?[CHECKSUM_AT..].iter().all(|byte| *byte == 0) => {
                SecretKey::from_bytes(&raw(text)?).map_err(|_| NoSigningKey::NotAKey)?
            }
            false => stored.into_unencrypted_secret_key().map_err(|_| NoSigningKey::NotAKey)?,
            true => {
                let password = password.ok_or(NoSigningKey::WrongPassword)?;
                stored.into_secret_key(Some(password)).map_err(|_| NoSigningKey::WrongPassword)?
            }
        };
        let id = key.keynum().iter().rev().map(|byte| format!("{byte:02X}")).collect();
        Ok(Self { key, id })
    }

    /// Its number, as minisign shows it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The signature of all that `bytes` gives, with the digest of the same.
    fn sign(&self, bytes: &mut dyn Read, comment: &str) -> io::Result<(String, Sha256Digest)> {
        let mut hashed = Hashed { bytes, digest: Sha256::new(), failed: None };
        let signature = minisign::sign(None, &self.key, &mut hashed, Some(comment), None);
        if let Some(failed) = hashed.failed {
            return Err(failed);
        }
        let signature = signature.map_err(|e| io::Error::other(e.to_string()))?;
        Ok((signature.into_string(), Sha256Digest(hashed.digest.finalize().into())))
    }
}

/// Bytes of a key, and where its checksum begins, which is the last of it.
const LENGTH: usize = 158;
const CHECKSUM_AT: usize = 126;

/// The bytes in a key file, which stand behind a comment.
fn raw(text: &str) -> Result<Vec<u8>, NoSigningKey> {
    let line = text.trim().lines().next_back().unwrap_or_default().trim();
    BASE64.decode(line.as_bytes()).map_err(|_| NoSigningKey::NotAKey)
}

/// A signature that was made.
#[derive(Debug)]
pub struct Made {
    /// What belongs into `FILE.minisig`.
    pub text: String,
    /// Of the file that was signed.
    pub file_digest: Sha256Digest,
    /// Of the bundle; `None` where it is encrypted and nobody could look into it.
    pub bundle_digest: Option<Sha256Digest>,
}

/// Signs the bundle at `path`. One that is not whole is not signed; one that is encrypted is signed unseen, unless one of
/// `identities` opens it.
pub fn sign(
    path: &Path,
    key: &SigningKey,
    comment: &str,
    identities: Option<&Identities>,
    progress: Progress<'_>,
) -> Result<Made, BundleError> {
    let structure = UntrustedBundle::open(path)?.unlocked(identities)?.check_structure(&Limits::default());
    let structure = match structure {
        Err(BundleError::Encrypted(_)) => {
            let unseen = UntrustedBundle::open(path)?;
            let source = unseen.source();
            let (text, file_digest) = key.sign(&mut source.delivered(), comment).map_err(|e| source.error(e))?;
            return Ok(Made { text, file_digest, bundle_digest: None });
        }
        other => other?,
    };
    let bundle = structure.verify(progress)?;
    if progress(0) == ControlFlow::Break(()) {
        return Err(BundleError::Interrupted);
    }
    let source = structure.source();
    let (text, file_digest) = key.sign(&mut source.delivered(), comment).map_err(|e| source.error(e))?;
    if file_digest != bundle.file_digest() {
        return Err(BundleError::Changed(path.to_owned()));
    }
    Ok(Made { text, file_digest, bundle_digest: Some(bundle.bundle_digest()) })
}

/// Takes the digest of what passes, and keeps an error in its own words.
struct Hashed<'a> {
    bytes: &'a mut dyn Read,
    digest: Sha256,
    failed: Option<io::Error>,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.bytes.read(buf) {
            Ok(n) => {
                self.digest.update(&buf[..n]);
                Ok(n)
            }
            Err(e) => {
                let kind = e.kind();
                self.failed = Some(e);
                Err(kind.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::signature::{Signed, SignerKey, signed};
    use crate::bundle::test_bundle::TestBundle;

    fn key() -> (SigningKey, SignerKey) {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().expect("a pair");
        let secret = pair.sk.to_box(None).expect("a key").into_string();
        let public = pair.pk.to_box().expect("a key").into_string();
        (SigningKey::parse(&secret, None).expect("a key"), SignerKey::parse(&public).expect("a key"))
    }

    #[test]
    fn what_was_signed_is_verified_with_the_public_key_and_a_damaged_bundle_is_not_signed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("b.casefile.zip");
        let mut bytes = TestBundle::new().zip();
        std::fs::write(&path, &bytes).expect("written");
        let (secret, public) = key();
        assert_eq!(secret.id(), public.id());
        let go_on = &mut |_: u64| ControlFlow::Continue(());
        let made = sign(&path, &secret, "for the test", None, go_on).expect("signed");
        std::fs::write(folder.path().join("b.casefile.zip.minisig"), &made.text).expect("written");
        let structure = UntrustedBundle::open(&path).and_then(|b| b.check_structure(&Limits::default()));
        let bundle = structure.and_then(|structure| structure.verify(go_on)).expect("whole");
        let valid = Signed::Valid { key: public.id().to_owned(), comment: "for the test".to_owned() };
        assert_eq!(signed(&bundle, Some(&public)).expect("checked"), valid);
        assert_eq!(signed(&bundle, Some(&key().1)).expect("checked"), Signed::OtherKey);
        assert_eq!(made.file_digest, bundle.file_digest());
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).expect("written");
        assert!(sign(&path, &secret, "x", None, go_on).is_err());
    }

    #[test]
    fn a_key_without_a_password_is_taken_whether_or_not_it_has_a_checksum() {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().expect("a pair");
        let secret = pair.sk.to_box(None).expect("a key").into_string();
        let mut bytes = raw(&secret).expect("a key");
        bytes[CHECKSUM_AT..].fill(0);
        let without = format!("untrusted comment: x\n{}\n", BASE64.encode(&bytes));
        let (one, other) = (SigningKey::parse(&secret, None), SigningKey::parse(&without, None));
        assert_eq!(one.expect("a key").id(), other.expect("a key").id());
        bytes[CHECKSUM_AT] = 1;
        let wrong = format!("untrusted comment: x\n{}\n", BASE64.encode(&bytes));
        assert_eq!(SigningKey::parse(&wrong, None).map(drop), Err(NoSigningKey::NotAKey));
    }

    #[test]
    fn what_is_no_secret_key_is_said_without_repeating_it() {
        let public = "RWTqObi82xj1mr5UTHdCSew7QvmfIc6S3TcMKBK0puEo/LLRMiTF7xSC";
        assert_eq!(SigningKey::parse(public, None).map(drop), Err(NoSigningKey::PublicKey));
        for wrong in ["", "hello", "untrusted comment: x\nRWTqObi8"] {
            assert_eq!(SigningKey::parse(wrong, None).map(drop), Err(NoSigningKey::NotAKey));
        }
    }
}
