//! Chat rooms by incoming webhooks: Slack and Mattermost. A few lines at most, and the link; never a file.

use serde_json::{Value, json};
use url::Url;

use super::post::Post;
use super::{Acknowledgement, ConnectError, Notifier, Parts, Receipt};
use crate::deliver::DeliverError;
use crate::escalate::notice::Notice;
use crate::escalate::plain_text::{inline, line_start, one_line};

/// The whole message, in characters: what people read in a room.
const LONGEST: usize = 1024;

/// A longer link leaves no room for the text.
const LONGEST_LINK: usize = 500;

/// How a room reads text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `&`, `<` and `>` steer; everything else is text once parsing is off.
    Slack,
    /// Markdown, and mentions wherever they stand.
    Mattermost,
}

/// A room.
pub(super) struct Chat {
    post: Post,
    url: Url,
    dialect: Dialect,
}

impl Chat {
    pub(super) fn new(parts: &Parts<'_>, dialect: Dialect) -> Result<Self, ConnectError> {
        let post = Post { name: parts.name.to_owned(), client: parts.client()?, merges: false };
        Ok(Self { post, url: parts.secret_address()?, dialect })
    }
}

impl Dialect {
    fn body(self, text: &str) -> Value {
        match self {
            Self::Slack => json!({
                "text": text, "parse": "none", "link_names": false, "mrkdwn": false,
                "unfurl_links": false, "unfurl_media": false,
            }),
            Self::Mattermost => json!({ "text": text }),
        }
    }

    fn escaped(self, text: &str, most: usize) -> String {
        match self {
            // Like Slack it reads `<!channel>`, and an escape in front does not keep it from that.
            Self::Mattermost => line_start(text, most).replace('<', "< "),
            Self::Slack => {
                let text = one_line(text, most);
                // A message that begins so is taken for a command where people paste it on.
                let text = if text.starts_with('/') { format!("\\{text}") } else { text };
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                apart(&text)
            }
        }
    }

    /// The whole message. The summary is cut, never the link.
    pub(super) fn message(self, notice: &Notice) -> String {
        let link =
            notice.link.as_deref().and_then(|link| Url::parse(link).ok()).map(|link| {
                link.as_str().replace('|', "%7C").replace('<', "%3C").replace('>', "%3E").replace('@', "%40")
            });
        let link = link.filter(|link| link.chars().count() <= LONGEST_LINK);
        let link = link.map_or_else(String::new, |link| format!("\nTicket: {link}"));
        let mut left = LONGEST - link.chars().count();
        // Escapes make a text longer, so what is left is measured afterwards.
        let mut most = left;
        let mut text = self.escaped(&notice.summary, most);
        while text.chars().count() > left {
            most = most.saturating_sub(text.chars().count() - left).max(1);
            text = self.escaped(&notice.summary, most);
            if most == 1 {
                break;
            }
        }
        left -= text.chars().count().min(left);
        for (name, value) in &notice.details {
            let name = one_line(name, 80);
            let line = match self {
                Self::Slack => format!("\n{}", self.escaped(&format!("{name}: {value}"), 300)),
                Self::Mattermost => format!("\n{}: {}", inline(&name, 80), inline(value, 300)).replace('<', "< "),
            };
            let length = line.chars().count();
            if length > left {
                break;
            }
            left -= length;
            text += &line;
        }
        text + &link
    }
}

/// Takes mentions apart: `@ here`. An address such as ann@example.com stays whole.
fn apart(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        out.push(c);
        let mention = c == '@' && !before.is_some_and(char::is_alphanumeric);
        if mention && characters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_') {
            out.push(' ');
        }
        before = Some(c);
    }
    out
}

impl Notifier for Chat {
    fn merges(&self) -> bool {
        false
    }

    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError> {
        let body = self.dialect.body(&self.dialect.message(notice));
        self.post.json(&self.url, &body, |request, _| request)?;
        Ok(Receipt { id: None })
    }

    /// A webhook only speaks; whoever answers in the room records it with `casefile escalate ack`.
    fn acknowledgement(&self, _key: &str) -> Result<Option<Acknowledgement>, DeliverError> {
        Ok(None)
    }

    fn resolve(&self, _key: &str, _text: &str) -> Result<(), DeliverError> {
        Ok(())
    }
}
