//! Options of sockets that neither std nor socket2 names.

#![allow(unsafe_code, reason = "setsockopt takes a pointer")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Sets an option that is an int.
pub(super) fn set_option(socket: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<i32>()).expect("four");
    // SAFETY: the option's value is an int that lives until the call returns, and `length` is its size.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
