//! Linux: reads `/proc`, `/sys` and a few files of `/etc`, and hands their texts to [`super::proc`].

mod container;
mod disks;
mod hardware;
mod limits;
mod names;
mod network;
mod processes;
mod root;

use super::reading::Reading;
use super::{clock, proc};
use root::Root;

pub use names::identity;

/// Reads one group other than `environment`.
pub fn read(group: &str) -> Reading {
    read_below(&Root::new("/"), group)
}

fn read_below(root: &Root, group: &str) -> Reading {
    match group {
        "os" => hardware::os(root),
        "cpu" => hardware::cpu(root),
        "memory" => hardware::memory(root),
        "disks" => disks::read(root),
        "network" => network::read(root),
        "processes" => processes::read(root),
        "time" => time(root),
        "limits" => limits::read(root),
        "container" => container::read(root),
        _ => Reading::default(),
    }
}

fn time(root: &Root) -> Reading {
    let boot = root.text("proc/stat").ok().and_then(|stat| proc::cpu::boot_time(&stat));
    let uptime = root.text("proc/uptime").ok().and_then(|text| {
        let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
        Some(seconds as u64) // saturates, and is 0 for what is no number
    });
    let mut reading = clock::read(boot, uptime);
    reading.put("clock_source", root.line("sys/devices/system/clocksource/clocksource0/current_clocksource"));
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chroot_with_nothing_in_it_has_gaps_and_no_panic() {
        let empty = tempfile::tempdir().expect("a folder");
        let root = Root::new(empty.path());
        for (name, _) in super::super::groups().into_iter().filter(|(name, _)| *name != "environment") {
            let (value, gaps) = read_below(&root, name).bounded();
            assert!(value.is_object());
            // The clock and the host's name come from system calls; all else must say that it is missing.
            assert!(!gaps.is_empty() || ["container", "time"].contains(&name), "{name}: {value}");
        }
        names::identity_below(&root, &[], None);
    }

    #[test]
    fn files_of_garbage_and_folders_in_place_of_files_do_no_harm() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        for path in ["stat", "meminfo", "cpuinfo", "loadavg", "uptime", "swaps", "vmstat", "net/dev", "net/route"] {
            write(&format!("proc/{path}"), b"\xff\xfe: 1 2 \0 ((((\n- - -\n99999999999999999999999 x");
        }
        for path in
            ["proc/self/mountinfo", "proc/self/cgroup", "etc/passwd", "etc/hosts", "proc/7/stat", "proc/7/status"]
        {
            write(path, b": : - / \\0 0::/../../.. \n\n\xff");
        }
        std::fs::create_dir_all(folder.path().join("etc/resolv.conf")).expect("a folder");
        let root = Root::new(folder.path());
        for (name, _) in super::super::groups() {
            read_below(&root, name).bounded();
        }
        names::identity_below(&root, &[], None);
    }
}
