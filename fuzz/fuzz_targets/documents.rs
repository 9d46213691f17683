//! Bytes as one of the documents that come from outside: the record, a case, a case file, a checklist, the lists
//! of a bag, a profile, keys and signatures.

#![no_main]

use casefile::bundle::bag;
use casefile::bundle::encryption::{Identities, Recipients};
use casefile::bundle::signature::SignerKey;
use casefile::checklist::Checklist;
use casefile::collect::{Profile, har_targets};
use casefile::model::case::GivenBy;
use casefile::model::{Case, Manifest, case_file};
use fuzzing::numbered;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((n, rest)) = numbered(data) else { return };
    let text = String::from_utf8_lossy(rest);
    match n % 9 {
        0 => drop(serde_json::from_slice::<Manifest>(rest)),
        1 => {
            if let Ok(case) = serde_json::from_slice::<Case>(rest) {
                let again = serde_json::to_vec(&case).expect("a case can be written");
                assert_eq!(serde_json::from_slice::<Case>(&again).expect("its own writing"), case);
            }
        }
        2 => drop(case_file::parse("case.toml", &text, GivenBy::Agent)),
        3 => drop(Checklist::parse("list.toml", &text)),
        4 => {
            if let Ok(list) = bag::parse_manifest(rest) {
                let again: String = list.iter().map(|(path, digest)| bag::manifest_line(digest, path)).collect();
                assert_eq!(bag::parse_manifest(again.as_bytes()).expect("its own writing"), list);
            }
        }
        5 => drop(bag::parse_bag_info(rest)),
        6 => drop(Profile::parse("profile.toml", &text)),
        7 => {
            drop(Recipients::parse(&text));
            drop(Identities::parse(&text));
            drop(SignerKey::parse(&text));
        }
        _ => {
            if let Ok(har) = serde_json::from_slice(rest) {
                assert!(har_targets::of(&har).len() <= har_targets::MOST);
            }
        }
    }
});
