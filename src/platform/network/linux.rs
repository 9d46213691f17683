//! Linux: what stands in `/etc`, `/run` and `/proc`.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::gsettings;
use super::proxies::Proxies;
use super::resolvers::Resolvers;
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
