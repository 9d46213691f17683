//! Facts about the host: read in a child of this program, so that a crash or a hang in a foreign interface costs one
//! section and never the bundle.

use std::collections::HashMap;
use std::io::{Cursor, Write};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::profile::Profile;
use super::{Collector, Context, Deadline, Open, OpenError, Opened, Pass, Source, Step};
use crate::platform::{CommandSpec, facts, run};
use crate::redact::MediaHint;

/// How long all host facts may take. Reading them takes well under a second; a hung driver takes for ever.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The largest answer of the child.
const MAX_ANSWER: u64 = 16 << 20;

/// One line of the child's answer.
#[derive(Debug, Serialize, Deserialize)]
struct Frame {
    group: String,
    value: Value,
    gaps: Vec<String>,
}

/// Collects the facts of the host.
#[derive(Debug)]
pub struct Host {
    profile: Arc<Profile>,
}

impl Host {
    /// The groups that `profile` names.
    #[must_use]
    pub fn new(profile: Arc<Profile>) -> Self {
        Self { profile }
    }
}

impl Collector for Host {
    fn name(&self) -> &'static str {
        "host"
    }

    fn plan(&self, context: &Context) -> Vec<Step> {
        let Some(groups) = &self.profile.host else { return Vec::new() };
        let child = Arc::new(Child {
            program: context.child_program.clone(),
            groups: groups.clone(),
            deadline: context.deadline.clone(),
            cancel: Arc::clone(&context.cancel),
            answer: OnceLock::new(),
        });
        let purposes: HashMap<&str, &str> = facts::groups().into_iter().collect();
        groups
            .iter()
            .map(|group| {
                let source = Source {
                    path: format!("host/{group}.json"),
                    origin: format!("host facts: {group}"),
                    hint: MediaHint::Json,
                    media_type: "application/json",
                    size: None,
                    modified: None,
                    is_log: false,
                    open: Arc::new(Group { name: group.clone(), child: Arc::clone(&child) }),
                };
                let purpose = purposes.get(group.as_str()).copied().unwrap_or("host facts");
                Step { what: group.clone(), purpose: purpose.to_owned(), sources: vec![source], decided: None }
            })
            .collect()
    }
}

/// The child's side: writes one line a group, as each is read. A crash loses the group it happens in and those after it.
pub fn answer(groups: &[String], out: &mut dyn Write) -> std::io::Result<()> {
    for name in groups {
        if let Some(group) = facts::read(name) {
            let frame = Frame { group: name.clone(), value: group.value, gaps: group.gaps };
            serde_json::to_writer(&mut *out, &frame)?;
            out.write_all(b"\n")?;
            out.flush()?;
        }
    }
    Ok(())
}

/// The child that answers for all groups; the first group that is opened starts it.
struct Child {
    program: Option<std::path::PathBuf>,
    groups: Vec<String>,
    deadline: Deadline,
    cancel: Arc<AtomicBool>,
    answer: OnceLock<Answer>,
}

struct Answer {
    frames: HashMap<String, Frame>,
    /// Why a group may be missing.
    ended: String,
    duration: Duration,
}

impl Child {
    fn answer(&self) -> &Answer {
        self.answer.get_or_init(|| self.ask())
    }

    fn ask(&self) -> Answer {
        let Some(program) = &self.program else {
            // No way to start ourselves (an empty root folder without /proc): read here.
            let mut bytes = Vec::new();
            let ended = match answer(&self.groups, &mut bytes) {
                Ok(()) => "is not known on this system".to_owned(),
                Err(e) => format!("could not be read: {e}"),
            };
            return Answer { frames: frames(&bytes), ended, duration: Duration::ZERO };
        };
        let mut args = vec!["__collect".to_owned(), "host".to_owned()];
        args.extend(self.groups.iter().cloned());
        let spec = CommandSpec {
            program: program.clone(),
            args,
            timeout: TIMEOUT.min(self.deadline.left()),
            output_cap: MAX_ANSWER,
            environment: CommandSpec::own_environment(),
        };
        match run(&spec, &self.cancel) {
            Ok(output) => {
                let ended = format!("the process that reads host facts ended early ({:?})", output.ended);
                Answer { frames: frames(&output.stdout), ended, duration: output.duration }
            }
            Err(e) => Answer {
                frames: HashMap::new(),
                ended: format!("the process that reads host facts could not be started: {e}"),
                duration: Duration::ZERO,
            },
        }
    }
}

/// The whole lines of an answer; what a crash cut off is no line.
fn frames(bytes: &[u8]) -> HashMap<String, Frame> {
    bytes
        .split(|b| *b == b'\n')
        .filter_map(|line| serde_json::from_slice::<Frame>(line).ok())
        .map(|frame| (frame.group.clone(), frame))
        .collect()
}

struct Group {
    name: String,
    child: Arc<Child>,
}

impl Open for Group {
    fn open(&self, _: Pass) -> Result<Opened, OpenError> {
        let answer = self.child.answer();
        let frame = answer.frames.get(&self.name).ok_or_else(|| OpenError::Failed(answer.ended.clone()))?;
        let mut text = serde_json::to_vec_pretty(&frame.value).map_err(|e| OpenError::Failed(e.to_string()))?;
        text.push(b'\n');
        let partial = (!frame.gaps.is_empty()).then(|| frame.gaps.join("; "));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_a_crash_cut_short_gives_the_groups_before_the_crash() {
        let got = frames(b"{\"group\":\"os\",\"value\":{},\"gaps\":[]}\n{\"group\":\"cpu\",\"val");
        assert_eq!(got.keys().collect::<Vec<_>>(), ["os"]);
    }
}
