//! `collect --send`: brings the sealed bundle to the drop that the profile names, once somebody said yes to the host and to
//! whom it is for. Without such a yes nothing is sent, and `--yes` is none.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::message::{Message, plain};
use super::preview::human;
use super::progress::UploadProgress;
use super::{Exit, prompt};
use crate::bundle::{Limits, UntrustedBundle};
use crate::collect::profile::SendTo;
use crate::deliver::DeliverError;
use crate::deliver::retry::Retry;
use crate::deliver::uploads::drops::{Drop, Terms};
use crate::deliver::uploads::parcel::Parcel;
use crate::deliver::uploads::records::Records;
use crate::deliver::uploads::{Stored, Upload, Watch, connect};
use crate::model::{CaseId, printable};

/// Whether the bundle is sent, and who agreed to it.
#[derive(Debug, Args)]
pub struct SendFlags {
    /// Send the bundle to the drop that the profile names, after asking; --yes does not answer this question
    #[arg(long, requires = "profile")]
    pub send: bool,
    /// Send the bundle to the profile's drop at this host; naming the host is the yes
    #[arg(long, value_name = "HOST", requires = "profile")]
    pub send_to: Option<String>,
    /// Collect nothing; send this bundle, or go on with sending it
    #[arg(long, value_name = "BUNDLE", requires = "profile")]
    pub send_only: Option<PathBuf>,
}

impl SendFlags {
    fn any(&self) -> bool {
        self.send || self.send_to.is_some() || self.send_only.is_some()
    }
}

/// A drop that somebody may agree to.
pub struct Sending {
    terms: Terms,
    to: SendTo,
    profile: PathBuf,
    agreed: bool,
}

/// What became of it.
pub struct Sent {
    stored: Result<Stored, String>,
    /// What to say about it, where it did not go well.
    message: Option<Message>,
}

impl Sending {
    /// What the flags and the profile say, where something is to be sent. Everything that would keep it from being sent
    /// is said now, before anything is collected. `ask`: whether a person can be asked.
    pub fn of(
        flags: &SendFlags,
        profile: Option<&Path>,
        to: Option<&SendTo>,
        ask: bool,
        now: Timestamp,
    ) -> Result<Option<Self>, Message> {
        if !flags.any() {
            return Ok(None);
        }
        let Some(to) = to else {
            return Err(Message::usage("the profile names nobody to send a bundle to").hint(
                "leave --send out and pass the bundle on by yourself, or ask for a profile with a [send] section",
            ));
        };
        let terms = Terms::read(&to.link)
            .map_err(|e| Message::usage(format!("[send] of the profile: {e}")).hint("ask for a new profile"))?;
        let host = terms.host();
        if host != to.host || terms.expires != to.expires {
            return Err(Message::usage(format!(
                "[send] of the profile says {}, until {}, but its link leads to {host}, until {}",
                printable(&to.host),
                to.expires,
                terms.expires
            ))
            .hint("do not use it; ask whoever gave it to you for another one"));
        }
        if now >= terms.expires {
            return Err(Message::usage(format!("the drop of the profile ended at {}", terms.expires))
                .hint("ask for a new profile; or leave --send out and pass the bundle on by yourself"));
        }
        if let Some(named) = flags.send_to.as_ref().filter(|named| **named != host) {
            return Err(Message::usage(format!("--send-to {}: the profile's link leads to {host}", printable(named)))
                .hint("nothing was sent; compare the two, and ask whoever gave you the profile"));
        }
        let agreed = flags.send_to.is_some();
        if !agreed && !ask {
            return Err(Message::usage(format!(
                "sending needs a yes to the host {host}, for {}",
                printable(&to.recipient)
            ))
            .hint(format!("say it with --send-to {host}; --yes alone never sends")));
        }
        let profile = profile.map(Path::to_owned).unwrap_or_default();
        Ok(Some(Self { terms, to: to.clone(), profile, agreed }))
    }

    /// The case that the drop is for.
    pub fn case_id(&self) -> &CaseId {
        &self.terms.case_id
    }

    /// What would be sent where, without the link.
    pub fn in_words(&self) -> String {
        let Self { terms, to, .. } = self;
        format!("to {}, for {}, until {}", terms.host(), printable(&to.recipient), terms.expires)
    }

    /// The same as JSON.
    pub fn in_json(&self) -> Value {
        json!({ "host": self.terms.host(), "recipient": self.to.recipient, "expires": self.terms.expires })
    }

    /// Asks, where nobody has agreed yet, and sends. The bundle stays where it is whatever happens.
    pub fn send(&self, bundle: &Path, quiet: bool, cancelled: &AtomicBool) -> Sent {
        match self.attempt(bundle, quiet, cancelled) {
            Ok(stored) => Sent { stored: Ok(stored), message: None },
            Err(message) => {
                let hint = format!("the bundle is kept; to go on: {}", self.command(bundle));
                let (exit, problem, own) = message.into_parts();
                let hint = own.map_or(hint.clone(), |own| format!("{own}; {hint}"));
                Sent { stored: Err(problem.clone()), message: Some(Message::new(exit, problem).hint(hint)) }
            }
        }
    }

    fn attempt(&self, bundle: &Path, quiet: bool, cancelled: &AtomicBool) -> Result<Stored, Message> {
        let size = std::fs::metadata(bundle).map_err(|e| unreadable(bundle, &plain(&e)))?.len();
        if !self.agreed {
            let question = format!("Send {} ({}) {}?", bundle.display(), human(size), self.in_words());
            let agreed = prompt::consents(&question).map_err(|e| unreadable(bundle, &plain(&e)))?;
            if !agreed {
                return Err(Message::new(Exit::Partial, "not sent, as you wished"));
            }
        }
        let failed = |e: connect::ConnectError| Message::new(Exit::Usage, e.to_string());
        let authorities = self.to.ca_file.as_deref().map_or_else(|| Ok(Vec::new()), connect::authorities);
        let line = connect::line(&authorities.map_err(failed)?, self.terms.url(), self.to.limit).map_err(failed)?;
        let state = crate::platform::state_dir().ok_or_else(|| {
            Message::new(Exit::LocalFailure, "there is no folder to remember an unfinished upload in")
                .hint("set HOME or XDG_STATE_HOME")
        })?;
        let parcel = Parcel::open(bundle, &case_of(bundle, &self.terms)?, None).map_err(|e| failure(&e))?;
        let mut progress = UploadProgress::new(quiet, parcel.size, &self.terms.host());
        let mut watch = Watch { progress: &mut |bytes| progress.at(bytes), cancelled, retry: Retry::PATIENT };
        let drop = Drop::new(self.terms.clone(), line, Timestamp::now());
        let stored = drop.put(&parcel, &Records::new(state.join("uploads")), &mut watch);
        progress.finish();
        stored.map_err(|e| failure(&e))
    }

    /// The command that goes on.
    fn command(&self, bundle: &Path) -> String {
        let (profile, host) = (self.profile.display(), self.terms.host());
        format!("casefile collect --profile {profile} --send-only {} --send-to {host}", bundle.display())
    }
}

impl Sent {
    /// Tells a person.
    pub fn tell(self, sending: &Sending) -> Exit {
        let mut err = anstream::stderr().lock();
        match (self.stored, self.message) {
            (Ok(stored), _) => {
                let before = if stored.already { "was there already" } else { "is there" };
                let _ = writeln!(err, "the bundle {before}, {}: {}", human(stored.size), sending.in_words());
                let _ = writeln!(err, "{}", stored.read_back);
                Exit::Done
            }
            (Err(_), message) => message.map_or(Exit::Partial, |message| {
                message.write_to(&mut err);
                message.exit
            }),
        }
    }

    /// The same for programs.
    pub fn in_json(&self, sending: &Sending) -> Value {
        let mut document = sending.in_json();
        document["sent"] = self.stored.is_ok().into();
        match &self.stored {
            Ok(stored) => document["read_back"] = (stored.read_back == crate::deliver::uploads::ReadBack::Equal).into(),
            Err(problem) => document["problem"] = problem.clone().into(),
        }
        document
    }
}

/// The case that a bundle says it is of. An encrypted one says nothing that we can read: the drop decides.
fn case_of(bundle: &Path, terms: &Terms) -> Result<CaseId, Message> {
    if bundle.extension().is_some_and(|ending| ending == "age") {
        return Ok(terms.case_id.clone());
    }
    let read = UntrustedBundle::open(bundle)
        .and_then(|bundle| bundle.check_structure(&Limits::default()))
        .and_then(|bundle| bundle.record());
    let record = read.map_err(|e| {
        Message::new(Exit::Damaged, format!("{} is no whole bundle: {e}", bundle.display()))
            .hint("nothing was sent; collect again")
    })?;
    Ok(record.manifest().case_id.clone())
}

fn unreadable(bundle: &Path, why: &str) -> Message {
    Message::usage(format!("{}: {why}", bundle.display()))
}

fn failure(error: &DeliverError) -> Message {
    if error.is_interruption() {
        return Message::new(Exit::Interrupted, "stopped; what has arrived stays there");
    }
    Message::new(Exit::Partial, format!("the bundle was not sent, or not wholly: {error}"))
}
