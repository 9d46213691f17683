//! What names were judged to be: a log says the same few hundred names over and over, and cutting one into words costs more than
//! all else that is asked about it. Each thread remembers some; what comes later takes the place of what stood there.

use std::cell::RefCell;

/// How many names a thread remembers.
const NAMES: usize = 512;
/// Longer ones are judged each time.
const LONGEST: usize = 47;

/// What a name was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    Key = 0,
    Header = 1,
}

/// The kind of secret that a name promises, if any; without, nobody has asked yet.
type Verdict = Option<Option<&'static str>>;

#[derive(Clone, Copy)]
struct Known {
    length: u8,
    text: [u8; LONGEST],
    verdicts: [Verdict; 2],
}

thread_local! {
    static KNOWN: RefCell<Vec<Known>> = RefCell::default();
}

/// What `judge` says about `name`, which depends on nothing else.
pub(super) fn judged(
    name: &[u8],
    asked: Asked,
    judge: impl FnOnce(&[u8]) -> Option<&'static str>,
) -> Option<&'static str> {
    if name.len() > LONGEST {
        return judge(name);
    }
    let place = place(name);
    let known = KNOWN.with_borrow(|all| {
        let known = all.get(place)?;
        if known.text[..usize::from(known.length)] == *name { known.verdicts[asked as usize] } else { None }
    });
    known.unwrap_or_else(|| {
        let verdict = judge(name);
        KNOWN.with_borrow_mut(|all| {
            let none = Known { length: 0, text: [0; LONGEST], verdicts: [None; 2] };
            all.resize(NAMES, none);
            let known = &mut all[place];
            if known.text[..usize::from(known.length)] != *name {
                *known = Known { length: name.len() as u8, ..none };
                known.text[..name.len()].copy_from_slice(name);
            }
            known.verdicts[asked as usize] = Some(verdict);
        });
        verdict
    })
}

fn place(name: &[u8]) -> usize {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let word = |bytes: &[u8]| bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let hash = name.chunks(8).fold(name.len() as u64, |hash, bytes| mix(hash, word(bytes)));
    (hash >> 40) as usize % NAMES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_that_of_the_name_and_of_what_was_asked() {
        let kinds = ["password", "token", "key"];
        let kind = |name: &[u8], n: usize| (name.len() > 4).then(|| kinds[(name.len() + n) % 3]);
        for _ in 0..2 {
            for n in 0..2000_usize {
                let name = "x".repeat(n % 60) + &n.to_string();
                let name = name.as_bytes();
                assert_eq!(judged(name, Asked::Key, |name| kind(name, 0)), kind(name, 0));
                assert_eq!(judged(name, Asked::Header, |name| kind(name, 1)), kind(name, 1));
                assert_eq!(judged(name, Asked::Key, |name| kind(name, 0)), kind(name, 0));
            }
        }
        assert_eq!(judged(b"", Asked::Key, |_| None), None);
    }
}
