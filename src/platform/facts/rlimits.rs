//! The limits of this process, which are those of the shell it was started from: often the ones that hit the customer's
//! service too.

use rustix::process::{Resource, getrlimit};
use serde_json::{Map, Value, json};

/// Soft and hard limit by resource; `null` is unlimited. In the unit of setrlimit(2): bytes, seconds or a count.
pub(super) fn read() -> Value {
    let resources = [
        ("open_files", Resource::Nofile),
        ("processes", Resource::Nproc),
        ("core_bytes", Resource::Core),
        ("stack_bytes", Resource::Stack),
        ("address_space_bytes", Resource::As),
        ("data_bytes", Resource::Data),
        ("file_size_bytes", Resource::Fsize),
        ("locked_memory_bytes", Resource::Memlock),
        ("cpu_seconds", Resource::Cpu),
    ];
    let limits: Map<String, Value> = resources
        .into_iter()
        .map(|(name, resource)| {
            let limit = getrlimit(resource);
            (name.to_owned(), json!({ "soft": limit.current, "hard": limit.maximum }))
        })
        .collect();
    Value::Object(limits)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_limit_on_open_files_is_known() {
        let limits = super::read();
        assert!(limits["open_files"].as_object().is_some_and(|limit| limit.contains_key("soft")));
    }
}
