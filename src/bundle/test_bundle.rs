//! Bundles for tests, made with the `zip` crate and without our own writer, so that reader and writer cannot agree on
//! the same mistake. Valid unless a test says otherwise.

use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use zip::write::{SimpleFileOptions, ZipWriter};

use super::{BundleError, CheckedStructure, Limits, UntrustedBundle, VerifiedBundle, bag};
use crate::model::case::{Case, Fact, GivenBy};
use crate::model::manifest::{
    Artifact, BUNDLE_FORMAT, Clock, MANIFEST_SCHEMA, Manifest, PlanItem, RedactionRecord, Tool,
};
use crate::model::{ArtifactPath, CaseId, Outcome, Sha256Digest};

/// The one top folder.
pub(crate) const TOP: &str = "c-0000000000-20261123T101500Z";

/// Changes files: name below the top folder, and bytes.
pub(crate) type Tamper = Box<dyn Fn(&mut Vec<(String, Vec<u8>)>)>;

/// A bundle in the making.
pub(crate) struct TestBundle {
    /// Files below `data/`.
    pub payload: Vec<(String, Vec<u8>)>,
    /// What `manifest.json` will say; sizes and digests are filled in for files added with [`TestBundle::file`].
    pub manifest: Manifest,
    /// What `bag-info.txt` will say.
    pub bag_info: Vec<(&'static str, String)>,
    /// Changes the files after everything is listed and recorded: name below the top folder, and bytes.
    pub tamper: Tamper,
    /// How each entry is written.
    pub options: SimpleFileOptions,
}

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest(Sha256::digest(bytes).into())
}

impl TestBundle {
    /// A bundle of a log and a config file.
    pub fn new() -> Self {
        let case_id = CaseId::from_random([0; 7]);
        let mut case = Case::new(case_id.clone());
        case.summary = Some(Fact { value: "it is broken".to_owned(), given_by: GivenBy::Customer });
        let when: Timestamp = "2026-11-23T10:15:00Z".parse().expect("a time");
        let manifest = Manifest {
            schema: MANIFEST_SCHEMA.to_owned(),
            format: BUNDLE_FORMAT,
            case_id,
            tool: Tool { name: "casefile".into(), version: "0.1.0".into(), target: "linux-x86_64".into() },
            redaction: RedactionRecord {
                rules_digest: sha256(b"rules"),
                rules: 1,
                privacy: "standard".into(),
                seeds: 0,
                seeds_over_cap: 0,
            },
            profile_digest: sha256(b"profile"),
            started: when,
            ended: when,
            clock: Clock { zone: "UTC".into(), offset_ms: None, synchronised: None, jumped_seconds: None },
            plan: vec![PlanItem {
                collector: "logs".into(),
                what: "/var/log/app.log".into(),
                purpose: "what the service said".into(),
                outcome: Outcome::Collected,
                artifacts: Vec::new(),
            }],
            artifacts: Vec::new(),
        };
        let mut bundle = Self {
            payload: vec![
                ("data/case.json".into(), serde_json::to_vec(&case).expect("a case")),
                ("data/redaction.json".into(), b"{}\n".to_vec()),
            ],
            manifest,
            bag_info: vec![("Bag-Software-Agent", "test".into())],
            tamper: Box::new(|_| {}),
            options: SimpleFileOptions::DEFAULT.unix_permissions(0o644),
        };
        bundle.file("data/logs/app.log", b"2026-11-23T10:14:59Z start\n2026-11-23T10:15:00Z error: broken\n");
        bundle.file("data/config/a.toml", b"key = 1\n");
        bundle
    }

    /// The same bundle, changed after it was sealed.
    pub fn tampered(tamper: impl Fn(&mut Vec<(String, Vec<u8>)>) + 'static) -> Self {
        Self { tamper: Box::new(tamper), ..Self::new() }
    }

    /// Adds an artifact with its record.
    pub fn file(&mut self, path: &str, bytes: &[u8]) {
        self.manifest.artifacts.push(Artifact {
            path: ArtifactPath::parse(path).expect("a path"),
            collector: "logs".into(),
            origin: format!("/{path}"),
            media_type: "text/plain".into(),
            source_size: bytes.len() as u64,
            size: bytes.len() as u64,
            sha256: sha256(bytes),
            modified: None,
            lines: Some(bytes.iter().filter(|b| **b == b'\n').count() as u64),
            span: None,
            encoding: None,
            truncation: None,
            redactions: std::collections::BTreeMap::new(),
            outcome: Outcome::Collected,
            duration_ms: 0,
            exit_status: None,
        });
        self.payload.push((path.to_owned(), bytes.to_vec()));
    }

    /// All files below the top folder, in writing order, after [`TestBundle::tamper`].
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let listed = |files: &[(String, Vec<u8>)]| -> Vec<u8> {
            files.iter().map(|(path, bytes)| bag::manifest_line(&sha256(bytes), path)).collect::<String>().into_bytes()
        };
        let tags = vec![
            (bag::BAGIT_PATH.to_owned(), bag::BAGIT_TXT.as_bytes().to_vec()),
            (bag::BAG_INFO_PATH.to_owned(), bag::bag_info(&self.bag_info).into_bytes()),
            (bag::MANIFEST_PATH.to_owned(), listed(&self.payload)),
            ("manifest.json".to_owned(), serde_json::to_vec(&self.manifest).expect("a manifest")),
        ];
        let tagmanifest = listed(&tags);
        let mut files = self.payload.clone();
        files.extend(tags);
        files.push((bag::TAGMANIFEST_PATH.to_owned(), tagmanifest));
        (self.tamper)(&mut files);
        files
    }

    /// The zip.
    pub fn zip(&self) -> Vec<u8> {
        let named: Vec<(String, Vec<u8>)> =
            self.files().into_iter().map(|(path, bytes)| (format!("{TOP}/{path}"), bytes)).collect();
        zip_of(&named, self.options)
    }

    /// The zip, opened and checked.
    pub fn checked(&self) -> Result<CheckedStructure, BundleError> {
        checked(self.zip())
    }

    /// The zip, opened, checked and verified.
    pub fn verified(&self) -> Result<VerifiedBundle, BundleError> {
        verified(self.zip())
    }
}

/// A zip of exactly these entries.
pub(crate) fn zip_of(entries: &[(String, Vec<u8>)], options: SimpleFileOptions) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(name.as_str(), options).expect("a new entry");
        zip.write_all(bytes).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

/// Opens and checks bytes as a bundle.
pub(crate) fn checked(bytes: Vec<u8>) -> Result<CheckedStructure, BundleError> {
    UntrustedBundle::of_bytes(bytes).check_structure(&Limits::default())
}

/// Opens, checks and verifies bytes as a bundle.
pub(crate) fn verified(bytes: Vec<u8>) -> Result<VerifiedBundle, BundleError> {
    checked(bytes)?.verify(&mut |_| ControlFlow::Continue(()))
}
