//! The texts that are measured, made from a seed: the same bytes on every machine.
//!
//! Lines come from the logs that hold the redactor to its evidence (`tests/evidence/logs/`), and from plainer ones of their own.

mod adversarial;
mod distinct;
mod har;
#[path = "../../tests/evidence/logs/mod.rs"]
mod logs;
mod plain;
#[path = "../../tests/evidence/random.rs"]
mod random;
#[path = "../../tests/evidence/words.rs"]
mod words;

use std::io::{self, Write};

use logs::{Logs, applications, system, web};

/// The kinds of text. `ips-N`, `users-N` and `tokens-N` are kinds too: access logs with N different ones.
pub const KINDS: [&str; 6] = ["plain", "access", "ndjson", "har", "adversarial", "mixed"];

/// One planted secret among so many runs of lines of a mixed log, which is one among about 2,000 lines.
const RUNS_A_SECRET: usize = 60;

/// Lines with a secret, for mixed logs.
const SECRETS: &[&str] = &[
    "«comma» DEBUG [«thread»] «java» - connecting to db.example.com with password=«lower:5»-«digits:3»-«alnum:6» timeout=«1..90»",
    "«iso-ms» INFO [«service»] connecting to postgres://shop:«alnum:14»@db.example.com:5432/shop?sslmode=require",
    r#"{"level":"debug","time":"«iso-ms»","msg":"calling upstream","headers":{"Authorization":"Bearer «alnum:40»","Accept":"*/*"}}"#,
    r#"«ipv4» - - [«clf»] "GET /hook?access_token=«alnum:32»&page=«1..9» HTTP/1.1" 200 «0..9000» "-" "«agent»""#,
    "«rfc3164» «host» deploy[«1..40000»]: export CI_TOKEN=ghp_«alnum:36»",
    "«iso-ms» ERROR [«service»] request to upstream failed, used AKIA«upper:16»",
    r#"{"user":"«user»","password":"«alnum:16»","id":«1..9000»}"#,
    "> Cookie: sid=«alnum:32»; theme=dark",
];

/// An endless text of one kind.
pub struct Text {
    head: &'static str,
    between: &'static str,
    end: &'static str,
    entry: Box<dyn FnMut() -> String>,
}

impl Text {
    /// The text of `kind`, different for each `seed`; `None` where there is no such kind.
    pub fn new(kind: &str, seed: u64) -> Option<Self> {
        let entry: Box<dyn FnMut() -> String> = match kind {
            "plain" => entries(plain::logs(seed)),
            "access" => entries(Logs::of(seed, vec![web::ACCESS.to_vec()])),
            "ndjson" => entries(Logs::of(seed, vec![applications::JSON.to_vec()])),
            "adversarial" => entries(adversarial::logs(seed)),
            "mixed" => mixed(seed),
            "har" => {
                return Some(Self {
                    head: har::HEAD,
                    between: ",\n",
                    end: har::END,
                    entry: Box::new(har::entries(seed)),
                });
            }
            several => Box::new(distinct::entries(several, seed)?),
        };
        Some(Self { head: "", between: "", end: "", entry })
    }

    /// Writes about `bytes` bytes, whole entries.
    pub fn write(&mut self, bytes: u64, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.head.as_bytes())?;
        let mut left = bytes.saturating_sub((self.head.len() + self.end.len()) as u64);
        let mut first = true;
        while left > 0 {
            if !first {
                out.write_all(self.between.as_bytes())?;
            }
            first = false;
            let entry = (self.entry)();
            out.write_all(entry.as_bytes())?;
            left = left.saturating_sub((entry.len() + self.between.len()) as u64);
        }
        out.write_all(self.end.as_bytes())
    }
}

fn entries(mut logs: Logs) -> Box<dyn FnMut() -> String> {
    Box::new(move || logs.entry())
}

/// What a support case holds: access, Java, JSON, system and other logs in turn, and few secrets.
fn mixed(seed: u64) -> Box<dyn FnMut() -> String> {
    let of = |n: u64, family: &[&'static str]| Logs::of(seed * 8 + n, vec![family.to_vec()]);
    let mut logs = [
        of(0, web::ACCESS),
        plain::logs(seed * 8 + 1),
        of(2, applications::JSON),
        of(3, system::SYSLOG),
        of(4, applications::JAVA),
        Logs::new(seed * 8 + 5),
    ];
    let mut next = 0;
    Box::new(move || {
        next = (next + 1) % logs.len();
        let mut run = logs[next].text(6 << 10);
        let words = logs[next].words();
        if words.random.below(RUNS_A_SECRET) == 0 {
            let template = words.random.pick(SECRETS);
            run.push_str(&words.fill(template));
            run.push('\n');
        }
        run
    })
}
