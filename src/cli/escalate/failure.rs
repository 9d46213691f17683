//! How a run of `escalate` ends when it does not go well: what is told on the screen and in JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::message::Message;
use crate::deliver::journal::JournalError;
use crate::escalate::plain_text::one_line;
use crate::model::ConfigError;

/// A run that ends here, and what to tell about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How it ends.
    pub exit: Exit,
    /// What happened: one line, lower case.
    pub error: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// More lines, such as what is missing.
    pub detail: String,
}

impl Failure {
    /// A failure without a hint.
    #[must_use]
    pub fn new(exit: Exit, error: impl Into<String>) -> Self {
        Self { exit, error: error.into(), hint: None, detail: String::new() }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ConfigError> for Failure {
    fn from(e: ConfigError) -> Self {
        Self { hint: e.mend.clone(), ..Self::new(Exit::Usage, e.to_string()) }
    }
}

impl From<Message> for Failure {
    fn from(message: Message) -> Self {
        let (exit, text, hint) = message.into_parts();
        Self { hint, ..Self::new(exit, text) }
    }
}

pub(super) fn journal_failed(e: &JournalError, ticket_made: bool) -> Failure {
    let failure = |exit, hint: &str| Failure::new(exit, e.to_string()).hint(hint);
    let exit = if ticket_made { Exit::Partial } else { Exit::LocalFailure };
    match e {
        JournalError::Broken { .. } => {
            failure(Exit::Damaged, "nothing goes out on a changed journal; keep the file and find out who changed it")
        }
        JournalError::Busy(_) => failure(exit, "wait until it is done and run the same command again"),
        JournalError::Io { .. } => {
            failure(exit, "check the folder and its free space, then run the same command again")
        }
    }
}

pub(super) fn no_state_dir() -> Failure {
    Failure::new(Exit::LocalFailure, "this account has no folder for the journal").hint("set HOME, or XDG_STATE_HOME")
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn output_failed(e: io::Error) -> Failure {
    Failure::new(Exit::LocalFailure, format!("cannot write the output: {e}"))
}

pub(super) fn tell(failure: &Failure, to: &mut dyn Write) -> io::Result<()> {
    // A path or a cause may hold anything; a message is one line.
    const LONGEST: usize = 1000;
    writeln!(to, "error: {}", one_line(&failure.error, LONGEST))?;
    to.write_all(failure.detail.as_bytes())?;
    match &failure.hint {
        Some(hint) => writeln!(to, "hint: {}", one_line(hint, LONGEST)),
        None => Ok(()),
    }
}

pub(super) fn in_json(failure: &Failure) -> Value {
    json!({
        "schema": "casefile-escalation/1",
        "error": failure.error,
        "hint": failure.hint,
        "detail": failure.detail,
        "exit": failure.exit as u8,
    })
}
