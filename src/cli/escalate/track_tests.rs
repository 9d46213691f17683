//! What goes wrong on the way from the first page to the end: targets that are down, answers that come late, secrets in a hurry,
//! promises that nobody can keep, and journals that somebody else wrote.

use std::fs;

use serde_json::{Value, json};

use super::case_tests::{ID, Setting, refused};
use super::*;
use crate::checklist::fixture::{CASE, at};
use crate::deliver::journal::{Event, Journal};
use crate::deliver::notifiers::Acknowledgement;
use crate::model::CaseId;
use crate::model::printable::is_deceptive;

/// All that the program keeps: journal, facts, tickets, notices.
fn all_kept(setting: &Setting) -> String {
    let (mut open, mut all) = (vec![setting.dir.path().join("state")], String::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else {
            all += &String::from_utf8_lossy(&fs::read(path).expect("a file"));
        }
    }
    all
}

#[test]
fn a_secret_in_any_text_of_the_command_line_is_kept_nowhere_and_said_by_its_kind() {
    let setting = Setting::new();
    let secret = "it logs in with password=correct-horse-7 since then";
    let open = setting.open(&["--severity", "2", "--severity-reason", secret]);
    assert!(open.exit == Exit::Done && open.talk.contains("note: `--severity-reason` holds a "), "{}", open.talk);
    let policy = setting.path("policy.toml");
    for args in [
        vec!["update", ID, "--text", secret],
        vec!["update", ID, "--text", "called Ann Other of ACME-77, password=correct-horse-7"],
        vec!["ack", ID, "--by", "Kim Lee", "--way", secret],
        vec!["severity", ID, "3", "--reason", secret, "--policy", &policy],
        vec!["access", "request", ID, "--who", "Kim Lee", "--what", secret, "--why", secret, "--for", "2h"],
        vec!["access", "approve", ID, "1", "--by", "Ann Other"],
        vec!["access", "use", ID, "1", "--what", secret],
        vec!["access", "revoke", ID, "1", "--by", secret],
        vec!["resolve", ID, "--text", secret, "--policy", &policy],
    ] {
        let seen = setting.run(&args);
        assert_eq!(seen.exit, Exit::Done, "{args:?}: {}", seen.talk);
        assert!(args[1] == "approve" || seen.talk.contains("REDACTED in its place"), "{args:?}: {}", seen.talk);
        assert!(
            !seen.out.contains("correct-horse-7") && !seen.talk.contains("correct-horse-7"),
            "{args:?}: {}",
            seen.talk
        );
    }
    let journal = fs::read_to_string(setting.journal()).expect("text");
    assert!(journal.contains("called the customer's contact of the customer's account"), "{journal}");
    let kept = all_kept(&setting);
    assert!(!kept.contains("correct-horse-7") && kept.contains("it logs in with password=REDACTED-"), "{kept}");
    for far in [&setting.targets.pager, &setting.targets.chat, &setting.targets.lead] {
        assert!(!format!("{:?}", far.got.borrow()).contains("correct-horse-7"));
    }
}

#[test]
fn a_time_of_repair_goes_to_the_customer_only_with_the_name_of_who_gave_it() {
    let setting = Setting::opened();
    let text = "A setting is wrong. It will be fixed by 17:00.";
    let update = ["update", ID, "--customer", "--sent", "--text", text];
    let before = fs::read(setting.journal()).expect("a journal");
    refused(&setting.run(&update), Exit::No, "promises a time of repair");
    let own = setting.run(&[&update[..], &["--estimate-by", "sam"]].concat());
    refused(&own, Exit::No, "is the agent of this case");
    refused(&setting.run(&[&update[..], &["--estimate-by", "Engineering"]].concat()), Exit::No, "names nobody");
    assert_eq!(fs::read(setting.journal()).expect("a journal"), before, "nothing was recorded");
    let given = setting.run(&[&update[..], &["--estimate-by", "Kim Lee"]].concat());
    assert!(given.exit == Exit::Done && given.out.contains("It will be fixed by 17:00."), "{}", given.talk);
    assert!(!given.out.contains("Kim"), "no name of ours goes out: {}", given.out);
    let journal = fs::read_to_string(setting.journal()).expect("text");
    assert!(journal.contains(r#""estimate_by":"Kim Lee""#), "{journal}");
}

#[test]
fn a_level_that_cannot_be_reached_is_no_reason_to_wait_and_who_was_left_out_is_tried_again() {
    let setting = Setting::new();
    let policy = setting.path("policy.toml");
    let watch = ["watch", "--once", "--policy", &policy];
    for far in [&setting.targets.pager, &setting.targets.chat] {
        far.fails.set(Some(false));
    }
    assert_eq!(setting.open(&[]).exit, Exit::Partial);
    // Five minutes before the time of the next level.
    let seen = setting.at("09:22:00").run(&watch);
    assert_eq!((seen.exit, setting.targets.lead.alerts()), (Exit::Partial, 1), "{}{}", seen.out, seen.talk);
    setting.targets.pager.fails.set(None);
    setting.at("09:23:00").run(&watch);
    assert_eq!((setting.targets.pager.alerts(), setting.targets.lead.got.borrow().len()), (1, 1));
    for minute in 24..40 {
        setting.at(&format!("09:{minute}:00")).run(&watch);
    }
    let journal = fs::read_to_string(setting.journal()).expect("text");
    let tries =
        journal.lines().filter(|line| line.contains("notice-failed") && line.contains(r#""target":"chat""#)).count();
    assert_eq!(tries, 5, "a target that is down for hours does not fill the journal");
    assert_eq!((setting.targets.pager.got.borrow().len(), setting.targets.lead.got.borrow().len()), (1, 1));

    // Somebody has it: nobody else is called, whoever was left out.
    let setting = Setting::new();
    setting.targets.chat.fails.set(Some(false));
    assert_eq!(setting.open(&[]).exit, Exit::Partial);
    setting.run(&["ack", ID, "--by", "Kim Lee", "--way", "phone"]);
    setting.targets.chat.fails.set(None);
    setting.at("09:34:00").run(&watch);
    assert_eq!((setting.targets.chat.alerts(), setting.targets.lead.alerts()), (0, 0));
}

#[test]
fn all_levels_that_are_down_end_with_the_people_to_call() {
    let setting = Setting::opened();
    setting.targets.lead.fails.set(Some(false));
    let seen = setting.at("09:30:00").run(&["watch", "--once", "--policy", &setting.path("policy.toml")]);
    refused(&seen, Exit::No, "SRE (Ada Night): phone +1 555 0100");
}

#[test]
fn a_sev3_without_a_ticket_is_told_to_nobody_by_watch_either() {
    let setting = Setting::new();
    fs::write(setting.dir.path().join("file"), "no folder").expect("written");
    let outbox = setting.path("file");
    let stopped = setting.open(&["--severity", "3", "--severity-reason", "agreed with them", "--outbox", &outbox]);
    assert_eq!(stopped.exit, Exit::LocalFailure, "{}", stopped.talk);
    setting.at("09:22:00").run(&["watch", "--once"]);
    assert_eq!(setting.targets.chat.alerts(), 0);
    let setting = Setting::new();
    fs::write(setting.dir.path().join("file"), "no folder").expect("written");
    let stopped = setting.open(&["--outbox", &setting.path("file")]);
    assert_eq!((stopped.exit, setting.targets.pager.alerts()), (Exit::Partial, 1), "a SEV1 goes");
}

#[test]
fn who_answered_before_the_level_was_raised_has_not_answered_the_higher_one() {
    let setting = Setting::new();
    let policy = setting.path("policy.toml");
    assert_eq!(setting.open(&["--severity", "2", "--severity-reason", "cash is taken"]).exit, Exit::Done);
    let early =
        Acknowledgement { by: "Kim Lee".to_owned(), at: at("2026-11-23T09:22:00Z"), way: "pagerduty".to_owned() };
    *setting.targets.pager.taken.borrow_mut() = Some(early);
    assert_eq!(setting.at("09:23:00").run(&["severity", ID, "1", "--policy", &policy]).exit, Exit::Done);
    // Only now is the pager asked.
    setting.at("09:24:00").run(&["watch", "--once", "--policy", &policy]);
    assert_eq!(setting.json(&["status", ID])["has_it"], Value::Null);
    let seen = setting.at("09:30:00").run(&["watch", "--once", "--policy", &policy]);
    assert_eq!(setting.targets.lead.alerts(), 1, "{}{}", seen.out, seen.talk);
    let again =
        Acknowledgement { by: "Kim Lee".to_owned(), at: at("2026-11-23T09:31:00Z"), way: "pagerduty".to_owned() };
    *setting.targets.pager.taken.borrow_mut() = Some(again);
    setting.at("09:32:00").run(&["watch", "--once", "--policy", &policy]);
    assert_eq!(setting.json(&["status", ID])["has_it"], json!("Kim Lee"));
}

#[test]
fn programs_and_the_agent_are_no_acknowledgement_at_the_far_side_either() {
    let policy = |setting: &Setting| setting.path("policy.toml");
    for by in ["sam", "SAM", "PagerDuty Bot", "casefile", "slack integration"] {
        let setting = Setting::opened();
        let taken = Acknowledgement { by: by.to_owned(), at: at("2026-11-23T09:22:00Z"), way: "pagerduty".to_owned() };
        *setting.targets.pager.taken.borrow_mut() = Some(taken);
        let seen = setting.at("09:26:00").run(&["watch", "--once", "--policy", &policy(&setting)]);
        assert!(seen.talk.contains("no answer that counts from pager"), "{by}: {}", seen.talk);
        assert_eq!((setting.json(&["status", ID])["has_it"].clone(), setting.targets.lead.alerts()), (Value::Null, 1));
        assert_eq!(setting.at("09:36:00").run(&["watch", "--once", "--policy", &policy(&setting)]).exit, Exit::No);
        assert_eq!(setting.run(&["status", ID]).exit, Exit::No, "{by}: the answer is overdue");
    }
}

#[test]
fn ten_cases_of_all_levels_stand_by_what_is_due_first_in_eighty_columns() {
    let setting = Setting::new();
    // Level, minutes until the answer is due (none: no clock), whether it has ended.
    let cases = [
        ("SEV3", Some(600), false),
        ("SEV1", Some(-5), false),
        ("SEV4", None, false),
        ("SEV2", Some(30), false),
        ("SEV1", Some(10), false),
        ("SEV2", Some(-90), false),
        ("SEV3", Some(20), false),
        ("SEV1", Some(9), true),
        ("SEV2", None, false),
        ("SEV1", Some(11), false),
    ];
    let folder = setting.dir.path().join("state/journal");
    let now = at("2026-11-23T09:21:00Z");
    for (n, (severity, due, ended)) in cases.into_iter().enumerate() {
        let id = CaseId::parse(&format!("c-000000000{n}")).expect("an id");
        let mut journal = Journal::open(&folder, &id).expect("opens");
        let opened = Event::new("escalation-opened").with("severity", severity);
        let opened = match due {
            Some(minutes) => opened.with("respond_by", now + jiff::SignedDuration::from_mins(minutes)),
            None => opened,
        };
        journal.append(now, opened).expect("written");
        journal
            .append(now, Event::new("ticket-intent").with("title", "[SEV] a title that is far too long"))
            .expect("written");
        if ended {
            journal.append(now, Event::new("resolved").with("text", "rolled back")).expect("written");
        }
    }
    let order = |args: &[&str]| -> Vec<String> {
        let list = setting.json(args);
        let ids = list["cases"].as_array().expect("a list").iter();
        ids.map(|case| case["case_id"].as_str().expect("an id").trim_start_matches("c-000000000").to_owned()).collect()
    };
    assert_eq!(order(&["list"]), ["5", "1", "4", "9", "6", "3", "0", "8", "2"]);
    assert_eq!(order(&["list", "--all"]).last().map(String::as_str), Some("7"));
    let list = setting.run(&["list"]);
    assert_eq!(list.exit, Exit::No);
    assert!(list.out.lines().all(|line| line.chars().count() <= 80), "{}", list.out);
    assert_eq!(list.out.matches("LATE").count(), 2, "what is late says so in letters: {}", list.out);
}

#[test]
fn a_journal_that_somebody_else_wrote_steers_no_terminal() {
    let setting = Setting::opened();
    let evil = "x\u{1b}[2J\u{9b}31m\u{202e}\r\nnotice    all is well\u{7}\u{e0041}";
    let id = CaseId::parse(ID).expect("an id");
    let mut journal = Journal::open(&setting.dir.path().join("state/journal"), &id).expect("opens");
    let now = at("2026-11-23T09:21:30Z");
    for (name, facts) in [
        ("escalation-opened", vec!["service", "calendar", "customer_zone", "channel", "agent"]),
        ("ticket-intent", vec!["title"]),
        ("acknowledged", vec!["by", "way", "said_by"]),
        ("notice-failed", vec!["key", "target", "cause"]),
        ("access-requested", vec!["who", "what", "why"]),
        ("access-used", vec!["what"]),
        ("attach-failed", vec!["file", "file_digest", "cause"]),
        ("severity-changed", vec!["reason", "agent"]),
        (evil, vec!["text"]),
    ] {
        let mut event = Event::new(name).with("severity", "SEV1").with("access", 1).with("minutes", 60);
        for fact in facts {
            event = event.with(fact, evil);
        }
        journal.append(now, event.with(evil, evil)).expect("written");
    }
    drop(journal);
    setting.at("09:22:00");
    for args in [
        vec!["status", ID, "--times"],
        vec!["list"],
        vec!["journal", "verify", ID],
        vec!["journal", "export", ID],
        vec!["access", "list", ID],
        vec!["access", "approve", ID, "1", "--by", "Ann Other"],
        vec!["access", "revoke", ID, "1", "--by", "Kim Lee"],
        vec!["update", ID, "--text", "looked at it"],
        vec!["update", ID, "--customer", "--text", "We look at it."],
        vec!["watch", "--once"],
        vec!["resolve", ID, "--text", "A setting was put back."],
    ] {
        for json in [vec!["--json"], vec![]] {
            let takes_json = args[0] != "watch" && args.get(1) != Some(&"export");
            if json.is_empty() || takes_json {
                let seen = setting.run(&[args.clone(), json].concat());
                let shown = seen.out + &seen.talk;
                let bad = shown.chars().find(|c| *c != '\n' && is_deceptive(*c));
                assert_eq!(bad, None, "{args:?}: {shown:?}");
                assert!(!shown.lines().any(|line| line.starts_with("notice    all is well")), "{args:?}: {shown}");
            }
        }
    }
}

#[test]
fn a_purge_that_was_stopped_half_way_is_finished_by_the_same_command() {
    let setting = Setting::opened();
    let (policy, purge) = (setting.path("policy.toml"), ["purge", ID]);
    let resolve = ["resolve", ID, "--text", "A setting was put back.", "--policy", &policy];
    assert_eq!(setting.run(&resolve).exit, Exit::Done);
    fs::remove_file(setting.dir.path().join(format!("state/cases/{ID}.json"))).expect("removed");
    fs::remove_file(setting.journal()).expect("removed");
    let seen = setting.run(&purge);
    assert!(seen.exit == Exit::Done && seen.out.contains(".lock"), "{}{}", seen.out, seen.talk);
    refused(&setting.run(&purge), Exit::Usage, "was not escalated on this machine");
}

#[test]
fn a_case_file_of_another_level_keeps_its_own_words() {
    // The facts that a change brings are kept for later notices, and a later change without facts keeps them.
    let setting = Setting::opened();
    let facts = setting.dir.path().join("new.toml");
    fs::write(&facts, CASE.replace("take card payments", "pay at all")).expect("written");
    let (facts, policy) = (facts.display().to_string(), setting.path("policy.toml"));
    let lower = ["severity", ID, "2", "--reason", "fewer shops", "--case", &facts, "--policy", &policy];
    assert_eq!(setting.run(&lower).exit, Exit::Done);
    let kept = fs::read_to_string(setting.dir.path().join(format!("state/cases/{ID}.json"))).expect("kept");
    assert!(kept.contains("pay at all"), "{kept}");
}
