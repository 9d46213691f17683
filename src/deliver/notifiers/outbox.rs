//! Notices as files in the outbox: where no target is named, and where a far side could not be reached. Each is a mail
//! (RFC 5322) without a recipient, which every mail program opens and sends on.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Acknowledgement, Notifier, Receipt};
use crate::deliver::DeliverError;
use crate::deliver::http::HttpClient;
use crate::escalate::notice::Notice;
use crate::escalate::plain_text::one_line;
use crate::platform::{PartialFile, create_private_dir};

/// Longest value in a file, in characters.
const LONGEST: usize = 1024;

/// A folder a case, a file a target and level.
#[derive(Debug, Clone)]
pub(super) struct NoticeFiles {
    root: PathBuf,
    client: HttpClient,
}

impl NoticeFiles {
    pub(super) fn new(root: PathBuf, client: HttpClient) -> Self {
        Self { root, client }
    }
}

impl Notifier for NoticeFiles {
    /// The same key is the same file.
    fn merges(&self) -> bool {
        true
    }

    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError> {
        let name = file_name(&notice.key);
        let (folder, text) = (self.root.join(notice.case_id.as_str()), mail(notice));
        let path = folder.join(&name);
        let written = match self.client.recording() {
            Some(recording) => recording.write(&name, &text),
            None => write(&folder, &path, &text),
        };
        written.map_err(|source| DeliverError::Io { action: "write", path: path.clone(), source })?;
        Ok(Receipt { id: Some(path.display().to_string()) })
    }

    fn acknowledgement(&self, _key: &str) -> Result<Option<Acknowledgement>, DeliverError> {
        Ok(None)
    }

    fn resolve(&self, _key: &str, _text: &str) -> Result<(), DeliverError> {
        Ok(())
    }
}

/// `notice-sre-pager-1.eml`.
fn file_name(key: &str) -> String {
    let (_, rest) = key.split_once('/').unwrap_or(("", key));
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '-' };
    format!("notice-{}.eml", rest.chars().map(plain).take(80).collect::<String>())
}

fn mail(notice: &Notice) -> String {
    let line = |text: &str| one_line(text, LONGEST);
    let mut text =
        format!("X-Casefile-Key: {}\n{}\n{}\n", line(&notice.key), subject(&notice.summary), line(&notice.summary));
    if let Some(link) = &notice.link {
        text += &format!("Ticket: {}\n", line(link));
    }
    for (name, value) in &notice.details {
        text += &format!("{}: {}\n", line(name), line(value));
    }
    text
}

/// The head of a mail without a recipient, up to its empty line.
pub(in crate::deliver) fn subject(text: &str) -> String {
    // Only ASCII in a header; the whole text stands below.
    let ascii: String = one_line(text, LONGEST).chars().map(|c| if c.is_ascii() { c } else { '?' }).take(200).collect();
    format!(
        "X-Unsent: 1\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\nSubject: {ascii}\n"
    )
}

/// Writes a file, in place of one that is there; nobody but this account can read it.
pub(in crate::deliver) fn write(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    create_private_dir(folder)?;
    let mut file = PartialFile::create_over(path)?;
    file.file().write_all(text.as_bytes())?;
    file.publish_over()
}
