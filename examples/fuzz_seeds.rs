//! Writes what fuzzing begins with, from the examples of the built-in rules: `cargo run --example fuzz_seeds fuzz/corpus`.

#![allow(clippy::print_stderr, reason = "its output is what it is for")]

#[path = "../tests/hostile_bundles/mod.rs"]
mod hostile_bundles;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use casefile::archive::{Archive, Compression, Member, MemberKind, Packer, compressed};
use casefile::redact::RuleSet;

type Failure = Box<dyn std::error::Error>;

const RULES: [&str; 3] = [
    "[[rules]]\nid = 'a'\nregex = '(?i)acme-id:\\s+\\w+\\n(?:.*\\n)?acme-word:\\s+(\\w{3,64})'\nkeywords = ['acme-id']\n\
     entropy = 2.5\n[rules.redact]\nkind = 'acme'\nlines = 3\nsecret = true\nplaces = ['label']\n",
    "[extend]\nuseDefault = true\n[[rules]]\nid = 'b'\nregex = '\\bpassword=([^\\s\"]{8,40})'\nsecretGroup = 1\n\
     [[rules.allowlists]]\nregexTarget = 'line'\nregexes = ['(?i)^test']\nstopwords = ['hunter']\ncondition = 'AND'\n",
    "[[rules]]\nid = 'c'\nregex = '''from (\\d{1,3}\\.){3}\\d{1,3}'''\nfilter = 'entropy(finding[\"secret\"]) <= 3'\n",
];

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: fuzz_seeds FOLDER");
        return ExitCode::from(2);
    };
    match write_all(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path) -> Result<(), Failure> {
    let set = RuleSet::load(&[])?;
    let examples: Vec<&str> =
        set.rules.iter().flat_map(|rule| rule.examples.iter().take(2)).map(String::as_str).collect();
    for (n, few) in examples.chunks(6).enumerate() {
        let text = few.join("\n") + "\n";
        // The first byte tells the target the size of reads, or the kind of file.
        write(folder, "text", n, &[b"\x07", text.as_bytes()].concat())?;
        let members: serde_json::Map<_, _> = few
            .iter()
            .enumerate()
            .map(|(m, text)| (["note", "body", "url", "value", "text", "name"][m].to_owned(), (*text).into()))
            .collect();
        let json = serde_json::Value::Array(vec![members.into(), 1e3.into(), true.into()]).to_string();
        write(folder, "json", n, &[b"\x0b", json.as_bytes()].concat())?;
        if n % 8 == 0 {
            write(folder, "bytes", n, &[b"\x00", text.as_bytes()].concat())?;
            write(folder, "bytes", n + 1, &[b"\x05", json.as_bytes()].concat())?;
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            write(folder, "bytes", n + 2, &[b"\x04\xff\xfe", wide.as_slice()].concat())?;
        }
    }
    for (n, rules) in RULES.iter().enumerate() {
        write(folder, "rules", n, rules.as_bytes())?;
    }
    let text = "start\npassword=hunter2-Correct-Horse\nfrom 81.2.69.142\n";
    let mut inner = Vec::new();
    for (n, compression) in [Compression::Gzip, Compression::Zstd, Compression::Xz].into_iter().enumerate() {
        let mut writer = compressed(Vec::new(), compression).ok_or("no encoder")?;
        writer.write_all(text.as_bytes())?;
        let bytes = writer.finish()?;
        write(folder, "archive", n, &[b"\x00", bytes.as_slice()].concat())?;
        inner.push((format!("srv/{n}.packed"), bytes));
    }
    inner.push(("srv/app.log".to_owned(), text.as_bytes().to_vec()));
    for (n, archive) in [Archive::Tar, Archive::Zip].into_iter().enumerate() {
        let (mut packer, mut out) = (Packer::new(archive), Vec::new());
        for (name, body) in &inner {
            let member = Member { name: name.clone(), kind: MemberKind::File, modified: 0, mode: 0o644 };
            packer.add(&member, body, &mut out)?;
        }
        packer.finish(&mut out)?;
        write(folder, "archive", 10 + n, &[b"\x00", out.as_slice()].concat())?;
        inner.push((format!("old/{n}.archive"), out));
    }
    let bundles = hostile_bundles::oddities().into_iter().chain(hostile_bundles::attacks());
    for (n, made) in bundles.filter(|made| made.bytes.len() < 8 << 10).enumerate() {
        write(folder, "bundle", n, &made.bytes)?;
    }
    for (n, (path, bytes)) in hostile_bundles::bag::Bag::new().files().into_iter().enumerate() {
        let kind = match path.as_str() {
            "manifest.json" => 0,
            "data/case.json" => 1,
            "manifest-sha256.txt" | "tagmanifest-sha256.txt" => 4,
            _ => 5,
        };
        write(folder, "documents", n, &[[kind].as_slice(), &bytes].concat())?;
    }
    let case =
        "case_id = 'c-7fk2m9q4xa'\nsummary = 'x'\nstarted_at = '2026-11-23T10:15:00+01:00'\n[impact]\nwho = 'y'\n";
    write(folder, "documents", 20, &[b"\x02", case.as_bytes()].concat())?;
    let profile = "name = 'p'\nencrypt_to = ['age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj']\n\
                   [limits]\nfile = '1MiB'\n[host]\nfacts = ['os']\n[probes]\ntargets = ['https://shop.example']\n\
                   only = ['dns']\n[[logs]]\npurpose = 'p'\npaths = ['/var/log/*.{log,txt}']\n[[commands]]\nname = 'c'\n\
                   run = ['uptime']\npurpose = 'p'\ntimeout = '3s'\n";
    write(folder, "documents", 22, &[b"\x06", profile.as_bytes()].concat())?;
    let keys = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\n";
    write(folder, "documents", 23, &[b"\x07", keys.as_bytes()].concat())?;
    let har = r#"{"log":{"version":"1.2","entries":[{"startedDateTime":"2026-11-23T10:15:00.000Z","time":31000.0,
        "request":{"method":"POST","url":"https://shop.example/pay?token=Zk3JhT9vLmQ2wZx8RnBf5YcUp7DsG",
        "headers":[{"name":"Authorization","value":"Bearer Zk3JhT9vLmQ2wZx8RnBf5YcUp7DsG"}],
        "cookies":[{"name":"sid","value":"a8F3kL9q2XzR7vT1"}],"postData":{"mimeType":"application/json",
        "text":"{\\"password\\":\\"hunter2-Correct-Horse\\"}"}},
        "response":{"status":503,"content":{"mimeType":"text/html","encoding":"base64","text":"aGVsbG8="}}}]}}"#;
    write(folder, "documents", 24, &[b"\x08", har.as_bytes()].concat())?;
    write(folder, "json", 900, &[b"\x0b", har.as_bytes()].concat())?;
    // A reply, a "time exceeded" with what it is about, and a control message with an error of a router.
    let echo = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 8, 0, 0, 0, 0, 1, 0, 2];
    write(folder, "answers", 0, &[0, 0, 0, 0, 0, 0, 1, 0, 2])?;
    write(folder, "answers", 1, &[&[0, 11, 0, 0, 0, 0, 0, 0, 0][..], &echo].concat())?;
    let mut control = vec![0, 48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0];
    control
        .extend([113, 0, 0, 0, 2, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 192, 0, 2, 9, 0, 0, 0, 0, 0, 0, 0, 0]);
    write(folder, "answers", 2, &control)?;
    let mut answer = vec![1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    answer.extend(b"\x03www\x04shop\x07example\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07");
    write(folder, "answers", 3, &answer)?;
    write(folder, "sealed", 0, b"\x00-> X25519 Zk3JhT9vLmQ2wZx8RnBf5YcUp7DsGZk3JhT9vLmQ2w\nZk3JhT9vLmQ2wZx8RnBf5YcUp7DsGZk3JhT9vLmQ2w\n--- abc\n")?;
    write(folder, "sealed", 1, &[b"\x01", hostile_bundles::bag::Bag::new().zip().bytes().as_slice()].concat())?;
    write(folder, "documents", 21, &[b"\x03", casefile::checklist::Checklist::builtin_text().as_bytes()].concat())?;
    Ok(())
}

fn write(folder: &Path, target: &str, n: usize, bytes: &[u8]) -> std::io::Result<()> {
    let folder = folder.join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("seed-{n:03}")), bytes)
}
