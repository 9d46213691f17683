//! A ticket whose system is down, kept as a mail in the outbox: every mail program opens it, and somebody sends it by hand.

use std::io;
use std::path::{Path, PathBuf};

use super::notifiers::outbox::{subject, write};
use crate::escalate::Ticket;

/// Its name in the folder of the case.
const NAME: &str = "ticket-not-made.eml";

/// Writes the mail below `outbox`, in place of one of a run before.
pub fn keep(outbox: &Path, ticket: &Ticket) -> io::Result<PathBuf> {
    let folder = outbox.join(ticket.case_id.as_str());
    let path = folder.join(NAME);
    write(&folder, &path, &format!("{}\nQueue: {}\n\n{}", subject(&ticket.title), ticket.queue, ticket.body))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CaseId, Severity};

    #[test]
    fn a_title_begins_no_header_and_the_text_stands_as_it_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let ticket = Ticket {
            case_id: CaseId::parse("c-7fk2m9q4xa").expect("an id"),
            severity: Severity::Sev2,
            queue: "escalations".to_owned(),
            title: "[SEV2] caf\u{e9}\r\nBcc: all@example.com".to_owned(),
            body: "cashiers cannot pay\n12 users\n".to_owned(),
            fields: std::collections::BTreeMap::new(),
        };
        let path = keep(dir.path(), &ticket).expect("written");
        let text = std::fs::read_to_string(path).expect("text");
        assert!(text.contains("\nSubject: [SEV2] caf? Bcc: all@example.com\n\n"), "{text}");
        assert!(text.ends_with("Queue: escalations\n\ncashiers cannot pay\n12 users\n"), "{text}");
        assert!(!text.contains("\nBcc"));
    }
}
