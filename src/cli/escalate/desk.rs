//! What the verbs share: the case they are asked about, its journal, its facts, its ticket.

use std::path::{Path, PathBuf};

use clap::Args;

use super::World;
use super::failure::{Failure, journal_failed, no_state_dir};
use super::rehearsal::Rehearsal;
use crate::cli::exit::Exit;
use crate::deliver::journal::{Head, Journal};
use crate::deliver::outbox::Outbox;
use crate::deliver::uploads::records::Records;
use crate::deliver::{journal, kept_case};
use crate::escalate::Progress;
use crate::model::{Case, CaseId};

/// Which case, and how to answer.
#[derive(Debug, Args)]
pub struct CaseArgs {
    /// The case, such as c-7fk2m9q4xa
    #[arg(value_name = "CASE", value_parser = case_id)]
    pub case_id: CaseId,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

pub(super) fn case_id(raw: &str) -> Result<CaseId, String> {
    CaseId::parse(raw).map_err(|e| e.to_string())
}

/// The folder of what is remembered between runs.
pub(super) struct Desk<'a> {
    state: PathBuf,
    rehearsal: Option<&'a Rehearsal>,
}

impl<'a> Desk<'a> {
    pub(super) fn of(world: &World<'a>) -> Result<Self, Failure> {
        let state = world.state_dir.clone().ok_or_else(no_state_dir)?;
        Ok(Self { state, rehearsal: world.rehearsal })
    }

    pub(super) fn journals(&self) -> PathBuf {
        self.state.join("journal")
    }

    pub(super) fn cases(&self) -> PathBuf {
        self.state.join("cases")
    }

    /// What unfinished uploads are called at the far side.
    pub(super) fn uploads(&self) -> Records {
        Records::new(self.state.join("uploads"))
    }

    /// Where a pass of `watch` leaves word that it was here.
    pub(super) fn watched(&self) -> PathBuf {
        self.state.join("watched")
    }

    /// The outbox that was named, or the one of this account.
    pub(super) fn outbox(&self, named: Option<&Path>) -> Outbox {
        Outbox::new(named.map_or_else(|| self.outbox_folder(), Path::to_owned))
    }

    /// The outbox of this account.
    pub(super) fn outbox_folder(&self) -> PathBuf {
        self.state.join("outbox")
    }

    /// How far a case has come; nothing is locked.
    pub(super) fn progress(&self, case_id: &CaseId) -> Result<(Progress, Head), Failure> {
        let read = journal::read(&self.journals(), case_id).map_err(|e| journal_failed(&e, false))?;
        let found = read.and_then(|read| Some((Progress::of(&read.lines)?, read.head)));
        found.ok_or_else(|| not_opened(case_id))
    }

    /// The journal of a case, locked for this run; in a rehearsal a copy. It is made if need be.
    pub(super) fn open_journal(&self, case_id: &CaseId) -> Result<Journal, Failure> {
        let folder = match self.rehearsal {
            Some(rehearsal) => rehearsal.journals(&self.journals(), case_id)?,
            None => self.journals(),
        };
        Journal::open(&folder, case_id).map_err(|e| journal_failed(&e, false))
    }

    /// Keeps the facts of a case for the texts of later steps.
    pub(super) fn keep(&self, case: &Case) -> Result<(), Failure> {
        if self.rehearsal.is_some() {
            return Ok(());
        }
        kept_case::keep(&self.cases(), case).map_err(|e| {
            Failure::new(Exit::LocalFailure, e.to_string())
                .hint("check the folder and its free space, then run the same command again")
        })
    }

    /// The same with its journal, locked for this run. No journal is made.
    pub(super) fn journal(&self, case_id: &CaseId) -> Result<(Journal, Progress), Failure> {
        if !journal::path_of(&self.journals(), case_id).is_file() {
            return Err(not_opened(case_id));
        }
        let journal = self.open_journal(case_id)?;
        let progress = Progress::of(&journal.recorded()).ok_or_else(|| not_opened(case_id))?;
        Ok((journal, progress))
    }

    /// The same for a case that has not ended.
    pub(super) fn unresolved(&self, case_id: &CaseId) -> Result<(Journal, Progress), Failure> {
        let (journal, progress) = self.journal(case_id)?;
        still_open(case_id, &progress).map(|()| (journal, progress))
    }

    /// The facts that were kept when the case was opened.
    pub(super) fn case(&self, case_id: &CaseId) -> Result<Case, Failure> {
        let kept = kept_case::kept(&self.cases(), case_id)
            .map_err(|e| Failure::new(Exit::LocalFailure, e.to_string()).hint("check the file and who may read it"))?;
        kept.ok_or_else(|| {
            Failure::new(Exit::Usage, format!("the facts of {case_id} are not on this machine"))
                .hint("run this where the case was opened")
        })
    }
}

/// Refuses a case that has ended.
pub(super) fn still_open(case_id: &CaseId, progress: &Progress) -> Result<(), Failure> {
    match &progress.resolved {
        None => Ok(()),
        Some(end) => Err(Failure::new(Exit::No, format!("{case_id} was resolved at {}", end.at))
            .hint("open a new case, and name this one in its summary")),
    }
}

/// That this machine knows nothing of the case.
pub(super) fn not_opened(case_id: &CaseId) -> Failure {
    Failure::new(Exit::Usage, format!("{case_id} was not escalated on this machine"))
        .hint("`casefile escalate list --all` shows the cases that were")
}
