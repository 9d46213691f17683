//! What a person can choose before anything is collected: look first, leave out, seal what came by mail.

mod chain_support;

use chain_support::{Opened, arg, casefile, fixture, folder, listing, read, write};
use serde_json::Value;

#[test]
fn a_dry_run_writes_nothing_anywhere() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for name in ["home", "state", "out", "tmp", "config"] {
        std::fs::create_dir(at(name)).expect("a folder");
    }
    write(at("app.log"), read(fixture("shop/app.log")));
    let before = listing(folder.path());
    for more in [&[][..], &["--json"]] {
        let args = ["collect", "--dry-run", "--yes", "--logs", &arg(at("*.log")), "--output", &arg(at("out"))]
            .map(str::to_owned);
        let output = casefile(args.into_iter().chain(more.iter().map(|a| (*a).to_owned())))
            .env("HOME", at("home"))
            .env("XDG_STATE_HOME", at("state"))
            .env("XDG_CONFIG_HOME", at("config"))
            .env("TMPDIR", at("tmp"))
            .current_dir(&at("out"))
            .expect(0);
        assert!(output.stdout.contains("app.log"), "{}", output.stdout);
    }
    assert_eq!(listing(folder.path()), before, "a dry run wrote something");
}

#[test]
fn a_dry_run_says_what_each_source_is_for_and_what_will_be_skipped() {
    let folder = folder();
    let absent = arg(folder.path().join("absent-*.log"));
    let log = arg(fixture("shop/app.log"));
    let plan =
        casefile(["collect", "--dry-run", "--json", "--no-host", "--logs", &log, "--logs", &absent]).expect(0).json();
    let items = plan["items"].as_array().expect("items");
    assert!(items.iter().all(|item| item["purpose"].as_str().is_some_and(|p| !p.is_empty())), "{plan:#}");
    let sizes: Vec<u64> = items
        .iter()
        .flat_map(|i| i["sources"].as_array().expect("sources"))
        .filter_map(|s| s["size"].as_u64())
        .collect();
    assert_eq!(sizes, [read(fixture("shop/app.log")).len() as u64], "{plan:#}");
    let text = casefile(["collect", "--dry-run", "--no-host", "--logs", &log, "--logs", &absent]).expect(0).stdout;
    assert!(text.contains("1 sources"), "{text}");
}

#[test]
fn the_printed_profile_is_one_that_can_be_given_back() {
    let folder = folder();
    let printed = casefile(["collect", "--print-profile"]).expect(0).stdout;
    let table: toml::Table = printed.parse().expect("the profile is TOML");
    assert!(table.contains_key("logs") && table.contains_key("host") && table.contains_key("commands"), "{printed}");
    let file = folder.path().join("mine.toml");
    write(&file, &printed);
    let again = casefile(["collect", "--print-profile", "--profile", &arg(&file)]).expect(0).stdout;
    assert_eq!(again, printed);
    let plan = |more: &[&str]| {
        let json =
            casefile(["collect", "--dry-run", "--json", "--only", "commands"].iter().chain(more)).expect(0).json();
        json["items"].as_array().expect("items").iter().map(|item| item["what"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(plan(&[]), plan(&["--profile", &arg(&file)]), "a built-in command is another thing in a file");
}

#[test]
fn only_and_skip_choose_among_the_kinds() {
    let (log, config) = (arg(fixture("shop/app.log")), arg(fixture("shop/shop.toml")));
    let kinds = |more: &[&str]| {
        let args = ["collect", "--dry-run", "--json", "--logs", &log, "--config", &config];
        let plan = casefile(args.iter().chain(more)).expect(0).json();
        let mut kinds: Vec<String> = plan["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|i| i["collector"].as_str().expect("a kind").to_owned())
            .collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds(&["--only", "logs"]), ["logs"]);
    assert_eq!(kinds(&["--only", "logs", "--only", "config"]), ["config", "logs"]);
    assert_eq!(kinds(&["--no-host", "--skip", "logs"]), ["config"]);
    assert_eq!(kinds(&["--only", "logs", "--skip", "logs"]), Vec::<String>::new());
}

#[test]
fn a_folder_that_came_by_mail_is_sealed_as_it_is_named() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("mail/deep")).expect("a folder");
    for name in ["app.log", "checkout.har", "access.log"] {
        write(at("mail").join(name), read(fixture("shop").join(name)));
    }
    write(at("mail/deep/shop.toml"), read(fixture("shop/shop.toml")));
    write(at("mail/till.png"), chain_support::bytes::png_with_text("maria"));
    let before = listing(&at("mail"));
    let args = ["collect", "--yes", "--no-host", "--from", &arg(at("mail")), "--output", &arg(folder.path())];
    let bundle = Opened::read(&casefile(args).expect(0).bundle());
    let mut names: Vec<&str> =
        bundle.files.iter().map(|(name, _)| name.as_str()).filter(|n| n.starts_with("data/")).collect();
    names.sort_unstable();
    let expected = [
        "data/case.json",
        "data/har/checkout.har",
        "data/logs/access.log",
        "data/logs/app.log",
        "data/logs/deep/shop.toml",
        "data/redaction.json",
        "data/screenshots/till.png",
    ];
    assert_eq!(names, expected);
    assert!(bundle.text("data/logs/deep/shop.toml").contains("password = \"REDACTED-"));
    assert_eq!(listing(&at("mail")), before, "the received files were touched");
}
