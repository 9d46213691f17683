//! macOS: what the system's own programs print. They answer within milliseconds and need no rights.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::proxies::Proxies;
use super::resolvers::Resolvers;
use super::scutil;
use super::surroundings::{Gateway, Listener};
use crate::platform::process::{CommandSpec, Ended, run, system_program};

/// How long one program is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The name servers.
pub fn resolvers() -> Resolvers {
    let mut resolvers = Resolvers::default();
    match printed_by("scutil", &["--dns"]) {
        Ok(printed) => scutil::read_dns(&mut resolvers, &printed, |_| None),
        Err(gap) => {
            resolvers.gaps.push(gap);
            if let Ok(text) = std::fs::read_to_string("/etc/resolv.conf") {
                resolvers.read_conf(&text, "/etc/resolv.conf", true, |_| None);
            }
        }
    }
    resolvers
}

/// Settings outside of the environment.
pub fn add_proxies(proxies: &mut Proxies) {
    match printed_by("scutil", &["--proxy"]) {
        Ok(printed) => scutil::read_proxies(proxies, &printed),
        Err(gap) => proxies.gaps.push(gap),
    }
}

/// The ways out.
pub fn gateways() -> Result<Vec<Gateway>, String> {
    let v4 = printed_by("route", &["-n", "get", "default"])?;
    let v6 = printed_by("route", &["-n", "get", "-inet6", "default"])?;
    Ok([scutil::read_route(&v4, false), scutil::read_route(&v6, true)].into_iter().flatten().collect())
}

/// Ports of this user's programs.
pub fn listeners() -> Result<Vec<Listener>, String> {
    Err("listening ports: not read on this system; see `lsof -nP -iTCP -sTCP:LISTEN`".to_owned())
}

fn printed_by(name: &str, args: &[&str]) -> Result<String, String> {
    let program = system_program(name).ok_or_else(|| format!("{name}: not there"))?;
    let spec = CommandSpec {
        program,
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        timeout: PATIENCE,
        output_cap: 256 * 1024,
        environment: Vec::new(),
    };
    match run(&spec, &AtomicBool::new(false)) {
        // Without a way out, `route` says so and ends with an error.
        Ok(output) if matches!(output.ended, Ended::Exited(_)) => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(output) => Err(format!("{name}: {:?}", output.ended)),
        Err(e) => Err(format!("{name}: {e}")),
    }
}
