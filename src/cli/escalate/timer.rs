//! The timer of the system that makes a pass of `watch` every minute, as a text to be put in place by a person.

use std::path::Path;

use clap::ValueEnum;

/// Which timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Timer {
    /// A user unit of systemd.
    Systemd,
    /// A line of crontab.
    Cron,
    /// A task of Windows.
    Schtasks,
}

/// The text for `timer`, with how to put it in place in its comments.
pub(super) fn unit(timer: Timer, program: &Path, policy: Option<&Path>) -> String {
    let words = |quote: fn(&str) -> String| {
        let mut words = vec![quote(&program.display().to_string()), "escalate watch --once".to_owned()];
        if let Some(policy) = policy {
            words.extend(["--policy".to_owned(), quote(&policy.display().to_string())]);
        }
        words.join(" ")
    };
    match timer {
        Timer::Systemd => format!(
            "# ~/.config/systemd/user/casefile-watch.service\n[Unit]\nDescription=Keep the clocks of open cases\n\n[Service]\n\
             Type=oneshot\nExecStart={}\n# 1: something is overdue, 4: a target did not answer; both are said in the log\n\
             SuccessExitStatus=1 4\n\n\
             # ~/.config/systemd/user/casefile-watch.timer\n[Unit]\nDescription=Keep the clocks of open cases\n\n[Timer]\n\
             OnCalendar=minutely\nAccuracySec=1s\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n\n\
             # systemctl --user enable --now casefile-watch.timer\n\
             # loginctl enable-linger    (so that it also runs while nobody is logged in)\n",
            words(systemd)
        ),
        Timer::Cron => format!("# crontab -e, then this line:\n* * * * * {}\n", words(cron)),
        Timer::Schtasks => format!(
            "schtasks /Create /TN casefile-watch /SC MINUTE /MO 1 /F /TR \"{}\"\n",
            words(|path| format!("\\\"{path}\\\""))
        ),
    }
}

/// As a word of a unit file: `%` and `$` are expanded there.
fn systemd(path: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{escaped}\"")
}

/// As a word of a shell, in which cron also reads `%` as an end of line.
fn cron(path: &str) -> String {
    format!("'{}'", path.replace('\'', "'\\''").replace('%', "\\%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_spaces_and_signs_stays_one_word_in_each_timer() {
        let (program, policy) = (Path::new("/opt/case file/casefile"), Path::new("/etc/p 50%.toml"));
        let systemd = unit(Timer::Systemd, program, Some(policy));
        assert!(
            systemd.contains(
                "ExecStart=\"/opt/case file/casefile\" escalate watch --once --policy \"/etc/p 50%%.toml\"\n"
            )
        );
        let cron = unit(Timer::Cron, program, Some(policy));
        assert!(
            cron.contains("* * * * * '/opt/case file/casefile' escalate watch --once --policy '/etc/p 50\\%.toml'\n")
        );
        let windows = unit(Timer::Schtasks, Path::new(r"C:\Program Files\casefile.exe"), None);
        assert!(windows.contains(r#"/TR "\"C:\Program Files\casefile.exe\" escalate watch --once""#), "{windows}");
    }
}
