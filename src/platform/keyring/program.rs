//! A keyring that is asked by the system's own program.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::KeyringError;
use crate::platform::process::{CommandSpec, Ended, run, system_program};

/// Long enough for a person to type the password of the keyring.
const PATIENCE: Duration = Duration::from_secs(60);

/// No password comes near it.
const MOST_BYTES: u64 = 64 * 1024;

/// The program, and how it is asked for the password of an account at a service.
type Arguments = fn(&str, &str) -> Vec<String>;

pub(super) fn password(service: &str, account: &str) -> Result<Vec<u8>, KeyringError> {
    let (name, arguments): (&str, Arguments) = if cfg!(target_vendor = "apple") {
        ("security", |service, account| words(&["find-generic-password", "-w", "-s", service, "-a", account]))
    } else {
        ("secret-tool", |service, account| words(&["lookup", "service", service, "username", account]))
    };
    let program = system_program(name)
        .ok_or(KeyringError::NoKeyring("the program secret-tool, by which a keyring is asked, is not installed"))?;
    ask(&program, arguments(service, account), PATIENCE)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn ask(program: &Path, args: Vec<String>, patience: Duration) -> Result<Vec<u8>, KeyringError> {
    let spec = CommandSpec {
        program: PathBuf::from(program),
        args,
        timeout: patience,
        output_cap: MOST_BYTES,
        // The session's bus is named there.
        environment: CommandSpec::own_environment(),
    };
    let output = run(&spec, &AtomicBool::new(false)).map_err(|_| KeyringError::NoEntry)?;
    match output.ended {
        Ended::Exited(0) if !output.stdout.is_empty() => Ok(output.stdout),
        Ended::TimedOut => Err(KeyringError::NoAnswer),
        _ => Err(KeyringError::NoEntry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_says_is_the_password_and_its_failure_is_no_entry() {
        let ask = |script: &str, patience| ask(Path::new("/bin/sh"), words(&["-c", script]), patience);
        let minute = Duration::from_secs(60);
        assert_eq!(ask("echo k3y", minute), Ok(b"k3y\n".to_vec()));
        assert_eq!(ask("exit 1", minute), Err(KeyringError::NoEntry));
        assert_eq!(ask("exit 0", minute), Err(KeyringError::NoEntry));
        assert_eq!(ask("echo k3y; exec sleep 600", Duration::from_millis(50)), Err(KeyringError::NoAnswer));
    }
}
