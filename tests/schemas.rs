//! What the program writes for other programs is what `docs/` promises. That the schemas of the bundle's own documents
//! are what the types say is held by a unit test; here real outputs are held against them.

mod chain_support;

use std::path::PathBuf;

use chain_support::{Opened, Run, against_schema, arg, casefile, fixture, folder, write};
use serde_json::Value;

struct Made {
    folder: tempfile::TempDir,
    bundle: PathBuf,
    collected: Value,
}

/// A bundle with host facts, logs, a HAR, a gap (a file of an unknown kind) and a skip.
fn made(case: &str) -> Made {
    let folder = folder();
    let at = |name: &str| arg(folder.path().join(name));
    write(at("core.log"), [0, 1, 2, 0xff, 0xfe, 0].repeat(2000));
    write(at("profile.toml"), "name = \"p\"\n[host]\nfacts = [\"os\", \"time\"]\n");
    let args = [
        ["--logs", &arg(fixture("shop/app.log"))],
        ["--logs", &at("core.log")],
        ["--logs", &at("absent.log")],
        ["--har", &arg(fixture("shop/checkout.har"))],
        ["--config", &arg(fixture("shop/shop.toml"))],
        ["--case", &arg(fixture("shop").join(case))],
        ["--no-screenshots", "nothing to see"],
        ["--profile", &at("profile.toml")],
        ["--output", &at("")],
    ];
    let args = ["collect", "--yes", "--json"].into_iter().chain(args.iter().flatten().copied());
    let collected = casefile(args.map(str::to_owned).collect::<Vec<_>>()).expect(4).json();
    let bundle = PathBuf::from(collected["bundle"].as_str().expect("a path"));
    Made { folder, bundle, collected }
}

impl Made {
    fn run(&self, args: &[&str]) -> Run {
        casefile(args.iter().map(|a| if *a == "BUNDLE" { arg(&self.bundle) } else { (*a).to_owned() }))
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
    }
}

#[track_caller]
fn holds(schema: &str, document: &Value) {
    let against = against_schema(schema, document);
    assert!(against.is_empty(), "{schema}:\n{against}\n{document:#}");
}

#[test]
fn the_documents_of_a_bundle_follow_their_schemas() {
    let made = made("case.toml");
    let bundle = Opened::read(&made.bundle);
    holds("manifest.schema.json", &bundle.json("manifest.json"));
    holds("case.schema.json", &bundle.json("data/case.json"));
    holds("redaction.schema.json", &bundle.json("data/redaction.json"));
}

#[test]
fn collect_and_its_plan_follow_their_schemas() {
    let made = made("unfilled.toml");
    holds("collect.schema.json", &made.collected);
    assert_ne!(made.collected["gaps"], Value::Array(Vec::new()), "no gap to hold against the schema");
    let log = arg(fixture("shop/app.log"));
    holds("plan.schema.json", &casefile(["collect", "--dry-run", "--json", "--logs", &log]).expect(0).json());
}

#[test]
fn verify_follows_its_schema_whatever_the_answer() {
    let made = made("case.toml");
    let ready = made.run(&["verify", "--json", "BUNDLE"]).expect(0).json();
    holds("verify.schema.json", &ready);
    let mut changed = Opened::read(&made.bundle);
    changed.files[0].1.push(b'x');
    let other = made.folder.path().join("changed.casefile.zip");
    changed.write(&other);
    let no_zip = made.folder.path().join("no.casefile.zip");
    write(&no_zip, "no zip");
    let several = made.run(&["verify", "--json", "BUNDLE", &arg(other), &arg(no_zip)]).expect(3).json();
    holds("verify.schema.json", &several);
    assert_eq!(several["bundles"].as_array().map(Vec::len), Some(3));
}

#[test]
fn inspect_follows_its_schemas() {
    let made = made("case.toml");
    holds("summary.schema.json", &made.run(&["inspect", "summary", "BUNDLE", "--json"]).expect(0).json());
    holds("listing.schema.json", &made.run(&["inspect", "ls", "BUNDLE", "--json"]).expect(0).json());
    holds("listing.schema.json", &made.run(&["inspect", "ls", "BUNDLE", "--json", "--damaged"]).expect(0).json());
    write(&made.bundle, "no zip any more");
    holds("error.schema.json", &made.run(&["inspect", "ls", "BUNDLE", "--json"]).expect(3).json());
}

#[test]
fn escalate_follows_its_schema_whatever_the_answer() {
    let complete = made("case.toml");
    let outbox = arg(complete.folder.path().join("outbox"));
    let open = ["escalate", "open", "BUNDLE", "--json", "--outbox", &outbox];
    let dry = complete.run(&[&open[..], &["--dry-run"]].concat()).expect(0).json();
    for document in [dry, complete.run(&open).expect(0).json(), complete.run(&open).expect(0).json()] {
        holds("escalation.schema.json", &document);
    }
    let rehearsal = arg(complete.folder.path().join("rehearsal"));
    holds("rehearsal.schema.json", &complete.run(&[&open[..], &["--dry-run", &rehearsal]].concat()).expect(0).json());
    holds("escalation.schema.json", &made("unfilled.toml").run(&open).expect(1).json());
}

#[test]
fn the_verbs_of_a_case_follow_their_schemas_from_its_opening_to_its_purge() {
    let made = made("case.toml");
    let policy = casefile(["escalate", "policy", "default"]).expect(0).stdout;
    let policy_file = arg(made.folder.path().join("policy.toml"));
    write(&policy_file, policy);
    let id = "c-7fk2m9q4xa";
    let run = |args: &[&str]| made.run(&[&["escalate"], args, &["--json"]].concat()).output();
    let held = |schema: &str, args: &[&str]| -> Value {
        let output = run(args);
        assert!(matches!(output.exit, Some(0..=2)), "{args:?}: {}", output.stderr);
        let document = output.json();
        holds(schema, &document);
        document
    };
    held("cases.schema.json", &["list"]);
    held("escalation.schema.json", &["status", id]);
    held("escalation.schema.json", &["open", "BUNDLE", "--policy", &policy_file]);
    held("status.schema.json", &["status", id]);
    held("status.schema.json", &["update", id, "--text", "called the hoster"]);
    held("customer-update.schema.json", &["update", id, "--customer", "--text", "We look at the gateway.", "--sent"]);
    held("escalation.schema.json", &["update", id, "--customer", "--text", "It will be fixed by 17:00."]);
    held("status.schema.json", &["severity", id, "3", "--reason", "a workaround was found"]);
    held("status.schema.json", &["severity", id, "1", "--reason", "the workaround failed"]);
    held("status.schema.json", &["ack", id, "--by", "Kim Lee", "--way", "phone"]);
    held("status.schema.json", &["attach", id, "BUNDLE"]);
    let request = ["access", "request", id, "--who", "Kim Lee", "--what", "a shell", "--why", "logs", "--for", "2h"];
    let asked = held("access.schema.json", &request);
    assert!(asked["message_to_customer"].as_str().is_some_and(|text| text.contains("a shell")), "{asked:#}");
    held("access.schema.json", &["access", "approve", id, "1", "--by", "Ada Berg"]);
    held("access.schema.json", &["access", "use", id, "1", "--what", "read the logs"]);
    held("access.schema.json", &["access", "list", id]);
    held("status.schema.json", &["status", id, "--times"]);
    held("access.schema.json", &["access", "revoke", id, "1", "--by", "Kim Lee"]);
    held("cases.schema.json", &["list"]);
    held("escalation.schema.json", &["purge", id]);
    held("customer-update.schema.json", &["resolve", id, "--text", "A setting was put back."]);
    let ended = held("status.schema.json", &["status", id, "--times"]);
    assert!(ended["resolved"].is_object() && ended["acknowledged"][0].is_object() && ended["times"][0].is_object());
    held("cases.schema.json", &["list", "--all"]);
    held("journal.schema.json", &["journal", "verify", id]);
    for line in made.run(&["escalate", "journal", "export", id]).expect(0).stdout.lines() {
        holds("journal-line.schema.json", &serde_json::from_str(line).expect("a line of JSON"));
    }
    held("purge.schema.json", &["purge", id]);
}

#[test]
fn redact_follows_its_schema_and_holds_no_value() {
    let folder = folder();
    let at = |name: &str| arg(folder.path().join(name));
    std::fs::create_dir(at("in")).expect("a folder");
    write(at("in/app.log"), "password=hunter2-Correct from 81.2.69.142\n");
    write(at("in/hunter2-Correct.bin"), [0, 1, 2, 0xff, 0xfe, 0].repeat(2000));
    let args = ["redact", "--no-host", "--json", &at("in"), "--output", &at("out")];
    let document = casefile(args).expect(4).json();
    holds("redact.schema.json", &document);
    assert_eq!(document["left_out"].as_array().map(Vec::len), Some(1));
    assert!(!document.to_string().contains("hunter2") && !document.to_string().contains("81.2.69.142"), "{document:#}");
    let public = age::x25519::Identity::generate().to_public().to_string();
    let (log, copy, vault) = (at("in/app.log"), at("one.log"), at("v.vault"));
    let args = ["redact", "--json", &log, "--output", &copy, "--vault", &vault, "--vault-recipient", &public];
    let document = casefile(args).expect(0).json();
    holds("redact.schema.json", &document);
    assert_eq!(document["vault"]["values"], 2, "{document:#}");
}

#[test]
fn the_listing_of_rules_follows_its_schema_with_foreign_rules_too() {
    holds("rules.schema.json", &casefile(["rules", "list", "--json"]).expect(0).json());
    let folder = folder();
    let file = arg(folder.path().join("their.toml"));
    write(&file, "prefilter = 'x'\n[[rules]]\nid = 'a'\nregex = 'a{,2}'\n");
    let listing = casefile(["rules", "list", "--json", "--rules", &file]).expect(0).json();
    holds("rules.schema.json", &listing);
    assert_eq!(listing["notes"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_schema_refuses_what_it_does_not_know() {
    let mut collected = made("case.toml").collected;
    collected["more"] = true.into();
    assert!(!against_schema("collect.schema.json", &collected).is_empty());
}
