//! One echo request and its answer, by `IcmpSendEcho2Ex` and `Icmp6SendEcho2`.

#![allow(unsafe_code, reason = "echoes without an administrator are known only to the Windows API")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY_LH, IP_DEST_HOST_UNREACHABLE, IP_DEST_NET_UNREACHABLE, IP_DEST_PORT_UNREACHABLE,
    IP_DEST_PROT_UNREACHABLE, IP_DEST_SCOPE_MISMATCH, IP_DEST_UNREACHABLE, IP_FLAG_DF, IP_OPTION_INFORMATION,
    IP_PACKET_TOO_BIG, IP_SUCCESS, IP_TIME_EXCEEDED, IP_TTL_EXPIRED_TRANSIT, Icmp6CreateFile, Icmp6SendEcho2,
    IcmpCloseHandle, IcmpCreateFile, IcmpSendEcho2Ex,
};
use windows_sys::Win32::Networking::WinSock::{AF_INET6, SOCKADDR_IN6};

use crate::platform::sockets::{AnswerKind, Probe, headers};

/// Sends one and waits for its answer: who, what, and what its time to live had left.
pub(super) fn exchange(probe: &Probe, limit: Duration) -> Option<(IpAddr, AnswerKind, Option<u8>)> {
    let limit = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
    let payload = vec![0_u8; usize::from(probe.size).saturating_sub(headers(probe.to.ip())).max(12)];
    match probe.to {
        SocketAddr::V4(to) => exchange_v4(*to.ip(), probe.ttl, &payload, limit),
        SocketAddr::V6(to) => exchange_v6(to, probe.ttl, &payload, limit),
    }
}

fn exchange_v4(to: Ipv4Addr, ttl: u8, payload: &[u8], limit: u32) -> Option<(IpAddr, AnswerKind, Option<u8>)> {
    // SAFETY: takes nothing.
    let handle = Handle::new(unsafe { IcmpCreateFile() })?;
    let options = options(ttl);
    let mut reply = reply_buffer(size_of::<ICMP_ECHO_REPLY>(), payload);
    let (size, length) = sizes(&reply, payload)?;
    // SAFETY: `payload`, `options` and `reply` outlive the call, which blocks without an event; their lengths are true; the
    // address is in network order, as the octets stand.
    let count = unsafe {
        IcmpSendEcho2Ex(
            handle.0,
            ptr::null_mut(),
            None,
            ptr::null(),
            0,
            u32::from_ne_bytes(to.octets()),
            payload.as_ptr().cast(),
            length,
            &raw const options,
            reply.as_mut_ptr().cast(),
            size,
            limit,
        )
    };
    if count == 0 {
        return None;
    }
    // SAFETY: the buffer begins with one ICMP_ECHO_REPLY, is aligned for it and large enough.
    let answer = unsafe { reply.as_ptr().cast::<ICMP_ECHO_REPLY>().read() };
    let kind = kind(answer.Status, true)?;
    Some((Ipv4Addr::from(answer.Address.to_ne_bytes()).into(), kind, Some(answer.Options.Ttl).filter(|ttl| *ttl > 0)))
}

fn exchange_v6(to: SocketAddrV6, ttl: u8, payload: &[u8], limit: u32) -> Option<(IpAddr, AnswerKind, Option<u8>)> {
    // SAFETY: takes nothing.
    let handle = Handle::new(unsafe { Icmp6CreateFile() })?;
    let any = address(&SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0));
    let destination = address(&to);
    let options = options(ttl);
    let mut reply = reply_buffer(size_of::<ICMPV6_ECHO_REPLY_LH>(), payload);
    let (size, length) = sizes(&reply, payload)?;
    // SAFETY: as for IPv4; both addresses outlive the call.
    let count = unsafe {
        Icmp6SendEcho2(
            handle.0,
            ptr::null_mut(),
            None,
            ptr::null(),
            &raw const any,
            &raw const destination,
            payload.as_ptr().cast(),
            length,
            &raw const options,
            reply.as_mut_ptr().cast(),
            size,
            limit,
        )
    };
    if count == 0 {
        return None;
    }
    // SAFETY: the buffer begins with one ICMPV6_ECHO_REPLY_LH and is large enough; the read needs no alignment.
    let answer = unsafe { reply.as_ptr().cast::<ICMPV6_ECHO_REPLY_LH>().read_unaligned() };
    let kind = kind(answer.Status, false)?;
    let words = answer.Address.sin6_addr.map(u16::from_be);
    Some((Ipv6Addr::from(words).into(), kind, None))
}

/// What a status says, as the ICMP message that it came from. `None`: nothing came.
fn kind(status: u32, is_v4: bool) -> Option<AnswerKind> {
    let icmp = |(kind, code): (u8, u8)| Some(AnswerKind::Icmp { kind, code, mtu: None });
    let by_family = |v4, v6| icmp(if is_v4 { v4 } else { v6 });
    match status {
        IP_SUCCESS => Some(AnswerKind::Reply),
        IP_TTL_EXPIRED_TRANSIT | IP_TIME_EXCEEDED => by_family((11, 0), (3, 0)),
        IP_DEST_NET_UNREACHABLE => by_family((3, 0), (1, 0)),
        IP_DEST_HOST_UNREACHABLE | IP_DEST_UNREACHABLE => by_family((3, 1), (1, 3)),
        // The same number says "prohibited" for IPv6.
        IP_DEST_PROT_UNREACHABLE => by_family((3, 2), (1, 1)),
        IP_DEST_PORT_UNREACHABLE => by_family((3, 3), (1, 4)),
        IP_DEST_SCOPE_MISMATCH => by_family((3, 1), (1, 2)),
        IP_PACKET_TOO_BIG => by_family((3, 4), (2, 0)),
        _ => None,
    }
}

fn options(ttl: u8) -> IP_OPTION_INFORMATION {
    let flags = u8::try_from(IP_FLAG_DF).expect("2");
    IP_OPTION_INFORMATION { Ttl: ttl, Tos: 0, Flags: flags, OptionsSize: 0, OptionsData: ptr::null_mut() }
}

fn address(to: &SocketAddrV6) -> SOCKADDR_IN6 {
    let mut address = SOCKADDR_IN6 { sin6_family: AF_INET6, ..Default::default() };
    address.sin6_addr.u.Byte = to.ip().octets();
    address.Anonymous.sin6_scope_id = to.scope_id();
    address
}

/// Room for the reply, its data, an ICMP error of 8 bytes and an IO_STATUS_BLOCK, as the documentation asks; in words, so
/// that it is aligned.
fn reply_buffer(reply: usize, payload: &[u8]) -> Vec<u64> {
    vec![0; (reply + payload.len() + 8 + 16).div_ceil(8) + 2]
}

fn sizes(reply: &[u64], payload: &[u8]) -> Option<(u32, u16)> {
    Some((size_of_val(reply).try_into().ok()?, payload.len().try_into().ok()?))
}

/// Closed when it goes. That can take 600 ms while an echo is out, which nobody waits for in a thread of its own.
struct Handle(HANDLE);

impl Handle {
    fn new(handle: HANDLE) -> Option<Self> {
        (handle != INVALID_HANDLE_VALUE && !handle.is_null()).then_some(Self(handle))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it was opened by `IcmpCreateFile` or `Icmp6CreateFile` and is closed once.
        unsafe { IcmpCloseHandle(self.0) };
    }
}
