//! `resolv.conf`: which servers the C library asks for names. On macOS it is a copy for old programs; scoped servers of
//! a VPN do not stand in it.

use serde_json::{Value, json};

/// What `resolv.conf` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resolver {
    /// Addresses, in the order in which they are asked. Texts, because a wrong one is worth seeing.
    pub(super) servers: Vec<String>,
    /// Domains that are tried behind a short name.
    pub(super) search: Vec<String>,
    /// Such as `ndots:5`.
    pub(super) options: Vec<String>,
}

impl Resolver {
    /// Reads the text as resolv.conf(5) has it: `search` and `domain` replace each other, the last one holds.
    pub(super) fn parse(text: &str) -> Self {
        let mut resolver = Self::default();
        for line in text.lines() {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            let mut words = line.split_whitespace().map(str::to_owned);
            match words.next().as_deref() {
                Some("nameserver") => resolver.servers.extend(words.next()),
                Some("search" | "domain") => resolver.search = words.collect(),
                Some("options") => resolver.options.extend(words),
                _ => {}
            }
        }
        resolver
    }

    /// Whether names go to a stub on this machine first, whose own servers stand elsewhere.
    #[cfg(any(target_os = "linux", test))]
    pub(super) fn is_stub(&self) -> bool {
        self.servers.iter().any(|server| server.starts_with("127.") || server == "::1")
    }

    /// For the bundle; `source` is the file that was read.
    pub(super) fn to_value(&self, source: &str) -> Value {
        json!({ "servers": self.servers, "search": self.search, "options": self.options, "source": source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_keep_their_order_and_the_last_search_list_holds() {
        let text = "# made by hand\nnameserver 127.0.0.53 # stub\nnameserver fe80::1%eth0\ndomain old.example\n\
                    search corp.example lab.example\noptions edns0 ndots:5\nnameserver\n\0garbage \u{202e}\n";
        let resolver = Resolver::parse(text);
        assert_eq!(resolver.servers, ["127.0.0.53", "fe80::1%eth0"]);
        assert_eq!(resolver.search, ["corp.example", "lab.example"]);
        assert_eq!(resolver.options, ["edns0", "ndots:5"]);
        assert!(resolver.is_stub());
        assert_eq!(Resolver::parse(""), Resolver::default());
    }
}
