//! The handoff as a profile for BagIt (<https://bagit-profiles.github.io/bagit-profiles-specification/>, 1.3), so that validators
//! that others wrote can tell a bundle from another bag. A profile knows files and labels only; what the items ask of facts and
//! times stands in its description, in words.

use serde_json::{Value, json};

use super::item::{Checklist, Needed};

/// The name of the profile, which a bag that follows it states.
pub const PROFILE_ID: &str = "https://casefile.invalid/profiles/handoff-1.json";

/// The profile of format 1 with the items of `list`.
#[must_use]
pub fn bagit_profile(list: &Checklist) -> Value {
    let needed = list.items.iter().filter(|item| item.needed == Needed::Always);
    let items: Vec<String> = needed.map(|item| format!("{} (from {})", item.question, item.required_from)).collect();
    let required = json!({ "required": true, "repeatable": false });
    json!({
        "BagIt-Profile-Info": {
            "BagIt-Profile-Identifier": PROFILE_ID,
            "BagIt-Profile-Version": "1.3.0",
            "Source-Organization": "casefile",
            "External-Description": format!("A bundle of diagnostics, format 1. A handoff needs: {}", items.join(" ")),
            "Version": "1",
        },
        "Bag-Info": {
            "BagIt-Profile-Identifier": { "required": true, "repeatable": false, "values": [PROFILE_ID] },
            "Bag-Software-Agent": required,
            "Bagging-Date": required,
            "External-Identifier": required,
            "Casefile-Format": { "required": true, "repeatable": false, "values": ["1"] },
            "Casefile-Case": required,
            "Casefile-Artifacts": required,
        },
        "Manifests-Required": ["sha256"],
        "Manifests-Allowed": ["sha256"],
        "Tag-Manifests-Required": ["sha256"],
        "Tag-Manifests-Allowed": ["sha256"],
        "Tag-Files-Required": ["manifest.json"],
        "Tag-Files-Allowed": ["manifest.json"],
        "Allow-Fetch.txt": false,
        "Fetch.txt-Required": false,
        "Serialization": "required",
        "Accept-Serialization": ["application/zip"],
        "Accept-BagIt-Version": ["1.0"],
        "Payload-Files-Required": ["data/case.json", "data/redaction.json"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_asks_for_what_every_bundle_has_and_names_the_items() {
        let profile = bagit_profile(&Checklist::builtin());
        assert_eq!(profile["Allow-Fetch.txt"], false);
        assert_eq!(profile["Bag-Info"]["Casefile-Format"]["values"], json!(["1"]));
        let described = profile["BagIt-Profile-Info"]["External-Description"].as_str().expect("text");
        assert!(described.contains("Are there logs that are not empty? (from SEV3)"), "{described}");
        assert!(!described.contains("Was the network path traced?"), "asked for, never needed");
    }
}
