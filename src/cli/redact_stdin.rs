//! `casefile redact -`: stdin to stdout. Text is read once, line by line or block by block; what must be read twice (a JSON
//! document, something compressed) is held in memory or encrypted on disk, and treated like a file.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Exit;
use super::message::Message;
use super::redact::{RedactArgs, failure};
use super::redact_output::{Made, Target, cancel_on_signal, fit_for_terminal};
use super::redact_pipe::{CHUNK, Pipe};
use super::redact_report::{Line, Report};
use super::redact_show::{Seen, Show};
use crate::archive::Compression;
use crate::collect::held::Holder;
use crate::pipeline::copies::{Copied, Copies, NoCopy, Source, begins_with_json_line, by_content};
use crate::redact::{MediaHint, RedactError, Redactor, Step, Treatment, Witness};

/// Bytes that tell what stdin is.
const HEAD: u64 = 8 << 10;

/// Runs the verb over stdin.
pub fn run(args: &RedactArgs) -> Result<Exit, Message> {
    if args.output.as_deref().is_some_and(std::path::Path::is_dir) {
        return Err(Message::usage("stdin becomes one file, and --output is a folder").hint("name a file in it"));
    }
    let cancel = cancel_on_signal();
    let mut redactor = args.redaction.redactor(&args.redaction.key()?, !args.no_host)?;
    let vault = args.redaction.vault(None)?;
    if let Some(vault) = &vault {
        redactor = vault.watching(redactor);
    }
    let seen = Arc::new(Seen::default());
    if args.show {
        let seen: Arc<dyn Witness> = Arc::<Seen>::clone(&seen);
        redactor = redactor.witnessed(seen);
    }
    let redactor = Arc::new(redactor);
    let target = match &args.output {
        Some(path) => Target::File { path, force: args.force },
        None if args.show => Target::Nowhere,
        None => Target::Stdout,
    };
    let mut terminal = io::stdout();
    let mut show = args.show.then(|| Show::new(seen, &mut terminal));
    show.iter_mut().for_each(|show| show.begin("stdin"));
    let observe = &mut |block: &[u8]| show.iter_mut().for_each(|show| show.block(block));
    let pipe = Pipe::start(Arc::clone(&cancel));
    let made = if args.line_buffered {
        name_rules_that_are_off(&redactor);
        target.take(|out, _| lines(&redactor, pipe, &cancel, Flush::EachLine, out, observe))
    } else {
        whole(args, &redactor, pipe, &cancel, target, observe)
    };
    show.iter_mut().for_each(|show| drop(show.end()));
    let stopped = cancel.load(Ordering::Relaxed);
    // A run that made nothing leaves no vault, which would stand in the way of the next.
    let kept = made.is_ok() || matches!(target, Target::Stdout);
    let sealed = vault.filter(|_| kept).map(|vault| vault.seal("what came out of stdout is redacted")).transpose();
    let made = made?;
    let sealed = sealed?;
    let result = match made {
        Some(Err(_)) if stopped => return Err(Message::new(Exit::Interrupted, "stopped; nothing was written")),
        Some(result) => result,
        None => return Ok(Exit::Done),
    };
    let place = args.output.as_deref().map_or_else(|| "stdin".to_owned(), |path| path.display().to_string());
    let report = Report { lines: vec![Line { shown: "stdin".to_owned(), place: redactor.text(&place), result }] };
    if args.json {
        super::print_json(&report.document(&redactor, &place, sealed.as_ref()))?;
    } else {
        let _ = report.talk(&mut anstream::stderr().lock());
        sealed.iter().for_each(super::vault_flags::SealedVault::tell);
    }
    if args.report {
        let _ = report.table(&mut anstream::stderr().lock());
    }
    Ok(match report.has_gaps() {
        _ if stopped => Exit::Interrupted,
        true => Exit::Partial,
        false => Exit::Done,
    })
}

/// Everything but `--line-buffered`.
fn whole(
    args: &RedactArgs,
    redactor: &Arc<Redactor>,
    mut pipe: Pipe,
    cancel: &Arc<AtomicBool>,
    target: Target<'_>,
    observe: &mut dyn FnMut(&[u8]),
) -> Result<Option<Made>, Message> {
    let mut head = Vec::new();
    if let Err(e) = pipe.by_ref().take(HEAD).read_to_end(&mut head) {
        return Ok(Some(Err(RedactError::Read(e).into())));
    }
    let hint = args.hint().unwrap_or_else(|| by_content(&head));
    let by_line = hint == MediaHint::JsonLines && (args.hint().is_some() || begins_with_json_line(&head));
    let treatment = match Treatment::of_head(&head) {
        Ok(treatment) => treatment,
        Err(e) => return Ok(Some(Err(e.into()))),
    };
    let compressed = Compression::of(&head).is_some();
    let is_text = matches!(treatment, Treatment::Text(_)) && !compressed;
    let input = io::Cursor::new(head).chain(pipe);
    if is_text && by_line {
        tell_one_pass();
        return target.take(|out, _| lines(redactor, input, cancel, Flush::Never, out, observe));
    }
    if is_text && hint == MediaHint::Text {
        tell_one_pass();
        if matches!(target, Target::Stdout) {
            fit_for_terminal(&treatment, "stdin")?;
        }
        return target.take(|out, _| text(redactor, &treatment, Box::new(input), out, observe));
    }
    match treatment {
        _ if compressed => {}
        Treatment::Binary => return Ok(Some(Err(RedactError::Binary.into()))),
        Treatment::Known(kind) => return Ok(Some(Err(RedactError::Kind(kind).into()))),
        _ => {}
    }
    twice(args.hint(), redactor, input, cancel, target, observe)
}

/// Said once: what one pass cannot do.
fn tell_one_pass() {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(
        err,
        "stdin is read once: a secret is replaced where a rule finds it, not where it\nstands without one\n\
         hint: name a file instead; it is read twice, and a secret found once is replaced\n\
         everywhere in it"
    );
}

/// Says which rules see one line only.
fn name_rules_that_are_off(redactor: &Redactor) {
    let rules = redactor.rules_over_lines();
    let mut err = anstream::stderr().lock();
    let _ = writeln!(
        err,
        "each line is redacted as it comes: a secret is replaced where a rule finds it,\nnot where it stands without one"
    );
    if rules.is_empty() {
        return;
    }
    let _ = writeln!(err, "these rules look at several lines, and here find only what stands on one:");
    let mut line = String::new();
    for (n, rule) in rules.iter().enumerate() {
        let word = format!("{rule}{}", if n + 1 < rules.len() { "," } else { "" });
        if !line.is_empty() && line.len() + word.len() > 76 {
            let _ = writeln!(err, " {line}");
            line.clear();
        }
        line.push(' ');
        line.push_str(&word);
    }
    let _ = writeln!(err, " {line}");
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flush {
    EachLine,
    Never,
}

/// Redacts line by line.
fn lines(
    redactor: &Arc<Redactor>,
    mut input: impl Read,
    cancel: &AtomicBool,
    flush: Flush,
    out: &mut dyn Write,
    observe: &mut dyn FnMut(&[u8]),
) -> io::Result<Made> {
    let mut filter = redactor.line_filter();
    let (mut chunk, mut redacted, mut bytes) = (vec![0; CHUNK], Vec::new(), 0);
    let mut give = |redacted: &mut Vec<u8>, out: &mut dyn Write| {
        observe(redacted);
        bytes += redacted.len() as u64;
        out.write_all(redacted)?;
        redacted.clear();
        if flush == Flush::EachLine { out.flush() } else { Ok(()) }
    };
    loop {
        let n = match input.read(&mut chunk) {
            Ok(n) => n,
            // What has come out stays; a last line that is not whole does not come.
            Err(_) if cancel.load(Ordering::Relaxed) => 0,
            Err(e) => return Ok(Err(RedactError::Read(e).into())),
        };
        if n == 0 {
            break;
        }
        if let Err(e) = filter.push(&chunk[..n], &mut redacted) {
            return Ok(Err(e.into()));
        }
        give(&mut redacted, out)?;
    }
    let mut last = Vec::new();
    let summary = match filter.finish(&mut last) {
        Ok(summary) => summary,
        Err(e) => return Ok(Err(e.into())),
    };
    if !cancel.load(Ordering::Relaxed) {
        give(&mut last, out)?;
    }
    Ok(Ok(Copied { bytes, summary, ..Copied::default() }))
}

/// Redacts text block by block, in one pass.
fn text(
    redactor: &Arc<Redactor>,
    treatment: &Treatment,
    input: Box<dyn Read + Send>,
    out: &mut dyn Write,
    observe: &mut dyn FnMut(&[u8]),
) -> io::Result<Made> {
    let mut copied = Copied::default();
    for step in redactor.redact(treatment, input) {
        match step {
            Ok(Step::Block(block)) => {
                observe(block.bytes());
                copied.bytes += block.bytes().len() as u64;
                out.write_all(block.bytes())?;
            }
            Ok(Step::End(summary)) => copied.summary = summary,
            Err(e) => return Ok(Err(NoCopy::from(e))),
        }
    }
    Ok(Ok(copied))
}

/// Holds all of it, and treats it like a file.
fn twice(
    hint: Option<MediaHint>,
    redactor: &Arc<Redactor>,
    mut input: impl Read,
    cancel: &Arc<AtomicBool>,
    target: Target<'_>,
    observe: &mut dyn FnMut(&[u8]),
) -> Result<Option<Made>, Message> {
    let mut holder = Holder::new();
    let held = io::copy(&mut input, &mut holder).and_then(|_| holder.finish());
    let held = match held {
        Ok(held) => held,
        Err(e) => return Ok(Some(Err(RedactError::Read(e).into()))),
    };
    let sources = [Source::held(held, "stdin")];
    let copies = Copies {
        sources: &sources,
        redactor,
        hint,
        threads: 1,
        cancel,
        watch: &|_: &Source| {},
        finished: AtomicUsize::new(0),
    };
    let scanned = copies.scan().map_err(failure)?;
    if let (Ok(treated), Target::Stdout) = (&scanned.treated[0], target) {
        fit_for_terminal(&treated.treatment, "stdin")?;
    }
    target.take(|out, pack| copies.copy(&scanned, 0, pack, out, observe))
}
