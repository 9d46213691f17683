//! What macOS's `scutil --dns`, `scutil --proxy` and `route -n get` print. On macOS `resolv.conf` is a copy for old
//! programs; these tell what is used.

use super::proxies::{Proxies, ProxyScope};
use super::resolvers::Resolvers;
use super::surroundings::Gateway;

/// Reads `scutil --dns`. The first resolver is asked by all; those behind it are for single domains or interfaces.
pub fn read_dns(resolvers: &mut Resolvers, printed: &str, scope: impl Fn(&str) -> Option<u32>) {
    let (mut number, mut is_for_one_domain) = (0, false);
    for line in printed.lines() {
        let line = line.trim();
        if line.starts_with("resolver #") {
            (number, is_for_one_domain) = (number + 1, false);
        }
        let Some((key, value)) = line.split_once(" : ") else { continue };
        let key = key.trim();
        if key == "domain" {
            is_for_one_domain = true;
        } else if key.starts_with("nameserver[") {
            let asked_by_all = number == 1 && !is_for_one_domain;
            resolvers.add(value.trim(), "scutil --dns", asked_by_all, &scope);
        } else if key.starts_with("search domain[") && number == 1 {
            resolvers.add_search(value.trim());
        }
    }
}

/// Reads `scutil --proxy`.
pub fn read_proxies(proxies: &mut Proxies, printed: &str) {
    let value = |wanted: &str| {
        let lines = printed.lines().filter_map(|line| line.split_once(" : "));
        lines.filter(|(key, _)| key.trim() == wanted).map(|(_, value)| value.trim()).next().unwrap_or_default()
    };
    for (name, scope) in [("HTTPS", ProxyScope::Https), ("HTTP", ProxyScope::Http), ("SOCKS", ProxyScope::All)] {
        if value(&format!("{name}Enable")) == "1" {
            let scheme = if name == "SOCKS" { "socks" } else { "http" };
            let (host, port) = (value(&format!("{name}Proxy")), value(&format!("{name}Port")));
            proxies.add("system settings", scope, &format!("{scheme}://{host}:{port}"));
        }
    }
    if value("ProxyAutoConfigEnable") == "1" {
        proxies.add_script(value("ProxyAutoConfigURLString"));
    }
    proxies.looks_for_script |= value("ProxyAutoDiscoveryEnable") == "1";
    let exceptions = printed.split_once("ExceptionsList : <array> {").map(|(_, rest)| rest);
    let exceptions = exceptions.and_then(|rest| rest.split('}').next()).unwrap_or_default();
    for line in exceptions.lines() {
        if let Some((_, host)) = line.split_once(" : ") {
            proxies.add_bypass(host.trim());
        }
    }
}

/// Reads `route -n get default`.
pub fn read_route(printed: &str, is_v6: bool) -> Option<Gateway> {
    let value = |wanted: &str| {
        let lines = printed.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.trim() == wanted).map(|(_, value)| value.trim()).next()
    };
    let router = value("gateway").and_then(|text| text.split('%').next()?.parse().ok());
    Some(Gateway { is_v6, router, interface: value("interface")?.to_owned(), metric: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resolver_of_all_is_told_from_one_of_a_domain() {
        let printed = "DNS configuration\n\nresolver #1\n  search domain[0] : corp.example\n  nameserver[0] : 192.0.2.53\n\
                       \x20 if_index : 6 (en0)\n\nresolver #2\n  domain   : vpn.example\n  nameserver[0] : 10.1.1.1\n";
        let mut resolvers = Resolvers::default();
        read_dns(&mut resolvers, printed, |_| None);
        let found: Vec<_> = resolvers.servers.iter().map(|s| (s.address.ip().to_string(), s.asked_by_all)).collect();
        assert_eq!(found, [("192.0.2.53".to_owned(), true), ("10.1.1.1".to_owned(), false)]);
        assert_eq!(resolvers.search, ["corp.example"]);
    }

    #[test]
    fn proxies_are_read_where_they_are_switched_on() {
        let printed = "<dictionary> {\n  ExceptionsList : <array> {\n    0 : *.local\n    1 : 169.254/16\n  }\n  HTTPEnable : 0\n\
                       \x20 HTTPProxy : old.example\n  HTTPSEnable : 1\n  HTTPSPort : 3128\n  HTTPSProxy : proxy.example\n\
                       \x20 ProxyAutoConfigEnable : 1\n  ProxyAutoConfigURLString : http://w.example/p.pac\n}\n";
        let mut proxies = Proxies::default();
        read_proxies(&mut proxies, printed);
        assert_eq!(proxies.settings.len(), 1);
        assert_eq!(proxies.settings[0].proxy, "http://proxy.example:3128");
        assert_eq!((proxies.scripts.len(), proxies.bypass.len()), (1, 2));
    }

    #[test]
    fn the_way_out_is_read() {
        let printed = "   route to: default\ndestination: default\n    gateway: 192.0.2.1\n  interface: en0\n";
        let found = read_route(printed, false).expect("a way out");
        assert_eq!((found.router, found.interface.as_str()), (Some([192, 0, 2, 1].into()), "en0"));
        assert_eq!(read_route("route: writing to routing socket: not in table\n", true), None);
    }
}
