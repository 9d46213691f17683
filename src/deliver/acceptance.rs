//! Findings of the second look that somebody has looked at and accepted: written to the journal of the case, read from there.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::journal::{Event, Head, Journal, JournalError, recorded};
use crate::bundle::LeakFinding;
use crate::escalate::progress::Recorded;
use crate::model::{CaseId, Sha256Digest};

/// The event in the journal.
const EVENT: &str = "finding-accepted";

/// Longest reason in the journal.
const REASON: usize = 400;

/// Who accepted a finding, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// Who, where that is known.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The accepted findings of the bundle with `digest`, by their id, from the journal of its case in `folder`. A journal that
/// was changed vouches for nothing: that is an error.
pub fn accepted(
    folder: &Path,
    case_id: &CaseId,
    digest: Sha256Digest,
) -> Result<BTreeMap<String, Acceptance>, JournalError> {
    let digest = digest.to_string();
    let mut accepted = BTreeMap::new();
    for Recorded { at, facts, .. } in recorded(folder, case_id, EVENT)? {
        if facts.get("bundle_digest") != Some(&digest) {
            continue;
        }
        if let (Some(id), Some(reason)) = (facts.get("finding"), facts.get("reason")) {
            let by = facts.get("agent").cloned();
            accepted.insert(id.clone(), Acceptance { reason: reason.clone(), by, at });
        }
    }
    Ok(accepted)
}

/// Writes to the journal that `finding` of the bundle with `digest` is accepted.
pub fn accept(
    journal: &mut Journal,
    digest: Sha256Digest,
    finding: &LeakFinding,
    acceptance: &Acceptance,
) -> Result<Head, JournalError> {
    let mut event = Event::new(EVENT)
        .with("bundle_digest", digest)
        .with("finding", &finding.id)
        .with("rule", &finding.rule)
        .with("artifact", &finding.artifact)
        .with("occurrences", finding.occurrences)
        .with_text("reason", &acceptance.reason, REASON);
    if let Some(line) = finding.line {
        event = event.with("line", line);
    }
    journal.append(acceptance.at, event.by_agent(acceptance.by.as_deref(), REASON))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::at;

    #[test]
    fn what_was_accepted_is_known_for_its_bundle_alone_and_not_by_a_changed_journal() {
        let dir = tempfile::tempdir().expect("a folder");
        let id = CaseId::parse("c-7fk2m9q4xa").expect("an id");
        let (one, other) = (Sha256Digest([1; 32]), Sha256Digest([2; 32]));
        assert_eq!(accepted(dir.path(), &id, one).expect("no journal is no acceptance"), BTreeMap::new());
        assert!(std::fs::read_dir(dir.path()).expect("a folder").next().is_none(), "looking wrote something");
        let finding = LeakFinding {
            id: "0123456789".to_owned(),
            artifact: "data/logs/app.log".to_owned(),
            line: Some(3),
            rule: "a-rule".to_owned(),
            kind: "token".to_owned(),
            occurrences: 2,
        };
        let moment = at("2026-11-23T10:00:00Z");
        let acceptance = Acceptance { reason: "a test key".to_owned(), by: Some("sam".to_owned()), at: moment };
        let mut journal = Journal::open(dir.path(), &id).expect("opens");
        accept(&mut journal, one, &finding, &acceptance).expect("written");
        let read = accepted(dir.path(), &id, one).expect("whole");
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("0123456789".to_owned(), acceptance)]);
        assert_eq!(accepted(dir.path(), &id, other).expect("whole"), BTreeMap::new());
        let path = journal.path().to_owned();
        drop(journal);
        let changed = std::fs::read_to_string(&path).expect("text").replace("0123456789", "9876543210");
        std::fs::write(&path, changed).expect("written");
        assert!(matches!(accepted(dir.path(), &id, one), Err(JournalError::Broken { line: 1, .. })));
    }
}
