//! Facts by way of `sysinfo`, for macOS and Windows. Only the parts of it that are known to be sound there: no `Users`
//! (it may abort on Windows) and no second measurement of processor use there (it reloads performance counters).

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sysinfo::{
    CpuRefreshKind, Disks, Networks, Process as Row, ProcessRefreshKind, ProcessesToUpdate, Product, System, UpdateKind,
};

use super::ranking::{self, MAX_PROCESSES, Process};
use super::reading::{Reading, object, percent, within};
use super::{clock, environment};

/// How long the list of disks may take: macOS asks every volume, also one whose server is gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// A healthy system takes milliseconds to start `sysinfo`; without it there is nothing to tell.
fn system(reading: &mut Reading, what: &str) -> Option<System> {
    System::new().map_err(|error| reading.gap(format!("{what}: {error}"))).ok()
}

pub fn os(kind: &str) -> Reading {
    let mut reading = Reading::default();
    let os = object([
        ("type", json!(kind)),
        ("name", json!(System::name().ok())),
        ("version", json!(System::os_version().ok())),
        ("description", json!(System::long_os_version().ok())),
        ("kernel", json!(System::kernel_version().ok())),
    ]);
    reading.put("os", os);
    reading.put("host", object([("name", json!(System::host_name().ok())), ("arch", json!(System::cpu_arch()))]));
    reading
}

/// Processors without their use.
pub fn cpu() -> Reading {
    let mut reading = Reading::default();
    if let Some(mut system) = system(&mut reading, "processors") {
        system.refresh_cpu_list(CpuRefreshKind::nothing());
        let first = system.cpus().first();
        let cpu = object([
            ("model", json!(first.map(|cpu| cpu.brand().trim().to_owned()))),
            ("vendor", json!(first.map(|cpu| cpu.vendor_id().to_owned()))),
            ("logical_cores", json!(system.cpus().len())),
            ("physical_cores", json!(System::physical_core_count().ok())),
        ]);
        reading.put("cpu", cpu);
    }
    reading.gap("processor use: not measured on this system; see the processes");
    reading
}

pub fn memory() -> Reading {
    let mut reading = Reading::default();
    let Some(mut system) = system(&mut reading, "memory") else { return reading };
    system.refresh_memory();
    let (total, available) = (system.total_memory(), system.available_memory());
    let memory = object([
        ("total_bytes", json!(total)),
        ("available_bytes", json!(available)),
        ("available_percent", json!(percent(available, total))),
    ]);
    reading.put("memory", memory);
    let (total, used) = (system.total_swap(), system.used_swap());
    reading.put("swap", json!({ "total_bytes": total, "used_bytes": used, "free_bytes": total.saturating_sub(used) }));
    reading
}

pub fn disks() -> Reading {
    let mut reading = Reading::default();
    let Some(Ok(disks)) = within(PATIENCE, Disks::new_with_refreshed_list) else {
        reading.gap("file systems: the system gave no list within 5 s");
        return reading;
    };
    let list: Vec<Value> = disks
        .iter()
        .map(|disk| {
            let (total, available) = (disk.total_space(), disk.available_space());
            json!({
                "mount_point": disk.mount_point().to_string_lossy(),
                "device": disk.name().to_string_lossy(),
                "type": disk.file_system().to_string_lossy(),
                "media": disk.kind().to_string(),
                "read_only": disk.is_read_only(),
                "removable": disk.is_removable(),
                "total_bytes": total,
                "available_bytes": available,
                "used_percent": percent(total.saturating_sub(available), total),
            })
        })
        .collect();
    if list.is_empty() {
        reading.gap("file systems: the system lists none");
    }
    reading.put("file_systems", list);
    reading
}

/// Interfaces and proxies; DNS servers and routes are the caller's.
pub fn network() -> Reading {
    let mut reading = Reading::default();
    let mut list: Vec<(String, Value)> = Networks::new_with_refreshed_list()
        .map(|networks| {
            let named = networks.iter().map(|(name, network)| (name.to_string_lossy().into_owned(), network));
            named.map(|(name, network)| (name.clone(), interface(&name, network))).collect()
        })
        .unwrap_or_default();
    if list.is_empty() {
        reading.gap("interfaces: the system lists none");
    }
    list.sort_by(|a, b| a.0.cmp(&b.0));
    reading.put("interfaces", list.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
    reading.put("proxies", environment::proxies(std::env::vars_os()));
    reading
}

fn interface(name: &str, network: &sysinfo::NetworkData) -> Value {
    let mut addresses: Vec<String> = network.ip_networks().iter().map(ToString::to_string).collect();
    addresses.sort();
    json!({
        "name": name,
        "state": format!("{:?}", network.operational_state()).to_ascii_lowercase(),
        "mtu": network.mtu(),
        "mac": network.mac_address().to_string(),
        "addresses": addresses,
        "counters": {
            "received_bytes": network.total_received(), "received_packets": network.total_packets_received(),
            "received_errors": network.total_errors_on_received(),
            "sent_bytes": network.total_transmitted(), "sent_packets": network.total_packets_transmitted(),
            "sent_errors": network.total_errors_on_transmitted(),
        },
    })
}

pub fn processes() -> Reading {
    let mut reading = Reading::default();
    let Some(mut system) = system(&mut reading, "processes") else { return reading };
    let kind =
        ProcessRefreshKind::nothing().without_tasks().with_cpu().with_memory().with_user(UpdateKind::OnlyIfNotSet);
    // Two readings, because use is a difference. `kind` has no arguments, no environment, no folders.
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    std::thread::sleep(sysinfo::MINIMUM_CPU_UPDATE_INTERVAL);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let rows: Vec<Process> = system.processes().values().take(MAX_PROCESSES).map(process).collect();
    ranking::rank(rows, system.processes().len())
}

fn process(row: &Row) -> Process {
    Process {
        pid: row.pid().as_u32(),
        parent: row.parent().map(sysinfo::Pid::as_u32),
        name: file_name(&row.name().to_string_lossy()),
        user_id: row.user_id().map(|id| id.to_string()),
        cpu_percent: f64::from(row.cpu_usage()),
        cpu_seconds: row.accumulated_cpu_time() as f64 / 1000.0,
        rss_bytes: row.memory(),
        threads: None,
        state: row.status().to_string().to_ascii_lowercase().replace(' ', "_"),
        // 0, or before 1970, where the system did not let us look.
        started: i64::try_from(row.start_time()).ok().filter(|start| *start > 0),
    }
}

/// Without the folder, should the system put one before the name.
fn file_name(name: &str) -> String {
    Path::new(name).file_name().map_or_else(|| name.to_owned(), |name| name.to_string_lossy().into_owned())
}

pub fn time() -> Reading {
    let boot = System::boot_time().ok().and_then(|boot| i64::try_from(boot).ok());
    clock::read(boot, System::uptime().ok())
}

/// Vendor and product: those of a hypervisor where there is one.
pub fn hardware() -> Reading {
    let mut reading = Reading::default();
    let (vendor, product) = (Product::vendor_name(), Product::name());
    if vendor.is_err() && product.is_err() {
        reading.gap("hardware: the system names neither vendor nor product");
    }
    let hardware = object([("vendor", json!(vendor.ok())), ("product", json!(product.ok()))]);
    reading.put("hardware", hardware);
    reading
}
