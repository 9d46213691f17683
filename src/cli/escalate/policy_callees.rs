//! The targets that the policy names, reached by its notifiers.

use std::path::PathBuf;

use super::callees::{About, Callees};
use super::failure::Failure;
use crate::cli::exit::Exit;
use crate::deliver::http::HttpClient;
use crate::deliver::notifiers::{self, Notifier, Surroundings};
use crate::deliver::secrets::Environment;
use crate::escalate::Policy;
use crate::escalate::notice::{self, Notice, NoticeFacts};

/// The targets of the policy in force.
pub struct OfPolicy<'a> {
    /// Where tokens may be.
    pub environment: Environment<'a>,
    /// The folder for targets that are files, and for notices that could not be sent. None where this account has none.
    pub outbox: Option<PathBuf>,
}

impl Callees for OfPolicy<'_> {
    fn levels(&self, about: &About<'_>) -> Result<Vec<Vec<String>>, Failure> {
        let service = about.case.service.as_ref().map(|service| service.value.as_str());
        let open = about.policy.calendar_of(about.case).1.closed(about.now).is_none();
        Ok(about.policy.callees(service, about.severity, open).levels)
    }

    fn connect(&self, policy: &Policy, target: &str) -> Result<Box<dyn Notifier>, String> {
        let outbox =
            self.outbox.clone().ok_or("this account has no folder for its outbox; set HOME, or XDG_STATE_HOME")?;
        let client = HttpClient::new(&[]).map_err(|e| e.to_string())?;
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
