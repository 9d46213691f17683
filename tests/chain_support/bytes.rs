//! Pictures, compressed logs and long texts, made byte by byte so that a test knows what is in them.

use std::fmt::Write as _;
use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// A picture of 4 by 4 grey levels with a text chunk, a time and an EXIF chunk that hold `secret`.
pub fn png_with_text(secret: &str) -> Vec<u8> {
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in 0_u8..4 {
        pixels.write_all(&[0, row, 60, 120, 250]).expect("memory");
    }
    let pixels = pixels.finish().expect("memory");
    let (head, tail) = pixels.split_at(pixels.len() / 2);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        png.extend(u32::try_from(data.len()).expect("small").to_be_bytes());
        png.extend(kind);
        png.extend(data);
        png.extend(crc.sum().to_be_bytes());
    };
    chunk(b"IHDR", &[0, 0, 0, 4, 0, 0, 0, 4, 8, 0, 0, 0, 0]);
    chunk(b"tEXt", format!("Author\0{secret}").as_bytes());
    chunk(b"eXIf", format!("II*\0\x08\0\0\0{secret}").as_bytes());
    chunk(b"IDAT", head);
    chunk(b"IDAT", tail);
    chunk(b"iTXt", format!("XML:com.adobe.xmp\0\0\0\0\0{secret}").as_bytes());
    chunk(b"IEND", b"");
    png
}

/// The chunks of a PNG, kind and data.
pub fn png_chunks(png: &[u8]) -> Vec<(String, Vec<u8>)> {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "not a PNG");
    let mut rest = &png[8..];
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().expect("four bytes")) as usize;
        chunks.push((String::from_utf8_lossy(&rest[4..8]).into_owned(), rest[8..8 + length].to_vec()));
        rest = &rest[12 + length..];
    }
    chunks
}

/// A JPEG with EXIF that tells a place, a comment, and a scan of `pixels`, which holds no marker.
pub fn jpeg_with_place(secret: &str, pixels: &[u8]) -> Vec<u8> {
    let mut jpeg = vec![0xff, 0xd8];
    let mut segment = |marker: u8, data: &[u8]| {
        jpeg.extend([0xff, marker]);
        jpeg.extend(u16::try_from(data.len() + 2).expect("small").to_be_bytes());
        jpeg.extend(data);
    };
    segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    segment(0xe1, &exif_gps(secret));
    segment(0xfe, secret.as_bytes());
    segment(0xdb, &[&[0][..], &[16; 64]].concat());
    segment(0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    segment(0xc4, &[&[0][..], &[0, 1], &[0; 14], &[0]].concat());
    segment(0xda, &[1, 1, 0, 0, 63, 0]);
    jpeg.extend(pixels);
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

/// EXIF with a GPS block (59° 19' 46" north) and an artist.
fn exif_gps(artist: &str) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    let entry = |tiff: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: u32| {
        tiff.extend(tag.to_le_bytes());
        tiff.extend(kind.to_le_bytes());
        tiff.extend(count.to_le_bytes());
        tiff.extend(value.to_le_bytes());
    };
    let artist = [artist.as_bytes(), b"\0"].concat();
    tiff.extend(2_u16.to_le_bytes());
    entry(&mut tiff, 0x013b, 2, u32::try_from(artist.len()).expect("small"), 92);
    entry(&mut tiff, 0x8825, 4, 1, 38);
    tiff.extend([0; 4]);
    tiff.extend(2_u16.to_le_bytes());
    entry(&mut tiff, 1, 2, 2, u32::from(b'N'));
    entry(&mut tiff, 2, 5, 3, 68);
    tiff.extend([0; 4]);
    for (over, under) in [(59_u32, 1_u32), (19, 1), (46, 1)] {
        tiff.extend(over.to_le_bytes());
        tiff.extend(under.to_le_bytes());
    }
    tiff.extend(&artist);
    [b"Exif\0\0".as_slice(), &tiff].concat()
}

/// `text` as a Windows program writes it: UTF-16, little end first, with a mark.
pub fn utf16le(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// `bytes` as logrotate leaves them.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).expect("memory");
    gz.finish().expect("memory")
}

/// A log of at least `size` bytes, always the same for one `seed`, with secrets and addresses strewn in.
pub fn long_log(seed: u64, size: usize) -> String {
    // xorshift64*: a few lines, and the same on every system and for every version of every crate.
    let mut state = seed.max(1);
    let mut next = move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let mut log = String::with_capacity(size + 400);
    let mut second = 0_u64;
    while log.len() < size {
        second += next() % 2;
        let (hour, minute) = (second / 3600 % 24, second / 60 % 60);
        let _ = write!(log, "2026-11-23T{hour:02}:{minute:02}:{:02}Z ", second % 60);
        let (a, b) = (next(), next());
        let _ = match a % 20 {
            0 => writeln!(log, "DEBUG login password=q{:x}Z{:x}", b, next() % 7),
            1 => writeln!(log, "DEBUG > Authorization: Bearer {b:016x}{:016x}", next()),
            2 | 3 => writeln!(log, "INFO  request from 81.{}.{}.{}", b % 250, b / 251 % 250, b / 65_537 % 250 + 1),
            4 => writeln!(log, "INFO  mail to user{}@kundenpost.se", b % 900),
            5 => writeln!(log, "WARN  slow query {}", "select * from orders where id = ? ".repeat((b % 9) as usize)),
            _ => writeln!(log, "INFO  order {b} took {} ms, {} items", a % 3000, b % 12),
        };
    }
    log
}
