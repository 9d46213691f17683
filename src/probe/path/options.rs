//! What is asked of a trace, and the numbers that keep it quick and polite.

use std::time::Duration;

use crate::platform::sockets::Protocol;

/// How a path is probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathOptions {
    /// How probes travel.
    pub protocol: Protocol,
    /// The port: of the service for TCP, the first one for UDP; not used for ICMP.
    pub port: u16,
    /// Tries a hop, 1 to [`PathOptions::MOST_TRIES`].
    pub tries: u8,
    /// The farthest hop that is asked, at most [`PathOptions::FARTHEST`].
    pub max_ttl: u8,
    /// Keep to one flow, and thus one path, in all tries. Not possible over TCP.
    pub one_flow: bool,
    /// How long silence is listened to while nothing of the destination is known.
    pub limit: Duration,
}

impl PathOptions {
    /// A Linux router answers a burst of six and then one a second (`icmp_ratelimit`); more tries would measure that.
    pub const MOST_TRIES: u8 = 3;
    /// Longer paths are not seen on the internet; 3 tries of them stay below macOS's 256 open files.
    pub const FARTHEST: u8 = 40;
    /// Where traceroute has always begun, so that firewalls know it.
    pub const UDP_PORT: u16 = 33434;
    /// Most services that customers can't reach are web services.
    pub const TCP_PORT: u16 = 443;

    /// The usual way with a protocol: 3 tries, 30 hops, and silence for 0.8 s: a satellite is 0.7 s away.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        let port = match protocol {
            Protocol::Udp => Self::UDP_PORT,
            Protocol::Tcp => Self::TCP_PORT,
            Protocol::Icmp => 0,
        };
        Self { protocol, port, tries: 3, max_ttl: 30, one_flow: false, limit: Duration::from_millis(800) }
    }

    /// The time between two probes. Those over TCP may become real connections: 24 at once overflow the listen queue of
    /// a small server, which then looks like loss.
    pub(super) fn pace(&self) -> Duration {
        Duration::from_millis(if self.protocol == Protocol::Tcp { 3 } else { 1 })
    }
}
