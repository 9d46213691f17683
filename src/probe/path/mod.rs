//! Where the packets go, and where they stop.

use std::net::IpAddr;
use std::time::Instant;

use serde::Serialize;

use super::finding::Finding;

/// Where packets are to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    /// The address that the name stands for.
    pub address: IpAddr,
    /// The service's port.
    pub port: u16,
    /// Whether a web server listens there, so that TCP is worth a trace of its own.
    pub is_web: bool,
}

/// What was learned about the path to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PathReport {
    /// The address that was traced.
    #[cfg_attr(test, schemars(with = "String"))]
    pub address: IpAddr,
    /// Why nothing was traced.
    pub unavailable: Option<String>,
}

/// Traces the path until `until` at the latest.
#[must_use]
pub fn trace(destination: &Destination, until: Instant) -> PathReport {
    let _ = until;
    PathReport { address: destination.address, unavailable: Some("paths are not traced on this system".to_owned()) }
}

/// What the path says.
#[must_use]
pub fn findings(report: &PathReport) -> Vec<Finding> {
    let _ = report;
    Vec::new()
}
