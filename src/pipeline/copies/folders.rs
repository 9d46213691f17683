//! The folders that copies stand in.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{CopyError, NoCopy, Treated};
use crate::platform::remove_debris_of;

/// Makes the output folder and those below it, follows no link in it, and removes what killed runs left there.
pub(super) fn make_folders(
    folder: &Path,
    places: &[PathBuf],
    treated: &[Result<Treated, NoCopy>],
) -> Result<(), CopyError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| CopyError::Write { path, source }
    };
    fs::create_dir_all(folder).map_err(fail(folder))?;
    let wanted = places.iter().zip(treated).filter(|(_, treated)| treated.is_ok());
    let mut by_folder: BTreeMap<&Path, Vec<&[u8]>> = BTreeMap::new();
    for (place, _) in wanted {
        let names = by_folder.entry(place.parent().unwrap_or(Path::new(""))).or_default();
        names.extend(place.file_name().map(OsStr::as_encoded_bytes));
    }
    for (below, mut names) in by_folder {
        let mut path = folder.to_owned();
        for part in below {
            path.push(part);
            match fs::create_dir(&path) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(fail(&path)(e)),
                _ => {}
            }
            if !fs::symlink_metadata(&path).map_err(fail(&path))?.is_dir() {
                return Err(fail(&path)(io::Error::other("what is there is no folder")));
            }
        }
        names.sort_unstable();
        // Debris that stays is for the next run.
        let _ = remove_debris_of(&path, &|name| names.binary_search(&name).is_ok());
    }
    Ok(())
}
