//! Environment variables: every name, because a stray `LD_PRELOAD` explains a lot; almost no value, because tokens live
//! there.

use std::ffi::OsString;

use serde_json::{Map, Value};

use super::reading::Reading;

/// Variables whose value is shown. `LC_` is spelled out: `ssh` forwards `LC_*`, so people smuggle tokens in made-up ones.
const SHOWN: [&str; 24] = [
    "LANG",
    "LANGUAGE",
    "LC_ADDRESS",
    "LC_ALL",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_IDENTIFICATION",
    "LC_MEASUREMENT",
    "LC_MESSAGES",
    "LC_MONETARY",
    "LC_NAME",
    "LC_NUMERIC",
    "LC_PAPER",
    "LC_TELEPHONE",
    "LC_TIME",
    "PATH",
    "Path", // as Windows spells it
    "SHELL",
    "TERM",
    "TZ",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_TYPE",
    "container", // set by podman, nspawn and lxc
    "WSL_DISTRO_NAME",
];

/// Proxy settings, which programs read in either case.
const PROXIES: [&str; 5] = ["ALL_PROXY", "FTP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];

/// Names of all `variables`, values of the harmless ones. Names and values that are not UTF-8 keep what can be read.
pub(super) fn read(variables: impl Iterator<Item = (OsString, OsString)>) -> Reading {
    let mut variables: Vec<(String, String)> = variables
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .filter(|(name, _)| !name.starts_with('=')) // Windows keeps its current folder per drive in `=C:`
        .collect();
    variables.sort();
    let mut reading = Reading::default();
    reading.put("names", variables.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    let shown: Map<String, Value> =
        variables.iter().filter_map(|(name, value)| Some((name.clone(), shown(name, value)?.into()))).collect();
    reading.put("values", shown);
    reading
}

/// The proxy settings among `variables`, as they stand: credentials in them are for the redactor.
pub(super) fn proxies(variables: impl Iterator<Item = (OsString, OsString)>) -> Value {
    let mut found: Vec<(String, Value)> = variables
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .filter(|(name, _)| is_proxy(name))
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(found.into_iter().collect())
}

fn shown(name: &str, value: &str) -> Option<String> {
    if name == "SHELL" {
        return value.rsplit(['/', '\\']).next().map(str::to_owned);
    }
    (SHOWN.contains(&name) || is_proxy(name)).then(|| value.to_owned())
}

fn is_proxy(name: &str) -> bool {
    PROXIES.iter().any(|proxy| proxy.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> (Value, Vec<String>) {
        read(pairs.iter().map(|(n, v)| (OsString::from(n), OsString::from(v)))).bounded()
    }

    #[test]
    fn a_secret_looking_variable_shows_its_name_and_never_its_value() {
        let (value, gaps) = of(&[
            ("AWS_SECRET_ACCESS_KEY", "hunter2hunter2"),
            ("LC_TOKEN", "hunter2hunter2"),
            ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
            ("DATABASE_URL", "postgres://u:hunter2@db/x"),
            ("LC_ALL", "C.UTF-8"),
        ]);
        let text = value.to_string();
        assert!(!text.contains("hunter2") && !text.contains("10.0.0.1"), "{text}");
        assert_eq!(value["names"][0], "AWS_SECRET_ACCESS_KEY");
        assert_eq!(value["values"], serde_json::json!({"LC_ALL": "C.UTF-8"}));
        assert!(gaps.is_empty());
    }

    #[test]
    fn the_shell_is_shown_without_its_folder_and_proxies_in_either_case() {
        let (value, _) = of(&[("SHELL", "/home/anna/bin/zsh"), ("https_proxy", "http://p:3128"), ("No_Proxy", "a")]);
        assert_eq!(
            value["values"],
            serde_json::json!({"No_Proxy": "a", "SHELL": "zsh", "https_proxy": "http://p:3128"})
        );
        let (value, _) = of(&[]);
        assert_eq!(value, serde_json::json!({"names": [], "values": {}}));
    }
}
