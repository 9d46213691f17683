//! Stand-ins for ticket systems that cannot run here: servers on this machine with the few calls that we use, written from
//! the vendors' documentation. Every request is held against a schema of our own; what does not follow it is refused and kept.

pub mod jira;
pub mod servicenow;
pub mod webhook;
pub mod zendesk;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use url::Url;

use crate::deliver::loopback::{Asked, Loopback, Reply};
use crate::deliver::secrets::Secret;

/// The token that every stand-in wants.
pub const TOKEN: &str = "t0ken-of-the-test";

/// A stand-in.
pub struct StandIn {
    server: Loopback,
    state: Arc<Mutex<State>>,
}

/// What a stand-in keeps.
#[derive(Default)]
pub struct State {
    /// The tickets in the order in which they were made.
    pub tickets: Vec<Value>,
    /// Files: their ticket's number, name and content.
    pub files: Vec<(usize, String, Vec<u8>)>,
    /// Uploads that no ticket has yet.
    pub uploads: Vec<(String, Vec<u8>)>,
    /// Where files are cut, without a word.
    pub cut_files: Option<usize>,
    /// A field that is dropped, without a word.
    pub dropped_field: Option<&'static str>,
    /// What did not follow the schemas.
    pub faults: Vec<String>,
}

/// What one system answers; nothing for a path that it does not have.
pub type Answering = fn(&Asked, &Url, &mut State) -> Option<Reply>;

impl StandIn {
    /// Starts one that answers by `answering` whoever is `authorized`.
    pub fn start(authorized: (&'static str, String), answering: Answering) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let kept = state.clone();
        let server = Loopback::start(move |asked| {
            if asked.header(authorized.0) != Some(&authorized.1) {
                return Reply::json(401, &json!({ "error": "who are you?" }));
            }
            let url = Url::parse("http://stand.in").and_then(|base| base.join(&asked.target)).expect("a target");
            let mut state = kept.lock().expect("no test panics while it holds this");
            answering(asked, &url, &mut state).unwrap_or_else(|| {
                state.faults.push(format!("{} {} is no call of this system", asked.method, asked.target));
                Reply::json(404, &json!({ "error": "no such call" }))
            })
        });
        Self { server, state }
    }

    /// Its address.
    pub fn url(&self, path: &str) -> Url {
        self.server.url(path)
    }

    /// Looks at or changes what it keeps.
    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().expect("no test panics while it holds this"))
    }
}

impl State {
    /// The JSON body of a request that follows `schema`; nothing, and a fault, for another.
    pub fn body(&mut self, asked: &Asked, schema: &Value) -> Option<Value> {
        let kind = asked.header("content-type").unwrap_or_default();
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
        let valid =
            jsonschema::validator_for(schema).expect("a schema of ours").validate(&body).map_err(|e| e.to_string());
        if !kind.starts_with("application/json") || valid.is_err() {
            self.faults.push(format!("{} {}: {kind} {valid:?} {body}", asked.method, asked.target));
            return None;
        }
        Some(body)
    }

    /// The ticket whose `field` is `value`, by its number.
    pub fn ticket(&self, field: &str, value: &str) -> Option<usize> {
        self.tickets.iter().position(|ticket| match &ticket[field] {
            Value::String(text) => text == value,
            Value::Number(number) => number.as_u64() == value.parse().ok(),
            _ => false,
        })
    }
}

/// The value of `name` in the query.
pub fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The parts of the path.
pub fn parts(url: &Url) -> Vec<&str> {
    url.path().trim_start_matches('/').split('/').collect()
}

/// What a multipart form sends as `part`: the file's name and content.
pub fn file_of_form(asked: &Asked, part: &str) -> Option<(String, Vec<u8>)> {
    let boundary = asked.header("content-type")?.split_once("boundary=")?.1.trim_matches('"').to_owned();
    let body = &asked.body;
    let find = |from: usize, what: &[u8]| body[from..].windows(what.len()).position(|w| w == what).map(|at| from + at);
    let head_end = find(0, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&body[..head_end]).into_owned();
    if !head.contains(&format!("name=\"{part}\"")) {
        return None;
    }
    let name = head.split_once("filename=\"")?.1.split('"').next()?.to_owned();
    let end = find(head_end, format!("\r\n--{boundary}").as_bytes())?;
    Some((name, body[head_end + 4..end].to_vec()))
}

/// A refusal of what does not follow the schema.
pub fn refused() -> Reply {
    Reply::json(400, &json!({ "errorMessages": ["does not follow the schema"] }))
}

/// The secret of the tests.
pub fn token() -> Secret {
    Secret::of_test(TOKEN)
}
