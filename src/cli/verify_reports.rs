//! What `verify` found, in the two forms that other programs show: JUnit XML for test reports, SARIF 2.1.0 for code scanning. Both
//! are made from the document that `--json` prints, so they say the same; no value of a finding is in any of them.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One suite a bundle, one case a question.
pub(super) fn junit(bundles: &[Value]) -> String {
    let mut suites = String::new();
    let (mut tests, mut failures) = (0, 0);
    for bundle in bundles {
        let cases = cases(bundle);
        let failed = cases.iter().filter(|case| matches!(case.outcome, Outcome::Failed { .. })).count();
        let skipped = cases.iter().filter(|case| matches!(case.outcome, Outcome::Skipped(_))).count();
        tests += cases.len();
        failures += failed;
        let name = xml(text(&bundle["bundle"]));
        let count = cases.len();
        let _ = writeln!(
            suites,
            "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\">"
        );
        for Case { name: case, outcome } in cases {
            let head = format!("    <testcase classname=\"{name}\" name=\"{}\"", xml(&case));
            let _ = match outcome {
                Outcome::Passed => writeln!(suites, "{head}/>"),
                Outcome::Skipped(why) => {
                    writeln!(suites, "{head}><skipped message=\"{}\"/></testcase>", xml(&why))
                }
                Outcome::Failed { kind, why } => {
                    writeln!(suites, "{head}><failure type=\"{}\" message=\"{}\"/></testcase>", xml(&kind), xml(&why))
                }
            };
        }
        suites.push_str("  </testsuite>\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"casefile verify\" tests=\"{tests}\" \
         failures=\"{failures}\" errors=\"0\">\n{suites}</testsuites>\n"
    )
}

struct Case {
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Skipped(String),
    Failed { kind: String, why: String },
}

fn cases(bundle: &Value) -> Vec<Case> {
    let case = |name: &str, outcome| Case { name: name.to_owned(), outcome };
    let failed = |kind: &str, why: &str| Outcome::Failed { kind: kind.to_owned(), why: why.to_owned() };
    if bundle["whole"] != true {
        let error = &bundle["error"];
        let name = if bundle["safe"] == true { "whole" } else { "safe" };
        let mut cases: Vec<Case> = problems(error).map(|p| case(name, failed(&p.code, &p.message))).collect();
        if name == "whole" {
            cases.insert(0, case("safe", Outcome::Passed));
        }
        return cases;
    }
    let mut cases = vec![case("safe", Outcome::Passed), case("whole", Outcome::Passed)];
    let leaks = &bundle["leaks"];
    let open: Vec<&Value> = open_findings(leaks).collect();
    if leaks["verdict"] == "not-looked" {
        cases.push(case("clean", Outcome::Skipped("nobody looked".to_owned())));
    } else if open.is_empty() && leaks["findings_left_out"] == 0 {
        cases.push(case("clean", Outcome::Passed));
    }
    for finding in open {
        cases.push(case("clean", failed(text(&finding["rule"]), &described(finding))));
    }
    for item in bundle["items"].as_array().into_iter().flatten() {
        let detail = text(&item["detail"]);
        let outcome = match text(&item["state"]) {
            "met" => Outcome::Passed,
            "missing" => failed(text(&item["id"]), &format!("{detail}; {}", text(&item["how"]))),
            _ => Outcome::Skipped(detail.to_owned()),
        };
        cases.push(case(&format!("complete: {}", text(&item["question"])), outcome));
    }
    cases
}

/// One run, one result a finding: what was refused, what the rules found, what is missing.
pub(super) fn sarif(bundles: &[Value]) -> Value {
    let mut results = Vec::new();
    for bundle in bundles {
        let file = text(&bundle["bundle"]);
        for problem in problems(&bundle["error"]) {
            results.push(result(&problem.code, "error", &problem.message, file, problem.path.as_deref(), None));
        }
        for finding in open_findings(&bundle["leaks"]) {
            let rule = format!("leak/{}", text(&finding["rule"]));
            let line = finding["line"].as_u64();
            results.push(result(&rule, "error", &described(finding), file, finding["artifact"].as_str(), line));
        }
        for item in bundle["items"].as_array().into_iter().flatten() {
            let level = match text(&item["state"]) {
                "missing" => "warning",
                "asked-for" => "note",
                _ => continue,
            };
            let rule = format!("checklist/{}", text(&item["id"]));
            let message = format!("{}: {}", text(&item["detail"]), text(&item["how"]));
            results.push(result(&rule, level, &message, file, None, None));
        }
    }
    let mut rules: Vec<&str> = results.iter().map(|result| text(&result["ruleId"])).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({ "id": id })).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "casefile", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    })
}

fn result(rule: &str, level: &str, message: &str, file: &str, inside: Option<&str>, line: Option<u64>) -> Value {
    let uri = match inside {
        Some(path) => format!("{}!/{}", percent_encoded(file), percent_encoded(path)),
        None => percent_encoded(file),
    };
    let mut place = json!({ "artifactLocation": { "uri": uri } });
    if let Some(line) = line {
        place["region"] = json!({ "startLine": line });
    }
    json!({
        "ruleId": rule, "level": level, "message": { "text": message }, "locations": [{ "physicalLocation": place }],
    })
}

/// What is wrong with a bundle that was refused.
struct Wrong {
    code: String,
    message: String,
    path: Option<String>,
}

fn problems(error: &Value) -> impl Iterator<Item = Wrong> {
    let wrong = |value: &Value| Wrong {
        code: text(&value["code"]).to_owned(),
        message: text(&value["message"]).to_owned(),
        path: value["path"].as_str().map(str::to_owned),
    };
    let several: Vec<Wrong> = error["problems"].as_array().into_iter().flatten().map(wrong).collect();
    let alone = (several.is_empty() && error.is_object()).then(|| wrong(error));
    several.into_iter().chain(alone)
}

fn open_findings(leaks: &Value) -> impl Iterator<Item = &Value> {
    leaks["findings"].as_array().into_iter().flatten().filter(|finding| finding["accepted"].is_null())
}

fn described(finding: &Value) -> String {
    let line = finding["line"].as_u64().map_or_else(String::new, |line| format!(", line {line}"));
    format!(
        "{} in {}{line}, {} in all; finding {}; the value is not shown",
        text(&finding["kind"]),
        text(&finding["artifact"]),
        finding["occurrences"],
        text(&finding["id"]),
    )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text for an attribute. Characters that XML 1.0 cannot hold in any form are replaced.
fn xml(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A path as part of a URI reference (RFC 3986): unreserved characters and separators as they are.
fn percent_encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'\\' => out.push('/'),
            b if b.is_ascii_alphanumeric() || b"-._~/".contains(&b) => out.push(char::from(b)),
            b => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundles() -> Vec<Value> {
        vec![
            json!({
                "bundle": "a b&<\u{1b}.zip", "safe": true, "whole": true,
                "leaks": { "verdict": "suspect", "findings_left_out": 0, "findings": [
                    { "id": "0123456789", "artifact": "data/x.log", "line": 3, "rule": "jwt", "kind": "jwt", "occurrences": 2,
                      "accepted": null },
                ] },
                "items": [
                    { "id": "logs", "question": "Are there logs?", "state": "missing", "detail": "none", "how": "collect" },
                    { "id": "har", "question": "Is there a HAR?", "state": "not-applicable", "detail": "no browser", "how": "" },
                    { "id": "contact", "question": "Whom?", "state": "met", "detail": null, "how": "" },
                ],
            }),
            json!({ "bundle": "b.zip", "safe": false, "whole": false,
                    "error": { "code": "gap", "message": "the file has a gap" } }),
            json!({ "bundle": "c.zip", "safe": true, "whole": false, "error": { "code": "not-whole", "message": "2", "problems": [
                { "code": "extra", "path": "data/x", "message": "added" }, { "code": "missing", "path": "data/y", "message": "gone" },
            ] } }),
        ]
    }

    #[test]
    fn a_test_report_counts_what_failed_and_holds_no_character_that_breaks_it() {
        let report = junit(&bundles());
        assert!(report.contains("<testsuites name=\"casefile verify\" tests=\"10\" failures=\"5\""), "{report}");
        assert!(
            report.contains("name=\"a b&amp;&lt;\u{fffd}.zip\" tests=\"6\" failures=\"2\" errors=\"0\" skipped=\"1\"")
        );
        assert!(report.contains("<failure type=\"gap\" message=\"the file has a gap\"/>"), "{report}");
        assert!(!report.contains('\u{1b}'));
    }

    #[test]
    fn a_scan_report_names_rule_file_and_line() {
        let report = sarif(&bundles());
        let results = report["runs"][0]["results"].as_array().expect("results");
        let rules: Vec<&str> = results.iter().map(|result| text(&result["ruleId"])).collect();
        assert_eq!(rules, ["leak/jwt", "checklist/logs", "gap", "extra", "missing"]);
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b%26%3C%1B.zip!/data/x.log");
        assert_eq!(place["region"]["startLine"], 3);
        assert_eq!(report["runs"][0]["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(5));
    }
}
