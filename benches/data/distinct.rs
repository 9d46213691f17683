//! Access logs in which a given number of different addresses, users or tokens stand, each as often as the others.

use super::random::Random;
use super::words::{ALPHANUMERIC, Words};

/// The lines of `kind`, such as `ips-200`; `None` where it is none of `ips`, `users` and `tokens` with a number.
pub fn entries(kind: &str, seed: u64) -> Option<impl FnMut() -> String + use<>> {
    let (what, many) = kind.split_once('-')?;
    let many: usize = many.parse().ok().filter(|many| *many > 0)?;
    let make: fn(&mut Random) -> String = match what {
        "ips" => |random| {
            let mut byte = || 1 + random.below(254);
            format!("93.{}.{}.{}", byte(), byte(), byte())
        },
        "users" => |random| format!("{}@mail.example.com", random.text("abcdefghijklmnopqrstuvwxyz", 9)),
        "tokens" => |random| format!("ghp_{}", random.text(ALPHANUMERIC, 36)),
        _ => return None,
    };
    let mut words = Words::new(seed);
    Some(move || {
        words.tick();
        let which = words.random.below(many) as u64;
        // Made anew each time from its number, so that a great many need no memory.
        let value = make(&mut Random::new(which.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ seed));
        let line = "«iso-ms» INFO [«service»] GET «path» 200 «0..9000» client=§ took=«1..900»ms trace=«hex:16»\n";
        words.fill(line).replace('§', &value)
    })
}
