//! Who is told of a case, by which way and in which words: the seam between the verbs and the notifiers of the policy.

use jiff::Timestamp;

use super::failure::Failure;
use crate::deliver::callout::Addressee;
use crate::deliver::notifiers::Notifier;
use crate::escalate::Policy;
use crate::escalate::notice::Notice;
use crate::model::{Case, Severity};

/// What a notice is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The case, with its facts.
    pub case: &'a Case,
    /// The level in force.
    pub severity: Severity,
    /// The policy in force.
    pub policy: &'a Policy,
    /// The moment, which decides on pagers outside business hours.
    pub now: Timestamp,
    /// Whether somebody asks for the pager.
    pub page: bool,
}

/// Who is told of a case, and why not others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Called {
    /// The names of the targets, level by level; the first level is told at once.
    pub levels: Vec<Vec<String>>,
    /// What decided on them, in words.
    pub reason: String,
    /// Targets that are not told, each with the reason.
    pub held_back: Vec<(String, String)>,
    /// Why nobody is woken at once, where nobody is.
    pub nobody_wakes: Option<String>,
}

/// Knows the targets of the policy.
pub trait Callees {
    /// Who is told.
    fn levels(&self, about: &About<'_>) -> Result<Called, Failure>;

    /// The way to a target; the error in one line where there is none now.
    fn connect(&self, policy: &Policy, target: &str) -> Result<Box<dyn Notifier>, String>;

    /// What a target is told, without its link. Refused where it would tell what the target may not hear.
    fn notice(&self, about: &About<'_>, target: &str, level: usize) -> Result<Notice, Failure>;
}

/// A target's name and the way to it, or in one line why there is none.
type NamedWay = (String, Result<Box<dyn Notifier>, String>);

/// The targets of a case that are connected.
pub(super) struct Connected {
    ways: Vec<NamedWay>,
    notices: Vec<(String, usize, Notice)>,
}

impl Connected {
    /// Words the notices of one level and connects its targets. Every notice is worded before any is sent.
    pub(super) fn level(
        callees: &dyn Callees,
        about: &About<'_>,
        targets: &[String],
        level: usize,
    ) -> Result<Self, Failure> {
        let mut connected = Self::to(callees, about.policy, targets);
        for target in targets {
            connected.notices.push((target.clone(), level, callees.notice(about, target, level)?));
        }
        Ok(connected)
    }

    /// Connects targets, to ask them or to end their notices.
    pub(super) fn to(callees: &dyn Callees, policy: &Policy, targets: &[String]) -> Self {
        let mut named: Vec<&String> = targets.iter().collect();
        named.sort();
        named.dedup();
        let ways = named.into_iter().map(|name| (name.clone(), callees.connect(policy, name))).collect();
        Self { ways, notices: Vec::new() }
    }

    pub(super) fn addressees(&self) -> Vec<Addressee<'_>> {
        let way = |target: &str| -> Result<&dyn Notifier, String> {
            match self.ways.iter().find(|(name, _)| name == target).map(|(_, way)| way) {
                Some(Ok(notifier)) => Ok(&**notifier),
                Some(Err(problem)) => Err(problem.clone()),
                None => Err("the policy has no such target".to_owned()),
            }
        };
        let addressee = |(target, level, notice): &(String, usize, Notice)| Addressee {
            target: target.clone(),
            level: *level,
            notifier: way(target),
            notice: notice.clone(),
        };
        self.notices.iter().map(addressee).collect()
    }

    /// Those that there is a way to.
    pub(super) fn ways(&self) -> Vec<(String, &dyn Notifier)> {
        self.ways.iter().filter_map(|(name, way)| Some((name.clone(), &**way.as_ref().ok()?))).collect()
    }

    /// Those that there is no way to, with the reason.
    pub(super) fn missing(&self) -> Vec<(String, String)> {
        self.ways.iter().filter_map(|(name, way)| Some((name.clone(), way.as_ref().err()?.clone()))).collect()
    }
}
