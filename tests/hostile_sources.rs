//! Sources that are not what one would wish for: each costs its own line in the manifest, never the bundle.

#![cfg(unix)]
#![allow(clippy::panic, clippy::print_stdout)] // a helper of a test may end it

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use support::{Place, is_root, list, run, set_mode, skipped};

const DONE: Option<i32> = Some(0);
const PARTLY: Option<i32> = Some(4);

#[test]
fn a_file_that_may_not_be_read_is_named_with_its_reason() {
    let place = Place::new();
    set_mode(&place.log("closed.log", "mine\n"), 0o000);
    place.log("open.log", "yours\n");
    assert_eq!(run(&mut place.collect_unprivileged()).code, PARTLY);
    let bundle = place.bundle();
    bundle.assert_missing("/closed.log", "failed", "permission denied");
    assert_eq!(bundle.text("/open.log"), "yours\n");
}

#[test]
fn a_folder_without_permission_is_named_and_the_walk_goes_on() {
    let place = Place::new();
    place.log("closed/a.log", "mine\n");
    place.log("open/a.log", "yours\n");
    set_mode(&place.logs().join("closed"), 0o000);
    let ran = run(&mut place.collect_unprivileged());
    set_mode(&place.logs().join("closed"), 0o700);
    assert_eq!(ran.code, PARTLY, "{}", ran.stderr);
    let bundle = place.bundle();
    bundle.assert_missing("/closed", "failed", "permission denied");
    assert_eq!(bundle.text("/open/a.log"), "yours\n");
}

#[test]
fn a_named_folder_without_permission_is_no_silence() {
    let place = Place::new();
    place.log("a.log", "mine\n");
    set_mode(&place.logs(), 0o000);
    let ran = run(&mut place.collect_unprivileged());
    set_mode(&place.logs(), 0o755);
    assert_eq!(ran.code, PARTLY, "{}", ran.stderr);
    let bundle = place.bundle();
    let said = list(&bundle.manifest["plan"]).iter().any(|line| line["reason"] == "permission denied");
    assert!(said, "{:#}", bundle.manifest["plan"]);
}

#[test]
fn fifo_and_socket_are_refused_without_waiting_for_a_writer() {
    let place = Place::new();
    assert!(Command::new("mkfifo").arg(place.logs().join("pipe.log")).status().expect("mkfifo starts").success());
    let _socket = UnixListener::bind(place.logs().join("sock.log")).expect("a socket");
    place.log("good.log", "good\n");
    assert_eq!(run(&mut place.collect()).code, PARTLY);
    let bundle = place.bundle();
    bundle.assert_missing("/pipe.log", "failed", "is a FIFO, not a regular file");
    bundle.assert_missing("/sock.log", "failed", "is a socket, not a regular file");
    assert_eq!(bundle.text("/good.log"), "good\n");
}

#[test]
fn a_device_is_refused_wherever_it_stands() {
    let place = Place::new();
    place.log("good.log", "good\n");
    let made = is_root()
        && Command::new("mknod")
            .arg(place.logs().join("zero.log"))
            .args(["c", "1", "5"])
            .status()
            .expect("mknod")
            .success();
    let ran = run(place.collect().args(["--logs", "/dev/zero"]));
    assert_eq!(ran.code, PARTLY, "{}", ran.stderr);
    let bundle = place.bundle();
    let dev =
        list(&bundle.manifest["plan"]).iter().find(|line| line["what"].as_str().is_some_and(|w| w.starts_with("/dev")));
    assert!(dev.is_some_and(|line| line["status"] == "failed"), "{:#}", bundle.manifest["plan"]);
    if made {
        bundle.assert_missing("/zero.log", "failed", "is a device, not a regular file");
    } else {
        skipped("a device node of our own needs root");
    }
}

#[test]
fn links_are_followed_within_the_named_folder_and_named_otherwise() {
    let place = Place::new();
    let logs = place.logs();
    place.log("real.log", "real\n");
    place.file("outside.log", "outside\n");
    for (target, name) in [
        ("nowhere.log", "dangling.log"),
        ("loop-b.log", "loop-a.log"),
        ("loop-a.log", "loop-b.log"),
        ("self.log", "self.log"),
        ("../outside.log", "out.log"),
        ("/etc/shadow", "shadow.log"),
        ("/etc", "folder.log"),
    ] {
        symlink(target, logs.join(name)).expect("a link");
    }
    let ran = run(&mut place.collect_unprivileged());
    assert_eq!(ran.code, PARTLY, "{}", ran.stderr);
    let bundle = place.bundle();
    bundle.assert_missing("/dangling.log", "failed", "link to something that does not exist");
    for name in ["/loop-a.log", "/loop-b.log", "/self.log"] {
        bundle.assert_missing(name, "failed", "leads in a circle");
    }
    for name in ["/out.log", "/shadow.log", "/folder.log"] {
        bundle.assert_missing(name, "failed", "link");
    }
    assert_eq!(bundle.text("/real.log"), "real\n");
    assert_eq!(bundle.holds("outside\n"), None);
}

#[test]
fn a_forbidden_file_is_never_read_even_when_it_is_named() {
    let place = Place::new();
    let key = place.log("id_ed25519", "a private key, or so\n");
    symlink("id_ed25519", place.logs().join("innocent.log")).expect("a link");
    let ran = run(place.collect_unprivileged().arg("--logs").arg(&key).args(["--config", "/etc/shadow"]));
    assert_eq!(ran.code, PARTLY, "{}", ran.stderr);
    let bundle = place.bundle();
    bundle.assert_missing("/id_ed25519", "failed", "never read");
    bundle.assert_missing("/innocent.log", "failed", "never read");
    assert_eq!(bundle.holds("a private key, or so"), None);
    bundle.assert_missing("/etc/shadow", "failed", "never read");
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_not_utf8_or_steers_a_terminal_is_taken_and_stays_harmless() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let names: [&[u8]; 5] =
        [b"caf\xe9.log", b"red\x1b[31m.log", b"two\nlines.log", b"bell\x07.log", b"right\xe2\x80\xaeleft.log"];
    for (n, name) in names.iter().enumerate() {
        fs::write(place.logs().join(OsStr::from_bytes(name)), format!("file {n}\n")).expect("a file");
    }
    symlink("nowhere", place.logs().join("gone\x1b]0;title\x07.log")).expect("a link");
    let ran = run(&mut place.collect());
    assert_eq!(ran.code, PARTLY, "{}", ran.stderr);
    for said in [&ran.stdout, &ran.stderr] {
        assert!(!said.contains(['\x1b', '\x07', '\u{202e}']), "{said:?}");
    }
    let dry = run(place.collect().arg("--dry-run"));
    assert!(!dry.stdout.contains(['\x1b', '\x07', '\u{202e}']), "{:?}", dry.stdout);
    let bundle = place.bundle();
    for n in 0..names.len() {
        let text = format!("file {n}\n");
        assert!(bundle.holds(&text).is_some(), "{text}");
    }
    for name in bundle.entries.keys() {
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b)), "{name:?}");
    }
    let missing = list(&bundle.manifest["plan"])
        .iter()
        .any(|line| line["reason"].as_str().is_some_and(|r| r.contains("does not exist")));
    assert!(missing, "{:#}", bundle.manifest["plan"]);
}

#[test]
fn what_was_named_and_is_not_there_is_a_gap() {
    let place = Place::new();
    place.log("good.log", "good\n");
    let [typo, nowhere] = [place.logs().join("typo.log"), place.path("nowhere/*.log")];
    let ran = run(place.collect().arg("--logs").arg(typo).arg("--config").arg(nowhere));
    assert_eq!(ran.code, PARTLY, "{}", ran.stderr);
    let bundle = place.bundle();
    bundle.assert_missing("/typo.log", "failed", "nothing matches");
    bundle.assert_missing("/nowhere/*.log", "failed", "nothing matches");
}

#[test]
fn an_empty_file_is_evidence_too() {
    let place = Place::new();
    place.log("empty.log", "");
    place.log("empty.json", "");
    place.log("empty.log.gz", "");
    let ran = run(&mut place.collect());
    assert_eq!(ran.code, DONE, "{}", ran.stderr);
    let bundle = place.bundle();
    for name in ["/empty.log", "/empty.json", "/empty.log.gz"] {
        assert_eq!((bundle.text(name).as_str(), &bundle.artifact(name)["source_size"]), ("", &0.into()), "{name}");
    }
}

#[test]
fn a_full_disk_leaves_nothing_and_is_called_by_its_name() {
    let place = Place::new();
    if !is_root() {
        return skipped("a small disk needs root");
    }
    let noise = place.log("noise.bin.log", noise(4 << 20));
    assert!(fs::metadata(noise).expect("there").len() > 1 << 20);
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "casefile-test"]).arg(place.out()).status();
    if !mounted.expect("mount starts").success() {
        return skipped("a small disk needs the right to mount");
    }
    let ran = run(&mut place.collect());
    let left = place.left_in_out();
    assert!(Command::new("umount").arg(place.out()).status().expect("umount starts").success());
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert_eq!(left, Vec::<String>::new());
    let said: Vec<&str> =
        ran.stderr.lines().filter(|line| line.starts_with("error: ") || line.starts_with("hint: ")).collect();
    assert!(
        said.len() == 2 && said[0].ends_with("the disk is full") && said[1].contains("nothing was kept"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("panicked") && !ran.stderr.contains("finalize"), "{}", ran.stderr);
}

/// Hexadecimal digits without pattern, which deflate to half at best; the same every time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut text = Vec::with_capacity(length + 64);
    while text.len() < length {
        for _ in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.extend_from_slice(format!("{state:016x} ").as_bytes());
        }
        text.push(b'\n');
    }
    text
}

/// Runs only the commands of a profile.
fn commands(place: &Place, profile: &str) -> Command {
    let profile = place.file("profile.toml", profile);
    set_mode(&profile, 0o644);
    let mut command = place.bare_unprivileged();
    command.args(["--only", "commands", "--allow-commands", "--profile"]).arg(profile);
    command
}

#[test]
fn commands_that_never_end_are_stopped_and_recorded() {
    let place = Place::new();
    let profile = r#"
name = "hostile commands"
[[commands]]
name = "silent"
purpose = "never says a word"
run = ["sleep", "1001"]
timeout = "1s"
[[commands]]
name = "begun"
purpose = "says a word and hangs, deaf to signals, with a child that holds the pipe"
run = ["sh", "-c", "trap '' TERM INT HUP; echo a first word; sleep 1000 & wait; sleep 1000"]
timeout = "1s"
[[commands]]
name = "left"
purpose = "ends and leaves a child behind that holds the pipe"
run = ["sh", "-c", "echo done; sleep 1000 &"]
timeout = "20s"
[[commands]]
name = "dies"
purpose = "is killed by a signal"
run = ["sh", "-c", "echo last words; kill -9 $$"]
timeout = "20s"
[[commands]]
name = "absent"
purpose = "is not on this system"
run = ["casefile-no-such-program"]
"#;
    let ran = run(&mut commands(&place, profile));
    assert_eq!(ran.code, PARTLY, "{}", ran.stderr);
    let bundle = place.bundle();
    bundle.assert_missing("sleep 1001", "failed", "gave no output and was stopped after 1 s");
    bundle.assert_partial("wait; sleep 1000", "was stopped after 1 s");
    assert_eq!(bundle.text("wait; sleep 1000"), "a first word\n");
    assert_eq!(bundle.text("echo done; sleep 1000 &"), "done\n");
    bundle.assert_partial("kill -9 $$", "was ended by signal 9");
    bundle.assert_missing("casefile-no-such-program", "skipped", "is not on this system");
}

#[test]
fn a_command_that_floods_is_cut_at_its_cap() {
    let place = Place::new();
    let profile = r#"
name = "flood"
[limits]
command_output = "100KiB"
[[commands]]
name = "flood"
purpose = "never stops talking"
run = ["yes", "a line of a flood"]
timeout = "50s"
[[commands]]
name = "complaints"
purpose = "floods the other pipe"
run = ["sh", "-c", "echo one; yes complaint | head -c 400000 >&2"]
timeout = "50s"
"#;
    let ran = run(&mut commands(&place, profile));
    assert_eq!(ran.code, DONE, "{}", ran.stderr);
    let bundle = place.bundle();
    bundle.assert_partial("a line of a flood", "was stopped after 102400 bytes");
    let artifact = bundle.artifact("a line of a flood");
    assert_eq!((&artifact["size"], &artifact["truncation"]["kept"]), (&102_400.into(), &"oldest".into()));
    let complaints = bundle.text(">&2");
    assert!(complaints.starts_with("one\n\n--- standard error\ncomplaint\n"), "{}", &complaints[..60]);
    assert!(complaints.len() <= 102_400 + 40, "{}", complaints.len());
    bundle.assert_partial(">&2", "standard error");
}

#[test]
fn commands_of_a_profile_do_not_run_unasked_and_never_as_root() {
    let place = Place::new();
    let profile =
        "name = \"p\"\n[[commands]]\nname = \"x\"\npurpose = \"leaves a trace\"\nrun = [\"touch\", \"/tmp/x\"]\n"
            .replace("/tmp/x", &place.out().join("trace").to_string_lossy());
    let file = place.file("profile.toml", profile);
    set_mode(&file, 0o644);
    let mut unasked = place.bare();
    unasked.arg("--profile").arg(&file);
    if is_root() {
        unasked.arg("--allow-commands");
    }
    let ran = run(&mut unasked);
    assert_eq!(ran.code, DONE, "{}", ran.stderr);
    let reason = if is_root() { "never run with elevated rights" } else { "allow it with --allow-commands" };
    place.bundle().assert_missing("/trace", "skipped", reason);
}
