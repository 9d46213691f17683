//! Tells text from binary data by what the bytes look like, window by window.
//!
//! A log may hold what is no text: a block of NUL bytes that a crash left, a few bytes of garbage, a colour sequence. Data
//! that is no log has control characters all over.

/// Bytes that are judged together. The grid begins at the first byte of a source, so how the bytes arrive changes nothing.
pub(super) const WINDOW: usize = 64 << 10;

/// One control character in so many bytes is too many for a text: compressed data have one in ten, machine code more.
const TEXT_PER_CONTROL: usize = 20;

/// One run of NUL bytes in so many bytes is too many: records of fixed length are padded with them.
const TEXT_PER_RUN: usize = 32;

/// Whether `window` looks like binary data.
pub(super) fn is_binary(window: &[u8]) -> bool {
    // Nearly all windows hold none, and this asks many bytes at once.
    let any = window.iter().fold(0, |any, b| {
        let low = u8::from(*b < 0x20) & u8::from(b.wrapping_sub(7) > 6) & u8::from(*b != 0x1b);
        any | low | u8::from(*b == 0x7f)
    });
    if any == 0 {
        return false;
    }
    let odd = window.iter().filter(|b| is_control(u16::from(**b))).count();
    odd > 0 && judge(window.iter().map(|b| u16::from(*b)), odd, 1)
}

/// The same for UTF-16.
pub(super) fn is_binary_wide(units: &[u16]) -> bool {
    // Random units hit the area for private use and the non-characters once in ten times; texts hardly ever do.
    let odd = units.iter().filter(|u| is_control(**u) || matches!(**u, 0xe000..=0xf8ff | 0xfffe | 0xffff)).count();
    odd > 0 && judge(units.iter().copied(), odd, 2)
}

/// Control characters but for those that stand in texts: bell to carriage return, and escape.
fn is_control(unit: u16) -> bool {
    (unit < 0x20 && !(7..=13).contains(&unit) && unit != 0x1b) || unit == 0x7f
}

fn judge(units: impl Iterator<Item = u16>, odd: usize, width: usize) -> bool {
    let (mut length, mut nuls, mut runs, mut after_nul) = (0, 0, 0, false);
    for unit in units {
        length += 1;
        nuls += usize::from(unit == 0);
        runs += usize::from(unit == 0 && !after_nul);
        after_nul = unit == 0;
    }
    let (controls, text) = (odd - nuls, length - nuls);
    let controlled = controls * TEXT_PER_CONTROL > text && (controls >= 4 || nuls > 0);
    controlled || runs * TEXT_PER_RUN > (text + 128) * width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_with_a_block_of_nul_bytes_is_text_and_padded_records_are_not() {
        let mut log = b"2026-11-23 10:15:00 the last line before the crash\n".repeat(20);
        log.extend([0; 4096]);
        log.extend_from_slice(b"2026-11-23 10:20:00 up again\n");
        assert!(!is_binary(&log));
        assert!(!is_binary(&[0; 4096]), "the hole that a truncated log begins with");
        assert!(!is_binary(b"caf\xe9 \x1b[31mred\x1b[0m\r\n"));
        assert!(is_binary(&b"root\0\0\0\0tty1\0\0\0\0".repeat(50)));
        assert!(is_binary(b"\0\x01\x02binary"));
    }

    #[test]
    fn random_bytes_are_binary_in_either_width() {
        let mut state = 7u64;
        let random: Vec<u8> = (0..WINDOW)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        for length in [256, 1000, WINDOW] {
            assert!(is_binary(&random[..length]));
            let units: Vec<u16> = random[..length].chunks(2).map(|p| u16::from_le_bytes([p[0], p[1]])).collect();
            assert!(is_binary_wide(&units));
        }
    }
}
