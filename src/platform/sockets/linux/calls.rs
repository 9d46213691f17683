//! The two system calls that neither std nor socket2 offers: recvmsg(2) from the error queue, and TCP_INFO.

#![allow(unsafe_code, reason = "the error queue of a socket is reached by recvmsg alone")]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::time::Duration;

use super::control::Control;

/// Which of a socket's two queues to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// Errors: ICMP messages about what was sent.
    Errors,
    /// What the other side sent.
    Data,
}

/// Takes one packet from a queue, without waiting: how many bytes of it are in `data` (what is longer is cut off), and
/// what the kernel says about it. An empty queue is [`io::ErrorKind::WouldBlock`].
pub(super) fn receive(socket: BorrowedFd<'_>, queue: Queue, data: &mut [u8]) -> io::Result<(usize, Control)> {
    // For an IPv6 error 44 bytes of body, with time stamp and TTL and their headers 140; unsigned long words are aligned as a cmsghdr needs it.
    let mut control = [0_usize; 512 / size_of::<usize>()];
    let mut part = libc::iovec { iov_base: data.as_mut_ptr().cast(), iov_len: data.len() };
    // SAFETY: a msghdr of zeros is a valid one: all pointers null, all lengths 0.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = (size_of_val(&control) as u32).try_into().expect("512 fits in every length");
    let flags = libc::MSG_DONTWAIT | if queue == Queue::Errors { libc::MSG_ERRQUEUE } else { 0 };
    // SAFETY: `message` points at `data` and `control` with their true lengths, which both outlive the call; msg_name is null.
    let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags) };
    let Ok(received) = usize::try_from(received) else { return Err(io::Error::last_os_error()) };
    let filled = (message.msg_controllen as usize).min(size_of_val(&control));
    let bytes: Vec<u8> = control.iter().flat_map(|word| word.to_ne_bytes()).take(filled).collect();
    Ok((received.min(data.len()), Control::parse(&bytes)))
}

/// The time from the first packet of a connection to its answer, as the kernel measured it.
pub(super) fn connect_time(socket: BorrowedFd<'_>) -> Option<Duration> {
    /// Where `tcpi_rtt`, in microseconds, begins in `struct tcp_info`, which only ever grows at its end (linux/tcp.h).
    const RTT_AT: usize = 68;
    let mut bytes = [0_u8; RTT_AT + 4];
    let mut length = libc::socklen_t::try_from(bytes.len()).expect("72");
    // SAFETY: the kernel writes at most `length` bytes, which is the size of `bytes`.
    let result = unsafe {
        let value = bytes.as_mut_ptr().cast();
        libc::getsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, value, ptr::from_mut(&mut length))
    };
    let known = result == 0 && usize::try_from(length) == Ok(bytes.len());
    let microseconds = known.then(|| bytes[RTT_AT..].first_chunk().map(|&four| u32::from_ne_bytes(four)))??;
    (microseconds > 0).then(|| Duration::from_micros(microseconds.into()))
}
