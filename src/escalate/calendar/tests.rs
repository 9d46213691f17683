//! Due times worked out by hand, and a model that looks at every minute.

use proptest::prelude::*;

use super::*;
use crate::checklist::fixture::at;
use jiff::ToSpan;

pub(super) fn calendar(zone: &str, week: &[&str], holidays: &[(&str, &str)]) -> Calendar {
    let holidays = holidays
        .iter()
        .map(|(date, hours)| HolidayText {
            date: (*date).to_owned(),
            name: "a holiday".to_owned(),
            hours: hours.split_whitespace().map(str::to_owned).collect(),
        })
        .collect();
    let week = week.iter().map(|line| (*line).to_owned()).collect();
    CalendarText { zone: zone.to_owned(), week, holidays }.try_into().expect("a calendar that opens")
}

fn office(zone: &str) -> Calendar {
    calendar(zone, &["mon-fri 09:00-17:00"], &[])
}

/// Calendars of the tables below, by name.
fn named(name: &str) -> Calendar {
    match name {
        "berlin" => office("Europe/Berlin"),
        "new york" => office("America/New_York"),
        "kolkata" => office("Asia/Kolkata"),
        "kathmandu" => office("Asia/Kathmandu"),
        "utc" => office("Etc/UTC"),
        // 30 minutes of summer time: it begins on 2026-10-04 and ends on 2026-04-05, at 02:00.
        "lord howe" => calendar("Australia/Lord_Howe", &["mon-sun 00:00-24:00"], &[]),
        "lord howe night" => calendar("Australia/Lord_Howe", &["sat-sun 01:00-03:00"], &[]),
        "all day" => calendar("Europe/Berlin", &["mon-sun 00:00-24:00"], &[]),
        "night" => calendar("Europe/Berlin", &["sun-thu 22:00-06:00"], &[]),
        "weekend night" => calendar("Europe/Berlin", &["sat 22:00-06:00"], &[]),
        "in the gap" => calendar("Europe/Berlin", &["sun 02:15-02:45"], &[]),
        "over the gap" => calendar("Europe/Berlin", &["sun 02:30-10:00"], &[]),
        "up to the gap" => calendar("Europe/Berlin", &["sun 00:00-02:30"], &[]),
        "lunch" => calendar("Europe/Berlin", &["mon-fri 09:00-12:00 13:00-17:00"], &[]),
        "joined" => calendar("Europe/Berlin", &["mon-fri 09:00-13:00 13:00-17:00"], &[]),
        "overlapping" => calendar("Europe/Berlin", &["mon-fri 09:00-14:00", "mon-fri 12:00-17:00"], &[]),
        "short friday" => calendar("Europe/Berlin", &["mon-thu 09:00-17:00", "fri 10:00-13:00"], &[]),
        "late tuesday" => calendar("Europe/Berlin", &["mon 09:00-17:00", "tue 14:00-18:00"], &[]),
        "christmas" => calendar(
            "Europe/Berlin",
            &["mon-fri 09:00-17:00"],
            &[("12-25", ""), ("12-26", ""), ("2026-12-24", "09:00-12:00"), ("01-01", "")],
        ),
        "night holiday" => calendar("Europe/Berlin", &["sun-thu 22:00-06:00"], &[("2026-11-24", "")]),
        "open sunday" => calendar("Europe/Berlin", &["mon-fri 09:00-17:00"], &[("2026-11-22", "10:00-12:00")]),
        "leap" => calendar("Europe/Berlin", &["mon-sun 09:00-17:00"], &[]),
        "leap holiday" => calendar("Europe/Berlin", &["mon-sun 09:00-17:00"], &[("02-29", "")]),
        // Samoa had no 30 December 2011.
        "apia" => calendar("Pacific/Apia", &["mon-sun 09:00-17:00"], &[]),
        // Its clocks went back from midnight to 23:00 of the day before.
        "sao paulo" => calendar("America/Sao_Paulo", &["mon-sun 00:00-24:00"], &[]),
        // Its clocks go forward at midnight: 2026-04-24 begins at 01:00.
        "cairo" => calendar("Africa/Cairo", &["mon-sun 00:00-08:00"], &[]),
        "chatham" => office("Pacific/Chatham"),
        "kiritimati" => office("Pacific/Kiritimati"),
        other => panic!("no calendar {other}"),
    }
}

/// An instant from a time on the wall with its offset, or from UTC.
fn moment(text: &str) -> Timestamp {
    at(text)
}

#[test]
fn open_minutes_reach_as_far_as_worked_out_by_hand() {
    for (name, from, minutes, due) in [
        // Plain office hours; winter in Berlin is +01:00.
        ("berlin", "2026-11-23T09:00:00+01:00", 60, "2026-11-23T10:00:00+01:00"),
        ("berlin", "2026-11-23T08:00:00+01:00", 60, "2026-11-23T10:00:00+01:00"),
        ("berlin", "2026-11-23T16:30:00+01:00", 60, "2026-11-24T09:30:00+01:00"),
        ("berlin", "2026-11-23T16:00:00+01:00", 60, "2026-11-23T17:00:00+01:00"),
        ("berlin", "2026-11-23T17:00:00+01:00", 60, "2026-11-24T10:00:00+01:00"),
        ("berlin", "2026-11-23T16:59:30+01:00", 1, "2026-11-24T09:00:30+01:00"),
        ("berlin", "2026-11-20T16:00:00+01:00", 1440, "2026-11-25T16:00:00+01:00"),
        ("berlin", "2026-11-21T12:00:00+01:00", 480, "2026-11-23T17:00:00+01:00"),
        ("berlin", "2026-11-21T12:00:00+01:00", 481, "2026-11-24T09:01:00+01:00"),
        ("berlin", "2026-11-20T17:00:00+01:00", 1, "2026-11-23T09:01:00+01:00"),
        ("utc", "2026-12-31T16:30:00Z", 60, "2027-01-01T09:30:00Z"),
        ("new york", "2026-11-23T21:59:00Z", 2, "2026-11-24T14:01:00Z"),
        // Clocks change on Sunday; Monday's hours are counted by the new time.
        ("berlin", "2026-03-27T16:00:00+01:00", 120, "2026-03-30T10:00:00+02:00"),
        ("berlin", "2026-10-23T16:00:00+02:00", 120, "2026-10-26T10:00:00+01:00"),
        ("new york", "2026-03-06T16:00:00-05:00", 120, "2026-03-09T10:00:00-04:00"),
        ("new york", "2026-10-30T16:00:00-04:00", 120, "2026-11-02T10:00:00-05:00"),
        // Zones of half and three quarters of an hour.
        ("kolkata", "2026-11-23T16:30:00+05:30", 60, "2026-11-24T09:30:00+05:30"),
        ("kolkata", "2026-11-23T00:00:00Z", 30, "2026-11-23T04:00:00Z"),
        ("kathmandu", "2026-11-23T16:45:00+05:45", 30, "2026-11-24T09:15:00+05:45"),
        ("chatham", "2026-11-23T16:00:00+13:45", 90, "2026-11-24T09:30:00+13:45"),
        ("kiritimati", "2026-11-23T16:00:00+14:00", 90, "2026-11-24T09:30:00+14:00"),
        // Day and night: the clock on the wall means nothing, also when it is changed.
        ("all day", "2026-03-28T12:00:00+01:00", 1440, "2026-03-29T13:00:00+02:00"),
        ("all day", "2026-10-24T12:00:00+02:00", 1440, "2026-10-25T11:00:00+01:00"),
        ("lord howe", "2026-10-03T12:00:00+10:30", 1440, "2026-10-04T12:30:00+11:00"),
        ("lord howe", "2026-04-04T12:00:00+11:00", 1440, "2026-04-05T11:30:00+10:30"),
        ("sao paulo", "2018-02-17T12:00:00-02:00", 1440, "2018-02-18T11:00:00-03:00"),
        // 01:00 to 03:00 has 90 minutes when 30 are skipped, and 150 when 30 are repeated.
        ("lord howe night", "2026-10-04T00:00:00+10:30", 90, "2026-10-04T03:00:00+11:00"),
        ("lord howe night", "2026-10-04T00:00:00+10:30", 91, "2026-10-10T01:01:00+11:00"),
        ("lord howe night", "2026-04-05T00:00:00+11:00", 150, "2026-04-05T03:00:00+10:30"),
        ("lord howe night", "2026-04-05T00:00:00+11:00", 151, "2026-04-11T01:01:00+10:30"),
        // A shift over midnight, 8 hours; 7 when an hour is skipped, 9 when one is repeated.
        ("night", "2026-11-22T22:00:00+01:00", 480, "2026-11-23T06:00:00+01:00"),
        ("night", "2026-11-22T12:00:00+01:00", 300, "2026-11-23T03:00:00+01:00"),
        ("night", "2026-11-23T01:00:00+01:00", 60, "2026-11-23T02:00:00+01:00"),
        ("night", "2026-11-23T05:30:00+01:00", 60, "2026-11-23T22:30:00+01:00"),
        ("night", "2026-11-23T06:00:00+01:00", 1, "2026-11-23T22:01:00+01:00"),
        ("night", "2026-11-20T05:00:00+01:00", 61, "2026-11-22T22:01:00+01:00"),
        ("weekend night", "2026-03-28T12:00:00+01:00", 420, "2026-03-29T06:00:00+02:00"),
        ("weekend night", "2026-03-28T12:00:00+01:00", 421, "2026-04-04T22:01:00+02:00"),
        ("weekend night", "2026-10-24T12:00:00+02:00", 540, "2026-10-25T06:00:00+01:00"),
        ("weekend night", "2026-10-24T12:00:00+02:00", 541, "2026-10-31T22:01:00+01:00"),
        // A window within the hour that is skipped does not open; within the one that is repeated it opens twice.
        ("in the gap", "2026-03-29T00:00:00+01:00", 30, "2026-04-05T02:45:00+02:00"),
        ("in the gap", "2026-10-25T00:00:00+02:00", 30, "2026-10-25T02:45:00+02:00"),
        ("in the gap", "2026-10-25T00:00:00+02:00", 60, "2026-10-25T02:45:00+01:00"),
        ("over the gap", "2026-03-29T00:00:00+01:00", 60, "2026-03-29T04:00:00+02:00"),
        ("over the gap", "2026-10-25T00:00:00+02:00", 60, "2026-10-25T03:00:00+01:00"),
        ("up to the gap", "2026-03-29T00:00:00+01:00", 120, "2026-03-29T03:00:00+02:00"),
        ("up to the gap", "2026-03-29T00:00:00+01:00", 121, "2026-04-05T00:01:00+02:00"),
        ("up to the gap", "2026-10-25T00:00:00+02:00", 180, "2026-10-25T02:30:00+01:00"),
        // Midnight itself is skipped: 00:00 to 08:00 has 7 hours.
        ("cairo", "2026-04-24T01:00:00+03:00", 420, "2026-04-24T08:00:00+03:00"),
        ("cairo", "2026-04-23T20:00:00+02:00", 60, "2026-04-24T02:00:00+03:00"),
        // Several windows a day, touching and overlapping ones.
        ("lunch", "2026-11-23T11:30:00+01:00", 60, "2026-11-23T13:30:00+01:00"),
        ("lunch", "2026-11-23T12:30:00+01:00", 240, "2026-11-23T17:00:00+01:00"),
        ("joined", "2026-11-23T12:30:00+01:00", 60, "2026-11-23T13:30:00+01:00"),
        ("joined", "2026-11-23T09:00:00+01:00", 240, "2026-11-23T13:00:00+01:00"),
        ("overlapping", "2026-11-23T09:00:00+01:00", 480, "2026-11-23T17:00:00+01:00"),
        ("short friday", "2026-11-26T16:00:00+01:00", 240, "2026-11-27T13:00:00+01:00"),
        ("short friday", "2026-11-26T16:00:00+01:00", 241, "2026-11-30T09:01:00+01:00"),
        // Holidays, a half day, and a shift that begins before one.
        ("christmas", "2026-12-23T16:00:00+01:00", 240, "2026-12-24T12:00:00+01:00"),
        ("christmas", "2026-12-23T16:00:00+01:00", 241, "2026-12-28T09:01:00+01:00"),
        ("christmas", "2026-12-31T16:00:00+01:00", 120, "2027-01-04T10:00:00+01:00"),
        ("night holiday", "2026-11-23T22:00:00+01:00", 480, "2026-11-24T06:00:00+01:00"),
        ("night holiday", "2026-11-24T05:00:00+01:00", 61, "2026-11-25T22:01:00+01:00"),
        ("open sunday", "2026-11-20T16:30:00+01:00", 60, "2026-11-22T10:30:00+01:00"),
        // 29 February.
        ("leap", "2028-02-28T16:00:00+01:00", 120, "2028-02-29T10:00:00+01:00"),
        ("leap", "2027-02-28T16:00:00+01:00", 120, "2027-03-01T10:00:00+01:00"),
        ("leap holiday", "2028-02-28T16:00:00+01:00", 120, "2028-03-01T10:00:00+01:00"),
        ("leap holiday", "2027-02-28T16:00:00+01:00", 120, "2027-03-01T10:00:00+01:00"),
        // A day that a whole country did not have.
        ("apia", "2011-12-29T16:00:00-10:00", 120, "2011-12-31T10:00:00+14:00"),
    ] {
        assert_eq!(
            named(name).after_open_minutes(moment(from), minutes),
            Ok(moment(due)),
            "{name}: {minutes} from {from}"
        );
    }
}

#[test]
fn business_days_reach_as_far_as_worked_out_by_hand() {
    for (name, from, days, due) in [
        ("berlin", "2026-11-20T16:00:00+01:00", 1, "2026-11-23T16:00:00+01:00"),
        ("berlin", "2026-11-23T09:00:00+01:00", 1, "2026-11-24T09:00:00+01:00"),
        ("berlin", "2026-11-23T16:59:59+01:00", 1, "2026-11-24T16:59:59+01:00"),
        ("berlin", "2026-11-23T17:00:00+01:00", 1, "2026-11-25T09:00:00+01:00"),
        ("berlin", "2026-11-23T07:00:00+01:00", 1, "2026-11-24T09:00:00+01:00"),
        ("berlin", "2026-11-21T12:00:00+01:00", 1, "2026-11-24T09:00:00+01:00"),
        ("berlin", "2026-11-20T16:00:00+01:00", 5, "2026-11-27T16:00:00+01:00"),
        ("berlin", "2026-10-23T16:00:00+02:00", 1, "2026-10-26T16:00:00+01:00"),
        ("berlin", "2026-03-27T10:00:00+01:00", 1, "2026-03-30T10:00:00+02:00"),
        ("kolkata", "2026-11-20T16:00:00+05:30", 1, "2026-11-23T16:00:00+05:30"),
        ("kathmandu", "2026-11-20T09:15:00+05:45", 2, "2026-11-24T09:15:00+05:45"),
        // Reported in a shift over midnight: the shift belongs to the day on which it opened.
        ("night", "2026-11-23T01:00:00+01:00", 1, "2026-11-24T01:00:00+01:00"),
        ("night", "2026-11-20T01:00:00+01:00", 1, "2026-11-23T01:00:00+01:00"),
        ("night", "2026-11-22T23:00:00+01:00", 1, "2026-11-23T23:00:00+01:00"),
        ("night holiday", "2026-11-24T01:00:00+01:00", 1, "2026-11-26T01:00:00+01:00"),
        // The next day closes before that time, or opens after it.
        ("short friday", "2026-11-26T16:00:00+01:00", 1, "2026-11-27T13:00:00+01:00"),
        ("short friday", "2026-11-26T09:30:00+01:00", 1, "2026-11-27T10:00:00+01:00"),
        ("short friday", "2026-11-27T12:00:00+01:00", 1, "2026-11-30T12:00:00+01:00"),
        ("late tuesday", "2026-11-23T10:00:00+01:00", 1, "2026-11-24T14:00:00+01:00"),
        ("lunch", "2026-11-23T12:30:00+01:00", 1, "2026-11-24T13:00:00+01:00"),
        ("christmas", "2026-12-23T16:00:00+01:00", 1, "2026-12-24T12:00:00+01:00"),
        ("christmas", "2026-12-24T11:00:00+01:00", 1, "2026-12-28T11:00:00+01:00"),
        ("christmas", "2026-12-25T11:00:00+01:00", 1, "2026-12-29T09:00:00+01:00"),
        ("open sunday", "2026-11-20T11:00:00+01:00", 1, "2026-11-22T11:00:00+01:00"),
        ("leap", "2028-02-28T16:00:00+01:00", 1, "2028-02-29T16:00:00+01:00"),
        ("leap", "2028-02-29T16:00:00+01:00", 1, "2028-03-01T16:00:00+01:00"),
        ("leap holiday", "2028-02-28T16:00:00+01:00", 1, "2028-03-01T16:00:00+01:00"),
        ("all day", "2026-03-28T02:30:00+01:00", 1, "2026-03-29T03:00:00+02:00"),
        ("all day", "2026-10-24T02:30:00+02:00", 1, "2026-10-25T02:30:00+02:00"),
        ("all day", "2026-11-24T00:00:00+01:00", 1, "2026-11-25T00:00:00+01:00"),
        ("apia", "2011-12-29T16:00:00-10:00", 1, "2011-12-31T16:00:00+14:00"),
    ] {
        assert_eq!(named(name).after_business_days(moment(from), days), Ok(moment(due)), "{name}: {days} from {from}");
    }
}

#[test]
fn a_closed_desk_says_why_and_when_it_opens() {
    for (name, when, why, opens) in [
        ("berlin", "2026-11-23T08:59:59+01:00", Some("open 09:00-17:00"), "2026-11-23T09:00:00+01:00"),
        ("berlin", "2026-11-23T09:00:00+01:00", None, "2026-11-23T09:00:00+01:00"),
        ("berlin", "2026-11-23T16:59:59+01:00", None, "2026-11-23T16:59:59+01:00"),
        ("berlin", "2026-11-23T17:00:00+01:00", Some("open 09:00-17:00"), "2026-11-24T09:00:00+01:00"),
        ("berlin", "2026-11-22T10:00:00+01:00", Some("Sunday"), "2026-11-23T09:00:00+01:00"),
        ("berlin", "2026-07-01T09:30:00+02:00", None, "2026-07-01T09:30:00+02:00"),
        ("joined", "2026-11-23T13:00:00+01:00", None, "2026-11-23T13:00:00+01:00"),
        ("lunch", "2026-11-23T12:00:00+01:00", Some("open 09:00-12:00, 13:00-17:00"), "2026-11-23T13:00:00+01:00"),
        ("night", "2026-11-27T05:59:00+01:00", None, "2026-11-27T05:59:00+01:00"),
        ("night", "2026-11-27T06:00:00+01:00", Some("Friday"), "2026-11-29T22:00:00+01:00"),
        ("night holiday", "2026-11-24T23:00:00+01:00", Some("holiday: a holiday"), "2026-11-25T22:00:00+01:00"),
        ("christmas", "2026-12-24T12:00:00+01:00", Some("holiday: a holiday"), "2026-12-28T09:00:00+01:00"),
    ] {
        let calendar = named(name);
        assert_eq!(calendar.closed(moment(when)).map(|why| why.to_string()).as_deref(), why, "{name} at {when}");
        assert_eq!(calendar.next_open(moment(when)), Ok(moment(opens)), "{name} at {when}");
    }
}

#[test]
fn a_calendar_that_never_opens_is_refused_and_one_that_has_ended_is_no_endless_search() {
    let text = |week: &[&str], holidays: Vec<HolidayText>| CalendarText {
        zone: "Etc/UTC".to_owned(),
        week: week.iter().map(|line| (*line).to_owned()).collect(),
        holidays,
    };
    let closed = |date: String| HolidayText { date, name: "closed".to_owned(), hours: Vec::new() };
    let year = || {
        let first = Date::constant(2000, 1, 1);
        (0..366).map(move |n| first + i64::from(n).days()).map(|day| day.strftime("%m-%d").to_string())
    };
    for never in [text(&[], vec![]), text(&["mon-sun 00:00-24:00"], year().map(closed).collect())] {
        let error = Calendar::try_from(never).expect_err("never opens");
        assert!(error.contains("never open"), "{error}");
    }
    let once = HolidayText { hours: vec!["09:00-10:00".to_owned()], ..closed("2020-01-02".to_owned()) };
    let once: Calendar = text(&[], vec![once]).try_into().expect("opens once");
    assert_eq!(once.after_open_minutes(at("2020-01-01T00:00:00Z"), 60), Ok(at("2020-01-02T10:00:00Z")));
    let now = at("2026-11-24T10:00:00Z");
    assert_eq!(once.after_open_minutes(now, 1), Err(NeverOpens));
    assert_eq!(once.after_business_days(now, 1), Err(NeverOpens));
    assert_eq!(once.next_open(now), Err(NeverOpens));
    // An hour a week: a year of open minutes is 168 years away.
    let slow = calendar("Etc/UTC", &["mon 09:00-10:00"], &[]);
    assert_eq!(slow.after_open_minutes(now, 366 * 1440), Err(NeverOpens));
    assert_eq!(office("Etc/UTC").after_open_minutes(Timestamp::MAX, 1), Err(NeverOpens));
}

#[test]
fn a_slip_in_the_holidays_is_named() {
    for (date, name, hours, problem) in [
        ("2026-02-30", "x", "", "is no day"),
        ("02-30", "x", "", "is no day"),
        ("2-3", "x", "", "is no day"),
        ("Christmas", "x", "", "is no day"),
        ("2026-12-25", " ", "", "has no name"),
        ("2026-12-25", "x", "9-12", "no window"),
    ] {
        let hours = hours.split_whitespace().map(str::to_owned).collect();
        let holiday = HolidayText { date: date.to_owned(), name: name.to_owned(), hours };
        let text = CalendarText {
            zone: "Etc/UTC".to_owned(),
            week: vec!["mon 09:00-17:00".to_owned()],
            holidays: vec![holiday],
        };
        let error = Calendar::try_from(text).expect_err(date);
        assert!(error.contains(problem), "{date}: {error}");
    }
}

/// Whether the desk is open, read off the clock on the wall.
fn naive(calendar: &Calendar, at: Timestamp) -> bool {
    let wall = at.to_zoned(calendar.zone.clone()).datetime();
    (0..2).filter_map(|back| wall.date().checked_sub(back.days()).ok()).any(|day| {
        let windows = calendar.windows(day).iter().filter_map(|window| window.on(day));
        windows.into_iter().any(|(open, close)| (open..close).contains(&wall))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Minute by minute, also while clocks are changed: those of Berlin, Lord Howe, Cairo and New York within the span.
    #[test]
    fn counting_agrees_with_a_model_that_looks_at_every_minute(
        zone in prop::sample::select(vec!["Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "America/New_York", "Asia/Kolkata"]),
        start in prop::sample::select(vec!["2026-03-05T00:00:00Z", "2026-03-26T00:00:00Z", "2026-04-02T00:00:00Z", "2026-04-22T00:00:00Z",
            "2026-10-01T00:00:00Z", "2026-10-22T00:00:00Z", "2026-10-28T00:00:00Z"]),
        after in 0i64..4000,
        minutes in 1u32..2000,
        windows in prop::collection::vec((0u8..7, 0u16..1440, 1u16..1440), 1..5),
        holiday in prop::option::of(0i64..9),
    ) {
        let week: Vec<String> = windows
            .iter()
            .map(|(day, open, length)| {
                let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][usize::from(*day)];
                let close = (open + length) % 1440;
                format!("{day} {:02}:{:02}-{:02}:{:02}", open / 60, open % 60, close / 60, close % 60)
            })
            .collect();
        let from = at(start) + after.minutes();
        let holidays: Vec<HolidayText> = holiday
            .map(|n| from.to_zoned(TimeZone::UTC).date() + n.days())
            .map(|day| HolidayText { date: day.to_string(), name: "closed".to_owned(), hours: Vec::new() })
            .into_iter()
            .collect();
        let calendar: Calendar = CalendarText { zone: zone.to_owned(), week, holidays }.try_into().expect("opens");
        let (mut left, mut now, mut before) = (minutes, from, None);
        let limit = from + (40 * 24).hours();
        while left > 0 && now < limit {
            let open = naive(&calendar, now);
            // The desk's own answer, where it changes.
            if before.replace(open) != Some(open) {
                prop_assert_eq!(calendar.is_open(now), open, "{}", now);
                prop_assert_eq!(calendar.is_open(now - 1.second()), naive(&calendar, now - 1.second()), "before {}", now);
            }
            left -= u32::from(open);
            now += 1.minute();
        }
        if left == 0 {
            prop_assert_eq!(calendar.after_open_minutes(from, minutes), Ok(now));
        }
    }
}
