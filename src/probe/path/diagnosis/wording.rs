//! Pieces of sentences about a path.

use crate::probe::path::report::{Hop, Protocol, Trace};

/// Who is at a hop: ` (10.0.0.1)`, ` (10.0.0.1 or 10.0.0.2)`, or nothing.
pub(super) fn hop_words(hop: &Hop) -> String {
    const MOST: usize = 3;
    let known: Vec<String> = hop.routers.iter().filter_map(|router| router.address).map(|a| a.to_string()).collect();
    match known.len() {
        0 => String::new(),
        n if n > MOST => format!(" ({} or {} others)", known[0], n - 1),
        _ => format!(" ({})", known.join(" or ")),
    }
}

/// `1 hop`, `6 hops`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `0.4 ms`, `43 ms`.
pub(super) fn milliseconds(microseconds: u64) -> String {
    let milliseconds = microseconds as f64 / 1000.0;
    if milliseconds < 10.0 { format!("{milliseconds:.1} ms") } else { format!("{milliseconds:.0} ms") }
}

/// `TCP port 443`, `UDP`.
pub(super) fn way(trace: &Trace) -> String {
    match (trace.protocol, trace.port) {
        (Protocol::Tcp, Some(port)) => format!("TCP port {port}"),
        (protocol, _) => protocol.as_str().to_owned(),
    }
}
