//! Pictures: what a camera or a screenshot tool wrote beside the pixels goes, the pixels stay as they are.
//!
//! Each format is walked strictly: only parts that are known to be pixels, or to be needed to show them, are copied, and
//! only where they have the size that they should have. What follows after the end of the picture goes too, and a damaged
//! picture is refused. Colour profiles go, since they name the monitor or the camera; without one a picture is taken for
//! sRGB, which a PNG is told.

mod jpeg;
mod png;
mod webp;

use std::io::Read;

use super::RedactError;

/// The largest picture, in bytes. A 4K screenshot as PNG has 5 to 20 MB.
pub(super) const MAX_IMAGE: u64 = 64 << 20;

/// The formats whose metadata can be stripped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics, also animated.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP, also animated.
    WebP,
}

impl Format {
    /// By the first bytes.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(png::SIGNATURE) {
            Some(Self::Png)
        } else if head.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if head.len() >= 12 && head.starts_with(b"RIFF") && &head[8..12] == b"WEBP" {
            Some(Self::WebP)
        } else {
            None
        }
    }

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

/// The picture in `reader` without metadata.
pub(super) fn strip(reader: &mut dyn Read, format: Format) -> Result<Vec<u8>, RedactError> {
    let mut bytes = Vec::new();
    reader.take(MAX_IMAGE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_IMAGE {
        return Err(RedactError::Limit("a picture of more than 64 MiB"));
    }
    strip_bytes(&bytes, format).ok_or(RedactError::Image)
}

/// A picture that is in memory without metadata; `None` when it is damaged.
pub(super) fn strip_bytes(bytes: &[u8], format: Format) -> Option<Vec<u8>> {
    match format {
        Format::Png => png::strip(bytes),
        Format::Jpeg => jpeg::strip(bytes),
        Format::WebP => webp::strip(bytes),
    }
}

/// Takes `n` bytes from the front of `rest`.
fn take<'a>(rest: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (front, back) = rest.split_at_checked(n)?;
    *rest = back;
    Some(front)
}
