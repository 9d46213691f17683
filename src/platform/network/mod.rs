//! What this machine is set to on the network, as far as each system tells an ordinary user: name servers, gateways,
//! proxies, listening ports. Nothing here sends a packet.

#[cfg(any(target_os = "linux", test))]
mod gsettings;
pub mod proxies;
pub mod resolvers;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
use other as system;

pub use proxies::Proxies;
pub use resolvers::{NameServer, Resolvers};

/// The name servers of this machine.
#[must_use]
pub fn resolvers() -> Resolvers {
    system::resolvers()
}

/// The proxies that this machine is set to use.
#[must_use]
pub fn proxies() -> Proxies {
    let mut proxies = Proxies::default();
    proxies.read_environment(std::env::vars_os());
    system::add_proxies(&mut proxies);
    proxies
}
