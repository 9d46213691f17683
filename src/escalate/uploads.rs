//! Where bundles go that no ticket takes: the `[uploads.NAME]` of the policy. It holds references to secrets, never one.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use url::{Host, Url};

use super::secret_ref::SecretRef;
use crate::model::size;

/// A store for bundles.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadTarget {
    /// What it speaks.
    pub kind: UploadKind,
    /// tus: where uploads are made. S3: the service, without the bucket.
    #[serde(deserialize_with = "address")]
    pub url: Url,
    /// tus: a token that is shown with each request.
    pub token: Option<SecretRef>,
    /// S3: the bucket.
    pub bucket: Option<String>,
    /// S3: the region that signatures name.
    #[serde(default = "region")]
    pub region: String,
    /// S3: what the keys of objects begin with.
    #[serde(default)]
    pub prefix: String,
    /// S3: the name of the key.
    pub access_key: Option<SecretRef>,
    /// S3: the key.
    pub secret_key: Option<SecretRef>,
    /// S3: the token of a passing session.
    pub session_token: Option<SecretRef>,
    /// A file of certificates (PEM) that are trusted beside the system's.
    pub ca_file: Option<String>,
    /// The most bytes a second.
    #[serde(default, deserialize_with = "bytes")]
    pub limit: Option<u64>,
    /// tus: the most bytes of one request, for servers behind something that limits them.
    #[serde(default, deserialize_with = "bytes")]
    pub chunk: Option<u64>,
    /// Whether what is stored is downloaded and compared.
    #[serde(default = "yes")]
    pub read_back: bool,
}

/// What a store speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UploadKind {
    /// The resumable upload protocol, 1.0.
    Tus,
    /// S3, and what speaks like it.
    S3,
}

impl UploadKind {
    /// Its name for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tus => "tus",
            Self::S3 => "S3",
        }
    }
}

/// Uploads by name.
pub type Uploads = BTreeMap<String, UploadTarget>;

/// A slip in the policy: key, problem, mend.
pub type Mistake = (String, String, String);

/// What is wrong with the uploads, or with the name of the one that is used.
#[must_use]
pub fn mistake(used: Option<&str>, uploads: &Uploads) -> Option<Mistake> {
    for (name, target) in uploads {
        if let Some((key, problem, mend)) = target.mistake() {
            return Some((format!("uploads.{name}.{key}"), problem.to_owned(), mend.to_owned()));
        }
    }
    let used = used.filter(|used| !uploads.contains_key(*used))?;
    let known: Vec<&str> = uploads.keys().map(String::as_str).collect();
    let mend = if known.is_empty() {
        format!("add [uploads.{used}]")
    } else {
        format!("add [uploads.{used}], or name one of: {}", known.join(", "))
    };
    Some(("upload".to_owned(), format!("names the upload `{used}`, which is not there"), mend))
}

impl UploadTarget {
    fn mistake(&self) -> Option<(&'static str, &'static str, &'static str)> {
        let local = match self.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            None => false,
        };
        if self.url.host().is_none() || !(self.url.scheme() == "https" || self.url.scheme() == "http" && local) {
            return Some(("url", "is not https", "write https://…; http goes to this machine alone"));
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return Some(("url", "holds a password", "name a reference to it, such as token = \"env:NAME\""));
        }
        if self.limit == Some(0) || self.chunk == Some(0) {
            return Some(("limit", "is nothing", "leave it out, or write a size such as \"10MiB\""));
        }
        match self.kind {
            UploadKind::Tus => {
                let foreign = [
                    ("bucket", self.bucket.is_some()),
                    ("prefix", !self.prefix.is_empty()),
                    ("access_key", self.access_key.is_some()),
                    ("secret_key", self.secret_key.is_some()),
                    ("session_token", self.session_token.is_some()),
                ];
                let (key, _) = foreign.into_iter().find(|(_, there)| *there)?;
                Some((key, "is of s3, and the kind is tus", "leave it out, or write kind = \"s3\""))
            }
            UploadKind::S3 => {
                if self.token.is_some() || self.chunk.is_some() {
                    let key = if self.token.is_some() { "token" } else { "chunk" };
                    return Some((key, "is of tus, and the kind is s3", "leave it out, or write kind = \"tus\""));
                }
                if self.url.query().is_some() || self.url.path() != "/" {
                    return Some(("url", "has a path", "write the service alone, and the bucket as bucket = \"…\""));
                }
                if !self.bucket.as_deref().is_some_and(is_bucket) {
                    return Some(("bucket", "is no name of a bucket", "write 3 to 63 of a-z, 0-9, `.` and `-`"));
                }
                if self.prefix.split('/').any(|part| part == "." || part == "..") {
                    return Some(("prefix", "leads out of itself", "leave `.` and `..` out"));
                }
                if self.access_key.is_none() || self.secret_key.is_none() {
                    let mend = "add access_key and secret_key, such as \"env:AWS_ACCESS_KEY_ID\"";
                    return Some(("secret_key", "is not there", mend));
                }
                None
            }
        }
    }
}

fn is_bucket(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    (3..=63).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with('.') && !name.contains("..")
}

fn region() -> String {
    "us-east-1".to_owned()
}

fn yes() -> bool {
    true
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    // The text is not echoed: it may hold a password.
    Url::parse(&String::deserialize(deserializer)?).map_err(|_| de::Error::custom("is no address: write https://…"))
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    size::bytes(&text).map(Some).ok_or_else(|| de::Error::custom("is no size: write a number with KiB, MiB or GiB"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escalate::Policy;

    const S3: &str = "[uploads.vault]\nkind = \"s3\"\nurl = \"https://s3.example\"\nbucket = \"cases\"\n\
        access_key = \"env:ID\"\nsecret_key = \"env:KEY\"\nlimit = \"2MiB\"\n";
    const TUS: &str = "[uploads.tus]\nkind = \"tus\"\nurl = \"https://up.example/files\"\ntoken = \"env:TOKEN\"\n";

    fn policy(more: &str) -> Result<Policy, crate::model::ConfigError> {
        Policy::parse("p.toml", &format!("upload = \"vault\"\n{}\n{more}", Policy::builtin_text()))
    }

    #[test]
    fn a_policy_names_its_stores_and_the_one_that_is_used() {
        let policy = policy(&format!("{S3}{TUS}")).expect("a policy");
        assert_eq!(policy.upload.as_deref(), Some("vault"));
        let vault = &policy.uploads["vault"];
        assert_eq!((vault.kind, vault.limit, vault.read_back), (UploadKind::S3, Some(2 << 20), true));
        assert!(Policy::builtin().uploads.is_empty());
    }

    #[test]
    fn a_slip_in_a_store_is_named_with_key_and_mend() {
        for (from, to, key, problem) in [
            ("https://s3.example", "http://s3.example", "uploads.vault.url", "not https"),
            ("https://s3.example", "https://a:b@s3.example", "uploads.vault.url", "password"),
            ("https://s3.example", "https://s3.example/cases", "uploads.vault.url", "path"),
            ("bucket = \"cases\"", "bucket = \"../x\"", "uploads.vault.bucket", "no name"),
            ("secret_key = \"env:KEY\"\n", "", "uploads.vault.secret_key", "not there"),
            ("secret_key = \"env:KEY\"", "secret_key = \"Xk29s\"", "uploads.vault.secret_key", "no reference"),
            ("limit = \"2MiB\"", "limit = \"fast\"", "uploads.vault.limit", "no size"),
            ("limit", "token = \"env:T\"\nlimit", "uploads.vault.token", "of tus"),
            ("[uploads.vault]", "[uploads.safe]", "upload", "`vault`, which is not there"),
        ] {
            assert!(S3.contains(from), "{from}");
            let error = policy(&S3.replacen(from, to, 1)).expect_err(to);
            assert!(error.problem.contains(problem), "{to}: {error}");
            assert_eq!(error.key.as_deref(), Some(key), "{error}");
            assert!(!format!("{error:?}").contains("Xk29s"));
        }
        let both = format!("{S3}{TUS}bucket = \"cases\"\n");
        assert_eq!(policy(&both).expect_err("of s3").key.as_deref(), Some("uploads.tus.bucket"));
    }
}
