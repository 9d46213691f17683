//! A long text that goes as a whole: a secret by its name, or a body that nobody can redact.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::ValueRules;
use crate::redact::json::Edit;
use crate::redact::spans::{Span, Why};

/// What stands in place of a binary body, in base64 like the body itself, so that a HAR opens everywhere.
const NOTE: &[u8] = b"casefile: a binary body stood here\n";

/// A text that is dropped while it goes by. Its end makes way for what says so.
#[derive(Debug)]
pub(in crate::redact) struct Gone {
    /// `None`: a binary body.
    kind: Option<&'static str>,
    digest: Sha256,
    seen: u64,
    /// Up to here it is dropped.
    done: u64,
}

impl Gone {
    pub(super) fn new(kind: Option<&'static str>) -> Self {
        Self { kind, digest: Sha256::new(), seen: 0, done: 0 }
    }

    pub(super) fn push(&mut self, rules: &ValueRules, text: &[u8], edits: &mut Vec<Edit>) -> u64 {
        self.digest.update(text);
        self.seen += text.len() as u64;
        // The last byte stays for the end.
        let until = self.seen.saturating_sub(1);
        if until > self.done && !rules.is_gathering() {
            edits.push(Edit { start: self.done, end: until, text: Vec::new() });
        }
        self.done = self.done.max(until);
        self.done
    }

    pub(super) fn finish(self, rules: &mut ValueRules, edits: &mut Vec<Edit>) {
        if self.seen == self.done || rules.is_gathering() {
            return;
        }
        let text = match self.kind {
            Some(kind) => {
                let digest = self.digest.finalize();
                let all = Span::new(0, digest.len(), Why::Named(kind));
                rules.edits(&digest, 0, &[all], 0).pop().map(|edit| edit.text).unwrap_or_default()
            }
            None => {
                rules.counts.add("binary-body");
                note()
            }
        };
        edits.push(Edit { start: self.done, end: self.seen, text });
    }
}

/// The base64 that says that a binary body was withheld.
pub(super) fn note() -> Vec<u8> {
    BASE64.encode(NOTE).into_bytes()
}
