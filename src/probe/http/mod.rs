//! HTTP: what the server answers, how long each step takes, where it sends to; directly, and through the proxy that this
//! machine is set to use. Nothing secret is sent: no cookie, no login, no query.

pub mod exchange;
pub mod findings;
pub mod proxy;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use serde::Serialize;

use self::exchange::{Exchange, LIMIT, exchange};
use self::proxy::Proxy;
use super::dns::system::look_up;
use super::target::{Host, Scheme, Target};

/// How often a redirection is followed. Browsers follow 20; more than a few are a mistake.
const MOST_REDIRECTIONS: usize = 5;

/// What was learned about HTTP at one target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HttpReport {
    /// Without a proxy; none where no address takes connections.
    pub direct: Option<Fetch>,
    /// Through the proxy that this machine is set to use for the target.
    pub proxied: Option<ProxiedFetch>,
}

/// A request, and those that followed where its answer sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fetch {
    /// One after the other.
    pub exchanges: Vec<Exchange>,
    /// Where the last answer sends to, without a query, if it was not followed: another host was not named as a target.
    pub sends_elsewhere: Option<String>,
    /// Whether the redirections do not end.
    pub redirects_on_and_on: bool,
}

/// The same through a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProxiedFetch {
    /// The proxy, without a login.
    pub proxy: String,
    /// Where it is set.
    pub source: String,
    /// Why it could not be asked.
    pub failure: Option<String>,
    /// What came through it.
    pub fetch: Option<Fetch>,
}

impl Fetch {
    /// The last exchange.
    #[must_use]
    pub fn last(&self) -> Option<&Exchange> {
        self.exchanges.last()
    }

    /// Whether there was an answer, whatever it says.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.last().is_some_and(|last| last.status.is_some())
    }
}

/// Asks `target` at `address`, and through `proxy`, until `until` at the latest.
#[must_use]
pub fn probe(target: &Target, address: Option<IpAddr>, proxy: Option<&Proxy>, until: Instant) -> HttpReport {
    std::thread::scope(|scope| {
        let proxied = proxy.map(|proxy| scope.spawn(|| through(target, proxy, until)));
        let direct = address.map(|address| fetch(target, address, None, until));
        HttpReport { direct, proxied: proxied.and_then(|thread| thread.join().ok()) }
    })
}

fn through(target: &Target, proxy: &Proxy, until: Instant) -> ProxiedFetch {
    let mut report =
        ProxiedFetch { proxy: proxy.target.to_string(), source: proxy.source.clone(), failure: None, fetch: None };
    let address = match &proxy.target.host {
        Host::Address(address) => Some(*address),
        Host::Name(name) => {
            let answer = look_up(name, until);
            report.failure = answer.failure.map(|failure| format!("the name of the proxy has no address: {failure}"));
            answer.addresses.first().copied()
        }
    };
    report.fetch = address.map(|address| fetch(target, address, Some(proxy), until));
    report
}

fn fetch(target: &Target, address: IpAddr, proxy: Option<&Proxy>, until: Instant) -> Fetch {
    let mut fetch = Fetch { exchanges: Vec::new(), sends_elsewhere: None, redirects_on_and_on: false };
    let mut next = target.clone();
    loop {
        let port = proxy.map_or(next.port, |proxy| proxy.target.port);
        let one = exchange(&next, SocketAddr::new(address, port), proxy, until.min(Instant::now() + LIMIT));
        let redirects = one.status.is_some_and(|status| matches!(status, 301 | 302 | 303 | 307 | 308));
        let location = one.location.clone().filter(|_| redirects);
        fetch.exchanges.push(one);
        let Some(location) = location else { break };
        match following(&next, &location) {
            None => {
                fetch.sends_elsewhere = Some(location);
                break;
            }
            Some(to) => next = to,
        }
        if fetch.exchanges.len() > MOST_REDIRECTIONS {
            fetch.redirects_on_and_on = true;
            break;
        }
    }
    fetch
}

/// Where `location` leads to from `from`, if that is the same host.
fn following(from: &Target, location: &str) -> Option<Target> {
    let to = match location {
        _ if location.starts_with("//") => format!("{}:{location}", from.scheme.as_str()),
        _ if location.contains("://") => location.to_owned(),
        _ if location.starts_with('/') => format!("{}://{}{location}", from.scheme.as_str(), from.authority()),
        _ => {
            let folder = from.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{}://{}{folder}/{location}", from.scheme.as_str(), from.authority())
        }
    };
    Target::parse(&to).ok().filter(|to| to.host == from.host && matches!(to.scheme, Scheme::Http | Scheme::Https))
}
