//! The hops of a trace, derived from its probes.

use super::report::{Hop, ProbeRecord, Reply, Router};
use super::trace::end;

/// One entry for each hop up to the end of the path; where there is none, up to the last hop that answered.
pub(super) fn hops(records: &[ProbeRecord]) -> Vec<Hop> {
    let answered = records.iter().filter(|record| record.reply.is_some()).map(|record| record.ttl).max();
    let last = end(records).or(answered).unwrap_or(0);
    (1..=last).map(|ttl| hop(ttl, records.iter().filter(|record| record.ttl == ttl))).collect()
}

fn hop<'r>(ttl: u8, records: impl Iterator<Item = &'r ProbeRecord>) -> Hop {
    let mut hop = Hop { ttl, sent: 0, answered: 0, routers: Vec::new() };
    let mut replies: Vec<(Vec<u64>, &Reply)> = Vec::new();
    for record in records.filter(|record| record.error.is_none()) {
        hop.sent += 1;
        let Some(reply) = &record.reply else { continue };
        hop.answered += 1;
        let same = |known: &&mut (Vec<u64>, &Reply)| (known.1.from, known.1.meaning) == (reply.from, reply.meaning);
        match replies.iter_mut().find(same) {
            Some((times, _)) => times.push(reply.rtt_us),
            None => replies.push((vec![reply.rtt_us], reply)),
        }
    }
    hop.routers = replies.into_iter().map(|(times, reply)| router(times, reply)).collect();
    hop
}

fn router(mut times: Vec<u64>, reply: &Reply) -> Router {
    times.sort_unstable();
    let rtt_us = [times[0], times[(times.len() - 1) / 2], times[times.len() - 1]];
    let answered = u32::try_from(times.len()).unwrap_or(u32::MAX);
    Router {
        address: reply.from,
        meaning: reply.meaning,
        answered,
        rtt_us,
        hops_back: reply.reply_ttl.and_then(hops_back),
    }
}

/// How many hops an answer came through. Systems begin at 64, 128 or 255 (32 is gone); no path has more than 60 hops, so
/// what is left tells where it began. What began at 255 and went far is taken for nothing rather than for 128.
fn hops_back(left: u8) -> Option<u8> {
    const FARTHEST: u8 = 60;
    let began = [64, 128, 255].into_iter().find(|began| *began >= left)?;
    Some(began - left + 1).filter(|hops| *hops <= FARTHEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_counted_from_what_is_left_of_the_answer() {
        assert_eq!(hops_back(64), Some(1));
        assert_eq!(hops_back(60), Some(5));
        assert_eq!(hops_back(250), Some(6));
        assert_eq!(hops_back(120), Some(9));
        assert_eq!(hops_back(150), None);
        assert_eq!(hops_back(0), None);
    }
}
