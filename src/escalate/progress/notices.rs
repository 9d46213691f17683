//! What was sent to whom. That a far side took a notice says nothing about anybody having seen it.

use jiff::Timestamp;

use super::Recorded;

/// A notice to one target at one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeProgress {
    /// Case, target and level: what the far side merges by.
    pub key: String,
    /// The target's name in the policy.
    pub target: String,
    /// The level, from 1.
    pub level: usize,
    /// How far it came.
    pub state: NoticeState,
    /// When the first one was sent.
    pub first_sent: Option<Timestamp>,
    /// When the last one was.
    pub last_sent: Option<Timestamp>,
    /// Whether it may have reached people twice: it was sent again after a stop that left the outcome open, to a far side that
    /// does not merge.
    pub may_be_twice: bool,
    /// Whether the far side was told that the case is resolved.
    pub ended: bool,
}

/// How far a notice came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeState {
    /// About to be sent; a stop left open whether it was.
    Unknown,
    /// The far side took it.
    Sent,
    /// The far side took it and named what it keeps of it.
    Delivered,
    /// It was not sent, for this reason.
    Failed(String),
}

impl NoticeState {
    /// One word for the screen.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed(_) => "failed",
        }
    }
}

/// Takes one line into account, where it is about a notice.
pub(super) fn note(notices: &mut Vec<NoticeProgress>, line: &Recorded) {
    let Some(step) = line.event.strip_prefix("notice-") else { return };
    let Some(key) = line.facts.get("key") else { return };
    let known = notices.iter().position(|notice| notice.key == *key);
    let at = known.unwrap_or_else(|| {
        let fact = |name: &str| line.facts.get(name).cloned();
        notices.push(NoticeProgress {
            key: key.clone(),
            target: fact("target").unwrap_or_default(),
            level: fact("level").and_then(|level| level.parse().ok()).unwrap_or(1),
            state: NoticeState::Unknown,
            first_sent: None,
            last_sent: None,
            may_be_twice: false,
            ended: false,
        });
        notices.len() - 1
    });
    let notice = &mut notices[at];
    match step {
        "intent" => {
            notice.may_be_twice |= line.facts.get("may_be_twice").is_some_and(|said| said == "yes");
            // One that was sent stays sent, whatever becomes of the next word to the same target.
            if notice.first_sent.is_none() {
                notice.state = NoticeState::Unknown;
            }
        }
        "sent" => {
            notice.first_sent.get_or_insert(line.at);
            notice.last_sent = Some(line.at);
            notice.state = if line.facts.contains_key("id") { NoticeState::Delivered } else { NoticeState::Sent };
        }
        "failed" if notice.first_sent.is_none() => {
            notice.state = NoticeState::Failed(line.facts.get("cause").cloned().unwrap_or_default());
        }
        "end-intent" => notice.may_be_twice |= line.facts.get("may_be_twice").is_some_and(|said| said == "yes"),
        "ended" => notice.ended = true,
        _ => {}
    }
}
