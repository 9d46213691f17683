//! The first pass: every source is opened and looked through, side by side; nothing is written.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use super::gather::{LOOK, REST, Scanned, Treated, outcome_of, outcome_of_redaction};
use super::pool::{Pulse, Queue, Shift, Watched, spawn};
use super::{Event, Order, RunError};
use crate::collect::{Pass, Source};
use crate::model::Outcome;
use crate::platform::Hands;
use crate::redact::{Redactor, Seeds};

/// Threads for what is run: they mostly wait for a child.
const RUNNERS: usize = 8;

/// What the threads have in common.
struct Shared {
    sources: Vec<Arc<Source>>,
    pulses: Vec<Pulse>,
    redactor: Arc<Redactor>,
    cancel: Arc<AtomicBool>,
    shift: Shift,
}

/// The first pass: every source is opened and looked through, side by side.
pub(super) fn scan(order: &Order, sources: &[Arc<Source>], watch: &mut dyn FnMut(Event<'_>)) -> Vec<Scanned> {
    let (running, reading): (Vec<usize>, Vec<usize>) =
        (0..sources.len()).partition(|n| sources[*n].open.runs_something());
    let shift = Shift::of(order.threads, order.pace);
    let shared = Arc::new(Shared {
        sources: sources.to_vec(),
        pulses: (0..sources.len()).map(|_| Pulse::default()).collect(),
        redactor: Arc::clone(&order.redactor),
        cancel: Arc::clone(&order.context.cancel),
        shift: shift.clone(),
    });
    let _until_the_end = shift.guard();
    let (send, receive) = channel();
    // What it runs has its normal priority: slower, it would run into its time limit.
    let runner = |queue: &Queue| {
        let (shared, queue, send) = (Arc::clone(&shared), queue.clone(), send.clone());
        spawn("run", move || scan_some(&shared, &queue, &Hands::default(), &send));
    };
    let reader = |queue: &Queue| {
        let (shared, queue, send) = (Arc::clone(&shared), queue.clone(), send.clone());
        let hands = shared.shift.crew().hands();
        shift.start("scan", move || scan_some(&shared, &queue, &hands, &send));
    };
    let (run_count, read_count) = (running.len().min(RUNNERS), if reading.is_empty() { 0 } else { order.threads });
    let (run_queue, read_queue) = (Queue::new(running), Queue::new(reading));
    (0..run_count).for_each(|_| runner(&run_queue));
    (0..read_count).for_each(|_| reader(&read_queue));
    let mut results: Vec<Option<Scanned>> = (0..sources.len()).map(|_| None).collect();
    let mut watched: Vec<Watched> = shared.pulses.iter().map(|pulse| Watched::new(pulse.clone())).collect();
    let mut open = sources.len();
    while open > 0 && !order.context.cancel.load(Ordering::Relaxed) {
        match receive.recv_timeout(LOOK) {
            Ok(first) => {
                for (n, result) in std::iter::once(first).chain(receive.try_iter()) {
                    if results[n].is_none() {
                        watch(Event::Scanned { origin: &sources[n].origin });
                        results[n] = Some(result);
                        open -= 1;
                    }
                }
                std::thread::sleep(REST);
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
                        if runs { runner(&run_queue) } else { reader(&read_queue) }
                    }
                }
            }
        }
    }
    let stopped = || Err(Outcome::Failed { reason: "was stopped".to_owned() });
    results.into_iter().map(|result| result.unwrap_or_else(stopped)).collect()
}

fn scan_some(shared: &Shared, queue: &Queue, hands: &Hands, send: &Sender<(usize, Scanned)>) {
    while let Some(n) = queue.next() {
        if shared.cancel.load(Ordering::Relaxed) {
            return;
        }
        let (source, pulse) = (&shared.sources[n], &shared.pulses[n]);
        let result = catch_unwind(AssertUnwindSafe(|| scan_one(source, pulse, &shared.redactor, hands)));
        let result = result.unwrap_or_else(|_| Err(Outcome::Failed { reason: "the collector crashed".to_owned() }));
        if send.send((n, result)).is_err() {
            return;
        }
    }
}

fn scan_one(source: &Source, pulse: &Pulse, redactor: &Arc<Redactor>, hands: &Hands) -> Scanned {
    let mut refused = None;
    let mut open = || match pulse.asking(|| source.open.open(Pass::Scan)) {
        Ok(opened) => Ok(pulse.of(opened.reader)),
        Err(e) => {
            refused = Some(outcome_of(&e));
            Err(std::io::Error::other("refused"))
        }
    };
    let scanned = redactor.scan_with(hands, source.hint, &mut open);
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
