//! Log files: the newest part within the caps, from `--since` on, rotated ones expanded.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::files::{FileSource, Found, block_steps, named, place, search};
use super::profile::{Files as Globs, Profile};
use super::window::Since;
use super::{Collector, Context, Source, Step};
use crate::archive::expanded_name;
use crate::model::Outcome;
use crate::model::log_time::Assumed;
use crate::redact::MediaHint;

/// Collects the log files of a profile.
#[derive(Debug)]
pub struct Logs {
    profile: Arc<Profile>,
}

impl Logs {
    /// The logs that `profile` names.
    #[must_use]
    pub fn new(profile: Arc<Profile>) -> Self {
        Self { profile }
    }
}

impl Collector for Logs {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn plan(&self, context: &Context) -> Vec<Step> {
        let mut seen = HashSet::new();
        let searches: Vec<_> =
            self.profile.logs.iter().map(|block| (block, search(block, context, &mut seen))).collect();
        let limits = &self.profile.limits;
        let budget = Budget::new(limits.total, limits.file, searches.iter().flat_map(|(_, s)| &s.found));
        let mut steps = Vec::new();
        for (block, search) in searches {
            let mut refused = search.refused;
            let mut sources = Vec::new();
            for found in search.found {
                let old = context.since.is_some_and(|since| found.modified.is_some_and(|modified| modified < since));
                if old {
                    let reason = "was last written before --since".to_owned();
                    refused.push((found.path, Outcome::Skipped { reason }));
                    continue;
                }
                match budget.share(&found, limits.file) {
                    0 if found.len > 0 => {
                        let reason = format!("is over the cap of {} bytes for all logs together", limits.total);
                        refused.push((found.path, Outcome::Skipped { reason }));
                    }
                    cap => sources.push(source(block, found, cap.max(1), context)),
                }
            }
            steps.extend(block_steps(block, sources, refused));
        }
        steps
    }
}

fn source(block: &Globs, found: Found, cap: u64, context: &Context) -> Source {
    let since = context.since.map(|moment| {
        let not_after = found.modified.unwrap_or(context.now);
        Box::new(Since { moment, assumed: Assumed { zone: context.zone.clone(), not_after } })
    });
    let path = place("logs", &found.path, block.base.as_deref());
    let path = expanded_name(&path).unwrap_or(path);
    let hint = match MediaHint::of_name(&path) {
        MediaHint::Image => MediaHint::Text,
        // A cut or growing log need not be whole JSON.
        MediaHint::Json => MediaHint::Json,
        other => other,
    };
    Source {
        path,
        origin: named(&found.path, block.base.as_deref()),
        hint,
        media_type: "text/plain",
        size: Some(found.len),
        modified: found.modified,
        is_log: true,
        open: Arc::new(FileSource {
            root: found.root,
            relative: found.relative,
            id: found.id,
            cap,
            since,
            seen: Mutex::new(None),
            short: Arc::default(),
        }),
    }
}

/// The bytes that all logs together may have, given to the newest files first.
struct Budget {
    shares: std::collections::HashMap<crate::platform::FileId, u64>,
}

impl Budget {
    fn new<'a>(total: u64, cap: u64, found: impl Iterator<Item = &'a Found>) -> Self {
        let mut newest: Vec<&Found> = found.collect();
        newest.sort_by(|a, b| (b.modified, &a.path).cmp(&(a.modified, &b.path)));
        let mut left = total;
        let shares = newest
            .into_iter()
            .map(|found| {
                let share = left;
                // More than its own cap is never taken of a file.
                left = left.saturating_sub(found.len.min(cap));
                (found.id, share)
            })
            .collect();
        Self { shares }
    }

    fn share(&self, found: &Found, cap: u64) -> u64 {
        self.shares.get(&found.id).copied().unwrap_or(0).min(cap)
    }
}
