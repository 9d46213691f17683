//! The second pass over an archive: it is written anew, with each file inside redacted.

use std::collections::HashSet;
use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Inside, Leaf, Nature, Outer, Tally};
use crate::archive::{Archive, Compressed, Member, MemberKind, Members, Packer, compressed};
use crate::redact::stream::Step;
use crate::redact::{RedactError, Redactor};

/// Writes one archive anew, a member at a time.
pub(in crate::redact) struct Rewriter<'a> {
    inside: Inside,
    archive: Archive,
    members: Members<'a>,
    packer: Option<Packer>,
    /// Names that a zip has already, which takes each but once.
    taken: HashSet<String>,
    number: u64,
    /// Whether the artifact could not be read.
    failed: Arc<AtomicBool>,
}

impl<'a> Rewriter<'a> {
    /// For an artifact that is an archive.
    pub(in crate::redact) fn new(redactor: Arc<Redactor>, archive: Archive, reader: Box<dyn Read + Send + 'a>) -> Self {
        let failed = Arc::new(AtomicBool::new(false));
        let outer = Outer { reader, failed: Arc::clone(&failed) };
        let members = Members::new(archive, Box::new(BufReader::with_capacity(64 << 10, outer)));
        Self::of(Inside::new(redactor), archive, members, failed)
    }

    fn of(inside: Inside, archive: Archive, members: Members<'a>, failed: Arc<AtomicBool>) -> Self {
        let packer = Some(Packer::new(archive));
        Self { inside, archive, members, packer, taken: HashSet::new(), number: 0, failed }
    }

    /// Appends what the next member became to `out`; `false` when the archive is at its end.
    pub(in crate::redact) fn step(&mut self, tally: &mut Tally, out: &mut Vec<u8>) -> Result<bool, RedactError> {
        let Some(mut packer) = self.packer.take() else { return Ok(false) };
        let allowance = &self.inside.allowance;
        let next = allowance.take(&allowance.members, 1).and_then(|()| self.members.next());
        let went_on = match next {
            Ok(Some(member)) => {
                self.number += 1;
                self.member(&member, tally, &mut packer, out)
            }
            Ok(None) => {
                packer.finish(out)?;
                return Ok(true);
            }
            Err(e) => Err(e),
        };
        match went_on {
            Ok(()) => self.packer = Some(packer),
            Err(e) if self.failed.load(Ordering::Relaxed) => return Err(e.into()),
            Err(_) => {
                let spent = self.inside.allowance.is_spent();
                tally.ended = Some(if spent { "it is over the limits for archives" } else { "it is damaged" });
                packer.finish(out)?;
            }
        }
        Ok(true)
    }

    /// Writes one member. An error means that the archive can't be read on.
    fn member(&mut self, member: &Member, tally: &mut Tally, packer: &mut Packer, out: &mut Vec<u8>) -> io::Result<()> {
        let name = self.inside.written_name(&member.name, self.number);
        let written = |name: &str, kind| Member { name: name.to_owned(), kind, ..member.clone() };
        let reason = match &member.kind {
            MemberKind::Folder => {
                if let Some(name) = self.free(&name) {
                    packer.add(&written(&name, MemberKind::Folder), &[], out)?;
                }
                return Ok(());
            }
            MemberKind::Link { target, hard } => match self.inside.written_target(target) {
                Some(target) if self.archive == Archive::Tar => {
                    return packer.add(&written(&name, MemberKind::Link { target, hard: *hard }), &[], out);
                }
                _ => "is a link that leads out of the archive".to_owned(),
            },
            MemberKind::Other(what) => format!("is {what}"),
            MemberKind::File => match self.inside.body(&mut self.members)? {
                None => "is too large for a file in an archive".to_owned(),
                Some(bytes) => match self.inside.file(&member.name, &name, bytes, tally) {
                    Ok((plain, body)) => {
                        let name = self.numbered(if plain { format!("{name}.expanded") } else { name });
                        return packer.add(&written(&name, MemberKind::File), &body, out);
                    }
                    Err(e) => e.to_string(),
                },
            },
        };
        tally.files += 1;
        tally.leave_out(&name, &reason);
        let notice = format!("{name} was left out of this archive by casefile: it {reason}\n");
        let name = self.numbered(format!("{}.withheld.txt", name.trim_end_matches(['/', '\\'])));
        packer.add(&Member { mode: 0, ..written(&name, MemberKind::File) }, notice.as_bytes(), out)
    }

    /// A name that a zip does not have yet; tar takes a name twice, and the later one counts.
    fn numbered(&mut self, name: String) -> String {
        let mut n = 1;
        let mut free = self.free(&name);
        while free.is_none() {
            n += 1;
            free = self.free(&format!("{name}~{n}"));
        }
        free.unwrap_or(name)
    }

    fn free(&mut self, name: &str) -> Option<String> {
        (self.archive == Archive::Tar || self.taken.insert(name.to_owned())).then(|| name.to_owned())
    }
}

impl Inside {
    /// The redacted bytes of a file inside, and whether they are no longer compressed as they were.
    fn file(
        &self,
        original: &str,
        name: &str,
        bytes: Arc<[u8]>,
        tally: &mut Tally,
    ) -> Result<(bool, Vec<u8>), RedactError> {
        let leaf = self.leaf(original, bytes)?;
        let nature = self.nature(&leaf)?;
        let most = super::MEMBER.min(self.room.saturating_sub(leaf.bytes.len()));
        let mut sink = Sink::new(leaf.compression, most);
        let files = u64::from(matches!(nature, Nature::File(_)));
        match nature {
            Nature::Archive(archive) => self.nested(archive, &leaf, name, tally, &mut sink)?,
            Nature::File(hint) => {
                let scan = self.redactor.scan_file(hint, &mut || Ok(self.open(&leaf)))?;
                for step in self.redactor.redact(&scan.treatment, self.open(&leaf)) {
                    match step? {
                        Step::Block(block) => sink.take(block.bytes())?,
                        Step::End(summary) => tally.counts.merge_named(&summary.redactions),
                    }
                }
            }
        }
        let finished = sink.finish()?;
        tally.files += files;
        Ok(finished)
    }

    fn nested(
        &self,
        archive: Archive,
        leaf: &Leaf,
        name: &str,
        tally: &mut Tally,
        sink: &mut Sink,
    ) -> Result<(), RedactError> {
        let mut inner = Tally::default();
        let mut out = Vec::new();
        let inside = self.deeper(leaf.bytes.len());
        let room = inside.room;
        let mut rewriter = Rewriter::of(inside, archive, self.members(archive, leaf), Arc::default());
        while rewriter.step(&mut inner, &mut out)? {
            sink.take(&out)?;
            out.clear();
            // What is packed already takes its room from what comes.
            rewriter.inside.room = room.saturating_sub(sink.held());
        }
        if inner.ended.is_some() && inner.files == 0 {
            return Err(RedactError::Kind("a damaged archive"));
        }
        tally.absorb(name, inner);
        Ok(())
    }
}

/// Takes the redacted bytes of a file inside and packs them as they were, up to a limit.
struct Sink {
    packed: Packed,
    most: usize,
    plain: bool,
}

enum Packed {
    Plain(Vec<u8>),
    Compressed(Box<Compressed<Bounded>>),
}

/// Memory with a limit.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + buf.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const TOO_LARGE: RedactError = RedactError::Limit("a file in an archive that is too large once it is redacted");

impl Sink {
    fn new(compression: Option<crate::archive::Compression>, most: usize) -> Self {
        let bounded = Bounded { bytes: Vec::new(), most };
        match compression.map(|compression| compressed(bounded, compression)) {
            Some(Some(writer)) => Self { packed: Packed::Compressed(Box::new(writer)), most, plain: false },
            unpacked => Self { packed: Packed::Plain(Vec::new()), most, plain: unpacked.is_some() },
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), RedactError> {
        match &mut self.packed {
            Packed::Plain(out) if out.len() + bytes.len() > self.most => Err(TOO_LARGE),
            Packed::Plain(out) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Packed::Compressed(writer) => writer.write_all(bytes).map_err(|_| TOO_LARGE),
        }
    }

    fn held(&self) -> usize {
        match &self.packed {
            Packed::Plain(out) => out.len(),
            Packed::Compressed(writer) => writer.get_ref().bytes.len(),
        }
    }

    fn finish(self) -> Result<(bool, Vec<u8>), RedactError> {
        match self.packed {
            Packed::Plain(out) => Ok((self.plain, out)),
            Packed::Compressed(writer) => Ok((self.plain, writer.finish().map_err(|_| TOO_LARGE)?.bytes)),
        }
    }
}
