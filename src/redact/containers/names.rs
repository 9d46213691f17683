//! Names of members: redacted, and harmless to whoever unpacks the archive.

use super::Inside;

/// Bytes that a name keeps; paths of any system are shorter.
const LONGEST: usize = 1024;

impl Inside {
    /// The name under which the `number`th member is written.
    pub(super) fn written_name(&self, name: &str, number: u64) -> String {
        let redacted = self.redactor.text(name);
        // Names are looked at once more here, since nobody can see through what is compressed later.
        if self.redactor.seeds.stands_in(redacted.as_bytes()) {
            return format!("withheld-name-{number}");
        }
        harmless(&redacted)
    }

    /// The redacted target of a link, or `None` when it leads out of the archive.
    pub(super) fn written_target(&self, target: &str) -> Option<String> {
        let redacted = self.redactor.text(target);
        let leads_out = self.redactor.seeds.stands_in(redacted.as_bytes()) || harmless(&redacted) != redacted;
        (!leads_out).then_some(redacted)
    }
}

/// `name` without a root, a drive, a way up, control characters; the rest stays as it is.
fn harmless(name: &str) -> String {
    let separator = ['/', '\\'];
    let mut out = String::with_capacity(name.len());
    for part in name.trim_start_matches(separator).split_inclusive(separator) {
        let bare = part.trim_end_matches(separator);
        match bare {
            ".." => out.push_str("__"),
            _ => out.extend(bare.chars().map(|c| if c.is_control() || c == ':' { '_' } else { c })),
        }
        out.push_str(&part[bare.len()..]);
    }
    if out.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
        out.truncate(end);
    }
    if out.is_empty() { "_".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_out_are_closed_and_other_names_stay() {
        for name in ["./var/log/syslog", "a b/ü.log", "dir/", "x..y", "logs\\app.log"] {
            assert_eq!(harmless(name), name);
        }
        assert_eq!(harmless("../../etc/cron.d/x"), "__/__/etc/cron.d/x");
        assert_eq!(harmless("/etc/passwd"), "etc/passwd");
        assert_eq!(harmless("C:\\Windows\\..\\x"), "C_\\Windows\\__\\x");
        assert_eq!(harmless("a\n\u{1b}[2Jb\0"), "a__[2Jb_");
        assert_eq!(harmless(""), "_");
        assert_eq!(harmless(&"é".repeat(2000)).len(), LONGEST);
    }
}
