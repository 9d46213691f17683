//! One file a collector. A collector plans: it names what it would bring, from where and what for, and how to open it.
//! Nothing here redacts or writes; the pipeline does, with what is planned here.

pub mod commands;
pub mod files;
pub mod har_targets;
pub mod held;
pub mod host;
pub mod journal;
pub mod logs;
pub mod probes;
pub mod profile;
mod window;

use std::io::Read;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use profile::Profile;

use crate::model::manifest::Truncation;
use crate::model::{ArtifactPath, Outcome};
use crate::platform::{Elevation, System};
use crate::redact::MediaHint;

/// What collectors may know about the run; nobody below this reads the clock or the environment.
#[derive(Debug, Clone)]
pub struct Context {
    /// Which system this is.
    pub system: System,
    /// Whether the run has more rights than a customer's account.
    pub elevation: Elevation,
    /// When the run began.
    pub now: Timestamp,
    /// The machine's zone, for time stamps that state none.
    pub zone: TimeZone,
    /// Log lines before this are left out.
    pub since: Option<Timestamp>,
    /// How long all that is run (commands, host facts) may take together.
    pub deadline: Deadline,
    /// Set when the user wants to stop.
    pub cancel: Arc<AtomicBool>,
    /// The program to run for collectors that run as a child of ours; without it they run inside this process.
    pub child_program: Option<std::path::PathBuf>,
    /// Whether commands of a profile that are not on the built-in list may run.
    pub allow_commands: bool,
    /// The user's home folder, for `~` in globs.
    pub home: Option<std::path::PathBuf>,
    /// Whether to read and run anything: a preview only looks.
    pub preview: bool,
}

/// One end for all that is run, counted from the first thing that runs.
#[derive(Debug, Clone)]
pub struct Deadline {
    length: Duration,
    began: Arc<OnceLock<Instant>>,
}

impl Deadline {
    /// An end `length` after the first call of [`Deadline::left`].
    #[must_use]
    pub fn new(length: Duration) -> Self {
        Self { length, began: Arc::default() }
    }

    /// How long it is from beginning to end.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }

    /// How long is left; the first call begins the count.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.length.saturating_sub(self.began.get_or_init(Instant::now).elapsed())
    }
}

/// Produces artifacts.
pub trait Collector: Send + Sync {
    /// Its name: the first folder of its artifacts, and the word for `--only` and `--skip`.
    fn name(&self) -> &'static str;

    /// What it would bring. Looks at names and sizes only.
    fn plan(&self, context: &Context) -> Vec<Step>;
}

/// One thing that is asked for.
#[derive(Debug)]
pub struct Step {
    /// A glob, a command line, a kind of fact.
    pub what: String,
    /// What it is for, in words for the customer.
    pub purpose: String,
    /// What will be opened for it.
    pub sources: Vec<Source>,
    /// Its end, where planning already decides it: skipped, or failed.
    pub decided: Option<Outcome>,
}

impl Step {
    /// A step that ends with planning.
    #[must_use]
    pub fn decided(what: impl Into<String>, purpose: &str, outcome: Outcome) -> Self {
        Self { what: what.into(), purpose: purpose.to_owned(), sources: Vec::new(), decided: Some(outcome) }
    }
}

/// One thing that becomes one artifact.
pub struct Source {
    /// Where it should stand below `data/`, not yet redacted.
    pub path: String,
    /// Where it comes from, not yet redacted.
    pub origin: String,
    /// What it probably is.
    pub hint: MediaHint,
    /// Its media type for the manifest.
    pub media_type: &'static str,
    /// Bytes, where they are known before reading.
    pub size: Option<u64>,
    /// When the source was last changed.
    pub modified: Option<Timestamp>,
    /// Whether it holds lines with time stamps.
    pub is_log: bool,
    /// How to open it.
    pub open: Arc<dyn Open>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({})", self.origin)
    }
}

/// Opens a source, once for each pass. Both passes see the same bytes, or the second fails.
pub trait Open: Send + Sync {
    /// Opens it for `pass`. May run a command and take its time.
    fn open(&self, pass: Pass) -> Result<Opened, OpenError>;

    /// What is missing from the bytes of the second pass, once they have been read to their end.
    fn fell_short(&self) -> Option<String> {
        None
    }

    /// Whether opening runs something, so that it should run beside others.
    fn runs_something(&self) -> bool {
        false
    }
}

/// The two passes of the redaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Scans for secrets, writes nothing.
    Scan,
    /// Redacts and writes.
    Redact,
}

/// An open source.
pub struct Opened {
    /// Its bytes, decompressed where the source is compressed, cut where a limit says so.
    pub reader: Box<dyn Read + Send>,
    /// Bytes at the source.
    pub source_size: u64,
    /// What was cut off.
    pub truncation: Option<Truncation>,
    /// Why it is only part of what was asked for.
    pub partial: Option<String>,
    /// Exit status of a command.
    pub exit_status: Option<i32>,
    /// How long it took to make.
    pub duration: Duration,
}

/// Why a source could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It may not be read, or is not what it was.
    #[error("{0}")]
    Refused(#[from] crate::platform::Refusal),
    /// Another file took its place between the passes.
    #[error("was replaced by another file between the two passes")]
    Replaced,
    /// There is nothing to take.
    #[error("{0}")]
    Nothing(String),
    /// It ran and failed.
    #[error("{0}")]
    Failed(String),
    /// Reading failed.
    #[error("could not be read: {0}")]
    Io(#[from] std::io::Error),
}

/// All collectors of `profile`, in the order in which a bundle lists them. A new collector is one line here.
#[must_use]
pub fn all(profile: &Arc<Profile>) -> Vec<Box<dyn Collector>> {
    vec![
        Box::new(host::Host::new(Arc::clone(profile))),
        Box::new(probes::Probes::new(Arc::clone(profile))),
        Box::new(journal::Journal::new(Arc::clone(profile))),
        Box::new(logs::Logs::new(Arc::clone(profile))),
        Box::new(files::Files::config(Arc::clone(profile))),
        Box::new(files::Files::har(Arc::clone(profile))),
        Box::new(files::Files::screenshots(Arc::clone(profile))),
        Box::new(commands::Commands::new(Arc::clone(profile))),
    ]
}

/// The names that `--only` and `--skip` take.
pub const KINDS: [&str; 8] = ["host", "probes", "journal", "logs", "config", "har", "screenshots", "commands"];

/// A wish for a path below `data/` whose segments are made safe.
#[must_use]
pub fn wish(redacted: &str) -> ArtifactPath {
    ArtifactPath::nearest(redacted)
}
