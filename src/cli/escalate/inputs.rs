//! What the verbs read: the files that somebody wrote, and the case that they are about.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::failure::Failure;
use crate::cli::exit::Exit;
use crate::cli::message::plain;
use crate::deliver::handover::BundleFacts;
use crate::escalate::Policy;
use crate::model::config::MAX_CONFIG_BYTES;
use crate::model::{Case, CaseId, ConfigError, case_file};

/// The policy that is `named`, or the built-in one.
pub(super) fn policy_in_force(named: Option<&Path>) -> Result<Policy, Failure> {
    named.map_or_else(|| Ok(Policy::builtin()), |path| parsed(path, Policy::parse))
}

/// Reads a file that somebody wrote and parses it under its name.
pub(super) fn parsed<T>(path: &Path, parse: impl FnOnce(&str, &str) -> Result<T, ConfigError>) -> Result<T, Failure> {
    Ok(parse(&path.display().to_string(), &text_of(path)?)?)
}

/// Reads the calendars that the policy's schedules name; `file` is the policy's own, beside which a bare name is looked for.
pub(super) fn read_schedules(policy: &mut Policy, file: Option<&Path>) -> Result<(), Failure> {
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    for (team, schedule) in &mut policy.on_call {
        let Some(path) = schedule.file().map(|name| folder.join(name)) else { continue };
        let text = text_of(&path)?;
        schedule.read(&text).map_err(|problem| {
            let what = format!("the schedule of {team} in {}: {problem}", path.display());
            Failure::new(Exit::Usage, what)
                .hint("mend the calendar, or export it anew; nobody is guessed from half of it")
        })?;
    }
    Ok(())
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    let unreadable = |why: String| {
        Failure::new(Exit::Usage, format!("cannot read {name}: {why}")).hint("check the path and who may read it")
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| unreadable(plain(&e)))?;
    if bytes.len() as u64 > MAX_CONFIG_BYTES {
        return Err(unreadable(format!("it is longer than {MAX_CONFIG_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))
}

/// The customer's facts under the agent's.
pub(super) fn the_case(bundle: Option<&BundleFacts>, agents: Option<case_file::ReadCase>) -> Result<Case, Failure> {
    match (bundle, agents) {
        (Some(bundle), None) => Ok(bundle.case.clone()),
        (Some(bundle), Some(agents)) => match agents.case_id {
            Some(other) if other != bundle.case.case_id => Err(Failure::new(
                Exit::Usage,
                format!("the case file is about {other}, the bundle about {}", bundle.case.case_id),
            )
            .hint("take the case file of this case, or leave its case_id out")),
            _ => Ok(bundle.case.clone().overlaid_by(agents.case)),
        },
        (None, Some(case_file::ReadCase { case_id: Some(case_id), case })) => Ok(Case { case_id, ..case }),
        // An id that is made up here would be another one when the command is repeated, and so would the ticket.
        (None, _) => Err(Failure::new(Exit::Usage, "without a bundle nothing says which case this is").hint(
            match new_case_id() {
                Some(id) => format!("write case_id = \"{id}\" in the file that --case names, and keep it there"),
                None => "write a case_id in the file that --case names".to_owned(),
            },
        )),
    }
}

fn new_case_id() -> Option<CaseId> {
    let mut random = [0; 7];
    getrandom::fill(&mut random).ok()?;
    Some(CaseId::from_random(random))
}
