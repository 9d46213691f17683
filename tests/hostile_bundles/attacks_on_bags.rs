//! Attacks on the contents: changed after sealing, or sealed with lists and records that contradict each other.

use serde_json::{Value, json};

use super::bag::{Bag, CONFIG, LOG, TOP, record};
use super::raw_zip::Entry;
use super::{Made, attack};

/// An attack by a bag that is sealed after `change`.
fn sealed(name: &str, code: &'static str, change: impl FnOnce(&mut Bag)) -> Made {
    let mut bag = Bag::new();
    change(&mut bag);
    attack(name, code, bag.zip().bytes())
}

/// An attack on the files of a bag that is sealed already.
fn after(name: &str, code: &'static str, change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> Made {
    let bag = Bag::new();
    let mut files = bag.files();
    change(&mut files);
    attack(name, code, bag.zip_of(&files).bytes())
}

fn edited(name: &'static str, path: &'static str) -> Made {
    after(name, "digest-differs", |files| {
        let file = files.iter_mut().find(|(at, _)| at == path).expect("it is there");
        file.1.push(b'\n');
    })
}

fn without(name: &'static str, path: &'static str, code: &'static str) -> Made {
    after(name, code, |files| files.retain(|(at, _)| at != path))
}

pub fn all() -> Vec<Made> {
    let mut all = vec![
        edited("artifact-edited", LOG),
        edited("case-edited", "data/case.json"),
        edited("record-edited", "manifest.json"),
        edited("list-edited", "manifest-sha256.txt"),
        edited("description-edited", "bag-info.txt"),
        without("artifact-taken-out", LOG, "missing"),
        without("redaction-record-taken-out", "data/redaction.json", "missing"),
        without("no-declaration", "bagit.txt", "missing-file"),
        without("no-description", "bag-info.txt", "missing-file"),
        without("no-list", "manifest-sha256.txt", "missing-file"),
        without("no-list-of-lists", "tagmanifest-sha256.txt", "missing-file"),
        without("no-record", "manifest.json", "missing-file"),
        without("no-case", "data/case.json", "missing-file"),
        after("artifact-put-in", "extra", |files| files.push(("data/logs/evil".to_owned(), b"x".to_vec()))),
        after("program-beside-the-bag", "extra", |files| files.push(("evil.exe".to_owned(), b"MZ".to_vec()))),
        after("second-list-with-md5", "extra", |files| files.push(("manifest-md5.txt".to_owned(), b"".to_vec()))),
        after("list-of-downloads", "fetch-list", |files| {
            files.push(("fetch.txt".to_owned(), b"http://evil.example/x 1 data/x\n".to_vec()));
        }),
        after("zip-without-a-bag", "missing-file", |files| files.truncate(1)),
    ];
    all.extend(lists());
    all.extend(records());
    all
}

fn lists() -> Vec<Made> {
    vec![
        sealed("bag-of-another-version", "bag-declaration", |bag| bag.bagit = bag.bagit.replace("1.0", "9.9")),
        sealed("bag-in-another-encoding", "bag-declaration", |bag| bag.bagit = bag.bagit.replace("UTF-8", "UTF-16")),
        sealed("declaration-with-a-third-line", "bag-declaration", |bag| bag.bagit += "X: y\n"),
        sealed("description-of-no-format", "bag-info", |bag| bag.bag_info = "no label at all\n".to_owned()),
        sealed("description-that-continues-nothing", "bag-info", |bag| bag.bag_info = "  x\n".to_owned()),
        sealed("wrong-count-of-the-payload", "payload-oxum-differs", |bag| bag.bag_info += "Payload-Oxum: 1.1\n"),
        sealed("list-of-something-else", "list-syntax", |bag| bag.edit_list = |list| list + "hello\n"),
        sealed("list-with-md5", "list-syntax", |bag| {
            bag.edit_list = |list| list.lines().map(|line| format!("{}\n", &line[32..])).collect();
        }),
        sealed("list-with-a-lone-carriage-return", "list-syntax", |bag| {
            bag.edit_list = |list| list.replacen("data/", "da\rta/", 1);
        }),
        sealed("list-names-a-file-twice", "list-names-twice", |bag| bag.edit_list = |list| list.repeat(2)),
        sealed("list-names-a-file-twice-in-two-ways", "list-names-twice", |bag| {
            bag.edit_list = |list| list.clone() + &list.replace("  data/", " *./data/");
        }),
        sealed("list-names-a-file-outside-data", "list-outside-data", |bag| {
            bag.edit_list = |list| format!("{list}{}  manifest.json\n", "ab".repeat(32));
        }),
        sealed("list-leads-up", "list-unsafe-path", |bag| {
            bag.edit_list = |list| format!("{list}{}  data/../../../etc/passwd\n", "ab".repeat(32));
        }),
        sealed("list-of-a-percent-encoded-line-break", "list-unsafe-path", |bag| {
            bag.edit_list = |list| format!("{list}{}  data/a%0Ab\n", "ab".repeat(32));
        }),
        sealed("list-of-a-missing-file", "missing", |bag| {
            bag.edit_list = |list| format!("{list}{}  data/logs/gone\n", "ab".repeat(32));
        }),
        sealed("list-without-an-artifact", "extra", |bag| {
            bag.edit_list = |list| list.lines().filter(|l| !l.ends_with(LOG)).map(|l| format!("{l}\n")).collect();
        }),
        sealed("tag-list-without-the-record", "extra", |bag| {
            bag.edit_tags =
                |list| list.lines().filter(|l| !l.ends_with("manifest.json")).map(|l| format!("{l}\n")).collect();
        }),
        sealed("tag-list-with-a-stranger", "tag-list-foreign", |bag| {
            bag.edit_tags = |list| format!("{list}{}  evil.exe\n", "ab".repeat(32));
        }),
        sealed("tag-list-names-itself", "tag-list-foreign", |bag| {
            bag.edit_tags = |list| format!("{list}{}  tagmanifest-sha256.txt\n", "ab".repeat(32));
        }),
        sealed("tag-list-is-empty", "list-syntax", |bag| bag.edit_tags = |_| String::new()),
    ]
}

fn records() -> Vec<Made> {
    vec![
        sealed("record-is-no-json", "record-syntax", |bag| bag.edit_record = |_| b"{\"schema\":".to_vec()),
        sealed("record-is-very-deep", "record-syntax", |bag| bag.edit_record = |_| b"[".repeat(1 << 20)),
        sealed("record-goes-on", "record-syntax", |bag| bag.edit_record = |text| (text + " {}").into_bytes()),
        sealed("record-lacks-a-field", "record-syntax", |bag| {
            drop(bag.record.as_object_mut().map(|r| r.remove("tool")));
        }),
        sealed("record-with-an-unsafe-path", "record-syntax", |bag| {
            bag.edit_records = |records| records[0]["path"] = json!("data/../../evil");
        }),
        sealed("record-with-a-negative-size", "record-syntax", |bag| {
            bag.edit_records = |records| records[0]["size"] = json!(-1);
        }),
        sealed("record-of-format-0", "record-schema", |bag| bag.record["format"] = json!(0)),
        sealed("record-of-another-schema", "record-schema", |bag| bag.record["schema"] = json!("other/1")),
        sealed("artifact-recorded-twice", "record-names-twice", |bag| {
            bag.edit_records = |records| records.push(records[0].clone());
        }),
        sealed("list-recorded-as-an-artifact", "record-no-artifact", |bag| {
            bag.edit_records = |records| records.push(record("bagit.txt", b""));
        }),
        sealed("case-recorded-as-an-artifact", "record-no-artifact", |bag| {
            bag.edit_records = |records| records.push(record("data/case.json", b""));
        }),
        sealed("artifact-without-a-record", "extra", |bag| {
            bag.edit_records = |records| drop(records.remove(0));
        }),
        sealed("record-of-a-missing-artifact", "missing", |bag| {
            bag.edit_records = |records| records.push(record("data/logs/gone", b"x"));
        }),
        sealed("recorded-with-another-size", "recorded-size-differs", |bag| {
            bag.edit_records = |records| records[0]["size"] = json!(7);
        }),
        sealed("recorded-with-more-lines", "recorded-lines-differ", |bag| {
            bag.edit_records = |records| records[0]["lines"] = json!(1_000);
        }),
        sealed("recorded-as-empty", "recorded-lines-differ", |bag| {
            bag.edit_records = |records| records[0]["lines"] = json!(0);
        }),
        sealed("log-ends-before-it-begins", "recorded-times-impossible", |bag| {
            bag.edit_records = |records| {
                records[0]["span"] =
                    json!({ "first": "2026-11-24T00:00:00Z", "last": "2026-11-23T00:00:00Z", "zone_stated": true });
            };
        }),
        sealed("run-ends-before-it-begins", "recorded-times-impossible", |bag| {
            bag.record["ended"] = json!("2026-11-22T00:00:00Z");
        }),
        sealed("two-digests-for-one-artifact", "records-differ", |bag| {
            bag.edit_records = |records| records[1]["sha256"] = Value::from("ab".repeat(32));
        }),
        sealed("case-is-no-json", "case-syntax", |bag| bag.edit_case = |_| b"no json".to_vec()),
        sealed("case-with-a-strange-field", "case-syntax", |bag| bag.case["evil"] = json!(1)),
        sealed("case-is-very-deep", "case-syntax", |bag| bag.edit_case = |_| b"[".repeat(1 << 20)),
        sealed("case-of-another-schema", "case-schema", |bag| bag.case["schema"] = json!("other/1")),
        sealed("case-of-another-customer", "other-case", |bag| bag.case["case_id"] = json!("c-1111111111")),
        sealed("redaction-record-is-no-json", "redaction-syntax", |bag| bag.redaction = b"no json".to_vec()),
        {
            // The forger knows of the lists, and of the record, but not that both must be the file.
            let bag = Bag::new();
            let mut zip = bag.zip();
            *zip.entry(CONFIG) = Entry::new(&format!("{TOP}/{CONFIG}"), b"key = 2\n");
            attack("artifact-swapped-in-the-zip", "digest-differs", zip.bytes())
        },
    ]
}
