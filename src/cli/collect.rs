//! `casefile collect`: plan, preview, gather, redact, seal. Writes one file, and sends it only where somebody said yes.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::age_keys::recipients;
use super::case_flags::CaseFlags;
use super::collect_send::{SendFlags, Sending, Sent};
use super::message::{Message, plain};
use super::preview::human;
use super::progress::Progress;
use super::redaction_flags::{Key, RedactionFlags, random};
use super::{Exit, count, preview, prompt, read_config};
use crate::bundle::encryption::Recipients;
use crate::bundle::layout::BundleName;
use crate::bundle::writer::WriteError;
use crate::collect::profile::{self, Files};
use crate::collect::{self, Collector, Context, Deadline, Profile, har_targets};
use crate::model::case::GivenBy;
use crate::model::printable;
use crate::model::{Case, CaseId, case_file};
use crate::pipeline::{self, Clocks, Order, Pace, Report, RunError, Told};
use crate::platform;

/// What to collect, and what to do with it.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// Folder that gets the bundle
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// What to collect, as TOML; see --print-profile
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Show the profile in force and stop
    #[arg(long)]
    print_profile: bool,
    /// List every source with its size and purpose, read and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Collect only this kind; repeat for several
    #[arg(long, value_name = "KIND", value_parser = collect::KINDS)]
    only: Vec<String>,
    /// Leave this kind out; repeat for several
    #[arg(long, value_name = "KIND", value_parser = collect::KINDS)]
    skip: Vec<String>,
    /// Seal the files in this folder, received from elsewhere
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Collect nothing about this machine itself
    #[arg(long)]
    no_host: bool,
    /// Log files, as a path or glob; repeat for several
    #[arg(long, value_name = "GLOB")]
    logs: Vec<String>,
    /// Configuration files, as a path or glob; repeat for several
    #[arg(long, value_name = "GLOB")]
    config: Vec<String>,
    /// A HAR file saved by a browser; repeat for several
    #[arg(long, value_name = "FILE")]
    har: Vec<String>,
    /// A screenshot; its metadata is removed; repeat for several
    #[arg(long, value_name = "FILE")]
    screenshot: Vec<String>,
    /// A host to ask over the network, as `casefile probe` takes it.
    #[arg(
        long,
        value_name = "TARGET",
        conflicts_with = "from",
        help = "Ask this host over the network and keep what comes of it: https://shop.example; repeat for several"
    )]
    probe: Vec<String>,
    /// Probe also the public hosts that failed or were slow in the HAR files, at most 5
    #[arg(long, requires = "har", conflicts_with = "from")]
    probe_from_har: bool,
    /// Log lines from here on: 24h, 7d, or a time with zone
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// The facts of the case, as TOML
    #[arg(long, value_name = "FILE")]
    case: Option<PathBuf>,
    /// Name of the bundle
    #[arg(long, value_name = "NAME")]
    bundle_name: Option<String>,
    /// Encrypt the bundle for this public key of age, or those in this file; repeat for several
    #[arg(long, value_name = "KEY|FILE")]
    encrypt_to: Vec<String>,
    /// Let commands of the profile run that are not on the built-in list
    #[arg(long)]
    allow_commands: bool,
    /// Threads that redact and pack; by default one a processor, at most 8
    #[arg(long, value_name = "N", value_parser = super::threads)]
    threads: Option<usize>,
    /// Run at normal priority; by default everything else on this machine goes first
    #[arg(long)]
    full_speed: bool,
    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    send: SendFlags,
    // Last, because their headings would be given to every flag after them.
    #[command(flatten)]
    redaction: RedactionFlags,
    #[command(flatten)]
    facts: CaseFlags,
}

/// Runs the verb.
pub fn run(args: &CollectArgs) -> Result<Exit, Message> {
    let system = platform::system();
    let mut profile = match &args.profile {
        Some(path) => {
            let (file, text) = read_config(path)?;
            Profile::parse(&file, &text)?
        }
        None if args.from.is_some() || args.no_host && has_files(args) => Profile::empty(),
        None => Profile::builtin(system),
    };
    if args.print_profile {
        return print_profile(&profile);
    }
    let may_ask = !args.yes && !args.json && prompt::can_ask();
    let sending = Sending::of(
        &args.send,
        args.profile.as_deref(),
        profile.send.as_ref(),
        may_ask || args.dry_run,
        Timestamp::now(),
    )?;
    if let (Some(bundle), Some(sending)) = (&args.send.send_only, &sending) {
        return send_only(args, bundle, sending);
    }
    name_files(args, &mut profile)?;
    if args.no_host {
        profile.probes.targets.clear();
        profile.host = None;
        profile.journal = None;
        profile.commands.clear();
    }
    name_targets(args, &mut profile)?;
    name_recipients(args, &mut profile)?;
    let epoch = source_date_epoch()?;
    let cancel = super::cancel_on_signal();
    let context = context(args, &profile, system, epoch, &cancel)?;
    let given_by = if args.from.is_some() { GivenBy::Agent } else { GivenBy::Customer };
    let key = args.redaction.key()?;
    let ask = may_ask && !args.dry_run;
    let case = case(args, given_by, ask, &key, sending.as_ref())?;
    let profile = Arc::new(profile);
    let collectors = wanted(args, collect::all(&profile));
    let readers = encrypted_for(&profile);
    if args.dry_run {
        return dry_run(args, collectors, &context, &case, &readers, sending.as_ref());
    }
    if !args.output.is_dir() {
        // Said now, not after a minute of gathering.
        return Err(Message::new(Exit::LocalFailure, format!("{}: no such folder", args.output.display()))
            .hint("make it first, or choose another one with --output"));
    }
    // Files from elsewhere do not speak of this machine.
    let mut redactor = args.redaction.redactor(&key, args.from.is_none())?.remembering();
    let vault = args.redaction.vault(Some(&args.output))?;
    if let Some(vault) = &vault {
        redactor = vault.watching(redactor);
    }
    let name = bundle_name(args, &case, epoch)?;
    let planned = pipeline::plan(collectors, &context, &mut |_| {});
    if ask {
        show_plan(&planned, &case, &readers).map_err(|e| terminal(&e))?;
        let question = match targets_of(&planned) {
            0 if sending.is_some() => {
                "Collect this into a redacted file on this machine? You are asked again before it is sent.".to_owned()
            }
            0 => "Collect this into a redacted file on this machine? Nothing is sent.".to_owned(),
            n => format!(
                "Collect this into a redacted file on this machine? The {} above will see that this machine asks; nothing else is sent.",
                count(n as u64, "target")
            ),
        };
        if !prompt::agrees(&question).map_err(|e| terminal(&e))? {
            return Err(Message::new(Exit::Interrupted, "stopped; no bundle was written"));
        }
    }
    let order = Order {
        context,
        profile,
        case,
        redactor: Arc::new(redactor),
        folder: args.output.clone(),
        name,
        threads: super::threads_or_default(args.threads),
        pace: if args.full_speed { Pace::Full } else { Pace::Gentle },
        epoch,
        clocks: Clocks::system(),
    };
    let mut progress = Progress::new(args.json);
    let result = pipeline::run(&order, &planned, &mut |event| progress.event(&event));
    progress.finish();
    match result {
        Ok(report) => {
            let sealed =
                vault.map(|vault| vault.seal(&format!("the bundle is kept: {}", report.sealed.path.display())));
            let path = &report.sealed.path;
            let send = |sending: &Sending| sending.send(path, args.json, &cancel);
            let exit = if args.json {
                let sent = sending.as_ref().map(|sending| (send(sending), sending));
                let exit = tell(args, &report, &readers, sent.as_ref().map(|(sent, sending)| sent.in_json(sending)))?;
                sent.map_or(exit, |(sent, sending)| exit.combine(sent.tell(sending)))
            } else {
                // Whoever is asked sees first what the bundle came to, and where it is to be looked at.
                let exit = tell(args, &report, &readers, None)?;
                sending.as_ref().map_or(exit, |sending| exit.combine(send(sending).tell(sending)))
            };
            match sealed {
                None => Ok(exit),
                Some(sealed) => sealed.map(|vault| {
                    vault.tell();
                    exit
                }),
            }
        }
        Err(e) => Err(failure(e, &args.output)),
    }
}

/// Lays the recipients that were named over those of the profile.
fn name_recipients(args: &CollectArgs, profile: &mut Profile) -> Result<(), Message> {
    const WAY: &str = "ask for the public key of whoever is to read it; it begins with age1";
    let mut named: Option<Recipients> = None;
    for given in &args.encrypt_to {
        let one = recipients("--encrypt-to", given, WAY)?;
        named = Some(match named {
            Some(others) => others.and(one),
            None => one,
        });
    }
    if named.is_some() {
        profile.encrypt_to = named;
    }
    Ok(())
}

/// The public keys that open it.
fn encrypted_for(profile: &Profile) -> Vec<String> {
    profile.encrypt_to.iter().flat_map(Recipients::keys).collect()
}

/// Sends a bundle of before, or what is missing of it.
fn send_only(args: &CollectArgs, bundle: &Path, sending: &Sending) -> Result<Exit, Message> {
    let sent: Sent = sending.send(bundle, args.json, &super::cancel_on_signal());
    if args.json {
        let document = json!({ "schema": "casefile-sent/1", "bundle": bundle.display().to_string(), "send": sent.in_json(sending) });
        writeln!(anstream::stdout().lock(), "{document:#}").map_err(|e| terminal(&e))?;
    }
    Ok(sent.tell(sending))
}

/// How many targets the plan would ask.
fn targets_of(planned: &[pipeline::Planned]) -> usize {
    planned.iter().filter(|item| item.collector == "probes" && item.decided.is_none()).count()
}

/// Adds the targets that flags and HAR files name.
fn name_targets(args: &CollectArgs, profile: &mut Profile) -> Result<(), Message> {
    for text in &args.probe {
        profile.probes.add(text).map_err(|problem| {
            Message::usage(format!("--probe `{}` {problem}", printable(text)))
                .hint("write a host, host:port or an address such as https://shop.example/login")
        })?;
    }
    let mut from_har = Vec::new();
    for path in args.har.iter().filter(|_| args.probe_from_har) {
        // A glob is for the collector; targets are taken from files that are named.
        let file = std::fs::File::open(path).map_err(|e| {
            Message::usage(format!("{path}: {}", plain(&e))).hint("--probe-from-har takes HAR files by name")
        })?;
        let har = serde_json::from_reader(std::io::BufReader::new(file.take(har_targets::LARGEST)));
        let har = har.map_err(|_| {
            Message::usage(format!("{path}: is no HAR of at most 64 MiB")).hint("name the targets with --probe")
        })?;
        from_har.extend(har_targets::of(&har));
    }
    for target in from_har.iter().take(har_targets::MOST) {
        // Over the limit of targets: the named ones go first.
        let _ = profile.probes.add(&target.to_string());
    }
    Ok(())
}

fn has_files(args: &CollectArgs) -> bool {
    [&args.logs, &args.config, &args.har, &args.screenshot].iter().any(|list| !list.is_empty())
}

/// Lays the files that were named over the profile.
fn name_files(args: &CollectArgs, profile: &mut Profile) -> Result<(), Message> {
    let absolute = |path: &str| -> Result<String, Message> {
        if path.starts_with('~') {
            return Ok(path.to_owned());
        }
        let path = std::path::absolute(path)
            .map_err(|e| Message::usage(format!("{path}: {}", plain(&e))).hint("name an existing file or a glob"))?;
        Ok(path.to_string_lossy().into_owned())
    };
    let block = |paths: &[String], purpose: &str| -> Result<Option<Files>, Message> {
        if paths.is_empty() {
            return Ok(None);
        }
        let paths = paths.iter().map(|path| absolute(path)).collect::<Result<Vec<_>, _>>()?;
        for path in &paths {
            collect::files::Glob::new(path).map_err(|problem| {
                Message::usage(problem).hint("a glob has `*`, `**`, `?` or {a,b}; quote it in the shell")
            })?;
        }
        Ok(Some(Files { paths, exclude: Vec::new(), purpose: purpose.to_owned(), base: None, named: true }))
    };
    profile.logs.extend(block(&args.logs, "log files that you named")?);
    profile.config.extend(block(&args.config, "configuration files that you named")?);
    profile.har.extend(block(&args.har, "what the browser asked for and got")?);
    profile.screenshots.extend(block(&args.screenshot, "screenshots that you named")?);
    if let Some(folder) = &args.from {
        if !folder.is_dir() {
            return Err(
                Message::usage(format!("{}: no such folder", folder.display())).hint("--from takes a folder of files")
            );
        }
        received(&absolute(&folder.to_string_lossy())?, profile);
    }
    Ok(())
}

/// Files that came by mail: HAR files and pictures by their extension, the rest is taken for logs.
fn received(folder: &str, profile: &mut Profile) {
    const PICTURES: &str = "*.{png,PNG,jpg,JPG,jpeg,JPEG,webp,WEBP}";
    let escaped = globset::escape(folder.trim_end_matches(['/', '\\']));
    let glob = |pattern: &str| format!("{escaped}/**/{pattern}");
    let files = |purpose: &str, paths: Vec<String>, exclude: Vec<String>| Files {
        paths,
        exclude,
        purpose: purpose.to_owned(),
        base: Some(PathBuf::from(folder)),
        named: true,
    };
    profile.har.push(files("HAR files", vec![glob("*.har")], Vec::new()));
    profile.screenshots.push(files("pictures", vec![glob(PICTURES)], Vec::new()));
    profile.logs.push(files("all others, as logs", vec![glob("*")], vec![glob("*.har"), glob(PICTURES)]));
}

fn context(
    args: &CollectArgs,
    profile: &Profile,
    system: platform::System,
    epoch: Option<Timestamp>,
    cancel: &Arc<AtomicBool>,
) -> Result<Context, Message> {
    let now = epoch.unwrap_or_else(Timestamp::now);
    let since = match &args.since {
        None => None,
        Some(text) => Some(profile::since(text, now).ok_or_else(|| {
            Message::usage(format!("--since {}: is no time", printable(text)))
                .hint("write 24h, 7d, or a time with zone: 2026-11-23T10:15:00+01:00")
        })?),
    };
    let zone = platform::facts::time_zone();
    Ok(Context {
        system,
        elevation: platform::elevation(),
        now,
        zone: jiff::tz::TimeZone::get(&zone).unwrap_or_else(|_| jiff::tz::TimeZone::system()),
        since,
        deadline: Deadline::new(profile.limits.deadline),
        cancel: Arc::clone(cancel),
        child_program: std::env::current_exe().ok(),
        allow_commands: args.allow_commands,
        home: std::env::home_dir(),
        preview: args.dry_run,
    })
}

fn case(
    args: &CollectArgs,
    given_by: GivenBy,
    ask: bool,
    key: &Key,
    sending: Option<&Sending>,
) -> Result<Case, Message> {
    let file = match &args.case {
        Some(path) => {
            let (file, text) = read_config(path)?;
            Some(case_file::parse(&file, &text, given_by)?)
        }
        None => None,
    };
    let mut flags = args.facts.read(given_by)?;
    let id = flags.case_id.take().or_else(|| file.as_ref().and_then(|read| read.case_id.clone()));
    let id = match (id, sending.map(Sending::case_id)) {
        (Some(id), Some(other)) if id != *other => {
            return Err(Message::usage(format!("the profile's drop is for {other}, not for {id}"))
                .hint("leave the case id out, or ask for a profile of this case"));
        }
        (id, other) => id.or_else(|| other.cloned()).map_or_else(|| case_id(key), Ok)?,
    };
    let base = file.map_or_else(|| Case::new(id.clone()), |read| read.case);
    let mut case = Case { case_id: id, ..base.overlaid_by(flags.case) };
    if ask {
        let mut answers = CaseFlags::default();
        prompt::facts(&case, &mut answers).map_err(|e| terminal(&e))?;
        case = case.overlaid_by(answers.read(given_by)?.case);
    }
    Ok(case)
}

fn wanted(args: &CollectArgs, collectors: Vec<Box<dyn Collector>>) -> Vec<Box<dyn Collector>> {
    let keeps = |name: &str| {
        (args.only.is_empty() || args.only.iter().any(|kind| kind == name))
            && !args.skip.iter().any(|kind| kind == name)
    };
    collectors.into_iter().filter(|collector| keeps(collector.name())).collect()
}

/// A new case's id: random, or from the key where the same run must give the same bytes.
fn case_id(key: &Key) -> Result<CaseId, Message> {
    use sha2::{Digest, Sha256};
    if !key.given {
        return Ok(CaseId::from_random(random::<7>()?));
    }
    let digest = Sha256::new().chain_update(b"casefile case id").chain_update(&key.bytes).finalize();
    let mut seven = [0; 7];
    seven.copy_from_slice(&digest[..7]);
    Ok(CaseId::from_random(seven))
}

fn bundle_name(args: &CollectArgs, case: &Case, epoch: Option<Timestamp>) -> Result<BundleName, Message> {
    match &args.bundle_name {
        None => Ok(BundleName::new(&case.case_id, epoch.unwrap_or_else(Timestamp::now))),
        Some(name) => BundleName::parse(name).map_err(|e| {
            Message::usage(format!("--bundle-name {}: {e}", printable(name)))
                .hint("use letters, digits, `.`, `_` and `-`")
        }),
    }
}

fn source_date_epoch() -> Result<Option<Timestamp>, Message> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = text.to_str().and_then(|t| t.parse::<i64>().ok()).and_then(|s| Timestamp::from_second(s).ok());
    seconds.map(Some).ok_or_else(|| {
        Message::usage("SOURCE_DATE_EPOCH is no number of seconds since 1970")
            .hint("unset it, or set it to such a number")
    })
}

fn print_profile(profile: &Profile) -> Result<Exit, Message> {
    let mut out = anstream::stdout().lock();
    write!(out, "{}", profile.shown()).map_err(|e| terminal(&e))?;
    Ok(Exit::Done)
}

fn dry_run(
    args: &CollectArgs,
    collectors: Vec<Box<dyn Collector>>,
    context: &Context,
    case: &Case,
    readers: &[String],
    sending: Option<&Sending>,
) -> Result<Exit, Message> {
    let mut out = anstream::stdout().lock();
    let mut failed = None;
    let planned = pipeline::plan(collectors, context, &mut |item| {
        if !args.json
            && let Err(e) = preview::item(item, &mut out).and_then(|()| out.flush())
        {
            failed = Some(e);
        }
    });
    let sum = if args.json {
        let mut plan = preview::json(&planned, case, readers);
        if let Some(sending) = sending {
            plan["send"] = sending.in_json();
        }
        serde_json::to_writer_pretty(&mut out, &plan).map_err(std::io::Error::from)
    } else {
        preview::sum(&planned, case, readers, &mut out).and_then(|()| match sending {
            Some(sending) => writeln!(out, "The bundle would be sent {}, after a yes", sending.in_words()),
            None => Ok(()),
        })
    };
    match failed.map_or(sum, Err) {
        // Whoever stopped reading has seen enough.
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(terminal(&e)),
        _ => Ok(Exit::Done),
    }
}

fn show_plan(planned: &[pipeline::Planned], case: &Case, readers: &[String]) -> std::io::Result<()> {
    let mut err = anstream::stderr().lock();
    for kind in collect::KINDS {
        let of_kind: Vec<_> =
            planned.iter().filter(|item| item.collector == kind && !item.sources.is_empty()).collect();
        if !of_kind.is_empty() {
            let count: usize = of_kind.iter().map(|item| item.sources.len()).sum();
            let mut purposes: Vec<String> = of_kind.iter().map(|item| printable(&item.purpose)).collect();
            purposes.dedup();
            writeln!(err, "  {kind:11} {count:>5}  {}", purposes.join("; "))?;
        }
    }
    writeln!(err, "(--dry-run lists every single source.)")?;
    preview::sum(planned, case, readers, &mut err)
}

/// Says where the bundle is and what is missing from it.
fn tell(args: &CollectArgs, report: &Report, readers: &[String], sent: Option<Value>) -> Result<Exit, Message> {
    let Told { case_id, artifacts, replaced, skipped, gaps } = &report.told;
    let exit = if gaps.is_empty() { Exit::Done } else { Exit::Partial };
    let path = report.sealed.path.display().to_string();
    let mut out = anstream::stdout().lock();
    let written = if args.json {
        let mut document = json!({
            "schema": "casefile-collect/1",
            "bundle": path,
            "case_id": case_id,
            "bundle_digest": report.sealed.bundle_digest,
            "bundle_digest_spoken": report.sealed.bundle_digest.spoken(),
            "size": report.sealed.size,
            "encrypted_for": readers,
            "artifacts": artifacts,
            "replacements": replaced,
            "gaps": gaps,
            "skipped": skipped,
        });
        if let Some(sent) = sent {
            document["send"] = sent;
        }
        serde_json::to_writer_pretty(&mut out, &document).map_err(std::io::Error::from).and_then(|()| writeln!(out))
    } else {
        let mut err = anstream::stderr().lock();
        let _ = writeln!(
            err,
            "{}, {}, {} replaced; case {}",
            count(*artifacts, "file"),
            human(report.sealed.size),
            count(*replaced, "value"),
            case_id
        );
        for gap in gaps.iter().take(10) {
            let reason = gap.outcome.reason().unwrap_or_default();
            let _ = writeln!(err, "{}: {}: {}", gap.outcome.word(), printable(&gap.what), printable(reason));
        }
        if gaps.len() > 10 {
            let _ = writeln!(err, "… and {} more; see `casefile inspect {path}`", gaps.len() - 10);
        }
        if !readers.is_empty() {
            let _ = writeln!(err, "encrypted; it opens with the secret key of {} only", readers.join(" or "));
        }
        let _ = writeln!(err, "bundle digest {}", report.sealed.bundle_digest.spoken());
        writeln!(out, "{path}")
    };
    written.map_err(|e| terminal(&e))?;
    Ok(exit)
}

fn failure(error: RunError, output: &Path) -> Message {
    match error {
        RunError::Interrupted => Message::new(Exit::Interrupted, "stopped; no bundle was written"),
        RunError::Write(WriteError::Io { path, source }) => {
            let folder = output.display();
            let hint = if source.kind() == std::io::ErrorKind::NotFound {
                format!("nothing was kept; make the folder {folder}, or choose another with --output")
            } else {
                format!("nothing was kept; make room or choose another folder than {folder} with --output")
            };
            Message::new(Exit::LocalFailure, format!("cannot write {}: {}", path.display(), plain(&source))).hint(hint)
        }
        RunError::Write(e @ WriteError::Exists { .. }) => Message::new(Exit::LocalFailure, e.to_string())
            .hint("it was not touched; choose another --bundle-name or --output"),
        other => Message::new(Exit::LocalFailure, other.to_string()).hint("nothing was kept"),
    }
}

fn terminal(error: &std::io::Error) -> Message {
    Message::new(Exit::LocalFailure, format!("cannot write the answer: {}", plain(error)))
}
