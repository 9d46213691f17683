//! Files that people write by hand (profile, case, rules, checklist, policy): one way to read them, one shape of error.

use std::fmt;

use serde::de::DeserializeOwned;

/// Files that people write are small; one over this size is a mistake or an attack.
pub const MAX_CONFIG_BYTES: u64 = 8 * 1024 * 1024;

/// What is wrong with a file that somebody wrote, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file, as it was named.
    pub file: String,
    /// Line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// The key, dotted from the top, such as `logs[1].paths`.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub mend: Option<String>,
}

impl ConfigError {
    /// An error about the whole file.
    #[must_use]
    pub fn file(file: &str, problem: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, key: None, problem: problem.into(), mend: None }
    }

    /// The same error, naming a key.
    #[must_use]
    pub fn at_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same error, naming the line on which `needle` first stands in `text`.
    #[must_use]
    pub fn at_text(mut self, text: &str, needle: &str) -> Self {
        self.line = text.find(needle).map(|at| line_of(text, at));
        self
    }

    /// The same error, naming the line of its key in `text`, or the nearest table above it.
    #[must_use]
    pub fn at_line_of_key(mut self, text: &str) -> Self {
        self.line = self.key.as_deref().and_then(|key| line_of_key(text, key));
        self
    }

    /// The same error, with the way to mend it.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ", key `{key}`")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Reads TOML text into `T`. `file` is the name for messages; the text itself is never echoed, as it may hold a secret.
pub fn parse_toml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, ConfigError> {
    let syntax = |e: &toml::de::Error| ConfigError {
        file: file.to_owned(),
        line: e.span().map(|span| line_of(text, span.start)),
        key: None,
        problem: first_line(e.message()),
        mend: None,
    };
    let deserializer = toml::Deserializer::parse(text)
        .map_err(|e| syntax(&e).mend("see the TOML syntax at https://toml.io; texts stand in \"quotes\""))?;
    serde_path_to_error::deserialize(deserializer).map_err(|e| at_path(&e, syntax))
}

/// Reads a table that was read from `text` and then changed.
pub fn parse_toml_table<T: DeserializeOwned>(file: &str, text: &str, table: toml::Table) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(toml::Value::Table(table))
        .map_err(|e| at_path(&e, |e| ConfigError::file(file, first_line(e.message()))).at_line_of_key(text))
}

fn at_path(
    e: &serde_path_to_error::Error<toml::de::Error>,
    in_words: impl Fn(&toml::de::Error) -> ConfigError,
) -> ConfigError {
    let path = e.path().to_string();
    let mut error = in_words(e.inner());
    error.key = (path != ".").then_some(path);
    let (unknown, expected) = unknown_field(e.inner().message());
    if let Some(unknown) = unknown {
        let near = expected.iter().min_by_key(|known| strsim::levenshtein(known, &unknown));
        error.mend = Some(match near {
            Some(near) if strsim::levenshtein(near, &unknown) <= 3 => format!("did you mean `{near}`?"),
            _ => format!("known here: {}", expected.join(", ")),
        });
        error.problem = format!("unknown key `{unknown}`");
    }
    if error.mend.is_none() {
        error.mend = Some("give a value of the kind that is expected here".to_owned());
    }
    error
}

/// The line, counted from 1, on which byte `at` of `text` stands.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}

/// The line of a dotted key such as `rules[1].redact.kind`: one step down after the other, as far as the text goes along.
fn line_of_key(text: &str, key: &str) -> Option<usize> {
    let mut found = None;
    for step in key.split('.') {
        let (name, nth) = match step.split_once('[') {
            Some((name, n)) => (name, n.trim_end_matches(']').parse().unwrap_or(0)),
            None => (step, 0),
        };
        let below = text.lines().enumerate().skip(found.unwrap_or(0));
        let mut places = below.filter(|(_, line)| opens(line, name)).map(|(n, _)| n + 1);
        let Some(line) = places.nth(nth) else { break };
        found = Some(line);
    }
    found
}

/// Whether `line` gives the key `name` a value or opens the table of that name.
fn opens(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    if let Some(header) = line.strip_prefix('[') {
        let header = header.trim_start_matches('[').split(']').next().unwrap_or_default();
        return header.rsplit('.').next().is_some_and(|last| last.trim() == name);
    }
    line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// Takes serde's "unknown field `x`, expected one of `a`, `b`" apart.
fn unknown_field(message: &str) -> (Option<String>, Vec<String>) {
    let Some(rest) = message.strip_prefix("unknown field ").or_else(|| message.strip_prefix("unknown variant ")) else {
        return (None, Vec::new());
    };
    let mut quoted = rest.split('`').skip(1).step_by(2).map(str::to_owned);
    (quoted.next(), quoted.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code, reason = "only its parsing is tested")]
        logs: Vec<Log>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Log {
        #[allow(dead_code, reason = "only its parsing is tested")]
        paths: Vec<String>,
    }

    #[test]
    fn an_error_names_file_line_key_and_mend() {
        let typo = parse_toml::<Sample>("p.toml", "[[logs]]\npaths = []\n[[logs]]\npats = []\n").unwrap_err();
        assert_eq!((typo.file.as_str(), typo.line), ("p.toml", Some(4)));
        assert_eq!(typo.mend.as_deref(), Some("did you mean `paths`?"));
        assert!(typo.key.as_deref().is_some_and(|key| key.starts_with("logs[1]")), "{typo}");
        let kind = parse_toml::<Sample>("p.toml", "[[logs]]\npaths = 3\n").unwrap_err();
        assert_eq!((kind.line, kind.key.as_deref()), (Some(2), Some("logs[0].paths")));
        assert!(kind.mend.is_some());
    }

    #[test]
    fn the_line_of_a_key_is_found_however_often_its_name_stands_elsewhere() {
        let text =
            "# kind\n[[rules]]\nid = 'kind'\n[rules.redact]\nkind = 'a'\n[[rules]]\n[rules.redact]\n  kind='b'\n";
        assert_eq!(line_of_key(text, "rules[0].redact.kind"), Some(5));
        assert_eq!(line_of_key(text, "rules[1].redact.kind"), Some(8));
        assert_eq!(line_of_key(text, "rules[1].absent"), Some(6));
        assert_eq!(line_of_key("tried = [{ at = 'x' }]", "tried[0].at"), Some(1));
        assert_eq!(line_of_key(text, "absent"), None);
    }

    #[test]
    fn a_syntax_error_never_echoes_the_text() {
        let error = parse_toml::<Sample>("p.toml", "token = hunter2secret\n").unwrap_err();
        assert_eq!(error.line, Some(1));
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
