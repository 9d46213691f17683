//! Without a named target `collect` opens no socket to a network: what is gathered leaves this machine in the bundle or not
//! at all. Shown twice on Linux: by what it asks the kernel for, and by how it fares where there is no network.

#![cfg(target_os = "linux")]

mod chain_support;

use std::path::Path;

use chain_support::{Opened, Run, arg, casefile, folder, skip};

/// The system calls with which a process can reach somebody, and the families of sockets that lead off the machine.
const CALLS: &str = "trace=socket,connect,sendto,sendmsg,sendmmsg,bind,listen";

fn here(program: &str, args: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    there && Run::new(program, args).output().exit == Some(0)
}

/// A folder with a home and a place for the bundle of its own.
fn collect_args(folder: &Path) -> Vec<String> {
    std::fs::create_dir_all(folder).expect("a folder");
    vec![
        "collect".to_owned(),
        "--yes".to_owned(),
        "--since".to_owned(),
        "1h".to_owned(),
        "--output".to_owned(),
        arg(folder),
    ]
}

#[test]
fn the_default_collection_asks_for_no_connection_to_a_network() {
    if !here("strace", &["-f", "-e", CALLS, "true"]) {
        return skip("strace is not installed or may not trace");
    }
    let folder = folder();
    let trace = arg(folder.path().join("trace"));
    let args = ["-f", "-e", CALLS, "-o", &trace, env!("CARGO_BIN_EXE_casefile")].map(str::to_owned);
    let output = Run::new("strace", args.into_iter().chain(collect_args(&folder.path().join("out")))).output();
    assert!(matches!(output.exit, Some(0 | 4)), "{:?}: {}", output.exit, output.stderr);
    let trace = std::fs::read_to_string(trace).expect("a trace");
    assert!(trace.contains("+++ exited with"), "strace saw nothing:\n{trace}");
    let to_a_network = |line: &&str| {
        // A socket may be made to ask the kernel about interfaces (SIOCGIFCONF); it reaches nobody without an address.
        // `sdiag_family=AF_INET` is `ss` asking the kernel over netlink which sockets there are.
        let addressed = ["sa_family=AF_INET", "sa_family=AF_PACKET"].iter().any(|family| line.contains(family));
        let raw = line.contains("socket(AF_PACKET") || line.contains("socket(AF_INET") && line.contains("SOCK_RAW");
        addressed || raw
    };
    let found: Vec<&str> = trace.lines().filter(to_a_network).collect();
    assert!(found.is_empty(), "it reached out:\n{}", found.join("\n"));
}

#[test]
fn where_there_is_no_network_the_default_collection_is_the_same() {
    let namespace = ["--net", "--map-root-user"];
    let namespace = if here("unshare", &["--net", "true"]) {
        &namespace[..1]
    } else if here("unshare", &["--net", "--map-root-user", "true"]) {
        &namespace[..]
    } else {
        return skip("unshare may not make a network namespace");
    };
    let folder = folder();
    let collected = |run: Run| {
        let output = run.output();
        assert!(matches!(output.exit, Some(0 | 4)), "{:?}: {}", output.exit, output.stderr);
        let manifest = Opened::read(&output.bundle()).json("manifest.json");
        let plan = manifest["plan"].as_array().expect("a plan").clone();
        let kinds = |item: &serde_json::Value| item["collector"] == "host";
        plan.into_iter().filter(kinds).map(|item| (item["what"].clone(), item["status"].clone())).collect::<Vec<_>>()
    };
    let with = collected(casefile(collect_args(&folder.path().join("with"))));
    let program = [env!("CARGO_BIN_EXE_casefile").to_owned()];
    let args = namespace
        .iter()
        .map(|arg| (*arg).to_owned())
        .chain(program)
        .chain(collect_args(&folder.path().join("without")));
    let without = collected(Run::new("unshare", args));
    assert!(with.len() > 3, "too few host facts to say anything: {with:?}");
    assert_eq!(with, without);
}
