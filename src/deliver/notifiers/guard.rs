//! The last look before a notice leaves: what a public target must not hear is refused here, whoever wrote it. And what could
//! not be sent is kept as a file, so that a person can carry it.

use std::cell::RefCell;

use super::outbox::NoticeFiles;
use super::{Acknowledgement, Notifier, Receipt, Surroundings};
use crate::deliver::DeliverError;
use crate::escalate::notice::{Notice, public};
use crate::escalate::notifiers::{Kind, NotifierPolicy};
use crate::escalate::public_text::Known;

/// What a public target hears of the end of a case: not a word of its story.
const ENDED: &str = "the case is resolved";

/// A notifier behind its guard.
pub(super) struct Guarded {
    inner: Box<dyn Notifier>,
    name: String,
    secure: bool,
    files: Option<NoticeFiles>,
    kept: RefCell<Option<String>>,
}

impl Guarded {
    pub(super) fn new(
        inner: Box<dyn Notifier>,
        name: &str,
        target: &NotifierPolicy,
        surroundings: &Surroundings<'_>,
    ) -> Self {
        let files = || NoticeFiles::new(surroundings.outbox.clone(), surroundings.client.clone());
        Self {
            inner,
            name: name.to_owned(),
            secure: target.secure,
            files: (target.kind != Kind::Outbox).then(files),
            kept: RefCell::default(),
        }
    }
}

impl Notifier for Guarded {
    fn merges(&self) -> bool {
        self.inner.merges()
    }

    fn send(&self, notice: &Notice) -> Result<Receipt, DeliverError> {
        if !self.secure {
            public(notice, &Known::default()).map_err(|refusal| DeliverError::Refused {
                system: self.name.clone(),
                action: "be told",
                problem: refusal.to_string(),
            })?;
        }
        self.inner.send(notice).inspect_err(|_| {
            // The failure is the news; that its copy could not be kept either adds nothing that helps.
            let kept = self.files.as_ref().and_then(|files| files.send(notice).ok()).and_then(|receipt| receipt.id);
            self.kept.replace(kept);
        })
    }

    fn supersede(&self, notice: &Notice) -> Result<(), DeliverError> {
        self.inner.supersede(notice)
    }

    fn acknowledgement(&self, key: &str) -> Result<Option<Acknowledgement>, DeliverError> {
        self.inner.acknowledgement(key)
    }

    fn kept(&self) -> Option<String> {
        self.kept.borrow().clone()
    }

    fn resolve(&self, key: &str, text: &str) -> Result<(), DeliverError> {
        self.inner.resolve(key, if self.secure { text } else { ENDED })
    }
}
