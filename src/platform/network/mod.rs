//! What this machine is set to on the network, as far as each system tells an ordinary user: name servers, gateways,
//! proxies, listening ports. Nothing here sends a packet.

#[cfg(any(target_os = "linux", test))]
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // tested everywhere, used on Linux
mod gsettings;
#[cfg(any(target_os = "linux", test))]
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // tested everywhere, used on Linux
mod proc_sockets;
pub mod proxies;
pub mod resolvers;
#[cfg(any(target_os = "macos", test))]
#[cfg_attr(not(target_os = "macos"), allow(dead_code))] // tested everywhere, used on macOS
mod scutil;
pub mod surroundings;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as system;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod other;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use other as system;

pub use proxies::Proxies;
pub use resolvers::{NameServer, Resolvers};
pub use surroundings::{Gateway, Interface, Listener, interfaces};

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

/// The ways out of this machine, or why they are not known.
pub fn gateways() -> Result<Vec<Gateway>, String> {
    system::gateways()
}

/// Ports on which programs of this user listen, or why they are not known.
pub fn listeners() -> Result<Vec<Listener>, String> {
    system::listeners()
}

/// Whether this system has no sockets of that family at all, as a kernel that was built or started without IPv6. `std` has no
/// word for it.
#[must_use]
pub fn lacks_family(error: &std::io::Error) -> bool {
    // EAFNOSUPPORT, WSAEAFNOSUPPORT
    let number = if cfg!(windows) {
        10_047
    } else if cfg!(target_os = "linux") {
        97
    } else {
        47 // macOS and the BSDs
    };
    error.raw_os_error() == Some(number)
}
