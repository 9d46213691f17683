//! All that was measured and concluded, as one document (`docs/probe.schema.json`).

use jiff::Timestamp;
use serde::Serialize;

use super::clock::ClockReport;
use super::dns::DnsReport;
use super::finding::{Finding, Severity};
use super::http::HttpReport;
use super::path::PathReport;
use super::run::Kind;
use super::system::SystemReport;
use super::target::Target;
use super::tcp::TcpReport;
use super::tls::TlsReport;

/// The version of [`ProbeReport`]'s written form.
pub const PROBE_SCHEMA: &str = "casefile-probe/1";

/// What a run of probes brought. Times in it are in microseconds (`_us`) and count from the begin of their own step,
/// unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeReport {
    /// [`PROBE_SCHEMA`].
    pub schema: &'static str,
    /// When it began, by this machine's clock, UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub started: Timestamp,
    /// How long it took.
    pub duration_us: u64,
    /// How long it was given.
    pub limit_us: u64,
    /// What this machine is set to; `null` if it was not asked for.
    pub system: Option<SystemReport>,
    /// One entry a target, in the order in which they were named.
    pub targets: Vec<TargetReport>,
    /// What it all says: the worst first, then in the order of the targets.
    pub findings: Vec<Finding>,
}

impl ProbeReport {
    /// Whether something does not work.
    #[must_use]
    pub fn has_a_problem(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Problem)
    }
}

/// What was measured at one target. A kind that was not asked for is `null`; one that was asked for and brought nothing
/// says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TargetReport {
    /// As it was understood, such as `https://shop.example`.
    pub name: String,
    /// Its parts.
    pub target: Target,
    /// What names stand for; none for an address.
    pub dns: Option<DnsReport>,
    /// Whether its addresses take connections.
    pub tcp: Option<TcpReport>,
    /// Certificates, and what was agreed on.
    pub tls: Option<TlsReport>,
    /// What a web server answers.
    pub http: Option<HttpReport>,
    /// What a time server says.
    pub clock: Option<ClockReport>,
    /// Where the packets go.
    pub path: Option<PathReport>,
    /// What had not ended when the time was over.
    pub unfinished: Vec<Kind>,
}

impl TargetReport {
    /// A report in which nothing has been measured yet.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            name: target.to_string(),
            target,
            dns: None,
            tcp: None,
            tls: None,
            http: None,
            clock: None,
            path: None,
            unfinished: Vec::new(),
        }
    }
}
