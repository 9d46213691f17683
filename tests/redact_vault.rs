//! The vault from outside: what `redact` and `collect` put into it, and `redact --reveal` puts back.

#![allow(clippy::panic)] // a helper of a test may end it

mod redact_support;

use redact_support::{Place, SECRET, fed, holds, ran};

/// A place with a key file, and the public key.
fn place() -> (Place, String) {
    let place = Place::new();
    let identity = age::x25519::Identity::generate();
    let secret = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
    place.file("keys/vault.key", format!("# made for a test\n{secret}\n"));
    (place, identity.to_public().to_string())
}

fn log() -> String {
    format!("password={SECRET} user.name@acme-mail.example from 81.2.69.142 and 2a02:26f0:3500::1\n")
}

#[test]
fn what_was_replaced_is_put_back_with_the_vault_and_its_key() {
    let (place, public) = place();
    place.file("in/app.log", log());
    place.file("in/a.json", "{\"password\": \"hun\\\"ter2-\\u00fcber\"}");
    let run =
        ran(&mut place.redact(["in", "--output", "out", "--vault", "keys/v.vault", "--vault-recipient", &public]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("vault keys/v.vault: 5 values"), "{run:?}");
    assert!(!holds(&place.read("keys/v.vault"), SECRET) && !place.text("out/app.log").contains("81.2.69.142"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(place.path("keys/v.vault").metadata().expect("there").permissions().mode() & 0o777, 0o600);
    }
    let reveal = |name: &str, to: &str| {
        let args = ["--reveal", name, "--vault", "keys/v.vault", "--identity", "keys/vault.key", "--output", to];
        ran(&mut place.redact(args))
    };
    let run = reveal("out/app.log", "back.log");
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:?}");
    assert_eq!(place.text("back.log"), log());
    assert!(!run.stderr.contains(SECRET) && run.stderr.contains("4 placeholders put back"), "{run:?}");
    assert_eq!(reveal("out/a.json", "back.json").code, Some(0));
    assert_eq!(place.text("back.json"), "{\"password\": \"hun\\\"ter2-\u{fc}ber\"}");
    assert_eq!(reveal("out/app.log", "back.log").code, Some(5), "an existing file is not replaced");
}

#[test]
fn secrets_come_back_only_on_a_terminal_or_into_a_named_file() {
    let (place, public) = place();
    place.file("app.log", log());
    let args = ["app.log", "--output", "out.log", "--vault", "v.vault", "--vault-recipient", &public];
    assert_eq!(ran(&mut place.redact(args)).code, Some(0));
    let reveal = ["--reveal", "out.log", "--vault", "v.vault", "--identity", "keys/vault.key"];
    let run = ran(&mut place.redact(reveal));
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
    #[cfg(unix)]
    {
        let (code, shown) = redact_support::on_a_terminal(&mut place.redact(reveal));
        assert!(code == Some(0) && shown.starts_with(&log()), "{shown}");
    }
}

#[test]
fn a_wrong_key_a_damaged_vault_and_a_file_that_is_none_are_refused_without_a_secret() {
    let (place, public) = place();
    place.file("app.log", log());
    let args = ["app.log", "--output", "out.log", "--vault", "v.vault", "--vault-recipient", &public];
    assert_eq!(ran(&mut place.redact(args)).code, Some(0));
    let sealed = place.read("v.vault");
    place.file("cut.vault", &sealed[..sealed.len() - 20]);
    let other = age::x25519::Identity::generate();
    let other = age::secrecy::ExposeSecret::expose_secret(&other.to_string()).to_owned();
    place.file("other.key", &other);
    for (vault, key, said) in [
        ("v.vault", "other.key", "cannot be opened with this key"),
        ("cut.vault", "keys/vault.key", "damaged"),
        ("app.log", "keys/vault.key", "is no vault"),
        ("v.vault", "app.log", "is no file of secret keys"),
        ("absent", "keys/vault.key", "no such file"),
    ] {
        let args = ["--reveal", "out.log", "--vault", vault, "--identity", key, "--output", "back.log"];
        let run = ran(&mut place.redact(args));
        assert_eq!(run.code, Some(2), "{vault} {key}: {run:?}");
        assert!(run.stderr.contains(said), "{vault} {key}: {run:?}");
        assert!(!run.stderr.contains(SECRET) && !run.stderr.contains("AGE-SECRET-KEY"), "{run:?}");
        assert!(!place.path("back.log").exists());
    }
    // A secret key given as recipient by mistake is not repeated.
    let run = ran(&mut place.redact(["app.log", "--vault", "w.vault", "--vault-recipient", other.trim()]));
    assert!(run.code == Some(2) && run.stderr.contains("secret key") && !run.stderr.contains(other.trim()), "{run:?}");
}

#[test]
fn a_vault_never_stands_in_the_output_folder_and_is_never_redacted() {
    let (place, public) = place();
    place.file("in/app.log", log());
    for vault in ["out/v.vault", "out/below/v.vault"] {
        let run = ran(&mut place.redact(["in", "--output", "out", "--vault", vault, "--vault-recipient", &public]));
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains("lies in the output folder"), "{run:?}");
    }
    assert!(!place.path("out").exists());
    // A run that makes nothing leaves no vault, which would stand in the way of the next.
    place.file("full/app.log", "old");
    let run = ran(&mut place.redact(["in", "--output", "full", "--vault", "v.vault", "--vault-recipient", &public]));
    assert!(run.code == Some(5) && !place.path("v.vault").exists(), "{run:?}");
    let run = ran(&mut place.redact(["in", "--output", "out", "--vault", "in/v.vault", "--vault-recipient", &public]));
    assert_eq!(run.code, Some(0), "{run:?}");
    let again = ran(&mut place.redact(["in", "--output", "out2"]));
    assert_eq!(again.code, Some(4), "{again:?}");
    assert!(again.stderr.contains("v.vault: is encrypted with age"), "{again:?}");
    assert_eq!(place.names("out2"), ["app.log"]);
    let piped = fed(&mut place.redact(["-"]), &place.read("in/v.vault"));
    assert_eq!((piped.code, piped.stdout.as_str()), (Some(4), ""), "{piped:?}");
    let taken = ran(&mut place.redact(["in/app.log", "--vault", "in/v.vault", "--vault-recipient", &public]));
    assert_eq!((taken.code, taken.stdout.as_str()), (Some(5), ""), "{taken:?}");
}

#[test]
fn collect_fills_a_vault_too() {
    let (place, public) = place();
    place.file("logs/app.log", log());
    std::fs::create_dir(place.path("out")).expect("a folder");
    let collect = |vault: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_casefile"));
        command.args([
            "collect",
            "--yes",
            "--no-host",
            "--logs",
            "logs/app.log",
            "--output",
            "out",
            "--bundle-name",
            "b",
        ]);
        command.args(["--vault", vault, "--vault-recipient", &public]).current_dir(place.path(""));
        ran(&mut command)
    };
    assert_eq!(collect("out/v.vault").code, Some(2));
    let run = collect("v.vault");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("vault v.vault: "), "{run:?}");
    let bundle = place.read("out/b.casefile.zip");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bundle)).expect("a zip");
    let name = (0..zip.len())
        .map(|n| zip.by_index(n).expect("an entry").name().expect("UTF-8").into_owned())
        .find(|name| name.ends_with("app.log"))
        .expect("the log");
    let mut text = Vec::new();
    std::io::copy(&mut zip.by_name(&name).expect("the log"), &mut text).expect("its bytes");
    place.file("redacted.log", &text);
    assert!(!holds(&text, SECRET));
    let args =
        ["--reveal", "redacted.log", "--vault", "v.vault", "--identity", "keys/vault.key", "--output", "back.log"];
    let run = ran(&mut place.redact(args));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(place.text("back.log"), log());
}
