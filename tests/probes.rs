//! `casefile probe` and the probes of `collect`, against servers on this machine.

mod chain_support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use chain_support::{Opened, against_schema, arg, casefile, folder, write};
use serde_json::Value;

/// A web server that answers 200 to everybody, and its port.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
        }
    });
    port
}

/// A port that nobody listens on.
fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("loopback").port()
}

#[track_caller]
fn holds(document: &Value) {
    let against = against_schema("probe.schema.json", document);
    assert!(against.is_empty(), "{against}\n{document:#}");
}

#[test]
fn a_server_that_works_has_no_problem_and_one_that_is_not_there_has() {
    let good = format!("http://127.0.0.1:{}", server());
    let services = "--only=dns,tcp,tls,http,system";
    let report = casefile(["probe", "--json", "--strict", services, &good]).expect(0).json();
    holds(&report);
    assert_eq!(report["targets"][0]["http"]["direct"]["exchanges"][0]["status"], 200, "{report:#}");
    let bad = format!("tcp://127.0.0.1:{}", nobody());
    let report = casefile(["probe", "--json", "--strict", services, &bad]).expect(1).json();
    holds(&report);
    assert_eq!(report["findings"][0]["severity"], "problem", "{report:#}");
    let text = casefile(["probe", services, &good, &bad]).expect(0).stdout;
    assert!(text.starts_with("PROBLEM") && text.contains("1 problem"), "{text}");
}

#[test]
fn wrong_targets_are_wrong_usage_and_steer_no_terminal() {
    for args in
        [&["probe"][..], &["probe", "file:///etc/passwd"], &["probe", "a\u{1b}[2J"], &["probe", "--only", "x", "a"]]
    {
        let output = casefile(args.iter().copied()).expect(2);
        assert!(output.stderr.contains("hint: ") && !output.stderr.contains('\u{1b}'), "{}", output.stderr);
    }
}

#[test]
fn what_this_machine_is_set_to_is_told_without_a_target() {
    let report = casefile(["probe", "--json", "--only", "system"]).expect(0).json();
    holds(&report);
    assert!(report["system"].is_object() && report["targets"] == Value::Array(Vec::new()), "{report:#}");
}

#[test]
fn a_collection_keeps_the_reports_also_of_what_fails() {
    let folder = folder();
    let profile = arg(folder.path().join("profile.toml"));
    let text =
        format!("name = \"p\"\n[probes]\ntargets = [\"tcp://127.0.0.1:{}\"]\nonly = [\"tcp\", \"http\"]\n", nobody());
    write(&profile, text);
    let good = format!("http://127.0.0.1:{}", server());
    let args = ["collect", "--yes", "--json", "--profile", &profile, "--probe", &good, "--output", &arg(folder.path())];
    let output = casefile(args).expect(0).json();
    let bundle = Opened::read(std::path::Path::new(output["bundle"].as_str().expect("a path")));
    let failed = bundle.json("data/probes/1-tcp-127.0.0.1.json");
    holds(&failed);
    assert_eq!(failed["findings"][0]["code"], "tcp.refused", "{failed:#}");
    let worked = bundle.json("data/probes/2-http-127.0.0.1.json");
    holds(&worked);
    assert_eq!(worked["targets"].as_array().map(Vec::len), Some(1));
    let manifest = bundle.json("manifest.json");
    let plan = manifest["plan"].as_array().cloned().unwrap_or_default();
    let probes: Vec<&Value> = plan.iter().filter(|item| item["collector"] == "probes").collect();
    assert!(probes.len() == 2 && probes.iter().all(|item| item["status"] == "collected"), "{probes:#?}");
    let of = |n: usize| probes[n]["artifacts"].as_array().cloned().unwrap_or_default();
    assert_eq!(of(0), ["data/probes/1-tcp-127.0.0.1.json"]);
    assert_eq!(of(1), ["data/probes/2-http-127.0.0.1.json"]);
}

#[test]
fn hosts_of_a_har_are_probed_only_when_that_is_asked_for() {
    let folder = folder();
    let har = arg(folder.path().join("x.har"));
    let entry =
        serde_json::json!({ "request": { "url": "https://down.example/x" }, "response": { "status": 0 }, "time": 1 });
    write(&har, serde_json::json!({ "log": { "entries": [entry] } }).to_string());
    let planned = |more: &[&str]| {
        let args =
            ["collect", "--no-host", "--dry-run", "--json", "--har", &har].into_iter().chain(more.iter().copied());
        casefile(args.map(str::to_owned).collect::<Vec<_>>()).expect(0).json().to_string()
    };
    assert!(!planned(&[]).contains("down.example"));
    assert!(planned(&["--probe-from-har"]).contains("https://down.example"));
}
