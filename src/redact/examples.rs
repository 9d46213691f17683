//! Rules held to their own examples, and what rules say about themselves: for `casefile rules`.

use std::sync::Arc;

use serde::Serialize;

use super::{Finding, KnownNames, Privacy, Pseudonyms, RedactError, Redactor, Rule, RuleSet};
use crate::model::Sha256Digest;

/// The version of [`RuleListing`]'s written form.
pub const RULES_SCHEMA: &str = "casefile-rules/1";

/// All rules in force, ordered by file and id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RuleListing {
    /// [`RULES_SCHEMA`].
    pub schema: &'static str,
    /// SHA-256 over the rule files, as in a manifest.
    pub rules_digest: Sha256Digest,
    /// One row a rule.
    pub rules: Vec<RuleRow>,
    /// What the rule files ask for and do not get, in words.
    pub notes: Vec<String>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RuleRow {
    /// Its id.
    pub id: String,
    /// The file that it stands in.
    pub file: String,
    /// Whether it is compiled into the program.
    pub builtin: bool,
    /// The word in the placeholder.
    pub kind: String,
    /// Whether a value that it finds is searched for everywhere else.
    pub secret: bool,
    /// Whether the placeholder tells equal values from others.
    pub hex: bool,
    /// Whether it looks only under `--privacy strict`.
    pub strict: bool,
    /// How many lines it sees at once.
    pub lines: usize,
    /// What it finds, in words.
    pub description: String,
}

impl RuleListing {
    /// The listing of a set.
    #[must_use]
    pub fn of(set: &RuleSet) -> Self {
        let row = |rule: &Rule| RuleRow {
            id: rule.id.clone(),
            file: rule.file.clone(),
            builtin: rule.builtin,
            kind: rule.kind.clone(),
            secret: rule.secret,
            hex: rule.hex,
            strict: rule.strict,
            lines: rule.lines,
            description: rule.description.clone(),
        };
        let mut rules: Vec<RuleRow> = set.rules.iter().map(row).collect();
        rules.sort_by(|a, b| (!a.builtin, &a.file, &a.id).cmp(&(!b.builtin, &b.file, &b.id)));
        let notes = set.notes.iter().map(ToString::to_string).collect();
        Self { schema: RULES_SCHEMA, rules_digest: set.digest, rules, notes }
    }
}

/// An example that a rule does not treat as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongExample {
    /// The rule's id.
    pub rule: String,
    /// The file that it stands in.
    pub file: String,
    /// The text.
    pub text: String,
    /// Whether the rule must find something in it, and does not; else it finds something and must not.
    pub missed: bool,
}

/// The key of the placeholders in examples: known to all, because the examples are.
const EXAMPLE_KEY: &[u8] = b"casefile rules";

impl RuleSet {
    /// A redactor with this set that shows what becomes of an example: all rules, no names, a key that is no secret.
    pub fn for_examples(self: &Arc<Self>) -> Result<Redactor, RedactError> {
        Redactor::new(Arc::clone(self), Pseudonyms::new(EXAMPLE_KEY), &KnownNames::default(), Privacy::Strict)
    }

    /// Holds the rules that `wanted` names to their examples: each by itself, so that no rule answers for another.
    pub fn wrong_examples(&self, wanted: &dyn Fn(&Rule) -> bool) -> Result<Vec<WrongExample>, RedactError> {
        let mut wrong = Vec::new();
        for rule in self.rules.iter().filter(|rule| wanted(rule)) {
            if rule.examples.is_empty() && rule.negative_examples.is_empty() {
                continue;
            }
            let alone = Arc::new(self.alone(&rule.id)).for_examples()?;
            let must = rule.examples.iter().map(|text| (text, true));
            let must_not = rule.negative_examples.iter().map(|text| (text, false));
            for (text, expected) in must.chain(must_not) {
                let by_the_rule = |finding: &Finding| finding.rule == rule.id || finding.rule == "encoded";
                if alone.find(text.as_bytes())?.iter().any(by_the_rule) != expected {
                    let (rule, file) = (rule.id.clone(), rule.file.clone());
                    wrong.push(WrongExample { rule, file, text: text.clone(), missed: expected });
                }
            }
        }
        Ok(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_rule_keeps_to_its_examples_by_itself() {
        let set = RuleSet::load(&[]).expect("loads");
        let wrong = set.wrong_examples(&|_| true).expect("looks");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_rule_that_does_not_keep_to_its_examples_is_named() {
        let text = "[[rules]]\nid = 'acme'\nregex = 'AB-[0-9]+'\n[rules.redact]\nkind = 'badge'\nexamples = ['AB-x', 'AB-1']\nnegative_examples = ['AB-2', 'x']\n";
        let set = RuleSet::load(&[("mine.toml".to_owned(), text.to_owned())]).expect("loads");
        let wrong = set.wrong_examples(&|rule| rule.file == "mine.toml").expect("looks");
        let wrong: Vec<_> = wrong.iter().map(|w| (w.rule.as_str(), w.text.as_str(), w.missed)).collect();
        assert_eq!(wrong, [("acme", "AB-x", true), ("acme", "AB-2", false)]);
    }

    #[test]
    fn a_listing_is_ordered_and_built_in_rules_come_first() {
        let text = "[[rules]]\nid = 'acme'\nregex = 'a'\n";
        let set = RuleSet::load(&[("a.toml".to_owned(), text.to_owned())]).expect("loads");
        let listing = RuleListing::of(&set);
        assert_eq!(listing.rules.last().map(|row| row.id.as_str()), Some("acme"));
        let built_in = &listing.rules[..listing.rules.len() - 1];
        assert!(built_in.is_sorted_by_key(|row| (&row.file, &row.id)) && built_in.iter().all(|row| row.builtin));
    }
}
