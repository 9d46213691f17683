//! What is read and what is refused, on every system.

use std::fs;
use std::io::Read;

use super::*;

#[test]
fn every_system_walks_in_the_order_of_names_and_opens_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("b").join("c")).unwrap();
    for (name, text) in [("a.log", "1"), ("b/c/n\u{e4}h.log", "22"), ("b/z.log", "333"), ("id_rsa", "key")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let root = NamedRoot::open(folder.path(), Elevation::None).unwrap();
    assert!(!root.path().to_string_lossy().starts_with(r"\\?\"), "{:?}", root.path());
    let mut seen = Vec::new();
    root.walk(&|_| true, &|_| true, 100, &mut |walked| {
        seen.push(match walked {
            Walked::File { relative, len, modified, id } => {
                let mut opened = root.open_file(&relative).unwrap();
                let mut text = String::new();
                opened.file.read_to_string(&mut text).unwrap();
                assert_eq!((opened.len, opened.id, opened.modified), (len, id, modified));
                assert_eq!(FileId::of(&opened.file).unwrap(), id);
                assert!(modified.is_some());
                format!("{}={text}", relative.to_string_lossy().replace('\\', "/"))
            }
            Walked::Refused { relative, refusal } => format!("{}: {refusal}", relative.display()),
        });
        ControlFlow::Continue(())
    });
    let expected =
        ["a.log=1", "b/c/n\u{e4}h.log=22", "b/z.log=333", "id_rsa: is on the list of files that are never read"];
    assert_eq!(seen, expected);
}

#[test]
fn no_name_leaves_what_was_named_on_any_system() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("named")).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    let root = NamedRoot::open(&folder.path().join("named"), Elevation::None).unwrap();
    let absolute = folder.path().join("secret");
    for name in [Path::new("../secret"), Path::new(""), Path::new("."), absolute.as_path()] {
        assert!(matches!(root.open_file(name), Err(Refusal::NotBelow)), "{name:?}");
    }
    assert!(matches!(root.open_file(Path::new("absent")), Err(Refusal::Vanished)));
    let only = NamedRoot::open(&absolute, Elevation::None).unwrap();
    assert_eq!(only.open_file(Path::new("secret")).unwrap().len, 6);
    assert!(matches!(only.open_file(Path::new("named")), Err(Refusal::NotBelow)));
}

#[cfg(windows)]
#[test]
fn a_device_name_on_windows_is_an_ordinary_name_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = NamedRoot::open(folder.path(), Elevation::None).unwrap();
    for name in ["NUL", "CON", "COM1", "a:stream", "a::$DATA"] {
        assert!(root.open_file(Path::new(name)).is_err(), "{name}");
    }
}
