//! What somebody wrote on the command line, as it may be kept: a secret that was pasted there stands in no journal and no ticket.

use std::io::Write;

use super::failure::{Failure, output_failed};
use crate::escalate::free_text::{Cleaned, clean, clean_name, without_names};
use crate::model::Case;

/// `text` without secrets and personal data, and without the people and the account of `case`, where its facts are known. What
/// was taken out is told, not what it was.
pub(super) fn kept(flag: &str, text: &str, case: Option<&Case>, talk: &mut dyn Write) -> Result<String, Failure> {
    let named = case.map_or_else(|| text.trim().to_owned(), |case| without_names(text.trim(), case));
    told(flag, clean(&named), talk)
}

/// The same for a flag that may be left out.
pub(super) fn kept_if(
    flag: &str,
    text: Option<&str>,
    case: Option<&Case>,
    talk: &mut dyn Write,
) -> Result<Option<String>, Failure> {
    text.map(|text| kept(flag, text, case, talk)).transpose()
}

/// The same for the name or address of a person of ours, which stays.
pub(super) fn kept_name(flag: &str, name: &str, talk: &mut dyn Write) -> Result<String, Failure> {
    told(flag, clean_name(name.trim()), talk)
}

fn told(flag: &str, Cleaned { text, replaced }: Cleaned, talk: &mut dyn Write) -> Result<String, Failure> {
    if !replaced.is_empty() {
        let what = replaced.join(" and ");
        writeln!(talk, "note: `{flag}` holds {what}; what is kept says REDACTED in its place")
            .map_err(output_failed)?;
    }
    Ok(text)
}
