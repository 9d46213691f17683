//! The name of a file inside a bundle. Parsing is the only way to make one, so no other name can escape a folder.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest segment, in bytes. Short enough that a bundle unpacks below a deep folder on Windows (260 characters a path).
pub const MAX_SEGMENT: usize = 100;

/// The most segments in a path. Source trees that people send are seldom deeper than 20.
pub const MAX_SEGMENTS: usize = 32;

/// Names that Windows takes for devices, with or without an extension
/// (Microsoft, "Naming Files, Paths, and Namespaces").
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// A relative path of segments of `[A-Za-z0-9._-]`, separated by `/`, that means the same on every system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct ArtifactPath(String);

/// Why a text is no [`ArtifactPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactPathError {
    /// Nothing between two separators, or nothing at all.
    #[error("has an empty segment")]
    EmptySegment,
    /// `.` or `..`, or a name that ends in a dot, which Windows drops.
    #[error("has a segment of dots or one that ends in a dot")]
    Dots,
    /// A character outside `[A-Za-z0-9._-]`.
    #[error("has a character that is not a letter, digit, dot, underscore or hyphen")]
    Character,
    /// A name that Windows takes for a device.
    #[error("has a segment that Windows takes for a device")]
    Device,
    /// Over [`MAX_SEGMENT`] bytes in a segment or over [`MAX_SEGMENTS`] segments.
    #[error("is too long or too deep")]
    TooLong,
}

impl ArtifactPath {
    /// Accepts `raw` when every segment is safe on every system.
    pub fn parse(raw: &str) -> Result<Self, ArtifactPathError> {
        let mut segments = 0;
        for segment in raw.split('/') {
            segments += 1;
            if segment.is_empty() {
                return Err(ArtifactPathError::EmptySegment);
            }
            if !segment.bytes().all(is_plain) {
                return Err(ArtifactPathError::Character);
            }
            if segment.ends_with('.') {
                return Err(ArtifactPathError::Dots);
            }
            if segment.len() > MAX_SEGMENT || segments > MAX_SEGMENTS {
                return Err(ArtifactPathError::TooLong);
            }
            if is_device(segment) {
                return Err(ArtifactPathError::Device);
            }
        }
        Ok(Self(raw.to_owned()))
    }

    /// The nearest safe path to `original`, whose separators may be `/` or `\`. Never fails; may map two originals to
    /// one path, so the bundle numbers what clashes.
    #[must_use]
    pub fn nearest(original: &str) -> Self {
        let mut segments: Vec<String> = original
            .split(['/', '\\'])
            .filter(|s| !s.is_empty() && *s != "." && *s != "..")
            .map(nearest_segment)
            .collect();
        let deep = segments.len().saturating_sub(MAX_SEGMENTS - 4);
        segments.drain(..deep);
        if segments.is_empty() {
            segments.push("unnamed".to_owned());
        }
        Self(segments.join("/"))
    }

    /// This path below `folder`; the folder counts towards the depth that [`ArtifactPath::nearest`] leaves free.
    #[must_use]
    pub fn below(&self, folder: &Self) -> Self {
        Self(format!("{}/{}", folder.0, self.0))
    }

    /// This path with `-n` before its last extension: how a clash is resolved.
    #[must_use]
    pub fn numbered(&self, n: usize) -> Self {
        let (folder, name) = self.0.rsplit_once('/').map_or(("", self.0.as_str()), |(f, n)| (f, n));
        let (stem, extension) = match name.rfind('.') {
            // What is longer than any extension is part of the name.
            Some(at) if at > 0 && name.len() - at <= 16 => name.split_at(at),
            _ => (name, ""),
        };
        let tail = format!("-{n}{extension}");
        let room = MAX_SEGMENT.saturating_sub(tail.len()).min(stem.len());
        let name = format!("{}{tail}", &stem[..room]);
        Self(if folder.is_empty() { name } else { format!("{folder}/{name}") })
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which two paths are the same file on a system that ignores case.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

fn is_device(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or(segment);
    DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device))
}

fn nearest_segment(original: &str) -> String {
    let mut name: String = original
        .chars()
        .map(|c| if c.is_ascii() && is_plain(c as u8) { c } else { '_' })
        .take(MAX_SEGMENT - 2)
        .collect();
    while name.ends_with('.') {
        name.pop();
    }
    if name.is_empty() || is_device(&name) {
        name.insert(0, '_');
    }
    name
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ArtifactPath {
    type Error = ArtifactPathError;
    fn try_from(raw: String) -> Result<Self, Self::Error> {
        Self::parse(&raw)
    }
}

impl From<ArtifactPath> for String {
    fn from(path: ArtifactPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_mean_something_else_on_some_system_are_refused() {
        use ArtifactPathError::*;
        for (raw, why) in [
            ("", EmptySegment),
            ("/etc/passwd", EmptySegment),
            ("a//b", EmptySegment),
            ("..", Dots),
            ("a/../b", Dots),
            ("a.", Dots),
            ("C:/x", Character),
            ("a\\b", Character),
            ("naïve", Character),
            ("a b", Character),
            ("a\u{202e}b", Character),
            ("logs/NUL.txt", Device),
            ("com7", Device),
        ] {
            assert_eq!(ArtifactPath::parse(raw), Err(why), "{raw}");
        }
        assert_eq!(ArtifactPath::parse(&"a".repeat(101)), Err(TooLong));
        assert!(ArtifactPath::parse("data/logs/var/log/syslog.1").is_ok());
    }

    #[test]
    fn a_clash_is_numbered_before_the_extension() {
        assert_eq!(ArtifactPath::nearest("/var/log/a.log").numbered(2).as_str(), "var/log/a-2.log");
        assert_eq!(ArtifactPath::nearest("x").numbered(3).as_str(), "x-3");
    }

    proptest! {
        #[test]
        fn the_nearest_path_is_always_a_path(original in ".{0,300}", n in 0usize..10_000) {
            let path = ArtifactPath::nearest(&original);
            prop_assert!(ArtifactPath::parse(path.as_str()).is_ok());
            prop_assert!(ArtifactPath::parse(path.numbered(n).as_str()).is_ok());
        }
    }
}
