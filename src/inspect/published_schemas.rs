//! The schemas in `docs/` that come from types are what the types say. `UPDATE_SCHEMAS=1 cargo test published_schemas`
//! writes them anew; that a change is one that readers of old bundles can live with is for people to judge.

use std::path::Path;

use schemars::{JsonSchema, schema_for};

use super::{Listing, Summary};
use crate::model::{Case, Manifest};
use crate::probe::ProbeReport;
use crate::redact::RuleListing;

fn published<T: JsonSchema>(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    let schema = schema_for!(T);
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
        std::fs::write(&path, text).expect("docs/ can be written");
    }
    let text = std::fs::read(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    let there: serde_json::Value = serde_json::from_slice(&text).expect("a published schema is JSON");
    assert!(
        there == *schema.as_value(),
        "docs/{name} is not what the type says; UPDATE_SCHEMAS=1 cargo test published_schemas writes it anew"
    );
}

#[test]
fn the_manifest_is_as_published() {
    published::<Manifest>("manifest.schema.json");
}

#[test]
fn the_case_is_as_published() {
    published::<Case>("case.schema.json");
}

#[test]
fn the_summary_is_as_published() {
    published::<Summary>("summary.schema.json");
}

#[test]
fn the_listing_is_as_published() {
    published::<Listing>("listing.schema.json");
}

#[test]
fn the_listing_of_rules_is_as_published() {
    published::<RuleListing>("rules.schema.json");
}

#[test]
fn the_report_of_probes_is_as_published() {
    published::<ProbeReport>("probe.schema.json");
}
