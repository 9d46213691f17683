//! What the look-ups say. What applications see decides whether there is a problem; what the servers say explains it.

use std::net::IpAddr;

use super::{DnsReport, Lookup, ServerReport};
use crate::probe::failure::FailureKind;
use crate::probe::finding::{Finding, Sureness};

/// An answer that takes longer makes people wait at every first look-up. From there on it is said.
const SLOW_US: u64 = 1_000_000;

/// What one server says about a name, over both families and all spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// There are addresses.
    Addresses,
    /// The names lead in a circle.
    Loop,
    /// The name exists and has no address.
    NoAddress,
    /// The name does not exist.
    NoName,
    /// The server tried and failed.
    ServFail,
    /// The server does not want to.
    Refused,
    /// Another code.
    OtherCode,
    /// Packets came that were no answer to the question.
    NotOurs,
    /// The answer did not fit, and TCP brought none.
    NoTcp,
    /// Nothing came.
    Silent,
    /// Nothing listens there, or there is no way to it.
    Unreachable,
}

impl Verdict {
    fn of(server: &ServerReport) -> Self {
        server.lookups.iter().map(Self::of_lookup).min().unwrap_or(Self::Silent)
    }

    fn of_lookup(lookup: &Lookup) -> Self {
        if let Some(failure) = &lookup.failure {
            return match failure.kind {
                _ if lookup.truncated => Self::NoTcp,
                FailureKind::Timeout if lookup.not_ours > 0 => Self::NotOurs,
                FailureKind::Timeout => Self::Silent,
                _ => Self::Unreachable,
            };
        }
        match lookup.rcode.as_deref() {
            _ if lookup.alias_loop => Self::Loop,
            Some("NOERROR") if lookup.addresses.is_empty() => Self::NoAddress,
            Some("NOERROR") => Self::Addresses,
            Some("NXDOMAIN") => Self::NoName,
            Some("SERVFAIL") => Self::ServFail,
            Some("REFUSED") => Self::Refused,
            _ => Self::OtherCode,
        }
    }

    /// Whether the server knows and says so, rather than fails.
    fn is_an_answer(self) -> bool {
        matches!(self, Self::Addresses | Self::Loop | Self::NoAddress | Self::NoName)
    }

    fn code(self) -> &'static str {
        match self {
            Self::Addresses => "dns.answers",
            Self::Loop => "dns.alias-loop",
            Self::NoAddress => "dns.no-address",
            Self::NoName => "dns.no-such-name",
            Self::ServFail => "dns.server-failure",
            Self::Refused => "dns.refused",
            Self::OtherCode => "dns.error",
            Self::NotOurs => "dns.answers-do-not-match",
            Self::NoTcp => "dns.no-answer-over-tcp",
            Self::Silent => "dns.no-answer",
            Self::Unreachable => "dns.server-unreachable",
        }
    }

    /// What the server does about `name`, as the end of a sentence that begins with the server.
    fn says(self, name: &str) -> String {
        match self {
            Self::Addresses => format!("knows addresses of {name}"),
            Self::Loop => format!("says that {name} stands for a name that in the end stands for {name} again: a loop"),
            Self::NoAddress => format!("knows {name} but no address of it"),
            Self::NoName => format!("says that {name} does not exist (NXDOMAIN)"),
            Self::ServFail => format!("fails to look {name} up (SERVFAIL): its own question to another server failed"),
            Self::Refused => format!("refuses to look {name} up (REFUSED)"),
            Self::OtherCode => format!("answers the question for {name} with an error"),
            Self::NotOurs => {
                format!(
                    "sends packets that are no answer to the question for {name}: something on the way may forge or mangle them"
                )
            }
            Self::NoTcp => format!("has an answer for {name} that needs TCP, and TCP to it does not work"),
            Self::Silent => format!("does not answer the question for {name}"),
            Self::Unreachable => "cannot be reached".to_owned(),
        }
    }
}

/// What the look-ups of one name say.
#[must_use]
pub fn findings(report: &DnsReport) -> Vec<Finding> {
    let verdicts: Vec<Verdict> = report.servers.iter().map(Verdict::of).collect();
    let mut findings = Vec::new();
    let knows = verdicts.contains(&Verdict::Addresses);
    if report.system.addresses.is_empty() {
        findings.extend(nothing_for_applications(report, &verdicts, knows));
    } else {
        findings.push(
            Finding::fine("dns.resolves", format!("{} has an address for applications", report.name))
                .because("dns.system.addresses", list(&report.system.addresses)),
        );
        findings.extend(failing_servers(report, &verdicts));
        if !knows && verdicts.iter().any(|verdict| verdict.is_an_answer()) {
            findings.push(not_from_dns(report, &verdicts));
        }
    }
    findings.extend(disagreement(report, &verdicts));
    findings.extend(report.servers.iter().enumerate().flat_map(|(n, server)| oddities(report, n, server)));
    findings
}

/// Applications get no address: what the servers say is the reason.
fn nothing_for_applications(report: &DnsReport, verdicts: &[Verdict], knows: bool) -> Vec<Finding> {
    let name = &report.name;
    let system = report.system.failure.clone().unwrap_or_else(|| "no address".to_owned());
    if knows {
        let says =
            format!("applications on this machine get no address of {name}, although its name servers know some");
        let finding = Finding::problem("dns.system-resolver-fails", Sureness::Likely, says);
        return vec![with_servers(finding.because("dns.system.failure", system), report, verdicts)];
    }
    let Some(best) = verdicts.iter().min().copied() else {
        let says = format!("{name} has no address for applications on this machine");
        return vec![
            Finding::problem("dns.lookup-failed", Sureness::Certain, says).because("dns.system.failure", system),
        ];
    };
    let same = verdicts.iter().all(|verdict| *verdict == best);
    let sure = if same && best != Verdict::NotOurs { Sureness::Certain } else { Sureness::Likely };
    let who = servers_with(report, verdicts, best);
    let mut says = format!("the name server {who} {}", best.says(name));
    if !same && !best.is_an_answer() {
        says += "; the others fail in another way";
    }
    let finding = Finding::problem(best.code(), sure, says).because("dns.system.failure", system);
    vec![with_servers(finding, report, verdicts)]
}

/// Applications get addresses, and some server they may ask gives none.
fn failing_servers(report: &DnsReport, verdicts: &[Verdict]) -> Vec<Finding> {
    let failing = |(n, verdict): (usize, &Verdict)| {
        let server = &report.servers[n];
        if verdict.is_an_answer() {
            return None;
        }
        let mut says = format!("the name server {} {}", server.server.ip(), verdict.says(&report.name));
        if n == 0 && *verdict == Verdict::Silent {
            says += "; it is asked first, so every look-up may wait for it";
        }
        let finding = Finding::notice(verdict.code(), Sureness::Certain, says);
        Some(first_lookup(finding, n, server))
    };
    verdicts.iter().enumerate().filter_map(failing).collect()
}

/// The addresses come from elsewhere than the name servers.
fn not_from_dns(report: &DnsReport, verdicts: &[Verdict]) -> Finding {
    let says = format!(
        "applications get an address of {} that no name server of this machine knows: it comes from a hosts file, a VPN or another service",
        report.name
    );
    let finding = Finding::notice("dns.not-from-name-servers", Sureness::Likely, says)
        .because("dns.system.addresses", list(&report.system.addresses));
    with_servers(finding, report, verdicts)
}

/// Two servers know, and know different things.
fn disagreement(report: &DnsReport, verdicts: &[Verdict]) -> Option<Finding> {
    let knows = verdicts.iter().position(|verdict| *verdict == Verdict::Addresses)?;
    let denies = verdicts.iter().position(|verdict| verdict.is_an_answer() && *verdict != Verdict::Addresses)?;
    let (knowing, denying) = (&report.servers[knows], &report.servers[denies]);
    let says = format!(
        "name servers of this machine disagree: {} {}, {} {}",
        knowing.server.ip(),
        Verdict::Addresses.says(&report.name),
        denying.server.ip(),
        verdicts[denies].says(&report.name)
    );
    // A program that picks a server by network or domain may well know which one to ask.
    let finding = if knowing.asked_by_all && denying.asked_by_all {
        let says = says + "; which answer a program gets depends on which server it asks";
        Finding::problem("dns.servers-disagree", Sureness::Likely, says)
    } else {
        Finding::notice("dns.servers-disagree", Sureness::Possible, says)
    };
    Some(with_servers(finding, report, verdicts))
}

/// What is odd about one server's answers, whatever they say.
fn oddities(report: &DnsReport, n: usize, server: &ServerReport) -> Vec<Finding> {
    let ip = server.server.ip();
    let mut findings = Vec::new();
    let field = |i: usize, field: &str| format!("dns.servers[{n}].lookups[{i}].{field}");
    if let Some((i, lookup)) = slowest(server).filter(|(_, lookup)| lookup.duration_us >= SLOW_US) {
        let says = format!("the name server {ip} took {} to answer", seconds(lookup.duration_us));
        let finding = Finding::notice("dns.slow", Sureness::Certain, says);
        findings.push(finding.because(field(i, "duration_us"), lookup.duration_us));
    }
    let at = |wanted: fn(&Lookup) -> bool| server.lookups.iter().enumerate().find(|(_, lookup)| wanted(lookup));
    if let Some((i, lookup)) = at(|lookup| lookup.truncated && lookup.failure.is_none()) {
        let says =
            format!("the answer of {ip} for {} does not fit a packet and had to be fetched over TCP", lookup.name);
        let finding = Finding::notice("dns.truncated", Sureness::Certain, says);
        findings.push(finding.because(field(i, "truncated"), true).because(field(i, "over_tcp"), lookup.over_tcp));
    }
    if let Some((i, lookup)) = at(|lookup| lookup.not_ours > 0 && lookup.failure.is_none()) {
        let says = format!("beside its answer for {}, packets came from {ip} that answer no question", lookup.name);
        let finding = Finding::notice("dns.stray-packets", Sureness::Certain, says);
        findings.push(finding.because(field(i, "not_ours"), lookup.not_ours));
    }
    if let Some((i, _)) = at(|lookup| lookup.dnssec.is_some_and(|state| state.answers_only_unchecked)) {
        let says = format!(
            "{ip} has addresses of {} and holds them back: their DNSSEC signatures are wrong or out of date",
            report.name
        );
        let finding = Finding::problem("dns.dnssec-bogus", Sureness::Likely, says);
        findings.push(
            finding.because(field(i, "dnssec.answers_only_unchecked"), true).because(field(i, "rcode"), "SERVFAIL"),
        );
    }
    if let Some((i, _)) = at(|lookup| lookup.dnssec.is_some_and(|state| state.authenticated)) {
        let says = format!("{ip} has checked the DNSSEC signatures of {}", report.name);
        findings.push(Finding::fine("dns.dnssec-checked", says).because(field(i, "dnssec.authenticated"), true));
    }
    // One family fails although the other has addresses: programs that want both wait or give up.
    let family_fails = server.lookups.iter().enumerate().find(|(_, lookup)| {
        let same_name = |other: &&Lookup| other.name == lookup.name;
        !Verdict::of_lookup(lookup).is_an_answer()
            && server.lookups.iter().filter(same_name).any(|other| !other.addresses.is_empty())
    });
    if let Some((i, lookup)) = family_fails {
        let says =
            format!("{ip} answers for one kind of address of {} and not for {}", lookup.name, lookup.record_type);
        let value = lookup.rcode.clone().or_else(|| lookup.failure.as_ref().map(ToString::to_string));
        let finding = Finding::notice("dns.one-family-fails", Sureness::Certain, says);
        findings.push(finding.because(field(i, "rcode"), value.unwrap_or_default()));
    }
    findings
}

fn slowest(server: &ServerReport) -> Option<(usize, &Lookup)> {
    let answered = server.lookups.iter().enumerate().filter(|(_, lookup)| lookup.rcode.is_some());
    answered.max_by_key(|(_, lookup)| lookup.duration_us)
}

fn servers_with(report: &DnsReport, verdicts: &[Verdict], wanted: Verdict) -> String {
    let servers = report.servers.iter().zip(verdicts).filter(|(_, verdict)| **verdict == wanted);
    list(&servers.map(|(server, _)| server.server.ip()).collect::<Vec<_>>())
}

fn with_servers(mut finding: Finding, report: &DnsReport, verdicts: &[Verdict]) -> Finding {
    for (n, (server, _)) in report.servers.iter().zip(verdicts).enumerate() {
        finding = first_lookup(finding, n, server);
    }
    finding
}

/// The answer of a server that its verdict stands on.
fn first_lookup(finding: Finding, n: usize, server: &ServerReport) -> Finding {
    let best = server.lookups.iter().enumerate().min_by_key(|(_, lookup)| Verdict::of_lookup(lookup));
    let Some((i, lookup)) = best else { return finding };
    let what = lookup.rcode.clone().or_else(|| lookup.failure.as_ref().map(ToString::to_string)).unwrap_or_default();
    let field = if lookup.rcode.is_some() { "rcode" } else { "failure" };
    finding.because(format!("dns.servers[{n}].lookups[{i}].{field}"), format!("{what} ({})", server.server.ip()))
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn seconds(us: u64) -> String {
    format!("{}.{} s", us / 1_000_000, us / 100_000 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::dns::DnssecState;
    use crate::probe::dns::system::SystemAnswer;
    use crate::probe::failure::Failure;
    use crate::probe::finding::Severity;

    fn lookup(rcode: &str, addresses: usize) -> Lookup {
        let addresses = (0..addresses).map(|n| IpAddr::from([192, 0, 2, u8::try_from(n).expect("few")])).collect();
        Lookup {
            name: "shop.example".to_owned(),
            record_type: "A",
            rcode: Some(rcode.to_owned()),
            addresses,
            ..Lookup::default()
        }
    }

    fn silent() -> Lookup {
        Lookup {
            name: "shop.example".to_owned(),
            record_type: "A",
            failure: Some(Failure::timeout()),
            ..Lookup::default()
        }
    }

    fn report(system: usize, servers: &[Lookup]) -> DnsReport {
        let server = |(n, lookup): (usize, &Lookup)| ServerReport {
            server: format!("192.0.2.{}:53", 50 + n).parse().expect("an address"),
            source: "conf".to_owned(),
            asked_by_all: true,
            lookups: vec![lookup.clone()],
        };
        DnsReport {
            name: "shop.example".to_owned(),
            system: SystemAnswer {
                addresses: lookup("NOERROR", system).addresses,
                failure: (system == 0).then(|| "Name or service not known".to_owned()),
                ..SystemAnswer::default()
            },
            servers: servers.iter().enumerate().map(server).collect(),
            search: Vec::new(),
            gaps: Vec::new(),
        }
    }

    fn codes(report: &DnsReport, severity: Severity) -> Vec<&'static str> {
        let found = findings(report);
        assert!(found.iter().all(|finding| !finding.evidence.is_empty()), "{found:#?}");
        found.iter().filter(|finding| finding.severity == severity).map(|finding| finding.code).collect()
    }

    #[test]
    fn what_the_servers_say_explains_why_applications_get_nothing() {
        let odd = |change: fn(&mut Lookup), base: Lookup| {
            let mut lookup = base;
            change(&mut lookup);
            lookup
        };
        for (lookup, code) in [
            (lookup("NXDOMAIN", 0), "dns.no-such-name"),
            (lookup("NOERROR", 0), "dns.no-address"),
            (lookup("SERVFAIL", 0), "dns.server-failure"),
            (lookup("REFUSED", 0), "dns.refused"),
            (lookup("NOTIMP", 0), "dns.error"),
            (odd(|l| l.alias_loop = true, lookup("NOERROR", 0)), "dns.alias-loop"),
            (silent(), "dns.no-answer"),
            (odd(|l| l.not_ours = 2, silent()), "dns.answers-do-not-match"),
            (odd(|l| l.truncated = true, silent()), "dns.no-answer-over-tcp"),
            (lookup("NOERROR", 1), "dns.system-resolver-fails"),
        ] {
            assert_eq!(codes(&report(0, &[lookup]), Severity::Problem), [code]);
        }
        assert_eq!(codes(&report(0, &[]), Severity::Problem), ["dns.lookup-failed"]);
    }

    #[test]
    fn where_applications_get_an_address_a_failing_server_is_no_problem() {
        for servers in
            [vec![lookup("NOERROR", 1), silent()], vec![silent(), lookup("NOERROR", 1)], vec![silent()], vec![]]
        {
            assert_eq!(codes(&report(1, &servers), Severity::Problem), [""; 0]);
        }
        assert_eq!(codes(&report(1, &[lookup("SERVFAIL", 0)]), Severity::Notice), ["dns.server-failure"]);
        assert_eq!(codes(&report(1, &[lookup("NXDOMAIN", 0)]), Severity::Notice), ["dns.not-from-name-servers"]);
    }

    #[test]
    fn servers_that_all_programs_ask_must_agree_and_others_need_not() {
        let mut report = report(1, &[lookup("NOERROR", 2), lookup("NXDOMAIN", 0)]);
        assert_eq!(codes(&report, Severity::Problem), ["dns.servers-disagree"]);
        report.servers[1].asked_by_all = false;
        assert_eq!(codes(&report, Severity::Problem), [""; 0]);
        assert_eq!(codes(&report, Severity::Notice), ["dns.servers-disagree"]);
    }

    #[test]
    fn different_addresses_of_a_name_are_no_disagreement() {
        let report = report(1, &[lookup("NOERROR", 1), lookup("NOERROR", 3)]);
        assert_eq!(codes(&report, Severity::Notice), [""; 0]);
        assert_eq!(codes(&report, Severity::Problem), [""; 0]);
    }

    #[test]
    fn an_answer_that_only_comes_unchecked_has_wrong_signatures() {
        let state = DnssecState { authenticated: false, signed: false, answers_only_unchecked: true };
        let report = report(0, &[Lookup { dnssec: Some(state), ..lookup("SERVFAIL", 0) }]);
        assert_eq!(codes(&report, Severity::Problem), ["dns.server-failure", "dns.dnssec-bogus"]);
    }
}
