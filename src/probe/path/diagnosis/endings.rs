//! How the traces to one address ended, in one or two sentences.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::wording::{count, hop_words, milliseconds, way};
use crate::probe::finding::{Finding, Sureness};
use crate::probe::path::report::{Hop, Meaning, NotSent, PathTo, Protocol, Reply, Stop, Trace};

/// `another_arrives`: an address of the other family of the same target is reached.
pub(super) fn ending(path: &PathTo, another_arrives: bool) -> Vec<Finding> {
    let arrived = path.traces.iter().find(|trace| trace.stop == Stop::Arrived);
    match (arrived, path.traces.first(), path.traces.last()) {
        (Some(arrived), Some(first), _) if arrived == first => vec![arrives(path, arrived)],
        (Some(arrived), Some(first), _) => vec![arrives(path, arrived), only_one_way(path, first, arrived)],
        (None, Some(first), Some(last)) => vec![does_not_arrive(path, first, last, another_arrives)],
        _ => Vec::new(),
    }
}

fn arrives(path: &PathTo, trace: &Trace) -> Finding {
    let hops = count(trace.arrived_ttl.unwrap_or(0).into(), "hop", "hops");
    let last = trace.hops.last().and_then(|hop| hop.routers.iter().find(|router| router.meaning == Meaning::Arrived));
    let time = last.map(|router| format!(", in {}", milliseconds(router.rtt_us[1]))).unwrap_or_default();
    let sentence = format!("{} answers over {} at {hops}{time}", path.to, way(trace));
    Finding::fine("path.arrives", sentence).because("path.arrived_ttl", trace.arrived_ttl.unwrap_or(0))
}

/// The first kind of trace did not arrive, and another did.
fn only_one_way(path: &PathTo, failed: &Trace, arrived: &Trace) -> Finding {
    if failed.protocol != Protocol::Tcp {
        let sentence = format!("{} answers {} and not {}, as behind a firewall", path.to, way(arrived), way(failed));
        return Finding::fine("path.one-way-only", sentence).because("path.stop", stop_word(failed.stop));
    }
    let refusal = refusals(failed).into_iter().next().and_then(|reply| reply.from);
    let who = refusal.map_or_else(|| "the service or a firewall is silent".to_owned(), |by| format!("{by} refuses it"));
    let sentence = format!("packets reach {}, but {} there does not answer: {who}", path.to, way(failed));
    Finding::problem("path.port-silent", Sureness::Likely, sentence).because("path.stop", stop_word(failed.stop))
}

fn does_not_arrive(path: &PathTo, first: &Trace, last: &Trace, another_arrives: bool) -> Finding {
    if let Some(error) = first.error.and(last.error) {
        return not_sent(path, first, error, another_arrives);
    }
    // What was said outright goes before what follows from silence.
    let told = path.traces.iter().find(|trace| trace.stop == Stop::Refused);
    if let Some(refused) = told {
        return refused_by(path, refused);
    }
    let trace = if last.error.is_some() { first } else { last };
    if let Some(finding) = path.traces.iter().find_map(|trace| goes_round(path, trace)) {
        return finding;
    }
    let asked_the_service = path.traces.iter().any(|trace| trace.protocol == Protocol::Tcp);
    let farthest = path.traces.iter().filter_map(|trace| trace.hops.last()).max_by_key(|hop| hop.ttl);
    match farthest {
        Some(hop) => stops_behind(path, trace, hop, asked_the_service),
        None => nothing_answers(path, trace, asked_the_service),
    }
}

fn not_sent(path: &PathTo, trace: &Trace, error: NotSent, another_arrives: bool) -> Finding {
    let evidence = trace.reason.clone().unwrap_or_default();
    let finding = match error {
        NotSent::NoRoute if path.to.is_ipv6() && another_arrives => {
            let sentence = "this machine has no route for IPv6; the target is reached over IPv4";
            Finding::fine("path.no-ipv6", sentence)
        }
        NotSent::NoRoute => {
            let family = if path.to.is_ipv6() { "IPv6 " } else { "" };
            let sentence = format!("this machine has no {family}route to {}: nothing can be sent there", path.to);
            Finding::problem("path.no-route", Sureness::Certain, sentence)
        }
        NotSent::NotPermitted => {
            let sentence = format!("this machine itself forbids sending {} to {}", way(trace), path.to);
            Finding::problem("path.not-permitted", Sureness::Likely, sentence)
        }
        NotSent::NotSupported => {
            let sentence = format!("the path to {} cannot be traced here: {evidence}", path.to);
            Finding::notice("path.not-supported", Sureness::Certain, sentence)
        }
        NotSent::TooBig | NotSent::Failed => {
            let sentence = format!("the path to {} could not be traced: {evidence}", path.to);
            Finding::notice("path.not-traced", Sureness::Certain, sentence)
        }
    };
    finding.because("path.error", evidence)
}

fn refused_by(path: &PathTo, trace: &Trace) -> Finding {
    let refusals = refusals(trace);
    let by = refusals.iter().find_map(|reply| reply.from).map_or_else(|| "a router".to_owned(), |by| by.to_string());
    let is = |meaning| refusals.iter().any(|reply| reply.meaning == meaning);
    let all_prohibited = path.traces.iter().all(|trace| trace.stop == Stop::Refused);
    let finding = if is(Meaning::Prohibited) {
        let sentence = format!("{by} refuses to pass {} on to {}: a firewall forbids it", way(trace), path.to);
        match (all_prohibited, trace.protocol) {
            (true, _) | (_, Protocol::Tcp) => Finding::problem("path.prohibited", Sureness::Certain, sentence),
            _ => Finding::notice("path.prohibited", Sureness::Possible, sentence),
        }
    } else if is(Meaning::Unreachable) {
        let sentence = format!("{by} says that {} cannot be reached from there", path.to);
        Finding::problem("path.unreachable", Sureness::Certain, sentence)
    } else {
        let sentence = format!("{by} answers in the name of {}, as a firewall or another address of it does", path.to);
        Finding::notice("path.answered-by-another", Sureness::Likely, sentence)
    };
    let evidence = refusals.first().and_then(|reply| reply.icmp).unwrap_or_default();
    finding.because("path.probes", format!("ICMP type {}, code {} from {by}", evidence[0], evidence[1]))
}

/// The answers that end a trace and are no arrival, the plainest first.
fn refusals(trace: &Trace) -> Vec<&Reply> {
    let replies = trace.probes.iter().filter_map(|probe| probe.reply.as_ref());
    let mut refusals: Vec<&Reply> =
        replies.filter(|reply| reply.meaning.is_the_end() && reply.meaning != Meaning::Arrived).collect();
    refusals.sort_by_key(|reply| (reply.meaning == Meaning::InItsName, reply.meaning == Meaning::Unreachable));
    refusals
}

/// The same router at three hops, and never at two in a row: some routers answer one hop too far, which is no loop.
fn goes_round(path: &PathTo, trace: &Trace) -> Option<Finding> {
    const OFTEN: usize = 3;
    let mut seen: BTreeMap<IpAddr, Vec<u8>> = BTreeMap::new();
    for hop in &trace.hops {
        for address in hop.routers.iter().filter_map(|router| router.address) {
            seen.entry(address).or_default().push(hop.ttl);
        }
    }
    let apart = |at: &[u8]| at.windows(2).all(|pair| pair[1] > pair[0] + 1);
    let (address, at) = seen.into_iter().find(|(_, at)| at.len() >= OFTEN && apart(at))?;
    let hops = at.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let sentence = format!("packets to {} go round in a loop: {address} passes them again and again", path.to);
    Some(Finding::problem("path.loop", Sureness::Likely, sentence).because("path.hops", format!("{address} at {hops}")))
}

fn stops_behind(path: &PathTo, trace: &Trace, hop: &Hop, asked_the_service: bool) -> Finding {
    let place = format!("hop {}{}", hop.ttl, hop_words(hop));
    let evidence = format!("the last answer is from {place}");
    let finding = if asked_the_service {
        let sentence = format!("packets to {} get as far as {place}; nothing behind it answers", path.to);
        Finding::problem("path.stops", Sureness::Likely, sentence)
    } else {
        let sentence = format!(
            "packets to {} are answered as far as {place}; it may be that what lies behind does not answer {}",
            path.to,
            way(trace)
        );
        Finding::notice("path.stops", Sureness::Possible, sentence)
    };
    finding.because("path.hops", evidence)
}

fn nothing_answers(path: &PathTo, trace: &Trace, asked_the_service: bool) -> Finding {
    let sentence = format!(
        "nothing answers on the way to {}, not even the first router: packets are dropped there, or this machine \
         (a container, a firewall) does not let answers in",
        path.to
    );
    let evidence = count(trace.probes.len(), "probe without an answer", "probes without an answer");
    let finding = if asked_the_service {
        Finding::problem("path.nothing-answers", Sureness::Likely, sentence)
    } else {
        Finding::notice("path.nothing-answers", Sureness::Possible, sentence)
    };
    finding.because("path.probes", evidence)
}

fn stop_word(stop: Stop) -> &'static str {
    match stop {
        Stop::Arrived => "arrived",
        Stop::Refused => "refused",
        Stop::GaveUp => "gave up",
        Stop::NotSent => "not sent",
    }
}
