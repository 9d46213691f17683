//! The files in what was named. Walks as `collect` does: by folder handle, regular files only, no link out of the folder.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::source::{Source, shown};
use crate::platform::{Elevation, NamedRoot, Refusal, Walked};

/// The most entries of one folder that are looked at. Support folders have thousands; over this it is a whole disk.
const WALK_BUDGET: usize = 1_000_000;

/// Something that was named or met and is not copied.
#[derive(Debug)]
pub struct Left {
    /// Its path as the person knows it.
    pub shown: String,
    /// Why.
    pub refusal: Refusal,
}

/// What was named, as files.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, in the order of names.
    pub sources: Vec<Source>,
    /// What is left out.
    pub left: Vec<Left>,
    /// Whether a folder was named, so that the copies need one.
    pub folder: bool,
}

/// Finds the files in `named`. A single folder is copied as it is; of several things each is copied under its own name.
/// What lies below `output` is left out: it is of an earlier run.
pub fn find(named: &[PathBuf], output: Option<&Path>, elevation: Elevation, cancel: &AtomicBool) -> Found {
    let output = output.and_then(|path| path.canonicalize().ok());
    let mut found = Found::default();
    for path in named {
        let root = match NamedRoot::open(path, elevation) {
            Ok(root) => Arc::new(root),
            Err(refusal) => {
                found.left.push(Left { shown: path.to_string_lossy().into_owned(), refusal });
                continue;
            }
        };
        let is_folder = path.is_dir();
        found.folder |= is_folder;
        let prefix = if is_folder && named.len() > 1 { own_name(&root) } else { String::new() };
        let is_output = |relative: &Path| output.as_ref().is_some_and(|output| root.path().join(relative) == *output);
        root.walk(&|folder| !is_output(folder), &|_| true, WALK_BUDGET, &mut |walked| {
            match walked {
                Walked::File { relative, len, modified, id } => {
                    let (shown, wish) = if is_folder {
                        (shown(path, &relative), wish(&prefix, &relative))
                    } else {
                        // Under the name that was given, also where that is a link.
                        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                        (path.to_string_lossy().into_owned(), name.unwrap_or_default())
                    };
                    found.sources.push(Source::file(&root, relative, shown, wish, (len, modified, id)));
                }
                Walked::Refused { relative, refusal } => {
                    let below = is_folder && !relative.as_os_str().is_empty();
                    let shown = if below { shown(path, &relative) } else { path.to_string_lossy().into_owned() };
                    found.left.push(Left { shown, refusal });
                }
            }
            if cancel.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    found
}

/// `prefix` and the parts of `relative`, with `/`.
fn wish(prefix: &str, relative: &Path) -> String {
    let parts = relative.components().map(|part| part.as_os_str().to_string_lossy());
    parts.fold(prefix.to_owned(), |all, part| if all.is_empty() { part.into_owned() } else { format!("{all}/{part}") })
}

/// The name of a folder, also of `.` and `..`.
fn own_name(root: &NamedRoot) -> String {
    root.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
