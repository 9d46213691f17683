//! A limit of bytes a second: says how long to wait before the next bytes go out. Pure, takes the time.

use std::time::Duration;

/// Time that went by unused counts for this long: after a stop, what was saved up goes out at once.
const MOST_SAVED: Duration = Duration::from_millis(500);

/// A limit, and what went out under it.
#[derive(Debug)]
pub struct Pace {
    bytes_a_second: u64,
    /// When all that was let out so far is paid for.
    paid: Duration,
}

impl Pace {
    /// A limit of so many bytes a second, at least 1.
    #[must_use]
    pub fn new(bytes_a_second: u64) -> Self {
        Self { bytes_a_second: bytes_a_second.max(1), paid: Duration::ZERO }
    }

    /// How long to wait after `bytes` that go out now; `now` counts from any fixed moment.
    pub fn wait_after(&mut self, bytes: u64, now: Duration) -> Duration {
        let begun = self.paid.max(now.saturating_sub(MOST_SAVED));
        self.paid = begun + Duration::from_secs_f64(bytes as f64 / self.bytes_a_second as f64);
        self.paid.saturating_sub(now)
    }

    /// Bytes that go out at a time: some tens of pieces a second, so that waits are short and the flow is even.
    #[must_use]
    pub fn piece(&self, most: usize) -> usize {
        usize::try_from(self.bytes_a_second / 20).unwrap_or(most).clamp(1, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_out_never_exceeds_the_limit_over_a_while() {
        let mut pace = Pace::new(1000);
        let (mut now, mut sent) = (Duration::from_secs(5), 0);
        while now < Duration::from_secs(15) {
            sent += 50;
            now += pace.wait_after(50, now);
        }
        assert!((10_000..=10_600).contains(&sent), "{sent}");
    }

    #[test]
    fn a_pause_is_not_made_up_for() {
        let mut pace = Pace::new(1000);
        assert_eq!(pace.wait_after(1000, Duration::ZERO), Duration::from_secs(1));
        let later = pace.wait_after(1000, Duration::from_secs(100));
        assert_eq!(later, Duration::from_millis(500));
    }

    #[test]
    fn pieces_fit_the_limit() {
        assert_eq!(Pace::new(1).piece(100), 1);
        assert_eq!(Pace::new(2000).piece(1000), 100);
        assert_eq!(Pace::new(u64::MAX).piece(1000), 1000);
    }
}
