//! The names of this machine and its people on Linux.

use std::time::Duration;

use super::super::identity::{Identity, MAX_PEOPLE, environment_names};
use super::super::interfaces;
use super::super::reading::within;
use super::super::resolver::Resolver;
use super::proc::accounts::{self, Account};
use super::proc::mounts;
use super::root::Root;

/// How long a look at one home folder may take.
const PATIENCE: Duration = Duration::from_secs(1);

pub fn identity() -> Identity {
    let mut identity = identity_below(&Root::new("/"), &environment_names(), Some(rustix::process::getuid().as_raw()));
    identity.add_host(&rustix::system::uname().nodename().to_string_lossy());
    identity.public_addresses = interfaces::public(&interfaces::addresses());
    identity
}

/// `said` are user names that the environment tells; `uid` is who runs this.
pub fn identity_below(root: &Root, said: &[String], uid: Option<u32>) -> Identity {
    let mut identity = Identity::default();
    machine(root, &mut identity);
    people(root, said, uid, &mut identity);
    identity
}

fn machine(root: &Root, identity: &mut Identity) {
    let mut names: Vec<String> =
        ["proc/sys/kernel/hostname", "etc/hostname"].iter().filter_map(|f| root.line(f)).collect();
    names.dedup();
    let hosts = root.text("etc/hosts").unwrap_or_default();
    for name in &names {
        identity.add_host(name);
        for other in accounts::names_beside(&hosts, name) {
            identity.add_host(&other);
        }
    }
    let resolver = Resolver::parse(&root.text("etc/resolv.conf").unwrap_or_default());
    for domain in resolver.search.iter().chain(&root.line("proc/sys/kernel/domainname")) {
        identity.add_domain(domain);
    }
    if let (Some(name), Some(domain)) = (names.first(), identity.domains.first())
        && !name.contains('.')
    {
        identity.add_host(&format!("{name}.{domain}"));
    }
}

fn people(root: &Root, said: &[String], uid: Option<u32>, identity: &mut Identity) {
    let accounts = accounts::accounts(&root.text("etc/passwd").unwrap_or_default());
    let mounts = mounts::parse(&root.text("proc/self/mountinfo").unwrap_or_default());
    // A home on a server that is gone would hold us up, so it counts as existing unseen; so do all after one that did
    // not answer, such as a link to a server.
    let mut answers = true;
    let mut has_home = |a: &Account| {
        if !answers || !a.home.starts_with('/') || mounts::behind_remote(&a.home, &mounts).is_some() {
            return a.home.starts_with('/');
        }
        let path = root.path(&a.home);
        within(PATIENCE, move || path.exists()).unwrap_or_else(|| {
            answers = false;
            true
        })
    };
    // Who logged in first, before `su` and `sudo`.
    let login = root.line("proc/self/loginuid").and_then(|uid| uid.parse::<u32>().ok());
    let here = |a: &Account| Some(a.uid) == uid || Some(a.uid) == login || said.contains(&a.name);
    let (present, others): (Vec<&Account>, Vec<&Account>) = accounts.iter().partition(|a| here(a));
    // A service that runs us, such as `postgres`, names its package and no person; its log would lose its sense.
    let is_service = |a: &Account| (1..1000).contains(&a.uid);
    for name in said.iter().filter(|name| !accounts.iter().any(|a| a.name == **name && is_service(a))) {
        identity.add_user(name);
    }
    let people = others.into_iter().filter(|a| a.is_person() && has_home(a)).take(MAX_PEOPLE);
    for account in present.into_iter().filter(|a| !is_service(a)).take(MAX_PEOPLE).chain(people) {
        identity.add_user(&account.name);
        identity.add_home(&account.home);
        identity.add_full_name(&account.full_name, &account.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_and_its_people_are_found_by_all_their_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("proc/sys/kernel/hostname", "web7\n");
        write("proc/sys/kernel/domainname", "(none)\n");
        write("proc/self/mountinfo", "1 0 0:9 / /net rw - nfs4 nas:/x rw\n");
        write("proc/self/loginuid", "1002\n");
        write("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 web7.corp.example web7\n");
        write("etc/resolv.conf", "search corp.example cluster.local\n");
        write("home/anna/.profile", "");
        write(
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\nanna:x:1000:1000:Anna Lindqvist,,,:/home/anna:/bin/bash\n\
             gone:x:1001:1001:Gone Person:/home/gone:/bin/bash\nben:x:1002:1002:Ben:/net/ben:/bin/bash\n\
             www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nubuntu:x:1003:1003:Ubuntu:/home/anna:/bin/bash\n",
        );
        let identity = identity_below(&Root::new(folder.path()), &["zoe".to_owned(), "www-data".to_owned()], Some(0));
        assert_eq!(identity.hosts, ["web7", "web7.corp.example"]);
        assert_eq!(identity.domains, ["corp.example"]);
        assert_eq!(identity.users, ["zoe", "root", "ben", "anna"]);
        assert_eq!(identity.homes, ["/net/ben", "/home/anna"]);
        assert_eq!(identity.full_names, ["Anna Lindqvist"]);
    }
}
