//! What the answers say.

use std::net::IpAddr;

use super::exchange::{Exchange, Stage};
use super::{Fetch, HttpReport, ProxiedFetch};
use crate::probe::failure::FailureKind;
use crate::probe::finding::{Finding, Sureness};
use crate::probe::target::{Host, Target};

/// A first byte that comes later makes people believe that nothing comes.
const SLOW_US: u64 = 1_500_000;
/// Clocks further apart break logins (Kerberos and many tokens allow five minutes) and make logs hard to match.
pub const CLOCK_OFF_S: u64 = 120;

/// What the report says about `target`.
#[must_use]
pub fn findings(target: &Target, report: &HttpReport) -> Vec<Finding> {
    let name = target.host.to_string();
    let direct = report.direct.as_ref().map(|fetch| of_fetch(target, &name, "http.direct", fetch)).unwrap_or_default();
    let Some(proxied) = &report.proxied else { return direct };
    let direct_works = report.direct.as_ref().is_some_and(Fetch::is_answered);
    let proxied_works = proxied.fetch.as_ref().is_some_and(Fetch::is_answered);
    let mut findings = match (direct_works, proxied_works) {
        (true, true) => {
            let says = format!("{name} answers directly and through the proxy {}", proxied.proxy);
            vec![with_proxy(Finding::fine("http.proxy-works", says), proxied)]
        }
        (false, true) => {
            let says = format!(
                "{name} is only reached through the proxy {}: a program that does not use it cannot reach {name}",
                proxied.proxy
            );
            vec![with_proxy(Finding::notice("http.proxy-required", Sureness::Certain, says), proxied)]
        }
        (_, false) => vec![proxy_fails(&name, proxied, direct_works)],
    };
    if proxied_works && !direct_works {
        // What comes through the proxy is what programs see.
        findings.extend(
            proxied.fetch.as_ref().map(|f| of_fetch(target, &name, "http.proxied.fetch", f)).unwrap_or_default(),
        );
    } else {
        findings.extend(direct);
    }
    findings
}

fn with_proxy(finding: Finding, proxied: &ProxiedFetch) -> Finding {
    let status = proxied.fetch.as_ref().and_then(|fetch| fetch.last()?.status.or(fetch.last()?.proxy_status));
    let finding = finding.because("http.proxied.proxy", format!("{} ({})", proxied.proxy, proxied.source));
    match status {
        Some(status) => finding.because("http.proxied.fetch.status", status),
        None => finding,
    }
}

fn proxy_fails(name: &str, proxied: &ProxiedFetch, direct_works: bool) -> Finding {
    let last = proxied.fetch.as_ref().and_then(Fetch::last);
    if last.and_then(|last| last.proxy_status) == Some(407) {
        let says = format!("the proxy {} wants a login, which this program does not send", proxied.proxy);
        return with_proxy(Finding::notice("http.proxy-wants-login", Sureness::Certain, says), proxied);
    }
    let why = proxied.failure.clone().or_else(|| last?.failure.as_ref().map(ToString::to_string));
    let why = why.unwrap_or_else(|| "no answer".to_owned());
    let other = if direct_works { "; without it the server answers" } else { "" };
    let says = format!(
        "the proxy {} that this machine is set to use ({}) does not lead to {name}: {why}{other}",
        proxied.proxy, proxied.source
    );
    with_proxy(Finding::problem("http.proxy-fails", Sureness::Certain, says), proxied)
        .because("http.proxied.failure", why)
}

fn of_fetch(target: &Target, name: &str, field: &str, fetch: &Fetch) -> Vec<Finding> {
    let Some(last) = fetch.last() else { return Vec::new() };
    let field = format!("{field}.exchanges[{}]", fetch.exchanges.len() - 1);
    let mut findings = Vec::new();
    if let Some(finding) = portal(target, name, fetch, last, &field) {
        findings.push(finding);
    } else if last.failure.is_some() {
        findings.extend(failure(name, last, &field));
    } else if fetch.redirects_on_and_on {
        let says = format!("{name} redirects on and on, {} times so far", fetch.exchanges.len());
        let finding = Finding::problem("http.redirect-loop", Sureness::Likely, says);
        findings.push(finding.because("http.exchanges", fetch.exchanges.len()));
    } else if let Some(finding) = status(name, fetch, last, &field) {
        findings.push(finding);
    }
    if let Some(first_byte) = last.first_byte_us.zip(last.sent_us).map(|(first, sent)| first - sent)
        && first_byte >= SLOW_US
    {
        let says =
            format!("{name} took {}.{} s to begin its answer", first_byte / 1_000_000, first_byte / 100_000 % 10);
        let finding = Finding::notice("http.slow", Sureness::Certain, says);
        findings.push(finding.because(format!("{field}.first_byte_us"), last.first_byte_us.unwrap_or_default()));
    }
    findings.extend(clock(name, last, &field));
    findings
}

/// A page that stands between a guest and the network.
fn portal(target: &Target, name: &str, fetch: &Fetch, last: &Exchange, field: &str) -> Option<Finding> {
    let first = fetch.exchanges.first()?;
    let says = |what: &str| format!("a login page of the network stands before {name}: {what}");
    if last.status == Some(511) {
        let finding = Finding::problem("http.captive-portal", Sureness::Certain, says("it answers 511"));
        return Some(finding.because(format!("{field}.status"), 511));
    }
    if last.portal_mark {
        let finding =
            Finding::problem("http.captive-portal", Sureness::Certain, says("its page carries the mark of one"));
        return Some(finding.because(format!("{field}.portal_mark"), true));
    }
    // Only what is asked for in the clear can be answered by somebody else. A public name that sends to a private address
    // is not the doing of its owner.
    let elsewhere = fetch.sends_elsewhere.as_ref()?;
    let to = Target::parse(elsewhere).ok()?;
    let Host::Address(to) = to.host else { return None };
    let asked_in_the_clear = target.scheme == super::Scheme::Http && first.tls_us.is_none();
    let asked_a_name = matches!(&target.host, Host::Name(_)) && !is_private(first.address);
    if asked_in_the_clear && asked_a_name && is_private(to) {
        let finding = Finding::problem("http.captive-portal", Sureness::Likely, says(&format!("it sends to {to}")));
        return Some(finding.because("http.sends_elsewhere", elsewhere));
    }
    None
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    }
}

fn failure(name: &str, last: &Exchange, field: &str) -> Option<Finding> {
    let (failure, stage) = (last.failure.as_ref()?, last.stage?);
    let (code, says) = match (stage, failure.kind) {
        // Told by the reports of connections and of TLS.
        (Stage::Connect | Stage::Tls, _) => return None,
        (Stage::Body, FailureKind::Timeout) => (
            "http.stalls",
            format!(
                "the answer of {name} stops after {} bytes of its body: large packets may get lost on the way",
                last.body_bytes
            ),
        ),
        (Stage::Body, _) => (
            "http.cut-short",
            format!(
                "the answer of {name} is cut short: {} bytes of its body came{}",
                last.body_bytes,
                last.content_length.map(|length| format!(" of {length}")).unwrap_or_default()
            ),
        ),
        (Stage::Head, FailureKind::Timeout) => {
            ("http.no-answer", format!("{name} takes the connection and the request and then does not answer"))
        }
        (Stage::Head, FailureKind::Malformed) => ("http.not-http", format!("what {name} answers is not HTTP")),
        (_, FailureKind::Reset | FailureKind::Closed) => {
            ("http.reset", format!("{name}, or something on the way, ends the connection instead of an answer"))
        }
        _ => ("http.fails", format!("the request to {name} fails: {failure}")),
    };
    let finding = Finding::problem(code, Sureness::Certain, says)
        .because(format!("{field}.failure"), &failure.detail)
        .because(format!("{field}.body_bytes"), last.body_bytes);
    Some(match last.first_byte_us {
        Some(first) => finding.because(format!("{field}.first_byte_us"), first),
        None => finding,
    })
}

fn status(name: &str, fetch: &Fetch, last: &Exchange, field: &str) -> Option<Finding> {
    let status = last.status?;
    let finding = match status {
        200..=299 => Finding::fine("http.answers", format!("{name} answers {status}")),
        300..=399 => match &fetch.sends_elsewhere {
            Some(to) => {
                let says = format!("{name} sends to {to}, which was not named and so not asked");
                Finding::notice("http.sends-elsewhere", Sureness::Certain, says).because("http.sends_elsewhere", to)
            }
            None => Finding::fine("http.answers", format!("{name} answers {status}")),
        },
        401 | 403 => {
            let says = format!("{name} answers {status}: it wants to know who asks");
            Finding::notice("http.wants-login", Sureness::Certain, says)
        }
        429 => {
            let says = format!("{name} answers 429: it was asked too often from here");
            Finding::notice("http.asked-too-often", Sureness::Certain, says)
        }
        400..=499 => {
            let says = format!("{name} answers {status}: it takes the fault to be with the request");
            Finding::notice("http.client-error", Sureness::Certain, says)
        }
        502..=504 => {
            let says =
                format!("{name} answers {status}: what stands in front works, and the server behind it does not");
            Finding::problem("http.server-error", Sureness::Certain, says)
        }
        500..=599 => {
            let says = format!("{name} answers {status}: the server failed");
            Finding::problem("http.server-error", Sureness::Certain, says)
        }
        _ => Finding::notice("http.odd-status", Sureness::Certain, format!("{name} answers {status}")),
    };
    Some(finding.because(format!("{field}.status"), status))
}

/// The server's clock and this machine's are far apart. One of them is wrong; more often it is this one.
fn clock(name: &str, last: &Exchange, field: &str) -> Option<Finding> {
    let difference = last.clock_difference_s?;
    let far = difference.unsigned_abs();
    if far < CLOCK_OFF_S {
        return None;
    }
    let way = if difference > 0 { "ahead of" } else { "behind" };
    let says = format!("the clock of this machine is {} {way} that of {name}", length(far));
    Some(
        Finding::problem("clock.differs", Sureness::Likely, says)
            .because(format!("{field}.date"), last.date.map(|date| date.to_string()).unwrap_or_default())
            .because(format!("{field}.clock_difference_s"), difference),
    )
}

/// `5 min`, `90 s`, `3 h`, for people.
pub(in crate::probe) fn length(seconds: u64) -> String {
    match seconds {
        0..=179 => format!("{seconds} s"),
        180..=7199 => format!("{} min", (seconds + 30) / 60),
        7200..=172_799 => format!("{} h", (seconds + 1800) / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
