//! What is said when something goes wrong: what happened to which thing, then what to do.

use std::io::Write;

use super::Exit;
use crate::model::ConfigError;

/// An error for the terminal.
#[derive(Debug)]
pub struct Message {
    /// The exit code that goes with it.
    pub exit: Exit,
    text: String,
    hint: Option<String>,
}

impl Message {
    /// An error with its exit code.
    pub fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into(), hint: None }
    }

    /// Wrong usage or configuration.
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Exit code, text and hint, to be told in another way.
    pub fn into_parts(self) -> (Exit, String, Option<String>) {
        (self.exit, self.text, self.hint)
    }

    /// Prints it to stderr.
    pub fn print(&self) {
        self.write_to(&mut anstream::stderr().lock());
    }

    /// Writes it, as on stderr.
    pub fn write_to(&self, err: &mut dyn Write) {
        // A closed stderr is nobody's problem any more.
        let _ = writeln!(err, "error: {}", crate::model::printable(&self.text));
        if let Some(hint) = &self.hint {
            let _ = writeln!(err, "hint: {}", crate::model::printable(hint));
        }
    }
}

impl From<ConfigError> for Message {
    fn from(error: ConfigError) -> Self {
        let message = Self::usage(error.to_string());
        match error.mend {
            Some(mend) => message.hint(mend),
            None => message,
        }
    }
}

/// A system error in words, without its number.
pub fn plain(error: &std::io::Error) -> String {
    use std::io::ErrorKind::{AlreadyExists, IsADirectory, NotADirectory, NotFound, PermissionDenied, StorageFull};
    match error.kind() {
        NotFound => "no such file or folder".to_owned(),
        PermissionDenied => "permission denied".to_owned(),
        StorageFull => "the disk is full".to_owned(),
        AlreadyExists => "exists already".to_owned(),
        IsADirectory => "is a folder".to_owned(),
        NotADirectory => "is not a folder".to_owned(),
        _ => error.to_string(),
    }
}
