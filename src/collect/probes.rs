//! Network probes of the targets that a flag or the profile names. They run in a child of this program, so that nothing that
//! comes from the network can cost more than this section. A probe that fails is evidence too.

use std::io::Cursor;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Map, Value};

use super::profile::{self, Profile};
use super::{Collector, Context, Deadline, Open, OpenError, Opened, Pass, Source, Step};
use crate::platform::{CommandSpec, run};
use crate::probe::{self, Plan, Target};
use crate::redact::MediaHint;

/// The largest answer of the child; a target's report is a few dozen KiB.
const MAX_ANSWER: u64 = 16 << 20;
/// The child ends by itself at its limit; this is for starting and writing.
const GRACE: Duration = Duration::from_secs(5);
/// What it is for, for the customer.
const PURPOSE: &str =
    "whether this machine reaches it, by names, connections, certificates and the path; this sends packets to it";

/// Probes the targets of a profile.
#[derive(Debug)]
pub struct Probes {
    profile: Arc<Profile>,
}

impl Probes {
    /// The targets that `profile` names.
    #[must_use]
    pub fn new(profile: Arc<Profile>) -> Self {
        Self { profile }
    }
}

impl Collector for Probes {
    fn name(&self) -> &'static str {
        "probes"
    }

    fn plan(&self, context: &Context) -> Vec<Step> {
        let child = Arc::new(Child {
            program: context.child_program.clone(),
            probes: self.profile.probes.clone(),
            deadline: context.deadline.clone(),
            cancel: Arc::clone(&context.cancel),
            answer: OnceLock::new(),
        });
        let source = |(n, target): (usize, &Target)| {
            let what = target.to_string();
            let source = Source {
                path: format!("probes/{}-{}-{}.json", n + 1, target.scheme.as_str(), target.host),
                origin: format!("probe of {what}"),
                hint: MediaHint::Json,
                media_type: "application/json",
                size: None,
                modified: None,
                is_log: false,
                open: Arc::new(One { n, child: Arc::clone(&child) }),
            };
            Step { what, purpose: PURPOSE.to_owned(), sources: vec![source], decided: None }
        };
        self.profile.probes.targets.iter().enumerate().map(source).collect()
    }
}

/// The child that asks all targets side by side; the first that is opened starts it.
struct Child {
    program: Option<std::path::PathBuf>,
    probes: profile::Probes,
    deadline: Deadline,
    cancel: Arc<AtomicBool>,
    answer: OnceLock<Answer>,
}

struct Answer {
    /// The whole report, or why there is none.
    report: Result<Value, String>,
    duration: Duration,
}

impl Child {
    fn answer(&self) -> &Answer {
        self.answer.get_or_init(|| self.ask())
    }

    fn ask(&self) -> Answer {
        // Seconds, because that is what the flag takes; at least one.
        let limit = Duration::from_secs(self.probes.limit.min(self.deadline.left()).as_secs().max(1));
        let Some(program) = &self.program else {
            // No way to start ourselves (an empty root folder without /proc): asked from here.
            let plan = Plan::new(self.probes.targets.clone(), self.probes.kinds.clone(), limit);
            let report = probe::run(&plan, jiff::Timestamp::now(), &self.cancel);
            let report = report.ok_or_else(|| "was stopped".to_owned());
            let report = report.and_then(|report| serde_json::to_value(report).map_err(|e| e.to_string()));
            return Answer { report, duration: limit };
        };
        let kinds: Vec<&str> = self.probes.kinds.iter().map(|kind| kind.as_str()).collect();
        let mut args = vec!["probe".to_owned(), "--json".to_owned(), format!("--timeout={}s", limit.as_secs())];
        args.push(format!("--only={}", kinds.join(",")));
        args.push("--".to_owned());
        args.extend(self.probes.targets.iter().map(ToString::to_string));
        let spec = CommandSpec {
            program: program.clone(),
            args,
            timeout: limit + GRACE,
            output_cap: MAX_ANSWER,
            environment: CommandSpec::own_environment(),
        };
        match run(&spec, &self.cancel) {
            Ok(output) => {
                let ended = format!("the process that probes ended early ({:?})", output.ended);
                let report = serde_json::from_slice(&output.stdout).map_err(|_| ended);
                Answer { report, duration: output.duration }
            }
            Err(e) => {
                let report = Err(format!("the process that probes could not be started: {e}"));
                Answer { report, duration: Duration::ZERO }
            }
        }
    }
}

/// One target's part of the report: a document of the same kind.
struct One {
    n: usize,
    child: Arc<Child>,
}

impl Open for One {
    fn open(&self, _: Pass) -> Result<Opened, OpenError> {
        let answer = self.child.answer();
        let report = answer.report.as_ref().map_err(|reason| OpenError::Failed(reason.clone()))?;
        let part = part(report, self.n).ok_or_else(|| OpenError::Failed("has no report".to_owned()))?;
        let mut text = serde_json::to_vec_pretty(&part).map_err(|e| OpenError::Failed(e.to_string()))?;
        text.push(b'\n');
        let unfinished: Vec<&str> =
            part["targets"][0]["unfinished"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let partial = (!unfinished.is_empty()).then(|| format!("not ended in time: {}", unfinished.join(", ")));
        Ok(Opened {
            source_size: text.len() as u64,
            reader: Box::new(Cursor::new(text)),
            truncation: None,
            partial,
            exit_status: None,
            duration: answer.duration,
        })
    }

    fn runs_something(&self) -> bool {
        true
    }
}

/// The report about target `n`: with its findings and those about the machine.
fn part(report: &Value, n: usize) -> Option<Value> {
    let target = report.get("targets")?.get(n)?;
    let mut part: Map<String, Value> = report.as_object()?.clone();
    part.insert("targets".to_owned(), Value::Array(vec![target.clone()]));
    let findings = report.get("findings")?.as_array()?.iter();
    let ours = findings.filter(|finding| finding["target"].is_null() || finding["target"] == target["name"]);
    part.insert("findings".to_owned(), ours.cloned().collect());
    Some(Value::Object(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_gets_its_own_findings_and_those_of_the_machine() {
        let report = serde_json::json!({
            "schema": "casefile-probe/1",
            "targets": [{ "name": "https://a" }, { "name": "https://b" }],
            "findings": [{ "target": "https://b", "code": "x" }, { "target": null, "code": "y" }, { "target": "https://a", "code": "z" }],
        });
        let second = part(&report, 1).expect("it is there");
        assert_eq!(second["targets"], serde_json::json!([{ "name": "https://b" }]));
        let codes: Vec<&str> =
            second["findings"].as_array().into_iter().flatten().filter_map(|f| f["code"].as_str()).collect();
        assert_eq!(codes, ["x", "y"]);
        assert_eq!(part(&report, 2), None);
    }

    #[test]
    fn without_a_target_nothing_is_planned() {
        let profile = Profile::builtin(crate::platform::System::Linux);
        assert_eq!(profile.probes.targets, []);
    }
}
