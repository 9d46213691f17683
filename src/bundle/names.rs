//! The names of a zip's entries: safe on every system, distinct on every system, below one top folder.

use std::collections::{HashMap, HashSet};

use super::code::Code;
use super::error::Refused;
use super::zip_directory::Central;
use crate::model::ArtifactPath;
use crate::model::artifact_path::ArtifactPathError;

/// What stands at a path.
enum Taken {
    File(ArtifactPath),
    Folder,
}

/// The top folder, and each record's path below it; none for a folder, which may be listed but holds nothing itself.
pub(super) fn check(records: &[Central<'_>]) -> Result<(ArtifactPath, Vec<Option<ArtifactPath>>), Refused> {
    let mut top: Option<ArtifactPath> = None;
    let mut paths = Vec::with_capacity(records.len());
    // By the name that systems see which ignore case.
    let mut taken: HashMap<String, Taken> = HashMap::with_capacity(records.len());
    let mut folders = HashSet::new();
    for record in records {
        let refuse = |code| Refused::entry(code, record.name);
        let name = std::str::from_utf8(record.name).map_err(|_| refuse(Code::NameNotText))?;
        let parse = |raw: &str| ArtifactPath::parse(raw).map_err(|why| refuse(unsafe_name(name, &why)));
        let whole = if record.is_folder() { &name[..name.len() - 1] } else { name };
        let (folder, below) = match whole.split_once('/') {
            Some((folder, below)) => (parse(folder)?, Some(parse(below)?)),
            None => (parse(whole)?, None),
        };
        if below.is_none() && !record.is_folder() {
            return Err(refuse(Code::OutsideTop));
        }
        if top.get_or_insert_with(|| folder.clone()) != &folder {
            return Err(refuse(Code::SeveralTops));
        }
        if record.is_folder() {
            if !folders.insert(below.as_ref().map(ArtifactPath::folded)) {
                return Err(refuse(Code::DuplicateName));
            }
            paths.push(None);
            continue;
        }
        let Some(path) = below else { continue };
        let folded = path.folded();
        for (at, _) in folded.match_indices('/') {
            if matches!(taken.entry(folded[..at].to_owned()).or_insert(Taken::Folder), Taken::File(_)) {
                return Err(refuse(Code::FileAndFolder));
            }
        }
        match taken.insert(folded, Taken::File(path.clone())) {
            None => paths.push(Some(path)),
            Some(Taken::Folder) => return Err(refuse(Code::FileAndFolder)),
            Some(Taken::File(other)) if other == path => return Err(refuse(Code::DuplicateName)),
            Some(Taken::File(_)) => return Err(refuse(Code::CaseClash)),
        }
    }
    for folder in folders.into_iter().flatten() {
        let code = match taken.get(&folder) {
            Some(Taken::Folder) => continue,
            Some(Taken::File(_)) => Code::FileAndFolder,
            None => Code::FolderUnused,
        };
        return Err(Refused::entry(code, folder.as_bytes()));
    }
    let top = top.ok_or_else(|| Refused::file(Code::MissingFile).because("it is empty"))?;
    Ok((top, paths))
}

/// What is wrong with the name of an entry: the gravest first.
fn unsafe_name(name: &str, why: &ArtifactPathError) -> Code {
    let mut parts = name.strip_suffix('/').unwrap_or(name).split('/');
    if name.chars().any(char::is_control) {
        Code::NameControl
    } else if name.chars().any(turns_or_hides) {
        Code::NameDirection
    } else if name.starts_with('/') || name.starts_with("\\\\") {
        Code::NameAbsolute
    } else if name.contains('\\') {
        Code::NameBackslash
    } else if parts.clone().any(|part| part == "..") {
        Code::NameTraversal
    } else if name.contains(':') {
        Code::NameDrive
    } else if parts.any(str::is_empty) {
        Code::NameEmptySegment
    } else {
        match why {
            ArtifactPathError::EmptySegment => Code::NameEmptySegment,
            ArtifactPathError::Dots => Code::NameDots,
            ArtifactPathError::Character => Code::NameNotPlain,
            ArtifactPathError::Device => Code::NameDevice,
            ArtifactPathError::TooLong => Code::NameTooLong,
        }
    }
}

/// Marks of direction (Unicode's Bidi_Control), and characters without width.
fn turns_or_hides(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_thing_about_a_name_is_told() {
        for (name, expected) in [
            ("t/../x", Code::NameTraversal),
            ("/t/x", Code::NameAbsolute),
            ("//server/share", Code::NameAbsolute),
            ("\\\\server\\share", Code::NameAbsolute),
            ("C:\\x", Code::NameBackslash),
            ("C:/x", Code::NameDrive),
            ("t/x:stream", Code::NameDrive),
            ("t/a\nb", Code::NameControl),
            ("t/\u{202e}txt.exe", Code::NameDirection),
            ("t/a//b", Code::NameEmptySegment),
            ("t/b.", Code::NameDots),
            ("t/caf\u{e9}", Code::NameNotPlain),
            ("t/aux.log", Code::NameDevice),
        ] {
            let why = ArtifactPath::parse(name).expect_err(name);
            assert_eq!(unsafe_name(name, &why), expected, "{name}");
        }
    }
}
