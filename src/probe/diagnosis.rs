//! All findings: those of each step, and what only shows when steps and targets are seen together.

use std::collections::BTreeSet;

use super::finding::{Finding, Severity, Sureness};
use super::report::TargetReport;
use super::system::{self, SystemReport};
use super::target::Host;
use super::{clock, dns, http, path, tcp, tls};

/// What the measurements say: the worst first, then in the order of the targets.
#[must_use]
pub fn findings(targets: &[TargetReport], system: Option<&SystemReport>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = system.map(|system| system::findings(system, targets)).unwrap_or_default();
    findings.extend(targets.iter().flat_map(of_target));
    findings.extend(one_opener_of_many(targets));
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn of_target(report: &TargetReport) -> Vec<Finding> {
    let name = report.target.host.to_string();
    let mut findings = Vec::new();
    findings.extend(report.dns.iter().flat_map(dns::findings::findings));
    findings.extend(report.tcp.iter().flat_map(|tcp| tcp::findings(&name, tcp)));
    findings.extend(report.tls.iter().flat_map(|tls| tls::findings::findings(&name, tls)));
    findings.extend(report.http.iter().flat_map(|http| http::findings::findings(&report.target, http)));
    findings.extend(report.clock.iter().flat_map(|clock| clock::findings(&name, clock)));
    findings.extend(report.path.iter().flat_map(path::findings));
    behind_a_proxy(&mut findings);
    by_a_wrong_clock(&mut findings);
    findings.extend(not_in_time(report));
    findings.into_iter().map(|finding| finding.about(&report.name)).collect()
}

/// Where a proxy is the way, that the direct way is closed is how the network is meant to be.
fn behind_a_proxy(findings: &mut [Finding]) {
    if !findings.iter().any(|finding| finding.code == "http.proxy-required") {
        return;
    }
    let direct = |code: &str| ["dns.", "tcp.", "tls.", "path."].iter().any(|step| code.starts_with(step));
    for finding in findings.iter_mut().filter(|f| f.severity == Severity::Problem && direct(f.code)) {
        finding.severity = Severity::Notice;
    }
}

/// Certificates look expired, or not yet valid, to a clock that is wrong.
fn by_a_wrong_clock(findings: &mut [Finding]) {
    if !findings.iter().any(|finding| finding.code == "clock.differs" && finding.severity == Severity::Problem) {
        return;
    }
    for finding in findings.iter_mut().filter(|f| matches!(f.code, "tls.expired" | "tls.not-yet-valid")) {
        finding.sure = Sureness::Possible;
        finding.sentence += ", by the clock of this machine, which differs from the server's";
    }
}

/// What had not ended when the time was over.
fn not_in_time(report: &TargetReport) -> Option<Finding> {
    let unfinished: Vec<&str> = report.unfinished.iter().map(|kind| kind.as_str()).collect();
    if unfinished.is_empty() {
        return None;
    }
    let says = format!("the time was over before these had ended: {}", unfinished.join(", "));
    Some(Finding::notice("probe.unfinished", Sureness::Certain, says).because("unfinished", unfinished.join(", ")))
}

/// One authority that only this machine knows stands behind names that have nothing to do with each other: a device that
/// opens all connections.
fn one_opener_of_many(targets: &[TargetReport]) -> Option<Finding> {
    let private: Vec<(&str, &str)> = targets
        .iter()
        .filter_map(|report| {
            let tls = report.tls.as_ref()?;
            let known = |verdict: &Option<tls::verdict::Verdict>| verdict.as_ref().and_then(|v| v.authority_known);
            let only_here = known(&tls.system) == Some(true) && known(&tls.public) == Some(false);
            let Host::Name(name) = &report.target.host else { return None };
            Some((tls.chain.last()?.issuer.as_str(), domain(name))).filter(|_| only_here)
        })
        .collect();
    for (issuer, _) in &private {
        let domains: BTreeSet<&str> =
            private.iter().filter(|(other, _)| other == issuer).map(|(_, domain)| *domain).collect();
        if domains.len() > 1 {
            let domains = domains.into_iter().collect::<Vec<_>>().join(", ");
            let says =
                format!("something on the way opens TLS connections: {issuer} issues the certificates of {domains}");
            let finding = Finding::notice("tls.intercepted", Sureness::Likely, says);
            return Some(finding.because("tls.chain.issuer", issuer).because("targets", domains));
        }
    }
    None
}

/// The last two labels: close enough to tell names of different owners apart, and never fewer than there are.
fn domain(name: &str) -> &str {
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    dots.next();
    dots.next().map_or(name, |at| &name[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_certificate_before_a_wrong_clock_is_doubted() {
        let mut findings = [
            Finding::problem("tls.expired", Sureness::Certain, "expired"),
            Finding::problem("clock.differs", Sureness::Likely, "off"),
        ];
        by_a_wrong_clock(&mut findings);
        assert_eq!(findings[0].sure, Sureness::Possible);
    }

    #[test]
    fn behind_a_proxy_a_closed_direct_way_is_no_problem() {
        let mut findings = [
            Finding::problem("tcp.no-answer", Sureness::Certain, "closed"),
            Finding::problem("http.server-error", Sureness::Certain, "503"),
            Finding::notice("http.proxy-required", Sureness::Certain, "proxy"),
        ];
        behind_a_proxy(&mut findings);
        assert_eq!(findings[0].severity, Severity::Notice);
        assert_eq!(findings[1].severity, Severity::Problem);
    }

    #[test]
    fn names_of_one_owner_have_one_domain() {
        assert_eq!(domain("a.b.shop.example"), "shop.example");
        assert_eq!(domain("localhost"), "localhost");
    }
}
