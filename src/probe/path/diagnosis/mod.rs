//! What a path says, in sentences. Pure.
//!
//! The commonest mistake in reading a trace is to take a router that answers seldom for a fault. So a hop is only blamed
//! for what goes on to the end; and silence is only a problem where the service itself was asked.

mod endings;
mod wording;

use std::net::IpAddr;

use self::endings::ending;
use self::wording::{count, hop_words};
use super::report::{
    Hop, LossReport, LossVerdict, MtuReport, MtuVerdict, PathReport, PathTo, ProbeRecord, Stop, Trace,
};
use crate::probe::finding::{Finding, Sureness};

/// Less loss than this harms nobody who does not make calls.
const MUCH_LOSS: f64 = 5.0;
/// Less than this is nothing to speak of.
const SOME_LOSS: f64 = 1.0;

/// All that is to be said about the paths to one target.
#[must_use]
pub fn findings(report: &PathReport) -> Vec<Finding> {
    let arrives = |path: &PathTo| path.traces.iter().any(|trace| trace.stop == Stop::Arrived);
    let mut findings = Vec::new();
    for path in &report.paths {
        let another_arrives = report.paths.iter().any(|other| other.to != path.to && arrives(other));
        findings.extend(ending(path, another_arrives));
        if let Some(trace) = path.traces.iter().find(|trace| trace.stop == Stop::Arrived) {
            findings.extend(of_hops(trace));
        }
        findings.extend(address_translation(path));
        findings.extend(path.mtu.as_ref().and_then(|mtu| of_mtu(path.to, mtu)));
        findings.extend(path.loss.as_ref().and_then(|loss| of_loss(path, loss)));
    }
    findings
}

/// Hops that look like faults and are none.
fn of_hops(trace: &Trace) -> Vec<Finding> {
    let Some((last, on_the_way)) = trace.hops.split_last() else { return Vec::new() };
    let mut findings = Vec::new();
    let silent: Vec<&Hop> = on_the_way.iter().filter(|hop| hop.answered == 0 && hop.sent > 0).collect();
    if let Some(first) = silent.first() {
        let sentence = match silent.len() {
            1 => format!("hop {} does not answer, which is not a fault: what lies behind it does", first.ttl),
            n => format!("{n} hops do not answer, which is not a fault: what lies behind them does"),
        };
        findings.push(Finding::fine("path.silent-hop", sentence).because(field(first), "0 answers"));
    }
    let all_arrive = last.answered == last.sent;
    for hop in on_the_way.iter().filter(|hop| all_arrive && hop.answered > 0 && hop.answered < hop.sent) {
        let sentence = format!(
            "hop {}{} answers seldom, which is not a fault: what lies behind it always answers",
            hop.ttl,
            hop_words(hop)
        );
        let evidence = format!("{} of {} answered", hop.answered, hop.sent);
        findings.push(Finding::fine("path.seldom-hop", sentence).because(field(hop), evidence));
    }
    let parallel: Vec<&Hop> = on_the_way.iter().filter(|hop| hop.routers.len() > 1).collect();
    if let Some(first) = parallel.first() {
        let sentence = format!("there are parallel paths: hop {} is one of {} routers", first.ttl, first.routers.len());
        let mut finding = Finding::fine("path.parallel", sentence);
        for hop in parallel {
            finding = finding.because(field(hop), hop_words(hop).trim());
        }
        findings.push(finding);
    }
    findings
}

fn field(hop: &Hop) -> String {
    format!("path.hops[ttl={}]", hop.ttl)
}

fn address_translation(path: &PathTo) -> Option<Finding> {
    let source = path.source.filter(|source| is_private(*source) && !is_private(path.to))?;
    let arrived = path.traces.iter().find(|trace| trace.stop == Stop::Arrived)?;
    let of_a_carrier = arrived.hops.iter().flat_map(|hop| &hop.routers).filter_map(|router| router.address);
    let of_a_carrier = of_a_carrier.into_iter().any(is_shared);
    let whose = if of_a_carrier { "by the provider (carrier-grade NAT)" } else { "as usual" };
    let sentence = format!("the address of this machine is private and translated on the way, {whose}");
    Some(Finding::fine("path.nat", sentence).because("path.source", source))
}

/// RFC 1918, RFC 6598, RFC 4193, and what never leaves a link or a machine.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared(address),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

/// The addresses that providers use between their customers and their own address translation, 100.64.0.0/10.
fn is_shared(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 100 && v4.octets()[1] & 0xC0 == 64)
}

fn of_mtu(to: IpAddr, mtu: &MtuReport) -> Option<Finding> {
    let passes = mtu.passes.or(mtu.told)?;
    let finding = match mtu.verdict {
        MtuVerdict::Full => Finding::fine("path.mtu", format!("packets of {passes} bytes reach {to}")),
        MtuVerdict::Told => {
            let told = mtu.told.map_or(passes, |told| told.min(passes));
            let by = mtu.told_by.map(|by| format!(", as {by} says")).unwrap_or_default();
            let sentence = format!("packets of up to {told} bytes reach {to}{by}; systems adapt to that");
            Finding::notice("path.mtu-reduced", Sureness::Certain, sentence)
        }
        MtuVerdict::BlackHole => {
            let fails = mtu.fails.unwrap_or(passes);
            let from = if fails > passes + 1 { format!(" (surely from {fails} on)") } else { String::new() };
            let sentence = format!(
                "packets of more than {passes} bytes to {to} vanish{from}, and nobody says so: connections open and then \
                 hang when much is sent; a smaller MTU, or letting ICMP through, helps"
            );
            Finding::problem("path.mtu-black-hole", Sureness::Likely, sentence)
        }
        MtuVerdict::Unknown => return None,
    };
    let silent = mtu.probes.iter().filter(|probe| probe.size > Some(passes) && probe.reply.is_none()).count();
    let evidence = match mtu.passes {
        Some(size) if silent == 0 => format!("{size} bytes answered"),
        Some(size) => {
            format!("{size} bytes answered, {} of more without an answer", count(silent, "packet", "packets"))
        }
        None => "told by a router".to_owned(),
    };
    Some(finding.because("path.mtu", evidence))
}

fn of_loss(path: &PathTo, loss: &LossReport) -> Option<Finding> {
    let (to, lost) = (path.to, loss.sent.saturating_sub(loss.answered));
    let measured = format!("{lost} of {} lost, so between {} and {} %", loss.sent, loss.between[0], loss.between[1]);
    let finding = match loss.verdict {
        LossVerdict::Silent => return None,
        LossVerdict::AnswersLimited => {
            let sentence =
                format!("{to} limits how many probes it answers, as many servers do; that cannot be told from loss");
            Finding::fine("path.answers-limited", sentence)
        }
        LossVerdict::Measured if loss.percent < SOME_LOSS || lost < 3 => {
            Finding::fine("path.no-loss", format!("no packets to {to} are lost to speak of"))
        }
        LossVerdict::Measured => {
            let place = where_it_begins(path).unwrap_or_default();
            let sentence =
                format!("about {:.0} % of the packets to {to}, or their answers, are lost{place}", loss.percent);
            match one_flow_alone(loss) {
                Some(share) => {
                    let sentence = format!("{sentence}: nearly all of those on one of several parallel paths");
                    Finding::problem("path.loss-on-one-path", Sureness::Likely, sentence).because("path.loss", share)
                }
                None if loss.percent >= MUCH_LOSS && loss.between[0] > SOME_LOSS => {
                    Finding::problem("path.loss", Sureness::Certain, sentence)
                }
                None => Finding::notice("path.loss", Sureness::Likely, sentence),
            }
        }
    };
    Some(finding.because("path.loss", measured))
}

/// Whether the loss is that of one flow, while the others lose next to nothing.
fn one_flow_alone(loss: &LossReport) -> Option<String> {
    let mut flows: Vec<u16> = loss.probes.iter().map(|probe| probe.flow).collect();
    flows.sort_unstable();
    flows.dedup();
    let share = |flow: u16| {
        let of_it: Vec<&ProbeRecord> = loss.probes.iter().filter(|probe| probe.flow == flow).collect();
        of_it.iter().filter(|probe| probe.reply.is_none()).count() as f64 / of_it.len().max(1) as f64
    };
    let (bad, good): (Vec<u16>, Vec<u16>) = flows.iter().partition(|flow| share(**flow) > 0.9);
    let clean = !good.is_empty() && good.iter().all(|flow| share(*flow) < 0.1);
    (!bad.is_empty() && clean).then(|| format!("{} of {} flows lose nearly all", bad.len(), flows.len()))
}

/// The hop from which on every one that answers at all lost something, if the one before it lost nothing.
fn where_it_begins(path: &PathTo) -> Option<String> {
    let trace = path.traces.iter().find(|trace| trace.stop == Stop::Arrived)?;
    let answering: Vec<&Hop> = trace.hops.iter().filter(|hop| hop.answered > 0).collect();
    let lossy = answering.iter().rev().take_while(|hop| hop.answered < hop.sent).count();
    let begins = answering.get(answering.len() - lossy).filter(|_| lossy > 0)?;
    let before = answering.len().checked_sub(lossy + 1).and_then(|at| answering.get(at))?;
    Some(format!(", perhaps between hop {}{} and hop {}", before.ttl, hop_words(before), begins.ttl))
}
