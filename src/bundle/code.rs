//! Every way in which a bundle can break a rule: a code that other programs may rely on, a sentence for the terminal, and an
//! explanation for the person who asks "so what?".

macro_rules! codes {
    ($($name:ident $code:literal $sentence:literal $explanation:literal)*) => {
        /// The rules that a bundle can break. The written form is stable; new ones may be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

impl Code {
    /// The code of this written form.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == raw)
    }
}

codes! {
    // Around the zip
    BrokenEncryption "broken-encryption" "is encrypted, and cannot be decrypted to its end"
        "It was damaged, cut short or changed after it was encrypted. Ask for the file again."

    // The zip as a file
    NotAZip "not-a-zip" "is not a zip"
        "A bundle is a zip, or one that age has encrypted. This is another file."
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
    HiddenEnd64 "zip64-end-misplaced" "has a 64-bit end record that is not where it must be"
        "One program would follow the pointer to another directory, the next would not."
    EndsDiffer "end-records-differ" "has two end records that say different things"
        "A program that reads the old record sees another archive than one that reads the 64-bit record."
    BeforeEnd "bytes-before-end-record" "has bytes between its directory and its end record"
        "Bytes that nothing lists can hide data, or a second directory."
    TooManyEntries "too-many-entries" "has more entries than the limit"
        "Reading it could exhaust this machine. Collect less, or in several bundles."
    DirectoryTooLarge "directory-too-large" "has a directory larger than the limit"
        "Reading it could exhaust this machine. Collect less, or in several bundles."
    BadDirectory "bad-directory" "has a directory that cannot be read as one"
        "Records are cut off, or there is something else between them."
    EntryCount "entry-count-differs" "lists another number of entries than it announces"
        "A program that trusts the number shows fewer files than one that reads on."

    // An entry in the directory
    Encrypted "encrypted-entry" "is encrypted inside the zip"
        "Bundles are encrypted as a whole or not at all, so this was not written by casefile."
    UnsupportedMethod "unsupported-method" "is packed in a way that bundles do not use"
        "Bundles use plain storing and deflate only, so this was not written by casefile."
    UnsupportedFlags "unsupported-flags" "sets flags that bundles do not use"
        "Such a flag changes how the bytes are to be read, so two programs would read two files."
    EntryComment "entry-comment" "carries a comment of its own"
        "Bundles have none. A comment is a place where no rule looks."
    FolderEntry "folder-entry" "is marked as a folder, but is not one"
        "One program would unpack a file, the next would make a folder. Ask for the original."
    FolderWithData "folder-with-data" "is a folder that has contents"
        "A folder holds no bytes of its own; these would be seen by no program that unpacks it."
    FolderUnused "folder-without-files" "is a folder in which no file stands"
        "Nobody needs it, and its name is a place where no rule looks."
    Symlink "symbolic-link" "is a symbolic link"
        "Unpacking it, and then what stands behind it, writes to or reads from a place outside the folder."
    SpecialFile "special-file" "is a device, a pipe, a socket or another special file"
        "Unpacking it as root makes such a file; reading that can hang or harm the machine."
    SpecialMode "special-mode" "asks for the rights of its owner when it is run (setuid, setgid) or for a sticky bit"
        "No artifact needs them. Unpacked by root, it would run as root for everybody."
    ExtraField "extra-field" "carries an extra field that bundles do not use"
        "Such a field can give an entry a second name, which another unzip would use."
    BadExtraField "bad-extra-field" "has an extra field that is cut off or stands there twice"
        "Two programs would take two different values from it."
    BadSizes64 "bad-64-bit-sizes" "has 64-bit sizes that are missing, left over or cut off"
        "One program would believe the short sizes, the next the long ones."
    StoredSizes "stored-sizes-differ" "is stored as it is, yet has two different sizes"
        "One program would read more of the file than the next."

    // Names
    NameNotText "name-not-utf-8" "has a name that is not UTF-8"
        "It would have different names on different systems."
    NameTraversal "name-leaves-folder" "has a name that leads out of the folder (`..`)"
        "Unpacking it would write to a folder above, over files of this machine."
    NameAbsolute "name-absolute" "has an absolute name"
        "Unpacking it would write to a fixed place of this machine."
    NameDrive "name-drive-letter" "has a name with a drive letter or a colon"
        "On Windows it names another drive, or a hidden stream of another file."
    NameBackslash "name-backslash" "has a backslash in its name"
        "Windows takes it for a separator, other systems do not: it could leave the folder, or be another file."
    NameControl "name-control-character" "has a control character in its name"
        "It could steer a terminal, end the name early, or add a line to a list."
    NameDirection "name-bidi-mark" "has a mark in its name that turns the direction of writing or cannot be seen"
        "The name is shown as another one, such as `exe` turned into `txt`."
    NameNotPlain "name-not-plain" "has a character in its name that is not a letter, digit, dot, underscore or hyphen"
        "It is written, compared or forbidden in different ways on different systems, so two names could become one."
    NameEmptySegment "name-empty-segment" "has an empty name, or an empty part in its name"
        "Systems drop the empty part, so the file would go to another place than is shown."
    NameDots "name-dots" "has a part of its name that is a dot or ends in one"
        "Windows drops the dots, so the file would get another name than is shown."
    NameDevice "name-device" "has a name that Windows takes for a device"
        "Opening it on Windows reaches a device instead of a file."
    NameTooLong "name-too-long" "has a name that is too long or too deep"
        "It cannot be unpacked on every system."
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

    // Sizes
    EntryTooLarge "entry-too-large" "expands beyond the limit for one entry"
        "Reading it could exhaust this machine."
    BundleTooLarge "bundle-too-large" "expands beyond the limit for a bundle"
        "Reading it could exhaust this machine."
    RecordTooLarge "record-too-large" "is larger than the limit for a file that is read into memory"
        "Reading it could exhaust this machine."

    // An entry at its place
    NoHeader "no-local-header" "has no header at the place that the directory names"
        "A program that reads the file from front to back sees other entries than one that reads the directory."
    Overlap "overlap" "shares bytes with its neighbour"
        "Overlapping entries are the mark of a zip bomb."
    Gap "gap" "is followed by bytes that belong to nothing"
        "Bytes that no directory lists can hide data or an earlier version of a file."
    LocalName "local-name-differs" "has another name at its place than in the directory"
        "One program would unpack it under the one name, the next under the other."
    LocalMethod "local-method-differs" "is packed in another way at its place than in the directory"
        "Two programs would read two different files from it."
    LocalFlags "local-flags-differ" "has other flags at its place than in the directory"
        "Two programs would read two different files from it."
    LocalTime "local-time-differs" "has another time at its place than in the directory"
        "It was changed after it was written."
    LocalChecksum "local-checksum-differs" "has another checksum at its place than in the directory"
        "It was changed after it was written; one of the two does not belong to its bytes."
    LocalSizes "local-sizes-differ" "has other sizes at its place than in the directory"
        "Two programs would read two different files from it."
    Descriptor "descriptor-differs" "is followed by a descriptor that says something else than the directory"
        "A program that reads the file from front to back sees another file than one that reads the directory."
    MissingFile "missing-file" "lacks a file that every bundle has"
        "It may be another zip, or a file was taken out."

    // The bytes of an entry
    BadStream "bad-stream" "cannot be expanded"
        "Its compressed bytes are damaged, as by a bad disk or transfer. Ask for the file again."
    SizeDiffers "size-differs" "expands to another size than it declares"
        "It is damaged, or built to slip past a size check."
    ChecksumDiffers "checksum-differs" "has another checksum than it declares"
        "It is damaged, as by a bad disk or transfer. Ask for the file again."
    StreamLeftover "stream-leftover" "has bytes after the end of its compressed data"
        "Bytes that no program shows can hide data."

    // The bag and its lists
    DigestDiffers "digest-differs" "is not what was sealed"
        "It was changed after sealing, by damage or by hand. Ask for the file again, and ask who had it."
    Missing "missing" "is listed, but not there"
        "It was taken out after sealing, or the bundle is not complete."
    Extra "extra" "was added: it is not listed"
        "It was put in after sealing, and nobody knows by whom."
    BagDeclaration "bag-declaration" "does not declare a bag of BagIt 1.0 in UTF-8"
        "`bagit.txt` says how the lists are to be read; another version or encoding gives them another meaning."
    BagInfo "bag-info" "does not follow the format of `bag-info.txt`"
        "It was edited by hand, or by a program that does not know the format."
    PayloadOxum "payload-oxum-differs" "counts other bytes or files than there are"
        "Something was added or taken out after the bag was described."
    ListSyntax "list-syntax" "is no list of digests and paths"
        "It was edited by hand, or by a program that does not know the format."
    ListTwice "list-names-twice" "names a file twice"
        "One program would believe the first digest, the next the second."
    ListOutside "list-outside-data" "lists a file that is not below `data/`"
        "The list of artifacts is for artifacts only; this one would be checked by some programs and not by others."
    ListUnsafePath "list-unsafe-path" "lists a path that is not safe on every system"
        "A program that follows the list would read a file outside the bundle."
    TagListForeign "tag-list-foreign" "lists a file that is none of the bag's own"
        "The list is for the bag's own files; whatever else it names was added."
    Fetch "fetch-list" "asks for files to be fetched from elsewhere (`fetch.txt`)"
        "A program that follows it would download from an address that a stranger chose. Bundles hold all they need."

    // The record
    RecordSyntax "record-syntax" "is not the record that a bundle has"
        "It is no JSON, lacks a field, or has one of another type. It was not written by casefile."
    RecordSchema "record-schema" "names a format that this program does not know"
        "It is neither this format nor a newer one. Bundles of before the first release have to be collected again."
    RecordTwice "record-names-twice" "records an artifact twice"
        "One program would believe the first record, the next the second."
    RecordNoArtifact "record-no-artifact" "records a file that is no artifact"
        "The bundle's own files have no record; this one could pose as something collected."
    RecordedSize "recorded-size-differs" "has another size than its record says"
        "The record and the file do not belong together."
    RecordedLines "recorded-lines-differ" "has another number of lines than its record says"
        "The record and the file do not belong together; what it says of times and redactions may be wrong too."
    RecordedTimes "recorded-times-impossible" "has times in its record that cannot be"
        "A record that ends before it begins was not written by casefile."
    RecordsDiffer "records-differ" "has different digests in `manifest.json` and `manifest-sha256.txt`"
        "One of the two was changed after sealing."
    CaseSyntax "case-syntax" "does not hold the facts of a case"
        "It is no JSON, or has a field that no case has. It was not written by casefile."
    CaseSchema "case-schema" "names a format of cases that this program does not know"
        "It is neither this format nor a newer one."
    OtherCase "other-case" "is about another case than the record"
        "Two bundles were mixed. Facts of one customer would go to the ticket of another."
    RedactionSyntax "redaction-syntax" "is no record of the redaction"
        "It is no JSON. It was not written by casefile."
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
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            assert!(code.as_str().bytes().all(plain), "{code:?}");
            assert!(code.explanation().ends_with('.') && !code.sentence().ends_with('.'), "{code:?}");
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
    }
}
