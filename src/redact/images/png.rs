//! PNG (third edition), chunk by chunk.

use super::take;

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Chunks that are copied, each with the lengths it may have: pixels, and what is needed to show them.
const KEPT: [(&[u8; 4], std::ops::RangeInclusive<usize>); 17] = [
    (b"IHDR", 13..=13),
    (b"PLTE", 3..=768),
    (b"IDAT", 0..=usize::MAX),
    (b"IEND", 0..=0),
    (b"tRNS", 1..=256),
    (b"cHRM", 32..=32),
    (b"gAMA", 4..=4),
    (b"sRGB", 1..=1),
    (b"cICP", 4..=4),
    (b"mDCV", 24..=24),
    (b"cLLI", 8..=8),
    (b"sBIT", 1..=4),
    (b"pHYs", 9..=9),
    (b"bKGD", 1..=6),
    (b"acTL", 8..=8),
    (b"fcTL", 26..=26),
    (b"fdAT", 4..=usize::MAX),
];

/// The picture with those chunks alone, up to its end; `None` when it is damaged.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(SIGNATURE)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(SIGNATURE);
    let (mut first, mut pixels, mut colours) = (true, false, false);
    loop {
        let whole = rest;
        let length = u32::from_be_bytes(take(&mut rest, 4)?.try_into().ok()?) as usize;
        let kind: &[u8; 4] = take(&mut rest, 4)?.try_into().ok()?;
        take(&mut rest, length)?;
        let stated = u32::from_be_bytes(take(&mut rest, 4)?.try_into().ok()?);
        if checksum(&whole[4..8 + length]) != stated || first != (kind == b"IHDR") {
            return None;
        }
        first = false;
        colours |= matches!(kind, b"sRGB" | b"cICP" | b"gAMA" | b"cHRM");
        pixels |= kind == b"IDAT";
        if kind == b"iCCP" && !colours {
            // The profile goes; that the colours are those of a screen stays.
            colours = true;
            chunk(b"sRGB", &[0], &mut out);
        }
        let kept = KEPT.iter().find(|(known, _)| *known == kind);
        if kept.is_some_and(|(_, lengths)| lengths.contains(&length)) {
            out.extend_from_slice(&whole[..12 + length]);
        } else if kind[0].is_ascii_uppercase() {
            // Without a critical chunk nothing can be shown.
            return None;
        }
        if kind == b"IEND" {
            return pixels.then_some(out);
        }
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Appends a chunk.
pub(super) fn chunk(kind: &[u8; 4], data: &[u8], out: &mut Vec<u8>) {
    out.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
    out.extend(checksum(&out[start..]).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A picture of one pixel with `extra` chunks before the pixels.
    fn picture(extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0], &mut out);
        extra.iter().for_each(|(kind, data)| chunk(kind, data, &mut out));
        let mut pixels = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        pixels.write_all(&[0, 10, 20, 30]).expect("memory takes it");
        chunk(b"IDAT", &pixels.finish().expect("memory takes it"), &mut out);
        chunk(b"IEND", &[], &mut out);
        out
    }

    #[test]
    fn texts_times_and_exif_go_and_the_pixels_stay() {
        let kept: [(&[u8; 4], &[u8]); 3] =
            [(b"gAMA", &[0, 0, 0xb1, 0x8f]), (b"pHYs", &[0; 9]), (b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0])];
        let private: [(&[u8; 4], &[u8]); 7] = [
            (b"tEXt", b"Author\0Alice"),
            (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x:GPS>48.2</x:GPS>"),
            (b"zTXt", b"Comment\0\0x"),
            (b"eXIf", b"MM\0*\0\0\0\x08gps"),
            (b"tIME", &[7, 0xea, 11, 23, 10, 15, 0]),
            (b"prVt", b"a tool's own chunk"),
            // A known chunk of a wrong length could carry anything.
            (b"sBIT", b"alice@example.com"),
        ];
        let all = [&kept[..], &private[..]].concat();
        let mut input = picture(&all);
        input.extend_from_slice(b"PK\x03\x04 a zip after the end");
        assert_eq!(strip(&input).expect("is whole"), picture(&kept));
    }

    #[test]
    fn a_colour_profile_becomes_the_mark_of_srgb() {
        let input = picture(&[(b"iCCP", b"Alice's monitor\0\0x")]);
        assert_eq!(strip(&input).expect("is whole"), picture(&[(b"sRGB", &[0])]));
        let marked = picture(&[(b"gAMA", &[0, 0, 0xb1, 0x8f]), (b"iCCP", b"monitor\0\0x")]);
        assert_eq!(strip(&marked).expect("is whole"), picture(&[(b"gAMA", &[0, 0, 0xb1, 0x8f])]));
    }

    #[test]
    fn an_animation_keeps_its_frames() {
        let frames: [(&[u8; 4], &[u8]); 3] =
            [(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]), (b"fcTL", &[0; 26]), (b"fdAT", &[0, 0, 0, 1, 9, 9])];
        assert_eq!(strip(&picture(&frames)).expect("is whole"), picture(&frames));
    }

    #[test]
    fn a_damaged_picture_is_refused() {
        let whole = picture(&[(b"tEXt", b"a\0b")]);
        assert!(strip(&whole).is_some());
        for end in 0..whole.len() {
            assert!(strip(&whole[..end]).is_none(), "cut at {end}");
            let mut changed = whole.clone();
            changed[end] ^= 1;
            assert!(strip(&changed).is_none(), "changed at {end}");
        }
        assert!(strip(&picture(&[(b"XyZZ", b"critical and unknown")])).is_none());
    }
}
