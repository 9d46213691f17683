//! Reads who is on call from an iCalendar file (RFC 5545), as PagerDuty and calendars export it. What a rotation uses is
//! understood; what is not understood is refused with its line, because half a schedule names the wrong person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::shifts::{Again, LONGEST, Shift};
use crate::escalate::plain_text::one_line;

/// The most entries: ten years of daily shifts are fewer.
const MOST_EVENTS: usize = 10_000;

/// The most properties of an entry, and the longest of them once it is put together, in bytes. Exports stay far below.
const MOST_PROPERTIES: usize = 500;
const LONGEST_LINE: usize = 64 * 1024;

/// The longest name of somebody on call, in characters.
const NAME: usize = 120;

/// What a file says.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) shifts: Vec<Shift>,
    /// The zone of the whole calendar, where it names one.
    pub(super) zone: Option<(String, TimeZone)>,
}

/// One line of the file, put together.
struct Property {
    line: usize,
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

/// Reads `text`. Times without a zone are those of `zone`, or of the calendar's own.
pub(super) fn read(text: &str, zone: Option<&TimeZone>) -> Result<Read, String> {
    let (mut events, mut own) = (Vec::new(), None);
    let (mut open, mut event): (Vec<String>, Vec<Property>) = (Vec::new(), Vec::new());
    let mut calendars = 0;
    let lines = Lines { rest: text.trim_start_matches('\u{feff}').lines().enumerate().peekable() };
    for property in lines {
        let property = property?;
        let word = property.value.trim().to_ascii_uppercase();
        match property.name.as_str() {
            "BEGIN" if open.len() > 8 => return Err(at(property.line, "is nested too deep")),
            "BEGIN" => {
                calendars += usize::from(open.is_empty() && word == "VCALENDAR");
                open.push(word);
            }
            "END" => {
                if open.pop().as_ref() != Some(&word) {
                    return Err(at(property.line, "ends what did not begin"));
                }
                if word == "VEVENT" && open.len() == 1 {
                    events.push(std::mem::take(&mut event));
                }
                if events.len() > MOST_EVENTS {
                    return Err(format!("the calendar has more than {MOST_EVENTS} entries"));
                }
            }
            "X-WR-TIMEZONE" if open.len() == 1 => own = Some(named_zone(&property, &property.value)?),
            _ if open.len() == 2 && open[1] == "VEVENT" => event.push(property),
            _ => {}
        }
        if event.len() > MOST_PROPERTIES {
            return Err(format!("an entry of the calendar has more than {MOST_PROPERTIES} properties"));
        }
    }
    if calendars == 0 || !open.is_empty() {
        return Err("it is no whole iCalendar file: BEGIN:VCALENDAR and its END are not there".to_owned());
    }
    let floating = zone.or(own.as_ref().map(|(_, zone)| zone));
    let read = events.iter().filter_map(|event| read_event(event, floating).transpose());
    Ok(Read { shifts: with_moved(read.collect::<Result<_, _>>()?), zone: own })
}

/// An entry, with what ties it to others of the same name.
struct Event {
    uid: Option<String>,
    /// The beginning in whose place it stands.
    instead_of: Option<Timestamp>,
    cancelled: bool,
    shift: Shift,
}

/// An entry that stands in the place of one time of another is taken out there.
fn with_moved(events: Vec<Event>) -> Vec<Shift> {
    let mut moved: BTreeMap<String, BTreeSet<Timestamp>> = BTreeMap::new();
    for event in &events {
        if let (Some(uid), Some(start)) = (&event.uid, event.instead_of) {
            moved.entry(uid.clone()).or_default().insert(start);
        }
    }
    let kept = events.into_iter().filter(|event| !event.cancelled).map(|mut event| {
        if let (Some(uid), None) = (&event.uid, event.instead_of) {
            event.shift.but.extend(moved.get(uid).into_iter().flatten());
        }
        event.shift
    });
    kept.collect()
}

fn read_event(properties: &[Property], floating: Option<&TimeZone>) -> Result<Option<Event>, String> {
    let find = |name: &str| properties.iter().find(|property| property.name == name);
    if let Some(unknown) = ["RDATE", "EXRULE"].iter().find_map(|name| find(name)) {
        return Err(at(unknown.line, &format!("has {}, which is not understood", unknown.name)));
    }
    let first = find("DTSTART").ok_or_else(|| match properties.first() {
        Some(property) => at(property.line, "belongs to an entry without DTSTART"),
        None => "an entry of the calendar is empty".to_owned(),
    })?;
    let (start, zone) = time(first, floating)?;
    let length = match (find("DTEND"), find("DURATION")) {
        (Some(end), _) => {
            let (end, end_zone) = time(end, floating)?;
            let moment = |wall: DateTime, zone: &TimeZone| wall.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
            let end = match moment(end, &end_zone) {
                Ok(end) if end_zone != zone => end.to_zoned(zone.clone()).datetime(),
                _ => end,
            };
            end.duration_since(start)
        }
        (None, Some(length)) => {
            duration(&length.value).ok_or_else(|| at(length.line, "has no DURATION such as PT12H"))?
        }
        (None, None) if is_day(first) => SignedDuration::from_hours(24),
        (None, None) => return Err(at(first.line, "begins a shift without an end")),
    };
    if length <= SignedDuration::ZERO || length > LONGEST {
        return Err(at(first.line, "begins a shift that does not end within a year after it begins"));
    }
    let moments = |property: &Property| -> Result<Vec<Timestamp>, String> {
        let one = |text: &str| {
            let (wall, zone) = time_of(property, text, floating)?;
            // A day alone means the time at which the shift begins on it.
            let wall = if text.len() == 8 { wall.date().to_datetime(start.time()) } else { wall };
            wall.to_zoned(zone)
                .map(|zoned| zoned.timestamp())
                .map_err(|_| at(property.line, "has no time that there is"))
        };
        property.value.split(',').map(|text| one(text.trim())).collect()
    };
    let mut but = BTreeSet::new();
    for property in properties.iter().filter(|property| property.name == "EXDATE") {
        but.extend(moments(property)?);
    }
    let instead_of = find("RECURRENCE-ID").map(moments).transpose()?.and_then(|moments| moments.first().copied());
    let rules: Vec<&Property> = properties.iter().filter(|property| property.name == "RRULE").collect();
    let again = match rules[..] {
        [] => None,
        [rule] => Some(recurrence(rule, start, &zone)?),
        [_, second, ..] => return Err(at(second.line, "is a second RRULE, which is not understood")),
    };
    let cancelled = find("STATUS").is_some_and(|status| status.value.trim().eq_ignore_ascii_case("CANCELLED"));
    // Time that is shown as free is a note, not a shift.
    let free = find("TRANSP").is_some_and(|free| free.value.trim().eq_ignore_ascii_case("TRANSPARENT"));
    let who = who(properties);
    if who.is_empty() && !cancelled && !free {
        return Err(at(first.line, "begins a shift of nobody: it has neither ATTENDEE nor SUMMARY"));
    }
    let uid = find("UID").map(|uid| uid.value.trim().to_owned()).filter(|uid| !uid.is_empty());
    let shift = Shift { who, start, length, zone, again, but };
    let event = Event { uid, instead_of, cancelled, shift };
    Ok(Some(event).filter(|event| !free || event.instead_of.is_some()))
}

/// The attendees by name, else the title.
fn who(properties: &[Property]) -> String {
    let attendee = |property: &Property| {
        let name = property.parameter("CN").map(str::to_owned);
        let address = property.value.trim();
        let mail = address.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")).map(|_| &address[7..]);
        name.or_else(|| mail.map(str::to_owned)).unwrap_or_else(|| address.to_owned())
    };
    let names: Vec<String> = properties
        .iter()
        .filter(|property| property.name == "ATTENDEE")
        .map(|property| one_line(&attendee(property), NAME))
        .filter(|name| !name.trim().is_empty())
        .take(5)
        .collect();
    if !names.is_empty() {
        return names.join(", ");
    }
    let summary =
        properties.iter().find(|property| property.name == "SUMMARY").map(|summary| unescaped(&summary.value));
    summary.map_or_else(String::new, |summary| one_line(summary.trim(), NAME))
}

/// `FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TU`.
fn recurrence(rule: &Property, start: DateTime, zone: &TimeZone) -> Result<Again, String> {
    let wrong = |what: &str| at(rule.line, &format!("has an RRULE whose {what} is not understood"));
    let mut parts: BTreeMap<String, &str> = BTreeMap::new();
    for part in rule.value.trim().trim_end_matches(';').split(';') {
        let (name, value) = part.split_once('=').ok_or_else(|| wrong(&one_line(part, 40)))?;
        parts.insert(name.trim().to_ascii_uppercase(), value.trim());
    }
    let number = |text: &str| text.parse::<i64>().ok().filter(|n| (1..=100_000).contains(n));
    let interval = parts.remove("INTERVAL").map_or(Some(1), number).ok_or_else(|| wrong("INTERVAL"))?;
    let count = parts.remove("COUNT").map(|text| number(text).ok_or_else(|| wrong("COUNT"))).transpose()?;
    let until = parts.remove("UNTIL").map(|text| until(text, zone).ok_or_else(|| wrong("UNTIL"))).transpose()?;
    let week_start = parts.remove("WKST").map_or(Some(Weekday::Monday), weekday).ok_or_else(|| wrong("WKST"))?;
    let days = parts.remove("BYDAY").map(|text| text.split(',').map(weekday).collect::<Option<Vec<_>>>());
    let days = days.map(|days| days.ok_or_else(|| wrong("BYDAY"))).transpose()?;
    let frequency = parts.remove("FREQ").unwrap_or_default().to_ascii_uppercase();
    if let Some(name) = parts.keys().next() {
        return Err(wrong(&one_line(name, 40)));
    }
    let date = start.date();
    let weekly = |days: Vec<Weekday>, interval: i64| {
        let back = i64::from(date.weekday().since(week_start));
        let mut on: Vec<i64> = days.into_iter().map(|day| i64::from(day.since(week_start))).collect();
        on.sort_unstable();
        on.dedup();
        let first = date.checked_sub(jiff::Span::new().days(back)).map_err(|_| wrong("first week"))?;
        Ok(Again { first, every_days: 7 * interval, on, count, until })
    };
    match (frequency.as_str(), days) {
        ("DAILY", None) => Ok(Again { first: date, every_days: interval, on: vec![0], count, until }),
        // Every day, but only on these: a week with these days.
        ("DAILY", Some(days)) if interval == 1 => weekly(days, 1),
        ("WEEKLY", days) => weekly(days.unwrap_or_else(|| vec![date.weekday()]), interval),
        _ => Err(wrong("FREQ")),
    }
}

fn until(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.len() == 8 {
        let last = Date::strptime("%Y%m%d", text).ok()?.at(23, 59, 59, 0);
        return last.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    }
    let (wall, zone) = match text.strip_suffix('Z') {
        Some(utc) => (utc, TimeZone::UTC),
        None => (text, zone.clone()),
    };
    DateTime::strptime("%Y%m%dT%H%M%S", wall).ok()?.to_zoned(zone).ok().map(|zoned| zoned.timestamp())
}

/// `MO`; an ordinal before it (`1MO`) is none of ours.
fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.trim().to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

fn is_day(property: &Property) -> bool {
    property.value.trim().len() == 8
}

/// A time on the wall, and of which zone's.
fn time(property: &Property, floating: Option<&TimeZone>) -> Result<(DateTime, TimeZone), String> {
    time_of(property, property.value.trim(), floating)
}

fn time_of(property: &Property, text: &str, floating: Option<&TimeZone>) -> Result<(DateTime, TimeZone), String> {
    let wrong = || at(property.line, "has no time such as 20260105T090000Z");
    if let Some(utc) = text.strip_suffix('Z') {
        return Ok((DateTime::strptime("%Y%m%dT%H%M%S", utc).map_err(|_| wrong())?, TimeZone::UTC));
    }
    let wall = if text.len() == 8 {
        Date::strptime("%Y%m%d", text).map(|day| day.at(0, 0, 0, 0))
    } else {
        DateTime::strptime("%Y%m%dT%H%M%S", text)
    };
    let wall = wall.map_err(|_| wrong())?;
    match property.parameter("TZID") {
        Some(name) => Ok((wall, named_zone(property, name)?.1)),
        None => {
            let zone = floating.ok_or_else(|| at(property.line, "has no zone; give the schedule one with `zone`"))?;
            Ok((wall, zone.clone()))
        }
    }
}

/// A zone by its IANA name, also behind a prefix such as `/example.org/`.
fn named_zone(property: &Property, name: &str) -> Result<(String, TimeZone), String> {
    let name = name.trim();
    let parts: Vec<&str> = name.split('/').collect();
    let tails = (0..parts.len().min(8)).map(|n| parts[n..].join("/"));
    let found = tails.filter(|tail| !tail.is_empty()).find_map(|tail| Some((TimeZone::get(&tail).ok()?, tail)));
    found.map(|(zone, name)| (name, zone)).ok_or_else(|| {
        at(property.line, &format!("names the zone `{}`, which is no IANA time zone", one_line(name, 60)))
    })
}

/// `PT12H`, `P7D`, `P1W`, `P1DT12H`.
fn duration(text: &str) -> Option<SignedDuration> {
    let text = text.trim().trim_start_matches('+').strip_prefix('P')?;
    let (mut total, mut digits, mut in_time) = (0i64, String::new(), false);
    for c in text.chars() {
        let unit = match c {
            '0'..='9' if digits.len() < 9 => {
                digits.push(c);
                continue;
            }
            'T' if digits.is_empty() && !in_time => {
                in_time = true;
                continue;
            }
            'W' if !in_time => 7 * 86_400,
            'D' if !in_time => 86_400,
            'H' if in_time => 3600,
            'M' if in_time => 60,
            'S' if in_time => 1,
            _ => return None,
        };
        total = total.checked_add(std::mem::take(&mut digits).parse::<i64>().ok()?.checked_mul(unit)?)?;
    }
    digits.is_empty().then(|| SignedDuration::from_secs(total))
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => plain.push(match chars.next() {
                Some('n' | 'N') | None => ' ',
                Some(other) => other,
            }),
            _ => plain.push(c),
        }
    }
    plain
}

fn at(line: usize, problem: &str) -> String {
    format!("line {line} {problem}")
}

impl Property {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// The lines of a file, with what was folded put together.
struct Lines<'a> {
    rest: std::iter::Peekable<std::iter::Enumerate<std::str::Lines<'a>>>,
}

impl Iterator for Lines<'_> {
    type Item = Result<Property, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let (n, first) = self.rest.find(|(_, line)| !line.trim().is_empty())?;
        let mut whole = first.to_owned();
        while let Some((_, more)) = self.rest.next_if(|(_, line)| line.starts_with([' ', '\t'])) {
            whole.push_str(&more[1..]);
            if whole.len() > LONGEST_LINE {
                break;
            }
        }
        if whole.len() > LONGEST_LINE {
            return Some(Err(at(n + 1, &format!("is longer than {LONGEST_LINE} bytes"))));
        }
        Some(property(n + 1, &whole).ok_or_else(|| at(n + 1, "is no line of an iCalendar file")))
    }
}

/// `NAME;PARAMETER=value;OTHER="a:b":the value`.
fn property(line: usize, text: &str) -> Option<Property> {
    let mut quoted = false;
    let mut cuts = Vec::new();
    let mut end = None;
    for (n, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => cuts.push(n),
            ':' if !quoted => {
                end = Some(n);
                break;
            }
            _ => {}
        }
    }
    let end = end?;
    cuts.push(end);
    let name = text[..cuts[0]].trim().to_ascii_uppercase();
    let parameters = cuts.windows(2).filter_map(|cut| {
        let (name, value) = text[cut[0] + 1..cut[1]].split_once('=')?;
        Some((name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned()))
    });
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    plain.then(|| Property { line, parameters: parameters.collect(), value: text[end + 1..].to_owned(), name })
}

#[cfg(test)]
mod tests {
    use super::super::Schedule;
    use super::*;
    use crate::checklist::fixture::at;

    fn calendar(events: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", events.replace('\n', "\r\n"))
    }

    fn schedule(events: &str) -> Result<Schedule, String> {
        let mut schedule: Schedule = toml::from_str("icalendar = \"sre.ics\"").expect("a schedule");
        schedule.read(&calendar(events)).map(|()| schedule)
    }

    fn who(schedule: &Schedule, when: &str) -> Option<(String, Timestamp)> {
        schedule.turn(at(when)).map(|turn| (turn.who, turn.until))
    }

    /// Two people, a week each, handed over on Mondays at 09:00 in Berlin; Cara takes a week of Bob's.
    const WEEKLY: &str = "X-WR-TIMEZONE:Europe/Berlin\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\n\
        DTSTART:19701025T030000\nEND:STANDARD\nEND:VTIMEZONE\n\
        BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260112T090000\n\
        RRULE:FREQ=WEEKLY;INTERVAL=2\nSUMMARY:Ann\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:b\nDTSTART;TZID=\"Europe/Berlin\":20260112T090000\nDURATION:P7D\n\
        RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU\nSUMMARY:SRE\nATTENDEE;CN=\"Bob, the\n  second\":mailto:bob@example.com\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:b\nRECURRENCE-ID;TZID=Europe/Berlin:20260126T090000\nDTSTART;TZID=Europe/Berlin:20260126T100000\n\
        DTEND:20260202T080000Z\nATTENDEE:MAILTO:cara@example.com\nEND:VEVENT\n";

    #[test]
    fn turns_follow_the_wall_over_a_change_of_the_clocks_and_a_moved_shift_stands_in_its_place() {
        let weekly = schedule(WEEKLY).expect("a schedule");
        assert_eq!(weekly.local(at("2026-01-05T08:00:00Z")), "Mon 2026-01-05 09:00 Europe/Berlin");
        for (when, name, until) in [
            ("2026-01-05T09:00:00+01:00", Some("Ann"), "2026-01-12T09:00:00+01:00"),
            ("2026-01-12T08:59:59+01:00", Some("Ann"), "2026-01-12T09:00:00+01:00"),
            ("2026-01-12T09:00:00+01:00", Some("Bob, the second"), "2026-01-19T09:00:00+01:00"),
            // The hour that Cara begins later is a hole, and is said to be one.
            ("2026-01-26T09:30:00+01:00", None, ""),
            ("2026-01-26T10:00:00+01:00", Some("cara@example.com"), "2026-02-02T09:00:00+01:00"),
            ("2026-02-02T09:00:00+01:00", Some("Ann"), "2026-02-09T09:00:00+01:00"),
            // Clocks go forward on 29 March, back on 25 October.
            ("2026-03-30T08:59:00+02:00", Some("Bob, the second"), "2026-03-30T09:00:00+02:00"),
            ("2026-03-30T09:00:00+02:00", Some("Ann"), "2026-04-06T09:00:00+02:00"),
            ("2026-10-26T08:59:00+01:00", Some("Bob, the second"), "2026-10-26T09:00:00+01:00"),
            ("2036-01-07T12:00:00+01:00", Some("Ann"), "2036-01-14T09:00:00+01:00"),
            ("2026-01-05T08:59:59+01:00", None, ""),
        ] {
            let expected = name.map(|name| (name.to_owned(), at(until)));
            assert_eq!(who(&weekly, when), expected, "{when}");
        }
    }

    #[test]
    fn counts_ends_left_out_days_and_shifts_over_one_another_are_understood() {
        let event = |start: &str, rest: &str, who: &str| {
            format!("BEGIN:VEVENT\nDTSTART:{start}\n{rest}\nSUMMARY:{who}\nEND:VEVENT\n")
        };
        let nights = event("20260105T180000Z", "DURATION:PT14H\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE;COUNT=4", "Ann");
        let daily = event(
            "20260201T000000Z",
            "DURATION:P1D\nRRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20260207\nEXDATE:20260203T000000Z,20260205T000000Z",
            "Bob",
        );
        let twice = event("20260301T000000Z", "DTEND:20260303T000000Z", "Ann")
            + &event("20260302T000000Z", "DTEND:20260302T120000Z", "Bob\\, junior");
        let days = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260401\nDTEND;VALUE=DATE:20260403\nSUMMARY:Dan\nEND:VEVENT\n";
        let cancelled = event("20260401T000000Z", "DTEND:20260402T000000Z\nSTATUS:CANCELLED", "Eve")
            + &event("20260401T000000Z", "DTEND:20260402T000000Z\nTRANSP:TRANSPARENT", "a note");
        let all =
            schedule(&format!("X-WR-TIMEZONE:Etc/UTC\n{nights}{daily}{twice}{days}{cancelled}")).expect("a schedule");
        for (when, name, until) in [
            ("2026-01-06T07:59:00Z", Some("Ann"), "2026-01-06T08:00:00Z"),
            ("2026-01-06T08:00:00Z", None, ""),
            ("2026-01-07T20:00:00Z", Some("Ann"), "2026-01-08T08:00:00Z"),
            ("2026-01-12T20:00:00Z", Some("Ann"), "2026-01-13T08:00:00Z"),
            // The fifth would be on Tuesday.
            ("2026-01-13T20:00:00Z", None, ""),
            ("2026-02-01T12:00:00Z", Some("Bob"), "2026-02-02T00:00:00Z"),
            ("2026-02-03T12:00:00Z", None, ""),
            ("2026-02-07T12:00:00Z", Some("Bob"), "2026-02-08T00:00:00Z"),
            ("2026-02-09T12:00:00Z", None, ""),
            ("2026-03-01T12:00:00Z", Some("Ann"), "2026-03-02T00:00:00Z"),
            ("2026-03-02T06:00:00Z", Some("Bob, junior, Ann"), "2026-03-02T12:00:00Z"),
            ("2026-03-02T12:00:00Z", Some("Ann"), "2026-03-03T00:00:00Z"),
            ("2026-04-02T23:59:59Z", Some("Dan"), "2026-04-03T00:00:00Z"),
        ] {
            let expected = name.map(|name| (name.to_owned(), at(until)));
            assert_eq!(who(&all, when), expected, "{when}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        let event = |body: &str| format!("BEGIN:VEVENT\n{body}\nEND:VEVENT\n");
        for (events, told) in [
            (event("DTSTART:20260105T090000Z\nSUMMARY:A"), "line 4 begins a shift without an end"),
            (event("SUMMARY:A"), "line 4 belongs to an entry without DTSTART"),
            (event("DTSTART:20260105T090000\nDURATION:PT1H\nSUMMARY:A"), "line 4 has no zone"),
            (event("DTSTART;TZID=Berlin:20260105T090000\nDURATION:PT1H\nSUMMARY:A"), "zone `Berlin`, which is no IANA"),
            (event("DTSTART:20261305T090000Z\nDURATION:PT1H\nSUMMARY:A"), "line 4 has no time"),
            (event("DTSTART:20260105T090000Z\nDURATION:1 hour\nSUMMARY:A"), "line 5 has no DURATION"),
            (event("DTSTART:20260105T090000Z\nDURATION:P500D\nSUMMARY:A"), "within a year"),
            (event("DTSTART:20260105T090000Z\nDTEND:20260105T090000Z\nSUMMARY:A"), "does not end"),
            (event("DTSTART:20260105T090000Z\nDURATION:PT1H"), "a shift of nobody"),
            (event("DTSTART:20260105T090000Z\nDURATION:PT1H\nSUMMARY:A\nRDATE:20260106T090000Z"), "has RDATE"),
            ("not a line\n".to_owned(), "line 3 is no line"),
            ("END:VEVENT\n".to_owned(), "ends what did not begin"),
            (format!("SUMMARY:{}\n", "x".repeat(LONGEST_LINE + 1)), "is longer than"),
            ("BEGIN:X\n".repeat(20), "nested too deep"),
            ("BEGIN:VEVENT\n".to_owned() + &"X:1\n".repeat(MOST_PROPERTIES + 1), "more than 500 properties"),
            (event("X:1").repeat(MOST_EVENTS + 1), "more than 10000 entries"),
        ] {
            let error = schedule(&events).expect_err(told);
            assert!(error.contains(told), "{told}: {error}");
        }
        for rule in [
            "FREQ=MONTHLY",
            "FREQ=WEEKLY;BYDAY=1MO",
            "FREQ=DAILY;BYSETPOS=1",
            "FREQ=WEEKLY;INTERVAL=0",
            "FREQ=WEEKLY;COUNT=x",
            "FREQ=DAILY;UNTIL=tomorrow",
            "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
            "WEEKLY",
            "",
        ] {
            let events = event(&format!("DTSTART:20260105T090000Z\nDURATION:PT1H\nSUMMARY:A\nRRULE:{rule}"));
            let error = schedule(&events).expect_err(rule);
            assert!(error.starts_with("line 7 has an RRULE whose "), "{rule}: {error}");
        }
        assert!(
            icalendar_is_refused("")
                && icalendar_is_refused("<html></html>")
                && icalendar_is_refused("BEGIN:VCALENDAR\n")
        );
    }

    fn icalendar_is_refused(text: &str) -> bool {
        read(text, None).is_err()
    }

    proptest::proptest! {
        /// Whatever a file holds, reading it ends, and so does asking it.
        #[test]
        fn no_text_is_too_much(lines in proptest::collection::vec("[A-Z;=:,\\-]{0,12}(BEGIN|END|VEVENT|DTSTART|20260105T090000Z|P1D|RRULE|FREQ=DAILY)?", 0..30)) {
            if let Ok(schedule) = schedule(&lines.iter().map(|line| format!("{line}\n")).collect::<String>()) {
                let _ = schedule.turn(at("2026-01-05T09:00:00Z"));
            }
        }
    }
}
