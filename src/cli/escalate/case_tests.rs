//! A case from its first page to its end, through the verbs, with far sides that write down what reaches them.

use std::cell::Cell;
use std::fs;
use std::rc::Rc;

use clap::Parser;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::callees::{About, Called};
use super::*;
use crate::checklist::fixture::{CASE, at, case, manifest};
use crate::deliver::DeliverError;
use crate::deliver::callout::tests::TestNotifier;
use crate::deliver::notifiers::{Acknowledgement, Notifier, Receipt};
use crate::escalate::Policy;
use crate::escalate::notice::Notice;
use crate::model::{Case, Severity, Sha256Digest};

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    escalate: EscalateArgs,
}

/// What is known of the file at `path`, taken for a bundle.
pub(super) fn loaded(path: &Path) -> BundleFacts {
    let bytes = fs::read(path).expect("a bundle");
    BundleFacts {
        path: path.to_owned(),
        file_name: path.file_name().expect("a name").to_string_lossy().into_owned(),
        size: bytes.len() as u64,
        bundle_digest: Sha256Digest([bytes.len() as u8; 32]),
        file_digest: Sha256Digest(Sha256::digest(&bytes).into()),
        manifest: manifest(),
        case: Case::new(case().case_id),
        environment: Vec::new(),
    }
}

/// A far side that several runs share.
pub(super) struct Shared(Rc<TestNotifier>);

impl Notifier for Shared {
    fn merges(&self) -> bool {
        self.0.merges()
    }
    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError> {
        self.0.send(notice)
    }
    fn acknowledgement(&self, key: &str) -> Result<Option<Acknowledgement>, DeliverError> {
        self.0.acknowledgement(key)
    }
    fn resolve(&self, key: &str, text: &str) -> Result<(), DeliverError> {
        self.0.resolve(key, text)
    }
}

/// SEV1 and SEV2 go to pager and chat, then to the lead; the others to the chat.
pub(super) struct Targets {
    pub(super) pager: Rc<TestNotifier>,
    pub(super) chat: Rc<TestNotifier>,
    pub(super) lead: Rc<TestNotifier>,
}

impl Callees for Targets {
    fn levels(&self, about: &About<'_>) -> Result<Called, Failure> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let levels = if about.severity <= Severity::Sev2 {
            vec![names(&["pager", "chat"]), names(&["lead"])]
        } else {
            vec![names(&["chat"])]
        };
        Ok(Called { levels, ..Called::default() })
    }

    fn connect(&self, _: &Policy, target: &str) -> Result<Box<dyn Notifier>, String> {
        let named = match target {
            "pager" => &self.pager,
            "chat" => &self.chat,
            "lead" => &self.lead,
            _ => return Err("the policy has no such target".to_owned()),
        };
        Ok(Box::new(Shared(Rc::clone(named))))
    }

    fn notice(&self, about: &About<'_>, target: &str, level: usize) -> Result<Notice, Failure> {
        let severity = about.severity;
        Ok(Notice { severity, ..crate::deliver::callout::tests::notice(target, level) })
    }
}

pub(super) const ID: &str = "c-7fk2m9q4xa";

/// Reported 10:20 in Berlin, so that a SEV1 has until 09:35 UTC.
pub(super) struct Setting {
    pub(super) dir: tempfile::TempDir,
    now: Cell<Timestamp>,
    pub(super) targets: Targets,
}

pub(super) struct Seen {
    pub(super) exit: Exit,
    pub(super) out: String,
    pub(super) talk: String,
}

impl Setting {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("a.casefile.zip"), b"PK bundle").expect("written");
        let outage = CASE.replace("affected = 12", "affected = 250").replace("major-function", "complete-outage");
        fs::write(dir.path().join("agent.toml"), outage).expect("written");
        let contacts = "\n[[contacts]]\nteam = \"SRE\"\nname = \"Ada Night\"\nphone = \"+1 555 0100\"\n";
        fs::write(dir.path().join("policy.toml"), Policy::builtin_text().to_owned() + contacts).expect("written");
        let far = |merges| Rc::new(TestNotifier::new(merges));
        let targets = Targets { pager: far(true), chat: far(false), lead: far(true) };
        Self { dir, now: Cell::new(at("2026-11-23T09:21:00Z")), targets }
    }

    /// A setting in which a SEV1 was opened at 09:21 UTC.
    pub(super) fn opened() -> Self {
        let setting = Self::new();
        let seen = setting.open(&[]);
        assert_eq!(seen.exit, Exit::Done, "{}", seen.talk);
        setting
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    pub(super) fn open(&self, more: &[&str]) -> Seen {
        let (bundle, case, policy) = (self.path("a.casefile.zip"), self.path("agent.toml"), self.path("policy.toml"));
        self.run(&[&["open", &bundle, "--case", &case, "--policy", &policy], more].concat())
    }

    pub(super) fn run(&self, args: &[&str]) -> Seen {
        let program = Program::try_parse_from(["casefile"].iter().chain(args)).expect("arguments that clap takes");
        let load = |path: &Path| Ok(loaded(path));
        let (mut out, mut talk) = (Vec::new(), Vec::new());
        let mut world = World {
            load: &load,
            now: &|| self.now.get(),
            state_dir: Some(self.dir.path().join("state")),
            agent: Some("sam".to_owned()),
            rehearsal: None,
            callees: &self.targets,
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

    pub(super) fn json(&self, args: &[&str]) -> Value {
        let seen = self.run(&[args, &["--json"]].concat());
        serde_json::from_str(&seen.out).unwrap_or_else(|e| panic!("{args:?}: {e}: {}{}", seen.out, seen.talk))
    }

    pub(super) fn at(&self, moment: &str) -> &Self {
        self.now.set(at(&format!("2026-11-23T{moment}Z")));
        self
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.dir.path().join("state/journal/c-7fk2m9q4xa.jsonl")
    }
}

#[track_caller]
pub(super) fn refused(seen: &Seen, exit: Exit, told: &str) {
    assert_eq!(seen.exit, exit, "{}{}", seen.out, seen.talk);
    assert!(seen.talk.contains(told), "lacks {told}: {}", seen.talk);
}

#[test]
fn a_page_that_nobody_answers_is_sent_and_not_acknowledged_then_overdue_with_exit_code_1() {
    let setting = Setting::opened();
    let seen = setting.run(&["status", ID]);
    assert_eq!(seen.exit, Exit::Done, "{}", seen.out);
    for told in [
        "SEV1, sent, not acknowledged",
        "notice    pager, level 1: sent",
        "has it    nobody yet",
        "answer in 14 min, at 2026-11-23 09:35:00 UTC, Mon 10:35 +01:00 for the customer (15 minutes, day and",
        "call level 2 in 5 min",
        "customer update in 30 min",
    ] {
        let joined = seen.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(seen.out.contains(told) || joined.contains(told), "lacks {told}:\n{}", seen.out);
    }
    assert!(seen.out.lines().all(|line| line.starts_with("journal ") || line.chars().count() <= 80), "{}", seen.out);
    let late = setting.at("09:36:00").run(&["status", ID]);
    assert_eq!(late.exit, Exit::No);
    for told in ["OVERDUE by 60 s: answer", "missed    answer of SEV1, due 2026-11-23 09:35:00 UTC: goes on"] {
        assert!(late.out.contains(told), "lacks {told}:\n{}", late.out);
    }
    let document = setting.json(&["status", ID, "--times"]);
    assert_eq!((&document["overdue"], &document["state"]), (&json!(true), &json!("sent")));
}

#[test]
fn engineering_has_it_when_a_person_of_it_says_so_and_not_before() {
    let setting = Setting::opened();
    setting.at("09:25:00");
    for (by, way, told) in [
        ("sam", "phone", "is the agent of this case"),
        ("PagerDuty Bot", "chat", "is a program"),
        ("Kim Lee", "202", "no way in which a person"),
        ("n/a", "phone", "names nobody"),
    ] {
        refused(&setting.run(&["ack", ID, "--by", by, "--way", way]), Exit::No, told);
    }
    let early = ["ack", ID, "--by", "Kim Lee", "--way", "phone", "--at", "2026-11-22T09:00:00Z"];
    refused(&setting.run(&early), Exit::Usage, "not between the report and now");
    let seen = setting.run(&["ack", ID, "--by", "Kim Lee", "--way", "phone"]);
    assert_eq!(seen.exit, Exit::Done, "{}", seen.talk);
    assert!(seen.out.contains("has it    Kim Lee, since 2026-11-23 09:25:00 UTC, by phone, says sam"), "{}", seen.out);
    let document = setting.at("09:36:00").json(&["status", ID]);
    assert_eq!((&document["has_it"], &document["overdue"]), (&json!("Kim Lee"), &json!(false)));
}

#[test]
fn watch_reads_who_has_it_and_calls_the_next_level_before_the_answer_is_due() {
    let setting = Setting::opened();
    let policy = setting.path("policy.toml");
    let watch = ["watch", "--once", "--policy", &policy];
    assert_eq!(setting.at("09:25:59").run(&watch).exit, Exit::Done);
    assert_eq!(setting.targets.lead.alerts(), 0);
    let seen = setting.at("09:26:00").run(&watch);
    assert!(seen.out.contains("nobody has it, so level 2 is called"), "{}{}", seen.out, seen.talk);
    assert_eq!(setting.targets.lead.alerts(), 1);
    setting.at("09:27:00").run(&watch);
    assert_eq!(setting.targets.lead.got.borrow().len(), 1, "once");
    let taken =
        Acknowledgement { by: "Kim Lee".to_owned(), at: at("2026-11-23T09:27:30Z"), way: "pagerduty".to_owned() };
    *setting.targets.pager.taken.borrow_mut() = Some(taken);
    let seen = setting.at("09:28:00").run(&watch);
    assert_eq!((seen.exit, seen.out.as_str()), (Exit::Done, "c-7fk2m9q4xa: Kim Lee has it, by pagerduty\n"));
    assert_eq!(setting.at("09:29:00").run(&watch).out, "");

    // Somebody who answers at once is not followed by a further level.
    let setting = Setting::opened();
    let early =
        Acknowledgement { by: "Kim Lee".to_owned(), at: at("2026-11-23T09:22:00Z"), way: "pagerduty".to_owned() };
    *setting.targets.pager.taken.borrow_mut() = Some(early);
    setting.at("09:33:00").run(&watch);
    assert_eq!(setting.targets.lead.alerts(), 0);
    // Ctrl-C in the foreground.
    assert_eq!(setting.run(&["watch", "--policy", &policy]).exit, Exit::Interrupted);
}

#[test]
fn an_overdue_update_is_told_by_watch_and_by_list_and_clocks_that_nothing_keeps_are_warned_of() {
    let setting = Setting::new();
    assert!(setting.open(&[]).talk.contains("nothing keeps the clocks"));
    setting.run(&["watch", "--once"]);
    let again = setting.open(&[]);
    assert!(again.exit == Exit::Done && !again.talk.contains("nothing keeps"), "{}", again.talk);
    setting.run(&["ack", ID, "--by", "Kim Lee", "--way", "phone"]);
    let seen = setting.at("10:00:00").run(&["watch", "--once"]);
    assert_eq!((seen.exit, seen.out.as_str()), (Exit::No, "c-7fk2m9q4xa: customer update OVERDUE by 9 min\n"));
    let list = setting.run(&["list"]);
    assert_eq!(list.exit, Exit::No);
    assert!(list.out.contains("! 9 min LATE: customer update"), "{}", list.out);
    assert!(list.out.lines().all(|line| line.chars().count() <= 80), "{}", list.out);
}

#[test]
fn the_update_to_the_customer_names_the_next_one_and_counts_once_it_was_sent() {
    let setting = Setting::opened();
    let policy = setting.path("policy.toml");
    let text = "The gateway refuses new connections; we look at its settings.";
    let update = ["update", ID, "--customer", "--policy", &policy, "--text"];
    let seen = setting.at("09:30:00").run(&[&update[..], &[text]].concat());
    assert_eq!(seen.exit, Exit::Done, "{}", seen.talk);
    assert!(seen.out.contains("Monday 2026-11-23 11:00 (Europe/Berlin time)"), "{}", seen.out);
    assert!(seen.talk.contains("send it by phone"), "{}", seen.talk);
    assert_eq!(setting.json(&["status", ID])["due"][2]["at"], json!("2026-11-23T09:51:00Z"), "nothing was recorded");
    setting.run(&[&update[..], &[text, "--sent"]].concat());
    assert_eq!(setting.json(&["status", ID])["due"][2]["at"], json!("2026-11-23T10:00:00Z"));
    for internal in ["Ada Night looks at it", "see https://wiki.example"] {
        refused(&setting.run(&[&update[..], &[internal]].concat()), Exit::No, "stays with us");
    }
    refused(&setting.run(&["update", ID, "--text", "n/a"]), Exit::Usage, "says nothing");
    assert_eq!(setting.run(&["update", ID, "--text", "called the hoster"]).exit, Exit::Done);
    let journal = fs::read_to_string(setting.journal()).expect("text");
    assert!(journal.contains("called the hoster") && !journal.contains("Ann Other"), "{journal}");
}

#[test]
fn a_lower_level_needs_a_reason_and_keeps_what_was_missed_and_a_higher_one_pages() {
    let setting = Setting::opened();
    setting.at("09:40:00");
    refused(&setting.run(&["severity", ID, "3"]), Exit::No, "a lower level needs a reason");
    let seen = setting.run(&["severity", ID, "3", "--reason", "a workaround was found"]);
    assert_eq!(seen.exit, Exit::Done, "{}", seen.talk);
    let document = setting.json(&["status", ID]);
    assert_eq!((&document["severity"], &document["breaches"][0]["severity"]), (&json!("SEV3"), &json!("SEV1")));
    assert_eq!(document["breaches"][0]["missed_by_seconds"], json!(300));
    assert_eq!(setting.targets.pager.got.borrow().len(), 1, "nobody is paged for a lower level");
    let seen = setting.at("10:00:00").run(&["severity", ID, "1"]);
    assert_eq!(seen.exit, Exit::Done, "{}", seen.talk);
    let document = setting.json(&["status", ID]);
    assert_eq!(document["due"][0]["what"], json!("call level 2"));
    let answer = document["due"].as_array().expect("a list").iter().find(|due| due["what"] == json!("answer"));
    assert_eq!(answer.map(|due| &due["at"]), Some(&json!("2026-11-23T10:15:00Z")), "counted from the change");
    assert_eq!((setting.targets.pager.got.borrow().len(), setting.targets.pager.alerts()), (2, 1));
    let told = fs::read_to_string(setting.dir.path().join("state/outbox/c-7fk2m9q4xa/comment-severity-1.md"));
    assert!(told.expect("a comment").contains("SEV3 from now on: a workaround was found"));
}

#[test]
fn a_case_ends_with_a_text_closed_pages_and_no_open_access_and_then_nothing_is_due() {
    let setting = Setting::opened();
    let policy = setting.path("policy.toml");
    let resolve = ["resolve", ID, "--policy", &policy, "--text"];
    let text = "A setting of the gateway was put back.";
    setting.run(&["ack", ID, "--by", "Kim Lee", "--way", "phone"]);
    refused(&setting.run(&[&resolve[..], &["n/a"]].concat()), Exit::No, "without saying how");
    refused(&setting.run(&["purge", ID]), Exit::No, "is not resolved");
    let request = [
        "access",
        "request",
        ID,
        "--who",
        "Kim Lee",
        "--what",
        "a shell",
        "--why",
        "the gateway's logs",
        "--for",
        "2h",
    ];
    setting.run(&request);
    setting.run(&["access", "approve", ID, "1", "--by", "Ann Other"]);
    refused(&setting.run(&[&resolve[..], &[text]].concat()), Exit::No, "access 1 is still open");
    setting.run(&["access", "revoke", ID, "1", "--by", "Kim Lee"]);
    setting.targets.pager.fails.set(Some(false));
    refused(&setting.run(&[&resolve[..], &[text]].concat()), Exit::Partial, "a page is still open: pager");
    assert_eq!(setting.json(&["status", ID])["resolved"], Value::Null);
    setting.targets.pager.fails.set(None);
    let seen = setting.at("10:30:00").run(&[&resolve[..], &[text]].concat());
    assert_eq!(seen.exit, Exit::Done, "{}", seen.talk);
    assert!(seen.out.contains("A setting of the gateway") && seen.talk.contains("tell the customer so by phone"));
    assert_eq!((setting.targets.pager.ended.borrow().len(), setting.targets.chat.ended.borrow().len()), (1, 1));
    let document = setting.at("23:00:00").json(&["status", ID, "--times"]);
    assert_eq!((&document["state"], &document["due"]), (&json!("resolved"), &json!([])));
    let steps: Vec<&str> =
        document["times"].as_array().expect("a list").iter().filter_map(|t| t["step"].as_str()).collect();
    for step in ["reported", "opened", "ticket", "first notice sent", "acknowledged", "bundle attached", "resolved"] {
        assert!(steps.contains(&step), "{step}: {steps:?}");
    }
    refused(&setting.run(&["ack", ID, "--by", "Kim Lee", "--way", "phone"]), Exit::No, "was resolved");
    refused(&setting.open(&[]), Exit::No, "was resolved");
    let purged = setting.run(&["purge", ID]);
    assert_eq!(purged.exit, Exit::Done, "{}", purged.talk);
    assert!(purged.out.contains("removed") && purged.out.contains("kept ") && !setting.journal().exists());
    refused(&setting.run(&["status", ID]), Exit::Usage, "was not escalated on this machine");
}

#[test]
fn access_is_allowed_by_the_customers_contact_alone_and_leaves_no_name_of_theirs_in_the_journal() {
    let setting = Setting::opened();
    let request =
        ["access", "request", ID, "--who", "Kim Lee", "--what", "a shell", "--why", "the logs", "--for", "2h"];
    let seen = setting.at("09:30:00").run(&request);
    for told in ["What: a shell", "Who: Kim Lee", "For how long: 2 h"] {
        assert!(seen.out.contains(told), "lacks {told}: {}", seen.out);
    }
    assert!(seen.talk.contains("not an authorisation"), "{}", seen.talk);
    refused(&setting.run(&["access", "use", ID, "1", "--what", "read logs"]), Exit::No, "is requested");
    for (by, told) in [("Kim Lee", "asked for the access"), ("sam", "not the customer's contact")] {
        refused(&setting.run(&["access", "approve", ID, "1", "--by", by]), Exit::No, told);
    }
    refused(&setting.run(&["access", "approve", ID, "7", "--by", "Ann Other"]), Exit::No, "no access request 7");
    assert_eq!(setting.run(&["access", "approve", ID, "1", "--by", "ann other"]).exit, Exit::Done);
    assert_eq!(setting.run(&["access", "use", ID, "1", "--what", "read logs"]).exit, Exit::Done);
    let late = setting.at("11:31:00").run(&["access", "list", ID]);
    assert!(late.exit == Exit::No && late.out.contains("1: overdue to revoke"), "{}", late.out);
    refused(&setting.run(&["access", "use", ID, "1", "--what", "read logs"]), Exit::No, "ended at");
    let journal = fs::read_to_string(setting.journal()).expect("text");
    assert!(!journal.contains("Ann") && journal.contains("access-approved") && journal.contains("access-used"));
    let deny = ["access", "request", ID, "--who", "Kim Lee", "--what", "a database", "--why", "rows", "--for", "90m"];
    setting.run(&deny);
    setting.run(&["access", "deny", ID, "2", "--by", "Ann Other"]);
    refused(&setting.run(&["access", "approve", ID, "2", "--by", "Ann Other"]), Exit::No, "access 2 is denied");
}

#[test]
fn a_journal_that_was_changed_or_cut_is_found_with_its_line() {
    let setting = Setting::opened();
    let whole = setting.run(&["journal", "verify", ID]);
    assert_eq!(whole.exit, Exit::Done, "{}", whole.talk);
    let text = fs::read_to_string(setting.journal()).expect("text");
    assert_eq!(setting.run(&["journal", "export", ID]).out, text);
    let head = setting.json(&["journal", "verify", ID])["journal_head"]["hash"].as_str().expect("a hash").to_owned();
    let lines: Vec<&str> = text.lines().collect();
    let join = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let cut = join(&lines[..lines.len() - 1]);
    for (edited, head, told) in [
        (text.replacen("\"target\":\"pager\"", "\"target\":\"chat\"", 1), None, "line 2 does not have the hash"),
        (join(&[lines[0], lines[2], lines[1]]), None, "line 2 does not follow"),
        (join(&lines[1..]), None, "line 1 does not follow"),
        (text.trim_end().to_owned(), None, "is cut off"),
        (cut, Some(head.as_str()), "its end was cut off"),
    ] {
        fs::write(setting.journal(), edited).expect("written");
        let head: Vec<&str> = head.into_iter().flat_map(|head| ["--head", head]).collect();
        refused(&setting.run(&[&["journal", "verify", ID][..], &head].concat()), Exit::Damaged, told);
    }
    fs::write(setting.journal(), join(&[lines[1], lines[0]])).expect("written");
    let list = setting.run(&["list"]);
    refused(&list, Exit::Damaged, "line 1");
    refused(&setting.run(&["resolve", ID, "--text", "it is over now"]), Exit::Damaged, "line 1");
}

#[test]
fn one_target_that_is_down_is_partly_done_and_with_all_down_the_people_to_call_are_printed() {
    let setting = Setting::new();
    setting.targets.pager.fails.set(Some(false));
    let seen = setting.open(&[]);
    assert_eq!(seen.exit, Exit::Partial, "{}", seen.talk);
    assert!(seen.out.contains("notice    pager, level 1: NOT SENT: ") && seen.out.contains("chat, level 1: sent"));
    assert!(!seen.talk.contains("call them"), "{}", seen.talk);
    setting.targets.pager.fails.set(None);
    assert_eq!(setting.open(&[]).exit, Exit::Done);
    assert_eq!((setting.targets.pager.alerts(), setting.targets.chat.alerts()), (1, 1));

    let setting = Setting::new();
    for target in [&setting.targets.pager, &setting.targets.chat, &setting.targets.lead] {
        target.fails.set(Some(false));
    }
    let seen = setting.open(&[]);
    refused(&seen, Exit::Partial, "SRE (Ada Night): phone +1 555 0100");
    for target in [&setting.targets.pager, &setting.targets.chat] {
        target.fails.set(None);
    }
    assert_eq!(setting.open(&[]).exit, Exit::Done, "the same command goes on");
    assert_eq!((setting.targets.pager.alerts(), setting.targets.chat.alerts()), (1, 1));
}

#[test]
fn a_bundle_comes_later_and_a_page_is_not_for_a_sev3() {
    let setting = Setting::new();
    let (case, later) = (setting.path("agent.toml"), setting.path("b.casefile.zip"));
    fs::write(&later, b"PK later").expect("written");
    let seen = setting.run(&["open", "--without-bundle", "--case", &case]);
    assert_eq!(seen.exit, Exit::Done, "{}", seen.talk);
    assert!(seen.out.contains("owed      logs"), "{}", seen.out);
    let seen = setting.run(&["attach", ID, &later]);
    assert_eq!(seen.exit, Exit::Done, "{}", seen.talk);
    assert!(seen.out.contains("bundle    b.casefile.zip: attached"), "{}", seen.out);
    let other = Setting::new();
    let lower = ["--severity", "3", "--severity-reason", "agreed with them", "--page"];
    refused(&other.open(&lower), Exit::No, "SEV3 does not go to the pager");
    assert!(!other.dir.path().join("state").exists());
}

#[test]
fn the_list_has_what_is_due_first_on_top_and_the_timer_of_each_system_is_printed() {
    let setting = Setting::opened();
    let other = CASE.replace("c-7fk2m9q4xa", "c-0000000001");
    fs::write(setting.dir.path().join("other.toml"), other).expect("written");
    let (other, reason) = (setting.path("other.toml"), "it comes tomorrow");
    let opened = setting.run(&["open", "--without-bundle", "--case", &other, "--override-checklist", reason]);
    assert_eq!(opened.exit, Exit::Done, "{}", opened.talk);
    let cases = |setting: &Setting| -> Vec<String> {
        let list = setting.json(&["list"]);
        let cases = list["cases"].as_array().expect("a list");
        cases.iter().map(|case| case["case_id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(cases(&setting), [ID, "c-0000000001"]);
    setting.run(&["ack", ID, "--by", "Kim Lee", "--way", "phone"]);
    assert_eq!(cases(&setting), ["c-0000000001", ID], "the SEV2's next level is due before the SEV1's update");
    for (timer, told) in [("systemd", "OnCalendar=minutely"), ("cron", "* * * * * "), ("schtasks", "/SC MINUTE")] {
        assert!(setting.run(&["watch", "--print-timer", timer]).out.contains(told));
    }
}
