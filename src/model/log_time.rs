//! Time stamps in log lines, for the span that a log covers and for `--since`.
//!
//! Knows RFC 3339 and its relatives (`2026-11-23 10:15:00,123 +0100`), syslog (RFC 3164, `Nov 23 10:15:00`), the common log
//! format of web servers (`23/Nov/2026:10:15:00 +0100`), and seconds or milliseconds since 1970 at the start of a line.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

/// How far into a line a time stamp is looked for. Prefixes (pod, level, thread) are shorter than this.
const REACH: usize = 200;

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// What a line does not say about its time.
#[derive(Debug, Clone)]
pub struct Assumed {
    /// The zone of stamps that state none: the machine's own.
    pub zone: TimeZone,
    /// A moment soon after the stamps, for those without a year: the file's modification time.
    pub not_after: Timestamp,
}

/// A time stamp found in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTime {
    /// The moment, UTC.
    pub at: Timestamp,
    /// Whether the line states its zone.
    pub zone_stated: bool,
}

/// The first time stamp in `line`.
#[must_use]
pub fn find(line: &[u8], assumed: &Assumed) -> Option<LogTime> {
    let line = &line[..line.len().min(REACH)];
    if let Some(found) = since_epoch(line) {
        return Some(found);
    }
    (0..line.len()).filter(|at| *at == 0 || !line[at - 1].is_ascii_alphanumeric()).find_map(|at| {
        let rest = &line[at..];
        iso(rest, assumed).or_else(|| common_log(rest, assumed)).or_else(|| syslog(rest, assumed))
    })
}

fn number(digits: &[u8]) -> Option<i64> {
    let plain = !digits.is_empty() && digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
}

/// The number at `from..from + length`.
fn field(text: &[u8], from: usize, length: usize) -> Option<i64> {
    number(text.get(from..from + length)?)
}

fn iso(text: &[u8], assumed: &Assumed) -> Option<LogTime> {
    let separators = text.len() >= 19
        && matches!((text[4], text[7]), (b'-', b'-') | (b'/', b'/'))
        && matches!(text[10], b'T' | b't' | b' ' | b'_');
    if !separators {
        return None;
    }
    let date = date(field(text, 0, 4)?, field(text, 5, 2)?, field(text, 8, 2)?)?;
    let (time, used) = clock(&text[11..])?;
    zoned(date.to_datetime(time), &text[11 + used..], assumed)
}

fn common_log(text: &[u8], assumed: &Assumed) -> Option<LogTime> {
    if text.len() < 20 || text[2] != b'/' || text[6] != b'/' || text[11] != b':' {
        return None;
    }
    let date = date(field(text, 7, 4)?, month(&text[3..6])?, field(text, 0, 2)?)?;
    let (time, used) = clock(&text[12..])?;
    zoned(date.to_datetime(time), &text[12 + used..], assumed)
}

fn syslog(text: &[u8], assumed: &Assumed) -> Option<LogTime> {
    if text.len() < 15 || text[3] != b' ' || text[6] != b' ' {
        return None;
    }
    let month = month(&text[..3])?;
    let day = number(text[4..6].trim_ascii_start())?;
    let (time, _) = clock(&text[7..])?;
    let end = assumed.not_after.to_zoned(assumed.zone.clone());
    let in_year = |year: i64| {
        let moment = date(year, month, day)?.to_datetime(time).to_zoned(assumed.zone.clone()).ok()?;
        Some(LogTime { at: moment.timestamp(), zone_stated: false })
    };
    let this = i64::from(end.year());
    // A day of grace: the clock that wrote the file's time is not always the one that wrote the line.
    let limit = assumed.not_after.checked_add(jiff::SignedDuration::from_hours(24)).ok()?;
    in_year(this).filter(|found| found.at <= limit).or_else(|| in_year(this - 1))
}

fn since_epoch(line: &[u8]) -> Option<LogTime> {
    let start = line.iter().position(|b| !b"[\"{ ".contains(b))?;
    let line = &line[start..];
    let line =
        [&b"ts\":"[..], b"time\":", b"timestamp\":"].iter().find_map(|key| line.strip_prefix(*key)).unwrap_or(line);
    let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = number(&line[..digits])?;
    let ends = line.get(digits).is_none_or(|b| b" .,]}\t:".contains(b));
    let at = match digits {
        10 if ends => Timestamp::from_second(whole).ok()?,
        13 if ends => Timestamp::from_millisecond(whole).ok()?,
        _ => return None,
    };
    // 2001 to 2065: other numbers of that length are more likely ids.
    (1_000_000_000..3_000_000_000).contains(&at.as_second()).then_some(LogTime { at, zone_stated: true })
}

fn month(name: &[u8]) -> Option<i64> {
    MONTHS.iter().position(|m| m.eq_ignore_ascii_case(name)).map(|n| n as i64 + 1)
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// `hh:mm:ss` with an optional fraction: the time and the bytes used.
fn clock(text: &[u8]) -> Option<(Time, usize)> {
    if text.len() < 8 || text[2] != b':' || text[5] != b':' {
        return None;
    }
    let part = |from| field(text, from, 2).and_then(|n| i8::try_from(n).ok());
    // 60 is a leap second.
    let second = part(6)?.min(59);
    let mut used = 8;
    let mut nanos = 0;
    if matches!(text.get(8), Some(b'.' | b',')) {
        let digits = text[9..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            let kept = digits.min(9);
            nanos = number(&text[9..9 + kept])? * 10i64.pow(9 - u32::try_from(kept).ok()?);
            used = 9 + digits;
        }
    }
    let time = Time::new(part(0)?, part(3)?, second, i32::try_from(nanos).ok()?).ok()?;
    Some((time, used))
}

/// Reads what follows a local time: `Z`, an offset, or nothing known.
fn zoned(local: DateTime, rest: &[u8], assumed: &Assumed) -> Option<LogTime> {
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    if let Some(b'Z' | b'z') = rest.first() {
        return Some(LogTime { at: local.to_zoned(TimeZone::UTC).ok()?.timestamp(), zone_stated: true });
    }
    if let Some(offset) = offset(rest) {
        return Some(LogTime { at: offset.to_timestamp(local).ok()?, zone_stated: true });
    }
    if rest.starts_with(b"UTC") || rest.starts_with(b"GMT") {
        return Some(LogTime { at: local.to_zoned(TimeZone::UTC).ok()?.timestamp(), zone_stated: true });
    }
    Some(LogTime { at: local.to_zoned(assumed.zone.clone()).ok()?.timestamp(), zone_stated: false })
}

/// `+01:00` or `+0100`.
fn offset(text: &[u8]) -> Option<Offset> {
    let sign = match text.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let colon = usize::from(text.get(3) == Some(&b':'));
    let (hours, minutes) = (field(text, 1, 2)?, field(text, 3 + colon, 2)?);
    Offset::from_seconds(i32::try_from(sign * (hours * 3600 + minutes * 60)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> Option<(String, bool)> {
        let zone = TimeZone::get("Europe/Berlin").expect("bundled");
        let assumed = Assumed { zone, not_after: "2026-11-23T12:00:00Z".parse().expect("a moment") };
        find(line.as_bytes(), &assumed).map(|t| (t.at.to_string(), t.zone_stated))
    }

    #[test]
    fn the_usual_forms_are_read_and_say_whether_they_state_their_zone() {
        for (line, moment, stated) in [
            ("2026-11-23T10:15:00Z started", "2026-11-23T10:15:00Z", true),
            ("2026-11-23T10:15:00.5+01:00 x", "2026-11-23T09:15:00.5Z", true),
            ("2026-11-23 10:15:00,123 INFO x", "2026-11-23T09:15:00.123Z", false),
            ("[2026/11/23 10:15:00] x", "2026-11-23T09:15:00Z", false),
            ("Nov 23 10:15:00 host sshd[1]: x", "2026-11-23T09:15:00Z", false),
            ("Dec  3 10:15:00 host x", "2025-12-03T09:15:00Z", false),
            ("1.2.3.4 - - [23/Nov/2026:10:15:00 +0100] \"GET /\"", "2026-11-23T09:15:00Z", true),
            ("{\"level\":\"info\",\"time\":\"2026-11-23T10:15:00Z\"}", "2026-11-23T10:15:00Z", true),
            ("1795428900 x", "2026-11-23T10:15:00Z", true),
            ("{\"ts\":1795428900.25,\"x\":1}", "2026-11-23T10:15:00Z", true),
        ] {
            assert_eq!(at(line), Some((moment.to_owned(), stated)), "{line}");
        }
    }

    #[test]
    fn what_only_looks_like_a_time_is_none() {
        for line in
            ["", "at java.util.List", "2026-13-45T99:99:99Z", "request 12345678901234567890", "10:15:00 no date"]
        {
            assert_eq!(at(line), None, "{line}");
        }
    }
}
