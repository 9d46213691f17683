//! Connections: every address of the target is tried for itself, so that a dead one shows although another one works, and
//! what a browser would make of it is worked out (RFC 8305, "happy eyeballs").

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::failure::{Failure, FailureKind, micros};
use super::finding::{Finding, Sureness};

/// How long one address may take. Systems repeat a lost first packet after 1 and 3 seconds.
const CONNECT: Duration = Duration::from_secs(4);
/// The most addresses of a target that are tried, each at once.
pub const MOST_ADDRESSES: usize = 8;
/// How long a browser waits before it tries the next address beside the first (RFC 8305, section 8).
const HEAD_START_US: u64 = 250_000;

/// What the addresses of a target say to a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TcpReport {
    /// The port.
    pub port: u16,
    /// One an address, in the order in which the system lists them.
    pub attempts: Vec<Attempt>,
    /// What a browser would end up with; none if no address takes connections.
    pub browser: Option<Winner>,
    /// Addresses that were left out, because there are too many.
    pub left_out: usize,
}

/// One connection, closed again at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attempt {
    /// The address.
    #[cfg_attr(test, schemars(with = "String"))]
    pub address: IpAddr,
    /// How long it took to connect, or to fail.
    pub duration_us: u64,
    /// Why there was no connection.
    pub failure: Option<Failure>,
}

/// The address that wins when both families are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Winner {
    /// The address.
    #[cfg_attr(test, schemars(with = "String"))]
    pub address: IpAddr,
    /// After how long it is connected, with the head start of the addresses before it.
    pub after_us: u64,
}

impl TcpReport {
    /// An address that takes connections.
    #[must_use]
    pub fn usable(&self) -> Option<IpAddr> {
        self.browser.map(|winner| winner.address)
    }
}

/// Connects to `port` of all `addresses` at once, until `until` at the latest.
#[must_use]
pub fn probe(addresses: &[IpAddr], port: u16, until: Instant) -> TcpReport {
    let tried = &addresses[..addresses.len().min(MOST_ADDRESSES)];
    let attempts: Vec<Attempt> = thread::scope(|scope| {
        let running: Vec<_> = tried.iter().map(|ip| (*ip, scope.spawn(move || attempt(*ip, port, until)))).collect();
        running
            .into_iter()
            .map(|(address, thread)| {
                let (duration, failure) = thread.join().unwrap_or((Duration::ZERO, Some(Failure::timeout())));
                Attempt { address, duration_us: micros(duration), failure }
            })
            .collect()
    });
    TcpReport { port, browser: winner(&attempts), attempts, left_out: addresses.len() - tried.len() }
}

fn attempt(address: IpAddr, port: u16, until: Instant) -> (Duration, Option<Failure>) {
    let began = Instant::now();
    let failure = connect(SocketAddr::new(address, port), until.min(began + CONNECT)).err();
    (began.elapsed(), failure)
}

/// Connects until `until` at the latest.
pub(super) fn connect(address: SocketAddr, until: Instant) -> Result<TcpStream, Failure> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Failure::timeout());
    }
    let stream = TcpStream::connect_timeout(&address, left).map_err(|e| Failure::of(&e))?;
    let _ = stream.set_nodelay(true); // only a matter of milliseconds
    Ok(stream)
}

/// Families take turns, the first address's first; each next one begins when the one before has failed or has had its head
/// start.
fn winner(attempts: &[Attempt]) -> Option<Winner> {
    let first_is_v6 = attempts.first()?.address.is_ipv6();
    let (mut one, mut other): (Vec<&Attempt>, Vec<&Attempt>) =
        attempts.iter().partition(|attempt| attempt.address.is_ipv6() == first_is_v6);
    one.reverse();
    other.reverse();
    let (mut begins, mut best) = (0, None::<Winner>);
    while let Some(attempt) = one.pop() {
        let after_us = begins + attempt.duration_us;
        if attempt.failure.is_none() && best.is_none_or(|best| after_us < best.after_us) {
            best = Some(Winner { address: attempt.address, after_us });
        }
        if best.is_some_and(|best| best.after_us <= begins + HEAD_START_US) {
            break;
        }
        begins += if attempt.failure.is_some() { attempt.duration_us.min(HEAD_START_US) } else { HEAD_START_US };
        if !other.is_empty() {
            std::mem::swap(&mut one, &mut other);
        }
    }
    best
}

/// What the attempts say about `name`.
#[must_use]
pub fn findings(name: &str, report: &TcpReport) -> Vec<Finding> {
    let port = report.port;
    let with = |mut finding: Finding, wanted: &dyn Fn(&Attempt) -> bool| {
        for (n, attempt) in report.attempts.iter().enumerate().filter(|(_, attempt)| wanted(attempt)) {
            let what = attempt.failure.as_ref().map_or_else(
                || format!("connected in {} ms", attempt.duration_us / 1000),
                |failure| format!("{failure} after {} ms", attempt.duration_us / 1000),
            );
            finding = finding.because(format!("tcp.attempts[{n}]"), format!("{}: {what}", attempt.address));
        }
        finding
    };
    let works = |attempt: &Attempt| attempt.failure.is_none();
    if report.attempts.is_empty() {
        return Vec::new(); // without an address there is nothing to say about connections
    }
    if !report.attempts.iter().any(works) {
        return vec![with(nothing_works(name, port, &report.attempts), &|_| true)];
    }
    let mut findings = Vec::new();
    let mut told = Vec::new();
    for (v6, family, other) in [(true, "IPv6", "IPv4"), (false, "IPv4", "IPv6")] {
        let of_family: Vec<&Attempt> = report.attempts.iter().filter(|a| a.address.is_ipv6() == v6).collect();
        if of_family.is_empty() || of_family.iter().any(|attempt| works(attempt)) {
            continue;
        }
        told.extend(of_family.iter().map(|attempt| attempt.address));
        let none_here = of_family.iter().all(|attempt| is_not_here(attempt));
        let finding = if none_here {
            let says = format!("this machine has no {family}; {name} is reached over {other}");
            Finding::notice(if v6 { "tcp.no-ipv6-here" } else { "tcp.no-ipv4-here" }, Sureness::Certain, says)
        } else {
            let says = format!(
                "{name} does not take connections over {family} (port {port}), while {other} works: programs that try {family} first wait or fail"
            );
            Finding::problem(if v6 { "tcp.ipv6-broken" } else { "tcp.ipv4-broken" }, Sureness::Certain, says)
        };
        findings.push(with(finding, &|_| true));
    }
    let dead: Vec<IpAddr> = report
        .attempts
        .iter()
        .filter(|attempt| !works(attempt) && !told.contains(&attempt.address))
        .map(|attempt| attempt.address)
        .collect();
    if !dead.is_empty() {
        let which = dead.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let says = format!("of the addresses of {name}, {which} takes no connection on port {port}; others do");
        let finding = Finding::problem("tcp.address-dead", Sureness::Certain, says);
        findings.push(with(finding, &|_| true));
    }
    let fine = Finding::fine("tcp.connects", format!("{name} takes connections on port {port}"));
    findings.push(with(fine, &works));
    findings
}

fn is_not_here(attempt: &Attempt) -> bool {
    attempt.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::NetworkUnreachable)
}

fn nothing_works(name: &str, port: u16, attempts: &[Attempt]) -> Finding {
    let all = |kind| attempts.iter().all(|attempt| attempt.failure.as_ref().is_some_and(|f| f.kind == kind));
    let any = |kind| attempts.iter().any(|attempt| attempt.failure.as_ref().is_some_and(|f| f.kind == kind));
    let (code, sure, says) = if all(FailureKind::NetworkUnreachable) {
        let says = format!("this machine has no route to {name}: it is not connected to a network that leads there");
        ("tcp.no-route", Sureness::Certain, says)
    } else if any(FailureKind::Refused) {
        let says =
            format!("{name} refuses connections on port {port}: nothing listens there, or a firewall answers for it");
        ("tcp.refused", Sureness::Certain, says)
    } else if any(FailureKind::Forbidden) {
        let says = format!("this system does not allow connections to {name}: a firewall on this machine");
        ("tcp.forbidden", Sureness::Likely, says)
    } else if any(FailureKind::HostUnreachable) {
        let says = format!("a router on the way says that {name} cannot be reached");
        ("tcp.unreachable", Sureness::Certain, says)
    } else if any(FailureKind::Timeout) {
        let says = format!(
            "{name} does not answer on port {port}: it is down, or something on the way drops the packets without a word"
        );
        ("tcp.no-answer", Sureness::Certain, says)
    } else {
        ("tcp.fails", Sureness::Certain, format!("no connection to {name} on port {port}"))
    };
    Finding::problem(code, sure, says)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::probe::finding::Severity;

    fn attempt(address: &str, ms: u64, failure: Option<FailureKind>) -> Attempt {
        Attempt {
            address: address.parse().expect("an address"),
            duration_us: ms * 1000,
            failure: failure.map(|kind| Failure::new(kind, "words")),
        }
    }

    fn report(attempts: Vec<Attempt>) -> TcpReport {
        TcpReport { port: 443, browser: winner(&attempts), attempts, left_out: 0 }
    }

    fn codes(attempts: Vec<Attempt>, severity: Severity) -> Vec<&'static str> {
        let found = findings("shop.example", &report(attempts));
        assert!(found.iter().all(|finding| !finding.evidence.is_empty()), "{found:#?}");
        found.iter().filter(|finding| finding.severity == severity).map(|finding| finding.code).collect()
    }

    const V6: &str = "2001:db8::1";
    const V4: &str = "192.0.2.1";

    #[test]
    fn a_dead_first_address_costs_a_browser_its_head_start_only() {
        let found = winner(&[attempt(V6, 4000, Some(FailureKind::Timeout)), attempt(V4, 40, None)]).expect("one works");
        assert_eq!((found.address.to_string(), found.after_us), (V4.to_owned(), 290_000));
        let found = winner(&[attempt(V6, 1, Some(FailureKind::Refused)), attempt(V4, 40, None)]).expect("one works");
        assert_eq!(found.after_us, 41_000);
        let found = winner(&[attempt(V6, 400, None), attempt(V4, 40, None)]).expect("both work");
        assert_eq!((found.address.to_string(), found.after_us), (V4.to_owned(), 290_000));
        let found = winner(&[attempt(V6, 200, None), attempt(V4, 40, None)]).expect("both work");
        assert_eq!(found.address.to_string(), V6);
        assert_eq!(winner(&[attempt(V6, 4000, Some(FailureKind::Timeout))]), None);
    }

    #[test]
    fn a_broken_family_is_a_problem_and_a_missing_one_is_not() {
        let broken = vec![attempt(V6, 4000, Some(FailureKind::Timeout)), attempt(V4, 40, None)];
        assert_eq!(codes(broken, Severity::Problem), ["tcp.ipv6-broken"]);
        let missing = vec![attempt(V6, 0, Some(FailureKind::NetworkUnreachable)), attempt(V4, 40, None)];
        assert_eq!(codes(missing.clone(), Severity::Problem), [""; 0]);
        assert_eq!(codes(missing, Severity::Notice), ["tcp.no-ipv6-here"]);
        let one_dead = vec![attempt("192.0.2.9", 4000, Some(FailureKind::Timeout)), attempt(V4, 40, None)];
        assert_eq!(codes(one_dead, Severity::Problem), ["tcp.address-dead"]);
        assert_eq!(codes(vec![attempt(V6, 40, None), attempt(V4, 40, None)], Severity::Problem), [""; 0]);
    }

    #[test]
    fn what_every_address_says_is_named() {
        for (kind, code) in [
            (FailureKind::NetworkUnreachable, "tcp.no-route"),
            (FailureKind::Refused, "tcp.refused"),
            (FailureKind::Timeout, "tcp.no-answer"),
            (FailureKind::HostUnreachable, "tcp.unreachable"),
            (FailureKind::Forbidden, "tcp.forbidden"),
            (FailureKind::Other, "tcp.fails"),
        ] {
            assert_eq!(codes(vec![attempt(V4, 5, Some(kind))], Severity::Problem), [code]);
        }
        assert_eq!(findings("shop.example", &report(Vec::new())), []);
    }

    #[test]
    fn a_server_on_this_machine_takes_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let port = listener.local_addr().expect("bound").port();
        let found = probe(&["127.0.0.1".parse().expect("loopback")], port, Instant::now() + Duration::from_secs(30));
        assert_eq!(found.usable().map(|ip| ip.to_string()), Some("127.0.0.1".to_owned()));
        drop(listener);
    }
}
