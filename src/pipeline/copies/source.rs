//! What is copied: a file that was named or lies in a folder that was named, or bytes that were held. Both passes read the
//! same bytes, expanded where they are compressed.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use crate::archive::{self, Compression};
use crate::collect::held::Held;
use crate::platform::{FileId, NamedRoot, Refusal};
use crate::redact::{MediaHint, Treatment};

/// Bytes that tell what a text is.
const HEAD: u64 = 8 << 10;

/// One file to be copied.
#[derive(Debug)]
pub struct Source {
    /// Its path as the person who named it knows it, not redacted: for their terminal.
    pub shown: String,
    /// Where its copy should stand in the output folder, not redacted, with `/`.
    pub wish: String,
    /// Its length, where it is known.
    pub len: u64,
    pub(super) modified: Option<SystemTime>,
    from: From,
}

#[derive(Debug)]
enum From {
    File {
        root: Arc<NamedRoot>,
        relative: PathBuf,
        id: FileId,
        /// Bytes that the file had in the first pass; what is added later was not searched.
        len: AtomicU64,
        /// Bytes that it did not have any more in the last pass.
        short: Arc<AtomicU64>,
    },
    Held(Held),
}

/// An open source.
pub(super) struct Open {
    pub(super) reader: Box<dyn Read + Send>,
    pub(super) compression: Option<Compression>,
}

/// Why a source gives nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("was replaced by another file between the two passes")]
    Replaced,
    #[error("could not be read: {0}")]
    Io(#[from] io::Error),
}

impl Source {
    pub(super) fn file(
        root: &Arc<NamedRoot>,
        relative: PathBuf,
        shown: String,
        wish: String,
        (len, modified, id): (u64, Option<SystemTime>, FileId),
    ) -> Self {
        let root = Arc::clone(root);
        let from = From::File { root, relative, id, len: AtomicU64::new(len), short: Arc::default() };
        Self { shown, wish, len, modified, from }
    }

    /// Bytes that came from a pipe and were held.
    #[must_use]
    pub fn held(held: Held, shown: &str) -> Self {
        Self {
            shown: shown.to_owned(),
            wish: shown.to_owned(),
            len: held.len(),
            modified: None,
            from: From::Held(held),
        }
    }

    pub(super) fn id(&self) -> Option<FileId> {
        match &self.from {
            From::File { id, .. } => Some(*id),
            From::Held(_) => None,
        }
    }

    /// Opens it: for the first pass with the length that it has now, for the second with the same.
    pub(super) fn open(&self, first: bool, cancel: &Arc<AtomicBool>) -> Result<Open, Trouble> {
        let reader: Box<dyn Read + Send> = match &self.from {
            From::Held(held) => held.reader()?,
            From::File { root, relative, id, len, short } => {
                let opened = root.open_file(relative)?;
                if opened.id != *id {
                    return Err(Trouble::Replaced);
                }
                if first {
                    len.store(opened.len, Ordering::Relaxed);
                }
                short.store(0, Ordering::Relaxed);
                match len.load(Ordering::Relaxed) {
                    // Files of /proc say that they are empty.
                    0 => Box::new(opened.file),
                    left => Box::new(Until { reader: opened.file, left, short: Arc::clone(short) }),
                }
            }
        };
        let mut reader = BufReader::with_capacity(64 << 10, Stoppable { reader, cancel: Arc::clone(cancel) });
        let mut magic = Vec::new();
        reader.by_ref().take(archive::MAGIC as u64).read_to_end(&mut magic)?;
        let compression = Compression::of(&magic);
        let whole = io::Cursor::new(magic).chain(reader);
        let reader: Box<dyn Read + Send> = match compression {
            None => Box::new(whole),
            Some(compression) => archive::expand(BufReader::new(whole), compression, archive::MAX_EXPANDED),
        };
        Ok(Open { reader, compression })
    }

    /// What is missing from the last pass.
    pub(super) fn fell_short(&self) -> Option<String> {
        let From::File { short, .. } = &self.from else { return None };
        let missing = short.load(Ordering::Relaxed);
        (missing > 0).then(|| format!("shrank while it was read; its last {missing} bytes are missing"))
    }

    /// What it is, by its name, and where that says nothing by its first bytes; then it is only a guess.
    pub(super) fn hint(&self, cancel: &Arc<AtomicBool>) -> Result<(MediaHint, bool), Trouble> {
        let name = archive::expanded_name(&self.wish).unwrap_or_else(|| self.wish.clone());
        let named = MediaHint::of_name(&name);
        if named == MediaHint::Image {
            return Ok((named, false));
        }
        let mut head = Vec::new();
        self.open(true, cancel)?.reader.take(HEAD).read_to_end(&mut head)?;
        if matches!(Treatment::of_head(&head), Ok(Treatment::Image(_))) {
            return Ok((MediaHint::Image, true));
        }
        Ok(match by_content(&head) {
            MediaHint::Text => (named, false),
            seen => (seen, named == MediaHint::Text),
        })
    }
}

/// Whether a text is JSON by its first bytes; one document is the shortest run of documents. What is wrongly taken for
/// JSON is found out by the first pass and treated as text.
#[must_use]
pub fn by_content(head: &[u8]) -> MediaHint {
    let text = json_start(head);
    let inside = text.get(1..).unwrap_or_default().trim_ascii_start().first();
    match text.first() {
        // `[2026-11-23 …` begins many a log line; a document that goes on opens with a name, a text or another bracket.
        Some(b'{' | b'[') if begins_with_json_line(head) || matches!(inside, None | Some(b'"' | b'{' | b'[')) => {
            MediaHint::JsonLines
        }
        _ => MediaHint::Text,
    }
}

/// Whether the first line is a JSON document by itself, so that the text can be read line by line.
#[must_use]
pub fn begins_with_json_line(head: &[u8]) -> bool {
    let text = json_start(head);
    let line = memchr::memchr(b'\n', text).map(|at| &text[..at]);
    let object = line.filter(|line| matches!(line.first(), Some(b'{' | b'[')));
    object.is_some_and(|line| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok())
}

fn json_start(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start()
}

/// The path of a source as people write it.
pub(super) fn shown(folder: &Path, relative: &Path) -> String {
    folder.join(relative).to_string_lossy().into_owned()
}

/// Reads a file up to a length that it had, and notes when it has become shorter.
struct Until<R> {
    reader: R,
    left: u64,
    short: Arc<AtomicU64>,
}

impl<R: Read> Read for Until<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buf.len(), |left| left.min(buf.len()));
        let n = self.reader.read(&mut buf[..most])?;
        self.left -= n as u64;
        if n == 0 && most > 0 {
            self.short.store(self.left, Ordering::Relaxed);
        }
        Ok(n)
    }
}

/// Ends with an error when somebody wants to stop.
struct Stoppable<R> {
    reader: R,
    cancel: Arc<AtomicBool>,
}

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.cancel.load(Ordering::Relaxed) {
            // Not `Interrupted`, after which readers try again.
            return Err(io::Error::other("stopped"));
        }
        self.reader.read(buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_first_bytes_and_a_bracketed_time_stamp_is_not_json() {
        for (text, hint) in [
            ("{\"a\":1}\n{\"a\":2}\n", MediaHint::JsonLines),
            ("{\"a\":1}", MediaHint::JsonLines),
            ("\u{feff}{\n  \"a\": 1\n}", MediaHint::JsonLines),
            ("[\n  {", MediaHint::JsonLines),
            ("[1, 2]\n", MediaHint::JsonLines),
            ("[2026-11-23 10:15:02] started\n", MediaHint::Text),
            ("[main] ready\n", MediaHint::Text),
            ("plain\n", MediaHint::Text),
            ("", MediaHint::Text),
        ] {
            assert_eq!(by_content(text.as_bytes()), hint, "{text}");
        }
        assert!(begins_with_json_line(b"{\"a\":1}\n{") && !begins_with_json_line(b"{\n \"a\": 1}\n"));
    }
}
