//! What is this machine? Facts in groups, each read for itself, so that one that fails costs only its own file; and the
//! names by which the machine and its people could be recognised, for the redactor.
//!
//! Nothing here sends a packet, runs a program, or asks a file system that a remote server could block.
//! The texts of Linux are taken apart by pure functions in `proc`; `linux`, `macos` and `windows` do the reading.

mod clock;
mod environment;
mod identity;
mod interfaces;
mod ranking;
mod reading;
#[cfg(any(unix, test))]
#[cfg_attr(not(unix), allow(dead_code))] // tested everywhere, used where the file exists
mod resolver;
#[cfg(unix)]
mod rlimits;

#[cfg(any(target_os = "linux", test))]
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // tested everywhere, used on Linux
mod proc;

#[cfg(any(target_os = "macos", target_os = "windows"))]
mod portable;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as system;

#[cfg(target_os = "windows")]
mod windows;
#[cfg(target_os = "windows")]
use windows as system;

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
mod other;
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
use other as system;

pub use clock::{clock_synchronised, time_zone};
pub use identity::Identity;

/// All groups and what each is for, in the order in which they are read: the dearest to an engineer first.
const GROUPS: [(&str, &str); 10] = [
    ("os", "which system and kernel this is"),
    ("cpu", "which processors there are and how busy they are"),
    ("memory", "how much memory and swap there is and how much is free"),
    ("disks", "which disks and file systems there are and how full they are"),
    ("network", "network interfaces, routes, DNS servers and proxies"),
    ("processes", "which programs use the most processor and memory, without their arguments"),
    ("environment", "names of environment variables, values of a few harmless ones"),
    ("time", "clock, time zone and time since start"),
    ("limits", "limits on files, processes, memory and processor"),
    ("container", "whether this is a virtual machine or a container"),
];

/// One group of facts.
#[derive(Debug, Clone, PartialEq)]
pub struct FactGroup {
    /// The stem of its file, such as `cpu`.
    pub name: &'static str,
    /// What it tells, as a short clause for the customer.
    pub purpose: &'static str,
    /// An object with stable keys in snake case. Units are in the keys: `_bytes`, `_seconds`, `_percent`, `_ms`.
    pub value: serde_json::Value,
    /// What could not be read, each with its reason.
    pub gaps: Vec<String>,
}

/// Names and purposes of all groups. Reads nothing.
#[must_use]
pub fn groups() -> Vec<(&'static str, &'static str)> {
    GROUPS.to_vec()
}

/// Reads one group; `None` for a name that is not in [`groups`]. What cannot be read becomes a gap. Takes at most about
/// a quarter of a second on Linux (processor use is measured over 200 ms).
#[must_use]
pub fn read(group: &str) -> Option<FactGroup> {
    let (name, purpose) = GROUPS.into_iter().find(|(name, _)| *name == group)?;
    let reading = match name {
        "environment" => environment::read(std::env::vars_os()),
        _ => system::read(name),
    };
    let (value, gaps) = reading.bounded();
    Some(FactGroup { name, purpose, value, gaps })
}

/// Addresses of each interface with the length of their network's prefix; empty when the system does not say.
#[must_use]
pub fn interface_addresses() -> std::collections::BTreeMap<String, Vec<(std::net::IpAddr, u8)>> {
    interfaces::addresses()
}

/// Names that identify this machine and its people.
#[must_use]
pub fn identity() -> Identity {
    system::identity()
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    fn every_group_reads_without_panic_here() {
        for (name, purpose) in groups() {
            let group = read(name).expect("a listed group");
            assert_eq!((group.name, group.purpose), (name, purpose));
            let fields = group.value.as_object().expect("an object").len();
            assert!(fields > 0 || !group.gaps.is_empty(), "{name} says nothing at all");
        }
        assert_eq!(read("nonsense"), None);
    }

    #[test]
    fn processes_hold_no_arguments() {
        let marker = "casefile-argument-that-must-not-show";
        // A shell that waits for input, with the marker as `$0`; a system without one still gets the look at the keys.
        let shell = std::process::Command::new("sh").args(["-c", "read line", marker]).stdin(Stdio::piped()).spawn();
        let mut child = shell.ok();
        let group = read("processes").expect("a listed group");
        if let Some(child) = &mut child {
            let _ = child.kill();
            let _ = child.wait();
        }
        assert!(!group.value.to_string().contains(marker));
        for list in ["top_by_cpu", "top_by_memory"] {
            let rows = group.value[list].as_array().cloned().unwrap_or_default();
            assert!(rows.len() <= 20);
            for row in rows {
                let row = row.as_object().cloned().unwrap_or_default();
                for key in row.keys() {
                    assert!(!["cmd", "command", "arguments", "environ", "cwd", "exe"].contains(&key.as_str()), "{key}");
                }
            }
        }
    }

    #[test]
    fn the_identity_of_this_machine_can_be_asked_for() {
        let identity = identity();
        assert!(identity.users.len() <= identity::MAX_PEOPLE + 8);
        assert!(identity.hosts.iter().all(|host| !host.is_empty() && host != "localhost"));
    }
}
