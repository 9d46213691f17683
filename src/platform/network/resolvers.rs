//! Which servers this machine asks for names, and how it completes short ones.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// The port of DNS.
const PORT: u16 = 53;
/// More servers than any system asks.
pub const MOST_SERVERS: usize = 8;
/// More search domains than glibc reads by its old limit.
const MOST_SEARCH_DOMAINS: usize = 6;

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it is named, such as `/etc/resolv.conf`.
    pub source: String,
    /// Whether every program asks it; otherwise it stands behind a program that chooses among several, by network or domain.
    pub asked_by_all: bool,
}

/// How names are looked up here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolvers {
    /// In the order in which they are asked.
    pub servers: Vec<NameServer>,
    /// Domains that are tried behind a short name.
    pub search: Vec<String>,
    /// A name with fewer dots is short; usually 1.
    pub ndots: Option<u8>,
    /// What could not be read, each with its reason.
    pub gaps: Vec<String>,
}

impl Resolvers {
    /// Adds a server that is not there yet. `scope` finds the number of an interface's name, for link-local addresses.
    pub(super) fn add(&mut self, text: &str, source: &str, asked_by_all: bool, scope: impl Fn(&str) -> Option<u32>) {
        let (text, interface) = text.split_once('%').map_or((text, None), |(text, name)| (text, Some(name)));
        let address = match (text.parse(), interface) {
            (Ok(IpAddr::V6(address)), Some(name)) => match name.parse().ok().or_else(|| scope(name)) {
                Some(scope) => SocketAddrV6::new(address, PORT, 0, scope).into(),
                None => return self.gaps.push(format!("name server {text}: its interface is not known")),
            },
            (Ok(address), _) => SocketAddr::new(address, PORT),
            (Err(_), _) => return self.gaps.push(format!("a name server in {source} is no address")),
        };
        if self.servers.len() < MOST_SERVERS && !self.servers.iter().any(|server| server.address == address) {
            self.servers.push(NameServer { address, source: source.to_owned(), asked_by_all });
        }
    }

    /// Adds a domain that is not there yet.
    pub(super) fn add_search(&mut self, domain: &str) {
        let domain = domain.trim_matches('.').to_ascii_lowercase();
        if !domain.is_empty() && self.search.len() < MOST_SEARCH_DOMAINS && !self.search.contains(&domain) {
            self.search.push(domain);
        }
    }

    /// Whether names go to a program on this machine first.
    #[must_use]
    pub fn has_a_stub(&self) -> bool {
        self.servers.iter().any(|server| server.asked_by_all && server.address.ip().is_loopback())
    }

    /// Reads `resolv.conf` (resolv.conf(5)): `search` and `domain` replace each other, the last one holds.
    #[cfg(any(unix, test))]
    pub(super) fn read_conf(
        &mut self,
        text: &str,
        source: &str,
        asked_by_all: bool,
        scope: impl Fn(&str) -> Option<u32>,
    ) {
        for line in text.lines() {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    if let Some(word) = words.next() {
                        self.add(word, source, asked_by_all, &scope);
                    }
                }
                Some("search" | "domain") => {
                    self.search.clear();
                    words.for_each(|domain| self.add_search(domain));
                }
                Some("options") => {
                    let ndots = words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok()).next_back();
                    self.ndots = ndots.or(self.ndots);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_keep_their_order_and_link_local_ones_their_interface() {
        let mut resolvers = Resolvers::default();
        let text = "nameserver 127.0.0.53\nnameserver fe80::1%eth0\nnameserver fe80::2%wlan0\nnameserver rubbish\n\
                    nameserver 127.0.0.53\ndomain old.example\nsearch corp.example. LAB.example\noptions edns0 ndots:5\n";
        resolvers.read_conf(text, "conf", true, |name| (name == "eth0").then_some(3));
        let servers: Vec<String> = resolvers.servers.iter().map(|server| server.address.to_string()).collect();
        assert_eq!(servers, ["127.0.0.53:53", "[fe80::1%3]:53"]);
        assert_eq!(resolvers.search, ["corp.example", "lab.example"]);
        assert_eq!((resolvers.ndots, resolvers.gaps.len(), resolvers.has_a_stub()), (Some(5), 2, true));
    }
}
