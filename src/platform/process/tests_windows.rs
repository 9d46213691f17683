//! Children on Windows: exit codes, caps, deadlines.

use std::sync::atomic::AtomicBool;

use super::*;

fn cmd(script: &str) -> CommandSpec {
    CommandSpec {
        program: system_program("cmd").expect("every Windows has cmd"),
        args: vec!["/d".to_owned(), "/c".to_owned(), script.to_owned()],
        timeout: Duration::from_secs(60),
        output_cap: 1 << 20,
        environment: Vec::new(),
    }
}

#[test]
fn exit_code_and_both_outputs_are_kept() {
    let output = run(&cmd("echo out& echo err>&2& exit 7"), &AtomicBool::new(false)).unwrap();
    assert_eq!(output.ended, Ended::Exited(7));
    assert!(output.stdout.starts_with(b"out") && output.stderr.starts_with(b"err"), "{output:?}");
}

#[test]
fn the_deadline_ends_a_child_and_what_it_started() {
    let mut spec = cmd("cmd /d /c for /l %i in (1,0,2) do @rem");
    spec.timeout = Duration::from_millis(1500);
    assert_eq!(run(&spec, &AtomicBool::new(false)).unwrap().ended, Ended::TimedOut);
}

#[test]
fn a_flood_is_cut_at_the_cap() {
    let spec = CommandSpec { output_cap: 10_000, ..cmd("for /l %i in (1,0,2) do @echo yyyyyyyyyyyyyyyy") };
    let output = run(&spec, &AtomicBool::new(false)).unwrap();
    assert_eq!((output.ended, output.stdout.len()), (Ended::CapReached, 10_000));
}
