//! Things that happen in the middle of a run: a file changes between or during the two passes, a collector crashes or
//! hangs, the clock jumps. The pipeline is called directly, so that each happens at its moment and not by luck.

#![cfg(unix)]
#![allow(clippy::panic, clippy::print_stdout)] // a helper of a test may end it

mod support;

use std::fs::{self, OpenOptions};
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use casefile::bundle::layout::BundleName;
use casefile::collect::{self, Collector, Context, Deadline, Open, OpenError, Opened, Pass, Profile, Source, Step};
use casefile::model::{Case, CaseId};
use casefile::pipeline::{self, Clocks, Order, Pace, Planned, RunError};
use casefile::platform;
use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet};
use jiff::Timestamp;
use support::{Bundle, Place, ends, set_mode};

/// The order of a run in `place` with the profile `text`.
fn order(place: &Place, text: &str) -> Order {
    let profile = Arc::new(Profile::parse("test", text).expect("a profile"));
    let rules = Arc::new(RuleSet::load(&[]).expect("the built-in rules"));
    let key = Pseudonyms::new(b"a key of a test, nothing more");
    let redactor = Redactor::new(rules, key, &KnownNames::default(), Privacy::Standard).expect("a redactor");
    Order {
        context: Context {
            system: platform::system(),
            elevation: platform::elevation(),
            now: Timestamp::now(),
            zone: jiff::tz::TimeZone::UTC,
            since: None,
            deadline: Deadline::new(profile.limits.deadline),
            cancel: Arc::new(AtomicBool::new(false)),
            child_program: None,
            allow_commands: false,
            home: None,
            preview: false,
        },
        profile,
        case: Case::new(CaseId::from_random([7; 7])),
        redactor: Arc::new(redactor),
        folder: place.out(),
        name: BundleName::parse("b").expect("a name"),
        threads: 1,
        pace: Pace::Gentle,
        epoch: None,
        clocks: Clocks::system(),
    }
}

/// A profile that takes all logs of the place.
fn all_logs(place: &Place) -> String {
    format!(
        "name = \"p\"\n[limits]\nstall = \"3s\"\n[[logs]]\npurpose = \"logs\"\npaths = [\"{}/**\"]\n",
        place.logs().display()
    )
}

fn plan(order: &Order, more: Vec<Box<dyn Collector>>) -> Vec<Planned> {
    let collectors = more.into_iter().chain(collect::all(&order.profile)).collect();
    pipeline::plan(collectors, &order.context, &mut |_| {})
}

/// Runs to the end and opens the bundle.
fn gather(place: &Place, order: Order, planned: Vec<Planned>) -> Bundle {
    ends(move || pipeline::run(&order, &planned, &mut |_| {}).map(drop)).expect("a bundle");
    place.bundle()
}

/// When something happens to a source.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Before(Pass),
    During(Pass),
}

type Act = Arc<dyn Fn() + Send + Sync>;

/// A source to which something happens at a moment.
struct Meddled {
    open: Arc<dyn Open>,
    when: When,
    act: Act,
}

impl Open for Meddled {
    fn open(&self, pass: Pass) -> Result<Opened, OpenError> {
        if self.when == When::Before(pass) {
            (self.act)();
        }
        let opened = self.open.open(pass)?;
        if self.when != When::During(pass) {
            return Ok(opened);
        }
        let reader = Box::new(Acting { reader: opened.reader, bytes: 0, act: Some(Arc::clone(&self.act)) });
        Ok(Opened { reader, ..opened })
    }

    fn fell_short(&self) -> Option<String> {
        self.open.fell_short()
    }
}

/// Acts once when the first 100,000 bytes have been read.
struct Acting {
    reader: Box<dyn Read + Send>,
    bytes: usize,
    act: Option<Act>,
}

impl Read for Acting {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.bytes >= 100_000
            && let Some(act) = self.act.take()
        {
            act();
        }
        let n = self.reader.read(buf)?;
        self.bytes += n;
        Ok(n)
    }
}

/// Collects `hostile.log`, to which `act` happens, between two good logs.
fn meddle(text: &str, when: When, act: impl Fn(&Path) + Send + Sync + 'static) -> (Place, Bundle) {
    let place = Place::new();
    place.log("a-good.log", "good\n");
    let path = place.log("hostile.log", text);
    place.log("z-good.log", "good\n");
    let order = order(&place, &all_logs(&place));
    let mut planned = plan(&order, Vec::new());
    let act: Act = Arc::new(move || act(&path));
    for source in planned.iter_mut().flat_map(|item| &mut item.sources) {
        if source.origin.ends_with("/hostile.log") {
            let open = Arc::new(Meddled { open: Arc::clone(&source.open), when, act: Arc::clone(&act) });
            *source = Arc::new(with_open(source, open));
        }
    }
    let bundle = gather(&place, order, planned);
    for name in ["/a-good.log", "/z-good.log"] {
        assert_eq!(bundle.text(name), "good\n");
    }
    (place, bundle)
}

fn with_open(source: &Source, open: Arc<dyn Open>) -> Source {
    Source {
        path: source.path.clone(),
        origin: source.origin.clone(),
        hint: source.hint,
        media_type: source.media_type,
        size: source.size,
        modified: source.modified,
        is_log: source.is_log,
        open,
    }
}

fn lines(count: usize) -> String {
    (0..count).map(|n| format!("2026-11-23T10:00:00Z line {n:08}\n")).collect()
}

#[test]
fn a_file_that_vanishes_is_named_whenever_it_goes() {
    for pass in [Pass::Scan, Pass::Redact] {
        let (_place, bundle) = meddle("here\n", When::Before(pass), |path| fs::remove_file(path).expect("removed"));
        bundle.assert_missing("/hostile.log", "failed", "does not exist (any more)");
    }
}

#[test]
fn a_file_that_vanishes_while_it_is_read_is_kept_whole() {
    let text = lines(100_000);
    let (_place, bundle) = meddle(&text, When::During(Pass::Redact), |path| fs::remove_file(path).expect("removed"));
    assert!(bundle.text("/hostile.log") == text);
}

#[test]
fn a_file_that_grows_is_taken_as_long_as_it_was() {
    let text = lines(100_000);
    for when in [When::During(Pass::Scan), When::Before(Pass::Redact), When::During(Pass::Redact)] {
        let (_place, bundle) = meddle(&text, when, |path| {
            let mut file = OpenOptions::new().append(true).open(path).expect("opened");
            file.write_all(b"one more line\n").expect("appended");
        });
        assert!(bundle.text("/hostile.log") == text);
        let artifact = bundle.artifact("/hostile.log");
        assert_eq!((&artifact["status"], &artifact["lines"]), (&"collected".into(), &100_000.into()));
    }
}

#[test]
fn a_file_that_another_replaces_is_withheld() {
    for pass in [Pass::Scan, Pass::Redact] {
        let (_place, bundle) = meddle("first\n", When::Before(pass), |path| {
            fs::write(path.with_extension("new"), "an impostor\n").expect("written");
            fs::rename(path.with_extension("new"), path).expect("renamed");
        });
        bundle.assert_missing("/hostile.log", "withheld", "was replaced by another file");
        assert_eq!(bundle.holds("impostor"), None);
    }
}

#[test]
fn a_file_that_becomes_a_link_or_a_fifo_is_not_followed() {
    let (_place, bundle) = meddle("first\n", When::Before(Pass::Redact), |path| {
        fs::remove_file(path).expect("removed");
        std::os::unix::fs::symlink("/etc/passwd", path).expect("a link");
    });
    bundle.assert_missing("/hostile.log", "failed", "link");
    let (_place, bundle) = meddle("first\n", When::Before(Pass::Redact), |path| {
        fs::remove_file(path).expect("removed");
        assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo starts").success());
    });
    bundle.assert_missing("/hostile.log", "failed", "is a FIFO");
}

#[test]
fn what_is_written_into_a_file_between_the_passes_is_redacted_all_the_same() {
    let (_place, bundle) = meddle("password=hunter2-Correct-Horse\n", When::Before(Pass::Redact), |path| {
        fs::write(path, "password=another-Battery-77\nno more\n").expect("written");
    });
    for secret in ["hunter2-Correct", "another-Battery"] {
        assert_eq!(bundle.holds(secret), None);
    }
    assert!(bundle.text("/hostile.log").starts_with("password=REDACTED-"));
}

#[test]
fn a_file_that_is_cut_says_what_is_missing_whenever_that_happens() {
    let text = lines(100_000);
    for when in [When::During(Pass::Scan), When::Before(Pass::Redact), When::During(Pass::Redact)] {
        let (_place, bundle) = meddle(&text, when, |path| {
            OpenOptions::new().write(true).open(path).expect("opened").set_len(33_000).expect("cut");
        });
        bundle.assert_partial("/hostile.log", "shrank while it was read");
        let kept = bundle.text("/hostile.log");
        assert!(text.starts_with(&kept) && kept.len() >= 33_000, "{} bytes", kept.len());
    }
}

/// A source that is made by a function.
struct Made<F>(F);

impl<F: Fn(Pass) -> Box<dyn Read + Send> + Send + Sync> Open for Made<F> {
    fn open(&self, pass: Pass) -> Result<Opened, OpenError> {
        Ok(Opened {
            reader: (self.0)(pass),
            source_size: 0,
            truncation: None,
            partial: None,
            exit_status: None,
            duration: Duration::ZERO,
        })
    }
}

fn source(name: &str, open: impl Fn(Pass) -> Box<dyn Read + Send> + Send + Sync + 'static) -> Source {
    Source {
        path: format!("logs/{name}"),
        origin: name.to_owned(),
        hint: MediaHint::Text,
        media_type: "text/plain",
        size: None,
        modified: None,
        is_log: true,
        open: Arc::new(Made(open)),
    }
}

/// Brings what it is given.
struct Brings(Mutex<Vec<Source>>);

impl Brings {
    fn all(sources: Vec<Source>) -> Vec<Box<dyn Collector>> {
        vec![Box::new(Self(Mutex::new(sources)))]
    }
}

impl Collector for Brings {
    fn name(&self) -> &'static str {
        "hostile"
    }

    fn plan(&self, _: &Context) -> Vec<Step> {
        let sources = std::mem::take(&mut *self.0.lock().expect("one thread"));
        vec![Step { what: "hostile things".to_owned(), purpose: "a test".to_owned(), sources, decided: None }]
    }
}

struct Crashes;

impl Collector for Crashes {
    fn name(&self) -> &'static str {
        "crashes"
    }

    fn plan(&self, _: &Context) -> Vec<Step> {
        panic!("a collector crashes on purpose")
    }
}

#[test]
fn a_collector_that_crashes_while_planning_costs_itself_alone() {
    let place = Place::new();
    place.log("good.log", "good\n");
    let order = order(&place, &all_logs(&place));
    let planned = plan(&order, vec![Box::new(Crashes)]);
    let bundle = gather(&place, order, planned);
    bundle.assert_missing("crashes", "failed", "the collector crashed");
    assert_eq!(bundle.text("/good.log"), "good\n");
}

#[test]
fn a_source_that_crashes_costs_itself_alone() {
    let place = Place::new();
    place.log("good.log", "good\n");
    let order = order(&place, &all_logs(&place));
    let crash = |at: Pass| {
        move |pass: Pass| -> Box<dyn Read + Send> {
            assert!(pass != at, "a source crashes on purpose");
            Box::new(Cursor::new("text\n"))
        }
    };
    let hostile = vec![source("first", crash(Pass::Scan)), source("second", crash(Pass::Redact))];
    let planned = plan(&order, Brings::all(hostile));
    let bundle = gather(&place, order, planned);
    bundle.assert_missing("first", "failed", "crashed");
    bundle.assert_missing("second", "withheld", "crashed");
    assert_eq!(bundle.text("/good.log"), "good\n");
}

/// What a thread on a dead network disk does.
fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// Gives some bytes, then nothing for ever.
struct Silent(u32);

impl Read for Silent {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            hang();
        }
        self.0 -= 1;
        buf.fill(b'x');
        if let Some(last) = buf.last_mut() {
            *last = b'\n';
        }
        Ok(buf.len())
    }
}

#[test]
fn sources_that_hang_are_given_up_and_the_others_are_still_taken() {
    let place = Place::new();
    place.log("good.log", "good\n");
    let order = order(&place, &all_logs(&place));
    let hangs = |at: Pass, after: u32| {
        move |pass: Pass| -> Box<dyn Read + Send> {
            if pass == at { Box::new(Silent(after)) } else { Box::new(Cursor::new("text\n")) }
        }
    };
    let never_opens = |at: Pass| {
        move |pass: Pass| -> Box<dyn Read + Send> {
            if pass == at {
                hang();
            }
            Box::new(Cursor::new("text\n"))
        }
    };
    let hostile = vec![
        source("open-1", never_opens(Pass::Scan)),
        source("read-1", hangs(Pass::Scan, 0)),
        source("midst-1", hangs(Pass::Scan, 9)),
        source("open-2", never_opens(Pass::Redact)),
        source("read-2", hangs(Pass::Redact, 0)),
        source("midst-2", hangs(Pass::Redact, 40)),
    ];
    let planned = plan(&order, Brings::all(hostile));
    let bundle = gather(&place, order, planned);
    for name in ["open-1", "read-1", "midst-1", "open-2", "read-2", "midst-2"] {
        bundle.assert_missing(name, "failed", "gave no answer for 3 s");
    }
    assert_eq!(bundle.text("/good.log"), "good\n");
}

#[test]
fn a_source_without_end_does_not_keep_anybody_from_stopping() {
    for endless_in in [Pass::Scan, Pass::Redact] {
        let place = Place::new();
        let order = order(&place, "name = \"p\"\n");
        let cancel = Arc::clone(&order.context.cancel);
        let endless = move |pass: Pass| -> Box<dyn Read + Send> {
            if pass != endless_in {
                return Box::new(Cursor::new("text\n"));
            }
            let cancel = Arc::clone(&cancel);
            let stop: Act = Arc::new(move || cancel.store(true, Ordering::Relaxed));
            Box::new(Acting { reader: Box::new(Endless), bytes: 0, act: Some(stop) })
        };
        let planned = plan(&order, Brings::all(vec![source("endless", endless)]));
        let result = ends(move || pipeline::run(&order, &planned, &mut |_| {}).map(drop));
        assert!(matches!(result, Err(RunError::Interrupted)), "{result:?}");
        assert_eq!(place.left_in_out(), Vec::<String>::new());
    }
}

/// Lines without end.
struct Endless;

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        buf.fill(b'x');
        buf.iter_mut().step_by(100).for_each(|byte| *byte = b'\n');
        Ok(buf.len())
    }
}

#[test]
fn a_clock_that_jumps_is_noted() {
    for jump in [-3600, 0, 86_400] {
        let place = Place::new();
        place.log("good.log", "good\n");
        let mut order = order(&place, &all_logs(&place));
        let looks = AtomicI64::new(0);
        let start = Timestamp::now();
        order.clocks.wall = Arc::new(move || {
            let jumped = if looks.fetch_add(1, Ordering::Relaxed) == 0 { 0 } else { jump };
            Timestamp::from_second(start.as_second() + jumped).expect("in range")
        });
        order.clocks.steady = Arc::new(|| Duration::from_secs(5));
        let planned = plan(&order, Vec::new());
        let bundle = gather(&place, order, planned);
        let noted = bundle.manifest["clock"]["jumped_seconds"].as_i64();
        assert_eq!(noted, (jump != 0).then_some(jump));
        assert_eq!(bundle.text("/good.log"), "good\n");
    }
}

#[test]
fn host_facts_read_before_a_crash_of_their_process_are_kept_and_the_rest_is_named() {
    for (end, says) in [("kill -9 $$", "Signalled(9)"), ("exit 3", "Exited(3)"), ("sleep 1000", "TimedOut")] {
        let place = Place::new();
        let text = "name = \"p\"\n[limits]\ndeadline = \"1s\"\n[host]\nfacts = [\"os\", \"cpu\"]\n";
        let mut order = order(&place, text);
        let frame = r#"{"group":"os","value":{"kernel":"6.1"},"gaps":[]}"#;
        let script = format!("#!/bin/sh\necho '{frame}'\nprintf '{{\"group\":\"cpu\",\"val'\n{end}\n");
        let script = place.file("script", script);
        // Written by another process: what this one holds open for writing could not be run.
        let child = place.path("child");
        assert!(Command::new("cp").arg(script).arg(&child).status().expect("cp starts").success());
        set_mode(&child, 0o755);
        order.context.child_program = Some(child);
        let planned = plan(&order, Vec::new());
        let bundle = gather(&place, order, planned);
        assert!(bundle.text("host facts: os").contains("6.1"));
        bundle.assert_missing("host facts: cpu", "failed", says);
    }
}

#[test]
fn a_process_for_host_facts_that_cannot_be_started_is_named_for_each_group() {
    let place = Place::new();
    let mut order = order(&place, "name = \"p\"\n[host]\nfacts = [\"os\", \"cpu\"]\n");
    order.context.child_program = Some(place.path("no-such-program"));
    let planned = plan(&order, Vec::new());
    let bundle = gather(&place, order, planned);
    for group in ["host facts: os", "host facts: cpu"] {
        bundle.assert_missing(group, "failed", "could not be started");
    }
}
