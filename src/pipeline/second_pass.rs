//! The second pass: threads redact, hash and deflate ahead, one writes in the order of the plan.
//!
//! Each thread has a source of its own. The one whose source is being written gets help from those that are far enough ahead.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Instant;

use jiff::Timestamp;

use super::gather::{Ended, Gathered, LOOK, SourceFacts, Treated, outcome_of, outcome_of_redaction};
use super::pool::{Queue, Shift};
use super::record::Record;
use super::{Clocks, Event, Order, RunError};
use crate::bundle::packing::{Packed, Packing};
use crate::bundle::writer::{AddError, BundleWriter};
use crate::collect::{Opened, Pass, Source};
use crate::model::log_span::LogSpan;
use crate::model::log_time::Assumed;
use crate::model::manifest::TimeSpan;
use crate::model::{ArtifactPath, Outcome};
use crate::redact::{RedactError, Redactor, Treatment};

/// Parts that a thread may be ahead of the writer. They are deflated: a quarter of a MiB each, about.
const AHEAD: usize = 4;

/// What a thread takes up, where there is something to do.
type Job = Option<(Arc<Source>, Treatment)>;

/// What the threads have in common.
struct Shared {
    jobs: Vec<Job>,
    queue: Queue,
    redactor: Arc<Redactor>,
    shift: Shift,
    /// The source that is being written.
    turn: Arc<AtomicUsize>,
    zone: jiff::tz::TimeZone,
    clocks: Clocks,
}

/// What a thread sends for one source: first how it opened, last its span and the end of its parts.
enum Message {
    Opened(SourceFacts),
    Refused(Outcome),
    Span(u64, Option<TimeSpan>),
    Packed(Result<Packed, RedactError>),
}

/// How a source gave its messages to the writer.
struct Line<'a> {
    order: &'a Order,
    shift: &'a Shift,
    receive: Receiver<Message>,
}

/// Writes all sources that are to be treated, and tells `record` what became of each.
pub(super) fn write(
    order: &Order,
    redactor: &Arc<Redactor>,
    sources: &[Arc<Source>],
    treatments: Vec<Treated>,
    writer: &mut BundleWriter,
    record: &mut Record<'_>,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<(), RunError> {
    let wanted = treatments.iter().enumerate().filter(|(_, t)| t.is_ok()).map(|(n, _)| n);
    let jobs = sources.iter().zip(&treatments).map(|(s, t)| t.as_ref().ok().map(|(t, _)| (Arc::clone(s), *t)));
    let shared = Arc::new(Shared {
        queue: Queue::new(wanted),
        jobs: jobs.collect(),
        redactor: Arc::clone(redactor),
        shift: Shift::of(order.threads, order.pace),
        turn: Arc::default(),
        zone: order.context.zone.clone(),
        clocks: order.clocks.clone(),
    });
    let _until_the_end = shared.shift.guard();
    let (register, registered) = channel();
    let worker = || {
        let (shared, register) = (Arc::clone(&shared), register.clone());
        let shift = shared.shift.clone();
        shift.start("redact", move || redact_some(&shared, &register));
    };
    (0..order.threads).for_each(|_| worker());
    let mut waiting: HashMap<usize, Receiver<Message>> = HashMap::new();
    for (n, treatment) in treatments.into_iter().enumerate() {
        shared.turn.store(n, Ordering::SeqCst);
        let result = match treatment {
            Err(outcome) => Ended::without(outcome),
            Ok((treatment, note)) => {
                let result = match take(&mut waiting, &registered, n, order) {
                    Some(receive) => {
                        let line = Line { order, shift: &shared.shift, receive };
                        write_one(&line, redactor, &sources[n], (treatment, note), writer)?
                    }
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
        let bytes = result.written.as_ref().map_or(0, |gathered| gathered.written.contents.size);
        watch(Event::Written { origin: &sources[n].origin, bytes, outcome: &result.outcome });
        record.ended(result, writer.added())?;
    }
    Ok(())
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

fn redact_some(shared: &Shared, register: &Sender<(usize, Receiver<Message>)>) {
    while let Some(n) = shared.queue.next() {
        let (send, receive) = sync_channel(AHEAD);
        if register.send((n, receive)).is_err() {
            return;
        }
        let Some((source, treatment)) = &shared.jobs[n] else { continue };
        let crashed = catch_unwind(AssertUnwindSafe(|| redact_one(shared, n, source, treatment, &send))).is_err();
        if crashed {
            let _ = send.send(Message::Packed(Err(RedactError::Limit("the redactor crashed on it"))));
        }
    }
}

fn redact_one(shared: &Shared, n: usize, source: &Source, treatment: &Treatment, send: &SyncSender<Message>) {
    let tell = |message| shared.shift.deliver(send, message);
    let opened = match source.open.open(Pass::Redact) {
        Ok(opened) => opened,
        Err(e) => {
            tell(Message::Refused(outcome_of(&e)));
            return;
        }
    };
    let Opened { reader, source_size, truncation, partial, exit_status, duration } = opened;
    if !tell(Message::Opened(SourceFacts { source_size, truncation, partial, exit_status, duration })) {
        return;
    }
    let not_after = source.modified.unwrap_or((shared.clocks.wall)()).max(Timestamp::UNIX_EPOCH);
    let assumed = Assumed { zone: shared.zone.clone(), not_after };
    let span = RefCell::new(treatment.is_text().then(|| LogSpan::new(assumed)));
    let hands = shared.shift.crew().hands_in_turn(&shared.turn, n);
    let redacted = shared.redactor.redact_with(&hands, treatment, reader);
    let mut observe = |block: &[u8]| {
        if let Some(span) = span.borrow_mut().as_mut() {
            span.observe(block);
        }
    };
    for packed in Packing::new(redacted, hands, &mut observe) {
        if matches!(packed, Ok(Packed::End(_)))
            && let Some(span) = span.take()
        {
            let (lines, covered) = span.finish();
            tell(Message::Span(lines, covered));
        }
        if !tell(Message::Packed(packed)) {
            return;
        }
    }
}

fn write_one(
    line: &Line<'_>,
    redactor: &Redactor,
    source: &Source,
    (treatment, note): (Treatment, Option<&'static str>),
    writer: &mut BundleWriter,
) -> Result<Ended, RunError> {
    let order = line.order;
    let started = (order.clocks.steady)();
    let facts = match line.next() {
        Some(Message::Opened(facts)) => facts,
        Some(Message::Refused(outcome)) => return Ok(Ended::without(outcome)),
        Some(Message::Packed(Err(e))) => return Ok(Ended::without(outcome_of_redaction(&e))),
        Some(Message::Packed(Ok(_)) | Message::Span(..)) | None => return Ok(still(order)),
    };
    let (hangs, mut lines, mut covered) = (Cell::new(false), None, None);
    let mut packed = std::iter::from_fn(|| {
        loop {
            match line.next() {
                Some(Message::Packed(packed)) => return Some(packed),
                Some(Message::Span(many, span)) => (lines, covered) = (Some(many), span),
                _ => {
                    hangs.set(true);
                    return Some(Err(RedactError::Limit("it gave no more bytes")));
                }
            }
        }
    });
    let wish = ArtifactPath::nearest(&redactor.text(&source.path));
    let written = match writer.add(&wish, source.modified, &mut packed) {
        Ok(written) => written,
        Err(AddError::Withheld(_)) if hangs.get() => return Ok(still(order)),
        Err(AddError::Withheld(e)) => return Ok(Ended::without(outcome_of_redaction(&e))),
        Err(AddError::Write(e)) => return Err(e.into()),
    };
    let reasons: Vec<String> = facts
        .partial
        .iter()
        .cloned()
        .chain(source.open.fell_short())
        .chain(note.map(str::to_owned))
        .chain(written.contents.summary.notes.iter().cloned())
        .collect();
    let outcome = if reasons.is_empty() { Outcome::Collected } else { Outcome::Partial { reason: reasons.join("; ") } };
    let duration = (order.clocks.steady)().saturating_sub(started) + facts.duration;
    let gathered = Gathered {
        written,
        facts,
        lines,
        span: covered.filter(|_| source.is_log),
        duration,
        media_type: treatment.media_type().unwrap_or(source.media_type),
    };
    Ok(Ended { outcome, written: Some(gathered), hangs: false })
}

impl Line<'_> {
    /// The next message, or `None` when it does not come in time or somebody wants to stop.
    fn next(&self) -> Option<Message> {
        let started = Instant::now();
        // Looked at before each message: an endless source would never let it come to a timeout.
        while !self.order.context.cancel.load(Ordering::Relaxed) {
            match self.receive.recv_timeout(LOOK) {
                Ok(message) => {
                    self.shift.crew().nudge();
                    return Some(message);
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if started.elapsed() > self.order.profile.limits.stall => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        None
    }
}
