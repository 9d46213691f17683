//! Which proxies this machine is set to use. Passwords in a setting are dropped here; a script (PAC) is named, never
//! fetched and never run.

use std::ffi::OsString;

/// More settings than any machine has.
const MOST: usize = 32;

/// What a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProxyScope {
    /// HTTP in the clear.
    Http,
    /// HTTPS.
    Https,
    /// Everything.
    All,
}

/// One proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySetting {
    /// Where it is set, such as `HTTPS_PROXY`.
    pub source: String,
    /// What for.
    pub scope: ProxyScope,
    /// The proxy without user name and password, such as `http://proxy.example:3128`.
    pub proxy: String,
    /// Whether the setting holds a user name or password.
    pub has_login: bool,
}

/// All settings, the strongest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The proxies.
    pub settings: Vec<ProxySetting>,
    /// Hosts that are reached without: names, `.domains`, addresses, `*`.
    pub bypass: Vec<String>,
    /// Addresses of scripts that choose a proxy.
    pub scripts: Vec<String>,
    /// Whether the machine looks for such a script by itself (WPAD).
    pub looks_for_script: bool,
    /// What could not be read, each with its reason.
    pub gaps: Vec<String>,
}

impl Proxies {
    /// Adds a setting. Something empty sets nothing.
    pub(super) fn add(&mut self, source: &str, scope: ProxyScope, value: &str) {
        let value = value.trim();
        if value.is_empty() || self.settings.len() >= MOST {
            return;
        }
        let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
        let (login, host) = rest.rsplit_once('@').map_or((None, rest), |(login, host)| (Some(login), host));
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        self.settings.push(ProxySetting {
            source: source.to_owned(),
            scope,
            proxy: format!("{}://{host}", scheme.to_ascii_lowercase()),
            has_login: login.is_some(),
        });
    }

    /// Adds hosts that are reached without a proxy, separated by commas, semicolons or blanks.
    pub(super) fn add_bypass(&mut self, list: &str) {
        let all = list.split([',', ';', ' ', '\t']).map(str::trim).filter(|word| !word.is_empty());
        let room = 256usize.saturating_sub(self.bypass.len());
        self.bypass.extend(all.take(room).map(str::to_ascii_lowercase));
    }

    /// Adds a script by its address, without a query.
    pub(super) fn add_script(&mut self, address: &str) {
        let address = address.trim().split(['?', '#']).next().unwrap_or_default();
        if !address.is_empty() && self.scripts.len() < MOST {
            self.scripts.push(address.to_owned());
        }
    }

    /// Reads environment variables, as nearly every program on Unix and many elsewhere do.
    pub(super) fn read_environment(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) {
        let variables: Vec<(String, String)> =
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
        let value = |name: &str| {
            // Programs prefer the small spelling; web servers can be made to set the large one.
            let small = variables.iter().find(|(key, _)| *key == name.to_ascii_lowercase());
            small.or_else(|| variables.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)))
        };
        for (name, scope) in
            [("HTTPS_PROXY", ProxyScope::Https), ("HTTP_PROXY", ProxyScope::Http), ("ALL_PROXY", ProxyScope::All)]
        {
            if let Some((name, value)) = value(name) {
                self.add(name, scope, value);
            }
        }
        if let Some((_, value)) = value("NO_PROXY") {
            self.add_bypass(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_setting_goes_no_further() {
        let mut proxies = Proxies::default();
        let variables =
            [("https_proxy", "http://anna:hunter2@proxy.example:3128/"), ("NO_PROXY", "localhost, .corp.example")];
        proxies.read_environment(variables.iter().map(|(n, v)| (OsString::from(n), OsString::from(v))));
        assert_eq!(proxies.settings[0].proxy, "http://proxy.example:3128");
        assert!(proxies.settings[0].has_login && !format!("{proxies:?}").contains("hunter2"));
        assert_eq!(proxies.bypass, ["localhost", ".corp.example"]);
        proxies.add_script("http://wpad.example/p.dat?key=hunter2");
        assert_eq!(proxies.scripts, ["http://wpad.example/p.dat"]);
    }
}
