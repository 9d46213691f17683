//! Names that identify this machine and its people, replaced wherever they stand.

use super::literals::Hit;
use super::spans::{Span, Why};

/// Names under this many bytes, and the common ones below, are too likely to be ordinary words: they are replaced only in
/// labelled or path position.
const SHORT: usize = 4;

/// User and host names that are words or roles on many systems.
const COMMON: [&str; 38] = [
    "root",
    "admin",
    "administrator",
    "user",
    "users",
    "test",
    "guest",
    "default",
    "public",
    "system",
    "daemon",
    "nobody",
    "postgres",
    "mysql",
    "redis",
    "nginx",
    "apache",
    "docker",
    "ubuntu",
    "debian",
    "centos",
    "fedora",
    "alpine",
    "linux",
    "windows",
    "server",
    "host",
    "localhost",
    "node",
    "master",
    "worker",
    "proxy",
    "backup",
    "service",
    "support",
    "build",
    "local",
    "home",
];

/// Names that identify this machine and its people.
#[derive(Debug, Clone, Default)]
pub struct KnownNames {
    /// Host names, short and fully qualified.
    pub hosts: Vec<String>,
    /// Own domains.
    pub domains: Vec<String>,
    /// User names.
    pub users: Vec<String>,
    /// People's full names.
    pub people: Vec<String>,
}

/// The compiled form of [`KnownNames`].
#[derive(Debug)]
pub(super) struct KnownMatcher {
    /// The names, in lower case.
    pub(super) names: Vec<String>,
    entries: Vec<(&'static str, bool)>,
}

impl KnownMatcher {
    pub(super) fn new(names: &KnownNames) -> Self {
        let mut literals: Vec<String> = Vec::new();
        let mut entries = Vec::new();
        let groups =
            [("host", &names.hosts), ("domain", &names.domains), ("user", &names.users), ("person", &names.people)];
        for (kind, group) in groups {
            for name in group {
                let name = name.trim().trim_end_matches('.').to_ascii_lowercase();
                let ip = name.parse::<std::net::IpAddr>().is_ok();
                if name.len() < 2
                    || name.len() > 255
                    || ip
                    || matches!(name.as_str(), "localhost" | "localdomain")
                    || literals.contains(&name)
                {
                    continue;
                }
                let weak = name.len() < SHORT || COMMON.contains(&name.as_str());
                literals.push(name);
                entries.push((kind, weak));
            }
        }
        Self { names: literals, entries }
    }

    /// Appends those of `hits`, the places in `text` where names stand, that are whole tokens. Of names that overlap the first
    /// counts, and of those that begin together the longest.
    pub(super) fn find(&self, text: &[u8], mut hits: Vec<Hit>, spans: &mut Vec<Span>) {
        hits.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
        let mut from = 0;
        for Hit { start, end, literal } in hits {
            if start < from {
                continue;
            }
            from = end;
            let (kind, weak) = self.entries[literal];
            let whole = is_edge(text.get(end)) && super::placeholder::starts_token(text, start);
            if whole && (!weak || is_labelled(&text[..start], kind)) {
                spans.push(Span::new(start, end, Why::Known(kind)));
            }
        }
    }
}

fn is_edge(byte: Option<&u8>) -> bool {
    byte.is_none_or(|b| !b.is_ascii_alphanumeric() && *b < 0x80)
}

/// Whether what stands before says that a name of `kind` follows: `user=`, `/home/`, `\Users\`, `host: `.
fn is_labelled(before: &[u8], kind: &str) -> bool {
    let tail: Vec<u8> = before.iter().rev().take(24).rev().map(u8::to_ascii_lowercase).collect();
    if ["/home/", "/users/", "\\users\\"].iter().any(|path| tail.ends_with(path.as_bytes())) {
        return true;
    }
    let trimmed = tail.len() - tail.iter().rev().take_while(|b| b" =:\"'".contains(b)).count();
    if trimmed == tail.len() {
        return false;
    }
    let labels: &[&str] = match kind {
        "host" | "domain" => &["host", "hostname", "node", "machine", "server_name", "computer"],
        _ => &["user", "username", "login", "logname", "owner", "account", "for user"],
    };
    labels.iter().any(|label| tail[..trimmed].ends_with(label.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::literals::Literals;
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let names = KnownNames {
            hosts: vec!["web17.corp.acme.test".to_owned(), "web17".to_owned()],
            users: vec!["alice".to_owned(), "bo".to_owned(), "root".to_owned()],
            ..KnownNames::default()
        };
        let mut spans = Vec::new();
        let known = KnownMatcher::new(&names);
        let hits = Literals::new(known.names.iter().map(String::as_bytes)).find(text.as_bytes());
        known.find(text.as_bytes(), hits, &mut spans);
        spans.iter().map(|s| &text[s.start..s.end]).collect()
    }

    #[test]
    fn own_names_are_found_as_whole_tokens_in_any_case() {
        assert_eq!(
            found("Nov 23 WEB17 sshd: alice from web17.corp.acme.test; malice stays, alice2 too"),
            ["WEB17", "alice", "web17.corp.acme.test"]
        );
        assert_eq!(found(r"C:\Users\Alice\x"), ["Alice"]);
    }

    #[test]
    fn short_and_common_names_are_found_only_where_a_label_or_a_path_says_so() {
        assert_eq!(found("the root cause; bo ran"), [""; 0]);
        assert_eq!(found("user=root /home/bo/x"), ["root", "bo"]);
    }
}
