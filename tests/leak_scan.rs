//! The second look: what a support agent is told when rules find something in a received bundle, what it takes to let it
//! pass, and that no value is ever shown.

mod chain_support;

use std::path::PathBuf;

use chain_support::bytes::png_with_text;
use chain_support::{Opened, Output, Run, against_schema, arg, casefile, fixture, folder, read, write};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Stands in a log of the customer; only the company's own rules know what it is.
const DESK_KEY: &str = "zq81-4417-kt";

const DESK_RULES: &str = "[[rules]]
id = \"desk-key\"
description = \"A key of our own service desk\"
regex = '''\\bzq[0-9]{2}-[0-9]{4}-[a-z]{2}\\b'''
keywords = [\"zq\"]
[rules.redact]
kind = \"desk-key\"
secret = true
examples = [\"zq11-2222-ab\"]
";

/// The shop's bundle, complete, with a file that only newer rules object to.
struct Desk {
    folder: tempfile::TempDir,
    bundle: PathBuf,
    rules: String,
}

impl Desk {
    fn new(more: &[&str]) -> Self {
        let folder = folder();
        let at = |name: &str| arg(folder.path().join(name));
        write(
            at("desk.log"),
            format!("2026-11-23T10:00:00Z INFO call {DESK_KEY}\n2026-11-23T10:01:00Z INFO {DESK_KEY}\n"),
        );
        write(at("profile.toml"), "name = \"p\"\n[host]\nfacts = [\"os\", \"time\", \"limits\"]\n");
        write(at("desk.toml"), DESK_RULES);
        write(at("till.png"), png_with_text("ada.lovelace@example.org"));
        let args = [
            ["--logs", &arg(fixture("shop/*.log"))],
            ["--logs", &arg(fixture("shop/events.ndjson"))],
            ["--logs", &at("desk.log")],
            ["--har", &arg(fixture("shop/checkout.har"))],
            ["--config", &arg(fixture("shop/shop.toml"))],
            ["--config", &arg(fixture("shop/dotenv.env"))],
            ["--screenshot", &at("till.png")],
            ["--case", &arg(fixture("shop/case.toml"))],
            ["--profile", &at("profile.toml")],
            ["--output", &at("")],
        ];
        let args = ["collect", "--yes"].into_iter().chain(args.iter().flatten().copied()).chain(more.iter().copied());
        let bundle = casefile(args.map(str::to_owned).collect::<Vec<_>>()).expect(0).bundle();
        let rules = at("desk.toml");
        Self { folder, bundle, rules }
    }

    fn run(&self, args: &[&str]) -> Run {
        let args = args.iter().map(|a| match *a {
            "BUNDLE" => arg(&self.bundle),
            "RULES" => self.rules.clone(),
            other => other.to_owned(),
        });
        casefile(args).env("XDG_STATE_HOME", self.folder.path().join("state")).env("USER", "sam")
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("state/casefile/journal/c-7fk2m9q4xa.jsonl")
    }
}

fn first(document: &Value) -> &Value {
    &document["bundles"][0]
}

#[track_caller]
fn shows_no_value(output: &Output) {
    for text in [&output.stdout, &output.stderr] {
        assert!(!text.contains(DESK_KEY) && !text.contains("4417"), "the value is shown: {text}");
    }
}

#[test]
fn a_bundle_that_this_program_just_made_is_clean() {
    for more in [&[][..], &["--privacy", "strict"]] {
        let desk = Desk::new(more);
        let said = desk.run(&["verify", "BUNDLE"]).expect(0).stdout;
        assert!(said.contains("\n  clean     yes: ") && !said.contains("Found by"), "{said}");
        assert!(
            said.contains("known to the customer's\n            machine only") || said.contains("machine only"),
            "{said}"
        );
        assert!(said.contains("\n  not read  1 picture: "), "{said}");
        assert!(said.lines().all(|line| line.chars().count() <= 80 || line.contains(".casefile.zip")), "{said}");
        let document = desk.run(&["verify", "--json", "BUNDLE"]).expect(0).json();
        let leaks = &first(&document)["leaks"];
        assert_eq!((&first(&document)["clean"], &leaks["verdict"]), (&true.into(), &"clean".into()));
        assert_eq!(leaks["rules_digest"], leaks["bundle_rules_digest"]);
        assert_eq!(leaks["findings"], Value::Array(Vec::new()));
    }
}

#[test]
fn a_bundle_at_which_nobody_looked_is_not_called_clean() {
    let desk = Desk::new(&[]);
    let said = desk.run(&["verify", "--no-scan", "BUNDLE"]).expect(0).stdout;
    assert!(said.contains("\n  clean     UNKNOWN: nobody looked"), "{said}");
    let document = desk.run(&["verify", "--no-scan", "--json", "BUNDLE"]).expect(0).json();
    assert_eq!(against_schema("verify.schema.json", &document), "");
    assert_eq!(
        (&first(&document)["clean"], &first(&document)["leaks"]["verdict"]),
        (&false.into(), &"not-looked".into())
    );
    desk.run(&["verify", "--no-scan", "BUNDLE", "--rules", "RULES"]).expect(2);
}

#[test]
fn what_newer_rules_find_is_suspect_until_somebody_says_why_it_may_pass() {
    let desk = Desk::new(&[]);
    let outbox = arg(desk.folder.path().join("outbox"));
    let suspect = desk.run(&["verify", "BUNDLE", "--rules", "RULES"]).expect(1);
    shows_no_value(&suspect);
    for told in [
        "\n  clean     SUSPECT: 1 finding by rules that the bundle was not made with\n",
        "\n  rules     the bundle's ",
        "desk-key in data/logs/",
        "/desk.log, line 1",
        "2 in all",
        "--accept-finding ID --reason TEXT",
    ] {
        let said = suspect.stdout.replace("\n              ", " ");
        assert!(said.contains(told), "`{told}` is not said:\n{}", suspect.stdout);
    }
    let document = desk.run(&["verify", "--json", "BUNDLE", "--rules", "RULES"]).expect(1);
    shows_no_value(&document);
    let document = document.json();
    assert_eq!(against_schema("verify.schema.json", &document), "");
    let leaks = &first(&document)["leaks"];
    assert_eq!((&first(&document)["clean"], &leaks["verdict"]), (&false.into(), &"suspect".into()));
    assert_ne!(leaks["rules_digest"], leaks["bundle_rules_digest"]);
    let finding = &leaks["findings"][0];
    assert_eq!((&finding["line"], &finding["occurrences"], &finding["accepted"]), (&1.into(), &2.into(), &Value::Null));
    let id = finding["id"].as_str().expect("an id");

    // Not handed over, and nothing written.
    let open = ["escalate", "open", "BUNDLE", "--rules", "RULES", "--outbox", &outbox];
    let refused = desk.run(&open).expect(1);
    shows_no_value(&refused);
    for told in ["1 finding that nobody accepted", id, "hint: ask the customer for a new bundle", "--accept-finding"] {
        assert!(refused.stderr.contains(told), "`{told}` is not said:\n{}", refused.stderr);
    }
    assert!(!desk.journal().exists() && !PathBuf::from(&outbox).exists());

    // Wrong ways to accept.
    let verify = ["verify", "BUNDLE", "--rules", "RULES", "--accept-finding"];
    for (more, told) in [
        (vec!["0000000000", "--reason", "a key of the test desk"], "no finding of this bundle has the id"),
        (vec![id], "--reason"),
        (vec![id, "--reason", "n/a"], "needs a reason"),
        (vec![id, "--reason", "a key of the test desk", "BUNDLE"], "takes one bundle"),
    ] {
        let wrong = desk.run(&[&verify[..], &more].concat()).expect(2);
        assert!(wrong.stderr.contains(told), "{}", wrong.stderr);
        assert!(!desk.journal().exists(), "{more:?}");
    }

    // The right way; the reason passes the rules too.
    let reason = format!("a key of the test desk, {DESK_KEY}, long expired");
    let accepted = desk.run(&[&verify[..], &[id, "--reason", &reason]].concat()).expect(0);
    shows_no_value(&accepted);
    let journal = String::from_utf8(read(desk.journal())).expect("text");
    for told in
        ["\"event\":\"finding-accepted\"", id, "\"agent\":\"sam\"", "a key of the test desk", "REDACTED-desk-key"]
    {
        assert!(journal.contains(told), "`{told}` is not in the journal: {journal}");
    }
    assert!(!journal.contains(DESK_KEY), "{journal}");

    // From now on it is known, and told; the bundle may go.
    let later = desk.run(&["verify", "BUNDLE", "--rules", "RULES"]).expect(0).stdout;
    assert!(
        later.contains("\n  clean     accepted: 1 finding, ") && later.contains("accepted: a key of the test desk"),
        "{later}"
    );
    let document = desk.run(&["verify", "--json", "BUNDLE", "--rules", "RULES"]).expect(0).json();
    assert_eq!(against_schema("verify.schema.json", &document), "");
    assert_eq!(first(&document)["leaks"]["findings"][0]["accepted"]["by"], "sam");
    desk.run(&[&verify[..], &[id, "--reason", "said twice"]].concat()).expect(0);
    assert_eq!(String::from_utf8(read(desk.journal())).expect("text"), journal, "accepted twice");
    desk.run(&open).expect(0);

    // A journal that was changed vouches for nothing.
    write(desk.journal(), journal.replace("sam", "bob"));
    let doubted = desk.run(&["verify", "BUNDLE", "--rules", "RULES"]).expect(1).stdout;
    assert!(doubted.contains("\n  journal   no acceptance counts: "), "{doubted}");
}

#[test]
fn a_bundle_that_poses_as_redacted_is_told_from_one_that_older_rules_made() {
    let desk = Desk::new(&[]);
    let mut bundle = Opened::read(&desk.bundle);
    let path =
        bundle.files.iter().map(|(path, _)| path.clone()).find(|path| path.ends_with("/desk.log")).expect("a log");
    // The number of lines stays: a record of another number gives the forger away at once.
    let left = "password=hunter2-Correct-Horse\nand on";
    replace(&mut bundle, &path, &|text| text.replace("INFO call zq81-4417-kt\n2026-11-23T10:01:00Z", left));
    bundle.write(&desk.bundle);
    let said = desk.run(&["verify", "BUNDLE"]).expect(1).stdout;
    assert!(
        said.contains("\n  clean     NO: 1 finding, although the bundle names the rules that look here\n"),
        "{said}"
    );
    assert!(said.contains("/desk.log, line 1") && !said.contains("hunter2"), "{said}");

    replace(&mut bundle, "manifest.json", &|text| {
        text.replace("\"privacy\": \"standard\"", "\"privacy\": \"whatever\"")
    });
    bundle.write(&desk.bundle);
    let said = desk.run(&["verify", "BUNDLE"]).expect(1).stdout;
    assert!(said.contains("\n  redacted  UNKNOWN: the bundle names a degree of privacy"), "{said}");
}

/// Changes the text of a file so that nothing but a look at it can tell: sizes and digests are made right again.
fn replace(bundle: &mut Opened, path: &str, change: &dyn Fn(&str) -> String) {
    let digest = |bytes: &[u8]| data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    let before = bundle.text(path);
    let after = change(&before);
    assert!(before != after, "nothing to change in {before}");
    let pad = |n: usize| " ".repeat(n);
    let after = match before.len().checked_sub(after.len()) {
        Some(shorter) => after.trim_end_matches('\n').to_owned() + &pad(shorter) + "\n",
        None => after,
    };
    let list = |path: &str| if path.starts_with("data/") { "manifest-sha256.txt" } else { "tagmanifest-sha256.txt" };
    let (old, new) = (digest(before.as_bytes()), digest(after.as_bytes()));
    set(bundle, path, &after);
    if path.starts_with("data/") {
        replace(bundle, "manifest.json", &|text| text.replace(&old, &new));
    }
    if path != "tagmanifest-sha256.txt" {
        replace(bundle, list(path), &|text| text.replace(&old, &new));
    }
}

fn set(bundle: &mut Opened, path: &str, text: &str) {
    for (name, bytes) in &mut bundle.files {
        if name == path {
            *bytes = text.as_bytes().to_vec();
        }
    }
}
