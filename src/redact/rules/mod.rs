//! Redaction rules: TOML in, compiled patterns out. The format is a superset of gitleaks' and betterleaks'; ours stands in
//! `[rules.redact]`. A file of theirs loads as it is; what is not honoured is noted.

pub(super) mod anchors;
mod exempt;
mod expr;
mod file;
mod go_pattern;
mod make;
mod needs;
mod note;
mod opening;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;
use sha2::{Digest, Sha256};

use super::checks::{Check, Number};
use super::placeholder::PREFIX;
use super::places::Place;
use crate::model::Sha256Digest;
use crate::model::config::ConfigError;
use make::{Maker, Spent};
pub(super) use needs::Characters;
use needs::Needs;
pub use note::RuleNote;

/// Names, each with the text of the file.
macro_rules! builtin {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../../../", $name)))),*] };
}

/// The rule files that are compiled into the program, with their names for messages.
const BUILTIN: &[(&str, &str)] = builtin![
    "redaction-rules/clients.toml",
    "redaction-rules/cloud.toml",
    "redaction-rules/code.toml",
    "redaction-rules/connections.toml",
    "redaction-rules/dialogues.toml",
    "redaction-rules/hashes.toml",
    "redaction-rules/headers.toml",
    "redaction-rules/passwords.toml",
    "redaction-rules/personal-americas.toml",
    "redaction-rules/personal-asia.toml",
    "redaction-rules/personal-contact.toml",
    "redaction-rules/personal-dates.toml",
    "redaction-rules/personal-europe.toml",
    "redaction-rules/personal-germany.toml",
    "redaction-rules/personal-location.toml",
    "redaction-rules/personal-names.toml",
    "redaction-rules/personal-nordic.toml",
    "redaction-rules/personal-pacific.toml",
    "redaction-rules/personal-payment.toml",
    "redaction-rules/personal-strict.toml",
    "redaction-rules/personal-vehicles.toml",
    "redaction-rules/prefixes.toml",
    "redaction-rules/services.toml",
    "redaction-rules/settings.toml",
    "redaction-rules/tables.toml",
    "redaction-rules/tenants.toml",
    "redaction-rules/tokens.toml",
    "redaction-rules/urls.toml",
];

/// The most rules that one run takes. The largest public set has 412; over this a file is a mistake or an attack.
const MAX_RULES: usize = 2000;

/// The most lines that one rule may see at once.
pub(super) const MAX_LINES: usize = 16;

pub(super) use pattern::SIZE_LIMIT as PATTERN_SIZE_LIMIT;

/// Kinds that this program makes by itself, not by a rule: own names and what stands in a key block.
pub(super) const OWN_KINDS: [(&str, bool); 6] =
    [("host", true), ("domain", true), ("user", true), ("person", true), ("private-key", true), ("value", true)];

/// One redaction rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id, unique in the set.
    pub id: String,
    /// The file that it stands in, as it was named.
    pub file: String,
    /// Whether it is compiled into the program.
    pub builtin: bool,
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
    /// The form and check digits that a value must have.
    pub number: Option<Number>,
    /// Where a match must stand to be taken; empty: anywhere.
    pub places: Vec<Place>,
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
    /// The pattern, in the syntax of the `regex` crate.
    pub pattern: String,
    /// The id as its file has it.
    named: String,
    /// Whether it has no `[rules.redact]`.
    foreign: bool,
    exempt: exempt::Exemptions,
    secret_group: usize,
    compiled: OnceLock<Option<Regex>>,
    needs: OnceLock<Needs>,
    outline: OnceLock<Option<Arc<Hir>>>,
}

impl Rule {
    /// The compiled pattern; `None` when it cannot be compiled, on which the caller must fail closed.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| pattern::compile_parsed(self.outline()?).ok()).as_ref()
    }

    /// Whether a match may stand in `line`, of which these are the characters.
    pub(super) fn may_match(&self, line: &[u8], characters: Characters) -> bool {
        self.needs().are_met(line, characters)
    }

    /// The bytes of the name that every match begins with.
    pub(super) fn led_by(&self) -> Option<&[bool; 256]> {
        self.needs().led_by()
    }

    /// The pattern as it is read; `None` when it cannot be.
    pub(super) fn outline(&self) -> Option<&Arc<Hir>> {
        self.outline.get_or_init(|| pattern::parsed(&self.pattern).ok().map(Arc::new)).as_ref()
    }

    fn needs(&self) -> &Needs {
        self.needs.get_or_init(|| self.outline().map(|hir| Needs::of(hir)).unwrap_or_default())
    }

    /// Whether the rule takes what stands at `place`.
    pub(super) fn stands(&self, place: Place) -> bool {
        self.places.contains(&place)
    }

    /// The range of the secret within the match `whole`: the chosen group, or where that took no part in it the next one that
    /// did; without a choice the first group that is not empty, else all of it. `first` becomes the first group.
    pub(super) fn secret_in(
        &self,
        regex: &Regex,
        text: &[u8],
        whole: &Range<usize>,
        first: &mut Option<Range<usize>>,
    ) -> Option<Range<usize>> {
        if self.secret_group == 0 && regex.captures_len() == 1 {
            *first = None;
            return Some(whole.clone());
        }
        // What stands around it is seen, and nothing but the match is gone over.
        let mut groups = regex.create_captures();
        regex.search_captures(&Input::new(text).range(whole.clone()).anchored(Anchored::Yes), &mut groups);
        if !groups.is_match() {
            return None;
        }
        *first = groups.get_group(1).map(|group| group.range());
        if self.secret_group > 0 {
            return groups.iter().skip(self.secret_group).flatten().next().map(|group| group.range());
        }
        let group = groups.iter().skip(1).flatten().find(|group| !group.is_empty());
        group.map_or_else(|| Some(whole.clone()), |group| Some(group.range()))
    }

    /// Whether the rule's file wants the value at `secret`, found as a part of `whole`, to be left alone.
    pub(super) fn exempts(&self, text: &[u8], whole: &Range<usize>, secret: &Range<usize>) -> bool {
        self.exempt.iter().any(|exemption| exemption.covers(text, whole, secret))
    }
}

/// The kinds that a placeholder may name, and whether a hash follows.
#[derive(Debug, Default, Clone)]
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

    /// What the placeholders of each kind begin with, a line each.
    pub(super) fn beginnings(&self) -> Vec<u8> {
        self.0.keys().map(|kind| format!("{PREFIX}{kind}-\n")).collect::<String>().into_bytes()
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
    /// What the rule files ask for and do not get.
    pub notes: Vec<RuleNote>,
}

impl RuleSet {
    /// The rules that are compiled into the program, and the rule files in `more` (name, text) after them. A rule of ours with
    /// the id of an earlier one takes its place; a rule of another program never takes the place of a built-in one.
    pub fn load(more: &[(String, String)]) -> Result<Self, ConfigError> {
        Self::of(BUILTIN, more)
    }

    /// The rules in `files` (name, text) alone, to see what they are worth by themselves.
    pub fn only(files: &[(String, String)]) -> Result<Self, ConfigError> {
        Self::of(&[], files)
    }

    /// The same set with nothing but the rule `id`: it knows the kinds of all.
    #[must_use]
    pub fn alone(&self, id: &str) -> Self {
        Self {
            rules: self.rules.iter().filter(|rule| rule.id == id).cloned().collect(),
            kinds: self.kinds.clone(),
            digest: self.digest,
            notes: Vec::new(),
        }
    }

    fn of(builtin: &[(&str, &str)], more: &[(String, String)]) -> Result<Self, ConfigError> {
        let mut digest = Sha256::new();
        let (mut rules, mut notes, mut spent) = (Vec::<Rule>::new(), Vec::new(), Spent::default());
        let builtin = builtin.iter().map(|(file, text)| (*file, *text, false));
        for (file, text, outside) in builtin.chain(more.iter().map(|(f, t)| (f.as_str(), t.as_str(), true))) {
            digest.update(file.rsplit(['/', '\\']).next().unwrap_or(file).as_bytes());
            digest.update([0]);
            digest.update(text.as_bytes());
            let mut read = file::read(file, text, !outside)?;
            let disabled = read.file.extend.as_mut().map(|e| std::mem::take(&mut e.disabled_rules)).unwrap_or_default();
            let mut maker = Maker::new(file, text, outside, &mut spent);
            let made = maker.rules(read)?;
            for id in disabled {
                let before = rules.len();
                rules.retain(|rule| rule.builtin || rule.named != id);
                if rules.len() == before {
                    maker
                        .notes
                        .file("extend.disabledRules", "takes rules out of the rule files before it, no built-in ones");
                }
            }
            for rule in made {
                take_in(&mut rules, rule, &mut maker.notes);
            }
            notes.extend(maker.notes.of(file));
        }
        if rules.len() > MAX_RULES {
            let file = more.last().map_or("redaction-rules", |(file, _)| file.as_str());
            return Err(ConfigError::file(file, format!("{} rules are over the limit of {MAX_RULES}", rules.len()))
                .mend("leave out what is not needed"));
        }
        let named = super::sensitive_names::KINDS.into_iter().map(|kind| (kind, true));
        let kinds = Kinds::of(rules.iter().map(|rule| (rule.kind.as_str(), rule.hex)).chain(named).chain(OWN_KINDS));
        Ok(Self { rules, kinds, digest: Sha256Digest(digest.finalize().into()), notes })
    }
}

/// Adds a rule. One with the id of an earlier one takes its place, but a foreign one stands beside a built-in one: theirs tell
/// what to report, ours what to replace, and the narrower of the two would leak.
fn take_in(rules: &mut Vec<Rule>, mut rule: Rule, notes: &mut note::Notes) {
    let takes_place_of = |known: &Rule| {
        if rule.foreign { !known.builtin && known.named == rule.named } else { known.id == rule.id }
    };
    if let Some(known) = rules.iter_mut().find(|known| takes_place_of(known)) {
        if rule.foreign {
            rule.id.clone_from(&known.id);
        }
        *known = rule;
        return;
    }
    if rules.iter().any(|known| known.id == rule.id) {
        notes.rule("id", "is the id of another rule: both are in force, this one under the file's name");
        let file = rule.file.rsplit(['/', '\\']).next().unwrap_or_default().trim_end_matches(".toml");
        let file: String = file.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let base = format!("{file}.{}", rule.id);
        let free = |id: &String| rules.iter().all(|known| known.id != *id);
        let numbered = (2..).map(|n| format!("{base}.{n}"));
        rule.id = std::iter::once(base.clone()).chain(numbered).find(free).unwrap_or(base);
    }
    rules.push(rule);
}
