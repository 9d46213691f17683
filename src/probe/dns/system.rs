//! What applications see: the answer of the system's own resolver (`getaddrinfo`), with its hosts file, its caches and
//! whatever a VPN has put in its way.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Instant;

use serde::Serialize;

use crate::probe::failure::micros;

/// The most addresses of one name that are looked at.
pub const MOST_ADDRESSES: usize = 32;

/// What the system's resolver said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SystemAnswer {
    /// The addresses in the order in which applications would try them.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub addresses: Vec<IpAddr>,
    /// What it said instead, in the system's words.
    pub failure: Option<String>,
    /// How long it took.
    pub duration_us: u64,
    /// Whether it had not answered when the time was over.
    pub timed_out: bool,
}

/// Asks the system's resolver for `name`, until `until`. A resolver that hangs is left behind with its thread.
#[must_use]
pub fn look_up(name: &str, until: Instant) -> SystemAnswer {
    let began = Instant::now();
    let (sender, receiver) = mpsc::channel();
    let asked = name.to_owned();
    let spawned = std::thread::Builder::new().name("getaddrinfo".to_owned()).spawn(move || {
        let answer = (asked.as_str(), 0).to_socket_addrs().map(|all| {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in all.map(|socket| socket.ip()) {
                if addresses.len() < MOST_ADDRESSES && !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            addresses
        });
        // Nobody waits any more: the time was over.
        let _ = sender.send(answer);
    });
    let mut answer = SystemAnswer::default();
    if let Err(e) = spawned {
        answer.failure = Some(format!("no thread to ask in: {e}"));
        return answer;
    }
    match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(Ok(addresses)) => answer.addresses = addresses,
        Ok(Err(e)) => answer.failure = Some(e.to_string()),
        Err(_) => {
            answer.timed_out = true;
            answer.failure = Some("did not answer in time".to_owned());
        }
    }
    answer.duration_us = micros(began.elapsed());
    answer
}
