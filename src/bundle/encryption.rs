//! Bundles that are encrypted with age: for whom one is written, and with whose keys one is read. The plain bundle is on no
//! disk: what is written goes through age as it comes, and what is read is decrypted in place, piece by piece.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor, IdentityFile, x25519};
use sha2::{Digest as _, Sha256};

use crate::model::Sha256Digest;

/// How every file begins that is encrypted with age.
pub(super) const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// Bytes of the head of an encrypted file: one recipient takes 100. A stranger's head that does not end must cost nothing, and
/// age reads it again from the begin for every line.
const LONGEST_HEAD: u64 = 16 << 10;

/// Bytes of the plain text that are sealed together. Reads that keep to them decrypt nothing twice.
pub(super) const PIECE: u64 = 64 << 10;

/// Who can open what is encrypted.
#[derive(Debug, Clone)]
pub struct Recipients(Vec<x25519::Recipient>);

/// What is wrong with recipients. Never holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// Not one public key.
    #[error("names no public key")]
    None,
    /// A line that is no public key.
    #[error("line {0} is no public key of age: `age1` and 58 letters and digits")]
    NoKey(usize),
    /// A secret key where a public one belongs.
    #[error("holds a secret key where a public one is wanted")]
    SecretKey,
}

impl Recipients {
    /// Reads public keys, one a line; empty lines and those with `#` are left out.
    pub fn parse(text: &str) -> Result<Self, RecipientError> {
        let mut recipients = Vec::new();
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
                return Err(RecipientError::SecretKey);
            }
            recipients.push(line.parse().map_err(|_| RecipientError::NoKey(n + 1))?);
        }
        if recipients.is_empty() { Err(RecipientError::None) } else { Ok(Self(recipients)) }
    }

    /// These and the others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The public keys, as they are written.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }

    /// What is written to the result reaches `out` encrypted.
    pub fn seal<W: Write>(&self, out: W) -> io::Result<StreamWriter<W>> {
        let recipients = self.0.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor =
            Encryptor::with_recipients(recipients).map_err(|_| io::Error::other("age refused its recipients"))?;
        encryptor.wrap_output(out)
    }
}

/// Secret keys of age.
#[derive(Clone)]
pub struct Identities(Arc<Vec<Box<dyn age::Identity + Send + Sync>>>);

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identities({})", self.0.len())
    }
}

/// What is no file of secret keys of age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no file of secret keys of age")]
pub struct NoIdentity;

impl Identities {
    /// Reads a file as `age-keygen` writes it.
    pub fn parse(text: &str) -> Result<Self, NoIdentity> {
        let file = IdentityFile::from_buffer(text.as_bytes()).map_err(|_| NoIdentity)?;
        let identities = file.into_identities().map_err(|_| NoIdentity)?;
        if identities.is_empty() { Err(NoIdentity) } else { Ok(Self(Arc::new(identities))) }
    }
}

/// Why an encrypted file cannot be read.
#[derive(Debug)]
pub(super) enum Locked {
    /// None of the keys opens it.
    WrongKey,
    /// It is damaged or cut short.
    Damaged,
    /// The system says no.
    Io(io::Error),
}

impl From<DecryptError> for Locked {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::NoMatchingKeys | DecryptError::ExcessiveWork { .. } => Self::WrongKey,
            DecryptError::Io(e) if ![io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidData].contains(&e.kind()) => {
                Self::Io(e)
            }
            _ => Self::Damaged,
        }
    }
}

impl From<io::Error> for Locked {
    fn from(error: io::Error) -> Self {
        DecryptError::Io(error).into()
    }
}

/// An encrypted file and the keys that open it.
pub(super) struct LockedFile {
    file: Arc<Mutex<File>>,
    len: u64,
    identities: Identities,
}

/// The plain text of an encrypted file, from any place.
pub(super) type Plain = StreamReader<BufReader<Raw>>;

impl LockedFile {
    pub fn new(file: File, len: u64, identities: Identities) -> Self {
        Self { file: Arc::new(Mutex::new(file)), len, identities }
    }

    /// Bytes of the file as it is.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The file as it is, from its begin.
    pub fn raw(&self) -> Raw {
        let head_read = Arc::new(AtomicBool::new(true));
        Raw { file: Arc::clone(&self.file), at: 0, len: self.len, head_read, digest: None }
    }

    /// Its plain text.
    pub fn open(&self) -> Result<Plain, Locked> {
        self.open_as(self.raw())
    }

    /// Its plain text, to be read once from front to back, with the digest of the file as it is.
    pub fn open_hashed(&self) -> Result<(Plain, Arc<Mutex<Sha256>>), Locked> {
        let digest = Arc::new(Mutex::new(Sha256::new()));
        let raw = Raw { digest: Some(Arc::clone(&digest)), ..self.raw() };
        Ok((self.open_as(raw)?, digest))
    }

    fn open_as(&self, raw: Raw) -> Result<Plain, Locked> {
        let head_read = Arc::new(AtomicBool::new(false));
        let raw = Raw { head_read: Arc::clone(&head_read), ..raw };
        let head = Decryptor::new_buffered(BufReader::new(raw))?;
        head_read.store(true, Ordering::Relaxed);
        Ok(head.decrypt(self.identities.0.iter().map(|one| one.as_ref() as &dyn age::Identity))?)
    }
}

impl std::fmt::Debug for LockedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LockedFile({} bytes)", self.len)
    }
}

/// Whether the head of an encrypted file can be read, whoever it is for.
pub(super) fn check_head(head: impl BufRead) -> Result<(), Locked> {
    Decryptor::new_buffered(head.take(LONGEST_HEAD)).map(drop).map_err(Locked::from)
}

/// The digest that [`LockedFile::open_hashed`] takes, when all was read.
pub(super) fn finished(digest: &Mutex<Sha256>) -> Sha256Digest {
    Sha256Digest(digest.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize().into())
}

/// The bytes of an encrypted file as they are. Several may read one file, because each keeps its own place.
pub(super) struct Raw {
    file: Arc<Mutex<File>>,
    at: u64,
    len: u64,
    /// Before, it ends after [`LONGEST_HEAD`].
    head_read: Arc<AtomicBool>,
    digest: Option<Arc<Mutex<Sha256>>>,
}

impl Read for Raw {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let end = if self.head_read.load(Ordering::Relaxed) { self.len } else { self.len.min(LONGEST_HEAD) };
        let left = usize::try_from(end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buf.len().min(left);
        let n = {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(self.at))?;
            file.read(&mut buf[..most])?
        };
        if let Some(digest) = &self.digest {
            digest.lock().unwrap_or_else(PoisonError::into_inner).update(&buf[..n]);
        }
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Raw {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// A key pair for a test.
#[cfg(test)]
pub(super) fn pair() -> (Identities, Recipients) {
    use age::secrecy::ExposeSecret as _;
    let identity = x25519::Identity::generate();
    let recipients = Recipients::parse(&format!("# ours\n{}\n", identity.to_public())).expect("a public key");
    (Identities::parse(identity.to_string().expose_secret()).expect("a secret key"), recipients)
}

/// Encrypts for a test.
#[cfg(test)]
pub(super) fn sealed(plain: &[u8], recipients: &Recipients) -> Vec<u8> {
    let mut out = Vec::new();
    let mut stream = recipients.seal(&mut out).expect("begins");
    stream.write_all(plain).expect("sealed");
    stream.finish().expect("sealed");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use age::secrecy::ExposeSecret as _;

    fn locked(bytes: &[u8], identities: &Identities) -> LockedFile {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        LockedFile::new(file, bytes.len() as u64, identities.clone())
    }

    #[test]
    fn what_was_sealed_is_read_from_any_place_and_with_the_right_key_only() {
        let (identities, recipients) = pair();
        let plain: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
        let bytes = sealed(&plain, &recipients);
        let file = locked(&bytes, &identities);
        let mut reader = file.open().expect("opens");
        assert_eq!(reader.seek(SeekFrom::End(0)).expect("its length"), plain.len() as u64);
        for at in [700_000, 3, 65_535, 65_536, 65_537, 131_072, 0, plain.len() - 5] {
            reader.seek(SeekFrom::Start(at as u64)).expect("seeks");
            let mut four = [0; 4];
            reader.read_exact(&mut four).expect("reads");
            assert_eq!(four, plain[at..at + 4], "{at}");
        }
        let (mut reader, digest) = file.open_hashed().expect("opens");
        let mut all = Vec::new();
        reader.read_to_end(&mut all).expect("reads");
        assert!(all == plain && finished(&digest) == Sha256Digest(Sha256::digest(&bytes).into()));
        assert!(matches!(locked(&bytes, &pair().0).open(), Err(Locked::WrongKey)));
    }

    #[test]
    fn a_head_without_an_end_is_given_up() {
        let endless = [MAGIC, &b"-> X25519 abc\n".repeat(100_000)].concat();
        assert!(matches!(locked(&endless, &pair().0).open(), Err(Locked::Damaged)));
        let long_line = [MAGIC, b"-> X25519 ", &[b'a'; 1 << 20]].concat();
        assert!(matches!(check_head(long_line.as_slice()), Err(Locked::Damaged)));
    }

    #[test]
    fn a_secret_key_is_no_recipient_and_no_error_repeats_it() {
        let secret = x25519::Identity::generate().to_string();
        let error = Recipients::parse(secret.expose_secret()).expect_err("a secret");
        assert!(error == RecipientError::SecretKey && !error.to_string().contains(&secret.expose_secret()[20..]));
        assert_eq!(Recipients::parse("# none\n").expect_err("none"), RecipientError::None);
        assert_eq!(Recipients::parse("\nage1nonsense").expect_err("no key"), RecipientError::NoKey(2));
        assert!(Identities::parse("no key").is_err() && Identities::parse("# nothing\n").is_err());
    }
}
