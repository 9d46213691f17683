//! PagerDuty: pages by the Events API v2, acknowledgements by the REST API.
//!
//! Events are taken in and worked on later: 202 does not say that anybody was called. The same `dedup_key` under the same
//! routing key is the same alert. Facts: PagerDuty's developer documentation and its OpenAPI files (2026).

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde_json::{Map, Value, json};
use url::Url;

use super::post::Post;
use super::{Acknowledgement, ConnectError, Notifier, Parts, Receipt};
use crate::deliver::DeliverError;
use crate::deliver::secrets::Secret;
use crate::escalate::notice::{Notice, SUMMARY};
use crate::escalate::notifiers::NotifierPolicy;
use crate::escalate::plain_text::one_line;

const EVENTS: &str = "https://events.pagerduty.com/v2/enqueue";
const REST: &str = "https://api.pagerduty.com";

/// Longest `dedup_key` (Events API v2).
const KEY: usize = 255;

/// Longest fact in `custom_details`; a request holds 512 KB.
const DETAIL: usize = 2048;

/// An integration of PagerDuty.
pub(super) struct PagerDuty {
    post: Post,
    events: Url,
    rest: Url,
    routing_key: Secret,
    api_token: Option<Secret>,
    policy: NotifierPolicy,
}

impl PagerDuty {
    pub(super) fn new(parts: &Parts<'_>) -> Result<Self, ConnectError> {
        let target = parts.target;
        Ok(Self {
            post: Post { name: parts.name.to_owned(), client: parts.client()?, merges: true },
            events: parts.address(target.address.as_deref(), EVENTS)?,
            rest: parts.address(target.api_address.as_deref(), REST)?,
            routing_key: parts.needed(target.routing_key.as_ref(), "routing_key")?,
            api_token: parts.secret(target.api_token.as_ref())?,
            policy: target.clone(),
        })
    }

    fn event(&self, action: &str, key: &str) -> Map<String, Value> {
        let event = json!({
            "routing_key": self.routing_key.reveal(),
            "event_action": action,
            "dedup_key": one_line(key, KEY),
        });
        match event {
            Value::Object(event) => event,
            _ => Map::new(),
        }
    }
}

impl Notifier for PagerDuty {
    fn merges(&self) -> bool {
        true
    }

    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError> {
        let mut details = Map::new();
        details.insert("case".to_owned(), notice.case_id.to_string().into());
        for (name, value) in &notice.details {
            details.insert(one_line(name, 80), one_line(value, DETAIL).into());
        }
        let mut payload = json!({
            "summary": one_line(&notice.summary, SUMMARY),
            "source": "casefile",
            "severity": self.policy.word_for(notice.severity),
            "class": notice.severity.to_string(),
            "custom_details": details,
        });
        if let Some(service) = &notice.service {
            payload["component"] = one_line(service, 80).into();
        }
        let mut event = self.event("trigger", &notice.key);
        event.insert("payload".to_owned(), payload);
        event.insert("client".to_owned(), "casefile".into());
        if let Some(link) = notice.link.as_deref().and_then(|link| Url::parse(link).ok()) {
            event.insert("client_url".to_owned(), link.as_str().into());
            event.insert("links".to_owned(), json!([{ "href": link.as_str(), "text": "the ticket" }]));
        }
        self.post.json(&self.events, &Value::Object(event), |request, _| request)?;
        // The answer names our own key, and says nothing about an incident.
        Ok(Receipt { id: None })
    }

    /// Only a person counts: `acknowledger` may also be an integration or a service. Without a token nobody can be asked.
    fn acknowledgement(&self, key: &str) -> Result<Option<Acknowledgement>, DeliverError> {
        let Some(authorization) = self.api_token.as_ref().and_then(|token| token.header("Token token=")) else {
            return Ok(None);
        };
        let mut url = self.rest.clone();
        let path = format!("{}/incidents", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut().clear().append_pair("incident_key", key).append_pair("include[]", "acknowledgers");
        let answer = self.post.get(&url, |request| {
            request
                .header(AUTHORIZATION, authorization.clone())
                .header(ACCEPT, "application/vnd.pagerduty+json;version=2")
        })?;
        let incidents = answer["incidents"].as_array().into_iter().flatten();
        let ours = incidents.filter(|incident| incident["incident_key"].as_str().is_none_or(|other| other == key));
        Ok(ours.flat_map(|incident| incident["acknowledgements"].as_array().into_iter().flatten()).find_map(person))
    }

    fn resolve(&self, key: &str, _text: &str) -> Result<(), DeliverError> {
        self.post.json(&self.events, &Value::Object(self.event("resolve", key)), |request, _| request).map(drop)
    }
}

fn person(acknowledgement: &Value) -> Option<Acknowledgement> {
    let who = &acknowledgement["acknowledger"];
    if !matches!(who["type"].as_str(), Some("user" | "user_reference")) {
        return None;
    }
    let at: Timestamp = acknowledgement["at"].as_str()?.parse().ok()?;
    let by = ["summary", "name", "id"].iter().find_map(|field| who[*field].as_str())?;
    Some(Acknowledgement { by: one_line(by, 120), at, way: "pagerduty".to_owned() })
}
