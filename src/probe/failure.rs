//! How a step fails: a closed set of words for programs, and the system's own words for people.

use std::io::{self, ErrorKind};
use std::time::Duration;

use serde::Serialize;

/// What stopped a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Nothing came in time.
    Timeout,
    /// Somebody at the address said no: nothing listens there, or a firewall answers for it.
    Refused,
    /// The connection was torn down by the other side or by something in between.
    Reset,
    /// The other side ended the connection before it had said what was expected.
    Closed,
    /// This machine has no way to that network.
    NetworkUnreachable,
    /// A router knows no way to that host.
    HostUnreachable,
    /// This system forbids it.
    Forbidden,
    /// What came is not what the protocol says.
    Malformed,
    /// The other side refused the handshake with an alert.
    Alert,
    /// Something else; the words say what.
    Other,
}

/// The end of a step that did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Failure {
    /// For programs.
    pub kind: FailureKind,
    /// For people: the system's words, or ours.
    pub detail: String,
}

impl Failure {
    /// A failure in our words.
    #[must_use]
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// Nothing came in time.
    #[must_use]
    pub fn timeout() -> Self {
        Self::new(FailureKind::Timeout, "no answer in time")
    }

    /// What the system says.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        let kind = match error.kind() {
            // A blocking socket with a time limit reports either, depending on the system.
            ErrorKind::TimedOut | ErrorKind::WouldBlock => return Self::timeout(),
            ErrorKind::ConnectionRefused => FailureKind::Refused,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => FailureKind::Reset,
            ErrorKind::UnexpectedEof => FailureKind::Closed,
            ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown | ErrorKind::AddrNotAvailable => {
                FailureKind::NetworkUnreachable
            }
            ErrorKind::HostUnreachable => FailureKind::HostUnreachable,
            ErrorKind::PermissionDenied => FailureKind::Forbidden,
            _ if crate::platform::network::lacks_family(error) => FailureKind::NetworkUnreachable,
            _ => FailureKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.kind {
            FailureKind::Timeout => "no answer in time",
            FailureKind::Refused => "connection refused",
            FailureKind::Reset => "connection reset",
            FailureKind::Closed => "connection closed too early",
            FailureKind::NetworkUnreachable => "no route to that network from this machine",
            FailureKind::HostUnreachable => "a router says that the host cannot be reached",
            FailureKind::Forbidden => "this system does not allow it",
            FailureKind::Malformed | FailureKind::Alert | FailureKind::Other => &self.detail,
        })
    }
}

/// A length of time as reports write it.
#[must_use]
pub fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_words_of_the_systems_for_a_time_that_is_over_mean_the_same() {
        for kind in [ErrorKind::TimedOut, ErrorKind::WouldBlock] {
            assert_eq!(Failure::of(&kind.into()), Failure::timeout());
        }
        assert_eq!(Failure::of(&ErrorKind::ConnectionRefused.into()).kind, FailureKind::Refused);
    }
}
