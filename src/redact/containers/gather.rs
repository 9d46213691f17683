//! The first pass over an archive: the secrets of the files inside.

use std::io;

use super::{Inside, Leaf, Nature};
use crate::archive::{MemberKind, Members};
use crate::redact::{RedactError, Seeds};

impl Inside {
    /// Adds the secrets of all members to `seeds`. An error comes with the number of members before it; what was gathered
    /// until then is kept.
    pub(super) fn gather(&self, members: &mut Members<'_>, seeds: &mut Seeds) -> Result<(), (u64, io::Error)> {
        let mut files = 0;
        loop {
            let next = self.allowance.take(&self.allowance.members, 1).and_then(|()| members.next());
            let Some(member) = next.map_err(|e| (files, e))? else { return Ok(()) };
            if member.kind == MemberKind::File {
                let body = self.body(members).map_err(|e| (files, e))?;
                // What can't be read is left out by the second pass, which says so.
                if let Some(leaf) = body.and_then(|bytes| self.leaf(&member.name, bytes).ok()) {
                    let _ = self.gather_leaf(&leaf, seeds);
                }
            }
            files += 1;
        }
    }

    fn gather_leaf(&self, leaf: &Leaf, seeds: &mut Seeds) -> Result<(), RedactError> {
        match self.nature(leaf)? {
            Nature::Archive(archive) => {
                let mut members = self.members(archive, leaf);
                let _ = self.deeper(leaf.bytes.len()).gather(&mut members, seeds);
            }
            Nature::File(hint) => {
                let scan = self.redactor.scan_file(hint, &mut || Ok(self.open(leaf)))?;
                seeds.merge(scan.seeds);
            }
        }
        Ok(())
    }
}
