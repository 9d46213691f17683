//! A rehearsal: every request that would be sent is written to a folder instead, exactly but for its secrets, and nothing
//! leaves this machine.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use reqwest::blocking::Request;

use super::secrets::Secret;
use crate::platform::create_private_dir;

/// What stands in the place of a secret.
const MASK: &str = "(secret)";

/// The most files of one folder; a rehearsal has a dozen.
const MOST_FILES: u32 = 10_000;

/// A folder of requests that were not sent.
pub struct Recording {
    folder: PathBuf,
    secrets: Mutex<Vec<String>>,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording({})", self.folder.display())
    }
}

impl Recording {
    /// A recording into `folder`, which is made with the first request.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, secrets: Mutex::default() }
    }

    /// Keeps `secret` out of everything that is written from now on.
    pub fn hide(&self, secret: &Secret) {
        let value = secret.reveal();
        // As it stands, in JSON, and in an address.
        let json = serde_json::Value::from(value).to_string();
        let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let mut secrets = self.secrets.lock().expect("nobody panics while holding this");
        secrets.extend([value.to_owned(), json.trim_matches('"').to_owned(), form]);
        // A secret that holds another goes first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names of what was written, in its order.
    pub fn files(&self) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names: io::Result<Vec<String>> =
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect();
        let mut names = names?;
        names.sort();
        Ok(names)
    }

    /// Writes a request: its method and address, its headers, its body.
    pub(super) fn request(&self, request: &mut Request) -> io::Result<()> {
        // A form of several parts is put together; a file in it was replaced by a line about it before.
        if let Some(body) = request.body_mut().as_mut() {
            body.buffer().map_err(io::Error::other)?;
        }
        let mut text = format!("{} {}\n", request.method(), request.url());
        for (name, value) in request.headers() {
            let value = if value.is_sensitive() { MASK } else { value.to_str().unwrap_or("(no text)") };
            text += &format!("{name}: {value}\n");
        }
        let body = match request.body().map(|body| body.as_bytes()) {
            None => String::new(),
            Some(Some(bytes)) => match serde_json::from_slice::<serde_json::Value>(bytes) {
                Ok(json) => format!("{json:#}\n"),
                Err(_) => String::from_utf8_lossy(bytes).into_owned(),
            },
            Some(None) => "(cannot be shown)\n".to_owned(),
        };
        let host = request.url().host_str().unwrap_or("nowhere");
        self.write(&format!("{}-{host}.http", request.method()), &format!("{text}\n{body}"))
    }

    /// Writes another text, such as a mail.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let mut text = text.to_owned();
        for secret in self.secrets.lock().expect("nobody panics while holding this").iter() {
            text = text.replace(secret, MASK);
        }
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let name: String = name.chars().map(plain).take(100).collect();
        // It holds what is for the far side alone, such as the customer's contact.
        create_private_dir(&self.folder)?;
        for n in 1..MOST_FILES {
            let taken = self.folder.join(format!("{n:04}.taken"));
            let path = self.folder.join(format!("{n:04}-{name}"));
            if self.has_number(n)? {
                continue;
            }
            // Two threads may look at once; whoever makes the mark has the number.
            match OpenOptions::new().write(true).create_new(true).open(&taken) {
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(e),
            }
            let written = OpenOptions::new().write(true).create_new(true).open(&path);
            let written = written.and_then(|mut file| file.write_all(text.as_bytes()));
            std::fs::remove_file(taken)?;
            return written;
        }
        Err(io::Error::other("the folder of the rehearsal is full"))
    }

    fn has_number(&self, n: u32) -> io::Result<bool> {
        let start = format!("{n:04}-");
        for entry in std::fs::read_dir(&self.folder)? {
            if entry?.file_name().to_string_lossy().starts_with(&start) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
