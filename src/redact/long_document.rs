//! Documents of this program that grow with what it collects: a hundred thousand artifacts make a manifest of 60 MB. What
//! stands in their lists is redacted when it is added, kept outside of memory, and put together at the end.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use serde_json::Value;

use super::stream::{Counts, LastLook};
use super::{RedactError, Redacted, Redactor, Step};
use crate::model::ArtifactPath;

/// Bytes of a block that is handed out, about, and of what is read or written at once.
const BLOCK: usize = 256 << 10;

/// Where the elements of a list are kept until the document is put together.
pub trait Store: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Store for T {}

/// A list, or the members of an object, whose elements are redacted already.
pub struct LongList {
    store: Box<dyn Store>,
    /// What is not in the store yet.
    latest: Vec<u8>,
    /// Where each element ends.
    ends: Vec<u64>,
    brackets: [char; 2],
}

impl std::fmt::Debug for LongList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LongList({} elements)", self.ends.len())
    }
}

impl LongList {
    /// An empty list.
    #[must_use]
    pub fn list(store: Box<dyn Store>) -> Self {
        Self { store, latest: Vec::new(), ends: Vec::new(), brackets: ['[', ']'] }
    }

    /// An object without members.
    #[must_use]
    pub fn object(store: Box<dyn Store>) -> Self {
        Self { brackets: ['{', '}'], ..Self::list(store) }
    }

    /// How many elements it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds `element` with the rules applied to every string that `keeps`, by its place in the document, does not exempt.
    pub fn push(
        &mut self,
        redactor: &Redactor,
        name: &str,
        element: &Value,
        keeps: &dyn Fn(&str) -> bool,
    ) -> Result<(), RedactError> {
        let text = redactor.element(&format!("/{name}/{}", self.ends.len()), element, keeps)?;
        self.add(&text)
    }

    /// The same with a last member `member`, the list of `paths`.
    pub fn push_with_paths<'a>(
        &mut self,
        redactor: &Redactor,
        name: &str,
        element: &Value,
        (member, paths): (&str, impl Iterator<Item = &'a ArtifactPath>),
        keeps: &dyn Fn(&str) -> bool,
    ) -> Result<(), RedactError> {
        let mut text = redactor.element(&format!("/{name}/{}", self.ends.len()), element, keeps)?;
        text.truncate(text.len() - "\n    }".len());
        text.push_str(&format!(",\n      \"{member}\": ["));
        for (n, path) in paths.enumerate() {
            // Of letters that need no escape.
            text.push_str(if n == 0 { "\n        \"" } else { ",\n        \"" });
            text.push_str(path.as_str());
            text.push('"');
        }
        text.push_str("\n      ]\n    }");
        self.add(&text)
    }

    /// Adds the member `path` to an object.
    pub fn insert(
        &mut self,
        redactor: &Redactor,
        name: &str,
        path: &ArtifactPath,
        value: &Value,
        keeps: &dyn Fn(&str) -> bool,
    ) -> Result<(), RedactError> {
        let text = redactor.element(&format!("/{name}/{path}"), value, keeps)?;
        self.add(&format!("\"{path}\": {text}"))
    }

    fn add(&mut self, text: &str) -> Result<(), RedactError> {
        let before = self.ends.last().copied().unwrap_or(0);
        self.ends.push(before + text.len() as u64);
        self.latest.extend_from_slice(text.as_bytes());
        if self.latest.len() >= BLOCK {
            self.store.write_all(&self.latest)?;
            self.latest.clear();
        }
        Ok(())
    }

    /// Ready to be read in the order of `order`.
    fn in_order(mut self, name: &'static str, order: Option<Vec<u32>>) -> io::Result<Ordered> {
        self.store.write_all(&self.latest)?;
        self.latest = Vec::new();
        let order = order.unwrap_or_else(|| (0..u32::try_from(self.ends.len()).unwrap_or(u32::MAX)).collect());
        Ok(Ordered { list: self, name, order, given: 0, window: Vec::new(), window_at: 0 })
    }
}

/// A list that is being read.
struct Ordered {
    list: LongList,
    name: &'static str,
    order: Vec<u32>,
    given: usize,
    /// Bytes of the store from `window_at` on.
    window: Vec<u8>,
    window_at: u64,
}

impl Ordered {
    /// Appends the next element to `out`; `false` when there is none.
    fn next(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let Some(n) = self.order.get(self.given) else { return Ok(false) };
        let n = *n as usize;
        let start = if n == 0 { 0 } else { self.list.ends[n - 1] };
        let end = self.list.ends[n];
        if start < self.window_at || end > self.window_at + self.window.len() as u64 {
            self.window.clear();
            self.window_at = start;
            self.list.store.seek(SeekFrom::Start(start))?;
            let wanted = (end - start).max(BLOCK as u64);
            Read::by_ref(&mut self.list.store).take(wanted).read_to_end(&mut self.window)?;
        }
        out.extend_from_slice(if self.given == 0 { b"\n    " } else { b",\n    " });
        let within = |at: u64| usize::try_from(at - self.window_at).unwrap_or(usize::MAX);
        let element = self.window.get(within(start)..within(end));
        out.extend_from_slice(element.ok_or(io::ErrorKind::UnexpectedEof)?);
        self.given += 1;
        Ok(true)
    }
}

impl Redactor {
    /// `element` as it stands in a list of a document, redacted; `pointer` is its place there.
    fn element(&self, pointer: &str, element: &Value, keeps: &dyn Fn(&str) -> bool) -> Result<String, RedactError> {
        let redacted = self.value(element, &mut pointer.to_owned(), keeps, &mut Counts::new())?;
        let text =
            serde_json::to_string_pretty(&redacted).map_err(|_| RedactError::Limit("a document of this program"))?;
        // No string holds a line end of its own.
        Ok(text.replace('\n', "\n    "))
    }

    /// The document that begins with the members of `head`, which has some, and goes on with `lists`, each in an order of
    /// its own or in that in which it was filled.
    pub fn long_document(
        self: &Arc<Self>,
        head: &Value,
        lists: Vec<(&'static str, LongList, Option<Vec<u32>>)>,
        keeps: &dyn Fn(&str) -> bool,
    ) -> Result<Redacted<'static>, RedactError> {
        let redacted = self.value(head, &mut String::new(), keeps, &mut Counts::new())?;
        let mut out =
            serde_json::to_vec_pretty(&redacted).map_err(|_| RedactError::Limit("a document of this program"))?;
        out.truncate(out.len() - "\n}".len());
        let lists = lists.into_iter().map(|(name, list, order)| list.in_order(name, order));
        let lists = lists.rev().collect::<io::Result<_>>()?;
        let (redactor, last_look) = (Arc::clone(self), LastLook::default());
        Ok(Redacted::from_steps(Assembly { redactor, lists, out, last_look, ended: false }))
    }
}

/// A long document that is being put together.
struct Assembly {
    redactor: Arc<Redactor>,
    /// What follows, the next last.
    lists: Vec<Ordered>,
    out: Vec<u8>,
    last_look: LastLook,
    ended: bool,
}

impl Assembly {
    fn step(&mut self) -> Result<Step, RedactError> {
        while self.out.len() < BLOCK
            && let Some(list) = self.lists.last_mut()
        {
            let [open, close] = list.list.brackets;
            if list.given == 0 {
                self.out.extend_from_slice(format!(",\n  \"{}\": {open}", list.name).as_bytes());
            }
            while self.out.len() < BLOCK && list.next(&mut self.out)? {}
            if list.given == list.order.len() {
                let line = if list.given == 0 { "" } else { "\n  " };
                self.out.extend_from_slice(format!("{line}{close}").as_bytes());
                self.lists.pop();
                if self.lists.is_empty() {
                    self.out.extend_from_slice(b"\n}\n");
                }
            }
        }
        if self.out.is_empty() {
            self.ended = true;
            return Ok(Step::End(Counts::new().summary(Some("utf-8"))));
        }
        self.last_look.pass(&self.redactor, &self.out)?;
        Ok(Step::block(std::mem::take(&mut self.out)))
    }
}

impl Iterator for Assembly {
    type Item = Result<Step, RedactError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step();
        self.ended |= step.is_err();
        Some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{KnownNames, Privacy, Pseudonyms, RuleSet};
    use serde_json::json;
    use std::io::Cursor;

    fn redactor() -> Arc<Redactor> {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules"));
        let made = Redactor::new(set, Pseudonyms::new(b"key"), &KnownNames::default(), Privacy::Standard);
        Arc::new(made.expect("a redactor"))
    }

    fn bytes(redacted: Redacted<'_>) -> String {
        let mut all = Vec::new();
        for step in redacted {
            if let Step::Block(block) = step.expect("redacts") {
                all.extend_from_slice(block.bytes());
            }
        }
        String::from_utf8(all).expect("text")
    }

    #[test]
    fn a_long_document_reads_as_one_that_was_held_in_memory() {
        let (redactor, keeps) = (redactor(), |pointer: &str| pointer.ends_with("/path"));
        let store = || Box::new(Cursor::new(Vec::new()));
        let path = |n: usize| ArtifactPath::nearest(&format!("data/logs/{n}.log"));
        for count in [0_usize, 1, 3, 4000] {
            let element = |n: usize| {
                let n = if n == 0 { "password=hunter2-Correct".to_owned() } else { n.to_string() };
                json!({ "path": "data/x", "origin": n, "a": { "b": [1, "x\ny"] } })
            };
            let (mut plan, mut all, mut by_path) =
                (LongList::list(store()), LongList::list(store()), LongList::object(store()));
            for n in 0..count {
                all.push(&redactor, "all", &element(n), &keeps).expect("redacts");
                by_path.insert(&redactor, "by", &path(n), &json!({ "rule": n }), &keeps).expect("redacts");
            }
            let paths: Vec<ArtifactPath> = (0..count.max(1)).map(path).collect();
            plan.push_with_paths(&redactor, "plan", &json!({ "what": "w" }), ("paths", paths.iter()), &keeps)
                .expect("redacts");
            let backwards: Vec<u32> = (0..count as u32).rev().collect();
            let lists = vec![("plan", plan, None), ("all", all, Some(backwards)), ("by", by_path, None)];
            let head = json!({ "schema": "s" });
            let long = bytes(redactor.long_document(&head, lists, &keeps).expect("a document"));
            let by: serde_json::Map<_, _> =
                (0..count).map(|n| (path(n).as_str().to_owned(), json!({ "rule": n }))).collect();
            let whole = json!({
                "schema": "s",
                "plan": [{ "what": "w", "paths": paths }],
                "all": (0..count).rev().map(element).collect::<Vec<_>>(),
                "by": by,
            });
            assert!(long == bytes(redactor.document(&whole, &keeps).expect("a document")), "{count}: {long:.2000}");
            assert!(!long.contains("hunter2"));
        }
    }
}
