//! Documents that this program writes itself (manifest, case, host facts): every text in them passes the rules, but for
//! what the caller names as structure.

use serde_json::Value;

use super::stream::Counts;
use super::{RedactError, Redacted, Redactor};

impl Redactor {
    /// `document` as indented JSON, with the rules applied to every string that `keeps` (by JSON pointer) does not exempt.
    /// A new field is therefore redacted until somebody says that it need not be.
    pub fn document(&self, document: &Value, keeps: &dyn Fn(&str) -> bool) -> Result<Redacted<'static>, RedactError> {
        let mut counts = Counts::new();
        let redacted = self.value(document, &mut String::new(), keeps, &mut counts)?;
        let mut bytes =
            serde_json::to_vec_pretty(&redacted).map_err(|_| RedactError::Limit("a document of this program"))?;
        bytes.push(b'\n');
        self.finished(bytes, counts)
    }

    /// `document` with the rules applied, as a value.
    pub fn redacted_value(&self, document: &Value, keeps: &dyn Fn(&str) -> bool) -> Result<Value, RedactError> {
        self.value(document, &mut String::new(), keeps, &mut Counts::new())
    }

    pub(super) fn value(
        &self,
        value: &Value,
        pointer: &mut String,
        keeps: &dyn Fn(&str) -> bool,
        counts: &mut Counts,
    ) -> Result<Value, RedactError> {
        let length = pointer.len();
        Ok(match value {
            Value::String(_) if keeps(pointer) => value.clone(),
            Value::String(text) => {
                let mut out = Vec::with_capacity(text.len());
                self.replace_all(text.as_bytes(), &mut out, counts)?;
                Value::String(String::from_utf8_lossy(&out).into_owned())
            }
            Value::Array(items) => {
                let mut redacted = Vec::with_capacity(items.len());
                for (n, item) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{n}"));
                    redacted.push(self.value(item, pointer, keeps, counts)?);
                    pointer.truncate(length);
                }
                Value::Array(redacted)
            }
            Value::Object(members) => {
                let mut redacted = serde_json::Map::with_capacity(members.len());
                for (key, item) in members {
                    pointer.push('/');
                    pointer.push_str(key);
                    redacted.insert(key.clone(), self.value(item, pointer, keeps, counts)?);
                    pointer.truncate(length);
                }
                Value::Object(redacted)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        })
    }
}
