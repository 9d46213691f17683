//! collect -> redact -> seal: the one place where the three meet.
//!
//! Plan, then two passes. The first opens every source and gathers secrets; the second opens each again, redacts with those
//! secrets and writes, in the order of the plan, whatever the number of threads.

pub mod copies;
mod first_pass;
mod gather;
mod pool;
mod record;
mod second_pass;
pub mod vault;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::bundle::layout::BundleName;
use crate::bundle::writer::{Sealed, WriteError};
use crate::collect::{Collector, Context, Profile, Source, Step};
use crate::model::manifest::PlanItem;
use crate::model::{Case, CaseId, Outcome};
use crate::redact::{RedactError, Redactor};

/// Everything that one run needs to know.
pub struct Order {
    /// What collectors may know.
    pub context: Context,
    /// What to collect.
    pub profile: Arc<Profile>,
    /// The facts of the case.
    pub case: Case,
    /// The rules, without secrets yet.
    pub redactor: Arc<Redactor>,
    /// The folder that gets the bundle.
    pub folder: PathBuf,
    /// The bundle's name.
    pub name: BundleName,
    /// Threads that redact and pack, at least one.
    pub threads: usize,
    /// How much of the machine those threads take.
    pub pace: Pace,
    /// `SOURCE_DATE_EPOCH`: makes times and durations of the run the same every time.
    pub epoch: Option<Timestamp>,
    /// The clocks; a test brings its own.
    pub clocks: Clocks,
}

/// What a run takes of a machine that has other things to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// What others leave.
    Gentle,
    /// Its share.
    Full,
}

/// The wall clock, which may jump, and a clock that cannot.
#[derive(Clone)]
pub struct Clocks {
    /// The wall clock.
    pub wall: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Time since some moment, never going back.
    pub steady: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Clocks {
    /// The system's.
    #[must_use]
    pub fn system() -> Self {
        let start = Instant::now();
        Self { wall: Arc::new(Timestamp::now), steady: Arc::new(move || start.elapsed()) }
    }
}

/// One planned thing: whose it is, and what it consists of.
#[derive(Debug)]
pub struct Planned {
    /// The collector.
    pub collector: &'static str,
    /// The step.
    pub what: String,
    /// What it is for.
    pub purpose: String,
    /// What will be opened.
    pub sources: Vec<Arc<Source>>,
    /// Its end, where planning decided it.
    pub decided: Option<Outcome>,
}

/// Something that happens in a run, for progress.
#[derive(Debug)]
pub enum Event<'a> {
    /// All sources of the plan are known.
    Planned {
        /// How many sources.
        sources: usize,
    },
    /// One more source was looked through.
    Scanned {
        /// Its origin, not redacted: for the terminal of the one whose it is.
        origin: &'a str,
    },
    /// One more artifact was written, or was not.
    Written {
        /// Its origin, not redacted.
        origin: &'a str,
        /// Bytes in the bundle.
        bytes: u64,
        /// What became of it.
        outcome: &'a Outcome,
    },
    /// The bundle is being made durable.
    Sealing,
}

/// How a run ended that made a bundle.
#[derive(Debug)]
pub struct Report {
    /// The bundle.
    pub sealed: Sealed,
    /// What is to be told.
    pub told: Told,
}

/// What whoever made the bundle is told of it. Nothing in it is redacted: it is for their terminal.
#[derive(Debug)]
pub struct Told {
    /// The case.
    pub case_id: CaseId,
    /// Files in the bundle.
    pub artifacts: u64,
    /// Values that were replaced in them.
    pub replaced: u64,
    /// Lines of the plan that were skipped.
    pub skipped: usize,
    /// Lines of the plan that left a gap.
    pub gaps: Vec<PlanItem>,
}

/// Why a run made no bundle. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The user stopped it.
    #[error("stopped; no bundle was written")]
    Interrupted,
    /// The bundle could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The redactor could not be made ready.
    #[error("the redactor {0}")]
    Redactor(#[from] RedactError),
}

/// How long a collector may take to look around.
const PLAN_TIME: Duration = Duration::from_secs(30);

/// Asks every collector what it would bring, side by side. One that crashes or hangs is in the plan with that. `arrived`
/// sees each item as soon as it is known.
pub fn plan(collectors: Vec<Box<dyn Collector>>, context: &Context, arrived: &mut dyn FnMut(&Planned)) -> Vec<Planned> {
    let started = Instant::now();
    let running: Vec<_> = collectors
        .into_iter()
        .map(|collector| {
            let (name, context) = (collector.name(), context.clone());
            let (send, receive) = std::sync::mpsc::sync_channel(1);
            let spawned = std::thread::Builder::new().name(format!("plan-{name}")).spawn(move || {
                let steps = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| collector.plan(&context)));
                let _ = send.send(steps);
            });
            (name, spawned.map(|_| receive))
        })
        .collect();
    let mut planned = Vec::new();
    for (name, receive) in running {
        let left = PLAN_TIME.saturating_sub(started.elapsed()).max(Duration::from_millis(10));
        let failed = |reason: &str| {
            let reason = reason.to_owned();
            vec![Step::decided(name, "see the collector's name", Outcome::Failed { reason })]
        };
        let steps = match receive.map(|receive| receive.recv_timeout(left)) {
            Ok(Ok(Ok(steps))) => steps,
            Ok(Ok(Err(_))) => failed("the collector crashed"),
            Ok(Err(_)) => failed("the collector did not answer in time"),
            Err(_) => failed("the system gave no thread for the collector"),
        };
        for step in steps {
            let Step { what, purpose, sources, decided } = step;
            let sources = sources.into_iter().map(Arc::new).collect();
            let item = Planned { collector: name, what, purpose, sources, decided };
            arrived(&item);
            planned.push(item);
        }
    }
    planned
}

/// Gathers, redacts and seals what `planned` names.
pub fn run(order: &Order, planned: &[Planned], watch: &mut dyn FnMut(Event<'_>)) -> Result<Report, RunError> {
    let cancelled = || order.context.cancel.load(Ordering::Relaxed);
    let (wall, steady) = ((order.clocks.wall)(), (order.clocks.steady)());
    let sources: Vec<Arc<Source>> = planned.iter().flat_map(|item| item.sources.iter().cloned()).collect();
    watch(Event::Planned { sources: sources.len() });
    // First of all, so that a folder that takes no file is known before anybody waits for the first pass.
    let mut writer = crate::bundle::writer::BundleWriter::create(
        &order.folder,
        &order.name,
        order.epoch,
        order.profile.encrypt_to.as_ref(),
    )?;
    let scans = first_pass::scan(order, &sources, watch);
    if cancelled() {
        return Err(RunError::Interrupted);
    }
    let (redactor, scans) = first_pass::with_seeds(order, scans)?;
    let mut record = record::Record::new(order, &redactor, planned);
    second_pass::write(order, &redactor, &sources, scans, &mut writer, &mut record, watch)?;
    if cancelled() {
        return Err(RunError::Interrupted);
    }
    watch(Event::Sealing);
    let (documents, told) = record.documents(&writer, (wall, steady))?;
    let sealed = writer.seal(documents)?;
    Ok(Report { sealed, told })
}
