//! What people write on a command line, and what far sides answer, before it is kept: a secret or personal data in it is
//! replaced by its kind, without a hash, so that the same words give the same text in every run and nothing can be guessed.

use super::plain_text::one_line;
use super::public_text::{in_a_word, standard};
use crate::model::Case;
use crate::redact::Finding;

/// Kinds by which people of ours are known: who has a case must be readable.
const OF_PEOPLE: [&str; 5] = ["email", "phone", "person", "user", "host"];

/// Kinds that a customer may be told about themselves.
const OF_THE_CUSTOMER: [&str; 10] =
    ["email", "phone", "person", "user", "host", "domain", "url", "ipv4", "ipv6", "date"];

/// Fewer characters than this name nobody.
const SHORTEST_NAME: usize = 4;

/// Stands for a text that could not be looked through.
const WITHHELD: &str = "REDACTED-value";

/// A text without what must not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// The text.
    pub text: String,
    /// What was taken out, in words, each once.
    pub replaced: Vec<String>,
}

/// `text` without secrets and personal data.
#[must_use]
pub fn clean(text: &str) -> Cleaned {
    without(text, |_| true)
}

/// The same in one line of at most `most` characters.
#[must_use]
pub fn clean_line(text: &str, most: usize) -> String {
    one_line(&clean(text).text, most)
}

/// The name or address of a person of ours, without secrets.
#[must_use]
pub fn clean_name(name: &str) -> Cleaned {
    without(name, |kind| !OF_PEOPLE.contains(&kind))
}

/// `text` with the customer's contacts and account of `case` by what they are: a journal is passed on, and the ticket names them in
/// their place. Only whole words count, however they are capitalised.
#[must_use]
pub fn without_names(text: &str, case: &Case) -> String {
    let mut names: Vec<(String, &str)> = Vec::new();
    let contacts =
        [(&case.contact, "the customer's contact"), (&case.emergency_contact, "the customer's emergency contact")];
    for (contact, role) in contacts.into_iter().filter_map(|(contact, role)| Some((&contact.as_ref()?.value, role))) {
        names.push((contact.name.reveal().trim().to_owned(), role));
        names.push((contact.address.reveal().trim().to_owned(), role));
    }
    names.extend(case.account_id.as_ref().map(|id| (id.value.reveal().trim().to_owned(), "the customer's account")));
    let mut text = text.to_owned();
    for (name, role) in names.iter().filter(|(name, _)| name.chars().count() >= SHORTEST_NAME) {
        text = replaced(&text, name, role);
    }
    text
}

fn replaced(text: &str, name: &str, role: &str) -> String {
    let same = |a: char, b: char| a.to_lowercase().eq(b.to_lowercase());
    let end_of = |from: usize| -> Option<usize> {
        let mut rest = text[from..].char_indices();
        name.chars().all(|c| rest.next().is_some_and(|(_, found)| same(found, c))).then(|| from + rest.offset())
    };
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(c) = text[at..].chars().next() {
        let begins = !text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let end = end_of(at).filter(|end| begins && !text[*end..].chars().next().is_some_and(char::is_alphanumeric));
        match end {
            Some(end) => {
                out.push_str(role);
                at = end;
            }
            None => {
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    out
}

/// What in `text` no customer may be sent: the kind of a secret, in words.
#[must_use]
pub fn secret_in(text: &str) -> Option<String> {
    without(text, |kind| !OF_THE_CUSTOMER.contains(&kind)).replaced.into_iter().next()
}

/// Replaces the findings whose kind is `taken`. The text is looked at as it is kept, in one line: a secret that was written over
/// two lines must not come together afterwards.
fn without(text: &str, taken: impl Fn(&str) -> bool) -> Cleaned {
    let text = one_line(text, usize::MAX / 8);
    let Ok(findings) = standard().find(text.as_bytes()) else {
        return Cleaned { text: WITHHELD.to_owned(), replaced: vec![in_a_word("unreadable")] };
    };
    let (mut out, mut replaced, mut from) = (String::with_capacity(text.len()), Vec::new(), 0);
    for Finding { start, end, kind, .. } in findings.iter().filter(|finding| taken(&finding.kind)) {
        // Findings are whole characters, in order and disjoint; should they ever not be, nothing is kept.
        let Some(before) = text.get(from..*start).filter(|_| text.is_char_boundary(*end)) else {
            return Cleaned { text: WITHHELD.to_owned(), replaced: vec![in_a_word("unreadable")] };
        };
        out.push_str(before);
        let placeholder = format!("REDACTED-{kind}");
        // One that stands there already is left as it is.
        if text[*start..*end].starts_with(&placeholder) {
            out.push_str(&text[*start..*end]);
        } else {
            out.push_str(&placeholder);
            replaced.push(in_a_word(kind));
        }
        from = *end;
    }
    out.push_str(&text[from..]);
    replaced.sort();
    replaced.dedup();
    Cleaned { text: out, replaced }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::case;

    #[test]
    fn a_secret_or_personal_data_is_replaced_by_its_kind_and_the_rest_stays() {
        for (text, secret) in [
            ("restart with password=correct-horse-7 did not help", "correct-horse-7"),
            (
                "curl -H 'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXg' fails",
                "c2lnbmF0dXJl",
            ),
            ("the key AKIAQ3EGRZ7XK2M5T6PD was used", "AKIAQ3EGRZ7XK2M5T6PD"),
            ("agreed with anna.example@customer.example by mail", "anna.example"),
            ("postgres://app:hunter2-Correct@db.internal:5432/shop is down", "hunter2-Correct"),
            ("their IBAN is DE89 3704 0044 0532 0130 00", "3704"),
        ] {
            let cleaned = clean(text);
            assert!(!cleaned.text.contains(secret) && cleaned.text.contains("REDACTED-"), "{cleaned:?}");
            assert!(!cleaned.replaced.is_empty() && !cleaned.replaced.concat().contains(secret), "{cleaned:?}");
            let again = clean(&cleaned.text);
            assert_eq!((again.text, again.replaced), (cleaned.text, Vec::new()), "{text}");
        }
        for plain in ["a workaround was found; 12 of 300 are affected since 10:15", "rolled back to 4.7.11", ""] {
            assert_eq!(clean(plain), Cleaned { text: plain.to_owned(), replaced: Vec::new() });
        }
    }

    #[test]
    fn a_name_of_ours_stays_and_a_secret_in_its_place_does_not() {
        for name in ["Kim Lee", "kim.lee@corp.example", "+49 30 5550100"] {
            assert_eq!(clean_name(name).text, name);
        }
        assert!(!clean_name("password=correct-horse-7").text.contains("horse"));
        assert_eq!(secret_in("we write to anna@customer.example at 10:30"), None);
        assert!(secret_in("use password=correct-horse-7").is_some());
    }

    #[test]
    fn the_customers_people_and_account_stand_there_by_what_they_are() {
        let case = case();
        let text =
            "ANN OTHER of ACME-77 (ann@customer.example) says so; Bo Night too, Joann Otherwise and ACME-770 not";
        let told = without_names(text, &case);
        let expected = "the customer's contact of the customer's account (the customer's contact) says so; \
                        the customer's emergency contact too, Joann Otherwise and ACME-770 not";
        assert_eq!(told, expected);
        assert_eq!(without_names(&told, &case), told);
        assert_eq!(without_names("ſ İ ß ann othe", &case), "ſ İ ß ann othe");
    }

    #[test]
    fn a_text_over_several_lines_is_looked_at_as_one() {
        let cleaned = clean("password:\n  correct-horse-7\nand so on");
        assert!(!cleaned.text.contains("correct-horse-7"), "{cleaned:?}");
    }
}
