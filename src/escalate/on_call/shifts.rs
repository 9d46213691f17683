//! Shifts as an iCalendar file gives them: single ones, and ones that come again every so many days or weeks.
//!
//! A shift that comes again begins and ends at the same times on the wall, whatever the clocks do in between: counted in
//! hours, a weekly handover at 09:00 would leave an hour to nobody once a year.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// The longest shift. A longer one is a slip of the pen, and would make every look at it walk far.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// One entry of the file.
#[derive(Debug, Clone)]
pub(super) struct Shift {
    /// Who has it.
    pub(super) who: String,
    /// When it begins for the first time, by the clock on the wall of `zone`.
    pub(super) start: DateTime,
    /// How long it is by that clock.
    pub(super) length: SignedDuration,
    pub(super) zone: TimeZone,
    pub(super) again: Option<Again>,
    /// Beginnings that are left out.
    pub(super) but: BTreeSet<Timestamp>,
}

/// How it comes again.
#[derive(Debug, Clone)]
pub(super) struct Again {
    /// The first day of the first period.
    pub(super) first: Date,
    /// The days of a period.
    pub(super) every_days: i64,
    /// The days of a period on which it comes, counted from its first, in order.
    pub(super) on: Vec<i64>,
    /// How often, where that is limited.
    pub(super) count: Option<i64>,
    /// The last moment at which it may begin.
    pub(super) until: Option<Timestamp>,
}

impl Shift {
    /// The end of the time at `at` that belongs to this shift, with its beginning; nothing where it is off.
    pub(super) fn at(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let wall = at.to_zoned(self.zone.clone()).datetime();
        // Clocks that were changed meanwhile move the end by less than a day.
        let from = wall.checked_sub(self.length).ok()?.checked_sub(1.day()).ok()?;
        let spans = self.starts(from.date(), wall.date().checked_add(1.day()).ok()?);
        spans.into_iter().filter_map(|start| self.span(start)).rfind(|(start, end)| *start <= at && at < *end)
    }

    /// The first beginning after `at`, as far as a year ahead.
    pub(super) fn next(&self, at: Timestamp) -> Option<Timestamp> {
        let day = at.to_zoned(self.zone.clone()).date();
        let to = day.checked_add(366.days()).ok()?;
        let starts = self.starts(day.checked_sub(1.day()).ok()?, to);
        starts.into_iter().filter_map(|start| self.span(start)).map(|(start, _)| start).find(|start| *start > at)
    }

    /// When it really begins and ends, unless it is left out.
    fn span(&self, start: DateTime) -> Option<(Timestamp, Timestamp)> {
        let moment = |wall: DateTime| wall.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp());
        let (begin, end) = (moment(start)?, moment(start.checked_add(self.length).ok()?)?);
        let late = self.again.as_ref().and_then(|again| again.until).is_some_and(|until| begin > until);
        (begin < end && !late && !self.but.contains(&begin)).then_some((begin, end))
    }

    /// Its beginnings on the wall from the day `from` up to the day `to`, in order.
    fn starts(&self, from: Date, to: Date) -> Vec<DateTime> {
        let first = self.start.date();
        let Some(again) = &self.again else {
            return if (from..=to).contains(&first) { vec![self.start] } else { Vec::new() };
        };
        let days = |a: Date, b: Date| b.duration_since(a).as_secs() / 86_400;
        let each = i64::try_from(again.on.len()).unwrap_or(i64::MAX);
        // Days of the first period that lie before the first shift are none of it.
        let before = i64::try_from(again.on.iter().filter(|day| **day < days(again.first, first)).count()).unwrap_or(0);
        let period = |day: Date| days(again.first, day).div_euclid(again.every_days);
        let mut starts = Vec::new();
        for n in period(from).max(0)..=period(to) {
            for (place, day) in (0i64..).zip(&again.on) {
                let number = n * each + place - before;
                if number < 0 || again.count.is_some_and(|count| number >= count) {
                    continue;
                }
                let date = again.first.checked_add((n * again.every_days + day).days());
                let start =
                    date.ok().filter(|date| (from..=to).contains(date)).map(|date| date.to_datetime(self.start.time()));
                starts.extend(start);
            }
        }
        starts
    }
}
