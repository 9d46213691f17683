//! What the fuzz targets share: one redactor, and both passes over bytes that arrive in reads of a given size.

use std::io::{Cursor, Read};
use std::sync::{Arc, OnceLock};

use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, RedactError, Redactor, RuleSet, Step};

/// The built-in rules, and two names.
pub fn redactor() -> &'static Arc<Redactor> {
    static SHARED: OnceLock<Arc<Redactor>> = OnceLock::new();
    SHARED.get_or_init(|| {
        let set = RuleSet::load(&[]).expect("the built-in rules load");
        with_rules(Arc::new(set)).expect("they compile")
    })
}

/// A redactor by these rules.
pub fn with_rules(set: Arc<RuleSet>) -> Result<Arc<Redactor>, RedactError> {
    let names =
        KnownNames { hosts: vec!["web17".to_owned()], users: vec!["alice".to_owned()], ..KnownNames::default() };
    Redactor::new(set, Pseudonyms::new(b"a key for fuzzing"), &names, Privacy::Standard).map(Arc::new)
}

/// Gives at most so many bytes a read.
struct Slow(Cursor<Vec<u8>>, usize);

impl Read for Slow {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = buf.len().min(self.1);
        self.0.read(&mut buf[..n])
    }
}

/// Both passes over `input`; an error when it is left out.
pub fn redact(first: &Arc<Redactor>, hint: MediaHint, input: &[u8], read: usize) -> Result<Vec<u8>, RedactError> {
    let open = || -> Box<dyn Read + Send> { Box::new(Slow(Cursor::new(input.to_vec()), read.max(1))) };
    let scan = first.scan(hint, &mut || Ok(open()))?;
    let second = Arc::new(first.with_seeds(&scan.seeds)?);
    let mut out = Vec::new();
    for step in second.redact(&scan.treatment, open()) {
        if let Step::Block(block) = step? {
            out.extend_from_slice(block.bytes());
        }
    }
    Ok(out)
}

/// The first byte as a number, and the rest.
pub fn numbered(data: &[u8]) -> Option<(usize, &[u8])> {
    data.split_first().map(|(n, rest)| (usize::from(*n), rest))
}
