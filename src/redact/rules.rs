//! Redaction rules: TOML in, compiled patterns out. The format is a superset of gitleaks'; ours stands in `[rules.redact]`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::checks::Check;
use crate::model::config::{ConfigError, parse_toml};
use crate::model::{Sha256Digest, config::MAX_CONFIG_BYTES};

/// The rule files that are compiled into the program, with their names for messages.
const BUILTIN: [(&str, &str); 12] = [
    ("redaction-rules/clients.toml", include_str!("../../redaction-rules/clients.toml")),
    ("redaction-rules/cloud.toml", include_str!("../../redaction-rules/cloud.toml")),
    ("redaction-rules/connections.toml", include_str!("../../redaction-rules/connections.toml")),
    ("redaction-rules/hashes.toml", include_str!("../../redaction-rules/hashes.toml")),
    ("redaction-rules/headers.toml", include_str!("../../redaction-rules/headers.toml")),
    ("redaction-rules/passwords.toml", include_str!("../../redaction-rules/passwords.toml")),
    ("redaction-rules/personal.toml", include_str!("../../redaction-rules/personal.toml")),
    ("redaction-rules/prefixes.toml", include_str!("../../redaction-rules/prefixes.toml")),
    ("redaction-rules/services.toml", include_str!("../../redaction-rules/services.toml")),
    ("redaction-rules/tenants.toml", include_str!("../../redaction-rules/tenants.toml")),
    ("redaction-rules/tokens.toml", include_str!("../../redaction-rules/tokens.toml")),
    ("redaction-rules/urls.toml", include_str!("../../redaction-rules/urls.toml")),
];

/// The most rules that one run takes. The largest public set has 412; over this a file is a mistake or an attack.
const MAX_RULES: usize = 2000;

/// The most memory that one compiled pattern may take. Every pattern of the public sets fits 512 KiB without Unicode.
const PATTERN_SIZE_LIMIT: usize = 1 << 20;

/// The most lines that one rule may see at once.
pub(super) const MAX_LINES: usize = 16;

/// Kinds that this program makes by itself, not by a rule: own names and what stands in a key block.
pub(super) const OWN_KINDS: [(&str, bool); 6] =
    [("host", true), ("domain", true), ("user", true), ("person", true), ("private-key", true), ("value", true)];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    #[allow(dead_code, reason = "for readers of the file")]
    title: Option<String>,
    #[allow(dead_code, reason = "for readers of the file")]
    description: Option<String>,
    #[serde(default)]
    rules: Vec<RuleText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    id: String,
    #[serde(default)]
    description: String,
    regex: String,
    #[serde(default)]
    keywords: Vec<String>,
    entropy: Option<f64>,
    #[serde(rename = "secretGroup", default)]
    secret_group: usize,
    #[allow(dead_code, reason = "gitleaks' labels, which a redactor has no use for")]
    #[serde(default)]
    tags: Vec<String>,
    redact: RedactText,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RedactText {
    kind: String,
    #[serde(default)]
    secret: bool,
    #[serde(default = "yes")]
    hex: bool,
    check: Option<Check>,
    #[serde(default = "one")]
    lines: usize,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    negative_examples: Vec<String>,
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

/// One redaction rule.
#[derive(Debug)]
pub struct Rule {
    /// Its id, unique in the set.
    pub id: String,
    /// What it finds, in words.
    pub description: String,
    /// The word in the placeholder.
    pub kind: String,
    /// Whether a value that it finds is searched for in every other artifact.
    pub secret: bool,
    /// Whether the placeholder tells equal values apart from others.
    pub hex: bool,
    /// Lower-case literals, one of which stands near every match; empty: the rule looks at every line.
    pub keywords: Vec<String>,
    /// Shannon entropy in bits a byte that a value must exceed.
    pub entropy: Option<f64>,
    /// A checksum that a value must satisfy.
    pub check: Option<Check>,
    /// Lines that the pattern sees, from the one that a keyword stands in on: 1 for nearly all rules.
    pub lines: usize,
    /// Whether the rule looks only under [`super::Privacy::Strict`].
    pub strict: bool,
    /// Where the format is documented.
    pub references: Vec<String>,
    /// Texts that must be changed.
    pub examples: Vec<String>,
    /// Texts that must stay.
    pub negative_examples: Vec<String>,
    pattern: String,
    secret_group: usize,
    compiled: OnceLock<Option<Regex>>,
}

impl Rule {
    /// The compiled pattern; `None` when it cannot be compiled, on which the caller must fail closed.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.pattern).ok()).as_ref()
    }

    /// The range of the secret within a match: the chosen group, else the first group that is not empty, else all of it.
    pub(super) fn secret_range(&self, captures: &regex::bytes::Captures<'_>) -> Option<(usize, usize)> {
        if self.secret_group > 0 {
            return captures.get(self.secret_group).map(|m| (m.start(), m.end()));
        }
        let group = captures.iter().skip(1).flatten().find(|m| !m.is_empty());
        group.or_else(|| captures.get(0)).map(|m| (m.start(), m.end()))
    }
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    // Bytes without Unicode: what Go's RE2 means by \w and \d, a hundred times quicker to compile, and logs need not be UTF-8.
    RegexBuilder::new(pattern).unicode(false).size_limit(PATTERN_SIZE_LIMIT).build()
}

/// The kinds that a placeholder may name, and whether a hash follows.
#[derive(Debug, Default)]
pub struct Kinds(BTreeMap<String, bool>);

impl Kinds {
    /// These kinds.
    pub fn of<'a>(kinds: impl IntoIterator<Item = (&'a str, bool)>) -> Self {
        Self(kinds.into_iter().map(|(kind, hex)| (kind.to_owned(), hex)).collect())
    }

    /// Whether placeholders of `kind` end in a hash; `None` for an unknown kind.
    #[must_use]
    pub fn hex(&self, kind: &str) -> Option<bool> {
        self.0.get(kind).copied()
    }
}

/// All rules in force, with the digest that names them in the manifest.
#[derive(Debug)]
pub struct RuleSet {
    /// The rules, in the order of their files.
    pub rules: Vec<Rule>,
    /// Kinds of all rules and of our own.
    pub kinds: Kinds,
    /// SHA-256 over the texts of the rule files.
    pub digest: Sha256Digest,
}

impl RuleSet {
    /// The rules that are compiled into the program, and the rule files in `more` (name, text) after them. A rule with the id
    /// of an earlier one takes its place.
    pub fn load(more: &[(String, String)]) -> Result<Self, ConfigError> {
        let mut digest = Sha256::new();
        let mut rules: Vec<Rule> = Vec::new();
        let builtin = BUILTIN.iter().map(|(file, text)| (*file, *text, false));
        for (file, text, foreign) in builtin.chain(more.iter().map(|(f, t)| (f.as_str(), t.as_str(), true))) {
            digest.update(file.rsplit(['/', '\\']).next().unwrap_or(file).as_bytes());
            digest.update([0]);
            digest.update(text.as_bytes());
            for rule in parse(file, text, foreign)? {
                match rules.iter_mut().find(|known| known.id == rule.id) {
                    Some(known) => *known = rule,
                    None => rules.push(rule),
                }
            }
        }
        if rules.len() > MAX_RULES {
            let file = more.last().map_or("redaction-rules", |(file, _)| file.as_str());
            return Err(ConfigError::file(file, format!("{} rules are over the limit of {MAX_RULES}", rules.len()))
                .mend("leave out what is not needed"));
        }
        let named = super::sensitive_names::KINDS.into_iter().map(|kind| (kind, true));
        let kinds = Kinds::of(rules.iter().map(|rule| (rule.kind.as_str(), rule.hex)).chain(named).chain(OWN_KINDS));
        Ok(Self { rules, kinds, digest: Sha256Digest(digest.finalize().into()) })
    }
}

fn parse(file: &str, text: &str, foreign: bool) -> Result<Vec<Rule>, ConfigError> {
    if text.len() as u64 > MAX_CONFIG_BYTES {
        return Err(ConfigError::file(file, "larger than 8 MiB").mend("split the rules over several files"));
    }
    let raw: RuleFile = parse_toml(file, text)?;
    let mut rules = Vec::with_capacity(raw.rules.len());
    for (n, rule) in raw.rules.into_iter().enumerate() {
        let fail = |key: &str, problem: String| {
            ConfigError::file(file, problem).at_key(format!("rules[{n}].{key}")).at_line_of_key(text)
        };
        let id = rule.id;
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) || id.len() > 100 {
            return Err(fail("id", "a rule id is 1 to 100 letters, digits, `-`, `_`, `.`".to_owned())
                .mend("give the rule a plain id"));
        }
        let kind = rule.redact.kind;
        if kind.is_empty()
            || kind.len() > 40
            || !kind.bytes().all(|b| b.is_ascii_lowercase() || b"-0123456789".contains(&b))
        {
            return Err(fail("redact.kind", format!("`{id}`: a kind is 1 to 40 of a-z, 0-9 and `-`"))
                .mend("choose a word such as `api-key`"));
        }
        if rule.keywords.iter().any(|k| k.is_empty() || !k.is_ascii() || k.bytes().any(|b| b.is_ascii_uppercase())) {
            return Err(fail("keywords", format!("`{id}`: keywords are lower-case ASCII and not empty"))
                .mend("write them in lower case; case is ignored when matching"));
        }
        if !(1..=MAX_LINES).contains(&rule.redact.lines) {
            return Err(fail("redact.lines", format!("`{id}`: a rule sees 1 to {MAX_LINES} lines"))
                .mend("leave `lines` out for a rule that sees one line"));
        }
        let compiled = OnceLock::new();
        if foreign {
            // Rules from outside are compiled at once, so that a wrong one is an error now and not a gap later.
            let regex = compile(&rule.regex).map_err(|e| {
                let last = e.to_string().lines().last().unwrap_or("not a pattern").trim().to_owned();
                let last = last.trim_start_matches("error: ").trim_end_matches('.');
                fail("regex", format!("`{id}`: {last}")).mend("see https://docs.rs/regex for the syntax")
            })?;
            if rule.secret_group >= regex.captures_len() {
                return Err(fail("secretGroup", format!("`{id}`: the pattern has no group {}", rule.secret_group))
                    .mend("leave `secretGroup` out to take the first group"));
            }
            let _ = compiled.set(Some(regex));
        }
        rules.push(Rule {
            id,
            description: rule.description,
            kind,
            secret: rule.redact.secret,
            hex: rule.redact.hex,
            keywords: rule.keywords,
            entropy: rule.entropy,
            check: rule.redact.check,
            lines: rule.redact.lines,
            strict: rule.redact.strict,
            references: rule.redact.references,
            examples: rule.redact.examples,
            negative_examples: rule.redact.negative_examples,
            pattern: rule.regex,
            secret_group: rule.secret_group,
            compiled,
        });
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
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
}
