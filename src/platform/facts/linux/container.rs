//! Gathers the clues for [`super::proc::virtualisation`].

use serde_json::{Value, json};

use super::super::reading::{Reading, object};
use super::proc::cpu::CpuInfo;
use super::proc::virtualisation::{self, Clues, Found};
use super::root::Root;

pub fn read(root: &Root) -> Reading {
    let mut reading = Reading::default();
    // No serial number, no UUID: they name one machine and are for root only.
    let [vendor, product, bios] =
        ["sys_vendor", "product_name", "bios_vendor"].map(|file| root.line(&format!("sys/class/dmi/id/{file}")));
    let firmware = [&vendor, &product, &bios].map(|line| line.clone().unwrap_or_default()).join("\n");
    let set = |name: &str| root.is_machine() && std::env::var_os(name).is_some();
    let variable = || std::env::var("container").ok().filter(|_| root.is_machine());
    let clues = Clues {
        firmware: &firmware,
        hypervisor_type: &root.line("sys/hypervisor/type").unwrap_or_default(),
        hypervisor_flag: CpuInfo::parse(&root.text("proc/cpuinfo").unwrap_or_default()).hypervisor,
        kernel: &root.line("proc/sys/kernel/osrelease").unwrap_or_default(),
        manager: &root.line("run/systemd/container").or_else(variable).unwrap_or_default(),
        docker_file: root.exists(".dockerenv"),
        podman_file: root.exists("run/.containerenv"),
        kubernetes: root.exists("var/run/secrets/kubernetes.io") || set("KUBERNETES_SERVICE_HOST"),
        cgroup: &root.text("proc/1/cgroup").unwrap_or_default(),
    };
    reading.put("virtual_machine", found(virtualisation::machine(&clues)));
    reading.put("container", found(virtualisation::container(&clues)));
    reading
        .put("hardware", object([("vendor", json!(vendor)), ("product", json!(product)), ("firmware", json!(bios))]));
    reading
}

/// "none seen" rather than "none": a hypervisor can hide.
fn found(found: Option<Found>) -> Value {
    match found {
        Some((kind, evidence)) => json!({ "kind": kind, "evidence": evidence }),
        None => json!({ "kind": "none seen" }),
    }
}
