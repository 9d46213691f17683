//! The same inputs give the same bytes, on one thread or on many: whoever doubts a bundle can make it again.

#![allow(clippy::panic)] // a helper of a test may end it

mod chain_support;

use std::path::Path;

use chain_support::bytes::{gzip, long_log};
use chain_support::{Opened, Run, arg, casefile, fixture, folder, read, write};

/// Logs, one rotated, beside a HAR, configuration and a case without an id. The largest has several blocks of the pipeline.
fn inputs(folder: &Path, largest: usize) {
    for (name, seed, size) in [("big.log", 7, largest), ("small.log", 11, 70_000), ("tiny.log", 13, 300)] {
        write(folder.join(name), long_log(seed, size));
    }
    write(folder.join("big.log.1.gz"), gzip(long_log(17, largest / 3).as_bytes()));
    write(folder.join("case.toml"), "summary = \"slow\"\n");
    write(folder.join("one.key"), [1; 32]);
    write(folder.join("two.key"), [2; 32]);
}

fn collect(folder: &Path, out: &str, key: &str, threads: &str) -> Run {
    let out = folder.join(out);
    std::fs::create_dir_all(&out).expect("a folder");
    let file = |name: &str| arg(folder.join(name));
    let args = [
        ["--logs", &file("*.log")],
        ["--logs", &file("*.gz")],
        ["--config", &arg(fixture("shop/shop.toml"))],
        ["--har", &arg(fixture("shop/checkout.har"))],
        ["--case", &file("case.toml")],
        ["--output", &arg(out)],
        ["--pseudonym-key", &file(key)],
        ["--threads", threads],
        ["--bundle-name", "same"],
    ];
    let args = ["collect", "--yes", "--no-host"].into_iter().chain(args.iter().flatten().copied());
    casefile(args.map(str::to_owned).collect::<Vec<_>>()).env("SOURCE_DATE_EPOCH", "1795430400")
}

#[test]
fn the_same_inputs_give_the_same_bytes_on_one_thread_and_on_many_and_every_time() {
    let folder = folder();
    inputs(folder.path(), 1_700_000);
    let first = collect(folder.path(), "a", "one.key", "1").expect(0).bundle();
    assert!(Opened::read(&first).files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 2_200_000);
    for (out, threads) in [("b", "2"), ("c", "3"), ("d", "8"), ("e", "8")] {
        let other = collect(folder.path(), out, "one.key", threads).expect(0).bundle();
        same(&first, &other, &format!("{threads} threads, folder {out}"));
    }
}

/// Programs that read zips in ways of their own; one that is not installed says nothing.
#[test]
fn other_programs_find_no_fault_with_the_zip() {
    let folder = folder();
    inputs(folder.path(), 3_000_000);
    let bundle = collect(folder.path(), "a", "one.key", "3").expect(0).bundle();
    let python = "import sys, zipfile; bad = zipfile.ZipFile(sys.argv[1]).testzip(); sys.exit(bad and 'bad: ' + bad)";
    for (program, args) in [("unzip", ["-tqq"].as_slice()), ("python3", &["-c", python]), ("7z", &["t", "-bso0"])] {
        match std::process::Command::new(program).args(args).arg(&bundle).output() {
            Ok(output) => {
                assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            }
            Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::NotFound, "{program}"),
        }
    }
}

#[test]
fn another_key_gives_other_placeholders_and_nothing_else() {
    let folder = folder();
    inputs(folder.path(), 20_000);
    let one = Opened::read(&collect(folder.path(), "a", "one.key", "2").expect(0).bundle());
    let two = Opened::read(&collect(folder.path(), "b", "two.key", "2").expect(0).bundle());
    let config = |bundle: &Opened| String::from_utf8(bundle.ending("/shop.toml").to_vec()).expect("text");
    let (one, two) = (config(&one), config(&two));
    let mut placeholders = 0;
    for (one, two) in one.lines().zip(two.lines()).filter(|(one, two)| one != two) {
        let kind =
            |line: &str| line.split_once("REDACTED-").map(|(before, after)| (before.to_owned(), after[..5].to_owned()));
        assert_eq!(kind(one), kind(two), "{one}\n{two}");
        assert!(kind(one).is_some(), "{one}\n{two}");
        placeholders += 1;
    }
    assert!(placeholders >= 2, "{one}\n{two}");
    assert_eq!(one.lines().count(), two.lines().count());
}

#[test]
fn without_a_key_two_runs_share_no_placeholder() {
    let folder = folder();
    let log = folder.path().join("a.log");
    write(&log, long_log(3, 20_000));
    let hexes = |out: &str| {
        let out = folder.path().join(out);
        std::fs::create_dir_all(&out).expect("a folder");
        let args = ["collect", "--yes", "--no-host", "--logs", &arg(&log), "--output", &arg(out)];
        let bundle = Opened::read(&casefile(args).expect(0).bundle());
        let text = String::from_utf8_lossy(bundle.ending("/a.log")).into_owned();
        let words: Vec<String> = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .filter(|w| w.starts_with("REDACTED-"))
            .map(str::to_owned)
            .collect();
        words
    };
    let (one, two) = (hexes("one"), hexes("two"));
    assert!(one.len() > 5 && one.len() == two.len());
    assert!(one.iter().zip(&two).all(|(one, two)| one != two), "a placeholder can be guessed from another bundle");
}

/// Two bundles are the same bytes; says where they differ.
fn same(one: &Path, other: &Path, what: &str) {
    if read(one) == read(other) {
        return;
    }
    let (a, b) = (Opened::read(one), Opened::read(other));
    let names = |bundle: &Opened| bundle.files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b), "{what}: other files or another order");
    for ((name, a), (_, b)) in a.files.iter().zip(&b.files) {
        let at = a.iter().zip(b).position(|(a, b)| a != b);
        let near = |bytes: &[u8]| {
            let at = at.unwrap_or_default();
            String::from_utf8_lossy(&bytes[at.saturating_sub(60)..bytes.len().min(at + 60)]).into_owned()
        };
        assert_eq!(a.len(), b.len(), "{what}: {name} differs at {at:?}:\n{}\n{}", near(a), near(b));
        assert!(at.is_none(), "{what}: {name} differs at {at:?}:\n{}\n{}", near(a), near(b));
    }
    panic!("{what}: the files are the same, the zip around them is not");
}
