//! The redactor as a program uses it: both passes over one text.

use std::io::{Cursor, Read};
use std::sync::Arc;

use casefile::redact::{Finding, KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step};

/// Names of this machine and its people, for all that is measured here.
pub const HOSTS: [&str; 2] = ["web17", "web17.corp.acme.test"];
pub const USERS: [&str; 1] = ["alice"];

/// Rules of ours, with names to look for.
pub fn redactor() -> Arc<Redactor> {
    let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
    let names = KnownNames {
        hosts: HOSTS.map(str::to_owned).to_vec(),
        users: USERS.map(str::to_owned).to_vec(),
        ..KnownNames::default()
    };
    let key = Pseudonyms::new(b"a key for tests");
    Arc::new(Redactor::new(set, key, &names, Privacy::Standard).expect("the rules are ready"))
}

/// What came out, and the places that were found.
pub struct Redaction {
    pub output: Vec<u8>,
    pub found: Vec<Finding>,
}

/// `text` after both passes.
pub fn redact(first: &Arc<Redactor>, text: &[u8]) -> Redaction {
    let open = || Box::new(Cursor::new(text.to_vec())) as Box<dyn Read + Send>;
    let scan = first.scan(MediaHint::Text, &mut || Ok(open())).expect("a text can be scanned");
    let second = Arc::new(first.with_seeds(&scan.seeds).expect("its secrets can be searched for"));
    let found = second.find(text).expect("a text can be looked at");
    let mut output = Vec::with_capacity(text.len());
    for step in second.redact(&scan.treatment, open()) {
        if let Step::Block(block) = step.expect("a text can be redacted") {
            output.extend_from_slice(block.bytes());
        }
    }
    Redaction { output, found }
}
