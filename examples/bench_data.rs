//! Makes what `benches/compare` measures: `bench_data text KIND MEGABYTES SEED FILE` or `bench_data tree FILES BYTES FOLDER`.
//!
//! A tree is of mixed logs, a thousand files a folder. The kinds are named in `benches/data/mod.rs`; a megabyte is 1,000,000
//! bytes.

#![allow(clippy::print_stderr, reason = "errors are for who runs it")]

#[path = "../benches/data/mod.rs"]
mod data;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use data::{KINDS, Text};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("bench_data: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["text", kind, megabytes, seed, file] => {
            let bytes = megabytes.parse::<u64>()? * 1_000_000;
            let no_kind = || format!("{kind} is none of {}, ips-N, users-N, tokens-N", KINDS.join(", "));
            let mut text = Text::new(kind, seed.parse()?).ok_or_else(no_kind)?;
            let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
            text.write(bytes, &mut out)?;
            out.flush()?;
        }
        ["tree", files, bytes, folder] => tree(files.parse()?, bytes.parse()?, Path::new(folder))?,
        _ => {
            return Err("usage: bench_data text KIND MEGABYTES SEED FILE | bench_data tree FILES BYTES FOLDER".into());
        }
    }
    Ok(())
}

/// `files` files of about `bytes` bytes each, cut from one mixed log at line ends.
fn tree(files: usize, bytes: usize, folder: &Path) -> Result<(), Failure> {
    let mut text = Text::new("mixed", 7).ok_or("mixed logs are a kind")?;
    let (mut log, mut at) = (Vec::new(), 0);
    for n in 0..files {
        if log.len() - at < 2 * bytes + (64 << 10) {
            log.drain(..at);
            at = 0;
            text.write((8 * bytes).max(1 << 20) as u64, &mut log)?;
        }
        let end = memchr::memchr(b'\n', &log[at + bytes..]).map_or(log.len(), |end| at + bytes + end + 1);
        let place = folder.join(format!("{:04}", n / 1000));
        if n % 1000 == 0 {
            fs::create_dir_all(&place)?;
        }
        fs::write(place.join(format!("{:04}.log", n % 1000)), &log[at..end])?;
        at = end;
    }
    Ok(())
}
