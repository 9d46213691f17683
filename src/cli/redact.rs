//! `casefile redact`: the redaction engine as a filter over files, folders and stdin.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;

use super::message::{Message, plain};
use super::redaction_flags::RedactionFlags;
use super::{Exit, redact_files, redact_reveal, redact_stdin};
use crate::pipeline::copies::CopyError;
use crate::redact::MediaHint;

/// What to redact, and where the result goes.
#[derive(Debug, Args)]
pub struct RedactArgs {
    /// Files or folders; `-` or nothing for stdin
    #[arg(value_name = "FILE|DIR|-")]
    pub inputs: Vec<PathBuf>,
    /// Where the result goes: a file for one file or stdin, a folder for several or for a folder
    #[arg(long, short, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Hand out each line of stdin as soon as it is whole: tail -f app.log | casefile redact --line-buffered
    #[arg(long, conflicts_with = "output")]
    pub line_buffered: bool,
    /// What the input is, where its name does not say
    #[arg(long = "type", value_name = "TYPE", value_parser = ["auto", "text", "json", "har", "ndjson"], default_value = "auto")]
    pub kind: String,
    /// Do not replace the names of this machine and its people; see --known
    #[arg(long)]
    pub no_host: bool,
    /// Show each place before and after, on this terminal only; it holds secrets and is written nowhere
    #[arg(long, conflicts_with_all = ["json", "line_buffered"])]
    pub show: bool,
    /// Say at the end what was replaced, by rule and file
    #[arg(long)]
    pub report: bool,
    /// Print one JSON document about what was done
    #[arg(long, requires = "output")]
    pub json: bool,
    /// Threads; by default one a processor, at most 8
    #[arg(long, value_name = "N", value_parser = super::threads)]
    pub threads: Option<usize>,
    // Last, because their headings would be given to every flag after them.
    /// How to redact.
    #[command(flatten)]
    pub redaction: RedactionFlags,
    /// Print this redacted file with its placeholders put back; needs --vault and --identity
    #[arg(long, value_name = "FILE", requires = "identity", requires = "vault", help_heading = "Putting back",
          conflicts_with_all = ["inputs", "line_buffered", "show", "report", "json", "vault_recipient"])]
    pub reveal: Option<PathBuf>,
    /// The secret key that opens the vault, a file made by age-keygen
    #[arg(long, value_name = "FILE", requires = "reveal", help_heading = "Putting back")]
    pub identity: Option<PathBuf>,
}

impl RedactArgs {
    /// What all inputs are, where that is said.
    pub fn hint(&self) -> Option<MediaHint> {
        match self.kind.as_str() {
            "text" => Some(MediaHint::Text),
            "json" | "har" => Some(MediaHint::Json),
            "ndjson" => Some(MediaHint::JsonLines),
            _ => None,
        }
    }
}

/// Runs the verb.
pub fn run(args: &RedactArgs) -> Result<Exit, Message> {
    if let Some(file) = &args.reveal {
        return redact_reveal::run(args, file);
    }
    if args.show && !std::io::stdout().is_terminal() {
        return Err(Message::usage("--show: stdout is no terminal, and what it shows is written nowhere else")
            .hint("run it on a terminal, without a pipe behind it"));
    }
    if args.output.as_ref().is_some_and(|output| output.as_os_str() == "-") {
        return Err(Message::usage("--output needs the name of a file or folder")
            .hint("leave it out: what comes from one file or from stdin then goes to stdout"));
    }
    let stdin = args.inputs.iter().filter(|input| input.as_os_str() == "-").count();
    if args.inputs.is_empty() && std::io::stdin().is_terminal() {
        return Err(Message::usage("nothing to redact").hint("name a file or a folder, or pipe something in"));
    }
    if stdin == 0 && !args.inputs.is_empty() {
        if args.line_buffered {
            return Err(Message::usage("--line-buffered is for stdin")
                .hint("tail -f app.log | casefile redact --line-buffered"));
        }
        return redact_files::run(args);
    }
    if args.inputs.len() > 1 {
        return Err(Message::usage("`-` stands for stdin and cannot be named beside files")
            .hint("redact stdin in a run of its own"));
    }
    redact_stdin::run(args)
}

/// What to say when a copy cannot be made.
pub fn failure(error: CopyError) -> Message {
    match error {
        CopyError::Interrupted => Message::new(Exit::Interrupted, "stopped; files that were finished are kept"),
        CopyError::Exists(path) => Message::new(Exit::LocalFailure, format!("{}: exists already", path.display()))
            .hint("nothing was written; choose another --output, or replace it with --force"),
        CopyError::IsSource(path) => Message::usage(format!("{}: is one of the files to be redacted", path.display()))
            .hint("the original is never replaced; choose another --output"),
        CopyError::Write { path, source } => write_failure(&path, &source),
        error @ CopyError::Redactor(_) => Message::new(Exit::LocalFailure, error.to_string()),
    }
}

/// What to say when the output `path` cannot be written.
pub fn write_failure(path: &Path, error: &std::io::Error) -> Message {
    Message::new(Exit::LocalFailure, format!("cannot write {}: {}", path.display(), plain(error)))
        .hint("files that were finished are kept; make room, or choose another --output")
}
