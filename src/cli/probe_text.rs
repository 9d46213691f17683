//! A report of probes for people: what is wrong first, then what was measured.

use std::io::{self, Write};

use super::probe_path;
use crate::model::printable;
use crate::probe::dns::DnsReport;
use crate::probe::http::{Fetch, HttpReport};
use crate::probe::report::TargetReport;
use crate::probe::system::SystemReport;
use crate::probe::tcp::TcpReport;
use crate::probe::tls::TlsReport;
use crate::probe::{Finding, ProbeReport, Severity, Sureness};

/// Lines are kept within this; what stands in one piece may be longer.
const WIDTH: usize = 80;
/// Where the sentence of a finding begins.
const INDENT: usize = 9;

/// Writes `report`.
pub fn write(report: &ProbeReport, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings.iter().filter(|finding| finding.severity != Severity::Fine) {
        write_finding(finding, report.targets.len() > 1, out)?;
    }
    for finding in report.findings.iter().filter(|finding| finding.severity == Severity::Fine) {
        write_wrapped("fine", &finding.sentence, out)?;
    }
    if let Some(system) = &report.system {
        writeln!(out, "\nthis machine")?;
        write_system(system, out)?;
    }
    for target in &report.targets {
        writeln!(out)?;
        write_target(target, out)?;
    }
    writeln!(out)?;
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let problems = match count(Severity::Problem) {
        0 => "no problem found".to_owned(),
        n => super::count(n as u64, "problem"),
    };
    let notices = super::count(count(Severity::Notice) as u64, "notice");
    writeln!(out, "{problems}, {notices}, {}", seconds(report.duration_us))
}

fn write_finding(finding: &Finding, names_target: bool, out: &mut dyn Write) -> io::Result<()> {
    let word = if finding.severity == Severity::Problem { "PROBLEM" } else { "notice" };
    let sure = match finding.sure {
        Sureness::Certain => "",
        Sureness::Likely => " (likely)",
        Sureness::Possible => " (possible)",
    };
    write_wrapped(word, &format!("{}{sure}", finding.sentence), out)?;
    let about = finding.target.as_ref().filter(|_| names_target).map(|target| format!("{}: ", printable(target)));
    writeln!(out, "{:INDENT$}[{}{}]", "", about.unwrap_or_default(), finding.code)?;
    for evidence in &finding.evidence {
        writeln!(out, "{:INDENT$}{} = {}", "", printable(&evidence.field), printable(&evidence.value))?;
    }
    Ok(())
}

/// A sentence behind its word, in lines of [`WIDTH`].
fn write_wrapped(word: &str, sentence: &str, out: &mut dyn Write) -> io::Result<()> {
    let sentence = printable(sentence);
    let mut line = format!("{word:<INDENT$}");
    let mut is_empty = true;
    for part in sentence.split(' ') {
        if !is_empty && line.chars().count() + 1 + part.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line = format!("{:INDENT$}", "");
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(part);
        is_empty = false;
    }
    writeln!(out, "{line}")
}

fn write_target(report: &TargetReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", printable(&report.name))?;
    if let Some(dns) = &report.dns {
        write_dns(dns, out)?;
    }
    if let Some(tcp) = &report.tcp {
        write_tcp(tcp, out)?;
    }
    if let Some(tls) = &report.tls {
        write_tls(tls, out)?;
    }
    if let Some(http) = &report.http {
        write_http(http, out)?;
    }
    if let Some(path) = &report.path {
        probe_path::write(path, out)?;
    }
    if let Some(clock) = &report.clock {
        let what = match (clock.difference_us, &clock.failure) {
            (Some(us), _) => format!(
                "this machine {:+.3} s, round trip {}",
                us as f64 / 1e6,
                ms(clock.round_trip_us.unwrap_or_default())
            ),
            (None, Some(failure)) => failure.to_string(),
            (None, None) => "no time".to_owned(),
        };
        row("clock", &format!("{}  {what}", clock.server), out)?;
    }
    if let Some(path) = &report.path {
        probe_path::write(path, out)?;
    }
    Ok(())
}

fn write_system(system: &SystemReport, out: &mut dyn Write) -> io::Result<()> {
    for one in &system.interfaces {
        row("", &format!("{:>9}  {}", one.name, one.addresses.join(", ")), out)?;
    }
    for one in system.gateways.iter().flatten() {
        let router = one.router.map_or_else(|| "directly".to_owned(), |router| router.to_string());
        row("way out", &format!("{:>9}  {router} ({})", one.family, one.interface), out)?;
    }
    let servers: Vec<String> = system.name_servers.iter().map(|server| server.ip().to_string()).collect();
    row("names", &format!("{:>9}  {}", "", servers.join(", ")), out)?;
    for one in &system.proxies {
        row("proxy", &format!("{:>9}  {} ({})", one.scope, one.proxy, one.source), out)?;
    }
    for one in system.listening.iter().flatten() {
        let program = one.program.as_deref().unwrap_or("?");
        row("listens", &format!("{:>9}  {} ({program})", one.protocol, one.address), out)?;
    }
    system.gaps.iter().try_for_each(|gap| row("", &format!("{:>9}  {gap}", "-"), out))
}

fn write_dns(dns: &DnsReport, out: &mut dyn Write) -> io::Result<()> {
    let system = match &dns.system.failure {
        None => dns.system.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Some(failure) => failure.clone(),
    };
    row("name", &format!("{:>9}  applications: {system}", ms(dns.system.duration_us)), out)?;
    for server in &dns.servers {
        for lookup in &server.lookups {
            let what = match (&lookup.failure, lookup.addresses.as_slice()) {
                (Some(failure), _) => failure.to_string(),
                (None, []) => format!("{}, none", lookup.rcode.as_deref().unwrap_or_default()),
                (None, all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            };
            let aliases: String = lookup.aliases.iter().map(|alias| format!("{} -> ", alias.to)).collect();
            let how = if lookup.over_tcp { " (over TCP)" } else { "" };
            let text = format!(
                "{:>9}  {} {}: {aliases}{what}{how}",
                ms(lookup.duration_us),
                server.server.ip(),
                lookup.record_type
            );
            row("", &text, out)?;
        }
    }
    dns.gaps.iter().try_for_each(|gap| row("", &format!("{:>9}  {gap}", "-"), out))
}

fn write_tcp(tcp: &TcpReport, out: &mut dyn Write) -> io::Result<()> {
    let mut label = "connect";
    for attempt in &tcp.attempts {
        let what = attempt.failure.as_ref().map_or("connected".to_owned(), ToString::to_string);
        let browser = tcp.browser.filter(|winner| winner.address == attempt.address);
        let browser = browser.map(|winner| format!(", a browser has it after {}", ms(winner.after_us)));
        let text = format!(
            "{:>9}  {} port {}: {what}{}",
            ms(attempt.duration_us),
            attempt.address,
            tcp.port,
            browser.unwrap_or_default()
        );
        row(label, &text, out)?;
        label = "";
    }
    Ok(())
}

fn write_tls(tls: &TlsReport, out: &mut dyn Write) -> io::Result<()> {
    let agreed = [&tls.version, &tls.cipher, &tls.key_exchange, &tls.protocol];
    let what = match &tls.failure {
        Some(failure) => failure.to_string(),
        None => agreed.into_iter().flatten().cloned().collect::<Vec<_>>().join(", "),
    };
    let took = tls.handshake_us.map_or("-".to_owned(), ms);
    row("tls", &format!("{took:>9}  {what}"), out)?;
    for certificate in &tls.chain {
        let until = certificate.not_after.map(|end| end.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
        let text = format!(
            "{:>9}  {}, by {}, {}, until {until}",
            "", certificate.subject, certificate.issuer, certificate.key
        );
        row("", &text, out)?;
    }
    let verdict = |verdict: &Option<crate::probe::tls::verdict::Verdict>| match verdict {
        Some(verdict) if verdict.accepted => "accepted".to_owned(),
        Some(verdict) => verdict.detail.clone().unwrap_or_default(),
        None => "not asked".to_owned(),
    };
    if !tls.chain.is_empty() {
        row("", &format!("{:>9}  this machine: {}", "", verdict(&tls.system)), out)?;
        row("", &format!("{:>9}  public authorities: {}", "", verdict(&tls.public)), out)?;
    }
    tls.gaps.iter().try_for_each(|gap| row("", &format!("{:>9}  {gap}", "-"), out))
}

fn write_http(http: &HttpReport, out: &mut dyn Write) -> io::Result<()> {
    if let Some(fetch) = &http.direct {
        write_fetch("http", fetch, out)?;
    }
    if let Some(proxied) = &http.proxied {
        row("proxy", &format!("{:>9}  {} ({})", "", proxied.proxy, proxied.source), out)?;
        if let Some(failure) = &proxied.failure {
            row("", &format!("{:>9}  {failure}", "-"), out)?;
        }
        if let Some(fetch) = &proxied.fetch {
            write_fetch("", fetch, out)?;
        }
    }
    Ok(())
}

fn write_fetch(label: &str, fetch: &Fetch, out: &mut dyn Write) -> io::Result<()> {
    let mut label = label;
    for one in &fetch.exchanges {
        let what = match (&one.failure, one.status) {
            (Some(failure), Some(status)) => format!("{status}, then {failure}"),
            (Some(failure), None) => failure.to_string(),
            (None, status) => format!("{}, {} bytes", status.unwrap_or_default(), one.body_bytes),
        };
        row(label, &format!("{:>9}  {}: {what}", ms(one.total_us), one.url), out)?;
        label = "";
        let steps = [
            ("connected", one.connected_us),
            ("tls", one.tls_us),
            ("sent", one.sent_us),
            ("first byte", one.first_byte_us),
        ];
        let steps = steps.iter().filter_map(|(name, us)| us.map(|us| format!("{name} {}", ms(us))));
        row("", &format!("{:>9}  {}", "", steps.collect::<Vec<_>>().join(", ")), out)?;
    }
    Ok(())
}

fn row(label: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {label:<8}{}", printable(text).trim_end())
}

fn ms(us: u64) -> String {
    format!("{}.{} ms", us / 1000, us / 100 % 10)
}

fn seconds(us: u64) -> String {
    format!("{}.{} s", us / 1_000_000, us / 100_000 % 10)
}
