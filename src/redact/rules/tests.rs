//! Rule files: ours, those of other programs, and those of somebody who means harm.

use super::*;

#[test]
fn every_builtin_rule_compiles_and_tells_what_it_finds() {
    let set = RuleSet::load(&[]).expect("the builtin rules load");
    for rule in &set.rules {
        assert!(rule.regex().is_some(), "{} does not compile", rule.id);
        assert!(!rule.description.is_empty(), "{} has no description", rule.id);
        assert!(!rule.examples.is_empty(), "{} has no example", rule.id);
    }
}

#[test]
fn a_wrong_rule_file_names_file_line_key_and_mend() {
    let load = |text: &str| RuleSet::load(&[("mine.toml".to_owned(), text.to_owned())]).expect_err("wrong");
    let pattern = load("[[rules]]\nid = 'x'\nregex = '(a'\n[rules.redact]\nkind = 'k'\n");
    assert_eq!((pattern.file.as_str(), pattern.key.as_deref()), ("mine.toml", Some("rules[0].regex")));
    assert!(pattern.mend.is_some());
    let kind = load("[[rules]]\nid = 'x'\nregex = 'a'\n[rules.redact]\nkind = 'K k'\n");
    assert_eq!(kind.key.as_deref(), Some("rules[0].redact.kind"));
    let bomb = load("[[rules]]\nid = 'x'\nregex = '(?:a{1000}){1000}'\n[rules.redact]\nkind = 'k'\n");
    assert_eq!(bomb.key.as_deref(), Some("rules[0].regex"));
}

#[test]
fn a_later_rule_takes_the_place_of_an_earlier_one_with_its_id() {
    let first = RuleSet::load(&[]).expect("loads");
    let id = first.rules[0].id.clone();
    let text = format!("[[rules]]\nid = '{id}'\nregex = 'zzz'\n[rules.redact]\nkind = 'k'\n");
    let second = RuleSet::load(&[("mine.toml".to_owned(), text)]).expect("loads");
    assert_eq!(second.rules.len(), first.rules.len());
    assert_ne!(second.digest, first.digest);
}

fn load(text: &str) -> Result<RuleSet, ConfigError> {
    RuleSet::only(&[("their.toml".to_owned(), text.to_owned())])
}

fn loaded(text: &str) -> RuleSet {
    load(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn notes(set: &RuleSet) -> Vec<(&str, usize)> {
    set.notes.iter().map(|note| (note.key.as_str(), note.rules)).collect()
}

fn redacted(set: RuleSet, text: &str) -> String {
    use super::super::{KnownNames, Privacy, Pseudonyms, Redactor};
    let redactor = Redactor::new(set.into(), Pseudonyms::new(b"k"), &KnownNames::default(), Privacy::Standard);
    redactor.expect("ready").text(text)
}

/// A rule file as gitleaks takes it, with what must not be honoured.
const GITLEAKS: &str = r#"
title = "not ours"
minVersion = "v8.25.0"
[extend]
useDefault = true
[allowlist]
description = "deprecated form"
paths = ['''their\.toml''', '''(?i)\.png$''']
regexes = ['''(?i)^true|false|null$''', '''^\${(?:[A-Z_]+)}$''']
stopwords = ["example"]
[[rules]]
ID = "Acme Key"
Description = "Acme"
Regex = '''(?i)acme[\w]{0,10}[\s"]{0,3}[:=][\s"]{0,3}([a-z0-9${}_]{4,40})'''
secretgroup = 1
Keywords = ["ACME"]
tags = ["x"]
[[rules.allowlists]]
condition = "AND"
commits = ["abc"]
regexes = ["^always"]
[[rules.allowlists]]
regexTarget = "match"
regexes = ["(?i)acme_id"]
[[rules]]
id = "file"
path = '''\.p12$'''
[[rules]]
id = "in-php"
path = '''\.php$'''
regex = "'sk_[a-z0-9]{8}'"
entropy = 3
keywords = ["sk_"]
"#;

#[test]
fn a_gitleaks_file_loads_as_it_is_and_says_what_is_not_honoured() {
    let set = loaded(GITLEAKS);
    let ids: Vec<&str> = set.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["Acme-Key", "in-php"]);
    let acme = &set.rules[0];
    assert_eq!((acme.kind.as_str(), acme.secret, acme.hex, acme.lines), ("token", true, true, 7));
    assert_eq!(acme.keywords, ["acme"]);
    let expected = [
        ("allowlists.commits", 0),
        ("allowlists.paths", 0),
        ("allowlists.stopwords", 0),
        ("extend.useDefault", 0),
        ("path", 1),
        ("path", 1),
    ];
    assert_eq!(notes(&set), expected);
    assert_eq!(
        set.notes[4].to_string(),
        "their.toml: `path` of 1 rule: a rule without a `regex` finds nothing in a text"
    );
}

#[test]
fn what_a_scanner_leaves_alone_is_left_alone_only_where_that_is_safe() {
    let goes = |text: &str| redacted(loaded(GITLEAKS), text) != text;
    for secret in [
        "acme = T7kQfalse9",
        "acme_key: \"always0on\"",
        "acme: exampleT7kQ",
        "acme = T7kQ0000 # gitleaks:allow",
        "x 'sk_a1b2c3d4' y",
        "acme =\n \"T7kQ0000\"",
    ] {
        assert!(goes(secret), "{secret}");
    }
    for harmless in ["acme = null", "acme = ${ACME_KEY}", "acme = EXAMPLE", "acme_id = T7kQ0000", "'sk_aaaaaaaa'"] {
        assert!(!goes(harmless), "{harmless}");
    }
}

#[test]
fn a_betterleaks_file_loads_and_plain_filters_are_honoured() {
    const TEXT: &str = r#"
betterleaksMinVersion = "v1.6.0"
prefilter = 'matchesAny(get(attributes, "path", ""), [`\.png$`])'
filter = '(matchesAny(finding["secret"], [`(?i)^true|false|null$`]) || containsAny(finding["secret"], ["abcdefgh"]))'
[[rules]]
id = "acme-key"
regex = '''acme-([a-z0-9]{8})'''
keywords = ["acme-"]
specificity = 200
tokenEfficiency = true
skipReport = true
validate = 'http.get("https://acme.test")'
filter = 'entropy(finding["secret"]) <= 1.5 || !matchesAny(finding["secret"], [`[0-9]`])'
[[rules.required]]
id = "acme-id"
withinLines = 3
"#;
    let set = loaded(TEXT);
    let keys: Vec<&str> = set.notes.iter().map(|note| note.key.as_str()).collect();
    assert_eq!(keys, ["filter", "prefilter", "required", "skipReport", "specificity", "tokenEfficiency", "validate"]);
    let goes = |text: &str| redacted(loaded(TEXT), text) != text;
    assert!(goes("acme-t7kq0000") && goes("acme-lettersx"));
    assert!(!goes("acme-aaaaaaab") && !goes("acme-abcdefgh"));
}

#[test]
fn a_foreign_rule_stands_beside_a_built_in_one_and_in_the_place_of_an_earlier_foreign_one() {
    let built_in = RuleSet::load(&[]).expect("loads");
    let id = built_in.rules[0].id.clone();
    let file = |name: &str, regex: &str| (name.to_owned(), format!("[[rules]]\nid = '{id}'\nregex = '{regex}'\n"));
    let set = RuleSet::load(&[file("a/their-1.toml", "qq1"), file("more.toml", "qq2")]).expect("loads");
    let fresh: Vec<_> = set.rules[built_in.rules.len()..].iter().map(|r| (r.id.clone(), r.pattern.as_str())).collect();
    assert_eq!(fresh, [(format!("their1.{id}"), "qq2")]);
    assert_eq!(set.rules[0].pattern, built_in.rules[0].pattern);
    assert_eq!((set.notes[0].key.as_str(), set.notes[0].rules), ("id", 1));
}

#[test]
fn rules_of_earlier_files_can_be_disabled_and_built_in_ones_can_not() {
    let built_in = RuleSet::load(&[]).expect("loads");
    let id = &built_in.rules[0].id;
    let first = ("a.toml".to_owned(), "[[rules]]\nid = 'acme'\nregex = 'a'\n".to_owned());
    let second = ("b.toml".to_owned(), format!("[extend]\ndisabledRules = ['acme', '{id}']\n"));
    let set = RuleSet::load(&[first, second]).expect("loads");
    assert_eq!(set.rules.len(), built_in.rules.len());
    assert_eq!(notes(&set), [("extend.disabledRules", 0)]);
}

#[test]
fn a_file_with_one_rule_of_ours_is_read_strictly_and_may_hold_foreign_ones() {
    let ours = "[[rules]]\nid = 'x'\nregex = 'a'\n[rules.redact]\nkind = 'k'\n";
    for (more, key) in [
        ("hexx = true\n", "hexx"),
        ("[[rules]]\nid = 'y'\nregex = 'a'\nnothing = 1\n", "nothing"),
        ("[[rules]]\nid = 'y'\nregex = 'a'\n[rules.Redact]\nkind = 'k'\n", "Redact"),
        ("[[rules]]\nID = 'y'\nregex = 'a'\n", "ID"),
    ] {
        let error = load(&format!("{ours}{more}")).expect_err("an unknown key");
        assert!(error.problem.contains(key) && error.line.is_some() && error.mend.is_some(), "{error}");
    }
    let set = loaded(&format!("{ours}[[rules]]\nid = 'y'\nregex = '\\Qa.b\\E{{x}}'\nkeywords = ['A']\n"));
    assert_eq!(set.rules.iter().map(|r| r.kind.as_str()).collect::<Vec<_>>(), ["k", "token"]);
}

#[test]
fn the_last_of_two_foreign_rules_with_one_id_counts_and_odd_ids_are_told_apart() {
    let rule = |id: &str, regex: &str| format!("[[rules]]\nid = '{id}'\nregex = '{regex}'\n");
    let set = loaded(&[rule("a", "one"), rule("a", "two"), rule("a b", "three"), rule("a:b", "four")].concat());
    let ids: Vec<_> = set.rules.iter().map(|r| (r.id.as_str(), r.pattern.as_str())).collect();
    assert_eq!(ids, [("a", "two"), ("a-b", "three"), ("their.a-b", "four")]);
}

#[test]
fn keys_that_nobody_knows_are_noted_and_wrong_values_are_errors() {
    let set = loaded("colour = 1\n[[rules]]\nid = 'a'\nregex = 'b'\nshape = 'round'\n");
    assert_eq!(notes(&set), [("colour", 0), ("shape", 0)]);
    let exemption = |text: &str| format!("[[rules]]\nid = 'a'\nregex = 'a'\n[[rules.allowlists]]\n{text}\n");
    for (text, key) in [
        ("[[rules]]\nid = 'a'\nregex = 7\n".to_owned(), "rules[0].regex"),
        ("[[rules]]\nid = ''\nregex = 'a'\n".to_owned(), "rules[0].id"),
        ("[[rules]]\nid = 'a'\nregex = '(?=a)'\n".to_owned(), "rules[0].regex"),
        ("[[rules]]\nid = 'a'\nregex = 'a'\nsecretGroup = 1\n".to_owned(), "rules[0].secretGroup"),
        (exemption("condition = 'XOR'"), "rules[0].allowlists[0].condition"),
        ("[[allowlists]]\nregexTarget = 'file'\n".to_owned(), "allowlists[0].regexTarget"),
    ] {
        let error = load(&text).expect_err(key);
        assert_eq!((error.key.as_deref(), error.line.is_some()), (Some(key), true), "{error}");
    }
}

#[test]
fn a_foreign_rule_sees_the_lines_that_its_pattern_spans_from_the_one_that_is_sure_to_be_known() {
    let set = loaded(
        "[[rules]]\nid = 'a'\nregex = '\\bdata:(?s:.){0,99}key: (\\w+)(?s:.)*kind: Secret'\nkeywords = ['secret']\n",
    );
    assert_eq!((set.rules[0].lines, &set.rules[0].keywords[..]), (MAX_LINES, &["data:".to_owned()][..]));
    assert!(!redacted(set, "data:\n  key: T7kQ0000\n\nkind: Secret\n").contains("T7kQ"));
}

#[test]
fn line_by_line_a_rule_of_several_lines_still_sees_one() {
    use super::super::{KnownNames, Privacy, Pseudonyms, Redactor};
    let set = loaded(GITLEAKS);
    assert!(set.rules[0].lines > 1);
    let redactor = Redactor::new(set.into(), Pseudonyms::new(b"k"), &KnownNames::default(), Privacy::Standard);
    let mut filter = Arc::new(redactor.expect("ready")).line_filter();
    let mut out = Vec::new();
    filter.push(b"acme = T7kQ0000\nacme =\n T7kQ1111\n", &mut out).expect("redacts");
    let out = String::from_utf8(out).expect("text");
    assert!(out.starts_with("acme = REDACTED-token-") && out.ends_with("\nacme =\n T7kQ1111\n"), "{out}");
}

#[test]
fn a_file_that_means_harm_is_refused_in_words() {
    let rule = |regex: &str| format!("[[rules]]\nid = 'a'\nregex = '''{regex}'''\n");
    let many = |n: usize, one: &str| (0..n).map(|n| one.replace('#', &n.to_string())).collect::<String>();
    let list = |n: usize, one: &str| format!("[allowlist]\nregexes = [{}]\n", many(n, one));
    let ours = |lines: &str| format!("{}[rules.redact]\nkind = 'k'\nlines = {lines}\n", rule("a"));
    let nested = |open: &str, close: &str| format!("{}a{}", open.repeat(100_000), close.repeat(100_000));
    for (what, text) in [
        ("too large", format!("# {}", "x".repeat(9 << 20))),
        ("too many rules", many(3000, "[[rules]]\nid = 'r#'\nregex = 'a'\n")),
        ("a repetition bomb", rule("(?:(?:(?:a{1000}){1000}){1000}){1000}")),
        ("a large pattern", rule(r"(?:\w{1000}){400}")),
        ("a wide pattern", rule(r"\pL{900}")),
        ("large patterns together", many(1990, "[[rules]]\nid = 'r#'\nregex = '(?:[a-z]{50}-){50}'\n")),
        ("a deep pattern", rule(&nested("(", ")"))),
        ("a deep class", rule(&nested("[[:alpha:]", "]"))),
        ("a deep table", format!("a = {}", nested("[", "]"))),
        ("a deep key", format!("{}a = 1", "a.".repeat(100_000))),
        ("many exemptions", list(300_000, "'a#',")),
        ("large exemptions", list(900, "'(?:[a-z]{50}-){50}#',")),
        ("many words", format!("[allowlist]\nstopwords = [{}]\n", many(500_000, "'word#',"))),
        ("many keywords", format!("{}keywords = [{}]\n", rule("a"), many(20_000, "'keyword-#',"))),
        ("absurd lines", ours("4000000000")),
        ("an absurd group", format!("{}secretGroup = 4000000000\n", rule("(a)"))),
    ] {
        let error = load(&text).map(|set| set.rules.len()).expect_err(what).to_string();
        assert!(error.len() < 300, "{what}: {error}");
    }
}

#[test]
fn oddities_that_do_no_harm_load() {
    let rule = "[[rules]]\nid = 'a'\nregex = 'a'\n";
    for more in [
        "",
        "keywords = ['', 'é']\n",
        "filter = '((((('\n",
        "entropy = 3\n",
        "[[rules.allowlists]]\nregexes = ['(', '(?=a)']\n",
        "[[rules.allowlists]]\n",
    ] {
        loaded(&format!("{rule}{more}"));
    }
    assert!(loaded("").rules.is_empty());
    let everywhere = "[[rules]]\nid = 'a'\nregex = ''\n";
    assert_eq!(redacted(loaded(everywhere), "a b"), "a b");
}
