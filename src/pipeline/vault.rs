//! The vault: what stands behind the placeholders of a run, encrypted with age, for the customer alone.
//!
//! Its plain text is NDJSON, a line for each placeholder and value; a value that is no UTF-8 is in base64.

use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::bundle::encryption::Recipients;
use crate::platform::PartialFile;
use crate::redact::{Entry, Originals, Revealer};

/// The longest line of a vault: the longest value that a run can replace, escaped, and room.
const LONGEST_LINE: u64 = 512 << 20;

/// What is wrong with a vault or its key. Never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// No identity file.
    #[error("is no file of secret keys of age")]
    Identity,
    /// Not encrypted with age.
    #[error("is no vault: it is not encrypted with age")]
    NotEncrypted,
    /// Encrypted to somebody else.
    #[error("cannot be opened with this key")]
    WrongKey,
    /// What is inside is no vault.
    #[error("is damaged or no vault: line {0} inside")]
    Damaged(usize),
    /// The system says no.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// One line of a vault.
#[derive(Serialize, Deserialize)]
struct Line {
    placeholder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_base64: Option<String>,
    kind: String,
}

/// A vault that is being made: its place is taken at the start, so that a run does not end without one.
#[derive(Debug)]
pub struct VaultWriter {
    path: PathBuf,
    file: PartialFile,
    recipients: Recipients,
}

impl VaultWriter {
    /// Takes the place. Nothing stands under the final name before [`VaultWriter::seal`].
    pub fn create(path: &Path, recipients: Recipients) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: PartialFile::create(path)?, recipients })
    }

    /// Where it will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes and encrypts all of `originals`, and gives the file its name.
    pub fn seal(mut self, originals: &Originals) -> io::Result<()> {
        let plain = self.recipients.seal(io::BufWriter::new(self.file.file()))?;
        // Written line by line, and sealed in pieces of 64 KiB.
        let mut plain = io::BufWriter::with_capacity(64 << 10, plain);
        originals.each(|placeholder, original, kind| {
            let text = std::str::from_utf8(original).ok().map(str::to_owned);
            let line = Line {
                placeholder: String::from_utf8_lossy(placeholder).into_owned(),
                original_base64: text.is_none().then(|| BASE64.encode(original)),
                original: text,
                kind: kind.to_owned(),
            };
            serde_json::to_writer(&mut plain, &line)?;
            plain.write_all(b"\n")
        })?;
        let sealed = plain.into_inner().map_err(io::IntoInnerError::into_error)?;
        sealed.finish()?.flush()?;
        self.file.publish()
    }
}

/// Opens the vault in `reader` with the secret keys in `identity`.
pub fn open(reader: impl Read, identity: impl BufRead) -> Result<Revealer, VaultError> {
    let mut revealer = Revealer::default();
    each_entry(reader, identity, &mut |entry| revealer.add(entry))?;
    Ok(revealer)
}

fn each_entry(reader: impl Read, identity: impl BufRead, take: &mut dyn FnMut(Entry)) -> Result<(), VaultError> {
    let identities = age::IdentityFile::from_buffer(identity)
        .and_then(|file| file.into_identities().map_err(|_| io::ErrorKind::InvalidData.into()));
    let identities = identities.map_err(|_| VaultError::Identity)?;
    let opened = age::Decryptor::new_buffered(io::BufReader::new(reader)).map_err(|_| VaultError::NotEncrypted)?;
    let keys = identities.iter().map(|identity| identity.as_ref() as &dyn age::Identity);
    let mut plain = io::BufReader::new(opened.decrypt(keys).map_err(|_| VaultError::WrongKey)?);
    for n in 1.. {
        let mut bytes = Vec::new();
        if plain.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let line: Line = serde_json::from_slice(&bytes).map_err(|_| VaultError::Damaged(n))?;
        let original = match (line.original, line.original_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => BASE64.decode(text.as_bytes()).map_err(|_| VaultError::Damaged(n))?,
            _ => return Err(VaultError::Damaged(n)),
        };
        take(Entry { placeholder: line.placeholder.into_bytes(), original, kind: line.kind });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{Replacement, Witness};

    /// A key pair made for these tests.
    fn key() -> (String, Recipients) {
        let identity = age::x25519::Identity::generate();
        let recipients = Recipients::parse(&format!("# ours\n{}\n", identity.to_public())).expect("a public key");
        (age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned(), recipients)
    }

    fn originals() -> Originals {
        let originals = Originals::default();
        for (placeholder, original) in
            [("REDACTED-a-0000000001", &b"a\"b\n"[..]), ("REDACTED-a-0000000002", b"caf\xe9")]
        {
            let placeholder = placeholder.as_bytes();
            originals.replaced(&Replacement { placeholder, original, rule: "a", kind: "a", distinct: true });
        }
        originals
    }

    #[test]
    fn what_was_put_in_comes_out_with_the_right_key_and_nothing_with_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("v.vault");
        let (secret, recipients) = key();
        VaultWriter::create(&path, recipients).expect("a place").seal(&originals()).expect("sealed");
        let sealed = std::fs::read(&path).expect("it is there");
        assert!(sealed.starts_with(b"age-encryption.org/v1\n") && !sealed.windows(4).any(|part| part == b"caf\xe9"));
        let mut entries = Vec::new();
        each_entry(sealed.as_slice(), secret.as_bytes(), &mut |entry| entries.push(entry)).expect("opened");
        assert_eq!(entries.iter().map(|e| e.original.as_slice()).collect::<Vec<_>>(), [&b"a\"b\n"[..], b"caf\xe9"]);
        assert!(matches!(open(sealed.as_slice(), key().0.as_bytes()), Err(VaultError::WrongKey)));
        assert!(matches!(open(&sealed[..sealed.len() - 1], secret.as_bytes()), Err(VaultError::Io(_))));
        assert!(matches!(open(&b"text"[..], secret.as_bytes()), Err(VaultError::NotEncrypted)));
        assert!(matches!(open(sealed.as_slice(), &b"no key"[..]), Err(VaultError::Identity)));
    }

    #[test]
    fn a_vault_that_is_not_sealed_leaves_nothing_and_an_existing_file_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("v.vault");
        drop(VaultWriter::create(&path, key().1).expect("a place"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0);
        std::fs::write(&path, "old").expect("a file");
        let taken = VaultWriter::create(&path, key().1).expect_err("taken");
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
    }
}
