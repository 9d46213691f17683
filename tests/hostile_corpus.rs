//! Bundles that nobody sealed, against the reader: each attack is refused with its own code, nothing is written, and what only
//! looks odd is accepted.

mod chain_support;
mod hostile_bundles;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use casefile::bundle::{BundleError, Code, Limits, UntrustedBundle};
use chain_support::{arg, casefile, folder, write};
use hostile_bundles::{Made, attacks, oddities};

/// The codes of all that is wrong with a bundle; none when it is accepted.
fn codes(path: &Path) -> Vec<&'static str> {
    let verified = UntrustedBundle::open(path)
        .and_then(|bundle| bundle.check_structure(&Limits::default()))
        .and_then(|structure| structure.verify(&mut |_| ControlFlow::Continue(())));
    match verified {
        Ok(_) => Vec::new(),
        Err(BundleError::Refused(refused)) => vec![refused.code.as_str()],
        Err(BundleError::NotWhole(found)) => found.problems.iter().map(|problem| problem.code()).collect(),
        Err(_) => vec!["another error"],
    }
}

fn write_all(folder: &Path, all: &[Made]) -> Vec<std::path::PathBuf> {
    all.iter()
        .map(|made| {
            let path = folder.join(format!("{}.casefile.zip", made.name));
            write(&path, &made.bytes);
            path
        })
        .collect()
}

#[test]
fn every_attack_is_refused_with_its_own_code() {
    let folder = folder();
    let all = attacks();
    let mut wrong = Vec::new();
    for (made, path) in all.iter().zip(write_all(folder.path(), &all)) {
        let found = codes(&path);
        // What is wrong with a list or a record shows in several ways; a container is refused for one reason.
        if !found.contains(&made.code.expect("an attack")) {
            wrong.push(format!("{}: {:?} expected, {found:?} found", made.name, made.code));
        }
    }
    assert_eq!(wrong, [""; 0]);
    let names: BTreeSet<&str> = all.iter().map(|made| made.name.as_str()).collect();
    assert!(names.len() == all.len() && all.len() >= 80, "{} attacks, {} names", all.len(), names.len());
}

#[test]
fn every_code_is_reached_by_an_attack() {
    let reached: BTreeSet<&str> = attacks().iter().filter_map(|made| made.code).collect();
    let missed: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).filter(|code| !reached.contains(code)).collect();
    assert_eq!(missed, [""; 0]);
}

#[test]
fn what_only_looks_odd_is_accepted() {
    let folder = folder();
    let all = oddities();
    let mut refused = BTreeMap::new();
    for (made, path) in all.iter().zip(write_all(folder.path(), &all)) {
        let found = codes(&path);
        if !found.is_empty() {
            refused.insert(made.name.clone(), found);
        }
    }
    assert_eq!(refused, BTreeMap::new());
    assert!(all.len() >= 25, "{}", all.len());
}

#[test]
fn the_program_refuses_all_attacks_within_64_mib_and_writes_nothing() {
    let folder = folder();
    let all = attacks();
    let bundles = write_all(folder.path(), &all);
    let before = listing(folder.path());
    let mut args = vec!["verify".to_owned(), "--no-scan".to_owned(), "--json".to_owned()];
    args.extend(bundles.iter().map(arg));
    let run = if cfg!(target_os = "linux") {
        // Memory that a process has for itself: heap, stacks and maps that it writes to.
        let limited = ["-c".to_owned(), "ulimit -d 65536; exec \"$0\" \"$@\"".to_owned()];
        let program = env!("CARGO_BIN_EXE_casefile").to_owned();
        chain_support::Run::new("sh", limited.into_iter().chain([program]).chain(args))
    } else {
        casefile(args)
    };
    let document = run.current_dir(folder.path()).expect(3).json();
    assert_eq!(document["bundles"].as_array().map(Vec::len), Some(all.len()));
    for (made, found) in all.iter().zip(document["bundles"].as_array().into_iter().flatten()) {
        assert_eq!(found["whole"], false, "{}", made.name);
        let error = &found["error"];
        let code = made.code.expect("an attack");
        let problems = error["problems"].as_array().into_iter().flatten();
        assert!(error["code"] == code || problems.into_iter().any(|p| p["code"] == code), "{}: {error}", made.name);
    }
    assert_eq!(listing(folder.path()), before, "something was written");
}

fn listing(folder: &Path) -> BTreeMap<String, u64> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries.map(|e| (e.file_name().to_string_lossy().into_owned(), e.metadata().expect("its metadata").len())).collect()
}

#[test]
fn every_code_is_explained_and_a_slip_is_put_right() {
    for made in attacks() {
        let code = made.code.expect("an attack");
        assert!(Code::parse(code).is_some(), "{code}");
    }
    let gap = casefile(["verify", "--explain", "gap"]).expect(0).stdout;
    assert!(gap.starts_with("gap\n  It is followed by bytes that belong to nothing.\n"), "{gap}");
    let all = casefile(["verify", "--explain", "all"]).expect(0).stdout;
    assert_eq!(all.lines().filter(|line| !line.starts_with(' ')).count(), Code::ALL.len());
    assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
    let slip = casefile(["verify", "--explain", "symbolic-lnk"]).expect(2).stderr;
    assert!(slip.contains("did you mean `symbolic-link`"), "{slip}");
}
