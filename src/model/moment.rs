//! A point in time as a person gave it: what they wrote, and what it is in UTC.

use jiff::{Timestamp, Zoned, fmt::temporal::DateTimeParser};
use serde::{Deserialize, Serialize};

/// An instant with the text that it came from. A time without an offset or zone is refused, never guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// The instant in UTC, RFC 3339.
    #[cfg_attr(test, schemars(with = "String"))]
    pub utc: Timestamp,
    /// What was written, zone included.
    pub given: String,
}

/// A text that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// Date and time, but nothing says where.
    #[error("has no time zone; write it as 2026-11-23T10:15:00+01:00 or 2026-11-23T10:15:00[Europe/Berlin]")]
    NoZone,
    /// Not a date with a time.
    #[error("is no date and time; write it as 2026-11-23T10:15:00+01:00")]
    NotATime,
}

impl Moment {
    /// Accepts RFC 3339 and RFC 9557 (`…[Europe/Berlin]`), with `T` or a space, with or without seconds.
    pub fn parse(raw: &str) -> Result<Self, MomentError> {
        let given = raw.trim();
        if let Ok(zoned) = given.parse::<Zoned>() {
            return Ok(Self { utc: zoned.timestamp(), given: given.to_owned() });
        }
        static PARSER: DateTimeParser = DateTimeParser::new();
        match PARSER.parse_timestamp(given) {
            Ok(utc) => Ok(Self { utc, given: given.to_owned() }),
            Err(_) if PARSER.parse_datetime(given).is_ok() => Err(MomentError::NoZone),
            Err(_) => Err(MomentError::NotATime),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_needs_a_zone() {
        let berlin = Moment::parse("2026-11-23T10:15[Europe/Berlin]").expect("a zone by name");
        assert_eq!(berlin.utc.to_string(), "2026-11-23T09:15:00Z");
        assert_eq!(Moment::parse("2026-11-23 10:15:00+01:00").map(|m| m.utc), Ok(berlin.utc));
        assert_eq!(Moment::parse("2026-11-23T10:15:00"), Err(MomentError::NoZone));
        assert_eq!(Moment::parse("10:15"), Err(MomentError::NotATime));
    }
}
