//! Mail over SMTP: TLS from the start or STARTTLS, and in the clear to this machine alone.

use std::time::Duration;

use lettre::Transport;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{Error as SmtpError, SmtpTransport};
use url::Url;

use super::{Acknowledgement, ConnectError, Notifier, Parts, Receipt};
use crate::deliver::DeliverError;
use crate::deliver::http::{HttpClient, HttpError, authorities, is_loopback};
use crate::escalate::notice::Notice;
use crate::escalate::plain_text::one_line;

/// Longest subject, in characters: mail programs show about 80.
const SUBJECT: usize = 200;

/// Longest line of the body, in characters; SMTP itself takes 998 bytes, and longer ones are encoded.
const LINE: usize = 1024;

/// How long one exchange may take. Servers that look for spam answer late.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The longest explanation of a server in an error, in characters.
const PROBLEM: usize = 200;

/// A mail server and whom to write to.
pub(super) struct Email {
    name: String,
    host: String,
    transport: SmtpTransport,
    from: Mailbox,
    to: Vec<Mailbox>,
    client: HttpClient,
}

impl Email {
    pub(super) fn new(parts: &Parts<'_>) -> Result<Self, ConnectError> {
        let target = parts.target;
        let server = parts.address(target.address.as_deref(), "")?;
        // `url` knows no hosts of schemes that it does not know: numbers are read as of http.
        let host = server.host_str().unwrap_or_default().to_owned();
        let here = Url::parse(&format!("http://{host}")).is_ok_and(|url| is_loopback(&url));
        let authorities = target.ca_file.as_deref().map_or_else(|| Ok(Vec::new()), authorities);
        let authorities = authorities.map_err(|e| parts.unusable(e.to_string()))?;
        let tls = || {
            let mut tls = TlsParameters::builder(host.trim_matches(['[', ']']).to_owned());
            for authority in &authorities {
                let authority = Certificate::from_der(authority.to_vec());
                tls = tls
                    .add_root_certificate(authority.map_err(|_| parts.unusable("its `ca_file` holds no certificate"))?);
            }
            tls.build().map_err(|_| parts.unusable("its mail server has a name that TLS cannot check"))
        };
        let (tls, port) = match (server.scheme(), here) {
            ("smtps", _) => (Tls::Wrapper(tls()?), 465),
            (_, false) => (Tls::Required(tls()?), 587),
            (_, true) => (Tls::None, 25),
        };
        let password = parts.secret(target.password.as_ref())?;
        let mut builder = SmtpTransport::builder_dangerous(host.trim_matches(['[', ']']))
            .port(server.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if let (Some(user), Some(password)) = (&target.user, password) {
            builder = builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
        }
        let mailbox = |text: &str| {
            // Nothing that could begin another header.
            let plain = !text.chars().any(char::is_control);
            text.parse::<Mailbox>().ok().filter(|_| plain).ok_or_else(|| parts.unusable("`from` or `to` is no address"))
        };
        Ok(Self {
            name: parts.name.to_owned(),
            host,
            transport: builder.build(),
            from: mailbox(target.from.as_deref().unwrap_or_default())?,
            to: target.to.iter().map(|text| mailbox(text)).collect::<Result<_, _>>()?,
            client: parts.surroundings.client.clone(),
        })
    }

    fn message(&self, notice: &Notice) -> Result<Message, DeliverError> {
        let refused =
            |problem: String| DeliverError::Refused { system: self.name.clone(), action: "be written", problem };
        let key = one_line(&notice.key, 255);
        let mut builder = Message::builder().from(self.from.clone()).subject(one_line(&notice.summary, SUBJECT));
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        // The same notice has the same id, by which many programs show it once.
        let id: String = key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '.' }).collect();
        let plain = |name: &'static str, value: &str| {
            let name = HeaderName::new_from_ascii_str(name);
            HeaderValue::new(
                name,
                value.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect(),
            )
        };
        let mut text = format!("{}\n", one_line(&notice.summary, LINE));
        if let Some(link) = notice.link.as_deref().and_then(|link| Url::parse(link).ok()) {
            text += &format!("\nTicket: {link}\n");
        }
        text += "\n";
        for (name, value) in &notice.details {
            text += &format!("{}: {}\n", one_line(name, 80), one_line(value, LINE));
        }
        builder
            .message_id(Some(format!("<{id}@casefile.invalid>")))
            .raw_header(plain("Auto-Submitted", "auto-generated"))
            .raw_header(plain("X-Casefile-Key", &key))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|e| refused(one_line(&e.to_string(), PROBLEM)))
    }

    /// Whether the server may have taken it: only what it refused by a code, and what never reached it, is known.
    fn failed(&self, e: &SmtpError) -> DeliverError {
        let problem = one_line(&e.to_string(), PROBLEM);
        if e.is_permanent() || e.is_transient() || e.is_client() {
            return DeliverError::Refused { system: self.name.clone(), action: "take the notice", problem };
        }
        let host = self.host.clone();
        let connecting = problem.to_ascii_lowercase().contains("connection error") || e.is_tls();
        DeliverError::Http(if connecting {
            HttpError::NotSent { host, problem }
        } else {
            HttpError::NoAnswer { host, problem }
        })
    }
}

impl Notifier for Email {
    fn merges(&self) -> bool {
        false
    }

    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError> {
        let message = self.message(notice)?;
        if let Some(recording) = self.client.recording() {
            let text = String::from_utf8_lossy(&message.formatted()).into_owned();
            recording.write(&format!("mail-{}.eml", self.name), &text).map_err(HttpError::Sink)?;
            return Ok(Receipt { id: None });
        }
        self.transport.send(&message).map_err(|e| self.failed(&e))?;
        Ok(Receipt { id: None })
    }

    fn acknowledgement(&self, _key: &str) -> Result<Option<Acknowledgement>, DeliverError> {
        Ok(None)
    }

    fn resolve(&self, _key: &str, _text: &str) -> Result<(), DeliverError> {
        Ok(())
    }
}
