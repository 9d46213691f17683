//! Wrong input of every kind: one message that names the file, the line, the key and the mend, and nothing else happens.

mod chain_support;

use std::path::Path;

use chain_support::{Output, arg, casefile, fixture, folder, listing, write};

/// A text that stands in every wrong file and must never be echoed.
const SECRET: &str = "hunter2-Kx9-secret";

/// A wrong file: its text, and what the message must say about it.
struct Wrong {
    what: &'static str,
    text: &'static str,
    line: Option<usize>,
    key: Option<&'static str>,
    says: &'static [&'static str],
}

const fn wrong(
    what: &'static str,
    text: &'static str,
    line: usize,
    key: &'static str,
    says: &'static [&'static str],
) -> Wrong {
    let (line, key) = (if line == 0 { None } else { Some(line) }, if key.is_empty() { None } else { Some(key) });
    Wrong { what, text, line, key, says }
}

const PROFILES: &[Wrong] = &[
    wrong("syntax", "name = \"x\"\n[limits\nfile = \"hunter2-Kx9-secret\"\n", 2, "", &["toml.io"]),
    wrong("value without quotes", "name = hunter2-Kx9-secret\n", 1, "", &["quotes"]),
    wrong(
        "unknown key",
        "name = \"x\"\n[[logs]]\npurpose = \"hunter2-Kx9-secret\"\npats = []\n",
        4,
        "logs[0]",
        &["`pats`", "did you mean `paths`?"],
    ),
    wrong("missing key", "# hunter2-Kx9-secret\n[[logs]]\npaths = []\n", 0, "", &["missing"]),
    wrong("bad size", "name = \"hunter2-Kx9-secret\"\n[limits]\nfile = \"big\"\n", 3, "limits.file", &["50MiB"]),
    wrong("bad time", "name = \"hunter2-Kx9-secret\"\n[limits]\nstall = \"soon\"\n", 3, "limits.stall", &["30s"]),
    wrong(
        "relative glob",
        "name = \"hunter2-Kx9-secret\"\n[[logs]]\npurpose = \"p\"\npaths = [\"logs/*\"]\n",
        4,
        "logs[0].paths",
        &["absolute"],
    ),
    wrong(
        "broken glob",
        "name = \"hunter2-Kx9-secret\"\n[[logs]]\npurpose = \"p\"\npaths = [\"/a/[\"]\n",
        4,
        "logs[0].paths",
        &["unclosed"],
    ),
    wrong(
        "unknown fact group",
        "name = \"hunter2-Kx9-secret\"\n[host]\nfacts = [\"oss\"]\n",
        3,
        "host.facts",
        &["`oss`", "known groups: os, cpu"],
    ),
    wrong(
        "empty run",
        "name = \"hunter2-Kx9-secret\"\n[[commands]]\nname = \"c\"\npurpose = \"p\"\nrun = []\n",
        5,
        "commands[0].run",
        &["names no program"],
    ),
    wrong("wrong type", "name = \"hunter2-Kx9-secret\"\nlogs = 3\n", 2, "logs", &["expected"]),
];

const CASES: &[Wrong] = &[
    wrong(
        "time without zone",
        "summary = \"hunter2-Kx9-secret\"\nstarted_at = \"2026-11-23T10:15:00\"\n",
        2,
        "started_at",
        &["no time zone", "+01:00"],
    ),
    wrong(
        "no time",
        "summary = \"hunter2-Kx9-secret\"\n[impact]\nsince = \"this morning\"\n",
        3,
        "impact.since",
        &["+01:00"],
    ),
    wrong(
        "unknown key",
        "summary = \"hunter2-Kx9-secret\"\nacount_id = \"A\"\n",
        2,
        "",
        &["did you mean `account_id`?"],
    ),
    wrong(
        "wrong type",
        "summary = \"hunter2-Kx9-secret\"\nbrowser_involved = \"yes\"\n",
        2,
        "browser_involved",
        &["boolean"],
    ),
    wrong("negative number", "summary = \"hunter2-Kx9-secret\"\n[impact]\naffected = -4\n", 3, "impact.affected", &[]),
    wrong(
        "bad zone name",
        "summary = \"hunter2-Kx9-secret\"\ncustomer_zone = \"Europe/Berlni\"\n",
        2,
        "customer_zone",
        &["Europe/Berlin"],
    ),
    wrong("bad case id", "summary = \"hunter2-Kx9-secret\"\ncase_id = \"4711\"\n", 2, "case_id", &["leave it out"]),
    wrong(
        "unknown scope",
        "summary = \"hunter2-Kx9-secret\"\n[impact]\nscope = \"degradd\"\n",
        3,
        "impact.scope",
        &["degraded"],
    ),
    wrong("syntax", "summary = \"hunter2-Kx9-secret\n", 1, "", &["toml.io"]),
];

const RULES: &[Wrong] = &[
    wrong(
        "bad pattern",
        "# hunter2-Kx9-secret\n[[rules]]\nid = 'mine'\nregex = '(a'\n[rules.redact]\nkind = 'k'\n",
        4,
        "rules[0].regex",
        &["`mine`: unclosed group"],
    ),
    wrong(
        "unknown key",
        "# hunter2-Kx9-secret\n[[rules]]\nid = 'mine'\nregx = 'a'\n[rules.redact]\nkind = 'k'\n",
        4,
        "rules[0]",
        &["did you mean `regex`?"],
    ),
    wrong(
        "bad kind",
        "# hunter2-Kx9-secret\n[[rules]]\nid = 'mine'\nregex = 'a'\n[rules.redact]\nkind = 'K k'\n",
        6,
        "rules[0].redact.kind",
        &["a-z"],
    ),
    wrong(
        "pattern that would take all memory",
        "# hunter2-Kx9-secret\n[[rules]]\nid = 'mine'\nregex = '(?:a{1000}){1000}'\n[rules.redact]\nkind = 'k'\n",
        4,
        "rules[0].regex",
        &["size limit"],
    ),
    wrong(
        "unknown check",
        "# hunter2-Kx9-secret\n[[rules]]\nid = 'mine'\nregex = 'a'\n[rules.redact]\nkind = 'k'\ncheck = 'luhm'\n",
        7,
        "rules[0].redact.check",
        &["luhn"],
    ),
    wrong(
        "group that is not there",
        "# hunter2-Kx9-secret\n[[rules]]\nid = 'mine'\nregex = 'a'\nsecretGroup = 2\n[rules.redact]\nkind = 'k'\n",
        5,
        "rules[0].secretGroup",
        &["no group 2"],
    ),
];

const CHECKLISTS: &[Wrong] = &[
    wrong("empty", "# hunter2-Kx9-secret\n", 0, "", &["items"]),
    wrong("no items", "# hunter2-Kx9-secret\nitems = []\n", 0, "", &["at least one"]),
    wrong("unknown key", "# hunter2-Kx9-secret\n[[items]]\nidd = \"a\"\n", 3, "items[0]", &["`idd`"]),
    wrong(
        "unknown fact",
        "[[items]]\nid = \"a\"\ngroup = \"impact-and-sla\"\nquestion = \"hunter2-Kx9-secret\"\nrequired_from = \"sev3\"\nmet = { fact = \"sumary\" }\nwhy = \"w\"\nask = \"a\"\nhow = \"h\"\n",
        6,
        "items[0].met",
        &["sumary", "summary"],
    ),
];

const POLICIES: &[Wrong] = &[
    wrong("unknown key", "# hunter2-Kx9-secret\nmany_user = 50\n", 2, "", &["did you mean `many_users`?"]),
    wrong("wrong type", "# hunter2-Kx9-secret\nmany_users = \"many\"\n", 2, "many_users", &[]),
    wrong("syntax", "# hunter2-Kx9-secret\n[severities.sev1\n", 2, "", &["toml.io"]),
];

const TEMPLATES: &[Wrong] = &[
    wrong("not closed", "hunter2-Kx9-secret\n{% if summary %}\n", 2, "", &[]),
    wrong("unknown filter", "hunter2-Kx9-secret\n\n{{ summary | shoutt }}\n", 3, "", &[]),
];

/// Runs `args` with `file` in place of `FILE` over every wrong text, and judges each message.
fn judge(kind: &str, all: &[Wrong], args: &[&str]) {
    let folder = folder();
    let file = folder.path().join(format!("my-{kind}"));
    let out = folder.path().join("out");
    std::fs::create_dir(&out).expect("a folder");
    let mut faults = Vec::new();
    for wrong in all {
        write(&file, wrong.text);
        let args = args.iter().map(|a| match *a {
            "FILE" => arg(&file),
            "OUT" => arg(&out),
            "LOG" => arg(fixture("shop/access.log")),
            other => other.to_owned(),
        });
        let output = casefile(args).env("XDG_STATE_HOME", folder.path().join("state")).output();
        let mut fault = |what: String| faults.push(format!("{kind}, {}: {what}:\n{}", wrong.what, output.stderr));
        for one in one_message(&output) {
            fault(one);
        }
        let first = output.stderr.lines().next().unwrap_or_default();
        if !first.contains(&format!("my-{kind}")) {
            fault("the file is not named".to_owned());
        }
        if let Some(line) = wrong.line.filter(|line| !first.contains(&format!("line {line}"))) {
            fault(format!("line {line} is not named"));
        }
        if let Some(key) = wrong.key.filter(|key| !first.contains(&format!("key `{key}"))) {
            fault(format!("key {key} is not named"));
        }
        for says in wrong.says.iter().filter(|says| !output.stderr.contains(**says)) {
            fault(format!("it does not say `{says}`"));
        }
        if output.stderr.contains(SECRET) {
            fault("it echoes the file".to_owned());
        }
    }
    assert!(listing(&out).is_empty(), "something was written");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with the form of a refusal: exit code 2, one message with a hint on stderr, nothing on stdout.
fn one_message(output: &Output) -> Vec<String> {
    let mut faults = Vec::new();
    if output.exit != Some(2) {
        faults.push(format!("exit {:?}", output.exit));
    }
    if !output.stdout.is_empty() {
        faults.push(format!("stdout: {}", output.stdout));
    }
    let count = |word: &str| output.stderr.lines().filter(|line| line.starts_with(word)).count();
    if count("error: ") != 1 || !output.stderr.starts_with("error: ") {
        faults.push("not one message".to_owned());
    }
    if count("hint: ") != 1 {
        faults.push("no hint".to_owned());
    }
    faults
}

#[test]
fn a_wrong_profile_is_refused_with_its_line_and_key() {
    judge("profile", PROFILES, &["collect", "--yes", "--profile", "FILE", "--output", "OUT"]);
}

#[test]
fn a_wrong_case_file_is_refused_with_its_line_and_key() {
    judge("case", CASES, &["collect", "--yes", "--no-host", "--logs", "LOG", "--case", "FILE", "--output", "OUT"]);
}

#[test]
fn a_wrong_rule_file_is_refused_with_its_line_and_key() {
    judge("rules", RULES, &["collect", "--yes", "--no-host", "--logs", "LOG", "--rules", "FILE", "--output", "OUT"]);
}

#[test]
fn a_wrong_checklist_is_refused_with_its_line_and_key() {
    judge("checklist", CHECKLISTS, &["verify", "--checklist", "FILE", "absent.casefile.zip"]);
}

#[test]
fn a_wrong_policy_is_refused_with_its_line_and_key() {
    judge("policy", POLICIES, &["escalate", "open", "--policy", "FILE", "absent.casefile.zip"]);
}

#[test]
fn a_wrong_template_is_refused_with_its_line() {
    judge("template", TEMPLATES, &["escalate", "open", "--template", "FILE", "absent.casefile.zip"]);
}

#[test]
fn a_file_that_is_absent_a_folder_or_no_text_is_refused_by_name() {
    let folder = folder();
    let (absent, binary) = (folder.path().join("absent.toml"), folder.path().join("binary.toml"));
    write(&binary, [0xff, 0xfe, 0, 1]);
    for path in [absent.as_path(), folder.path(), &binary] {
        for args in [
            vec!["collect", "--yes", "--profile"],
            vec!["collect", "--yes", "--no-host", "--case"],
            vec!["collect", "--yes", "--no-host", "--rules"],
            vec!["verify", "absent.casefile.zip", "--checklist"],
            vec!["verify", "absent.casefile.zip", "--case"],
            vec!["escalate", "open", "absent.casefile.zip", "--policy"],
            vec!["escalate", "open", "absent.casefile.zip", "--template"],
        ] {
            let output = casefile(args.iter().map(|a| (*a).to_owned()).chain([arg(path)])).output();
            let faults = one_message(&output);
            assert!(faults.is_empty(), "{args:?} {}: {faults:?}\n{}", path.display(), output.stderr);
            assert!(output.stderr.contains(&arg(path)), "{args:?}: {} is not named: {}", path.display(), output.stderr);
            assert!(!output.stderr.contains("os error"), "{args:?}: {}", output.stderr);
        }
    }
}

#[test]
fn what_is_no_bundle_is_refused_by_name() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    write(at("text.casefile.zip"), format!("not a zip {SECRET}"));
    write(at("empty.casefile.zip"), "");
    write(at("cut.casefile.zip"), b"PK\x03\x04\x14\0\0\0");
    for (path, exit) in [
        (at("text.casefile.zip"), 3),
        (at("empty.casefile.zip"), 3),
        (at("cut.casefile.zip"), 3),
        (at("absent.casefile.zip"), 2),
        (folder.path().to_owned(), 2),
    ] {
        for verb in [&["verify"][..], &["inspect", "summary"], &["inspect", "ls"], &["escalate", "open"]] {
            // `verify` looks into a folder for bundles; one that has none is an error all the same.
            let nothing = at("nothing");
            std::fs::create_dir_all(&nothing).expect("a folder");
            let path = if path.is_dir() && verb == ["verify"] { nothing } else { path.clone() };
            let output = casefile(verb.iter().map(|a| (*a).to_owned()).chain([arg(&path)]))
                .env("XDG_STATE_HOME", at("state"))
                .expect(exit);
            assert_eq!(output.stdout, "", "{verb:?} {}", path.display());
            let name = path.file_name().expect("a name").to_str().expect("UTF-8");
            assert!(
                output.stderr.starts_with("error: ") && output.stderr.contains(name),
                "{verb:?}: {}",
                output.stderr
            );
            assert!(
                !output.stderr.contains(SECRET) && !output.stderr.contains("os error"),
                "{verb:?}: {}",
                output.stderr
            );
        }
    }
    assert!(!at("state").exists(), "a journal was begun for no bundle");
}

#[test]
fn a_wrong_flag_is_refused_by_name() {
    let folder = folder();
    let (log, out) = (arg(fixture("shop/access.log")), arg(folder.path()));
    let collect = ["collect", "--yes", "--no-host", "--logs", &log, "--output", &out];
    for (more, says) in [
        (&["--outptu", "x"][..], "--outptu"),
        (&["--since", "yesterday"], "--since"),
        (&["--since", "2026-11-23T10:15:00"], "zone"),
        (&["--threads", "many"], "--threads"),
        (&["--threads", "0"], "at least one thread"),
        (&["--privacy", "none"], "strict"),
        (&["--only", "logz"], "logs"),
        (&["--bundle-name", "../x"], "--bundle-name"),
        (&["--case-id", "4711"], "case_id"),
        (&["--started-at", "10:15"], "started_at"),
        (&["--zone", "Mars/Phobos"], "customer_zone"),
        (&["--affected", "many"], "--affected"),
        (&["--from", "absent-folder"], "absent-folder"),
    ] {
        let output = casefile(collect.iter().chain(more)).output();
        assert_eq!((output.exit, output.stdout.as_str()), (Some(2), ""), "{more:?}: {}", output.stderr);
        assert!(output.stderr.starts_with("error: ") && output.stderr.contains(says), "{more:?}: {}", output.stderr);
    }
    for (args, says) in [
        (&["verify"][..], "<BUNDLE>"),
        (&["verify", "--severity", "5", "x.zip"], "1, 2, 3 or 4"),
        (&["escalate", "open", "--severity", "high", "x.zip"], "1, 2, 3 or 4"),
        (&["escalate", "open", "--without-bundle"], "--case"),
        (&["inspect", "cat", "x.zip"], "<PATH>"),
        (&["colect"], "collect"),
        (&[], "Usage"),
    ] {
        let output = casefile(args).output();
        assert_eq!((output.exit, output.stdout.as_str()), (Some(2), ""), "{args:?}: {}", output.stderr);
        assert!(output.stderr.contains(says), "{args:?}: {}", output.stderr);
    }
    assert!(listing(folder.path()).is_empty(), "something was written");
}

#[test]
fn a_key_that_is_too_short_and_an_epoch_that_is_none_are_refused() {
    let folder = folder();
    let key = folder.path().join("short.key");
    write(&key, &SECRET[..15]);
    let log = arg(fixture("shop/access.log"));
    let run = |more: &[&str]| casefile(["collect", "--yes", "--no-host", "--logs", &log].iter().chain(more));
    let out = arg(folder.path().join("out"));
    for (output, says) in [
        (run(&["--output", &out, "--pseudonym-key", &arg(&key)]).output(), "short.key"),
        (run(&["--output", &out, "--pseudonym-key", "absent.key"]).output(), "absent.key"),
        (run(&["--output", &out]).env("SOURCE_DATE_EPOCH", "today").output(), "SOURCE_DATE_EPOCH"),
    ] {
        let faults = one_message(&output);
        assert!(faults.is_empty() && output.stderr.contains(says), "{faults:?}: {}", output.stderr);
        assert!(!output.stderr.contains(&SECRET[..15]), "{}", output.stderr);
    }
    assert!(!Path::new(&out).exists());
}
