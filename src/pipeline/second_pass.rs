//! The second pass: threads redact, hash and deflate ahead, one writes in the order of the plan.
//!
//! Each thread has a source of its own. The one whose source is being written gets help from those that are far enough ahead.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};

use jiff::Timestamp;

use super::gather::{Ended, Gathered, LOOK, REST, SourceFacts, Treated, outcome_of, outcome_of_redaction};
use super::pool::{Pulse, Queue, Shift, Watched};
use super::record::Record;
use super::{Clocks, Event, Order, RunError};
use crate::bundle::packing::{Packed, Packing};
use crate::bundle::writer::{AddError, BundleWriter};
use crate::collect::{Opened, Pass, Source};
use crate::model::har_span::HarSpan;
use crate::model::log_span::LogSpan;
use crate::model::log_time::Assumed;
use crate::model::manifest::TimeSpan;
use crate::model::{ArtifactPath, Outcome};
use crate::redact::{RedactError, Redactor, Treatment};

/// Parts that a thread may be ahead of the writer. They are deflated: an eighth of a MiB each, about.
const AHEAD: usize = 8;

/// Packed bytes from which on a source is handed over while it is still worked on. Smaller ones are handed over whole.
const SMALL: usize = 64 << 10;

/// Packed bytes of small sources that may wait for the writer, of all threads together.
const WAITING: usize = 4 << 20;

/// What the threads have in common.
struct Shared {
    sources: Vec<Arc<Source>>,
    treatments: Vec<Treated>,
    pulses: Vec<Pulse>,
    queue: Queue,
    /// Packed bytes of sources that were handed over whole and are not written.
    waiting: AtomicUsize,
    redactor: Arc<Redactor>,
    shift: Shift,
    /// The source that is being written.
    turn: Arc<AtomicUsize>,
    zone: jiff::tz::TimeZone,
    clocks: Clocks,
}

/// Where recordings of a browser stand.
const HAR: &str = "har/";

/// What a thread sends for one source: first how it opened, last its span and the end of its parts.
enum Message {
    Opened(SourceFacts),
    Refused(Outcome),
    Span(u64, Option<TimeSpan>),
    Packed(Result<Packed, RedactError>),
}

impl Message {
    fn bytes(&self) -> usize {
        if let Self::Packed(Ok(Packed::Part(part))) = self { part.packed_bytes() } else { 0 }
    }
}

/// A source as it is handed over: its first messages, and where the rest comes from.
struct Begun {
    n: usize,
    first: Vec<Message>,
    bytes: usize,
    rest: Option<Receiver<Message>>,
}

/// How the messages of a source come to the writer.
struct Line<'a> {
    order: &'a Order,
    shift: &'a Shift,
    watched: RefCell<Watched>,
    first: RefCell<std::vec::IntoIter<Message>>,
    rest: Option<Receiver<Message>>,
}

/// How the messages of a source leave its thread.
struct Outgoing<'a> {
    shared: &'a Shared,
    register: &'a Sender<Begun>,
    n: usize,
    first: Vec<Message>,
    bytes: usize,
    rest: Option<SyncSender<Message>>,
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
    let shared = Arc::new(Shared {
        queue: Queue::new(wanted),
        sources: sources.to_vec(),
        treatments,
        pulses: (0..sources.len()).map(|_| Pulse::default()).collect(),
        waiting: AtomicUsize::new(0),
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
    let mut waiting = HashMap::new();
    for (n, source) in sources.iter().enumerate() {
        shared.turn.store(n, Ordering::SeqCst);
        let result = match &shared.treatments[n] {
            Err(outcome) => Ended::without(outcome.clone()),
            Ok((treatment, note)) => {
                let result = match take(&mut waiting, &registered, n, (&shared, order)) {
                    Some(Begun { first, rest, .. }) => {
                        let first = RefCell::new(first.into_iter());
                        let watched = RefCell::new(Watched::new(shared.pulses[n].clone()));
                        let line = Line { order, shift: &shared.shift, watched, first, rest };
                        write_one(&line, redactor, source, (*treatment, *note), writer)?
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
        watch(Event::Written { origin: &source.origin, bytes, outcome: &result.outcome });
        record.ended(result, writer.added())?;
    }
    Ok(())
}

fn still(order: &Order) -> Ended {
    let reason = format!("gave no answer for {} s", order.profile.limits.stall.as_secs());
    Ended { outcome: Outcome::Failed { reason }, written: None, hangs: true }
}

/// Source `n`: threads take sources in order, so it is there or comes next.
fn take(
    waiting: &mut HashMap<usize, Begun>,
    registered: &Receiver<Begun>,
    n: usize,
    (shared, order): (&Shared, &Order),
) -> Option<Begun> {
    let mut watched = Watched::new(shared.pulses[n].clone());
    loop {
        for begun in registered.try_iter() {
            if begun.n >= n {
                waiting.insert(begun.n, begun);
            } else {
                // It was given up, and came after all.
                shared.waiting.fetch_sub(begun.bytes, Ordering::SeqCst);
            }
        }
        if let Some(begun) = waiting.remove(&n) {
            shared.waiting.fetch_sub(begun.bytes, Ordering::SeqCst);
            return Some(begun);
        }
        if order.context.cancel.load(Ordering::Relaxed) || watched.is_still(order.profile.limits.stall) {
            return None;
        }
        std::thread::sleep(REST);
    }
}

fn redact_some(shared: &Shared, register: &Sender<Begun>) {
    let may_go_on = || (shared.waiting.load(Ordering::SeqCst) < WAITING || shared.shift.is_over()).then_some(());
    loop {
        // Whoever is that far ahead helps instead. The next in turn is never kept waiting: nothing is ahead of it then.
        shared.shift.crew().until(may_go_on);
        let Some(n) = shared.queue.next() else { return };
        let Ok((treatment, _)) = &shared.treatments[n] else { continue };
        let source = &shared.sources[n];
        let mut out = Outgoing { shared, register, n, first: Vec::new(), bytes: 0, rest: None };
        if source.size.is_none_or(|size| size > 4 * SMALL as u64) {
            // So that opening and reading each have their time.
            out.hand_over(true);
        }
        let crashed = catch_unwind(AssertUnwindSafe(|| redact_one(shared, n, source, treatment, &mut out))).is_err();
        if crashed {
            out.tell(Message::Packed(Err(RedactError::Limit("the redactor crashed on it"))));
        }
        if out.rest.is_none() && !out.hand_over(false) {
            return;
        }
    }
}

impl Outgoing<'_> {
    /// Sends `message`, or keeps it for the moment; `false` when nobody wants it any more.
    fn tell(&mut self, message: Message) -> bool {
        if let Some(rest) = &self.rest {
            return self.shared.shift.deliver(rest, message);
        }
        self.bytes += message.bytes();
        self.first.push(message);
        self.bytes < SMALL || self.hand_over(true)
    }

    /// Hands over what there is; `false` when nobody wants it any more.
    fn hand_over(&mut self, more_follows: bool) -> bool {
        let (rest, receive) = if more_follows {
            let (send, receive) = sync_channel(AHEAD);
            (Some(send), Some(receive))
        } else {
            (None, None)
        };
        self.rest = rest;
        let (n, first, bytes) = (self.n, std::mem::take(&mut self.first), self.bytes);
        self.shared.waiting.fetch_add(bytes, Ordering::SeqCst);
        self.register.send(Begun { n, first, bytes, rest: receive }).is_ok()
    }
}

fn redact_one(shared: &Shared, n: usize, source: &Source, treatment: &Treatment, out: &mut Outgoing<'_>) {
    let pulse = &shared.pulses[n];
    let opened = match pulse.asking(|| source.open.open(Pass::Redact)) {
        Ok(opened) => opened,
        Err(e) => {
            out.tell(Message::Refused(outcome_of(&e)));
            return;
        }
    };
    let Opened { reader, source_size, truncation, partial, exit_status, duration } = opened;
    if !out.tell(Message::Opened(SourceFacts { source_size, truncation, partial, exit_status, duration })) {
        return;
    }
    let not_after = source.modified.unwrap_or((shared.clocks.wall)()).max(Timestamp::UNIX_EPOCH);
    let assumed = Assumed { zone: shared.zone.clone(), not_after };
    let span = RefCell::new(treatment.is_text().then(|| LogSpan::new(assumed)));
    let har = RefCell::new(source.path.starts_with(HAR).then(HarSpan::default));
    let hands = shared.shift.crew().hands_in_turn(&shared.turn, n);
    let redacted = shared.redactor.redact_with(&hands, treatment, pulse.of(reader));
    let mut observe = |block: &[u8]| {
        if let Some(span) = span.borrow_mut().as_mut() {
            span.observe(block);
        }
        if let Some(har) = har.borrow_mut().as_mut() {
            har.observe(block);
        }
    };
    for packed in Packing::new(redacted, hands, &mut observe) {
        if matches!(packed, Ok(Packed::End(_)))
            && let Some(span) = span.take()
        {
            let (lines, covered) = span.finish();
            let covered = covered.filter(|_| source.is_log).or_else(|| har.take().and_then(HarSpan::finish));
            out.tell(Message::Span(lines, covered));
        }
        if !out.tell(Message::Packed(packed)) {
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
        span: covered,
        duration,
        media_type: treatment.media_type().unwrap_or(source.media_type),
    };
    Ok(Ended { outcome, written: Some(gathered), hangs: false })
}

impl Line<'_> {
    /// The next message, or `None` when it does not come in time or somebody wants to stop.
    fn next(&self) -> Option<Message> {
        // Looked at before each message: an endless source would never let it come to a timeout.
        while !self.order.context.cancel.load(Ordering::Relaxed) {
            if let Some(message) = self.first.borrow_mut().next() {
                return Some(message);
            }
            match self.rest.as_ref()?.recv_timeout(LOOK) {
                Ok(message) => {
                    self.shift.crew().nudge();
                    return Some(message);
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    if self.watched.borrow_mut().is_still(self.order.profile.limits.stall) {
                        return None;
                    }
                }
            }
        }
        None
    }
}
