//! `casefile probe --watch`: the paths again and again, with what has come together, until Ctrl-C.
//!
//! Each round is a whole trace, never more often than routers answer.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::probe::path::{Meaning, PathTo, ProbeRecord, Stop};
use crate::probe::{self, Kind, Plan};

/// The least time between two rounds. A Linux router answers one probe a second after a burst; a round has three a hop.
const PAUSE: Duration = Duration::from_secs(4);
/// How often a stop by the user is looked for.
const TICK: Duration = Duration::from_millis(50);

/// Who was at which hop of the path to whom.
type Place = (String, IpAddr, u8, Option<IpAddr>);

/// What has come together about one of them.
#[derive(Debug, Default)]
struct Tally {
    answered: u64,
    best_us: u64,
    last_us: u64,
    worst_us: u64,
    sum_us: u64,
}

/// All rounds so far.
#[derive(Debug, Default)]
pub struct Watch {
    rounds: u64,
    arrived: BTreeMap<(String, IpAddr), u64>,
    sent: BTreeMap<(String, IpAddr, u8), u64>,
    tallies: BTreeMap<Place, Tally>,
}

/// Goes round until `cancel`, and writes the table anew after each round; on a terminal (`clears`) in the same place.
pub fn run(plan: &Plan, clears: bool, out: &mut dyn Write, cancel: &AtomicBool) -> io::Result<()> {
    let plan = Plan { kinds: vec![Kind::Path], ..plan.clone() };
    let mut watch = Watch::default();
    loop {
        let began = Instant::now();
        let Some(report) = probe::run(&plan, jiff::Timestamp::now(), cancel) else { return Ok(()) };
        watch.rounds += 1;
        for target in &report.targets {
            for path in target.path.iter().flat_map(|path| &path.paths) {
                watch.take(&target.name, path);
            }
        }
        if clears {
            // Home, and clear what is below: what was written before the watch stays above.
            write!(out, "\x1b[H\x1b[2J")?;
        }
        watch.write(out)?;
        out.flush()?;
        while began.elapsed() < PAUSE {
            if cancel.load(Ordering::Relaxed) {
                return Ok(());
            }
            std::thread::sleep(TICK);
        }
    }
}

impl Watch {
    /// Adds one round of one path.
    fn take(&mut self, target: &str, path: &PathTo) {
        let arrived = path.traces.iter().any(|trace| trace.stop == Stop::Arrived);
        *self.arrived.entry((target.to_owned(), path.to)).or_default() += u64::from(arrived);
        let trace = path.traces.iter().find(|trace| trace.stop == Stop::Arrived).or(path.traces.first());
        let Some(trace) = trace else { return };
        let last = trace.hops.last().map_or(0, |hop| hop.ttl);
        for probe in trace.probes.iter().filter(|probe| probe.ttl <= last && probe.error.is_none()) {
            *self.sent.entry((target.to_owned(), path.to, probe.ttl)).or_default() += 1;
            self.take_probe(target, path.to, probe);
        }
    }

    fn take_probe(&mut self, target: &str, to: IpAddr, probe: &ProbeRecord) {
        let Some(reply) = probe.reply.as_ref().filter(|reply| reply.meaning != Meaning::Other) else { return };
        let tally = self.tallies.entry((target.to_owned(), to, probe.ttl, reply.from)).or_default();
        tally.best_us = if tally.answered == 0 { reply.rtt_us } else { tally.best_us.min(reply.rtt_us) };
        tally.worst_us = tally.worst_us.max(reply.rtt_us);
        tally.last_us = reply.rtt_us;
        tally.sum_us += reply.rtt_us;
        tally.answered += 1;
    }

    /// The table, at most 80 columns wide.
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for ((target, to), arrived) in &self.arrived {
            let name = crate::model::printable(target);
            writeln!(out, "{name}, {to}: arrived in {arrived} of {} rounds; Ctrl-C ends", self.rounds)?;
            writeln!(out, "  hop  who (times in ms)               answers    best    mean    last   worst")?;
            let ours = self.sent.iter().filter(|((of, there, _), _)| (of, there) == (target, to));
            for ((_, _, ttl), sent) in ours {
                self.write_hop(target, *to, *ttl, *sent, out)?;
            }
        }
        Ok(())
    }

    fn write_hop(&self, target: &str, to: IpAddr, ttl: u8, sent: u64, out: &mut dyn Write) -> io::Result<()> {
        let here = |(of, there, at, _): &Place| (of.as_str(), *there, *at) == (target, to, ttl);
        let mut first = true;
        for ((_, _, _, who), tally) in self.tallies.iter().filter(|(place, _)| here(place)) {
            let number = if first { ttl.to_string() } else { String::new() };
            let who = who.map_or_else(|| "?".to_owned(), |who| who.to_string());
            let answers = format!("{}/{sent}", tally.answered);
            let ms = |us: u64| us as f64 / 1000.0;
            let times = [tally.best_us, tally.sum_us / tally.answered.max(1), tally.last_us, tally.worst_us].map(ms);
            let [best, mean, last, worst] = times;
            writeln!(out, "  {number:>3}  {who:<30} {answers:>8} {best:>7.1} {mean:>7.1} {last:>7.1} {worst:>7.1}")?;
            first = false;
        }
        if first {
            writeln!(out, "  {ttl:>3}  *{:>38}", format!("0/{sent}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::path::{self, Protocol, Reply, Trace};

    fn round(rtt_us: u64) -> PathTo {
        let to: IpAddr = [198, 51, 100, 7].into();
        let reply = |from, meaning| Reply {
            from: Some(from),
            rtt_us,
            meaning,
            reply_ttl: None,
            icmp: None,
            mtu: None,
            inferred: false,
        };
        let probe = |ttl, reply| ProbeRecord { ttl, attempt: 0, flow: 0, size: None, sent_us: 0, reply, error: None };
        let probes = vec![
            probe(1, Some(reply([10, 0, 0, 1].into(), Meaning::Hop))),
            probe(2, None),
            probe(3, Some(reply(to, Meaning::Arrived))),
        ];
        let hop = |ttl| path::Hop { ttl, sent: 1, answered: 1, routers: Vec::new() };
        let trace = Trace {
            protocol: Protocol::Udp,
            port: None,
            one_flow_first: true,
            stop: Stop::Arrived,
            error: None,
            reason: None,
            arrived_ttl: Some(3),
            took_us: 0,
            hops: vec![hop(1), hop(2), hop(3)],
            probes,
        };
        PathTo { to, source: None, traces: vec![trace], mtu: None, loss: None }
    }

    #[test]
    fn rounds_come_together_in_a_table_of_80_columns() {
        let mut watch = Watch { rounds: 2, ..Watch::default() };
        watch.take("https://shop.example", &round(10_000));
        watch.take("https://shop.example", &round(30_000));
        let mut out = Vec::new();
        watch.write(&mut out).expect("memory takes all");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("arrived in 2 of 2 rounds"), "{text}");
        let first = text.lines().find(|line| line.contains("10.0.0.1")).expect("the first hop");
        assert!(first.contains("2/2") && first.contains("10.0    20.0    30.0    30.0"), "{first}");
        assert!(text.lines().any(|line| line.contains('*') && line.contains("0/2")), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
