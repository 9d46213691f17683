//! `casefile probe`: asks the targets and says what is wrong, as text or as one JSON document.

use std::io::{IsTerminal as _, Write};
use std::time::Duration;

use super::message::{Message, plain};
use super::probe_path::PathFlags;
use super::{Exit, cancel_on_signal, print_json, probe_path, probe_text, probe_watch};
use crate::model::printable;
use crate::probe::run::{DEFAULT_LIMIT, MOST_TARGETS};
use crate::probe::{self, Kind, Plan, Target};

/// The longest run that makes sense to wait for.
const LONGEST: Duration = Duration::from_secs(600);

/// Ask names, servers, certificates, paths and clocks, and say what is wrong.
///
/// Only the targets are asked, and the name servers of this machine for them. No rights are needed.
#[derive(Debug, clap::Args)]
pub struct ProbeArgs {
    /// What to ask.
    #[arg(
        value_name = "TARGET",
        help = "What to ask: https://shop.example/login, shop.example, db.example:5432, ntp://time.example"
    )]
    targets: Vec<String>,
    /// Only these: dns, tcp, tls, http, path, mtu, loss, clock, system
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    only: Vec<String>,
    #[command(flatten)]
    path: PathFlags,
    /// How long all of it may take, such as 20s
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
    /// Ask name servers whether signatures (DNSSEC) are right, too
    #[arg(long)]
    dnssec: bool,
    /// Exit code 1 when a problem is found
    #[arg(long)]
    strict: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl ProbeArgs {
    fn plan(&self) -> Result<Plan, Message> {
        let mut kinds = Vec::new();
        for word in &self.only {
            kinds.push(Kind::named(word).ok_or_else(|| {
                let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
                Message::usage(format!("no kind of probe is called `{}`", printable(word)))
                    .hint(format!("known kinds: {}", known.join(", ")))
            })?);
        }
        if kinds.is_empty() {
            kinds.extend(Kind::ALL);
        }
        let mut targets = Vec::new();
        for text in &self.targets {
            let target = Target::parse(text).map_err(|e| {
                Message::usage(format!("target `{}` {e}", printable(text)))
                    .hint("write a host, host:port or an address such as https://shop.example/login")
            })?;
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        if targets.is_empty() && kinds != [Kind::System] {
            return Err(Message::usage("no target is named, so there is nobody to ask")
                .hint("casefile probe https://shop.example, or --only system for this machine alone"));
        }
        if targets.len() > MOST_TARGETS {
            return Err(Message::usage(format!("{} targets are more than {MOST_TARGETS}", targets.len()))
                .hint("ask in several runs"));
        }
        let limit = match &self.timeout {
            None => DEFAULT_LIMIT,
            Some(text) => crate::collect::profile::duration(text)
                .filter(|limit| (Duration::from_secs(1)..=LONGEST).contains(limit))
                .ok_or_else(|| {
                    Message::usage(format!("--timeout `{}` is no time between 1s and 10m", printable(text)))
                        .hint("write a number with s or m, such as 20s")
                })?,
        };
        Ok(Plan {
            targets,
            kinds,
            limit,
            dnssec: self.dnssec,
            trace_by: self.path.trace_by(),
            one_flow: self.path.one_flow,
        })
    }
}

/// Runs the verb.
pub fn run(args: &ProbeArgs) -> Result<Exit, Message> {
    let plan = args.plan()?;
    let cancel = cancel_on_signal();
    if args.path.watch {
        let clears = std::io::stdout().is_terminal();
        return probe_watch::run(&plan, clears, &mut anstream::stdout(), &cancel)
            .map(|()| Exit::Done) // which is how a watch ends
            .map_err(|e| Message::new(Exit::LocalFailure, format!("cannot write the answer: {}", plain(&e))));
    }
    let Some(report) = probe::run(&plan, jiff::Timestamp::now(), &cancel) else {
        return Err(Message::new(Exit::Interrupted, "interrupted; nothing was written"));
    };
    if args.path.atlas {
        print_json(&probe_path::atlas(&report))?;
    } else if args.json {
        let document = serde_json::to_value(&report).expect("a report has only texts as keys");
        print_json(&document)?;
    } else {
        let mut out = anstream::stdout().lock();
        probe_text::write(&report, &mut out)
            .and_then(|()| out.flush())
            .map_err(|e| Message::new(Exit::LocalFailure, format!("cannot write the answer: {}", plain(&e))))?;
    }
    Ok(if args.strict && report.has_a_problem() { Exit::No } else { Exit::Done })
}
