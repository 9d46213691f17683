//! Clock and time zone. Log times are compared across machines, so an engineer asks first whether the clock was right.
#![allow(unsafe_code)] // adjtimex on Linux, which rustix does not offer

use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde_json::json;

use super::reading::{Reading, object};

/// The IANA name of the machine's time zone, its offset from UTC where it has no name, `UTC` where nothing says.
#[must_use]
pub fn time_zone() -> String {
    // A machine that names no zone runs in UTC, as the C library has it.
    TimeZone::try_system().map_or_else(|_| "UTC".to_owned(), |zone| zone_name(&zone, Timestamp::now()))
}

fn zone_name(zone: &TimeZone, now: Timestamp) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => offset(&now.to_zoned(zone.clone())),
    }
}

/// `+01:00`.
fn offset(now: &Zoned) -> String {
    now.strftime("%:z").to_string()
}

/// Whether the system says that a time server keeps its clock in step. `None` where it does not say.
///
/// On Linux the kernel's own flag, which chrony, ntpd and systemd-timesyncd clear; it holds in containers too, because
/// they share the clock. On macOS and Windows there is no such flag to read without rights.
#[must_use]
#[cfg(target_os = "linux")]
pub fn clock_synchronised() -> Option<bool> {
    /// At least as large and as aligned as `struct timex` (208 bytes on 64-bit systems, less on others).
    #[repr(C, align(16))]
    struct Timex([u64; 64]);
    unsafe extern "C" {
        fn adjtimex(state: *mut Timex) -> std::ffi::c_int;
    }
    /// `TIME_ERROR` of adjtimex(2): the clock is not synchronised.
    const TIME_ERROR: std::ffi::c_int = 5;

    let mut state = Timex([0; 64]);
    // SAFETY: the buffer outlives the call and is larger than what the kernel writes. The first field, `modes`, is 0:
    // read only. No field is read, so the layout does not matter; the result is the state of the clock.
    match unsafe { adjtimex(&raw mut state) } {
        TIME_ERROR => Some(false),
        0..TIME_ERROR => Some(true),
        _ => None, // a sandbox forbids the call
    }
}

/// Whether the system says that a time server keeps its clock in step: not read on this system.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn clock_synchronised() -> Option<bool> {
    None
}

/// Zone, clock, and how long the machine has run. `boot` is in seconds since 1970, `uptime` in seconds.
pub(super) fn read(boot: Option<i64>, uptime: Option<u64>) -> Reading {
    let mut reading = Reading::default();
    let now = Timestamp::now();
    let zone = TimeZone::try_system().unwrap_or_else(|error| {
        reading.gap(format!("time zone: {error}; taken as UTC"));
        TimeZone::UTC
    });
    reading.put("time_zone", zone_name(&zone, now));
    reading.put("utc_offset", offset(&now.to_zoned(zone)));
    let synchronised = clock_synchronised();
    if synchronised.is_none() {
        reading.gap("clock state: this system does not say whether its clock is synchronised");
    }
    let clock = [("now_utc", json!(seconds(now.as_second()))), ("synchronised", json!(synchronised))];
    reading.put("clock", object(clock));
    reading.put("boot_time_utc", boot.and_then(seconds));
    reading.put("uptime_seconds", uptime);
    if boot.is_none() && uptime.is_none() {
        reading.gap("time since start: this system does not say");
    }
    reading
}

/// Seconds since 1970 as RFC 3339 in UTC; `None` outside the years that can be written.
pub(super) fn seconds(since_1970: i64) -> Option<String> {
    Timestamp::from_second(since_1970).ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_without_a_name_is_told_by_its_offset() {
        let zone = TimeZone::fixed(jiff::tz::offset(-5));
        assert_eq!(zone_name(&zone, Timestamp::UNIX_EPOCH), "-05:00");
        assert_eq!(zone_name(&TimeZone::UTC, Timestamp::UNIX_EPOCH), "UTC");
        assert!(!time_zone().is_empty());
    }

    #[test]
    fn an_impossible_boot_time_is_left_out() {
        let (value, _) = read(Some(i64::MAX), Some(7)).bounded();
        assert!(value.get("boot_time_utc").is_none());
        assert_eq!(value["uptime_seconds"], 7);
        assert!(value["clock"]["now_utc"].as_str().expect("a time").ends_with('Z'));
    }
}
