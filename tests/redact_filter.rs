//! `casefile redact` from outside: stdin, files and folders, and everything that can go wrong with them.

#![allow(clippy::panic)] // a helper of a test may end it

mod redact_support;

use std::io::Write;

use redact_support::{Place, SECRET, fed, fed_bytes, gunzipped, gzipped, line, ran, started};

fn log() -> String {
    format!("2026-11-23T10:15:02Z here password={SECRET} from 81.2.69.142\nplain line\nagain {SECRET}\n")
}

#[test]
fn stdin_is_read_once_and_that_is_said() {
    let place = Place::new();
    for args in [&[][..], &["-"]] {
        let run = fed(&mut place.redact(args), log().as_bytes());
        assert_eq!(run.code, Some(0), "{run:?}");
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert!(lines[0].starts_with("2026-11-23T10:15:02Z here password=REDACTED-"), "{run:?}");
        assert!(!lines[0].contains(SECRET) && !lines[0].contains("81.2.69.142"), "{run:?}");
        assert_eq!(lines[1..], ["plain line", &format!("again {SECRET}")]);
        assert!(run.stderr.contains("stdin is read once") && run.stderr.contains("hint: "), "{run:?}");
        assert!(run.stderr.ends_with(" 2 values replaced\n"), "{run:?}");
        assert!(run.stderr.lines().all(|line| line.chars().count() <= 80), "{run:?}");
    }
}

#[test]
fn a_file_is_read_twice_and_a_secret_goes_everywhere_in_it() {
    let place = Place::new();
    place.file("app.log", log());
    let run = ran(&mut place.redact(["app.log"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!run.stdout.contains(SECRET) && run.stdout.lines().count() == 3, "{run:?}");
    // The length of an address depends on the key.
    assert!(run.stderr.starts_with("1 file, 1") && run.stderr.ends_with(" B, 3 values replaced\n"), "{run:?}");
    let named = ran(&mut place.redact(["app.log", "--output", "copy.log"]));
    assert_eq!((named.code, named.stdout.as_str()), (Some(0), ""));
    assert!(!place.text("copy.log").contains(SECRET));
}

#[test]
fn a_folder_keeps_its_names_encodings_and_compression() {
    let place = Place::new();
    let wide: Vec<u8> =
        format!("\u{feff}password={SECRET}\r\nna\u{ef}ve\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    place.file("in/app.log", log());
    place.file("in/old/app.log.1.gz", gzipped(log().as_bytes()));
    place.file("in/win.log", &wide);
    place.file("in/a.json", format!("{{ \"n\": 1e400, \"password\": \"{SECRET}\" }}\n"));
    place.file("in/bare.txt", format!("{SECRET}\n"));
    place.file(&format!("in/{SECRET}.txt"), "a name");
    let run = ran(&mut place.redact(["in", "--output", "out"]));
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:?}");
    let names = place.names("out");
    assert_eq!(names.len(), 6, "{names:?}");
    for name in ["a.json", "app.log", "bare.txt", "old/app.log.1.gz", "win.log"] {
        assert!(names.iter().any(|there| there == name), "{name} in {names:?}");
    }
    assert!(!names.iter().any(|name| name.contains(SECRET)), "{names:?}");
    let placeholder = place.text("out/bare.txt");
    assert!(placeholder.starts_with("REDACTED-"), "{placeholder}");
    let expanded = gunzipped(&place.path("out/old/app.log.1.gz"));
    assert!(!expanded.contains(SECRET) && expanded.contains(placeholder.trim()), "{expanded}");
    assert_eq!(place.text("out/a.json"), format!("{{ \"n\": 1e400, \"password\": \"{}\" }}\n", placeholder.trim()));
    let units: Vec<u16> =
        place.read("out/win.log").chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).expect("UTF-16");
    assert_eq!(text, format!("\u{feff}password={}\r\nna\u{ef}ve\r\n", placeholder.trim()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| place.path(name).metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!((mode("out"), mode("out/app.log")), (0o700, 0o600));
    }
}

#[test]
fn the_result_is_the_same_whatever_the_number_of_threads() {
    let place = Place::new();
    place.file("key", [7; 32]);
    for n in 0..20 {
        place.file(&format!("in/{n}.log"), format!("password=s3cret-Value-{n:02}\nother s3cret-Value-{:02}\n", 19 - n));
    }
    for threads in ["1", "7"] {
        let args = ["in", "--output", threads, "--threads", threads, "--pseudonym-key", "key"];
        assert_eq!(ran(&mut place.redact(args)).code, Some(0));
    }
    for n in 0..20 {
        let (one, other) = (place.text(&format!("1/{n}.log")), place.text(&format!("7/{n}.log")));
        assert!(one == other && !one.contains("s3cret"), "{one}{other}");
    }
}

#[test]
fn a_large_file_is_worked_on_by_all_threads_and_the_result_is_the_same() {
    let place = Place::new();
    let quiet = "2026-11-23T10:15:02Z INFO all is well, the worker goes on with what it has to do\n".repeat(16_000);
    let key = format!("-----BEGIN PRIVATE KEY-----\n{}", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\n".repeat(2_000));
    place.file("app.log", format!("{}{quiet}{key}-----END PRIVATE KEY-----\n{quiet}again {SECRET}\n", log()));
    place.file("key", "a key of sixteen bytes or more");
    let made: Vec<String> = ["1", "2", "7"]
        .iter()
        .map(|threads| {
            let run = ran(&mut place.redact(["app.log", "--threads", threads, "--pseudonym-key", "key"]));
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            run.stdout
        })
        .collect();
    assert!(!made[0].contains(SECRET) && !made[0].contains("MIIEvQ") && made[0].ends_with("\n"));
    assert!(made.iter().all(|one| *one == made[0]));
}

#[test]
fn what_cannot_be_redacted_is_not_written_and_named() {
    let place = Place::new();
    place.file("in/app.log", log());
    place.file("in/core.bin", [0x7f, b'E', b'L', b'F', 0, 1, 2, 0xff, 0, 0, 0, 9].repeat(50));
    let run = ran(&mut place.redact(["in", "--output", "out"]));
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(
        run.stderr.contains("withheld: in/core.bin: ") || run.stderr.contains("withheld: in\\core.bin: "),
        "{run:?}"
    );
    assert_eq!(place.names("out"), ["app.log"]);
    let alone = ran(&mut place.redact(["in/core.bin"]));
    assert_eq!((alone.code, alone.stdout.as_str()), (Some(4), ""), "{alone:?}");
    let piped = fed(&mut place.redact(["-"]), &place.read("in/core.bin"));
    assert_eq!((piped.code, piped.stdout.as_str()), (Some(4), ""), "{piped:?}");
    let absent = ran(&mut place.redact(["absent.log"]));
    assert_eq!((absent.code, absent.stdout.as_str()), (Some(2), ""), "{absent:?}");
    assert!(absent.stderr.contains("absent.log: does not exist"), "{absent:?}");
}

#[cfg(unix)]
#[test]
fn no_link_is_followed_out_of_the_folder_and_no_pipe_is_waited_for() {
    let place = Place::new();
    place.file("outside.txt", "outside");
    place.file("in/app.log", "inside\n");
    std::os::unix::fs::symlink(place.path("outside.txt"), place.path("in/link.txt")).expect("a link");
    let pipe = std::process::Command::new("mkfifo").arg(place.path("in/pipe")).status();
    assert!(pipe.expect("mkfifo starts").success());
    let run = ran(&mut place.redact(["in", "--output", "out"]));
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(
        run.stderr.contains("leads out of the named folder") && run.stderr.contains("not a regular file"),
        "{run:?}"
    );
    assert_eq!(place.names("out"), ["app.log"]);
    // A link in the output folder is not written through either.
    std::fs::create_dir(place.path("elsewhere")).expect("a folder");
    place.file("in2/sub/a.log", "x\n");
    std::fs::create_dir(place.path("out2")).expect("a folder");
    std::os::unix::fs::symlink(place.path("elsewhere"), place.path("out2/sub")).expect("a link");
    assert_eq!(ran(&mut place.redact(["in2", "--output", "out2"])).code, Some(5));
    assert!(place.names("elsewhere").is_empty());
}

#[test]
fn an_existing_file_stays_unless_force_is_given_and_a_source_stays_always() {
    let place = Place::new();
    place.file("in/app.log", log());
    place.file("in/b.log", "b\n");
    place.file("out/app.log", "old");
    let run = ran(&mut place.redact(["in", "--output", "out"]));
    assert_eq!(run.code, Some(5), "{run:?}");
    assert!(run.stderr.contains("app.log: exists already") && run.stderr.contains("--force"), "{run:?}");
    assert_eq!((place.text("out/app.log"), place.names("out").len()), ("old".to_owned(), 1));
    assert_eq!(ran(&mut place.redact(["in", "--output", "out", "--force"])).code, Some(0));
    assert!(place.text("out/app.log").starts_with("2026-11-23"));
    assert_eq!(ran(&mut place.redact(["in/app.log", "--output", "out/app.log"])).code, Some(5));
    for args in [&["in/app.log", "--output", "in/app.log", "--force"][..], &["in", "--output", "in", "--force"]] {
        assert_eq!(ran(&mut place.redact(args)).code, Some(2), "{args:?}");
    }
    assert_eq!(place.text("in/app.log"), log());
    assert_eq!(place.names("in").len(), 2);
}

#[test]
fn an_output_folder_inside_the_input_is_not_redacted_again() {
    let place = Place::new();
    place.file("in/app.log", log());
    for _ in 0..2 {
        let run = ran(&mut place.redact(["in", "--output", "in/out", "--force"]));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(place.names("in/out"), ["app.log"]);
    }
}

#[test]
fn several_files_with_one_name_stand_beside_each_other() {
    let place = Place::new();
    place.file("a/app.log", "a\n");
    place.file("b/app.log", "b\n");
    place.file("c/app.log", "c\n");
    let run = ran(&mut place.redact(["a/app.log", "b/app.log", "c", "--output", "out"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(place.names("out"), ["app-2.log", "app.log", "c/app.log"]);
    assert_eq!(place.text("out/app.log") + &place.text("out/app-2.log"), "a\nb\n");
}

#[test]
fn what_killed_runs_left_is_removed_and_what_others_left_is_not() {
    let place = Place::new();
    place.file("in/app.log", log());
    place.file("out/.app.log.0123abcd.partial", "half");
    place.file("out/.other.log.0123abcd.partial", "not ours");
    assert_eq!(ran(&mut place.redact(["in", "--output", "out"])).code, Some(0));
    assert_eq!(place.names("out"), [".other.log.0123abcd.partial", "app.log"]);
}

#[test]
fn with_line_buffered_each_line_comes_at_once() {
    let place = Place::new();
    let mut child = started(&mut place.redact(["--line-buffered"]));
    let (mut stdin, mut stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    for n in 0..3 {
        // The next line is written only when the answer to this one is there.
        writeln!(stdin, "{n} password={SECRET}").expect("taken");
        let answer = line(&mut stdout);
        assert!(answer.starts_with(&format!("{n} password=REDACTED-")) && !answer.contains(SECRET), "{answer}");
    }
    writeln!(stdin, "{{\"password\": \"{SECRET}\", \"n\": 1.0}}").expect("taken");
    let answer = line(&mut stdout);
    assert!(answer.ends_with("\", \"n\": 1.0}\n") && !answer.contains(SECRET), "{answer}");
    write!(stdin, "no end").expect("taken");
    drop(stdin);
    assert_eq!(line(&mut stdout), "no end");
    let output = child.wait_with_output().expect("ends");
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && talk.contains("each line is redacted as it comes"), "{talk}");
}

#[test]
fn rules_over_several_lines_are_named_when_they_are_off() {
    let place = Place::new();
    let rules = "[[rules]]\nid = \"acme-two-lines\"\nregex = 'acme:\\n(\\S+)'\nkeywords = [\"acme\"]\n\
                 [rules.redact]\nkind = \"acme\"\nlines = 2\n";
    place.file("rules.toml", rules);
    let run = fed(&mut place.redact(["--line-buffered", "--rules", "rules.toml"]), b"acme:\nvalue\n");
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "acme:\nvalue\n"), "{run:?}");
    assert!(run.stderr.contains("several lines") && run.stderr.contains("acme-two-lines"), "{run:?}");
    assert!(run.stderr.lines().all(|line| line.chars().count() <= 80), "{run:?}");
}

#[test]
fn json_on_stdin_stays_json_by_its_content() {
    let place = Place::new();
    let pretty = format!("{{\n  \"password\": \"{SECRET}\",\n  \"again\": \"{SECRET}\"\n}}\n");
    let run = fed(&mut place.redact(["-"]), pretty.as_bytes());
    assert_eq!(run.code, Some(0), "{run:?}");
    let value: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert!(value["again"] == value["password"] && !run.stdout.contains(SECRET), "{run:?}");
    assert!(!run.stderr.contains("read once"), "a document is held and read twice: {run:?}");
    let lines = format!("{{\"password\": 12345678}}\nnot JSON password={SECRET}\n");
    let run = fed(&mut place.redact(["-"]), lines.as_bytes());
    assert!(run.stdout.starts_with("{\"password\": \"REDACTED-") && !run.stdout.contains(SECRET), "{run:?}");
    let run = fed(&mut place.redact(["--type", "ndjson"]), lines.as_bytes());
    assert!(run.stdout.starts_with("{\"password\": \"REDACTED-") && !run.stdout.contains(SECRET), "{run:?}");
}

#[test]
fn compressed_stdin_stays_compressed() {
    let place = Place::new();
    let output = fed_bytes(&mut place.redact(["-"]), &gzipped(log().as_bytes()));
    assert!(output.status.success());
    place.file("out.gz", &output.stdout);
    let text = gunzipped(&place.path("out.gz"));
    assert!(!text.contains(SECRET) && text.lines().count() == 3, "{text}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    place.file("big.log", log().repeat(20_000));
    for args in [&["big.log"][..], &["-"], &["--line-buffered"]] {
        let mut child = started(&mut place.redact(args));
        let mut stdin = child.stdin.take().expect("piped");
        let input = place.read("big.log");
        let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let mut stdout = child.stdout.take().expect("piped");
        assert!(line(&mut stdout).starts_with("2026-11-23"));
        drop(stdout);
        let output = child.wait_with_output().expect("ends");
        feeding.join().expect("fed");
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !talk.contains("error"), "{args:?}: {talk}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    use std::process::Stdio;

    let place = Place::new();
    place.file("app.log", log());
    for args in [&["app.log"][..], &["-"], &["--line-buffered"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let mut child =
            place.redact(args).stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped()).spawn().expect("starts");
        drop(child.stdin.take().expect("piped").write_all(log().as_bytes()));
        let output = child.wait_with_output().expect("ends");
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(5), "{talk}");
        assert!(talk.contains("the disk is full"), "{talk}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_wait_for_stdin_cleanly() {
    use std::io::Read;

    use redact_support::holds;

    let place = Place::new();
    for args in [&["--line-buffered"][..], &["-"], &["-", "--output", "out.log"]] {
        let mut child = started(&mut place.redact(args));
        let mut stdin = child.stdin.take().expect("piped");
        writeln!(stdin, "password={SECRET}").expect("taken");
        if args == ["--line-buffered"] {
            // It runs, and its handler stands.
            line(child.stdout.as_mut().expect("piped"));
        } else {
            // What is filled into the pipe beyond its size has been read.
            stdin.write_all("x\n".repeat(100_000).as_bytes()).expect("taken");
        }
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("sent");
        let mut rest = Vec::new();
        child.stdout.take().expect("piped").read_to_end(&mut rest).expect("read");
        let status = child.wait().expect("ends");
        assert_eq!(status.code(), Some(130), "{args:?}");
        assert!(!holds(&rest, SECRET));
        drop(stdin);
    }
    assert!(place.names("").is_empty(), "a stopped run leaves no file: {:?}", place.names(""));
}

#[test]
fn names_of_another_machine_are_replaced_when_they_are_given() {
    let place = Place::new();
    place.file("app.log", "alice on web17.corp.acme.test, web17, mail.acme.test; Al Smith\n");
    let known = ["host=web17.corp.acme.test", "user=alice", "domain=acme.test", "person=Al Smith"];
    let args = known.iter().flat_map(|name| ["--known", name]);
    let run = ran(&mut place.redact(args.chain(["app.log"])));
    assert_eq!(run.code, Some(0), "{run:?}");
    for name in ["alice", "web17", "acme", "Smith"] {
        assert!(!run.stdout.contains(name), "{name}: {run:?}");
    }
    let wrong = ran(&mut place.redact(["--known", "hots=web99", "app.log"]));
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(!wrong.stderr.contains("web99"), "{wrong:?}");
}

#[test]
fn wrong_usage_is_said_with_what_to_do() {
    let place = Place::new();
    place.file("in/app.log", log());
    place.file("b.log", "b\n");
    for (args, said) in [
        (&["in"][..], "--output"),
        (&["in", "b.log"], "--output"),
        (&["in", "--output", "b.log"], "is no folder"),
        (&["-", "b.log"], "`-` stands for stdin"),
        (&["b.log", "--line-buffered"], "--line-buffered is for stdin"),
        (&["b.log", "--json"], "--output"),
        (&["b.log", "--force"], "--output"),
        (&["b.log", "--show"], "no terminal"),
        (&["b.log", "--type", "yaml"], "yaml"),
        (&["b.log", "--rules", "absent.toml"], "absent.toml"),
        (&["b.log", "--pseudonym-key", "b.log"], "16 to 4096 bytes"),
        (&["b.log", "--vault", "v"], "--vault-recipient"),
        (&["b.log", "--vault-recipient", "age1x"], "--vault"),
        (&["--reveal", "b.log"], "--vault"),
        (&["-", "--output", "in"], "is a folder"),
        (&["b.log", "--output", "-"], "goes to stdout"),
    ] {
        let run = ran(&mut place.redact(args));
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}: {run:?}");
        assert!(run.stderr.contains(said), "{args:?}: {run:?}");
    }
    assert_eq!(place.names(""), ["b.log", "in/app.log"]);
}

#[test]
fn a_report_counts_by_file_and_rule_in_80_columns() {
    let place = Place::new();
    place.file("in/app.log", log());
    place.file(&format!("in/{}/deep.log", "folder".repeat(20)), log());
    let run = ran(&mut place.redact(["in", "--output", "out", "--report"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.lines().all(|line| line.chars().count() <= 80), "{run:?}");
    for word in ["file ", "rule ", "replaced", "app.log", "ipv4", "all files", "in all"] {
        assert!(run.stderr.contains(word), "{word}: {run:?}");
    }
    assert!(!run.stderr.contains(SECRET) && !run.stderr.contains("81.2.69.142"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn show_prints_before_and_after_on_a_terminal_only() {
    let place = Place::new();
    place.file("app.log", format!("first\nx \u{1b}[2J password={SECRET}\u{1b}z\n"));
    let (code, shown) = redact_support::on_a_terminal(&mut place.redact(["--show", "app.log"]));
    assert_eq!(code, Some(0), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("app.log:2  "), "{shown}");
    assert!(lines[1].contains(SECRET) && lines[2].starts_with(" -> REDACTED-"), "{shown}");
    assert!(!shown.contains('\u{1b}') && shown.contains("\\u{1b}"), "{shown:?}");
    assert_eq!(place.names(""), ["app.log"]);
    let (code, shown) = redact_support::on_a_terminal(&mut place.redact(["--show", "app.log", "--output", "out.log"]));
    assert!(code == Some(0) && shown.contains(SECRET) && !place.text("out.log").contains(SECRET), "{shown}");
}

#[cfg(unix)]
#[test]
fn a_terminal_gets_text_and_nothing_that_steers_it() {
    let place = Place::new();
    place.file("app.log", format!("x \u{1b}[2J password={SECRET}\n"));
    let (code, shown) = redact_support::on_a_terminal(&mut place.redact(["app.log"]));
    assert!(code == Some(0) && !shown.contains('\u{1b}') && shown.contains("\\u{1b}[2J"), "{shown:?}");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55";
    place.file("p.png", png);
    let (code, shown) = redact_support::on_a_terminal(&mut place.redact(["p.png"]));
    assert!(code == Some(2) && shown.contains("--output"), "{shown:?}");
    place.file("app.log.gz", gzipped(log().as_bytes()));
    let (code, shown) = redact_support::on_a_terminal(&mut place.redact(["app.log.gz"]));
    assert!(code == Some(0) && shown.starts_with("2026-11-23") && !shown.contains(SECRET), "{shown:?}");
}
