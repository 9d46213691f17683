//! System and kernel, processors, memory.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::reading::{Reading, object};
use super::proc::{cpu, memory, os_release};
use super::root::Root;

/// How long processor use is measured. `top` waits three seconds; a customer does not.
pub const SAMPLE: Duration = Duration::from_millis(200);

pub fn os(root: &Root) -> Reading {
    let mut reading = Reading::default();
    let uname = rustix::system::uname();
    // A distribution may have the file in only one of the two places (os-release(5)).
    let release = root.text("etc/os-release").or_else(|_| root.text("usr/lib/os-release"));
    let release = reading.take("distribution: /etc/os-release", release).unwrap_or_default();
    let value = |key| json!(os_release::value(&release, key));
    let os = object([
        ("type", json!("linux")),
        ("name", value("NAME")),
        ("version", value("VERSION_ID")),
        ("description", value("PRETTY_NAME")),
        ("id", value("ID")),
        ("id_like", value("ID_LIKE")),
        ("kernel", json!(uname.release().to_string_lossy())),
        ("kernel_build", json!(uname.version().to_string_lossy())),
    ]);
    reading.put("os", os);
    let arch = json!(uname.machine().to_string_lossy());
    reading.put("host", object([("name", json!(uname.nodename().to_string_lossy())), ("arch", arch)]));
    let security = object([
        ("modules", json!(root.line("sys/kernel/security/lsm"))),
        ("selinux_enforcing", json!(root.number("sys/fs/selinux/enforce").map(|on| on == 1))),
        ("fips", json!(root.number("proc/sys/crypto/fips_enabled").map(|on| on == 1))),
        ("kernel_tainted", json!(root.number("proc/sys/kernel/tainted"))),
    ]);
    reading.put("security", security);
    reading
}

pub fn cpu(root: &Root) -> Reading {
    let mut reading = Reading::default();
    if let Some(text) = reading.take("processors: /proc/cpuinfo", root.text("proc/cpuinfo")) {
        let info = cpu::CpuInfo::parse(&text);
        let board = root.text("proc/device-tree/model").ok(); // ARM boards; ends in a NUL
        let board = board.map(|model| model.trim_end_matches(['\0', '\n']).to_owned());
        let cpu = object([
            ("model", json!(info.model.or(board))),
            ("vendor", json!(info.vendor)),
            ("logical_cores", json!(info.logical)),
            ("physical_cores", json!(info.physical)),
            ("sockets", json!(info.sockets)),
            ("max_khz", json!(root.number("sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"))),
            ("governor", json!(root.line("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))),
        ]);
        reading.put("cpu", cpu);
    }
    if let Some(text) = reading.take("load: /proc/loadavg", root.text("proc/loadavg")) {
        reading.put("load", cpu::load(&text));
    }
    let Some(earlier) = reading.take("processor use: /proc/stat", root.text("proc/stat")) else { return reading };
    let start = Instant::now();
    std::thread::sleep(SAMPLE);
    let later = root.text("proc/stat").unwrap_or_default();
    let times = cpu::CpuTimes::parse(&earlier).zip(cpu::CpuTimes::parse(&later));
    match times.and_then(|(earlier, later)| later.since(&earlier)) {
        Some(usage) => {
            reading.put("usage", usage);
            reading.put("measured_over_ms", u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
        }
        None => reading.gap("processor use: /proc/stat did not move or makes no sense"),
    }
    reading
}

pub fn memory(root: &Root) -> Reading {
    let mut reading = Reading::default();
    if let Some(text) = reading.take("memory: /proc/meminfo", root.text("proc/meminfo")) {
        match memory::memory(&text) {
            Some((memory, swap)) => {
                reading.put("memory", memory);
                reading.put("swap", swap);
            }
            None => reading.gap("memory: /proc/meminfo names no total"),
        }
    }
    if let Ok(text) = root.text("proc/swaps") {
        reading.put("swap_devices", memory::swap_devices(&text));
    }
    if let Ok(text) = root.text("proc/vmstat") {
        reading.put("out_of_memory_kills", memory::out_of_memory_kills(&text));
    }
    reading
}
