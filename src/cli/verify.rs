//! `casefile verify`: is a bundle safe, whole, clean and complete? Nothing is unpacked.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use serde_json::json;

use super::message::Message;
use super::verify_many::{self, Table};
use super::verify_text::{WIDTH, folded, in_colour, wrap};
use super::{Exit, age_keys, read_config, second_look, verify_inputs, verify_reports};
use crate::bundle::encryption::Identities;
use crate::bundle::signature::SignerKey;
use crate::bundle::{Code, LeakScanner};
use crate::checklist::{Checklist, bagit_profile, says_nothing};
use crate::deliver::acceptance::Acceptance;
use crate::escalate::Policy;
use crate::model::case::GivenBy;
use crate::model::case_file::{self, ReadCase};
use crate::model::{Severity, printable};

/// Which bundles, and against what.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The bundles: files, folders, globs, or `-` for stdin
    #[arg(required_unless_present_any = ["explain", "print_bagit_profile"], value_name = "BUNDLE")]
    bundles: Vec<PathBuf>,
    /// Say what a code means, such as `gap`, and stop; `all` for every one
    #[arg(long, value_name = "CODE", exclusive = true)]
    explain: Option<String>,
    /// Your facts about the case, laid over the customer's (TOML)
    #[arg(long, value_name = "FILE")]
    case: Option<PathBuf>,
    /// What a handoff needs (TOML) instead of the built-in checklist
    #[arg(long, value_name = "FILE")]
    checklist: Option<PathBuf>,
    /// Print the checklist as a profile for validators of BagIt, and stop
    #[arg(long, conflicts_with = "bundles")]
    print_bagit_profile: bool,
    /// The severity to hold the checklist against [default: what the facts give]
    #[arg(long, value_name = "N", value_parser = severity)]
    severity: Option<Severity>,
    /// More redaction rules (TOML) to look with; repeat for several
    #[arg(long, value_name = "FILE", help_heading = "Leaks")]
    rules: Vec<PathBuf>,
    /// Let this finding pass, as the journal will say; repeat for several
    #[arg(long, value_name = "ID", requires = "reason", help_heading = "Leaks")]
    accept_finding: Vec<String>,
    /// Why it may pass
    #[arg(long, value_name = "TEXT", requires = "accept_finding", help_heading = "Leaks")]
    reason: Option<String>,
    /// Do not look for leaks: structure, digests and checklist only
    #[arg(long, conflicts_with_all = ["rules", "accept_finding"], help_heading = "Leaks")]
    no_scan: bool,
    /// Whose signature it must have: a public key of minisign, or its file. The signature stands beside the bundle, as
    /// BUNDLE.minisig
    #[arg(long, value_name = "KEY|FILE", help_heading = "From whom")]
    key: Option<String>,
    /// The secret keys that open encrypted bundles, a file made by age-keygen
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Print the message that asks the customer for what is missing, and nothing else
    #[arg(long, help_heading = "Output", conflicts_with_all = ["json", "junit", "sarif"])]
    reply: bool,
    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Print a test report: JUnit XML
    #[arg(long, help_heading = "Output", conflicts_with_all = ["json", "sarif"])]
    junit: bool,
    /// Print a scan report: SARIF 2.1.0
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    sarif: bool,
}

fn severity(raw: &str) -> Result<Severity, String> {
    Severity::parse(raw).ok_or_else(|| "a severity is 1, 2, 3 or 4".to_owned())
}

/// What the verb was told besides the bundles.
pub(super) struct Terms {
    pub checklist: Checklist,
    pub policy: Policy,
    pub agent: Option<ReadCase>,
    pub severity: Option<Severity>,
    /// `None` where nobody is to look.
    pub scanner: Option<LeakScanner>,
    pub state: Option<PathBuf>,
    /// Whose signature is wanted.
    pub key: Option<SignerKey>,
    /// What opens encrypted bundles.
    pub identities: Option<Identities>,
    /// Findings that may pass, and why.
    pub accept: Option<(Vec<String>, Acceptance)>,
}

/// Runs the verb.
pub fn run(args: &VerifyArgs) -> Result<Exit, Message> {
    if let Some(code) = &args.explain {
        return explain(code, &mut anstream::stdout().lock());
    }
    let checklist = match &args.checklist {
        Some(path) => {
            let (file, text) = read_config(path)?;
            Checklist::parse(&file, &text)?
        }
        None => Checklist::builtin(),
    };
    if args.print_bagit_profile {
        let profile = serde_json::to_string_pretty(&bagit_profile(&checklist)).unwrap_or_default();
        // Whoever stopped reading has seen enough.
        let _ = writeln!(anstream::stdout().lock(), "{profile}");
        return Ok(Exit::Done);
    }
    let scanner = second_look::scanner(&args.rules, &mut anstream::stderr().lock())?;
    let inputs = verify_inputs::expand(&args.bundles, &mut io::stdin().lock())?;
    let accept = match &args.reason {
        Some(reason) => {
            if inputs.len() > 1 {
                return Err(Message::usage("--accept-finding takes one bundle")
                    .hint("a finding is one of a bundle; accept those of each by itself"));
            }
            if says_nothing(reason) {
                return Err(Message::usage("`--reason` needs a reason that somebody can read later")
                    .hint("say in a few words why the finding may pass; it stands in the journal"));
            }
            Some((args.accept_finding.clone(), second_look::acceptance(reason, &scanner)?))
        }
        None => None,
    };
    let agent = match &args.case {
        Some(path) => {
            let (file, text) = read_config(path)?;
            Some(case_file::parse(&file, &text, GivenBy::Agent)?)
        }
        None => None,
    };
    let key = args.key.as_deref().map(signer_key).transpose()?;
    let terms = Terms {
        key,
        identities: age_keys::identities(args.identity.as_deref())?,
        checklist,
        policy: Policy::builtin(),
        agent,
        severity: args.severity,
        scanner: (!args.no_scan).then_some(scanner),
        state: crate::platform::state_dir(),
        accept,
    };
    let cancel = super::cancel_on_signal();
    let (mut out, mut err) = (anstream::stdout().lock(), anstream::stderr().lock());
    let several = inputs.len() > 1;
    let mut table = Table::default();
    let mut exit = Exit::Done;
    let mut documents = Vec::new();
    let in_text = !(args.json || args.junit || args.sarif || args.reply);
    // Whoever stopped reading has seen enough, but the exit code still counts.
    verify_many::verify(&inputs, &terms, &cancel, &mut |input, one| {
        exit = exit.combine(one.exit);
        if !(several && in_text) || one.document.is_none() {
            let _ = match io::stderr().is_terminal() {
                true => err.write_all(folded(&String::from_utf8_lossy(&one.talk), WIDTH).as_bytes()),
                false => err.write_all(&one.talk),
            };
        }
        if args.reply {
            let _ = match &one.reply {
                Some(reply) => writeln!(out, "{reply}"),
                None => writeln!(err, "{}: nothing to ask for", printable(&input.name.display().to_string())),
            };
        } else if in_text && !several {
            let _ = out.write_all(in_colour(&String::from_utf8_lossy(&one.text)).as_bytes());
        }
        table.add(input, &one);
        if args.json || args.junit || args.sarif {
            documents.extend(one.document);
        }
    });
    if cancel.load(Ordering::Relaxed) {
        return Ok(Exit::Interrupted);
    }
    if in_text && several {
        let _ = write!(out, "{}", table.render());
    } else if args.junit {
        let _ = write!(out, "{}", verify_reports::junit(&documents));
    } else if args.json || args.sarif {
        let document = match args.sarif {
            true => verify_reports::sarif(&documents),
            false => json!({ "schema": "casefile-verify/1", "bundles": documents }),
        };
        let _ = serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from).and_then(|()| writeln!(out));
    }
    Ok(exit)
}

/// A key given by itself, or in a file.
fn signer_key(given: &str) -> Result<SignerKey, Message> {
    if let Ok(key) = SignerKey::parse(given) {
        return Ok(key);
    }
    let (file, text) = read_config(Path::new(given))?;
    SignerKey::parse(&text).map_err(|e| {
        Message::usage(format!("`{file}` {e}"))
            .hint("give the public key, which begins with RW, or the file minisign.pub that holds it")
    })
}

/// Tells what one code means, or all of them.
fn explain(wanted: &str, out: &mut dyn Write) -> Result<Exit, Message> {
    let codes = match Code::parse(wanted) {
        Some(code) => vec![code],
        None if wanted == "all" => Code::ALL.to_vec(),
        None => {
            let near = Code::ALL.iter().max_by(|a, b| {
                let likeness = |code: &Code| strsim::jaro_winkler(code.as_str(), wanted);
                likeness(a).total_cmp(&likeness(b))
            });
            let near = near.map_or("", |code| code.as_str());
            return Err(Message::usage(format!("there is no code `{wanted}`"))
                .hint(format!("did you mean `{near}`? `casefile verify --explain all` lists every code")));
        }
    };
    for code in codes {
        let mut text = String::new();
        wrap("  ", 2, &format!("It {}.", code.sentence()), WIDTH, &mut text);
        wrap("  ", 2, code.explanation(), WIDTH, &mut text);
        // Whoever stopped reading has seen enough.
        let _ = write!(out, "{}\n{text}", code.as_str());
    }
    Ok(Exit::Done)
}
