//! Probes of a path on a system that we don't know: none, and it says so.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{Answer, Network, Probe, Protocol, SendError};

const NOT_HERE: SendError = SendError::NotSupported("tracing a path is not supported on this system");

pub(super) struct NoNetwork(Instant);

pub(super) fn open() -> NoNetwork {
    NoNetwork(Instant::now())
}

impl Network for NoNetwork {
    fn supports(&mut self, _protocol: Protocol, _to: IpAddr) -> Result<(), SendError> {
        Err(NOT_HERE)
    }

    fn shares_flows(&self, _protocol: Protocol) -> bool {
        false
    }

    fn source(&mut self, _to: IpAddr) -> Result<IpAddr, SendError> {
        Err(NOT_HERE)
    }

    fn send(&mut self, _probe: &Probe) -> Result<Duration, SendError> {
        Err(NOT_HERE)
    }

    fn close(&mut self, _flow: u16) {}

    fn wait(&mut self, _until: Duration, _answers: &mut Vec<Answer>) {}

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
