//! A system that nobody has looked at yet: it says so.

use super::proxies::Proxies;
use super::resolvers::Resolvers;
use super::surroundings::{Gateway, Listener};

/// The name servers.
pub fn resolvers() -> Resolvers {
    Resolvers { gaps: vec!["name servers: not read on this system".to_owned()], ..Resolvers::default() }
}

/// Settings outside of the environment.
pub fn add_proxies(proxies: &mut Proxies) {
    proxies.gaps.push("proxies: only those of the environment are read on this system".to_owned());
}

/// The ways out.
pub fn gateways() -> Result<Vec<Gateway>, String> {
    Err("routes: not read on this system".to_owned())
}

/// Ports of this user's programs.
pub fn listeners() -> Result<Vec<Listener>, String> {
    Err("listening ports: not read on this system".to_owned())
}
