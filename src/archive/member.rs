//! Archives as a run of members, read and written from front to back in bounded memory.

use std::io::{self, BufRead, Read};

use super::tar::{TarReader, TarWriter};
use super::zip::{ZipReader, ZipWriter};

/// The archives that are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// POSIX ustar and pax, GNU tar, and what came before them.
    Tar,
    /// PKWARE's format, also with 64-bit sizes.
    Zip,
}

impl Archive {
    /// By the first bytes of a file, 512 of them where there are so many.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        if super::zip::is_head(head) {
            Some(Self::Zip)
        } else if super::tar::is_head(head) {
            Some(Self::Tar)
        } else {
            None
        }
    }

    /// As a media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Tar => "application/x-tar",
            Self::Zip => "application/zip",
        }
    }
}

/// One member of an archive. The name is hostile: it is never used as a path here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name as written, with what is no UTF-8 replaced.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// When it was last changed, in the terms of the format it was read from.
    pub modified: u64,
    /// Its permissions; zero where the format does not tell.
    pub mode: u32,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// A file, whose bytes follow.
    File,
    /// A folder.
    Folder,
    /// Another name for a file.
    Link {
        /// Where it points, as hostile as a name.
        target: String,
        /// Whether it is a second name of the same file, not a symbolic link.
        hard: bool,
    },
    /// What is not carried over, and what it is.
    Other(&'static str),
}

/// Reads an archive: [`Members::next`], then the bytes of that member through [`Read`]; what is not read is skipped.
pub enum Members<'a> {
    #[doc(hidden)]
    Tar(TarReader<Box<dyn BufRead + Send + 'a>>),
    #[doc(hidden)]
    Zip(Box<ZipReader<Box<dyn BufRead + Send + 'a>>>),
}

impl std::fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Members(…)")
    }
}

impl<'a> Members<'a> {
    /// The members of the archive in `reader`.
    pub fn new(archive: Archive, reader: Box<dyn BufRead + Send + 'a>) -> Self {
        match archive {
            Archive::Tar => Self::Tar(TarReader::new(reader)),
            Archive::Zip => Self::Zip(Box::new(ZipReader::new(reader))),
        }
    }

    /// The next member, or `None` at the end. An error of [`io::ErrorKind::InvalidData`] or
    /// [`io::ErrorKind::UnexpectedEof`] means that the archive is damaged: nothing more can be read from it.
    #[allow(clippy::should_implement_trait)] // it lends: the bytes of a member are read from the same place
    pub fn next(&mut self) -> io::Result<Option<Member>> {
        match self {
            Self::Tar(reader) => reader.next(),
            Self::Zip(reader) => reader.next(),
        }
    }
}

impl Read for Members<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tar(reader) => reader.read(buf),
            Self::Zip(reader) => reader.read(buf),
        }
    }
}

/// Writes an archive member by member to the end of a buffer, which the caller empties as it likes.
pub enum Packer {
    #[doc(hidden)]
    Tar(TarWriter),
    #[doc(hidden)]
    Zip(Box<ZipWriter>),
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Packer(…)")
    }
}

impl Packer {
    /// Begins an archive.
    #[must_use]
    pub fn new(archive: Archive) -> Self {
        match archive {
            Archive::Tar => Self::Tar(TarWriter::default()),
            Archive::Zip => Self::Zip(Box::default()),
        }
    }

    /// Appends a member with its bytes. Folders and links have none. Owners, comments and extra fields are not written.
    pub fn add(&mut self, member: &Member, body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Tar(writer) => writer.add(member, body, out),
            Self::Zip(writer) => writer.add(member, body, out),
        }
    }

    /// Appends the end of the archive.
    pub fn finish(self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Tar(writer) => writer.finish(out),
            Self::Zip(writer) => writer.finish(out),
        }
    }
}
