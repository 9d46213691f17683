//! What a handshake and its certificates say. Whether there is a problem follows from what this machine's own authorities
//! say, because programs here ask those; the rest explains it.

use jiff::Timestamp;

use super::TlsReport;
use super::chain::Certificate;
use super::verdict::{Rejection, Verdict};
use crate::probe::failure::FailureKind;
use crate::probe::finding::{Finding, Sureness};

/// A certificate that runs out sooner is worth a word: a renewal that works on its own has long been done by then.
const SOON_DAYS: i64 = 14;
/// Certificates of a few days are renewed late in their life: for these, the last fifth.
const LAST_PART: i64 = 5;

/// Words in the issuer's name of devices and programs that open TLS on the way.
const OPENERS: [&str; 26] = [
    "zscaler",
    "fortinet",
    "fortigate",
    "palo alto",
    "netskope",
    "blue coat",
    "bluecoat",
    "sophos",
    "kaspersky",
    "avast",
    "avg web",
    "eset ssl",
    "bitdefender",
    "mcafee web",
    "cisco umbrella",
    "forcepoint",
    "websense",
    "check point",
    "sonicwall",
    "barracuda",
    "watchguard",
    "mitmproxy",
    "charles proxy",
    "fiddler",
    "portswigger",
    "untangle",
];

/// What the report says about `name`.
#[must_use]
pub fn findings(name: &str, report: &TlsReport) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(finding) = handshake(name, report) {
        findings.push(finding);
    }
    let Some(leaf) = report.chain.first() else { return findings };
    let faults = [dates(name, report, leaf), wrong_name(name, report, leaf), authority(name, report, leaf)];
    findings.extend(faults.into_iter().flatten());
    let rejected = report.system.as_ref().filter(|verdict| !verdict.accepted);
    if let Some(verdict) = rejected
        && !findings.iter().any(|finding| finding.severity == crate::probe::Severity::Problem)
    {
        findings.push(other_rejection(name, verdict));
    }
    if rejected.is_none() && report.failure.is_none() {
        findings.extend(accepted(name, report, leaf));
    }
    findings
}

/// The handshake itself did not work.
fn handshake(name: &str, report: &TlsReport) -> Option<Finding> {
    let failure = report.failure.as_ref()?;
    let connected = report.connected_us?; // without a connection it is no matter of TLS
    let received = report.received_before_failure.unwrap_or_default();
    let (code, sure, says) = match failure.kind {
        FailureKind::Timeout if received == 0 => (
            "tls.no-answer",
            Sureness::Certain,
            format!(
                "{name} takes the connection and then says nothing: the TLS handshake stalls. Large packets may get lost on the way, or something drops TLS"
            ),
        ),
        FailureKind::Timeout => (
            "tls.stalls",
            Sureness::Certain,
            format!(
                "{name} begins the TLS handshake and then nothing more comes ({received} bytes came): large packets get lost on the way"
            ),
        ),
        FailureKind::Alert if failure.detail.contains("ProtocolVersion") => {
            ("tls.version", Sureness::Certain, format!("{name} speaks none of the TLS versions 1.2 and 1.3"))
        }
        FailureKind::Alert if failure.detail.contains("CertificateRequired") => {
            ("tls.wants-client-certificate", Sureness::Certain, format!("{name} wants a certificate of the client"))
        }
        FailureKind::Alert => (
            "tls.handshake-refused",
            Sureness::Certain,
            format!("{name} refuses the TLS handshake ({})", failure.detail),
        ),
        FailureKind::Reset | FailureKind::Closed => (
            "tls.handshake-refused",
            Sureness::Certain,
            format!(
                "the connection to {name} is torn down in the TLS handshake, by the server or by something on the way"
            ),
        ),
        FailureKind::Malformed if received > 0 && report.chain.is_empty() => {
            ("tls.not-tls", Sureness::Likely, format!("what {name} says on this port is not TLS"))
        }
        _ => ("tls.fails", Sureness::Certain, format!("the TLS handshake with {name} fails")),
    };
    Some(
        Finding::problem(code, sure, says)
            .because("tls.connected_us", connected)
            .because("tls.failure", &failure.detail)
            .because("tls.received_before_failure", received),
    )
}

/// The time of a certificate of the chain is over, or has not come.
fn dates(name: &str, report: &TlsReport, _: &Certificate) -> Option<Finding> {
    let now = Timestamp::from_second(i64::try_from(report.asked_at_s).ok()?).ok()?;
    let whose = |n: usize| {
        if n == 0 { format!("the certificate of {name}") } else { format!("a certificate in the chain of {name}") }
    };
    // What lies behind the server's own certificate may be left over from an older path that nobody needs any more.
    let matters = |n: usize| n == 0 || report.system.as_ref().is_none_or(|verdict| !verdict.accepted);
    let of_chain = || report.chain.iter().enumerate().filter(|(n, _)| matters(*n));
    if let Some((n, end)) = of_chain().find_map(|(n, one)| Some((n, one.not_after.filter(|end| *end < now)?))) {
        let says = format!("{} expired on {}", whose(n), day(end));
        return Some(
            Finding::problem("tls.expired", Sureness::Certain, says)
                .because(format!("tls.chain[{n}].not_after"), end)
                .because("tls.asked_at_s", now),
        );
    }
    let (n, begin) = of_chain().find_map(|(n, one)| Some((n, one.not_before.filter(|begin| *begin > now)?)))?;
    let says = format!("{} is not valid before {}", whose(n), day(begin));
    Some(
        Finding::problem("tls.not-yet-valid", Sureness::Certain, says)
            .because(format!("tls.chain[{n}].not_before"), begin)
            .because("tls.asked_at_s", now),
    )
}

fn wrong_name(name: &str, report: &TlsReport, leaf: &Certificate) -> Option<Finding> {
    if report.name_matches != Some(false) {
        return None;
    }
    let for_names = match leaf.names.as_slice() {
        [] => "for no host name at all".to_owned(),
        [one] => format!("for {one}"),
        [one, rest @ ..] => format!("for {one} and {} more", rest.len() + leaf.names_left_out),
    };
    let says = format!("the certificate that {name} presents is {for_names}, not for {name}");
    Some(
        Finding::problem("tls.wrong-name", Sureness::Certain, says)
            .because("tls.chain[0].names", leaf.names.join(", "))
            .because("tls.name_matches", false),
    )
}

/// Who vouches for it.
fn authority(name: &str, report: &TlsReport, leaf: &Certificate) -> Option<Finding> {
    let system = report.system.as_ref()?.authority_known;
    let public = report.public.as_ref().and_then(|verdict| verdict.authority_known);
    let last = report.chain.last().unwrap_or(leaf);
    let with = |finding: Finding| {
        finding
            .because("tls.chain[0].issuer", &leaf.issuer)
            .because("tls.chain.length", report.chain.len())
            .because("tls.system.authority_known", known(system))
            .because("tls.public.authority_known", known(public))
    };
    match (system, public) {
        (Some(false), Some(true)) => {
            let says = format!(
                "the certificate of {name} is issued by a public authority that this machine does not know: its list of authorities is old or cut short"
            );
            Some(with(Finding::problem("tls.machine-lacks-authority", Sureness::Likely, says)))
        }
        (Some(false), _) => Some(with(unknown_authority(name, report, leaf, last))),
        (Some(true), Some(false)) => {
            let finding = match opener(report) {
                Some(opener) => {
                    let says = format!(
                        "something on the way opens the TLS connection to {name}: its certificate is issued by {opener}"
                    );
                    Finding::notice("tls.intercepted", Sureness::Likely, says)
                }
                None => {
                    let says = format!(
                        "this machine trusts the issuer of the certificate of {name}, {}, and the public does not: an authority of the company's own, or a device that opens the connection on the way",
                        last.issuer
                    );
                    Finding::notice("tls.private-authority", Sureness::Certain, says)
                }
            };
            Some(with(finding))
        }
        _ => None,
    }
}

/// This machine knows no authority that vouches for it.
fn unknown_authority(name: &str, report: &TlsReport, leaf: &Certificate, last: &Certificate) -> Finding {
    if let Some(opener) = opener(report) {
        let says = format!(
            "something on the way opens the TLS connection to {name}, with a certificate of {opener} that this machine does not trust"
        );
        return Finding::problem("tls.intercepted", Sureness::Likely, says);
    }
    if leaf.is_self_issued {
        let says = format!("the certificate of {name} is self-signed: nobody vouches for it");
        return Finding::problem("tls.self-signed", Sureness::Certain, says);
    }
    if last.is_self_issued {
        let says = format!(
            "the certificate of {name} is issued by {}, an authority that neither this machine nor the public knows",
            last.subject
        );
        return Finding::problem("tls.unknown-authority", Sureness::Certain, says);
    }
    if report.chain_in_order == Some(false) {
        let says =
            format!("the certificates of {name} do not form a chain: one is missing or they are in the wrong order");
        return Finding::problem("tls.chain-incomplete", Sureness::Likely, says);
    }
    let issuer = &last.issuer;
    if last.issuer_urls.is_empty() {
        let says = format!(
            "the server of {name} sends no certificate of {issuer}, which issued its own, and this machine does not know {issuer}: either an intermediate certificate is missing on the server, or that authority is not trusted here"
        );
        return Finding::problem("tls.issuer-unknown", Sureness::Certain, says);
    }
    // An authority that says where to fetch its certificate expects to be fetched, or sent.
    let says = format!(
        "the server of {name} leaves out the intermediate certificate of {issuer}; browsers may fetch it, most other programs fail"
    );
    Finding::problem("tls.chain-incomplete", Sureness::Likely, says)
        .because("tls.chain.issuer_urls", last.issuer_urls.join(", "))
}

/// The name of a device or program that is known to open TLS.
fn opener(report: &TlsReport) -> Option<&str> {
    report.chain.iter().map(|one| one.issuer.as_str()).find(|issuer| {
        let issuer = issuer.to_lowercase();
        OPENERS.iter().any(|word| issuer.contains(word))
    })
}

/// Rejected for a reason that none of the checks has told.
fn other_rejection(name: &str, verdict: &Verdict) -> Finding {
    let detail = verdict.detail.clone().unwrap_or_default();
    let (code, says) = match verdict.rejection {
        Some(Rejection::Revoked) => ("tls.revoked", format!("the certificate of {name} was called back by its issuer")),
        Some(Rejection::WrongPurpose) => {
            ("tls.wrong-purpose", format!("the certificate of {name} is not one for servers"))
        }
        _ => ("tls.rejected", format!("this machine does not accept the certificate of {name}: {detail}")),
    };
    Finding::problem(code, Sureness::Certain, says).because("tls.system.detail", detail)
}

/// All is well, and what is worth knowing about it.
fn accepted(name: &str, report: &TlsReport, leaf: &Certificate) -> Vec<Finding> {
    let mut findings = Vec::new();
    if report.version.as_deref() == Some("TLSv1_2") {
        let says = format!("{name} speaks no newer TLS than 1.2");
        findings.push(Finding::notice("tls.only-1.2", Sureness::Certain, says).because("tls.version", "TLSv1_2"));
    }
    if let (Some(begin), Some(end)) = (leaf.not_before, leaf.not_after) {
        let now = i64::try_from(report.asked_at_s).unwrap_or(i64::MAX);
        let (left, whole) = (end.as_second() - now, end.as_second() - begin.as_second());
        if (0..SOON_DAYS * 86_400).contains(&left) && left < whole / LAST_PART {
            let says = format!("the certificate of {name} expires on {}, in {} days", day(end), left / 86_400);
            let finding = Finding::notice("tls.expires-soon", Sureness::Certain, says);
            findings.push(finding.because("tls.chain[0].not_after", end));
        }
    }
    if let (Some(verdict), Some(end)) = (&report.system, leaf.not_after) {
        let says = format!("the certificate of {name} is good until {}", day(end));
        let finding = Finding::fine("tls.certificate", says).because("tls.system.accepted", verdict.accepted);
        findings.push(finding.because("tls.chain[0].not_after", end));
    }
    findings
}

fn known(known: Option<bool>) -> &'static str {
    match known {
        Some(true) => "true",
        Some(false) => "false",
        None => "not told",
    }
}

fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}
