//! What we depend on stays within `deny.toml`, and every direct dependency says what it is for.

#![allow(clippy::panic)] // a helper of a test may end it

use std::path::Path;

use toml::{Table, Value};

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

fn toml(name: &str) -> Table {
    text(name).parse().unwrap_or_else(|error| panic!("{name} is not TOML: {error}"))
}

fn list<'a>(table: &'a Table, key: &str) -> &'a [Value] {
    table.get(key).and_then(Value::as_array).unwrap_or_else(|| panic!("no list `{key}`"))
}

fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no `{key}` in {value}"))
}

#[test]
fn no_locked_package_is_banned() {
    let deny = toml("deny.toml");
    let bans = list(deny["bans"].as_table().expect("`bans` is a table"), "deny");
    let lock = toml("Cargo.lock");
    let locked = list(&lock, "package");
    assert!(
        bans.len() > 10 && locked.len() > 10,
        "a list of {} bans and {} packages is not the real one",
        bans.len(),
        locked.len()
    );

    for ban in bans {
        let (name, reason) = (string(ban, "crate"), string(ban, "reason"));
        let banned = locked.iter().find(|package| string(package, "name") == name);
        assert!(
            banned.is_none(),
            "Cargo.lock holds `{name}`: {reason}; `cargo tree -i {name} --target all` says who wants it"
        );
    }
}

#[test]
fn every_package_but_ours_comes_from_the_one_registry() {
    let lock = toml("Cargo.lock");
    for package in list(&lock, "package") {
        let (name, source) = (string(package, "name"), package.get("source").and_then(Value::as_str));
        match source {
            None => assert_eq!(name, "casefile", "`{name}` comes from a folder"),
            Some(source) => assert!(source.starts_with("registry+"), "`{name}` comes from {source}"),
        }
    }
}

#[test]
fn every_direct_dependency_says_what_it_is_for() {
    let manifest = text("Cargo.toml");
    let mut in_dependencies = false;
    let mut open_brackets = 0;
    let mut entries = 0;
    for line in manifest.lines() {
        if open_brackets == 0 && line.starts_with('[') {
            in_dependencies = line.trim_end_matches(']').ends_with("dependencies");
            continue;
        }
        if !in_dependencies || line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (value, comment) = line.split_once(" #").unwrap_or((line, ""));
        open_brackets += value.matches(['{', '[']).count();
        open_brackets -= value.matches(['}', ']']).count();
        if open_brackets == 0 {
            entries += 1;
            assert!(!comment.trim().is_empty(), "Cargo.toml does not say what this is for: {line}");
        }
    }
    assert!(entries > 10, "only {entries} dependencies found in Cargo.toml");
}
