//! What the second look at a bundle came to, for the terminal and for programs, and how somebody lets a finding pass.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::message::Message;
use super::redaction_flags::random;
use super::verify_text::{WIDTH, wrap};
use super::{Exit, count, escalate, rules};
use crate::bundle::{
    LeakFinding, LeakScan, LeakScanError, LeakScanner, Limits, NO_RULES, UNKNOWN_PRIVACY, UNREADABLE, UntrustedBundle,
    VerifiedBundle,
};
use crate::deliver::acceptance::{Acceptance, accept, accepted};
use crate::deliver::journal::{Journal, JournalError};
use crate::escalate::plain_text::one_line;
use crate::model::Sha256Digest;
use crate::redact::Pseudonyms;

/// Findings that the terminal shows; `--json` has them all.
const SHOWN: usize = 20;

/// Longest reason or name on the screen.
const LONGEST: usize = 300;

/// A scanner with the built-in rules and those in `files`.
pub(super) fn scanner(files: &[PathBuf], err: &mut dyn Write) -> Result<LeakScanner, Message> {
    Ok(LeakScanner::new(rules::load(files, err)?, Pseudonyms::new(&random::<32>()?)))
}

/// The second look at a bundle, and what was accepted of it.
#[derive(Debug)]
pub(super) struct SecondLook {
    /// Whether anybody looked.
    looked: bool,
    scan: LeakScan,
    accepted: BTreeMap<String, Acceptance>,
    /// Why no acceptance counts, where the journal is not what it should be.
    journal_problem: Option<String>,
}

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nobody looked.
    NotLooked,
    /// Nothing was found.
    Clean,
    /// Something was found, and all of it accepted.
    Accepted,
    /// Something was found by rules that the bundle was not made with.
    Suspect,
    /// Something was found although the bundle names the same rules, or its record is odd.
    Leak,
    /// Nothing was found in what could be read, but not all of it could.
    Unknown,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::NotLooked => "not-looked",
            Self::Clean => "clean",
            Self::Accepted => "accepted",
            Self::Suspect => "suspect",
            Self::Leak => "leak",
            Self::Unknown => "unknown",
        }
    }
}

impl SecondLook {
    /// Opens `untrusted` step by step up to a bundle whose every byte is accounted for; looks at it meanwhile, where there
    /// is a scanner, and up in the journal below `state` what was accepted before.
    pub(super) fn verify(
        untrusted: UntrustedBundle,
        scanner: Option<&LeakScanner>,
        state: Option<&Path>,
        cancel: &AtomicBool,
    ) -> Result<(VerifiedBundle, Self), LeakScanError> {
        let structure = untrusted.check_structure(&Limits::default())?;
        let (bundle, scan) = match scanner {
            Some(scanner) => scanner.verify(&structure, cancel)?,
            None => {
                let bundle = structure.verify(&mut |_| match cancel.load(Ordering::Relaxed) {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                })?;
                let bundle_rules_digest = Some(bundle.manifest().redaction.rules_digest);
                (bundle, LeakScan { bundle_rules_digest, ..LeakScan::default() })
            }
        };
        let mut look = Self { looked: scanner.is_some(), scan, accepted: BTreeMap::new(), journal_problem: None };
        if let Some(state) = state.filter(|_| !look.scan.findings.is_empty()) {
            match accepted(&state.join("journal"), &bundle.manifest().case_id, bundle.bundle_digest()) {
                Ok(accepted) => look.accepted = accepted,
                Err(e) => look.journal_problem = Some(e.to_string()),
            }
        }
        Ok((bundle, look))
    }

    /// Journals that the findings with these ids may pass.
    pub(super) fn accept(
        &mut self,
        ids: &[String],
        acceptance: &Acceptance,
        bundle: &VerifiedBundle,
        state: Option<&Path>,
    ) -> Result<(), Message> {
        let mut findings = Vec::new();
        for id in ids {
            let finding = self.scan.findings.iter().find(|finding| finding.id == *id).ok_or_else(|| {
                Message::usage(format!("no finding of this bundle has the id `{id}`"))
                    .hint("`casefile verify` without --accept-finding lists them")
            })?;
            findings.push(finding);
        }
        let state = state.ok_or_else(|| {
            Message::new(Exit::LocalFailure, "this account has no folder for the journal")
                .hint("set HOME, or XDG_STATE_HOME")
        })?;
        let failed = |e: JournalError| {
            let broken = matches!(e, JournalError::Broken { .. });
            let exit = if broken { Exit::Damaged } else { Exit::LocalFailure };
            Message::new(exit, e.to_string())
                .hint("nothing was accepted after that; mend it and run the same command again")
        };
        let mut journal = Journal::open(&state.join("journal"), &bundle.manifest().case_id).map_err(failed)?;
        for finding in findings {
            if !self.accepted.contains_key(&finding.id) {
                accept(&mut journal, bundle.bundle_digest(), finding, acceptance).map_err(failed)?;
                self.accepted.insert(finding.id.clone(), acceptance.clone());
            }
        }
        Ok(())
    }

    /// Whether nothing stands in the way of passing the bundle on.
    pub(super) fn clean(&self) -> bool {
        self.open().next().is_none() && self.scan.left_out == 0
    }

    /// What nobody accepted.
    fn open(&self) -> impl Iterator<Item = &LeakFinding> {
        self.scan.findings.iter().filter(|finding| !self.accepted.contains_key(&finding.id))
    }

    fn verdict(&self) -> Verdict {
        let is_odd = |finding: &LeakFinding| [NO_RULES, UNKNOWN_PRIVACY].contains(&&*finding.rule);
        if !self.looked {
            Verdict::NotLooked
        } else if self.scan.findings.is_empty() {
            Verdict::Clean
        } else if self.clean() {
            Verdict::Accepted
        } else if self.scan.left_out == 0 && self.open().all(|finding| finding.rule == UNREADABLE) {
            Verdict::Unknown
        } else if self.scan.same_rules() || self.open().any(is_odd) {
            Verdict::Leak
        } else {
            Verdict::Suspect
        }
    }

    /// What it comes to, for a table.
    pub(super) fn word(&self) -> &'static str {
        match self.verdict() {
            Verdict::NotLooked => Verdict::Unknown.word(),
            other => other.word(),
        }
    }

    fn open_count(&self) -> u64 {
        self.open().count() as u64 + self.scan.left_out
    }

    /// The lines for the head of the answer, in its columns.
    pub(super) fn head(&self, bundle: &VerifiedBundle) -> String {
        const INDENT: usize = 12;
        let mut out = String::new();
        let mut line = |name: &str, text: &str| wrap(&format!("  {name:<10}"), INDENT, text, WIDTH, &mut out);
        let open = count(self.open_count(), "finding");
        let files = count(self.scan.scanned, "file");
        match self.verdict() {
            Verdict::NotLooked => line("clean", "UNKNOWN: nobody looked, because of --no-scan"),
            Verdict::Clean => line(
                "clean",
                &format!(
                    "yes: the rules here find nothing in {files}; own names and secrets without a shape are known \
                     to the customer's machine only"
                ),
            ),
            Verdict::Accepted => {
                let all = count(self.scan.findings.len() as u64, "finding");
                line("clean", &format!("accepted: {all}, each with its reason in the journal"));
            }
            Verdict::Suspect => line("clean", &format!("SUSPECT: {open} by rules that the bundle was not made with")),
            Verdict::Leak if self.scan.same_rules() => {
                line("clean", &format!("NO: {open}, although the bundle names the rules that look here"));
            }
            Verdict::Leak => line("clean", &format!("NO: {open}, and the record of its redaction is odd")),
            Verdict::Unknown => {
                let unread = count(self.open_count(), "file");
                line("clean", &format!("unknown: no rule can read {unread}"));
            }
        }
        let record = &bundle.manifest().redaction;
        if self.looked && !self.scan.same_rules() {
            let short =
                |digest: Option<Sha256Digest>| digest.map_or_else(String::new, |d| d.to_string()[..10].to_owned());
            let (theirs, here) = (short(self.scan.bundle_rules_digest), short(self.scan.rules_digest));
            line("rules", &format!("the bundle's {theirs}, those here {here}"));
        }
        if record.rules == 0 {
            line("redacted", "NO: the bundle says that it was made with 0 rules");
        }
        if self.scan.findings.iter().any(|finding| finding.rule == UNKNOWN_PRIVACY) {
            line("redacted", "UNKNOWN: the bundle names a degree of privacy that this program does not know");
        }
        if record.seeds_over_cap > 0 {
            let secrets = count(record.seeds_over_cap, "secret");
            line("redacted", &format!("in part: {secrets} too many to be searched for in every file"));
        }
        if !self.scan.pictures.is_empty() {
            let pictures = count(self.scan.pictures.len() as u64, "picture");
            line("not read", &format!("{pictures}: no rule reads pixels, look at them yourself"));
        }
        if let Some(problem) = &self.journal_problem {
            line("journal", &format!("no acceptance counts: {}", one_line(problem, LONGEST)));
        }
        out
    }

    /// What was found, one finding an item, and what can be done about it; nothing where nothing was found.
    pub(super) fn list(&self) -> String {
        let mut out = String::new();
        if self.scan.findings.is_empty() {
            return out;
        }
        out.push_str("Found by the rules (values are not shown)\n");
        let first_open = |finding: &&LeakFinding| self.accepted.contains_key(&finding.id);
        let mut findings: Vec<&LeakFinding> = self.scan.findings.iter().collect();
        findings.sort_by_key(first_open);
        for finding in findings.iter().take(SHOWN) {
            wrap(&format!("  {}  ", finding.id), 14, &described(finding), WIDTH, &mut out);
            if let Some(acceptance) = self.accepted.get(&finding.id) {
                wrap(&" ".repeat(14), 14, &format!("accepted: {}", reasons(acceptance)), WIDTH, &mut out);
            }
        }
        let more = (findings.len().saturating_sub(SHOWN)) as u64 + self.scan.left_out;
        if more > 0 {
            let _ = writeln!(out, "  … and {more} more; --json lists up to {}", self.scan.findings.len());
        }
        if !self.clean() {
            let ways = "look with `casefile inspect cat`; ask the customer for a new bundle, or say why a finding may \
                        pass: --accept-finding ID --reason TEXT";
            wrap("", 0, ways, WIDTH, &mut out);
        }
        out.push('\n');
        out
    }

    /// What `--json` adds to a bundle's entry.
    pub(super) fn json(&self, document: &mut Value) {
        let findings: Vec<Value> =
            self.scan
                .findings
                .iter()
                .map(|finding| {
                    let accepted = self.accepted.get(&finding.id).map(
                        |Acceptance { reason, by, at }| json!({ "reason": reason, "by": by, "at": at.to_string() }),
                    );
                    json!({
                        "id": finding.id, "artifact": finding.artifact, "line": finding.line, "rule": finding.rule,
                        "kind": finding.kind, "occurrences": finding.occurrences, "accepted": accepted,
                    })
                })
                .collect();
        document["clean"] = json!(self.looked && self.clean());
        document["leaks"] = json!({
            "verdict": self.verdict().word(),
            "rules_digest": self.scan.rules_digest,
            "bundle_rules_digest": self.scan.bundle_rules_digest,
            "scanned": self.scan.scanned,
            "not_scanned": self.scan.pictures,
            "findings": findings,
            "findings_left_out": self.scan.left_out,
            "journal_problem": self.journal_problem,
        });
    }

    /// Why the bundle is not handed over, where something in it stands in the way.
    pub(super) fn refusal(&self, bundle: &Path) -> Option<escalate::Failure> {
        if self.clean() {
            return None;
        }
        let found = count(self.open_count(), "finding");
        let failure =
            escalate::Failure::new(Exit::No, format!("the bundle may hold a leak: {found} that nobody accepted"));
        let mut detail = String::new();
        for finding in self.open().take(SHOWN) {
            wrap(&format!("  {}  ", finding.id), 14, &described(finding), WIDTH, &mut detail);
        }
        let hint = format!(
            "ask the customer for a new bundle, or look and let each pass: casefile verify {} --accept-finding ID --reason TEXT",
            bundle.display()
        );
        Some(escalate::Failure { detail, ..failure.hint(hint) })
    }
}

/// An acceptance for these reasons, by whom it may concern, now.
pub(super) fn acceptance(reason: &str, scanner: &LeakScanner) -> Result<Acceptance, Message> {
    let reason = scanner.redacted(reason).map_err(|e| Message::usage(e.to_string()))?;
    Ok(Acceptance { reason, by: super::agent(), at: Timestamp::now() })
}

fn described(finding: &LeakFinding) -> String {
    let LeakFinding { artifact, line, rule, kind, occurrences, .. } = finding;
    let line = line.map_or_else(String::new, |line| format!(", line {line}"));
    let times = match occurrences {
        1 => String::new(),
        n => format!(" and more, {n} in all"),
    };
    let by = if rule == kind { String::new() } else { format!(" (rule {rule})") };
    one_line(&format!("{kind} in {artifact}{line}{times}{by}"), LONGEST)
}

fn reasons(acceptance: &Acceptance) -> String {
    let by = acceptance.by.as_deref().map_or_else(String::new, |by| format!("{by}, "));
    let day = acceptance.at.strftime("%Y-%m-%d");
    one_line(&format!("{} ({by}{day})", acceptance.reason), LONGEST)
}
