//! The link of a drop: all that somebody needs to bring one file of one case to one place, until a day. It is a secret,
//! so it has no written form but the one that is asked for, and `Debug` shows none.

use std::fmt;

/// How every link begins, so that people, programs and redaction rules know one.
pub const MARK: &str = "casefile-drop-1.";

/// Longest link that is read: a thousand signatures are less than half of it.
const MOST_BYTES: usize = 256 * 1024;

/// A drop's link. What it holds is read where it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct DropLink(String);

/// A text that is no link. It does not hold the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no drop link: it begins with `{MARK}`, and has no spaces")]
pub struct NoDropLink;

impl DropLink {
    /// Reads a link.
    pub fn parse(text: &str) -> Result<Self, NoDropLink> {
        let text = text.trim();
        let inside = text.strip_prefix(MARK).ok_or(NoDropLink)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let fits = !inside.is_empty() && text.len() <= MOST_BYTES && inside.chars().all(allowed);
        if fits { Ok(Self(text.to_owned())) } else { Err(NoDropLink) }
    }

    /// The link, to be used or handed out. It stands in no plan, manifest, journal or message.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DropLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DropLink(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_from_other_texts_and_does_not_show() {
        let link = DropLink::parse(" casefile-drop-1.eyJ2IjoxfQ\n").expect("a link");
        assert_eq!(link.reveal(), "casefile-drop-1.eyJ2IjoxfQ");
        assert_eq!(format!("{link:?}"), "DropLink(…)");
        for wrong in ["", "casefile-drop-1.", "casefile-drop-2.eyJ2IjoxfQ", "https://h/x", "casefile-drop-1.a b"] {
            assert_eq!(DropLink::parse(wrong), Err(NoDropLink), "{wrong}");
        }
    }
}
