//! `/etc/passwd` and `/etc/hosts`: who works on this machine, and by which names the machine knows itself.

/// One line of `/etc/passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    /// The first field of GECOS.
    pub full_name: String,
    pub home: String,
    shell: String,
}

impl Account {
    /// Whether a person, not a service, is behind it: a number from 1000 up that is not `nobody`, and a shell to log in
    /// with. The home's existence is for the caller to check.
    pub fn is_person(&self) -> bool {
        let shell = self.shell.rsplit('/').next().unwrap_or_default();
        self.uid >= 1000 && self.uid != 65534 && !matches!(shell, "nologin" | "false" | "sync" | "true" | "")
    }
}

/// Every line that makes sense. Lines of NIS (`+::::::`) do not.
pub fn accounts(passwd: &str) -> Vec<Account> {
    passwd
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let &[name, _, uid, _, gecos, home, shell] = fields.as_slice() else { return None };
            Some(Account {
                name: name.to_owned(),
                uid: uid.parse().ok()?,
                // `&` stands for the account's name (passwd(5) of BSD), so it says nothing new.
                full_name: gecos.split(',').next().unwrap_or_default().replace('&', "").trim().to_owned(),
                home: home.to_owned(),
                shell: shell.trim().to_owned(),
            })
        })
        .collect()
}

/// All names on those lines of `/etc/hosts` that name `host`.
pub fn names_beside(hosts: &str, host: &str) -> Vec<String> {
    hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().split_whitespace().skip(1).collect::<Vec<_>>())
        .filter(|names| names.iter().any(|name| name.eq_ignore_ascii_case(host)))
        .flatten()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_apart_from_services() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nanna:x:1000:1000:Anna Lindqvist,Room 5,,:/home/anna:/bin/zsh\n\
                      nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\nsvc:x:1001:1001::/srv:/usr/sbin/nologin\n\
                      +::::::\nbroken\nx:x:-5:0::/:/bin/sh\n";
        let people: Vec<_> = accounts(passwd).into_iter().filter(Account::is_person).collect();
        assert_eq!(people.len(), 1);
        assert_eq!((people[0].name.as_str(), people[0].full_name.as_str()), ("anna", "Anna Lindqvist"));
    }

    #[test]
    fn the_full_name_of_the_machine_stands_beside_its_short_one() {
        let hosts = "127.0.0.1 localhost\n127.0.1.1 Web7.corp.example web7 # own\n192.0.2.1 other\n";
        assert_eq!(names_beside(hosts, "web7"), ["Web7.corp.example", "web7"]);
        assert!(names_beside("", "web7").is_empty());
    }
}
