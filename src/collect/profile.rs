//! The profile: what to collect, as TOML. Everything built in is expressible in it; `--print-profile` shows the one in force.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, de};
use sha2::{Digest, Sha256};

use crate::bundle::encryption::{RecipientError, Recipients};
use crate::model::config::{ConfigError, MAX_CONFIG_BYTES, parse_toml};
pub use crate::model::size::bytes;
use crate::model::{DropLink, Sha256Digest};
use crate::platform::System;
use crate::probe::run::{DEFAULT_LIMIT, MOST_TARGETS};
use crate::probe::{Kind, Target};

const LINUX: &str = include_str!("default-linux.toml");
const MACOS: &str = include_str!("default-macos.toml");
const WINDOWS: &str = include_str!("default-windows.toml");

/// What to collect.
#[derive(Debug, Clone)]
pub struct Profile {
    /// A name for people.
    pub name: String,
    /// Who alone can open the bundle; `None`: everybody.
    pub encrypt_to: Option<Recipients>,
    /// Caps on sizes and times.
    pub limits: Limits,
    /// Groups of host facts; `None`: no host facts.
    pub host: Option<Vec<String>>,
    /// Whom to ask over the network; no target: nothing is sent.
    pub probes: Probes,
    /// The system's own log.
    pub journal: Option<Journal>,
    /// Log files.
    pub logs: Vec<Files>,
    /// Configuration files.
    pub config: Vec<Files>,
    /// HAR files.
    pub har: Vec<Files>,
    /// Screenshots.
    pub screenshots: Vec<Files>,
    /// Commands.
    pub commands: Vec<Command>,
    /// Who gets the bundle, where somebody sends it.
    pub send: Option<SendTo>,
    /// The text that it was read from.
    pub text: String,
}

/// Caps on sizes and times.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes kept of one log, the newest.
    pub file: u64,
    /// Bytes kept of all logs together, the newest files first.
    pub total: u64,
    /// Bytes kept of a command's output.
    pub command_output: u64,
    /// How long all that is run may take together.
    pub deadline: Duration,
    /// How long a source may go without giving a byte.
    pub stall: Duration,
}

/// Whom to ask over the network, and what.
#[derive(Debug, Clone)]
pub struct Probes {
    /// The targets, in the order in which they were named.
    pub targets: Vec<Target>,
    /// What is asked.
    pub kinds: Vec<Kind>,
    /// How long all of it may take.
    pub limit: Duration,
}

impl Probes {
    /// Adds a target that is not there yet. What is over [`MOST_TARGETS`] is refused.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let target = Target::parse(text).map_err(|e| e.to_string())?;
        if !self.targets.contains(&target) {
            if self.targets.len() >= MOST_TARGETS {
                return Err(format!("is one more than {MOST_TARGETS} targets"));
            }
            self.targets.push(target);
        }
        Ok(())
    }
}

/// The system's own log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// What it is for.
    pub purpose: String,
    /// Units to take; empty: all.
    #[serde(default)]
    pub units: Vec<String>,
    /// Whether to take the kernel's messages.
    #[serde(default = "yes")]
    pub kernel: bool,
}

/// Files by glob.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Absolute globs, or beginning with `~`. `*` stays in a folder, `**` crosses folders.
    pub paths: Vec<String>,
    /// Globs to leave out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// What they are for.
    pub purpose: String,
    /// Folder below which paths in the bundle begin; set for files that were brought together, never by a profile.
    #[serde(skip)]
    pub base: Option<std::path::PathBuf>,
    /// Whether somebody named these on the command line, so that missing one is a gap; never set by a profile.
    #[serde(skip)]
    pub named: bool,
}

/// One command.
#[derive(Debug, Clone)]
pub struct Command {
    /// A short name: the artifact's.
    pub name: String,
    /// Program and arguments; a plain name is looked up in the system's folders only.
    pub run: Vec<String>,
    /// What it is for.
    pub purpose: String,
    /// How long it may take.
    pub timeout: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileText {
    name: String,
    #[serde(default)]
    encrypt_to: Vec<String>,
    #[serde(default)]
    limits: LimitsText,
    host: Option<HostText>,
    #[serde(default)]
    probes: ProbesText,
    journal: Option<Journal>,
    #[serde(default)]
    logs: Vec<Files>,
    #[serde(default)]
    config: Vec<Files>,
    #[serde(default)]
    har: Vec<Files>,
    #[serde(default)]
    screenshots: Vec<Files>,
    #[serde(default)]
    commands: Vec<CommandText>,
    send: Option<SendTo>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostText {
    facts: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbesText {
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    only: Vec<String>,
    timeout: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsText {
    file: Option<String>,
    total: Option<String>,
    command_output: Option<String>,
    deadline: Option<String>,
    stall: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandText {
    name: String,
    run: Vec<String>,
    purpose: String,
    timeout: Option<String>,
}

/// Who gets the bundle, where somebody sends it. Nothing is sent because this stands in a profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendTo {
    /// Who reads it, in words.
    pub recipient: String,
    /// The host that gets it; the link must lead there.
    pub host: String,
    /// Until when.
    pub expires: Timestamp,
    /// All that is needed to write there.
    #[serde(deserialize_with = "link")]
    pub link: DropLink,
    /// A file of certificates (PEM) that are trusted beside the system's.
    pub ca_file: Option<String>,
    /// The most bytes a second.
    #[serde(default, deserialize_with = "size")]
    pub limit: Option<u64>,
}

fn link<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DropLink, D::Error> {
    DropLink::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let size = bytes(&String::deserialize(deserializer)?).filter(|size| *size > 0);
    size.map(Some).ok_or_else(|| de::Error::custom("is no size: write a number with KiB, MiB or GiB"))
}

fn yes() -> bool {
    true
}

impl Profile {
    /// The profile that is used when none is given.
    #[must_use]
    pub fn builtin(system: System) -> Self {
        let (file, text) = match system {
            System::Windows => ("default-windows.toml", WINDOWS),
            System::MacOs => ("default-macos.toml", MACOS),
            System::Linux | System::Other => ("default-linux.toml", LINUX),
        };
        Self::parse(file, text).expect("the built-in profiles are tested")
    }

    /// A profile that asks for nothing: `--no-host`, `--from`.
    #[must_use]
    pub fn empty() -> Self {
        Self::parse("empty", "name = \"empty\"").expect("a constant")
    }

    /// Reads a profile's text; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        if text.len() as u64 > MAX_CONFIG_BYTES {
            return Err(ConfigError::file(file, "larger than 8 MiB").mend("a profile is a short list"));
        }
        let raw: ProfileText = parse_toml(file, text)?;
        let fail = |key: String, needle: &str, problem: String, mend: &str| {
            ConfigError::file(file, problem).at_key(key).at_text(text, needle).mend(mend)
        };
        let mut encrypt_to: Option<Recipients> = None;
        for key in &raw.encrypt_to {
            // It may be a secret key by mistake, so it is not repeated.
            let one = Recipients::parse(key).map_err(|e| {
                let problem = match e {
                    RecipientError::NoKey(_) => "is no public key of age".to_owned(),
                    other => other.to_string(),
                };
                fail("encrypt_to".to_owned(), key, problem, "write a public key: `age1` and 58 letters and digits")
            })?;
            encrypt_to = Some(match encrypt_to {
                Some(others) => others.and(one),
                None => one,
            });
        }
        let size = |key: &str, given: Option<String>, default: u64| match given {
            None => Ok(default),
            Some(given) => bytes(&given).ok_or_else(|| {
                fail(
                    format!("limits.{key}"),
                    &given,
                    "is no size".to_owned(),
                    "write a number with KiB, MiB or GiB, such as \"50MiB\"",
                )
            }),
        };
        let time = |key: String, given: Option<String>, default: u64| match given {
            None => Ok(Duration::from_secs(default)),
            Some(given) => duration(&given).ok_or_else(|| {
                fail(
                    key,
                    &given,
                    "is no length of time".to_owned(),
                    "write a number with s, m, h or d, such as \"30s\"",
                )
            }),
        };
        let limits = Limits {
            file: size("file", raw.limits.file, 50 << 20)?,
            total: size("total", raw.limits.total, 500 << 20)?,
            command_output: size("command_output", raw.limits.command_output, 1 << 20)?,
            deadline: time("limits.deadline".to_owned(), raw.limits.deadline, 60)?,
            stall: time("limits.stall".to_owned(), raw.limits.stall, 30)?,
        };
        for (section, all) in
            [("logs", &raw.logs), ("config", &raw.config), ("har", &raw.har), ("screenshots", &raw.screenshots)]
        {
            for (n, files) in all.iter().enumerate() {
                for glob in files.paths.iter().chain(&files.exclude) {
                    super::files::Glob::new(glob).map_err(|problem| {
                        fail(
                            format!("{section}[{n}].paths"),
                            glob,
                            problem,
                            "write an absolute path with `*`, `**`, `?` or {a,b}",
                        )
                    })?;
                }
            }
        }
        let host = raw.host.map(|host| {
            host.facts.unwrap_or_else(|| {
                crate::platform::facts::groups().iter().map(|(name, _)| (*name).to_owned()).collect()
            })
        });
        for fact in host.iter().flatten() {
            if !crate::platform::facts::groups().iter().any(|(name, _)| name == fact) {
                let known: Vec<&str> = crate::platform::facts::groups().iter().map(|(name, _)| *name).collect();
                let mend = format!("known groups: {}", known.join(", "));
                return Err(fail(
                    "host.facts".to_owned(),
                    fact,
                    format!("no group of facts is called `{fact}`"),
                    &mend,
                ));
            }
        }
        let limit = time("probes.timeout".to_owned(), raw.probes.timeout, DEFAULT_LIMIT.as_secs())?;
        let mut probes = Probes { targets: Vec::new(), kinds: Kind::ALL.to_vec(), limit };
        for target in &raw.probes.targets {
            probes.add(target).map_err(|problem| {
                let mend = "write a host, host:port or an address such as https://shop.example/login";
                fail("probes.targets".to_owned(), target, problem, mend)
            })?;
        }
        if !raw.probes.only.is_empty() {
            probes.kinds.clear();
        }
        for word in &raw.probes.only {
            probes.kinds.push(Kind::named(word).ok_or_else(|| {
                let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
                let problem = format!("no kind of probe is called `{word}`");
                fail("probes.only".to_owned(), word, problem, &format!("known kinds: {}", known.join(", ")))
            })?);
        }
        let mut commands = Vec::new();
        for (n, command) in raw.commands.into_iter().enumerate() {
            if command.run.is_empty() {
                return Err(ConfigError::file(file, "names no program")
                    .at_key(format!("commands[{n}].run"))
                    .at_line_of_key(text)
                    .mend("write run = [\"program\", \"argument\"]"));
            }
            let timeout = time(format!("commands[{n}].timeout"), command.timeout, 10)?;
            commands.push(Command { name: command.name, run: command.run, purpose: command.purpose, timeout });
        }
        Ok(Self {
            name: raw.name,
            encrypt_to,
            limits,
            host,
            probes,
            journal: raw.journal,
            logs: raw.logs,
            config: raw.config,
            har: raw.har,
            screenshots: raw.screenshots,
            commands,
            send: raw.send,
            text: text.to_owned(),
        })
    }

    /// Its text without the drop link, to be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.send {
            Some(send) => self.text.replace(send.link.reveal(), "REDACTED-drop-link"),
            None => self.text.clone(),
        }
    }

    /// SHA-256 of its text.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest(Sha256::digest(&self.text).into())
    }

    /// Whether `run` stands in a profile that is compiled into the program: those commands only read, and are known to.
    #[must_use]
    pub fn is_builtin_command(system: System, run: &[String]) -> bool {
        Self::builtin(system).commands.iter().any(|command| command.run == run)
    }
}

/// `30s`, `15m`, `24h`, `7d`; at most ten years.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let seconds = match text[digits..].trim() {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).filter(|n| *n <= 3650 * 86_400).map(Duration::from_secs)
}

/// `--since`: a moment, or a length of time before `now`.
#[must_use]
pub fn since(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(ago) = duration(text) {
        return now.checked_sub(SignedDuration::try_from(ago).ok()?).ok();
    }
    crate::model::Moment::parse(text).ok().map(|moment| moment.utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_profiles_parse_on_every_system() {
        for system in [System::Linux, System::MacOs, System::Windows, System::Other] {
            let profile = Profile::builtin(system);
            assert!(profile.host.is_some() && !profile.logs.is_empty() && !profile.commands.is_empty(), "{system:?}");
        }
    }

    #[test]
    fn sizes_and_times_are_read_as_people_write_them() {
        assert_eq!(bytes("50MiB"), Some(50 << 20));
        assert_eq!(bytes("1 GB"), Some(1 << 30));
        assert_eq!(bytes("99999999999999999999G"), None);
        assert_eq!(duration("24h"), Some(Duration::from_secs(86_400)));
        assert_eq!(duration("soon"), None);
    }

    #[test]
    fn recipients_are_public_keys_and_a_secret_one_is_not_repeated() {
        let key = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
        let profile = Profile::parse("p.toml", &format!("name = \"x\"\nencrypt_to = [\"{key}\"]\n")).expect("a key");
        assert_eq!(profile.encrypt_to.expect("one").keys().collect::<Vec<_>>(), [key]);
        let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        let error =
            Profile::parse("p.toml", &format!("name = \"x\"\nencrypt_to = [\"{secret}\"]\n")).expect_err("secret");
        assert!(error.line == Some(2) && !error.to_string().contains("GFPYY"), "{error}");
        assert!(Profile::empty().encrypt_to.is_none());
    }

    #[test]
    fn a_wrong_value_names_line_key_and_mend() {
        let error = Profile::parse("p.toml", "name = \"x\"\n[limits]\nfile = \"big\"\n").expect_err("no size");
        assert_eq!((error.line, error.key.as_deref()), (Some(3), Some("limits.file")));
        let error = Profile::parse("p.toml", "name = \"x\"\n[[logs]]\npurpose = \"p\"\npaths = [\"relative/*\"]\n")
            .expect_err("relative");
        assert_eq!((error.line, error.key.as_deref()), (Some(4), Some("logs[0].paths")));
    }
}
