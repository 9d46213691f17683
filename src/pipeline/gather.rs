//! The two passes over the sources of a plan.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::pool::{Pulse, Queue, Watched};
use super::{Event, Order, RunError};
use crate::bundle::writer::{AddError, BundleWriter, Written};
use crate::collect::{OpenError, Opened, Pass, Source};
use crate::model::log_span::LogSpan;
use crate::model::log_time::Assumed;
use crate::model::manifest::{TimeSpan, Truncation};
use crate::model::{ArtifactPath, Outcome};
use crate::redact::{RedactError, Redacted, Redactor, Scan, Seeds, Step, Treatment};

/// Threads for what is run: they mostly wait for a child.
const RUNNERS: usize = 8;

/// Blocks that a thread may be ahead of the writer. With blocks of 1 MiB and two threads: a few MiB.
const AHEAD: usize = 2;

/// How often the main thread looks whether somebody wants to stop or a source has gone still.
const LOOK: Duration = Duration::from_millis(50);

/// What became of one source.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) written: Option<Gathered>,
    /// Whether its thread still waits for it.
    hangs: bool,
}

impl Ended {
    fn without(outcome: Outcome) -> Self {
        Self { outcome, written: None, hangs: false }
    }
}

/// An artifact in the bundle with what is known about its source.
pub(super) struct Gathered {
    pub(super) written: Written,
    pub(super) facts: SourceFacts,
    pub(super) lines: Option<u64>,
    pub(super) span: Option<TimeSpan>,
    pub(super) duration: Duration,
    pub(super) media_type: &'static str,
}

/// What opening told about a source.
#[derive(Debug, Clone)]
pub(super) struct SourceFacts {
    pub(super) source_size: u64,
    pub(super) truncation: Option<Truncation>,
    pub(super) partial: Option<String>,
    pub(super) exit_status: Option<i32>,
    pub(super) duration: Duration,
}

/// The first pass of one source.
pub(super) type Scanned = Result<Scan, Outcome>;

/// How the second pass is to treat a source, with a note for the manifest; or why it is not to.
pub(super) type Treated = Result<(Treatment, Option<&'static str>), Outcome>;

/// What a thread of the second pass takes up, where there is something to do.
type Job = Option<(Arc<Source>, Treatment)>;

fn outcome_of(error: &OpenError) -> Outcome {
    let reason = error.to_string();
    match error {
        OpenError::Nothing(_) => Outcome::Skipped { reason },
        // Refused after planning saw it: it vanished, or became something else.
        OpenError::Replaced => Outcome::Withheld { reason },
        OpenError::Refused(_) | OpenError::Failed(_) | OpenError::Io(_) => Outcome::Failed { reason },
    }
}

fn outcome_of_redaction(error: &RedactError) -> Outcome {
    let reason = error.to_string();
    match error {
        RedactError::Read(_) => Outcome::Failed { reason },
        _ => Outcome::Withheld { reason },
    }
}

/// The first pass: every source is opened and looked through, side by side.
pub(super) fn scan(order: &Order, sources: &[Arc<Source>], watch: &mut dyn FnMut(Event<'_>)) -> Vec<Scanned> {
    let (running, reading): (Vec<usize>, Vec<usize>) =
        (0..sources.len()).partition(|n| sources[*n].open.runs_something());
    let pulses: Arc<Vec<Pulse>> = Arc::new((0..sources.len()).map(|_| Pulse::default()).collect());
    let (send, receive) = channel();
    let all: Arc<Vec<Arc<Source>>> = Arc::new(sources.to_vec());
    let worker = |queue: &Queue| {
        let (queue, send, all, pulses) = (queue.clone(), send.clone(), Arc::clone(&all), Arc::clone(&pulses));
        let (redactor, cancel) = (Arc::clone(&order.redactor), Arc::clone(&order.context.cancel));
        spawn("scan", move || scan_some(&queue, &all, &pulses, &redactor, &cancel, &send));
    };
    let (run_count, read_count) = (running.len().min(RUNNERS), reading.len().min(order.threads));
    let (run_queue, read_queue) = (Queue::new(running), Queue::new(reading));
    (0..run_count).for_each(|_| worker(&run_queue));
    (0..read_count).for_each(|_| worker(&read_queue));
    let mut results: Vec<Option<Scanned>> = (0..sources.len()).map(|_| None).collect();
    let mut watched: Vec<Watched> = pulses.iter().map(|pulse| Watched::new(pulse.clone())).collect();
    let mut open = sources.len();
    while open > 0 && !order.context.cancel.load(Ordering::Relaxed) {
        match receive.recv_timeout(LOOK) {
            Ok((n, result)) => {
                if results[n].is_none() {
                    watch(Event::Scanned { origin: &sources[n].origin });
                    results[n] = Some(result);
                    open -= 1;
                }
            }
            Err(_) => {
                for (n, result) in results.iter_mut().enumerate().filter(|(_, result)| result.is_none()) {
                    let runs = sources[n].open.runs_something();
                    let patience =
                        if runs { order.context.deadline.length() + LOOK * 100 } else { order.profile.limits.stall };
                    if watched[n].is_still(patience) {
                        let reason = format!("gave no answer for {} s", patience.as_secs());
                        *result = Some(Err(Outcome::Failed { reason }));
                        open -= 1;
                        // Its thread is given up; another takes its place in the line.
                        worker(if runs { &run_queue } else { &read_queue });
                    }
                }
            }
        }
    }
    let stopped = || Err(Outcome::Failed { reason: "was stopped".to_owned() });
    results.into_iter().map(|result| result.unwrap_or_else(stopped)).collect()
}

fn scan_some(
    queue: &Queue,
    sources: &[Arc<Source>],
    pulses: &[Pulse],
    redactor: &Arc<Redactor>,
    cancel: &AtomicBool,
    send: &Sender<(usize, Scanned)>,
) {
    while let Some(n) = queue.next() {
        if cancel.load(Ordering::Relaxed) {
            return;
        }
        pulses[n].beat();
        let result = catch_unwind(AssertUnwindSafe(|| scan_one(&sources[n], &pulses[n], redactor)));
        let result = result.unwrap_or_else(|_| Err(Outcome::Failed { reason: "the collector crashed".to_owned() }));
        if send.send((n, result)).is_err() {
            return;
        }
    }
}

fn scan_one(source: &Source, pulse: &Pulse, redactor: &Arc<Redactor>) -> Scanned {
    let mut refused = None;
    let mut open = || match source.open.open(Pass::Scan) {
        Ok(opened) => Ok(pulse.of(opened.reader)),
        Err(e) => {
            refused = Some(outcome_of(&e));
            Err(std::io::Error::other("refused"))
        }
    };
    let scanned = redactor.scan(source.hint, &mut open);
    match (refused, scanned) {
        (Some(outcome), _) => Err(outcome),
        (None, Ok(scan)) => Ok(scan),
        (None, Err(e)) => Err(outcome_of_redaction(&e)),
    }
}

/// The redactor of the second pass: it knows every secret that the first pass found, but for what is disclosed on purpose.
pub(super) fn with_seeds(order: &Order, scans: Vec<Scanned>) -> Result<(Arc<Redactor>, Vec<Treated>), RunError> {
    let mut seeds = Seeds::default();
    let treatments = scans
        .into_iter()
        .map(|scanned| {
            scanned.map(|scan| {
                seeds.merge(scan.seeds);
                (scan.treatment, scan.note)
            })
        })
        .collect();
    for disclosed in order.case.disclosed() {
        seeds.forget(disclosed.as_bytes());
    }
    Ok((Arc::new(order.redactor.with_seeds(&seeds)?), treatments))
}

/// What a thread of the second pass sends for one source.
enum Message {
    Opened(SourceFacts),
    Step(Result<Step, RedactError>),
    Refused(Outcome),
}

/// The second pass: threads redact ahead, this one writes in the order of the plan.
pub(super) fn write(
    order: &Order,
    redactor: &Arc<Redactor>,
    sources: &[Arc<Source>],
    treatments: Vec<Treated>,
    writer: &mut BundleWriter,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<Ended>, RunError> {
    let wanted = treatments.iter().enumerate().filter(|(_, t)| t.is_ok()).map(|(n, _)| n);
    let queue = Queue::new(wanted);
    let jobs: Arc<Vec<Job>> = Arc::new(
        sources.iter().zip(&treatments).map(|(s, t)| t.as_ref().ok().map(|(t, _)| (Arc::clone(s), *t))).collect(),
    );
    let (register, registered) = channel();
    let worker = || {
        let (queue, jobs, redactor, register) =
            (queue.clone(), Arc::clone(&jobs), Arc::clone(redactor), register.clone());
        spawn("redact", move || redact_some(&queue, &jobs, &redactor, &register));
    };
    (0..order.threads.max(1)).for_each(|_| worker());
    let mut waiting: HashMap<usize, Receiver<Message>> = HashMap::new();
    let mut results = Vec::with_capacity(sources.len());
    for (n, treatment) in treatments.into_iter().enumerate() {
        let result = match treatment {
            Err(outcome) => Ended::without(outcome),
            Ok((treatment, note)) => {
                let receive = take(&mut waiting, &registered, n, order);
                let result = match receive {
                    Some(receive) => write_one(order, redactor, &sources[n], (treatment, note), &receive, writer)?,
                    None => still(order),
                };
                if result.hangs {
                    worker(); // Its thread is given up; another takes its place in the line.
                }
                result
            }
        };
        if order.context.cancel.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        let bytes = result.written.as_ref().map_or(0, |gathered| gathered.written.size);
        watch(Event::Written { origin: &sources[n].origin, bytes, outcome: &result.outcome });
        results.push(result);
    }
    Ok(results)
}

fn still(order: &Order) -> Ended {
    let reason = format!("gave no answer for {} s", order.profile.limits.stall.as_secs());
    Ended { outcome: Outcome::Failed { reason }, written: None, hangs: true }
}

/// The channel of source `n`: threads take sources in order, so it is there or comes next.
fn take(
    waiting: &mut HashMap<usize, Receiver<Message>>,
    registered: &Receiver<(usize, Receiver<Message>)>,
    n: usize,
    order: &Order,
) -> Option<Receiver<Message>> {
    let started = Instant::now();
    loop {
        if let Some(receive) = waiting.remove(&n) {
            return Some(receive);
        }
        match registered.recv_timeout(LOOK) {
            Ok((n, receive)) => {
                waiting.insert(n, receive);
            }
            Err(_) if order.context.cancel.load(Ordering::Relaxed) => return None,
            Err(_) if started.elapsed() > order.profile.limits.stall => return None,
            Err(_) => {}
        }
    }
}

fn redact_some(queue: &Queue, jobs: &[Job], redactor: &Arc<Redactor>, register: &Sender<(usize, Receiver<Message>)>) {
    while let Some(n) = queue.next() {
        let (send, receive) = sync_channel(AHEAD);
        if register.send((n, receive)).is_err() {
            return;
        }
        let Some((source, treatment)) = &jobs[n] else { continue };
        let crashed = catch_unwind(AssertUnwindSafe(|| redact_one(source, treatment, redactor, &send))).is_err();
        if crashed {
            let _ = send.send(Message::Step(Err(RedactError::Limit("the redactor crashed on it"))));
        }
    }
}

fn redact_one(source: &Source, treatment: &Treatment, redactor: &Arc<Redactor>, send: &SyncSender<Message>) {
    let opened = match source.open.open(Pass::Redact) {
        Ok(opened) => opened,
        Err(e) => {
            let _ = send.send(Message::Refused(outcome_of(&e)));
            return;
        }
    };
    let Opened { reader, source_size, truncation, partial, exit_status, duration } = opened;
    let facts = SourceFacts { source_size, truncation, partial, exit_status, duration };
    if send.send(Message::Opened(facts)).is_err() {
        return;
    }
    for step in redactor.redact(treatment, reader) {
        if send.send(Message::Step(step)).is_err() {
            return;
        }
    }
}

fn write_one(
    order: &Order,
    redactor: &Arc<Redactor>,
    source: &Source,
    (treatment, note): (Treatment, Option<&'static str>),
    receive: &Receiver<Message>,
    writer: &mut BundleWriter,
) -> Result<Ended, RunError> {
    let started = (order.clocks.steady)();
    let facts = match next(order, receive) {
        Some(Message::Opened(facts)) => facts,
        Some(Message::Refused(outcome)) => return Ok(Ended::without(outcome)),
        Some(Message::Step(Err(e))) => return Ok(Ended::without(outcome_of_redaction(&e))),
        Some(Message::Step(Ok(_))) | None => return Ok(still(order)),
    };
    let hangs = Cell::new(false);
    let steps = std::iter::from_fn(|| match next(order, receive) {
        Some(Message::Step(step)) => Some(step),
        _ => {
            hangs.set(true);
            Some(Err(RedactError::Limit("it gave no more bytes")))
        }
    });
    let not_after = source.modified.unwrap_or((order.clocks.wall)()).max(Timestamp::UNIX_EPOCH);
    let mut span = LogSpan::new(Assumed { zone: order.context.zone.clone(), not_after });
    let is_text = treatment.is_text();
    let wish = ArtifactPath::nearest(&redactor.text(&source.path));
    let added = writer.add(&wish, source.modified, Redacted::from_steps(steps), &mut |block| {
        if is_text {
            span.observe(block);
        }
    });
    let written = match added {
        Ok(written) => written,
        Err(AddError::Withheld(_)) if hangs.get() => return Ok(still(order)),
        Err(AddError::Withheld(e)) => return Ok(Ended::without(outcome_of_redaction(&e))),
        Err(AddError::Write(e)) => return Err(e.into()),
    };
    let (lines, covered) = span.finish();
    let reasons: Vec<String> = facts
        .partial
        .iter()
        .cloned()
        .chain(source.open.fell_short())
        .chain(note.map(str::to_owned))
        .chain(written.summary.notes.iter().cloned())
        .collect();
    let outcome = if reasons.is_empty() { Outcome::Collected } else { Outcome::Partial { reason: reasons.join("; ") } };
    let duration = (order.clocks.steady)().saturating_sub(started) + facts.duration;
    let gathered = Gathered {
        written,
        facts,
        lines: is_text.then_some(lines),
        span: covered.filter(|_| source.is_log),
        duration,
        media_type: treatment.media_type().unwrap_or(source.media_type),
    };
    Ok(Ended { outcome, written: Some(gathered), hangs: false })
}

/// The next message, or `None` when it does not come in time or somebody wants to stop.
fn next(order: &Order, receive: &Receiver<Message>) -> Option<Message> {
    let started = Instant::now();
    // Looked at before each message: an endless source would never let it come to a timeout.
    while !order.context.cancel.load(Ordering::Relaxed) {
        match receive.recv_timeout(LOOK) {
            Ok(message) => return Some(message),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) if started.elapsed() > order.profile.limits.stall => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    None
}

/// A thread that nobody waits for: what it has to say comes over a channel.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    // Without a thread the sources stay unanswered and are reported as such.
    let _ = std::thread::Builder::new().name(name.to_owned()).spawn(work);
}
