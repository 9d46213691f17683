//! WebP (RFC 9649), chunk by chunk.

use super::take;

/// Flags of `VP8X` that stay: alpha and animation. Those for a colour profile, EXIF and XMP go with what they announce.
const KEPT_FLAGS: u8 = 0x10 | 0x02;

/// Chunks of a frame.
const PIXELS: [&[u8; 4]; 3] = [b"ALPH", b"VP8 ", b"VP8L"];

/// The picture without what is beside the pixels, up to its end; `None` when it is damaged.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(b"RIFF")?;
    let size = u32::from_le_bytes(take(&mut rest, 4)?.try_into().ok()?) as usize;
    let mut rest = take(&mut rest, size)?.strip_prefix(b"WEBP")?;
    let mut body = b"WEBP".to_vec();
    let mut pixels = false;
    while !rest.is_empty() {
        let (kind, data) = next_chunk(&mut rest)?;
        match kind {
            b"VP8X" => {
                let (flags, canvas) = data.get(..10)?.split_first()?;
                let mut kept = vec![flags & KEPT_FLAGS, 0, 0, 0];
                kept.extend_from_slice(&canvas[3..]);
                chunk(kind, &kept, &mut body);
            }
            b"ANIM" => chunk(kind, data.get(..6)?, &mut body),
            b"ANMF" => {
                pixels = true;
                chunk(kind, &frame(data)?, &mut body);
            }
            _ if PIXELS.contains(&kind) => {
                pixels |= kind != b"ALPH";
                chunk(kind, data, &mut body);
            }
            _ => {}
        }
    }
    let mut out = b"RIFF".to_vec();
    out.extend(u32::try_from(body.len()).ok()?.to_le_bytes());
    out.append(&mut body);
    pixels.then_some(out)
}

/// A frame of an animation: where it stands, and its chunks without those that are no pixels.
fn frame(mut data: &[u8]) -> Option<Vec<u8>> {
    let mut out = take(&mut data, 16)?.to_vec();
    while !data.is_empty() {
        let (kind, pixels) = next_chunk(&mut data)?;
        if PIXELS.contains(&kind) {
            chunk(kind, pixels, &mut out);
        }
    }
    Some(out)
}

fn next_chunk<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8; 4], &'a [u8])> {
    let kind = take(rest, 4)?.try_into().ok()?;
    let length = u32::from_le_bytes(take(rest, 4)?.try_into().ok()?) as usize;
    let data = take(rest, length)?;
    // Some writers leave the padding of the last chunk out.
    let padding = (length % 2).min(rest.len());
    take(rest, padding)?;
    Some((kind, data))
}

fn chunk(kind: &[u8; 4], data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(kind);
    out.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(data);
    out.extend(std::iter::repeat_n(0, data.len() % 2));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut body = b"WEBP".to_vec();
        chunks.iter().for_each(|(kind, data)| chunk(kind, data, &mut body));
        let mut out = b"RIFF".to_vec();
        out.extend(u32::try_from(body.len()).expect("small").to_le_bytes());
        out.extend(body);
        out
    }

    #[test]
    fn profiles_exif_and_xmp_go_with_their_flags() {
        let mut input = picture(&[
            (b"VP8X", &[0x3e, 0, 0, 0, 9, 0, 0, 9, 0, 0]),
            (b"ICCP", b"Alice's monitor"),
            (b"VP8 ", b"pixels!"),
            (b"EXIF", b"gps"),
            (b"XMP ", b"<x/>"),
            (b"ABCD", b"a tool's own"),
        ]);
        input.extend_from_slice(b"PK\x03\x04 after the end");
        let wanted = picture(&[(b"VP8X", &[0x12, 0, 0, 0, 9, 0, 0, 9, 0, 0]), (b"VP8 ", b"pixels!")]);
        assert_eq!(strip(&input).expect("is whole"), wanted);
    }

    #[test]
    fn an_animation_keeps_its_frames_and_nothing_else_in_them() {
        let frame = |extra: bool| {
            let mut data = vec![7; 16];
            chunk(b"ALPH", b"a", &mut data);
            chunk(b"VP8L", b"pixels", &mut data);
            if extra {
                chunk(b"EXIF", b"gps", &mut data);
            }
            data
        };
        let (with, without) = (frame(true), frame(false));
        let head: (&[u8; 4], &[u8]) = (b"VP8X", &[2, 0, 0, 0, 9, 0, 0, 9, 0, 0]);
        let input = picture(&[head, (b"ANIM", &[0; 6]), (b"ANMF", &with), (b"ANMF", &with)]);
        let wanted = picture(&[head, (b"ANIM", &[0; 6]), (b"ANMF", &without), (b"ANMF", &without)]);
        assert_eq!(strip(&input).expect("is whole"), wanted);
    }

    #[test]
    fn a_damaged_picture_is_refused() {
        let whole = picture(&[(b"VP8L", b"pixels")]);
        for end in 0..whole.len() {
            assert!(strip(&whole[..end]).is_none(), "cut at {end}");
        }
        assert!(strip(&picture(&[(b"EXIF", b"gps")])).is_none(), "no pixels");
    }
}
