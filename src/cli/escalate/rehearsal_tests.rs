//! A rehearsal of each verb against a policy with every kind of far side: files are written, and that is all that happens.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::atomic::AtomicBool;

use clap::Parser;

use super::case_tests::loaded;
use super::policy_callees::OfPolicy;
use super::*;
use crate::checklist::fixture::{CASE, at};
use crate::escalate::Policy;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    escalate: EscalateArgs,
}

const ID: &str = "c-7fk2m9q4xa";

/// The secrets, by the variable that holds them. Each has signs that JSON, addresses and base64 write differently.
const SECRETS: [(&str, &str); 8] = [
    ("RT", "rt\"tok/en+1"),
    ("KEY", "routing\"key/2"),
    ("API", "api token&3"),
    ("ALERTS", "Bearer alerts/4+5"),
    ("ROOM", "ROOM_URL"),
    ("MAIL", "mail pass/6"),
    ("HOOK", "HOOK_URL"),
    ("SIGN", "signing+key=7"),
];

struct Setting {
    dir: tempfile::TempDir,
    listener: TcpListener,
}

impl Setting {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("a.casefile.zip"), b"PK bundle").expect("written");
        let outage = CASE.replace("affected = 12", "affected = 250").replace("major-function", "complete-outage");
        fs::write(dir.path().join("agent.toml"), outage).expect("written");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self { dir, listener }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn place(&self) -> String {
        self.listener.local_addr().expect("an address").to_string()
    }

    /// What an environment variable holds.
    fn secret(&self, name: &str) -> Option<String> {
        let value = SECRETS.iter().find(|(known, _)| *known == name)?.1;
        Some(match value {
            "ROOM_URL" => format!("http://{}/services/T0/B0/room%2Fsecret+8", self.place()),
            "HOOK_URL" => format!("http://{}/hook?key=hook%2Fsecret+9", self.place()),
            value => value.to_owned(),
        })
    }

    fn policy(&self, ticket_system: &str) -> String {
        let place = self.place();
        // By name: the number of a machine in the link to a ticket is not for public targets.
        let tickets = place.replace("127.0.0.1", "localhost");
        let text = Policy::builtin_text().replacen(
            "calendar = \"desk\"",
            "calendar = \"desk\"\nticket_system = \"tickets\"",
            1,
        ) + &format!(
            "[ticket_systems.tickets]\n{ticket_system}\nurl = \"http://{tickets}/\"\ntoken = \"env:RT\"\n\
             fields = {{ case_id = \"Case ID\", severity = \"Severity\" }}\n\
             [notifiers.pager]\nkind = \"pagerduty\"\nteam = \"SRE\"\nsecure = true\naddress = \"http://{place}/v2/enqueue\"\n\
             api_address = \"http://{place}/api\"\nrouting_key = \"env:KEY\"\napi_token = \"env:API\"\n\
             [notifiers.alerts]\nkind = \"alertmanager\"\nteam = \"Engineering\"\naddress = \"http://{place}/am\"\nauthorization = \"env:ALERTS\"\n\
             [notifiers.room]\nkind = \"slack\"\nurl = \"env:ROOM\"\n\
             [notifiers.desk]\nkind = \"email\"\naddress = \"smtp://{place}\"\nuser = \"casefile\"\npassword = \"env:MAIL\"\n\
             from = \"casefile@example.com\"\nto = [\"desk@example.com\"]\n\
             [notifiers.hook]\nkind = \"webhook\"\nsecure = true\nurl = \"env:HOOK\"\nsigning_key = \"env:SIGN\"\n\
             [notifiers.files]\nkind = \"outbox\"\n\
             [[matrix]]\nseverities = [\"SEV1\", \"SEV2\", \"SEV3\"]\nlevels = [[\"pager\", \"alerts\", \"room\", \"desk\", \"hook\", \"files\"], [\"alerts\"]]\n"
        );
        let name = format!("{}.toml", ticket_system.split('"').nth(1).expect("a kind"));
        fs::write(self.dir.path().join(&name), text).expect("written");
        self.path(&name)
    }

    fn run(&self, args: &[&str]) -> (Exit, String, String) {
        let program = Program::try_parse_from(["casefile"].iter().chain(args)).expect("arguments that clap takes");
        let load = |path: &Path| Ok(loaded(path));
        let environment = |name: &str| self.secret(name).map(Into::into);
        let state = self.dir.path().join("state");
        let rehearsal = program.escalate.rehearsal().map(|folder| Rehearsal::begin(folder).expect("a new folder"));
        let callees = OfPolicy {
            environment: &environment,
            outbox: Some(state.join("outbox")),
            recording: rehearsal.as_ref().map(|rehearsal| rehearsal.recording.clone()),
        };
        let (mut out, mut talk) = (Vec::new(), Vec::new());
        let mut world = World {
            load: &load,
            now: &|| at("2026-11-23T09:21:00Z"),
            state_dir: Some(state),
            agent: Some("sam".to_owned()),
            rehearsal: rehearsal.as_ref(),
            callees: &callees,
            pause: &|_| false,
            cancelled: &AtomicBool::new(false),
            environment: &environment,
            out: &mut out,
            talk: &mut talk,
        };
        let exit = run(&program.escalate, &mut world);
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (exit, text(out), text(talk))
    }

    /// The files of a rehearsal by name; none holds a secret, and nobody was spoken to.
    fn files(&self, folder: &str) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> = fs::read_dir(self.dir.path().join(folder))
            .expect("a folder")
            .map(|entry| entry.expect("an entry"))
            .map(|entry| {
                (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).expect("text"))
            })
            .collect();
        files.sort();
        self.listener.set_nonblocking(true).expect("a listener");
        assert_eq!(self.listener.accept().map(drop).map_err(|e| e.kind()), Err(ErrorKind::WouldBlock));
        for (name, _) in SECRETS {
            let secret = self.secret(name).expect("known");
            // Of an address, what stands behind the host.
            let secret = secret
                .split_once(&self.place())
                .map_or(secret.clone(), |(_, rest)| rest.trim_start_matches('/').to_owned());
            let spellings = [
                secret.clone(),
                Value::from(secret.as_str()).to_string().trim_matches('"').to_owned(),
                data_encoding::BASE64.encode(secret.as_bytes()),
                url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            ];
            for (file, text) in &files {
                assert!(
                    !spellings.iter().any(|spelling| text.contains(spelling) || file.contains(spelling)),
                    "{name} in {file}: {text}"
                );
            }
        }
        files
    }
}

const RT: &str = "kind = \"request-tracker\"";

#[test]
fn a_rehearsal_of_opening_writes_each_request_and_mail_in_order_and_nothing_else_happens() {
    let setting = Setting::new();
    let (bundle, case, policy, folder) =
        (setting.path("a.casefile.zip"), setting.path("agent.toml"), setting.policy(RT), setting.path("dry"));
    let (exit, out, talk) = setting.run(&["open", &bundle, "--case", &case, "--policy", &policy, "--dry-run", &folder]);
    assert_eq!((exit, talk.as_str()), (Exit::Done, ""), "{out}");
    let files = setting.files("dry");
    let names: Vec<&str> = files.iter().map(|(name, _)| &name[5..]).collect();
    assert_eq!(
        names,
        [
            "POST-127.0.0.1.http", // the pager, at once
            "POST-127.0.0.1.http", // the other one
            "notice-files-1.eml",  // files merge too
            "GET-localhost.http",  // is there a ticket?
            "GET-localhost.http",  // does its queue have the field?
            "POST-localhost.http", // the ticket
            "POST-127.0.0.1.http", // all are told with the link to it
            "POST-127.0.0.1.http",
            "POST-127.0.0.1.http",
            "mail-desk.eml",
            "POST-127.0.0.1.http",
            "notice-files-1.eml",
            "POST-localhost.http", // the bundle
            "POST-localhost.http", // the head of the journal
        ],
        "{out}"
    );
    for (n, told) in [
        (0, "\"routing_key\": \"(secret)\""),
        (0, "\"dedup_key\": \"c-7fk2m9q4xa/pager/1\""),
        (1, "authorization: (secret)"),
        (3, "GET http://localhost:"),
        (5, "\"Queue\": \"escalations\""),
        (8, "/(secret)\n"),
        (9, "To: desk@example.com"),
        (10, "x-casefile-signature: sha256="),
        (12, "(here the 9 bytes of a.casefile.zip, SHA-256 "),
        (13, "head "),
    ] {
        assert!(files[n].1.contains(told), "{n} lacks {told}: {}", files[n].1);
    }
    assert!(out.starts_with("nothing was sent or recorded") && out.contains(&files[13].0), "{out}");
    assert!(!setting.dir.path().join("state").exists(), "no journal, no outbox, no facts");
    assert!(Rehearsal::begin(&setting.dir.path().join("dry")).is_err_and(|failure| failure.exit == Exit::Usage));
}

#[test]
fn every_ticket_system_can_be_rehearsed() {
    for kind in [
        "kind = \"redmine\"",
        "kind = \"jira-cloud\"\nuser = \"sam@example.com\"",
        "kind = \"jira-data-center\"",
        "kind = \"zendesk\"\nuser = \"sam@example.com\"",
        "kind = \"servicenow\"",
    ] {
        let setting = Setting::new();
        let policy = setting.policy(kind);
        let (bundle, case, folder) = (setting.path("a.casefile.zip"), setting.path("agent.toml"), setting.path("dry"));
        let (exit, _, talk) =
            setting.run(&["open", &bundle, "--case", &case, "--policy", &policy, "--dry-run", &folder]);
        assert_eq!((exit, talk.as_str()), (Exit::Done, ""), "{kind}");
        let files = setting.files("dry");
        let all: String = files.iter().map(|(_, text)| text.as_str()).collect();
        assert!(all.contains("(here the 9 bytes of a.casefile.zip"), "{kind}: {all}");
        assert!(all.contains("cashiers"), "{kind}: {all}");
    }
}

#[test]
fn a_bundle_that_the_ticket_does_not_take_is_shown_with_its_upload() {
    let setting = Setting::new();
    let text = fs::read_to_string(setting.policy(RT)).expect("text");
    let upload = format!(
        "ticket_system = \"tickets\"\nupload = \"store\"\n[uploads.store]\nkind = \"tus\"\nurl = \"http://{}/up?key=hush\"\ntoken = \"env:API\"\n",
        setting.place()
    );
    // The tables end the top; what stands there goes before them.
    let (top, tables) = text.split_once("[calendars.desk]").expect("a calendar");
    let small = tables.replacen("token = \"env:RT\"", "token = \"env:RT\"\nmost_attachment_bytes = 3", 1);
    let policy = setting.path("up.toml");
    let top = top.replacen("ticket_system = \"tickets\"\n", "", 1);
    let (head, store) = upload.split_once("[uploads").expect("a table");
    fs::write(&policy, format!("{head}{top}[calendars.desk]{small}[uploads{store}")).expect("written");
    let (bundle, case, folder) = (setting.path("a.casefile.zip"), setting.path("agent.toml"), setting.path("dry"));
    let (exit, out, talk) = setting.run(&["open", &bundle, "--case", &case, "--policy", &policy, "--dry-run", &folder]);
    assert_eq!((exit, talk.as_str()), (Exit::Done, ""), "{out}");
    let files = setting.files("dry");
    let upload = &files.iter().find(|(name, _)| name.ends_with("upload-store.txt")).expect("an upload").1;
    assert!(
        upload.contains("tus upload to http://127.0.0.1") && upload.contains("9 bytes") && !upload.contains("hush"),
        "{upload}"
    );
}

#[test]
fn the_later_verbs_are_rehearsed_on_a_copy_of_the_journal() {
    let setting = Setting::new();
    let (bundle, case) = (setting.path("a.casefile.zip"), setting.path("agent.toml"));
    let (exit, _, talk) = setting.run(&["open", &bundle, "--case", &case]);
    assert_eq!(exit, Exit::Done, "{talk}");
    let all = |folder: &str| -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![setting.dir.path().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push((path.clone(), fs::read(&path).expect("bytes")));
                }
            }
        }
        found.sort();
        found
    };
    let before = all("state");
    let policy = setting.policy(RT);
    for (n, (args, told)) in [
        (vec!["severity", ID, "3", "--reason", "a workaround was found"], "outbox-comment-severity-1.md"),
        (vec!["attach", ID, &bundle], "outbox-attachment.txt"),
        (vec!["resolve", ID, "--text", "A setting was put back."], "outbox-status.txt"),
        (vec!["watch", ID, "--once"], ""),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = format!("dry-{n}");
        let (exit, out, talk) =
            setting.run(&[&args[..], &["--policy", &policy, "--dry-run", &setting.path(&folder)]].concat());
        assert!(exit == Exit::Done || args[0] == "watch", "{args:?}: {talk}");
        assert!(out.contains(told) && out.starts_with("nothing was sent"), "{args:?}: {out}");
        if !told.is_empty() {
            setting.files(&folder);
        }
        assert_eq!(all("state"), before, "{args:?}");
    }
}
