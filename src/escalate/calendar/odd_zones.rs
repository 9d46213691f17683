//! Zones whose clocks do odd things (half an hour, two hours, at midnight, during Ramadan, a day left out), asked in the two days
//! before a change. The expectations come from a model in another language, which looks at every minute.

use super::tests::calendar;
use super::*;
use crate::checklist::fixture::at;

/// A calendar from lines and holidays with `; ` between them.
fn odd(zone: &str, week: &str, holidays: &str) -> Calendar {
    let week: Vec<&str> = week.split("; ").collect();
    let holidays = holidays.split("; ").filter(|day| !day.is_empty());
    let holidays: Vec<(&str, &str)> = holidays.map(|day| day.split_once(' ').unwrap_or((day, ""))).collect();
    calendar(zone, &week, &holidays)
}

#[test]
fn open_minutes_are_counted_right_where_clocks_are_odd() {
    for (zone, week, holidays, from, minutes, due) in [
        ("America/St_Johns", "mon-sat 03:00-15:29", "2015-03-06", "2015-03-07T02:32:59Z", 60, "2015-03-07T07:30:00Z"),
        ("Africa/Casablanca", "tue-sun 20:00-15:54", "", "2008-08-31T18:57:01Z", 1, "2008-08-31T19:01:00Z"),
        (
            "Pacific/Norfolk",
            "sun 23:51-08:11; wed-sat 15:30-03:14",
            "",
            "2024-10-04T14:19:00Z",
            30,
            "2024-10-04T14:49:00Z",
        ),
        (
            "Australia/Adelaide",
            "thu 01:15-00:04; fri-wed 10:00-21:37",
            "2008-10-07",
            "2008-10-04T05:15:00Z",
            61,
            "2008-10-04T06:16:00Z",
        ),
        (
            "Europe/Dublin",
            "fri 12:24-09:21; sun 20:57-09:48",
            "04-01 00:00-24:00",
            "2024-03-30T18:01:00Z",
            30,
            "2024-03-31T20:27:00Z",
        ),
        ("Asia/Beirut", "mon 16:02-22:45; thu-sun 19:30-19:34", "", "2018-10-26T20:07:00Z", 30, "2018-10-29T14:24:00Z"),
        (
            "America/Havana",
            "thu 14:48-12:31; sun-mon 12:30-04:19",
            "",
            "2025-03-08T02:28:59Z",
            59,
            "2025-03-09T17:29:00Z",
        ),
        (
            "Europe/London",
            "sat 13:35-06:13; sat-wed 05:30-20:14",
            "2009-10-25",
            "2009-10-24T15:37:30Z",
            480,
            "2009-10-24T23:37:30Z",
        ),
        (
            "America/Asuncion",
            "thu-sun 09:10-09:45; mon 07:00-09:17",
            "2008-10-18 00:00-24:00",
            "2008-10-19T00:04:59Z",
            61,
            "2008-10-19T01:05:59Z",
        ),
        (
            "America/St_Johns",
            "mon 08:56-10:40; wed-sat 09:30-03:38",
            "2024-03-11",
            "2024-03-10T02:33:01Z",
            61,
            "2024-03-10T03:34:01Z",
        ),
        (
            "Africa/Casablanca",
            "fri 07:45-23:01; sun-thu 13:30-11:55",
            "",
            "2007-01-07T22:44:59Z",
            61,
            "2007-01-07T23:45:59Z",
        ),
        (
            "Antarctica/Troll",
            "sun 23:00-20:43; wed 04:25-04:55",
            "",
            "2026-03-28T09:20:00Z",
            61,
            "2026-03-29T22:01:00Z",
        ),
        (
            "Australia/Adelaide",
            "mon 02:45-07:40",
            "2022-04-02 10:00-12:00",
            "2022-04-01T23:33:01Z",
            30,
            "2022-04-02T00:03:01Z",
        ),
        ("America/Nuuk", "sun 07:30-14:31", "", "2025-03-28T16:40:00Z", 1440, "2025-04-20T11:27:00Z"),
        (
            "Asia/Tehran",
            "mon-fri 17:05-10:04; wed-fri 13:30-18:16",
            "09-23 22:00-02:00",
            "2018-09-21T11:20:00Z",
            60,
            "2018-09-21T12:20:00Z",
        ),
        (
            "Pacific/Chatham",
            "sat-mon 12:15-02:23",
            "09-27 00:00-24:00",
            "2015-09-24T23:07:00Z",
            61,
            "2015-09-26T00:31:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "mon 07:45-20:53; thu 09:45-10:30",
            "10-08 00:00-24:00",
            "2024-10-05T06:54:59Z",
            1,
            "2024-10-06T20:46:00Z",
        ),
        (
            "Pacific/Apia",
            "thu 20:30-10:51; tue 13:30-02:09",
            "09-27 22:00-02:00",
            "2016-09-24T10:14:00Z",
            600,
            "2016-09-29T12:30:00Z",
        ),
        (
            "America/Asuncion",
            "tue-thu 06:15-16:54",
            "2011-04-10 22:00-02:00",
            "2011-04-09T07:03:59Z",
            30,
            "2011-04-11T02:30:00Z",
        ),
        (
            "America/Caracas",
            "tue-sat 14:22-07:23",
            "2008-02-06 10:00-12:00",
            "2008-02-05T05:55:01Z",
            2880,
            "2008-02-09T06:50:00Z",
        ),
        (
            "America/Nuuk",
            "thu 15:18-04:04",
            "2025-10-25 10:00-12:00",
            "2025-10-25T22:29:00Z",
            30,
            "2025-10-30T17:48:00Z",
        ),
        ("Pacific/Chatham", "tue 13:45-02:14", "09-30", "2009-09-25T10:41:00Z", 59, "2009-09-29T00:59:00Z"),
        ("Australia/Lord_Howe", "mon-wed 12:00-10:17", "10-03", "2008-10-02T14:19:01Z", 60, "2008-10-06T02:00:00Z"),
        ("Asia/Colombo", "mon 19:30-04:07; fri 14:30-19:25", "", "2009-09-08T04:21:00Z", 1440, "2009-09-21T19:33:00Z"),
        (
            "Europe/London",
            "wed 01:00-07:48; tue 08:30-07:42",
            "2011-10-30",
            "2011-10-28T06:57:01Z",
            480,
            "2011-11-01T16:30:00Z",
        ),
        (
            "Antarctica/Troll",
            "wed-thu 01:30-17:49",
            "04-01 00:00-24:00",
            "2024-03-29T14:17:00Z",
            30,
            "2024-03-31T22:30:00Z",
        ),
    ] {
        let found = odd(zone, week, holidays).after_open_minutes(at(from), minutes);
        assert_eq!(found, Ok(at(due)), "{zone} {week} {holidays}: {minutes} from {from}");
    }
}

#[test]
fn business_days_are_counted_right_where_clocks_are_odd() {
    for (zone, week, holidays, from, days, due) in [
        ("America/St_Johns", "sun-wed 15:00-12:30", "2025-11-02", "2025-10-31T21:40:00Z", 1, "2025-11-04T18:30:00Z"),
        (
            "Africa/Casablanca",
            "sat 19:30-17:42; mon 02:00-04:02",
            "",
            "2026-02-13T09:21:01Z",
            3,
            "2026-02-23T04:02:00Z",
        ),
        (
            "Australia/Adelaide",
            "mon-thu 15:30-21:34",
            "2018-03-31 22:00-02:00",
            "2018-03-29T16:15:00Z",
            1,
            "2018-04-02T12:04:00Z",
        ),
        (
            "America/Nuuk",
            "tue-thu 09:12-05:26; tue-thu 13:27-10:00",
            "2025-10-26",
            "2025-10-25T17:02:01Z",
            2,
            "2025-10-30T11:12:00Z",
        ),
        (
            "Europe/Dublin",
            "thu 02:32-05:37; sat-thu 00:31-21:03",
            "2024-04-01 22:00-02:00",
            "2024-03-29T07:20:30Z",
            1,
            "2024-03-31T00:31:00Z",
        ),
        (
            "America/Santiago",
            "tue 07:30-13:59; sat-thu 06:00-05:27",
            "",
            "2025-04-04T08:11:00Z",
            2,
            "2025-04-07T09:11:00Z",
        ),
        (
            "Pacific/Chatham",
            "mon-thu 06:00-15:38",
            "2016-09-24 10:00-12:00",
            "2016-09-23T09:54:01Z",
            1,
            "2016-09-25T20:15:00Z",
        ),
        ("Australia/Lord_Howe", "thu-sat 22:15-08:54", "", "2026-04-02T22:44:00Z", 1, "2026-04-04T11:15:00Z"),
        (
            "Europe/London",
            "tue-thu 02:34-18:02; sat-wed 22:30-02:56",
            "2025-03-31",
            "2025-03-27T23:07:30Z",
            2,
            "2025-04-01T21:30:00Z",
        ),
        (
            "America/Sao_Paulo",
            "mon-sat 23:50-03:42; wed 12:33-22:50",
            "",
            "2016-10-14T09:58:00Z",
            3,
            "2016-10-19T01:50:00Z",
        ),
        (
            "America/St_Johns",
            "tue 12:45-11:29; sat-wed 06:15-13:34",
            "2018-11-03 10:00-12:00",
            "2018-11-02T07:26:01Z",
            1,
            "2018-11-04T13:30:00Z",
        ),
        ("Africa/Casablanca", "thu-tue 08:45-16:04", "", "2016-03-26T07:07:00Z", 2, "2016-03-28T07:45:00Z"),
        (
            "Antarctica/Troll",
            "wed-sun 01:00-00:10",
            "2024-10-26 22:00-02:00",
            "2024-10-26T03:08:00Z",
            1,
            "2024-10-27T22:00:00Z",
        ),
        (
            "Pacific/Norfolk",
            "tue 01:36-23:05; mon-fri 17:00-15:22",
            "",
            "2025-10-04T02:03:00Z",
            1,
            "2025-10-07T01:03:00Z",
        ),
        (
            "Europe/Dublin",
            "tue-fri 10:30-09:57",
            "2016-03-29 10:00-12:00",
            "2016-03-26T20:37:01Z",
            3,
            "2016-04-01T09:30:00Z",
        ),
        ("America/Havana", "fri-sun 17:36-07:17", "2026-03-07", "2026-03-06T11:40:01Z", 3, "2026-03-14T21:36:00Z"),
        ("Pacific/Chatham", "thu-tue 04:00-15:36", "", "2025-09-26T10:24:30Z", 1, "2025-09-27T14:15:00Z"),
        (
            "Australia/Lord_Howe",
            "tue 00:30-01:43; tue-sat 23:27-09:09",
            "2018-10-08",
            "2018-10-04T21:20:00Z",
            2,
            "2018-10-06T20:50:00Z",
        ),
    ] {
        let found = odd(zone, week, holidays).after_business_days(at(from), days);
        assert_eq!(found, Ok(at(due)), "{zone} {week} {holidays}: {days} from {from}");
    }
}
