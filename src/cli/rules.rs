//! `casefile rules`: which rules there are, what each one does, and whether they do what they say.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::message::{Message, plain};
use super::rules_text::{write_explanation, write_list};
use super::{Exit, read_config};
use crate::model::printable;
use crate::redact::{RedactError, Rule, RuleListing, RuleSet};

/// List, explain and test the redaction rules.
#[derive(Debug, clap::Args)]
pub struct RulesArgs {
    #[command(subcommand)]
    verb: RulesVerb,
    /// More redaction rules, as TOML, also of gitleaks or betterleaks; repeat for several
    #[arg(long, value_name = "FILE", global = true)]
    rules: Vec<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum RulesVerb {
    /// All rules, by file
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// One rule: what it finds, how, and what becomes of its examples
    Explain {
        /// Its id, as `list` shows it
        id: String,
    },
    /// Hold the rules to their examples; exit code 1 if one fails
    Test {
        /// Rule files: only their rules are tested
        files: Vec<PathBuf>,
        /// Show instead which rules find something in this text
        #[arg(long, value_name = "TEXT", conflicts_with = "files")]
        text: Option<String>,
    },
}

/// Runs the verb: data to `out`, talk to `err`.
pub fn run(args: &RulesArgs, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Message> {
    let mut files = args.rules.clone();
    if let RulesVerb::Test { files: more, .. } = &args.verb {
        files.extend_from_slice(more);
    }
    let set = load(&files, err)?;
    let written = match &args.verb {
        RulesVerb::List { json: true } => write_json(&RuleListing::of(&set), out),
        RulesVerb::List { json: false } => write_list(&RuleListing::of(&set), out),
        RulesVerb::Explain { id } => {
            let rule = set.rules.iter().find(|rule| rule.id == *id).ok_or_else(|| unknown(id, &set.rules))?;
            let redactor = set.for_examples().map_err(|e| refused(&e))?;
            write_explanation(rule, &|text| redactor.text(text), out)
        }
        RulesVerb::Test { text: Some(text), .. } => {
            let redactor = set.for_examples().map_err(|e| refused(&e))?;
            let found = redactor.find(text.as_bytes()).map_err(|e| refused(&e))?;
            write_findings(&found, &redactor.text(text), out)
        }
        RulesVerb::Test { files, text: None } => return test(&set, files, out, err),
    };
    ended(written.and_then(|()| out.flush()), Exit::Done)
}

/// The built-in rules and the files named. What they ask for and do not get is told to `err`.
pub fn load(files: &[PathBuf], err: &mut dyn Write) -> Result<Arc<RuleSet>, Message> {
    let more = files.iter().map(|path| read_config(path)).collect::<Result<Vec<_>, _>>()?;
    let set = RuleSet::load(&more)?;
    for note in &set.notes {
        // A closed stderr is nobody's problem any more.
        let _ = writeln!(err, "note: {}", printable(&note.to_string()));
    }
    Ok(Arc::new(set))
}

fn test(set: &RuleSet, files: &[PathBuf], out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Message> {
    let names: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let wanted = |rule: &Rule| names.is_empty() || names.contains(&rule.file);
    let wrong = set.wrong_examples(&wanted).map_err(|e| refused(&e))?;
    let tested: Vec<&Rule> = set.rules.iter().filter(|rule| wanted(rule)).collect();
    let examples: usize = tested.iter().map(|rule| rule.examples.len() + rule.negative_examples.len()).sum();
    let mut write = || -> io::Result<()> {
        for one in &wrong {
            let what = if one.missed { "finds nothing in" } else { "finds something in" };
            writeln!(out, "{} ({}): {what}: {}", one.rule, printable(&one.file), printable(&one.text))?;
        }
        out.flush()
    };
    let exit = if wrong.is_empty() { Exit::Done } else { Exit::No };
    let exit = ended(write(), exit)?;
    let failed = if wrong.is_empty() { "all as they should be".to_owned() } else { format!("{} WRONG", wrong.len()) };
    let _ = writeln!(err, "{}, {}: {failed}", counted(tested.len(), "rule"), counted(examples, "example"));
    Ok(exit)
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn write_findings(found: &[crate::redact::Finding], after: &str, out: &mut dyn Write) -> io::Result<()> {
    if found.is_empty() {
        return writeln!(out, "no rule finds anything");
    }
    for finding in found {
        writeln!(out, "{:>5}..{:<5}  {}  (kind {})", finding.start, finding.end, finding.rule, finding.kind)?;
    }
    after.lines().try_for_each(|line| writeln!(out, "after: {}", printable(line)))
}

fn write_json(listing: &RuleListing, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, listing)?;
    writeln!(out)
}

/// Whoever read the output and went away has read enough, as `head` does.
fn ended(written: io::Result<()>, exit: Exit) -> Result<Exit, Message> {
    match written {
        Ok(()) => Ok(exit),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(exit),
        Err(e) => Err(Message::new(Exit::LocalFailure, format!("cannot write the output: {}", plain(&e)))),
    }
}

fn refused(error: &RedactError) -> Message {
    Message::usage(format!("the redaction rules: {error}")).hint("leave out rules that are not needed")
}

fn unknown(id: &str, rules: &[Rule]) -> Message {
    let lower = id.to_ascii_lowercase();
    let distance = |rule: &&Rule| {
        // Ids are ASCII. Who types the beginning of one means it too.
        let beginning = &rule.id[..rule.id.len().min(lower.len())];
        let begins = 1 + strsim::damerau_levenshtein(beginning, &lower);
        (strsim::damerau_levenshtein(&rule.id, &lower).min(begins), rule.id.len())
    };
    let near = rules.iter().min_by_key(distance).filter(|rule| distance(rule).0 <= lower.len().div_ceil(3));
    let message = Message::usage(format!("there is no rule `{id}`"));
    match near {
        Some(rule) => message.hint(format!("did you mean `{}`?", rule.id)),
        None => message.hint("`casefile rules list` shows all"),
    }
}

/// The family of a rule: the name of its file.
pub fn family(file: &str) -> &str {
    Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: RulesArgs,
    }

    /// Exit code or hint, data, talk.
    fn rules(line: &[&str]) -> (Result<Exit, Message>, String, String) {
        let args = Line::try_parse_from(["rules"].iter().chain(line)).expect("a good line").args;
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let result = run(&args, &mut out, &mut err);
        (result, String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"))
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::Builder::new().prefix("their").suffix(".toml").tempfile().expect("a folder");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    const WRONG: &str = "[[rules]]\nid = 'acme-badge'\nregex = 'AB-[0-9]+'\n[rules.redact]\nkind = 'badge'\nexamples = [\"AB-x\\u001b\"]\n";

    #[test]
    fn the_list_names_every_rule_and_fits_the_screen() {
        let (result, out, err) = rules(&["list"]);
        assert_eq!((result.expect("lists"), err.as_str()), (Exit::Done, ""));
        let set = RuleSet::load(&[]).expect("loads");
        assert!(set.rules.iter().all(|rule| out.contains(&rule.id)));
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    }

    #[test]
    fn a_rule_is_explained_with_its_examples_before_and_after() {
        let text = "[[rules]]\nid = 'acme-badge'\ndescription = 'The badge of a guest'\nregex = '\\bAB-[0-9]{6}\\b'\nkeywords = ['ab-']\nentropy = 1.5\n[rules.redact]\nkind = 'badge'\nsecret = true\nlines = 2\nreferences = ['https://acme.test/badges']\nexamples = ['badge AB-123456 refused']\nnegative_examples = ['AB-12']\n";
        let file = file(text);
        let (result, out, _) = rules(&["explain", "acme-badge", "--rules", &file.path().display().to_string()]);
        assert_eq!(result.expect("explains"), Exit::Done);
        for part in [
            "The badge of a guest",
            r"\bAB-[0-9]{6}\b",
            "ab-",
            "REDACTED-badge-",
            "1.5",
            "2 lines",
            "https://acme.test/badges",
            "badge AB-123456 refused",
            "AB-12\n",
        ] {
            assert!(out.contains(part), "{part}: {out}");
        }
        assert_eq!(out, rules(&["explain", "acme-badge", "--rules", &file.path().display().to_string()]).1);
    }

    #[test]
    fn an_unknown_rule_suggests_the_nearest() {
        let file = file(WRONG);
        let path = file.path().display().to_string();
        for (id, hint) in [
            ("acme-bage", "did you mean `acme-badge`?"),
            ("Acme-Badge", "did you mean `acme-badge`?"),
            ("acme-b", "did you mean `acme-badge`?"),
            ("qqqqqqqq", "`casefile rules list` shows all"),
        ] {
            let message = rules(&["explain", id, "--rules", &path]).0.expect_err("unknown");
            assert_eq!(message.exit, Exit::Usage);
            assert!(format!("{message:?}").contains(hint), "{id}: {message:?}");
        }
    }

    #[test]
    fn rules_that_fail_their_examples_are_named_and_the_answer_is_no() {
        assert_eq!(rules(&["test"]).0.expect("tests"), Exit::Done);
        let wrong = file(WRONG);
        let (result, out, err) = rules(&["test", &wrong.path().display().to_string()]);
        assert_eq!(result.expect("tests"), Exit::No);
        assert!(out.starts_with("acme-badge (") && out.ends_with("finds nothing in: AB-x\\u{1b}\n"), "{out}");
        assert_eq!(err, "1 rule, 1 example: 1 WRONG\n");
    }

    #[test]
    fn a_text_shows_which_rules_find_something_where() {
        let (result, out, _) = rules(&["test", "--text", "mail bob@acme.test now"]);
        assert_eq!(result.expect("looks"), Exit::Done);
        assert!(out.contains("5..18") && out.contains("after: mail REDACTED-email-"), "{out}");
        assert_eq!(rules(&["test", "--text", "nothing here"]).1, "no rule finds anything\n");
    }

    #[test]
    fn what_a_foreign_file_does_not_get_is_told_once_and_steers_no_terminal() {
        let text = "prefilter = 'x'\n\"\\u001b[2J\" = 1\n[[rules]]\nid = 'a'\nregex = 'a{,2}'\nvalidate = 'x'\n";
        let file = file(text);
        let (result, out, err) = rules(&["list", "--json", "--rules", &file.path().display().to_string()]);
        assert_eq!(result.expect("lists"), Exit::Done);
        assert_eq!(err.lines().filter(|line| line.starts_with("note: ")).count(), 3, "{err}");
        assert!(err.contains("`validate` of 1 rule") && !err.contains('\u{1b}'), "{err}");
        let document: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(document["notes"].as_array().map(Vec::len), Some(3));
    }
}
