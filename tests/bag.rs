//! A bundle is a bag, and a bag that was changed after sealing is refused with the name of the file.
//!
//! That validators which we did not write accept it is shown by `tests/system/bagit`; here is the reverse.

mod chain_support;

use std::path::PathBuf;

use chain_support::{Opened, arg, casefile, fixture, folder};

/// A bundle of one log and one configuration file, in a folder of its own.
fn sealed() -> (tempfile::TempDir, Opened) {
    let folder = folder();
    let (log, config) = (arg(fixture("shop/app.log")), arg(fixture("shop/shop.toml")));
    let out = arg(folder.path());
    let args = ["collect", "--yes", "--no-host", "--logs", &log, "--config", &config, "--output", &out];
    let bundle = Opened::read(&casefile(args).expect(0).bundle());
    (folder, bundle)
}

/// `verify` refuses `bundle` as damaged, names `file` and says `what` about it, as text and as JSON.
#[track_caller]
fn refused(folder: &tempfile::TempDir, bundle: &Opened, file: &str, what: &str) {
    let path: PathBuf = folder.path().join("changed.casefile.zip");
    bundle.write(&path);
    let output = casefile(["verify", &arg(&path)]).expect(3);
    let told = |line: &str| line.contains(file) && line.contains(what);
    assert!(output.stderr.lines().any(told), "`{file}` and `{what}` are not in one line:\n{}", output.stderr);
    assert!(!output.stdout.contains("ready"), "{}", output.stdout);
    let document = casefile(["verify", "--json", &arg(&path)]).expect(3).json();
    let one = &document["bundles"][0];
    assert_eq!((&one["whole"], &one["ready"]), (&false.into(), &false.into()), "{one:#}");
    assert!(one["error"].to_string().contains(file), "{one:#}");
    // Nobody is handed what was changed.
    let outbox = folder.path().join("outbox");
    let args = ["escalate", "open", &arg(&path), "--outbox", &arg(&outbox)];
    let state = folder.path().join("state");
    casefile(args).env("XDG_STATE_HOME", state).expect(3);
    assert!(!outbox.exists(), "a changed bundle left something in the outbox");
}

impl Opened {
    fn change(&mut self, path: &str, how: impl FnOnce(&mut Vec<u8>)) {
        let (_, bytes) = self.files.iter_mut().find(|(name, _)| name == path).expect("a file of the bundle");
        how(bytes);
    }

    /// The path of the log.
    fn log(&self) -> String {
        let log = self.files.iter().find(|(name, _)| name.ends_with("/app.log"));
        log.map(|(name, _)| name.clone()).expect("the log that was collected")
    }
}

#[test]
fn packing_the_same_files_again_changes_nothing() {
    let (folder, bundle) = sealed();
    let path = folder.path().join("again.casefile.zip");
    bundle.write(&path);
    let output = casefile(["verify", &arg(path)]).expect(1);
    assert!(output.stdout.contains("whole     yes"), "{}", output.stdout);
}

#[test]
fn a_flipped_byte_is_refused_with_the_name_of_the_file() {
    let (folder, bundle) = sealed();
    for (file, bytes) in &bundle.files {
        let mut changed = bundle.clone();
        changed.change(file, |all| all[bytes.len() / 2] ^= 1);
        // A flip in a list shows at the file that the list speaks of.
        if file != "tagmanifest-sha256.txt" {
            refused(&folder, &changed, file, "");
        }
    }
    let (mut changed, log) = (bundle.clone(), bundle.log());
    changed.change(&log, |all| all[0] ^= 1);
    refused(&folder, &changed, &log, "differs from what was sealed");
}

#[test]
fn a_missing_file_is_refused_with_its_name() {
    let (folder, bundle) = sealed();
    for file in [bundle.log(), "data/case.json".to_owned(), "bag-info.txt".to_owned(), "manifest.json".to_owned()] {
        let mut changed = bundle.clone();
        changed.files.retain(|(name, _)| *name != file);
        refused(&folder, &changed, &file, "missing");
    }
}

#[test]
fn a_file_added_below_data_is_refused_with_its_name() {
    let (folder, mut bundle) = sealed();
    bundle.files.push(("data/logs/added.log".to_owned(), b"planted\n".to_vec()));
    refused(&folder, &bundle, "data/logs/added.log", "added");
}

#[test]
fn a_file_added_beside_the_bags_own_is_refused_with_its_name() {
    let (folder, mut bundle) = sealed();
    bundle.files.push(("README.txt".to_owned(), b"open me\n".to_vec()));
    refused(&folder, &bundle, "README.txt", "");
}

#[test]
fn an_edited_bag_info_is_refused_with_its_name() {
    let (folder, mut bundle) = sealed();
    bundle.change("bag-info.txt", |bytes| {
        let text = String::from_utf8(bytes.clone()).expect("text").replace("Bagging-Date: 20", "Bagging-Date: 19");
        *bytes = text.into_bytes();
    });
    refused(&folder, &bundle, "bag-info.txt", "differs from what was sealed");
}

#[test]
fn a_file_and_its_line_in_the_list_changed_together_are_refused_for_the_list() {
    let (folder, mut bundle) = sealed();
    let log = bundle.log();
    let before = sha256(bundle.file(&log));
    bundle.change(&log, |bytes| bytes.extend(b"2026-11-23T10:03:00Z INFO all is well\n"));
    let after = sha256(bundle.file(&log));
    bundle.change("manifest-sha256.txt", |bytes| {
        *bytes = String::from_utf8(bytes.clone()).expect("text").replace(&before, &after).into_bytes();
    });
    refused(&folder, &bundle, "manifest-sha256.txt", "differs from what was sealed");
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}
