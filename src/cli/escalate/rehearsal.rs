//! `--dry-run DIR`: a verb runs as always, and whatever would leave this machine or stay on it becomes a numbered file in a
//! folder. The journal is a copy that is thrown away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tempfile::TempDir;

use super::World;
use super::failure::{Failure, output_failed};
use super::print_json;
use crate::cli::exit::Exit;
use crate::deliver::journal;
use crate::deliver::recording::Recording;
use crate::model::CaseId;

/// The flag.
#[derive(Debug, Args)]
pub struct RehearsalArgs {
    /// Send and record nothing: write what would go out, each request, mail and file, to this new folder
    #[arg(long = "dry-run", value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// A rehearsal that is under way.
#[derive(Debug)]
pub struct Rehearsal {
    /// Where requests go.
    pub recording: Arc<Recording>,
    scratch: TempDir,
}

impl Rehearsal {
    /// A rehearsal into `folder`, which must be new or empty: files of two rehearsals would read as one.
    pub fn begin(folder: &Path) -> Result<Self, Failure> {
        let shown = folder.display();
        let taken = match fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_some(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => false,
            Err(e) => {
                return Err(Failure::new(Exit::Usage, format!("cannot use {shown} for a rehearsal: {e}"))
                    .hint("--dry-run takes a folder, new or empty"));
            }
        };
        if taken {
            return Err(Failure::new(Exit::Usage, format!("{shown} is not empty"))
                .hint("name a new folder behind --dry-run; nothing is overwritten"));
        }
        let scratch = tempfile::tempdir()
            .map_err(|e| Failure::new(Exit::LocalFailure, format!("cannot make a temporary folder: {e}")))?;
        Ok(Self { recording: Arc::new(Recording::new(folder.to_owned())), scratch })
    }

    /// The folder of a copy of the journal of `case_id`, which stands in `real`.
    pub(super) fn journals(&self, real: &Path, case_id: &CaseId) -> Result<PathBuf, Failure> {
        let folder = self.scratch.path().join("journal");
        let copied = crate::platform::create_private_dir(&folder).and_then(|()| {
            let (from, to) = (journal::path_of(real, case_id), journal::path_of(&folder, case_id));
            match fs::read(from) {
                Ok(lines) => fs::write(to, lines),
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(e) => Err(e),
            }
        });
        copied.map(|()| folder).map_err(|e| Failure::new(Exit::LocalFailure, format!("cannot copy the journal: {e}")))
    }

    /// Says what was written, and where.
    pub(super) fn tell(&self, json: bool, world: &mut World<'_>) -> Result<(), Failure> {
        let folder = self.recording.folder();
        let files = self
            .recording
            .files()
            .map_err(|e| Failure::new(Exit::LocalFailure, format!("cannot list {}: {e}", folder.display())))?;
        let told = if json {
            let document = json!({ "schema": "casefile-rehearsal/1", "folder": folder, "files": files });
            print_json(&document, world.out)
        } else {
            writeln!(
                world.out,
                "nothing was sent or recorded; what would go out, in this order, is in {}",
                folder.display()
            )
            .and_then(|()| files.iter().try_for_each(|name| writeln!(world.out, "  {name}")))
        };
        told.map_err(output_failed)
    }
}
