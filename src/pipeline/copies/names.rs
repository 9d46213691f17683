//! Where copies stand: under the names of their sources, which pass the redactor, and no two in one place.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::redact::Redactor;

/// The longest name of a file on the common file systems, in bytes.
const LONGEST: usize = 255;

/// A place below the output folder for each wish, in their order. Two are apart also where case is ignored.
pub(super) fn places(redactor: &Redactor, wishes: impl Iterator<Item = String>) -> Vec<PathBuf> {
    let (mut files, mut folders) = (HashSet::new(), HashSet::new());
    wishes.map(|wish| place(&redactor.text(&wish), &mut files, &mut folders)).collect()
}

fn place(redacted: &str, files: &mut HashSet<String>, folders: &mut HashSet<String>) -> PathBuf {
    let mut segments: Vec<String> =
        redacted.split('/').filter(|segment| !matches!(*segment, "" | "." | "..")).map(safe).collect();
    let name = segments.pop().unwrap_or_else(|| "file".to_owned());
    let (mut path, mut key) = (PathBuf::new(), String::new());
    for segment in segments {
        let segment = free(&segment, &key, &|key| !files.contains(key));
        key = below(&key, &segment);
        folders.insert(key.clone());
        path.push(segment);
    }
    let name = free(&name, &key, &|key| !files.contains(key) && !folders.contains(key));
    files.insert(below(&key, &name));
    path.push(name);
    path
}

/// `name`, or the first of `name-2.log`, `name-3.log` that is free below `folder`.
fn free(name: &str, folder: &str, is_free: &dyn Fn(&str) -> bool) -> String {
    if is_free(&below(folder, name)) {
        return name.to_owned();
    }
    // Before the first dot, so that `app.log.gz` keeps both endings; a dot that begins the name begins no ending.
    let at = name.char_indices().skip(1).find(|(_, c)| *c == '.').map_or(name.len(), |(at, _)| at);
    let numbered = (2..).map(|n: u64| format!("{}-{n}{}", &name[..at], &name[at..]));
    numbered.into_iter().find(|name| is_free(&below(folder, name))).unwrap_or_else(|| name.to_owned())
}

fn below(folder: &str, name: &str) -> String {
    format!("{folder}/{}", name.to_lowercase())
}

/// What every system takes as one name.
fn safe(segment: &str) -> String {
    let mut name: String =
        segment.chars().map(|c| if c.is_control() || matches!(c, ':' | '\\') { '_' } else { c }).collect();
    if name.len() > LONGEST {
        let end = (0..=LONGEST - 8).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
        name.truncate(end);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(names: &[&str]) -> Vec<String> {
        let (mut files, mut folders) = (HashSet::new(), HashSet::new());
        let places = names.iter().map(|name| place(name, &mut files, &mut folders));
        places.map(|path| path.to_string_lossy().replace('\\', "/")).collect()
    }

    #[test]
    fn names_stay_and_what_would_meet_is_numbered() {
        assert_eq!(
            all(&["a/App.log.gz", "a/app.log.gz", "a/app.log.gz", ".env", ".ENV"]),
            ["a/App.log.gz", "a/app-2.log.gz", "a/app-3.log.gz", ".env", ".ENV-2"]
        );
        assert_eq!(all(&["x", "x/y", "x"]), ["x", "x-2/y", "x-3"]);
    }

    #[test]
    fn no_name_leaves_the_folder() {
        assert_eq!(
            all(&["../../etc/passwd", "/abs", "..", "a//./b", "c:\\d\n"]),
            ["etc/passwd", "abs", "file", "a/b", "c__d_"]
        );
        assert!(all(&[&"ü".repeat(200)])[0].len() <= LONGEST);
    }
}
