//! Windows: `sysinfo` and the environment.

use std::path::{Path, PathBuf};

use super::identity::{Identity, add_people_below, environment_names};
use super::reading::Reading;
use super::{interfaces, portable};

/// Reads one group other than `environment`.
pub fn read(group: &str) -> Reading {
    match group {
        "os" => portable::os("windows"),
        "cpu" => portable::cpu(),
        "memory" => portable::memory(),
        "disks" => portable::disks(),
        "network" => network(),
        "processes" => portable::processes(),
        "time" => portable::time(),
        "limits" => limits(),
        "container" => portable::hardware(),
        _ => Reading::default(),
    }
}

fn network() -> Reading {
    let mut reading = portable::network();
    reading.gap("DNS servers and routes: not read on this system; see `ipconfig /all` and `route print`");
    reading.gap("system proxy: not read on this system; `proxies` holds what the environment says");
    reading
}

fn limits() -> Reading {
    let mut reading = Reading::default();
    reading.gap("limits: this system has none of the kind that is set per process");
    reading
}

/// The names of this machine and its people.
pub fn identity() -> Identity {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let mut identity = Identity::default();
    let computer = variable("COMPUTERNAME");
    identity.add_host(&sysinfo::System::host_name().unwrap_or_default());
    identity.add_host(&computer);
    for name in ["USERDNSDOMAIN", "USERDOMAIN"] {
        // Without a domain, Windows puts the computer's name there.
        let domain = variable(name);
        if !domain.eq_ignore_ascii_case(&computer) {
            identity.add_domain(&domain);
        }
    }
    for name in environment_names() {
        identity.add_user(&name);
    }
    let home = variable("USERPROFILE");
    identity.add_home(&home);
    let homes = Path::new(&home).parent().filter(|folder| is_home_of_homes(folder)).map(Path::to_owned);
    let drive = variable("SystemDrive");
    let homes = homes.or_else(|| (!drive.is_empty()).then(|| PathBuf::from(format!("{drive}\\Users"))));
    if let Some(homes) = homes {
        add_people_below(&mut identity, &homes);
    }
    identity.public_addresses = interfaces::public(&interfaces::addresses());
    identity
}

/// A service's profile lies among other things, and a roaming profile may lie on a server that does not answer.
fn is_home_of_homes(folder: &Path) -> bool {
    let named_so = folder.file_name().is_some_and(|name| name.eq_ignore_ascii_case("Users"));
    named_so && !folder.to_string_lossy().starts_with(r"\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_on_a_server_is_not_looked_at() {
        assert!(is_home_of_homes(Path::new(r"C:\Users")));
        assert!(!is_home_of_homes(Path::new(r"\\server\Users")));
        assert!(!is_home_of_homes(Path::new(r"C:\Windows\ServiceProfiles")));
    }
}
