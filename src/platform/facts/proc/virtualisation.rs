//! Virtual machine or container? Decided from clues that every user can read, in the order of systemd-detect-virt.

/// What lies open on the machine.
#[derive(Debug, Default)]
pub struct Clues<'a> {
    /// `sys_vendor`, `product_name`, `bios_vendor` of `/sys/class/dmi/id`, one a line.
    pub firmware: &'a str,
    /// `/sys/hypervisor/type`.
    pub hypervisor_type: &'a str,
    /// The processor's own word for it.
    pub hypervisor_flag: bool,
    /// `/proc/sys/kernel/osrelease`.
    pub kernel: &'a str,
    /// `/run/systemd/container` or the variable `container`.
    pub manager: &'a str,
    /// `/.dockerenv` exists.
    pub docker_file: bool,
    /// `/run/.containerenv` exists.
    pub podman_file: bool,
    /// The folder of service account tokens exists, or Kubernetes has set its variables.
    pub kubernetes: bool,
    /// `/proc/1/cgroup`.
    pub cgroup: &'a str,
}

/// A finding and what it rests on.
pub type Found = (String, &'static str);

/// Words of the firmware and the hypervisor behind them, as systemd-detect-virt names it where it has a name.
const FIRMWARE: [(&str, &str); 16] = [
    ("kvm", "kvm"),
    ("openstack", "kvm"),
    ("amazon ec2", "amazon"),
    ("google compute engine", "google"),
    ("digitalocean", "kvm"),
    ("alibaba cloud", "kvm"),
    ("vmware", "vmware"),
    ("innotek gmbh", "virtualbox"),
    ("virtualbox", "virtualbox"),
    ("virtual machine", "microsoft"), // Hyper-V's product; its maker also makes laptops
    ("hyper-v", "microsoft"),
    ("parallels", "parallels"),
    ("bhyve", "bhyve"),
    ("apple virtualization", "apple"),
    ("xen", "xen"),
    ("qemu", "qemu"),
];

/// The hypervisor below, or `None` for bare metal as far as one can see.
pub fn machine(clues: &Clues<'_>) -> Option<Found> {
    let kernel = clues.kernel.to_ascii_lowercase();
    if kernel.contains("microsoft") || kernel.contains("wsl") {
        return Some(("wsl".to_owned(), "kernel release"));
    }
    let hypervisor = clues.hypervisor_type.trim();
    if !hypervisor.is_empty() {
        return Some((hypervisor.to_owned(), "/sys/hypervisor/type"));
    }
    let firmware = clues.firmware.to_ascii_lowercase();
    if let Some((_, name)) = FIRMWARE.iter().find(|(word, _)| firmware.contains(word)) {
        // Amazon rents out bare machines with the same firmware; only the processor tells.
        if *name != "amazon" || clues.hypervisor_flag {
            return Some(((*name).to_owned(), "firmware"));
        }
    }
    clues.hypervisor_flag.then(|| ("unknown".to_owned(), "processor flag"))
}

/// The container around this process, or `None`.
pub fn container(clues: &Clues<'_>) -> Option<Found> {
    if clues.kubernetes {
        return Some(("kubernetes".to_owned(), "service account or service variables"));
    }
    let manager = clues.manager.trim();
    // The value is free text from whoever started the container.
    if !manager.is_empty() && manager.len() <= 32 && manager.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Some((manager.to_owned(), "the container manager says so"));
    }
    if clues.podman_file {
        return Some(("podman".to_owned(), "/run/.containerenv"));
    }
    if clues.docker_file {
        return Some(("docker".to_owned(), "/.dockerenv"));
    }
    let words = ["kubepods", "docker", "libpod", "lxc", "containerd"];
    let word = words.into_iter().find(|word| clues.cgroup.contains(word))?;
    let name = match word {
        "kubepods" => "kubernetes",
        "libpod" => "podman",
        same => same,
    };
    Some((name.to_owned(), "control group of process 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(found: Option<Found>) -> Option<String> {
        found.map(|(name, _)| name)
    }

    #[test]
    fn known_machines_are_recognised() {
        let firmware =
            |firmware, hypervisor_flag| name(machine(&Clues { firmware, hypervisor_flag, ..Clues::default() }));
        assert_eq!(firmware("QEMU\nStandard PC (Q35)\nSeaBIOS\n", true).as_deref(), Some("qemu"));
        assert_eq!(firmware("VMware, Inc.\nVMware7,1\n", true).as_deref(), Some("vmware"));
        assert_eq!(firmware("Microsoft Corporation\nVirtual Machine\n", true).as_deref(), Some("microsoft"));
        assert_eq!(firmware("Microsoft Corporation\nSurface Laptop 5\n", false), None);
        assert_eq!(firmware("Amazon EC2\nm5.metal\n", false), None);
        assert_eq!(firmware("Dell Inc.\nOptiPlex\n", false), None);
        assert_eq!(firmware("", true).as_deref(), Some("unknown"));
        let wsl = Clues { kernel: "5.15.90.1-microsoft-standard-WSL2", ..Clues::default() };
        assert_eq!(name(machine(&wsl)).as_deref(), Some("wsl"));
    }

    #[test]
    fn containers_are_recognised_and_a_made_up_manager_is_not_repeated() {
        assert_eq!(name(container(&Clues { docker_file: true, ..Clues::default() })).as_deref(), Some("docker"));
        let pod = Clues { cgroup: "0::/kubepods.slice/x", docker_file: false, ..Clues::default() };
        assert_eq!(name(container(&pod)).as_deref(), Some("kubernetes"));
        let odd = Clues { manager: "evil \u{1b}[31m", podman_file: true, ..Clues::default() };
        assert_eq!(name(container(&odd)).as_deref(), Some("podman"));
        assert_eq!(container(&Clues { cgroup: "0::/init.scope\n", ..Clues::default() }), None);
    }
}
