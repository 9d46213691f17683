//! A bzip2 decoder. Old rotated logs are in it. It is written here because the one kept library for it stands under a
//! licence that `deny.toml` does not list; the format has not changed since 2000 and is small.
//!
//! Memory: one block of at most 900,000 symbols of four bytes. Blocks of the "randomised" kind, which bzip2 has not written
//! since 1999, are refused.

use std::io::{self, BufRead, Read};

use super::damaged;

const BLOCK: u64 = 0x3141_5926_5359;
const END: u64 = 0x1772_4538_5090;
/// Symbols that share one code table.
const GROUP: usize = 50;
/// The longest code word.
const LONGEST: usize = 20;

/// Whether `head` begins a bzip2 stream: `BZh`, a level, and a block or the end. Three letters alone also begin a text.
pub(super) fn is_head(head: &[u8]) -> bool {
    let magic = |magic: u64| head.get(4..10) == Some(&magic.to_be_bytes()[2..]);
    head.starts_with(b"BZh") && matches!(head.get(3), Some(b'1'..=b'9')) && (magic(BLOCK) || magic(END))
}

/// Reads all streams of a file, one after the other, and checks each checksum.
pub(super) struct Streams<R> {
    bits: Bits<R>,
    /// Symbols a block may have at most; 0 between streams.
    most: usize,
    /// Next position in the low eight bits' place and the byte itself, as the inverse transform walks it.
    walk: Vec<u32>,
    at: u32,
    left: usize,
    last: u8,
    run: u8,
    repeat: usize,
    sum: u32,
    block_sum: u32,
    stated: Option<u32>,
}

impl<R: BufRead> Streams<R> {
    pub(super) fn new(reader: R) -> Self {
        let bits = Bits { reader, buffer: 0, held: 0 };
        Self {
            bits,
            most: 0,
            walk: Vec::new(),
            at: 0,
            left: 0,
            last: 0,
            run: 0,
            repeat: 0,
            sum: 0,
            block_sum: 0,
            stated: None,
        }
    }

    /// Ends the block that was read and begins the next one; `false` at the end of the file.
    fn next_block(&mut self) -> io::Result<bool> {
        if let Some(stated) = self.stated.take() {
            if stated != !self.block_sum {
                return Err(damaged("has a wrong bzip2 block checksum"));
            }
            self.sum = self.sum.rotate_left(1) ^ stated;
        }
        loop {
            if self.most == 0 && !self.begin_stream()? {
                return Ok(false);
            }
            match (u64::from(self.bits.take(24)?) << 24) | u64::from(self.bits.take(24)?) {
                BLOCK => {
                    self.begin_block()?;
                    return Ok(true);
                }
                END => {
                    let stated = self.bits.word()?;
                    if stated != self.sum {
                        return Err(damaged("has a wrong bzip2 checksum"));
                    }
                    self.bits.align();
                    self.most = 0;
                }
                _ => return Err(damaged("holds no bzip2 block where one should be")),
            }
        }
    }

    fn begin_stream(&mut self) -> io::Result<bool> {
        if self.bits.at_end()? {
            return Ok(false);
        }
        let (magic, level) = (self.bits.take(24)?, self.bits.take(8)?);
        if magic != 0x42_5a_68 || !(0x31..=0x39).contains(&level) {
            return Err(damaged("has bytes after its bzip2 stream"));
        }
        self.most = (level as usize - 0x30) * 100_000;
        self.sum = 0;
        Ok(true)
    }

    fn begin_block(&mut self) -> io::Result<()> {
        let stated = self.bits.word()?;
        if self.bits.take(1)? == 1 {
            return Err(damaged("has a randomised bzip2 block"));
        }
        let origin = self.bits.take(24)? as usize;
        let mut counts = self.symbols()?;
        if origin >= self.walk.len() {
            return Err(damaged("has a bzip2 block with a wrong origin"));
        }
        let mut sum = 0;
        for count in &mut counts {
            let here = *count;
            *count = sum;
            sum += here;
        }
        for n in 0..self.walk.len() {
            let byte = (self.walk[n] & 0xff) as usize;
            let place = counts[byte] as usize;
            counts[byte] += 1;
            self.walk[place] |= u32::try_from(n).unwrap_or(0) << 8;
        }
        self.at = self.walk[origin] >> 8;
        self.left = self.walk.len();
        (self.run, self.repeat, self.block_sum, self.stated) = (0, 0, u32::MAX, Some(stated));
        Ok(())
    }

    /// Decodes the symbols of a block into the low bytes of `walk`; how often each byte stands there.
    fn symbols(&mut self) -> io::Result<[u32; 256]> {
        let mut recent = self.bytes_in_use()?;
        let end = recent.len() + 1;
        let groups = self.bits.take(3)? as usize;
        let selectors = self.bits.take(15)? as usize;
        if !(2..=6).contains(&groups) || selectors == 0 || recent.is_empty() {
            return Err(damaged("has a bzip2 block with a wrong header"));
        }
        let mut order: Vec<usize> = (0..groups).collect();
        let mut chosen = Vec::with_capacity(selectors);
        for _ in 0..selectors {
            let mut place = 0;
            while self.bits.take(1)? == 1 {
                place += 1;
                if place >= groups {
                    return Err(damaged("has a bzip2 block with a wrong selector"));
                }
            }
            order[..=place].rotate_right(1);
            chosen.push(order[0]);
        }
        let tables = (0..groups).map(|_| self.table(end + 1)).collect::<io::Result<Vec<_>>>()?;
        let mut counts = [0; 256];
        self.walk.clear();
        let (mut length, mut weight) = (0usize, 1usize);
        for table in chosen {
            for _ in 0..GROUP {
                let symbol = tables[table].symbol(&mut self.bits)?;
                if symbol < 2 {
                    // A run of the most recent byte, its length in bijective base 2.
                    length = length.saturating_add(weight << symbol);
                    weight <<= 1;
                    if length > self.most {
                        return Err(damaged("has a bzip2 block that is too long"));
                    }
                    continue;
                }
                if length > 0 {
                    self.push(recent[0], length, &mut counts)?;
                    (length, weight) = (0, 1);
                }
                if symbol == end {
                    return Ok(counts);
                }
                let place = symbol - 1;
                recent[..=place].rotate_right(1);
                self.push(recent[0], 1, &mut counts)?;
            }
        }
        Err(damaged("has a bzip2 block without an end"))
    }

    fn push(&mut self, byte: u8, times: usize, counts: &mut [u32; 256]) -> io::Result<()> {
        if self.walk.len() + times > self.most {
            return Err(damaged("has a bzip2 block that is too long"));
        }
        counts[usize::from(byte)] += u32::try_from(times).unwrap_or(0);
        self.walk.extend(std::iter::repeat_n(u32::from(byte), times));
        Ok(())
    }

    fn bytes_in_use(&mut self) -> io::Result<Vec<u8>> {
        let rows = self.bits.take(16)?;
        let mut used = Vec::new();
        for row in 0..16u8 {
            if rows & (0x8000 >> row) != 0 {
                let columns = self.bits.take(16)?;
                used.extend(
                    (0..16u8).filter(|column| columns & (0x8000 >> column) != 0).map(|column| row * 16 + column),
                );
            }
        }
        Ok(used)
    }

    fn table(&mut self, symbols: usize) -> io::Result<Table> {
        let mut length = self.bits.take(5)? as usize;
        let mut lengths = Vec::with_capacity(symbols);
        for _ in 0..symbols {
            loop {
                if !(1..=LONGEST).contains(&length) {
                    return Err(damaged("has a bzip2 code that is too long"));
                }
                if self.bits.take(1)? == 0 {
                    break;
                }
                if self.bits.take(1)? == 0 { length += 1 } else { length -= 1 }
            }
            lengths.push(length);
        }
        Ok(Table::new(&lengths))
    }

    fn emit(&mut self, byte: u8) {
        let index = (self.block_sum >> 24) as usize ^ usize::from(byte);
        self.block_sum = (self.block_sum << 8) ^ CRC[index];
    }
}

impl<R: BufRead> Read for Streams<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut n = 0;
        while n < buf.len() {
            if self.repeat > 0 {
                self.repeat -= 1;
            } else if self.left == 0 {
                if n > 0 {
                    break;
                }
                if !self.next_block()? {
                    return Ok(0);
                }
                continue;
            } else {
                let entry = self.walk[self.at as usize];
                let byte = (entry & 0xff) as u8;
                self.at = entry >> 8;
                self.left -= 1;
                if self.run == 4 {
                    // After four equal bytes stands how many more there are.
                    (self.run, self.repeat) = (0, usize::from(byte));
                    continue;
                }
                self.run = if self.run > 0 && byte == self.last { self.run + 1 } else { 1 };
                self.last = byte;
            }
            buf[n] = self.last;
            self.emit(self.last);
            n += 1;
        }
        Ok(n)
    }
}

/// A canonical prefix code: for each length the last code word, and where its symbols begin.
struct Table {
    limit: [i64; LONGEST + 1],
    base: [i64; LONGEST + 1],
    symbols: Vec<usize>,
}

impl Table {
    fn new(lengths: &[usize]) -> Self {
        let mut symbols = Vec::with_capacity(lengths.len());
        let (mut limit, mut base) = ([-1; LONGEST + 1], [0; LONGEST + 1]);
        let mut code = 0i64;
        for length in 1..=LONGEST {
            code <<= 1;
            let before = symbols.len();
            symbols.extend(lengths.iter().enumerate().filter(|(_, l)| **l == length).map(|(symbol, _)| symbol));
            base[length] = i64::try_from(before).unwrap_or(0) - code;
            code += i64::try_from(symbols.len() - before).unwrap_or(0);
            limit[length] = code - 1;
        }
        Self { limit, base, symbols }
    }

    fn symbol<R: BufRead>(&self, bits: &mut Bits<R>) -> io::Result<usize> {
        let mut code = 0i64;
        for length in 1..=LONGEST {
            code = (code << 1) | i64::from(bits.take(1)?);
            if code <= self.limit[length] {
                let index = usize::try_from(code + self.base[length]).ok();
                return index
                    .and_then(|i| self.symbols.get(i).copied())
                    .ok_or_else(|| damaged("holds a wrong bzip2 code"));
            }
        }
        Err(damaged("holds a wrong bzip2 code"))
    }
}

struct Bits<R> {
    reader: R,
    buffer: u64,
    held: u32,
}

impl<R: BufRead> Bits<R> {
    /// The next `count` bits, at most 24.
    fn take(&mut self, count: u32) -> io::Result<u32> {
        if self.held < count {
            self.refill(count)?;
        }
        self.held -= count;
        Ok(((self.buffer >> self.held) & ((1 << count) - 1)) as u32)
    }

    fn refill(&mut self, count: u32) -> io::Result<()> {
        while self.held <= 48 {
            let available = self.reader.fill_buf()?;
            if available.is_empty() {
                break;
            }
            let n = available.len().min(((56 - self.held) / 8) as usize);
            for byte in &available[..n] {
                self.buffer = (self.buffer << 8) | u64::from(*byte);
            }
            self.held += u32::try_from(n).unwrap_or(0) * 8;
            self.reader.consume(n);
        }
        if self.held < count {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the bzip2 data is cut short"));
        }
        Ok(())
    }

    fn word(&mut self) -> io::Result<u32> {
        Ok((self.take(16)? << 16) | self.take(16)?)
    }

    /// Drops the bits up to the next byte.
    fn align(&mut self) {
        self.held -= self.held % 8;
    }

    fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.held == 0 && self.reader.fill_buf()?.is_empty())
    }
}

/// CRC-32 with its bits from the highest on.
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut value = (n as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000_0000 == 0 { value << 1 } else { (value << 1) ^ 0x04c1_1db7 };
            bit += 1;
        }
        table[n] = value;
        n += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Three log lines, 700 times `x`, and nothing, as the bzip2 program packs them.
    const LINES: &str = "QlpoMTFBWSZTWVOPlyEAABt5gAAQQABAAnsQIgiYoCAASM/1NU/URtNIAj1QGg0GiDJ3tgjwnExCoRL0WGNoRRYToYi5cgaJDCIpg4MOdHPCoWPi7kinChIKcfLkIA==";
    const RUN: &str = "QlpoOTFBWSZTWWP6V6YAAAEAiIBAABAACCAAISZBmIoNxdyRThQkGP6V6YA=";
    const NOTHING: &str = "QlpoORdyRThQkAAAAAA=";

    fn bytes(text: &str) -> Vec<u8> {
        data_encoding::BASE64.decode(text.as_bytes()).expect("base64")
    }

    fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Streams::new(packed).read_to_end(&mut out).map(|_| out)
    }

    fn lines() -> String {
        (0..3).map(|n| format!("2026-11-23 10:15:{n:02} worker {n} says aaaaaaaaaaaaaaaaaaaa\n")).collect()
    }

    #[test]
    fn what_the_program_packed_comes_back_also_in_several_streams() {
        assert_eq!(unpacked(&bytes(LINES)).expect("unpacks"), lines().into_bytes());
        assert_eq!(unpacked(&bytes(RUN)).expect("unpacks"), [b'x'; 700]);
        assert_eq!(unpacked(&bytes(NOTHING)).expect("unpacks"), b"");
        let all = [bytes(LINES), bytes(NOTHING), bytes(RUN)].concat();
        assert_eq!(unpacked(&all).expect("unpacks"), [lines().as_bytes(), &[b'x'; 700]].concat());
        assert!(is_head(&all) && is_head(&bytes(NOTHING)) && !is_head(b"BZh9 is how a stream begins"));
    }

    #[test]
    fn no_change_of_a_byte_passes_unseen_and_nothing_panics() {
        let whole = bytes(LINES);
        for at in 4..whole.len() {
            for flip in [1, 0x10, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                // The last bits only fill up the byte.
                assert!(unpacked(&changed).is_err() || at == whole.len() - 1, "byte {at} ^ {flip}");
            }
            assert!(unpacked(&whole[..at]).is_err(), "cut at {at}");
        }
        assert!(unpacked(&[&whole[..], b"junk"].concat()).is_err());
    }
}
