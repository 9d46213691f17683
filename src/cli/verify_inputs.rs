//! Which bundles `verify` was asked about: files, folders, globs that no shell has expanded, and one on stdin.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;

use super::Exit;
use super::message::{Message, plain};
use crate::bundle::encryption::Identities;
use crate::bundle::layout::{ENCRYPTED, EXTENSION};
use crate::bundle::{BundleError, UntrustedBundle};

/// Bytes that are taken from stdin. The largest bundles that people send have some 10 GB; more is no bundle but a pipe that
/// does not end.
const MOST_FROM_STDIN: u64 = 16 << 30;

/// Folders in folders that are looked into.
const DEEPEST: usize = 16;

/// One bundle.
#[derive(Debug)]
pub(super) struct Input {
    /// As it is named to people.
    pub name: PathBuf,
    spooled: Option<File>,
}

impl Input {
    /// Opens it, with one of `identities` where it is encrypted, and reads nothing else yet.
    pub(super) fn open(&self, identities: Option<&Identities>) -> Result<UntrustedBundle, BundleError> {
        let untrusted = match &self.spooled {
            Some(file) => UntrustedBundle::of_file(&self.name, file),
            None => UntrustedBundle::open(&self.name),
        };
        untrusted?.unlocked(identities)
    }
}

/// The bundles that `args` name, in the order given; those of a folder or a glob by name.
pub(super) fn expand(args: &[PathBuf], stdin: &mut dyn Read) -> Result<Vec<Input>, Message> {
    let mut inputs: Vec<Input> = Vec::new();
    let named = |name| Input { name, spooled: None };
    for arg in args {
        if arg.as_os_str() == "-" {
            if inputs.iter().any(|input| input.spooled.is_some()) {
                return Err(Message::usage("`-` stands for stdin and can be given once"));
            }
            inputs.push(Input { name: PathBuf::from("stdin"), spooled: Some(spool(stdin)?) });
        } else if arg.is_dir() {
            let found =
                below(arg, |path| [EXTENSION, ENCRYPTED].iter().any(|end| path.to_string_lossy().ends_with(end)))?;
            if found.is_empty() {
                return Err(Message::usage(format!("there is no bundle in `{}`", arg.display()))
                    .hint(format!("a bundle's name ends in {EXTENSION} or {ENCRYPTED}; name other files one by one")));
            }
            inputs.extend(found.into_iter().map(named));
        } else if !arg.exists() && arg.to_string_lossy().contains(['*', '?', '[']) {
            inputs.extend(matching(arg)?.into_iter().map(named));
        } else {
            inputs.push(named(arg.clone()));
        }
    }
    Ok(inputs)
}

/// Regular files below `folder` that are `wanted`, by name. Links are not followed.
fn below(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Message> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let fail = |e: io::Error| {
            Message::usage(format!("cannot look into `{}`: {}", folder.display(), plain(&e)))
                .hint("check the path and who may read it")
        };
        for entry in std::fs::read_dir(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let (kind, path) = (entry.file_type().map_err(fail)?, entry.path());
            if kind.is_dir() && depth < DEEPEST {
                open.push((path, depth + 1));
            } else if kind.is_file() && wanted(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn matching(pattern: &Path) -> Result<Vec<PathBuf>, Message> {
    let text = pattern.to_string_lossy().replace('\\', "/");
    let glob = GlobBuilder::new(&text).literal_separator(true).build();
    let glob = glob.map_err(|e| Message::usage(format!("`{text}` is no glob: {}", e.kind())))?.compile_matcher();
    let is_plain = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    let mut base: PathBuf = pattern.components().take_while(is_plain).collect();
    let here = base.as_os_str().is_empty();
    if here {
        base.push(".");
    }
    let as_named = |path: &Path| if here { path.strip_prefix(".").unwrap_or(path).to_owned() } else { path.to_owned() };
    let found = match base.is_dir() {
        true => below(&base, |path| glob.is_match(as_named(path).to_string_lossy().replace('\\', "/")))?,
        false => Vec::new(),
    };
    if found.is_empty() {
        return Err(Message::usage(format!("no file matches `{text}`")).hint("check the path"));
    }
    Ok(found.iter().map(|path| as_named(path)).collect())
}

/// Stdin in an unnamed file that only this process can reach. What comes encrypted stays so.
fn spool(stdin: &mut dyn Read) -> Result<File, Message> {
    let fail = |e: io::Error| {
        Message::new(Exit::LocalFailure, format!("cannot keep what comes from stdin: {}", plain(&e)))
            .hint("make room in the folder for temporary files, or give the file by its name")
    };
    let mut file = tempfile::tempfile().map_err(fail)?;
    let copied = io::copy(&mut stdin.take(MOST_FROM_STDIN + 1), &mut file).map_err(fail)?;
    if copied > MOST_FROM_STDIN {
        return Err(Message::usage(format!("more than {} GiB came from stdin", MOST_FROM_STDIN >> 30))
            .hint("give the file by its name"));
    }
    file.seek(SeekFrom::Start(0)).map_err(fail)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(args: &[PathBuf]) -> Vec<String> {
        let inputs = expand(args, &mut &b"spooled"[..]).expect("expands");
        inputs.iter().map(|input| input.name.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn folders_and_globs_give_their_bundles_by_name_and_files_stay_as_given() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("in/deep")).expect("a folder");
        for name in ["b.casefile.zip", "a.casefile.zip", "in/deep/c.casefile.zip", "other.zip"] {
            std::fs::write(at(name), "x").expect("written");
        }
        let all = ["a.casefile.zip", "b.casefile.zip", "c.casefile.zip"];
        assert_eq!(names(&[folder.path().to_owned()]), all);
        assert_eq!(names(&[at("*.casefile.zip")]), all[..2]);
        assert_eq!(names(&[at("**/c*")]), all[2..]);
        assert_eq!(names(&[at("other.zip"), at("gone.zip"), "-".into()]), ["other.zip", "gone.zip", "stdin"]);
        for wrong in [vec![at("x*.zip")], vec![at("in/deep/no")], vec!["-".into(), "-".into()]] {
            if wrong[0] == at("in/deep/no") {
                std::fs::create_dir(&wrong[0]).expect("a folder");
            }
            assert_eq!(expand(&wrong, &mut io::empty()).expect_err("wrong").exit, Exit::Usage);
        }
    }
}
