//! The texts of Linux, taken apart: pure functions from the text of a file under `/proc`, `/sys` or `/etc` to plain
//! values. A text may be cut, old, or written by somebody hostile in a container: what makes no sense is left out.

pub mod accounts;
pub mod cgroup;
pub mod cpu;
pub mod memory;
pub mod mounts;
pub mod network;
pub mod os_release;
pub mod process;
pub mod virtualisation;

/// The first word of the rest of the line that begins with `key` and a separator.
fn number_after(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(key)?;
        if !rest.starts_with([':', ' ', '\t']) {
            return None;
        }
        rest.trim_start_matches([':', ' ', '\t']).split_whitespace().next()?.parse().ok()
    })
}
