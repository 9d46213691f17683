//! Attacks by the names of entries, alone and against each other.

use super::bag::{Bag, TOP};
use super::raw_zip::Entry;
use super::{Made, attack};

/// A good bundle with one more file of this name; `{}` stands for the top folder.
fn named(label: &str, code: &'static str, names: &[&str]) -> Made {
    let mut zip = Bag::new().zip();
    for name in names {
        zip.entries.push(Entry::new(&name.replace("{}", TOP), b"x"));
    }
    attack(label, code, zip.bytes())
}

pub fn all() -> Vec<Made> {
    let deep = format!("{{}}/{}x", "d/".repeat(40));
    let long = format!("{{}}/data/{}", "l".repeat(101));
    let mut all = vec![
        named("name-leads-up", "name-leaves-folder", &["../../etc/cron.d/evil"]),
        named("name-leads-up-from-inside", "name-leaves-folder", &["{}/data/../../../evil"]),
        named("name-is-dots", "name-leaves-folder", &["{}/.."]),
        named("absolute-name", "name-absolute", &["/etc/passwd"]),
        named("network-share", "name-absolute", &["//server/share/evil"]),
        named("network-share-of-windows", "name-absolute", &["\\\\server\\share\\evil"]),
        named("drive-letter", "name-drive-letter", &["C:/Windows/evil.dll"]),
        named("drive-letter-inside", "name-drive-letter", &["{}/C:evil"]),
        named("hidden-stream", "name-drive-letter", &["{}/data/app.log:evil"]),
        named("backslashes", "name-backslash", &["{}/data\\logs\\evil"]),
        named("backslashes-lead-up", "name-backslash", &["{}/data\\..\\..\\evil"]),
        named("nul-in-the-name", "name-control-character", &["{}/data/app.log\0.exe"]),
        named("line-break-in-the-name", "name-control-character", &["{}/data/a\nb"]),
        named("terminal-escape-in-the-name", "name-control-character", &["{}/data/\u{1b}[2Jx"]),
        named("c1-control-in-the-name", "name-control-character", &["{}/data/\u{9b}2Jx"]),
        named("name-turned-around", "name-bidi-mark", &["{}/data/gpj.\u{202e}txt.exe"]),
        named("isolated-direction", "name-bidi-mark", &["{}/data/\u{2067}x\u{2069}"]),
        named("character-without-width", "name-bidi-mark", &["{}/data/app\u{200b}.log"]),
        named("byte-order-mark-in-the-name", "name-bidi-mark", &["{}/data/\u{feff}app.log"]),
        named("accented-name", "name-not-plain", &["{}/data/caf\u{e9}.log"]),
        named("one-name-in-two-normal-forms", "name-not-plain", &["{}/data/caf\u{e9}", "{}/data/cafe\u{301}"]),
        named("slash-in-disguise", "name-not-plain", &["{}/data/..\u{2215}evil"]),
        named("wildcards", "name-not-plain", &["{}/data/*?.log"]),
        named("pipe-sign", "name-not-plain", &["{}/data/a|b"]),
        named("trailing-space", "name-not-plain", &["{}/data/app.log "]),
        named("option-by-quotes", "name-not-plain", &["{}/data/\"a\""]),
        named("empty-part", "name-empty-segment", &["{}/data//evil"]),
        named("trailing-dot", "name-dots", &["{}/data/app.log."]),
        named("part-of-one-dot", "name-dots", &["{}/./data/evil"]),
        named("device-name", "name-device", &["{}/data/CON"]),
        named("device-name-with-extension", "name-device", &["{}/data/lpt1.log"]),
        named("device-folder", "name-device", &["{}/aux/evil"]),
        named("too-long", "name-too-long", &[&long]),
        named("too-deep", "name-too-long", &[&deep]),
        named("beside-the-top-folder", "outside-top-folder", &["evil"]),
        named("second-top-folder", "several-top-folders", &["other/evil"]),
        named("top-folder-in-another-case", "several-top-folders", &["C-0000000000-20261123T101500Z/evil"]),
        named("one-name-twice", "duplicate-name", &["{}/data/logs/app.log"]),
        named("one-name-in-two-cases", "case-clash", &["{}/data/logs/APP.log"]),
        named("below-a-file", "file-and-folder", &["{}/data/logs/app.log/evil"]),
        named("file-where-a-folder-is", "file-and-folder", &["{}/data/logs"]),
        named("folder-in-another-case", "file-and-folder", &["{}/data/LOGS"]),
    ];
    let mut zip = Bag::new().zip();
    zip.entries.push(Entry { name: [TOP.as_bytes(), b"/data/\xff\xfe"].concat(), ..Entry::new("", b"x") });
    all.push(attack("name-of-another-encoding", "name-not-utf-8", zip.bytes()));
    let mut zip = Bag::new().zip();
    zip.entries.push(Entry::new("", b"x"));
    all.push(attack("no-name", "name-empty-segment", zip.bytes()));
    all
}
