//! What this machine is set to on the network, and what of it explains a fault.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::finding::{Finding, Sureness};
use super::report::TargetReport;
use crate::platform::network::proxies::ProxyScope;
use crate::platform::network::{self, Proxies, Resolvers};

/// More of each than any machine that somebody sits at has.
const MOST: usize = 256;
/// How the names of interfaces begin that VPNs make.
const VPN_BEGINNINGS: [&str; 10] =
    ["tun", "tap", "wg", "ppp", "utun", "ipsec", "tailscale", "nordlynx", "zt", "proton"];
/// Words in such names, mostly on Windows.
const VPN_WORDS: [&str; 8] =
    ["vpn", "wireguard", "anyconnect", "globalprotect", "pangp", "fortinet", "zscaler", "tailscale"];

/// The settings of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SystemReport {
    /// Interfaces and their addresses with the length of their network's prefix, such as `10.0.0.5/24`.
    pub interfaces: Vec<InterfaceReport>,
    /// The ways out; none: unknown.
    pub gateways: Option<Vec<GatewayReport>>,
    /// The name servers in the order in which they are asked.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub name_servers: Vec<SocketAddr>,
    /// Domains that are tried behind a short name.
    pub search: Vec<String>,
    /// The proxies that programs are told to use, without logins.
    pub proxies: Vec<ProxyReport>,
    /// Hosts that are reached without a proxy.
    pub proxy_bypass: Vec<String>,
    /// Addresses of scripts (PAC) that choose a proxy. They are never fetched and never run.
    pub proxy_scripts: Vec<String>,
    /// Whether the machine looks for such a script by itself (WPAD).
    pub looks_for_proxy_script: bool,
    /// Interfaces that look like a VPN's and have an address.
    pub vpn_hints: Vec<String>,
    /// Ports on which programs of this user listen; none: unknown.
    pub listening: Option<Vec<ListenerReport>>,
    /// What could not be read, each with its reason.
    pub gaps: Vec<String>,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InterfaceReport {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<String>,
}

/// One way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GatewayReport {
    /// `IPv4` or `IPv6`.
    pub family: &'static str,
    /// The router; none where the interface itself leads out.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub router: Option<IpAddr>,
    /// Through which interface.
    pub interface: String,
    /// Smaller is taken first.
    pub metric: Option<u32>,
}

/// One proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProxyReport {
    /// `http`, `https` or `all`.
    pub scope: &'static str,
    /// The proxy.
    pub proxy: String,
    /// Where it is set.
    pub source: String,
    /// Whether the setting holds a login.
    pub has_login: bool,
}

/// One listening port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ListenerReport {
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// Where.
    #[cfg_attr(test, schemars(with = "String"))]
    pub address: SocketAddr,
    /// Which program, where it is told.
    pub program: Option<String>,
}

/// Reads what this machine tells beside `resolvers` and `proxies`. Sends nothing.
#[must_use]
pub fn read(resolvers: &Resolvers, proxies: &Proxies) -> SystemReport {
    let mut gaps: Vec<String> = resolvers.gaps.iter().chain(&proxies.gaps).cloned().collect();
    let gateways = network::gateways().map_err(|gap| gaps.push(gap)).ok();
    let listeners = network::listeners().map_err(|gap| gaps.push(gap)).ok();
    let interfaces: Vec<InterfaceReport> = network::interfaces()
        .into_iter()
        .take(MOST)
        .map(|one| InterfaceReport {
            name: one.name,
            addresses: one.addresses.iter().map(|(ip, bits)| format!("{ip}/{bits}")).collect(),
        })
        .collect();
    SystemReport {
        vpn_hints: interfaces.iter().filter(|one| looks_like_a_vpn(one)).map(|one| one.name.clone()).collect(),
        interfaces,
        gateways: gateways.map(|all| {
            let one = |one: network::Gateway| GatewayReport {
                family: if one.is_v6 { "IPv6" } else { "IPv4" },
                router: one.router,
                interface: one.interface,
                metric: one.metric,
            };
            all.into_iter().take(MOST).map(one).collect()
        }),
        name_servers: resolvers.servers.iter().map(|server| server.address).collect(),
        search: resolvers.search.clone(),
        proxies: proxies
            .settings
            .iter()
            .map(|setting| ProxyReport {
                scope: match setting.scope {
                    ProxyScope::Http => "http",
                    ProxyScope::Https => "https",
                    ProxyScope::All => "all",
                },
                proxy: setting.proxy.clone(),
                source: setting.source.clone(),
                has_login: setting.has_login,
            })
            .collect(),
        proxy_bypass: proxies.bypass.clone(),
        proxy_scripts: proxies.scripts.clone(),
        looks_for_proxy_script: proxies.looks_for_script,
        listening: listeners.map(|mut all| {
            all.sort();
            let one = |one: network::Listener| ListenerReport {
                protocol: one.protocol,
                address: one.address,
                program: one.program,
            };
            all.into_iter().take(MOST).map(one).collect()
        }),
        gaps,
    }
}

/// By its name, and only with an address by which packets could go: macOS has such interfaces all the time.
fn looks_like_a_vpn(interface: &InterfaceReport) -> bool {
    let name = interface.name.to_lowercase();
    let numbered =
        |beginning: &str| name.strip_prefix(beginning).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    let named =
        VPN_BEGINNINGS.iter().any(|beginning| numbered(beginning)) || VPN_WORDS.iter().any(|word| name.contains(word));
    named && interface.addresses.iter().any(|address| !address.starts_with("fe80:"))
}

/// What the settings say, beside what came of the `targets`.
#[must_use]
pub fn findings(report: &SystemReport, targets: &[TargetReport]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(gateways) = &report.gateways
        && gateways.is_empty()
    {
        let far = targets.iter().filter_map(|target| target.tcp.as_ref());
        let reached = far.flat_map(|tcp| &tcp.attempts).any(|attempt| attempt.failure.is_none());
        let says = "this machine has no way out: it has no default route, of IPv4 or of IPv6";
        let finding = if reached || targets.is_empty() {
            Finding::notice("system.no-way-out", Sureness::Certain, says)
        } else {
            Finding::problem("system.no-way-out", Sureness::Certain, says)
        };
        findings.push(finding.because("system.gateways", "none"));
    }
    if report.name_servers.is_empty() && report.gaps.is_empty() {
        let says = "this machine has no name server: only addresses and names of its own files can be reached";
        let finding = Finding::notice("system.no-name-server", Sureness::Certain, says);
        findings.push(finding.because("system.name_servers", "none"));
    }
    if !report.proxy_scripts.is_empty() || report.looks_for_proxy_script {
        let says = "programs on this machine may use a proxy that a script (PAC) chooses; the script was not run, and the probes went without it";
        let finding = Finding::notice("system.proxy-script", Sureness::Certain, says);
        let which =
            if report.proxy_scripts.is_empty() { "found by WPAD".to_owned() } else { report.proxy_scripts.join(", ") };
        findings.push(finding.because("system.proxy_scripts", which));
    }
    if !report.vpn_hints.is_empty() {
        let which = report.vpn_hints.join(", ");
        let says = format!("a VPN may be in use ({which}): names and paths can differ with and without it");
        findings.push(Finding::notice("system.vpn", Sureness::Likely, says).because("system.vpn_hints", which));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::failure::{Failure, FailureKind};
    use crate::probe::tcp::{Attempt, TcpReport};
    use crate::probe::{Severity, Target};

    fn interface(name: &str, address: &str) -> InterfaceReport {
        InterfaceReport { name: name.to_owned(), addresses: vec![address.to_owned()] }
    }

    #[test]
    fn an_interface_of_a_vpn_counts_when_it_has_an_address() {
        for (name, address, expected) in [
            ("tun0", "10.8.0.2/24", true),
            ("utun3", "fe80::1/64", false),
            ("utun4", "10.8.0.2/32", true),
            ("Corporate VPN", "10.8.0.2/32", true),
            ("eth0", "10.0.0.2/24", false),
            ("tunnelbear-is-a-word", "10.0.0.2/24", false),
        ] {
            assert_eq!(looks_like_a_vpn(&interface(name, address)), expected, "{name}");
        }
    }

    #[test]
    fn no_way_out_is_a_problem_only_where_something_was_not_reached() {
        let report = SystemReport {
            gateways: Some(Vec::new()),
            name_servers: vec![([127, 0, 0, 1], 53).into()],
            ..SystemReport::default()
        };
        let with = |failure: Option<Failure>| {
            let mut target = TargetReport::new(Target::parse("https://10.0.0.9").expect("a target"));
            let attempt = Attempt { address: [10, 0, 0, 9].into(), duration_us: 1, failure };
            target.tcp = Some(TcpReport { port: 443, attempts: vec![attempt], browser: None, left_out: 0 });
            findings(&report, &[target])[0].severity
        };
        assert_eq!(with(None), Severity::Notice);
        assert_eq!(with(Some(Failure::new(FailureKind::NetworkUnreachable, "no"))), Severity::Problem);
        let known = SystemReport { gateways: None, ..report };
        assert_eq!(findings(&known, &[]), []);
    }

    #[test]
    fn a_machine_that_tells_nothing_gives_gaps_and_no_alarm() {
        let report = SystemReport { gaps: vec!["name servers: not read".to_owned()], ..SystemReport::default() };
        assert_eq!(findings(&report, &[]), []);
    }

    #[test]
    fn this_machine_can_be_read() {
        let report = read(&network::resolvers(), &network::proxies());
        assert!(report.interfaces.len() <= MOST);
    }
}
