//! The programs that use the most. A process has a name here, never its arguments: tokens are passed there.

use serde_json::{Value, json};

use super::clock::seconds;
use super::reading::{Reading, object};

/// The most processes that are read. Machines with more have a leak, which the count shows.
pub(super) const MAX_PROCESSES: usize = 4096;

/// How many of each ranking are listed.
const TOP: usize = 20;

/// One process.
#[derive(Debug, Clone, Default)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) parent: Option<u32>,
    /// The name of the program, without folder and arguments.
    pub(super) name: String,
    /// The user's number, or its SID on Windows.
    pub(super) user_id: Option<String>,
    /// Of one processor core, over the time measured; may exceed 100.
    pub(super) cpu_percent: f64,
    /// Processor time since its start, in seconds.
    pub(super) cpu_seconds: f64,
    /// Memory that it holds in RAM, in bytes.
    pub(super) rss_bytes: u64,
    pub(super) threads: Option<u64>,
    /// `running`, `sleeping`, `zombie`, …
    pub(super) state: String,
    /// Seconds since 1970.
    pub(super) started: Option<i64>,
}

/// Counts by state, and the two rankings. `total` is how many processes there are, of which `processes` were read.
pub(super) fn rank(mut processes: Vec<Process>, total: usize) -> Reading {
    let mut reading = Reading::default();
    reading.put("count", total);
    if total > processes.len() {
        reading.gap(format!("processes: {} of {total} could be read", processes.len()));
    }
    let mut states = std::collections::BTreeMap::<&str, u64>::new();
    for process in &processes {
        *states.entry(&process.state).or_default() += 1;
    }
    reading.put("states", json!(states));
    // Ties go by number, so that two runs on an idle machine list the same.
    processes.sort_by(|a, b| {
        let by_now = b.cpu_percent.total_cmp(&a.cpu_percent);
        by_now.then(b.cpu_seconds.total_cmp(&a.cpu_seconds)).then(a.pid.cmp(&b.pid))
    });
    reading.put("top_by_cpu", rows(&processes));
    processes.sort_by(|a, b| b.rss_bytes.cmp(&a.rss_bytes).then(a.pid.cmp(&b.pid)));
    reading.put("top_by_memory", rows(&processes));
    reading
}

fn rows(processes: &[Process]) -> Vec<Value> {
    processes.iter().take(TOP).map(row).collect()
}

fn row(process: &Process) -> Value {
    let tenth = |number: f64| if number.is_finite() { json!((number * 10.0).round() / 10.0) } else { Value::Null };
    object([
        ("pid", json!(process.pid)),
        ("parent_pid", json!(process.parent)),
        ("name", json!(process.name)),
        ("user_id", json!(process.user_id)),
        ("cpu_percent", tenth(process.cpu_percent)),
        ("cpu_seconds", tenth(process.cpu_seconds)),
        ("rss_bytes", json!(process.rss_bytes)),
        ("threads", json!(process.threads)),
        ("state", json!(process.state)),
        ("started_utc", json!(process.started.and_then(seconds))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_and_the_largest_come_first_and_twenty_of_each() {
        let processes = (1..=30u32)
            .map(|pid| Process {
                pid,
                cpu_percent: if pid == 7 { f64::NAN } else { f64::from(pid) },
                rss_bytes: u64::from(100 - pid),
                state: "sleeping".to_owned(),
                started: Some(i64::MIN),
                ..Process::default()
            })
            .collect();
        let (value, gaps) = rank(processes, 31).bounded();
        assert_eq!(value["top_by_cpu"].as_array().map(Vec::len), Some(20));
        assert_eq!(value["top_by_cpu"][1]["pid"], 30);
        assert_eq!(value["top_by_memory"][0]["pid"], 1);
        assert_eq!(value["states"]["sleeping"], 30);
        assert_eq!(gaps, ["processes: 30 of 31 could be read"]);
    }
}
