//! The walk: one algorithm for all systems over `sys::Folder`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::sys::Folder;
use super::{Found, Kind, MAX_DEPTH, NamedRoot, Refusal, Walked};

struct Walk<'a> {
    named: &'a NamedRoot,
    enter: &'a dyn Fn(&Path) -> bool,
    wanted: &'a dyn Fn(&Path) -> bool,
    visit: &'a mut dyn FnMut(Walked) -> ControlFlow<()>,
    budget: usize,
}

pub(super) fn walk(
    named: &NamedRoot,
    enter: &dyn Fn(&Path) -> bool,
    wanted: &dyn Fn(&Path) -> bool,
    budget: usize,
    visit: &mut dyn FnMut(Walked) -> ControlFlow<()>,
) {
    let mut walk = Walk { named, enter, wanted, visit, budget };
    // Whether the visitor stopped us makes no difference: there is nothing left to do either way.
    let _ = match named.root.folder() {
        Err(refusal) => walk.refuse(PathBuf::new(), refusal),
        Ok(folder) => match &named.only {
            // The folder of a named file may not be readable, and needn't be.
            Some(only) if wanted(Path::new(only)) => walk.file(&folder, PathBuf::from(only), Kind::Other),
            Some(_) => ControlFlow::Continue(()),
            None => walk.folder(&folder, Path::new(""), 1),
        },
    };
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Folder, here: &Path, depth: usize) -> ControlFlow<()> {
        let mut entries = match folder.entries(self.budget) {
            Ok(entries) => entries,
            Err(refusal) => return self.refuse(here.to_owned(), refusal),
        };
        self.budget = self.budget.saturating_sub(entries.list.len());
        entries.list.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (name, kind) in entries.list {
            let relative = here.join(&name);
            if kind == Kind::Folder {
                if (self.enter)(&relative) {
                    self.subfolder(folder, relative, depth)?;
                }
            } else if (self.wanted)(&relative) || (kind == Kind::Link && (self.enter)(&relative)) {
                self.file(folder, relative, kind)?;
            }
        }
        if entries.cut {
            self.refuse(here.to_owned(), Refusal::TooMany)?;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn subfolder(&mut self, folder: &Folder, relative: PathBuf, depth: usize) -> ControlFlow<()> {
        if depth >= MAX_DEPTH {
            return self.refuse(relative, Refusal::TooDeep);
        }
        match self.named.root.subfolder(folder, &relative) {
            Ok(below) => self.folder(&below, &relative, depth + 1),
            Err(refusal) => self.refuse(relative, refusal),
        }
    }

    fn file(&mut self, folder: &Folder, relative: PathBuf, kind: Kind) -> ControlFlow<()> {
        match self.named.root.examine(folder, &relative, kind) {
            // A link that was looked at only because it might have led to a folder.
            Ok(_) if kind == Kind::Link && !(self.wanted)(&relative) => ControlFlow::Continue(()),
            Ok(Found { len, modified, id }) => (self.visit)(Walked::File { relative, len, modified, id }),
            Err(refusal) => self.refuse(relative, refusal),
        }
    }

    fn refuse(&mut self, relative: PathBuf, refusal: Refusal) -> ControlFlow<()> {
        (self.visit)(Walked::Refused { relative, refusal })
    }
}
