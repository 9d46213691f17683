//! A connection with an end: however slowly the other side dribbles, no read and no write goes past it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// A TCP connection that must be done by a moment.
#[derive(Debug)]
pub(super) struct Timed {
    stream: TcpStream,
    until: Instant,
    /// Bytes that came in.
    pub(super) received: u64,
}

impl Timed {
    pub(super) fn new(stream: TcpStream, until: Instant) -> Self {
        Self { stream, until, received: 0 }
    }

    /// What is left; a socket takes no limit of zero.
    fn left(&self) -> io::Result<Option<std::time::Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        let n = self.stream.read(buffer)?;
        self.received += n as u64;
        Ok(n)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
