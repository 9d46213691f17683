//! Killed at any moment there is no bundle or a good one, and the next run clears away what was left.

#![cfg(unix)]
#![allow(clippy::panic, clippy::print_stdout)] // a helper of a test may end it

mod support;

use std::fs;
use std::process::{Child, Command};
use std::thread;
use std::time::Instant;

use support::{Place, assert_whole, end_of, run, start, wait_until};

/// Enough to be read for a second or so by a program that was built for tests.
fn place() -> Place {
    let place = Place::new();
    for file in 0..4 {
        let mut text = String::new();
        for n in 0..5_000 {
            text.push_str(&format!(
                "2026-11-23T10:00:00Z worker-{file} request {n:07} took {} ms, all is well\n",
                n * 7 % 911
            ));
        }
        place.log(&format!("{file}.log"), text);
    }
    place
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill starts");
    assert!(sent.success());
}

fn is_partial(name: &str) -> bool {
    name.starts_with(".b") && name.ends_with(".partial")
}

fn partials(place: &Place) -> Vec<String> {
    place.left_in_out().into_iter().filter(|name| name.ends_with(".partial")).collect()
}

#[test]
fn a_run_killed_at_any_moment_leaves_no_bundle_or_a_good_one() {
    let place = place();
    let started = Instant::now();
    assert_eq!(run(&mut place.collect()).code, Some(0));
    let undisturbed = started.elapsed();
    let bundle = place.out().join("b.casefile.zip");
    fs::remove_file(&bundle).expect("removed");
    let (mut whole, mut debris, mut seed) = (0, 0, 0x2545_f491_u32);
    for n in 0..20 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let moment = undisturbed * (n * 256 + (seed >> 24)) / (20 * 256);
        let mut child = start(&mut place.collect());
        thread::sleep(moment);
        child.kill().expect("killed");
        end_of(&mut child);
        let left = place.left_in_out();
        assert!(left.iter().all(|name| is_partial(name) || name == "b.casefile.zip"), "{left:?}");
        debris += usize::from(left.iter().any(|name| is_partial(name)));
        assert!(left.iter().filter(|name| is_partial(name)).count() <= 1, "the run before was cleared away: {left:?}");
        if bundle.exists() {
            assert_whole(&bundle);
            whole += 1;
            fs::remove_file(&bundle).expect("removed");
        }
    }
    println!("of 20 killed runs {whole} had ended and {debris} left something behind");
    let ran = run(&mut place.collect());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    place.bundle(); // and nothing else
}

#[test]
fn ctrl_c_leaves_nothing_and_says_so() {
    for (name, on_the_way) in [("-INT", false), ("-INT", true), ("-TERM", true)] {
        let place = place();
        let mut child = start(&mut place.collect());
        if on_the_way {
            wait_until("the bundle is begun", || !partials(&place).is_empty() || has_ended(&mut child));
        } else {
            // The handler is set before the first thing is looked at; then the program says what it does.
            let mut first = [0; 1];
            let stderr = child.stderr.as_mut().expect("piped");
            std::io::Read::read_exact(stderr, &mut first).expect("a word");
        }
        signal(&child, name);
        let status = end_of(&mut child);
        assert_eq!(status.code(), Some(130), "{name}");
        let mut said = String::new();
        std::io::Read::read_to_string(child.stderr.as_mut().expect("piped"), &mut said).expect("text");
        assert!(said.contains("stopped; no bundle was written"), "{said}");
        assert_eq!(place.left_in_out(), Vec::<String>::new());
    }
}

fn has_ended(child: &mut Child) -> bool {
    child.try_wait().expect("a child of ours").is_some()
}

#[test]
fn two_runs_into_one_folder_leave_each_other_alone() {
    let place = place();
    let mut first = start(&mut place.collect());
    wait_until("the bundle is begun", || !partials(&place).is_empty() || has_ended(&mut first));
    signal(&first, "-STOP");
    let begun = partials(&place);
    assert_eq!(begun.len(), 1, "the first run is in the middle");
    let small = place.file("small.log", "small\n");
    let mut second = Command::new(env!("CARGO_BIN_EXE_casefile"));
    second.args(["collect", "--yes", "--no-host", "--bundle-name", "second", "--logs"]).arg(small);
    let ran = run(second.arg("--output").arg(place.out()));
    let still = partials(&place);
    signal(&first, "-CONT");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(still, begun);
    assert_eq!(end_of(&mut first).code(), Some(0));
    assert_eq!(place.left_in_out(), ["b.casefile.zip", "second.casefile.zip"]);
    for name in place.left_in_out() {
        assert_whole(&place.out().join(name));
    }
}

#[test]
fn a_bundle_of_that_name_is_never_replaced() {
    let place = Place::new();
    place.log("a.log", "a\n");
    let path = place.file("out/b.casefile.zip", "somebody's own file\n");
    let ran = run(&mut place.collect());
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(ran.stderr.contains("exists already"), "{}", ran.stderr);
    assert_eq!(place.left_in_out(), ["b.casefile.zip"]);
    assert_eq!(fs::read_to_string(path).expect("still there"), "somebody's own file\n");
}

#[test]
fn only_debris_of_our_own_making_is_removed() {
    let place = Place::new();
    place.log("a.log", "a\n");
    let names =
        ["notes.partial", ".x.casefile.zip.partial", ".x.casefile.zip.0123456.partial", ".x.zip.01234567.partial"];
    for name in names {
        place.file(&format!("out/{name}"), "somebody's own file\n");
    }
    place.file("out/.dead.casefile.zip.01234567.partial", "half a bundle");
    fs::create_dir(place.out().join(".dir.casefile.zip.01234567.partial")).expect("a folder");
    std::os::unix::fs::symlink("notes.partial", place.out().join(".link.casefile.zip.01234567.partial"))
        .expect("a link");
    assert_eq!(run(&mut place.collect()).code, Some(0));
    let left = place.left_in_out();
    assert!(!left.iter().any(|name| name.contains("dead")), "{left:?}");
    assert_eq!(left.len(), names.len() + 3, "{left:?}");
    assert!(place.out().join("notes.partial").exists());
}
