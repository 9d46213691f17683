//! Control groups, which limit what a service or container may use, and `/proc/pressure`, which says how much it waits.

use serde_json::{Map, Value, json};

/// The controller's folder in `/proc/self/cgroup`: `None` asks for version 2.
pub fn folder<'a>(cgroup: &'a str, controller: Option<&str>) -> Option<&'a str> {
    cgroup.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (number, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let wanted = match controller {
            None => number == "0" && controllers.is_empty(),
            Some(controller) => controllers.split(',').any(|name| name == controller),
        };
        // `..` shows up when the process was moved out of its namespace's view.
        (wanted && path.starts_with('/') && !path.split('/').any(|part| part == "..")).then_some(path)
    })
}

/// `path` and every folder above it, the innermost first: a limit holds for everything below.
pub fn upwards(path: &str) -> Vec<&str> {
    let mut path = path.trim_end_matches('/');
    let mut list = vec![path];
    while let Some((parent, _)) = path.rsplit_once('/') {
        list.push(parent);
        path = parent;
    }
    list
}

/// A limit in bytes or a count; `None` for `max` and for the 2⁶³ of version 1, which mean no limit.
pub fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|number| *number < 1 << 62)
}

/// `cpu.max` of version 2 in processors: `150000 100000` is 1.5.
pub fn processors(cpu_max: &str) -> Option<f64> {
    let (quota, period) = cpu_max.trim().split_once(' ')?;
    share(quota, period)
}

/// A quota and its period, both in microseconds, in processors.
pub fn share(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (u64, u64) = (quota.trim().parse().ok()?, period.trim().parse().ok()?);
    (period > 0).then(|| (quota as f64 * 100.0 / period as f64).round() / 100.0)
}

/// Lines of `name number`, as in `cpu.stat` and `memory.events`.
pub fn counters(text: &str, names: &[&str]) -> Value {
    let found: Map<String, Value> =
        names.iter().filter_map(|name| Some(((*name).to_owned(), super::number_after(text, name)?.into()))).collect();
    if found.is_empty() { Value::Null } else { Value::Object(found) }
}

/// One file of `/proc/pressure`: `some avg10=0.12 avg60=0.05 avg300=0.01 total=12345` and the same for `full`.
pub fn pressure(text: &str) -> Option<Value> {
    let mut lines = Map::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(name @ ("some" | "full")) = words.next() else { continue };
        let average = |window: &str| {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix(window)?.strip_prefix('='))?;
            word.parse::<f64>().ok().filter(|number| number.is_finite())
        };
        if let Some(ten) = average("avg10") {
            let percents = json!({ "ten_seconds_percent": ten, "minute_percent": average("avg60"),
                                   "five_minutes_percent": average("avg300") });
            lines.insert(name.to_owned(), percents);
        }
    }
    (!lines.is_empty()).then_some(Value::Object(lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_found_in_both_versions() {
        let hybrid = "9:name=systemd:/\n4:cpu,cpuacct:/docker/abc\n0::/system.slice/x.service\nnonsense\n";
        assert_eq!(folder(hybrid, None), Some("/system.slice/x.service"));
        assert_eq!(folder(hybrid, Some("cpu")), Some("/docker/abc"));
        assert_eq!(folder(hybrid, Some("memory")), None);
        assert_eq!(folder("0::/../../etc", None), None);
        assert_eq!(upwards("/a/b"), ["/a/b", "/a", ""]);
        assert_eq!(upwards("/"), [""]);
    }

    #[test]
    fn no_limit_is_told_apart_from_a_limit() {
        assert_eq!(limit("1073741824\n"), Some(1 << 30));
        assert_eq!(limit("max\n"), None);
        assert_eq!(limit("9223372036854771712"), None);
        assert_eq!(processors("150000 100000\n"), Some(1.5));
        assert_eq!(processors("max 100000"), None);
        assert_eq!(processors("1 0"), None);
        assert_eq!(share("-1", "100000"), None);
    }

    #[test]
    fn pressure_is_told_in_percent() {
        let text = "some avg10=1.50 avg60=0.40 avg300=0.10 total=1\nfull avg10=NaN avg60=0 avg300=0 total=0\nother x\n";
        let value = pressure(text).expect("a line");
        assert_eq!(value["some"]["ten_seconds_percent"], 1.5);
        assert!(value.get("full").is_none());
        assert_eq!(pressure("garbage"), None);
        assert_eq!(counters("oom 1\noom_kill 3\n", &["oom_kill", "max"]), json!({"oom_kill": 3}));
        assert_eq!(counters("", &["oom_kill"]), Value::Null);
    }
}
