//! Journals that go on, and journals that somebody changed.

use std::cell::OnceCell;

use proptest::prelude::*;

use super::*;
use crate::checklist::fixture::at;
use crate::model::printable::is_deceptive;

fn id() -> CaseId {
    CaseId::parse("c-7fk2m9q4xa").expect("an id")
}

/// A journal of four lines, closed.
fn written() -> (tempfile::TempDir, PathBuf, Head) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut journal = Journal::open(dir.path(), &id()).expect("opens");
    for n in 0..4 {
        journal.append(at("2026-11-23T09:50:00Z"), Event::new("step").with("n", n)).expect("written");
    }
    let (path, head) = (journal.path().to_owned(), journal.head());
    drop(journal);
    (dir, path, head)
}

#[test]
fn a_journal_reads_back_and_goes_on_where_it_ended() {
    let (dir, path, head) = written();
    assert_eq!(verify(&path).expect("whole"), head);
    let mut journal = Journal::open(dir.path(), &id()).expect("opens");
    assert!(journal.has(&Event::new("step").with("n", 3)) && !journal.has(&Event::new("step").with("n", 4)));
    let next = journal.append(at("2026-11-23T10:00:00Z"), Event::new("step")).expect("written");
    assert_eq!((next.seq, verify(&path).expect("whole")), (5, next));
}

#[test]
fn a_changed_moved_removed_or_added_line_is_found_at_its_place() {
    let (_dir, path, head) = written();
    let text = fs::read_to_string(&path).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let join = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let second = lines[1].replace("\"n\":\"1\"", "\"n\":\"7\"");
    let spaced = lines[2].replace("\"seq\":3", "\"seq\": 3");
    let doubled = lines[2].replace("{\"seq\"", "{\"seq\":3,\"seq\"");
    for (edited, line, what) in [
        (join(&[lines[0], &second, lines[2], lines[3]]), 2, "changed"),
        (join(&[lines[0], lines[2], lines[1], lines[3]]), 2, "moved"),
        (join(&[lines[0], lines[2], lines[3]]), 2, "removed"),
        (join(&[lines[1], lines[2], lines[3]]), 1, "first removed"),
        (join(&[lines[0], lines[0], lines[1]]), 2, "doubled"),
        (join(&[lines[0], lines[1], &spaced, lines[3]]), 3, "a space"),
        (join(&[lines[0], lines[1], &doubled, lines[3]]), 3, "a second key"),
        (join(&[lines[0], "", lines[1]]), 2, "an empty line"),
        (text.trim_end().to_owned(), 4, "cut within a line"),
        (text.clone() + "{}\n", 5, "added"),
    ] {
        fs::write(&path, edited).expect("written");
        match verify(&path) {
            Err(JournalError::Broken { line: found, .. }) => assert_eq!(found, line, "{what}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    // A tail that is cut at a line's end leaves a chain that holds; the head in the ticket shows it.
    fs::write(&path, join(&lines[..3])).expect("written");
    assert_ne!(verify(&path).expect("holds"), head);
}

#[test]
fn a_journal_of_another_case_does_not_pass() {
    let (dir, path, _) = written();
    let other = dir.path().join("c-0000000000.jsonl");
    fs::copy(&path, &other).expect("copied");
    assert!(matches!(verify(&other), Err(JournalError::Broken { line: 1, .. })));
    assert!(matches!(
        Journal::open(dir.path(), &CaseId::parse("c-0000000000").expect("an id")),
        Err(JournalError::Broken { line: 1, .. })
    ));
}

#[test]
fn a_line_that_was_cut_by_a_kill_is_dropped_and_the_journal_goes_on() {
    let (dir, path, head) = written();
    let mut text = fs::read_to_string(&path).expect("text");
    text.push_str("{\"seq\":5,\"at\":\"2026");
    fs::write(&path, text).expect("written");
    let mut journal = Journal::open(dir.path(), &id()).expect("opens");
    assert_eq!(journal.head(), head);
    let next = journal.append(at("2026-11-23T10:00:00Z"), Event::new("step")).expect("written");
    assert_eq!(verify(&path).expect("whole"), next);
    assert!(journal.has(&Event::new("step").with("cut_line_dropped_bytes", 19)));
}

#[test]
fn two_runs_do_not_write_one_journal() {
    let dir = tempfile::tempdir().expect("a folder");
    let held = Journal::open(dir.path(), &id()).expect("opens");
    assert!(matches!(Journal::open(dir.path(), &id()), Err(JournalError::Busy(_))));
    drop(held);
    assert!(Journal::open(dir.path(), &id()).is_ok());
}

/// What somebody may do to the bytes of a journal.
#[derive(Debug, Clone)]
enum Meddling {
    /// Writes other bytes over some, takes some out, puts some in: at `at`, `takes` bytes give way to `puts`.
    Bytes { at: usize, takes: usize, puts: Vec<u8> },
    /// Changes places of two lines.
    Swap(usize, usize),
    /// Takes lines out.
    Remove(usize, usize),
    /// Writes a line a second time behind another.
    Repeat(usize, usize),
    /// Cuts the end off.
    Cut(usize),
}

fn meddling() -> impl Strategy<Value = Meddling> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..12),
        proptest::collection::vec(proptest::sample::select(b"0123456789abcdefx {}\\\":,\n".as_slice()), 0..6),
    ];
    prop_oneof![
        4 => (any::<usize>(), 0usize..8, bytes).prop_map(|(at, takes, puts)| Meddling::Bytes { at, takes, puts }),
        1 => (0usize..6, 0usize..6).prop_map(|(one, other)| Meddling::Swap(one, other)),
        1 => (0usize..6, 1usize..4).prop_map(|(from, count)| Meddling::Remove(from, count)),
        1 => (0usize..6, 0usize..6).prop_map(|(which, behind)| Meddling::Repeat(which, behind)),
        1 => any::<usize>().prop_map(Meddling::Cut),
    ]
}

fn meddle(text: &[u8], meddling: &Meddling) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
    match meddling {
        Meddling::Bytes { at, takes, puts } => {
            let at = at % text.len();
            let mut text = text.to_vec();
            text.splice(at..(at + takes).min(text.len()), puts.iter().copied());
            return text;
        }
        Meddling::Swap(one, other) => lines.swap(*one, *other),
        Meddling::Remove(from, count) => drop(lines.drain(*from..(from + count).min(6))),
        Meddling::Repeat(which, behind) => lines.insert(behind + 1, lines[*which]),
        Meddling::Cut(at) => return text[..at % text.len()].to_vec(),
    }
    lines.concat()
}

/// A journal of six lines with all that a line may hold, and its folder.
fn of_six() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut journal = Journal::open(dir.path(), &id()).expect("opens");
    for n in 0..6 {
        let event =
            Event::new("note").with("text", format!("{n}: \u{202e}gänge \u{9b}31m \\ \"x\" 漢字\n")).with("n", n);
        journal.append(at("2026-11-23T09:50:00.5Z"), event).expect("written");
    }
    let path = journal.path().to_owned();
    let text = fs::read(&path).expect("read");
    (dir, path, text)
}

thread_local! {
    static OF_SIX: OnceCell<(tempfile::TempDir, PathBuf, Vec<u8>)> = OnceCell::default();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Whatever was done, the first line that is not as it was written is named. Only a cut at the end of a line leaves a chain
    /// that holds, and then the head is another.
    #[test]
    fn whatever_is_changed_is_found_at_its_line(meddling in meddling()) {
        OF_SIX.with(|six| {
            let (dir, path, text) = six.get_or_init(of_six);
            let changed = meddle(text, &meddling);
            fs::write(path, &changed).expect("written");
            let same = changed.iter().zip(text).take_while(|(a, b)| a == b).count();
            let found = read_whole(dir.path(), &id());
            if changed == *text {
                prop_assert_eq!(found.expect("whole").expect("there").head.seq, 6);
            } else if same == changed.len() && (same == 0 || text[same - 1] == b'\n') {
                let left = found.expect("a chain that holds").expect("there");
                prop_assert_eq!(left.head.seq as usize, changed.iter().filter(|b| **b == b'\n').count());
            } else {
                let line = text[..same].iter().filter(|b| **b == b'\n').count() + 1;
                match found {
                    Err(JournalError::Broken { line: found, .. }) => prop_assert_eq!(found, line),
                    other => prop_assert!(false, "{:?}", other),
                }
                // Nothing is mended but a last line without an end, which a kill leaves.
                let whole = changed.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
                let opened = Journal::open(dir.path(), &id());
                prop_assert_eq!(opened.is_ok(), text.starts_with(&changed[..whole]));
                prop_assert!(opened.is_ok() || fs::read(path).expect("read") == changed);
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_journal_that_was_changed_is_refused_as_it_is_with_its_unended_line() {
    let (dir, path, text) = of_six();
    let changed = [b"\n", &text[..text.len() - 1]].concat();
    fs::write(&path, &changed).expect("written");
    assert!(Journal::open(dir.path(), &id()).is_err());
    assert_eq!(fs::read(&path).expect("read"), changed);
}

#[test]
fn a_journal_holds_nothing_that_steers_a_terminal_and_gives_back_what_was_written() {
    let (dir, path, text) = of_six();
    let shown = String::from_utf8(text).expect("text");
    assert!(shown.chars().all(|c| c == '\n' || !is_deceptive(c)) && shown.contains("gänge"), "{shown}");
    let read = read_whole(dir.path(), &id()).expect("whole").expect("there");
    assert_eq!(read.lines[0].facts["text"], "0: \u{202e}gänge \u{9b}31m \\ \"x\" 漢字\n");
    // The same value with the character itself is another text, and does not pass.
    fs::write(&path, shown.replacen("\\u009b", "\u{9b}", 1)).expect("written");
    let error = read_whole(dir.path(), &id()).expect_err("another text").to_string();
    assert!(error.ends_with("line 1 is not written as this program writes") && !error.contains('\u{9b}'), "{error}");
}

#[test]
fn a_journal_or_a_line_beyond_all_bounds_is_refused_and_never_cut() {
    let (dir, path, _) = written();
    let long = format!("{{\"seq\":5,\"event\":\"{}\"}}\n", "\u{1b}[2J".repeat(MOST_LINE));
    let mut text = fs::read(&path).expect("read");
    text.extend_from_slice(long.as_bytes());
    fs::write(&path, &text).expect("written");
    match verify(&path) {
        Err(JournalError::Broken { line: 5, problem, .. }) => {
            assert_eq!(problem, "is longer than any line of a journal");
        }
        other => panic!("{other:?}"),
    }
    let file = OpenOptions::new().write(true).open(&path).expect("opens");
    file.set_len(MOST_BYTES + 7).expect("a hole");
    for found in [read(dir.path(), &id()).map(drop), Journal::open(dir.path(), &id()).map(drop)] {
        match found {
            Err(JournalError::Broken { problem, .. }) => assert!(problem.starts_with("goes beyond"), "{problem}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(file.metadata().expect("a file").len(), MOST_BYTES + 7);
}

#[test]
fn a_secret_in_a_text_stands_in_no_line_and_the_same_words_give_the_same_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut journal = Journal::open(dir.path(), &id()).expect("opens");
    let event = || {
        Event::new("note").with_text("text", "it answers to password=correct-horse-7", 100).with_person(
            "by",
            "kim.lee@corp.example",
            100,
        )
    };
    journal.append(at("2026-11-23T09:50:00Z"), event()).expect("written");
    assert!(journal.has(&event()));
    assert!(journal.said_just_now(&event(), at("2026-11-23T09:54:59Z")));
    assert!(!journal.said_just_now(&event(), at("2026-11-23T09:56:00Z")));
    let text = fs::read_to_string(journal.path()).expect("text");
    assert!(!text.contains("horse") && text.contains("kim.lee@corp.example"), "{text}");
}
