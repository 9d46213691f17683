//! Run as root over the log folder of a hostile account: what that account may not read stays out of the bundle, and every
//! trick stands in the manifest.

#![cfg(unix)]
#![allow(clippy::panic, clippy::print_stdout)] // a helper of a test may end it

mod support;

use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use support::{Bundle, NOBODY, Place, is_root, run, set_mode, skipped};

/// Words that no rule replaces, in a file that only root may read.
const CANARY: &str = "the canary sings far below in the mine";

/// A log folder of `nobody`, and beside it a folder of root's that holds the canary under the same names.
fn place() -> Option<Place> {
    if !is_root() {
        skipped("it needs root");
        return None;
    }
    let place = Place::new();
    for name in ["vault/app.log", "vault/one.log", "vault/nested/app.log"] {
        let path = place.file(name, format!("2026-11-23T10:00:00Z {CANARY}\n"));
        set_mode(&path, 0o600);
    }
    set_mode(&place.path("vault"), 0o700);
    place.log("app/app.log", "2026-11-23T10:00:00Z the application's own words\n");
    place.log("one.log", "2026-11-23T10:00:00Z one\n");
    for path in ["", "app", "app/app.log", "one.log"] {
        chown(place.logs().join(path), Some(NOBODY), Some(NOBODY)).expect("we are root");
    }
    Some(place)
}

/// A link that `nobody` made.
fn link(target: impl AsRef<Path>, at: &Path) {
    symlink(target, at).expect("a link");
    lchown(at, Some(NOBODY), Some(NOBODY)).expect("we are root");
}

fn assert_nothing_of_it(bundle: &Bundle) {
    assert_eq!(bundle.holds("canary sings"), None);
    let shadow = fs::read_to_string("/etc/shadow").unwrap_or_default();
    for line in shadow.lines().filter(|line| line.len() > 8) {
        assert_eq!(bundle.holds(line), None);
    }
}

#[test]
fn links_and_hard_links_of_a_hostile_account_lead_nowhere() {
    let Some(place) = place() else { return };
    let logs = place.logs();
    link("/etc/shadow", &logs.join("shadow.log"));
    link(place.path("vault/app.log"), &logs.join("absolute.log"));
    link("../vault/app.log", &logs.join("relative.log"));
    link("../vault", &logs.join("folder"));
    link("/proc/self/environ", &logs.join("environ.log"));
    link("/proc/self/root/etc/shadow", &logs.join("magic.log"));
    link("../vault/one.log", &logs.join("chain-3.log"));
    link("chain-3.log", &logs.join("chain-2.log"));
    link("app/../chain-2.log", &logs.join("chain-1.log"));
    link("one.log", &logs.join("inside.log"));
    fs::hard_link(place.path("vault/one.log"), logs.join("hard.log")).expect("a hard link");
    fs::hard_link(place.path("vault/app.log"), logs.join("app/hard.log")).expect("a hard link");
    let ran = run(&mut place.collect());
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let bundle = place.bundle();
    assert_nothing_of_it(&bundle);
    for name in ["shadow", "absolute", "relative", "environ", "magic", "chain-1", "chain-2", "chain-3", "inside"] {
        bundle.assert_missing(
            &format!("/{name}.log"),
            "failed",
            "a link that an account other than root could have made",
        );
    }
    bundle.assert_missing("/folder", "failed", "a link that an account other than root could have made");
    for name in ["/logs/hard.log", "/app/hard.log"] {
        bundle.assert_missing(name, "failed", "is a hard link in a folder that others can write");
    }
    assert!(bundle.text("/app/app.log").contains("the application's own words"));
    assert_eq!(bundle.text("/one.log").lines().count(), 1);
}

#[test]
fn a_named_path_through_a_hostile_link_is_refused() {
    let Some(place) = place() else { return };
    link("../vault", &place.logs().join("folder"));
    link("../vault/one.log", &place.logs().join("file.log"));
    let folder = place.logs().join("folder");
    let mut command = place.bare();
    command.arg("--no-host").arg("--logs").arg(folder.join("*.log")).arg("--logs").arg(folder.join("app.log"));
    command.arg("--config").arg(place.logs().join("file.log")).arg("--config").arg(&folder);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let bundle = place.bundle();
    assert_nothing_of_it(&bundle);
    bundle.assert_missing("/folder", "failed", "could have made");
    bundle.assert_missing("/file.log", "failed", "could have made");
}

#[test]
fn what_is_swapped_for_a_link_during_the_run_leads_nowhere() {
    let Some(place) = place() else { return };
    let logs = place.logs();
    link(place.path("vault"), &place.path("logs/.spare-folder"));
    link(place.path("vault/one.log"), &place.path("logs/.spare-file"));
    fs::hard_link(place.path("vault/one.log"), logs.join(".spare-hard")).expect("a hard link");
    let done = Arc::new(AtomicBool::new(false));
    let swapper = {
        let done = Arc::clone(&done);
        std::thread::spawn(move || {
            let mut swaps = 0u64;
            let swap = |real: &str, spare: &str| {
                let [real, spare, aside] = [real, spare, ".aside"].map(|name| logs.join(name));
                fs::rename(&real, &aside).expect("moved away");
                fs::rename(&spare, &real).expect("the link in its place");
                fs::rename(&real, &spare).expect("the link away");
                fs::rename(&aside, &real).expect("moved back");
            };
            while !done.load(Ordering::Relaxed) {
                swap("app", ".spare-folder");
                swap("one.log", ".spare-file");
                swap("one.log", ".spare-hard");
                swaps += 3;
            }
            swaps
        })
    };
    let mut outcomes = Vec::new();
    for _ in 0..20 {
        let ran = run(&mut place.collect());
        let bundle = place.out().join("b.casefile.zip");
        support::assert_whole(&bundle);
        assert_nothing_of_it(&Bundle::open(&bundle));
        fs::remove_file(bundle).expect("removed");
        outcomes.push((ran.code, ran.stderr));
    }
    done.store(true, Ordering::Relaxed);
    let swaps = swapper.join().expect("it swapped to the end");
    assert!(swaps > 0);
    // The spare hard link alone is a gap in every run.
    assert!(outcomes.iter().all(|(code, _)| *code == Some(4)), "{outcomes:?}");
}
