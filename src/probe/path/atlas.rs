//! A trace as RIPE Atlas writes its results, for the tools that read those.
//!
//! The format: "Data format: traceroute", atlas.ripe.net/docs. `paris_id` is 0 where no flow is kept; times are in
//! milliseconds; `err` is N, H, A, P or p for the kinds of "unreachable", or the code.

use serde_json::{Map, Value, json};

use super::report::{PathTo, ProbeRecord, Protocol, Reply, Stop, Trace};

/// One trace; `began` is when, in seconds since 1970.
#[must_use]
pub fn atlas(path: &PathTo, trace: &Trace, began: i64) -> Value {
    let mut result = Vec::new();
    let last = trace.hops.last().map_or(0, |hop| hop.ttl);
    for ttl in 1..=last {
        let replies: Vec<Value> = trace.probes.iter().filter(|probe| probe.ttl == ttl).map(reply).collect();
        result.push(json!({ "hop": ttl, "result": replies }));
    }
    if let Some(reason) = &trace.reason {
        result.push(json!({ "error": reason }));
    }
    let mut document = json!({
        "af": if path.to.is_ipv4() { 4 } else { 6 },
        "dst_addr": path.to,
        "dst_name": path.to.to_string(),
        "type": "traceroute",
        "proto": match trace.protocol { Protocol::Udp => "UDP", Protocol::Tcp => "TCP", Protocol::Icmp => "ICMP" },
        "paris_id": u8::from(trace.one_flow_first),
        "size": 12,
        "timestamp": began,
        "destination_ip_responded": trace.stop == Stop::Arrived,
        "result": result,
    });
    if let (Some(source), Some(fields)) = (path.source, document.as_object_mut()) {
        fields.insert("src_addr".to_owned(), json!(source));
    }
    document
}

fn reply(probe: &ProbeRecord) -> Value {
    let Some(reply) = &probe.reply else {
        return match probe.error {
            Some(error) => json!({ "error": error }),
            None => json!({ "x": "*" }),
        };
    };
    let mut fields = Map::new();
    if let Some(from) = reply.from {
        fields.insert("from".to_owned(), json!(from));
    }
    if let Some(left) = reply.reply_ttl {
        fields.insert("ttl".to_owned(), json!(left));
    }
    fields.insert("rtt".to_owned(), json!(reply.rtt_us as f64 / 1000.0));
    if let Some(letter) = letter(reply) {
        fields.insert("err".to_owned(), letter);
    }
    Value::Object(fields)
}

fn letter(reply: &Reply) -> Option<Value> {
    let is_v6 = reply.from.is_some_and(|from| from.is_ipv6());
    match (is_v6, reply.icmp?) {
        (false, [3, 0]) | (true, [1, 0]) => Some("N".into()),
        (false, [3, 1]) | (true, [1, 3]) => Some("H".into()),
        (false, [3, 2]) | (true, [4, 1]) => Some("P".into()),
        (false, [3, 3]) | (true, [1, 4]) => Some("p".into()),
        (false, [3, 9 | 10 | 13]) | (true, [1, 1]) => Some("A".into()),
        (false, [3, code]) | (true, [1, code]) => Some(code.into()),
        _ => None,
    }
}
