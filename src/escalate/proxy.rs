//! Through which proxy a target of the policy is reached, where the policy says so. Otherwise the environment does.

use serde::{Deserialize, Deserializer, de};
use url::Url;

/// What a policy says about the proxy of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxySetting {
    /// None, whatever the environment says.
    Direct,
    /// This one, whatever the environment says.
    At(Url),
}

impl<'de> Deserialize<'de> for ProxySetting {
    /// An error does not repeat the text: an address may hold a password.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "none" {
            return Ok(Self::Direct);
        }
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or_else(|| de::Error::custom("is no proxy; write http://HOST:PORT, or none"))?;
        if url.username().is_empty() && url.password().is_none() {
            return Ok(Self::At(url));
        }
        Err(de::Error::custom("holds a user or password; give a proxy that needs one in HTTPS_PROXY instead"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ProxySetting, String> {
        let value = serde_json::Value::from(text);
        ProxySetting::deserialize(value).map_err(|e| e.to_string())
    }

    #[test]
    fn a_proxy_is_an_address_or_none_and_never_holds_a_password() {
        assert_eq!(read("none"), Ok(ProxySetting::Direct));
        assert!(matches!(read("http://proxy.example:3128"), Ok(ProxySetting::At(_))));
        assert!(matches!(read("https://proxy.example"), Ok(ProxySetting::At(_))));
        for (text, told) in [
            ("proxy.example:3128", "is no proxy"),
            ("socks5://proxy.example", "is no proxy"),
            ("", "is no proxy"),
            ("http://me:s3cret@proxy.example", "HTTPS_PROXY"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(told) && !error.contains("s3cret"), "{error}");
        }
    }
}
