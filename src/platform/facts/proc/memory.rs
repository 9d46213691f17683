//! `/proc/meminfo`, `/proc/swaps` and the one line of `/proc/vmstat` that explains a vanished process.

use serde_json::{Value, json};

use super::super::reading::{object, percent};

/// Memory and swap from `/proc/meminfo`, in bytes.
pub fn memory(meminfo: &str) -> Option<(Value, Value)> {
    let bytes = |key| super::number_after(meminfo, key).map(|kib| kib.saturating_mul(1024));
    let total = bytes("MemTotal")?;
    // Kernels before 3.14 do not estimate what is available.
    let available = bytes("MemAvailable");
    let memory = object([
        ("total_bytes", json!(total)),
        ("available_bytes", json!(available)),
        ("available_percent", json!(available.and_then(|available| percent(available, total)))),
        ("free_bytes", json!(bytes("MemFree"))),
        ("buffers_bytes", json!(bytes("Buffers"))),
        ("cached_bytes", json!(bytes("Cached"))),
        ("shared_bytes", json!(bytes("Shmem"))),
        ("slab_bytes", json!(bytes("Slab"))),
        ("slab_unreclaimable_bytes", json!(bytes("SUnreclaim"))),
        ("dirty_bytes", json!(bytes("Dirty"))),
        ("writeback_bytes", json!(bytes("Writeback"))),
        ("committed_bytes", json!(bytes("Committed_AS"))),
        ("commit_limit_bytes", json!(bytes("CommitLimit"))),
        ("huge_pages", json!(super::number_after(meminfo, "HugePages_Total"))),
        ("huge_pages_free", json!(super::number_after(meminfo, "HugePages_Free"))),
    ]);
    let (swap_total, swap_free) = (bytes("SwapTotal"), bytes("SwapFree"));
    let swap_used = swap_total.zip(swap_free).map(|(total, free)| total.saturating_sub(free));
    let swap = object([
        ("total_bytes", json!(swap_total)),
        ("free_bytes", json!(swap_free)),
        ("used_bytes", json!(swap_used)),
    ]);
    Some((memory, swap))
}

/// One entry for each line of `/proc/swaps`, sizes in bytes.
pub fn swap_devices(swaps: &str) -> Vec<Value> {
    swaps
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, kind) = (words.next()?, words.next()?);
            let mut kib = || words.next()?.parse::<u64>().ok();
            let (size, used) = (kib()?, kib()?);
            Some(json!({ "name": name, "kind": kind, "size_bytes": size.saturating_mul(1024),
                         "used_bytes": used.saturating_mul(1024) }))
        })
        .collect()
}

/// How often the kernel has killed a process for want of memory since it started.
pub fn out_of_memory_kills(vmstat: &str) -> Option<u64> {
    super::number_after(vmstat, "oom_kill")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_in_bytes_and_missing_lines_have_no_key() {
        let text = "MemTotal:       16000000 kB\nMemFree:  1000 kB\nMemAvailable:    4000000 kB\nCached: 5 kB\n\
                    SwapCached: 9 kB\nSwapTotal: 2048 kB\nSwapFree: 1024 kB\nHugePages_Total:       7\n";
        let (memory, swap) = memory(text).expect("a total");
        assert_eq!(memory["total_bytes"], 16_000_000u64 * 1024);
        assert_eq!(memory["available_percent"], 25.0);
        assert_eq!(memory["cached_bytes"], 5 * 1024);
        assert_eq!(memory["huge_pages"], 7);
        assert!(memory.get("dirty_bytes").is_none());
        assert_eq!(swap["used_bytes"], 1024 * 1024);
    }

    #[test]
    fn garbage_gives_nothing() {
        for text in ["", "MemTotal:", "MemTotal: many kB", "MemTotalX: 5", "\u{fffd}"] {
            assert_eq!(memory(text), None, "{text}");
            assert!(swap_devices(text).is_empty());
            assert_eq!(out_of_memory_kills(text), None);
        }
        let devices = swap_devices("Filename Type Size Used Priority\n/dev/sda2 partition 100 50 -2\nbroken line\n");
        assert_eq!(devices.len(), 1);
        assert_eq!(devices[0]["used_bytes"], 51_200);
        assert_eq!(out_of_memory_kills("oom_kill_x 3\noom_kill 2\n"), Some(2));
        assert!(memory(&format!("MemTotal: {}", u64::MAX)).is_some());
    }
}
