//! The flags that say how to redact, the same for every verb that does.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::age_keys::recipients;
use super::message::{Message, plain};
use super::vault_flags::OpenVault;
use crate::platform;
use crate::redact::{KnownNames, Privacy, Pseudonyms, Redactor};

/// How to come by a recipient. A key that we made and left beside the vault would open it for whoever finds both.
const KEY_PAIR: &str = "make a key pair with `age-keygen -o vault.key` and give its public key, which begins with age1";

/// How to redact.
#[derive(Debug, Args)]
#[command(next_help_heading = "Redaction")]
pub struct RedactionFlags {
    /// More redaction rules, as TOML; repeat for several
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// How much is replaced: strict maps private addresses too
    #[arg(long, value_name = "LEVEL", value_parser = ["standard", "strict"], default_value = "standard")]
    privacy: String,
    /// A name to replace everywhere: host=web17, user=alice, domain=acme.test or person="Al Smith"; repeat for several
    #[arg(long, value_name = "KIND=NAME")]
    known: Vec<String>,
    /// Key of the placeholders, so that two runs can be compared; keep it to yourself
    #[arg(long, value_name = "FILE")]
    pseudonym_key: Option<PathBuf>,
    /// Keep what was replaced in this file, encrypted for --vault-recipient; keep it to yourself
    #[arg(long, value_name = "FILE")]
    pub vault: Option<PathBuf>,
    /// Who can open the vault: a public key of age (age1…), or a file of such keys
    #[arg(long, value_name = "KEY|FILE")]
    vault_recipient: Option<String>,
}

/// The key of the placeholders.
pub struct Key {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it was given, so that all that is random must come from it.
    pub given: bool,
}

impl RedactionFlags {
    /// The key that was given, or a new one.
    pub fn key(&self) -> Result<Key, Message> {
        let Some(path) = &self.pseudonym_key else { return Ok(Key { bytes: random::<32>()?.to_vec(), given: false }) };
        let name = path.display();
        let bytes = std::fs::read(path).map_err(|e| {
            Message::usage(format!("{name}: {}", plain(&e))).hint("make a key with: head -c 32 /dev/urandom > key")
        })?;
        if bytes.len() < 16 || bytes.len() > 4096 {
            return Err(Message::usage(format!("{name}: a key has 16 to 4096 bytes, this has {}", bytes.len()))
                .hint("make a key with: head -c 32 /dev/urandom > key"));
        }
        Ok(Key { bytes, given: true })
    }

    /// The redactor, which knows the names of this machine where it `knows_host`.
    pub fn redactor(&self, key: &Key, knows_host: bool) -> Result<Redactor, Message> {
        let rules = super::rules::load(&self.rules, &mut anstream::stderr().lock())?;
        let privacy = if self.privacy == "strict" { Privacy::Strict } else { Privacy::Standard };
        let mut names = KnownNames::default();
        if knows_host {
            let own = platform::facts::identity();
            names = KnownNames { hosts: own.hosts, domains: own.domains, users: own.users, people: own.full_names };
        }
        self.known.iter().try_for_each(|named| add_known(named, &mut names))?;
        Redactor::new(rules, Pseudonyms::new(&key.bytes), &names, privacy).map_err(|e| {
            Message::usage(format!("the redaction rules: {e}")).hint("leave out rules that are not needed")
        })
    }

    /// The vault that is wanted, with its place taken. It must not stand in `output`, the folder that is sent on.
    pub fn vault(&self, output: Option<&Path>) -> Result<Option<OpenVault>, Message> {
        match (&self.vault, &self.vault_recipient) {
            (Some(path), Some(recipient)) => {
                let recipients = recipients("--vault-recipient", recipient, KEY_PAIR)?;
                OpenVault::create(path, recipients, output).map(Some)
            }
            (None, Some(_)) => {
                Err(Message::usage("--vault-recipient without --vault").hint("say where the vault goes: --vault FILE"))
            }
            (Some(_), None) => Err(Message::usage("--vault without --vault-recipient").hint(KEY_PAIR)),
            (None, None) => Ok(None),
        }
    }
}

fn add_known(named: &str, names: &mut KnownNames) -> Result<(), Message> {
    let (kind, name) = named.split_once('=').unwrap_or((named, ""));
    let name = name.trim();
    let list = match kind {
        "host" => &mut names.hosts,
        "user" => &mut names.users,
        "domain" => &mut names.domains,
        "person" => &mut names.people,
        _ => {
            return Err(Message::usage(format!("--known {kind}: is no kind of name"))
                .hint("write host=web17, user=alice, domain=acme.test or person=\"Al Smith\""));
        }
    };
    if name.len() < 2 {
        let what = if name.is_empty() { "names nothing" } else { "is too short: one letter stands in every word" };
        return Err(Message::usage(format!("--known {kind}: {what}")).hint(format!("write {kind}=NAME")));
    }
    list.push(name.to_owned());
    // Logs name a machine by its first part too.
    if kind == "host"
        && let Some((short, _)) = name.split_once('.')
        && name.parse::<std::net::IpAddr>().is_err()
    {
        names.hosts.push(short.to_owned());
    }
    Ok(())
}

/// Random bytes from the system.
pub fn random<const N: usize>() -> Result<[u8; N], Message> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|e| Message::new(Exit::LocalFailure, format!("the system gives no random numbers: {e}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_host_is_known_by_its_short_name_and_a_wrong_kind_is_said_without_the_name() {
        let mut names = KnownNames::default();
        for named in ["host=web17.corp.acme.test", "user=alice", "domain=acme.test", "person=Al Smith", "host=10.0.0.1"]
        {
            add_known(named, &mut names).expect("a name");
        }
        assert_eq!(names.hosts, ["web17.corp.acme.test", "web17", "10.0.0.1"]);
        assert_eq!((names.users.len(), names.domains.len(), names.people.len()), (1, 1, 1));
        for wrong in ["hots=web17", "web17", "user=", "user=x"] {
            assert!(add_known(wrong, &mut names).is_err(), "{wrong}");
        }
    }
}
