//! FIFOs, sockets, devices, links, hard links and swapped folders.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;

use tempfile::TempDir;

use super::*;

const NOBODY: Option<u32> = Some(65_534);

/// A folder to name, and a folder beside it that holds what must not be reached.
struct Place {
    _keep: TempDir,
    named: PathBuf,
    outside: PathBuf,
}

fn place() -> Place {
    let keep = tempfile::tempdir().unwrap();
    let top = keep.path().canonicalize().unwrap();
    let (named, outside) = (top.join("named"), top.join("outside"));
    for folder in [&named, &outside] {
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    }
    fs::write(outside.join("secret"), "secret").unwrap();
    Place { _keep: keep, named, outside }
}

impl Place {
    fn root(&self) -> NamedRoot {
        NamedRoot::open(&self.named, Elevation::None).unwrap()
    }

    fn elevated(&self) -> NamedRoot {
        NamedRoot::open(&self.named, Elevation::Elevated).unwrap()
    }
}

/// Some cases need files of two accounts; only root can make these.
fn we_are_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn read(root: &NamedRoot, relative: &str) -> Result<String, Refusal> {
    let mut text = String::new();
    root.open_file(Path::new(relative))?.file.read_to_string(&mut text)?;
    Ok(text)
}

fn refused(root: &NamedRoot, relative: &str) -> String {
    root.open_file(Path::new(relative)).unwrap_err().to_string()
}

/// The whole walk, one line an entry.
fn walked(root: &NamedRoot, budget: usize) -> Vec<String> {
    let mut lines = Vec::new();
    root.walk(&|_| true, &|_| true, budget, &mut |seen| {
        lines.push(match seen {
            Walked::File { relative, len, .. } => format!("{} {len}", relative.display()),
            Walked::Refused { relative, refusal } => format!("{}: {refusal}", relative.display()),
        });
        ControlFlow::Continue(())
    });
    lines
}

#[test]
fn a_walk_gives_files_in_the_order_of_names_and_says_what_it_left() {
    let place = place();
    fs::create_dir(place.named.join("b")).unwrap();
    fs::write(place.named.join("b/2.log"), "22").unwrap();
    fs::write(place.named.join("c.log"), "3").unwrap();
    fs::write(place.named.join("a.log"), "1").unwrap();
    fs::write(place.named.join("id_rsa"), "key").unwrap();
    symlink("../outside", place.named.join("d")).unwrap();
    symlink("b", place.named.join("e")).unwrap();
    symlink("b/2.log", place.named.join("f")).unwrap();
    assert_eq!(
        walked(&place.root(), 100),
        [
            "a.log 1",
            "b/2.log 2",
            "c.log 1",
            "d: is a link that leads out of the named folder",
            "e: is a link to a folder, which is not followed; name that folder itself",
            "f 2",
            "id_rsa: is on the list of files that are never read",
        ]
    );
}

#[test]
fn what_nobody_wants_is_neither_entered_nor_told() {
    let place = place();
    fs::create_dir(place.named.join("b")).unwrap();
    fs::write(place.named.join("b/x.log"), "").unwrap();
    fs::write(place.named.join("x.log"), "").unwrap();
    fs::write(place.named.join("id_rsa"), "").unwrap();
    symlink("../outside/secret", place.named.join("link")).unwrap();
    let entered = RefCell::new(Vec::new());
    let mut seen = 0;
    let enter = |folder: &Path| {
        entered.borrow_mut().push(folder.to_owned());
        false
    };
    place.root().walk(&enter, &|file| file.extension() == Some(OsStr::new("log")), 100, &mut |walked| {
        assert!(matches!(walked, Walked::File { .. }));
        seen += 1;
        ControlFlow::Continue(())
    });
    assert_eq!((seen, entered.into_inner()), (1, vec![PathBuf::from("b"), PathBuf::from("link")]));
}

#[test]
fn a_walk_ends_at_its_budget_and_at_its_depth() {
    let place = place();
    for name in ["1", "2", "3", "4"] {
        fs::write(place.named.join(name), "").unwrap();
    }
    let lines = walked(&place.root(), 3);
    assert_eq!(lines.len(), 4);
    assert!(lines[3].contains("more entries"), "{lines:?}");
    assert!(!walked(&place.root(), 4).iter().any(|line| line.contains("more entries")));

    let mut deep = place.named.clone();
    for _ in 0..40 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    assert!(walked(&place.root(), 1000).iter().any(|line| line.ends_with("too many folders deep")));
}

#[test]
fn what_is_no_regular_file_is_refused_without_blocking() {
    let place = place();
    // The program, because Rust has no call for it that macOS has too.
    let made = std::process::Command::new("mkfifo").arg(place.named.join("fifo")).status().unwrap();
    assert!(made.success());
    let _listener = UnixListener::bind(place.named.join("socket")).unwrap();
    fs::create_dir(place.named.join("folder")).unwrap();
    let root = place.root();
    assert_eq!(refused(&root, "fifo"), "is a FIFO, not a regular file");
    assert_eq!(refused(&root, "socket"), "is a socket, not a regular file");
    assert_eq!(refused(&root, "folder"), "is a folder, not a regular file");
    let devices = NamedRoot::open(Path::new("/dev"), Elevation::None).unwrap();
    assert_eq!(refused(&devices, "null"), "is a device, not a regular file");
    let null = NamedRoot::open(Path::new("/dev/null"), Elevation::None).unwrap_err();
    assert_eq!(null.to_string(), "is a device, not a regular file");
}

#[test]
fn a_link_is_followed_only_within_what_was_named() {
    let place = place();
    fs::create_dir(place.named.join("b")).unwrap();
    fs::write(place.named.join("b/file"), "inside").unwrap();
    let link = |text: &str, name: &str| symlink(text, place.named.join(name)).unwrap();
    link("b/../b/./file", "relative");
    link(place.named.join("b/file").to_str().unwrap(), "absolute");
    link("relative", "twice");
    link("b", "folder");
    link("../outside/secret", "up");
    link("b/../../outside/secret", "round");
    link(place.outside.join("secret").to_str().unwrap(), "out");
    link("/proc/self/fd/0", "magic");
    link("absent", "dangling");
    link("loop2", "loop1");
    link("loop1", "loop2");
    let root = place.root();
    for name in ["relative", "absolute", "twice", "folder/file"] {
        assert_eq!(read(&root, name).unwrap(), "inside", "{name}");
    }
    for name in ["up", "round", "out", "magic"] {
        assert!(matches!(root.open_file(Path::new(name)), Err(Refusal::LinkOutside)), "{name}");
    }
    assert!(matches!(root.open_file(Path::new("dangling")), Err(Refusal::DanglingLink)));
    assert!(matches!(root.open_file(Path::new("loop1")), Err(Refusal::LinkLoop)));
    for name in ["", "..", "../outside/secret", "b/../../outside/secret", "/etc/passwd"] {
        assert!(matches!(root.open_file(Path::new(name)), Err(Refusal::NotBelow)), "{name}");
    }
}

#[test]
fn a_link_inside_does_not_make_a_forbidden_file_readable() {
    let place = place();
    fs::create_dir(place.named.join(".ssh")).unwrap();
    fs::write(place.named.join(".ssh/id_ed25519"), "key").unwrap();
    symlink(".ssh/id_ed25519", place.named.join("harmless.log")).unwrap();
    assert!(matches!(place.root().open_file(Path::new("harmless.log")), Err(Refusal::Forbidden)));
    let named = NamedRoot::open(&place.named.join("harmless.log"), Elevation::None);
    assert!(matches!(named, Err(Refusal::Forbidden)));
    fs::create_dir(place.named.join(".gnupg")).unwrap();
    assert!(matches!(NamedRoot::open(&place.named.join(".gnupg"), Elevation::None), Err(Refusal::Forbidden)));
    assert!(walked(&place.root(), 100).contains(&".gnupg: is on the list of files that are never read".to_owned()));
    assert!(matches!(NamedRoot::open(Path::new("/etc/shadow"), Elevation::None), Err(Refusal::Forbidden)));
}

#[test]
fn a_named_file_is_all_that_is_seen() {
    let place = place();
    fs::write(place.named.join("2024.log"), "log").unwrap();
    fs::write(place.named.join("other.log"), "other").unwrap();
    symlink("2024.log", place.named.join("current.log")).unwrap();
    let root = NamedRoot::open(&place.named.join("current.log"), Elevation::None).unwrap();
    assert_eq!(root.path(), place.named);
    assert_eq!(walked(&root, 100), ["2024.log 3"]);
    assert_eq!(read(&root, "2024.log").unwrap(), "log");
    assert!(matches!(root.open_file(Path::new("other.log")), Err(Refusal::NotBelow)));
    assert!(matches!(NamedRoot::open(&place.named.join("no"), Elevation::None), Err(Refusal::Vanished)));
}

#[cfg(target_os = "linux")] // macOS refuses such names
#[test]
fn names_that_are_not_utf8_are_walked_and_opened() {
    use std::os::unix::ffi::OsStrExt;

    let place = place();
    let name = OsStr::from_bytes(b"caf\xe9.log");
    fs::write(place.named.join(name), "latin").unwrap();
    let mut seen = Vec::new();
    place.root().walk(&|_| true, &|_| true, 10, &mut |walked| {
        if let Walked::File { relative, .. } = walked {
            seen.push(relative);
        }
        ControlFlow::Continue(())
    });
    assert_eq!(seen, [Path::new(name)]);
    assert_eq!(place.root().open_file(&seen[0]).unwrap().len, 5);
}

#[test]
fn files_of_length_zero_in_proc_can_be_read() {
    if Path::new("/proc/self/status").exists() {
        let root = NamedRoot::open(Path::new("/proc"), elevation()).unwrap();
        assert!(read(&root, "version").unwrap().contains("Linux"));
        for name in ["1/environ", "1/mem", "kcore"] {
            assert!(matches!(root.open_file(Path::new(name)), Err(Refusal::Forbidden | Refusal::Vanished)), "{name}");
        }
    }
}

#[test]
fn a_file_that_vanishes_or_is_replaced_is_noticed() {
    let place = place();
    fs::write(place.named.join("a"), "1").unwrap();
    let root = place.root();
    let first = root.open_file(Path::new("a")).unwrap().id;
    assert_eq!(root.open_file(Path::new("a")).unwrap().id, first);
    fs::write(place.named.join("b"), "2").unwrap();
    fs::rename(place.named.join("b"), place.named.join("a")).unwrap();
    assert_ne!(root.open_file(Path::new("a")).unwrap().id, first);
    root.walk(&|_| true, &|_| true, 10, &mut |_| {
        fs::remove_file(place.named.join("a")).unwrap();
        ControlFlow::Break(())
    });
    assert!(matches!(root.open_file(Path::new("a")), Err(Refusal::Vanished)));
}

#[test]
fn a_folder_swapped_for_a_link_between_walk_and_open_leads_nowhere() {
    let place = place();
    fs::create_dir(place.named.join("app")).unwrap();
    fs::write(place.named.join("app/secret"), "log").unwrap();
    let root = place.root();
    assert_eq!(walked(&root, 10), ["app/secret 3"]);
    fs::rename(place.named.join("app"), place.named.join("old")).unwrap();
    symlink(&place.outside, place.named.join("app")).unwrap();
    assert!(matches!(root.open_file(Path::new("app/secret")), Err(Refusal::LinkOutside)));
    // The root itself is a handle: another folder under its name changes nothing.
    fs::rename(&place.named, place.outside.join("moved")).unwrap();
    symlink(&place.outside, &place.named).unwrap();
    assert_eq!(read(&root, "old/secret").unwrap(), "log");
    assert!(matches!(root.open_file(Path::new("secret")), Err(Refusal::Vanished)));
}

#[test]
fn what_the_system_forbids_is_refused_and_the_walk_goes_on() {
    let place = place();
    fs::create_dir(place.named.join("closed")).unwrap();
    fs::write(place.named.join("closed/x"), "").unwrap();
    fs::write(place.named.join("y"), "").unwrap();
    fs::set_permissions(place.named.join("closed"), PermissionsExt::from_mode(0o000)).unwrap();
    if elevation() == Elevation::None {
        assert_eq!(walked(&place.root(), 10), ["closed: permission denied", "y 0"]);
    }
    fs::set_permissions(place.named.join("closed"), PermissionsExt::from_mode(0o700)).unwrap();
}

#[test]
fn with_elevation_a_link_counts_only_if_root_made_it_where_only_root_writes() {
    if !we_are_root() {
        return;
    }
    let place = place();
    let link = place.named.join("link");
    fs::write(place.named.join("file"), "inside").unwrap();
    symlink("file", &link).unwrap();
    let untrusted = |root: &NamedRoot| matches!(root.open_file(Path::new("link")), Err(Refusal::Untrusted { .. }));
    assert_eq!(read(&place.elevated(), "link").unwrap(), "inside");

    std::os::unix::fs::lchown(&link, NOBODY, None).unwrap();
    assert!(untrusted(&place.elevated()), "a stranger's link");
    assert_eq!(read(&place.root(), "link").unwrap(), "inside", "without elevation there is nothing to gain");
    std::os::unix::fs::lchown(&link, Some(0), None).unwrap();
    chown(&place.named, NOBODY, None).unwrap();
    assert!(untrusted(&place.elevated()), "root's link in a stranger's folder");
    assert_eq!(read(&place.elevated(), "file").unwrap(), "inside", "a stranger's logs may be read");
    chown(&place.named, Some(0), None).unwrap();
    fs::set_permissions(&place.named, PermissionsExt::from_mode(0o777)).unwrap();
    assert!(untrusted(&place.elevated()), "root's link in a folder that all can write");

    // The same holds for the links in the path that was named.
    symlink(&place.outside, place.named.join("way")).unwrap();
    let way = place.named.join("way/secret");
    assert!(matches!(NamedRoot::open(&way, Elevation::Elevated), Err(Refusal::Untrusted { .. })));
    fs::set_permissions(&place.named, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn with_elevation_a_hard_link_to_roots_file_is_refused_where_others_write() {
    if !we_are_root() {
        return;
    }
    let place = place();
    fs::set_permissions(place.outside.join("secret"), PermissionsExt::from_mode(0o600)).unwrap();
    fs::hard_link(place.outside.join("secret"), place.named.join("app.log")).unwrap();
    assert_eq!(read(&place.elevated(), "app.log").unwrap(), "secret", "only root could have linked it here");
    chown(&place.named, NOBODY, None).unwrap();
    assert_eq!(refused(&place.elevated(), "app.log"), "is a hard link in a folder that others can write");
    assert_eq!(walked(&place.elevated(), 10), ["app.log: is a hard link in a folder that others can write"]);
}

#[test]
fn a_forbidden_file_is_known_by_identity_under_another_name() {
    let shadow = Path::new("/etc/shadow");
    let place = place();
    // A hard link needs the same file system; a bind mount would need more rights than a test should take.
    if we_are_root() && shadow.exists() && fs::hard_link(shadow, place.named.join("app.log")).is_ok() {
        let outcome = place.root().open_file(Path::new("app.log")).map(drop);
        fs::remove_file(place.named.join("app.log")).unwrap();
        assert!(matches!(outcome, Err(Refusal::Forbidden)), "{outcome:?}");
    }
}
