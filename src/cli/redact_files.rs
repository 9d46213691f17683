//! `casefile redact FILE…|DIR`: both passes over files that were named.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Exit;
use super::message::Message;
use super::progress::Progress;
use super::redact::{RedactArgs, failure};
use super::redact_output::{Made, Target, cancel_on_signal, fit_for_terminal};
use super::redact_report::{Line, Report};
use super::redact_show::{Seen, Show};
use super::vault_flags::OpenVault;
use crate::model::Outcome;
use crate::pipeline::Event;
use crate::pipeline::copies::{self, Copies, Found, NoCopy, Scanned, Source};
use crate::platform::{self, Refusal};
use crate::redact::Witness;

/// Runs the verb over files.
pub fn run(args: &RedactArgs) -> Result<Exit, Message> {
    let cancel = cancel_on_signal();
    let mut redactor = args.redaction.redactor(&args.redaction.key()?, !args.no_host)?.remembering();
    let found = copies::find(&args.inputs, args.output.as_deref(), platform::elevation(), &cancel);
    if cancel.load(Ordering::Relaxed) {
        return Err(failure(copies::CopyError::Interrupted));
    }
    nothing_is_there(&found)?;
    let folder = wants_folder(args, &found)?;
    let vault = args.redaction.vault(args.output.as_deref().filter(|_| folder))?;
    if let Some(vault) = &vault {
        redactor = vault.watching(redactor);
    }
    let seen = Arc::new(Seen::default());
    if args.show {
        let seen: Arc<dyn Witness> = Arc::<Seen>::clone(&seen);
        redactor = redactor.witnessed(seen);
    }
    let redactor = Arc::new(redactor);
    let bar = (args.output.is_some() && !args.json && !args.show && io::stderr().is_terminal())
        .then(|| Mutex::new(Progress::new(false)));
    let total = found.sources.len();
    let step = |event: &Event<'_>| {
        bar.iter().for_each(|bar| bar.lock().unwrap_or_else(PoisonError::into_inner).event(event));
    };
    step(&Event::Planned { sources: total });
    let done = AtomicUsize::new(0);
    let watch = |source: &Source| {
        let origin = &source.shown;
        match done.fetch_add(1, Ordering::Relaxed) < total {
            true => step(&Event::Scanned { origin }),
            false => step(&Event::Written { origin, bytes: 0, outcome: &Outcome::Collected }),
        }
    };
    let copies = Copies {
        sources: &found.sources,
        redactor: &redactor,
        hint: args.hint(),
        // Places are shown one file after the other.
        threads: if args.show { 1 } else { super::threads_or_default(args.threads) },
        cancel: &cancel,
        watch: &watch,
        finished: AtomicUsize::new(0),
    };
    let result = both_passes(args, &copies, &found, folder, &seen);
    bar.iter().for_each(|bar| bar.lock().unwrap_or_else(PoisonError::into_inner).finish());
    // What was finished is kept also when the run was not, so its originals are too.
    let kept = result.is_ok() || copies.finished.load(Ordering::Relaxed) > 0;
    let sealed = vault.filter(|_| kept).map(|vault: OpenVault| vault.seal("the redacted files are kept")).transpose();
    let result = result?;
    let sealed = sealed?;
    let Some((report, scanned)) = result else { return Ok(Exit::Done) };
    if args.json {
        let output = args.output.as_deref().unwrap_or(Path::new("")).display().to_string();
        let document = report.document(&scanned.redactor, &output, sealed.as_ref());
        super::print_json(&document)?;
    } else {
        let mut err = anstream::stderr().lock();
        let _ = report.talk(&mut err);
        sealed.iter().for_each(super::vault_flags::SealedVault::tell);
    }
    if args.report {
        let _ = report.table(&mut anstream::stderr().lock());
    }
    Ok(if report.has_gaps() { Exit::Partial } else { Exit::Done })
}

/// Refuses a call that names only what does not exist, which is a slip of the pen.
fn nothing_is_there(found: &Found) -> Result<(), Message> {
    let absent = found.left.iter().all(|left| matches!(left.refusal, Refusal::Vanished));
    match found.left.first() {
        Some(left) if absent && found.sources.is_empty() && !found.folder => {
            Err(Message::usage(format!("{}: does not exist", left.shown)).hint("check the path; nothing was written"))
        }
        _ => Ok(()),
    }
}

/// Whether the result is a folder; refuses what cannot go where it should.
fn wants_folder(args: &RedactArgs, found: &Found) -> Result<bool, Message> {
    let several = found.folder || args.inputs.len() > 1;
    let Some(output) = &args.output else {
        if several && !args.show {
            return Err(Message::usage("a folder or several files need a folder for the result")
                .hint("name one with --output; it is made if it is not there"));
        }
        return Ok(several);
    };
    let folder = several || output.is_dir() || output.to_string_lossy().ends_with(['/', '\\']);
    if folder && output.exists() && !output.is_dir() {
        return Err(Message::usage(format!("{}: is no folder", output.display()))
            .hint("a folder or several files need a folder for the result"));
    }
    let real = |path: &Path| path.canonicalize().ok();
    if args.inputs.iter().any(|input| input.is_dir() && real(input).is_some() && real(input) == real(output)) {
        return Err(Message::usage(format!("{}: is the folder that is to be redacted", output.display()))
            .hint("originals are never replaced; choose another --output"));
    }
    Ok(folder)
}

/// What was done; `None` when nobody reads it any more.
fn both_passes(
    args: &RedactArgs,
    copies: &Copies<'_>,
    found: &Found,
    folder: bool,
    seen: &Arc<Seen>,
) -> Result<Option<(Report, Scanned)>, Message> {
    let output = args.output.as_deref();
    match output {
        Some(output) if folder => copies.check_early(output, args.force).map_err(failure)?,
        Some(output) => copies.check_free(output, args.force).map_err(failure)?,
        None => {}
    }
    let scanned = copies.scan().map_err(failure)?;
    let mut places: Vec<String> = Vec::new();
    let results = match output {
        _ if args.show => show(args, copies, &scanned, folder, seen)?,
        Some(output) if folder => {
            let there = copies.places(&scanned);
            places = there.iter().map(|place| place.to_string_lossy().replace('\\', "/")).collect();
            copies.copy_all(&scanned, output, &there, args.force).map_err(failure)?
        }
        _ => match copies.sources {
            [] => Vec::new(),
            _ => match one(args, copies, &scanned)? {
                Some(made) => vec![made],
                None => return Ok(None),
            },
        },
    };
    let name = |n: usize| scanned.redactor.text(&copies.sources[n].shown);
    let mut report = Report::default();
    for (n, result) in results.into_iter().enumerate() {
        let place = places.get(n).cloned().unwrap_or_else(|| name(n));
        report.lines.push(Line { shown: copies.sources[n].shown.clone(), place, result });
    }
    for left in &found.left {
        let place = scanned.redactor.text(&left.shown);
        report.lines.push(Line {
            shown: left.shown.clone(),
            place,
            result: Err(NoCopy::Failed(left.refusal.to_string())),
        });
    }
    Ok(Some((report, scanned)))
}

/// One file to stdout or into one file.
fn one(args: &RedactArgs, copies: &Copies<'_>, scanned: &Scanned) -> Result<Option<Made>, Message> {
    if let Some(output) = &args.output {
        return copies.copy_to(scanned, 0, output, args.force, &mut |_| {}).map(Some).map_err(failure);
    }
    if let Ok(treated) = &scanned.treated[0] {
        fit_for_terminal(&treated.treatment, &copies.sources[0].shown)?;
    }
    copies.finished.fetch_add(1, Ordering::Relaxed); // also what comes out only in part
    let copied = Target::Stdout.take(|out, pack| copies.copy(scanned, 0, pack, out, &mut |_| {}))?;
    if copies.cancel.load(Ordering::Relaxed) {
        return Err(Message::new(Exit::Interrupted, "stopped; what came out is not all of it"));
    }
    Ok(copied)
}

/// One file after the other, its places shown on stdout, which is a terminal.
fn show(
    args: &RedactArgs,
    copies: &Copies<'_>,
    scanned: &Scanned,
    folder: bool,
    seen: &Arc<Seen>,
) -> Result<Vec<Made>, Message> {
    let mut out = io::stdout().lock();
    let mut show = Show::new(Arc::clone(seen), &mut out);
    let places = copies.places(scanned);
    if let Some(output) = args.output.as_deref().filter(|_| folder) {
        copies.prepare(scanned, output, &places, args.force).map_err(failure)?;
    }
    let mut results = Vec::new();
    for (n, source) in copies.sources.iter().enumerate() {
        show.begin(&source.shown);
        let mut observe = |block: &[u8]| show.block(block);
        let result = match args.output.as_deref() {
            Some(output) => {
                let target = if folder { output.join(&places[n]) } else { output.to_owned() };
                copies.copy_to(scanned, n, &target, args.force, &mut observe).map_err(failure)?
            }
            None => match Target::Nowhere.take(|out, pack| copies.copy(scanned, n, pack, out, &mut observe))? {
                Some(made) => made,
                None => break,
            },
        };
        if copies.cancel.load(Ordering::Relaxed) {
            return Err(failure(copies::CopyError::Interrupted));
        }
        // A terminal that has gone away needs nothing shown.
        if show.end().is_err() {
            break;
        }
        results.push(result);
    }
    drop(show);
    let _ = out.flush();
    Ok(results)
}
