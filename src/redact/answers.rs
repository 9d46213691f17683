//! What the rules answered in the first pass, for when the second asks about the same text: most of the work on a log is to
//! ask rules, and their answers depend on nothing but the text. A file that has changed in between is another text.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, PoisonError};

use super::spans::{Span, Why};

/// Smaller texts are asked about sooner than looked up.
const WORTH_IT: usize = 16 << 10;

/// The most bytes of answers. Those about a log of 10 GB in which a rule fires every 2,000 lines take about 1 MiB; what is over it
/// is asked again.
const MOST_BYTES: usize = 8 << 20;

/// What one answer takes beside its findings, about.
const ENTRY: usize = 64;

/// Answers by the text that they are about.
#[derive(Default)]
pub(super) struct Answers {
    /// Texts are told apart by a keyed hash of 64 bits (SipHash), whose key nobody knows: two meet by chance alone.
    key: RandomState,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    answers: HashMap<u64, Box<[Finding]>>,
    bytes: usize,
}

/// A place that a rule found.
struct Finding {
    start: u32,
    end: u32,
    rule: u32,
}

/// A text that the rules are asked about.
pub(super) struct Question(u64);

impl Answers {
    /// The question about `text[..seen]`, where it is worth to look for an answer.
    pub(super) fn question(&self, text: &[u8], seen: usize, line_by_line: bool) -> Option<Question> {
        (text.len() >= WORTH_IT).then(|| {
            let mut hasher = self.key.build_hasher();
            hasher.write(text);
            hasher.write_usize(seen);
            hasher.write_u8(u8::from(line_by_line));
            Question(hasher.finish())
        })
    }

    /// Appends the answer to `spans`; `false` when there is none.
    pub(super) fn repeat(&self, question: &Question, spans: &mut Vec<Span>) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answer) = known.answers.get(&question.0) else { return false };
        let span = |f: &Finding| Span::new(f.start as usize, f.end as usize, Why::Rule(f.rule as usize));
        spans.extend(answer.iter().map(span));
        true
    }

    /// Remembers what was found, as long as there is room.
    pub(super) fn remember(&self, question: &Question, spans: &[Span]) {
        let short = |n: usize| u32::try_from(n).ok();
        let finding = |span: &Span| match span {
            Span { start, end, why: Why::Rule(rule), value: None } => {
                Some(Finding { start: short(*start)?, end: short(*end)?, rule: short(*rule)? })
            }
            _ => None,
        };
        let Some(answer) = spans.iter().map(finding).collect::<Option<Box<[Finding]>>>() else { return };
        let bytes = ENTRY + size_of_val(&*answer);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.bytes + bytes <= MOST_BYTES && known.answers.insert(question.0, answer).is_none() {
            known.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step};
    use std::io::Cursor;
    use std::sync::Arc;

    fn redactor() -> Redactor {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules"));
        let made = Redactor::new(set, Pseudonyms::new(b"key"), &KnownNames::default(), Privacy::Standard);
        made.expect("a redactor")
    }

    /// Scans `first`, then redacts `second`.
    fn both(redactor: Redactor, first: &str, second: &str) -> String {
        let redactor = Arc::new(redactor);
        let scan = redactor.scan(MediaHint::Text, &mut || Ok(Box::new(Cursor::new(first.to_owned())))).expect("text");
        let redactor = Arc::new(redactor.with_seeds(&scan.seeds).expect("a redactor"));
        let mut out = Vec::new();
        for step in redactor.redact(&scan.treatment, Box::new(Cursor::new(second.to_owned()))) {
            if let Step::Block(block) = step.expect("redacts") {
                out.extend_from_slice(block.bytes());
            }
        }
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn an_answer_that_is_repeated_is_the_one_that_was_given_and_a_changed_text_is_asked_about() {
        let lines = "all is well, said the worker to 81.2.69.142\n".repeat(900);
        let text = format!("{lines}password=hunter2-Correct-Horse\n{lines}bob@example.com\n{lines}");
        assert_eq!(both(redactor().remembering(), &text, &text), both(redactor(), &text, &text));
        let changed = text.replacen("all is well, said the worker", "password=another-Battery-77-", 1);
        assert_eq!(changed.len(), text.len());
        let redacted = both(redactor().remembering(), &text, &changed);
        assert!(!redacted.contains("another-Battery") && redacted == both(redactor(), &text, &changed));
    }
}
