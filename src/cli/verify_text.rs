//! The checklist's result as text: for the agent's terminal, and as a message to the customer. Pure; printing is done
//! by the verbs.

use crate::checklist::{Evaluation, Group, ItemResult, State};
use crate::escalate::plain_text::one_line;
use crate::model::CaseId;

/// The width that fits every terminal.
pub const WIDTH: usize = 80;

/// Longest text from a bundle or case on the screen.
const LONGEST: usize = 300;

/// Width of the column of states; the longest word is `MISSING`.
const STATE: usize = 9;

/// The result for a terminal of `width` columns. What is met without a word to it is named together, so that a good bundle fits
/// one screen. States are words, so that nothing hangs on colour.
#[must_use]
pub fn render(evaluation: &Evaluation, width: usize) -> String {
    let mut out = String::new();
    for group in Group::ALL {
        let items: Vec<&ItemResult> = evaluation.items.iter().filter(|item| item.group == group).collect();
        if items.is_empty() {
            continue;
        }
        out.push_str(group.title());
        out.push('\n');
        let (plain, told): (Vec<&ItemResult>, Vec<&ItemResult>) =
            items.into_iter().partition(|item| item.state == State::Met && item.notes.is_empty());
        if !plain.is_empty() {
            let names: Vec<String> = plain.iter().map(|item| one_line(&item.id, LONGEST)).collect();
            wrap(&format!("  {:<STATE$}  ", "met"), STATE + 4, &names.join(", "), width, &mut out);
        }
        for item in told {
            render_item(item, width, &mut out);
        }
    }
    let missing = evaluation.missing().count();
    out.push_str(&match missing {
        0 => format!("ready: the checklist is met for {}\n", evaluation.severity),
        1 => format!("not ready: 1 item is missing for {}\n", evaluation.severity),
        n => format!("not ready: {n} items are missing for {}\n", evaluation.severity),
    });
    out
}

/// Only what is missing, with the way to get it: for messages of refusal.
#[must_use]
pub fn render_missing<'a>(items: impl IntoIterator<Item = &'a ItemResult>, width: usize) -> String {
    let mut out = String::new();
    for item in items {
        render_item(item, width, &mut out);
    }
    out
}

/// The message that asks the customer for all that is missing at once, or nothing where nothing is.
#[must_use]
pub fn message_to_customer<'a>(case_id: &CaseId, items: impl IntoIterator<Item = &'a ItemResult>) -> Option<String> {
    let items: Vec<&ItemResult> = items.into_iter().collect();
    if items.is_empty() {
        return None;
    }
    let asks = items.iter().map(|item| item.ask.as_str());
    let mut out = format!(
        "Subject: {case_id}: what we still need\n\nTo pass your case on to engineering we still need the following from you:\n\n"
    );
    for (n, ask) in asks.enumerate() {
        wrap(&format!("{}. ", n + 1), 4, &one_line(ask, LONGEST), WIDTH, &mut out);
    }
    let mut flags: Vec<String> =
        items.iter().filter_map(|item| Some(one_line(item.flags.as_ref()?, LONGEST))).collect();
    if !items.iter().any(|item| item.id == "environment") {
        flags.insert(0, "--no-host".to_owned());
    }
    out.push('\n');
    let how = "To send it all with one command, put your own words and files in place of the dots and capital letters:";
    wrap("", 0, how, WIDTH, &mut out);
    // On one line: every shell has another sign for a line that goes on.
    out.push_str(&format!("\n  casefile collect --case-id {case_id} {}\n", flags.join(" ")));
    out.push_str("\nThank you. One answer with all of it is the fastest way.\n");
    Some(out)
}

fn render_item(item: &ItemResult, width: usize, out: &mut String) {
    let (word, detail) = match &item.state {
        State::Met => ("met", None),
        State::NotMet { missing } => ("MISSING", Some(missing)),
        State::NotApplicable { why } => ("n/a", Some(why)),
        State::Advisory { missing } => ("asked for", Some(missing)),
    };
    wrap(&format!("  {word:<STATE$}  "), STATE + 4, &one_line(&item.question, LONGEST), width, out);
    let indent = " ".repeat(STATE + 4);
    for text in detail.into_iter().chain(&item.notes) {
        wrap(&indent, indent.len(), &one_line(text, LONGEST), width, out);
    }
    if matches!(item.state, State::NotMet { .. } | State::Advisory { .. }) {
        wrap(&format!("{indent}how: "), indent.len() + 5, &one_line(&item.how, LONGEST), width, out);
    }
}

/// Errors and hints for a terminal: lines that are too long are broken between words.
pub(super) fn folded(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        wrap(&line[..indent], indent + 2, &line[indent..], width, &mut out);
    }
    out
}

/// `text` with its states and answers in colour; whoever writes it takes the colour away where there is none.
pub(super) fn in_colour(text: &str) -> String {
    const RED: &str = "\x1b[1;31m";
    const GREEN: &str = "\x1b[32m";
    const YELLOW: &str = "\x1b[33m";
    const STATES: [(&str, &str); 3] = [("MISSING", RED), ("met", GREEN), ("asked for", YELLOW)];
    const ANSWERS: [(&str, &str); 10] = [
        ("yes", GREEN),
        ("accepted", GREEN),
        ("signed", GREEN),
        ("NO", RED),
        ("UNKNOWN", RED),
        ("unknown", YELLOW),
        ("SUSPECT", RED),
        ("not signed", YELLOW),
        ("not checked", YELLOW),
        ("in part", YELLOW),
    ];
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        // A name of up to 10 letters, or a state, stands behind two spaces.
        let state = STATES.iter().find(|(word, _)| line.strip_prefix("  ").is_some_and(|rest| rest.starts_with(word)));
        let answer = line.get(12..).filter(|_| line.starts_with("  ") && line.get(11..12) == Some(" "));
        let answer = answer.filter(|_| line.as_bytes().get(2).is_some_and(u8::is_ascii_lowercase));
        let answer = answer.and_then(|rest| ANSWERS.iter().find(|(word, _)| rest.starts_with(word)));
        let (at, (word, colour)) = match (state, answer) {
            (Some(state), _) => (2, state),
            (None, Some(answer)) => (12, answer),
            (None, None) => {
                out.push_str(line);
                continue;
            }
        };
        out.push_str(&format!("{}{colour}{word}\x1b[0m{}", &line[..at], &line[at + word.len()..]));
    }
    out
}

/// `text` behind `first`, broken between words before `width` columns; later lines stand under `indent` spaces.
pub(super) fn wrap(first: &str, indent: usize, text: &str, width: usize, out: &mut String) {
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        let fits = line.chars().count() + word.chars().count() + usize::from(!empty) <= width;
        if !empty && !fits {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::{case, case_without, manifest};
    use crate::checklist::{Checklist, evaluate};
    use crate::model::Severity;

    fn evaluation(key: &str) -> Evaluation {
        evaluate(&Checklist::builtin(), Some(&manifest()), &case_without(key), Severity::Sev2)
    }

    #[test]
    fn the_result_fits_80_columns_and_says_what_is_missing_and_how_to_get_it() {
        let text = render(&evaluation("account_id"), WIDTH);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(
            text.contains("  MISSING    Is the account id there?\n             the account id is missing\n"),
            "{text}"
        );
        assert!(text.contains("             how: case file: account_id"), "{text}");
        assert!(text.contains("  n/a        Is there a HAR file"), "{text}");
        assert!(text.ends_with("not ready: 1 item is missing for SEV2\n"), "{text}");
        assert!(render(&evaluation("none"), WIDTH).ends_with("ready: the checklist is met for SEV2\n"));
    }

    #[test]
    fn a_good_result_fits_one_screen() {
        let text = render(&evaluation("none"), WIDTH);
        assert!(text.lines().count() <= 30, "{text}");
        assert!(text.contains("  met        summary, steps-to-reproduce, error-messages, screenshots\n"), "{text}");
    }

    #[test]
    fn colour_adds_nothing_but_colour_and_long_errors_break_between_words() {
        let text = "b.casefile.zip\n  safe      yes: all\n  clean     NO: 1 finding\n  MISSING    Is it?\n  met        a, b\nend\n";
        let coloured = in_colour(text);
        assert!(
            coloured.contains("  safe      \x1b[32myes\x1b[0m: all\n") && coloured.contains("\x1b[1;31mMISSING\x1b[0m")
        );
        let plain = ["\x1b[1;31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"]
            .iter()
            .fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(plain, text);
        assert_eq!(folded("error: one two\n  a: bcd efg\n", 10), "error: one\n  two\n  a: bcd\n    efg\n");
    }

    #[test]
    fn text_of_a_bundle_cannot_steer_the_terminal() {
        let mut hostile = evaluation("account_id");
        hostile.items[0].state = State::NotMet { missing: "\u{1b}[2J\nready: all is well".to_owned() };
        let text = render(&hostile, WIDTH);
        assert!(!text.contains('\u{1b}') && !text.contains("\nready: all"), "{text}");
    }

    #[test]
    fn one_message_asks_the_customer_for_everything_that_is_missing() {
        let evaluation = evaluation("contact");
        let message = message_to_customer(&case().case_id, evaluation.missing()).expect("something is missing");
        assert!(message.contains("1. Whom may we talk to about this"), "{message}");
        assert!(message.contains(case().case_id.as_str()));
        assert_eq!(message_to_customer(&case().case_id, []), None);
    }
}
