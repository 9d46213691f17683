//! The facts of an escalated case, kept in this account's state folder until the case is purged: the texts of later notices and
//! customer updates are written from them. They hold the contact and the account, which a journal may not.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::model::{Case, CaseId};
use crate::platform::create_private_dir;

/// A case is a few kilobytes; a case file of a person may have 8 MiB.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Why the facts cannot be kept or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct KeptCaseError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Where the facts of `case_id` stand in `folder`.
#[must_use]
pub fn path_of(folder: &Path, case_id: &CaseId) -> PathBuf {
    folder.join(format!("{case_id}.json"))
}

/// Keeps the facts of `case` in `folder`, in place of those that were kept before. This account alone can read them.
pub fn keep(folder: &Path, case: &Case) -> Result<(), KeptCaseError> {
    let path = path_of(folder, &case.case_id);
    let failed = |source| KeptCaseError { action: "write", path: path.clone(), source };
    create_private_dir(folder).map_err(failed)?;
    let text = serde_json::to_vec(case).map_err(|e| failed(e.into()))?;
    // A temporary file is readable by this account alone, and the name appears when it is whole.
    let mut file = Builder::new().prefix(".unfinished-").tempfile_in(folder).map_err(failed)?;
    file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&path).map(drop).map_err(|e| failed(e.error))
}

/// The facts of `case_id` in `folder`; `None` where none are kept.
pub fn kept(folder: &Path, case_id: &CaseId) -> Result<Option<Case>, KeptCaseError> {
    let path = path_of(folder, case_id);
    let failed = |source| KeptCaseError { action: "read", path: path.clone(), source };
    let file = match File::open(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let mut text = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut text).map_err(failed)?;
    let case: Case = serde_json::from_slice(&text).map_err(|e| failed(e.into()))?;
    if case.case_id != *case_id {
        return Err(failed(io::Error::other(format!("it is about {}", case.case_id))));
    }
    Ok(Some(case))
}

/// Removes them; whether there were any.
pub fn forget(folder: &Path, case_id: &CaseId) -> Result<bool, KeptCaseError> {
    let path = path_of(folder, case_id);
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(KeptCaseError { action: "remove", path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::{case, case_without};

    #[test]
    fn the_facts_of_a_case_are_kept_replaced_and_forgotten() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("cases");
        assert_eq!(kept(&folder, &case().case_id).expect("none is no error"), None);
        keep(&folder, &case()).expect("kept");
        keep(&folder, &case_without("service")).expect("replaced");
        assert_eq!(kept(&folder, &case().case_id).expect("read"), Some(case_without("service")));
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1, "nothing unfinished is left");
        assert!(forget(&folder, &case().case_id).expect("removed"));
        assert!(!forget(&folder, &case().case_id).expect("nothing left"));
    }

    #[test]
    fn the_facts_of_another_case_are_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        keep(dir.path(), &case()).expect("kept");
        let other = CaseId::parse("c-0000000000").expect("an id");
        fs::rename(path_of(dir.path(), &case().case_id), path_of(dir.path(), &other)).expect("renamed");
        assert!(kept(dir.path(), &other).expect_err("another case").to_string().contains("it is about c-7fk2m9q4xa"));
    }
}
