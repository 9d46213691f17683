//! `/proc/cpuinfo`, `/proc/stat` and `/proc/loadavg`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::reading::percent;

/// What `/proc/cpuinfo` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CpuInfo {
    /// `model name`; ARM kernels have none.
    pub model: Option<String>,
    pub vendor: Option<String>,
    /// Threads of hardware, as the kernel schedules them.
    pub logical: usize,
    /// Cores of silicon, where the kernel says.
    pub physical: Option<usize>,
    pub sockets: Option<usize>,
    /// Whether the processor says that a hypervisor runs it (x86 only).
    pub hypervisor: bool,
}

impl CpuInfo {
    pub fn parse(text: &str) -> Self {
        let mut info = Self::default();
        let (mut sockets, mut cores) = (BTreeSet::new(), BTreeSet::new());
        let mut socket = "";
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim() {
                "processor" if value.bytes().all(|b| b.is_ascii_digit()) => info.logical += 1,
                "model name" | "cpu" | "Model" if info.model.is_none() => info.model = Some(value.to_owned()),
                "vendor_id" | "CPU implementer" if info.vendor.is_none() => info.vendor = Some(value.to_owned()),
                "physical id" => {
                    socket = value;
                    sockets.insert(value);
                }
                "core id" => {
                    cores.insert((socket, value));
                }
                "flags" => info.hypervisor |= value.split_whitespace().any(|flag| flag == "hypervisor"),
                _ => {}
            }
        }
        info.physical = (!cores.is_empty()).then_some(cores.len());
        info.sockets = (!sockets.is_empty()).then_some(sockets.len());
        info
    }
}

/// The first line of `/proc/stat`: ticks since start by what they were spent on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuTimes {
    user: u64,
    system: u64,
    idle: u64,
    iowait: u64,
    steal: u64,
}

impl CpuTimes {
    pub fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().find(|line| line.starts_with("cpu "))?;
        let ticks: Vec<u64> = line.split_whitespace().skip(1).map_while(|word| word.parse().ok()).collect();
        let at = |index: usize| ticks.get(index).copied().unwrap_or(0);
        if ticks.len() < 4 {
            return None;
        }
        Some(Self {
            user: at(0).saturating_add(at(1)),                         // nice counts as user
            system: at(2).saturating_add(at(5)).saturating_add(at(6)), // with interrupts
            idle: at(3),
            iowait: at(4),
            steal: at(7),
        })
    }

    /// How the time from `earlier` to `self` was spent, in percent of all processors together.
    pub fn since(&self, earlier: &Self) -> Option<Value> {
        // `iowait` may run backwards (proc(5)), so every difference saturates.
        let spent = |part: fn(&Self) -> u64| part(self).saturating_sub(part(earlier));
        let parts =
            [spent(|t| t.user), spent(|t| t.system), spent(|t| t.idle), spent(|t| t.iowait), spent(|t| t.steal)];
        let all = parts.iter().fold(0u64, |sum, part| sum.saturating_add(*part));
        let [user, system, idle, iowait, steal] = parts.map(|part| percent(part, all));
        user.map(|user| {
            json!({ "user_percent": user, "system_percent": system, "idle_percent": idle, "iowait_percent": iowait,
                    "steal_percent": steal })
        })
    }
}

/// The `btime` line of `/proc/stat`: when the machine started, in seconds since 1970.
pub fn boot_time(stat: &str) -> Option<i64> {
    super::number_after(stat, "btime").and_then(|seconds| i64::try_from(seconds).ok())
}

/// `/proc/loadavg`: processes that run or wait for a disk, averaged.
pub fn load(text: &str) -> Option<Value> {
    let mut words = text.split_whitespace();
    let mut average = || words.next()?.parse::<f64>().ok().filter(|load| load.is_finite());
    let (one, five, fifteen) = (average()?, average()?, average()?);
    let tasks = words.next().and_then(|word| word.split_once('/'));
    let tasks = tasks.and_then(|(running, all)| Some((running.parse::<u64>().ok()?, all.parse::<u64>().ok()?)));
    Some(json!({
        "one_minute": one, "five_minutes": five, "fifteen_minutes": fifteen,
        "running_threads": tasks.map(|t| t.0), "threads": tasks.map(|t| t.1),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X86: &str = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon E5\nphysical id\t: 0\n\
                       core id\t\t: 0\nflags\t\t: fpu vme hypervisor sse\n\nprocessor\t: 1\nphysical id\t: 0\n\
                       core id\t\t: 0\n\nprocessor\t: 2\nphysical id\t: 1\ncore id\t\t: 0\n";

    #[test]
    fn threads_cores_and_sockets_are_told_apart() {
        let info = CpuInfo::parse(X86);
        assert_eq!((info.logical, info.physical, info.sockets), (3, Some(2), Some(2)));
        assert_eq!(info.model.as_deref(), Some("Xeon E5"));
        assert!(info.hypervisor);
        let arm = CpuInfo::parse("processor\t: 0\nCPU implementer\t: 0x41\n\nprocessor\t: 1\n");
        assert_eq!((arm.logical, arm.physical, arm.model, arm.hypervisor), (2, None, None, false));
    }

    #[test]
    fn use_is_the_difference_of_two_readings_even_when_a_counter_runs_backwards() {
        let earlier = CpuTimes::parse("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4\n").expect("a cpu line");
        let later = CpuTimes::parse("cpu  125 0 75 850 49 0 0 0 0 0\n").expect("a cpu line");
        let spent = later.since(&earlier).expect("time passed");
        assert_eq!(spent["user_percent"], 25.0);
        assert_eq!(spent["iowait_percent"], 0.0);
        assert_eq!(later.since(&later), None);
    }

    #[test]
    fn garbage_gives_nothing() {
        for text in ["", "cpu", "cpu x y z", "cpu 1 2", "\0\0\0", "NaN NaN NaN 1/2", "btime soon"] {
            assert_eq!(CpuTimes::parse(text), None, "{text}");
            assert_eq!(boot_time(text), None);
            assert_eq!(load(text), None);
            assert_eq!(CpuInfo::parse(text), CpuInfo::default());
        }
        let huge = CpuTimes::parse(&format!("cpu {0} {0} {0} {0} {0}", u64::MAX)).expect("numbers");
        assert!(huge.since(&CpuTimes::default()).is_some());
        assert_eq!(load("0.5 0.25 0.1 3/99 1234").expect("a load")["threads"], 99);
        assert_eq!(boot_time("cpu 1\nbtime 1700000000\n"), Some(1_700_000_000));
    }
}
