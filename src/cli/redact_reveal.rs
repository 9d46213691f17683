//! `casefile redact --reveal`: a redacted file with its placeholders put back, for the one who has the vault and its key.

use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::path::Path;

use super::message::{Message, plain};
use super::redact::RedactArgs;
use super::redact_output::Target;
use super::{Exit, count};
use crate::archive::{self, Compression};
use crate::pipeline::copies::{Copied, NoCopy};
use crate::pipeline::vault::{self, VaultError};
use crate::redact::{MediaHint, Revealed};

/// Runs it.
pub fn run(args: &RedactArgs, file: &Path) -> Result<Exit, Message> {
    let (Some(vault), Some(identity)) = (&args.redaction.vault, &args.identity) else {
        return Err(Message::usage("--reveal needs --vault and --identity"));
    };
    if args.output.is_none() && !io::stdout().is_terminal() {
        return Err(Message::usage("--reveal: stdout is no terminal, and what it prints holds secrets")
            .hint("run it on a terminal, or name a file with --output"));
    }
    let wrong = |path: &Path, problem: String| Message::usage(format!("{}: {problem}", path.display()));
    let opened = |path: &Path| std::fs::File::open(path).map_err(|e| wrong(path, plain(&e)));
    let key = BufReader::new(opened(identity)?);
    let revealer = vault::open(BufReader::new(opened(vault)?), key).map_err(|e| match e {
        VaultError::Identity => wrong(identity, e.to_string()).hint("give the file that age-keygen made"),
        VaultError::WrongKey => wrong(vault, e.to_string()).hint("give the key whose public part was the recipient"),
        VaultError::Io(e) => wrong(vault, format!("is damaged or cut short: {}", plain(&e))),
        e => wrong(vault, e.to_string()),
    })?;
    let name = file.to_string_lossy();
    let json = matches!(
        MediaHint::of_name(&archive::expanded_name(&name).unwrap_or_else(|| name.to_string())),
        MediaHint::Json | MediaHint::JsonLines
    );
    let reader = expanded(opened(file)?).map_err(|e| wrong(file, plain(&e)))?;
    let target = match &args.output {
        Some(path) => Target::File { path, force: args.force },
        None => Target::Stdout,
    };
    let mut revealed = Revealed::default();
    let made = target.take(|out, _| {
        // What cannot be read is told apart from what cannot be written.
        let mut write_error = None;
        let done = revealer.reveal(reader, json, &mut |bytes| {
            out.write_all(bytes).inspect_err(|e| write_error = Some(io::Error::from(e.kind())))
        });
        match (write_error, done) {
            (Some(e), _) => Err(e),
            (None, Err(e)) => Ok(Err(NoCopy::Failed(plain(&e)))),
            (None, Ok(counts)) => {
                revealed = counts;
                Ok(Ok(Copied::default()))
            }
        }
    })?;
    match made {
        Some(Err(reason)) => return Err(wrong(file, reason.words().1.to_owned())),
        Some(Ok(_)) => tell(&revealed),
        None => {}
    }
    Ok(Exit::Done)
}

fn expanded(file: std::fs::File) -> io::Result<Box<dyn Read + Send>> {
    let mut reader = BufReader::new(file);
    let mut magic = Vec::new();
    reader.by_ref().take(archive::MAGIC as u64).read_to_end(&mut magic)?;
    let compression = Compression::of(&magic);
    let whole = io::Cursor::new(magic).chain(reader);
    Ok(match compression {
        None => Box::new(whole),
        Some(compression) => archive::expand(BufReader::new(whole), compression, archive::MAX_EXPANDED),
    })
}

fn tell(revealed: &Revealed) {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{} put back", count(revealed.put_back, "placeholder"));
    if revealed.unknown > 0 {
        let _ = writeln!(err, "{} not known to the vault, and left", count(revealed.unknown, "placeholder"));
    }
    if revealed.ambiguous > 0 {
        let _ = writeln!(err, "{} with several values, and left", count(revealed.ambiguous, "placeholder"));
    }
}
