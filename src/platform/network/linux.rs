//! Linux: what stands in `/etc`, `/run` and `/proc`.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::proxies::Proxies;
use super::resolvers::Resolvers;
use super::surroundings::{Gateway, Listener};
use super::{gsettings, proc_sockets};
use crate::platform::process::{CommandSpec, Ended, run, system_program};

/// Where systemd-resolved keeps the servers behind its stub.
const BEHIND_STUB: &str = "/run/systemd/resolve/resolv.conf";
/// What every program reads.
const CONF: &str = "/etc/resolv.conf";

/// The name servers.
pub fn resolvers() -> Resolvers {
    let mut resolvers = Resolvers::default();
    match std::fs::read_to_string(CONF) {
        Ok(text) => resolvers.read_conf(&text, CONF, true, interface_number),
        Err(e) => resolvers.gaps.push(format!("{CONF}: {e}")),
    }
    if resolvers.has_a_stub()
        && let Ok(text) = std::fs::read_to_string(BEHIND_STUB)
    {
        let search = std::mem::take(&mut resolvers.search);
        resolvers.read_conf(&text, BEHIND_STUB, false, interface_number);
        resolvers.search = search;
    }
    resolvers
}

fn interface_number(name: &str) -> Option<u32> {
    let plain = !name.contains('/') && name != ".."; // it becomes part of a path
    let text = plain.then(|| std::fs::read_to_string(format!("/sys/class/net/{name}/ifindex")))?;
    text.ok()?.trim().parse().ok()
}

/// How long a desktop's settings are waited for; they are there in a few milliseconds or not at all.
const GSETTINGS: Duration = Duration::from_secs(2);

/// Settings outside of the environment: those of the desktop, if this is one.
pub fn add_proxies(proxies: &mut Proxies) {
    if std::env::var_os("XDG_CURRENT_DESKTOP").is_none() {
        return;
    }
    let Some(program) = system_program("gsettings") else { return };
    // It asks the session's bus, and the store of the user's.
    let wanted = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME", "XDG_CONFIG_HOME", "XDG_DATA_DIRS"];
    let environment = wanted.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let spec = CommandSpec {
        program,
        args: vec!["list-recursively".to_owned(), gsettings::SCHEMA.to_owned()],
        timeout: GSETTINGS,
        output_cap: 64 * 1024,
        environment: environment.collect(),
    };
    match run(&spec, &AtomicBool::new(false)) {
        Ok(output) if output.ended == Ended::Exited(0) => {
            gsettings::read(proxies, &String::from_utf8_lossy(&output.stdout));
        }
        Ok(_) | Err(_) => proxies.gaps.push("proxies of the desktop: gsettings did not tell".to_owned()),
    }
}

/// The ways out.
pub fn gateways() -> Result<Vec<Gateway>, String> {
    let text = std::fs::read_to_string("/proc/net/route").map_err(|e| format!("routes: /proc/net/route: {e}"))?;
    let mut gateways = proc_sockets::gateways_v4(&text);
    // Missing where IPv6 is switched off.
    let text = std::fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    gateways.extend(proc_sockets::gateways_v6(&text));
    Ok(gateways)
}

/// Ports of this user's programs.
pub fn listeners() -> Result<Vec<Listener>, String> {
    let user = rustix::process::getuid().as_raw();
    let programs = sockets_of_programs(user);
    let mut listeners = Vec::new();
    for (file, protocol) in [("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp")] {
        let path = format!("/proc/net/{file}");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(_) if file.ends_with('6') => continue, // IPv6 is switched off
            Err(e) => return Err(format!("listening ports: {path}: {e}")),
        };
        for (address, inode) in proc_sockets::listening(&text, protocol == "tcp", user) {
            listeners.push(Listener { protocol, address, program: programs.get(&inode).cloned() });
        }
    }
    Ok(listeners)
}

/// The most processes whose sockets are looked for.
const MOST_PROCESSES: usize = 2_000;

/// Which program of `user` holds which socket. Programs of others do not tell.
fn sockets_of_programs(user: u32) -> HashMap<u64, String> {
    let mut found = HashMap::new();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbered = processes.filter(|entry| entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()));
    let ours = numbered.filter(|entry| entry.metadata().is_ok_and(|facts| facts.uid() == user));
    for process in ours.take(MOST_PROCESSES) {
        let Ok(name) = std::fs::read_to_string(process.path().join("comm")) else { continue };
        for open in std::fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten() {
            let Ok(link) = std::fs::read_link(open.path()) else { continue };
            let link = link.to_string_lossy();
            let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode {
                found.insert(inode, name.trim_end().to_owned());
            }
        }
    }
    found
}
