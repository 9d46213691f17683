//! The targets of notices, as the policy names them: what kind each is, where it is, and whether personal data may go there.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::proxy::ProxySetting;
use super::secret_ref::SecretRef;
use crate::model::Severity;

/// One target: `[notifiers.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifierPolicy {
    /// By which way it is told.
    pub kind: Kind,
    /// The team behind it, such as `SRE` or `Engineering`.
    pub team: Option<String>,
    /// Whether personal data may go there. A target that is not marked is public.
    #[serde(default)]
    pub secure: bool,
    /// Whether it wakes people. By default the pagers do: `pagerduty` and `alertmanager`.
    pub pages: Option<bool>,
    /// Where it is, where that is no secret.
    pub address: Option<String>,
    /// Where it is, where whoever knows that may post there: the addresses of chat rooms.
    pub url: Option<SecretRef>,
    /// PagerDuty: the integration key.
    pub routing_key: Option<SecretRef>,
    /// PagerDuty: a token of the REST interface, by which acknowledgements are read.
    pub api_token: Option<SecretRef>,
    /// PagerDuty: where that interface is.
    pub api_address: Option<String>,
    /// The value of the header `Authorization`.
    pub authorization: Option<SecretRef>,
    /// Webhook: the key of the signature in `X-Casefile-Signature`.
    pub signing_key: Option<SecretRef>,
    /// Mail: the account.
    pub user: Option<String>,
    /// Mail: its password.
    pub password: Option<SecretRef>,
    /// Mail: the sender.
    pub from: Option<String>,
    /// Mail: who gets it.
    #[serde(default)]
    pub to: Vec<String>,
    /// A file of certificates (PEM) that are trusted beside the system's.
    pub ca_file: Option<String>,
    /// Through which proxy it is reached, where that is not what the environment says.
    pub proxy: Option<ProxySetting>,
    /// The far side's own words for our levels, such as `sev3 = "error"`.
    #[serde(default)]
    pub severities: BTreeMap<String, String>,
}

/// By which way a target is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// PagerDuty, Events API v2.
    Pagerduty,
    /// Prometheus Alertmanager, API v2.
    Alertmanager,
    /// A room of Slack.
    Slack,
    /// A room of Mattermost.
    Mattermost,
    /// Mail over SMTP.
    Email,
    /// A POST of JSON.
    Webhook,
    /// A file in the outbox.
    Outbox,
}

impl Kind {
    /// The word in the policy.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pagerduty => "pagerduty",
            Self::Alertmanager => "alertmanager",
            Self::Slack => "slack",
            Self::Mattermost => "mattermost",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Outbox => "outbox",
        }
    }

    /// The fields that it cannot do without.
    fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Pagerduty => &["routing_key"],
            Self::Alertmanager => &["address"],
            Self::Slack | Self::Mattermost | Self::Webhook => &["url"],
            Self::Email => &["address", "from", "to"],
            Self::Outbox => &[],
        }
    }

    /// The fields that it has a use for, beside `kind`, `team`, `secure`, `pages` and those that it needs.
    fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Pagerduty => &["address", "api_token", "api_address", "severities", "ca_file", "proxy"],
            Self::Alertmanager => &["authorization", "severities", "ca_file", "proxy"],
            Self::Webhook => &["authorization", "signing_key", "ca_file", "proxy"],
            Self::Email => &["user", "password", "ca_file"],
            Self::Slack | Self::Mattermost => &["ca_file", "proxy"],
            Self::Outbox => &[],
        }
    }
}

/// PagerDuty's words for a severity (Events API v2).
pub const PAGERDUTY_SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

impl NotifierPolicy {
    /// A file in the outbox, for a policy that names no target at all: it stays on this machine, beside the ticket.
    #[must_use]
    pub fn outbox(team: &str) -> Self {
        Self {
            kind: Kind::Outbox,
            team: Some(team.to_owned()),
            secure: true,
            pages: None,
            address: None,
            url: None,
            routing_key: None,
            api_token: None,
            api_address: None,
            authorization: None,
            signing_key: None,
            user: None,
            password: None,
            from: None,
            to: Vec::new(),
            ca_file: None,
            proxy: None,
            severities: BTreeMap::new(),
        }
    }

    /// Whether it wakes people.
    #[must_use]
    pub fn is_pager(&self) -> bool {
        self.pages.unwrap_or(matches!(self.kind, Kind::Pagerduty | Kind::Alertmanager))
    }

    /// Whether it is a chat room.
    #[must_use]
    pub fn is_chat(&self) -> bool {
        matches!(self.kind, Kind::Slack | Kind::Mattermost)
    }

    /// Whether `team` is behind it; case is ignored.
    #[must_use]
    pub fn is_of(&self, team: &str) -> bool {
        self.team.as_deref().is_some_and(|own| own.trim().eq_ignore_ascii_case(team))
    }

    /// The far side's word for `severity`; by default PagerDuty's.
    #[must_use]
    pub fn word_for(&self, severity: Severity) -> &str {
        let own = self.severities.iter().find(|(level, _)| Severity::parse(level) == Some(severity));
        own.map_or(PAGERDUTY_SEVERITIES[severity as usize], |(_, word)| word)
    }

    /// What is wrong with it: the field, the problem, the mend.
    pub(super) fn mistake(&self) -> Option<(String, String, String)> {
        let word = self.kind.word();
        let given = self.given();
        if let Some(missing) = self.kind.needs().iter().find(|field| !given.contains(field)) {
            let problem = format!("a notifier of kind {word} needs `{missing}`");
            return Some((String::new(), problem, format!("add `{missing}`; docs/escalation.md has an example")));
        }
        let known = |field: &&&str| self.kind.needs().contains(field) || self.kind.takes().contains(field);
        if let Some(idle) = given.iter().find(|field| !known(field)) {
            let problem = format!("has no meaning for a notifier of kind {word}");
            return Some(((*idle).to_owned(), problem, "take it out".to_owned()));
        }
        for (level, own) in &self.severities {
            if Severity::parse(level).is_none() {
                let problem = format!("`{level}` is no severity");
                return Some(("severities".to_owned(), problem, "write sev1, sev2, sev3 or sev4".to_owned()));
            }
            if self.kind == Kind::Pagerduty && !PAGERDUTY_SEVERITIES.contains(&own.as_str()) {
                let mend = format!("PagerDuty knows {}", PAGERDUTY_SEVERITIES.join(", "));
                return Some(("severities".to_owned(), format!("`{own}` is no severity of PagerDuty"), mend));
            }
        }
        for (field, address) in [("address", &self.address), ("api_address", &self.api_address)] {
            if let Some((problem, mend)) = address.as_deref().and_then(|address| self.address_mistake(address)) {
                return Some((field.to_owned(), problem.to_owned(), mend.to_owned()));
            }
        }
        None
    }

    fn address_mistake(&self, address: &str) -> Option<(&'static str, &'static str)> {
        let Ok(url) = Url::parse(address) else { return Some(("is no address", "write it as https://HOST/…")) };
        if !url.username().is_empty() || url.password().is_some() {
            return Some(("holds a password", "give it as a reference to a secret, such as env:NAME"));
        }
        match (self.kind, url.scheme()) {
            (Kind::Email, "smtp" | "smtps") if url.host_str().is_some_and(|host| !host.is_empty()) => None,
            (Kind::Email, _) => {
                Some(("is no mail server", "write smtps://HOST (TLS from the start) or smtp://HOST (STARTTLS)"))
            }
            // Whether http is a far machine's is refused by the one HTTP client, before anything is sent.
            (_, "https" | "http") => None,
            _ => Some(("is no web address", "write it as https://HOST/…")),
        }
    }

    fn given(&self) -> Vec<&'static str> {
        [
            ("address", self.address.is_some()),
            ("url", self.url.is_some()),
            ("routing_key", self.routing_key.is_some()),
            ("api_token", self.api_token.is_some()),
            ("api_address", self.api_address.is_some()),
            ("authorization", self.authorization.is_some()),
            ("signing_key", self.signing_key.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("from", self.from.is_some()),
            ("to", !self.to.is_empty()),
            ("severities", !self.severities.is_empty()),
            ("ca_file", self.ca_file.is_some()),
            ("proxy", self.proxy.is_some()),
        ]
        .into_iter()
        .filter_map(|(field, given)| given.then_some(field))
        .collect()
    }
}

/// Whether `name` can name a target: it stands in keys, file names and command lines.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=40).contains(&name.len()) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use crate::escalate::Policy;
    use crate::model::Severity;

    fn parse(target: &str) -> Result<Policy, String> {
        let text = format!("{}\n[notifiers.one]\n{target}\n", Policy::builtin_text());
        Policy::parse("p.toml", &text).map_err(|e| format!("{e} | {}", e.mend.clone().unwrap_or_default()))
    }

    #[test]
    fn every_kind_says_what_it_needs_and_takes_nothing_that_it_ignores() {
        for (target, told) in [
            ("kind = 'pagerduty'", "needs `routing_key`"),
            ("kind = 'alertmanager'", "needs `address`"),
            ("kind = 'slack'", "needs `url`"),
            ("kind = 'email'\naddress = 'smtps://mail.example'\nto = ['a@b.example']", "needs `from`"),
            ("kind = 'outbox'\nurl = 'env:X'", "no meaning for a notifier of kind outbox"),
            ("kind = 'outbox'\npasword = 'env:X'", "did you mean `password`?"),
            ("kind = 'pager'", "unknown"),
            ("kind = 'slack'\nurl = 'https://hooks.example/T/B/x'", "never the secret itself"),
            ("kind = 'alertmanager'\naddress = 'ftp://a.example'", "is no web address"),
            ("kind = 'alertmanager'\naddress = 'https://u:p@a.example'", "holds a password"),
            ("kind = 'email'\nfrom = 'a@b.example'\nto = ['a@b.example']\naddress = 'https://a'", "is no mail server"),
            ("kind = 'pagerduty'\nrouting_key = 'env:X'\nseverities = { sev1 = 'high' }", "no severity of PagerDuty"),
            ("kind = 'pagerduty'\nrouting_key = 'env:X'\nseverities = { sev9 = 'info' }", "`sev9` is no severity"),
        ] {
            let error = parse(target).expect_err(target);
            assert!(error.contains(told) && error.contains("notifiers.one"), "{target}: {error}");
            assert!(!error.contains("hooks.example"), "{error}");
        }
    }

    #[test]
    fn an_unmarked_target_is_public_and_severities_have_the_pagers_words() {
        let policy =
            parse("kind = 'pagerduty'\nrouting_key = 'env:X'\nseverities = { sev3 = 'error' }").expect("parses");
        let target = &policy.notifiers["one"];
        assert!(!target.secure && target.is_pager() && !target.is_chat());
        let words: Vec<&str> = Severity::ALL.iter().map(|severity| target.word_for(*severity)).collect();
        assert_eq!(words, ["critical", "error", "error", "info"]);
    }
}
