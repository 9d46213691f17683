//! Redacts HARs for validators that we did not write: `redact_har OUT-DIR FILE...`. Each goes to OUT-DIR under its own name.

#![allow(clippy::print_stderr, reason = "errors are for who runs it")]

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("redact_har: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = arguments.next().ok_or("usage: redact_har OUT-DIR FILE...")?;
    let set = Arc::new(RuleSet::load(&[])?);
    let key = Pseudonyms::new(b"a key for validators");
    let first = Arc::new(Redactor::new(set, key, &KnownNames::default(), Privacy::Standard)?);
    for file in arguments {
        let file = Path::new(&file);
        let open = || File::open(file).map(|file| Box::new(file) as Box<dyn Read + Send>);
        let scan = first.scan(MediaHint::Json, &mut || open())?;
        let second = Arc::new(first.with_seeds(&scan.seeds)?);
        let name = file.file_name().ok_or("no file name")?;
        let mut out = std::io::BufWriter::new(File::create(Path::new(&folder).join(name))?);
        for step in second.redact(&scan.treatment, open()?) {
            if let Step::Block(block) = step? {
                out.write_all(block.bytes())?;
            }
        }
        out.flush()?;
    }
    Ok(())
}
