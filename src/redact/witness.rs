//! Who wants to know what is replaced by what: a vault that can turn it back, a terminal that shows it. Without one, it costs
//! a look at an empty list.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// One value and what stands there instead.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    /// What was written: a placeholder, or another address.
    pub placeholder: &'a [u8],
    /// What stood there, as it was read: in JSON without quotes and escapes.
    pub original: &'a [u8],
    /// The id of the rule, or what the engine calls its own finds.
    pub rule: &'a str,
    /// The kind in the placeholder; `ipv4` or `ipv6` for an address.
    pub kind: &'a str,
    /// Whether the placeholder tells this value from others of its kind.
    pub distinct: bool,
}

/// Learns of each replacement as it is written, from any thread. It holds secrets: what it keeps must not leave the
/// customer's side.
pub trait Witness: Send + Sync {
    /// One value was replaced.
    fn replaced(&self, replacement: &Replacement<'_>);
}

/// The most placeholders that are remembered. A bundle has some thousands; a million is a log of nothing but addresses.
const MAX_ENTRIES: usize = 1_000_000;
/// The most bytes of placeholders and values that are remembered: what a small server can lend.
const MAX_BYTES: usize = 256 << 20;
/// Values of one placeholder that are remembered. Two networks can meet in one address, rarely; more is chance upon chance.
const MAX_VALUES: usize = 4;

/// What stands behind the placeholders of a run: for a vault.
pub struct Originals {
    known: Mutex<Known>,
    max_entries: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct Known {
    values: BTreeMap<Vec<u8>, Behind>,
    entries: usize,
    bytes: usize,
    left_out: u64,
}

struct Behind {
    kind: String,
    originals: Vec<Vec<u8>>,
}

/// A placeholder with one value that it stands for.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was written.
    pub placeholder: Vec<u8>,
    /// What stood there.
    pub original: Vec<u8>,
    /// The kind in the placeholder; `ipv4` or `ipv6` for an address.
    pub kind: String,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({})", String::from_utf8_lossy(&self.placeholder))
    }
}

impl std::fmt::Debug for Originals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Originals(…)")
    }
}

impl Default for Originals {
    fn default() -> Self {
        Self { known: Mutex::default(), max_entries: MAX_ENTRIES, max_bytes: MAX_BYTES }
    }
}

impl Originals {
    /// How many values are remembered, and how many were over the cap.
    #[must_use]
    pub fn counted(&self) -> (u64, u64) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        (known.entries as u64, known.left_out)
    }

    /// Each placeholder with each value that it stands for, in the order of the placeholders. The first error ends it.
    pub fn each<E>(&self, mut visit: impl FnMut(&[u8], &[u8], &str) -> Result<(), E>) -> Result<(), E> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (placeholder, behind) in &known.values {
            for original in &behind.originals {
                visit(placeholder, original, &behind.kind)?;
            }
        }
        Ok(())
    }
}

impl Witness for Originals {
    fn replaced(&self, replacement: &Replacement<'_>) {
        // One that stands for every value of its kind leads back to none.
        if !replacement.distinct {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = &mut *known;
        let value = replacement.original;
        let size = value.len() + replacement.placeholder.len();
        let full = known.entries >= self.max_entries || known.bytes + size > self.max_bytes;
        match known.values.get_mut(replacement.placeholder) {
            Some(behind) => {
                // A name is the same in any case; the smallest spelling is kept, whichever thread came first.
                let same = behind.originals.iter_mut().find(|other| other.eq_ignore_ascii_case(value));
                if let Some(other) = same {
                    if value < other.as_slice() {
                        other.copy_from_slice(value);
                    }
                } else if full || behind.originals.len() >= MAX_VALUES {
                    known.left_out += 1;
                } else {
                    behind.originals.push(value.to_vec());
                    behind.originals.sort();
                    known.entries += 1;
                    known.bytes += size;
                }
            }
            None if full => known.left_out += 1,
            None => {
                let behind = Behind { kind: replacement.kind.to_owned(), originals: vec![value.to_vec()] };
                known.values.insert(replacement.placeholder.to_vec(), behind);
                known.entries += 1;
                known.bytes += size;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell(originals: &Originals, placeholder: &str, original: &str, distinct: bool) {
        originals.replaced(&Replacement {
            placeholder: placeholder.as_bytes(),
            original: original.as_bytes(),
            rule: "a-rule",
            kind: "a-kind",
            distinct,
        });
    }

    fn all(originals: &Originals) -> Vec<String> {
        let mut all = Vec::new();
        let visited: Result<(), ()> = originals.each(|placeholder, original, _| {
            all.push(format!("{}={}", String::from_utf8_lossy(placeholder), String::from_utf8_lossy(original)));
            Ok(())
        });
        assert!(visited.is_ok());
        all
    }

    #[test]
    fn values_are_kept_once_and_a_name_in_one_spelling_whatever_the_order() {
        for order in [["alice", "Alice", "bob"], ["bob", "Alice", "alice"]] {
            let originals = Originals::default();
            for name in order {
                tell(&originals, if name == "bob" { "b" } else { "a" }, name, true);
            }
            tell(&originals, "pin", "1234", false);
            assert_eq!(all(&originals), ["a=Alice", "b=bob"]);
            assert_eq!(originals.counted(), (2, 0));
        }
    }

    #[test]
    fn two_values_that_meet_in_one_placeholder_are_both_kept() {
        let originals = Originals::default();
        tell(&originals, "240.0.0.1", "81.2.69.2", true);
        tell(&originals, "240.0.0.1", "81.2.69.1", true);
        assert_eq!(all(&originals), ["240.0.0.1=81.2.69.1", "240.0.0.1=81.2.69.2"]);
    }

    #[test]
    fn what_is_over_the_cap_is_counted() {
        let originals = Originals { max_entries: 2, ..Originals::default() };
        for n in 0..5 {
            tell(&originals, &n.to_string(), "value", true);
        }
        assert_eq!(originals.counted(), (2, 3));
        let originals = Originals { max_bytes: 10, ..Originals::default() };
        for n in 0..5 {
            tell(&originals, &n.to_string(), "value", true);
        }
        assert_eq!(originals.counted(), (1, 4));
    }
}
