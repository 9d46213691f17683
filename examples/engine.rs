//! Measures the redactor on files, in memory and on one thread: `engine FILE...` prints for each pass what a second of CPU time
//! does. `engine --seeds FILE...` first gathers the secrets of each file and searches for them in the second pass, as a run does.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::io::Cursor;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Scan, Step};

type Failure = Box<dyn std::error::Error>;

/// Each pass runs so often; the quickest counts, because everything else is the machine's doing.
const ROUNDS: usize = 3;

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(files: Vec<String>) -> Result<(), Failure> {
    let names = KnownNames {
        hosts: vec!["web17".to_owned(), "web17.corp.acme.test".to_owned()],
        users: vec!["alice".to_owned()],
        ..KnownNames::default()
    };
    let set = Arc::new(RuleSet::load(&[])?);
    let first = Arc::new(Redactor::new(set, Pseudonyms::new(b"a key for measuring"), &names, Privacy::Standard)?);
    println!("{:<40} {:>10} {:>10} {:>8}", "file", "scan MB/s", "write MB/s", "seeds");
    for file in files {
        let text = std::fs::read(&file)?;
        let hint = MediaHint::of_name(&file);
        let open = || Box::new(Cursor::new(text.clone())) as Box<dyn std::io::Read + Send>;
        let mut scan: Option<Scan> = None;
        let scanning = quickest(|| {
            scan = Some(first.scan(hint, &mut || Ok(open()))?);
            Ok(())
        })?;
        let scan = scan.ok_or("nothing was scanned")?;
        let second = Arc::new(first.with_seeds(&scan.seeds)?);
        let writing = quickest(|| {
            for step in second.redact(&scan.treatment, open()) {
                if let Step::Block(block) = step? {
                    std::hint::black_box(block.bytes());
                }
            }
            Ok(())
        })?;
        let speed = |time: Duration| text.len() as f64 / 1e6 / time.as_secs_f64();
        println!("{file:<40} {:>10.0} {:>10.0} {:>8}", speed(scanning), speed(writing), scan.seeds.len());
    }
    Ok(())
}

fn quickest(mut work: impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = cpu();
        work()?;
        best = best.min(cpu().saturating_sub(start));
    }
    Ok(best)
}

/// CPU time of this thread, where the system tells it; elsewhere the time that has passed.
#[cfg(unix)]
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0))
}

#[cfg(not(unix))]
fn cpu() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
