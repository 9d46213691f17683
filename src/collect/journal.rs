//! The system's own log: the systemd journal and the kernel's messages, where this account may read them.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::commands::RunOnce;
use super::profile::Profile;
use super::{Collector, Context, Source, Step};
use crate::model::Outcome;
use crate::model::manifest::KeptEnd;
use crate::platform::{CommandSpec, system_program};
use crate::redact::MediaHint;

/// Without `--since`: the newest lines, about a day of a busy server.
const LINES: &str = "100000";

/// Collects the journal of a profile.
#[derive(Debug)]
pub struct Journal {
    profile: Arc<Profile>,
}

impl Journal {
    /// The journal as `profile` wants it.
    #[must_use]
    pub fn new(profile: Arc<Profile>) -> Self {
        Self { profile }
    }

    fn step(&self, context: &Context, name: &str, program: &str, args: Vec<String>, purpose: &str) -> Step {
        let what = format!("{program} {}", args.join(" "));
        let Some(path) = system_program(program) else {
            let reason = "is not on this system".to_owned();
            return Step::decided(what, purpose, Outcome::Skipped { reason });
        };
        let spec = CommandSpec {
            program: path,
            args,
            timeout: context.deadline.length(),
            output_cap: self.profile.limits.file,
            environment: Vec::new(),
        };
        let source = Source {
            path: format!("logs/{name}.log"),
            origin: what.clone(),
            hint: MediaHint::Text,
            media_type: "text/plain",
            size: None,
            modified: None,
            is_log: true,
            open: Arc::new(RunOnce::new(spec, KeptEnd::Oldest, context)),
        };
        Step { what, purpose: purpose.to_owned(), sources: vec![source], decided: None }
    }
}

impl Collector for Journal {
    fn name(&self) -> &'static str {
        "journal"
    }

    fn plan(&self, context: &Context) -> Vec<Step> {
        let Some(journal) = &self.profile.journal else { return Vec::new() };
        let text = |parts: &[&str]| parts.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        let mut args = text(&["--no-pager", "--quiet", "--output=short-iso-precise"]);
        match context.since {
            Some(since) => {
                let utc = since.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
                args.push(format!("--since={utc}"));
            }
            None => args.push(format!("--lines={LINES}")),
        }
        let mut units = args.clone();
        units.extend(journal.units.iter().map(|unit| format!("--unit={unit}")));
        let mut steps = vec![self.step(context, "journal", "journalctl", units, &journal.purpose)];
        if journal.kernel {
            let args = text(&["--time-format=iso", "--decode"]);
            steps.push(self.step(context, "kernel", "dmesg", args, "messages of the kernel"));
        }
        steps
    }
}
