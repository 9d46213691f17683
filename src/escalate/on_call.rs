//! Who is on call: people who take turns, handed over at a time of day, and those who stand in for them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

/// A schedule of one team. Only [`Deserialize`] makes one.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "ScheduleText")]
pub struct Schedule {
    zone: TimeZone,
    zone_name: String,
    from: DateTime,
    every_days: i64,
    people: Vec<String>,
    instead: Vec<StandIn>,
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
    zone: String,
    from: String,
    every_days: u16,
    people: Vec<String>,
    #[serde(default)]
    instead: Vec<StandInText>,
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
pub struct Turn<'a> {
    /// Who.
    pub who: &'a str,
    /// The first moment at which it is somebody else's, or a new turn of the same person.
    pub until: Timestamp,
    /// Whether this person stands in for another.
    pub stands_in: bool,
}

impl TryFrom<ScheduleText> for Schedule {
    type Error = String;

    fn try_from(text: ScheduleText) -> Result<Self, String> {
        let zone = TimeZone::get(&text.zone).map_err(|_| "`zone` is not an IANA time zone such as Europe/Berlin")?;
        let time = |key: &str, given: &str| {
            DateTime::strptime("%Y-%m-%dT%H:%M", given)
                .map_err(|_| format!("`{key}` is no time on the wall such as 2026-01-05T09:00"))
        };
        if text.people.is_empty() || text.people.iter().any(|who| who.trim().is_empty()) {
            return Err("`people` names nobody, or somebody without a name".to_owned());
        }
        if text.every_days == 0 {
            return Err("`every_days` is 0: a turn lasts at least a day".to_owned());
        }
        let mut instead = Vec::new();
        for stand_in in text.instead {
            let (from, until) = (time("from", &stand_in.from)?, time("until", &stand_in.until)?);
            if from >= until || stand_in.who.trim().is_empty() {
                return Err("a stand-in needs a name, and `from` before `until`".to_owned());
            }
            instead.push(StandIn { who: stand_in.who, from, until });
        }
        Ok(Self {
            from: time("from", &text.from)?,
            zone,
            zone_name: text.zone,
            every_days: i64::from(text.every_days),
            people: text.people,
            instead,
        })
    }
}

impl Schedule {
    /// Whose turn it is at `at`: from the minute of the handover on it is the next one's. Of several stand-ins the last that is
    /// written counts. `None` before the schedule begins: then nobody is on call.
    #[must_use]
    pub fn turn(&self, at: Timestamp) -> Option<Turn<'_>> {
        let wall = at.to_zoned(self.zone.clone()).datetime();
        let regular = self.regular(wall);
        let stand_in = self.instead.iter().rev().find(|instead| instead.from <= wall && wall < instead.until);
        let (who, end, stands_in) = match (stand_in, regular) {
            (Some(instead), _) => (instead.who.as_str(), instead.until, true),
            (None, Some((who, end))) => (who, end, false),
            (None, None) => return None,
        };
        let next = self.instead.iter().map(|instead| instead.from).filter(|from| *from > wall);
        let end = next.chain([end]).min()?;
        Some(Turn { who, until: end.to_zoned(self.zone.clone()).ok()?.timestamp(), stands_in })
    }

    /// Whose regular turn it is, and when by the clock on the wall it ends.
    fn regular(&self, wall: DateTime) -> Option<(&str, DateTime)> {
        if wall < self.from {
            return None;
        }
        let days = wall.duration_since(self.from).as_secs().div_euclid(24 * 60 * 60);
        let turn = days / self.every_days;
        let who = &self.people[usize::try_from(turn).ok()? % self.people.len()];
        Some((who, self.from.checked_add(((turn + 1) * self.every_days).days()).ok()?))
    }

    /// `at` by the clock on the wall of the team, as a person reads it.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        format!("{} {}", local.strftime("%a %Y-%m-%d %H:%M"), self.zone_name)
    }
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
        let people = vec![text("Ann"), text("Bob"), text("Cara")];
        let zone = text("Europe/Berlin");
        ScheduleText { zone, from: text("2026-01-05T09:00"), every_days: 7, people, instead }
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
            assert_eq!(turn.as_ref().map(|turn| turn.who), who, "{when}");
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
            assert_eq!((turn.who, turn.until), (who, at(until)), "{when}");
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
