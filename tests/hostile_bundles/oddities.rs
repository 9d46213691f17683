//! Bundles that look odd and harm nobody: other writers, other line ends, another order. All are whole.

use serde_json::json;

use super::Made;
use super::bag::{Bag, LOG, TOP};
use super::raw_zip::{End64, Entry, Zip, deflated, field};

fn odd(name: &str, bytes: Vec<u8>) -> Made {
    Made { name: name.to_owned(), code: None, bytes }
}

fn zipped(name: &str, change: impl FnOnce(&mut Zip)) -> Made {
    let mut zip = Bag::new().zip();
    change(&mut zip);
    odd(name, zip.bytes())
}

fn each(name: &str, change: impl Fn(&mut Entry)) -> Made {
    zipped(name, |zip| zip.entries.iter_mut().for_each(change))
}

fn sealed(name: &str, change: impl FnOnce(&mut Bag)) -> Made {
    let mut bag = Bag::new();
    change(&mut bag);
    odd(name, bag.zip().bytes())
}

/// Everything that is to be accepted.
pub fn all() -> Vec<Made> {
    let mut all = zips();
    all.extend(bags());
    all
}

fn zips() -> Vec<Made> {
    let descriptor = |signed, long| move |entry: &mut Entry| *entry = entry.clone().with_descriptor(signed, long);
    let time: Vec<u8> = [&[1][..], &1_763_900_000u32.to_le_bytes()].concat();
    vec![
        odd("plain", Bag::new().zip().bytes()),
        each("all-stored", |entry| {
            let bytes = inflated(entry);
            *entry = Entry::stored(&String::from_utf8_lossy(&entry.name), &bytes);
        }),
        zipped("some-stored", |zip| {
            let bytes = inflated(zip.entry(LOG));
            *zip.entry(LOG) = Entry::stored(&format!("{TOP}/{LOG}"), &bytes);
        }),
        each("descriptors", descriptor(true, false)),
        each("descriptors-without-signature", descriptor(false, false)),
        each("descriptors-of-64-bit", descriptor(true, true)),
        each("descriptors-of-64-bit-without-signature", descriptor(false, true)),
        each("wide-sizes-of-small-files", |entry| (entry.wide, entry.version) = (true, 45)),
        zipped("wide-end-record-of-a-small-zip", |zip| zip.end64 = Some(End64::default())),
        zipped("wide-end-record-that-counts", |zip| zip.end64 = Some(End64 { defer: true, ..End64::default() })),
        zipped("entries-in-another-order", |zip| zip.entries.reverse()),
        zipped("directory-in-another-order", |zip| zip.order = Some((0..zip.entries.len()).rev().collect())),
        each("times-of-unix", |entry| entry.extra = field(0x5455, &time)).and_local(0x5455, &time),
        each("owner-of-unix", |entry| entry.extra = field(0x7875, &[1, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0])),
        each("owner-of-unix-in-the-old-form", |entry| entry.local_extra = field(0x7855, &[0; 4])),
        each("times-of-windows", |entry| entry.extra = field(0x000a, &[0; 32])),
        each("names-marked-as-utf-8", |entry| entry.flags |= 1 << 11),
        each("level-of-deflate-marked", |entry| entry.flags |= 1 << 1),
        each("made-on-dos", |entry| (entry.made_by, entry.attributes) = (20, 0x20)),
        each("made-on-macos", |entry| entry.made_by = 19 << 8 | 30),
        each("read-only-files", |entry| entry.attributes = 0o100_444 << 16 | 1),
        each("programs", |entry| entry.attributes = 0o100_755 << 16),
        each("no-attributes", |entry| entry.attributes = 0),
        each("no-time", |entry| entry.time = 0),
        each("a-later-version-needed", |entry| entry.version = 63),
        each("deflate-in-stored-blocks", |entry| {
            let bytes = inflated(entry);
            let len = u16::try_from(bytes.len()).expect("small files");
            let packed = [&[1][..], &len.to_le_bytes(), &(!len).to_le_bytes(), &bytes].concat();
            (entry.packed_size, entry.packed) = (packed.len() as u64, packed);
        }),
        zipped("folders-listed", |zip| {
            let folder = |name: &str| {
                let entry = Entry::stored(&format!("{TOP}/{name}"), b"");
                Entry { attributes: 0o040_755 << 16 | 0x10, ..entry }
            };
            zip.entries.insert(0, folder(""));
            zip.entries.push(folder("data/"));
            zip.entries.push(folder("data/logs/"));
        }),
        zipped("empty-artifact", |zip| {
            let mut bag = Bag::new();
            bag.artifacts.push(("data/logs/empty.log".to_owned(), Vec::new()));
            *zip = bag.zip();
        }),
        zipped("empty-artifact-deflated-to-nothing", |zip| {
            let mut bag = Bag::new();
            bag.artifacts.push(("data/logs/empty.log".to_owned(), Vec::new()));
            *zip = bag.zip();
            let entry = zip.entry("empty.log");
            (entry.packed, entry.packed_size) = (deflated(b""), deflated(b"").len() as u64);
        }),
    ]
}

fn bags() -> Vec<Made> {
    let crlf = |list: String| list.replace('\n', "\r\n");
    vec![
        sealed("lists-with-line-ends-of-windows", |bag| (bag.edit_list, bag.edit_tags) = (crlf, crlf)),
        sealed("digests-in-upper-case", |bag| {
            let upper = |list: String| {
                list.lines().map(|line| format!("{}{}\n", line[..64].to_uppercase(), &line[64..])).collect()
            };
            (bag.edit_list, bag.edit_tags) = (upper, upper);
        }),
        sealed("digests-marked-as-binary", |bag| {
            let binary = |list: String| list.replace("  ", " *");
            (bag.edit_list, bag.edit_tags) = (binary, binary);
        }),
        sealed("a-tab-behind-the-digest", |bag| bag.edit_list = |list| list.replace("  ", "\t")),
        sealed("four-spaces-behind-the-digest", |bag| bag.edit_list = |list| list.replace("  ", "    ")),
        sealed("paths-that-begin-with-a-dot", |bag| bag.edit_list = |list| list.replace("  ", "  ./")),
        sealed("lists-in-another-order", |bag| {
            let turned = |list: String| list.lines().rev().map(|line| format!("{line}\n")).collect();
            (bag.edit_list, bag.edit_tags) = (turned, turned);
        }),
        sealed("list-without-a-last-line-end", |bag| bag.edit_list = |list| list.trim_end().to_owned()),
        sealed("declaration-with-line-ends-of-windows", |bag| bag.bagit = bag.bagit.replace('\n', "\r\n")),
        sealed("more-fields-in-the-description", |bag| {
            bag.bag_info += "Source-Organization: ACME\nContact-Name: Ann\nContact-Name: Bo\nx:y\n";
        }),
        sealed("description-with-long-lines-folded", |bag| {
            bag.bag_info += "External-Description: one\n  two\n\tthree\n";
        }),
        sealed("description-with-line-ends-of-windows", |bag| bag.bag_info = bag.bag_info.replace('\n', "\r\n")),
        sealed("count-of-the-payload", |bag| {
            let files = bag.files();
            let payload: Vec<usize> =
                files.iter().filter(|(path, _)| path.starts_with("data/")).map(|(_, bytes)| bytes.len()).collect();
            bag.bag_info += &format!("Payload-Oxum: {}.{}\n", payload.iter().sum::<usize>(), payload.len());
        }),
        sealed("more-fields-in-the-record", |bag| bag.record["later"] = json!({ "x": [1, 2] })),
        sealed("record-with-indents", |bag| {
            bag.edit_record = |text| {
                let value: serde_json::Value = serde_json::from_str(&text).expect("its own record");
                serde_json::to_vec_pretty(&value).expect("JSON")
            };
        }),
        sealed("record-without-line-counts", |bag| {
            bag.edit_records =
                |records| records.iter_mut().for_each(|r| drop(r.as_object_mut().map(|r| r.remove("lines"))));
        }),
        sealed("last-line-without-a-line-end", |bag| bag.artifacts[0].1.extend(b"and it goes on")),
        sealed("another-top-folder", |bag| bag.top = "bundle_of-ann.v2".to_owned()),
        sealed("top-folder-of-one-letter", |bag| bag.top = "b".to_owned()),
        sealed("no-record-of-the-plan", |bag| bag.record["plan"] = json!([])),
    ]
}

fn inflated(entry: &Entry) -> Vec<u8> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    flate2::read::DeflateDecoder::new(entry.packed.as_slice()).read_to_end(&mut bytes).expect("its own deflate");
    bytes
}

impl Made {
    /// The same field in the entry's own header too.
    fn and_local(self, id: u16, value: &[u8]) -> Self {
        let made = each(&self.name, |entry| {
            (entry.extra, entry.local_extra) = (field(id, value), field(id, value));
        });
        Self { name: self.name, ..made }
    }
}
