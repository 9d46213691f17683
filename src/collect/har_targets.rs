//! Hosts of a HAR file that failed or were slow there, as targets for probes. A HAR is a stranger's: at most 64 MiB are
//! read, at most [`MOST`] hosts are named, and only public ones.

use std::net::IpAddr;

use serde_json::Value;

use crate::probe::{Host, Scheme, Target};

/// The most hosts of all HAR files together.
pub const MOST: usize = 5;
/// The largest HAR that is looked at.
pub const LARGEST: u64 = 64 << 20;
/// A request that takes longer is slow, in milliseconds.
const SLOW_MS: f64 = 3_000.0;
/// Endings of names that lead nowhere from outside.
const PRIVATE_ENDINGS: [&str; 10] =
    [".local", ".localhost", ".internal", ".intranet", ".lan", ".home", ".corp", ".home.arpa", ".invalid", ".onion"];

/// The hosts that failed or were slow, the worst first: failures before slowness, then in the order of the file.
#[must_use]
pub fn of(har: &Value) -> Vec<Target> {
    let entries = har["log"]["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<(bool, Target)> = Vec::new();
    for entry in entries {
        let status = entry["response"]["status"].as_i64().unwrap_or_default();
        // Browsers write 0, or -1, where no answer came. A request that the page itself broke off looks the same.
        let failed = status <= 0 || status >= 500;
        let slow = entry["time"].as_f64().is_some_and(|time| time >= SLOW_MS);
        if !failed && !slow {
            continue;
        }
        let target = entry["request"]["url"].as_str().and_then(|url| Target::parse(url).ok()).filter(is_public);
        let Some(target) = target.map(|target| Target { path: "/".to_owned(), ..target }) else { continue };
        match found.iter_mut().find(|(_, other)| *other == target) {
            Some((was_slow_only, _)) => *was_slow_only &= !failed,
            None => found.push((!failed, target)),
        }
    }
    found.sort_by_key(|(slow_only, _)| *slow_only);
    found.into_iter().map(|(_, target)| target).take(MOST).collect()
}

fn is_public(target: &Target) -> bool {
    let is_public = match &target.host {
        Host::Name(name) => name.contains('.') && !PRIVATE_ENDINGS.iter().any(|ending| name.ends_with(ending)),
        Host::Address(IpAddr::V4(v4)) => {
            let shared = v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || shared
                || v4.octets()[0] == 0
                || v4.octets()[0] >= 240)
        }
        Host::Address(IpAddr::V6(v6)) => v6.segments()[0] & 0xe000 == 0x2000,
    };
    is_public && matches!(target.scheme, Scheme::Https | Scheme::Http)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn har(entries: &[(&str, i64, f64)]) -> Value {
        let entry = |(url, status, time): &(&str, i64, f64)| serde_json::json!({ "request": { "url": url }, "response": { "status": status }, "time": time });
        serde_json::json!({ "log": { "entries": entries.iter().map(entry).collect::<Vec<_>>() } })
    }

    #[test]
    fn hosts_that_failed_come_before_slow_ones_and_fast_ones_are_left_alone() {
        let found = of(&har(&[
            ("https://fast.example/x", 200, 80.0),
            ("https://slow.example/a?token=hunter2", 200, 9_000.0),
            ("https://down.example/b", 0, 1.0),
            ("https://down.example/c", 503, 1.0),
        ]));
        let names: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["https://down.example", "https://slow.example"]);
    }

    #[test]
    fn private_hosts_and_more_than_a_few_are_never_named() {
        let private = [
            "http://10.0.0.1/",
            "http://localhost/",
            "https://nas.local/",
            "http://[fd00::1]/",
            "http://127.1/",
            "ws://x.example/",
            "data:,x",
        ];
        let entries: Vec<_> = private.iter().map(|url| (*url, 0, 1.0)).collect();
        assert_eq!(of(&har(&entries)), []);
        let many: Vec<String> = (0..20).map(|n| format!("https://h{n}.example/")).collect();
        let entries: Vec<_> = many.iter().map(|url| (url.as_str(), 0, 1.0)).collect();
        assert_eq!(of(&har(&entries)).len(), MOST);
        assert_eq!(of(&serde_json::json!([1, "x"])), []);
    }
}
