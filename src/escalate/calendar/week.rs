//! When a desk opens in a normal week, as people write it: `mon-fri 09:00-17:00`, `sun 22:00-06:00`.

use jiff::Span;
use jiff::civil::{Date, DateTime, Weekday};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// One window of a day by the clock on the wall, half-open: the closing minute is outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window {
    /// Minutes after midnight of the day that it belongs to.
    open: u16,
    /// The same; over 24 hours for a shift that ends on the next day.
    close: u16,
}

impl Window {
    /// Reads `09:00-17:00`. `22:00-06:00` ends on the next day, `00:00-24:00` is the whole day.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no window such as 09:00-17:00");
        let (open, close) = text.split_once('-').ok_or_else(wrong)?;
        let (open, close) = (minutes(open).ok_or_else(wrong)?, minutes(close).ok_or_else(wrong)?);
        if open == close {
            return Err(format!("`{text}` opens and closes at the same minute; the whole day is 00:00-24:00"));
        }
        if open == DAY {
            return Err(format!("`{text}` opens at 24:00; write 00:00 of the next day"));
        }
        Ok(Self { open, close: if close > open { close } else { close + DAY } })
    }

    /// The window on `day`, by the clock on the wall. `None` at the end of the calendar, in the year 9999.
    pub(super) fn on(self, day: Date) -> Option<(DateTime, DateTime)> {
        let midnight = day.at(0, 0, 0, 0);
        let at = |minutes: u16| midnight.checked_add(Span::new().minutes(minutes)).ok();
        Some((at(self.open)?, at(self.close)?))
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { open, close } = self;
        let close = if *close > DAY { close - DAY } else { *close };
        write!(f, "{:02}:{:02}-{:02}:{:02}", open / 60, open % 60, close / 60, close % 60)
    }
}

/// `HH:MM` up to 24:00.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let two = |digits: &str| {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse::<u16>().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (minutes < 60 && hours * 60 + minutes <= DAY).then_some(hours * 60 + minutes)
}

/// The windows of each day of a week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Week {
    days: [Vec<Window>; 7],
}

impl Week {
    /// Reads lines such as `mon-fri 09:00-12:00 13:00-17:00` and `sat 10:00-14:00`; several lines may speak of one day.
    pub(super) fn parse(lines: &[String]) -> Result<Self, String> {
        let mut week = Self::default();
        for line in lines {
            let mut words = line.split_whitespace();
            let days = words.next().ok_or("a line of `week` is empty")?;
            let days = days_named(days)
                .ok_or_else(|| format!("`{days}` names no days; write mon, tue, wed, thu, fri, sat, sun or mon-fri"))?;
            let windows: Vec<Window> = words.map(Window::parse).collect::<Result<_, _>>()?;
            if windows.is_empty() {
                return Err(format!("`{line}` names no hours; write for example mon-fri 09:00-17:00"));
            }
            for day in days {
                week.days[index(day)].extend_from_slice(&windows);
            }
        }
        week.days.iter_mut().for_each(|windows| windows.sort_unstable());
        Ok(week)
    }

    /// Whether no day has a window.
    pub(super) fn is_empty(&self) -> bool {
        self.days.iter().all(Vec::is_empty)
    }

    /// The windows that open on such a day.
    pub(super) fn on(&self, day: Weekday) -> &[Window] {
        &self.days[index(day)]
    }
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

/// `fri`, or `mon-fri`; `sat-mon` goes over the end of the week.
fn days_named(text: &str) -> Option<Vec<Weekday>> {
    let Some((first, last)) = text.split_once('-') else { return Some(vec![weekday(text)?]) };
    let (first, last) = (weekday(first)?, weekday(last)?);
    let days = first.until(last);
    Some((0..=days).map(|n| first.wrapping_add(n)).collect())
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.to_ascii_lowercase().as_str() {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(lines: &[&str]) -> Result<Week, String> {
        Week::parse(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    }

    fn shown(week: &Week, day: Weekday) -> Vec<String> {
        week.on(day).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_week_is_read_as_people_write_it() {
        let read =
            week(&["mon-fri 13:00-17:00 09:00-12:00", "sat-mon 22:00-06:00", "SUN 00:00-24:00"]).expect("a week");
        assert_eq!(shown(&read, Weekday::Monday), ["09:00-12:00", "13:00-17:00", "22:00-06:00"]);
        assert_eq!(shown(&read, Weekday::Friday), ["09:00-12:00", "13:00-17:00"]);
        assert_eq!(shown(&read, Weekday::Saturday), ["22:00-06:00"]);
        assert_eq!(shown(&read, Weekday::Sunday), ["00:00-24:00", "22:00-06:00"]);
        assert!(week(&[]).is_ok_and(|week| week.is_empty()));
    }

    #[test]
    fn what_is_no_week_is_refused_with_a_word_on_how_to_write_it() {
        for (line, problem) in [
            ("", "is empty"),
            ("mon", "names no hours"),
            ("montag 09:00-17:00", "names no days"),
            ("mon-fry 09:00-17:00", "names no days"),
            ("mon 9-17", "no window"),
            ("mon 9:00-17:00", "no window"),
            ("mon 09:00", "no window"),
            ("mon 09:60-17:00", "no window"),
            ("mon 09:00-24:01", "no window"),
            ("mon 09:00-09:00", "same minute"),
            ("mon 24:00-06:00", "opens at 24:00"),
        ] {
            let error = week(&[line]).expect_err(line);
            assert!(error.contains(problem), "{line}: {error}");
        }
    }
}
