//! Pictures: what a camera or a screenshot tool wrote beside the pixels goes, the pixels stay as they are.

use std::io::Read;

use img_parts::{ImageEXIF, ImageICC, jpeg::Jpeg, png::Png, webp::WebP};

use super::RedactError;

/// The largest picture, in bytes. A 4K screenshot as PNG has 5 to 20 MB.
const MAX_IMAGE: u64 = 64 << 20;

/// The formats whose metadata can be stripped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    WebP,
}

/// PNG chunks that are pixels or needed to show them (PNG 3rd edition, 4.8); all others are dropped, text and EXIF among them.
const PNG_KEPT: [&[u8; 4]; 12] =
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"sRGB", b"sBIT", b"pHYs", b"acTL", b"bKGD"];

impl Format {
    /// By the first bytes.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if head.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if head.len() >= 12 && head.starts_with(b"RIFF") && &head[8..12] == b"WEBP" {
            Some(Self::WebP)
        } else {
            None
        }
    }
}

impl Format {
    /// As a media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

/// The picture without metadata.
pub(super) fn strip(reader: &mut dyn Read, format: Format) -> Result<Vec<u8>, RedactError> {
    let mut bytes = Vec::new();
    reader.take(MAX_IMAGE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_IMAGE {
        return Err(RedactError::Limit("a picture of more than 64 MiB"));
    }
    let bytes = img_parts::Bytes::from(bytes);
    let mut out = Vec::new();
    match format {
        Format::Png => {
            let mut png = Png::from_bytes(bytes).map_err(|_| RedactError::Image)?;
            png.chunks_mut().retain(|chunk| PNG_KEPT.contains(&&chunk.kind()));
            png.encoder().write_to(&mut out)?;
        }
        Format::Jpeg => {
            let mut jpeg = Jpeg::from_bytes(bytes).map_err(|_| RedactError::Image)?;
            // APP1 to APP13, APP15 and comments are metadata; APP0 (JFIF) and APP14 (Adobe colour) say how to show it.
            jpeg.segments_mut().retain(|s| !matches!(s.marker(), 0xe1..=0xed | 0xef | 0xfe));
            jpeg.encoder().write_to(&mut out)?;
        }
        Format::WebP => {
            let mut webp = WebP::from_bytes(bytes).map_err(|_| RedactError::Image)?;
            webp.set_exif(None);
            webp.set_icc_profile(None);
            webp.remove_chunks_by_id(*b"XMP ");
            webp.encoder().write_to(&mut out)?;
        }
    }
    Ok(out)
}
