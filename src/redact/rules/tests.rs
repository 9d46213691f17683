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
