//! Rows of the procedure (docs/procedure.md) that only the program as a whole can show: far sides that are really spoken to, by
//! the policy's matrix, at the real time.

#![allow(clippy::panic)] // a helper of a test may end it

mod chain_support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use chain_support::{Output, Run, arg, casefile, folder, read, write};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

/// What all far sides of one test were asked, and how they answer.
#[derive(Default)]
struct World {
    /// Path and body, in their order.
    got: Vec<(String, Value)>,
    /// Paths that answer 500.
    down: BTreeSet<&'static str>,
    /// The tickets of a ticket system.
    tickets: Vec<Value>,
}

/// A pager, a second pager, a chat room and a ticket system, each at a path of one server on this machine.
struct Desk {
    folder: tempfile::TempDir,
    place: String,
    world: Arc<Mutex<World>>,
}

impl Desk {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let place = listener.local_addr().expect("an address").to_string();
        let world = Arc::new(Mutex::new(World::default()));
        let kept = world.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let world = kept.clone();
                std::thread::spawn(move || while serve(&stream, &world).is_some() {});
            }
        });
        Self { folder: folder(), place, world }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().expect("nobody panics while holding this")
    }

    /// The bodies that came to `path`.
    fn got(&self, path: &str) -> Vec<Value> {
        self.world().got.iter().filter(|(at, _)| at == path).map(|(_, body)| body.clone()).collect()
    }

    /// A policy whose desk is open now, or has a holiday; `more` stands at its end.
    fn policy(&self, name: &str, open: bool, tickets: bool, more: &str) -> String {
        let place = &self.place;
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let days = [today - 1.day(), today, today + 1.day()];
        let closed: Vec<String> =
            days.iter().map(|day| format!("{{ date = \"{day}\", name = \"Founders' Day\" }}")).collect();
        let holidays = if open { String::new() } else { closed.join(", ") };
        let builtin = casefile(["escalate", "policy", "default"]).expect(0).stdout;
        let head = if tickets { "calendar = \"desk\"\nticket_system = \"tickets\"" } else { "calendar = \"desk\"" };
        let text = builtin
            .replacen("calendar = \"desk\"", head, 1)
            .replacen("mon-fri 09:00-17:00", "mon-sun 00:00-24:00", 1)
            .replacen("holidays = []", &format!("holidays = [{holidays}]"), 1)
            .replacen("[[contacts]]\nteam = \"SRE\"", "[[contacts]]\nteam = \"SRE\"\nphone = \"+1 555 0100\"", 1);
        let sides = format!(
            "\n[ticket_systems.tickets]\nkind = \"webhook\"\nurl = \"http://{place}/tickets\"\ntoken = \"env:TOKEN\"\n\
             [notifiers.sre]\nkind = \"pagerduty\"\nteam = \"SRE\"\nsecure = true\naddress = \"http://{place}/sre\"\nrouting_key = \"env:KEY\"\n\
             [notifiers.engineering]\nkind = \"webhook\"\nteam = \"Engineering\"\nsecure = true\npages = true\nurl = \"env:ENGINEERING\"\n\
             [notifiers.room]\nkind = \"slack\"\nurl = \"env:ROOM\"\n"
        );
        let path = self.path(name);
        write(&path, text + &sides + more);
        arg(path)
    }

    /// The matrix of most rows: both teams and the room at once for SEV1 and SEV2, the room for the others.
    fn matrix() -> &'static str {
        "[[matrix]]\nseverities = [\"SEV1\", \"SEV2\"]\nlevels = [[\"sre\", \"engineering\", \"room\"]]\n\
         [[matrix]]\nseverities = [\"SEV3\", \"SEV4\"]\nlevels = [[\"sre\", \"room\"]]\n"
    }

    /// A case that lacks nothing but diagnostics, at `scope`, changed by `change`.
    fn case(&self, number: u8, scope: &str, change: impl FnOnce(String) -> String) -> String {
        let now = Timestamp::now();
        let text = format!(
            "case_id = \"c-000000000{number}\"\nsummary = \"checkout answers 503\"\nservice = \"payments\"\naccount_id = \"ACME-7731\"\n\
             started_at = \"{started}\"\nreported_at = \"{reported}\"\nsteps_to_reproduce = [\"put anything in the cart\", \"pay by card\", \"503 appears\"]\n\
             error_messages = [\"503 Service Unavailable\"]\nbusiness_impact = \"no sales while it lasts\"\n\
             escalation_reason = \"the fault is in the gateway, to which support has no access\"\n\
             contact = {{ name = \"Erika Muster\", address = \"+49 30 5550 1234\" }}\n\
             emergency_contact = {{ name = \"Night Muster\", address = \"+49 30 5550 9876\" }}\npreferred_channel = \"phone\"\n\
             browser_involved = false\nscreenshots = {{ none_because = \"the error is plain text\" }}\n\n\
             [impact]\nwho = \"cashiers in all shops\"\ncannot = \"take card payments\"\naffected = 250\ntotal = 300\nsince = \"{started}\"\n\
             scope = \"{scope}\"\nworkaround = \"pay in cash, slowly\"\n\n[[tried]]\nwhat = \"restarted the gateway\"\nresult = \"503 again after 5 minutes\"\n",
            started = now - 5.minutes(),
            reported = now - 2.minutes(),
        );
        let path = self.path(&format!("case-{number}.toml"));
        write(&path, change(text));
        arg(path)
    }

    fn casefile<S: AsRef<str>>(&self, args: &[S]) -> Run {
        casefile(args.iter().map(AsRef::as_ref))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("HOME", self.path("home"))
            .env("USER", "sam")
            .env("TOKEN", "ticket-token")
            .env("KEY", "routing-key")
            .env("ENGINEERING", format!("http://{}/engineering", self.place))
            .env("ROOM", format!("http://{}/room/secret", self.place))
    }

    /// `escalate open` without a bundle; what a bundle would hold is overridden.
    fn open(&self, case: &str, policy: &str, more: &[&str]) -> Run {
        let args = [
            "escalate",
            "open",
            "--without-bundle",
            "--case",
            case,
            "--policy",
            policy,
            "--override-checklist",
            "the bundle comes later",
        ];
        self.casefile(&[&args[..], more].concat())
    }

    fn journal(&self, number: u8) -> String {
        let path = self.path(&format!("state/casefile/journal/c-000000000{number}.jsonl"));
        if path.exists() { String::from_utf8(read(path)).expect("text") } else { String::new() }
    }

    /// Nobody heard of it, and nothing was written.
    #[track_caller]
    fn nothing_went_out(&self, number: u8) {
        assert_eq!(self.world().got, Vec::new());
        assert_eq!(self.journal(number), "");
    }
}

/// Answers one request; nothing at the end of the connection.
fn serve(stream: &TcpStream, world: &Mutex<World>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = target.split('?').next()?.to_owned();
    let asked: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut world = world.lock().expect("nobody panics while holding this");
    let down = world.down.iter().any(|down| path.starts_with(down));
    if method == "POST" && !down {
        world.got.push((path.clone(), asked.clone()));
    }
    let answer = match path.as_str() {
        "/tickets" if method == "GET" => json!({ "tickets": world.tickets }),
        "/tickets" if !down => ticket(&mut world.tickets, &asked),
        _ => json!({ "status": "success" }),
    };
    drop(world);
    let (status, answer) = if down { ("500 Down", json!({})) } else { ("200 OK", answer) };
    let answer = answer.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    )
    .ok()
}

/// The ticket system of docs/tickets.md, as small as it can be.
fn ticket(tickets: &mut Vec<Value>, event: &Value) -> Value {
    let number = tickets.len() + 1;
    match event["event"].as_str() {
        Some("ticket") => {
            let mut made = event.clone();
            made["id"] = json!(number.to_string());
            made["url"] = json!(format!("https://tickets.example.com/{number}"));
            made["comments"] = json!([]);
            tickets.push(made.clone());
            made
        }
        Some("comment") => {
            let of_id = tickets.iter_mut().find(|ticket| ticket["id"] == event["id"]);
            if let Some(comments) = of_id.and_then(|ticket| ticket["comments"].as_array_mut()) {
                comments.push(event["key"].clone());
            }
            json!({})
        }
        _ => json!({}),
    }
}

fn summaries(bodies: &[Value]) -> Vec<String> {
    bodies.iter().filter_map(|body| body["payload"]["summary"].as_str()).map(str::to_owned).collect()
}

#[track_caller]
fn tells(output: &Output, words: &[&str]) {
    // Lines are broken at 80 columns.
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let all = format!("{}{}", output.stdout, output.stderr);
    for word in words {
        assert!(joined(&all).contains(&joined(word)), "lacks {word}:\n{all}");
    }
}

/// Rows 7, 10, 39 and 42.
#[test]
fn both_teams_are_told_of_a_sev1_before_its_ticket_and_who_was_not_is_named() {
    let desk = Desk::new();
    let (case, policy) =
        (desk.case(1, "complete-outage", |text| text), desk.policy("p.toml", true, true, Desk::matrix()));
    desk.world().down = BTreeSet::from(["/engineering", "/tickets"]);
    let first = desk.open(&case, &policy, &[]).expect(4);
    tells(
        &first,
        &[
            "notice    engineering, level 1: NOT SENT",
            "notice-engineering-1.eml",
            "notice    sre, level 1: sent",
            "ticket-not-made.eml",
        ],
    );
    assert!(!first.stderr.contains("call them"), "the other pager was reached: {}", first.stderr);
    assert!(desk.got("/sre").iter().all(|event| event["links"].is_null()), "there is no ticket yet");
    let mails = desk.path("state/casefile/outbox/c-0000000001");
    assert!(mails.join("notice-engineering-1.eml").is_file());
    assert!(
        String::from_utf8(read(mails.join("ticket-not-made.eml"))).expect("text").contains("cashiers in all shops")
    );
    assert!(desk.journal(1).contains("notice-failed"));

    // The same command goes on: one ticket, the link for all, nothing twice at the pager but under its one key.
    desk.world().down.clear();
    tells(&desk.open(&case, &policy, &[]).expect(0), &["https://tickets.example.com/1"]);
    let tickets = desk.world().tickets.len();
    assert_eq!((tickets, desk.got("/engineering").len()), (1, 1));
    let pages = desk.got("/sre");
    let keys: BTreeSet<&str> = pages.iter().filter_map(|event| event["dedup_key"].as_str()).collect();
    assert_eq!(keys, BTreeSet::from(["c-0000000001/sre/1"]));
    assert_eq!(pages.last().expect("a page")["links"][0]["href"], json!("https://tickets.example.com/1"));
    let order: Vec<String> = desk.world().got.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(order[0], "/sre", "the page goes before all else");
}

/// Rows 39 and 42.
#[test]
fn with_every_side_down_the_phone_list_is_printed_and_a_sev3_waits_for_its_ticket() {
    let desk = Desk::new();
    let policy = desk.policy("p.toml", true, true, Desk::matrix());
    desk.world().down = BTreeSet::from(["/"]);
    let (outage, slow) = (desk.case(1, "complete-outage", |text| text), desk.case(2, "degraded", |text| text));
    tells(&desk.open(&outage, &policy, &[]).expect(4), &["nobody was told; call them:", "SRE: phone +1 555 0100"]);
    desk.open(&slow, &policy, &[]).expect(4);
    assert!(!desk.journal(2).contains("notice-intent"), "nobody hears of a SEV3 without a ticket: {}", desk.journal(2));
    desk.world().down.clear();
    desk.open(&outage, &policy, &[]).expect(0);
    assert_eq!((desk.got("/sre").len(), desk.got("/room/secret").len()), (2, 1));
}

/// Row 38.
#[test]
fn each_service_has_its_own_people_and_an_unknown_one_goes_to_the_stated_default() {
    let desk = Desk::new();
    let rows = "[[matrix]]\nservice = \"payments\"\nseverities = [\"SEV2\"]\nlevels = [[\"sre\"]]\n\
                [[matrix]]\nservice = \"mail\"\nseverities = [\"SEV2\"]\nlevels = [[\"engineering\"]]\n\
                [[matrix]]\nseverities = [\"SEV2\"]\nlevels = [[\"room\"]]\n";
    let policy = desk.policy("p.toml", true, false, rows);
    for (number, service, at, why) in [
        (1, "payments", "/sre", "the row of its service"),
        (2, "Mail", "/engineering", "the row of its service"),
        (3, "fax", "/room/secret", "the row for all services, as the matrix has no row for its service"),
    ] {
        let case = desk.case(number, "major-function", |text| {
            text.replace("\"payments\"", &format!("\"{service}\"")).replace("affected = 250", "affected = 12")
        });
        tells(&desk.open(&case, &policy, &[]).expect(0), &[&format!("told      by {why}")]);
        let told: Vec<String> = desk.world().got.drain(..).map(|(path, _)| path).collect();
        assert_eq!(told, [at], "{service}");
    }
}

/// Row 41.
#[test]
fn an_impact_of_an_essay_becomes_a_few_lines_and_keeps_the_link() {
    let desk = Desk::new();
    let policy = desk.policy("p.toml", true, true, Desk::matrix());
    let essay = "they cannot sell anything at all and it goes on ".repeat(65);
    let case = desk.case(1, "complete-outage", |text| text.replace("no sales while it lasts", &essay));
    desk.open(&case, &policy, &[]).expect(0);
    let pages = desk.got("/sre");
    for summary in summaries(&pages) {
        assert!(summary.chars().count() <= 1024 && summary.contains("cashiers in all shops"), "{summary}");
        let last = summary.trim_end_matches('…').trim_end().rsplit(' ').next().unwrap_or_default();
        assert!(essay.split(' ').any(|word| word == last), "cut within a word: {summary}");
    }
    let room = desk.got("/room/secret").last().expect("a message").to_string();
    assert!(room.contains("https://tickets.example.com/1") && room.chars().count() < 1600, "{room}");
}

/// Rows 48 and 49.
#[test]
fn what_is_personal_in_any_field_that_a_room_would_hear_stops_the_whole_before_anything_goes_out() {
    let desk = Desk::new();
    let policy = desk.policy("p.toml", true, true, Desk::matrix());
    for (from, to, value) in [
        ("cashiers in all shops", "erika.muster@example.org and others", "erika.muster@example.org"),
        ("cashiers in all shops", "erika . muster @ example . org", "muster @ example"),
        ("take card payments", "pay with DE89 3704 0044 0532 0130 00", "0532 0130 00"),
        ("take card payments", "pay with 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "1 1 1 1 1 1"),
        ("no sales while it lasts", "call +49 30 5550 1234", "5550 1234"),
        ("no sales while it lasts", "https://shop.example/?mail=erika%2Emuster%40example.org", "erika%2Emuster"),
        ("no sales while it lasts", "ｅｒｉｋａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "ｅｒｉｋａ"),
        ("service = \"payments\"", "service = \"erika.muster@example.org\"", "erika.muster"),
        ("no sales while it lasts", "the account ACME-7731 sells nothing", "ACME-7731"),
    ] {
        let case = desk.case(1, "complete-outage", |text| text.replacen(from, to, 1));
        let refused = desk.open(&case, &policy, &[]).expect(1);
        tells(&refused, &["nothing goes to room, which is not marked secure"]);
        assert!(!refused.stderr.contains(value) && !refused.stdout.contains(value), "{value}: {}", refused.stderr);
        desk.nothing_went_out(1);
    }
}

/// Rows 62, 63 and 64.
#[test]
fn outside_business_hours_the_pager_hears_why_and_the_emergency_contact_and_the_room_does_not() {
    let desk = Desk::new();
    let policy = desk.policy("p.toml", false, true, Desk::matrix());
    let without = desk.case(1, "complete-outage", |text| text.replace("emergency_contact", "# emergency_contact"));
    let args = ["escalate", "open", "--without-bundle", "--case", &without, "--policy", &policy];
    let refused = desk.casefile(&args).expect(1);
    tells(&refused, &["emergency", "--emergency-name"]);
    desk.nothing_went_out(1);
    // Inside of them nobody asks for it.
    let by_day = desk.policy("day.toml", true, true, Desk::matrix());
    desk.casefile(&[&args[..5], &["--policy", &by_day, "--dry-run"]].concat()).expect(0);

    let case = desk.case(2, "major-function", |text| text.replace("affected = 250", "affected = 12"));
    let opened = desk.open(&case, &policy, &[]).expect(0);
    tells(&opened, &["desk      closed (holiday: Founders' Day)"]);
    let page = desk.got("/sre").last().expect("a page")["payload"]["custom_details"].clone();
    assert_eq!(page["outside business hours"], json!("holiday: Founders' Day"));
    assert!(page["emergency contact"].as_str().is_some_and(|contact| contact.contains("+49 30 5550 9876")), "{page}");
    let heard_in_public = desk.got("/room/secret").iter().map(Value::to_string).collect::<String>();
    for secret in ["5550", "Muster", "ACME"] {
        assert!(!heard_in_public.contains(secret) && !desk.journal(2).contains(secret), "{secret}: {heard_in_public}");
        assert!(!opened.stdout.contains(secret) && !opened.stderr.contains(secret), "{secret}: {}", opened.stdout);
    }
    assert!(desk.world().tickets[0]["text"].as_str().is_some_and(|text| text.contains("5550 9876")));
}

/// Rows 16, 17 and 65.
#[test]
fn a_sev3_and_a_sev4_get_a_ticket_and_page_nobody_at_night_whatever_is_asked_for() {
    let desk = Desk::new();
    let policy = desk.policy("p.toml", false, true, Desk::matrix());
    let (slow, minor) = (desk.case(1, "degraded", |text| text), desk.case(2, "minor", |text| text));
    for (number, case, due) in [(1, &slow, "SEV3 is due "), (2, &minor, "SEV4 is due ")] {
        let refused = desk.open(case, &policy, &["--page"]).expect(1);
        tells(&refused, &["does not go to the pager", due, "business hours open"]);
        desk.nothing_went_out(number);
    }
    let opened = desk.open(&slow, &policy, &[]).expect(0);
    tells(
        &opened,
        &["pager     nobody is woken: a SEV3 pages nobody outside business hours; held back: sre", "escalate  due "],
    );
    tells(
        &desk.open(&minor, &policy, &[]).expect(0),
        &["queue     backlog", "held back room: a SEV4 pings no chat room"],
    );
    assert_eq!((desk.got("/sre").len(), desk.got("/room/secret").len(), desk.world().tickets.len()), (0, 1, 2));
}

/// `--page` and a policy without pagers.
#[test]
fn a_page_that_is_asked_for_is_sent_also_by_day_or_its_lack_is_said_with_the_phone_list() {
    let desk = Desk::new();
    let rows = "[[matrix]]\nseverities = [\"SEV2\"]\nhours = \"open\"\nlevels = [[\"room\"]]\n";
    let night = "[[matrix]]\nseverities = [\"SEV2\"]\nhours = \"closed\"\nlevels = [[\"sre\"]]\n";
    let case = |number| desk.case(number, "major-function", |text| text.replace("affected = 250", "affected = 12"));
    let policy = desk.policy("p.toml", true, false, &format!("{rows}{night}"));
    tells(&desk.open(&case(1), &policy, &[]).expect(0), &["pager     nobody is woken: none of its targets is a pager"]);
    assert_eq!(desk.got("/sre").len(), 0);
    tells(&desk.open(&case(2), &policy, &["--page"]).expect(0), &["and a pager, as it was asked for"]);
    assert_eq!(desk.got("/sre").len(), 1);
    let unpaged = desk.policy("q.toml", true, false, rows);
    tells(&desk.open(&case(3), &unpaged, &["--page"]).expect(4), &["nobody was woken; call them:", "+1 555 0100"]);
}
