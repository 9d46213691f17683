//! Business calendars: when a desk is open, and when a number of its open hours or days has passed.
//!
//! The desk is open whenever the clock on its wall shows a time within its windows. So a window that begins in the hour that
//! the clocks skip opens when they have jumped, and one that lies in the hour that they repeat is open both times. A shift over midnight
//! belongs to the day on which it opens: a holiday takes away the shift that would begin on it, not the rest of the one before.

mod open_time;
mod week;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Deserialize;

pub use open_time::NeverOpens;
use week::{Week, Window};

/// When a desk is open. Only [`Deserialize`] makes one; it may still turn out to open never again, see [`NeverOpens`].
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "CalendarText")]
pub struct Calendar {
    zone: TimeZone,
    zone_name: String,
    week: Week,
    /// Days that are no normal days, by date; then those of every year, by month and day.
    dates: BTreeMap<Date, Holiday>,
    yearly: BTreeMap<(i8, i8), Holiday>,
}

/// A day with a name and hours of its own, mostly none.
#[derive(Debug, Clone)]
struct Holiday {
    name: String,
    windows: Vec<Window>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarText {
    zone: String,
    week: Vec<String>,
    #[serde(default)]
    holidays: Vec<HolidayText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidayText {
    /// `2026-12-25`, or `12-25` for every year.
    date: String,
    name: String,
    /// Windows that are open all the same.
    #[serde(default)]
    hours: Vec<String>,
}

/// Why a desk is closed at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// A holiday of this name.
    Holiday(String),
    /// It does not open on this day of the week, such as `Sunday`.
    Day(String),
    /// It opens on this day, at other hours.
    Hour(String),
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Holiday(name) => write!(f, "holiday: {name}"),
            Self::Day(day) => f.write_str(day),
            Self::Hour(windows) => write!(f, "open {windows}"),
        }
    }
}

impl TryFrom<CalendarText> for Calendar {
    type Error = String;

    fn try_from(text: CalendarText) -> Result<Self, String> {
        let zone = TimeZone::get(&text.zone).map_err(|_| "`zone` is not an IANA time zone such as Europe/Berlin")?;
        let week = Week::parse(&text.week)?;
        let (mut dates, mut yearly) = (BTreeMap::new(), BTreeMap::new());
        for HolidayText { date, name, hours } in text.holidays {
            if name.trim().is_empty() {
                return Err(format!("the holiday `{date}` has no name"));
            }
            let windows = hours.iter().map(|hours| Window::parse(hours)).collect::<Result<_, _>>()?;
            let holiday = Holiday { name: name.trim().to_owned(), windows };
            let known = match date.parse::<Date>() {
                Ok(day) => dates.insert(day, holiday),
                // 2000 had a 29 February.
                Err(_) => match format!("2000-{date}").parse::<Date>() {
                    Ok(day) if date.len() == 5 => yearly.insert((day.month(), day.day()), holiday),
                    _ => return Err(format!("`{date}` is no day such as 2026-12-25, or 12-25 for every year")),
                },
            };
            if known.is_some() {
                return Err(format!("the holiday `{date}` stands there twice"));
            }
        }
        let calendar = Self { zone, zone_name: text.zone, week, dates, yearly };
        if calendar.never_opens() {
            return Err("the desk is never open: give at least one day with hours that is no holiday".to_owned());
        }
        Ok(calendar)
    }
}

impl Calendar {
    /// Whether no day of any year has a window.
    fn never_opens(&self) -> bool {
        let open = |holiday: &Holiday| !holiday.windows.is_empty();
        // All 366 days of a year are holidays: then the week says nothing any more.
        let normal_days = self.yearly.len() < 366 && !self.week.is_empty();
        !normal_days && !self.yearly.values().any(open) && !self.dates.values().any(open)
    }

    /// The windows that open on `day`.
    fn windows(&self, day: Date) -> &[Window] {
        self.holiday(day).map_or_else(|| self.week.on(day.weekday()), |holiday| &holiday.windows)
    }

    fn holiday(&self, day: Date) -> Option<&Holiday> {
        self.dates.get(&day).or_else(|| self.yearly.get(&(day.month(), day.day())))
    }

    /// The zone's name, so that a due time can say whose hours were counted.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// `at` in the zone of the desk, as a person reads it.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> String {
        self.zoned(at).strftime("%a %Y-%m-%d %H:%M %:z").to_string()
    }

    fn zoned(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// Why the desk is closed at `at`; `None` while it is open. The closing minute is outside.
    #[must_use]
    pub fn closed(&self, at: Timestamp) -> Option<Closed> {
        if self.is_open(at) {
            return None;
        }
        let day = self.zoned(at).date();
        let windows = self.windows(day).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Some(match self.holiday(day) {
            Some(holiday) => Closed::Holiday(holiday.name.clone()),
            None if windows.is_empty() => Closed::Day(day.strftime("%A").to_string()),
            None => Closed::Hour(windows),
        })
    }
}

#[cfg(test)]
mod odd_zones;
#[cfg(test)]
mod tests;
