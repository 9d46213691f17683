//! JPEG (ITU-T T.81), segment by segment.

use super::take;

/// The picture with the segments that it needs, up to its end; `None` when it is damaged.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend([0xff, 0xd8]);
    let (mut frame, mut scan) = (false, false);
    loop {
        let marker = marker(&mut rest)?;
        if marker == 0xd9 {
            out.extend([0xff, 0xd9]);
            return (frame && scan).then_some(out);
        }
        let length = usize::from(u16::from_be_bytes(take(&mut rest, 2)?.try_into().ok()?));
        let data = take(&mut rest, length.checked_sub(2)?)?;
        match marker {
            // APP0 says how large a pixel is; the thumbnail that may follow is another picture.
            0xe0 if data.starts_with(b"JFIF\0") && data.len() >= 14 => {
                segment(marker, &[&data[..12], &[0, 0]].concat(), &mut out);
            }
            // APP14 of 12 bytes says what the colours mean.
            0xee if data.starts_with(b"Adobe") && data.len() == 12 => segment(marker, data, &mut out),
            // Which side is up is kept from EXIF, and nothing else.
            0xe1 => {
                if let Some(orientation) = data.strip_prefix(b"Exif\0\0").and_then(orientation) {
                    segment(marker, &upright(orientation), &mut out);
                }
            }
            0xe0..=0xef | 0xfe => {}
            0xc4 | 0xcc | 0xdb..=0xdd => segment(marker, data, &mut out),
            0xc0..=0xcf if marker != 0xc8 => {
                frame = true;
                segment(marker, data, &mut out);
            }
            0xda => {
                scan = true;
                segment(marker, data, &mut out);
                let pixels = entropy_length(rest)?;
                out.extend_from_slice(take(&mut rest, pixels)?);
            }
            // Hierarchical pictures and extensions: no browser and no camera writes them.
            _ => return None,
        }
    }
}

/// The next marker. Fill bytes may stand before it, nothing else.
fn marker(rest: &mut &[u8]) -> Option<u8> {
    if take(rest, 1)? != [0xff] {
        return None;
    }
    loop {
        match take(rest, 1)?[0] {
            0xff => {}
            0 | 1 | 0xd0..=0xd8 => return None,
            marker => return Some(marker),
        }
    }
}

fn segment(marker: u8, data: &[u8], out: &mut Vec<u8>) {
    out.extend([0xff, marker]);
    out.extend(u16::try_from(data.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(data);
}

/// Bytes of pixels up to the next marker that is no restart; `None` when there is none.
fn entropy_length(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr(0xff, rest.get(at..)?)?;
        match rest.get(at + 1)? {
            0 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// The orientation in the first directory of EXIF, where it is not the usual one.
fn orientation(tiff: &[u8]) -> Option<u8> {
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let two = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    };
    let word = |at: usize| {
        let four = tiff.get(at..at + 4)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    };
    let directory = word(4)? as usize;
    let entries = usize::from(short(directory)?);
    let at = (0..entries).map(|n| directory + 2 + n * 12).find(|at| short(*at) == Some(0x0112))?;
    short(at + 8).and_then(|value| u8::try_from(value).ok()).filter(|value| (2..=8).contains(value))
}

/// EXIF that holds an orientation alone.
fn upright(orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif
}

#[cfg(test)]
mod tests {
    use super::*;

    const JFIF: &[u8] = b"JFIF\0\x01\x01\0\0\x48\0\x48\0\0";
    const PIXELS: &[u8] = &[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56];

    /// A picture with `extra` segments before its frame.
    fn picture(extra: &[(u8, &[u8])]) -> Vec<u8> {
        let mut out = vec![0xff, 0xd8];
        segment(0xe0, JFIF, &mut out);
        extra.iter().for_each(|(marker, data)| segment(*marker, data, &mut out));
        segment(0xdb, &[1; 65], &mut out);
        segment(0xc2, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0], &mut out);
        // A progressive picture: tables and a second scan after the first.
        for table in [1, 2] {
            segment(0xc4, &[table; 20], &mut out);
            segment(0xda, &[1, 1, 0, 0, 63, 0], &mut out);
            out.extend_from_slice(PIXELS);
        }
        out.extend([0xff, 0xd9]);
        out
    }

    fn exif(orientation: u8) -> Vec<u8> {
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x04\0\0\0Acme\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        exif.extend_from_slice(b"GPS 48.2 16.3");
        exif
    }

    #[test]
    fn everything_beside_the_pixels_goes_also_after_the_end() {
        let exif = exif(1);
        let private: [(u8, &[u8]); 6] = [
            (0xe1, &exif),
            (0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"),
            (0xe2, b"ICC_PROFILE\0\x01\x01Alice's monitor"),
            (0xe2, b"MPF\0MM\0*"),
            (0xed, b"Photoshop 3.0\08BIM by Alice"),
            (0xfe, b"taken by alice"),
        ];
        let mut input = picture(&private);
        // The second picture of an MPF file, and a zip.
        input.extend(picture(&private));
        input.extend_from_slice(b"PK\x03\x04");
        assert_eq!(strip(&input).expect("is whole"), picture(&[]));
    }

    #[test]
    fn which_side_is_up_stays_and_nothing_else_of_exif() {
        let (with, without) = (exif(6), upright(6));
        assert_eq!(strip(&picture(&[(0xe1, &with)])).expect("is whole"), picture(&[(0xe1, &without)]));
        assert_eq!(orientation(&without[6..]), Some(6));
        for end in 0..with.len() {
            let _ = orientation(&with[..end]);
        }
    }

    #[test]
    fn a_thumbnail_goes_and_the_meaning_of_the_colours_stays() {
        let adobe: (u8, &[u8]) = (0xee, b"Adobe\0\x64\0\0\0\0\x01");
        let thumbnail: (u8, &[u8]) = (0xe0, b"JFXX\0\x10 another picture");
        let input = picture(&[adobe, thumbnail, (0xee, b"Adobe and more than that")]);
        assert_eq!(strip(&input).expect("is whole"), picture(&[adobe]));
    }

    #[test]
    fn a_damaged_picture_is_refused() {
        let whole = picture(&[]);
        for end in 0..whole.len() {
            assert!(strip(&whole[..end]).is_none(), "cut at {end}");
        }
        assert!(strip(&[0xff, 0xd8, 0xff, 0xd9]).is_none(), "no pixels");
        assert!(strip(b"\xff\xd8garbage\xff\xd9").is_none());
    }
}
