//! `/proc/self/mountinfo`: what is mounted where, and which of it may be asked how full it is.
//!
//! Asking a file system whose server is gone blocks for ever in the kernel, so the type decides before anything is asked.

use std::collections::BTreeMap;

/// One line of mountinfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// `major:minor`; equal for two mounts of one file system.
    pub device_number: String,
    pub point: String,
    pub kind: String,
    /// Device, server and path, or a name without meaning.
    pub source: String,
    pub read_only: bool,
}

/// What a type of file system means for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Holds files on this machine: asked how full it is.
    Local,
    /// Its answers come from another machine, or from a program that may hang.
    Remote(&'static str),
    /// A view of the kernel, without space of its own: not listed.
    Kernel,
}

const NETWORK: &str = "not measured: network file system";
const USER_SPACE: &str = "not measured: file system of a user-space program";
const AUTOMOUNT: &str = "not measured: mounts itself when touched";

impl Kind {
    pub fn of(kind: &str) -> Self {
        match kind {
            "proc" | "sysfs" | "cgroup" | "cgroup2" | "devpts" | "mqueue" | "debugfs" | "tracefs" | "securityfs"
            | "pstore" | "bpf" | "configfs" | "fusectl" | "binfmt_misc" | "hugetlbfs" | "efivarfs" | "nsfs"
            | "rpc_pipefs" | "selinuxfs" | "smackfs" | "devtmpfs" | "nfsd" | "binder" | "functionfs" | "sockfs"
            | "pipefs" | "ramfs" | "resctrl" | "fuse.lxcfs" => Self::Kernel,
            "autofs" => Self::Remote(AUTOMOUNT),
            // fuseblk is a local disk behind a program (NTFS), but the program can hang all the same.
            "fuse" | "fuseblk" => Self::Remote(USER_SPACE),
            "fuse.sshfs" | "fuse.glusterfs" | "fuse.s3fs" | "fuse.rclone" => Self::Remote(NETWORK),
            _ if kind.starts_with("fuse.") => Self::Remote(USER_SPACE),
            "9p" | "afs" | "beegfs" | "ceph" | "cifs" | "coda" | "davfs" | "drvfs" | "gfs2" | "glusterfs" | "gpfs"
            | "lustre" | "ncpfs" | "ocfs2" | "orangefs" | "prl_fs" | "vboxsf" | "virtiofs" | "vmhgfs" => {
                Self::Remote(NETWORK)
            }
            _ if kind.starts_with("nfs") || kind.starts_with("smb") => Self::Remote(NETWORK),
            _ => Self::Local,
        }
    }
}

/// Every line that makes sense, in the order of mounting.
pub fn parse(mountinfo: &str) -> Vec<Mount> {
    mountinfo.lines().filter_map(line).collect()
}

/// proc(5): `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
fn line(text: &str) -> Option<Mount> {
    let (before, after) = text.split_once(" - ")?;
    let mut before = before.split(' ').skip(2);
    let device_number = before.next()?.to_owned();
    let point = unescape(before.nth(1)?);
    let options = before.next()?;
    let mut after = after.split(' ');
    let kind = after.next().filter(|kind| !kind.is_empty())?.to_owned();
    let source = unescape(after.next()?);
    let of_file_system = after.next().unwrap_or_default();
    // Options of the file system may hold credentials (cifs); only this one is kept.
    let read_only = [options, of_file_system].iter().any(|list| list.split(',').any(|option| option == "ro"));
    point.starts_with('/').then_some(Mount { device_number, point, kind, source, read_only })
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let octal = match tail {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] if byte == b'\\' => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        out.push(octal.unwrap_or(byte));
        rest = if octal.is_some() { &tail[3..] } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether looking at `path` could reach into a remote file system: it lies on one or below one, or one is mounted over
/// it. A remote root does not count: were it gone, this program would not run.
pub fn behind_remote(path: &str, mounts: &[Mount]) -> Option<&'static str> {
    mounts.iter().find_map(|mount| match Kind::of(&mount.kind) {
        Kind::Remote(why) if mount.point != "/" && lies_in(path, &mount.point) => Some(why),
        _ => None,
    })
}

fn lies_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One mount for each file system that holds files, at its shortest path, with the number of other places it shows up.
pub fn file_systems(mounts: &[Mount]) -> Vec<(&Mount, usize)> {
    let mut chosen: BTreeMap<(&str, &str), (&Mount, usize)> = BTreeMap::new();
    for (at, mount) in mounts.iter().enumerate().filter(|(_, mount)| Kind::of(&mount.kind) != Kind::Kernel) {
        if mounts[at + 1..].iter().any(|later| later.point == mount.point) {
            continue; // hidden: whoever asks at its path gets the answer of the later one
        }
        chosen
            .entry((&mount.device_number, &mount.source))
            .and_modify(|(shortest, others)| {
                *others += usize::from(shortest.point != mount.point);
                if mount.point.len() < shortest.point.len() {
                    *shortest = mount;
                }
            })
            .or_insert((mount, 0));
    }
    let mut list: Vec<_> = chosen.into_values().collect();
    list.sort_by(|a, b| a.0.point.cmp(&b.0.point));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:20 / /proc rw - proc proc rw
24 22 0:50 / /srv/data\040set rw shared:9 master:2 - nfs4 files.corp.example:/export rw,addr=192.0.2.1
25 24 8:2 / /srv/data\040set/local rw - xfs /dev/sdb1 rw
26 22 8:1 /var/lib/x /a/bind/mount/of/it rw - ext4 /dev/sda1 rw
27 22 0:51 / /cd ro - iso9660 /dev/sr0 ro
28 22 0:52 / /home rw - autofs auto.home rw
32 22 0:60 / /tmp rw - tmpfs first rw
33 22 0:61 / /tmp rw - tmpfs second rw
29 22 0:53 / /mnt/s rw - cifs //nas/x rw,username=anna,password=hunter2
broken line
30 22 0:54 / /x
31 22 0:55 / relative rw - ext4 x rw
";

    #[test]
    fn remote_mounts_are_known_by_type_and_so_is_everything_below_them() {
        let mounts = parse(TEXT);
        assert_eq!(mounts.len(), 10);
        assert_eq!(behind_remote("/srv/data set", &mounts), Some(NETWORK));
        assert_eq!(behind_remote("/srv/data set/local", &mounts), Some(NETWORK));
        assert_eq!(behind_remote("/home/anna", &mounts), Some(AUTOMOUNT));
        assert_eq!(behind_remote("/homestead", &mounts), None);
        assert_eq!(behind_remote("/", &mounts), None);
        for kind in ["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "autofs", "ceph", "fuse.unknown"] {
            assert!(matches!(Kind::of(kind), Kind::Remote(_)), "{kind}");
        }
    }

    #[test]
    fn a_bind_mount_is_the_same_file_system_and_no_option_is_kept() {
        let mounts = parse(TEXT);
        let list = file_systems(&mounts);
        let root = list.iter().find(|(mount, _)| mount.point == "/").expect("the root");
        assert_eq!(root.1, 1);
        assert!(list.iter().all(|(mount, _)| mount.kind != "proc" && mount.source != "first"));
        assert!(list.iter().any(|(mount, _)| mount.point == "/cd" && mount.read_only));
        assert!(!format!("{mounts:?}").contains("hunter2"));
    }

    #[test]
    fn escapes_are_read_and_broken_ones_stay() {
        assert_eq!(unescape(r"a\040b\134c"), r"a b\c");
        assert_eq!(unescape(r"\04"), r"\04");
        assert_eq!(unescape(r"\999\"), r"\999\");
        assert_eq!(unescape(r"\377"), "\u{fffd}");
        assert!(parse("").is_empty());
    }
}
