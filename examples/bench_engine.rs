//! The engine by itself, on one core and in memory, for `benches/compare`:
//! `bench_engine FILE text|har|ndjson once|twice`, or `bench_engine FILE deflate`.
//!
//! `once` redacts only, with the rules alone; `twice` is both passes: gather secrets, then redact with them. `deflate` is what
//! the writer of bundles does beside, with its level and library. The line that is printed has the bytes read, the CPU seconds
//! of the work (user and system, without loading the rules and the file, with compiling the patterns that are needed) and the
//! bytes written. A fifth argument names a file that takes them, so that two builds can be held against each other.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::io::{Cursor, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

use casefile::bundle::packing::LEVEL;
use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step, Treatment};
use flate2::{Compress, Compression, FlushCompress};

type Failure = Box<dyn std::error::Error>;

const USAGE: &str = "usage: bench_engine FILE text|har|ndjson once|twice [OUT], or bench_engine FILE deflate";

/// Bytes of a part of an entry, about.
const PART: usize = 512 << 10;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("bench_engine: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (file, kind, twice, out) = match arguments[..] {
        [file, "deflate"] => return deflate(file),
        [file, kind @ ("text" | "har" | "ndjson"), passes @ ("once" | "twice"), ref out @ ..] if out.len() < 2 => {
            (file, kind, passes == "twice", out.first())
        }
        _ => return Err(USAGE.into()),
    };
    let text: Arc<[u8]> = std::fs::read(file)?.into();
    let open = || -> Box<dyn Read + Send> { Box::new(Cursor::new(Arc::clone(&text))) };
    let names = KnownNames {
        hosts: vec!["web17".to_owned(), "web17.corp.acme.test".to_owned()],
        users: vec!["alice".to_owned()],
        ..KnownNames::default()
    };
    let key = Pseudonyms::new(b"a key for measurements");
    let mut redactor = Arc::new(Redactor::new(Arc::new(RuleSet::load(&[])?), key, &names, Privacy::Standard)?);
    let began = cpu_seconds();
    let mut treatment = Treatment::of_head(&text[..text.len().min(8 << 10)])?;
    if let (Treatment::Text(encoding), "har" | "ndjson") = (treatment, kind) {
        treatment = Treatment::Json { lines: kind == "ndjson", encoding };
    }
    if twice {
        let hint = match kind {
            "har" => MediaHint::Json,
            "ndjson" => MediaHint::JsonLines,
            _ => MediaHint::Text,
        };
        let scan = redactor.scan(hint, &mut || Ok(open()))?;
        redactor = Arc::new(redactor.with_seeds(&scan.seeds)?);
        treatment = scan.treatment;
    }
    let mut out = out.map(std::fs::File::create).transpose()?;
    let mut written = 0;
    for step in redactor.redact(&treatment, open()) {
        if let Step::Block(block) = step? {
            written += block.bytes().len();
            if let Some(out) = &mut out {
                out.write_all(block.bytes())?;
            }
        }
    }
    println!("{} {:.4} {written}", text.len(), cpu_seconds() - began);
    Ok(())
}

/// As parts of an entry are deflated by `src/bundle/packing.rs`.
fn deflate(file: &str) -> Result<(), Failure> {
    let text = std::fs::read(file)?;
    let began = cpu_seconds();
    let (mut deflate, mut written) = (Compress::new(Compression::new(LEVEL), false), 0);
    let mut packed = Vec::with_capacity(PART + 1024);
    for part in text.chunks(PART) {
        packed.clear();
        deflate.reset();
        deflate.compress_vec(part, &mut packed, FlushCompress::Sync)?;
        written += packed.len();
    }
    println!("{} {:.4} {written}", text.len(), cpu_seconds() - began);
    Ok(())
}

/// User and system time of this process.
#[cfg(unix)]
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Elsewhere the wall has to do.
#[cfg(not(unix))]
fn cpu_seconds() -> f64 {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
}
