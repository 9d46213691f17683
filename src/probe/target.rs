//! A target as people write it: `https://shop.example/login`, `shop.example`, `shop.example:8443`, `[2001:db8::1]:22`,
//! `ntp://time.example`. Nothing secret stays: user names, passwords and queries of an address are dropped.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Serialize, Serializer};

/// The longest text that is looked at; the longest name is 253 characters, the rest is for a path.
const LONGEST: usize = 2_048;
/// The longest name (RFC 1035, in its written form).
const LONGEST_NAME: usize = 253;

/// How the target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// HTTP in the clear.
    Http,
    /// TLS, and who knows what in it.
    Tls,
    /// A port that takes connections.
    Tcp,
    /// A time server.
    Ntp,
}

impl Scheme {
    /// As it is written before `://`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Tls => "tls",
            Self::Tcp => "tcp",
            Self::Ntp => "ntp",
        }
    }

    /// Whether it begins with a TLS handshake.
    #[must_use]
    pub fn has_tls(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }

    /// Whether it speaks HTTP.
    #[must_use]
    pub fn is_web(self) -> bool {
        matches!(self, Self::Https | Self::Http)
    }

    fn port(self) -> Option<u16> {
        match self {
            Self::Https | Self::Tls => Some(443),
            Self::Http => Some(80),
            Self::Ntp => Some(123),
            Self::Tcp => None,
        }
    }
}

/// A name or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name in ASCII and lower case, without a dot at the end.
    Name(String),
    /// An address, which needs no DNS.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Target {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Name or address.
    #[cfg_attr(test, schemars(with = "String"))]
    pub host: Host,
    /// The port.
    pub port: u16,
    /// What a web server is asked for; begins with `/`.
    pub path: String,
}

/// Why a text names no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// There is nothing, or more than any target is long.
    #[error("is empty or longer than {LONGEST} characters")]
    Length,
    /// Another scheme.
    #[error("begins with a scheme that cannot be probed; known are https, http, tls, tcp and ntp")]
    Scheme,
    /// No name and no address.
    #[error("holds no host name or address that can be asked")]
    Host,
    /// A port that is none.
    #[error("holds no port between 1 and 65535")]
    Port,
    /// `tcp://` says nothing about the port.
    #[error("needs a port, as in tcp://host:5432")]
    NoPort,
    /// The path would not survive a request.
    #[error("holds a path with characters that must be percent-encoded")]
    Path,
}

impl Target {
    /// Reads what a person, a profile or a HAR says.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST {
            return Err(TargetError::Length);
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme_named(scheme)?), rest),
            None => (None, text),
        };
        let authority_ends = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at(authority_ends);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, behind)| behind);
        let (host, port) = split_port(authority)?;
        let path = after.split(['?', '#']).next().unwrap_or_default();
        if !path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return Err(TargetError::Path);
        }
        let scheme = scheme.unwrap_or(match port {
            None | Some(443) => Scheme::Https,
            Some(80) => Scheme::Http,
            Some(_) => Scheme::Tcp,
        });
        Ok(Self {
            scheme,
            host: parse_host(host)?,
            port: port.or(scheme.port()).ok_or(TargetError::NoPort)?,
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
        })
    }

    /// Host and port as a `Host` header and a certificate check want them.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = match &self.host {
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            host => host.to_string(),
        };
        if self.scheme.port() == Some(self.port) { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())?;
        if self.path == "/" { Ok(()) } else { f.write_str(&self.path) }
    }
}

fn scheme_named(name: &str) -> Result<Scheme, TargetError> {
    [Scheme::Https, Scheme::Http, Scheme::Tls, Scheme::Tcp, Scheme::Ntp]
        .into_iter()
        .find(|scheme| scheme.as_str().eq_ignore_ascii_case(name))
        .ok_or(TargetError::Scheme)
}

/// `host`, `host:port`, `[v6]`, `[v6]:port` or a bare v6.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), TargetError> {
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or(TargetError::Host)?;
        let (host, after) = authority.split_at(end + 1);
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(parse_port(port)?))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(TargetError::Port),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) if !port.contains(':') => Ok((host, Some(parse_port(port)?))),
        _ => Ok((authority, None)),
    }
}

fn parse_port(text: &str) -> Result<u16, TargetError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0).ok_or(TargetError::Port)
}

fn parse_host(text: &str) -> Result<Host, TargetError> {
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<Ipv6Addr>() {
        return Ok(Host::Address(address.into()));
    }
    // The rules of browsers: international names become ASCII, odd spellings of IPv4 are read, the rest is refused.
    match url::Host::parse(text).map_err(|_| TargetError::Host)? {
        url::Host::Ipv4(address) => Ok(Host::Address(address.into())),
        url::Host::Ipv6(address) => Ok(Host::Address(address.into())),
        url::Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_owned();
            let label = |label: &str| {
                (1..=63).contains(&label.len())
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            };
            let is_a_name = name.len() <= LONGEST_NAME && name.split('.').all(label);
            if is_a_name { Ok(Host::Name(name)) } else { Err(TargetError::Host) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        Target::parse(text).map_or_else(|e| format!("{e:?}"), |target| target.to_string())
    }

    #[test]
    fn a_target_is_read_as_people_write_it() {
        for (text, expected) in [
            ("shop.example", "https://shop.example"),
            ("shop.example:80", "http://shop.example"),
            ("Shop.Example.:8443", "tcp://shop.example:8443"),
            ("https://shop.example:8443/login?next=/#top", "https://shop.example:8443/login"),
            ("http://anna:hunter2@shop.example/", "http://shop.example"),
            ("bücher.example", "https://xn--bcher-kva.example"),
            ("2001:db8::1", "https://[2001:db8::1]"),
            ("[2001:db8::1]:22", "tcp://[2001:db8::1]:22"),
            ("10.0.0.1:443", "https://10.0.0.1"),
            ("ntp://time.example", "ntp://time.example"),
            ("tcp://db", "NoPort"),
            ("tls://db:5432", "tls://db:5432"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused_with_a_reason() {
        for (text, expected) in [
            ("", "Length"),
            ("file:///etc/passwd", "Scheme"),
            ("javascript://x", "Scheme"),
            ("host:0", "Port"),
            ("host:+80", "Port"),
            ("host:99999", "Port"),
            ("a b", "Host"),
            ("-", "https://-"),
            ("a..b", "Host"),
            ("host\u{1b}[2J", "Host"),
            ("https://host/a b", "Path"),
            ("https://host/\r\nX: y", "Path"),
            ("[::1", "Host"),
            ("https://", "Host"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
        assert_eq!(shown(&"a".repeat(3_000)), "Length");
        assert_eq!(shown(&"a.".repeat(200)), "Host");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_is_read_again_alike(text in ".{0,80}") {
            if let Ok(target) = Target::parse(&text) {
                let shown = target.to_string();
                prop_assert!(shown.bytes().all(|b| b.is_ascii_graphic()), "{}", shown);
                prop_assert_eq!(Target::parse(&shown), Ok(target));
            }
        }
    }
}
