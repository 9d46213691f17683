//! File systems with their free space, and the disks below them.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{StatVfs, statvfs};
use serde_json::{Value, json};

use super::super::reading::{Reading, object, percent, plain};
use super::proc::mounts::{self, Kind, Mount};
use super::root::Root;

/// How long one file system may take to say how full it is. A healthy one takes microseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most disks that are listed.
const MAX_DISKS: usize = 512;

pub fn read(root: &Root) -> Reading {
    let mut reading = Reading::default();
    if let Some(text) = reading.take("file systems: /proc/self/mountinfo", root.text("proc/self/mountinfo")) {
        let list = file_systems(root, &mounts::parse(&text), &mut reading);
        reading.put("file_systems", list);
    }
    if let Some((names, _)) = reading.take("disks: /sys/block", root.names("sys/block", MAX_DISKS)) {
        reading.put("block_devices", names.iter().filter_map(|name| block_device(root, name)).collect::<Vec<_>>());
    }
    reading
}

fn file_systems(root: &Root, mounts: &[Mount], reading: &mut Reading) -> Vec<Value> {
    let list = mounts::file_systems(mounts);
    let not_measured = |mount: &Mount| match Kind::of(&mount.kind) {
        Kind::Remote(why) => Some(why),
        _ => mounts::behind_remote(&mount.point, mounts),
    };
    let ask = list.iter().filter(|(mount, _)| not_measured(mount).is_none()).map(|(mount, _)| root.path(&mount.point));
    let mut answers = ask_all(ask.collect()).into_iter();
    list.iter()
        .map(|(mount, others)| {
            let why = not_measured(mount);
            let mut space = [Value::Null, Value::Null, Value::Null, Value::Null, Value::Null, Value::Null, Value::Null];
            if why.is_none() {
                match answers.next() {
                    Some(Some(Ok(stat))) => space = spaces(&stat),
                    Some(Some(Err(error))) => reading.gap(format!("{}: {}", mount.point, plain(&error.into()))),
                    _ => reading.gap(format!("{}: no answer within {} s", mount.point, PATIENCE.as_secs())),
                }
            }
            let [total, free, available, used, inodes, inodes_free, inodes_used] = space;
            object([
                ("mount_point", json!(mount.point)),
                ("device", json!(mount.source)),
                ("type", json!(mount.kind)),
                ("read_only", json!(mount.read_only)),
                ("total_bytes", total),
                ("free_bytes", free),
                ("available_bytes", available),
                ("used_percent", used),
                ("inodes_total", inodes),
                ("inodes_free", inodes_free),
                ("inodes_used_percent", inodes_used),
                ("other_mounts", if *others > 0 { json!(others) } else { Value::Null }),
                ("note", json!(why)),
            ])
        })
        .collect()
}

/// Asks each in turn, from a thread of its own: a dead disk can block the question for ever, type or no type. After one
/// that does not answer in time the rest have no answer either.
fn ask_all(points: Vec<PathBuf>) -> Vec<Option<rustix::io::Result<StatVfs>>> {
    let count = points.len();
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().spawn(move || {
        for point in points {
            if sender.send(statvfs(&point)).is_err() {
                break;
            }
        }
    });
    let mut answers = Vec::with_capacity(count);
    if thread.is_ok() {
        answers.extend(std::iter::from_fn(|| receiver.recv_timeout(PATIENCE).ok()).map(Some));
    }
    answers.resize_with(count, || None);
    answers
}

fn spaces(stat: &StatVfs) -> [Value; 7] {
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    // As df does it: what only root may fill counts as neither used nor free.
    let used = stat.f_blocks.saturating_sub(stat.f_bfree);
    let inodes_used = stat.f_files.saturating_sub(stat.f_ffree);
    let inodes = stat.f_files > 0; // btrfs and others have no fixed number
    [
        json!(bytes(stat.f_blocks)),
        json!(bytes(stat.f_bfree)),
        json!(bytes(stat.f_bavail)),
        json!(percent(used, used.saturating_add(stat.f_bavail))),
        json!(inodes.then_some(stat.f_files)),
        json!(inodes.then_some(stat.f_ffree)),
        json!(percent(inodes_used, stat.f_files)),
    ]
}

fn block_device(root: &Root, name: &str) -> Option<Value> {
    if name.starts_with("loop") || name.starts_with("ram") {
        return None;
    }
    let of = |file: &str| format!("sys/block/{name}/{file}");
    // Always in units of 512 bytes, whatever the disk's own are.
    let size = root.number(&of("size"))?.saturating_mul(512);
    Some(object([
        ("name", json!(name)),
        ("size_bytes", json!(size)),
        ("model", json!(root.line(&of("device/model")))),
        ("rotational", json!(root.number(&of("queue/rotational")).map(|on| on == 1))),
        ("removable", json!(root.number(&of("removable")).map(|on| on == 1))),
        ("read_only", json!(root.number(&of("ro")).map(|on| on == 1))),
        ("scheduler", json!(root.line(&of("queue/scheduler")))),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_file_system_is_listed_and_never_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("proc/self")).expect("a folder");
        let text = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:9 / /absent rw - nfs4 nas:/x rw\n\
                    3 1 8:2 / /absent/below rw - ext4 /dev/sdb1 rw\n4 1 8:3 / /gone rw - ext4 /dev/sdc1 rw\n";
        std::fs::write(folder.path().join("proc/self/mountinfo"), text).expect("a file");
        let (value, gaps) = read(&Root::new(folder.path())).bounded();
        let list = value["file_systems"].as_array().expect("a list");
        assert_eq!(list.len(), 4);
        assert!(list[0]["total_bytes"].as_u64().expect("the root was measured") > 0);
        assert_eq!(list[1]["note"], "not measured: network file system");
        assert_eq!(list[2]["note"], "not measured: network file system");
        assert!(list[2].get("total_bytes").is_none());
        assert_eq!(gaps, ["/gone: does not exist here", "disks: /sys/block: does not exist here"]);
    }
}
