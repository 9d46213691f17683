//! The names by which this machine and its people could be recognised. The redactor replaces them wherever they stand,
//! so a word that means something else to an engineer (`localhost`, `ubuntu`) must not get in.

use std::net::IpAddr;

/// The most people that are looked for, beside the one who runs this. A terminal server has thousands.
pub(super) const MAX_PEOPLE: usize = 200;

/// Names that identify this machine and its people. Each list is without doubles, the nearest to this run first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Host names, short and full.
    pub hosts: Vec<String>,
    /// DNS domains, and a Windows domain.
    pub domains: Vec<String>,
    /// Account names: who runs this, and people with a home here. `root` is among them when it runs this.
    pub users: Vec<String>,
    /// Home folders of those, without the ones that are the same everywhere, such as `/root`.
    pub homes: Vec<String>,
    /// Addresses of this machine's interfaces that the internet knows.
    pub public_addresses: Vec<IpAddr>,
    /// Names of people as their accounts state them.
    pub full_names: Vec<String>,
}

/// Names that every machine of a kind has, from images and installers. They identify nobody, and replacing them would
/// take "Ubuntu 24.04" out of every log.
const COMMON: [&str; 30] = [
    "(none)",
    "admin",
    "administrator",
    "alma",
    "almalinux",
    "alpine",
    "arch",
    "azureuser",
    "centos",
    "cloud-user",
    "container",
    "debian",
    "default",
    "defaultuser0",
    "docker",
    "ec2-user",
    "fedora",
    "guest",
    "linux",
    "localhost",
    "nobody",
    "public",
    "raspberrypi",
    "rocky",
    "shared",
    "system",
    "ubuntu",
    "user",
    "vagrant",
    "windows",
];

/// Domains that every network of a kind has.
const COMMON_DOMAINS: [&str; 12] = [
    "cluster.local",
    "corp",
    "ec2.internal",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "svc.cluster.local",
    "workgroup",
];

/// Homes that every machine of a kind has, and folders that are nobody's home.
const COMMON_HOMES: [&str; 7] = [
    "/",
    "/home",
    "/nonexistent",
    "/root",
    "/var/root",
    "c:\\users\\public",
    "c:\\windows\\system32\\config\\systemprofile",
];

impl Identity {
    /// Adds a host name; of a full one also the short form and the domain.
    pub(super) fn add_host(&mut self, name: &str) {
        let name = name.trim().trim_end_matches('.');
        let (short, domain) = name.split_once('.').unwrap_or((name, ""));
        if is_common(short) || name.starts_with("ip6-") || name.parse::<IpAddr>().is_ok() {
            return;
        }
        add(&mut self.hosts, short);
        add(&mut self.hosts, name);
        self.add_domain(domain);
    }

    /// Adds a domain, unless it is one that many networks have.
    pub(super) fn add_domain(&mut self, name: &str) {
        let name = name.trim().trim_matches('.');
        if !is_common(name) && !COMMON_DOMAINS.iter().any(|common| common.eq_ignore_ascii_case(name)) {
            add(&mut self.domains, name);
        }
    }

    /// Adds an account's name, unless an image comes with it.
    pub(super) fn add_user(&mut self, name: &str) {
        let name = name.trim();
        if !is_common(name) {
            add(&mut self.users, name);
        }
    }

    /// Adds a home folder, unless it is the same everywhere.
    pub(super) fn add_home(&mut self, path: &str) {
        let path = path.trim_end_matches(['/', '\\']);
        let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
        if !is_common(last) && !COMMON_HOMES.iter().any(|common| common.eq_ignore_ascii_case(path)) {
            add(&mut self.homes, path);
        }
    }

    /// Adds a person's name, unless it only repeats the account's.
    #[cfg(any(target_os = "linux", test))]
    pub(super) fn add_full_name(&mut self, name: &str, account: &str) {
        let name = name.trim();
        if !is_common(name) && !name.eq_ignore_ascii_case(account) {
            add(&mut self.full_names, name);
        }
    }
}

fn is_common(name: &str) -> bool {
    name.is_empty() || COMMON.iter().any(|common| common.eq_ignore_ascii_case(name))
}

fn add(list: &mut Vec<String>, name: &str) {
    if !name.is_empty() && !list.iter().any(|known| known == name) {
        list.push(name.to_owned());
    }
}

/// Account names that the environment tells: who runs this, and who called `sudo`.
pub(super) fn environment_names() -> Vec<String> {
    let names = ["USER", "LOGNAME", "USERNAME", "SUDO_USER", "DOAS_USER"];
    let mut said: Vec<String> = names.iter().filter_map(|name| std::env::var(name).ok()).collect();
    said.retain(|name| !name.trim().is_empty());
    said.dedup();
    said
}

/// People by their folders below the one that holds all homes (`/Users`, `C:\Users`).
#[cfg(any(target_os = "macos", target_os = "windows", test))]
pub(super) fn add_people_below(identity: &mut Identity, homes: &std::path::Path) {
    const NOBODY: [&str; 4] = ["All Users", "Default User", "Default.migrated", "desktop.ini"];
    let Ok(entries) = std::fs::read_dir(homes) else { return };
    let mut names: Vec<String> =
        entries.flatten().take(MAX_PEOPLE).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names.iter().filter(|name| !name.starts_with('.') && !NOBODY.contains(&name.as_str())) {
        identity.add_user(name);
        identity.add_home(&homes.join(name).to_string_lossy());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_host_name_gives_the_short_one_and_the_domain() {
        let mut identity = Identity::default();
        for name in
            ["Web7.corp.example.", "web7", "localhost.localdomain", "ip6-loopback", "192.0.2.1", "", "mac.local"]
        {
            identity.add_host(name);
        }
        assert_eq!(identity.hosts, ["Web7", "Web7.corp.example", "web7", "mac", "mac.local"]);
        assert_eq!(identity.domains, ["corp.example"]);
    }

    #[test]
    fn names_that_identify_nobody_stay_out() {
        let mut identity = Identity::default();
        for name in ["Ubuntu", "ec2-user", "", "Administrator"] {
            identity.add_user(name);
            identity.add_full_name(name, "x");
        }
        identity.add_full_name("anna", "Anna");
        for home in ["/", "/root", "/home/ubuntu/", "C:\\Users\\Public", ""] {
            identity.add_home(home);
        }
        assert_eq!(identity, Identity::default());
    }

    #[test]
    fn home_folders_name_their_people() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["anna", "Public", ".localized", "All Users"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let mut identity = Identity::default();
        add_people_below(&mut identity, folder.path());
        assert_eq!(identity.users, ["anna"]);
        assert_eq!(identity.homes.len(), 1);
    }
}
