//! macOS: `sysinfo`, the limits of the process, and `/etc/resolv.conf` with a grain of salt.

use std::path::Path;

use serde_json::json;

use super::identity::{Identity, add_people_below, environment_names};
use super::reading::Reading;
use super::resolver::Resolver;
use super::{interfaces, portable, rlimits};

/// Reads one group other than `environment`.
pub fn read(group: &str) -> Reading {
    match group {
        "os" => portable::os("darwin"),
        "cpu" => cpu(),
        "memory" => portable::memory(),
        "disks" => portable::disks(),
        "network" => network(),
        "processes" => portable::processes(),
        "time" => portable::time(),
        "limits" => limits(),
        "container" => portable::hardware(),
        _ => Reading::default(),
    }
}

fn cpu() -> Reading {
    let mut reading = portable::cpu();
    if let Ok(load) = sysinfo::System::load_average() {
        reading
            .put("load", json!({ "one_minute": load.one, "five_minutes": load.five, "fifteen_minutes": load.fifteen }));
    }
    reading
}

fn network() -> Reading {
    let mut reading = portable::network();
    let text = std::fs::read_to_string("/etc/resolv.conf");
    if let Some(text) = reading.take("DNS servers: /etc/resolv.conf", text) {
        reading.put("dns", Resolver::parse(&text).to_value("/etc/resolv.conf"));
    }
    reading.gap("DNS servers of a VPN and routes: not read on this system; see `scutil --dns` and `netstat -rn`");
    reading
}

fn limits() -> Reading {
    let mut reading = Reading::default();
    reading.put("process", rlimits::read());
    reading
}

/// The names of this machine and its people.
pub fn identity() -> Identity {
    let mut identity = Identity::default();
    identity.add_host(&sysinfo::System::host_name().unwrap_or_default());
    for name in environment_names() {
        identity.add_user(&name);
    }
    identity.add_home(&std::env::var("HOME").unwrap_or_default());
    // Accounts live in a directory service; their folders are here.
    add_people_below(&mut identity, Path::new("/Users"));
    let resolver = Resolver::parse(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default());
    for domain in &resolver.search {
        identity.add_domain(domain);
    }
    identity.public_addresses = interfaces::public(&interfaces::addresses());
    identity
}
