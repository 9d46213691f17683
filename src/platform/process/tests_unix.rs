//! Children that hang, flood, fork or ignore signals.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};

use super::*;

fn shell(script: &str) -> CommandSpec {
    CommandSpec {
        program: PathBuf::from("/bin/sh"),
        args: vec!["-c".to_owned(), script.to_owned()],
        timeout: Duration::from_secs(60),
        output_cap: 1 << 20,
        environment: Vec::new(),
    }
}

/// Runs on another thread, so that a hang fails the test rather than the whole suite.
fn run_bounded(spec: CommandSpec) -> CommandOutput {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(run(&spec, &AtomicBool::new(false))));
    receiver.recv_timeout(Duration::from_secs(40)).expect("the run ends").unwrap()
}

/// Whether a process of this id still runs (a zombie doesn't).
#[cfg(target_os = "linux")]
fn lives(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[cfg(target_os = "linux")]
fn dies(id: &str) -> bool {
    (0..500).any(|_| {
        thread::sleep(Duration::from_millis(20));
        !lives(id)
    })
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    assert_eq!(run_bounded(shell("exit 0")).ended, Ended::Exited(0));
    assert_eq!(run_bounded(shell("exit 7")).ended, Ended::Exited(7));
    assert_eq!(run_bounded(shell("kill -TERM $$")).ended, Ended::Signalled(15));
}

#[test]
fn both_outputs_are_kept_apart_and_whole() {
    let output = run_bounded(shell("echo out; echo err >&2; printf end"));
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\nend"[..], &b"err\n"[..]));
    assert_eq!(output.stdout_bytes_dropped, 0);
}

#[test]
fn nothing_is_inherited_but_what_is_stated() {
    let mut spec = shell("/usr/bin/env; cat; tty <&2 >/dev/null 2>&1 || echo no terminal; pwd");
    spec.environment = vec![("LC_ALL".to_owned(), "C.UTF-8".to_owned()), ("EXTRA".to_owned(), "1".to_owned())];
    let text = String::from_utf8(run_bounded(spec).stdout).unwrap();
    let mut names: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.sort_unstable();
    // The shell itself sets PWD, SHLVL, OLDPWD and _.
    names.retain(|name| !matches!(*name, "PWD" | "SHLVL" | "OLDPWD" | "_"));
    assert_eq!(names, ["EXTRA", "LC_ALL", "PATH"]);
    assert!(text.contains("LC_ALL=C.UTF-8") && text.ends_with("no terminal\n/\n"), "{text}");
}

#[test]
fn a_program_without_an_absolute_path_is_not_searched_for() {
    let spec = CommandSpec { program: PathBuf::from("sh"), ..shell("true") };
    assert_eq!(run(&spec, &AtomicBool::new(false)).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[cfg(target_os = "linux")]
#[test]
fn the_deadline_kills_a_child_that_ignores_signals_and_its_whole_group() {
    let mut spec = shell("trap '' TERM INT HUP; sleep 300 & echo $! $$; while :; do sleep 300; done");
    spec.timeout = Duration::from_millis(700);
    let output = run_bounded(spec);
    assert_eq!(output.ended, Ended::TimedOut);
    let ids = String::from_utf8(output.stdout).unwrap();
    assert_eq!(ids.split_whitespace().count(), 2, "what was written before the deadline is kept");
    assert!(ids.split_whitespace().all(dies), "{ids}");
}

#[test]
fn a_flood_is_cut_at_the_cap_and_the_child_killed() {
    let output = run_bounded(CommandSpec { output_cap: 100_000, ..shell("while :; do echo yyyyyyyyyyyyyyyy; done") });
    assert_eq!((output.ended, output.stdout.len()), (Ended::CapReached, 100_000));
    assert!(output.stdout_bytes_dropped > 0);
}

#[test]
fn output_that_just_fills_the_cap_is_no_flood() {
    let output = run_bounded(CommandSpec { output_cap: 5, ..shell("printf 12345") });
    assert_eq!((output.ended, output.stdout.as_slice()), (Ended::Exited(0), &b"12345"[..]));
}

#[test]
fn a_flood_of_errors_fills_no_memory_and_stops_nothing() {
    let spec = CommandSpec { output_cap: 1000, ..shell("head -c 300000 /dev/zero >&2; echo done") };
    let output = run_bounded(spec);
    assert_eq!((output.ended, output.stderr.len(), output.stdout.as_slice()), (Ended::Exited(0), 1000, &b"done\n"[..]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_grandchild_in_the_background_neither_hangs_us_nor_survives() {
    let output = run_bounded(shell("sleep 300 & echo $!"));
    assert_eq!(output.ended, Ended::Exited(0));
    let id = String::from_utf8(output.stdout).unwrap();
    assert!(dies(id.trim()), "{id}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_grandchild_in_a_session_of_its_own_does_not_hang_us() {
    let output = run_bounded(shell("setsid sleep 20 & echo here"));
    assert_eq!((output.ended, output.stdout.as_slice()), (Ended::Exited(0), &b"here\n"[..]));
}

#[test]
fn a_cancelled_run_ends_its_child() {
    let cancel = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&cancel);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(run(&shell("sleep 300"), &seen)));
    cancel.store(true, Ordering::Relaxed);
    let output = receiver.recv_timeout(Duration::from_secs(40)).expect("the run ends").unwrap();
    assert_eq!(output.ended, Ended::Cancelled);
}

#[test]
fn an_error_of_the_sink_ends_the_child_and_is_returned() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let spec = shell("while :; do echo y; done");
    let error = run_into(&spec, &AtomicBool::new(false), &mut Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
