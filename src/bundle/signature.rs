//! From whom: a detached minisign signature over the file, `FILE.minisig`. It says who signed the bytes, and nothing about
//! whether they are a good bundle; a bundle that is whole may come from anybody.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use data_encoding::BASE64;
use minisign_verify::{Error, PublicKey, Signature};
use sha2::{Digest as _, Sha256};

use super::error::BundleError;
use super::source::BLOCK;
use super::verified::VerifiedBundle;
use crate::model::Sha256Digest;

/// Bytes of a signature that are read; one has some 300.
const MOST: u64 = 16 << 10;

/// The public key of somebody who signs bundles.
pub struct SignerKey {
    key: PublicKey,
    id: String,
}

impl std::fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignerKey({})", self.id)
    }
}

/// What is not a public key of minisign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no public key of minisign")]
pub struct NoSignerKey;

impl SignerKey {
    /// Reads a key: its one line, or the file that minisign writes.
    pub fn parse(text: &str) -> Result<Self, NoSignerKey> {
        let text = text.trim();
        let line = text.lines().next_back().ok_or(NoSignerKey)?.trim();
        let key = if text.contains('\n') { PublicKey::decode(text) } else { PublicKey::from_base64(line) };
        let raw = BASE64.decode(line.as_bytes()).map_err(|_| NoSignerKey)?;
        // Two bytes of algorithm, then the number of the key, which minisign shows with the last byte first.
        let id = raw.get(2..10).ok_or(NoSignerKey)?.iter().rev().map(|byte| format!("{byte:02X}")).collect();
        Ok(Self { key: key.map_err(|_| NoSignerKey)?, id })
    }

    /// Its number, as minisign shows it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Who signed a bundle, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// There is no signature, and nobody asked for one.
    No,
    /// There is one, but no key to check it with.
    NotChecked,
    /// There is none, and a key was given.
    Missing,
    /// It was made with another key than the one given.
    OtherKey,
    /// It is not of this file, or no signature at all.
    Invalid,
    /// It was made with the given key, of this file.
    Valid {
        /// The number of the key.
        key: String,
        /// What the signer wrote beside it, signed too.
        comment: String,
    },
}

impl Signed {
    /// A word for it, for `--json`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::No => "not-signed",
            Self::NotChecked => "not-checked",
            Self::Missing => "missing",
            Self::OtherKey => "other-key",
            Self::Invalid => "invalid",
            Self::Valid { .. } => "valid",
        }
    }
}

/// Looks for a signature beside `bundle`, and checks it with `key` over the bytes that were verified.
pub fn signed(bundle: &VerifiedBundle, key: Option<&SignerKey>) -> Result<Signed, BundleError> {
    let structure = bundle.structure();
    let mut name = structure.path().as_os_str().to_owned();
    name.push(".minisig");
    let path = PathBuf::from(name);
    // The kind is asked first, because opening a pipe would wait for its writer.
    let is_file = std::fs::metadata(&path).is_ok_and(|metadata| metadata.is_file());
    let Some(key) = key else { return Ok(if is_file { Signed::NotChecked } else { Signed::No }) };
    if !is_file {
        return Ok(Signed::Missing);
    }
    let mut text = String::new();
    let read = File::open(&path).and_then(|file| file.take(MOST).read_to_string(&mut text));
    match read {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => return Ok(Signed::Invalid),
        Err(source) => return Err(BundleError::Read { path, source }),
    }
    let source = structure.source();
    let (mut delivered, mut digest) = (source.delivered(), Sha256::new());
    let mut block = vec![0; BLOCK];
    let signed = check(&text, key, &mut |update| {
        loop {
            let n = delivered.read(&mut block)?;
            if n == 0 {
                return Ok(());
            }
            digest.update(&block[..n]);
            update(&block[..n]);
        }
    });
    let signed = signed.map_err(|error| source.error(error))?;
    if matches!(signed, Signed::Valid { .. }) && Sha256Digest(digest.finalize().into()) != bundle.file_digest() {
        return Err(BundleError::Changed(structure.path().to_owned()));
    }
    Ok(signed)
}

/// Gives its argument all bytes of the file, block by block.
type Feed<'a> = &'a mut dyn FnMut(&mut dyn FnMut(&[u8])) -> std::io::Result<()>;

fn check(text: &str, key: &SignerKey, feed: Feed<'_>) -> std::io::Result<Signed> {
    let Ok(signature) = Signature::decode(text) else { return Ok(Signed::Invalid) };
    // Signatures of minisign's first form are over the whole file in memory; minisign has not made any for years.
    let mut verifier = match key.key.verify_stream(&signature) {
        Ok(verifier) => verifier,
        Err(Error::UnexpectedKeyId) => return Ok(Signed::OtherKey),
        Err(_) => return Ok(Signed::Invalid),
    };
    feed(&mut |bytes| verifier.update(bytes))?;
    Ok(match verifier.finalize() {
        Ok(()) => Signed::Valid { key: key.id.clone(), comment: signature.trusted_comment().to_owned() },
        Err(Error::UnexpectedKeyId) => Signed::OtherKey,
        Err(_) => Signed::Invalid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with another implementation of minisign, for this test.
    const KEY: &str = "RWTqObi82xj1mr5UTHdCSew7QvmfIc6S3TcMKBK0puEo/LLRMiTF7xSC";
    const OTHER: &str = "RWQayNdmXf/4J3oHjU4GlM0tg+ilGfuKeOKxicbPoPf8x9x8uzgE72GF";
    const SIGNED: &[u8] = b"the bytes of a bundle\n";
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
        RUTqObi82xj1mulCYQF0eXJZ4g6aZxxYe1MzVV+jFDklxcUfZfN51LII/uTDbz/JW5dDucXp12ssApYc6YdLSctAD2AMSBGO0wk=\n\
        trusted comment: bundle of ann\tfile:b\n\
        jfb/c9Rl4rxnEr3RXudO1inE5gotZcbxB7ADFi8GW8TPvl/gw4eBWsCun7y70Zc5EclNmLT9AsrQLoezoya1CA==";

    fn checked(signature: &str, key: &str, bytes: &[u8]) -> Signed {
        let key = SignerKey::parse(key).expect("a key");
        check(signature, &key, &mut |update| {
            bytes.chunks(7).for_each(&mut *update);
            Ok(())
        })
        .expect("memory can be read")
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_file() {
        let valid = Signed::Valid { key: "9AF518DBBCB839EA".to_owned(), comment: "bundle of ann\tfile:b".to_owned() };
        assert_eq!(checked(SIGNATURE, KEY, SIGNED), valid);
        assert_eq!(checked(SIGNATURE, &format!("untrusted comment: x\n{KEY}\n"), SIGNED), valid);
        assert_eq!(checked(SIGNATURE, OTHER, SIGNED), Signed::OtherKey);
        assert_eq!(checked(SIGNATURE, KEY, b"the bytes of another\n"), Signed::Invalid);
        assert_eq!(
            checked(&SIGNATURE.replace("of ann", "of bob"), KEY, SIGNED),
            Signed::Invalid,
            "the comment is signed"
        );
        assert_eq!(checked("hello", KEY, SIGNED), Signed::Invalid);
        for wrong in ["", "hello", "RWTqObi82xj1", "\n\n"] {
            assert!(SignerKey::parse(wrong).is_err(), "{wrong}");
        }
    }
}
