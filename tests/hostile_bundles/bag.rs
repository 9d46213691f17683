//! A small bundle before it is sealed. Sealing computes every list and digest from what stands here.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::raw_zip::{Entry, Zip};

/// The one top folder.
pub const TOP: &str = "c-0000000000-20261123T101500Z";
/// An artifact.
pub const LOG: &str = "data/logs/app.log";
/// Another.
pub const CONFIG: &str = "data/config/a.toml";

/// What a bundle is made from.
pub struct Bag {
    pub top: String,
    /// Artifacts: path and bytes.
    pub artifacts: Vec<(String, Vec<u8>)>,
    pub case: Value,
    pub redaction: Vec<u8>,
    /// `manifest.json` without its artifacts.
    pub record: Value,
    pub bagit: String,
    pub bag_info: String,
    /// Changes the records of the artifacts.
    pub edit_records: fn(&mut Vec<Value>),
    /// Changes the text of the record.
    pub edit_record: fn(String) -> Vec<u8>,
    /// Changes the text of `case.json`.
    pub edit_case: fn(String) -> Vec<u8>,
    /// Changes the list of `data/`.
    pub edit_list: fn(String) -> String,
    /// Changes the list of the bag's own files.
    pub edit_tags: fn(String) -> String,
}

impl Bag {
    /// A bundle with a log and a configuration.
    pub fn new() -> Self {
        Self {
            top: TOP.to_owned(),
            artifacts: vec![
                (LOG.to_owned(), b"2026-11-23T10:14:59Z start\n2026-11-23T10:15:00Z error: broken\n".to_vec()),
                (CONFIG.to_owned(), b"key = 1\n".to_vec()),
            ],
            case: json!({
                "schema": "casefile-case/1",
                "case_id": "c-0000000000",
                "summary": { "value": "it is broken", "given_by": "customer" },
            }),
            redaction: b"{}\n".to_vec(),
            record: json!({
                "schema": "casefile-manifest/1",
                "format": 1,
                "case_id": "c-0000000000",
                "tool": { "name": "casefile", "version": "0.1.0", "target": "linux-x86_64" },
                "redaction": {
                    "rules_digest": "ab".repeat(32), "rules": 1, "privacy": "standard", "seeds": 0, "seeds_over_cap": 0,
                },
                "profile_digest": "cd".repeat(32),
                "started": "2026-11-23T10:15:00Z",
                "ended": "2026-11-23T10:15:01Z",
                "clock": { "zone": "UTC" },
                "plan": [{
                    "collector": "logs", "what": "/var/log/app.log", "purpose": "what the service said",
                    "status": "collected", "artifacts": [],
                }],
            }),
            bagit: "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_owned(),
            bag_info: "Bag-Software-Agent: test\n".to_owned(),
            edit_records: |_| (),
            edit_record: String::into_bytes,
            edit_case: String::into_bytes,
            edit_list: |list| list,
            edit_tags: |list| list,
        }
    }

    /// All files below the top folder, with lists that fit them.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut records: Vec<Value> = self.artifacts.iter().map(|(path, bytes)| record(path, bytes)).collect();
        (self.edit_records)(&mut records);
        let mut manifest = self.record.clone();
        manifest["artifacts"] = Value::Array(records);
        let manifest = (self.edit_record)(manifest.to_string());
        let mut files = self.artifacts.clone();
        files.push(("data/case.json".to_owned(), (self.edit_case)(self.case.to_string())));
        files.push(("data/redaction.json".to_owned(), self.redaction.clone()));
        let list = (self.edit_list)(list(&files));
        let tags = vec![
            ("manifest.json".to_owned(), manifest),
            ("bagit.txt".to_owned(), self.bagit.clone().into_bytes()),
            ("bag-info.txt".to_owned(), self.bag_info.clone().into_bytes()),
            ("manifest-sha256.txt".to_owned(), list.into_bytes()),
        ];
        let tag_list = (self.edit_tags)(self::list(&tags));
        files.extend(tags);
        files.push(("tagmanifest-sha256.txt".to_owned(), tag_list.into_bytes()));
        files
    }

    /// The zip of all files.
    pub fn zip(&self) -> Zip {
        self.zip_of(&self.files())
    }

    /// The zip of `files`, which may be others than were sealed.
    pub fn zip_of(&self, files: &[(String, Vec<u8>)]) -> Zip {
        Zip::of(files.iter().map(|(path, bytes)| Entry::new(&format!("{}/{path}", self.top), bytes)).collect())
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A list of digests.
pub fn list(files: &[(String, Vec<u8>)]) -> String {
    files.iter().map(|(path, bytes)| format!("{}  {path}\n", sha256(bytes))).collect()
}

/// The record of an artifact.
pub fn record(path: &str, bytes: &[u8]) -> Value {
    json!({
        "path": path, "collector": "logs", "origin": format!("/{path}"), "media_type": "text/plain",
        "source_size": bytes.len(), "size": bytes.len(), "sha256": sha256(bytes),
        "lines": bytes.iter().filter(|byte| **byte == b'\n').count(),
        "redactions": {}, "status": "collected", "duration_ms": 0,
    })
}
