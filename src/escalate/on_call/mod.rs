//! Who is on call: people who take turns, handed over at a time of day, and those who stand in for them; or an iCalendar file.

mod icalendar;
mod shifts;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

use shifts::Shift;

/// A schedule of one team. Only [`Deserialize`] makes one.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "ScheduleText")]
pub struct Schedule {
    zone: TimeZone,
    zone_name: String,
    turns: Turns,
    instead: Vec<StandIn>,
}

/// Where the turns come from.
#[derive(Debug, Clone)]
enum Turns {
    /// People in their order.
    Rotation { from: DateTime, every_days: i64, people: Vec<String> },
    /// An iCalendar file, whose shifts are there once it was read.
    Calendar { path: String, zone_given: bool, shifts: Vec<Shift> },
}

#[derive(Debug, Clone)]
struct StandIn {
    who: String,
    from: DateTime,
    until: DateTime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleText {
    zone: Option<String>,
    from: Option<String>,
    every_days: Option<u16>,
    people: Option<Vec<String>>,
    #[serde(default)]
    instead: Vec<StandInText>,
    icalendar: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandInText {
    who: String,
    from: String,
    until: String,
}

/// Somebody's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who; several where shifts of a calendar lie over one another.
    pub who: String,
    /// The first moment at which it is somebody else's, or a new turn of the same person.
    pub until: Timestamp,
    /// Whether this person stands in for another.
    pub stands_in: bool,
}

impl TryFrom<ScheduleText> for Schedule {
    type Error = String;

    fn try_from(text: ScheduleText) -> Result<Self, String> {
        let zone_given = text.zone.is_some();
        let zone_name = match (text.zone, &text.icalendar) {
            (Some(name), _) => name,
            (None, Some(_)) => "Etc/UTC".to_owned(),
            (None, None) => return Err("`zone` is missing: whose clock the handover follows".to_owned()),
        };
        let zone = TimeZone::get(&zone_name).map_err(|_| "`zone` is not an IANA time zone such as Europe/Berlin")?;
        let time = |key: &str, given: &str| {
            DateTime::strptime("%Y-%m-%dT%H:%M", given)
                .map_err(|_| format!("`{key}` is no time on the wall such as 2026-01-05T09:00"))
        };
        let turns = match (text.icalendar, text.from, text.every_days, text.people) {
            (Some(path), None, None, None) => {
                if path.trim().is_empty() {
                    return Err("`icalendar` names no file".to_owned());
                }
                Turns::Calendar { path, zone_given, shifts: Vec::new() }
            }
            (Some(_), ..) => {
                return Err("`icalendar` stands in the place of `from`, `every_days` and `people`".to_owned());
            }
            (None, Some(from), Some(every_days), Some(people)) => {
                if people.is_empty() || people.iter().any(|who| who.trim().is_empty()) {
                    return Err("`people` names nobody, or somebody without a name".to_owned());
                }
                if every_days == 0 {
                    return Err("`every_days` is 0: a turn lasts at least a day".to_owned());
                }
                Turns::Rotation { from: time("from", &from)?, every_days: i64::from(every_days), people }
            }
            _ => return Err("a schedule needs `from`, `every_days` and `people`, or `icalendar`".to_owned()),
        };
        let mut instead = Vec::new();
        for stand_in in text.instead {
            let (from, until) = (time("from", &stand_in.from)?, time("until", &stand_in.until)?);
            if from >= until || stand_in.who.trim().is_empty() {
                return Err("a stand-in needs a name, and `from` before `until`".to_owned());
            }
            instead.push(StandIn { who: stand_in.who, from, until });
        }
        Ok(Self { zone, zone_name, turns, instead })
    }
}

impl Schedule {
    /// The iCalendar file that the turns come from, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match &self.turns {
            Turns::Calendar { path, .. } => Some(path),
            Turns::Rotation { .. } => None,
        }
    }

    /// Takes the turns from the text of that file. The error says what is wrong in which line.
    pub fn read(&mut self, text: &str) -> Result<(), String> {
        let Turns::Calendar { zone_given, shifts, .. } = &mut self.turns else { return Ok(()) };
        let read = icalendar::read(text, zone_given.then_some(&self.zone))?;
        if let (false, Some((name, zone))) = (*zone_given, read.zone) {
            (self.zone_name, self.zone) = (name, zone);
        }
        *shifts = read.shifts;
        Ok(())
    }

    /// Whose turn it is at `at`: from the minute of the handover on it is the next one's. Of several stand-ins the last that is
    /// written counts. `None` where nobody is on call: before a rotation begins, in a hole of a calendar.
    #[must_use]
    pub fn turn(&self, at: Timestamp) -> Option<Turn> {
        let wall = at.to_zoned(self.zone.clone()).datetime();
        let moment = |wall: DateTime| wall.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp());
        let stand_in = self.instead.iter().rev().find(|instead| instead.from <= wall && wall < instead.until);
        let (who, end, stands_in) = match stand_in {
            Some(instead) => (instead.who.clone(), moment(instead.until)?, true),
            None => {
                let (who, end) = match &self.turns {
                    Turns::Rotation { from, every_days, people } => {
                        let (who, end) = regular(wall, *from, *every_days, people)?;
                        (who.to_owned(), moment(end)?)
                    }
                    Turns::Calendar { shifts, .. } => of_shifts(shifts, at)?,
                };
                (who, end, false)
            }
        };
        let next = self.instead.iter().map(|instead| instead.from).filter(|from| *from > wall).filter_map(moment);
        Some(Turn { who, until: next.chain([end]).min()?, stands_in })
    }

    /// `at` by the clock on the wall of the team, as a person reads it.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        format!("{} {}", local.strftime("%a %Y-%m-%d %H:%M"), self.zone_name)
    }
}

/// Whose regular turn it is, and when by the clock on the wall it ends.
fn regular(wall: DateTime, from: DateTime, every_days: i64, people: &[String]) -> Option<(&str, DateTime)> {
    if wall < from {
        return None;
    }
    let days = wall.duration_since(from).as_secs().div_euclid(24 * 60 * 60);
    let turn = days / every_days;
    let who = &people[usize::try_from(turn).ok()? % people.len()];
    Some((who, from.checked_add(((turn + 1) * every_days).days()).ok()?))
}

/// Everybody whose shift it is, whoever began last first, and when that changes.
fn of_shifts(shifts: &[Shift], at: Timestamp) -> Option<(String, Timestamp)> {
    let mut now: Vec<(Timestamp, Timestamp, &str)> =
        shifts.iter().filter_map(|shift| shift.at(at).map(|(start, end)| (start, end, shift.who.as_str()))).collect();
    now.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
    let end = now.iter().map(|(_, end, _)| *end).min()?;
    let next = shifts.iter().filter_map(|shift| shift.next(at)).min();
    let mut names: Vec<&str> = Vec::new();
    for (_, _, who) in now {
        if !names.contains(&who) {
            names.push(who);
        }
    }
    Some((names.join(", "), next.map_or(end, |next| next.min(end))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::at;

    fn schedule(instead: Vec<(&str, &str, &str)>) -> Schedule {
        let text = |text: &str| text.to_owned();
        let instead = instead
            .into_iter()
            .map(|(who, from, until)| StandInText { who: text(who), from: text(from), until: text(until) })
            .collect();
        ScheduleText {
            zone: Some(text("Europe/Berlin")),
            from: Some(text("2026-01-05T09:00")),
            every_days: Some(7),
            people: Some(vec![text("Ann"), text("Bob"), text("Cara")]),
            instead,
            icalendar: None,
        }
        .try_into()
        .expect("a schedule")
    }

    #[test]
    fn the_turn_changes_in_the_minute_of_the_handover_whatever_the_clocks_do() {
        let weekly = schedule(vec![]);
        for (when, who, until) in [
            ("2026-01-05T09:00:00+01:00", Some("Ann"), "2026-01-12T09:00:00+01:00"),
            ("2026-01-12T08:59:59+01:00", Some("Ann"), "2026-01-12T09:00:00+01:00"),
            ("2026-01-12T09:00:00+01:00", Some("Bob"), "2026-01-19T09:00:00+01:00"),
            ("2026-01-26T08:00:00+01:00", Some("Cara"), "2026-01-26T09:00:00+01:00"),
            ("2026-01-26T09:00:00+01:00", Some("Ann"), "2026-02-02T09:00:00+01:00"),
            // Clocks go forward on Sunday, 29 March: the handover stays at 09:00 on the wall.
            ("2026-03-30T08:59:00+02:00", Some("Cara"), "2026-03-30T09:00:00+02:00"),
            ("2026-03-30T09:00:00+02:00", Some("Ann"), "2026-04-06T09:00:00+02:00"),
            ("2026-01-05T08:59:59+01:00", None, ""),
        ] {
            let turn = weekly.turn(at(when));
            assert_eq!(turn.as_ref().map(|turn| turn.who.as_str()), who, "{when}");
            assert_eq!(turn.map(|turn| turn.until), who.map(|_| at(until)), "{when}");
        }
    }

    #[test]
    fn somebody_who_stands_in_is_on_call_and_the_turn_around_goes_on_afterwards() {
        let with = schedule(vec![
            ("Dan", "2026-01-07T00:00", "2026-01-08T00:00"),
            ("Eve", "2026-01-07T12:00", "2026-01-07T18:00"),
            ("Fay", "2026-01-01T00:00", "2026-01-02T00:00"),
        ]);
        for (when, who, until) in [
            ("2026-01-06T12:00:00+01:00", "Ann", "2026-01-07T00:00:00+01:00"),
            ("2026-01-07T06:00:00+01:00", "Dan", "2026-01-07T12:00:00+01:00"),
            ("2026-01-07T12:00:00+01:00", "Eve", "2026-01-07T18:00:00+01:00"),
            ("2026-01-07T18:00:00+01:00", "Dan", "2026-01-08T00:00:00+01:00"),
            ("2026-01-08T00:00:00+01:00", "Ann", "2026-01-12T09:00:00+01:00"),
            ("2026-01-01T05:00:00+01:00", "Fay", "2026-01-02T00:00:00+01:00"),
        ] {
            let turn = with.turn(at(when)).expect("somebody");
            assert_eq!((turn.who.as_str(), turn.until), (who, at(until)), "{when}");
        }
    }

    #[test]
    fn a_slip_in_a_schedule_is_said() {
        let good = "zone = \"Etc/UTC\"\nfrom = \"2026-01-05T09:00\"\nevery_days = 7\npeople = [\"Ann\"]\n";
        assert!(toml::from_str::<Schedule>(good).is_ok());
        for (from, to, problem) in [
            ("Etc/UTC", "Berlin", "not an IANA"),
            ("T09:00", " 9 am", "no time on the wall"),
            ("every_days = 7", "every_days = 0", "at least a day"),
            ("every_days = 7", "icalendar = \"/etc/sre.ics\"", "stands in the place"),
            ("every_days = 7", "", "a schedule needs"),
            ("zone = \"Etc/UTC\"", "", "`zone` is missing"),
            ("[\"Ann\"]", "[]", "names nobody"),
            ("[\"Ann\"]", "[\" \"]", "without a name"),
            (
                "[\"Ann\"]",
                "[\"Ann\"]\ninstead = [{ who = \"B\", from = \"2026-01-05T09:00\", until = \"2026-01-05T09:00\" }]",
                "before",
            ),
        ] {
            let error = toml::from_str::<Schedule>(&good.replacen(from, to, 1)).expect_err(to).to_string();
            assert!(error.contains(problem), "{to}: {error}");
        }
    }
}
