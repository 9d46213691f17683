//! The targets that the policy names, reached by its notifiers.

use std::path::PathBuf;
use std::sync::Arc;

use super::callees::{About, Called, Callees};
use super::failure::Failure;
use crate::cli::exit::Exit;
use crate::deliver::http::HttpClient;
use crate::deliver::notifiers::{self, Notifier, Surroundings};
use crate::deliver::recording::Recording;
use crate::deliver::secrets::Environment;
use crate::escalate::Policy;
use crate::escalate::notice::{self, Notice, NoticeFacts};

/// The targets of the policy in force.
pub struct OfPolicy<'a> {
    /// Where tokens may be.
    pub environment: Environment<'a>,
    /// The folder for targets that are files, and for notices that could not be sent. None where this account has none.
    pub outbox: Option<PathBuf>,
    /// Where requests go in a rehearsal.
    pub recording: Option<Arc<Recording>>,
}

impl Callees for OfPolicy<'_> {
    fn levels(&self, about: &About<'_>) -> Result<Called, Failure> {
        let About { case, severity, policy, now, page } = *about;
        let service = case.service.as_ref().map(|service| service.value.as_str());
        let open = policy.calendar_of(case).1.closed(now).is_none();
        let callees = policy.callees(service, severity, open);
        let callees = if page { policy.with_pager(callees, service, severity, open) } else { callees };
        let nobody_wakes = policy.why_nobody_wakes(&callees);
        let held_back = callees.held_back.into_iter().map(|(name, why)| (name, why.to_owned())).collect();
        Ok(Called { levels: callees.levels, reason: callees.reason, held_back, nobody_wakes })
    }

    fn connect(&self, policy: &Policy, target: &str) -> Result<Box<dyn Notifier>, String> {
        let outbox =
            self.outbox.clone().ok_or("this account has no folder for its outbox; set HOME, or XDG_STATE_HOME")?;
        let client = HttpClient::for_run(self.recording.as_ref()).map_err(|e| e.to_string())?;
        let surroundings = Surroundings { client: &client, environment: self.environment, outbox };
        notifiers::connect(policy, target, &surroundings).map_err(|e| e.to_string())
    }

    fn notice(&self, about: &About<'_>, target: &str, level: usize) -> Result<Notice, Failure> {
        let About { case, severity, policy, now, .. } = *about;
        let entry = policy.notifier(target).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("the policy has no notifier {target}"))
                .hint("name it under [notifiers], or take it out of the matrix")
        })?;
        notice::write(&NoticeFacts { case, severity, policy, now }, target, &entry, level).map_err(|e| {
            Failure::new(Exit::No, format!("nothing goes to {target}, which is not marked secure: {e}"))
                .hint("take it out of the fact that is named, or mark the target secure in the policy if it is")
        })
    }
}
