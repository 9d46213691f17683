//! Makes rules of what stands in a rule file: checks every text, counts what it costs, and notes what is not honoured.

use std::sync::{Arc, OnceLock};

use super::super::checks::Number;
use super::super::places::Place;
use super::exempt::{Exemption, Exemptions, Pattern, Target};
use super::expr::{Drop, drops};
use super::file::{AllowText, Read, RedactText, RuleText};
use super::note::Notes;
use super::pattern::{Outline, WEIGHT_LIMIT, compile, in_words};
use super::{MAX_LINES, MAX_RULES, Rule, go_pattern};
use crate::model::config::ConfigError;

/// The most keywords in bytes: the automaton that looks for them takes up to a kibibyte for each byte. betterleaks has 7 KB.
const MAX_KEYWORD_BYTES: usize = 64 << 10;

/// The most patterns of exemptions, each of which may look at every finding. gitleaks has 40, betterleaks as many.
const MAX_EXEMPTING_PATTERNS: usize = 1000;

/// The most stop words. gitleaks has 1448.
const MAX_STOP_WORDS: usize = 100_000;

/// Unknown keys that are named one by one; beyond, a file is not one of rules.
const MAX_UNKNOWN_KEYS: usize = 20;

/// What all rule files of a run have used of the limits.
#[derive(Debug, Default)]
pub(super) struct Spent {
    weight: u64,
    keyword_bytes: usize,
    exempting_patterns: usize,
    stop_words: usize,
}

/// Makes the rules of one file.
pub(super) struct Maker<'a> {
    file: &'a str,
    text: &'a str,
    /// Whether the rules come from outside the program.
    outside: bool,
    spent: &'a mut Spent,
    pub(super) notes: Notes,
}

/// What a whole file leaves alone: in the rules named, or in all of them.
#[derive(Default)]
struct Everywhere {
    exemptions: Vec<(Vec<String>, Arc<Exemption>)>,
    entropy: Option<f64>,
}

/// Whose syntax a pattern is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Go,
    Rust,
}

impl<'a> Maker<'a> {
    pub(super) fn new(file: &'a str, text: &'a str, outside: bool, spent: &'a mut Spent) -> Self {
        Self { file, text, outside, spent, notes: Notes::default() }
    }

    /// The rules in force; of rules with the same id, the last.
    pub(super) fn rules(&mut self, read: Read) -> Result<Vec<Rule>, ConfigError> {
        let syntax = if read.ours { Syntax::Rust } else { Syntax::Go };
        for key in read.unknown.keys().take(MAX_UNKNOWN_KEYS) {
            self.notes.file(key, "is not a key of a rule file that is known here");
        }
        if read.unknown.len() > MAX_UNKNOWN_KEYS {
            self.notes.file("…", "more keys are not known here");
        }
        let mut file = read.file;
        if file.prefilter.is_some() {
            self.notes.file("prefilter", "no file is left alone for its name");
        }
        if let Some(extend) = &file.extend {
            if extend.use_default {
                self.notes.file(
                    "extend.useDefault",
                    "the rules of other programs are not part of this one: name their file too",
                );
            }
            if extend.path.is_some() || extend.url.is_some() {
                self.notes.file("extend.path", "a rule file opens no other file: name both");
            }
        }
        if file.rules.len() > MAX_RULES {
            return Err(self.over("rules", format!("{} rules are over the limit of {MAX_RULES}", file.rules.len())));
        }
        let mut everywhere = Everywhere::default();
        file.allowlists.extend(file.allowlist);
        for (n, allow) in file.allowlists.into_iter().enumerate() {
            let rules = allow.target_rules.clone();
            let found = self.exemption(allow, &format!("allowlists[{n}]"), syntax)?;
            everywhere.exemptions.extend(found.map(|exemption| (rules, Arc::new(exemption))));
        }
        if let Some(filter) = file.filter {
            let mut exemptions = Vec::new();
            if !self.filter(&filter, &mut everywhere.entropy, &mut exemptions)? {
                self.notes.file("filter", PARTLY);
            }
            everywhere.exemptions.extend(exemptions.into_iter().map(|exemption| (Vec::new(), exemption)));
        }
        let mut rules: Vec<Rule> = Vec::with_capacity(file.rules.len());
        for (n, text) in file.rules.into_iter().enumerate() {
            let Some(rule) = self.rule(n, text, &everywhere)? else { continue };
            match rules.iter_mut().find(|known| known.named == rule.named) {
                Some(known) => *known = rule,
                None => rules.push(rule),
            }
        }
        Ok(rules)
    }

    fn rule(&mut self, n: usize, mut text: RuleText, everywhere: &Everywhere) -> Result<Option<Rule>, ConfigError> {
        let redact = text.redact.take();
        let syntax = if redact.is_some() { Syntax::Rust } else { Syntax::Go };
        let at = |key: &str| format!("rules[{n}].{key}");
        let named = std::mem::take(&mut text.id);
        let id = if redact.is_none() { plain_id(&named) } else { named.clone() };
        if !is_plain_id(&id) {
            return Err(self
                .wrong(&at("id"), "a rule id is 1 to 100 letters, digits, `-`, `_`, `.`".to_owned())
                .mend("give the rule a plain id"));
        }
        self.note_of_rule(&text);
        let Some(regex) = text.regex.take() else {
            if redact.is_some() {
                return Err(self.wrong(&at("regex"), format!("`{id}`: no pattern")).mend("give the rule a `regex`"));
            }
            let instead = "a rule without a `regex` finds nothing in a text";
            self.notes.rule(if text.path.is_some() { "path" } else { "regex" }, instead);
            return Ok(None);
        };
        if text.path.is_some() {
            self.notes.rule("path", "the rule looks at every file");
        }
        let mut keywords = self.keywords(&at("keywords"), &id, std::mem::take(&mut text.keywords), syntax)?;
        let pattern = if syntax == Syntax::Go { go_pattern::to_rust(&regex) } else { regex };
        let compiled = OnceLock::new();
        let mut newlines = 0;
        if self.outside {
            // Rules from outside are compiled at once, so that a wrong one is an error now and not a gap later.
            let refuse = |problem: String| {
                self.wrong(&at("regex"), format!("`{id}`: {problem}")).mend("see https://docs.rs/regex for the syntax")
            };
            let outline = Outline::of(&pattern).map_err(refuse)?;
            if text.secret_group > outline.groups {
                let problem = format!("`{id}`: the pattern has no group {}", text.secret_group);
                return Err(self
                    .wrong(&at("secretGroup"), problem)
                    .mend("leave `secretGroup` out to take the first group"));
            }
            self.spend(outline.weight, &at("regex"))?;
            newlines = outline.newlines;
            let lower = pattern.to_ascii_lowercase();
            if let Some(literals) = outline.first_line
                && syntax == Syntax::Go
                && keywords.iter().all(|keyword| lower.contains(keyword))
                && self.spend_keywords(&literals)
            {
                keywords = literals;
            }
            let refuse = |e: regex::Error| {
                let problem = format!("`{id}`: {}", in_words(&e.to_string()));
                self.wrong(&at("regex"), problem).mend("see https://docs.rs/regex for the syntax")
            };
            let _ = compiled.set(Some(compile(&pattern).map_err(refuse)?));
        }
        let mut entropy = text.entropy.filter(|least| *least > 0.0);
        let mut exempt = Exemptions::new();
        text.allowlists.extend(text.allowlist);
        for (m, allow) in text.allowlists.into_iter().enumerate() {
            let found = self.exemption(allow, &at(&format!("allowlists[{m}]")), syntax)?;
            exempt.extend(found.map(Arc::new));
        }
        if let Some(filter) = &text.filter
            && !self.filter(filter, &mut entropy, &mut exempt)?
        {
            self.notes.rule("filter", PARTLY);
        }
        let for_this = everywhere.exemptions.iter().filter(|(rules, _)| rules.is_empty() || rules.contains(&named));
        exempt.extend(for_this.map(|(_, exemption)| Arc::clone(exemption)));
        entropy = [entropy, everywhere.entropy].into_iter().flatten().reduce(f64::max);
        let foreign = redact.is_none();
        let redact = redact.unwrap_or_default();
        if !foreign {
            if !is_kind(&redact.kind) {
                return Err(self
                    .wrong(&at("redact.kind"), format!("`{id}`: a kind is 1 to 40 of a-z, 0-9 and `-`"))
                    .mend("choose a word such as `api-key`"));
            }
            if !(1..=MAX_LINES).contains(&redact.lines) {
                return Err(self
                    .wrong(&at("redact.lines"), format!("`{id}`: a rule sees 1 to {MAX_LINES} lines"))
                    .mend("leave `lines` out for a rule that sees one line"));
            }
        }
        let number = self.number(&redact, &id, &keywords, &at)?;
        Ok(Some(Rule {
            kind: if foreign { kind_of(&id).to_owned() } else { redact.kind },
            secret: foreign || redact.secret,
            hex: foreign || redact.hex,
            lines: if foreign { (newlines + 1).min(MAX_LINES) } else { redact.lines },
            id,
            named,
            file: self.file.to_owned(),
            builtin: !self.outside,
            foreign,
            description: text.description,
            keywords,
            entropy,
            check: redact.check,
            number,
            places: redact.places,
            strict: redact.strict,
            references: redact.references,
            examples: redact.examples,
            negative_examples: redact.negative_examples,
            exempt,
            pattern,
            secret_group: text.secret_group,
            compiled,
            needs: OnceLock::new(),
            outline: OnceLock::new(),
        }))
    }

    /// The number that a rule names, and whether the places that it names make sense with it.
    fn number(
        &self,
        redact: &RedactText,
        id: &str,
        keywords: &[String],
        at: &dyn Fn(&str) -> String,
    ) -> Result<Option<Number>, ConfigError> {
        let number = match redact.number.as_deref() {
            Some(name) => Some(Number::by_name(name).ok_or_else(|| {
                self.wrong(&at("redact.number"), format!("`{id}`: no number is called `{name}`"))
                    .mend("docs/redaction.md lists the numbers")
            })?),
            None => None,
        };
        if redact.places.contains(&Place::Label) && keywords.is_empty() {
            return Err(self
                .wrong(&at("redact.places"), format!("`{id}`: a label is one of the keywords, and there is none"))
                .mend("write the labels as `keywords`"));
        }
        let bare = redact.places.iter().any(|place| matches!(place, Place::Bare | Place::BareStrict));
        if bare && number.is_none() {
            return Err(self
                .wrong(&at("redact.places"), format!("`{id}`: only a `number` can be told anywhere"))
                .mend("name a `number`, or leave `bare` out and give keywords"));
        }
        Ok(number)
    }

    fn note_of_rule(&mut self, text: &RuleText) {
        let keys = [
            ("required", text.required.is_some(), "the rule replaces without the others that it asks for"),
            ("skipReport", text.skip_report, "what the rule finds is replaced too"),
            ("specificity", text.specificity.is_some(), "findings that overlap become one"),
            ("tokenEfficiency", text.token_efficiency.is_some(), "drops nothing"),
            ("validate", text.validate.is_some(), "nothing is asked over the network"),
        ];
        keys.into_iter().filter(|(_, there, _)| *there).for_each(|(key, _, instead)| self.notes.rule(key, instead));
    }

    fn keywords(
        &mut self,
        key: &str,
        id: &str,
        mut keywords: Vec<String>,
        syntax: Syntax,
    ) -> Result<Vec<String>, ConfigError> {
        if syntax == Syntax::Go {
            if keywords.iter().any(|k| k.is_empty() || !k.is_ascii()) {
                self.notes.rule("keywords", "with one that is empty or not ASCII, the rule looks at every line");
                keywords.clear();
            }
            keywords.iter_mut().for_each(|keyword| keyword.make_ascii_lowercase());
        } else if keywords.iter().any(|k| k.is_empty() || k.bytes().any(|b| b.is_ascii_uppercase())) {
            return Err(self
                .wrong(key, format!("`{id}`: keywords are lower-case and not empty"))
                .mend("write them in lower case; case is ignored when matching"));
        }
        if self.outside && !self.spend_keywords(&keywords) {
            return Err(self.over(key, format!("keywords are over the limit of {MAX_KEYWORD_BYTES} bytes together")));
        }
        keywords.sort_unstable();
        keywords.dedup();
        Ok(keywords)
    }

    /// Whether these may be looked for too.
    fn spend_keywords(&mut self, keywords: &[String]) -> bool {
        self.spent.keyword_bytes += keywords.iter().map(String::len).sum::<usize>();
        self.spent.keyword_bytes <= MAX_KEYWORD_BYTES
    }

    /// What an allowlist exempts here; `None` if that is nothing.
    fn exemption(&mut self, allow: AllowText, key: &str, syntax: Syntax) -> Result<Option<Exemption>, ConfigError> {
        let both = match allow.condition.as_deref().unwrap_or_default() {
            "" => false,
            word if word == "||" || word.eq_ignore_ascii_case("or") => false,
            word if word == "&&" || word.eq_ignore_ascii_case("and") => true,
            _ => {
                return Err(self
                    .wrong(&format!("{key}.condition"), "a condition is `OR` or `AND`".to_owned())
                    .mend("leave `condition` out for `OR`"));
            }
        };
        let target = match allow.regex_target.as_deref().unwrap_or_default() {
            "" | "secret" => Target::Secret,
            "match" => Target::Match,
            "line" => Target::Line,
            _ => {
                return Err(self
                    .wrong(&format!("{key}.regexTarget"), "patterns look at `secret`, `match` or `line`".to_owned())
                    .mend("leave `regexTarget` out for `secret`"));
            }
        };
        let mut by_file = false;
        for (key, there) in [("paths", allow.paths.is_some()), ("commits", allow.commits.is_some())] {
            if there {
                by_file = true;
                self.notes.file(&format!("allowlists.{key}"), "nothing is left alone for the file that it stands in");
            }
        }
        if !allow.stopwords.is_empty() {
            self.notes.file("allowlists.stopwords", "exempt a value that is the word, not one that holds it");
        }
        if both && by_file {
            return Ok(None);
        }
        self.made_exemption(both, target, allow.regexes, allow.stopwords, key, syntax).map(Some)
    }

    fn made_exemption(
        &mut self,
        both: bool,
        target: Target,
        regexes: Vec<String>,
        words: Vec<String>,
        key: &str,
        syntax: Syntax,
    ) -> Result<Exemption, ConfigError> {
        self.spent.exempting_patterns += regexes.len();
        self.spent.stop_words += words.len();
        if self.spent.exempting_patterns > MAX_EXEMPTING_PATTERNS || self.spent.stop_words > MAX_STOP_WORDS {
            let limit = format!(
                "exemptions are over the limit of {MAX_EXEMPTING_PATTERNS} patterns and {MAX_STOP_WORDS} words"
            );
            return Err(self.over(key, limit));
        }
        let mut patterns = Vec::with_capacity(regexes.len());
        for regex in regexes {
            let pattern = if syntax == Syntax::Go { go_pattern::to_rust(&regex) } else { regex };
            match Outline::of(&pattern) {
                Ok(outline) => {
                    self.spend(outline.weight, key)?;
                    patterns.push(Pattern::new(pattern));
                }
                Err(_) => self.notes.file("allowlists.regexes", "a pattern that can't be read here exempts nothing"),
            }
        }
        // gitleaks too looks for stop words whatever their case.
        let stop_words = words.into_iter().map(|word| word.to_ascii_lowercase().into_bytes()).collect();
        Ok(Exemption { both, target, patterns, stop_words })
    }

    /// Adds what a filter drops; whether that is all that it would drop.
    fn filter(
        &mut self,
        filter: &str,
        entropy: &mut Option<f64>,
        exempt: &mut Exemptions,
    ) -> Result<bool, ConfigError> {
        let (found, whole) = drops(filter);
        for drop in found {
            let (target, regexes, words) = match drop {
                Drop::Entropy(limit) => {
                    *entropy = Some(entropy.map_or(limit, |known| known.max(limit)));
                    continue;
                }
                Drop::Matches(target, regexes) => (target, regexes, Vec::new()),
                Drop::Contains(words) => (Target::Secret, Vec::new(), words),
            };
            exempt.push(Arc::new(self.made_exemption(false, target, regexes, words, "filter", Syntax::Go)?));
        }
        Ok(whole)
    }

    fn spend(&mut self, weight: u64, key: &str) -> Result<(), ConfigError> {
        if !self.outside {
            return Ok(());
        }
        self.spent.weight = self.spent.weight.saturating_add(weight);
        if self.spent.weight > WEIGHT_LIMIT {
            return Err(self.over(key, "the patterns are too large together".to_owned()));
        }
        Ok(())
    }

    fn wrong(&self, key: &str, problem: String) -> ConfigError {
        ConfigError::file(self.file, problem).at_key(key).at_line_of_key(self.text)
    }

    fn over(&self, key: &str, problem: String) -> ConfigError {
        self.wrong(key, problem).mend("leave out what is not needed")
    }
}

const PARTLY: &str = "only plain `entropy`, `matchesAny` and `containsAny` are read; the rest drops nothing";

fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 100 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// The id under which a foreign rule is counted: the same for nearly all.
fn plain_id(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    id.chars().take(100).map(plain).collect()
}

pub(super) fn is_kind(kind: &str) -> bool {
    (1..=40).contains(&kind.len()) && kind.bytes().all(|b| b.is_ascii_lowercase() || b"-0123456789".contains(&b))
}

/// The kind of what a foreign rule finds: one that this program knows anyway, so that its placeholders are recognised where the
/// rule file is not, and a value has the same one whichever rule found it. The counts tell the rule.
fn kind_of(id: &str) -> &'static str {
    let id = id.to_ascii_lowercase();
    if id.contains("private-key") || id.contains("private_key") { "private-key" } else { "token" }
}
