//! `verify` of several bundles and for other programs: the table, the reports, the message to the customer, folders and stdin.

mod chain_support;
mod hostile_bundles;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use chain_support::{Run, against_schema, casefile, folder, write};
use hostile_bundles::{attacks, oddities};

/// A folder with two good bundles, which lack most of what a handoff needs, and one that is refused.
struct Shelf {
    folder: tempfile::TempDir,
}

impl Shelf {
    fn new() -> Self {
        let shelf = Self { folder: folder() };
        let good = oddities().into_iter().next().expect("an oddity").bytes;
        let bad = attacks().into_iter().find(|made| made.name == "pipe").expect("an attack").bytes;
        for (name, bytes) in [("a", &good), ("in/b", &good), ("c", &bad)] {
            let path = shelf.at(&format!("{name}.casefile.zip"));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            write(path, bytes);
        }
        shelf
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn verify(&self, args: &[&str]) -> Run {
        let args = ["verify", "--no-scan"].iter().chain(args).map(|a| (*a).to_owned());
        casefile(args.collect::<Vec<_>>()).current_dir(self.folder.path())
    }
}

#[test]
fn a_folder_is_a_table_of_its_bundles_that_fits_80_columns() {
    let shelf = Shelf::new();
    let said = shelf.verify(&["."]).expect(3).stdout;
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    let rows: Vec<Vec<&str>> = said.lines().skip(1).take(3).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..4], ["./a", "yes", "yes", "unknown"], "{said}");
    assert_eq!(rows[1], ["./c", "NO", "NO", "special-file"], "{said}");
    assert_eq!(rows[2][0], "./in/b", "{said}");
    assert!(said.contains("\n3 bundles: 0 ready, 2 not ready, 1 refused\n"), "{said}");
    let two = shelf.verify(&["a.casefile.zip", "in/*.zip"]).expect(1).stdout;
    assert!(two.contains("\n2 bundles: 0 ready, 2 not ready, 0 refused\n"), "{two}");
}

#[test]
fn reports_name_every_bundle_and_what_is_wrong() {
    let shelf = Shelf::new();
    let document = shelf.verify(&["--json", "."]).expect(3).json();
    assert_eq!(against_schema("verify.schema.json", &document), "");
    let junit = shelf.verify(&["--junit", "."]).expect(3).stdout;
    assert!(junit.starts_with("<?xml version=\"1.0\""), "{junit}");
    assert_eq!(junit.matches("<testsuite ").count(), 3);
    assert!(junit.contains("<failure type=\"special-file\""), "{junit}");
    let sarif = shelf.verify(&["--sarif", "."]).expect(3).json();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(results.iter().any(|result| result["ruleId"] == "special-file" && result["level"] == "error"), "{sarif}");
    assert!(results.iter().any(|result| result["ruleId"] == "checklist/contact"), "{sarif}");
}

#[test]
fn the_message_to_the_customer_asks_for_what_is_missing_and_gives_the_command() {
    let shelf = Shelf::new();
    let said = shelf.verify(&["--reply", "a.casefile.zip"]).expect(1).stdout;
    assert!(said.contains("Whom may we talk to about this"), "{said}");
    assert!(!said.contains("What is broken, in one line?"), "the summary is there: {said}");
    assert!(said.contains("\n  casefile collect --case-id c-0000000000"), "{said}");
    assert!(said.contains(" --contact-name \"…\" --contact-address \"…\""), "{said}");
    let again = shelf.verify(&["--reply", "c.casefile.zip"]).expect(3).stdout;
    assert!(again.contains("(special-file)") && again.contains("send the same file again"), "{again}");
}

#[test]
fn a_bundle_on_stdin_is_judged_like_a_file() {
    let shelf = Shelf::new();
    let run = |bytes: &[u8]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_casefile"))
            .args(["verify", "--no-scan", "--json", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        child.stdin.take().expect("piped").write_all(bytes).expect("it reads to the end");
        child.wait_with_output().expect("ends")
    };
    let good = run(&std::fs::read(shelf.at("a.casefile.zip")).expect("a file"));
    assert_eq!(good.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&good.stdout).contains("\"bundle\": \"stdin\""));
    assert_eq!(run(b"no zip").status.code(), Some(3));
}

#[test]
fn a_signature_that_is_asked_for_and_not_there_is_a_no_of_its_own() {
    const KEY: &str = "RWTqObi82xj1mr5UTHdCSew7QvmfIc6S3TcMKBK0puEo/LLRMiTF7xSC";
    let shelf = Shelf::new();
    let state = |args: &[&str], exit| {
        let document = shelf.verify(args).expect(exit).json();
        document["bundles"][0]["signature"]["state"].as_str().expect("a state").to_owned()
    };
    assert_eq!(state(&["--json", "a.casefile.zip"], 1), "not-signed");
    assert_eq!(state(&["--json", "--key", KEY, "a.casefile.zip"], 1), "missing");
    write(shelf.at("a.casefile.zip.minisig"), "no signature");
    assert_eq!(state(&["--json", "a.casefile.zip"], 1), "not-checked");
    assert_eq!(state(&["--json", "--key", KEY, "a.casefile.zip"], 3), "invalid");
    let said = shelf.verify(&["--key", KEY, "a.casefile.zip"]).expect(3).stdout;
    assert!(said.contains("\n  whole     yes") && said.contains("\n  from      NO: its signature"), "{said}");
    shelf.verify(&["--key", "hello", "a.casefile.zip"]).expect(2);
}
