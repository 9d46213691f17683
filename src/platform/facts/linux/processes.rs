//! The processes, measured twice to see who is busy now.

use std::collections::HashMap;
use std::time::Instant;

use super::super::ranking::{self, MAX_PROCESSES, Process};
use super::super::reading::Reading;
use super::hardware::SAMPLE;
use super::proc::cpu;
use super::proc::process::{self, Status, TICKS_A_SECOND, Times};
use super::root::Root;

pub fn read(root: &Root) -> Reading {
    let mut reading = Reading::default();
    let Some((names, _)) = reading.take("processes: /proc", root.names("proc", usize::MAX)) else { return reading };
    let pids: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
    if pids.is_empty() {
        reading.gap("processes: /proc lists none");
        return reading;
    }
    let start = Instant::now();
    let earlier: HashMap<u32, Times> =
        pids.iter().take(MAX_PROCESSES).filter_map(|pid| Some((*pid, times(root, *pid)?))).collect();
    std::thread::sleep(SAMPLE);
    let seconds = start.elapsed().as_secs_f64();
    let boot = root.text("proc/stat").ok().and_then(|stat| cpu::boot_time(&stat));
    let processes: Vec<Process> =
        earlier.iter().filter_map(|(pid, earlier)| process(root, *pid, *earlier, seconds, boot)).collect();
    // One that ended meanwhile is no gap.
    let unread = pids.len().saturating_sub(earlier.len());
    let total = processes.len() + unread;
    ranking::rank(processes, total)
}

fn times(root: &Root, pid: u32) -> Option<Times> {
    process::times(&root.text(&format!("proc/{pid}/stat")).ok()?)
}

fn process(root: &Root, pid: u32, earlier: Times, seconds: f64, boot: Option<i64>) -> Option<Process> {
    let status = Status::parse(&root.text(&format!("proc/{pid}/status")).ok()?)?;
    let now = times(root, pid)?;
    let ticks = now.used.saturating_sub(earlier.used) as f64;
    let started = i64::try_from(now.start / TICKS_A_SECOND).ok();
    Some(Process {
        pid,
        parent: status.parent,
        name: status.name,
        user_id: status.user_id.map(|uid| uid.to_string()),
        cpu_percent: ticks * 100.0 / TICKS_A_SECOND as f64 / seconds,
        cpu_seconds: now.used as f64 / TICKS_A_SECOND as f64,
        rss_bytes: status.rss_bytes,
        threads: status.threads,
        state: status.state,
        started: boot.zip(started).and_then(|(boot, after)| boot.checked_add(after)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_from_stat_and_status_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = folder.path().join("proc/7");
        std::fs::create_dir_all(&of).expect("a folder");
        std::fs::create_dir_all(folder.path().join("proc/8")).expect("a process that ended");
        std::fs::write(folder.path().join("proc/stat"), "cpu 1 1 1 1\nbtime 1700000000\n").expect("a file");
        std::fs::write(of.join("stat"), "7 (db) S 1 1 1 0 -1 0 0 0 0 0 100 50 0 0 20 0 1 0 500 0 0").expect("a file");
        std::fs::write(of.join("status"), "Name:\tdb\nState:\tS (sleeping)\nUid:\t33\t33\t33\t33\nVmRSS:\t4 kB\n")
            .expect("a file");
        std::fs::write(of.join("cmdline"), "db\0--password=hunter2").expect("a file");
        std::fs::write(of.join("environ"), "TOKEN=hunter2").expect("a file");
        let (value, gaps) = read(&Root::new(folder.path())).bounded();
        let row = &value["top_by_cpu"][0];
        assert_eq!((&row["name"], &row["user_id"]), (&"db".into(), &"33".into()));
        assert_eq!(row["started_utc"], "2023-11-14T22:13:25Z");
        assert_eq!(row["cpu_seconds"], 1.5);
        assert_eq!(gaps, ["processes: 1 of 2 could be read"]);
        assert!(!value.to_string().contains("hunter2"));
    }
}
