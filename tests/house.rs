//! Holds the house to its plan: imports run downward only, system differences stay in `platform/`, only `cli/` prints,
//! and the map of the rooms, ARCHITECTURE.md, is true.
//!
//! It reads the sources as text. Comments and literals are blanked first, so that a word in prose is not taken for code.

#![allow(clippy::panic)] // a helper of a test may end it

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The rooms from the top floor down; a room may import from those after it.
///
/// `escalate` stands above `checklist`, because the text of a ticket says what the checklist found.
const ROOMS: [&str; 14] = [
    "cli",
    "pipeline",
    "inspect",
    "deliver",
    "collect",
    "record",
    "bundle",
    "escalate",
    "checklist",
    "probe",
    "redact",
    "archive",
    "platform",
    "model",
];

/// Longer files hold more than one thought.
const LONGEST_FILE: usize = 600;

#[test]
fn imports_run_downward_only() {
    in_each_source(|source, complaints| {
        let Some(room) = source.room() else { return };
        let Some(floor) = ROOMS.iter().position(|name| *name == room) else {
            return complaints.add(source, 0, &format!("`{room}` is a new room: give it its place in ROOMS"));
        };
        for (at, imported) in source.imports_from_the_crate_root() {
            match ROOMS.iter().position(|name| *name == imported) {
                Some(other) if other >= floor => {}
                Some(_) => complaints.add(source, at, &format!("`{room}` imports upward from `{imported}`")),
                None => complaints.add(source, at, &format!("`crate::{imported}` is no room: name the room itself")),
            }
        }
    })
    .none();
}

#[test]
fn what_differs_by_system_stays_in_platform() {
    const SYSTEM_WORDS: [&str; 7] =
        ["unix", "windows", "target_os", "target_family", "target_arch", "target_env", "target_vendor"];
    in_each_source(|source, complaints| {
        if source.room().as_deref() == Some("platform") {
            return;
        }
        for at in words(&source.code, "unsafe") {
            complaints.add(source, at, "`unsafe` outside src/platform/");
        }
        for cfg in ["cfg", "cfg_attr"] {
            for at in words(&source.code, cfg) {
                let rest = source.code[at + cfg.len()..].trim_start_matches('!').trim_start();
                let condition = &rest[..matching_bracket(rest).unwrap_or(0)];
                for word in SYSTEM_WORDS.iter().filter(|word| !words(condition, word).is_empty()) {
                    complaints.add(source, at, &format!("`{cfg}` of `{word}` outside src/platform/"));
                }
            }
        }
    })
    .none();
}

#[test]
fn only_the_command_line_prints() {
    in_each_source(|source, complaints| {
        if source.room().as_deref() == Some("cli") || source.name == "src/main.rs" || source.is_a_test_file() {
            return;
        }
        for macro_name in ["print", "println", "eprint", "eprintln", "dbg"] {
            for at in words(&source.code, macro_name) {
                let called = source.code[at + macro_name.len()..].starts_with('!');
                if called && !source.test_modules().iter().any(|range| range.contains(&at)) {
                    complaints.add(source, at, &format!("`{macro_name}!` outside src/cli/"));
                }
            }
        }
    })
    .none();
}

#[test]
fn every_source_file_says_what_it_is_for_and_stays_readable() {
    let mut complaints = Complaints::default();
    for path in files_below(&root()).iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")) {
        let source = Source::read(path);
        if source.name.starts_with("fixtures/") {
            continue;
        }
        if !source.text.starts_with("//! ") {
            complaints.add(&source, 0, "does not open with a `//!` line that says what it is for");
        }
        let lines = source.text.lines().count();
        if source.name.starts_with("src/") && lines > LONGEST_FILE {
            complaints.add(&source, 0, &format!("{lines} lines, more than {LONGEST_FILE}"));
        }
    }
    complaints.none();
}

#[test]
fn the_map_names_every_room_and_only_what_exists() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md draws the rooms");
    let named: BTreeSet<&str> = map.split('`').skip(1).step_by(2).filter(|word| is_a_path_of_ours(word)).collect();
    for path in &named {
        assert!(root().join(path).exists(), "ARCHITECTURE.md names `{path}`, which does not exist");
    }
    for entry in fs::read_dir(root().join("src")).expect("src is readable") {
        let entry = entry.expect("src is readable");
        let name = entry.file_name().into_string().expect("our file names are UTF-8");
        let path = if entry.path().is_dir() { format!("src/{name}/") } else { format!("src/{name}") };
        assert!(named.contains(path.as_str()), "ARCHITECTURE.md does not name `{path}`");
    }
}

fn is_a_path_of_ours(word: &str) -> bool {
    const FOLDERS: [&str; 6] = ["src/", "docs/", "tests/", "redaction-rules/", "fixtures/", ".ci/"];
    const ENDINGS: [&str; 3] = [".md", ".rs", ".toml"];
    let is_one_word = !word.is_empty() && !word.contains(char::is_whitespace);
    is_one_word
        && (FOLDERS.iter().any(|folder| word.starts_with(folder))
            || ENDINGS.iter().any(|ending| word.ends_with(ending)))
}

/// Hosts of package registries and folders of somebody's machine, which belong in nobody's clone.
///
/// Written in parts: this file is read as well.
#[test]
fn no_file_names_a_registry_host_or_a_folder_of_a_machine() {
    let hosts = [
        ["crates", "io"].join("."),
        ["pypi", "org"].join("."),
        ["pythonhosted", "org"].join("."),
        ["npmjs", "org"].join("."),
        ["npmjs", "com"].join("."),
        ["deb.debian", "org"].join("."),
        ["security.debian", "org"].join("."),
        ["archive.ubuntu", "com"].join("."),
        ["proxy.golang", "org"].join("."),
    ];
    let home = ["", "root", ""].join("/");
    let folders = [
        ["", "work", ""].join("/"),
        home.clone() + ".cache",
        home.clone() + ".cargo",
        home.clone() + ".rustup",
        home + ".pyenv",
        ["", "tmp", "bash_jobs"].join("/"),
    ];
    let mut complaints = Complaints::default();
    for path in files_below(&root()) {
        // Cargo writes the lock file, and names the registry in it.
        if path.ends_with("Cargo.lock") || fs::read_to_string(&path).is_err() {
            continue;
        }
        let source = Source::read(&path);
        for host in &hosts {
            for (at, _) in source.text.match_indices(host.as_str()) {
                complaints.add(&source, at, &format!("names {host}"));
            }
        }
        for folder in &folders {
            for (at, _) in source.text.match_indices(folder.as_str()) {
                // "https://example.com/work/" is an address, "src/work/" is ours.
                let before = source.text[..at].chars().next_back();
                if !before.is_some_and(|c| c.is_alphanumeric() || "._-}~*".contains(c)) {
                    complaints.add(&source, at, &format!("names {folder}"));
                }
            }
        }
    }
    complaints.none();
}

/// One file of the repository: as it stands, and as code alone.
struct Source {
    /// Path from the repository's root, with `/`.
    name: String,
    text: String,
    /// The same bytes with comments and literals blanked.
    code: String,
}

impl Source {
    fn read(path: &Path) -> Source {
        let name = path.strip_prefix(root()).expect("found below the root").components();
        let name: Vec<_> = name.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        Source::new(name.join("/"), text)
    }

    fn new(name: String, text: String) -> Source {
        let code = if name.ends_with(".rs") { code_alone(&text) } else { String::new() };
        Source { name, text, code }
    }

    /// `src/redact/json.rs` is the module `redact::json`.
    fn module(&self) -> Vec<&str> {
        let inside = self.name.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        if inside == "lib" || inside == "main" { Vec::new() } else { inside.split('/').collect() }
    }

    /// The room that the file stands in; `lib.rs` and `main.rs` stand outside.
    fn room(&self) -> Option<String> {
        self.module().first().map(|room| (*room).to_owned())
    }

    fn is_a_test_file(&self) -> bool {
        self.module().contains(&"tests")
    }

    /// Where something is imported from the crate's root, by `crate::` or enough `super::`, and the name that follows.
    fn imports_from_the_crate_root(&self) -> Vec<(usize, &str)> {
        let inline = inline_modules(&self.code);
        let mut imports = Vec::new();
        for at in words(&self.code, "crate") {
            if let Some(rest) = path_separator(&self.code[at + "crate".len()..]) {
                imports.extend(first_names(rest).into_iter().map(|name| (at, name)));
            }
        }
        for at in words(&self.code, "super") {
            if self.code[..at].trim_end().ends_with("::") {
                continue; // the middle of a chain
            }
            let depth = self.module().len() + inline.iter().filter(|range| range.contains(&at)).count();
            let (mut rest, mut climbed) = (&self.code[at..], 0);
            while let Some(after) = rest.strip_prefix("super").and_then(path_separator) {
                (rest, climbed) = (after, climbed + 1);
            }
            if climbed >= depth {
                imports.extend(first_names(rest).into_iter().map(|name| (at, name)));
            }
        }
        imports
    }

    /// What stands behind `#[cfg(test)] mod … { … }`.
    fn test_modules(&self) -> Vec<Range<usize>> {
        let behind_cfg_test = |range: &Range<usize>| {
            let before = &self.code[..range.start - 1]; // up to the bracket
            before.rfind("#[cfg(test)]").is_some_and(|at| !before[at..].contains([';', '{', '}']))
        };
        inline_modules(&self.code).into_iter().filter(behind_cfg_test).collect()
    }
}

/// The bodies of `mod name { … }`, without the brackets.
fn inline_modules(code: &str) -> Vec<Range<usize>> {
    let mut bodies = Vec::new();
    for at in words(code, "mod") {
        let Some(open) = code[at..].find(['{', ';']).map(|offset| at + offset) else { continue };
        if let Some(length) = matching_bracket(&code[open..]) {
            bodies.push(open + 1..open + length);
        }
    }
    bodies
}

/// What follows `::`, if that comes next.
fn path_separator(code: &str) -> Option<&str> {
    code.trim_start().strip_prefix("::").map(str::trim_start)
}

/// The first names of a path or a group: `a::b` gives a; `{a::{b, c}, d}` gives a and d.
fn first_names(rest: &str) -> Vec<&str> {
    let Some(length) = rest.strip_prefix('{').and_then(|_| matching_bracket(rest)) else {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(rest.len());
        return vec![&rest[..end]];
    };
    let (mut names, mut depth, mut begin) = (Vec::new(), 0, 1);
    for (at, c) in rest[..length].char_indices().skip(1).chain([(length, ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.extend(first_names(rest[begin..at].trim()).into_iter().filter(|name| !name.is_empty()));
                begin = at + 1;
            }
            _ => {}
        }
    }
    names
}

/// Where the bracket that opens `code` is closed again.
fn matching_bracket(code: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (at > 0).then_some(at);
        }
    }
    None
}

/// Where `word` stands as a whole word.
fn words(code: &str, word: &str) -> Vec<usize> {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    let stands_alone =
        |at: &usize| !code[..*at].chars().next_back().is_some_and(joins) && !code[at + word.len()..].starts_with(joins);
    code.match_indices(word).map(|(at, _)| at).filter(stands_alone).collect()
}

/// The text with comments, strings and characters blanked, byte for byte, so that places and lines stay.
fn code_alone(text: &str) -> String {
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    while at < text.len() {
        let length = length_of_prose(&text[at..], text[..at].chars().next_back());
        for byte in &mut code[at..at + length] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at += length.max(text[at..].chars().next().map_or(1, char::len_utf8));
    }
    String::from_utf8(code).expect("whole characters were blanked")
}

/// How many bytes of a comment or literal `text` opens with; 0 where it opens with code.
fn length_of_prose(text: &str, before: Option<char>) -> usize {
    let end = |found: Option<usize>, mark: &str| found.map_or(text.len(), |at| at + mark.len());
    if text.starts_with("//") {
        return end(text.find('\n'), "");
    }
    if text.starts_with("/*") {
        return length_of_block_comment(text);
    }
    if text.starts_with('"') {
        return length_of_quoted(text);
    }
    let in_a_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if let Some(raw) = text.strip_prefix('r').or_else(|| text.strip_prefix("br")).filter(|_| !in_a_word) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let open = text.len() - raw.len() + hashes + 1;
            let close = format!("\"{}", "#".repeat(hashes));
            return end(text[open..].find(&close).map(|at| open + at), &close);
        }
    }
    if let Some(inside) = text.strip_prefix('\'') {
        let mut characters = inside.char_indices();
        return match (characters.next(), characters.next()) {
            (Some((_, '\\')), Some(_)) => end(inside[2..].find('\'').map(|at| at + 3), "'"),
            (_, Some((at, '\''))) => at + 2,
            _ => 0, // a lifetime
        };
    }
    0
}

fn length_of_block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        match rest {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn length_of_quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// What is wrong, one line each, with its place.
#[derive(Default)]
struct Complaints(String);

impl Complaints {
    fn add(&mut self, source: &Source, at: usize, what: &str) {
        let line = source.text[..at].matches('\n').count() + 1;
        writeln!(self.0, "  {}:{line}: {what}", source.name).expect("a string takes everything");
    }

    fn none(self) {
        assert!(self.0.is_empty(), "the house is out of order:\n{}", self.0);
    }
}

fn in_each_source(mut look: impl FnMut(&Source, &mut Complaints)) -> Complaints {
    let mut complaints = Complaints::default();
    for path in files_below(&root().join("src")) {
        if path.extension().is_some_and(|ending| ending == "rs") {
            look(&Source::read(&path), &mut complaints);
        }
    }
    complaints
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository below `folder`: nothing of git's, and nothing that `.gitignore` names by `/name`.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap_or_default();
    let ignored: Vec<PathBuf> =
        ignored.lines().filter_map(|line| line.strip_prefix('/')).map(|n| root().join(n)).collect();
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display())) {
            let path = entry.expect("the folder is readable").path();
            let kind = path.symlink_metadata().expect("the entry was just listed").file_type();
            if ignored.contains(&path) || path.file_name().is_some_and(|name| name == ".git") {
                continue;
            } else if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

mod this_test_can_see {
    //! A test that reads code as text must show that it would notice.

    use super::*;

    fn imports(name: &str, text: &str) -> Vec<String> {
        let source = Source::new(name.to_owned(), text.to_owned());
        source.imports_from_the_crate_root().into_iter().map(|(_, name)| name.to_owned()).collect()
    }

    #[test]
    fn every_way_to_write_an_import() {
        assert_eq!(imports("src/redact/json.rs", "use crate::model::Moment;"), ["model"]);
        assert_eq!(imports("src/redact/json.rs", "use crate::{\n    cli::{a, b},\n    model,\n};"), ["cli", "model"]);
        assert_eq!(imports("src/redact/json.rs", "fn f() { crate :: cli::print() }"), ["cli"]);
        assert_eq!(imports("src/redact/json.rs", "use super::super::cli; use super::rules;"), ["cli"]);
        assert_eq!(imports("src/redact/mod.rs", "use super::{cli, model::Moment};"), ["cli", "model"]);
        assert_eq!(imports("src/redact/mod.rs", "mod tests { use super::*; use super::super::cli; }"), ["cli"]);
        assert_eq!(imports("src/redact/mod.rs", "pub(crate) fn f() {} use crate::*;"), ["*"]);
    }

    #[test]
    fn prose_and_literals_are_not_code() {
        let prose = "// crate::cli\n/* crate::cli /* unsafe */ */ f(\"crate::cli \\\" unsafe\", r#\"crate::\"cli\"#, '\\'', '\"')";
        assert_eq!(imports("src/redact/mod.rs", prose), Vec::<String>::new());
        assert_eq!(code_alone(prose).len(), prose.len());
        assert!(words(&code_alone("let s: &'a str = 'x'; unsafe { f('\\u{1F600}') }"), "unsafe").len() == 1);
        assert!(words("#![allow(unsafe_code)]", "unsafe").is_empty());
    }

    #[test]
    fn where_the_tests_of_a_file_begin_and_end() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { println!() } }\nmod real { fn c() { println!() } }";
        let source = Source::new("src/model/x.rs".to_owned(), text.to_owned());
        let inside: Vec<&str> = source.test_modules().into_iter().map(|range| &text[range]).collect();
        assert_eq!(inside, [" fn b() { println!() } "]);
    }
}
