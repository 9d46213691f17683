//! The second look at a received bundle: every artifact, name and document through the rules of this program, in place.
//!
//! The rules alone look. Own names and secrets without a shape are known on the customer's machine only, so "nothing found"
//! is no proof. What is found is told without its value, which must not spread to terminals, tickets and journals.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::bag;
use super::checked::{CheckedStructure, Entry};
use super::entry_reading::{Nobody, Onlooker, Open};
use super::error::BundleError;
use super::examination::{Examination, Progress};
use super::reading;
use super::record::Draft;
use super::verified::VerifiedBundle;
use crate::checklist::PROFILE_ID;
use crate::model::case::DISCLOSED_FIELDS;
use crate::model::manifest::{CASE_PATH, MANIFEST_PATH, REDACTION_PATH};
use crate::model::{ArtifactPath, CaseId, Moment, Sha256Digest};
use crate::redact::{KnownNames, Leak, Looked, MediaHint, Privacy, Pseudonyms, RedactError, Redactor, RuleSet};

/// The most findings that are kept. A bundle with more was not redacted; nobody reads on.
pub const MOST_FINDINGS: usize = 1_000;

/// The bundle's own files: lists, of which nothing is looked at, and documents, which are looked at by themselves.
const OWN: [&str; 7] = [
    bag::MANIFEST_PATH,
    bag::TAGMANIFEST_PATH,
    bag::BAGIT_PATH,
    bag::BAG_INFO_PATH,
    MANIFEST_PATH,
    REDACTION_PATH,
    CASE_PATH,
];

/// Fields of a document of ours that hold a digest. Everything but these and those below is looked at.
const DIGESTS: [&str; 3] = ["sha256", "rules_digest", "profile_digest"];
/// Fields that hold a moment.
const MOMENTS: [&str; 6] = ["started", "ended", "modified", "first", "last", "utc"];

/// One rule that still finds something in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakFinding {
    /// Ten hexadecimal digits that name the finding, the same in every run. They come from the digest of the file and what
    /// stands below, never from the value.
    pub id: String,
    /// The file, itself redacted: a name may leak too.
    pub artifact: String,
    /// The first line where the rule finds something, counted from 1.
    pub line: Option<u64>,
    /// The rule's id; [`NO_RULES`] and the like for what is no matter of a rule.
    pub rule: String,
    /// The kind of value, as in a placeholder.
    pub kind: String,
    /// How often it finds something in this file.
    pub occurrences: u64,
}

/// The manifest says that no rule was in force.
pub const NO_RULES: &str = "no-rules";
/// The manifest names a degree of privacy that this program does not know.
pub const UNKNOWN_PRIVACY: &str = "unknown-privacy";
/// No rule can read the file: it is neither text nor a picture.
pub const UNREADABLE: &str = "unreadable";
/// Notes of a camera or a program stand beside the pixels of a picture.
pub const METADATA: &str = "picture-metadata";

/// What the second look came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeakScan {
    /// What was found, by path and line; at most 1,000.
    pub findings: Vec<LeakFinding>,
    /// How many more there are.
    pub left_out: u64,
    /// Files whose every line was looked at.
    pub scanned: u64,
    /// Pictures, whose pixels no rule reads.
    pub pictures: Vec<ArtifactPath>,
    /// The digest of the rules that looked.
    pub rules_digest: Option<Sha256Digest>,
    /// The digest of the rules that the bundle was made with.
    pub bundle_rules_digest: Option<Sha256Digest>,
}

impl LeakScan {
    /// Whether the bundle was made with the very rules that looked.
    #[must_use]
    pub fn same_rules(&self) -> bool {
        self.rules_digest == self.bundle_rules_digest
    }
}

/// Rules that look at bundles.
pub struct LeakScanner {
    rules: Arc<RuleSet>,
    key: Pseudonyms,
    standard: OnceLock<Arc<Redactor>>,
    strict: OnceLock<Arc<Redactor>>,
}

impl std::fmt::Debug for LeakScanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LeakScanner({} rules)", self.rules.rules.len())
    }
}

/// Why a bundle could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LeakScanError {
    /// The bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The rules.
    #[error("the redaction rules: {0}")]
    Rules(#[source] RedactError),
}

impl LeakScanner {
    /// A scanner with these rules. A name that leaks is shown redacted under `key`, which must be random.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, key: Pseudonyms) -> Self {
        Self { rules, key, standard: OnceLock::new(), strict: OnceLock::new() }
    }

    /// A short text with the rules applied.
    pub fn redacted(&self, text: &str) -> Result<String, LeakScanError> {
        Ok(self.redactor(Privacy::Standard)?.text(text))
    }

    /// Accepts a bundle when every byte is accounted for, and looks at everything in it while it is read, until `cancel` is
    /// set. Memory is bounded by the engine, not by the bundle.
    pub fn verify(
        &self,
        structure: &CheckedStructure,
        cancel: &AtomicBool,
    ) -> Result<(VerifiedBundle, LeakScan), LeakScanError> {
        let draft = Draft::read(structure)?;
        let progress: Progress<'_> =
            &mut |_| if cancel.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let manifest = match &draft.manifest {
            Some(manifest) if draft.problems.is_empty() => manifest.clone(),
            // It is refused in any case; how much is wrong is what counts.
            _ => {
                let reading = reading::read_all(structure, &Nobody, progress)?;
                let (examination, _) = Examination::from_reading(structure, draft, reading)?;
                return Ok((examination.into_verified(structure)?, LeakScan::default()));
            }
        };
        let record = &manifest.redaction;
        let strict = record.privacy == Privacy::Strict.word();
        let redactor = self.redactor(if strict { Privacy::Strict } else { Privacy::Standard })?;
        let media_types = manifest.artifacts.iter().map(|a| (&a.path, a.media_type.as_str())).collect();
        let look = Look { redactor: &redactor, media_types };
        let reading = reading::read_all(structure, &look, progress)?;
        let (examination, mut seen) = Examination::from_reading(structure, draft, reading)?;
        let bundle = examination.into_verified(structure)?;

        let mut scan = LeakScan {
            rules_digest: Some(self.rules.digest),
            bundle_rules_digest: Some(record.rules_digest),
            ..LeakScan::default()
        };
        let mut findings = Findings { bundle: &bundle, redactor: &redactor, scan: &mut scan };
        if record.rules == 0 {
            findings.odd(MANIFEST_PATH, NO_RULES);
        }
        if !strict && record.privacy != Privacy::Standard.word() {
            findings.odd(MANIFEST_PATH, UNKNOWN_PRIVACY);
        }
        for entry in structure.entries() {
            let looked = match seen.remove(entry.path()) {
                Some(looked) => Some(looked),
                None => own_file(&bundle, &redactor, entry.path())?,
            };
            looked.into_iter().for_each(|looked| findings.take(entry, looked));
        }
        scan.findings.sort_by(|a, b| (&a.artifact, a.line, &a.rule).cmp(&(&b.artifact, b.line, &b.rule)));
        Ok((bundle, scan))
    }

    fn redactor(&self, privacy: Privacy) -> Result<Arc<Redactor>, LeakScanError> {
        let place = if privacy == Privacy::Strict { &self.strict } else { &self.standard };
        if let Some(made) = place.get() {
            return Ok(Arc::clone(made));
        }
        let made = Redactor::new(Arc::clone(&self.rules), self.key.clone(), &KnownNames::default(), privacy);
        let made = Arc::new(made.map_err(LeakScanError::Rules)?);
        Ok(Arc::clone(place.get_or_init(|| made)))
    }
}

/// The look at the artifacts, while they are read.
struct Look<'a> {
    redactor: &'a Arc<Redactor>,
    media_types: BTreeMap<&'a ArtifactPath, &'a str>,
}

impl Onlooker for Look<'_> {
    type Seen = Looked;
    type Failed = LeakScanError;

    fn look<'a>(&self, entry: &Entry, open: Open<'_, 'a>) -> Result<Option<Looked>, LeakScanError> {
        let path = entry.path();
        if OWN.contains(&path.as_str()) {
            return Ok(None);
        }
        // As `collect` chose it: by what the collector promised, else by the name.
        let hint = match self.media_types.get(path) {
            Some(&"application/json") => MediaHint::Json,
            _ => MediaHint::of_name(path.as_str()),
        };
        match self.redactor.leaks(hint, open) {
            Ok(looked) => Ok(Some(looked)),
            Err(e @ RedactError::Rule(_)) => Err(LeakScanError::Rules(e)),
            Err(e) => Ok(Some(Looked::Unreadable(e.to_string()))),
        }
    }
}

/// Looks at one of the bundle's own files, which are small and known to be what was sealed; `None` for a list of digests.
fn own_file(
    bundle: &VerifiedBundle,
    redactor: &Arc<Redactor>,
    path: &ArtifactPath,
) -> Result<Option<Looked>, LeakScanError> {
    let document = |keeps: &dyn Fn(&str, &str) -> bool| {
        let bytes = bundle.artifact_bytes(path, u64::MAX)?.unwrap_or_default();
        let Ok(document) = serde_json::from_slice::<Value>(&bytes) else {
            return Ok(Looked::Unreadable("is no JSON".to_owned()));
        };
        redactor.leaks_in_document(&document, keeps).map(Looked::Text).map_err(LeakScanError::Rules)
    };
    let is_disclosed = |pointer: &str, text: &str| DISCLOSED_FIELDS.contains(&pointer) || is_typed(pointer, text);
    match path.as_str() {
        MANIFEST_PATH | REDACTION_PATH => document(&is_typed).map(Some),
        CASE_PATH => document(&is_disclosed).map(Some),
        bag::BAG_INFO_PATH => bag_info(bundle, redactor, path).map(Some),
        _ => Ok(None),
    }
}

/// The bag's own description; the day on which it was made and the name of our BagIt profile are exempt.
fn bag_info(bundle: &VerifiedBundle, redactor: &Arc<Redactor>, path: &ArtifactPath) -> Result<Looked, LeakScanError> {
    let bytes = bundle.artifact_bytes(path, u64::MAX)?.unwrap_or_default();
    let is_day = |line: &str| line.strip_prefix("Bagging-Date: ").is_some_and(|day| day.parse::<Date>().is_ok());
    let text = String::from_utf8_lossy(&bytes);
    let is_ours = |line: &str| line.strip_prefix("BagIt-Profile-Identifier: ") == Some(PROFILE_ID) || is_day(line);
    let text: String = text.lines().map(|line| if is_ours(line) { "\n".into() } else { format!("{line}\n") }).collect();
    let looked = redactor.leaks(MediaHint::Text, &|| Ok(Box::new(Cursor::new(text.clone()))));
    looked.map_err(LeakScanError::Rules)
}

/// Puts what was seen into the words of the scan.
struct Findings<'a> {
    bundle: &'a VerifiedBundle,
    redactor: &'a Redactor,
    scan: &'a mut LeakScan,
}

impl Findings<'_> {
    fn take(&mut self, entry: &Entry, looked: Looked) {
        let path = entry.path();
        match looked {
            Looked::Text(leaks) => {
                self.scan.scanned += 1;
                leaks.into_iter().for_each(|leak| self.add(path.as_str(), leak));
            }
            Looked::Picture { metadata } => {
                self.scan.pictures.push(path.clone());
                if metadata {
                    self.odd(path.as_str(), METADATA);
                }
            }
            Looked::Unreadable(_) => self.odd(path.as_str(), UNREADABLE),
        }
    }

    /// Something that no rule found but that is not as it should be.
    fn odd(&mut self, path: &str, what: &str) {
        self.add(path, Leak { rule: what.to_owned(), kind: what.to_owned(), line: None, occurrences: 1 });
    }

    fn add(&mut self, path: &str, leak: Leak) {
        if self.scan.findings.len() >= MOST_FINDINGS {
            self.scan.left_out += 1;
            return;
        }
        let Leak { rule, kind, line, occurrences } = leak;
        let digest = self.bundle.record().digest(&ArtifactPath::nearest(path)).unwrap_or(self.bundle.bundle_digest());
        let mut id = Sha256::new();
        let line_text = line.map_or_else(String::new, |line| line.to_string());
        for part in [&digest.to_string(), path, &rule, &line_text, &occurrences.to_string()] {
            id.update(part.as_bytes());
            id.update([0]);
        }
        let id = Sha256Digest(id.finalize().into()).to_string()[..10].to_owned();
        let artifact = self.redactor.text(path);
        self.scan.findings.push(LeakFinding { id, artifact, line, rule, kind, occurrences });
    }
}

/// Whether `text` is what a field of its name holds by its type.
fn is_typed(pointer: &str, text: &str) -> bool {
    let named = |names: &[&str]| names.contains(&pointer.rsplit('/').next().unwrap_or_default());
    named(&DIGESTS) && Sha256Digest::parse(text).is_ok()
        || named(&MOMENTS) && text.parse::<Timestamp>().is_ok()
        || named(&["given"]) && Moment::parse(text).is_ok()
        || named(&["case_id"]) && CaseId::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::test_bundle::TestBundle;
    use crate::model::case::{Contact, Disclosed, Fact, GivenBy};
    use crate::model::{Case, Outcome};

    fn scanner() -> &'static LeakScanner {
        static SCANNER: OnceLock<LeakScanner> = OnceLock::new();
        let new = || LeakScanner::new(Arc::new(RuleSet::load(&[]).expect("loads")), Pseudonyms::new(b"for tests"));
        SCANNER.get_or_init(new)
    }

    fn scan(bundle: &TestBundle) -> LeakScan {
        let structure = bundle.checked().expect("a safe container");
        scanner().verify(&structure, &AtomicBool::new(false)).expect("a good bundle").1
    }

    fn found(scan: &LeakScan) -> Vec<(&str, Option<u64>, &str)> {
        scan.findings.iter().map(|one| (one.artifact.as_str(), one.line, one.kind.as_str())).collect()
    }

    #[test]
    fn what_was_left_is_found_wherever_it_stands_and_never_handed_out() {
        let mut bundle = TestBundle::new();
        bundle.file("data/logs/left.log", b"start\npassword=hunter2-Correct-Horse\n");
        bundle.file("data/config/left.json", b"{\n\"mail\": \"ada.lovelace@example.org\"}");
        bundle.manifest.artifacts[0].origin = "/home/x/81.2.69.142.log".to_owned();
        bundle.manifest.plan[0].outcome =
            Outcome::Failed { reason: "login --password hunter2-Correct-Horse".to_owned() };
        let seen = scan(&bundle);
        let places: Vec<_> = found(&seen).iter().map(|(path, line, _)| (*path, line.is_some())).collect();
        let manifest = ("manifest.json", true);
        assert_eq!(places, [("data/config/left.json", true), ("data/logs/left.log", true), manifest, manifest]);
        assert_eq!((found(&seen)[0].1, found(&seen)[1].1), (Some(2), Some(2)));
        let told = format!("{seen:?}");
        assert!(!told.contains("hunter2") && !told.contains("ada.") && !told.contains("81.2."), "{told}");
        assert_eq!(scan(&bundle), seen, "not the same in every run");
        assert!(!seen.same_rules());
    }

    #[test]
    fn a_bundle_without_anything_is_clean_and_says_how_much_was_read() {
        let seen = scan(&TestBundle::new());
        assert_eq!((found(&seen), seen.left_out, seen.scanned), (Vec::new(), 0, 6), "{seen:?}");
    }

    #[test]
    fn contact_and_account_are_exempt_in_the_case_and_nowhere_else() {
        let mut bundle = TestBundle::new();
        let mut case = Case::new(bundle.manifest.case_id.clone());
        let mail = "ada.lovelace@example.org";
        let contact = Contact { name: Disclosed::new("Ada"), address: Disclosed::new(mail) };
        case.contact = Some(Fact { value: contact, given_by: GivenBy::Customer });
        bundle.payload[0].1 = serde_json::to_vec(&case).expect("JSON");
        assert_eq!(found(&scan(&bundle)), []);
        case.summary = Some(Fact { value: format!("ask {mail}"), given_by: GivenBy::Customer });
        bundle.payload[0].1 = serde_json::to_vec(&case).expect("JSON");
        assert_eq!(scan(&bundle).findings.len(), 1);
    }

    #[test]
    fn what_the_rules_cannot_read_and_a_record_without_rules_are_findings_too() {
        let mut bundle = TestBundle::new();
        bundle.file("data/logs/core", &[1, 0, 2, 0xff, 0, 0, 0, 3].repeat(100));
        bundle.manifest.redaction.rules = 0;
        bundle.manifest.redaction.privacy = "none".to_owned();
        let seen = scan(&bundle);
        let kinds: Vec<_> = found(&seen).into_iter().map(|(_, _, kind)| kind).collect();
        assert_eq!(kinds, [UNREADABLE, NO_RULES, UNKNOWN_PRIVACY]);
    }

    #[test]
    fn a_field_is_exempt_by_what_it_holds_not_by_its_name_alone() {
        assert!(is_typed("/artifacts/0/sha256", &"ab".repeat(32)));
        assert!(!is_typed("/artifacts/0/sha256", "password=hunter2-Correct-Horse"));
        assert!(is_typed("/started", "2026-11-23T10:15:00Z") && !is_typed("/name", "2026-11-23T10:15:00Z"));
    }

    #[test]
    fn a_look_that_is_no_longer_wanted_ends() {
        let structure = TestBundle::new().checked().expect("a safe container");
        let stopped = scanner().verify(&structure, &AtomicBool::new(true));
        assert!(matches!(stopped, Err(LeakScanError::Bundle(BundleError::Interrupted))), "{stopped:?}");
    }
}
