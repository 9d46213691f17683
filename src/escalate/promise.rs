//! Finds a promised time of repair in a message to the customer. Nobody knows that time but engineering, and seldom they; a time
//! that is missed costs more trust than one that was never named. English and German are read; it is a net, not a proof.

/// Beginnings of words for a repair.
const REPAIR: [&str; 14] = [
    "fix",
    "repair",
    "resol",
    "solv",
    "soluti",
    "restor",
    "recover",
    "remed",
    "behob",
    "beheb",
    "repar",
    "gelöst",
    "lösung",
    "wiederherge",
];

/// The same in several words.
const REPAIR_PHRASES: [&str; 16] = [
    "back up",
    "back online",
    "back to normal",
    "back in service",
    "up again",
    "up and running",
    "work again",
    "works again",
    "working again",
    "available again",
    "running again",
    "online again",
    "normal again",
    "wieder verfügbar",
    "wieder laufen",
    "funktioniert wieder",
];

/// Words that name a time by themselves.
const TIMES: [&str; 36] = [
    "today",
    "tonight",
    "tomorrow",
    "soon",
    "shortly",
    "momentarily",
    "immediately",
    "midnight",
    "noon",
    "morning",
    "afternoon",
    "evening",
    "eod",
    "cob",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "weekend",
    "heute",
    "morgen",
    "bald",
    "gleich",
    "kürze",
    "mittag",
    "abend",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
];

/// Units of time, as they follow a number.
const UNITS: [&str; 30] = [
    "am", "pm", "a.m", "p.m", "uhr", "o'clock", "h", "hr", "hrs", "hour", "hours", "min", "mins", "minute", "minutes",
    "day", "days", "week", "weeks", "stunde", "stunden", "minuten", "tag", "tage", "tagen", "woche", "wochen", "utc",
    "cet", "gmt",
];

/// Numbers in words, as they stand before a unit.
const NUMBERS: [&str; 26] = [
    "a", "an", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "fifteen",
    "twenty", "thirty", "few", "couple", "half", "next", "this", "einer", "zwei", "drei", "vier", "wenigen",
];

/// Beginnings of words that look ahead whatever else the sentence says.
const AHEAD: [&str; 16] = [
    "will",
    "'ll",
    "shall",
    "should",
    "going",
    "expect",
    "estimat",
    "eta",
    "etr",
    "plan",
    "aim",
    "hope",
    "anticipat",
    "voraus",
    "wird",
    "sollte",
];

/// Words that look ahead unless the sentence tells of the past.
const PERHAPS_AHEAD: [&str; 9] = ["by", "within", "in", "until", "before", "bis", "binnen", "innerhalb", "werden"];

/// Words of a sentence that tells of the past.
const PAST: [&str; 10] = ["was", "were", "been", "had", "has", "have", "did", "wurde", "wurden", "war"];

/// What is said of a time that nobody knows, or of the next message.
const NO_PROMISE: [&str; 18] = [
    "not know",
    "not yet know",
    "don't know",
    "cannot say",
    "can not say",
    "can't say",
    "no estimate",
    "no time",
    "not possible to say",
    "hear from us",
    "update you",
    "tell you",
    "inform you",
    "let you know",
    "write to you",
    "call you",
    "nicht sagen",
    "noch nicht bekannt",
];

/// The sentence of `text` that promises a time of repair, where one does.
#[must_use]
pub fn promise_in(text: &str) -> Option<&str> {
    sentences(text).find(|sentence| promises(&sentence.to_lowercase().replace('’', "'")))
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.split_inclusive(['\n', ';', '!', '?']);
    let ends = ends
        .flat_map(|part| part.split(". "))
        .flat_map(|part| part.split(" but "))
        .flat_map(|part| part.split(" aber "));
    ends.map(str::trim).filter(|sentence| !sentence.is_empty())
}

/// Whether a sentence, in small letters, names a repair, a time, and looks ahead.
fn promises(sentence: &str) -> bool {
    let marks = |c: char| matches!(c, ',' | '.' | ';' | '!' | '?' | '(' | ')' | '"' | '\'' | '–' | '-');
    let words: Vec<&str> =
        sentence.split_whitespace().map(|word| word.trim_matches(marks)).filter(|word| !word.is_empty()).collect();
    let plain = words.join(" ");
    let begins = |word: &&str, with: &[&str]| with.iter().any(|start| word.starts_with(start));
    let estimate = words.iter().any(|word| ["eta", "etr"].contains(word));
    let repair = estimate
        || words.iter().any(|word| begins(word, &REPAIR))
        || REPAIR_PHRASES.iter().any(|phrase| plain.contains(phrase));
    if !repair || !words.iter().enumerate().any(|(n, _)| is_time(&words, n)) {
        return false;
    }
    let ahead = words.iter().any(|word| begins(word, &AHEAD) || word.ends_with("'ll"));
    let past = words.iter().any(|word| PAST.contains(word));
    let guess = estimate || words.iter().any(|word| begins(word, &["expect", "estimat", "should", "eta"]));
    if NO_PROMISE.iter().any(|said| plain.contains(said)) && (!guess || plain.contains("no estimate")) {
        return false;
    }
    ahead || !past && words.iter().any(|word| PERHAPS_AHEAD.contains(word)) || !past && words.len() <= 6
}

/// Whether the word at `n` is a time, with the one after it where that is a unit.
fn is_time(words: &[&str], n: usize) -> bool {
    let word = words[n];
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    let (number, rest) = word.split_at(digits);
    let next = words.get(n + 1).copied().unwrap_or_default();
    if number.is_empty() {
        return TIMES.contains(&word) || NUMBERS.contains(&word) && (UNITS.contains(&next) || next == "of");
    }
    let clock = rest.strip_prefix([':', 'h']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let date = number.len() == 4 && rest.starts_with('-');
    clock || date || UNITS.contains(&rest) || rest.is_empty() && UNITS.contains(&next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promised_time_of_repair_is_found() {
        for text in [
            "The gateway will be fixed by 17:00.",
            "It'll be repaired in two hours",
            "We expect to have the shop back online this afternoon.",
            "We know the cause. It should be working again by 5pm.",
            "ETA 14:30 UTC",
            "Fixed by tomorrow.",
            "We aim to restore the service within 30 minutes.",
            "A fix is planned for Monday.",
            "The problem will be resolved shortly",
            "The setting was changed and the shop will be up again in a few minutes.",
            "We cannot say more, but it should be fixed today",
            "The payment service will be available again at 5 p.m.",
            "Der Fehler wird bis 17 Uhr behoben.",
            "The solution is estimated to take 3 days",
            "It’ll be fixed soon",
            "Fix: 2026-11-24.",
        ] {
            assert!(promise_in(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_known_what_was_done_and_the_next_message_are_no_promise() {
        for text in [
            "The gateway refuses new connections; we look at its settings.",
            "A setting was put back at 10:15 and the shop was restored.",
            "The first gateway has been fixed at 10:15.",
            "We do not know yet when it will be fixed; you will hear from us again by 11:00.",
            "We will let you know by 11:00 whether the fix helps.",
            "Our engineers are at work on a fix.",
            "The fault began at 10:15 and hits 12 of 300 users.",
            "There is no estimate for the repair today.",
            "We will repeat the test with you tomorrow morning.",
        ] {
            assert_eq!(promise_in(text), None, "{text}");
        }
    }
}
