//! How many packets to a destination are lost: a hundred paced probes to it alone, and a hundred more if any is missing.
//!
//! Many destinations answer probes only so many times a second (Linux: six at once, then one), which looks like loss and
//! is none. Such a limit shows: after a first burst answers come rarely and evenly, where loss is irregular. Then nothing
//! is claimed.

use std::net::IpAddr;
use std::time::Duration;

use super::options::PathOptions;
use super::report::{LossReport, LossVerdict, Meaning, ProbeRecord};
use super::run::{FAR, Run, Send};
use crate::platform::sockets::{Network, Protocol};

/// Enough to tell a percent or two from none.
const FIRST: u16 = 100;
/// With 200, a loss of 20 % is seen as 14 to 26 % in 39 of 40 runs.
const ALL: u16 = 200;
/// A hundred small packets a second disturb nobody.
const PACE: Duration = Duration::from_millis(10);
/// Parallel paths are sampled by so many flows.
const FLOWS: u16 = 4;
/// With fewer answers it does not show whether they come evenly.
const FEW_ANSWERS: usize = 12;
/// After so many probes it is looked whether the destination answers at all, and evenly.
const LOOK_AFTER: usize = 30;

/// Measures. `rtt` is the time to the destination.
pub(super) fn measure(
    network: &mut dyn Network,
    to: IpAddr,
    protocol: Protocol,
    rtt: Duration,
    series: u32,
) -> LossReport {
    let mut run = Run::new(network, to, protocol, series);
    let wait = (rtt * 3).clamp(Duration::from_millis(100), Duration::from_secs(1));
    let mut sent = 0;
    while sent < ALL {
        let next = run.now() + PACE;
        let flow = 1 + sent % FLOWS;
        let port = if protocol == Protocol::Udp { PathOptions::UDP_PORT + flow } else { 0 };
        // A probe that can't be sent stands in the record.
        let _ = run.send(&Send { ttl: FAR, attempt: sent, flow, size: None, port });
        sent += 1;
        while run.now() < next {
            run.listen(next);
        }
        let enough = match sent {
            FIRST => {
                run.pause(wait);
                run.assign_by_order();
                answered(&run.records) == run.records.len()
            }
            _ => usize::from(sent) == LOOK_AFTER + in_flight(wait) && is_pointless(&mut run),
        };
        if enough {
            break;
        }
    }
    run.pause(wait);
    run.assign_by_order();
    report(protocol, run.finish())
}

/// Probes that leave while one answer is waited for.
fn in_flight(wait: Duration) -> usize {
    usize::try_from(wait.as_millis() / PACE.as_millis()).unwrap_or(0)
}

fn is_pointless(run: &mut Run<'_>) -> bool {
    run.assign_by_order();
    let settled = &run.records[..LOOK_AFTER];
    answered(settled) == 0 || has_stopped_answering(settled)
}

fn report(protocol: Protocol, probes: Vec<ProbeRecord>) -> LossReport {
    let sent = probes.iter().filter(|probe| probe.error.is_none()).count();
    let answered = answered(&probes);
    let verdict = if answered == 0 {
        LossVerdict::Silent
    } else if is_limited(&probes) {
        LossVerdict::AnswersLimited
    } else {
        LossVerdict::Measured
    };
    let loss = if sent == 0 { 0.0 } else { percent((sent - answered) as f64 / sent as f64) };
    LossReport {
        protocol: protocol.into(),
        verdict,
        sent: u32::try_from(sent).unwrap_or(u32::MAX),
        answered: u32::try_from(answered).unwrap_or(u32::MAX),
        percent: loss,
        between: wilson(sent - answered, sent).map(percent),
        probes,
    }
}

/// Answers of the destination itself. That somebody else speaks in between says nothing of loss.
fn answered(probes: &[ProbeRecord]) -> usize {
    probes.iter().filter(|probe| came(probe)).count()
}

fn came(probe: &ProbeRecord) -> bool {
    probe.reply.as_ref().is_some_and(|reply| reply.meaning == Meaning::Arrived)
}

/// Whether what is missing comes from a limit on answers rather than from loss.
fn is_limited(probes: &[ProbeRecord]) -> bool {
    let answers: Vec<bool> = probes.iter().filter(|probe| probe.error.is_none()).map(came).collect();
    let too_few = answered(probes) * 4 < probes.len() && answered(probes) < FEW_ANSWERS;
    too_few || has_stopped_answering(probes) || is_even(&answers)
}

/// A burst of answers, and then next to none.
fn has_stopped_answering(probes: &[ProbeRecord]) -> bool {
    const BURST: usize = 10;
    let (first, rest) = probes.split_at(BURST.min(probes.len()));
    let of_the_rest = answered(rest) as f64 / rest.len().max(1) as f64;
    answered(first) >= 4 && of_the_rest < 0.25 && answered(first) as f64 / first.len() as f64 > 2.0 * of_the_rest
}

/// Whether the rarer of answers and gaps comes at even distances, as a limiter makes it. The distances of random losses
/// vary about as much as they are long.
fn is_even(came: &[bool]) -> bool {
    const FEW: usize = 8;
    const EVEN: f64 = 0.35;
    let answers = came.iter().filter(|came| **came).count();
    let rare = answers * 2 < came.len();
    let places: Vec<usize> = (0..came.len()).filter(|at| came[*at] == rare).collect();
    let gaps: Vec<f64> = places.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    if gaps.len() < FEW {
        return false;
    }
    // A bucket may be full at first; the very first distance tells nothing.
    let gaps = &gaps[1..];
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    variance.sqrt() / mean < EVEN && mean > 1.0
}

/// Wilson's interval at 95 %, as fractions.
fn wilson(lost: usize, sent: usize) -> [f64; 2] {
    const Z: f64 = 1.96;
    if sent == 0 {
        return [0.0, 1.0];
    }
    let (n, p) = (sent as f64, lost as f64 / sent as f64);
    let centre = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// With one digit, so that no report pretends to know more.
fn percent(fraction: f64) -> f64 {
    (fraction * 1000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator, so that the test is the same each time.
    fn random_losses(seed: u64, fraction: f64, count: usize) -> Vec<bool> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..count).map(|_| next() >= fraction).collect()
    }

    #[test]
    fn random_loss_is_not_taken_for_a_limit() {
        for fraction in [0.05, 0.1, 0.2, 0.4, 0.6, 0.9] {
            let wrong = (1..=200).filter(|seed| is_even(&random_losses(*seed, fraction, 200))).count();
            assert!(wrong <= 2, "{wrong} of 200 runs at {fraction}");
        }
    }

    #[test]
    fn a_limit_is_seen_whatever_its_rate() {
        for every in [2, 3, 5, 10, 20] {
            let answers: Vec<bool> = (0..200).map(|at| at % every == 0).collect();
            assert!(is_even(&answers), "one answer in {every}");
            let gaps: Vec<bool> = answers.iter().map(|came| !came).collect();
            assert!(is_even(&gaps), "one gap in {every}");
        }
    }

    #[test]
    fn the_interval_is_the_textbooks() {
        let [low, high] = wilson(20, 100);
        assert!((low - 0.1334).abs() < 0.001 && (high - 0.2888).abs() < 0.001, "{low} {high}");
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
        assert!(wilson(0, 100)[1] < 0.04);
    }
}
