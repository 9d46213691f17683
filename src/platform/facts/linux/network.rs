//! Interfaces, routes, DNS servers and proxies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::reading::{Reading, object};
use super::super::resolver::Resolver;
use super::super::{environment, interfaces};
use super::proc::network;
use super::root::Root;

/// The most interfaces that are looked at. Hosts of containers have one for each.
const MAX_INTERFACES: usize = 512;

/// Where systemd-resolved keeps the servers behind its stub.
const BEHIND_STUB: &str = "run/systemd/resolve/resolv.conf";

pub fn read(root: &Root) -> Reading {
    let mut reading = Reading::default();
    interfaces(root, &mut reading);
    let mut routes = Vec::new();
    if let Some(text) = reading.take("IPv4 routes: /proc/net/route", root.text("proc/net/route")) {
        routes.extend(network::routes_v4(&text));
    }
    // Missing where IPv6 is switched off, which the addresses show.
    if let Ok(text) = root.text("proc/net/ipv6_route") {
        routes.extend(network::routes_v6(&text));
    }
    reading.put("routes", routes);
    if let Some(text) = reading.take("DNS servers: /etc/resolv.conf", root.text("etc/resolv.conf")) {
        let resolver = Resolver::parse(&text);
        reading.put("dns", resolver.to_value("/etc/resolv.conf"));
        if let (true, Ok(text)) = (resolver.is_stub(), root.text(BEHIND_STUB)) {
            reading.put("dns_behind_stub", Resolver::parse(&text).to_value("/run/systemd/resolve/resolv.conf"));
        }
    }
    // The order of files, DNS and mDNS explains names that only some programs find.
    if let Ok(text) = root.text("etc/nsswitch.conf") {
        let hosts = text.lines().find_map(|line| line.trim().strip_prefix("hosts:"));
        reading.put("name_lookup_order", hosts.map(|order| order.trim().to_owned()));
    }
    reading.put("proxies", environment::proxies(std::env::vars_os()));
    reading
}

fn interfaces(root: &Root, reading: &mut Reading) {
    let Some(dev) = reading.take("interfaces: /proc/net/dev", root.text("proc/net/dev")) else { return };
    let mut addresses = if root.is_machine() { interfaces::addresses() } else { BTreeMap::new() };
    if addresses.is_empty() {
        reading.gap("interface addresses: the system lists none");
    }
    let list: Vec<Value> = network::counters(&dev)
        .into_iter()
        .take(MAX_INTERFACES)
        .map(|(name, counters)| {
            let addresses: Vec<String> =
                addresses.remove(&name).unwrap_or_default().iter().map(|(ip, bits)| format!("{ip}/{bits}")).collect();
            let plain_name = !name.contains('/') && name != ".."; // it becomes part of a path
            let of = |file: &str| plain_name.then(|| root.line(&format!("sys/class/net/{name}/{file}"))).flatten();
            object([
                ("name", json!(name)),
                ("state", json!(of("operstate"))),
                ("mtu", json!(of("mtu").and_then(|mtu| mtu.parse::<u64>().ok()))),
                ("mac", json!(of("address"))),
                // -1 where the driver does not know.
                ("speed_mbit", json!(of("speed").and_then(|speed| speed.parse::<u64>().ok()))),
                ("duplex", json!(of("duplex"))),
                ("addresses", json!(addresses)),
                ("counters", counters),
            ])
        })
        .collect();
    reading.put("interfaces", list);
}
