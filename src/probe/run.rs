//! Asks all targets side by side within one time limit, and puts together what came back.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::clock::{self, ClockReport};
use super::diagnosis;
use super::dns::system::look_up;
use super::dns::{self, DnsReport};
use super::failure::micros;
use super::http::proxy::choose;
use super::http::{self, HttpReport};
use super::path::{self, Destination, PathReport, PathWishes};
use super::report::{PROBE_SCHEMA, ProbeReport, TargetReport};
use super::system;
use super::target::{Host, Scheme, Target};
use super::tcp::{self, TcpReport};
use super::tls::{self, TlsReport};
use crate::platform::network::{self, Proxies, Resolvers};
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
    /// Whether to ask name servers about signatures.
    pub dnssec: bool,
    /// How paths are traced; `None`: as suits the target.
    pub trace_by: Option<sockets::Protocol>,
    /// Whether a trace keeps to one of several parallel paths.
    pub one_flow: bool,
}

impl Plan {
    /// The plan for `targets` with everything else as it usually is.
    #[must_use]
    pub fn new(targets: Vec<Target>, kinds: Vec<Kind>, limit: Duration) -> Self {
        Self { targets, kinds, limit, dnssec: false, trace_by: None, one_flow: false }
    }

    fn wants(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// What a step brought.
enum Step {
    Began(Kind),
    Dns(DnsReport),
    Tcp(TcpReport),
    Tls(TlsReport),
    Http(HttpReport),
    Clock(ClockReport),
    Path(PathReport),
}

impl Step {
    fn kind(&self) -> Kind {
        match self {
            Self::Began(kind) => *kind,
            Self::Dns(_) => Kind::Dns,
            Self::Tcp(_) => Kind::Tcp,
            Self::Tls(_) => Kind::Tls,
            Self::Http(_) => Kind::Http,
            Self::Clock(_) => Kind::Clock,
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
    let machine = Arc::new(Machine { resolvers: network::resolvers(), proxies: network::proxies() });
    for (n, target) in plan.targets.iter().take(MOST_TARGETS).enumerate() {
        let (plan, machine, sender) = (Arc::clone(&plan), Arc::clone(&machine), sender.clone());
        let worker = Worker { n, target: target.clone(), plan, machine, until, sender };
        start(move || worker.work());
    }
    drop(sender);
    let facts = plan.wants(Kind::System).then(|| system::read(&machine.resolvers, &machine.proxies));
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
    let findings = diagnosis::findings(&targets, facts.as_ref());
    Some(ProbeReport {
        schema: PROBE_SCHEMA,
        started: now,
        duration_us: micros(began.elapsed()),
        limit_us: micros(plan.limit),
        system: facts,
        targets,
        findings,
    })
}

/// Starts a thread. Where there is none to be had, its steps stay unfinished and the report says so.
fn start(work: impl FnOnce() + Send + 'static) {
    let _ = std::thread::Builder::new().name("probe".to_owned()).spawn(work);
}

/// What this machine is set to, read once for all targets.
struct Machine {
    resolvers: Resolvers,
    proxies: Proxies,
}

/// Asks one target, step after step.
#[derive(Clone)]
struct Worker {
    n: usize,
    target: Target,
    plan: Arc<Plan>,
    machine: Arc<Machine>,
    until: Instant,
    sender: Sender<(usize, Step)>,
}

impl Worker {
    fn work(&self) {
        let addresses = self.addresses();
        if [Kind::Path, Kind::Mtu, Kind::Loss].into_iter().any(|kind| self.plan.wants(kind)) {
            let (worker, addresses) = (self.clone(), addresses.clone());
            start(move || worker.trace(addresses));
        }
        if self.target.scheme == Scheme::Ntp || self.plan.kinds == [Kind::Clock] {
            return self.ask_the_time(&addresses);
        }
        let wants_tls = self.plan.wants(Kind::Tls) && self.target.scheme.has_tls();
        let wants_http = self.plan.wants(Kind::Http) && self.target.scheme.is_web();
        if !(self.plan.wants(Kind::Tcp) || wants_tls || wants_http) {
            return;
        }
        self.began(Kind::Tcp);
        let tcp = tcp::probe(&addresses, self.target.port, self.until);
        let usable = tcp.usable();
        self.ended(Step::Tcp(tcp));
        if let Some(address) = usable.filter(|_| wants_tls) {
            let worker = self.clone();
            start(move || {
                worker.began(Kind::Tls);
                worker.ended(Step::Tls(tls::probe(&worker.target, address, worker.until)));
            });
        }
        if wants_http {
            self.began(Kind::Http);
            let proxy = choose(&self.machine.proxies, &self.target);
            self.ended(Step::Http(http::probe(&self.target, usable, proxy.as_ref(), self.until)));
        }
    }

    /// What applications would connect to; where they get nothing, what the name servers know.
    fn addresses(&self) -> Vec<IpAddr> {
        let name = match &self.target.host {
            Host::Address(address) => return vec![*address],
            Host::Name(name) => name,
        };
        if !self.plan.wants(Kind::Dns) {
            return look_up(name, self.until).addresses;
        }
        self.began(Kind::Dns);
        let report = dns::probe(name, &self.machine.resolvers, self.plan.dnssec, self.until);
        let addresses = report.addresses();
        self.ended(Step::Dns(report));
        addresses
    }

    fn ask_the_time(&self, addresses: &[IpAddr]) {
        let Some(address) = addresses.first().filter(|_| self.plan.wants(Kind::Clock)) else { return };
        let port = if self.target.scheme == Scheme::Ntp { self.target.port } else { clock::PORT };
        self.began(Kind::Clock);
        self.ended(Step::Clock(clock::probe(SocketAddr::new(*address, port), self.until)));
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
        self.began(Kind::Path);
        self.ended(Step::Path(path::trace(&destination, &wishes, self.until)));
    }

    // Nobody listens any more after the limit.
    fn began(&self, kind: Kind) {
        let _ = self.sender.send((self.n, Step::Began(kind)));
    }

    fn ended(&self, step: Step) {
        let _ = self.sender.send((self.n, step));
    }
}

impl TargetReport {
    fn take(&mut self, step: Step) {
        let kind = step.kind();
        match step {
            Step::Began(_) => return self.unfinished.push(kind),
            Step::Dns(report) => self.dns = Some(report),
            Step::Tcp(report) => self.tcp = Some(report),
            Step::Tls(report) => self.tls = Some(report),
            Step::Http(report) => self.http = Some(report),
            Step::Clock(report) => self.clock = Some(report),
            Step::Path(report) => self.path = Some(report),
        }
        self.unfinished.retain(|unfinished| *unfinished != kind);
    }
}
