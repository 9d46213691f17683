//! What can be wrong with a bundle as a file. Each reason to refuse one has a code of its own, which other programs may
//! rely on, a sentence for the terminal and an explanation for the person who asks "so what?".

use std::io;
use std::path::PathBuf;

use super::problem::NotWhole;
use crate::model::{ArtifactPath, printable};

/// Why a bundle could not be opened, checked, verified or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file could not be opened.
    #[error("cannot open `{}`: {source}", .path.display())]
    Open {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The system could not read it further.
    #[error("cannot read `{}`: {source}", .path.display())]
    Read {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was read could not be written where the caller wanted it.
    #[error("cannot write: {0}")]
    Write(#[source] io::Error),
    /// The bytes differed between two readings.
    #[error("`{}` changed while it was read", .0.display())]
    Changed(PathBuf),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// No artifact has this path.
    #[error("no artifact `{0}` in this bundle")]
    NoSuchArtifact(ArtifactPath),
    /// Not a safe container.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A safe container with contents that are not what was sealed.
    #[error(transparent)]
    NotWhole(#[from] NotWhole),
    /// A later format than this program knows.
    #[error(transparent)]
    Newer(#[from] Newer),
}

/// The bundle follows a later format than this program knows; it may be perfectly good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("made by a newer casefile: {what}; update casefile to read it")]
pub struct Newer {
    /// What is newer: the format, or the schema of a file.
    pub what: String,
}

/// The bundle is not safe to read any further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which rule it breaks.
    pub code: Code,
    /// The entry that breaks it, safe to print; absent when it is the file as a whole.
    pub entry: Option<String>,
    /// What exactly was found, safe to print.
    pub detail: Option<String>,
}

impl Refused {
    /// A refusal of the file as a whole.
    pub(super) fn file(code: Code) -> Self {
        Self { code, entry: None, detail: None }
    }

    /// A refusal because of one entry, whose name may be anything.
    pub(super) fn entry(code: Code, name: &[u8]) -> Self {
        Self { code, entry: Some(printable(&String::from_utf8_lossy(name))), detail: None }
    }

    /// The same refusal, with what exactly was found.
    pub(super) fn because(mut self, detail: impl AsRef<str>) -> Self {
        self.detail = Some(printable(detail.as_ref()));
        self
    }
}

impl std::error::Error for Refused {}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.entry {
            Some(entry) => write!(f, "entry `{entry}` {}", self.code.sentence())?,
            None => write!(f, "the file {}", self.code.sentence())?,
        }
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

macro_rules! codes {
    ($($name:ident $code:literal $sentence:literal $explanation:literal)*) => {
        /// The rules that a bundle can break as a container. The written form is stable; new ones may be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $(#[doc = concat!("It ", $sentence, ".")] $name,)* }

        impl Code {
            /// Every code, in the order in which the rules are tried.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable written form.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What is the case, as the end of a sentence that begins with the file or the entry.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// What it means for the person who holds the file.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }
        }
    };
}

codes! {
    NotAZip "not-a-zip" "is not a zip"
        "A bundle is a zip. This may be another file, or an encrypted bundle that has to be decrypted first."
    Truncated "truncated" "ends before the zip's directory"
        "The end is missing, as after an interrupted download or a full disk. Ask for the file again."
    Comment "comment" "carries a comment"
        "Bundles have none. A comment can hide data, or a second directory that another unzip would believe."
    TrailingBytes "trailing-bytes" "has bytes after its end"
        "Something was appended. Another program could read those bytes as the bundle."
    LeadingBytes "leading-bytes" "has bytes before its first entry"
        "Something was put in front, such as a program that unpacks itself. Do not run the file."
    SeveralDisks "several-disks" "is one part of a zip in several parts"
        "A bundle is always one file. Ask for it as casefile wrote it."
    BadEnd "bad-end-record" "has an end record that contradicts itself"
        "Two programs would read two different directories from this file."
    TooManyEntries "too-many-entries" "has more entries than the limit"
        "Reading it could exhaust this machine. Collect less, or in several bundles."
    DirectoryTooLarge "directory-too-large" "has a directory larger than the limit"
        "Reading it could exhaust this machine. Collect less, or in several bundles."
    BadDirectory "bad-directory" "has a directory that cannot be read as one"
        "Records are cut off, or there are more or fewer than announced."
    Encrypted "encrypted-entry" "is encrypted inside the zip"
        "Bundles are encrypted as a whole or not at all, so this was not written by casefile."
    UnsupportedMethod "unsupported-method" "is packed in a way that bundles do not use"
        "Bundles use plain storing and deflate only, so this was not written by casefile."
    ExtraField "extra-field" "carries an extra field that bundles do not use"
        "Such a field can give an entry a second name, which another unzip would use."
    FolderEntry "folder-entry" "is a folder"
        "Bundles list files only. The file was probably unpacked and packed again; ask for the original."
    LinkOrSpecial "link-or-special-file" "is a link or a special file"
        "Unpacking it could write to, or read from, a place outside the folder."
    NameNotText "name-not-utf-8" "has a name that is not UTF-8"
        "It would have different names on different systems."
    UnsafeName "unsafe-name" "has a name that is not safe on every system"
        "Unpacking it could write outside the folder, or to a device, or under another name than is shown."
    OutsideTop "outside-top-folder" "stands outside the one top folder"
        "Everything in a bundle stands below one folder. Unpacking this would scatter files."
    SeveralTops "several-top-folders" "stands in a second top folder"
        "A bundle is one bag below one folder. Two were merged, or something was added."
    DuplicateName "duplicate-name" "has a name that occurs twice"
        "One program would show the first of the two, another would unpack the second."
    CaseClash "case-clash" "has a name that differs from another only in case"
        "On Windows and macOS one would overwrite the other."
    FileAndFolder "file-and-folder" "is a file, and a folder of the same name is needed"
        "It cannot be unpacked whole on any system."
    EntryTooLarge "entry-too-large" "expands beyond the limit for one entry"
        "Reading it could exhaust this machine."
    BundleTooLarge "bundle-too-large" "expands beyond the limit for a bundle"
        "Reading it could exhaust this machine."
    RecordTooLarge "record-too-large" "is larger than the limit for a file that is read into memory"
        "Reading it could exhaust this machine."
    HeadersDiffer "headers-differ" "is described in one way in the directory and in another at its place"
        "Two programs would read two different files from it."
    Overlap "overlap" "shares bytes with its neighbour"
        "Overlapping entries are the mark of a zip bomb."
    Gap "gap" "is followed by bytes that belong to nothing"
        "Bytes that no directory lists can hide data or an earlier version of a file."
    MissingFile "missing-file" "lacks a file that every bundle has"
        "It may be another zip, or a file was taken out."
    BadStream "bad-stream" "cannot be expanded"
        "Its compressed bytes are damaged, as by a bad disk or transfer. Ask for the file again."
    SizeDiffers "size-differs" "expands to another size than it declares"
        "It is damaged, or built to slip past a size check."
    ChecksumDiffers "checksum-differs" "has another checksum than it declares"
        "It is damaged, as by a bad disk or transfer. Ask for the file again."
    StreamLeftover "stream-leftover" "has bytes after the end of its compressed data"
        "Bytes that no program shows can hide data."
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_unique_and_written_in_kebab_case() {
        let written: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(written.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b"-8".contains(&b)), "{code:?}");
            assert!(code.explanation().ends_with('.') && !code.sentence().ends_with('.'), "{code:?}");
        }
    }

    #[test]
    fn a_refusal_never_prints_what_steers_a_terminal() {
        let refused = Refused::entry(Code::UnsafeName, b"../\x1b]0;x\x07").because("a\u{202e}b");
        assert_eq!(
            refused.to_string(),
            "entry `../\\u{1b}]0;x\\u{7}` has a name that is not safe on every system: a\\u{202e}b"
        );
    }
}
