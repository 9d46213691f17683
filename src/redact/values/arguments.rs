//! Values that the text before them in their array names: `["--password", "…"]`, `["Authorization", "Bearer …"]`.

use crate::redact::json::Place;
use crate::redact::sensitive_names::{
    is_mixed, is_reference, is_sensitive_header, is_sensitive_key, looks_made, telling_words,
};

/// Lists in which names of headers and their values take turns.
const TURNS: [&str; 7] =
    ["rawHeaders", "rawTrailers", "raw_headers", "headers", "header", "requestHeaders", "responseHeaders"];

/// The longest name that is remembered.
const LONGEST: usize = 128;

/// The text before in the same array, as far as it names what follows. A document inside of a value has its own.
#[derive(Debug, Default)]
pub(super) struct Before {
    names: Option<Name>,
}

#[derive(Debug)]
struct Name {
    /// Containers around it.
    depth: usize,
    /// It is an option of a command line.
    option: bool,
    /// What it promises.
    kind: Option<&'static str>,
}

impl Before {
    /// Something else stands between: a key, or a text that is too long.
    pub(super) fn forget(&mut self) {
        self.names = None;
    }

    /// The kind of secret that `text` is because of the text before it, which it takes the place of.
    pub(super) fn kind(&mut self, place: &Place<'_>, text: &[u8]) -> Option<&'static str> {
        if !place.is_element {
            // The key of what comes next stands between.
            self.names = None;
            return None;
        }
        let turns =
            || place.key.is_some_and(|key| TURNS.iter().any(|known| key.eq_ignore_ascii_case(known.as_bytes())));
        let before = self.names.take().filter(|name| name.depth == place.depth);
        let next_option = text.starts_with(b"-") && !looks_made(text);
        if let Some(name) = &before
            && !(name.option && next_option)
        {
            let kind = name.kind.filter(|_| !is_reference(text))?;
            // A list of fields holds more names.
            let value =
                || text.contains(&b' ') || ((is_mixed(text) || looks_made(text)) && is_sensitive_key(text).is_none());
            return (name.option || turns() || value()).then_some(kind);
        }
        // What costs least comes first: every text of a document is asked about.
        if place.depth == 0 || text.len() > LONGEST || !text.iter().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let told = !telling_words(text).is_empty();
        let kind = if told { is_sensitive_header(text).or_else(|| is_sensitive_key(text)) } else { None };
        if kind.is_some() || turns() {
            let option = text.starts_with(b"-") && !text.contains(&b'=');
            self.names = Some(Name { depth: place.depth, option, kind });
        }
        None
    }
}
