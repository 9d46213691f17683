//! How long work shows itself: a line that moves on a terminal, a few plain lines without one.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::printable;
use crate::pipeline::Event;

/// Shows the events of a run on stderr.
pub struct Progress {
    bar: Option<ProgressBar>,
    written: usize,
    sources: usize,
}

impl Progress {
    /// A moving line when stderr is a terminal, plain lines otherwise; nothing when `quiet`.
    pub fn new(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {pos}/{len} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, written: 0, sources: 0 }
    }

    /// Takes one event.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Planned { sources } => {
                self.sources = *sources;
                match &self.bar {
                    // Each source is passed twice: looked through, then written.
                    Some(bar) => bar.set_length(*sources as u64 * 2),
                    None => self.plain(&format!("looking through {sources} sources")),
                }
            }
            Event::Scanned { origin } => self.step("looking through", origin),
            Event::Written { origin, .. } => {
                self.written += 1;
                self.step("writing", origin);
                if self.bar.is_none() && self.written.is_multiple_of(1000) {
                    self.plain(&format!("{} of {} sources written", self.written, self.sources));
                }
            }
            Event::Sealing => match &self.bar {
                Some(bar) => bar.set_message("sealing"),
                None => self.plain("sealing"),
            },
        }
    }

    fn step(&self, doing: &str, origin: &str) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
            bar.set_message(format!("{doing} {}", printable(origin)));
        }
    }

    fn plain(&self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// Clears the moving line.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Shows how much of a file has gone out.
pub struct UploadProgress {
    bar: Option<ProgressBar>,
    size: u64,
    /// Tenths that were told in plain lines.
    told: u64,
    quiet: bool,
}

impl UploadProgress {
    /// A moving line when stderr is a terminal, a plain line a tenth otherwise; nothing when `quiet`.
    pub fn new(quiet: bool, size: u64, host: &str) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
            let style =
                ProgressStyle::with_template("{spinner} {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_message(format!("sending to {}", printable(host)));
            bar
        });
        if !quiet && bar.is_none() {
            let _ = writeln!(anstream::stderr().lock(), "sending to {}", printable(host));
        }
        Self { bar, size, told: 0, quiet }
    }

    /// So many bytes are there.
    pub fn at(&mut self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
            return;
        }
        let tenths = (u128::from(bytes) * 10 / u128::from(self.size.max(1))) as u64;
        if tenths > self.told && !self.quiet {
            self.told = tenths;
            let _ = writeln!(anstream::stderr().lock(), "{} % sent", tenths * 10);
        }
    }

    /// Clears the moving line.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
