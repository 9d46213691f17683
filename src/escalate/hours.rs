//! Business hours: a zone, days and a window each day. Holidays and shifts over midnight come with the deep version.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

/// Days that are walked at most for one target. The longest target is a year of open minutes; a desk that opens for an
/// hour a week reaches it after 168 years, so what lies beyond 10 years is answered with the last day walked.
const MOST_DAYS: u32 = 3660;

/// When the desk is open. Only [`Deserialize`] makes one, so it opens at least once a week.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "HoursText")]
pub struct BusinessHours {
    zone: TimeZone,
    zone_name: String,
    days: Vec<Weekday>,
    open: Time,
    close: Time,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursText {
    zone: String,
    days: Vec<Day>,
    open: String,
    close: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl TryFrom<HoursText> for BusinessHours {
    type Error = String;

    fn try_from(text: HoursText) -> Result<Self, String> {
        let zone = TimeZone::get(&text.zone).map_err(|_| "`zone` is not an IANA time zone such as Europe/Berlin")?;
        let time = |key: &str, given: &str| {
            Time::strptime("%H:%M", given).map_err(|_| format!("`{key}` is no time of day such as 09:00"))
        };
        let (open, close) = (time("open", &text.open)?, time("close", &text.close)?);
        if open >= close || text.days.is_empty() {
            return Err("the desk is never open: give at least one day, and `open` before `close`".to_owned());
        }
        let days = text.days.into_iter().map(Day::weekday).collect();
        Ok(Self { zone, zone_name: text.zone, days, open, close })
    }
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

impl BusinessHours {
    /// Whether the desk is open at `at`; the closing minute is outside.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.zone.clone());
        self.days.contains(&local.weekday()) && (self.open..self.close).contains(&local.time())
    }

    /// The zone's name, so that a due time can say whose hours were counted.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// `at` in the zone of the desk, as a person reads it.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%a %Y-%m-%d %H:%M %:z").to_string()
    }

    /// The moment at which `minutes` of open time have passed since `from`. The last of them may be the closing minute.
    #[must_use]
    pub fn after_open_minutes(&self, from: Timestamp, minutes: u32) -> Timestamp {
        let mut left = i64::from(minutes) * 60;
        let mut last = from;
        for (open, close) in self.windows(from) {
            let begin = open.max(from);
            let seconds = close.as_second() - begin.as_second();
            if seconds <= 0 {
                continue;
            }
            if left <= seconds {
                return begin.checked_add(left.seconds()).unwrap_or(close);
            }
            left -= seconds;
            last = close;
        }
        last
    }

    /// The same time of day, `days` business days after `from`; what comes while the desk is closed counts from its next
    /// opening.
    #[must_use]
    pub fn after_business_days(&self, from: Timestamp, days: u32) -> Timestamp {
        let start = if self.is_open(from) { from } else { self.next_opening(from) };
        let local = start.to_zoned(self.zone.clone());
        let mut date = local.date();
        let mut left = days;
        for _ in 0..MOST_DAYS {
            if left == 0 {
                break;
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            left -= u32::from(self.days.contains(&date.weekday()));
        }
        self.at(date, local.time()).unwrap_or(start)
    }

    /// The first opening at or after `from`.
    #[must_use]
    pub fn next_opening(&self, from: Timestamp) -> Timestamp {
        self.windows(from).map(|(open, _)| open).find(|open| *open >= from).unwrap_or(from)
    }

    /// The open windows from the day of `from` on, as half-open intervals `[open, close)`.
    fn windows(&self, from: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let first = from.to_zoned(self.zone.clone()).date();
        std::iter::successors(Some(first), |date| date.tomorrow().ok())
            .take(MOST_DAYS as usize)
            .filter(|date| self.days.contains(&date.weekday()))
            .filter_map(|date| Some((self.at(date, self.open)?, self.at(date, self.close)?)))
    }

    /// A local time as an instant. A time that the clocks skip is moved on by the length of the gap, one that they
    /// repeat is the first of the two (jiff's "compatible", RFC 5545).
    fn at(&self, date: Date, time: Time) -> Option<Timestamp> {
        Some(date.to_datetime(time).to_zoned(self.zone.clone()).ok()?.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::at;

    fn berlin() -> BusinessHours {
        let zone = "Europe/Berlin".to_owned();
        let days = vec![Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri];
        HoursText { zone, days, open: "09:00".to_owned(), close: "17:00".to_owned() }.try_into().expect("open")
    }

    #[test]
    fn the_desk_is_open_from_the_opening_minute_up_to_the_closing_one() {
        for (when, open) in [
            ("2026-11-23T07:59:59Z", false),
            ("2026-11-23T08:00:00Z", true),
            ("2026-11-23T15:59:59Z", true),
            ("2026-11-23T16:00:00Z", false),
            ("2026-11-22T10:00:00Z", false), // Sunday
            ("2026-07-01T07:30:00Z", true),  // summer time: 09:30
        ] {
            assert_eq!(berlin().is_open(at(when)), open, "{when}");
        }
    }

    #[test]
    fn both_readings_of_24_hours_have_their_own_due_time() {
        // Friday 2026-11-20 16:00 in Berlin.
        let friday = at("2026-11-20T15:00:00Z");
        // One hour on Friday, 8 on Monday and Tuesday, 7 on Wednesday: 16:00.
        assert_eq!(berlin().after_open_minutes(friday, 1440), at("2026-11-25T15:00:00Z"));
        assert_eq!(berlin().after_business_days(friday, 1), at("2026-11-23T15:00:00Z"));
    }

    #[test]
    fn what_is_reported_while_the_desk_is_closed_counts_from_its_opening() {
        let saturday = at("2026-11-21T11:00:00Z");
        assert_eq!(berlin().after_open_minutes(saturday, 60), at("2026-11-23T09:00:00Z"));
        assert_eq!(berlin().after_business_days(saturday, 1), at("2026-11-24T08:00:00Z"));
        // A full day ends on the closing minute, not on the next opening.
        assert_eq!(berlin().after_open_minutes(saturday, 480), at("2026-11-23T16:00:00Z"));
    }

    #[test]
    fn hours_are_counted_by_the_clock_on_the_wall_when_summer_time_ends() {
        // Friday 2026-10-23 16:00 (+02:00); the clocks go back on Sunday.
        assert_eq!(berlin().after_business_days(at("2026-10-23T14:00:00Z"), 1), at("2026-10-26T15:00:00Z"));
    }
}
