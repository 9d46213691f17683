//! The verb from its arguments to what it prints and how it ends.

use crate::cli::escalate::callees::{About, Called, Callees};
use crate::deliver::notifiers::Notifier;
use crate::escalate::Policy;
use crate::escalate::notice::Notice;
use std::fs;

use clap::Parser;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::*;
use crate::checklist::fixture::{CASE, at, case, manifest};
use crate::model::{Case, Sha256Digest};

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    escalate: EscalateArgs,
}

/// A folder with a bundle, a full case file and a state folder.
struct Setting {
    dir: tempfile::TempDir,
}

struct Seen {
    exit: Exit,
    out: String,
    talk: String,
}

impl Setting {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("a.casefile.zip"), b"PK bundle").expect("written");
        fs::write(dir.path().join("agent.toml"), CASE).expect("written");
        Self { dir }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.dir.path().join(name), text).expect("written");
        self.path(name)
    }

    fn run(&self, args: &[&str]) -> Seen {
        let args = ["casefile", "open"].iter().chain(args);
        let program = Program::try_parse_from(args).expect("arguments that clap takes");
        let load = |path: &Path| {
            if path.ends_with("broken.zip") {
                return Err(Failure::new(Exit::Damaged, "entry `data/a` does not have its digest"));
            }
            Ok(BundleFacts {
                path: path.to_owned(),
                file_name: "a.casefile.zip".to_owned(),
                size: 9,
                bundle_digest: Sha256Digest([9; 32]),
                file_digest: Sha256Digest(Sha256::digest(b"PK bundle").into()),
                manifest: manifest(),
                case: Case::new(case().case_id),
                environment: Vec::new(),
            })
        };
        let (mut out, mut talk) = (Vec::new(), Vec::new());
        let mut world = World {
            load: &load,
            now: &|| at("2026-11-23T09:50:00Z"),
            state_dir: Some(self.dir.path().join("state")),
            agent: Some("sam".to_owned()),
            rehearsal: None,
            callees: &Nobody,
            cancelled: &AtomicBool::new(false),
            pause: &|_| false,
            environment: &|_| None,
            out: &mut out,
            talk: &mut talk,
        };
        let exit = run(&program.escalate, &mut world);
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Seen { exit, out: text(out), talk: text(talk) }
    }

    fn nothing_was_written(&self) -> bool {
        !self.dir.path().join("state").exists() && !self.dir.path().join("out").exists()
    }
}

#[test]
fn a_full_case_goes_out_and_the_way_to_it_is_printed() {
    let setting = Setting::new();
    let (bundle, case, out) = (setting.path("a.casefile.zip"), setting.path("agent.toml"), setting.path("out"));
    let seen = setting.run(&[&bundle, "--case", &case, "--outbox", &out]);
    let warning = "warning:  nothing keeps the clocks of this case: run `casefile escalate watch`,\n          or put its timer in \
                   place (`casefile escalate watch --print-timer\n          systemd`, cron or schtasks)\n";
    assert_eq!((seen.exit, seen.talk.as_str()), (Exit::Done, warning));
    for told in ["ticket.md", "severity  SEV2; ", "read back:\n", "answer    due 2026-11-23T09:50:00Z"] {
        assert!(seen.out.contains(told), "lacks {told}:\n{}", seen.out);
    }
    // Where lines end depends on the length of the path.
    let unbroken = seen.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unbroken.contains(".jsonl, line 7, head "), "{}", seen.out);
    let again = setting.run(&[&bundle, "--case", &case, "--outbox", &out, "--json"]);
    let document: Value = serde_json::from_str(&again.out).expect("one JSON document");
    assert_eq!((again.exit, &document["ticket_was_there"]), (Exit::Done, &json!(true)));
    assert_eq!(document["journal_head"]["seq"], json!(7));
}

#[test]
fn what_cannot_go_out_touches_nothing_and_says_what_to_do() {
    let setting = Setting::new();
    let (bundle, case) = (setting.path("a.casefile.zip"), setting.path("agent.toml"));
    let no_contact = setting.write("b.toml", &CASE.replace("\ncontact = ", "\n# contact = "));
    let no_impact = setting.write("c.toml", &CASE.replace("cannot = \"take card payments\"", ""));
    let typo = setting.write("t.j2", "{{ sumary }}");
    let policy = setting.write("p.toml", "many_user = 3");
    let other = setting.write("o.toml", "case_id = \"c-0000000000\"");
    let anonymous = setting.write("n.toml", "summary = \"x\"");
    let broken = setting.path("broken.zip");
    for (args, exit, told) in [
        (vec![bundle.as_str(), "--case", &no_contact], Exit::No, "Whom may we talk to"),
        (vec![&bundle, "--case", &no_impact], Exit::No, "nobody said what they cannot do"),
        (vec![&bundle], Exit::No, "business impact is not known"),
        (vec![&bundle, "--case", &case, "--severity", "3"], Exit::No, "--severity-reason"),
        (vec![&bundle, "--case", &case, "--template", &typo], Exit::Usage, "unknown field `sumary`"),
        (vec![&bundle, "--case", &case, "--policy", &policy], Exit::Usage, "did you mean `many_users`?"),
        (vec![&bundle, "--case", &other], Exit::Usage, "about c-0000000000"),
        (vec![&bundle, "--case", "missing.toml"], Exit::Usage, "cannot read missing.toml"),
        (vec![&bundle, "--case", &case, "--override-checklist", "n/a"], Exit::Usage, "needs a reason"),
        (vec!["--without-bundle", "--case", &anonymous], Exit::Usage, "hint: write case_id = \"c-"),
        (vec![&broken], Exit::Damaged, "error: entry `data/a`"),
    ] {
        let seen = setting.run(&args);
        assert_eq!(seen.exit, exit, "{args:?}: {}", seen.talk);
        assert!(seen.talk.starts_with("error: ") && seen.talk.contains(told), "{args:?}: {}", seen.talk);
        assert!(setting.nothing_was_written(), "{args:?}");
    }
}

#[test]
fn a_dry_run_prints_the_text_that_the_real_one_writes() {
    let setting = Setting::new();
    let (bundle, case) = (setting.path("a.casefile.zip"), setting.path("agent.toml"));
    let dry = setting.run(&[&bundle, "--case", &case, "--dry-run"]);
    assert!(dry.exit == Exit::Done && setting.nothing_was_written());
    let real = setting.run(&[&bundle, "--case", &case]);
    assert_eq!(real.exit, Exit::Done);
    let written = setting.dir.path().join("state/outbox/c-7fk2m9q4xa/ticket.md");
    assert_eq!(fs::read_to_string(written).expect("the default outbox"), dry.out);
}

#[test]
fn a_bundle_that_changes_on_the_way_is_partly_done() {
    let setting = Setting::new();
    let (bundle, case) = (setting.write("a.casefile.zip", "PK other"), setting.path("agent.toml"));
    let seen = setting.run(&[&bundle, "--case", &case]);
    assert_eq!(seen.exit, Exit::Partial);
    assert!(seen.talk.contains("changed since it was verified") && seen.talk.contains("the ticket is made: "));
}

#[test]
fn a_changed_journal_stops_the_run_with_its_line() {
    let setting = Setting::new();
    let (bundle, case) = (setting.path("a.casefile.zip"), setting.path("agent.toml"));
    assert_eq!(setting.run(&[&bundle, "--case", &case]).exit, Exit::Done);
    let journal = setting.dir.path().join("state/journal/c-7fk2m9q4xa.jsonl");
    let text = fs::read_to_string(&journal).expect("text").replace("SEV2", "SEV3");
    fs::write(&journal, text).expect("written");
    let seen = setting.run(&[&bundle, "--case", &case]);
    assert_eq!(seen.exit, Exit::Damaged);
    assert!(seen.talk.contains("line 1 does not have the hash"), "{}", seen.talk);
}

#[test]
fn usage_that_makes_no_sense_is_refused_by_clap() {
    for args in [
        vec!["casefile", "open"],
        vec!["casefile", "open", "a.zip", "--without-bundle", "--case", "c.toml"],
        vec!["casefile", "open", "--without-bundle"],
        vec!["casefile", "open", "a.zip", "--severity", "5"],
        vec!["casefile", "open", "a.zip", "--severity-reason", "because"],
    ] {
        assert!(Program::try_parse_from(&args).is_err(), "{args:?}");
    }
}

/// A policy without targets: nobody is told, and the verbs say so.
struct Nobody;

impl Callees for Nobody {
    fn levels(&self, _: &About<'_>) -> Result<Called, Failure> {
        Ok(Called::default())
    }

    fn connect(&self, _: &Policy, _: &str) -> Result<Box<dyn Notifier>, String> {
        Err("the policy has no such target".to_owned())
    }

    fn notice(&self, about: &About<'_>, target: &str, level: usize) -> Result<Notice, Failure> {
        let case_id = about.case.case_id.clone();
        let key = format!("{case_id}/{target}/{level}");
        let (severity, service, summary) = (about.severity, None, String::new());
        Ok(Notice { key, case_id, severity, service, summary, details: Vec::new(), link: None })
    }
}
