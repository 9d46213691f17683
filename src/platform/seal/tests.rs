//! A file that appears whole or not at all.

use std::fs;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const NAME: &str = "c-7fk2m9q4xa-20261123T101500Z.casefile.zip";

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join(NAME);
    (folder, target)
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_final_name_appears_only_when_the_file_is_published() {
    let (folder, target) = place();
    let mut partial = PartialFile::create(&target).unwrap();
    partial.file().write_all(b"whole").unwrap();
    partial.file().rewind().unwrap();
    let mut text = String::new();
    partial.file().read_to_string(&mut text).unwrap();
    assert_eq!(text, "whole");
    let private = names(&folder);
    assert!(private.len() == 1 && is_debris_name(OsStr::new(&private[0])), "{private:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join(&private[0])).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    partial.publish().unwrap();
    assert_eq!(names(&folder), [NAME]);
    assert_eq!(fs::read(&target).unwrap(), b"whole");
}

#[test]
fn a_taken_name_is_never_replaced() {
    let (folder, target) = place();
    let mut partial = PartialFile::create(&target).unwrap();
    partial.file().write_all(b"new").unwrap();
    fs::write(&target, "old").unwrap();
    assert_eq!(partial.publish().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!((fs::read(&target).unwrap(), names(&folder)), (b"old".to_vec(), vec![NAME.to_owned()]));
    assert_eq!(PartialFile::create(&target).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn a_taken_name_is_replaced_only_when_that_is_asked_for() {
    let (folder, target) = place();
    fs::write(&target, "old").unwrap();
    let mut partial = PartialFile::create_over(&target).unwrap();
    partial.file().write_all(b"new").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"old");
    partial.publish_over().unwrap();
    assert_eq!((fs::read(&target).unwrap(), names(&folder)), (b"new".to_vec(), vec![NAME.to_owned()]));
}

#[test]
fn debris_of_other_files_is_removed_by_their_final_names() {
    let (folder, _) = place();
    let path = |name: &str| folder.path().join(name);
    for name in [".app.log.0123abcd.partial", ".app.log.0123abc.partial", ".other.log.0123abcd.partial"] {
        fs::write(path(name), "").unwrap();
    }
    let living = PartialFile::create(&path("app.log")).unwrap();
    assert_eq!(remove_debris_of(folder.path(), &|name| name == b"app.log").unwrap(), 1);
    assert_eq!(names(&folder).len(), 3);
    living.publish().unwrap();
}

#[cfg(unix)]
#[test]
fn file_systems_without_exclusive_rename_or_links_do_not_replace_either() {
    for link in [true, false] {
        let (folder, _) = place();
        let sealed = sys::Folder::open(folder.path()).unwrap();
        let rename = |from: &str, to: &str| {
            let (from, to) = (OsStr::new(from), OsStr::new(to));
            if link { sealed.link(from, to).map_err(io::Error::from) } else { sealed.claim(from, to) }
        };
        fs::write(folder.path().join("a"), "a").unwrap();
        fs::write(folder.path().join("taken"), "taken").unwrap();
        assert_eq!(rename("a", "taken").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        rename("a", "free").unwrap();
        assert_eq!(names(&folder), ["free", "taken"]);
        assert_eq!(fs::read(folder.path().join("taken")).unwrap(), b"taken");
        assert_eq!(fs::read(folder.path().join("free")).unwrap(), b"a");
    }
}

#[test]
fn a_file_that_is_dropped_unpublished_is_gone() {
    let (folder, target) = place();
    drop(PartialFile::create(&target).unwrap());
    assert!(names(&folder).is_empty());
}

#[test]
fn debris_is_removed_where_its_lock_is_free_and_nothing_else_is() {
    let (folder, target) = place();
    let living = PartialFile::create(&target).unwrap();
    let dead = [format!(".{NAME}.0123abcd.partial"), format!(".{NAME}.age.0123abcd.partial")];
    let others = [
        format!("{NAME}.0123abcd.partial"),
        format!(".{NAME}.partial"),
        format!(".{NAME}.0123abcg.partial"),
        format!(".{NAME}.0123abcd.part"),
        ".notes.0123abcd.partial".to_owned(),
        "0123abcd.partial".to_owned(),
        ".partial".to_owned(),
    ];
    for name in dead.iter().chain(&others) {
        fs::write(folder.path().join(name), "").unwrap();
    }
    fs::create_dir(folder.path().join(format!(".{NAME}.00000000.partial"))).unwrap();
    assert_eq!(remove_debris(folder.path()).unwrap(), 2);
    let left = names(&folder);
    assert!(!dead.iter().any(|name| left.contains(name)), "{left:?}");
    assert!(others.iter().all(|name| left.contains(name)), "{left:?}");
    assert_eq!(left.len(), others.len() + 2, "the folder and the living file stay: {left:?}");
    living.publish().unwrap();
    assert!(target.exists());
}

#[cfg(unix)]
#[test]
fn a_link_planted_at_a_private_name_is_neither_written_through_nor_followed() {
    let (folder, _) = place();
    let precious = folder.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    let planted = format!(".{NAME}.0123abcd.partial");
    std::os::unix::fs::symlink(&precious, folder.path().join(&planted)).unwrap();
    let sealed = sys::Folder::open(folder.path()).unwrap();
    assert!(create_locked(&sealed, OsStr::new(&planted)).unwrap().is_none());
    assert_eq!(remove_debris(folder.path()).unwrap(), 0);
    assert_eq!(names(&folder), [planted.as_str(), "precious"]);
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
}

#[test]
fn a_file_replaced_before_it_was_locked_is_not_taken_for_ours() {
    let (folder, _) = place();
    let sealed = sys::Folder::open(folder.path()).unwrap();
    let (ours, theirs) = (OsStr::new("a"), OsStr::new("b"));
    let file = sealed.create(ours).unwrap();
    sealed.create(theirs).unwrap();
    assert!(is_still(&sealed, ours, &file));
    assert!(!is_still(&sealed, theirs, &file));
    sealed.remove(ours).unwrap();
    // Windows drops the name at once; wine, where these tests also run, keeps it until the last handle is closed.
    #[cfg(not(windows))]
    assert!(!is_still(&sealed, ours, &file));
}

#[test]
fn runs_that_start_and_clear_up_at_once_do_not_hurt_each_other() {
    let (folder, _) = place();
    std::thread::scope(|scope| {
        for runner in 0..3 {
            let folder = folder.path();
            scope.spawn(move || {
                for round in 0..30 {
                    let target = folder.join(format!("{runner}-{round}.casefile.zip"));
                    let mut partial = PartialFile::create(&target).unwrap();
                    // Another run may remove only what nobody holds.
                    remove_debris(folder).unwrap();
                    partial.file().write_all(b"whole").unwrap();
                    partial.publish().unwrap();
                }
            });
        }
    });
    assert_eq!(names(&folder).len(), 90);
    for name in names(&folder) {
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"whole");
    }
}
