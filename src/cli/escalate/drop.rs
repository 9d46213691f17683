//! `casefile escalate drop`: a link by which one customer brings the bundle of one case, who holds no key and reads nothing.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::failure::{Failure, journal_failed, no_state_dir, output_failed};
use super::inputs::policy_in_force;
use super::{World, print_json};
use crate::cli::exit::Exit;
use crate::collect::profile::duration;
use crate::deliver::DeliverError;
use crate::deliver::journal::{Event, Journal};
use crate::deliver::retry::Retry;
use crate::deliver::uploads::Watch;
use crate::deliver::uploads::connect::{self, ConnectError};
use crate::deliver::uploads::drops::{Address, Means, Terms};
use crate::deliver::uploads::s3::sign::LONGEST;
use crate::escalate::uploads::UploadKind;
use crate::model::size::bytes;
use crate::model::{CaseId, printable};

/// What to do about drops.
#[derive(Debug, Args)]
pub struct DropArgs {
    /// What to do
    #[command(subcommand)]
    pub command: DropCommand,
}

/// What to do about drops.
#[derive(Debug, Subcommand)]
pub enum DropCommand {
    /// Make a link by which the customer of a case sends one bundle; prints the [send] section for the customer's profile
    Create(CreateArgs),
}

/// Makes a drop.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The case, such as c-7fk2m9q4xa
    #[arg(value_name = "CASE", value_parser = case_id)]
    pub case: CaseId,
    /// Who reads what is sent: the customer is shown it, and agrees to it
    #[arg(long, value_name = "TEXT")]
    pub recipient: String,
    /// How long the link holds: 12h, 7d; at most 7d
    #[arg(long, value_name = "TIME", default_value = "3d", value_parser = lasting)]
    pub expires_in: Duration,
    /// The largest bundle that it takes
    #[arg(long, value_name = "SIZE", default_value = "4GiB", value_parser = most)]
    pub max_size: u64,
    /// The policy (TOML) that names the stores
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Another store of the policy than the one in use
    #[arg(long, value_name = "NAME")]
    pub upload: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

fn case_id(raw: &str) -> Result<CaseId, String> {
    CaseId::parse(raw).map_err(|e| e.to_string())
}

fn lasting(raw: &str) -> Result<Duration, String> {
    duration(raw)
        .filter(|time| *time >= Duration::from_secs(60) && *time <= LONGEST)
        .ok_or_else(|| "a time from 1m to 7d, such as 12h".to_owned())
}

fn most(raw: &str) -> Result<u64, String> {
    bytes(raw).filter(|size| (1..=64 << 30).contains(size)).ok_or_else(|| "a size up to 64GiB, such as 4GiB".to_owned())
}

/// Runs the sub-verb.
pub(super) fn run(args: &DropArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    let DropCommand::Create(args) = &args.command;
    create(args, world)
}

impl DropArgs {
    /// Whether one JSON document is asked for.
    pub(super) fn json(&self) -> bool {
        let DropCommand::Create(args) = &self.command;
        args.json
    }
}

fn create(args: &CreateArgs, world: &mut World<'_>) -> Result<Exit, Failure> {
    if args.recipient.trim().is_empty() || args.recipient.chars().any(char::is_control) {
        return Err(Failure::new(Exit::Usage, "--recipient says nothing that a customer could agree to")
            .hint("name who reads it, such as \"Example Support\""));
    }
    let policy = policy_in_force(args.policy.as_deref())?;
    let name = args.upload.as_deref().or(policy.upload.as_deref()).ok_or_else(|| {
        Failure::new(Exit::Usage, "the policy names no upload")
            .hint("add upload = \"NAME\" and [uploads.NAME], see docs/uploads.md")
    })?;
    let target = policy.uploads.get(name).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("the policy has no upload `{}`", printable(name)))
            .hint("`casefile escalate policy` shows the policy in force")
    })?;
    let now = (world.now)();
    let asked = SignedDuration::try_from(args.expires_in).ok().and_then(|time| now.checked_add(time).ok());
    // Whole seconds: so it is signed, and so it is written.
    let asked = asked.and_then(|time| Timestamp::from_second(time.as_second()).ok()).unwrap_or(now);
    let folder = world.state_dir.as_ref().ok_or_else(no_state_dir)?.join("journal");
    let mut journal = Journal::open(&folder, &args.case).map_err(|e| journal_failed(&e, false))?;
    let environment = |name: &str| std::env::var_os(name);
    let cancelled = AtomicBool::new(false);
    let mut watch = Watch { progress: &mut |_| {}, cancelled: &cancelled, retry: Retry::PATIENT };
    let (means, expires, object) = match target.kind {
        UploadKind::Tus => {
            let store = connect::tus(target, &environment).map_err(|e| not_connected(&e))?;
            let names = [("case", args.case.as_str()), ("filetype", "application/zip")];
            let (url, kept_until) = store.create_for_later(&names, &mut watch).map_err(|e| not_made(&e))?;
            let kept_until = kept_until.and_then(|text| DateTimeParser::new().parse_timestamp(&text).ok());
            let Some(kept_until) = kept_until else {
                return Err(Failure::new(
                    Exit::Usage,
                    "the tus server does not say when the drop ends, so it would not",
                )
                .hint("let it expire unfinished uploads (its extension `expiration`), or use another upload"));
            };
            (Means::Tus { url: Address(url) }, asked.min(kept_until), None)
        }
        UploadKind::S3 => {
            let store = connect::s3(target, &environment).map_err(|e| not_connected(&e))?;
            let file = format!("{}.casefile.zip", args.case);
            let grant = store.grant((&args.case, &file), args.max_size, (now, args.expires_in), &mut watch);
            let grant = grant.map_err(|e| not_made(&e))?;
            let object = grant.object.0.to_string();
            (Means::S3(grant), asked, Some(object))
        }
    };
    let terms = Terms { case_id: args.case.clone(), expires, most: args.max_size, means };
    let mut event = Event::new("drop-created")
        .with("upload", name)
        .with("host", terms.host())
        .with("expires", expires)
        .with("max_size", args.max_size);
    if let Some(object) = &object {
        event = event.with("object", object);
    }
    if let Some(agent) = &world.agent {
        event = event.with("agent", agent);
    }
    journal.append((world.now)(), event).map_err(|e| journal_failed(&e, true))?;
    let recipient = args.recipient.trim();
    let link = terms.link();
    if args.json {
        let document = json!({
            "schema": "casefile-drop/1", "case_id": args.case, "host": terms.host(), "recipient": recipient,
            "expires": expires, "max_size": args.max_size, "object": object, "link": link.reveal(),
        });
        print_json(&document, world.out).map_err(output_failed)?;
    } else {
        let mut section = toml::Table::new();
        section.insert("recipient".to_owned(), recipient.into());
        section.insert("host".to_owned(), terms.host().into());
        section.insert("expires".to_owned(), expires.to_string().into());
        section.insert("link".to_owned(), link.reveal().into());
        let text = toml::to_string(&toml::Table::from_iter([("send".to_owned(), section.into())]));
        let text = text.expect("a table of texts is TOML");
        world.out.write_all(text.as_bytes()).map_err(output_failed)?;
        writeln!(
            world.talk,
            "Put this at the end of the customer's profile and send it by a way that only the customer reads: whoever has \
             the link can send a file for {}, until {expires}. It reads nothing.",
            args.case
        )
        .map_err(output_failed)?;
    }
    Ok(Exit::Done)
}

fn not_connected(error: &ConnectError) -> Failure {
    Failure::new(Exit::Usage, error.to_string())
        .hint("nothing was sent; mend the policy's [uploads] or what it refers to")
}

fn not_made(error: &DeliverError) -> Failure {
    Failure::new(Exit::Partial, format!("no drop was made: {error}")).hint("the same command tries again")
}
