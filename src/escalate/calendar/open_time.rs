//! Open time as stretches of real time, and how far a number of open minutes or business days reaches.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::Calendar;

/// Days that are walked at most for one answer: ten years. A desk that does not open so long opens never.
const MOST_DAYS: u32 = 3660;

/// The largest offset of a zone, and a little: no moment is further than that from its time on the wall read as UTC.
const FARTHEST_OFFSET: SignedDuration = SignedDuration::from_hours(26);

/// A desk that, as far as ten years ahead, does not open long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the business calendar does not open often enough within ten years")]
pub struct NeverOpens;

/// A stretch of time in which the desk is open, half-open, and the day to which it belongs. Ordered by its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    open: Timestamp,
    close: Timestamp,
    day: Date,
}

impl Calendar {
    /// Whether the desk is open at `at`; the closing minute is outside.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.stretches(at).take_while(|stretch| stretch.open <= at).any(|stretch| at < stretch.close)
    }

    /// The first moment at or after `from` at which the desk is open: `from` itself while it is.
    pub fn next_open(&self, from: Timestamp) -> Result<Timestamp, NeverOpens> {
        Ok(self.stretch_at_or_after(from)?.open.max(from))
    }

    /// The moment at which `minutes` of open time have passed since `from`. The last of them may be the closing minute.
    pub fn after_open_minutes(&self, from: Timestamp, minutes: u32) -> Result<Timestamp, NeverOpens> {
        let mut left = SignedDuration::from_mins(i64::from(minutes));
        for stretch in self.stretches(from) {
            let begin = stretch.open.max(from);
            let length = stretch.close.duration_since(begin);
            if length <= SignedDuration::ZERO {
                continue;
            }
            if left <= length {
                return begin.checked_add(left).map_err(|_| NeverOpens);
            }
            left -= length;
        }
        Err(NeverOpens)
    }

    /// The same time of day, `days` business days after `from`; what comes while the desk is closed counts from its next
    /// opening. Where that day closes earlier, its closing; where it opens later, its opening.
    pub fn after_business_days(&self, from: Timestamp, days: u32) -> Result<Timestamp, NeverOpens> {
        let first = self.stretch_at_or_after(from)?;
        let start = first.open.max(from);
        // By the clock on the wall since the day of the shift began: over 24 hours in a shift over midnight.
        let time = self.zoned(start).datetime().duration_since(first.day.at(0, 0, 0, 0));
        let mut day = first.day;
        let mut left = days;
        for _ in 0..MOST_DAYS {
            if left == 0 {
                return self.nearest_open(day, time).ok_or(NeverOpens);
            }
            day = day.tomorrow().map_err(|_| NeverOpens)?;
            left -= u32::from(self.opens_on(day));
        }
        Err(NeverOpens)
    }

    /// `time` after midnight of `day` by the clock on the wall, within the hours of that day.
    fn nearest_open(&self, day: Date, time: SignedDuration) -> Option<Timestamp> {
        let wanted = self.first_moment_of(day.at(0, 0, 0, 0).checked_add(time).ok()?)?;
        let mut stretches = Vec::new();
        self.open_on(day, &mut |stretch| stretches.push(stretch));
        stretches.sort_unstable();
        if stretches.iter().any(|stretch| stretch.open <= wanted && wanted <= stretch.close) {
            return Some(wanted);
        }
        let closed_before = stretches.iter().map(|stretch| stretch.close).rfind(|close| *close <= wanted);
        closed_before.or_else(|| stretches.first().map(|stretch| stretch.open))
    }

    fn opens_on(&self, day: Date) -> bool {
        let mut opens = false;
        self.open_on(day, &mut |_| opens = true);
        opens
    }

    /// The stretch that holds `from`, or else the next.
    fn stretch_at_or_after(&self, from: Timestamp) -> Result<Stretch, NeverOpens> {
        self.stretches(from).find(|stretch| stretch.close > from).ok_or(NeverOpens)
    }

    /// The stretches that end after `from` and some before it, in order and disjoint, for ten years.
    fn stretches(&self, from: Timestamp) -> Stretches<'_> {
        // A shift of the day before may still run, and a clock that is set back over midnight shows that day twice.
        let first = self.zoned(from).date();
        let first = first.checked_sub(2.days()).unwrap_or(first);
        Stretches { calendar: self, next_day: Some(first), days_left: MOST_DAYS, ahead: BTreeSet::new(), until: None }
    }

    /// The stretches of the windows that open on `day`.
    fn open_on(&self, day: Date, take: &mut dyn FnMut(Stretch)) {
        for (open, close) in self.windows(day).iter().filter_map(|window| window.on(day)) {
            self.while_the_wall_shows(open, close, &mut |open, close| take(Stretch { open, close, day }));
        }
    }

    /// The real time during which a clock on the wall shows a time from `open` up to `close`: one stretch, or several or
    /// none where the clocks are changed.
    fn while_the_wall_shows(&self, open: DateTime, close: DateTime, take: &mut dyn FnMut(Timestamp, Timestamp)) {
        let (Some(first), Some(last)) = (as_utc(open, -FARTHEST_OFFSET), as_utc(close, FARTHEST_OFFSET)) else {
            return;
        };
        let changes = self.zone.following(first).map(|change| change.timestamp()).take_while(|at| *at < last);
        let mut from = first;
        for until in changes.chain([last]) {
            let offset = self.zone.to_offset(from);
            if let (Ok(open), Ok(close)) = (offset.to_timestamp(open), offset.to_timestamp(close)) {
                let (open, close) = (open.max(from), close.min(until));
                if open < close {
                    take(open, close);
                }
            }
            from = until;
        }
    }

    /// The first moment at which the clock on the wall shows `time` or, where that time is skipped, a later one.
    fn first_moment_of(&self, time: DateTime) -> Option<Timestamp> {
        let next = time.checked_add(1.days()).ok()?;
        let mut first = None;
        self.while_the_wall_shows(time, next, &mut |open, _| {
            first = Some(first.map_or(open, |f: Timestamp| f.min(open)));
        });
        first
    }
}

/// A time on the wall read as UTC, moved by `by`.
fn as_utc(time: DateTime, by: SignedDuration) -> Option<Timestamp> {
    jiff::tz::Offset::UTC.to_timestamp(time).ok()?.checked_add(by).ok()
}

/// Walks day by day. The stretches of a day may lie before those of the day before it where clocks are set back, so that a
/// stretch goes out only when no later day can have an earlier one.
struct Stretches<'a> {
    calendar: &'a Calendar,
    next_day: Option<Date>,
    days_left: u32,
    ahead: BTreeSet<Stretch>,
    /// How far open time has gone out already: shifts may overlap.
    until: Option<Timestamp>,
}

impl Stretches<'_> {
    /// The day that is looked at next, and the earliest moment that it may hold.
    fn next_day(&self) -> Option<(Date, Timestamp)> {
        let day = self.next_day.filter(|_| self.days_left > 0)?;
        Some((day, as_utc(day.at(0, 0, 0, 0), -FARTHEST_OFFSET)?))
    }
}

impl Iterator for Stretches<'_> {
    type Item = Stretch;

    fn next(&mut self) -> Option<Stretch> {
        loop {
            while let Some((day, earliest)) = self.next_day() {
                if self.ahead.first().is_some_and(|stretch| stretch.open < earliest) {
                    break;
                }
                self.calendar.open_on(day, &mut |stretch| {
                    self.ahead.insert(stretch);
                });
                self.next_day = day.tomorrow().ok();
                self.days_left -= 1;
            }
            let mut stretch = self.ahead.pop_first()?;
            stretch.open = self.until.map_or(stretch.open, |until| stretch.open.max(until));
            if stretch.open < stretch.close {
                self.until = Some(stretch.close);
                return Some(stretch);
            }
        }
    }
}
