//! The proxy settings of GNOME and the desktops that share its store, as `gsettings list-recursively
//! org.gnome.system.proxy` prints them.

use super::proxies::{Proxies, ProxyScope};

/// Where these settings are.
pub const SCHEMA: &str = "org.gnome.system.proxy";

/// Reads what the program prints.
pub(super) fn read(proxies: &mut Proxies, printed: &str) {
    let value = |schema: &str, key: &str| {
        let line = format!("{SCHEMA}{schema} {key} ");
        printed.lines().find_map(|text| text.strip_prefix(line.as_str())).unwrap_or_default().trim()
    };
    let text = |schema: &str, key: &str| value(schema, key).trim_matches('\'').to_owned();
    match text("", "mode").as_str() {
        "auto" => {
            let script = text("", "autoconfig-url");
            if script.is_empty() { proxies.looks_for_script = true } else { proxies.add_script(&script) }
        }
        "manual" => {
            for (schema, scope) in
                [(".https", ProxyScope::Https), (".http", ProxyScope::Http), (".socks", ProxyScope::All)]
            {
                let host = text(schema, "host");
                if !host.is_empty() {
                    let scheme = if schema == ".socks" { "socks" } else { "http" };
                    let proxy = format!("{scheme}://{host}:{}", value(schema, "port"));
                    proxies.add(&format!("{SCHEMA}{schema}"), scope, &proxy);
                }
            }
            proxies.add_bypass(&value("", "ignore-hosts").replace(['[', ']', '\''], ""));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_a_desktop_are_read() {
        let mut proxies = Proxies::default();
        let printed = "org.gnome.system.proxy autoconfig-url ''\norg.gnome.system.proxy mode 'manual'\n\
                       org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8']\n\
                       org.gnome.system.proxy.http host 'proxy.example'\norg.gnome.system.proxy.http port 3128\n\
                       org.gnome.system.proxy.https host ''\norg.gnome.system.proxy.https port 0\n";
        read(&mut proxies, printed);
        assert_eq!(proxies.settings.len(), 1);
        assert_eq!(proxies.settings[0].proxy, "http://proxy.example:3128");
        assert_eq!(proxies.bypass, ["localhost", "127.0.0.0/8"]);
        let mut proxies = Proxies::default();
        read(
            &mut proxies,
            "org.gnome.system.proxy mode 'auto'\norg.gnome.system.proxy autoconfig-url 'http://w/p.pac'\n",
        );
        assert_eq!(proxies.scripts, ["http://w/p.pac"]);
        let mut proxies = Proxies::default();
        read(&mut proxies, &printed.replace("'manual'", "'none'"));
        assert_eq!(proxies, Proxies::default());
    }
}
