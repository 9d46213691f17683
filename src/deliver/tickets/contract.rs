//! What every ticket system must do, in one test that each of them passes: the outbox, a real Request Tracker and a real
//! Redmine where `CASEFILE_RT_URL` and `CASEFILE_REDMINE_URL` say where they are (`tests/system/tickets` starts them), and
//! stand-ins for those that cannot run here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::stand_ins::{self, StandIn};
use super::*;
use crate::deliver::Link;
use crate::deliver::outbox::Outbox;
use crate::escalate::Policy;

/// How a system holds files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    /// They are read back.
    ReadBack,
    /// Their size alone is known.
    SizeAlone,
    /// It takes none.
    LinksAlone,
}

/// A ticket whose texts act wherever they are not quoted.
pub(super) fn ticket(case_id: CaseId) -> Ticket {
    Ticket {
        fields: BTreeMap::from([
            ("case_id", case_id.to_string()),
            ("severity", "SEV2".to_owned()),
            ("account_id", "ACME-77 <b>\"x\"</b>".to_owned()),
            ("respond_by", "2026-11-24T10:50:00Z".to_owned()),
        ]),
        case_id,
        severity: Severity::Sev2,
        queue: "escalations".to_owned(),
        title: "[SEV2] payments: <b>{{x}}</b> & \"quotes\" [code] @here ü".to_owned(),
        body: format!(
            "cashiers \\<script> cannot pay {{{{macro_list}}}} {{noformat}}\n12 of 300 users affected since 2026-11-24 09:15 UTC\n\n\
             ## SEV2: </pre><b>x</b> [code]y[/code]\n\n- !http://a.example/x.png!\n- #123 @ here\n\n    {{{{include(x)}}}}\n    \
             /close \\u{{1b}}\n\n{}",
            "- a long line of the ticket, repeated until short fields are full: ünïcödé\n".repeat(100)
        ),
    }
}

/// Holds `system` to the contract; `api` is what is behind it, where that is another thing.
pub(super) fn holds(system: &dyn TicketSystem, api: Option<&dyn TicketApi>, case_id: &CaseId, files: Files) {
    assert_eq!(system.find(case_id).expect("nothing is found"), None);
    let ticket = ticket(case_id.clone());
    let made = system.create(&ticket).expect("the ticket is made");
    assert_eq!(system.remarks(), Vec::<String>::new(), "all is kept as it was sent");
    assert_eq!(system.find(case_id).expect("it is found").as_ref(), Some(&made));
    let again = Ticket { title: "[SEV2] another".to_owned(), ..ticket.clone() };
    assert_eq!(system.create(&again).expect("it is found instead of made"), made);

    let dir = tempfile::tempdir().expect("a folder");
    let (bundle, digest) = bundle(dir.path(), &format!("{case_id}.casefile.zip"), 700);
    match (files, system.attach(&made, &bundle, &digest)) {
        (Files::LinksAlone, result) => {
            assert!(matches!(result, Err(DeliverError::TooLarge { most: 0, .. })), "{result:?}");
        }
        (_, attached) => {
            let first = attached.expect("the file is attached");
            assert_eq!((first.size, first.digest, first.already), (700, digest, false));
            assert_eq!(first.read_back, files == Files::ReadBack);
            let second = system.attach(&made, &bundle, &digest).expect("it is there");
            assert!(second.already, "the same file is attached once");
            if let Some(api) = api {
                assert_eq!(api.files(&made).expect("listed").len(), 1);
            }
            let changed = system.attach(&made, &bundle, &Sha256Digest([0; 32])).expect_err("not what was verified");
            assert!(matches!(changed, DeliverError::DigestMismatch { .. }), "{changed}");
        }
    }

    for text in ["first\n", "the same key again\n"] {
        system.comment(&made, "bundle-a_b/c", text).expect("a comment is added");
    }
    let link = Link {
        url: url::Url::parse("https://up.example/drop/a.zip?sig=x%2Fy").expect("an address"),
        file_name: "b.casefile.zip".to_owned(),
        size: 1 << 30,
        digest: Sha256Digest([7; 32]),
    };
    for _ in 0..2 {
        system.link(&made, &link).expect("a link is left");
    }
    if let Some(api) = api {
        assert!(api.has_comment(&made, "casefile-bundle-a-b-c").expect("listed"));
        assert!(!api.has_comment(&made, "casefile-bundle-a-b").expect("listed"), "a part of a key is another key");
    }

    assert_eq!(system.state(&made).expect("readable").severity, Some(Severity::Sev2));
    for severity in [Severity::Sev1, Severity::Sev1, Severity::Sev3] {
        system.set_severity(&made, severity).expect("the severity is set");
        assert_eq!(system.state(&made).expect("readable").severity, Some(severity));
    }
    assert_eq!(system.state(&made).expect("readable").status, TicketStatus::Open);
    for status in [TicketStatus::Waiting, TicketStatus::Open, TicketStatus::Resolved, TicketStatus::Resolved] {
        system.set_status(&made, status).expect("the state is set");
        assert_eq!(system.state(&made).expect("readable").status, status);
    }
    assert_eq!(system.find(case_id).expect("a resolved ticket is found").as_ref(), Some(&made));
    if let Some(api) = api {
        two_in_transit(system, api, &made, &ticket);
    }
}

/// Two runs made a ticket each: the younger is closed, once, and said.
fn two_in_transit(system: &dyn TicketSystem, api: &dyn TicketApi, made: &TicketRef, ticket: &Ticket) {
    // A far side that tells repetitions by their key makes no second one.
    let younger = api.make(ticket).expect("made");
    if younger.id == made.id {
        return;
    }
    assert_eq!(api.find_all(&ticket.case_id).expect("found"), [made.clone(), younger.clone()]);
    assert_eq!(&system.create(ticket).expect("settled"), made);
    assert!(system.remarks().iter().any(|remark| remark.contains("closed as its duplicate")), "{:?}", system.remarks());
    assert_eq!(api.state(&younger).expect("readable").status, TicketStatus::Resolved);
    assert_eq!(api.find_all(&ticket.case_id).expect("found"), std::slice::from_ref(made));
}

/// A file of so many bytes, and its digest.
pub(super) fn bundle(folder: &Path, name: &str, size: usize) -> (PathBuf, Sha256Digest) {
    let bytes: Vec<u8> = (0..size as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    let path = folder.join(name);
    fs::write(&path, &bytes).expect("written");
    (path, Sha256Digest(Sha256::digest(&bytes).into()))
}

/// An entry of a policy.
pub(super) fn entry(text: &str) -> TicketSystemEntry {
    let policy = format!("{}\n[ticket_systems.x]\ntoken = \"env:T\"\n{text}\n", Policy::builtin_text());
    Policy::parse("p.toml", &policy).expect("a policy").ticket_systems.remove("x").expect("the entry")
}

pub(super) fn connected(text: &str, token: Secret) -> Checked {
    let checked = checked("desk", &entry(text), token, HttpClient::new(&[]).expect("a client"));
    Checked { look_again: &[Duration::ZERO], ..checked.expect("a ticket system") }
}

fn new_case() -> CaseId {
    let mut random = [0; 7];
    getrandom::fill(&mut random).expect("random bytes");
    CaseId::from_random(random)
}

fn stand_in_holds(server: &StandIn, text: &str, files: Files) {
    let system = connected(&format!("url = \"{}\"\n{text}", server.url("/")), stand_ins::token());
    let case_id = new_case();
    holds(&system, Some(&*system.api), &case_id, files);
    server.with(|state| assert_eq!(state.faults, Vec::<String>::new()));
    let state = system.state(&system.find(&case_id).expect("found").expect("there")).expect("readable");
    let taken = state.taken.expect("taken");
    assert_eq!((taken.by.as_str(), taken.at.to_string().as_str()), ("Kim", "2026-11-24T09:00:00Z"));
}

#[test]
fn the_contract_holds_of_the_outbox() {
    let dir = tempfile::tempdir().expect("a folder");
    holds(&Outbox::new(dir.path().join("out")), None, &new_case(), Files::ReadBack);
}

#[test]
fn the_contract_holds_of_jira() {
    let fields = "fields = { severity = \"customfield_10031\", account_id = \"customfield_10032\" }\n\
                  queues = { escalations = \"OPS\" }";
    stand_in_holds(
        &stand_ins::jira::cloud(),
        &format!(
            "kind = \"jira-cloud\"\nuser = \"ann@agent.example\"\n{fields}\nstatuses = {{ waiting = \"Waiting for customer\" }}"
        ),
        Files::ReadBack,
    );
    stand_in_holds(&stand_ins::jira::data_center(), &format!("kind = \"jira-data-center\"\n{fields}"), Files::ReadBack);
}

#[test]
fn the_contract_holds_of_zendesk() {
    let text = "kind = \"zendesk\"\nuser = \"ann@agent.example\"\nfields = { severity = \"priority\", account_id = \"360001\" }\n\
                queues = { escalations = \"4711\" }";
    stand_in_holds(&stand_ins::zendesk::start(), text, Files::SizeAlone);
}

#[test]
fn the_contract_holds_of_servicenow() {
    let text = "kind = \"servicenow\"\nfields = { severity = \"u_severity\", account_id = \"u_account\" }";
    stand_in_holds(&stand_ins::servicenow::start(), text, Files::ReadBack);
}

#[test]
fn the_contract_holds_of_a_webhook() {
    stand_in_holds(&stand_ins::webhook::start(), "kind = \"webhook\"", Files::LinksAlone);
}

/// A real system: its address and token in the environment. Without them this test says nothing; `tests/system/tickets`
/// counts the lines that it prints.
fn real_holds(kind: &str, name: &str, queue: &str) {
    let variable = |what: &str| std::env::var(format!("CASEFILE_{name}_{what}"));
    let (Ok(url), Ok(token)) = (variable("URL"), variable("TOKEN")) else { return };
    let fields =
        "{ case_id = \"Case ID\", severity = \"Severity\", account_id = \"Account ID\", respond_by = \"SLA Due\" }";
    let text =
        format!("kind = \"{kind}\"\nurl = \"{url}\"\nfields = {fields}\nqueues = {{ escalations = \"{queue}\" }}");
    let system = connected(&text, Secret::of_test(&token));
    holds(&system, Some(&*system.api), &new_case(), Files::ReadBack);
    let stranger = connected(&text, Secret::of_test("1-1-0000"));
    let refused = stranger.find(&new_case()).expect_err("a wrong token").to_string();
    assert!(
        refused.contains("refuses to look for the ticket: status 401") && !refused.contains("1-1-0000"),
        "{refused}"
    );
    let elsewhere = connected(&text.replace(&format!("\"{queue}\""), "\"nowhere\""), Secret::of_test(&token));
    let refused = elsewhere.create(&ticket(new_case())).expect_err("no such queue");
    assert!(matches!(refused, DeliverError::Refused { .. }), "{refused}");
    fs::write(variable("HELD").expect("a file for the result"), "held").expect("written");
}

#[test]
fn the_contract_holds_of_a_real_request_tracker() {
    real_holds("request-tracker", "RT", "Escalations");
}

#[test]
fn the_contract_holds_of_a_real_redmine() {
    real_holds("redmine", "REDMINE", "escalations");
}
