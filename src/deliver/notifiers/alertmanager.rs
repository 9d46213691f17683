//! Prometheus Alertmanager, API v2. It knows no acknowledgement: a silence that somebody sets on the alert afterwards is one.

use jiff::{SignedDuration, Timestamp};
use reqwest::blocking::RequestBuilder;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use super::post::Post;
use super::{Acknowledgement, ConnectError, Notifier, Parts, Receipt};
use crate::deliver::DeliverError;
use crate::escalate::notice::Notice;
use crate::escalate::notifiers::NotifierPolicy;
use crate::escalate::plain_text::one_line;

/// The label that holds a notice's key.
const KEY: &str = "casefile_key";

/// How long an alert stands by itself. Without an end Alertmanager takes it for resolved after five minutes.
const OPEN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Longest annotation, in characters.
const LONGEST: usize = 2048;

/// An Alertmanager.
pub(super) struct Alertmanager {
    post: Post,
    address: Url,
    authorization: Option<HeaderValue>,
    policy: NotifierPolicy,
}

impl Alertmanager {
    pub(super) fn new(parts: &Parts<'_>) -> Result<Self, ConnectError> {
        let authorization = parts.secret(parts.target.authorization.as_ref())?;
        let header = |secret: crate::deliver::secrets::Secret| {
            secret.header("").ok_or_else(|| parts.unusable("its authorization is no value of a header"))
        };
        Ok(Self {
            post: Post { name: parts.name.to_owned(), client: parts.client()?, merges: true },
            address: parts.address(parts.target.address.as_deref(), "")?,
            authorization: authorization.map(header).transpose()?,
            policy: parts.target.clone(),
        })
    }

    fn url(&self, below: &str) -> Url {
        let mut url = self.address.clone();
        let path = format!("{}/api/v2/{below}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.authorization {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        }
    }

    fn post_alerts(&self, alerts: &Value) -> Result<(), DeliverError> {
        self.post.json(&self.url("alerts"), alerts, |request, _| self.authorized(request)).map(drop)
    }

    fn labels(&self, notice: &Notice) -> Map<String, Value> {
        let mut labels = Map::new();
        let mut label = |name: &str, value: &str| drop(labels.insert(name.to_owned(), one_line(value, 255).into()));
        label("alertname", "casefile");
        label(KEY, &notice.key);
        label("case", notice.case_id.as_str());
        label("severity", self.policy.word_for(notice.severity));
        if let Some(service) = &notice.service {
            label("service", service);
        }
        labels
    }

    fn end(&self, alerts: Vec<Value>) -> Result<(), DeliverError> {
        let now = Timestamp::now().to_string();
        let ended = |alert: Value| json!({ "labels": alert["labels"], "annotations": alert["annotations"], "startsAt": alert["startsAt"], "endsAt": now });
        let ended: Vec<Value> = alerts.into_iter().map(ended).collect();
        if ended.is_empty() { Ok(()) } else { self.post_alerts(&Value::Array(ended)) }
    }

    /// The alerts of `key`, also silenced ones.
    fn alerts(&self, key: &str) -> Result<Vec<Value>, DeliverError> {
        let mut url = self.url("alerts");
        // A value in quotes, as label matchers are written.
        let filter = format!("{KEY}={}", Value::from(one_line(key, 255)));
        url.query_pairs_mut().append_pair("filter", &filter);
        match self.post.get(&url, |request| self.authorized(request))? {
            Value::Array(alerts) => Ok(alerts.into_iter().filter(|alert| alert["labels"][KEY] == *key).collect()),
            _ => Ok(Vec::new()),
        }
    }
}

impl Notifier for Alertmanager {
    fn merges(&self) -> bool {
        true
    }

    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError> {
        let now = Timestamp::now();
        let labels = self.labels(notice);
        let mut annotations = Map::new();
        annotations.insert("summary".to_owned(), one_line(&notice.summary, LONGEST).into());
        for (name, value) in &notice.details {
            // Names of annotations are identifiers.
            let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            annotations.insert(name, one_line(value, LONGEST).into());
        }
        // Without a start, Alertmanager takes the end for it, and the alert could neither be silenced nor ended.
        let mut alert = json!({ "labels": labels, "annotations": annotations, "startsAt": now.to_string(), "endsAt": (now + OPEN).to_string() });
        if let Some(link) = notice.link.as_deref().and_then(|link| Url::parse(link).ok()) {
            alert["annotations"]["ticket"] = link.as_str().into();
            alert["generatorURL"] = link.as_str().into();
        }
        self.post_alerts(&json!([alert]))?;
        Ok(Receipt { id: None })
    }

    /// Alertmanager tells alerts apart by all their labels, and the severity is one that people route by.
    fn supersede(&self, notice: &Notice) -> Result<(), DeliverError> {
        let labels = Value::Object(self.labels(notice));
        let older = self.alerts(&notice.key)?.into_iter().filter(|alert| alert["labels"] != labels);
        self.end(older.collect())
    }

    /// A silence from before the alert is a maintenance window, not an answer.
    fn acknowledgement(&self, key: &str) -> Result<Option<Acknowledgement>, DeliverError> {
        for alert in self.alerts(key)? {
            let moment = |value: &Value| value.as_str().and_then(|at| at.parse::<Timestamp>().ok());
            let Some(began) = moment(&alert["startsAt"]) else { continue };
            for id in alert["status"]["silencedBy"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
                if !id.chars().all(plain) {
                    continue;
                }
                let silence = self.post.get(&self.url(&format!("silence/{id}")), |request| self.authorized(request))?;
                let (Some(at), Some(by)) = (moment(&silence["startsAt"]), silence["createdBy"].as_str()) else {
                    continue;
                };
                if at >= began && !by.trim().is_empty() && by != "casefile" {
                    let way = "a silence in alertmanager".to_owned();
                    return Ok(Some(Acknowledgement { by: one_line(by, 120), at, way }));
                }
            }
        }
        Ok(None)
    }

    fn resolve(&self, key: &str, _text: &str) -> Result<(), DeliverError> {
        self.end(self.alerts(key)?)
    }
}
