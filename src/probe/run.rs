//! Asks all targets side by side within one time limit, and puts together what came back.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::dns::system::{look_up, micros};
use super::path::{self, Destination, PathReport, PathWishes};
use super::report::{PROBE_SCHEMA, ProbeReport, TargetReport};
use super::target::{Host, Scheme, Target};
use crate::platform::sockets;

/// How long a whole run may take unless it is said otherwise.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(20);
/// The most targets of one run; each has a thread or two of its own.
pub const MOST_TARGETS: usize = 16;
/// How often a stop by the user is looked for.
const TICK: Duration = Duration::from_millis(50);
/// Steps end by themselves at the limit; this is for handing over what they have.
const GRACE: Duration = Duration::from_millis(300);

/// A kind of question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Names and addresses.
    Dns,
    /// Connections.
    Tcp,
    /// Certificates.
    Tls,
    /// Web answers.
    Http,
    /// Where packets go.
    Path,
    /// How large a packet may be.
    Mtu,
    /// How many packets are lost.
    Loss,
    /// Whether the clock is right.
    Clock,
    /// What this machine is set to.
    System,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Self::Dns, Self::Tcp, Self::Tls, Self::Http, Self::Path, Self::Mtu, Self::Loss, Self::Clock, Self::System];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Path => "path",
            Self::Mtu => "mtu",
            Self::Loss => "loss",
            Self::Clock => "clock",
            Self::System => "system",
        }
    }

    /// By its word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whom to ask; at most [`MOST_TARGETS`].
    pub targets: Vec<Target>,
    /// What to ask.
    pub kinds: Vec<Kind>,
    /// How long all of it may take.
    pub limit: Duration,
    /// How paths are traced; `None`: as suits the target.
    pub trace_by: Option<sockets::Protocol>,
    /// Whether a trace keeps to one of several parallel paths.
    pub one_flow: bool,
}

impl Plan {
    fn wants(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// What a step brought.
enum Step {
    Began(Kind),
    Path(PathReport),
}

impl Step {
    fn kind(&self) -> Kind {
        match self {
            Self::Began(kind) => *kind,
            Self::Path(_) => Kind::Path,
        }
    }
}

/// Runs the plan; `now` is when it begins by the wall clock. `None`: the user stopped it.
#[must_use]
pub fn run(plan: &Plan, now: Timestamp, cancel: &AtomicBool) -> Option<ProbeReport> {
    let began = Instant::now();
    let until = began + plan.limit;
    let mut targets: Vec<TargetReport> = plan.targets.iter().cloned().map(TargetReport::new).collect();
    let (sender, steps) = mpsc::channel();
    let plan = Arc::new(plan.clone());
    for (n, target) in plan.targets.iter().take(MOST_TARGETS).enumerate() {
        let worker = Worker { n, target: target.clone(), plan: Arc::clone(&plan), until, sender: sender.clone() };
        start(move || worker.work());
    }
    drop(sender);
    loop {
        if cancel.load(Ordering::Relaxed) {
            return None;
        }
        match steps.recv_timeout(TICK) {
            Ok((n, step)) => targets[n].take(step),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if Instant::now() > until + GRACE => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    let mut findings: Vec<_> = targets.iter().flat_map(TargetReport::findings).collect();
    findings.sort_by_key(|finding| finding.severity);
    Some(ProbeReport {
        schema: PROBE_SCHEMA,
        started: now,
        duration_us: micros(began.elapsed()),
        limit_us: micros(plan.limit),
        targets,
        findings,
    })
}

/// Starts a thread. Where there is none to be had, its steps stay unfinished and the report says so.
fn start(work: impl FnOnce() + Send + 'static) {
    let _ = std::thread::Builder::new().name("probe".to_owned()).spawn(work);
}

/// Asks one target, step after step.
#[derive(Clone)]
struct Worker {
    n: usize,
    target: Target,
    plan: Arc<Plan>,
    until: Instant,
    sender: Sender<(usize, Step)>,
}

impl Worker {
    fn work(&self) {
        let addresses = match &self.target.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => look_up(name, self.until).addresses,
        };
        if [Kind::Path, Kind::Mtu, Kind::Loss].into_iter().any(|kind| self.plan.wants(kind)) {
            let (worker, addresses) = (self.clone(), addresses.clone());
            start(move || worker.trace(addresses));
        }
    }

    fn trace(&self, addresses: Vec<IpAddr>) {
        if addresses.is_empty() {
            return;
        }
        let takes_connections = self.target.scheme != Scheme::Ntp;
        let destination = Destination { addresses, port: self.target.port, takes_connections };
        let wishes = PathWishes {
            hops: self.plan.wants(Kind::Path),
            mtu: self.plan.wants(Kind::Mtu),
            loss: self.plan.wants(Kind::Loss),
            protocol: self.plan.trace_by,
            one_flow: self.plan.one_flow,
        };
        self.step(Kind::Path, || Step::Path(path::trace(&destination, &wishes, self.until)));
    }

    fn step(&self, kind: Kind, work: impl FnOnce() -> Step) {
        // Nobody listens any more after the limit.
        let _ = self.sender.send((self.n, Step::Began(kind)));
        let _ = self.sender.send((self.n, work()));
    }
}

impl TargetReport {
    fn take(&mut self, step: Step) {
        let kind = step.kind();
        match step {
            Step::Began(_) => return self.unfinished.push(kind),
            Step::Path(report) => self.path = Some(report),
        }
        self.unfinished.retain(|unfinished| *unfinished != kind);
    }

    /// What the measurements of this target say.
    fn findings(&self) -> Vec<super::Finding> {
        let mut findings = Vec::new();
        findings.extend(self.path.iter().flat_map(path::findings));
        findings.into_iter().map(|finding| finding.about(&self.name)).collect()
    }
}
