//! `casefile sign`: puts a signature beside a bundle, which says who vouches for these bytes. `verify --key` checks it, and so
//! does minisign.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;

use super::message::{Message, plain};
use super::{Exit, age_keys, inspect, read_config};
use crate::bundle::signing::{self, NoSigningKey, SigningKey};
use crate::model::printable;
use crate::platform::PartialFile;

/// Where the password may stand.
const PASSWORD: &str = "CASEFILE_SIGN_PASSWORD";

/// Which bundle, and with what.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// The bundle; the signature goes beside it, as BUNDLE.minisig
    bundle: PathBuf,
    /// Your secret key, a file made by `minisign -G`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A file with the key's password [default: CASEFILE_SIGN_PASSWORD, or asked for on the terminal]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// What is signed beside the bundle [default: the time and the file's name]
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// The secret key that opens an encrypted bundle, to look at it before it is signed; a file made by age-keygen
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// Runs the verb.
pub fn run(args: &SignArgs) -> Result<Exit, Message> {
    let mut name = args.bundle.as_os_str().to_owned();
    name.push(".minisig");
    let target = PathBuf::from(name);
    if target.symlink_metadata().is_ok() {
        return Err(exists(&target));
    }
    let comment = match &args.comment {
        Some(comment) if comment.chars().any(char::is_control) => {
            return Err(Message::usage("--comment: is more than one line").hint("write it on one line"));
        }
        Some(comment) => comment.clone(),
        None => {
            let file = args.bundle.file_name().map(|name| printable(&name.to_string_lossy())).unwrap_or_default();
            format!("timestamp:{}\tfile:{file}\thashed", jiff::Timestamp::now().as_second())
        }
    };
    let identities = age_keys::identities(args.identity.as_deref())?;
    let key = signing_key(args)?;
    let cancel = super::cancel_on_signal();
    let go_on = &mut |_: u64| match cancel.load(Ordering::Relaxed) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let made = match signing::sign(&args.bundle, &key, &comment, identities.as_ref(), go_on) {
        Ok(made) => made,
        Err(error) => {
            return Ok(inspect::report(&args.bundle, &error, false, &mut Vec::new(), &mut anstream::stderr().lock()));
        }
    };
    let written = PartialFile::create(&target).and_then(|mut partial| {
        partial.file().write_all(made.text.as_bytes())?;
        partial.publish()
    });
    match written {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Err(exists(&target)),
        Err(e) => {
            let text = format!("cannot write {}: {}", target.display(), plain(&e));
            return Err(Message::new(Exit::LocalFailure, text).hint("make room, or copy the bundle to another folder"));
        }
    }
    let mut err = anstream::stderr().lock();
    // Who has closed stderr does not want to know.
    let _ = match made.bundle_digest {
        Some(digest) => writeln!(err, "whole, and signed with the key {}; bundle digest {}", key.id(), digest.spoken()),
        None => writeln!(err, "signed with the key {}; encrypted, so its contents were not looked at", key.id()),
    };
    let _ = writeln!(anstream::stdout().lock(), "{}", target.display());
    Ok(Exit::Done)
}

fn exists(target: &Path) -> Message {
    Message::new(Exit::LocalFailure, format!("{} exists already", target.display()))
        .hint("it was not touched; remove it to sign anew")
}

/// The key, opened with its password where it has one.
fn signing_key(args: &SignArgs) -> Result<SigningKey, Message> {
    let (name, text) = read_config(&args.key)?;
    let wrong = |e: NoSigningKey| {
        let hint = match e {
            NoSigningKey::WrongPassword => "give its password: --password-file FILE, or on the terminal",
            NoSigningKey::NotAKey | NoSigningKey::PublicKey => "make a key pair with `minisign -G`; minisign.key signs",
        };
        Message::usage(format!("--key {name}: {e}")).hint(hint)
    };
    let password = if SigningKey::needs_password(&text).map_err(wrong)? { Some(password(args)?) } else { None };
    SigningKey::parse(&text, password).map_err(wrong)
}

fn password(args: &SignArgs) -> Result<String, Message> {
    if let Some(path) = &args.password_file {
        let (_, text) = read_config(path)?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(password);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Message::usage("the key has a password, and there is no terminal to ask for it")
            .hint(format!("give it with --password-file FILE or in {PASSWORD}")));
    }
    rpassword::prompt_password(format!("password of {}: ", printable(&args.key.display().to_string())))
        .map_err(|e| Message::new(Exit::LocalFailure, format!("cannot ask for the password: {}", plain(&e))))
}
