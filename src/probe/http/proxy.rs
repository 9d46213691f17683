//! Which proxy a program on this machine would use for a target.

use std::net::IpAddr;

use crate::platform::network::proxies::{Proxies, ProxyScope};
use crate::probe::target::{Host, Scheme, Target};

/// A proxy that is to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Where it listens.
    pub target: Target,
    /// Where it is set.
    pub source: String,
}

/// The proxy for `target`: none where none is set, or the target is reached without.
///
/// Only proxies that are spoken to by HTTP in the clear are used, which nearly all are; SOCKS is named and left alone.
#[must_use]
pub fn choose(proxies: &Proxies, target: &Target) -> Option<Proxy> {
    if !target.scheme.is_web() || proxies.bypass.iter().any(|entry| is_bypassed(entry, &target.host)) {
        return None;
    }
    let wanted = if target.scheme == Scheme::Https { ProxyScope::Https } else { ProxyScope::Http };
    let fits = |scope| scope == wanted || scope == ProxyScope::All;
    let setting = proxies.settings.iter().find(|setting| fits(setting.scope))?;
    let target = Target::parse(&setting.proxy).ok().filter(|target| target.scheme == Scheme::Http)?;
    Some(Proxy { target, source: setting.source.clone() })
}

/// Whether an entry of `NO_PROXY` or of a system's list means `host`. As programs do it: a name means its subdomains too.
fn is_bypassed(entry: &str, host: &Host) -> bool {
    let one_colon = entry.matches(':').count() == 1;
    let entry = entry.split_once(':').filter(|_| one_colon).map_or(entry, |(host, _)| host);
    if entry == "*" {
        return true;
    }
    match host {
        Host::Address(address) => is_within(entry, *address),
        // Windows: names without a dot.
        Host::Name(name) if entry == "<local>" => !name.contains('.'),
        Host::Name(name) => {
            let entry = entry.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.');
            !entry.is_empty() && (name == entry || name.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.')))
        }
    }
}

/// `10.0.0.1` and `10.0.0.0/8`.
fn is_within(entry: &str, address: IpAddr) -> bool {
    let (network, bits) =
        entry.split_once('/').map_or((entry, None), |(network, bits)| (network, bits.parse::<u32>().ok()));
    let wide = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let Ok(network) = network.trim_matches(['[', ']']).parse::<IpAddr>() else { return false };
    let ((one, width), (other, _)) = (wide(network), wide(address));
    let bits = bits.unwrap_or(width).min(width);
    network.is_ipv4() == address.is_ipv4() && (one ^ other).checked_shr(128 - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::network::proxies::ProxySetting;

    fn chosen(target: &str, bypass: &[&str]) -> Option<String> {
        let setting = |source: &str, scope, proxy: &str| ProxySetting {
            source: source.to_owned(),
            scope,
            proxy: proxy.to_owned(),
            has_login: false,
        };
        let proxies = Proxies {
            settings: vec![
                setting("https_proxy", ProxyScope::Https, "http://secure.example:3128"),
                setting("all_proxy", ProxyScope::All, "http://all.example:8080"),
            ],
            bypass: bypass.iter().map(|entry| (*entry).to_owned()).collect(),
            ..Proxies::default()
        };
        choose(&proxies, &Target::parse(target).expect("a target")).map(|proxy| proxy.source)
    }

    #[test]
    fn the_proxy_is_the_one_that_programs_would_use() {
        assert_eq!(chosen("https://shop.example", &[]).as_deref(), Some("https_proxy"));
        assert_eq!(chosen("http://shop.example", &[]).as_deref(), Some("all_proxy"));
        assert_eq!(chosen("tcp://shop.example:22", &[]), None);
    }

    #[test]
    fn hosts_that_are_reached_without_are_left_alone() {
        for (target, entry, without) in [
            ("https://shop.example", "shop.example", true),
            ("https://a.shop.example", ".shop.example", true),
            ("https://a.shop.example", "*.shop.example", true),
            ("https://workshop.example", "shop.example", false),
            ("https://shop.example", "*", true),
            ("https://intranet", "<local>", true),
            ("https://shop.example", "<local>", false),
            ("https://10.1.2.3", "10.0.0.0/8", true),
            ("https://11.1.2.3", "10.0.0.0/8", false),
            ("https://[2001:db8::1]", "2001:db8::/32", true),
            ("https://10.1.2.3", "0.0.0.0/0", true),
            ("https://10.1.2.3", "10.1.2.3", true),
        ] {
            assert_eq!(chosen(target, &[entry]).is_none(), without, "{target} {entry}");
        }
    }
}
