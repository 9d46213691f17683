//! A rule file as it is written: the keys of gitleaks and betterleaks, and ours in `[rules.redact]`.
//!
//! A file in which a rule has `[rules.redact]` is ours and is read strictly. Any other is read as gitleaks reads it: the case
//! of a key does not matter, and what is not known is noted.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

use super::super::checks::Check;
use super::super::places::Place;
use crate::model::config::{ConfigError, MAX_CONFIG_BYTES, parse_toml, parse_toml_table};

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct RuleFile {
    #[allow(dead_code, reason = "for readers of the file")]
    title: Option<String>,
    #[allow(dead_code, reason = "for readers of the file")]
    description: Option<String>,
    #[allow(dead_code, reason = "versions of other programs")]
    min_version: Option<Value>,
    #[allow(dead_code, reason = "versions of other programs")]
    betterleaks_min_version: Option<Value>,
    pub(super) extend: Option<ExtendText>,
    pub(super) rules: Vec<RuleText>,
    pub(super) allowlists: Vec<AllowText>,
    pub(super) allowlist: Option<AllowText>,
    pub(super) prefilter: Option<Value>,
    pub(super) filter: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ExtendText {
    pub(super) use_default: bool,
    pub(super) path: Option<String>,
    pub(super) url: Option<String>,
    pub(super) disabled_rules: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RuleText {
    pub(super) id: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) regex: Option<String>,
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    pub(super) entropy: Option<f64>,
    #[serde(default)]
    pub(super) secret_group: usize,
    #[allow(dead_code, reason = "labels, which a redactor has no use for")]
    tags: Option<Value>,
    pub(super) path: Option<Value>,
    #[serde(default)]
    pub(super) allowlists: Vec<AllowText>,
    pub(super) allowlist: Option<AllowText>,
    pub(super) required: Option<Value>,
    #[serde(default)]
    pub(super) skip_report: bool,
    pub(super) specificity: Option<Value>,
    pub(super) token_efficiency: Option<Value>,
    pub(super) validate: Option<Value>,
    pub(super) filter: Option<String>,
    pub(super) redact: Option<RedactText>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct AllowText {
    #[allow(dead_code, reason = "for readers of the file")]
    description: Option<String>,
    pub(super) condition: Option<String>,
    pub(super) commits: Option<Value>,
    pub(super) paths: Option<Value>,
    pub(super) regex_target: Option<String>,
    pub(super) regexes: Vec<String>,
    pub(super) stopwords: Vec<String>,
    pub(super) target_rules: Vec<String>,
}

/// Our part of a rule.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RedactText {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) secret: bool,
    #[serde(default = "yes")]
    pub(super) hex: bool,
    pub(super) check: Option<Check>,
    pub(super) number: Option<String>,
    #[serde(default)]
    pub(super) places: Vec<Place>,
    #[serde(default = "one")]
    pub(super) lines: usize,
    #[serde(default)]
    pub(super) strict: bool,
    #[serde(default)]
    pub(super) references: Vec<String>,
    #[serde(default)]
    pub(super) examples: Vec<String>,
    #[serde(default)]
    pub(super) negative_examples: Vec<String>,
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

/// A file that has been read, and the keys in it that nobody knows, each with how often it stands there.
pub(super) struct Read {
    pub(super) file: RuleFile,
    /// Whether it was written for us.
    pub(super) ours: bool,
    pub(super) unknown: BTreeMap<String, usize>,
}

/// Reads `text`. With `ours` it is known to be ours, without it is found out.
pub(super) fn read(file: &str, text: &str, ours: bool) -> Result<Read, ConfigError> {
    if text.len() as u64 > MAX_CONFIG_BYTES {
        return Err(ConfigError::file(file, "larger than 8 MiB").mend("split the rules over several files"));
    }
    let mut unknown = BTreeMap::new();
    if ours {
        return Ok(Read { file: parse_toml(file, text)?, ours, unknown });
    }
    let table: Table = parse_toml(file, text)?;
    if is_ours(&table) {
        return Ok(Read { file: parse_toml(file, text)?, ours: true, unknown });
    }
    let table = known_keys(table, &TOP, &mut unknown);
    Ok(Read { file: parse_toml_table(file, text, table)?, ours, unknown })
}

fn is_ours(table: &Table) -> bool {
    let rules =
        table.iter().filter(|(key, _)| key.eq_ignore_ascii_case("rules")).filter_map(|(_, rules)| rules.as_array());
    let mut keys = rules.flatten().filter_map(Value::as_table).flat_map(Table::keys);
    keys.any(|key| key.eq_ignore_ascii_case("redact"))
}

/// The keys of one kind of table, and the tables below it.
struct Keys {
    names: &'static [&'static str],
    below: &'static [(&'static str, &'static Keys)],
}

static TOP: Keys = Keys {
    names: &["title", "description", "minVersion", "betterleaksMinVersion", "prefilter", "filter"],
    below: &[("extend", &EXTEND), ("rules", &RULE), ("allowlists", &ALLOW), ("allowlist", &ALLOW)],
};
static EXTEND: Keys = Keys { names: &["useDefault", "path", "url", "disabledRules"], below: &[] };
static RULE: Keys = Keys {
    names: &[
        "id",
        "description",
        "regex",
        "keywords",
        "entropy",
        "secretGroup",
        "tags",
        "path",
        "required",
        "skipReport",
        "specificity",
        "tokenEfficiency",
        "validate",
        "filter",
    ],
    below: &[("allowlists", &ALLOW), ("allowlist", &ALLOW)],
};
static ALLOW: Keys = Keys {
    names: &["description", "condition", "commits", "paths", "regexTarget", "regexes", "stopwords", "targetRules"],
    below: &[],
};

/// The same table with its keys written as we know them, and without those that we don't. Depth is that of [`TOP`].
fn known_keys(table: Table, keys: &'static Keys, unknown: &mut BTreeMap<String, usize>) -> Table {
    let mut known = Table::new();
    for (key, value) in table {
        if let Some((name, below)) = keys.below.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key)) {
            let value = match value {
                Value::Table(table) => Value::Table(known_keys(table, below, unknown)),
                Value::Array(rows) => {
                    let row = |row| match row {
                        Value::Table(row) => Value::Table(known_keys(row, below, unknown)),
                        other => other,
                    };
                    Value::Array(rows.into_iter().map(row).collect())
                }
                other => other,
            };
            known.insert((*name).to_owned(), value);
        } else if let Some(name) = keys.names.iter().find(|name| name.eq_ignore_ascii_case(&key)) {
            known.insert((*name).to_owned(), value);
        } else {
            *unknown.entry(key).or_default() += 1;
        }
    }
    known
}
