//! `/proc/[pid]/stat` and `/proc/[pid]/status`. `cmdline` and `environ` are never opened.

/// Ticks a second in which the kernel counts for programs (`USER_HZ`): 100 on every processor that Rust builds for.
pub const TICKS_A_SECOND: u64 = 100;

/// Times of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// Processor time used, in ticks.
    pub used: u64,
    /// Start, in ticks after the machine's.
    pub start: u64,
}

/// The times in `/proc/[pid]/stat`. The name in it is in parentheses and may hold spaces and parentheses itself, so
/// fields are counted from the last one.
pub fn times(stat: &str) -> Option<Times> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // The first of them is field 3, the state; 14 and 15 are the times, 22 is the start.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Times { used: number(14)?.saturating_add(number(15)?), start: number(22)? })
}

/// The part of `/proc/[pid]/status` that we show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    pub name: String,
    pub state: String,
    pub parent: Option<u32>,
    /// The real user.
    pub user_id: Option<u32>,
    /// 0 for a thread of the kernel.
    pub rss_bytes: u64,
    pub threads: Option<u64>,
}

impl Status {
    pub fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
        let first = |key: &str| value(key)?.split_whitespace().next();
        Some(Self {
            name: value("Name")?.to_owned(),
            state: state(first("State")?).to_owned(),
            parent: first("PPid").and_then(|pid| pid.parse().ok()),
            user_id: first("Uid").and_then(|uid| uid.parse().ok()),
            rss_bytes: super::number_after(text, "VmRSS").unwrap_or(0).saturating_mul(1024),
            threads: super::number_after(text, "Threads"),
        })
    }
}

fn state(letter: &str) -> &'static str {
    match letter {
        "R" => "running",
        "S" => "sleeping",
        "D" => "waiting_for_disk",
        "Z" => "zombie",
        "T" => "stopped",
        "t" => "traced",
        "I" => "idle",
        "X" | "x" => "dead",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let stat = "42 (evil) R 1 (x) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 3 0 9000 1 2 3";
        assert_eq!(times(stat), Some(Times { used: 200, start: 9000 }));
    }

    #[test]
    fn status_is_read_by_its_keys() {
        let text = "Name:\tnginx: worker\nUmask:\t0022\nState:\tD (disk sleep)\nPPid:\t1\nUid:\t33\t33\t33\t33\n\
                    VmRSS:\t    2048 kB\nThreads:\t4\n";
        let status = Status::parse(text).expect("a status");
        assert_eq!(status.name, "nginx: worker");
        assert_eq!(status.state, "waiting_for_disk");
        assert_eq!((status.parent, status.user_id, status.threads), (Some(1), Some(33), Some(4)));
        assert_eq!(status.rss_bytes, 2048 * 1024);
    }

    #[test]
    fn garbage_gives_nothing() {
        for text in ["", ")", "1 (a) S", "1 (a) S x x x x x x x x x x x x x x x x x x x", "State:", "\0"] {
            assert_eq!(times(text), None, "{text}");
            assert_eq!(Status::parse(text), None, "{text}");
        }
    }
}
