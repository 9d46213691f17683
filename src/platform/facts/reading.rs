//! A group in the making: facts and gaps, with the bounds that keep a strange machine from making a huge file.

#[cfg(any(target_os = "linux", target_os = "macos"))]
use std::io;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Map, Value};

/// The longest text, in bytes. Long enough for every PATH but the most unusual.
const MAX_TEXT: usize = 4096;

/// The longest list. A router with a full table has a million routes; nobody reads on after 512.
const MAX_LIST: usize = 512;

/// The most gaps that are named one by one.
const MAX_GAPS: usize = 64;

/// Facts read so far and what could not be read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    value: Map<String, Value>,
    gaps: Vec<String>,
}

impl Reading {
    /// Adds a fact. Nothing is added for `null`, so that a missing fact has no key.
    pub(super) fn put(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        if !value.is_null() {
            self.value.insert(key.to_owned(), value);
        }
    }

    /// Records that something could not be read.
    pub(super) fn gap(&mut self, what: impl Into<String>) {
        if self.gaps.len() < MAX_GAPS {
            self.gaps.push(what.into());
        }
    }

    /// The value, or a gap with the reason.
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    pub(super) fn take<T>(&mut self, what: &str, result: io::Result<T>) -> Option<T> {
        result.map_err(|error| self.gap(format!("{what}: {}", plain(&error)))).ok()
    }

    /// Value and gaps, with long texts and lists cut.
    pub(super) fn bounded(mut self) -> (Value, Vec<String>) {
        let mut value = Value::Object(std::mem::take(&mut self.value));
        bound(&mut value, "", &mut self);
        for gap in &mut self.gaps {
            cut(gap);
        }
        (value, self.gaps)
    }
}

/// An error in the words of its kind, without the number that means nothing on another system.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(super) fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist here".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// An object of those pairs that have a value.
pub(super) fn object<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Object(pairs.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.to_owned(), v)).collect())
}

/// `part` of `whole` in percent with one decimal; `None` when there is no whole.
pub(super) fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 * 1000.0 / whole as f64).round() / 10.0)
}

/// Runs `work` in a thread of its own and waits for it no longer than `limit`. `None` when it is late or panics; a late
/// thread is left behind and ends with the process.
pub(super) fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new().spawn(move || sender.send(work())).ok()?;
    receiver.recv_timeout(limit).ok()
}

fn bound(value: &mut Value, key: &str, reading: &mut Reading) {
    match value {
        Value::String(text) => cut(text),
        Value::Array(list) => {
            if list.len() > MAX_LIST {
                reading.gap(format!("{key}: the first {MAX_LIST} of {} are listed", list.len()));
                list.truncate(MAX_LIST);
            }
            for item in list {
                bound(item, key, reading);
            }
        }
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                bound(item, key, reading);
            }
        }
        _ => {}
    }
}

fn cut(text: &mut String) {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_texts_and_lists_are_cut_and_the_cut_is_told() {
        let mut reading = Reading::default();
        reading.put("text", "é".repeat(5000));
        reading.put("routes", json!(vec![0; 600]));
        reading.put("nothing", Value::Null);
        let (value, gaps) = reading.bounded();
        assert!(value["text"].as_str().expect("a text").len() <= MAX_TEXT + '…'.len_utf8());
        assert_eq!(value["routes"].as_array().map(Vec::len), Some(MAX_LIST));
        assert_eq!(gaps, ["routes: the first 512 of 600 are listed"]);
        assert!(value.get("nothing").is_none());
    }

    #[test]
    fn work_that_hangs_or_panics_does_not_hold_up_the_caller() {
        assert_eq!(within(Duration::from_secs(5), || 7), Some(7));
        assert_eq!(within(Duration::from_millis(20), || std::thread::sleep(Duration::from_secs(2))), None);
    }
}
