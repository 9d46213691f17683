//! Makes logs and measures the redactor on them, in memory: `tests/evidence-tables` runs it.
//!
//! `evidence clean [MB] [SEED]` writes logs without a secret; `planted [MB] [SEED] FILE` logs with one in 50 entries, and what
//! they are into FILE. `over-redaction [MB]`, `recall [MB]`, `agreement [MB]` print tables; with `-` for MB the text comes from
//! stdin. SEED tells runs apart that are to share the work.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

#[path = "../tests/evidence/mod.rs"]
mod evidence;

use std::io::{Read, Write};
use std::process::ExitCode;

use evidence::agreement::Agreement;
use evidence::engine::redactor;
use evidence::logs::Logs;
use evidence::over_redaction::OverRedaction;
use evidence::planted::PlantedLogs;
use evidence::recall::Recall;

type Failure = Box<dyn std::error::Error>;

/// Texts are looked at in parts of this size, as files are.
const PART: usize = 256 << 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<bool, Failure> {
    let argument = |n: usize| arguments.get(n).map(String::as_str);
    let seed = argument(2).map_or(Ok(1), str::parse)?;
    let stdin = argument(1) == Some("-");
    let bytes = if stdin { 0 } else { argument(1).map_or(Ok(1), str::parse::<usize>)? << 20 };
    let mut made = 0;
    match argument(0).unwrap_or_default() {
        "clean" => {
            let (mut logs, mut out) = (Logs::new(seed), std::io::stdout().lock());
            while made < bytes {
                let part = logs.text(PART);
                out.write_all(part.as_bytes())?;
                made += part.len();
            }
        }
        "planted" => {
            let (mut logs, mut out) = (PlantedLogs::new(seed, 50), std::io::stdout().lock());
            let side = std::fs::File::create(argument(3).ok_or("a file for what is planted is missing")?)?;
            let mut side = std::io::BufWriter::new(side);
            while made < bytes {
                let (part, planted) = logs.text(PART);
                out.write_all(part.as_bytes())?;
                for one in &planted {
                    writeln!(side, "{}\t{}\t{}", one.line, one.kind, one.value)?;
                }
                made += part.len();
            }
        }
        "over-redaction" => {
            let (redactor, mut logs, mut sum) = (redactor(), Logs::new(seed), OverRedaction::default());
            let mut add = |part: &[u8]| sum.add(&redactor, part);
            if stdin {
                from_stdin(&mut add)?;
            }
            while made < bytes {
                let part = logs.text(PART);
                add(part.as_bytes());
                made += part.len();
            }
            println!("{sum}");
            return Ok(sum.one_in() >= 2000);
        }
        "recall" => {
            let (redactor, mut logs, mut sum, mut lines) =
                (redactor(), PlantedLogs::new(seed, 50), Recall::default(), 0);
            while made < bytes {
                let (part, planted) = logs.text(PART);
                sum.add(&redactor, part.as_bytes(), &planted, lines);
                lines += part.matches('\n').count();
                made += part.len();
            }
            println!("{sum}");
            return Ok(sum.leaked() == 0);
        }
        "agreement" => {
            let (mut logs, mut sum) = (PlantedLogs::new(seed, 50), Agreement::new(redactor()));
            if stdin {
                from_stdin(&mut |part| {
                    sum.compare(part);
                })?;
            }
            while made < bytes {
                let (part, _) = logs.text(PART);
                sum.compare(part.as_bytes());
                made += part.len();
            }
            println!("{sum}");
            return Ok(sum.is_whole());
        }
        _ => return Err("usage: evidence clean|planted|over-redaction|recall|agreement [MB|-] [SEED] [FILE]".into()),
    }
    Ok(true)
}

/// Hands out what comes from stdin in parts of whole lines.
fn from_stdin(take: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text)?;
    let mut rest = text.as_slice();
    while !rest.is_empty() {
        let end =
            memchr::memchr(b'\n', &rest[rest.len().min(PART)..]).map_or(rest.len(), |at| at + 1 + rest.len().min(PART));
        let (part, after) = rest.split_at(end);
        take(part);
        rest = after;
    }
    Ok(())
}
