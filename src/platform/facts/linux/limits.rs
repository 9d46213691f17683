//! What stops a program from taking more: limits of the process, of its control group, of the kernel; and how much it
//! waits.

use serde_json::{Map, Value, json};

use super::super::reading::{Reading, object};
use super::super::rlimits;
use super::proc::cgroup;
use super::root::Root;

const CGROUPS: &str = "sys/fs/cgroup";

/// Settings of the kernel that support asks for, below `/proc/sys`.
const SETTINGS: [&str; 16] = [
    "fs/file-max",
    "fs/inotify/max_user_instances",
    "fs/inotify/max_user_watches",
    "fs/nr_open",
    "kernel/pid_max",
    "kernel/threads-max",
    "net/core/somaxconn",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/tcp_max_syn_backlog",
    "net/netfilter/nf_conntrack_count",
    "net/netfilter/nf_conntrack_max",
    "vm/max_map_count",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "vm/swappiness",
    "kernel/randomize_va_space",
];

pub fn read(root: &Root) -> Reading {
    let mut reading = Reading::default();
    reading.put("process", rlimits::read());
    if let Some(text) = reading.take("control group: /proc/self/cgroup", root.text("proc/self/cgroup")) {
        reading.put("cgroup", control_group(root, &text));
    }
    let settings: Map<String, Value> = SETTINGS
        .iter()
        .filter_map(|name| Some((name.replace('/', "."), setting(&root.line(&format!("proc/sys/{name}"))?))))
        .collect();
    if settings.is_empty() {
        reading.gap("kernel settings: nothing below /proc/sys can be read");
    }
    reading.put("kernel_settings", settings);
    // fs/file-nr: in use, free, most.
    reading.put(
        "open_files_of_all",
        root.line("proc/sys/fs/file-nr").and_then(|l| l.split('\t').next()?.parse::<u64>().ok()),
    );
    let pressure: Map<String, Value> = ["cpu", "io", "memory"]
        .iter()
        .filter_map(|name| {
            let text = root.text(&format!("proc/pressure/{name}")).ok()?;
            Some(((*name).to_owned(), cgroup::pressure(&text)?))
        })
        .collect();
    if pressure.is_empty() {
        reading.gap("pressure: this kernel does not count it");
    }
    reading.put("pressure", pressure);
    reading
}

fn setting(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| text.replace('\t', " ").into(), Value::from)
}

fn control_group(root: &Root, text: &str) -> Value {
    let unified = root.exists(&format!("{CGROUPS}/cgroup.controllers"));
    match cgroup::folder(text, None).filter(|_| unified) {
        Some(path) => version_2(root, path),
        None => version_1(root, text),
    }
}

/// Every limit counts, from the process's own group up to the root; the tightest is the one that hurts.
fn version_2(root: &Root, path: &str) -> Value {
    let groups = cgroup::upwards(path);
    let tightest = |file: &str| {
        let limits = groups.iter().filter_map(|group| root.text(&format!("{CGROUPS}{group}/{file}")).ok());
        limits.filter_map(|text| cgroup::limit(&text)).min()
    };
    let processors = groups
        .iter()
        .filter_map(|group| cgroup::processors(&root.text(&format!("{CGROUPS}{group}/cpu.max")).ok()?))
        .min_by(f64::total_cmp);
    let own = |file: &str| root.text(&format!("{CGROUPS}{path}/{file}")).unwrap_or_default();
    object([
        ("version", json!(2)),
        ("path", json!(path)),
        ("memory_limit_bytes", json!(tightest("memory.max"))),
        ("memory_high_bytes", json!(tightest("memory.high"))),
        ("swap_limit_bytes", json!(tightest("memory.swap.max"))),
        ("memory_used_bytes", json!(cgroup::limit(&own("memory.current")))),
        ("memory_events", cgroup::counters(&own("memory.events"), &["high", "max", "oom", "oom_kill"])),
        ("cpu_limit_processors", json!(processors)),
        ("cpu_throttled", cgroup::counters(&own("cpu.stat"), &["nr_periods", "nr_throttled", "throttled_usec"])),
        ("processes_limit", json!(tightest("pids.max"))),
        ("processes_used", json!(cgroup::limit(&own("pids.current")))),
    ])
}

fn version_1(root: &Root, text: &str) -> Value {
    let file = |controller: &str, name: &str| {
        let path = cgroup::folder(text, Some(controller))?.trim_end_matches('/');
        // In a container the path is the host's, while the container's own group is mounted at the top.
        let own = root.text(&format!("{CGROUPS}/{controller}{path}/{name}"));
        own.or_else(|_| root.text(&format!("{CGROUPS}/{controller}/{name}"))).ok()
    };
    let limit = |controller, name| json!(file(controller, name).and_then(|text| cgroup::limit(&text)));
    let quota = file("cpu", "cpu.cfs_quota_us").zip(file("cpu", "cpu.cfs_period_us"));
    object([
        ("version", json!(1)),
        ("path", json!(cgroup::folder(text, Some("memory")))),
        ("memory_limit_bytes", limit("memory", "memory.limit_in_bytes")),
        ("memory_used_bytes", limit("memory", "memory.usage_in_bytes")),
        ("memory_limit_hits", limit("memory", "memory.failcnt")),
        ("cpu_limit_processors", json!(quota.and_then(|(quota, period)| cgroup::share(&quota, &period)))),
        ("processes_limit", limit("pids", "pids.max")),
        ("processes_used", limit("pids", "pids.current")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_on_the_way_up_is_the_one_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("proc/self/cgroup", "0::/outer/inner\n");
        write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
        write("sys/fs/cgroup/outer/memory.max", "1000000\n");
        write("sys/fs/cgroup/outer/cpu.max", "50000 100000\n");
        write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
        write("sys/fs/cgroup/outer/inner/memory.events", "oom 2\noom_kill 1\n");
        write("proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
        let (value, _) = read(&Root::new(folder.path())).bounded();
        assert_eq!(value["cgroup"]["memory_limit_bytes"], 1_000_000);
        assert_eq!(value["cgroup"]["cpu_limit_processors"], 0.5);
        assert_eq!(value["cgroup"]["memory_events"]["oom_kill"], 1);
        assert_eq!(value["kernel_settings"]["net.ipv4.ip_local_port_range"], "32768 60999");
        assert!(value["process"]["open_files"].is_object());
    }
}
