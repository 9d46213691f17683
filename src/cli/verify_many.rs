//! `verify` of many bundles: several at a time, told in the order in which they were named, with a table at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use super::Exit;
use super::verify::Terms;
use super::verify_inputs::Input;
use super::verify_one::{self, Verified};
use crate::bundle::layout::{ENCRYPTED, EXTENSION};
use crate::model::printable;

/// Bundles at a time. Each is read by several threads of its own.
const MOST: usize = 4;

/// Verifies all, and hands each to `tell` in the order of `inputs`, until `cancel` is set.
pub(super) fn verify(inputs: &[Input], terms: &Terms, cancel: &AtomicBool, tell: &mut dyn FnMut(&Input, Verified)) {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST).min(inputs.len());
    if threads <= 1 {
        for input in inputs.iter().take_while(|_| !cancel.load(Ordering::Relaxed)) {
            tell(input, verify_one::verify(input, terms, cancel));
        }
        return;
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(threads);
        for _ in 0..threads {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while let Some((n, input)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, inputs.get(n)?)))
                {
                    if cancel.load(Ordering::Relaxed)
                        || send.send((n, verify_one::verify(input, terms, cancel))).is_err()
                    {
                        break;
                    }
                }
            });
        }
        drop(send);
        let (mut waiting, mut told) = (BTreeMap::new(), 0);
        for (n, one) in receive {
            waiting.insert(n, one);
            while let Some(one) = waiting.remove(&told) {
                tell(&inputs[told], one);
                told += 1;
            }
        }
    });
}

/// One row a bundle, and how many of each.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: String,
    ready: u64,
    not_ready: u64,
    refused: u64,
    not_read: u64,
}

/// Columns of a name, so that a row fits 80.
const NAME: usize = 29;

impl Table {
    pub(super) fn add(&mut self, input: &Input, one: &Verified) {
        match one.exit {
            Exit::Done => self.ready += 1,
            Exit::No | Exit::Partial => self.not_ready += 1,
            Exit::Damaged => self.refused += 1,
            Exit::Usage | Exit::LocalFailure | Exit::Interrupted => self.not_read += 1,
        }
        let name = printable(&input.name.display().to_string());
        let name = [EXTENSION, ENCRYPTED].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let length = name.chars().count();
        // The end of a path tells more than its beginning.
        let name = match length.checked_sub(NAME) {
            Some(over) if over > 0 => format!("…{}", name.chars().skip(over + 1).collect::<String>()),
            _ => name.to_owned(),
        };
        let [safe, whole, clean, rest] = &one.row;
        let row = format!("{name:<NAME$}  {safe:<4}  {whole:<5}  {clean:<8}  {rest}");
        self.rows.push_str(row.trim_end());
        self.rows.push('\n');
    }

    pub(super) fn render(&self) -> String {
        let mut out = format!("{:<NAME$}  safe  whole  clean     complete\n{}", "bundle", self.rows);
        let all = self.ready + self.not_ready + self.refused + self.not_read;
        let _ = write!(
            out,
            "\n{all} bundles: {} ready, {} not ready, {} refused",
            self.ready, self.not_ready, self.refused
        );
        if self.not_read > 0 {
            let _ = write!(out, ", {} not verified", self.not_read);
        }
        out.push_str("\n`casefile verify BUNDLE` tells more of one\n");
        out
    }
}
