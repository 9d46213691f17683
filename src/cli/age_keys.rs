//! Keys of age on the command line: public ones to encrypt for, secret ones to open with.

use std::path::Path;

use super::message::Message;
use super::read_config;
use crate::bundle::encryption::{Identities, Recipients};

/// Public keys that were given to `flag`: by themselves, or in a file. `way` says how to come by one.
pub(super) fn recipients(flag: &str, given: &str, way: &str) -> Result<Recipients, Message> {
    let (name, text) = if given.to_ascii_lowercase().starts_with("age") && !Path::new(given).exists() {
        (flag.to_owned(), given.to_owned())
    } else {
        read_config(Path::new(given)).map_err(|message| message.hint(way))?
    };
    // The text may be a secret key by mistake, so it is not repeated.
    Recipients::parse(&text).map_err(|e| Message::usage(format!("{name}: {e}")).hint(way))
}

/// The secret keys in a file.
pub(super) fn identities(file: Option<&Path>) -> Result<Option<Identities>, Message> {
    let Some(file) = file else { return Ok(None) };
    let (name, text) = read_config(file)?;
    let identities = Identities::parse(&text);
    identities.map(Some).map_err(|e| {
        Message::usage(format!("--identity {name}: {e}")).hint("give the file that `age-keygen -o FILE` wrote")
    })
}
