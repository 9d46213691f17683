//! Names that identify this machine and its people, replaced wherever they stand.

use aho_corasick::{AhoCorasick, MatchKind};

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
    automaton: Option<AhoCorasick>,
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
        let automaton = (!literals.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(&literals)
                    .ok()
            })
            .flatten();
        Self { automaton, entries }
    }

    /// Appends the places in `text` where a known name stands as a whole token.
    pub(super) fn find(&self, text: &[u8], spans: &mut Vec<Span>) {
        let Some(automaton) = &self.automaton else { return };
        for m in automaton.find_iter(text) {
            let (kind, weak) = self.entries[m.pattern().as_usize()];
            let whole = is_edge(text[..m.start()].last()) && is_edge(text.get(m.end()));
            let whole = whole || super::placeholder::starts_token(text, m.start()) && is_edge(text.get(m.end()));
            if whole && (!weak || is_labelled(&text[..m.start()], kind)) {
                spans.push(Span::new(m.start(), m.end(), Why::Known(kind)));
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
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let names = KnownNames {
            hosts: vec!["web17.corp.acme.test".to_owned(), "web17".to_owned()],
            users: vec!["alice".to_owned(), "bo".to_owned(), "root".to_owned()],
            ..KnownNames::default()
        };
        let mut spans = Vec::new();
        KnownMatcher::new(&names).find(text.as_bytes(), &mut spans);
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
