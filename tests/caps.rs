//! Logs within their caps: the newest part, cut at a line, and a record that says so.

#![allow(clippy::panic, clippy::print_stdout)] // a helper of a test may end it

mod support;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use support::{Place, run};

/// Numbered lines, one a second from 10:00:00 on, each of 40 bytes.
fn lines(numbers: std::ops::Range<u32>) -> String {
    let line = |n: u32| format!("2026-11-23T{:02}:{:02}:{:02}Z line {n:013}\n", 10 + n / 3600, n / 60 % 60, n % 60);
    numbers.map(line).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

/// When the last line was written, and a bit: 2026-11-23T12:30:00Z.
const WRITTEN: Duration = Duration::from_secs(1_795_437_000);

/// Makes a file that much older than the last line.
fn age(path: &Path, hours: u64) {
    let then = SystemTime::UNIX_EPOCH + WRITTEN - Duration::from_secs(hours * 3600);
    File::options().write(true).open(path).expect("opened").set_modified(then).expect("aged");
}

/// Collects all logs of the place within limits.
fn collect(place: &Place, limits: &str) -> Command {
    let glob = place.logs().join("**");
    let glob = glob.to_str().expect("UTF-8").replace('\\', "/");
    let profile = format!("name = \"p\"\n[limits]\n{limits}\n[[logs]]\npurpose = \"logs\"\npaths = [\"{glob}\"]\n");
    let profile = place.file("profile.toml", profile);
    let mut command = place.bare();
    command.arg("--profile").arg(profile);
    command
}

#[test]
fn a_log_over_its_cap_keeps_its_newest_lines_whole_and_says_what_is_left_out() {
    let place = Place::new();
    place.log("app.log", lines(0..1000));
    place.log("fits.log", lines(0..25));
    let ran = run(&mut collect(&place, "file = \"1010\""));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let bundle = place.bundle();
    assert_eq!(bundle.text("app.log"), lines(975..1000));
    let artifact = bundle.artifact("app.log");
    let limit = "at most 1010 bytes of this file";
    assert_eq!(artifact["truncation"], json!({ "kept": "newest", "bytes_left_out": 975 * 40, "limit": limit }));
    assert_eq!(
        (&artifact["source_size"], &artifact["size"], &artifact["lines"]),
        (&json!(40_000), &json!(1000), &json!(25))
    );
    let span = json!({ "first": "2026-11-23T10:16:15Z", "last": "2026-11-23T10:16:39Z", "zone_stated": true });
    assert_eq!(artifact["span"], span);
    assert_eq!(bundle.text("fits.log"), lines(0..25));
    assert!(bundle.artifact("fits.log")["truncation"].is_null());
}

#[test]
fn a_last_line_over_the_cap_is_kept_in_part() {
    let place = Place::new();
    place.log("endless.log", "x".repeat(5000) + "\n");
    let ran = run(&mut collect(&place, "file = \"1000\""));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let bundle = place.bundle();
    assert_eq!(bundle.text("endless.log"), "x".repeat(999) + "\n");
    assert_eq!(bundle.artifact("endless.log")["truncation"]["bytes_left_out"], 4001);
}

#[test]
fn a_rotated_log_is_expanded_and_its_cap_counts_what_it_expands_to() {
    let place = Place::new();
    place.log("app.log.1.gz", gzip(&lines(0..30)));
    place.log("app.log.2.gz", gzip(&lines(0..1000)));
    let ran = run(&mut collect(&place, "file = \"2KiB\""));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let bundle = place.bundle();
    assert_eq!(bundle.text("app.log.1.gz"), lines(0..30));
    assert_eq!(bundle.artifact("app.log.1.gz")["lines"], 30);
    assert_eq!(bundle.text("app.log.2.gz"), lines(949..1000));
    assert_eq!(bundle.artifact("app.log.2.gz")["truncation"]["bytes_left_out"], 949 * 40);
    for name in bundle.entries.keys() {
        assert!(!name.ends_with(".gz"), "{name}");
    }
}

#[test]
fn a_damaged_rotated_log_is_named_and_costs_no_other() {
    let place = Place::new();
    let whole = gzip(&lines(0..1000));
    place.log("cut.log.gz", &whole[..whole.len() / 2]);
    place.log("good.log", lines(0..3));
    let ran = run(&mut collect(&place, "file = \"1MiB\""));
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let bundle = place.bundle();
    bundle.assert_missing("cut.log.gz", "failed", "could not be read");
    assert_eq!(bundle.text("good.log"), lines(0..3));
}

#[test]
fn lines_before_since_are_left_out_and_so_are_files_that_hold_no_others() {
    let place = Place::new();
    age(&place.log("app.log", lines(0..7200)), 0);
    age(&place.log("old.log", lines(0..10)), 24 * 3650);
    age(&place.log("no-stamps.log", "plain words\n"), 0);
    let ran = run(collect(&place, "").args(["--since", "2026-11-23T11:59:57Z"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let bundle = place.bundle();
    assert_eq!(bundle.text("app.log"), lines(7197..7200));
    let artifact = bundle.artifact("app.log");
    assert_eq!((&artifact["lines"], &artifact["span"]["first"]), (&json!(3), &json!("2026-11-23T11:59:57Z")));
    bundle.assert_missing("old.log", "skipped", "was last written before --since");
    assert_eq!(bundle.text("no-stamps.log"), "plain words\n");
}

#[test]
fn over_the_cap_of_all_logs_the_oldest_are_left_out_and_named() {
    let place = Place::new();
    age(&place.log("new.log", lines(0..20)), 0);
    age(&place.log("middle.log", lines(100..120)), 1);
    age(&place.log("old.log", lines(200..220)), 2);
    let ran = run(&mut collect(&place, "total = \"1200\""));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let bundle = place.bundle();
    assert_eq!(bundle.text("new.log"), lines(0..20));
    assert_eq!(bundle.text("middle.log"), lines(110..120));
    assert_eq!(bundle.artifact("middle.log")["truncation"]["bytes_left_out"], 400);
    bundle.assert_missing("old.log", "skipped", "is over the cap of 1200 bytes for all logs together");
}

#[test]
fn a_huge_log_uses_up_no_more_of_the_total_than_its_own_cap() {
    let place = Place::new();
    age(&place.log("huge.log", lines(0..1000)), 0);
    age(&place.log("older.log", lines(0..10)), 1);
    let ran = run(&mut collect(&place, "file = \"800\"\ntotal = \"1600\""));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let bundle = place.bundle();
    assert_eq!(bundle.text("huge.log"), lines(980..1000));
    assert_eq!(bundle.text("older.log"), lines(0..10));
}
