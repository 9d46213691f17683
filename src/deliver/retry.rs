//! Trying again: only what is safe to repeat, with longer and longer waits that differ from run to run, never sooner than
//! the far side asks, and not for ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::DeliverError;
use super::http::{Answer, HttpError};

/// How often and how long.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// Failures one after the other, without anything moving between them, after which it is given up.
    pub failures: u32,
    /// The first wait; each next one is twice as long.
    pub first: Duration,
    /// The longest wait that we choose ourselves.
    pub most: Duration,
    /// The longest wait that the far side may ask for. Where it asks for more, it is given up at once.
    pub most_asked: Duration,
}

impl Retry {
    /// For work that somebody waits for: given up after about two minutes without a step forward.
    pub const PATIENT: Self = Self {
        failures: 9,
        first: Duration::from_millis(300),
        most: Duration::from_secs(30),
        most_asked: Duration::from_secs(300),
    };

    /// How long to wait after the `failed`th failure (from 1): between half and the whole of the doubled wait, by `chance`
    /// from 0 to 1, so that many clients do not come back at once. Nothing: give up.
    #[must_use]
    pub fn wait(&self, failed: u32, asked: Option<Duration>, chance: f64) -> Option<Duration> {
        if failed >= self.failures || asked.is_some_and(|asked| asked > self.most_asked) {
            return None;
        }
        let doubled = self.first.saturating_mul(1 << failed.saturating_sub(1).min(20)).min(self.most);
        let ours = doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        Some(asked.map_or(ours, |asked| asked.max(ours)))
    }
}

/// A step that failed.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: DeliverError,
    /// Whether the same step may go well later.
    pub passing: bool,
    /// How long the far side asks us to wait.
    pub wait: Option<Duration>,
}

impl Failure {
    /// A failure that will not pass.
    #[must_use]
    pub fn last(error: DeliverError) -> Self {
        Self { error, passing: false, wait: None }
    }

    /// A failure that may pass, with nothing asked for.
    #[must_use]
    pub fn passing(error: DeliverError) -> Self {
        Self { error, passing: true, wait: None }
    }

    /// What an answer of a refusing status means: it may pass where the status says so.
    #[must_use]
    pub fn refused(answer: &Answer, error: DeliverError) -> Self {
        Self { error, passing: may_pass(answer.status), wait: answer.retry_after() }
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        let passing = match &error {
            // Whoever is not trusted now will not be in a minute.
            HttpError::NotSent { problem, .. } => !problem.contains("certificate"),
            HttpError::NoAnswer { .. } => true,
            HttpError::Insecure { .. }
            | HttpError::Redirected { .. }
            | HttpError::Unreadable { .. }
            | HttpError::TooLong { .. }
            | HttpError::Sink(_)
            | HttpError::Authorities { .. }
            | HttpError::Tls(_) => false,
        };
        Self { error: error.into(), passing, wait: None }
    }
}

/// Whether a status speaks of the moment and not of the request: too early, too many, locked, or the server's own trouble.
#[must_use]
pub fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 423 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Counts failures, and waits between them.
#[derive(Debug)]
pub struct Patience<'a> {
    retry: Retry,
    failed: u32,
    cancelled: &'a AtomicBool,
}

impl<'a> Patience<'a> {
    /// Patience that ends at once where `cancelled` is set.
    #[must_use]
    pub fn new(retry: Retry, cancelled: &'a AtomicBool) -> Self {
        Self { retry, failed: 0, cancelled }
    }

    /// Something went forward: the count begins anew.
    pub fn moved(&mut self) {
        self.failed = 0;
    }

    /// Waits until the step may be tried again, or gives the error back: it will not pass, or too much has failed.
    pub fn wait_after(&mut self, failure: Failure) -> Result<(), DeliverError> {
        if !failure.passing || failure.error.is_interruption() {
            return Err(failure.error);
        }
        self.failed += 1;
        let Some(wait) = self.retry.wait(self.failed, failure.wait, chance()) else { return Err(failure.error) };
        sleep(wait, self.cancelled)
    }
}

/// Sleeps, and wakes within a fifth of a second when `cancelled` is set.
fn sleep(wait: Duration, cancelled: &AtomicBool) -> Result<(), DeliverError> {
    let mut left = wait;
    loop {
        if cancelled.load(Ordering::Relaxed) {
            return Err(DeliverError::interruption());
        }
        let nap = left.min(Duration::from_millis(200));
        if nap.is_zero() {
            return Ok(());
        }
        std::thread::sleep(nap);
        left -= nap;
    }
}

fn chance() -> f64 {
    let mut random = [0; 4];
    // Without a source of chance all waits are short ones, which is no reason to fail.
    let _ = getrandom::fill(&mut random);
    f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Retry = Retry {
        failures: 3,
        first: Duration::from_millis(1),
        most: Duration::from_millis(4),
        most_asked: Duration::from_secs(1),
    };

    fn cut() -> Failure {
        HttpError::NoAnswer { host: "h".to_owned(), problem: "cut".to_owned() }.into()
    }

    #[test]
    fn waits_double_up_to_a_bound_and_differ_by_chance() {
        let retry = Retry::PATIENT;
        assert_eq!(retry.wait(1, None, 1.0), Some(Duration::from_millis(300)));
        assert_eq!(retry.wait(1, None, 0.0), Some(Duration::from_millis(150)));
        assert_eq!(retry.wait(3, None, 1.0), Some(Duration::from_millis(1200)));
        assert_eq!(retry.wait(8, None, 1.0), Some(Duration::from_secs(30)));
        assert_eq!(retry.wait(9, None, 1.0), None);
        let all: Duration = (1..9).filter_map(|n| retry.wait(n, None, 1.0)).sum();
        assert!(all > Duration::from_secs(60) && all < Duration::from_secs(120), "{all:?}");
    }

    #[test]
    fn what_the_far_side_asks_for_is_the_least_and_too_much_ends_it() {
        assert_eq!(Retry::PATIENT.wait(1, Some(Duration::from_secs(7)), 0.5), Some(Duration::from_secs(7)));
        assert_eq!(Retry::PATIENT.wait(1, Some(Duration::from_secs(3600)), 0.5), None);
    }

    #[test]
    fn a_step_forward_begins_the_count_anew_and_what_cannot_pass_is_not_repeated() {
        let cancelled = AtomicBool::new(false);
        let mut patience = Patience::new(QUICK, &cancelled);
        for _ in 0..5 {
            patience.wait_after(cut()).expect("once");
            patience.wait_after(cut()).expect("twice");
            patience.moved();
        }
        patience.wait_after(cut()).expect("once");
        patience.wait_after(cut()).expect("twice");
        assert!(matches!(patience.wait_after(cut()), Err(DeliverError::Http(HttpError::NoAnswer { .. }))));
        for certain in [
            HttpError::NotSent { host: "h".to_owned(), problem: "invalid peer certificate: UnknownIssuer".to_owned() },
            HttpError::Redirected { host: "h".to_owned(), status: 307, to: "x".to_owned() },
        ] {
            assert!(!Failure::from(certain).passing);
        }
        assert!(may_pass(503) && may_pass(429) && !may_pass(403) && !may_pass(404) && !may_pass(413));
    }

    #[test]
    fn whoever_is_told_to_stop_does_not_wait() {
        let cancelled = AtomicBool::new(true);
        let error = Patience::new(Retry::PATIENT, &cancelled).wait_after(cut()).expect_err("stopped");
        assert!(error.is_interruption());
    }
}
