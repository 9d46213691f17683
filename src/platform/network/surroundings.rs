//! Interfaces, ways out and listening ports, as each system tells an ordinary user.

use std::net::{IpAddr, SocketAddr};

/// One network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// As the system calls it.
    pub name: String,
    /// Its addresses with the length of their network's prefix.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// A way out to everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gateway {
    /// Whether it is for IPv6.
    pub is_v6: bool,
    /// The router; none where the interface itself leads out.
    pub router: Option<IpAddr>,
    /// Through which interface.
    pub interface: String,
    /// Smaller is taken first.
    pub metric: Option<u32>,
}

/// A port on which a program of this user listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listener {
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// The program's name, where it is told.
    pub program: Option<String>,
}

/// The interfaces.
#[must_use]
pub fn interfaces() -> Vec<Interface> {
    let all = crate::platform::facts::interface_addresses();
    all.into_iter().map(|(name, addresses)| Interface { name, addresses }).collect()
}
