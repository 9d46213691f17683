//! Values that stand before the name that they go by, as in `{"value": "…", "name": "Authorization"}`, and all output
//! behind them, until the object closes.

use super::Scalar;

/// How many values wait for a name at once. Lists of numbers below `value` would otherwise cost a hundred times their size.
const MOST_PENDING: usize = 1024;

/// Output that waits, because a value in it stands before the name that it goes by.
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// What follows the first pending value, without the pending values.
    pub(super) bytes: Vec<u8>,
    /// Ordered by `at` and, because inner objects close first, by `object` too.
    pub(super) pending: Vec<Pending>,
    /// Offset in the input of the first pending value.
    pub(super) since: u64,
}

#[derive(Debug)]
pub(super) struct Pending {
    /// Where in [`Hold::bytes`] it belongs.
    pub(super) at: usize,
    pub(super) raw: Vec<u8>,
    pub(super) scalar: Scalar,
    pub(super) key: Vec<u8>,
    /// The frame of the object that it is a member of.
    pub(super) object: usize,
    pub(super) depth: usize,
}

impl Hold {
    /// Where output goes now.
    pub(super) fn sink<'a>(&'a mut self, out: &'a mut Vec<u8>) -> &'a mut Vec<u8> {
        if self.pending.is_empty() { out } else { &mut self.bytes }
    }

    /// Adds a value that begins at `offset` of the input. The caller has written all that stands before it.
    pub(super) fn push(&mut self, mut value: Pending, offset: u64) {
        if self.pending.is_empty() {
            self.since = offset;
        }
        value.at = self.bytes.len();
        self.pending.push(value);
    }

    /// True when the first value has waited for more than `limit` bytes at `offset`, or too many wait.
    pub(super) fn is_too_long(&self, offset: u64, limit: u64) -> bool {
        !self.pending.is_empty() && (offset.saturating_sub(self.since) > limit || self.pending.len() >= MOST_PENDING)
    }

    /// True when the last value belongs to the object at `index`.
    pub(super) fn is_of(&self, index: usize) -> bool {
        self.pending.last().is_some_and(|p| p.object == index)
    }
}
